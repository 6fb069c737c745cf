//! The acts on records, set by set: what they rest on is loaded at once, each record is judged, and those
//! that move are saved together. An act on one record is the same on a set of one. Here are notice,
//! approval and cancellation; what moves money is in [`super::money`].

use std::collections::HashMap;

use chrono::NaiveDate;

use super::hand::Hand;
use super::ledger;
use super::model::{AidRecord, AidState, Entry, EntryKind};
use super::notice::board::Board;
use super::notice::{rules as notice_rules, store as notices};
use super::rules::{Act, Refused, step};
use super::store;
use crate::db::Conn;
use crate::error::{Code, Error, Result};
use crate::roll::model::Enrolment;
use crate::roll::store as roll;
use crate::values::{EnrolmentState, Term, Text};

/// What came of an act on one record.
#[derive(Debug)]
pub enum Came {
    /// It was done; the record as it stands now.
    Done(Box<AidRecord>),
    /// It had been done before; nothing changed.
    Already(Box<AidRecord>),
    /// It was refused.
    Refused(Box<AidRecord>, Error),
}

/// What is to be done with one record.
pub(super) enum Todo {
    Already,
    Lines(Vec<(Act, Entry)>),
}

/// Judges each record, saves those that move, and says what came of each.
pub(super) fn carry_out(
    conn: &mut Conn,
    records: Vec<AidRecord>,
    mut judge: impl FnMut(&AidRecord) -> Result<Todo>,
) -> Result<Vec<Came>> {
    let mut came = Vec::with_capacity(records.len());
    let (mut moved, mut lines) = (Vec::new(), Vec::new());
    for record in records {
        let judged = judge(&record).and_then(|todo| match todo {
            Todo::Already => Ok(None),
            Todo::Lines(acts) => Ok(Some(ledger::advance(&record, acts)?)),
        });
        came.push(match judged {
            Ok(None) => Came::Already(Box::new(record)),
            Ok(Some((after, entries))) => {
                moved.push(after.clone());
                lines.extend(entries);
                Came::Done(Box::new(after))
            }
            Err(refused) => Came::Refused(Box::new(record), refused),
        });
    }
    store::save(conn, &moved, &lines)?;
    Ok(came)
}

pub(super) fn line(record: &AidRecord, kind: EntryKind, hand: &Hand) -> Entry {
    // The number is given when the line follows those before.
    Entry::new(&record.record_id, 0, kind, &hand.who.actor(), hand.at)
}

