//! The reconciliation against known truth: [`table`] has every kind of finding with its counter-cases,
//! [`county`] small counties with labelled faults, in which every fault is found and nothing else.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::*;
use crate::policy::decision::Outcome as Verdict;
use crate::values::{EnrolmentState, Fen, Programme, Stage, Term, TermCalendar};

mod county;
mod list_rows;
mod money_rows;
mod table;

const TOP: Fen = Fen(175_000);
const HERE: County = County(341_024);

pub(super) fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, month, day).unwrap()
}

/// Owned rows of a small county, term 2025A.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) listed: Vec<Listed>,
    pub(super) enrolled: Vec<Enrolled>,
    pub(super) aided: Vec<Aided>,
    pub(super) due: Vec<Due>,
    pub(super) presumed: Vec<Due>,
    pub(super) born: Vec<Born>,
    pub(super) near: Vec<Near>,
    pub(super) pay_by: Option<NaiveDate>,
}

impl World {
    pub(super) fn on_list(&mut self, person: u32) -> &mut Listed {
        let entry = u32::try_from(self.listed.len()).unwrap();
        self.listed.push(Listed {
            entry,
            person: PersonKey(person),
            name: Some(NameKey(person)),
            home: Some(HERE),
            household: Some(person / 2),
            stage: Some(Stage::SeniorHigh),
            school: None,
        });
        self.listed.last_mut().unwrap()
    }

    pub(super) fn on_roll(&mut self, person: u32) -> &mut Enrolled {
        self.enrolled.push(Enrolled {
            person: PersonKey(person),
            name: Some(NameKey(person)),
            school: SchoolKey(1),
            place: Some(HERE),
            stage: Stage::SeniorHigh,
            grade: Some(2),
            state: EnrolmentState::Enrolled,
            from: None,
            to: None,
            categories: Categories::EMPTY,
            evidence: Evidences::EMPTY,
            assessed: false,
            household: None,
            fits: true,
        });
        self.enrolled.last_mut().unwrap()
    }

    pub(super) fn paid(&mut self, person: u32, fen: Fen) -> &mut Aided {
        let record = u32::try_from(self.aided.len()).unwrap();
        self.aided.push(Aided {
            record,
            person: PersonKey(person),
            name: Some(NameKey(person)),
            school: Some(SchoolKey(1)),
            programme: Programme::SeniorHighGrant,
            tier: None,
            fen,
            paid_on: Some(day(9, 10)),
            account: Some(AccountKey(1000 + person)),
        });
        self.aided.last_mut().unwrap()
    }

    pub(super) fn due(&mut self, person: u32) -> &mut Due {
        self.due.push(Due {
            person: PersonKey(person),
            programme: Programme::SeniorHighGrant,
            outcome: Verdict::Eligible,
            fen_per_term: Some(TOP),
            cash: true,
        });
        self.due.last_mut().unwrap()
    }

    /// At school, not on the list, of a household.
    pub(super) fn kin(&mut self, person: u32, household: u32) -> &mut Enrolled {
        let row = self.on_roll(person);
        row.household = Some((household, HouseholdSource::Roll));
        row
    }

    /// Would be due the top tier if listed.
    pub(super) fn presume(&mut self, person: u32) {
        self.due(person);
        self.presumed.extend(self.due.pop());
    }

    pub(super) fn born(&mut self, person: u32, year: i32, month: u32, day: u32) {
        let on = NaiveDate::from_ymd_opt(year, month, day).unwrap();
        self.born.push(Born { person: PersonKey(person), on });
    }

    /// On the list, at school, due the top tier and not paid.
    pub(super) fn unpaid(&mut self, person: u32) {
        self.on_list(person);
        self.on_roll(person);
        self.due(person);
    }

    /// The same, and paid in full.
    pub(super) fn right(&mut self, person: u32) {
        self.unpaid(person);
        self.paid(person, TOP);
    }

    pub(super) fn run(&self) -> Outcome {
        let term = Term::parse("2025A").unwrap();
        let due_days = self.pay_by.map_or(DueDays::NONE, DueDays::all);
        let options = Options { term, calendar: TermCalendar::default(), place: Some(HERE), due_days };
        reconcile(&Input {
            listed: &self.listed,
            enrolled: &self.enrolled,
            aided: &self.aided,
            due: &self.due,
            presumed: &self.presumed,
            born: &self.born,
            near: &self.near,
            options,
        })
        .unwrap()
    }
}

/// Shows keys as numbers, after a renumbering of the persons.
pub(super) struct Numbers {
    pub(super) shift: u32,
}

impl Directory for Numbers {
    fn person(&self, key: PersonKey) -> Cow<'_, str> {
        (key.0 - self.shift).to_string().into()
    }
    fn account(&self, key: AccountKey) -> Cow<'_, str> {
        key.0.to_string().into()
    }
    fn school(&self, key: SchoolKey) -> Cow<'_, str> {
        key.0.to_string().into()
    }
}
