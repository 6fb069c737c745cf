//! The tables `aid_record` and `aid_entry`: records with their ledgers. The payments in them are read by
//! [`super::payments`].

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;

use super::ledger;
use super::model::{AidRecord, AidState, Entry, Origin};
use crate::auth::{Scope, within};
use crate::db::{CHUNK, Conn, MultiBackend, on, pour};
use crate::error::{Error, Result};
use crate::page::{PlaceKey, beyond};
use crate::schema::{aid_entry, aid_record, person};
use crate::values::{Place, Programme};

type Condition = Box<dyn BoxableExpression<aid_record::table, MultiBackend, SqlType = Bool>>;

/// The records a caller may see: of schools in the place, of the own school, of the own child.
fn in_scope(scope: &Scope) -> Condition {
    let seen = within!(aid_record.school_code, scope);
    match (scope.student(), scope.place()) {
        // A guardian has no place, and a child whatever its school.
        (Some(child), None) => Box::new(aid_record::person_id.eq(child.to_owned())),
        (Some(child), Some(_)) => Box::new(seen.and(aid_record::person_id.eq(child.to_owned()))),
        (None, _) => seen,
    }
}

/// Records new records, each with the line that begins its ledger.
pub fn insert(conn: &mut Conn, records: &[AidRecord], entries: &[Entry]) -> Result<()> {
    pour!(conn, aid_record::table, records)?;
    append(conn, entries)
}

/// Saves records after an act, with the lines it added. Whoever reached for the same line first wins.
pub fn save(conn: &mut Conn, records: &[AidRecord], entries: &[Entry]) -> Result<()> {
    append(conn, entries)?;
    for chunk in records.chunks(CHUNK) {
        on!(conn => diesel::insert_into(aid_record::table)
            .values(chunk)
            .on_conflict(aid_record::record_id)
            .do_update()
            .set((
                aid_record::state.eq(excluded(aid_record::state)),
                aid_record::paid_fen.eq(excluded(aid_record::paid_fen)),
                aid_record::returned_fen.eq(excluded(aid_record::returned_fen)),
                aid_record::paid_on.eq(excluded(aid_record::paid_on)),
                aid_record::notice_id.eq(excluded(aid_record::notice_id)),
                aid_record::approved_by.eq(excluded(aid_record::approved_by)),
                aid_record::version.eq(excluded(aid_record::version)),
            ))
            .execute(conn))?;
    }
    Ok(())
}

fn append(conn: &mut Conn, entries: &[Entry]) -> Result<()> {
    pour!(conn, aid_entry::table, entries)?;
    Ok(())
}

/// What to list.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    /// Only this term.
    pub term: Option<String>,
    /// Only schools in this place.
    pub place: Option<Place>,
    /// Only this programme.
    pub programme: Option<Programme>,
    /// Only this school.
    pub school: Option<String>,
    /// Only this student.
    pub student: Option<String>,
    /// Only this state.
    pub state: Option<AidState>,
    /// Only of this origin.
    pub origin: Option<Origin>,
    /// Only on this notice.
    pub notice: Option<String>,
}

