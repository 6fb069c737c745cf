//! The table `cross_check`: the runs.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::auth::Scope;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::schema::cross_check;
use crate::values::Place;

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
    /// When its findings were last made the current ones of its place and term.
    pub applied_at: Option<NaiveDateTime>,
}

/// The run of the very same inputs.
pub fn find_same(conn: &mut Conn, input_digest: &str) -> Result<Option<CheckRow>> {
    Ok(cross_check::table
        .filter(cross_check::input_digest.eq(input_digest))
        .select(CheckRow::as_select())
        .first(conn)
        .optional()?)
}

/// Saves a run.
pub fn insert(conn: &mut Conn, check: &CheckRow) -> Result<()> {
    diesel::insert_into(cross_check::table).values(check.clone()).execute(conn)?;
    Ok(())
}

/// Whether the findings of this run are the current ones of its place and term.
pub fn is_latest(conn: &mut Conn, check: &CheckRow) -> Result<bool> {
    let latest: Option<String> = cross_check::table
        .filter(cross_check::place.eq(&check.place))
        .filter(cross_check::term.eq(&check.term))
        .filter(cross_check::applied_at.is_not_null())
        .select(cross_check::check_id)
        .order((cross_check::applied_at.desc(), cross_check::check_id.desc()))
        .first(conn)
        .optional()?;
    Ok(latest.as_deref() == Some(check.check_id.as_str()))
}

/// Notes that the findings of this run are the current ones.
pub fn apply(conn: &mut Conn, check_id: &str, at: NaiveDateTime) -> Result<()> {
    diesel::update(cross_check::table.find(check_id)).set(cross_check::applied_at.eq(at)).execute(conn)?;
    Ok(())
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
