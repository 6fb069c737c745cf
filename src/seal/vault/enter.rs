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
use super::{Arrival, Incoming, PersonRef};
use crate::db::{CHUNK, Conn, SHEAF, on, pour};
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
    people: Vec<Arrival>,
    now: NaiveDateTime,
) -> Result<Vec<PersonRef>> {
    let mut refs = Vec::with_capacity(people.len());
    let mut people = people.into_iter().peekable();
    while people.peek().is_some() {
        let (mut rows, mut others): (Vec<PersonRow>, Vec<(Incoming, NameRow)>) = people
            .by_ref()
            .take(CHUNK)
            .map(|one| one.recorded_at(now))
            .map(|Arrival { said, row, name }| (row, (said, name)))
            .unzip();
        let entered = enter_strangers(conn, &rows)?;
        let (later_rows, later) = (rows.split_off(entered), others.split_off(entered));
        let names: Vec<NameRow> = others.into_iter().map(|(_, name)| name).collect();
        pour!(conn, person_name::table, names.as_slice()).map_err(entered_meanwhile)?;
        refs.extend(names.into_iter().map(|name| PersonRef {
            person_id: name.person_id,
            name_id: name.name_id,
            created: true,
        }));
        if later.is_empty() {
            continue;
        }
        let rest: Vec<Arrival> = later_rows
            .into_iter()
            .zip(later)
            .map(|(row, (said, name))| Arrival { said, row, name })
            .collect();
        let just = refs.iter().rev().take(entered).map(|one| one.person_id.as_str());
        let entered: HashSet<String> =
            just.chain(rest.iter().map(|one| one.row.person_id.as_str())).map(str::to_owned).collect();
        let mut draft = Draft::load(conn, &rest, entered)?;
        let mut placed = Vec::with_capacity(rest.len());
        for one in rest {
            placed.push(draft.place(sealer, one)?);
        }
        draft.store(conn)?;
        refs.extend(enter_names(conn, sealer, placed, now)?);
    }
    Ok(refs)
}

/// Enters people, sheaf by sheaf, as long as none of them is known, and gives their number. Where most are new,
/// as in a first roll, that spares looking for each: the unique indexes say it on the way. Of the sheaf after
/// those some may have been entered; [`Draft`] knows them by the id made ready for them. Only on SQLite, where a
/// statement costs no trip; PostgreSQL takes new people quickest all at once.
fn enter_strangers(conn: &mut Conn, people: &[PersonRow]) -> Result<usize> {
    let Conn::Sqlite(conn) = conn else { return Ok(0) };
    let strangers = || diesel::insert_or_ignore_into(person::table);
    let (sheaves, rest) = people.as_chunks::<SHEAF>();
    let mut entered = 0;
    for sheaf in sheaves {
        if repeats(sheaf) || strangers().values(sheaf).execute(conn)? < SHEAF {
            return Ok(entered);
        }
        entered += SHEAF;
    }
    for row in rest {
        if strangers().values(row).execute(conn)? == 0 {
            break;
        }
        entered += 1;
    }
    Ok(entered)
}

/// Whether two of the rows share an id or a number. What becomes of the later one then depends on the earlier.
fn repeats(rows: &[PersonRow; SHEAF]) -> bool {
    let shared = |one: &PersonRow, other: &PersonRow| {
        (one.id_bidx.is_some() && one.id_bidx == other.id_bidx)
            || (one.number_bidx.is_some() && one.number_bidx == other.number_bidx)
    };
    rows.iter().enumerate().any(|(at, one)| rows.iter().take(at).any(|earlier| shared(one, earlier)))
}

/// The people of a chunk: first those stored already, with what of them changed, then those to be created.
struct Draft {
    rows: Vec<PersonRow>,
    changed: Vec<bool>,
    stored: usize,
    by_id: HashMap<Vec<u8>, usize>,
    by_number: HashMap<Vec<u8>, usize>,
    /// The ids made ready for the chunk: who is stored under one of them was entered a moment ago.
    fresh: HashSet<String>,
}

/// A person who has been placed, with the name still to be entered.
struct Named {
    person_id: String,
    /// Whether she is unknown until now.
    created: bool,
    /// Whether no name of hers is stored.
    nameless: bool,
    said: Incoming,
    /// The name's row, if it was made ready for this very person.
    ready: Option<NameRow>,
}

