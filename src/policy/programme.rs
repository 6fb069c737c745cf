//! A programme as it is decided: its conditions, tiers and warnings, each with its wording and source.

use super::condition::Pred;
use super::decision::BenefitKind;
use super::known::Known;
use super::period::Period;
use super::standard::Origin;
use crate::values::{Place, Programme, Text, Tier};

/// Whose place decides the amount and who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaidBy {
    /// 就读地 / the place of study.
    SchoolPlace,
    /// 户籍地 / the household's county.
    HomePlace,
}

impl PaidBy {
    /// The place that pays, as far as known.
    pub fn place<'a>(self, known: &Known<'a>) -> Option<&'a Place> {
        match self {
            PaidBy::SchoolPlace => known.study,
            PaidBy::HomePlace => known.home,
        }
    }

    /// The code of the answer.
    pub const fn code(self) -> &'static str {
        match self {
            PaidBy::SchoolPlace => "school_place",
            PaidBy::HomePlace => "home_place",
        }
    }
}

/// One condition of a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Stable code within the programme.
    pub code: String,
    /// The test.
    pub test: Pred,
    /// When the condition is in force.
    pub period: Period,
    /// Where it comes from.
    pub origin: Origin,
    /// What it demands, in words.
    pub says: Text,
    /// The steps that bear on it, one bit each by place in the pack.
    pub steps: u64,
}

/// When a tier applies; the first that applies, from the highest down, is the student's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierRule {
    /// The tier.
    pub tier: Tier,
    /// When.
    pub test: Pred,
    /// When the rule is in force.
    pub period: Period,
}

/// Something a person must look at when its test holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarningRule {
    /// Stable code.
    pub code: String,
    /// When.
    pub test: Pred,
    /// The clauses that meet here.
    pub clauses: Vec<String>,
    /// What to look at.
    pub says: Text,
    /// When the rule is in force.
    pub period: Period,
}

/// One programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeRules {
    /// Which.
    pub programme: Programme,
    /// What form its benefit takes.
    pub kind: BenefitKind,
    /// Who pays.
    pub paid_by: PaidBy,
    /// The stages it is for.
    pub stages: u16,
    /// When it exists.
    pub period: Period,
    /// What it is, in our words.
    pub summary: Text,
    /// The conditions: first the stage, then whether the programme is in force, then the pack's own.
    pub conditions: Vec<Condition>,
    /// The tiers, from the highest down.
    pub tiers: Vec<TierRule>,
    /// Who is first in line, if the plan says.
    pub first: Option<Pred>,
    /// Warnings.
    pub warnings: Vec<WarningRule>,
    /// What to say, and to whom to turn, where the place has no standard.
    pub no_standard: Option<Text>,
    /// Its standards by place in the pack, narrowest place first.
    pub standards: Vec<usize>,
    /// Its limits by place in the pack, narrowest place first.
    pub limits: Vec<usize>,
}
