//! The way in: find or create, a chunk at a time.
//!
//! Who somebody is: the resident id decides; without one, the student number. A person first known by
//! student number gets the id when it is first seen with that number. An id that is already known
//! keeps its first student number, and a number that belongs to somebody else is kept as text without
//! an index: two ids are never made one person because a number was mistyped.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as Diesel};
use diesel::upsert::excluded;

use super::rows::{AccountRow, Column, NameRow, PersonRow};
use super::{Incoming, PersonRef};
use crate::db::{CHUNK, Conn, on};
use crate::error::{Code, Error, Result};
use crate::schema::{account, person, person_name};
use crate::seal::suite::Tag;
use crate::seal::{Domain, Sealer};
use crate::values::{Text, clock};

/// Finds or creates each person and each spelling of a name; answers in the order asked. Entering the
/// same again changes nothing, also within one call.
///
/// Refused (`invalid_input`) if somebody has neither resident id nor student number. If two calls
/// enter the same new person at the same moment, one of them has written nothing and may begin again
/// ([`Error::met_another`]).
pub fn enter(
    conn: &mut Conn,
    sealer: &Sealer,
    people: &[Incoming],
    now: NaiveDateTime,
) -> Result<Vec<PersonRef>> {
    let mut refs = Vec::with_capacity(people.len());
    for chunk in people.chunks(CHUNK) {
        let people = enter_people(conn, sealer, chunk, now)?;
        refs.extend(enter_names(conn, sealer, chunk, people, now)?);
    }
    Ok(refs)
}

/// The people of a chunk: first those stored already, with what of them changed, then those to be created.
struct Draft {
    rows: Vec<PersonRow>,
    changed: Vec<bool>,
    stored: usize,
    by_id: HashMap<Vec<u8>, usize>,
    by_number: HashMap<Vec<u8>, usize>,
}

fn enter_people(
    conn: &mut Conn,
    sealer: &Sealer,
    chunk: &[Incoming],
    now: NaiveDateTime,
) -> Result<Vec<(String, bool)>> {
    let keys: Vec<_> = chunk
        .iter()
        .map(|one| {
            let index = |domain, text: &String| sealer.blind_index(domain, text).to_vec();
            let id = one.id.as_ref().map(|text| index(Domain::ResidentId, text));
            let number = one.student_number.as_ref().map(|text| index(Domain::StudentNumber, text));
            (id, number)
        })
        .collect();
    let mut draft = Draft::load(conn, &keys)?;
    let mut people = Vec::with_capacity(chunk.len());
    for (one, (id_bidx, number_bidx)) in chunk.iter().zip(keys) {
        people.push(draft.place(sealer, one, id_bidx, number_bidx, now)?);
    }
    draft.store(conn)?;
    Ok(people)
}

type Keys = (Option<Vec<u8>>, Option<Vec<u8>>);

impl Draft {
    fn load(conn: &mut Conn, keys: &[Keys]) -> Result<Self> {
        let ids: Vec<_> = keys.iter().filter_map(|(id, _)| id.as_ref()).collect();
        let numbers: Vec<_> = keys.iter().filter_map(|(_, number)| number.as_ref()).collect();
        // Two questions, not one with OR: each is answered from its index on both engines.
        let mut rows: Vec<PersonRow> = person::table.filter(person::id_bidx.eq_any(ids)).load(conn)?;
        let seen: HashSet<String> = rows.iter().map(|row| row.person_id.clone()).collect();
        let by_number: Vec<PersonRow> =
            person::table.filter(person::number_bidx.eq_any(numbers)).load(conn)?;
        rows.extend(by_number.into_iter().filter(|row| !seen.contains(&row.person_id)));
        let mut draft = Self {
            changed: vec![false; rows.len()],
            stored: rows.len(),
            rows: Vec::new(),
            by_id: HashMap::new(),
            by_number: HashMap::new(),
        };
        for (at, row) in rows.iter().enumerate() {
            draft.by_id.extend(row.id_bidx.clone().map(|key| (key, at)));
            draft.by_number.extend(row.number_bidx.clone().map(|key| (key, at)));
        }
        draft.rows = rows;
        Ok(draft)
    }

