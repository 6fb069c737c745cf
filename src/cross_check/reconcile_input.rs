//! What the reconciliation reads: four slices of small rows with interned keys, and its options.
//!
//! A province has millions of rows, so a row holds no text: persons, names, schools and accounts are
//! `u32` keys given by the caller. Two rows speak of one person exactly when their keys are equal; how
//! the caller decided that (blind index, student number) is not this module's business. Names are
//! interned by their *normal* form, so that a different middle dot is not another name.

use chrono::NaiveDate;

use super::due_days::DueDays;
use super::model::{HouseholdSource, NearMiss};
use crate::policy::decision::Outcome as Verdict;
use crate::values::{
    Category, EnrolmentState, EvidenceKind, Fen, Place, Programme, Stage, Term, TermCalendar, Tier,
};

macro_rules! keys {
    ( $( $(#[$meta:meta])* $name:ident; )+ ) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
    )+ };
}

keys! {
    /// A person.
    PersonKey;
    /// A name in normal form.
    NameKey;
    /// A school.
    SchoolKey;
    /// A bank account (by its blind index).
    AccountKey;
}

/// A county as its six digits in a number, so that a row needs no text: 341024.
/// A wider place has zeros at its end: 341000 is the city.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct County(pub u32);

impl County {
    /// The county (or city, or province) of a place; townships are cut.
    pub fn of(place: &Place) -> Option<Self> {
        place.six_digits().parse().ok().map(Self)
    }

    /// The province's number, 34.
    pub fn province(self) -> u32 {
        self.0 / 10_000
    }

    /// The city's number, 3410.
    pub fn city(self) -> u32 {
        self.0 / 100
    }

    /// Whether the other lies in this place or is it, by significant prefix.
    pub fn contains(self, other: Self) -> bool {
        if self.0.is_multiple_of(10_000) {
            self.province() == other.province()
        } else if self.0.is_multiple_of(100) {
            self.city() == other.city()
        } else {
            self == other
        }
    }
}

macro_rules! bit_set {
    ( $(#[$meta:meta])* $name:ident of $item:ty; ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(u16);

        impl $name {
            /// The empty set: nothing known.
            pub const EMPTY: Self = Self(0);

            fn bit(item: $item) -> u16 {
                <$item>::ALL.iter().position(|one| *one == item).map_or(0, |at| 1 << at)
            }

            /// This set and one more.
            #[must_use]
            pub fn with(self, item: $item) -> Self {
                Self(self.0 | Self::bit(item))
            }

            /// All of both.
            #[must_use]
            pub fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Whether the item is in the set.
            pub fn contains(self, item: $item) -> bool {
                self.0 & Self::bit(item) != 0
            }

            /// Whether nothing is in the set.
            pub fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// The items in the order of their closed list.
            pub fn items(self) -> impl Iterator<Item = $item> {
                <$item>::ALL.iter().copied().filter(move |item| self.contains(*item))
            }
        }

        impl FromIterator<$item> for $name {
            fn from_iter<I: IntoIterator<Item = $item>>(items: I) -> Self {
                items.into_iter().fold(Self::EMPTY, Self::with)
            }
        }
    };
}

bit_set! {
    /// A set of hardship categories.
    Categories of Category;
}
bit_set! {
    /// A set of evidence kinds.
    Evidences of EvidenceKind;
}

/// One entry of the locked list. A person may have several entries; she is counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The entry's own number, for the caller.
    pub entry: u32,
    /// Who.
    pub person: PersonKey,
    /// Name on the list.
    pub name: Option<NameKey>,
    /// County of the home (户籍).
    pub home: Option<County>,
    /// Household, interned.
    pub household: Option<u32>,
    /// Stage the list gives.
    pub stage: Option<Stage>,
    /// School the list gives.
    pub school: Option<SchoolKey>,
}

/// One row of the roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrolled {
    /// Who.
    pub person: PersonKey,
    /// Name on the roll.
    pub name: Option<NameKey>,
    /// School.
    pub school: SchoolKey,
    /// County of the school.
    pub place: Option<County>,
    /// Stage.
    pub stage: Stage,
    /// Grade within the stage.
    pub grade: Option<u8>,
    /// State at the time of the run.
    pub state: EnrolmentState,
    /// First day at the school; `None` if not recorded, which is read as "before the term".
    pub from: Option<NaiveDate>,
    /// First day no longer at the school; `None` while it lasts or if not recorded.
    pub to: Option<NaiveDate>,
    /// Categories that hold in the term, without the one the list itself gives.
    pub categories: Categories,
    /// Evidence that holds in the term.
    pub evidence: Evidences,
    /// Whether the school assessed a hardship (any level but none).
    pub assessed: bool,
    /// Household, interned as on the list, where it is known.
    pub household: Option<(u32, HouseholdSource)>,
    /// Whether the school's code is of a kind that teaches this stage; true where nothing says otherwise.
    pub fits: bool,
}

/// One aid record that was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aided {
    /// The record's own number, for the caller.
    pub record: u32,
    /// Who.
    pub person: PersonKey,
    /// Name on the record.
    pub name: Option<NameKey>,
    /// School that paid or reported.
    pub school: Option<SchoolKey>,
    /// Programme.
    pub programme: Programme,
    /// Tier, where the record gives one. The amount decides, not the tier.
    pub tier: Option<Tier>,
    /// Amount.
    pub fen: Fen,
    /// Day of payment.
    pub paid_on: Option<NaiveDate>,
    /// Account it went to.
    pub account: Option<AccountKey>,
}

