//! Proposals for listed students whom no row of the roll matches: the student number, and ids that differ
//! by one slip of the hand. Keyed: candidates are looked up by blind index, a chunk of ids at a time.
//!
//! A mistyped id with its old check digit never gets this far: the importer refuses it, since the check
//! finds every single wrong digit and every swap. What gets here had its check digit made to fit, by a
//! program or a hand, so each variant is completed with its own check digit. A candidate must be on the
//! roll, off the list, and known under the very name of the entry; names alone never match. Brothers,
//! sisters and twins bear ids one slip apart and other names, so they are never proposed for each other.

use std::collections::HashMap;

use super::load::Loaded;
use super::model::NearMiss;
use super::people::{ById, IdSet, People};
use super::reconcile_input::{Listed, Near, PersonKey};
use super::watch::{Step, Watch};
use crate::db::Conn;
use crate::error::Result;
use crate::seal::{Sealer, vault};
use crate::values::resident_id::{self, Slip};
use crate::values::{PersonName, ResidentId};

/// Listed students looked at together: some hundred variants each.
const AT_ONCE: usize = 200;

/// The candidates of every unmatched entry, all of the same name.
pub fn near(conn: &mut Conn, sealer: &Sealer, loaded: &Loaded, watch: Watch<'_>) -> Result<Vec<Near>> {
    let people = &loaded.keys.people;
    let unmatched: Vec<&Listed> = loaded.listed.iter().filter(|l| !people.on_roll(l.person)).collect();
    let mut proposals = Vec::new();
    if unmatched.is_empty() {
        return Ok(proposals);
    }
    let on_list: IdSet = people.list.iter().copied().collect();
    let mut off_list: ById<PersonKey> =
        people.roll.iter().copied().zip(loaded.enrolled.iter().map(|e| e.person)).collect();
    off_list.retain(|id, _| !on_list.contains(id));
    for chunk in unmatched.chunks(AT_ONCE) {
        watch(Step::Proposals, chunk.len())?;
        let mut found = Vec::new();
        for (listed, person_id, change) in candidates(conn, sealer, loaded, chunk)? {
            if let Some(candidate) = off_list.get(&People::id(&person_id)?) {
                found.push((listed, person_id, *candidate, change));
            }
        }
        if found.is_empty() {
            continue;
        }
        let names = names(conn, sealer, loaded, found.iter().map(|(listed, ..)| *listed))?;
        let pairs: Vec<(&str, &str)> = found
            .iter()
            .filter_map(|(listed, person, ..)| Some((person.as_str(), names.get(&listed.entry)?.as_str())))
            .collect();
        let agreeing = vault::having_names(conn, sealer, &pairs)?;
        for (listed, person, candidate, change) in found {
            let same_name = names
                .get(&listed.entry)
                .is_some_and(|name| agreeing.contains(&(person.clone(), name.clone())));
            if same_name {
                proposals.push(Near { listed: listed.person, candidate, change, same_name });
            }
        }
    }
    proposals.sort_unstable_by_key(|near| (near.listed, near.candidate, near.change));
    Ok(proposals)
}

/// Whoever bears a variant of an entry's id, or its student number.
fn candidates<'a>(
    conn: &mut Conn,
    sealer: &Sealer,
    loaded: &Loaded,
    chunk: &[&'a Listed],
) -> Result<Vec<(&'a Listed, String, NearMiss)>> {
    let ids: Vec<String> = chunk.iter().map(|l| loaded.keys.people.text(l.person)).collect();
    let opened = vault::reveal(conn, sealer, &ids)?;
    let (mut asked_for, mut numbers) = (HashMap::new(), HashMap::new());
    for (listed, person_id) in chunk.iter().zip(&ids) {
        let Some(of) = opened.get(person_id) else { continue };
        let own = of.id.as_ref().and_then(|id| ResidentId::parse(id).ok());
        for (id, slip) in own.iter().flat_map(|id| resident_id::variants(&id.value)) {
            let change = if slip == Slip::Transposed { NearMiss::Transposed } else { NearMiss::OneDigit };
            let of_id = asked_for.entry(id.as_str().to_owned()).or_insert_with(Vec::new);
            of_id.push((*listed, change));
        }
        if let Some(number) = &of.student_number {
            numbers.entry(number.clone()).or_insert_with(Vec::new).push(*listed);
            // A formal number is G and the id it was given for.
            let id = number.strip_prefix('G').filter(|id| of.id.as_deref() != Some(*id));
            if let Some(id) = id {
                let of_id = asked_for.entry(id.to_owned()).or_insert_with(Vec::new);
                of_id.push((*listed, NearMiss::StudentNumber));
            }
        }
    }
    let mut found = Vec::new();
    let asked: Vec<&String> = asked_for.keys().collect();
    for (id, person) in vault::find_many(conn, sealer, &asked)? {
        let of_id = asked_for.get(&id).into_iter().flatten();
        found.extend(of_id.map(|(listed, change)| (*listed, person.clone(), *change)));
    }
    let asked: Vec<&String> = numbers.keys().collect();
    for (number, person) in vault::find_many_by_number(conn, sealer, &asked)? {
        let of_number = numbers.get(&number).into_iter().flatten();
        found.extend(of_number.map(|listed| (*listed, person.clone(), NearMiss::StudentNumber)));
    }
    Ok(found)
}

/// The names of entries in the form names are compared in, by entry.
fn names<'a>(
    conn: &mut Conn,
    sealer: &Sealer,
    loaded: &Loaded,
    listed: impl Iterator<Item = &'a Listed>,
) -> Result<HashMap<u32, String>> {
    let of: Vec<(u32, String)> =
        listed.filter_map(|l| Some((l.entry, loaded.keys.names.text(l.name?.0)))).collect();
    let ids: Vec<&str> = of.iter().map(|(_, id)| id.as_str()).collect();
    let opened = vault::reveal_names(conn, sealer, &ids)?;
    let normal = |name: &String| Some(PersonName::parse(name).ok()?.value.normal().to_owned());
    Ok(of.iter().filter_map(|(entry, id)| Some((*entry, normal(opened.get(id)?)?))).collect())
}
