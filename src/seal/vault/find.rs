//! The ways to ask: by blind index and name check without decrypting, and the three that decrypt.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::Revealed;
use super::rows::{Column, PersonRow};
use crate::db::{CHUNK, Conn};
use crate::error::Result;
use crate::schema::{account, person, person_name};
use crate::seal::{Domain, Sealer};

/// The person of a normalised resident id.
pub fn find(conn: &mut Conn, sealer: &Sealer, id: &str) -> Result<Option<String>> {
    Ok(find_many(conn, sealer, &[id])?.remove(id))
}

/// The people of many normalised resident ids: id → person. Ids that are not known are left out.
pub fn find_many<S: AsRef<str>>(
    conn: &mut Conn,
    sealer: &Sealer,
    ids: &[S],
) -> Result<HashMap<String, String>> {
    lookup(sealer, Domain::ResidentId, ids, |keys| {
        person::table
            .filter(person::id_bidx.eq_any(keys))
            .select((person::id_bidx.assume_not_null(), person::person_id))
            .load(conn)
    })
}

/// The people of many student numbers: number → person. Numbers that are not known are left out.
pub fn find_many_by_number<S: AsRef<str>>(
    conn: &mut Conn,
    sealer: &Sealer,
    numbers: &[S],
) -> Result<HashMap<String, String>> {
    lookup(sealer, Domain::StudentNumber, numbers, |keys| {
        person::table
            .filter(person::number_bidx.eq_any(keys))
            .select((person::number_bidx.assume_not_null(), person::person_id))
            .load(conn)
    })
}

fn lookup<S: AsRef<str>>(
    sealer: &Sealer,
    domain: Domain,
    texts: &[S],
    mut load: impl FnMut(Vec<Vec<u8>>) -> QueryResult<Vec<(Vec<u8>, String)>>,
) -> Result<HashMap<String, String>> {
    let mut found = HashMap::new();
    for chunk in texts.chunks(CHUNK) {
        let keys: HashMap<Vec<u8>, &str> = chunk
            .iter()
            .map(|text| (sealer.blind_index(domain, text.as_ref()).to_vec(), text.as_ref()))
            .collect();
        for (key, row_id) in load(keys.keys().cloned().collect())? {
            if let Some(text) = keys.get(&key) {
                found.insert((*text).to_owned(), row_id);
            }
        }
    }
    Ok(found)
}

/// The spellings of a person's name that are this normalised name: none or one.
pub fn name_matches(
    conn: &mut Conn,
    sealer: &Sealer,
    person_id: &str,
    name_normal: &str,
) -> Result<Vec<String>> {
    let check = sealer.name_check(person_id, name_normal).to_vec();
    Ok(person_name::table
        .filter(person_name::person_id.eq(person_id))
        .filter(person_name::name_check.eq(check))
        .select(person_name::name_id)
        .order(person_name::name_id)
        .load(conn)?)
}

/// Of (person, normalised name) pairs, which persons were ever entered under that name: one query for
/// many pairs.
pub fn having_names(
    conn: &mut Conn,
    sealer: &Sealer,
    pairs: &[(&str, &str)],
) -> Result<HashSet<(String, String)>> {
    let mut found = HashSet::new();
    for chunk in pairs.chunks(CHUNK) {
        let checks: HashMap<Vec<u8>, (&str, &str)> = chunk
            .iter()
            .map(|(person, name)| (sealer.name_check(person, name).to_vec(), (*person, *name)))
            .collect();
        // The check is salted with the person, so one that is found belongs to that person's pair.
        let stored: Vec<Vec<u8>> = person_name::table
            .filter(person_name::person_id.eq_any(chunk.iter().map(|(person, _)| *person)))
            .select(person_name::name_check)
            .load(conn)?;
        found.extend(
            stored
                .iter()
                .filter_map(|check| checks.get(check))
                .map(|(person, name)| ((*person).to_owned(), (*name).to_owned())),
        );
    }
    Ok(found)
}

