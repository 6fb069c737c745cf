//! The totals of a run and the identities that prove them.
//!
//! One side of each identity is counted while persons are judged, the other straight from the input
//! rows. They can only agree if every row was seen exactly once and every person put in exactly one
//! place. A run whose identities fail is a fault of this program and must not be shown to anybody.

use std::collections::BTreeMap;

use super::model::{ListedState, Source};
use super::reconcile_input::{Aided, Input, PersonKey};
use crate::values::closed_list::closed_list;
use crate::values::{Fen, Programme, Stage};

closed_list! {
    /// The one group of an aided student (受助学生类别).
    pub enum AidedGroup {
        Listed = "listed", "名单内", "on the list";
        OffListWithCategory = "off_list_with_category", "名单外有困难认定", "off the list, with a category, evidence or assessment on the roll";
        WithoutCategory = "without_category", "无困难记录", "off the list, without any sign of hardship";
    }
}

/// Students on the list, counted by state.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct StateCounts(BTreeMap<ListedState, u64>);

impl StateCounts {
    /// Counts one more.
    pub fn add(&mut self, state: ListedState) {
        *self.0.entry(state).or_default() += 1;
    }

    /// How many are in this state.
    pub fn of(&self, state: ListedState) -> u64 {
        self.0.get(&state).copied().unwrap_or_default()
    }

    /// How many in all.
    pub fn sum(&self) -> u64 {
        self.0.values().sum()
    }
}

/// The listed students of one stage.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StageRow {
    /// The stage by the roll, else by the list; `None` if neither tells.
    pub stage: Option<Stage>,
    /// Their states.
    pub listed: StateCounts,
    /// What was missing to them, in fen.
    pub missing: Fen,
}

/// Persons and money of one group or programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Paid {
    /// Persons. By programme, a person aided by two is counted in both.
    pub persons: u64,
    /// Sum.
    pub fen: Fen,
}

/// The totals of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Totals {
    /// Entries of the list, repeated persons included.
    pub list_entries: u64,
    /// Persons on the list.
    pub listed: u64,
    /// Rows of the roll.
    pub roll_rows: u64,
    /// Persons on the roll.
    pub on_roll: u64,
    /// Aid records.
    pub aid_records: u64,
    /// Persons with an aid record.
    pub aided: u64,
    /// Sum of all aid records.
    pub paid: Fen,
    /// Listed persons by state.
    pub by_state: StateCounts,
    /// Listed persons by stage and state.
    pub by_stage: Vec<StageRow>,
    /// Aided persons and money by group.
    pub by_group: BTreeMap<AidedGroup, Paid>,
    /// Aided persons and money by programme.
    pub by_programme: BTreeMap<Programme, Paid>,
    /// Due to listed persons at school here, money programmes with a known amount only.
    pub due: Fen,
    /// Of that, paid (never more than due per person and programme).
    pub due_paid: Fen,
    /// Of that, missing because nothing was paid.
    pub missing_unaided: Fen,
    /// Of that, missing because too little was paid.
    pub missing_underpaid: Fen,
}

/// Two numbers that were counted in different ways and must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Stable code of the identity.
    pub name: &'static str,
    /// What it says, in Chinese.
    pub zh: &'static str,
    /// One side: from the input rows, persons or fen.
    pub left: i64,
    /// The other: from the persons as they were judged.
    pub right: i64,
}

impl Identity {
    /// Whether both sides agree.
    pub const fn holds(&self) -> bool {
        self.left == self.right
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cross-check identity {} failed: {} ≠ {}", self.name, self.left, self.right)
    }
}

impl std::error::Error for Identity {}

impl Totals {
    /// The sides that come straight from the input rows.
    pub(super) fn of_rows(input: &Input<'_>) -> Self {
        Self {
            list_entries: count(input.listed.len()),
            roll_rows: count(input.enrolled.len()),
            aid_records: count(input.aided.len()),
            paid: input.aided.iter().map(|a| a.fen).sum(),
            ..Self::default()
        }
    }