    /// Finds the person among the rows, completes the row or adds one; answers with its id and whether
    /// it is a new one.
    fn place(
        &mut self,
        sealer: &Sealer,
        one: &Incoming,
        id_bidx: Option<Vec<u8>>,
        number_bidx: Option<Vec<u8>>,
        now: NaiveDateTime,
    ) -> Result<(String, bool)> {
        let same_id = id_bidx.as_ref().and_then(|key| self.by_id.get(key)).copied();
        let same_number = number_bidx.as_ref().and_then(|key| self.by_number.get(key)).copied();
        // Somebody found by number is this person unless both have an id, and the ids differ.
        let by_number = same_number
            .filter(|at| id_bidx.is_none() || self.rows.get(*at).is_some_and(|row| row.id_bidx.is_none()));
        let at = match same_id.or(by_number) {
            Some(at) => at,
            None if id_bidx.is_none() && number_bidx.is_none() => return Err(nobody()),
            None => self.add(sealer, now)?,
        };
        let Some(row) = self.rows.get_mut(at) else {
            return Err(Error::internal("vault: a draft row is missing"));
        };
        let mut changed = false;
        if let (None, Some(key), Some(text)) = (&row.id_bidx, id_bidx, &one.id) {
            row.id_ct = Some(Column::Id.seal(sealer, &row.person_id, text)?);
            self.by_id.insert(key.clone(), at);
            row.id_bidx = Some(key);
            changed = true;
        }
        if let (None, Some(key), Some(text)) = (&row.number_ct, number_bidx, &one.student_number) {
            row.number_ct = Some(Column::Number.seal(sealer, &row.person_id, text)?);
            if same_number.is_none() {
                self.by_number.insert(key.clone(), at);
                row.number_bidx = Some(key);
            }
            changed = true;
        }
        if let Some(phone) = &one.phone {
            let known = Column::Phone.open_if(sealer, &row.person_id, row.phone_ct.as_ref())?;
            if known.as_ref() != Some(phone) {
                row.phone_ct = Some(Column::Phone.seal(sealer, &row.person_id, phone)?);
                changed = true;
            }
        }
        if let Some(mark) = self.changed.get_mut(at).filter(|mark| changed && !**mark) {
            *mark = true;
            row.row_version += 1;
        }
        Ok((row.person_id.clone(), at >= self.stored))
    }

    /// Adds an empty row of version 0; the first thing put into it makes it version 1.
    fn add(&mut self, sealer: &Sealer, now: NaiveDateTime) -> Result<usize> {
        let (suite, key_id) = sealer.current();
        self.rows.push(PersonRow {
            person_id: clock::new_person_id(),
            id_bidx: None,
            number_bidx: None,
            id_ct: None,
            number_ct: None,
            phone_ct: None,
            suite: i16::from(suite),
            key_id: key_id.to_owned(),
            row_version: 0,
            recorded_at: now,
        });
        self.changed.push(false);
        self.rows.len().checked_sub(1).ok_or_else(|| Error::internal("vault: no draft row"))
    }

    fn store(self, conn: &mut Conn) -> Result<()> {
        let mut rows = self.rows;
        let created = rows.split_off(self.stored);
        if !created.is_empty() {
            on!(conn => diesel::insert_into(person::table).values(&created).execute(conn))
                .map_err(entered_meanwhile)?;
        }
        let changed: Vec<_> =
            rows.into_iter().zip(self.changed).filter_map(|(row, changed)| changed.then_some(row)).collect();
        if changed.is_empty() {
            return Ok(());
        }
        on!(conn => diesel::insert_into(person::table)
            .values(&changed)
            .on_conflict(person::person_id)
            .do_update()
            .set((
                person::id_bidx.eq(excluded(person::id_bidx)),
                person::number_bidx.eq(excluded(person::number_bidx)),
                person::id_ct.eq(excluded(person::id_ct)),
                person::number_ct.eq(excluded(person::number_ct)),
                person::phone_ct.eq(excluded(person::phone_ct)),
                person::row_version.eq(excluded(person::row_version)),
            ))
            .execute(conn))
        .map_err(entered_meanwhile)?;
        Ok(())
    }
}

