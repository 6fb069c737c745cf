//! The tables `school`, `enrolment`, `category` and `evidence`: what was recorded is superseded, never
//! overwritten. "Known at" is everywhere the same: recorded by then and not superseded by then.

use std::collections::{HashMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::model::{CategoryRecord, Enrolment, EvidenceRecord, School};
use crate::auth::Scope;
use crate::db::{CHUNK, Conn, pour};
use crate::error::{Error, Result};
use crate::page::{PlaceKey, beyond};
use crate::schema::{category, enrolment, evidence, poverty_list_entry, school};
use crate::values::Place;

/// The current records of some schools, by code.
pub fn schools_of(conn: &mut Conn, codes: &[String]) -> Result<HashMap<String, School>> {
    let mut found = HashMap::new();
    for chunk in codes.chunks(CHUNK) {
        let rows: Vec<School> = school::table
            .filter(school::code.eq_any(chunk))
            .filter(school::superseded_at.is_null())
            .select(School::as_select())
            .load(conn)?;
        found.extend(rows.into_iter().map(|s| (s.code.clone(), s)));
    }
    Ok(found)
}

/// Records schools; the former record of the same code is superseded.
pub fn record_schools(conn: &mut Conn, schools: &[School], at: NaiveDateTime) -> Result<()> {
    let codes: Vec<&str> = schools.iter().map(|s| s.code.as_str()).collect();
    diesel::update(school::table.filter(school::code.eq_any(codes)).filter(school::superseded_at.is_null()))
        .set(school::superseded_at.eq(at))
        .execute(conn)?;
    pour!(conn, school::table, schools)?;
    Ok(())
}

/// The schools in scope, by code.
pub fn schools(conn: &mut Conn, scope: &Scope, after: Option<String>, limit: i64) -> Result<Vec<School>> {
    let (low, high) = scope.place_range();
    let mut query = school::table
        .filter(school::superseded_at.is_null())
        .filter(school::place.ge(low))
        .filter(school::place.lt(high))
        .filter(school::code.gt(after.unwrap_or_default()))
        .select(School::as_select())
        .into_boxed();
    if let Some(own) = scope.school() {
        query = query.filter(school::code.eq(own.to_owned()));
    }
    Ok(query.order(school::code.asc()).limit(limit).load(conn)?)
}

/// A current row: its id and its fingerprint.
pub type Current = (String, String);

/// The current rows of some students in a term, by person and school.
pub fn current(
    conn: &mut Conn,
    term: &str,
    people: &[String],
) -> Result<HashMap<String, HashMap<String, Current>>> {
    let mut found: HashMap<String, HashMap<String, Current>> = HashMap::new();
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<(String, String, String, String)> = enrolment::table
            .filter(enrolment::term.eq(term))
            .filter(enrolment::person_id.eq_any(chunk))
            .filter(enrolment::superseded_at.is_null())
            .select((
                enrolment::person_id,
                enrolment::school_code,
                enrolment::enrolment_id,
                enrolment::fingerprint,
            ))
            .load(conn)?;
        for (person, school, id, print) in rows {
            found.entry(person).or_default().insert(school, (id, print));
        }
    }
    Ok(found)
}

/// Supersedes rows, with the categories and evidence they said.
pub fn supersede(conn: &mut Conn, enrolments: &[String], at: NaiveDateTime) -> Result<()> {
    for chunk in enrolments.chunks(CHUNK) {
        diesel::update(enrolment::table.filter(enrolment::enrolment_id.eq_any(chunk)))
            .set(enrolment::superseded_at.eq(at))
            .execute(conn)?;
        diesel::update(
            category::table
                .filter(category::enrolment_id.eq_any(chunk))
                .filter(category::superseded_at.is_null()),
        )
        .set(category::superseded_at.eq(at))
        .execute(conn)?;
        diesel::update(
            evidence::table
                .filter(evidence::enrolment_id.eq_any(chunk))
                .filter(evidence::superseded_at.is_null()),
        )
        .set(evidence::superseded_at.eq(at))
        .execute(conn)?;
    }
    Ok(())
}

