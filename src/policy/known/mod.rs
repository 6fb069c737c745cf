//! Facts in the form that is decided upon: for each closed fact the set of values still possible.
//!
//! "Unknown" is the full set and "known" a set of one, so that three-valued logic is plain set
//! arithmetic and filling in a fact can only shrink a set. Built once per student, without allocation.

use super::decision::Route;
use super::fact::Fact;
use super::facts::{Facts, Fate, Lender, grades_of};
use super::period::{Period, When};
use crate::values::{
    Category, EnrolmentState, EvidenceKind, Hardship, HukouKind, Ownership, Place, RunBy, Stage,
};

/// The set of the two truth values: bit 0 = no, bit 1 = yes.
pub(super) const EITHER: u16 = 0b11;
const YES: u16 = 0b10;
const NO: u16 = 0b01;

/// The numbers from 1 to this, each its own bit.
const fn numbers(most: u8) -> u16 {
    (2 << most) - 2
}

/// What it takes for a category to count as established.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The category, as a set of one.
    pub category: u16,
    /// Papers that make the route direct.
    pub direct: u16,
    /// Papers that prove it off the list.
    pub with_proof: u16,
    /// When this holds.
    pub period: Period,
}

/// The bit of a value in its closed list.
pub(super) fn bit<T: PartialEq>(all: &[T], value: &T) -> u16 {
    all.iter().position(|v| v == value).map_or(0, |i| 1 << i)
}

/// The set of all values of a closed list with this many.
pub(super) const fn full(len: usize) -> u16 {
    if len >= 16 { u16::MAX } else { (1 << len) - 1 }
}

fn one<T: PartialEq>(all: &[T], value: Option<&T>) -> u16 {
    value.map_or(full(all.len()), |v| bit(all, v))
}

fn flag(value: Option<bool>) -> u16 {
    match value {
        Some(true) => YES,
        Some(false) => NO,
        None => EITHER,
    }
}

fn number(value: Option<u8>, most: u8) -> u16 {
    value.map_or(numbers(most), |n| 1_u16.checked_shl(u32::from(n)).unwrap_or(0) & numbers(most))
}

/// What is known of one student at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The moment.
    pub when: When,
    stage: u16,
    grade: u16,
    study_years: u16,
    state: u16,
    full_time: u16,
    formal: u16,
    boarding: u16,
    new_entrant: u16,
    ownership: u16,
    inclusive: u16,
    approved: u16,
    run_by: u16,
    rural: u16,
    agricultural: u16,
    performing_arts: u16,
    hukou_kind: u16,
    hardship: u16,
    last_preschool_year: u16,
    internship: u16,
    outside_province: u16,
    has_loan: u16,
    unable_to_repay: u16,
    fate: u16,
    lost_working_ability: u16,
    ability_grade: u16,
    by_illness: u16,
    natural_disaster: u16,
    family_illness: u16,
    very_low_income: u16,
    lender: u16,
    /// Categories that count.
    pub categories_met: u16,
    /// Categories of which it is not known whether they count.
    pub categories_open: u16,
    /// Whether the categories themselves are given, so that only proof can be open.
    pub categories_given: bool,
    /// Papers held, if known.
    pub evidence: Option<u16>,
    /// Place of study.
    pub study: Option<&'a Place>,
    /// Place of the household.
    pub home: Option<&'a Place>,
    /// This school's fee a term, in fen.
    pub tuition: Option<i64>,
    /// The local public fee a term, in fen.
    pub public_tuition: Option<i64>,
    /// How hardship is established.
    pub route: Route,
}