fn enter_names(
    conn: &mut Conn,
    sealer: &Sealer,
    chunk: &[Incoming],
    people: Vec<(String, bool)>,
    now: NaiveDateTime,
) -> Result<Vec<PersonRef>> {
    // Whoever was created a moment ago has no names yet.
    let known_before: Vec<&String> =
        people.iter().filter(|(_, created)| !created).map(|(person_id, _)| person_id).collect();
    let stored: Vec<(String, String, Vec<u8>)> = if known_before.is_empty() {
        Vec::new()
    } else {
        person_name::table
            .filter(person_name::person_id.eq_any(known_before))
            .select((person_name::name_id, person_name::person_id, person_name::name_check))
            .load(conn)?
    };
    let mut known: HashMap<(String, Vec<u8>), String> =
        stored.into_iter().map(|(name_id, person_id, check)| ((person_id, check), name_id)).collect();
    let mut rows = Vec::new();
    let mut refs = Vec::with_capacity(chunk.len());
    for (one, (person_id, created)) in chunk.iter().zip(people) {
        let check = sealer.name_check(&person_id, &one.name_normal).to_vec();
        let key = (person_id, check);
        let name_id = if let Some(name_id) = known.get(&key) {
            name_id.clone()
        } else {
            let name_id = clock::new_id();
            rows.push(NameRow {
                name_id: name_id.clone(),
                person_id: key.0.clone(),
                name_check: key.1.clone(),
                name_ct: Column::Name.seal(sealer, &name_id, &one.name_entered)?,
                recorded_at: now,
            });
            known.insert(key.clone(), name_id.clone());
            name_id
        };
        refs.push(PersonRef { person_id: key.0, name_id, created });
    }
    if !rows.is_empty() {
        on!(conn => diesel::insert_into(person_name::table).values(&rows).execute(conn))
            .map_err(entered_meanwhile)?;
    }
    Ok(refs)
}

/// Finds or creates each bank account (digits only, normalised); answers in the order asked.
pub fn enter_accounts(
    conn: &mut Conn,
    sealer: &Sealer,
    accounts: &[String],
    now: NaiveDateTime,
) -> Result<Vec<String>> {
    let mut answer = Vec::with_capacity(accounts.len());
    for chunk in accounts.chunks(CHUNK) {
        let keys: Vec<Tag> = chunk.iter().map(|number| sealer.blind_index(Domain::Account, number)).collect();
        let stored: Vec<(Vec<u8>, String)> = account::table
            .filter(account::account_bidx.eq_any(keys.iter().map(Tag::as_slice)))
            .select((account::account_bidx, account::account_id))
            .load(conn)?;
        let mut known: HashMap<Vec<u8>, String> = stored.into_iter().collect();
        let mut rows = Vec::new();
        for (number, key) in chunk.iter().zip(&keys) {
            if let Some(account_id) = known.get(key.as_slice()) {
                answer.push(account_id.clone());
                continue;
            }
            let account_id = clock::new_id();
            rows.push(AccountRow {
                account_id: account_id.clone(),
                account_bidx: key.to_vec(),
                account_ct: Column::Account.seal(sealer, &account_id, number)?,
                recorded_at: now,
            });
            known.insert(key.to_vec(), account_id.clone());
            answer.push(account_id);
        }
        if !rows.is_empty() {
            on!(conn => diesel::insert_into(account::table).values(&rows).execute(conn))
                .map_err(entered_meanwhile)?;
        }
    }
    Ok(answer)
}

fn nobody() -> Error {
    Error::new(
        Code::InvalidInput,
        Text::fixed(
            "身份证件号和学籍号至少要填写一项",
            "give the resident id or the student number; one of them at least is needed",
        ),
    )
}

/// Only PostgreSQL lets two writers go at once; the later one is to try again, and will then find the row.
fn entered_meanwhile(error: Diesel) -> Error {
    if matches!(error, Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) {
        return Error::faster_was_another("vault: the same value was entered by another request meanwhile");
    }
    error.into()
}
