//! The tables `finding` and `finding_event`: what people said of findings, and what became of them.
//!
//! A finding is one row for place and term of its runs; what each run saw of it is in `sighting_store`.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::lifecycle::EventKind;
use super::model::FindingState;
use super::sighting_store::{Facts, Found, SightingRow};
use crate::aid::model::{AidState, EntryKind};
use crate::auth::Scope;
use crate::db::{CHUNK, Conn, on};
use crate::error::{Code, Error, Result};
use crate::schema::{aid_entry, aid_record, finding, finding_event, sighting};

/// A finding with what people said of it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding, treat_none_as_default_value = false)]
pub struct FindingRow {
    /// Id, the same in every run.
    pub finding_id: String,
    /// Place of the runs that look for it.
    #[diesel(column_name = place)]
    pub run_place: String,
    /// Term.
    pub term: String,
    /// The same in every run that finds the same thing.
    pub stable_key: String,
    /// What became of it.
    pub state: FindingState,
    /// Whether the latest run no longer saw it.
    pub gone: bool,
    /// What was said about it.
    pub remark: Option<String>,
    /// Where the proof lies.
    pub evidence: Option<String>,
    /// What the school answered, until it is settled.
    pub answer: Option<String>,
    /// Where the school says the proof lies.
    pub answer_evidence: Option<String>,
    /// Who answered.
    pub answered_by: Option<String>,
    /// When.
    pub answered_at: Option<NaiveDateTime>,
    /// The office or person who is to see to it.
    pub assignee: Option<String>,
    /// By when.
    pub due_on: Option<NaiveDate>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<NaiveDateTime>,
    /// When a run first saw it.
    pub first_seen_at: NaiveDateTime,
    /// The latest run that saw it.
    pub last_check: String,
    /// Counts changes, for If-Match.
    pub version: i64,
}

impl FindingRow {
    /// The school's answer was confirmed, sent back or overtaken.
    pub fn settle_answer(&mut self) {
        (self.answer, self.answer_evidence) = (None, None);
        (self.answered_by, self.answered_at) = (None, None);
    }
}

/// Something that happened to a finding.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding_event, treat_none_as_default_value = false)]
pub struct EventRow {
    /// Id.
    pub event_id: String,
    /// The finding.
    pub finding_id: String,
    /// What happened.
    pub what: EventKind,
    /// State before.
    pub from_state: FindingState,
    /// State after.
    pub to_state: FindingState,
    /// What was said.
    pub note: Option<String>,
    /// The run that made it happen, if one did.
    pub check_id: Option<String>,
    /// Who.
    pub made_by: String,
    /// When.
    pub made_at: NaiveDateTime,
}

/// A finding in scope, as the latest run that saw it saw it.
pub fn find(conn: &mut Conn, scope: &Scope, finding_id: &str) -> Result<Found> {
    let (low, high) = scope.place_range();
    let mut query = sighting::table
        .inner_join(finding::table)
        .filter(finding::finding_id.eq(finding_id.to_owned()))
        .filter(sighting::check_id.eq(finding::last_check))
        .filter(sighting::place.ge(low))
        .filter(sighting::place.lt(high))
        .select((SightingRow::as_select(), FindingRow::as_select()))
        .into_boxed();
    if let Some(school) = scope.school() {
        query = query.filter(sighting::school_code.eq(school.to_owned()));
    }
    query.first(conn).optional()?.ok_or_else(Error::not_found)
}

/// Who was paid to an account in a term, within the scope: student and name.
pub fn holders(
    conn: &mut Conn,
    scope: &Scope,
    account_id: &str,
    term: &str,
) -> Result<Vec<(String, String)>> {
    let (low, high) = scope.place_range();
    let mut query = aid_record::table
        .inner_join(aid_entry::table)
        .filter(aid_record::term.eq(term.to_owned()))
        .filter(aid_record::place.ge(low))
        .filter(aid_record::place.lt(high))
        .filter(aid_record::state.ne(AidState::Cancelled))
        .filter(aid_entry::kind.eq(EntryKind::Paid))
        .filter(aid_entry::account_id.eq(account_id.to_owned()))
        .select((aid_record::person_id, aid_record::name_id))
        .distinct()
        .into_boxed();
    if let Some(school) = scope.school() {
        query = query.filter(aid_record::school_code.eq(school.to_owned()));
    }
    let mut holders: Vec<(String, String)> =
        query.order((aid_record::person_id.asc(), aid_record::name_id.asc())).load(conn)?;
    holders.dedup_by(|a, b| a.0 == b.0);
    Ok(holders)
}

