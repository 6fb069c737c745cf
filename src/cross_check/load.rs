//! Loads what a run reads and asks the policy what is due. Set-wise: a few queries for the whole place,
//! rows in pages, so that memory holds the small rows of the reconciliation and little else.
//!
//! Money is read before the roll, because the policy is asked only about those whose answer can matter:
//! the listed, the paid, the registered poor, and the members of listed households.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use uuid::Uuid;

use super::household::Homes;
use super::intern::{Keys, next};
use super::people::{ById, IdSet, People};
use super::reconcile_input::{
    AccountKey, Aided, Born, Categories, County, Due, Enrolled, Evidences, Listed, NameKey, PersonKey,
    SchoolKey,
};
use super::watch::{Step, Watch};
use crate::aid::payments as aid;
use crate::db::Conn;
use crate::eligibility::rules::{Recorded, facts};
use crate::error::Result;
use crate::policy::decision::BenefitKind;
use crate::policy::{Entitlements, Outcome as Verdict, Pack, entitled};
use crate::poverty_list::model::{Entry, List};
use crate::poverty_list::store as lists;
use crate::roll::model::{CategoryRecord, Enrolment, EvidenceRecord, School};
use crate::roll::store as roll;
use crate::seal::{Sealer, vault};
use crate::values::digest::SetDigest;
use crate::values::{Category, EnrolmentState, Fen, Hardship, Place, ResidentId, SchoolCode};

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
    /// What would be due to members of listed households who are not listed.
    pub presumed: Vec<Due>,
    /// Days of birth of those who were paid.
    pub born: Vec<Born>,
    /// Digest of the roll as it was read.
    pub roll_digest: String,
    /// Digest of the aid records as they were read.
    pub aid_digest: String,
    /// Digest of the list version before, if households were read from one.
    pub earlier_digest: Option<String>,
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
    /// The moment at which the run was asked for.
    pub at: NaiveDateTime,
    /// The rules.
    pub pack: &'a Pack,
    /// Opens ids, for days of birth.
    pub sealer: &'a Sealer,
}

/// Loads everything.
pub fn load(conn: &mut Conn, question: &Question<'_>, watch: Watch<'_>) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    let entries = lists::all_entries(conn, &question.list.list_id, question.place)?;
    watch(Step::List, entries.len())?;
    let mut homes = loaded.add_list(&entries)?;
    let on_list = loaded.keys.people.list.iter().copied().zip(&entries).collect();
    loaded.earlier_digest = homes.learn(conn, question, &on_list)?;
    loaded.add_aid(conn, question, watch)?;
    RollReader::new(&mut loaded, conn, question, on_list, &homes)?.read(conn, watch)?;
    loaded.file_by_person()?;
    loaded.add_births(conn, question, watch)?;
    Ok(loaded)
}

/// Whose a row is, before all are read and persons have numbers.
const UNNUMBERED: PersonKey = PersonKey(0);

fn county(place: &str) -> Option<County> {
    Place::parse(place).ok().and_then(|p| County::of(&p))
}

impl Loaded {
    fn name(&mut self, name_id: &str) -> Result<Option<NameKey>> {
        Ok(Some(NameKey(self.keys.names.number(name_id)?)))
    }

    fn school(&mut self, code: &str) -> Result<SchoolKey> {
        Ok(SchoolKey(self.keys.schools.number(code)?))
    }

    fn add_list(&mut self, entries: &[Entry]) -> Result<Homes> {
        let mut homes = Homes::default();
        for (number, e) in (0..).zip(entries) {
            self.keys.people.list.push(People::id(&e.person_id)?);
            let name = self.name(&e.name_id)?;
            let household = match homes.enter(e) {
                Some(key) => Some(self.keys.households.number(&key)?),
                None => None,
            };
            let school = e.school_code.as_deref().map(|code| self.school(code)).transpose()?;
            self.listed.push(Listed {
                entry: number,
                person: UNNUMBERED,
                name,
                home: county(&e.place),
                household,
                stage: e.stage,
                school,
            });
        }
        Ok(homes)
    }