/// Whether the person was ever entered under this normalised name.
pub fn has_name(conn: &mut Conn, sealer: &Sealer, person_id: &str, name_normal: &str) -> Result<bool> {
    Ok(!name_matches(conn, sealer, person_id, name_normal)?.is_empty())
}

/// Decrypts people: person → what the vault holds. Unknown people are left out. Fails if a stored
/// value does not open, because then either the keys or the rows are not what they were.
pub fn reveal<S: AsRef<str>>(
    conn: &mut Conn,
    sealer: &Sealer,
    person_ids: &[S],
) -> Result<HashMap<String, Revealed>> {
    let mut revealed = HashMap::with_capacity(person_ids.len());
    for chunk in person_ids.chunks(CHUNK) {
        let rows: Vec<PersonRow> =
            person::table.filter(person::person_id.eq_any(chunk.iter().map(AsRef::as_ref))).load(conn)?;
        for row in rows {
            let one = Revealed {
                id: Column::Id.open_if(sealer, &row.person_id, row.id_ct.as_ref())?,
                student_number: Column::Number.open_if(sealer, &row.person_id, row.number_ct.as_ref())?,
                phone: Column::Phone.open_if(sealer, &row.person_id, row.phone_ct.as_ref())?,
            };
            revealed.insert(row.person_id, one);
        }
    }
    Ok(revealed)
}

/// Decrypts the resident ids of people, and nothing else of them. Whoever has none is left out.
pub fn reveal_ids<S: AsRef<str>>(
    conn: &mut Conn,
    sealer: &Sealer,
    person_ids: &[S],
) -> Result<HashMap<String, String>> {
    let mut revealed = HashMap::with_capacity(person_ids.len());
    for chunk in person_ids.chunks(CHUNK) {
        let rows: Vec<(String, Vec<u8>)> = person::table
            .filter(person::person_id.eq_any(chunk.iter().map(AsRef::as_ref)))
            .filter(person::id_ct.is_not_null())
            .select((person::person_id, person::id_ct.assume_not_null()))
            .load(conn)?;
        for (person_id, sealed) in rows {
            let id = Column::Id.open(sealer, &person_id, &sealed)?;
            revealed.insert(person_id, id);
        }
    }
    Ok(revealed)
}

/// Decrypts a resident id that was loaded with its person.
pub fn open_id(sealer: &Sealer, person_id: &str, bytes: &[u8]) -> Result<String> {
    Column::Id.open(sealer, person_id, bytes)
}

/// Decrypts a name that was loaded with its id.
pub fn open_name(sealer: &Sealer, name_id: &str, bytes: &[u8]) -> Result<String> {
    Column::Name.open(sealer, name_id, bytes)
}

/// Decrypts names as they were entered: name → text. Unknown names are left out.
pub fn reveal_names<S: AsRef<str>>(
    conn: &mut Conn,
    sealer: &Sealer,
    name_ids: &[S],
) -> Result<HashMap<String, String>> {
    open_each(sealer, Column::Name, name_ids, |ids| {
        person_name::table
            .filter(person_name::name_id.eq_any(ids))
            .select((person_name::name_id, person_name::name_ct))
            .load(conn)
    })
}

/// Decrypts bank accounts: account → number. Unknown accounts are left out.
pub fn reveal_accounts<S: AsRef<str>>(
    conn: &mut Conn,
    sealer: &Sealer,
    account_ids: &[S],
) -> Result<HashMap<String, String>> {
    open_each(sealer, Column::Account, account_ids, |ids| {
        account::table
            .filter(account::account_id.eq_any(ids))
            .select((account::account_id, account::account_ct))
            .load(conn)
    })
}

fn open_each<S: AsRef<str>>(
    sealer: &Sealer,
    column: Column,
    ids: &[S],
    mut load: impl FnMut(Vec<&str>) -> QueryResult<Vec<(String, Vec<u8>)>>,
) -> Result<HashMap<String, String>> {
    let mut opened = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        for (row_id, sealed) in load(chunk.iter().map(AsRef::as_ref).collect())? {
            let text = column.open(sealer, &row_id, &sealed)?;
            opened.insert(row_id, text);
        }
    }
    Ok(opened)
}
