//! Looking for proposals: refused rows, page by page, against the vault's index and the roll.
//!
//! Everything is asked set by set: the candidates of a whole page of rows are looked up together. Reading
//! goes before writing and apart from it, so that a long search holds up nobody.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDateTime;

use super::model::{Evidence, Proposal, ProposalState};
use super::row::Part;
use super::rules::{Pupil, Said, Verdict, judge};
use super::store::{self, OnRoll};
use crate::db::{Conn, Db};
use crate::error::Result;
use crate::imports::model::{ImportKind, Report};
use crate::imports::store::{self as imports, Refused};
use crate::seal::{Sealer, vault};
use crate::values::resident_id::Slip;
use crate::values::{Place, ResidentId, clock};

/// Refused rows looked at in one step; each has up to 200 candidates.
const PAGE: i64 = 50;

/// Refused rows looked at in one search. A file with more is searched on from where it stopped.
const MOST_ROWS: i64 = 5_000;

/// What a search came to. Where several people stand side by side in a row, `refused` counts rows and all else
/// people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Searched {
    /// Refused rows looked at.
    pub refused: i64,
    /// Of these, rows of which the id is all that is wrong.
    pub considered: i64,
    /// Rows that have a proposal now, whatever its state.
    pub proposed: i64,
    /// Rows with which several pupils agree.
    pub several: i64,
    /// Rows with which no pupil agrees.
    pub nobody: i64,
    /// The row to go on after, when the file has more.
    pub next_row: Option<i32>,
}

/// The import whose rows are looked at.
#[derive(Debug, Clone)]
pub struct Source {
    /// The import.
    pub report: Report,
    /// The school that sent it, or empty.
    pub school: String,
    /// The list version it went into.
    pub list_id: Option<String>,
}

impl Source {
    /// The import with what a proposal needs to know of it.
    pub fn of(conn: &mut Conn, report: Report) -> Result<Self> {
        let school = store::school_of(conn, &report.import_id)?;
        let list_id = match report.kind {
            ImportKind::PovertyList => store::list_of(conn, &report.import_id)?,
            ImportKind::Roll | ImportKind::Aid => None,
        };
        Ok(Self { report, school, list_id })
    }

    /// Whether somebody at school there is within the scope of the import.
    fn holds(&self, at: &OnRoll) -> bool {
        let inside = |own: Place| Place::parse(&at.place).is_ok_and(|place| own.contains(&place));
        Place::parse(&self.report.place).is_ok_and(inside)
            && (self.school.is_empty() || self.school == at.school)
    }
}

/// How a search reaches the database.
pub enum Reach<'a> {
    /// Each page is read, and what it brings written, in a transaction of its own.
    Apart(&'a Db),
    /// Everything in a transaction that has begun.
    Within(&'a mut Conn),
}

impl Reach<'_> {
    fn read<T>(&mut self, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        match self {
            Self::Apart(db) => db.read_now(f),
            Self::Within(conn) => f(conn),
        }
    }

    fn write<T>(&mut self, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        match self {
            Self::Apart(db) => db.write_now(f),
            Self::Within(conn) => f(conn),
        }
    }
}

/// Looks at the refused rows after a row, records what is to be proposed and withdraws open proposals for
/// which the ground is gone. Looking again changes nothing that a person has decided.
pub fn search(
    reach: &mut Reach<'_>,
    sealer: &Sealer,
    source: &Source,
    after: i32,
    by: &str,
    at: NaiveDateTime,
) -> Result<Searched> {
    let mut searched = Searched::default();
    let mut after = after;
    loop {
        let (rows, found, known) = reach.read(|conn| {
            let rows = imports::refused_after(conn, sealer, &source.report.import_id, after, PAGE)?;
            let found = look(conn, sealer, source, &rows)?;
            let last = rows.last().map_or(after, |r| r.line);
            let known = store::of_rows(conn, &source.report.import_id, after.saturating_add(1), last)?;
            Ok((rows, found, known))
        })?;
        let Some(last) = rows.last() else { break };
        after = last.line;
        searched.refused += size(rows.len());
        searched.considered += size(found.len());
        let mut fresh = Vec::new();
        let mut groundless = Vec::new();
        for (place, outcome) in found {
            let before = known.get(&place);
            match (&outcome, before) {
                (_, Some(decided)) if decided.state != ProposalState::Open => searched.proposed += 1,
                (Outcome::One(one), Some(open)) if open.person_id == one.person_id => searched.proposed += 1,
                (Outcome::One(one), _) => {
                    groundless.extend(before.map(|p| p.proposal_id.clone()));
                    fresh.push(proposal(source, place, one, by, at)?);
                    searched.proposed += 1;
                }
                (Outcome::Several | Outcome::Nobody, _) => {
                    groundless.extend(before.map(|p| p.proposal_id.clone()));
                    let count = if outcome == Outcome::Several {
                        &mut searched.several
                    } else {
                        &mut searched.nobody
                    };
                    *count += 1;
                }
            }
        }
        if !fresh.is_empty() || !groundless.is_empty() {
            reach.write(|conn| {
                store::withdraw(conn, &groundless)?;
                store::insert(conn, &fresh)
            })?;
        }
        if size(rows.len()) < PAGE {
            break;
        }
        if searched.refused >= MOST_ROWS {
            searched.next_row = Some(after);
            break;
        }
    }
    Ok(searched)
}

/// [`Verdict`] without its borrow.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exactly one pupil agrees.
    One(Found),
    /// Several do.
    Several,
    /// Nobody does.
    Nobody,
}

/// The one pupil.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The person.
    pub person_id: String,
    /// The name by the roll.
    pub name_id: String,
    /// The id.
    pub id: ResidentId,
    /// How the entered id differs.
    pub slip: Option<Slip>,
    /// What speaks for it.
    pub evidence: Evidence,
}

