//! Loads what a run reads and asks the policy what is due. Set-wise: a few queries for the whole place,
//! rows in pages, so that memory holds the small rows of the reconciliation and little else.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::intern::Keys;
use super::reconcile_input::{
    AccountKey, Aided, Categories, County, Due, Enrolled, Evidences, Listed, NameKey, PersonKey, SchoolKey,
};
use crate::aid::payments as aid;
use crate::db::Conn;
use crate::eligibility::rules::{Recorded, facts};
use crate::error::Result;
use crate::policy::decision::BenefitKind;
use crate::policy::{self, Outcome as Verdict, Pack};
use crate::poverty_list::model::{Entry, List};
use crate::poverty_list::store as lists;
use crate::roll::model::{CategoryRecord, Enrolment, EvidenceRecord, School};
use crate::roll::store as roll;
use crate::values::{EnrolmentState, Hardship, Place, digest};

/// Rows per page.
const PAGE: i64 = 5_000;

/// What was loaded, ready for the reconciliation.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The keys of everything below.
    pub keys: Keys,
    /// Entries of the list.
    pub listed: Vec<Listed>,
    /// Rows of the roll.
    pub enrolled: Vec<Enrolled>,
    /// Aid records.
    pub aided: Vec<Aided>,
    /// What is due.
    pub due: Vec<Due>,
    /// One name for each person, to show a finding by.
    pub name_of: HashMap<PersonKey, NameKey>,
    /// Digest of the roll as it was read.
    pub roll_digest: String,
    /// Digest of the aid records as they were read.
    pub aid_digest: String,
}

/// The question of a run.
#[derive(Debug)]
pub struct Question<'a> {
    /// The version that is held against roll and money.
    pub list: &'a List,
    /// The term.
    pub term: &'a str,
    /// The place.
    pub place: &'a Place,
    /// The day on which states and rules are read.
    pub as_of: NaiveDate,
    /// The rules.
    pub pack: &'a Pack,
}

/// Loads everything.
pub fn load(conn: &mut Conn, question: &Question<'_>) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    let entries: HashMap<String, Entry> = lists::all_entries(conn, &question.list.list_id, question.place)?
        .into_iter()
        .map(|e| (e.person_id.clone(), e))
        .collect();
    loaded.add_list(&entries)?;
    loaded.add_roll(conn, question, &entries)?;
    loaded.add_aid(conn, question)?;
    Ok(loaded)
}

fn county(place: &str) -> Option<County> {
    Place::parse(place).ok().and_then(|p| County::of(&p))
}

impl Loaded {
    fn person(&mut self, person_id: &str, name_id: &str) -> Result<(PersonKey, NameKey)> {
        let person = PersonKey(self.keys.people.number(person_id)?);
        let name = NameKey(self.keys.names.number(name_id)?);
        self.name_of.entry(person).or_insert(name);
        Ok((person, name))
    }

    fn add_list(&mut self, entries: &HashMap<String, Entry>) -> Result<()> {
        let mut in_order: Vec<&Entry> = entries.values().collect();
        in_order.sort_unstable_by(|a, b| a.entry_id.cmp(&b.entry_id));
        for (number, e) in (0..).zip(in_order) {
            let (person, name) = self.person(&e.person_id, &e.name_id)?;
            let household = match &e.household_no {
                Some(no) => Some(self.keys.households.number(&format!("{}|{no}", e.place))?),
                None => None,
            };
            let school = match &e.school_code {
                Some(code) => Some(SchoolKey(self.keys.schools.number(code)?)),
                None => None,
            };
            self.listed.push(Listed {
                entry: number,
                person,
                name: Some(name),
                home: county(&e.place),
                household,
                stage: e.stage,
                school,
            });
        }
        Ok(())
    }

    fn add_roll(
        &mut self,
        conn: &mut Conn,
        q: &Question<'_>,
        entries: &HashMap<String, Entry>,
    ) -> Result<()> {
        let mut said = Said::load(conn, q, entries)?;
        let mut lines = Vec::new();
        let mut decided = HashSet::new();
        for county in roll::places_of_term(conn, q.term, q.place)? {
            let mut last: Option<Enrolment> = None;
            loop {
                let mut page = roll::of_term(conn, q.term, &county, last.as_ref(), PAGE)?;
                said.schools(conn, &page)?;
                for row in &page {
                    self.add_row(q, row, &said, entries, &mut decided)?;
                    lines.push(format!("{}|{}|{}", row.person_id, row.school_code, row.fingerprint));
                }
                last = page.pop();
                if last.is_none() {
                    break;
                }
            }
        }
        // Listed students who study elsewhere are on another place's roll.
        let here: HashSet<PersonKey> = self.enrolled.iter().map(|e| e.person).collect();
        let away: Vec<String> = entries
            .keys()
            .filter(|id| self.keys.people.known(id).is_none_or(|k| !here.contains(&PersonKey(k))))
            .cloned()
            .collect();
        let rows = roll::of_people(conn, q.term, &away)?;
        said.schools(conn, &rows)?;
        for row in &rows {
            self.add_row(q, row, &said, entries, &mut decided)?;
            lines.push(format!("{}|{}|{}", row.person_id, row.school_code, row.fingerprint));
        }
        self.roll_digest = digest::of_set(lines);
        Ok(())
    }