/// Records rows with what they say.
pub fn record(
    conn: &mut Conn,
    enrolments: &[Enrolment],
    categories: &[CategoryRecord],
    evidences: &[EvidenceRecord],
) -> Result<()> {
    pour!(conn, enrolment::table, enrolments)?;
    pour!(conn, category::table, categories)?;
    pour!(conn, evidence::table, evidences)?;
    Ok(())
}

/// The counties within a place that have rows of a term, for going through them one by one.
pub fn places_of_term(conn: &mut Conn, term: &str, place: &Place) -> Result<Vec<String>> {
    let (low, high) = place.range();
    Ok(enrolment::table
        .filter(enrolment::term.eq(term))
        .filter(enrolment::place.ge(low))
        .filter(enrolment::place.lt(high))
        .select(enrolment::place)
        .distinct()
        .order(enrolment::place.asc())
        .load(conn)?)
}

/// The current rows of a term at schools of one county, in pages by student and row. The county is given
/// whole and not as a range, so that each page is read from the index and none is sorted.
pub fn of_term(
    conn: &mut Conn,
    term: &str,
    county: &str,
    after: Option<&Enrolment>,
    limit: i64,
) -> Result<Vec<Enrolment>> {
    let (person, row) = after.map_or(("", ""), |last| (last.person_id.as_str(), last.enrolment_id.as_str()));
    Ok(enrolment::table
        .filter(enrolment::term.eq(term))
        .filter(enrolment::place.eq(county))
        .filter(enrolment::person_id.ge(person))
        .filter(enrolment::person_id.gt(person).or(enrolment::enrolment_id.gt(row)))
        .filter(enrolment::superseded_at.is_null())
        .select(Enrolment::as_select())
        .order((enrolment::person_id.asc(), enrolment::enrolment_id.asc()))
        .limit(limit)
        .load(conn)?)
}

/// Current rows of a term for some students, wherever they study.
pub fn of_people(conn: &mut Conn, term: &str, people: &[String]) -> Result<Vec<Enrolment>> {
    let mut found = Vec::new();
    for chunk in people.chunks(CHUNK) {
        found.extend(
            enrolment::table
                .filter(enrolment::term.eq(term))
                .filter(enrolment::person_id.eq_any(chunk))
                .filter(enrolment::superseded_at.is_null())
                .select(Enrolment::as_select())
                .load(conn)?,
        );
    }
    Ok(found)
}

/// The students on the roll of a term at schools in a place, or at one of them, each once.
pub fn people_of_term(
    conn: &mut Conn,
    term: &str,
    place: &Place,
    school: Option<&str>,
) -> Result<Vec<String>> {
    let (low, high) = place.range();
    let mut query = enrolment::table
        .filter(enrolment::term.eq(term))
        .filter(enrolment::place.ge(low))
        .filter(enrolment::place.lt(high))
        .filter(enrolment::superseded_at.is_null())
        .select(enrolment::person_id)
        .distinct()
        .into_boxed();
    if let Some(code) = school {
        query = query.filter(enrolment::school_code.eq(code));
    }
    Ok(query.order(enrolment::person_id.asc()).load(conn)?)
}

/// A page of the students in scope in a term, by place and in the order they were recorded.
pub fn students(
    conn: &mut Conn,
    scope: &Scope,
    term: &str,
    after: Option<PlaceKey>,
    limit: i64,
) -> Result<Vec<Enrolment>> {
    let (low, high) = scope.place_range();
    let mut query = enrolment::table
        .filter(enrolment::term.eq(term.to_owned()))
        .filter(enrolment::place.ge(low))
        .filter(enrolment::place.lt(high))
        .filter(enrolment::superseded_at.is_null())
        .select(Enrolment::as_select())
        .into_boxed();
    if let Some(own) = scope.school() {
        query = query.filter(enrolment::school_code.eq(own.to_owned()));
    }
    if let Some(key) = after {
        query = query.filter(beyond!("enrolment.place, enrolment.enrolment_id", key));
    }
    Ok(query.order((enrolment::place.asc(), enrolment::enrolment_id.asc())).limit(limit).load(conn)?)
}