impl<'a> Known<'a> {
    /// Reads the facts under the rules of proof.
    pub fn new(facts: &'a Facts, when: When, proofs: &[Proof]) -> Self {
        let s = &facts.student;
        let stage = one(Stage::ALL, s.stage.as_ref());
        let study = facts.study_place();
        let home = s.hukou.place.as_ref();
        let evidence = facts
            .evidence
            .as_ref()
            .map(|held| held.iter().fold(0, |set, kind| set | bit(EvidenceKind::ALL, kind)));
        let claimed = s
            .categories
            .as_ref()
            .map(|held| held.iter().fold(0, |set, category| set | bit(Category::ALL, category)));
        let mut known = Self {
            when,
            stage,
            grade: number(s.grade, 9) & grades_in(stage),
            study_years: number(s.study_years, 8),
            state: one(EnrolmentState::ALL, s.state.as_ref()),
            full_time: flag(s.full_time),
            formal: flag(s.formal),
            boarding: flag(s.boarding),
            new_entrant: flag(s.new_entrant),
            ownership: one(Ownership::ALL, s.school.ownership.as_ref()),
            inclusive: flag(s.school.inclusive),
            approved: flag(s.school.approved),
            run_by: one(RunBy::ALL, s.school.run_by.as_ref()),
            rural: flag(s.school.rural),
            agricultural: flag(s.major.agricultural),
            performing_arts: flag(s.major.performing_arts),
            hukou_kind: one(HukouKind::ALL, s.hukou.kind.as_ref()),
            hardship: one(Hardship::ALL, s.hardship.as_ref()),
            last_preschool_year: flag(s.last_preschool_year),
            internship: flag(s.internship),
            outside_province: outside_province(study, home),
            has_loan: flag(s.borrower.has_loan),
            unable_to_repay: flag(s.borrower.unable_to_repay),
            fate: one(Fate::ALL, s.borrower.fate.as_ref()),
            lost_working_ability: flag(s.borrower.lost_working_ability),
            ability_grade: number(s.borrower.ability_grade, 10),
            by_illness: flag(s.borrower.by_illness),
            natural_disaster: flag(s.borrower.natural_disaster),
            family_illness: flag(s.borrower.family_illness),
            very_low_income: flag(s.borrower.very_low_income),
            lender: one(Lender::ALL, s.borrower.lender.as_ref()),
            categories_met: claimed.unwrap_or(0),
            categories_open: if claimed.is_some() { 0 } else { full(Category::ALL.len()) },
            categories_given: claimed.is_some(),
            evidence,
            study,
            home,
            tuition: s.school.tuition_fen_per_term,
            public_tuition: s.school.public_tuition_fen_per_term,
            route: Route::None,
        };
        known.prove(claimed.unwrap_or(0), proofs);
        known
    }

    /// A category that needs proof and has none is neither held nor not held: the right office can
    /// still confirm it, so it counts as unknown.
    fn prove(&mut self, claimed: u16, proofs: &[Proof]) {
        let held = self.evidence.unwrap_or(0);
        for proof in proofs.iter().filter(|p| p.category & claimed != 0 && p.period.contains(self.when)) {
            if held & proof.direct != 0 {
                self.route = Route::Direct;
            } else if held & proof.with_proof != 0 {
                if self.route != Route::Direct {
                    self.route = Route::WithProof;
                }
            } else {
                self.categories_met &= !proof.category;
                self.categories_open |= proof.category;
            }
        }
        let no_hardship = bit(Hardship::ALL, &Hardship::None);
        if self.route == Route::None && (self.categories_met != 0 || self.hardship & no_hardship == 0) {
            self.route = Route::Assessed;
        }
    }

    /// The same student once these categories are established.
    #[must_use]
    pub fn established(mut self, categories: u16) -> Self {
        self.categories_met |= categories;
        self.categories_open &= !categories;
        self
    }

    /// The same student with these papers in hand.
    #[must_use]
    pub fn holding(mut self, papers: u16) -> Self {
        self.evidence = Some(self.evidence.unwrap_or(0) | papers);
        self
    }

