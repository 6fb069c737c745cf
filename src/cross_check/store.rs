//! The tables `cross_check` and `finding`.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::model::{FindingKind, FindingState};
use crate::auth::Scope;
use crate::db::{CHUNK, Conn, on};
use crate::error::{Code, Error, Result};
use crate::schema::{cross_check, finding};
use crate::values::{Place, Programme, Stage};

/// A run as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = cross_check, treat_none_as_default_value = false)]
pub struct CheckRow {
    /// Id.
    pub check_id: String,
    /// The list version.
    pub list_id: String,
    /// Term.
    pub term: String,
    /// Place.
    pub place: String,
    /// Digest of everything it was made from.
    pub input_digest: String,
    /// The digests one by one, JSON.
    pub inputs: String,
    /// Digest of what was found.
    pub report_digest: String,
    /// The totals, JSON.
    pub totals: String,
    /// Who ran it.
    pub recorded_by: String,
    /// When.
    pub recorded_at: NaiveDateTime,
}

/// A finding as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding, treat_none_as_default_value = false)]
pub struct FindingRow {
    /// Id.
    pub finding_id: String,
    /// The run.
    pub check_id: String,
    /// The same in every run that finds the same thing.
    pub stable_key: String,
    /// Kind.
    pub kind: FindingKind,
    /// The student.
    pub person_id: String,
    /// A name to show the student by.
    pub name_id: String,
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
    /// What became of it.
    pub state: FindingState,
    /// What was said about it.
    pub remark: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<NaiveDateTime>,
    /// Counts changes, for If-Match.
    pub version: i64,
}

/// The run of the very same inputs.
pub fn find_same(conn: &mut Conn, input_digest: &str) -> Result<Option<CheckRow>> {
    Ok(cross_check::table
        .filter(cross_check::input_digest.eq(input_digest))
        .select(CheckRow::as_select())
        .first(conn)
        .optional()?)
}