/// A page of the records in scope, place by place and in each oldest first.
pub fn list(
    conn: &mut Conn,
    scope: &Scope,
    filter: Filter,
    after: Option<PlaceKey>,
    limit: i64,
) -> Result<Vec<AidRecord>> {
    let mut query = aid_record::table.filter(in_scope(scope)).select(AidRecord::as_select()).into_boxed();
    if let Some(key) = after {
        query = query.filter(beyond!("aid_record.place, aid_record.record_id", key));
    }
    if let Some(term) = filter.term {
        query = query.filter(aid_record::term.eq(term));
    }
    if let Some(place) = filter.place {
        let (low, high) = place.range();
        query = query.filter(aid_record::place.ge(low)).filter(aid_record::place.lt(high));
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
    if let Some(state) = filter.state {
        query = query.filter(aid_record::state.eq(state));
    }
    if let Some(origin) = filter.origin {
        query = query.filter(aid_record::origin.eq(origin));
    }
    if let Some(notice) = filter.notice {
        query = query.filter(aid_record::notice_id.eq(notice));
    }
    Ok(query.order((aid_record::place.asc(), aid_record::record_id.asc())).limit(limit).load(conn)?)
}

/// One record in scope.
pub fn find(conn: &mut Conn, scope: &Scope, record_id: &str) -> Result<AidRecord> {
    aid_record::table
        .find(record_id.to_owned())
        .filter(in_scope(scope))
        .select(AidRecord::as_select())
        .first(conn)
        .optional()?
        .ok_or_else(Error::not_found)
}

/// Records in scope, to be changed, by id; on PostgreSQL nobody else changes them until the transaction
/// ends (on SQLite nobody else writes at all). What is absent or out of scope is left out.
pub fn take(conn: &mut Conn, scope: &Scope, ids: &[String]) -> Result<HashMap<String, AidRecord>> {
    let mut found = HashMap::new();
    let mut ids = ids.to_vec();
    // In one order for everybody, so that two who take the same records cannot wait for each other.
    ids.sort_unstable();
    ids.dedup();
    for chunk in ids.chunks(CHUNK) {
        let locked: Vec<String> = match conn {
            Conn::Pg(conn) => aid_record::table
                .filter(aid_record::record_id.eq_any(chunk))
                .order(aid_record::record_id.asc())
                .select(aid_record::record_id)
                .for_update()
                .load(conn)?,
            Conn::Sqlite(_) => chunk.to_vec(),
        };
        let rows: Vec<AidRecord> = aid_record::table
            .filter(aid_record::record_id.eq_any(locked))
            .filter(in_scope(scope))
            .select(AidRecord::as_select())
            .load(conn)?;
        found.extend(rows.into_iter().map(|r| (r.record_id.clone(), r)));
    }
    Ok(found)
}

/// The ledgers of some records, each in its order, as known at a moment.
pub fn ledgers(
    conn: &mut Conn,
    records: &[String],
    known_at: NaiveDateTime,
) -> Result<HashMap<String, Vec<Entry>>> {
    let mut found: HashMap<String, Vec<Entry>> = HashMap::new();
    for chunk in records.chunks(CHUNK) {
        let rows: Vec<Entry> = aid_entry::table
            .filter(aid_entry::record_id.eq_any(chunk))
            .filter(aid_entry::recorded_at.le(known_at))
            .select(Entry::as_select())
            .order((aid_entry::record_id.asc(), aid_entry::line.asc()))
            .load(conn)?;
        for row in rows {
            found.entry(row.record_id.clone()).or_default().push(row);
        }
    }
    Ok(found)
}

/// The ledger of one record.
pub fn ledger(conn: &mut Conn, record_id: &str) -> Result<Vec<Entry>> {
    Ok(aid_entry::table
        .filter(aid_entry::record_id.eq(record_id))
        .select(Entry::as_select())
        .order(aid_entry::line.asc())
        .load(conn)?)
}

/// What the ledgers of some records had come to by a moment. One with no line by then is left out.
pub fn as_known(
    conn: &mut Conn,
    records: &[String],
    known_at: NaiveDateTime,
) -> Result<HashMap<String, ledger::Told>> {
    let mut told = HashMap::with_capacity(records.len());
    for (record, lines) in ledgers(conn, records, known_at)? {
        let come_to =
            ledger::fold(&lines).map_err(|_refused| Error::internal("aid: a ledger does not follow"))?;
        told.extend(come_to.map(|come_to| (record, come_to)));
    }
    Ok(told)
}

/// The live office records of some students in a term, for holding a proposal against them.
pub fn live(conn: &mut Conn, people: &[String], term: &str) -> Result<HashMap<String, Vec<AidRecord>>> {
    let mut found: HashMap<String, Vec<AidRecord>> = HashMap::new();
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<AidRecord> = aid_record::table
            .filter(aid_record::person_id.eq_any(chunk))
            .filter(aid_record::term.eq(term))
            .filter(aid_record::origin.eq(Origin::Office))
            .filter(aid_record::state.ne_all([AidState::Cancelled, AidState::Corrected]))
            .select(AidRecord::as_select())
            .order(aid_record::record_id.asc())
            .load(conn)?;
        for row in rows {
            found.entry(row.person_id.clone()).or_default().push(row);
        }
    }
    Ok(found)
}

/// Keeps others from proposing for these students until the transaction ends: on PostgreSQL by locking
/// their rows in the vault, in one order for everybody; on SQLite nobody else writes at all.
pub fn lock_people(conn: &mut Conn, people: &[String]) -> Result<()> {
    let Conn::Pg(conn) = conn else { return Ok(()) };
    let mut people = people.to_vec();
    people.sort_unstable();
    for chunk in people.chunks(CHUNK) {
        person::table
            .filter(person::person_id.eq_any(chunk))
            .order(person::person_id.asc())
            .select(person::person_id)
            .for_update()
            .load::<String>(conn)?;
    }
    Ok(())
}
