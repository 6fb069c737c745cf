//! The tables `finding`, `sighting` and `finding_event`: what runs saw, and what people said of it.
//!
//! A finding is one row for place and term of its runs; each run that sees it adds a sighting. Lists are
//! of the sightings of one run, with what is said of each finding now.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::lifecycle::EventKind;
use super::model::{FindingKind, FindingState};
use crate::aid::model::{AidState, EntryKind};
use crate::auth::Scope;
use crate::db::{CHUNK, Conn, on};
use crate::error::{Code, Error, Result};
use crate::schema::{aid_entry, aid_record, finding, finding_event, sighting};
use crate::values::{Place, Programme, Stage};

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

/// What one run saw of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = sighting, treat_none_as_default_value = false)]
pub struct SightingRow {
    /// The run.
    pub check_id: String,
    /// Place within the run's findings, from 1: by kind, then by student.
    pub position: i64,
    /// The finding.
    pub finding_id: String,
    /// Kind.
    pub kind: FindingKind,
    /// The student.
    pub person_id: String,
    /// A name to show the student by.
    pub name_id: String,
    /// A second person the finding is about.
    pub other_id: Option<String>,
    /// The account the finding is about.
    pub account_id: Option<String>,
    /// The school that can act.
    pub school_code: Option<String>,
    /// Place of the office that can act.
    pub place: String,
    /// Stage.
    pub stage: Option<Stage>,
    /// Programme.
    pub programme: Option<Programme>,
    /// Due for the term, fen.
    pub due_fen: Option<i64>,
    /// Paid for the term, fen.
    pub paid_fen: Option<i64>,
    /// In question, fen.
    pub at_stake_fen: i64,
    /// Particulars, JSON.
    pub detail: String,
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

/// A finding as a run saw it.
pub type Found = (SightingRow, FindingRow);

/// Which findings to list. Everything narrows.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    /// Only this kind.
    pub kind: Option<FindingKind>,
    /// Only this state.
    pub state: Option<FindingState>,
    /// Only this school.
    pub school: Option<String>,
    /// Only offices of this place.
    pub place: Option<Place>,
    /// Only this stage.
    pub stage: Option<Stage>,
    /// Only what is assigned to this office or person; an empty text: to nobody.
    pub assignee: Option<String>,
    /// Only with at least so much in question, fen.
    pub min_fen: Option<i64>,
    /// Only what was first seen at this moment or before.
    pub seen_by: Option<NaiveDateTime>,
}

/// Narrows a boxed query over sightings and findings to a run, a scope and a filter.
macro_rules! narrowed {
    ($query:expr, $check_id:expr, $scope:expr, $filter:expr) => {{
        let (low, high) = $scope.place_range();
        let filter: &Filter = $filter;
        let mut query = $query
            .filter(sighting::check_id.eq($check_id.to_owned()))
            .filter(sighting::place.ge(low))
            .filter(sighting::place.lt(high));
        if let Some(school) = $scope.school() {
            query = query.filter(sighting::school_code.eq(school.to_owned()));
        }
        if let Some(school) = &filter.school {
            query = query.filter(sighting::school_code.eq(school.clone()));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(sighting::kind.eq(kind));
        }
        if let Some(state) = filter.state {
            query = query.filter(finding::state.eq(state));
        }
        if let Some(place) = &filter.place {
            let (low, high) = place.range();
            query = query.filter(sighting::place.ge(low)).filter(sighting::place.lt(high));
        }
        if let Some(stage) = filter.stage {
            query = query.filter(sighting::stage.eq(stage));
        }
        match filter.assignee.as_deref() {
            Some("") => query = query.filter(finding::assignee.is_null()),
            Some(assignee) => query = query.filter(finding::assignee.eq(assignee.to_owned())),
            None => {}
        }
        if let Some(fen) = filter.min_fen {
            query = query.filter(sighting::at_stake_fen.ge(fen));
        }
        if let Some(at) = filter.seen_by {
            query = query.filter(finding::first_seen_at.le(at));
        }
        query
    }};
}

/// A page of the findings of a run, within the scope.
pub fn findings(
    conn: &mut Conn,
    scope: &Scope,
    check_id: &str,
    filter: &Filter,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<Found>> {
    let query = sighting::table
        .inner_join(finding::table)
        .select((SightingRow::as_select(), FindingRow::as_select()))
        .into_boxed();
    let query = narrowed!(query, check_id, scope, filter);
    Ok(query
        .filter(sighting::position.gt(after.unwrap_or_default()))
        .order(sighting::position.asc())
        .limit(limit)
        .load(conn)?)
}

/// What findings are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Kind.
    Kind,
    /// State.
    State,
    /// Place of the office that can act.
    Place,
    /// School.
    School,
    /// Stage.
    Stage,
    /// Whoever is to see to it.
    Assignee,
}