    /// The values of a closed fact that are still possible. Facts that are not closed have none.
    pub fn possible(&self, fact: Fact) -> u16 {
        match fact {
            Fact::Stage => self.stage,
            Fact::Grade => self.grade,
            Fact::StudyYears => self.study_years,
            Fact::State => self.state,
            Fact::FullTime => self.full_time,
            Fact::Formal => self.formal,
            Fact::Boarding => self.boarding,
            Fact::NewEntrant => self.new_entrant,
            Fact::Ownership => self.ownership,
            Fact::Inclusive => self.inclusive,
            Fact::Approved => self.approved,
            Fact::RunBy => self.run_by,
            Fact::Rural => self.rural,
            Fact::Agricultural => self.agricultural,
            Fact::PerformingArts => self.performing_arts,
            Fact::HukouKind => self.hukou_kind,
            Fact::Hardship => self.hardship,
            Fact::LastPreschoolYear => self.last_preschool_year,
            Fact::Internship => self.internship,
            Fact::OutsideProvince => self.outside_province,
            Fact::HasLoan => self.has_loan,
            Fact::UnableToRepay => self.unable_to_repay,
            Fact::Fate => self.fate,
            Fact::LostWorkingAbility => self.lost_working_ability,
            Fact::AbilityGrade => self.ability_grade,
            Fact::ByIllness => self.by_illness,
            Fact::NaturalDisaster => self.natural_disaster,
            Fact::FamilyIllness => self.family_illness,
            Fact::VeryLowIncome => self.very_low_income,
            Fact::Lender => self.lender,
            Fact::Categories
            | Fact::Evidence
            | Fact::SchoolPlace
            | Fact::HukouPlace
            | Fact::Tuition
            | Fact::PublicTuition
            | Fact::LocalRule
            | Fact::Standard => 0,
        }
    }

    /// The same student with one closed fact narrowed to a set. The grade follows the stage.
    #[must_use]
    pub fn with(mut self, fact: Fact, set: u16) -> Self {
        match fact {
            Fact::Stage => {
                self.stage = set;
                let grades = self.grade & grades_in(set);
                self.grade = if grades == 0 { grades_in(set) } else { grades };
            }
            Fact::Grade => self.grade = set,
            Fact::StudyYears => self.study_years = set,
            Fact::State => self.state = set,
            Fact::FullTime => self.full_time = set,
            Fact::Formal => self.formal = set,
            Fact::Boarding => self.boarding = set,
            Fact::NewEntrant => self.new_entrant = set,
            Fact::Ownership => self.ownership = set,
            Fact::Inclusive => self.inclusive = set,
            Fact::Approved => self.approved = set,
            Fact::RunBy => self.run_by = set,
            Fact::Rural => self.rural = set,
            Fact::Agricultural => self.agricultural = set,
            Fact::PerformingArts => self.performing_arts = set,
            Fact::HukouKind => self.hukou_kind = set,
            Fact::Hardship => self.hardship = set,
            Fact::LastPreschoolYear => self.last_preschool_year = set,
            Fact::Internship => self.internship = set,
            Fact::OutsideProvince => self.outside_province = set,
            Fact::HasLoan => self.has_loan = set,
            Fact::UnableToRepay => self.unable_to_repay = set,
            Fact::Fate => self.fate = set,
            Fact::LostWorkingAbility => self.lost_working_ability = set,
            Fact::AbilityGrade => self.ability_grade = set,
            Fact::ByIllness => self.by_illness = set,
            Fact::NaturalDisaster => self.natural_disaster = set,
            Fact::FamilyIllness => self.family_illness = set,
            Fact::VeryLowIncome => self.very_low_income = set,
            Fact::Lender => self.lender = set,
            // Evidence decides whether the claimed categories that need proof count.
            Fact::Categories | Fact::Evidence => {
                self.categories_met |= set;
                self.categories_open = 0;
            }
            Fact::SchoolPlace
            | Fact::HukouPlace
            | Fact::Tuition
            | Fact::PublicTuition
            | Fact::LocalRule
            | Fact::Standard => {}
        }
        self
    }
}

/// Every grade that some stage of the set has.
fn grades_in(stages: u16) -> u16 {
    let mut set = 0;
    for (i, stage) in Stage::ALL.iter().enumerate() {
        if stages & (1 << i) != 0 {
            let (first, last) = grades_of(*stage);
            set |= (1_u16 << (last + 1)) - (1_u16 << first);
        }
    }
    set
}

fn outside_province(study: Option<&Place>, home: Option<&Place>) -> u16 {
    match (study.and_then(province), home.and_then(province)) {
        (Some(study), Some(home)) => flag(Some(study != home)),
        _ => EITHER,
    }
}

fn province(place: &Place) -> Option<&str> {
    place.as_str().get(..2)
}

#[cfg(test)]
mod tests;