pub(super) fn ids(records: &[AidRecord], of: impl Fn(&AidRecord) -> Option<String>) -> Vec<String> {
    let mut ids: Vec<String> = records.iter().filter_map(of).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Puts records on public notice from a day on: one notice for each school, programme and term.
pub fn notice(
    conn: &mut Conn,
    hand: &Hand,
    records: Vec<AidRecord>,
    starts_on: NaiveDate,
) -> Result<Vec<Came>> {
    let mut board = Board::load(conn, &ids(&records, |r| Some(r.school_code.clone())), starts_on)?;
    let mut placed: Vec<Result<String>> = records.iter().map(|r| board.place(hand, r)).collect();
    board.save(conn)?;
    let mut placed = placed.drain(..);
    carry_out(conn, records, |record| {
        let notice_id = placed.next().ok_or_else(|| Error::internal("aid: a record without its turn"))?;
        if record.notice_id.is_some() && record.is_alive() {
            return Ok(Todo::Already);
        }
        let entry = Entry {
            on_day: Some(starts_on),
            other_id: Some(notice_id?),
            ..line(record, EntryKind::Noticed, hand)
        };
        Ok(Todo::Lines(vec![(Act::Notice, entry)]))
    })
}

/// Where the students of some records stand on the roll of their term.
pub(super) struct Roll(HashMap<(String, String, String), Enrolment>);

impl Roll {
    pub(super) fn load(conn: &mut Conn, records: &[AidRecord]) -> Result<Self> {
        let mut rows = HashMap::new();
        for term in ids(records, |r| Some(r.term.clone())) {
            let people = ids(records, |r| (r.term == term).then(|| r.person_id.clone()));
            rows.extend(
                roll::of_people(conn, &term, &people)?
                    .into_iter()
                    .map(|e| ((e.person_id.clone(), e.school_code.clone(), e.term.clone()), e)),
            );
        }
        Ok(Self(rows))
    }

    fn of(&self, record: &AidRecord) -> Option<&Enrolment> {
        self.0.get(&(record.person_id.clone(), record.school_code.clone(), record.term.clone()))
    }

    /// Whether the student had left the school by a day, and since when where the roll says.
    pub(super) fn left_by(
        &self,
        record: &AidRecord,
        day: NaiveDate,
    ) -> Option<(EnrolmentState, Option<NaiveDate>)> {
        let row = self.of(record)?;
        let state = row.state_on(day);
        matches!(state, EnrolmentState::Transferred | EnrolmentState::Graduated | EnrolmentState::Withdrawn)
            .then_some((state, row.left_on))
    }
}

/// Approves records: by someone other than who proposed them, once the notice is over, for students who
/// have not left.
pub fn approve(conn: &mut Conn, hand: &Hand, records: Vec<AidRecord>) -> Result<Vec<Came>> {
    let boards = notices::by_id(conn, &ids(&records, |r| r.notice_id.clone()))?;
    let roll = Roll::load(conn, &records)?;
    let by = hand.who.actor();
    carry_out(conn, records, |record| {
        if matches!(record.state, AidState::Approved | AidState::Paid | AidState::Acknowledged) {
            return Ok(Todo::Already);
        }
        step(record.into(), Act::Approve)?;
        if record.recorded_by == by {
            return Err(Error::new(
                Code::SamePerson,
                Text::fixed(
                    "申报人不能批准自己申报的记录，请由另一人批准",
                    "who proposed the record may not approve it; another person must",
                ),
            ));
        }
        if let Some(notice) = record.notice_id.as_ref().and_then(|id| boards.get(id)) {
            notice_rules::may_approve(notice, hand.today)?;
        }
        let term = Term::parse(&record.term).ok_or_else(|| Error::internal("aid: a stored term"))?;
        if roll.of(record).is_none() {
            return Err(Error::new(
                Code::Conflict,
                Text::fixed(
                    "该校本学期学籍中已没有该生，请核实后取消或更正",
                    "the student is no longer on the school's roll of this term: cancel or correct the record",
                ),
            ));
        }
        if let Some((state, since)) = roll.left_by(record, hand.day_in(term)) {
            return Err(left(state, since, "不能批准", "the record cannot be approved"));
        }
        Ok(Todo::Lines(vec![(Act::Approve, line(record, EntryKind::Approved, hand))]))
    })
}

/// The refusal of an act for a student who has left.
pub(super) fn left(state: EnrolmentState, since: Option<NaiveDate>, zh: &str, en: &str) -> Error {
    let (on_zh, on_en) = since
        .map_or_else(|| (String::new(), String::new()), |day| (format!("（{day}）"), format!(" (on {day})")));
    Error::new(
        Code::Conflict,
        Text::new(
            format!("该生已{}{on_zh}，{zh}", state.zh()),
            format!("the student has left: {}{on_en}; {en}", state.en()),
        ),
    )
}

/// Cancels records, with the reason.
pub fn cancel(conn: &mut Conn, hand: &Hand, records: Vec<AidRecord>, reason: &str) -> Result<Vec<Came>> {
    carry_out(conn, records, |record| {
        if record.state == AidState::Cancelled {
            return Ok(Todo::Already);
        }
        let entry = Entry { reason: Some(reason.to_owned()), ..line(record, EntryKind::Cancelled, hand) };
        Ok(Todo::Lines(vec![(Act::Cancel { bureau: hand.is_bureau() }, entry)]))
    })
}

impl Came {
    /// The record, whatever came of it.
    pub fn record(&self) -> &AidRecord {
        match self {
            Came::Done(record) | Came::Already(record) | Came::Refused(record, _) => record,
        }
    }

    /// The record after an act on it alone; an act done before is refused as the state it left.
    pub fn alone(self) -> Result<AidRecord> {
        match self {
            Came::Done(record) => Ok(*record),
            Came::Already(record) => Err(Refused::State(record.state).into()),
            Came::Refused(_, refused) => Err(refused),
        }
    }
}