    fn add_row(
        &mut self,
        q: &Question<'_>,
        row: &Enrolment,
        said: &Said,
        entries: &HashMap<String, Entry>,
        decided: &mut HashSet<PersonKey>,
    ) -> Result<()> {
        let (person, name) = self.person(&row.person_id, &row.name_id)?;
        let categories = said.categories.get(&row.person_id).map(Vec::as_slice).unwrap_or_default();
        let evidence = said.evidence.get(&row.person_id).map(Vec::as_slice).unwrap_or_default();
        let state = row.state_on(q.as_of);
        self.enrolled.push(Enrolled {
            person,
            name: Some(name),
            school: SchoolKey(self.keys.schools.number(&row.school_code)?),
            place: county(&row.place),
            stage: row.stage,
            grade: row.grade.and_then(|g| u8::try_from(g).ok()),
            state,
            from: row.entered_on,
            to: row.left_on,
            categories: categories.iter().map(|c| c.category).collect::<Categories>(),
            evidence: evidence.iter().map(|e| e.kind).collect::<Evidences>(),
            assessed: row.hardship.is_some_and(|h| h != Hardship::None),
        });
        if state != EnrolmentState::Enrolled || !decided.insert(person) {
            return Ok(());
        }
        let facts = facts(
            Recorded {
                enrolments: std::slice::from_ref(row),
                school: said.schools.get(&row.school_code),
                categories,
                evidence,
                listed: entries.get(&row.person_id),
            },
            q.as_of,
        );
        for p in policy::decide(q.pack, &facts).programmes {
            if p.outcome == Verdict::Ineligible {
                continue;
            }
            self.due.push(Due {
                person,
                programme: p.programme,
                outcome: p.outcome,
                fen_per_term: p.benefit.and_then(|b| b.fen_per_term),
                cash: p.benefit.is_some_and(|b| b.kind == BenefitKind::Cash),
            });
        }
        Ok(())
    }

    fn add_aid(&mut self, conn: &mut Conn, q: &Question<'_>) -> Result<()> {
        let mut keys = Vec::new();
        let mut number = 0;
        for county in aid::places_of_term(conn, q.term, q.place)? {
            let mut after = None;
            loop {
                let (page, next) = aid::of_term(conn, q.term, &county, after.as_ref(), PAGE)?;
                if next.is_none() {
                    break;
                }
                after = next;
                for r in page {
                    let (person, name) = self.person(&r.person_id, &r.name_id)?;
                    let account = match &r.account_id {
                        Some(id) => Some(AccountKey(self.keys.accounts.number(id)?)),
                        None => None,
                    };
                    self.aided.push(Aided {
                        record: number,
                        person,
                        name: Some(name),
                        school: Some(SchoolKey(self.keys.schools.number(&r.school_code)?)),
                        programme: r.programme,
                        tier: r.tier,
                        fen: crate::values::Fen(r.fen),
                        paid_on: r.paid_on,
                        account,
                    });
                    number += 1;
                    keys.push(r.row_key);
                }
            }
        }
        self.aid_digest = digest::of_set(keys);
        Ok(())
    }
}

/// What is said of the students of the place besides their rows.
struct Said {
    schools: HashMap<String, School>,
    categories: HashMap<String, Vec<CategoryRecord>>,
    evidence: HashMap<String, Vec<EvidenceRecord>>,
}

impl Said {
    fn load(conn: &mut Conn, q: &Question<'_>, entries: &HashMap<String, Entry>) -> Result<Self> {
        let listed: Vec<String> = entries.keys().cloned().collect();
        let mut categories: HashMap<String, Vec<CategoryRecord>> = HashMap::new();
        for c in roll::categories_of_term(conn, q.term, q.place, q.as_of, &listed)? {
            categories.entry(c.person_id.clone()).or_default().push(c);
        }
        let mut evidence: HashMap<String, Vec<EvidenceRecord>> = HashMap::new();
        for e in roll::evidence_of_term(conn, q.term, q.place, q.as_of, &listed)? {
            evidence.entry(e.person_id.clone()).or_default().push(e);
        }
        Ok(Self { schools: HashMap::new(), categories, evidence })
    }

    /// Makes sure the schools of these rows are known.
    fn schools(&mut self, conn: &mut Conn, rows: &[Enrolment]) -> Result<()> {
        let mut codes: Vec<String> = rows
            .iter()
            .filter(|r| !self.schools.contains_key(&r.school_code))
            .map(|r| r.school_code.clone())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        self.schools.extend(roll::schools_of(conn, &codes)?);
        Ok(())
    }
}