/// Saves a run. What a person decided about the same finding in an earlier run stands as long as its
/// amounts are the same.
pub fn insert(conn: &mut Conn, check: &CheckRow, mut findings: Vec<FindingRow>) -> Result<()> {
    let decided = decided(conn, &check.term, &check.place)?;
    for row in &mut findings {
        if let Some(before) = decided.get(&row.stable_key)
            && (before.due_fen, before.paid_fen, before.at_stake_fen)
                == (row.due_fen, row.paid_fen, row.at_stake_fen)
        {
            row.state = before.state;
            row.remark.clone_from(&before.remark);
            row.decided_by.clone_from(&before.decided_by);
            row.decided_at = before.decided_at;
        }
    }
    diesel::insert_into(cross_check::table).values(check.clone()).execute(conn)?;
    for chunk in findings.chunks(CHUNK) {
        on!(conn => diesel::insert_into(finding::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// For each finding of a term and place, in whichever run, what a person said about it last; left out is
/// what was reopened or reported as fixed, which a new run has to see for itself.
fn decided(conn: &mut Conn, term: &str, place: &str) -> Result<HashMap<String, FindingRow>> {
    let mut last: HashMap<String, FindingRow> = finding::table
        .inner_join(cross_check::table.on(cross_check::check_id.eq(finding::check_id)))
        .filter(cross_check::term.eq(term))
        .filter(cross_check::place.eq(place))
        .filter(finding::decided_at.is_not_null())
        .select(FindingRow::as_select())
        .order((finding::decided_at.asc(), finding::finding_id.asc()))
        .load(conn)?
        .into_iter()
        .map(|f: FindingRow| (f.stable_key.clone(), f))
        .collect();
    last.retain(|_, f| matches!(f.state, FindingState::Explained | FindingState::Confirmed));
    Ok(last)
}

/// A run in scope: of a place inside the caller's. A school has no runs of its own.
pub fn find(conn: &mut Conn, scope: &Scope, check_id: &str) -> Result<CheckRow> {
    if scope.school().is_some() {
        return Err(Error::not_found());
    }
    let (low, high) = scope.place_range();
    cross_check::table
        .find(check_id)
        .filter(cross_check::place.ge(low))
        .filter(cross_check::place.lt(high))
        .select(CheckRow::as_select())
        .first(conn)
        .optional()?
        .ok_or_else(Error::not_found)
}

/// A run whose findings the caller may read: one in scope, or for a narrower caller (a school, a county
/// within a city's run) any run of a place that holds the caller's own; the findings are then cut to
/// the scope.
pub fn find_for_findings(conn: &mut Conn, scope: &Scope, check_id: &str) -> Result<CheckRow> {
    let row: CheckRow = cross_check::table
        .find(check_id)
        .select(CheckRow::as_select())
        .first(conn)
        .optional()?
        .ok_or_else(Error::not_found)?;
    let touches = |own: &Place| Place::parse(&row.place).is_ok_and(|p| p.contains(own) || own.contains(&p));
    if scope.place().is_some_and(touches) { Ok(row) } else { Err(Error::not_found()) }
}

/// The runs in scope, newest first; none for a caller bound to one school.
pub fn list(conn: &mut Conn, scope: &Scope, after: Option<String>, limit: i64) -> Result<Vec<CheckRow>> {
    if scope.school().is_some() {
        return Ok(Vec::new());
    }
    let (low, high) = scope.place_range();
    let mut query = cross_check::table
        .filter(cross_check::place.ge(low))
        .filter(cross_check::place.lt(high))
        .select(CheckRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(cross_check::check_id.lt(after));
    }
    Ok(query.order(cross_check::check_id.desc()).limit(limit).load(conn)?)
}

/// How many findings of each kind a run has within a scope, and what is at stake.
pub fn counts(conn: &mut Conn, scope: &Scope, check_id: &str) -> Result<Vec<(FindingKind, i64, i64)>> {
    let (low, high) = scope.place_range();
    // SUM of a BIGINT is NUMERIC on PostgreSQL; the sum of a run fits 64 bits of fen.
    let stake = sql::<BigInt>("CAST(COALESCE(SUM(at_stake_fen), 0) AS BIGINT)");
    Ok(finding::table
        .filter(finding::check_id.eq(check_id))
        .filter(finding::place.ge(low))
        .filter(finding::place.lt(high))
        .group_by(finding::kind)
        .select((finding::kind, count_star(), stake))
        .order(finding::kind.asc())
        .load(conn)?)
}

/// Which findings to list.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    /// Only this kind.
    pub kind: Option<FindingKind>,
    /// Only this state.
    pub state: Option<FindingState>,
    /// Only this school.
    pub school: Option<String>,
}

/// A page of the findings of a run, within the scope.
pub fn findings(
    conn: &mut Conn,
    scope: &Scope,
    check_id: &str,
    filter: &Filter,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<FindingRow>> {
    let (low, high) = scope.place_range();
    let mut query = finding::table
        .filter(finding::check_id.eq(check_id.to_owned()))
        .filter(finding::place.ge(low))
        .filter(finding::place.lt(high))
        .filter(finding::finding_id.gt(after.unwrap_or_default()))
        .select(FindingRow::as_select())
        .into_boxed();
    if let Some(kind) = filter.kind {
        query = query.filter(finding::kind.eq(kind));
    }
    if let Some(state) = filter.state {
        query = query.filter(finding::state.eq(state));
    }
    if let Some(school) = scope.school().or(filter.school.as_deref()) {
        query = query.filter(finding::school_code.eq(school.to_owned()));
    }
    Ok(query.order(finding::finding_id.asc()).limit(limit).load(conn)?)
}

/// A finding in scope.
pub fn find_finding(conn: &mut Conn, scope: &Scope, finding_id: &str) -> Result<FindingRow> {
    let (low, high) = scope.place_range();
    let mut query = finding::table
        .find(finding_id.to_owned())
        .filter(finding::place.ge(low))
        .filter(finding::place.lt(high))
        .select(FindingRow::as_select())
        .into_boxed();
    if let Some(school) = scope.school() {
        query = query.filter(finding::school_code.eq(school.to_owned()));
    }
    query.first(conn).optional()?.ok_or_else(Error::not_found)
}

/// Records what a person decided, if the finding is still at the version that was seen.
pub fn decide(
    conn: &mut Conn,
    row: &FindingRow,
    state: FindingState,
    remark: Option<&str>,
    by: &str,
    at: NaiveDateTime,
) -> Result<()> {
    let done = diesel::update(finding::table.find(&row.finding_id).filter(finding::version.eq(row.version)))
        .set((
            finding::state.eq(state),
            finding::remark.eq(remark),
            finding::decided_by.eq(by),
            finding::decided_at.eq(at),
            finding::version.eq(row.version + 1),
        ))
        .execute(conn)?;
    if done == 1 { Ok(()) } else { Err(Error::of(Code::PreconditionFailed)) }
}