/// How many findings there are of each value (`None`: without one), and what is at stake, fen. The scope
/// goes into the count.
pub fn counted(
    conn: &mut Conn,
    scope: &Scope,
    check_id: &str,
    filter: &Filter,
    by: GroupBy,
) -> Result<Vec<(Option<String>, i64, i64)>> {
    macro_rules! by {
        ($column:expr) => {{
            // SUM of a BIGINT is NUMERIC on PostgreSQL; the sum of a run fits 64 bits of fen.
            let stake = sql::<BigInt>("CAST(COALESCE(SUM(at_stake_fen), 0) AS BIGINT)");
            let query = sighting::table
                .inner_join(finding::table)
                .group_by($column)
                .select(($column, count_star(), stake))
                .into_boxed();
            narrowed!(query, check_id, scope, filter).order($column.asc()).load(conn)?
        }};
    }
    let known =
        |rows: Vec<(String, i64, i64)>| rows.into_iter().map(|(k, n, fen)| (Some(k), n, fen)).collect();
    Ok(match by {
        GroupBy::Kind => known(by!(sighting::kind)),
        GroupBy::State => known(by!(finding::state)),
        GroupBy::Place => known(by!(sighting::place)),
        GroupBy::School => by!(sighting::school_code),
        GroupBy::Stage => by!(sighting::stage),
        GroupBy::Assignee => by!(finding::assignee),
    })
}

/// How many findings of each kind a run has within a scope, and what is at stake.
pub fn counts(conn: &mut Conn, scope: &Scope, check_id: &str) -> Result<Vec<(FindingKind, i64, i64)>> {
    let rows = counted(conn, scope, check_id, &Filter::default(), GroupBy::Kind)?;
    let mut counts: Vec<_> = rows
        .into_iter()
        .filter_map(|(kind, n, fen)| Some((FindingKind::from_code(&kind?)?, n, fen)))
        .collect();
    counts.sort_by_key(|(kind, ..)| kind.code());
    Ok(counts)
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

/// What makes a finding the same as before.
pub type Facts = (Option<i64>, Option<i64>, i64, String);

impl SightingRow {
    /// What makes a finding the same as before.
    pub fn facts(&self) -> Facts {
        (self.due_fen, self.paid_fen, self.at_stake_fen, self.detail.clone())
    }
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

/// Records what a run saw.
pub fn insert_sightings(conn: &mut Conn, rows: &[SightingRow]) -> Result<()> {
    for chunk in rows.chunks(CHUNK) {
        on!(conn => diesel::insert_into(sighting::table).values(chunk).execute(conn))?;
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

/// Marks everything a run saw as last seen by it.
pub fn seen(conn: &mut Conn, check_id: &str) -> Result<()> {
    let ids = sighting::table.filter(sighting::check_id.eq(check_id)).select(sighting::finding_id);
    diesel::update(finding::table.filter(finding::finding_id.eq_any(ids)))
        .set(finding::last_check.eq(check_id))
        .execute(conn)?;
    Ok(())
}

/// Puts findings in a state because of a run.
pub fn stand(conn: &mut Conn, ids: &[String], state: FindingState, gone: bool) -> Result<()> {
    for chunk in ids.chunks(CHUNK) {
        diesel::update(finding::table.filter(finding::finding_id.eq_any(chunk)))
            .set((
                finding::state.eq(state),
                finding::gone.eq(gone),
                finding::version.eq(finding::version + 1),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// What a run saw, with the stable keys, for making it the current one again.
pub fn sightings(conn: &mut Conn, check_id: &str) -> Result<Vec<(String, SightingRow)>> {
    Ok(sighting::table
        .inner_join(finding::table)
        .filter(sighting::check_id.eq(check_id))
        .select((finding::stable_key, SightingRow::as_select()))
        .order(sighting::position.asc())
        .load(conn)?)
}

/// What a run saw within the scope: finding, facts and position.
pub fn outline(conn: &mut Conn, scope: &Scope, check_id: &str) -> Result<Vec<(String, Facts, i64)>> {
    let (low, high) = scope.place_range();
    let mut query = sighting::table
        .filter(sighting::check_id.eq(check_id.to_owned()))
        .filter(sighting::place.ge(low))
        .filter(sighting::place.lt(high))
        .select((
            sighting::finding_id,
            (sighting::due_fen, sighting::paid_fen, sighting::at_stake_fen, sighting::detail),
            sighting::position,
        ))
        .into_boxed();
    if let Some(school) = scope.school() {
        query = query.filter(sighting::school_code.eq(school.to_owned()));
    }
    Ok(query.order(sighting::position.asc()).load(conn)?)
}

/// Some of the findings of a run.
pub fn some(conn: &mut Conn, check_id: &str, positions: &[i64]) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for chunk in positions.chunks(CHUNK) {
        found.extend(
            sighting::table
                .inner_join(finding::table)
                .filter(sighting::check_id.eq(check_id))
                .filter(sighting::position.eq_any(chunk))
                .select((SightingRow::as_select(), FindingRow::as_select()))
                .load::<Found>(conn)?,
        );
    }
    Ok(found)
}
