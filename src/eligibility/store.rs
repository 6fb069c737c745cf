//! Puts together what is recorded about students on a date. Decides nothing.
//!
//! The rows come from one statement ([`super::statement`]), the locked lists from a shelf that is held
//! against those rows ([`crate::poverty_list::shelf`]).

use std::collections::HashMap;
use std::sync::Arc;

use super::rules::{self, Answered, Said};
use super::statement::{Door, Listed, Row, Spelling, Statement};
use crate::aid::body::AidBody;
use crate::aid::model::AidRecord;
use crate::aid::store as aid;
use crate::auth::Scope;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::policy::facts::Facts;
use crate::poverty_list::model::List;
use crate::poverty_list::shelf::{Shelf, Shelves, When};
use crate::roll::model::{Enrolment, School};
use crate::seal::{Domain, Sealer, vault};
use crate::values::{Place, Text};

/// How often rows and shelf are read anew until they are of one edition.
const ATTEMPTS: usize = 4;

/// What is recorded about one student, put together.
#[derive(Debug)]
pub struct Gathered {
    /// The facts for the policy.
    pub facts: Facts,
    /// The roll row the facts come from.
    pub enrolment: Option<Enrolment>,
    /// Where the student stands on the list in force, if anywhere.
    pub entry: Option<Listed>,
    /// Remarks on the facts.
    pub notes: Vec<(&'static str, Text)>,
    /// Aid of the term, by record.
    pub aid: Vec<AidBody>,
    sealed: Sealed,
}

/// What the vault holds of a student that an answer may show.
#[derive(Default)]
struct Sealed {
    id: Option<Vec<u8>>,
    names: Vec<Spelling>,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

/// What is recorded about each student asked for, and the lists in force.
#[derive(Debug)]
pub struct Picture {
    when: When,
    shelf: Arc<Shelf>,
    by_index: HashMap<Vec<u8>, String>,
    /// By person.
    pub people: HashMap<String, Gathered>,
}

/// Gathers what is recorded about the people of some id numbers whom the scope lets be seen. `term` is the
/// one whose aid is told.
pub fn find(
    conn: &mut Conn,
    shelves: &Shelves,
    sealer: &Sealer,
    ids: &[&str],
    scope: &Scope,
    when: When,
    term: &str,
) -> Result<Picture> {
    let tags: Vec<_> = ids.iter().map(|id| sealer.blind_index(Domain::ResidentId, id)).collect();
    draw(conn, shelves, &Statement::by_id_number(&tags, scope, when, term), when)
}

/// Gathers what is recorded about some people, with their aid of a term.
pub fn of_people(
    conn: &mut Conn,
    shelves: &Shelves,
    people: &[String],
    when: When,
    term: &str,
) -> Result<Picture> {
    draw(conn, shelves, &Statement::by_person(people, when, term), when)
}

/// Gathers the facts about some people, without their aid, for work that keeps no shelf.
pub fn gather(conn: &mut Conn, people: &[String], when: When) -> Result<Picture> {
    of_people(conn, &Shelves::default(), people, when, "")
}

fn draw<D: Door>(
    conn: &mut Conn,
    shelves: &Shelves,
    statement: &Statement<D>,
    when: When,
) -> Result<Picture> {
    let mut shelf = shelves.last();
    for _ in 0..ATTEMPTS {
        let rows = statement.rows(conn)?;
        let edition = rows.iter().find_map(|row| row.edition);
        if edition.is_none() {
            // A list was locked by a program that does not count: nothing that is kept can be relied on.
            shelf = shelves.renew(conn)?;
            return Picture::of(conn, rows, shelf, when);
        }
        if shelf.is_of(edition) {
            return Picture::of(conn, rows, shelf, when);
        }
        shelf = shelves.renew(conn)?;
    }
    Err(Error::unavailable("lookup: lists were locked faster than they could be read"))
}

/// Everything recorded about one student, as the rows come in.
#[derive(Default)]
struct File {
    sealed: Sealed,
    entries: Vec<Listed>,
    said: Said,
    enrolments: Vec<Enrolment>,
    schools: HashMap<String, School>,
    aid: Vec<(AidRecord, bool)>,
}

impl File {
    fn put(&mut self, row: Row) {
        self.sealed.names.extend(row.name);
        self.entries.extend(row.entry);
        self.said.categories.extend(row.category);
        self.said.evidence.extend(row.evidence);
        self.enrolments.extend(row.enrolment);
        self.schools.extend(row.school.map(|school| (school.code.clone(), school)));
        self.aid.extend(row.aid.map(|record| (record, row.moved_on.unwrap_or_default())));
    }

