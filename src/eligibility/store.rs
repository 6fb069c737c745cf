//! Puts together what is recorded about students on a date. Decides nothing.
//!
//! The rows come from one statement ([`super::statement`]), the locked lists from a shelf that is held
//! against those rows ([`crate::poverty_list::shelf`]).

use std::collections::HashMap;
use std::sync::Arc;

use super::rules::{self, Answered, OnRoll, Said};
use super::statement::{Attended, File, Found, Listed, Spelling, Statement};
use crate::aid::body::AidBody;
use crate::aid::store as aid;
use crate::auth::Scope;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::policy::facts::Facts;
use crate::poverty_list::model::List;
use crate::poverty_list::shelf::{Shelf, Shelves, When};
use crate::seal::suite::Tag;
use crate::seal::{Sealer, vault};
use crate::values::{Fen, Place, Text};

/// How often rows and shelf are read anew until they are of one edition.
const ATTEMPTS: usize = 4;

/// What is recorded about one student, put together.
#[derive(Debug)]
pub struct Gathered {
    /// The facts for the policy.
    pub facts: Facts,
    /// The roll row the facts come from.
    pub enrolment: Option<Attended>,
    /// Where the student stands on the list in force, if anywhere.
    pub entry: Option<Listed>,
    /// Remarks on the facts.
    pub notes: Vec<(&'static str, Text)>,
    /// Aid of the term, by record.
    pub aid: Vec<AidBody>,
    sealed: Sealed,
}

/// What the vault holds of a student that an answer may show.
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

/// Gathers what is recorded about the people behind some blind indexes whom the scope lets be seen. `term` is
/// the one whose aid is told.
pub fn find(
    conn: &mut Conn,
    shelves: &Shelves,
    tags: Vec<Tag>,
    scope: &Scope,
    when: When,
    term: &str,
) -> Result<Picture> {
    draw(conn, shelves, &Statement::by_id_number(tags, scope, when, term), when)
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

fn draw(conn: &mut Conn, shelves: &Shelves, statement: &Statement, when: When) -> Result<Picture> {
    let mut shelf = shelves.last();
    for _ in 0..ATTEMPTS {
        let Found { edition, files } = statement.ask(conn)?;
        if edition.is_none() {
            // A list was locked by a program that does not count: nothing that is kept can be relied on.
            shelf = shelves.renew(conn)?;
            return Picture::of(conn, files, shelf, when);
        }
        if shelf.is_of(edition) {
            return Picture::of(conn, files, shelf, when);
        }
        shelf = shelves.renew(conn)?;
    }
    Err(Error::unavailable("lookup: lists were locked faster than they could be read"))
}

impl Gathered {
    fn of(file: File, lists: &Shelf, when: When, aid: Vec<AidBody>) -> Self {
        let File { id_ct, names, mut entries, categories, evidence, mut roll, .. } = file;
        let on = lists.narrowest(entries.iter().map(|e| e.list_id.as_str()), when);
        let entry = on
            .and_then(|list| entries.iter().position(|e| e.list_id == list.list_id))
            .map(|at| entries.swap_remove(at));
        let said = Said { categories, evidence, listed: entry.as_ref().map(|e| e.category) };
        let row = rules::speaking(&roll, when.as_of);
        let pupil = row.map(|row| row.on(when.as_of));
        let facts = rules::assemble(pupil, row.and_then(Attended::school), said, when.as_of);
        let notes = notes(&facts, roll.len());
        let at = row.and_then(|row| roll.iter().position(|other| other.enrolment_id == row.enrolment_id));
        let enrolment = at.map(|at| roll.swap_remove(at));
        Self { facts, enrolment, entry, notes, aid, sealed: Sealed { id: id_ct, names } }
    }
}

impl Picture {
    fn of(conn: &mut Conn, mut files: Vec<File>, shelf: Arc<Shelf>, when: When) -> Result<Self> {
        let mut aid = aid_of(conn, &mut files, when)?;
        let mut by_index = HashMap::with_capacity(files.len());
        let mut people = HashMap::with_capacity(files.len());
        for mut file in files {
            let person = std::mem::take(&mut file.person_id);
            by_index.extend(file.id_bidx.take().map(|index| (index, person.clone())));
            let aid = aid.remove(&person).unwrap_or_default();
            let gathered = Gathered::of(file, &shelf, when, aid);
            people.insert(person, gathered);
        }
        Ok(Self { when, shelf, by_index, people })
    }

    /// The person behind a blind index, if known and seen.
    pub fn person_of(&self, tag: &Tag) -> Option<&str> {
        self.by_index.get(tag.as_slice()).map(String::as_str)
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
fn aid_of(conn: &mut Conn, files: &mut [File], when: When) -> Result<HashMap<String, Vec<AidBody>>> {
    let records = || files.iter().flat_map(|file| &file.aid);
    let moved: Vec<String> = records().filter(|r| r.moved_on).map(|r| r.record_id.clone()).collect();
    let told = if moved.is_empty() { HashMap::new() } else { aid::as_known(conn, &moved, when.known_at)? };
    let mut by_person = HashMap::new();
    for file in files.iter_mut().filter(|file| !file.aid.is_empty()) {
        let mut bodies: Vec<AidBody> = file.aid.drain(..).map(|record| record.of(&file.person_id)).collect();
        for body in &mut bodies {
            if let Some(told) = told.get(&body.record_id) {
                body.state = told.standing.state;
                body.paid_fen = Fen(told.standing.paid);
                body.returned_fen = Fen(told.standing.returned);
                body.paid_on = told.paid_on;
                body.version = told.version;
            }
        }
        bodies.sort_unstable_by(|a, b| a.record_id.cmp(&b.record_id));
        by_person.insert(file.person_id.clone(), bodies);
    }
    Ok(by_person)
}

fn notes(facts: &Facts, rows: usize) -> Vec<(&'static str, Text)> {
    let mut notes = Vec::new();
    if rows == 0 {
        notes.push((
            "roll_not_covering",
            Text::fixed(
                "该日没有该生的学籍记录，学段、年级等均按未知处理",
                "no roll row covers this date; stage, grade and the rest are unknown",
            ),
        ));
    }
    if rows > 1 {
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