    fn add_aid(&mut self, conn: &mut Conn, q: &Question<'_>, watch: Watch<'_>) -> Result<()> {
        let mut records = SetDigest::default();
        let mut number = 0;
        for county in aid::places_of_term(conn, q.term, q.place)? {
            let mut after = None;
            loop {
                let (page, next) = aid::of_term(conn, q.term, &county, after.as_ref(), PAGE)?;
                if next.is_none() {
                    break;
                }
                after = next;
                watch(Step::Aid, page.len())?;
                for r in page {
                    self.keys.people.aid.push(People::id(&r.person_id)?);
                    let name = self.name(&r.name_id)?;
                    let account = match &r.account_id {
                        Some(id) => Some(AccountKey(self.keys.accounts.number(id)?)),
                        None => None,
                    };
                    let school = Some(self.school(&r.school_code)?);
                    self.aided.push(Aided {
                        record: number,
                        person: UNNUMBERED,
                        name,
                        school,
                        programme: r.programme,
                        tier: r.tier,
                        fen: Fen(r.fen),
                        paid_on: r.paid_on,
                        account,
                    });
                    number += 1;
                    records.add(&[&r.row_key]);
                }
            }
        }
        self.aid_digest = records.finish();
        Ok(())
    }

    /// Numbers the persons, and files every row under its own. Of dues it was kept which row of the roll they
    /// were decided upon.
    fn file_by_person(&mut self) -> Result<()> {
        let numbers = self.keys.people.number()?;
        self.listed.iter_mut().zip(numbers.list()).for_each(|(row, person)| row.person = person);
        self.enrolled.iter_mut().zip(numbers.roll()).for_each(|(row, person)| row.person = person);
        self.aided.iter_mut().zip(numbers.aid()).for_each(|(row, person)| row.person = person);
        for due in self.due.iter_mut().chain(&mut self.presumed) {
            due.person = numbers.on_roll(due.person).unwrap_or(due.person);
        }
        Ok(())
    }

    /// Days of birth, from the sealed ids of those who were paid and are on the roll.
    fn add_births(&mut self, conn: &mut Conn, q: &Question<'_>, watch: Watch<'_>) -> Result<()> {
        let people = &self.keys.people;
        let mut paid: Vec<PersonKey> =
            self.aided.iter().map(|a| a.person).filter(|person| people.on_roll(*person)).collect();
        paid.sort_unstable();
        paid.dedup();
        let page = usize::try_from(PAGE).unwrap_or(1);
        for chunk in paid.chunks(page) {
            watch(Step::Births, chunk.len())?;
            let ids: Vec<String> = chunk.iter().map(|person| people.text(*person)).collect();
            let opened = vault::reveal_ids(conn, q.sealer, &ids)?;
            for (person, id) in chunk.iter().zip(&ids) {
                let parsed = opened.get(id).and_then(|id| ResidentId::parse(id).ok());
                self.born.extend(parsed.map(|id| Born { person: *person, on: id.value.birth_date() }));
            }
        }
        Ok(())
    }
}

/// Reads the roll, row by row.
struct RollReader<'a> {
    loaded: &'a mut Loaded,
    q: &'a Question<'a>,
    homes: &'a Homes,
    /// The entry of each listed person.
    entries: ById<&'a Entry>,
    /// Whoever is on the list, and was not met on the roll so far.
    away: IdSet,
    paid: IdSet,
    /// Whose dues are decided.
    decided: IdSet,
    said: Said,
    rows: SetDigest,
    buffer: Entitlements,
}

impl<'a> RollReader<'a> {
    fn new(
        loaded: &'a mut Loaded,
        conn: &mut Conn,
        q: &'a Question<'a>,
        entries: ById<&'a Entry>,
        homes: &'a Homes,
    ) -> Result<Self> {
        let people = &loaded.keys.people;
        let listed: Vec<String> = people.list.iter().map(Uuid::to_string).collect();
        let said = Said::load(conn, q, &listed)?;
        let (away, paid) = (entries.keys().copied().collect(), people.aid.iter().copied().collect());
        let decided = IdSet::default();
        let (rows, buffer) = (SetDigest::default(), Entitlements::default());
        Ok(Self { loaded, q, homes, entries, away, paid, decided, said, rows, buffer })
    }

    fn read(mut self, conn: &mut Conn, watch: Watch<'_>) -> Result<()> {
        for county in roll::places_of_term(conn, self.q.term, self.q.place)? {
            let mut last: Option<Enrolment> = None;
            loop {
                let mut page = roll::of_term(conn, self.q.term, &county, last.as_ref(), PAGE)?;
                watch(Step::Roll, page.len())?;
                self.said.schools(conn, &page)?;
                page.iter().try_for_each(|row| self.add(row))?;
                last = page.pop();
                if last.is_none() {
                    break;
                }
            }
        }
        // Listed students who study elsewhere are on another place's roll.
        let people = &self.loaded.keys.people;
        let away = people.list.iter().filter(|id| self.away.contains(*id));
        let away: Vec<String> = away.map(Uuid::to_string).collect();
        let rows = roll::of_people(conn, self.q.term, &away)?;
        self.said.schools(conn, &rows)?;
        rows.iter().try_for_each(|row| self.add(row))?;
        self.loaded.roll_digest = self.rows.finish();
        Ok(())
    }