/// Which of these people the caller may see: through a school in scope, or a household in scope on a
/// list. A guardian sees the one child of the token, a school its own pupils.
pub fn visible(conn: &mut Conn, scope: &Scope, people: &[String]) -> Result<Vec<String>> {
    if let Some(child) = scope.student() {
        return Ok(people.iter().filter(|p| *p == child).cloned().collect());
    }
    let (low, high) = scope.place_range();
    let mut seen = Vec::new();
    for chunk in people.chunks(CHUNK) {
        let mut enrolled = enrolment::table
            .filter(enrolment::person_id.eq_any(chunk))
            .filter(enrolment::place.ge(low.clone()))
            .filter(enrolment::place.lt(high.clone()))
            .select(enrolment::person_id)
            .distinct()
            .into_boxed();
        if let Some(own) = scope.school() {
            enrolled = enrolled.filter(enrolment::school_code.eq(own.to_owned()));
        }
        seen.extend(enrolled.load::<String>(conn)?);
        if scope.school().is_none() {
            seen.extend(
                poverty_list_entry::table
                    .filter(poverty_list_entry::person_id.eq_any(chunk))
                    .filter(poverty_list_entry::place.ge(low.clone()))
                    .filter(poverty_list_entry::place.lt(high.clone()))
                    .select(poverty_list_entry::person_id)
                    .distinct()
                    .load::<String>(conn)?,
            );
        }
    }
    seen.sort_unstable();
    seen.dedup();
    Ok(seen)
}

/// One person within the caller's scope, or 404.
pub fn must_see(conn: &mut Conn, scope: &Scope, person_id: &str) -> Result<()> {
    if visible(conn, scope, &[person_id.to_owned()])?.is_empty() { Err(Error::not_found()) } else { Ok(()) }
}

/// Declares the same question for two tables of the same shape: what holds on a day, recorded and not
/// taken back, for the students of a term at schools in a place and for the further people named.
macro_rules! said_of_term {
    ($(#[$meta:meta])* $name:ident: $table:ident, $id:ident -> $row:ident) => {
        $(#[$meta])*
        pub fn $name(
            conn: &mut Conn,
            term: &str,
            place: &Place,
            as_of: NaiveDate,
            further: &[String],
        ) -> Result<Vec<$row>> {
            let (low, high) = place.range();
            let here = enrolment::table
                .filter(enrolment::term.eq(term))
                .filter(enrolment::place.ge(low))
                .filter(enrolment::place.lt(high))
                .filter(enrolment::superseded_at.is_null())
                .select(enrolment::person_id);
            let holding = || {
                $table::table
                    .filter($table::superseded_at.is_null())
                    .filter($table::valid_from.le(as_of))
                    .filter($table::valid_to.is_null().or($table::valid_to.gt(as_of)))
                    .select($row::as_select())
            };
            let mut found: Vec<$row> = holding().filter($table::person_id.eq_any(here)).load(conn)?;
            let met: HashSet<String> = found.iter().map(|row| row.$id.clone()).collect();
            for chunk in further.chunks(CHUNK) {
                let more: Vec<$row> = holding().filter($table::person_id.eq_any(chunk)).load(conn)?;
                found.extend(more.into_iter().filter(|row| !met.contains(&row.$id)));
            }
            Ok(found)
        }
    };
}

said_of_term! {
    /// The categories that hold on a day.
    categories_of_term: category, category_id -> CategoryRecord
}
said_of_term! {
    /// The evidence that holds on a day.
    evidence_of_term: evidence, evidence_id -> EvidenceRecord
}
