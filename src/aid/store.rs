//! The table `aid_record`.

use std::collections::HashSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::model::AidRecord;
use crate::auth::Scope;
use crate::db::{CHUNK, Conn, on};
use crate::error::{Error, Result};
use crate::schema::aid_record;
use crate::values::{Place, Programme};

/// Which of these payments are recorded already.
pub fn recorded(conn: &mut Conn, keys: &[String]) -> Result<HashSet<String>> {
    let mut found = HashSet::new();
    for chunk in keys.chunks(CHUNK) {
        found.extend(
            aid_record::table
                .filter(aid_record::row_key.eq_any(chunk))
                .select(aid_record::row_key)
                .load::<String>(conn)?,
        );
    }
    Ok(found)
}

/// Records payments.
pub fn insert(conn: &mut Conn, records: &[AidRecord]) -> Result<()> {
    for chunk in records.chunks(CHUNK) {
        on!(conn => diesel::insert_into(aid_record::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// What to list.
#[derive(Debug, Default)]
pub struct Filter {
    /// Only this term.
    pub term: Option<String>,
    /// Only this programme.
    pub programme: Option<Programme>,
    /// Only this school.
    pub school: Option<String>,
    /// Only this student.
    pub student: Option<String>,
}

/// A page of the records in scope, oldest first.
pub fn list(
    conn: &mut Conn,
    scope: &Scope,
    filter: Filter,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<AidRecord>> {
    let (low, high) = scope.place_range();
    let mut query = aid_record::table
        .filter(aid_record::place.ge(low))
        .filter(aid_record::place.lt(high))
        .filter(aid_record::record_id.gt(after.unwrap_or_default()))
        .select(AidRecord::as_select())
        .into_boxed();
    if let Some(own) = scope.school() {
        query = query.filter(aid_record::school_code.eq(own.to_owned()));
    }
    if let Some(term) = filter.term {
        query = query.filter(aid_record::term.eq(term));
    }
    if let Some(programme) = filter.programme {
        query = query.filter(aid_record::programme.eq(programme));
    }
    if let Some(school) = filter.school {
        query = query.filter(aid_record::school_code.eq(school));
    }
    if let Some(student) = filter.student {
        query = query.filter(aid_record::person_id.eq(student));
    }
    Ok(query.order(aid_record::record_id.asc()).limit(limit).load(conn)?)
}

/// One record in scope.
pub fn find(conn: &mut Conn, scope: &Scope, record_id: &str) -> Result<AidRecord> {
    let (low, high) = scope.place_range();
    let mut query = aid_record::table
        .find(record_id.to_owned())
        .filter(aid_record::place.ge(low))
        .filter(aid_record::place.lt(high))
        .select(AidRecord::as_select())
        .into_boxed();
    if let Some(own) = scope.school() {
        query = query.filter(aid_record::school_code.eq(own.to_owned()));
    }
    query.first(conn).optional()?.ok_or_else(Error::not_found)
}

/// Aid of some students in a term, as known at a moment.
pub fn of_people(
    conn: &mut Conn,
    people: &[String],
    term: &str,
    known_at: NaiveDateTime,
) -> Result<Vec<AidRecord>> {
    let mut found = Vec::new();
    for chunk in people.chunks(CHUNK) {
        found.extend(
            aid_record::table
                .filter(aid_record::person_id.eq_any(chunk))
                .filter(aid_record::term.eq(term))
                .filter(aid_record::recorded_at.le(known_at))
                .select(AidRecord::as_select())
                .order(aid_record::record_id.asc())
                .load(conn)?,
        );
    }
    Ok(found)
}

/// The counties within a place that have records of a term, for going through them one by one.
pub fn places_of_term(conn: &mut Conn, term: &str, place: &Place) -> Result<Vec<String>> {
    let (low, high) = place.range();
    Ok(aid_record::table
        .filter(aid_record::term.eq(term))
        .filter(aid_record::place.ge(low))
        .filter(aid_record::place.lt(high))
        .select(aid_record::place)
        .distinct()
        .order(aid_record::place.asc())
        .load(conn)?)
}

/// The records of a term paid at schools of one county, in pages. The county is given whole and not as a
/// range, so that each page is read from the index and none is sorted.
pub fn of_term(conn: &mut Conn, term: &str, county: &str, after: &str, limit: i64) -> Result<Vec<AidRecord>> {
    Ok(aid_record::table
        .filter(aid_record::term.eq(term))
        .filter(aid_record::place.eq(county))
        .filter(aid_record::record_id.gt(after))
        .select(AidRecord::as_select())
        .order(aid_record::record_id.asc())
        .limit(limit)
        .load(conn)?)
}
