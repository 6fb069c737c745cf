//! The tables `poverty_list` and `poverty_list_entry`.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::{count_star, max};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::model::{Entry, List, ListState};
use super::rules;
use crate::auth::Scope;
use crate::db::{CHUNK, Conn, MultiBackend, hold, pour};
use crate::error::{Code, Error, Result};
use crate::schema::{enrolment, import, poverty_list, poverty_list_entry};
use crate::values::{Place, digest};

/// A version within the caller's scope, to be changed.
pub fn find(conn: &mut Conn, scope: &Scope, list_id: &str) -> Result<List> {
    let (low, high) = scope.place_range();
    poverty_list::table
        .find(list_id)
        .filter(poverty_list::place.ge(low))
        .filter(poverty_list::place.lt(high))
        .select(List::as_select())
        .first(conn)
        .optional()?
        .ok_or_else(Error::not_found)
}

/// A version, for the code that writes into it: nobody checks it meanwhile.
pub fn find_held(conn: &mut Conn, list_id: &str) -> Result<List> {
    hold!(conn, poverty_list::table, list_id)?;
    Ok(poverty_list::table.find(list_id).select(List::as_select()).first(conn)?)
}

/// Who sent entries of a version in: the one who began it and whoever added rows to the draft.
pub fn senders(conn: &mut Conn, list: &List) -> Result<Vec<String>> {
    let mut senders: Vec<String> = import::table
        .filter(
            import::import_id.eq_any(
                poverty_list_entry::table
                    .filter(poverty_list_entry::list_id.eq(&list.list_id))
                    .select(poverty_list_entry::import_id),
            ),
        )
        .select(import::recorded_by)
        .distinct()
        .load(conn)?;
    senders.push(list.recorded_by.clone());
    Ok(senders)
}

/// A version that the caller may read: see [`list`].
pub fn find_to_read(conn: &mut Conn, scope: &Scope, list_id: &str) -> Result<List> {
    readable(conn, scope, Some(list_id), None, 1)?.pop().ok_or_else(Error::not_found)
}

/// The versions the caller may read, newest first, after an id: those in scope, and those locked for a
/// wider place that holds the caller's own. Each counts the entries in scope only.
pub fn list(conn: &mut Conn, scope: &Scope, after: Option<String>, limit: i64) -> Result<Vec<List>> {
    readable(conn, scope, None, after, limit)
}