    fn gathered(mut self, lists: &Shelf, when: When, aid: Vec<AidBody>) -> Gathered {
        let on = lists.narrowest(self.entries.iter().map(|e| e.list_id.as_str()), when);
        let entry = on.and_then(|list| self.entries.iter().find(|e| e.list_id == list.list_id).cloned());
        let at = rules::speaking(&self.enrolments, when.as_of)
            .and_then(|row| self.enrolments.iter().position(|e| e.enrolment_id == row.enrolment_id));
        self.said.listed = entry.as_ref().map(|e| e.category);
        let school =
            at.and_then(|at| self.enrolments.get(at)).and_then(|row| self.schools.get(&row.school_code));
        let facts = rules::assemble(&self.enrolments, school, self.said, when.as_of);
        let notes = notes(&facts, &self.enrolments);
        let enrolment = at.map(|at| self.enrolments.swap_remove(at));
        Gathered { facts, enrolment, entry, notes, aid, sealed: self.sealed }
    }
}

impl Picture {
    fn of(conn: &mut Conn, rows: Vec<Row>, shelf: Arc<Shelf>, when: When) -> Result<Self> {
        let mut files: HashMap<String, File> = HashMap::new();
        let mut by_index = HashMap::new();
        for mut row in rows {
            let Some(person_id) = row.person_id.take() else { continue };
            if let Some(person) = row.person.take() {
                by_index.extend(person.id_bidx.map(|index| (index, person_id.clone())));
                files.entry(person_id).or_default().sealed.id = person.id_ct;
            } else {
                files.entry(person_id).or_default().put(row);
            }
        }
        let mut aid = aid_of(conn, &mut files, when)?;
        let people = files
            .into_iter()
            .map(|(person, file)| {
                let aid = aid.remove(&person).unwrap_or_default();
                let gathered = file.gathered(&shelf, when, aid);
                (person, gathered)
            })
            .collect();
        Ok(Self { when, shelf, by_index, people })
    }

    /// The person of an id number, if known and seen.
    pub fn person_of(&self, sealer: &Sealer, id: &str) -> Option<&str> {
        self.by_index.get(sealer.blind_index(Domain::ResidentId, id).as_slice()).map(String::as_str)
    }

    /// How the lists answer for a person; `fallback` is the caller's own place.
    pub fn answer(
        &self,
        person: Option<&str>,
        fallback: Option<&Place>,
        name_agrees: bool,
    ) -> (Answered, Option<&List>) {
        let gathered = person.and_then(|p| self.people.get(p));
        let entry = gathered.and_then(|g| g.entry.as_ref());
        let on = entry.and_then(|e| self.shelf.narrowest(std::iter::once(e.list_id.as_str()), self.when));
        let home = gathered.and_then(|g| g.facts.student.hukou.place.as_ref().or(g.facts.place.as_ref()));
        let covering = home.or(fallback).and_then(|at| self.shelf.covering(at, self.when));
        let answered = rules::answer(on.is_some(), covering.is_some(), name_agrees);
        let list = match answered.answer {
            super::model::ListAnswer::OnList => on,
            super::model::ListAnswer::NotOnList => covering,
            _ => None,
        };
        (answered, list.map(Arc::as_ref))
    }
}

impl Gathered {
    /// Whether the person was ever entered under this normalised name.
    pub fn has_name(&self, sealer: &Sealer, person: &str, normal: &str) -> bool {
        let check = sealer.name_check(person, normal);
        self.sealed.names.iter().any(|name| name.check == check)
    }

    /// The name by the roll, else by the list, in clear.
    pub fn name(&self, sealer: &Sealer) -> Result<Option<String>> {
        let on_roll = self.enrolment.as_ref().map(|e| e.name_id.as_str());
        let Some(name_id) = on_roll.or(self.entry.as_ref().map(|e| e.name_id.as_str())) else {
            return Ok(None);
        };
        let spelling = self.sealed.names.iter().find(|name| name.name_id == name_id);
        spelling.map(|name| vault::open_name(sealer, name_id, &name.sealed)).transpose()
    }

    /// The id number, in clear.
    pub fn id_number(&self, sealer: &Sealer, person: &str) -> Result<Option<String>> {
        self.sealed.id.as_ref().map(|sealed| vault::open_id(sealer, person, sealed)).transpose()
    }
}

/// Each student's aid, as it stood at the moment: what has moved on since is told again from its ledger.
fn aid_of(
    conn: &mut Conn,
    files: &mut HashMap<String, File>,
    when: When,
) -> Result<HashMap<String, Vec<AidBody>>> {
    let records: Vec<(AidRecord, bool)> = files.values_mut().flat_map(|file| file.aid.drain(..)).collect();
    let (moved, still): (Vec<_>, Vec<_>) = records.into_iter().partition(|(_, moved_on)| *moved_on);
    let mut told: Vec<AidRecord> = moved.into_iter().map(|(record, _)| record).collect();
    if !told.is_empty() {
        aid::as_known(conn, &mut told, when.known_at)?;
    }
    told.extend(still.into_iter().map(|(record, _)| record));
    told.sort_unstable_by(|a, b| a.record_id.cmp(&b.record_id));
    let mut by_person: HashMap<String, Vec<AidBody>> = HashMap::new();
    for record in told {
        by_person.entry(record.person_id.clone()).or_default().push(record.into());
    }
    Ok(by_person)
}

fn notes(facts: &Facts, enrolments: &[Enrolment]) -> Vec<(&'static str, Text)> {
    let mut notes = Vec::new();
    if enrolments.is_empty() {
        notes.push((
            "roll_not_covering",
            Text::fixed(
                "该日没有该生的学籍记录，学段、年级等均按未知处理",
                "no roll row covers this date; stage, grade and the rest are unknown",
            ),
        ));
    }
    if enrolments.len() > 1 {
        notes.push((
            "several_enrolments",
            Text::fixed(
                "该日有多条学籍记录，按在读且最近登记的一条判定，请核实",
                "several roll rows cover this date; the enrolled one recorded last was used, check them",
            ),
        ));
    }
    for fault in facts.check() {
        notes.push(("facts_contradict", fault.detail));
    }
    notes
}