impl Draft {
    fn load(conn: &mut Conn, people: &[Arrival], fresh: HashSet<String>) -> Result<Self> {
        let ids: Vec<_> = people.iter().filter_map(|one| one.row.id_bidx.as_ref()).collect();
        let numbers: Vec<_> = people.iter().filter_map(|one| one.row.number_bidx.as_ref()).collect();
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
            fresh,
        };
        for (at, row) in rows.iter().enumerate() {
            draft.by_id.extend(row.id_bidx.clone().map(|key| (key, at)));
            draft.by_number.extend(row.number_bidx.clone().map(|key| (key, at)));
        }
        draft.rows = rows;
        Ok(draft)
    }

    /// Finds the person among the rows and completes the row, or adds the row made ready for her.
    fn place(&mut self, sealer: &Sealer, one: Arrival) -> Result<Named> {
        let Arrival { said, row, name } = one;
        let same_id = row.id_bidx.as_ref().and_then(|key| self.by_id.get(key)).copied();
        let same_number = row.number_bidx.as_ref().and_then(|key| self.by_number.get(key)).copied();
        // Somebody found by number is this person unless both have an id, and the ids differ.
        let by_number = same_number.filter(|at| {
            row.id_bidx.is_none() || self.rows.get(*at).is_some_and(|row| row.id_bidx.is_none())
        });
        let Some(at) = same_id.or(by_number) else {
            let person_id = self.add(row, same_number.is_some())?;
            return Ok(Named { person_id, created: true, nameless: true, said, ready: Some(name) });
        };
        let found = self.rows.get(at).map(|found| found.person_id.as_str());
        if found == Some(&row.person_id) {
            // Entered with others of whom one was known: only the name is missing.
            let person_id = row.person_id;
            return Ok(Named { person_id, created: true, nameless: true, said, ready: Some(name) });
        }
        let nameless = at >= self.stored;
        let created = nameless || found.is_some_and(|found| self.fresh.contains(found));
        let person_id = self.complete(sealer, at, row, &said, same_number.is_some())?;
        Ok(Named { person_id, created, nameless, said, ready: None })
    }

    /// Adds a new person; the number of somebody else is kept without an index.
    fn add(&mut self, mut row: PersonRow, number_taken: bool) -> Result<String> {
        if row.id_bidx.is_none() && row.number_bidx.is_none() {
            return Err(nobody());
        }
        row.number_bidx = row.number_bidx.filter(|_| !number_taken);
        let at = self.rows.len();
        self.by_id.extend(row.id_bidx.clone().map(|key| (key, at)));
        self.by_number.extend(row.number_bidx.clone().map(|key| (key, at)));
        let person_id = row.person_id.clone();
        self.rows.push(row);
        self.changed.push(false);
        Ok(person_id)
    }

    /// Completes the row of a known person with what was said of her and is not known yet.
    fn complete(
        &mut self,
        sealer: &Sealer,
        at: usize,
        fresh: PersonRow,
        said: &Incoming,
        number_taken: bool,
    ) -> Result<String> {
        let Some(row) = self.rows.get_mut(at) else {
            return Err(Error::internal("vault: a draft row is missing"));
        };
        let mut changed = false;
        if let (None, Some(key), Some(text)) = (&row.id_bidx, fresh.id_bidx, &said.id) {
            row.id_ct = Some(Column::Id.seal(sealer, &row.person_id, text)?);
            self.by_id.insert(key.clone(), at);
            row.id_bidx = Some(key);
            changed = true;
        }
        if let (None, Some(key), Some(text)) = (&row.number_ct, fresh.number_bidx, &said.student_number) {
            row.number_ct = Some(Column::Number.seal(sealer, &row.person_id, text)?);
            if !number_taken {
                self.by_number.insert(key.clone(), at);
                row.number_bidx = Some(key);
            }
            changed = true;
        }
        if let Some(phone) = &said.phone {
            let known = Column::Phone.open_if(sealer, &row.person_id, row.phone_ct.as_ref())?;
            if known.as_ref() != Some(phone) {
                row.phone_ct = Some(Column::Phone.seal(sealer, &row.person_id, phone)?);
                changed = true;
            }
        }
        // A row that is only now to be created has its first version still before it.
        if let Some(mark) = self.changed.get_mut(at).filter(|mark| changed && !**mark && at < self.stored) {
            *mark = true;
            row.row_version += 1;
        }
        Ok(row.person_id.clone())
    }

    fn store(self, conn: &mut Conn) -> Result<()> {
        let mut rows = self.rows;
        let created = rows.split_off(self.stored);
        if !created.is_empty() {
            pour!(conn, person::table, created.as_slice()).map_err(entered_meanwhile)?;
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
    people: Vec<Named>,
    now: NaiveDateTime,
) -> Result<Vec<PersonRef>> {
    // Whoever was created a moment ago has no names yet.
    let known_before: Vec<&String> =
        people.iter().filter(|one| !one.nameless).map(|one| &one.person_id).collect();
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
    let mut refs = Vec::with_capacity(people.len());
    for Named { person_id, created, said, ready, .. } in people {
        let check = match &ready {
            Some(row) => row.name_check.clone(),
            None => sealer.name_check(&person_id, &said.name_normal).to_vec(),
        };
        let key = (person_id, check);
        let name_id = if let Some(name_id) = known.get(&key) {
            name_id.clone()
        } else {
            let row = ready.map_or_else(|| name_row(sealer, &key, &said, now), Ok)?;
            let name_id = row.name_id.clone();
            rows.push(row);
            known.insert(key.clone(), name_id.clone());
            name_id
        };
        refs.push(PersonRef { person_id: key.0, name_id, created });
    }
    if !rows.is_empty() {
        pour!(conn, person_name::table, rows.as_slice()).map_err(entered_meanwhile)?;
    }
    Ok(refs)
}

/// A further spelling of a known person's name, given as person and check.
fn name_row(
    sealer: &Sealer,
    key: &(String, Vec<u8>),
    said: &Incoming,
    recorded_at: NaiveDateTime,
) -> Result<NameRow> {
    let name_id = clock::new_id();
    Ok(NameRow {
        person_id: key.0.clone(),
        name_check: key.1.clone(),
        name_ct: Column::Name.seal(sealer, &name_id, &said.name_entered)?,
        recorded_at,
        name_id,
    })
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
            pour!(conn, account::table, rows.as_slice()).map_err(entered_meanwhile)?;
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