fn readable(
    conn: &mut Conn,
    scope: &Scope,
    only: Option<&str>,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<List>> {
    let (low, high) = scope.place_range();
    let wider: Vec<String> =
        scope.place().into_iter().flat_map(Place::upwards).map(ToOwned::to_owned).collect();
    let own = poverty_list::place.ge(low).and(poverty_list::place.lt(high));
    // A draft is the business of those who make it.
    let above = poverty_list::place
        .eq_any(wider)
        .and(poverty_list::state.eq_any([ListState::Locked, ListState::Superseded]));
    let mut query = poverty_list::table.filter(own.or(above)).select(List::as_select()).into_boxed();
    if let Some(list_id) = only {
        query = query.filter(poverty_list::list_id.eq(list_id));
    }
    if let Some(after) = after {
        query = query.filter(poverty_list::list_id.lt(after));
    }
    let mut found: Vec<List> = query.order(poverty_list::list_id.desc()).limit(limit).load(conn)?;
    // Of a version that lies in the caller's place as a whole, the stored number is right.
    let whole = |list: &List| {
        scope.school().is_none()
            && Place::parse(&list.place).is_ok_and(|at| scope.place().is_some_and(|own| own.contains(&at)))
    };
    let parts: Vec<&str> = found.iter().filter(|l| !whole(l)).map(|l| l.list_id.as_str()).collect();
    let counts: HashMap<String, i64> = poverty_list_entry::table
        .filter(poverty_list_entry::list_id.eq_any(parts))
        .filter(in_scope(scope))
        .group_by(poverty_list_entry::list_id)
        .select((poverty_list_entry::list_id, count_star()))
        .load::<(String, i64)>(conn)?
        .into_iter()
        .collect();
    for list in found.iter_mut().filter(|list| !whole(list)) {
        list.entries = counts.get(&list.list_id).copied().unwrap_or_default();
    }
    Ok(found)
}

/// The entries a caller may see: of households in the place, or of a school's own pupils.
fn in_scope(scope: &Scope) -> Condition {
    if let Some(school) = scope.school() {
        let own_pupils = enrolment::table
            .filter(enrolment::school_code.eq(school.to_owned()))
            .filter(enrolment::superseded_at.is_null())
            .select(enrolment::person_id);
        return Box::new(poverty_list_entry::person_id.eq_any(own_pupils));
    }
    let (low, high) = scope.place_range();
    Box::new(poverty_list_entry::place.ge(low).and(poverty_list_entry::place.lt(high)))
}

type Condition = Box<dyn BoxableExpression<poverty_list_entry::table, MultiBackend, SqlType = Bool>>;

/// The number the next version of a place and term gets.
pub fn next_version(conn: &mut Conn, place: &Place, term: &str) -> Result<i32> {
    let last: Option<i32> = poverty_list::table
        .filter(poverty_list::place.eq(place.as_str()))
        .filter(poverty_list::term.eq(term))
        .select(max(poverty_list::version))
        .first(conn)?;
    Ok(last.unwrap_or(0) + 1)
}

/// The version that an import began, if it began one.
pub fn of_import(conn: &mut Conn, import_id: &str) -> Result<Option<String>> {
    Ok(poverty_list::table
        .filter(poverty_list::import_id.eq(import_id))
        .select(poverty_list::list_id)
        .first(conn)
        .optional()?)
}

/// Writes a new version.
pub fn insert(conn: &mut Conn, list: List) -> Result<()> {
    diesel::insert_into(poverty_list::table).values(list).execute(conn)?;
    Ok(())
}

/// Which of these people stand in the version already, and what their entries say.
pub fn standing(conn: &mut Conn, list_id: &str, people: &[String]) -> Result<HashMap<String, String>> {
    let mut found = HashMap::new();
    for chunk in people.chunks(CHUNK) {
        found.extend(
            poverty_list_entry::table
                .filter(poverty_list_entry::list_id.eq(list_id))
                .filter(poverty_list_entry::person_id.eq_any(chunk))
                .select((poverty_list_entry::person_id, poverty_list_entry::fingerprint))
                .load::<(String, String)>(conn)?,
        );
    }
    Ok(found)
}

/// Adds entries to a version.
pub fn insert_entries(conn: &mut Conn, entries: &[Entry]) -> Result<()> {
    pour!(conn, poverty_list_entry::table, entries)?;
    Ok(())
}

/// Sets the number of entries to what is there.
pub fn recount(conn: &mut Conn, list_id: &str) -> Result<i64> {
    let entries: i64 =
        poverty_list_entry::table.filter(poverty_list_entry::list_id.eq(list_id)).count().get_result(conn)?;
    diesel::update(poverty_list::table.find(list_id)).set(poverty_list::entries.eq(entries)).execute(conn)?;
    Ok(entries)
}

/// Checks a version in scope.
pub fn check(conn: &mut Conn, scope: &Scope, by: &str, list_id: &str, at: NaiveDateTime) -> Result<List> {
    rules::may_check(&find(conn, scope, list_id)?)?;
    if !set_checked(conn, list_id, by, at)? {
        return Err(Error::of(Code::Conflict));
    }
    find(conn, scope, list_id)
}

/// Locks a version in scope.
pub fn lock(conn: &mut Conn, scope: &Scope, by: &str, list_id: &str, at: NaiveDateTime) -> Result<List> {
    let list = find(conn, scope, list_id)?;
    rules::may_lock(&list, &senders(conn, &list)?, by)?;
    if !set_locked(conn, &list, by, at)? {
        return Err(Error::of(Code::Conflict));
    }
    find(conn, scope, list_id)
}

/// Draft → checked; nothing happens if someone else was faster.
fn set_checked(conn: &mut Conn, list_id: &str, by: &str, at: NaiveDateTime) -> Result<bool> {
    let done =
        diesel::update(poverty_list::table.find(list_id).filter(poverty_list::state.eq(ListState::Draft)))
            .set((
                poverty_list::state.eq(ListState::Checked),
                poverty_list::checked_by.eq(by),
                poverty_list::checked_at.eq(at),
            ))
            .execute(conn)?;
    Ok(done == 1)
}

/// Checked → locked with the digest of the content, and the older locked versions of the same place
/// and term are superseded.
fn set_locked(conn: &mut Conn, list: &List, by: &str, at: NaiveDateTime) -> Result<bool> {
    let digest = content_digest(conn, &list.list_id)?;
    let done = diesel::update(
        poverty_list::table.find(&list.list_id).filter(poverty_list::state.eq(ListState::Checked)),
    )
    .set((
        poverty_list::state.eq(ListState::Locked),
        poverty_list::locked_by.eq(by),
        poverty_list::locked_at.eq(at),
        poverty_list::digest.eq(digest),
    ))
    .execute(conn)?;
    if done != 1 {
        return Ok(false);
    }
    diesel::update(
        poverty_list::table
            .filter(poverty_list::place.eq(&list.place))
            .filter(poverty_list::state.eq(ListState::Locked))
            .filter(poverty_list::valid_from.le(list.valid_from))
            .filter(poverty_list::list_id.ne(&list.list_id)),
    )
    .set((
        poverty_list::state.eq(ListState::Superseded),
        poverty_list::superseded_by.eq(&list.list_id),
        poverty_list::superseded_at.eq(at),
    ))
    .execute(conn)?;
    count_locks(conn)?;
    Ok(true)
}

/// Gives each locked version that has none the next number: the one just locked, and those that an older
/// program locked meanwhile. Two who lock at once reach for the same number; one of them begins again.
fn count_locks(conn: &mut Conn) -> Result<()> {
    let last: Option<i64> = poverty_list::table.select(max(poverty_list::lock_number)).first(conn)?;
    let uncounted: Vec<String> = poverty_list::table
        .filter(poverty_list::locked_at.is_not_null())
        .filter(poverty_list::lock_number.is_null())
        .select(poverty_list::list_id)
        .order((poverty_list::locked_at.asc(), poverty_list::list_id.asc()))
        .load(conn)?;
    for (number, list_id) in (last.unwrap_or(0) + 1..).zip(uncounted) {
        diesel::update(poverty_list::table.find(list_id))
            .set(poverty_list::lock_number.eq(number))
            .execute(conn)?;
    }
    Ok(())
}

/// Every version that was ever locked, with its number.
pub fn all_locked(conn: &mut Conn) -> Result<Vec<(List, Option<i64>)>> {
    Ok(poverty_list::table
        .filter(poverty_list::locked_at.is_not_null())
        .select((List::as_select(), poverty_list::lock_number))
        .load(conn)?)
}

/// SHA-256 over what the entries say, whatever their order.
pub fn content_digest(conn: &mut Conn, list_id: &str) -> Result<String> {
    Ok(digest::of_set(
        says(conn, list_id)?.into_iter().map(|(person, says)| format!("{person}|{says}")).collect(),
    ))
}

/// What each person's entry says.
pub fn says(conn: &mut Conn, list_id: &str) -> Result<BTreeMap<String, String>> {
    Ok(poverty_list_entry::table
        .filter(poverty_list_entry::list_id.eq(list_id))
        .select((poverty_list_entry::person_id, poverty_list_entry::fingerprint))
        .load::<(String, String)>(conn)?
        .into_iter()
        .collect())
}

/// A page of entries in the order they were recorded. A school sees only its own pupils.
pub fn entries(
    conn: &mut Conn,
    scope: &Scope,
    list_id: &str,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<Entry>> {
    Ok(poverty_list_entry::table
        .filter(poverty_list_entry::list_id.eq(list_id))
        .filter(poverty_list_entry::entry_id.gt(after.unwrap_or_default()))
        .filter(in_scope(scope))
        .select(Entry::as_select())
        .order(poverty_list_entry::entry_id.asc())
        .limit(limit)
        .load(conn)?)
}

/// Entries of some people in a version.
pub fn entries_of(conn: &mut Conn, list_id: &str, people: &[String]) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for chunk in people.chunks(CHUNK) {
        found.extend(
            poverty_list_entry::table
                .filter(poverty_list_entry::list_id.eq(list_id))
                .filter(poverty_list_entry::person_id.eq_any(chunk))
                .select(Entry::as_select())
                .load(conn)?,
        );
    }
    Ok(found)
}

/// Every entry of a version whose household lies in the place.
pub fn all_entries(conn: &mut Conn, list_id: &str, place: &Place) -> Result<Vec<Entry>> {
    let (low, high) = place.range();
    Ok(poverty_list_entry::table
        .filter(poverty_list_entry::list_id.eq(list_id))
        .filter(poverty_list_entry::place.ge(low))
        .filter(poverty_list_entry::place.lt(high))
        .select(Entry::as_select())
        .order(poverty_list_entry::row_number.asc())
        .load(conn)?)
}

/// The version of the same place that was locked last before this one, as known at a moment.
pub fn before(conn: &mut Conn, list: &List, known_at: NaiveDateTime) -> Result<Option<List>> {
    let Some(locked_at) = list.locked_at else { return Ok(None) };
    Ok(poverty_list::table
        .filter(poverty_list::place.eq(&list.place))
        .filter(poverty_list::list_id.ne(&list.list_id))
        .filter(poverty_list::locked_at.lt(locked_at))
        .filter(poverty_list::locked_at.le(known_at))
        .select(List::as_select())
        .order((poverty_list::locked_at.desc(), poverty_list::list_id.desc()))
        .first(conn)
        .optional()?)
}

/// Who is listed in which household: person, place and household number, for entries that have one.
pub fn households(conn: &mut Conn, list_id: &str, place: &Place) -> Result<Vec<(String, String, String)>> {
    let (low, high) = place.range();
    Ok(poverty_list_entry::table
        .filter(poverty_list_entry::list_id.eq(list_id))
        .filter(poverty_list_entry::place.ge(low))
        .filter(poverty_list_entry::place.lt(high))
        .filter(poverty_list_entry::household_no.is_not_null())
        .select((
            poverty_list_entry::person_id,
            poverty_list_entry::place,
            poverty_list_entry::household_no.assume_not_null(),
        ))
        .load(conn)?)
}

/// The versions in force on a date as known at a moment: for each place the one that speaks for the
/// latest first day, and of those the one locked last.
pub fn in_force(conn: &mut Conn, as_of: NaiveDate, known_at: NaiveDateTime) -> Result<Vec<List>> {
    let lists: Vec<List> = poverty_list::table
        .filter(poverty_list::locked_at.le(known_at))
        .filter(poverty_list::valid_from.le(as_of))
        .select(List::as_select())
        .order((
            poverty_list::valid_from.desc(),
            poverty_list::locked_at.desc(),
            poverty_list::list_id.desc(),
        ))
        .load(conn)?;
    let mut of_place: BTreeMap<String, List> = BTreeMap::new();
    for list in lists {
        of_place.entry(list.place.clone()).or_insert(list);
    }
    Ok(of_place.into_values().collect())
}
