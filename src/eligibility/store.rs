//! Loads everything recorded about students on a date: a handful of set-wise queries, whatever their
//! number. Decides nothing.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};

use super::rules::{self, Answered, Recorded};
use crate::db::Conn;
use crate::error::Result;
use crate::policy::facts::Facts;
use crate::poverty_list::model::{Entry, List};
use crate::poverty_list::store as lists;
use crate::roll::model::{Enrolment, School};
use crate::roll::store as roll;
use crate::values::{Place, Text};

/// What is recorded about one student, put together.
#[derive(Debug)]
pub struct Gathered {
    /// The facts for the policy.
    pub facts: Facts,
    /// The roll row the facts come from.
    pub enrolment: Option<Enrolment>,
    /// The entry on the list in force, if there is one.
    pub entry: Option<Entry>,
    /// Remarks on the facts.
    pub notes: Vec<(&'static str, Text)>,
}

/// The lists in force and what is recorded about each student asked for.
#[derive(Debug)]
pub struct Picture {
    /// The versions in force on the date, as known at the moment.
    pub lists: Vec<List>,
    /// By person.
    pub people: HashMap<String, Gathered>,
}

/// Gathers what is recorded about some students.
pub fn gather(
    conn: &mut Conn,
    people: &[String],
    as_of: NaiveDate,
    known_at: NaiveDateTime,
) -> Result<Picture> {
    let in_force = lists::in_force(conn, as_of, known_at)?;
    let mut entries: HashMap<String, Entry> = HashMap::new();
    // The narrowest version is asked last and so wins where two hold the same person.
    let mut by_width: Vec<&List> = in_force.iter().collect();
    by_width.sort_by_key(|l| l.place.len());
    for list in by_width {
        entries.extend(
            lists::entries_of(conn, &list.list_id, people)?.into_iter().map(|e| (e.person_id.clone(), e)),
        );
    }
    let mut known = roll::known(conn, people, as_of, known_at)?;
    let codes: Vec<String> = {
        let mut codes: Vec<String> =
            known.enrolments.values().flatten().map(|e| e.school_code.clone()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    };
    let schools: HashMap<String, School> = roll::schools_known(conn, &codes, known_at)?;
    let mut gathered = HashMap::with_capacity(people.len());
    for person in people {
        let enrolments = known.enrolments.remove(person).unwrap_or_default();
        let categories = known.categories.remove(person).unwrap_or_default();
        let evidence = known.evidence.remove(person).unwrap_or_default();
        let entry = entries.remove(person);
        let row = rules::speaking(&enrolments, as_of);
        let facts = rules::facts(
            Recorded {
                enrolments: &enrolments,
                school: row.and_then(|r| schools.get(&r.school_code)),
                categories: &categories,
                evidence: &evidence,
                listed: entry.as_ref(),
            },
            as_of,
        );
        let notes = notes(&facts, &enrolments);
        let enrolment = row.cloned();
        gathered.insert(person.clone(), Gathered { facts, enrolment, entry, notes });
    }
    Ok(Picture { lists: in_force, people: gathered })
}

impl Picture {
    /// How the lists answer for a person; `fallback` is the caller's own place.
    pub fn answer(
        &self,
        person: Option<&str>,
        fallback: Option<&Place>,
        name_agrees: bool,
    ) -> (Answered, Option<&List>) {
        let gathered = person.and_then(|p| self.people.get(p));
        let standing: Vec<bool> = self
            .lists
            .iter()
            .map(|l| gathered.and_then(|g| g.entry.as_ref()).is_some_and(|e| e.list_id == l.list_id))
            .collect();
        let home = gathered.and_then(|g| {
            let hukou = g.facts.student.hukou.place.clone();
            hukou.or_else(|| g.facts.place.clone())
        });
        let answered = rules::answer(&self.lists, &standing, home.as_ref().or(fallback), name_agrees);
        let list = answered.by.and_then(|i| self.lists.get(i));
        (answered, list)
    }
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
