//! What the policy says: the outcome of each programme with what led to it, free of any language.
//!
//! A [`Decision`] points into the pack it was made with (conditions, standards, warnings by place in
//! the pack); [`super::body`] turns both into words. It knows nothing of how it is stored or sent.

use chrono::NaiveDate;

use super::fact::Fact;
use super::facts::Facts;
use super::settle::Notice;
use crate::values::{Fen, Programme, Term, Tier};

/// Unknown is not no: the three values of Kleene's logic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truth {
    /// Known to hold.
    Met,
    /// Known not to hold.
    NotMet,
    /// Not known.
    Unknown,
}

impl Truth {
    /// `true`, `false` or `null`, as the answer writes it.
    pub const fn known(self) -> Option<bool> {
        match self {
            Truth::Met => Some(true),
            Truth::NotMet => Some(false),
            Truth::Unknown => None,
        }
    }
}

/// The verdict on one programme.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 不符合 / a condition is known not to be met.
    Ineligible,
    /// 待定 / nothing speaks against it, but a fact is missing.
    Undetermined,
    /// 符合 / every condition is known to be met.
    Eligible,
}

impl Outcome {
    /// The code of the answer.
    pub const fn code(self) -> &'static str {
        match self {
            Outcome::Ineligible => "ineligible",
            Outcome::Undetermined => "undetermined",
            Outcome::Eligible => "eligible",
        }
    }

    /// The outcome with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Ineligible, Self::Undetermined, Self::Eligible].into_iter().find(|o| o.code() == code)
    }

    /// The Chinese word.
    pub const fn zh(self) -> &'static str {
        match self {
            Outcome::Ineligible => "不符合",
            Outcome::Undetermined => "待定",
            Outcome::Eligible => "符合",
        }
    }
}

/// How the student's hardship is established (认定路径).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// 直接资助 / on the provincial list: nothing more to prove.
    Direct,
    /// 凭证资助 / off the list with the handbook or the county's certificate; reported off-list.
    WithProof,
    /// 学校认定 / by another category or the school's own assessment.
    Assessed,
    /// 无 / no hardship is established.
    None,
}

/// What form a benefit takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BenefitKind {
    /// 现金 / money paid to the student or the household.
    Cash,
    /// 减免 / a fee that is not charged.
    Waiver,
    /// 实物 / meals, books.
    InKind,
    /// 贷款 / a loan, whose amount is a limit.
    Loan,
    /// 服务 / a step someone takes for the student, without an amount of its own.
    Service,
}

/// The time an amount is for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// 一次性.
    Once,
    /// 每学期.
    Term,
    /// 每学年.
    Year,
    /// 每月.
    Month,
    /// 每天.
    Day,
}

/// A range of amounts a term, in fen; both ends are reached by some completion of the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FenRange {
    /// The least.
    pub low: Fen,
    /// The most; unknown when it hangs on an amount that nobody has stated.
    pub high: Option<Fen>,
}

/// What an eligible (or possibly eligible) student gets from one programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Benefit {
    /// Cash, waiver, in kind, loan.
    pub kind: BenefitKind,
    /// The tier, when it is decided.
    pub tier: Option<Tier>,
    /// The amount for one `per`, when it is decided and is money.
    pub fen: Option<Fen>,
    /// What `fen` is for.
    pub per: Per,
    /// The same for one term; a one-off counts in its term.
    pub fen_per_term: Option<Fen>,
    /// The same for one school year.
    pub fen_per_year: Option<Fen>,
    /// The standard it rests on, by place in the pack.
    pub standard: Option<usize>,
}

/// One condition and how it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The condition, by place in its programme.
    pub condition: usize,
    /// How it came out.
    pub truth: Truth,
}

/// A fact without which the result is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Which fact.
    pub fact: Fact,
    /// The results that are possible, over every completion of the missing facts.
    pub range: Option<FenRange>,
}

/// Something a person must look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// A warning that the programme's own data names, by place in the programme.
    Rule(usize),
    /// The place has no standard of its own and no wider one applies.
    StandardMissing,
    /// The standard is recalled without a source seen; by place in the pack.
    StandardUnsourced(usize),
    /// The school's own fee is not the one this standard's place publishes; by place in the pack.
    FeeDiffers(usize),
    /// The amount (first) lies below a wider floor (second); both by place in the pack.
    BelowFloor(usize, usize),
    /// The amount (first) lies outside a wider range (second, by place among the limits).
    OutsideRange(usize, usize),
}

/// The verdict on one programme and what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeDecision {
    /// Which programme.
    pub programme: Programme,
    /// The verdict.
    pub outcome: Outcome,
    /// What is due; absent when ineligible.
    pub benefit: Option<Benefit>,
    /// 1 = first in line, 2 = after those; absent when ineligible or when the plan sets no order.
    pub priority: Option<u8>,
    /// Every condition in force on the date, in the pack's order. A programme of another stage gives
    /// that one reason only.
    pub reasons: Vec<Reason>,
    /// What is not known and matters.
    pub missing: Vec<Missing>,
    /// What a person must look at.
    pub warnings: Vec<Warning>,
    /// When ineligible: the smallest sets of steps, by place in the pack, that would change it.
    pub changes: Vec<Vec<usize>>,
}

/// Sums over the eligible programmes, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Cash a term and a year.
    pub cash: Sum,
    /// Fees not charged.
    pub waived: Sum,
    /// Meals and books that have an amount.
    pub in_kind: Sum,
    /// Eligible or undetermined programmes whose amount is open and therefore not in the sums.
    pub open: usize,
}

/// An amount a term and a school year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// For this term.
    pub per_term: Fen,
    /// For the school year.
    pub per_year: Fen,
}

/// The whole answer about one student on one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The date it was asked for.
    pub as_of: NaiveDate,
    /// The term in which that date lies, by the calendar of the place of study.
    pub term: Term,
    /// How hardship is established.
    pub route: Route,
    /// One verdict per programme of the pack, in the order of [`Programme::ALL`].
    pub programmes: Vec<ProgrammeDecision>,
    /// Sums.
    pub totals: Totals,
    /// Remarks on the facts themselves.
    pub notices: Vec<Notice>,
    /// The facts, as they were given.
    pub facts: Facts,
}

impl Decision {
    /// The verdict on one programme, if the pack has it.
    pub fn of(&self, programme: Programme) -> Option<&ProgrammeDecision> {
        self.programmes.iter().find(|p| p.programme == programme)
    }
}