/// What the policy says a person is due in the term, one per person and programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Who.
    pub person: PersonKey,
    /// Programme.
    pub programme: Programme,
    /// The policy's answer.
    pub outcome: Verdict,
    /// Amount for the term; `None` where the policy names no figure.
    pub fen_per_term: Option<Fen>,
    /// Whether it is paid out in money, as opposed to waived or given in kind.
    pub cash: bool,
}

/// The day of birth of a person who was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Born {
    /// Who.
    pub person: PersonKey,
    /// The day, as her id gives it.
    pub on: NaiveDate,
}

/// A pair that the caller's keyed variants propose as one person: an entry that matches nobody, and a
/// student of the roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    /// The person as the list's id makes her.
    pub listed: PersonKey,
    /// The person on the roll.
    pub candidate: PersonKey,
    /// How the ids differ.
    pub change: NearMiss,
    /// Whether the names agree.
    pub same_name: bool,
}

/// What the run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The term of roll and aid.
    pub term: Term,
    /// When terms begin here.
    pub calendar: TermCalendar,
    /// The place of the run: a listed student at a school outside it is `elsewhere`, because another
    /// place pays her and its records are not in this run. `None`: everywhere is inside.
    pub place: Option<County>,
    /// Last days on which listed students were to be paid.
    pub due_days: DueDays,
}

/// Everything a run reads.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The locked list.
    pub listed: &'a [Listed],
    /// The roll.
    pub enrolled: &'a [Enrolled],
    /// What was paid.
    pub aided: &'a [Aided],
    /// What is due, for everybody the caller wants measured: at least the listed.
    pub due: &'a [Due],
    /// What would be due to the members of listed households who are not listed, if they were.
    pub presumed: &'a [Due],
    /// Days of birth of whoever was paid, as far as known.
    pub born: &'a [Born],
    /// Proposals for unmatched entries.
    pub near: &'a [Near],
    /// Term and place.
    pub options: Options,
}

/// How a programme shows in aid records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Paid per student: a record is expected, and its amount is held against the amount due.
    Amount,
    /// Waived per student: a record is expected, its amount is a matter between school and treasury.
    Record,
    /// Given to all through the school's budget or the kitchen, or applied for: no record is expected.
    Nothing,
}

/// What records of a programme a run may expect when it is due.
pub const fn expected_in_records(programme: Programme) -> Expectation {
    match programme {
        Programme::PreschoolAid
        | Programme::LivingSubsidy
        | Programme::SeniorHighGrant
        | Programme::VocationalGrant
        | Programme::YuluSubsidy
        | Programme::UniversityGrant => Expectation::Amount,
        Programme::SeniorHighWaiver | Programme::VocationalWaiver => Expectation::Record,
        Programme::PreschoolFeeFree
        | Programme::CompulsoryFeeFree
        | Programme::CompulsoryTextbooks
        | Programme::NutritionMeals
        | Programme::EntranceAid
        | Programme::StudentLoan
        | Programme::LoanCompensation
        | Programme::LoanRelief => Expectation::Nothing,
    }
}

/// Whether a programme is only for students in hardship. The others go to everybody of a stage, or to
/// borrowers, and say nothing of hardship.
pub const fn is_for_hardship(programme: Programme) -> bool {
    matches!(
        programme,
        Programme::PreschoolAid
            | Programme::LivingSubsidy
            | Programme::SeniorHighGrant
            | Programme::SeniorHighWaiver
            | Programme::VocationalGrant
            | Programme::YuluSubsidy
            | Programme::UniversityGrant
            | Programme::EntranceAid
    )
}

/// Whether a programme is for students at school. Entrance aid comes before the first day, loans are
/// repaid and relieved after the last.
pub const fn needs_enrolment(programme: Programme) -> bool {
    !matches!(
        programme,
        Programme::EntranceAid | Programme::StudentLoan | Programme::LoanCompensation | Programme::LoanRelief
    )
}

/// The stages whose students a programme may aid.
pub const fn stages_of(programme: Programme) -> &'static [Stage] {
    match programme {
        Programme::PreschoolAid | Programme::PreschoolFeeFree => &[Stage::Preschool],
        Programme::CompulsoryFeeFree
        | Programme::CompulsoryTextbooks
        | Programme::LivingSubsidy
        | Programme::NutritionMeals => &[Stage::Primary, Stage::JuniorHigh],
        Programme::SeniorHighGrant | Programme::SeniorHighWaiver => &[Stage::SeniorHigh],
        Programme::VocationalGrant | Programme::VocationalWaiver => &[Stage::Vocational],
        Programme::YuluSubsidy => &[Stage::Vocational, Stage::HigherVocational],
        Programme::UniversityGrant
        | Programme::EntranceAid
        | Programme::StudentLoan
        | Programme::LoanCompensation
        | Programme::LoanRelief => {
            &[Stage::HigherVocational, Stage::Undergraduate, Stage::Master, Stage::Doctoral]
        }
    }
}

/// The ages in full years that a stage explains, first and last. No rule of law: a screen that a person
/// looks behind. It is the usual age of entering less one, and the usual age of leaving plus four (one
/// for those who enter at seven, three for illness and repeated years). Children enter kindergarten at
/// three (幼儿园工作规程 art. 4) and primary school at six, or at seven where conditions are lacking
/// (义务教育法 art. 11); from vocational school on, adults study too and there is no last age.
pub const fn ages_of(stage: Stage) -> (u32, Option<u32>) {
    match stage {
        Stage::Preschool => (2, Some(10)),
        Stage::Primary => (5, Some(16)),
        Stage::JuniorHigh => (11, Some(19)),
        Stage::SeniorHigh => (14, Some(22)),
        Stage::Vocational | Stage::HigherVocational | Stage::Undergraduate => (14, None),
        Stage::Master | Stage::Doctoral => (17, None),
    }
}
