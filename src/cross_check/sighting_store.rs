//! The table `sighting`: what runs saw. Lists are of the sightings of one run, with what is said of each
//! finding now.

use chrono::NaiveDateTime;
use diesel::dsl::{count_star, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::finding_store::FindingRow;
use super::model::{FindingKind, FindingState};
use crate::auth::Scope;
use crate::db::{CHUNK, Conn, on};
use crate::error::Result;
use crate::schema::{finding, sighting};
use crate::values::{Place, Programme, Stage};

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

/// What makes a finding the same as before.
pub type Facts = (Option<i64>, Option<i64>, i64, String);

impl SightingRow {
    /// What makes a finding the same as before.
    pub fn facts(&self) -> Facts {
        (self.due_fen, self.paid_fen, self.at_stake_fen, self.detail.clone())
    }
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
    /// Only what a school has answered and nobody has settled, or only the others.
    pub answered: Option<bool>,
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
        match filter.answered {
            Some(true) => query = query.filter(finding::answer.is_not_null()),
            Some(false) => query = query.filter(finding::answer.is_null()),
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
            let query = sighting::table
                .inner_join(finding::table)
                .group_by($column)
                .select(($column, count_star(), stake()))
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

/// Of a place and a stage: how many findings, and what is at stake, fen.
pub type OfPlace = (String, Option<Stage>, i64, i64);

/// How many findings there are of each place and stage, and what is at stake, fen.
pub fn by_place_and_stage(
    conn: &mut Conn,
    scope: &Scope,
    check_id: &str,
    filter: &Filter,
) -> Result<Vec<OfPlace>> {
    let query = sighting::table
        .inner_join(finding::table)
        .group_by((sighting::place, sighting::stage))
        .select((sighting::place, sighting::stage, count_star(), stake()))
        .into_boxed();
    let mut rows: Vec<OfPlace> = narrowed!(query, check_id, scope, filter).load(conn)?;
    rows.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    Ok(rows)
}

/// SUM of a BIGINT is NUMERIC on PostgreSQL; the sum of a run fits 64 bits of fen.
fn stake() -> SqlLiteral<BigInt> {
    sql("CAST(COALESCE(SUM(at_stake_fen), 0) AS BIGINT)")
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

/// Records what a run saw.
pub fn insert_sightings(conn: &mut Conn, rows: &[SightingRow]) -> Result<()> {
    for chunk in rows.chunks(CHUNK) {
        on!(conn => diesel::insert_into(sighting::table).values(chunk).execute(conn))?;
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