/// The history of a finding, oldest first.
pub fn history(conn: &mut Conn, finding_id: &str) -> Result<Vec<EventRow>> {
    Ok(finding_event::table
        .filter(finding_event::finding_id.eq(finding_id))
        .select(EventRow::as_select())
        .order(finding_event::event_id.asc())
        .load(conn)?)
}

/// Writes what a person said, if the finding is still at the version that was seen, with its events.
pub fn decide(conn: &mut Conn, row: &FindingRow, events: &[EventRow]) -> Result<()> {
    let now = diesel::update(finding::table.find(&row.finding_id).filter(finding::version.eq(row.version)))
        .set((
            finding::state.eq(row.state),
            finding::remark.eq(&row.remark),
            finding::evidence.eq(&row.evidence),
            finding::answer.eq(&row.answer),
            finding::answer_evidence.eq(&row.answer_evidence),
            finding::answered_by.eq(&row.answered_by),
            finding::answered_at.eq(row.answered_at),
            finding::assignee.eq(&row.assignee),
            finding::due_on.eq(row.due_on),
            finding::decided_by.eq(&row.decided_by),
            finding::decided_at.eq(row.decided_at),
            finding::version.eq(row.version + 1),
        ))
        .execute(conn)?;
    if now != 1 {
        return Err(Error::of(Code::PreconditionFailed));
    }
    record_events(conn, events)
}

/// How a finding stood before a run: what was said of it, and what the latest run that saw it saw.
#[derive(Debug, Clone)]
pub struct Former {
    /// Id.
    pub finding_id: String,
    /// State.
    pub state: FindingState,
    /// Whether the run before no longer saw it.
    pub gone: bool,
    /// Due, paid and in question, fen, and the particulars.
    pub facts: Facts,
}

/// Every finding of a place and term, by stable key.
pub fn former(conn: &mut Conn, place: &str, term: &str) -> Result<Vec<(String, Former)>> {
    let rows: Vec<(String, String, FindingState, bool, Facts)> =
        finding::table
            .inner_join(sighting::table.on(
                sighting::finding_id.eq(finding::finding_id).and(sighting::check_id.eq(finding::last_check)),
            ))
            .filter(finding::place.eq(place))
            .filter(finding::term.eq(term))
            .select((
                finding::stable_key,
                finding::finding_id,
                finding::state,
                finding::gone,
                (sighting::due_fen, sighting::paid_fen, sighting::at_stake_fen, sighting::detail),
            ))
            .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(key, finding_id, state, gone, facts)| (key, Former { finding_id, state, gone, facts }))
        .collect())
}

/// Records findings that are new.
pub fn insert_findings(conn: &mut Conn, rows: &[FindingRow]) -> Result<()> {
    for chunk in rows.chunks(CHUNK) {
        on!(conn => diesel::insert_into(finding::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// Records what happened.
pub fn record_events(conn: &mut Conn, rows: &[EventRow]) -> Result<()> {
    for chunk in rows.chunks(CHUNK) {
        on!(conn => diesel::insert_into(finding_event::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// Puts findings in a state because of a run; a school's answer is overtaken by it.
pub fn stand(conn: &mut Conn, ids: &[String], state: FindingState, gone: bool) -> Result<()> {
    for chunk in ids.chunks(CHUNK) {
        diesel::update(finding::table.filter(finding::finding_id.eq_any(chunk)))
            .set((
                finding::state.eq(state),
                finding::gone.eq(gone),
                // What the school said was of the facts before.
                finding::answer.eq(None::<String>),
                finding::answer_evidence.eq(None::<String>),
                finding::answered_by.eq(None::<String>),
                finding::answered_at.eq(None::<NaiveDateTime>),
                finding::version.eq(finding::version + 1),
            ))
            .execute(conn)?;
    }
    Ok(())
}