    fn add(&mut self, row: &Enrolment) -> Result<()> {
        self.rows.add(&[&row.person_id, &row.school_code, &row.fingerprint]);
        let id = People::id(&row.person_id)?;
        let at = PersonKey(next(self.loaded.enrolled.len())?);
        self.loaded.keys.people.roll.push(id);
        self.away.remove(&id);
        let name = self.loaded.name(&row.name_id)?;
        let categories = self.said.categories.get(&row.person_id).map(Vec::as_slice).unwrap_or_default();
        let evidence = self.said.evidence.get(&row.person_id).map(Vec::as_slice).unwrap_or_default();
        let state = row.state_on(self.q.as_of);
        let listed = self.entries.get(&id).copied();
        let household = self.homes.of(row, &self.loaded.keys.households);
        let held: Categories = categories.iter().map(|c| c.category).collect();
        let school = self.loaded.school(&row.school_code)?;
        self.loaded.enrolled.push(Enrolled {
            person: UNNUMBERED,
            name,
            school,
            place: county(&row.place),
            stage: row.stage,
            grade: row.grade.and_then(|g| u8::try_from(g).ok()),
            state,
            from: row.entered_on,
            to: row.left_on,
            categories: held,
            evidence: evidence.iter().map(|e| e.kind).collect::<Evidences>(),
            assessed: row.hardship.is_some_and(|h| h != Hardship::None),
            household,
            fits: SchoolCode::parse(&row.school_code).is_ok_and(|code| code.value.fits(row.stage)),
        });
        let missing_kin = listed.is_none() && household.is_some();
        let matters = listed.is_some()
            || missing_kin
            || held.contains(Category::RegisteredPoor)
            || self.paid.contains(&id);
        if state != EnrolmentState::Enrolled || !matters || !self.decided.insert(id) {
            return Ok(());
        }
        let recorded = Recorded {
            enrolments: std::slice::from_ref(row),
            school: self.said.schools.get(&row.school_code),
            categories,
            evidence,
            listed,
        };
        decide(self.q, recorded, at, &mut self.buffer, &mut self.loaded.due);
        let kin = household.filter(|_| missing_kin);
        if let Some(kin) = kin.and_then(|(key, _)| self.homes.entry(self.loaded.keys.households.text(key))) {
            let as_if = Recorded { listed: Some(kin), ..recorded };
            decide(self.q, as_if, at, &mut self.buffer, &mut self.loaded.presumed);
        }
        Ok(())
    }
}

/// Asks the policy, and keeps what is due under the row of the roll; what is ruled out is left out.
fn decide(
    q: &Question<'_>,
    recorded: Recorded<'_>,
    person: PersonKey,
    buffer: &mut Entitlements,
    due: &mut Vec<Due>,
) {
    entitled(q.pack, &facts(recorded, q.as_of), buffer);
    for (programme, of_it) in buffer.iter() {
        if of_it.outcome == Verdict::Ineligible {
            continue;
        }
        let cash = q.pack.programme(programme).is_some_and(|rules| rules.kind == BenefitKind::Cash);
        due.push(Due {
            person,
            programme,
            outcome: of_it.outcome,
            // What is given in kind has no figure, and that is not a figure of nothing.
            fen_per_term: of_it.fen_per_term().filter(|fen| cash || fen.0 > 0),
            cash,
        });
    }
}

/// What is said of the students of the place besides their rows.
struct Said {
    schools: HashMap<String, School>,
    categories: HashMap<String, Vec<CategoryRecord>>,
    evidence: HashMap<String, Vec<EvidenceRecord>>,
}

impl Said {
    fn load(conn: &mut Conn, q: &Question<'_>, listed: &[String]) -> Result<Self> {
        let mut categories: HashMap<String, Vec<CategoryRecord>> = HashMap::new();
        for c in roll::categories_of_term(conn, q.term, q.place, q.as_of, listed)? {
            categories.entry(c.person_id.clone()).or_default().push(c);
        }
        let mut evidence: HashMap<String, Vec<EvidenceRecord>> = HashMap::new();
        for e in roll::evidence_of_term(conn, q.term, q.place, q.as_of, listed)? {
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