/// Where a part of a refused row stands: its line, and which person of the row it is, from 0.
pub type Spot = (i32, i16);

/// Judges the people of whom the id is all that is wrong, by where they stand.
pub fn look(
    conn: &mut Conn,
    sealer: &Sealer,
    source: &Source,
    rows: &[Refused],
) -> Result<Vec<(Spot, Outcome)>> {
    let understood = &source.report.understood;
    let considered: Vec<(Spot, Option<Said>)> = rows
        .iter()
        .flat_map(|row| Part::of_wrong_id(row, understood).into_iter().map(|part| (row.line, part)))
        .map(|(line, part)| ((line, part.number()), part.said()))
        .collect();
    let known = Known::load(conn, sealer, source, considered.iter().filter_map(|(_, said)| said.as_ref()))?;
    Ok(considered
        .into_iter()
        .map(|(place, said)| {
            let Some(said) = said else { return (place, Outcome::Nobody) };
            let pupils = known.pupils(source, &said);
            let outcome = match judge(&said, &pupils) {
                Verdict::One(pupil, slip, evidence) => Outcome::One(Found {
                    person_id: pupil.person_id.clone(),
                    name_id: pupil.name_id.clone(),
                    id: pupil.id.clone(),
                    slip,
                    evidence,
                }),
                Verdict::Several => Outcome::Several,
                Verdict::Nobody => Outcome::Nobody,
            };
            (place, outcome)
        })
        .collect())
}

/// What is known of everybody to whom the ids and numbers of a page lead.
struct Known {
    by_id: HashMap<String, String>,
    by_number: HashMap<String, String>,
    named: HashSet<(String, String)>,
    on_roll: HashMap<String, Vec<OnRoll>>,
    revealed: HashMap<String, vault::Revealed>,
}

impl Known {
    fn load<'a>(
        conn: &mut Conn,
        sealer: &Sealer,
        source: &Source,
        rows: impl Iterator<Item = &'a Said> + Clone,
    ) -> Result<Self> {
        let ids: BTreeSet<&str> =
            rows.clone().flat_map(|s| s.candidates.iter().map(|(id, _)| id.as_str())).collect();
        let numbers: BTreeSet<&str> = rows
            .clone()
            .filter_map(|s| s.number.as_ref())
            .map(crate::values::StudentNumber::as_str)
            .collect();
        let by_id = vault::find_many(conn, sealer, &ids.into_iter().collect::<Vec<_>>())?;
        let by_number = vault::find_many_by_number(conn, sealer, &numbers.into_iter().collect::<Vec<_>>())?;
        let mut known = Self {
            by_id,
            by_number,
            named: HashSet::new(),
            on_roll: HashMap::new(),
            revealed: HashMap::new(),
        };
        let pairs: BTreeSet<(&str, &str)> = rows
            .flat_map(|said| known.people(said).into_iter().map(|person| (person, said.name.normal())))
            .collect();
        let named = vault::having_names(conn, sealer, &pairs.into_iter().collect::<Vec<_>>())?;
        let people: BTreeSet<String> = named.iter().map(|(person, _)| person.clone()).collect();
        let people: Vec<String> = people.into_iter().collect();
        known.on_roll = store::on_roll(conn, &people)?;
        let pupils: Vec<&String> = people.iter().filter(|p| known.on_roll.contains_key(*p)).collect();
        known.revealed = vault::reveal(conn, sealer, &pupils)?;
        known.named = named;
        log::debug!("event=proposals_looked import={} pupils={}", source.report.import_id, pupils.len());
        Ok(known)
    }

    /// Everybody to whom a row may lead.
    fn people(&self, said: &Said) -> BTreeSet<&str> {
        let by_id = said.candidates.iter().filter_map(|(id, _)| self.by_id.get(id.as_str()));
        let by_number = said.number.iter().filter_map(|n| self.by_number.get(n.as_str()));
        by_id.chain(by_number).map(String::as_str).collect()
    }

    /// Of these, whoever is on the roll and has an id.
    fn pupils(&self, source: &Source, said: &Said) -> Vec<Pupil> {
        self.people(said)
            .into_iter()
            .filter_map(|person| {
                let rows = self.on_roll.get(person)?;
                let revealed = self.revealed.get(person)?;
                Some(Pupil {
                    person_id: person.to_owned(),
                    name_id: rows.first()?.name_id.clone(),
                    named: self.named.contains(&(person.to_owned(), said.name.normal().to_owned())),
                    id: ResidentId::parse(revealed.id.as_deref()?).ok()?.value,
                    number: revealed.student_number.clone(),
                    schools: rows.iter().map(|r| r.school.clone()).collect(),
                    inside: rows.iter().any(|r| source.holds(r)),
                })
            })
            .collect()
    }
}

fn proposal(source: &Source, spot: Spot, one: &Found, by: &str, at: NaiveDateTime) -> Result<Proposal> {
    Ok(Proposal {
        proposal_id: clock::new_id(),
        import_id: source.report.import_id.clone(),
        line: spot.0,
        member: spot.1,
        kind: source.report.kind,
        place: source.report.place.clone(),
        school: source.school.clone(),
        list_id: source.list_id.clone(),
        person_id: one.person_id.clone(),
        name_id: one.name_id.clone(),
        slip: one.slip,
        evidence: serde_json::to_string(&one.evidence)?,
        state: ProposalState::Open,
        accepted_import_id: None,
        recorded_by: by.to_owned(),
        recorded_at: at,
        decided_by: None,
        decided_at: None,
        reverted_by: None,
        reverted_at: None,
    })
}

fn size(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