    /// Counts the persons of one source; called with each source's ordered keys, box by box. No person is in
    /// two boxes.
    pub(super) fn count_persons(&mut self, source: Source, ordered: impl Iterator<Item = PersonKey>) {
        let mut last = None;
        let mut persons = 0;
        for person in ordered {
            if last != Some(person) {
                persons += 1;
                last = Some(person);
            }
        }
        match source {
            Source::List => self.listed += persons,
            Source::Roll => self.on_roll += persons,
            Source::Aid => self.aided += persons,
        }
    }

    /// Puts one listed person in her state.
    pub(super) fn add_listed(&mut self, stands: ListedState, stage: Option<Stage>, missing: Fen) {
        self.by_state.add(stands);
        let at = match self.by_stage.binary_search_by_key(&stage, |row| row.stage) {
            Ok(at) => at,
            Err(at) => {
                let row = StageRow { stage, listed: StateCounts::default(), missing: Fen(0) };
                self.by_stage.insert(at, row);
                at
            }
        };
        if let Some(row) = self.by_stage.get_mut(at) {
            row.listed.add(stands);
            row.missing.0 += missing.0;
        }
    }

    /// Puts one aided person in her group, with what each programme paid her.
    pub(super) fn add_aided(&mut self, group: AidedGroup, paid: &[Aided]) {
        let of_group = self.by_group.entry(group).or_default();
        of_group.persons += 1;
        for (at, record) in paid.iter().enumerate() {
            of_group.fen.0 += record.fen.0;
            let of_programme = self.by_programme.entry(record.programme).or_default();
            of_programme.fen.0 += record.fen.0;
            let first = paid.iter().take(at).all(|earlier| earlier.programme != record.programme);
            of_programme.persons += u64::from(first);
        }
    }

    /// Every identity with its two sides.
    pub fn identities(&self) -> Vec<Identity> {
        let persons_by_stage = self.by_stage.iter().map(|row| row.listed.sum()).sum();
        let aided_by_group = self.by_group.values().map(|paid| paid.persons).sum();
        let paid_by_group: Fen = self.by_group.values().map(|paid| paid.fen).sum();
        let paid_by_programme: Fen = self.by_programme.values().map(|paid| paid.fen).sum();
        let missing_by_stage: Fen = self.by_stage.iter().map(|row| row.missing).sum();
        let missing = self.missing_unaided.0 + self.missing_underpaid.0;
        let of = |name, zh, left, right| Identity { name, zh, left, right };
        let (listed, aided, paid) = (signed(self.listed), signed(self.aided), self.paid.0);
        vec![
            of("listed_by_state", "名单人数 = 各状态人数之和", listed, signed(self.by_state.sum())),
            of("listed_by_stage", "名单人数 = 各学段人数之和", listed, signed(persons_by_stage)),
            of("aided_by_group", "受助人数 = 各类别人数之和", aided, signed(aided_by_group)),
            of("paid_by_group", "发放金额 = 各类别金额之和", paid, paid_by_group.0),
            of("paid_by_programme", "发放金额 = 各项目金额之和", paid, paid_by_programme.0),
            of(
                "due_paid_or_missing",
                "名单内应发 = 已发 + 漏发 + 少发",
                self.due.0,
                self.due_paid.0 + missing,
            ),
            of("missing_by_stage", "漏发 + 少发 = 各学段未发金额之和", missing, missing_by_stage.0),
        ]
    }

    /// Checks every identity; the first that fails is the error.
    pub fn verify(&self) -> Result<(), Identity> {
        match self.identities().into_iter().find(|identity| !identity.holds()) {
            Some(failed) => Err(failed),
            None => Ok(()),
        }
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

fn signed(persons: u64) -> i64 {
    i64::try_from(persons).unwrap_or(i64::MAX)
}
