//! Looking students up: from id number and name to the whole answer, for one or for many.
//!
//! A handful of queries whatever the number of students; the decision itself is the policy's.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, NaiveDateTime};

use super::model::{ListMatch, LookupBody, LookupRequest, NoteBody, StudentRef};
use super::store::{self, Picture};
use crate::aid::body::AidBody;
use crate::aid::store as aid;
use crate::auth::Caller;
use crate::db::Conn;
use crate::error::{Error, FieldError, Result};
use crate::policy::{self, Pack};
use crate::poverty_list::model::List;
use crate::roll::masking::{People, Shown};
use crate::roll::store as roll;
use crate::seal::{Sealer, vault};
use crate::values::{Lang, PersonName, Place, ResidentId, TermCalendar};

/// Everything an answer depends on besides the question.
#[derive(Debug)]
pub struct Desk<'a> {
    /// Opens and indexes what is sealed.
    pub sealer: &'a Sealer,
    /// The rules.
    pub pack: &'a Pack,
    /// Who asks.
    pub caller: &'a Caller,
    /// What was known by this moment is used.
    pub known_at: NaiveDateTime,
    /// Today's civil date.
    pub today: NaiveDate,
    /// The language of the answer.
    pub lang: Lang,
}

/// A question whose id number and name were understood.
#[derive(Debug, Clone)]
pub struct Asked {
    id: ResidentId,
    name: PersonName,
    as_of: NaiveDate,
}

impl Asked {
    /// Reads a question; faults point into the request.
    pub fn parse(request: &LookupRequest, today: NaiveDate, calendar: TermCalendar) -> Result<Self> {
        let id = ResidentId::parse(&request.id_number).map_err(|e| FieldError::from_value("/id_number", e));
        let name = PersonName::parse(&request.name).map_err(|e| FieldError::from_value("/name", e));
        let as_of = match (request.as_of, request.term) {
            (Some(date), _) => date,
            // Within the term when today lies in it, else its nearest day.
            (None, Some(term)) => calendar.nearest(term, today),
            (None, None) => today,
        };
        match (id, name) {
            (Ok(id), Ok(name)) => Ok(Self { id: id.value, name: name.value, as_of }),
            (id, name) => Err(Error::invalid([id.err(), name.err()].into_iter().flatten().collect())),
        }
    }
}

/// Answers questions by id number and name, in their order.
pub fn by_id(conn: &mut Conn, desk: &Desk<'_>, asked: &[Asked]) -> Result<Vec<LookupBody>> {
    let ids: Vec<&str> = asked.iter().map(|a| a.id.as_str()).collect();
    let found = vault::find_many(conn, desk.sealer, &ids)?;
    let mut people: Vec<String> = found.values().cloned().collect();
    people.sort_unstable();
    people.dedup();
    let visible = roll::visible(conn, desk.caller.scope(), &people)?;
    // Pictures are drawn per date: a batch usually asks for one.
    let mut by_date: BTreeMap<NaiveDate, Vec<usize>> = BTreeMap::new();
    for (at, a) in asked.iter().enumerate() {
        by_date.entry(a.as_of).or_default().push(at);
    }
    let mut answers: BTreeMap<usize, LookupBody> = BTreeMap::new();
    for (as_of, positions) in by_date {
        let of = |at: &usize| {
            let person = asked.get(*at).and_then(|a| found.get(a.id.as_str()))?;
            visible.binary_search(person).is_ok().then(|| person.clone())
        };
        let here: Vec<String> = positions.iter().filter_map(of).collect();
        let claimed: Vec<(String, &str)> =
            positions.iter().filter_map(|at| Some((of(at)?, asked.get(*at)?.name.normal()))).collect();
        let claimed: Vec<(&str, &str)> =
            claimed.iter().map(|(person, name)| (person.as_str(), *name)).collect();
        let known = vault::having_names(conn, desk.sealer, &claimed)?;
        let album = Album::draw(conn, desk, here, as_of)?;
        for at in positions {
            let Some(question) = asked.get(at) else { continue };
            let person = of(&at);
            let agrees = person
                .as_ref()
                .is_none_or(|p| known.contains(&(p.clone(), question.name.normal().to_owned())));
            answers.insert(at, album.answer(desk, person.as_deref(), agrees));
        }
    }
    Ok(answers.into_values().collect())
}

/// Answers for one stored student whom the caller may see.
pub fn by_person(conn: &mut Conn, desk: &Desk<'_>, person: &str, as_of: NaiveDate) -> Result<LookupBody> {
    roll::must_see(conn, desk.caller.scope(), person)?;
    let album = Album::draw(conn, desk, vec![person.to_owned()], as_of)?;
    Ok(album.answer(desk, Some(person), true))
}

/// Everything loaded for some students on one date.
struct Album {
    as_of: NaiveDate,
    picture: Picture,
    shown: Shown,
    aid: HashMap<String, Vec<AidBody>>,
}

impl Album {
    fn draw(conn: &mut Conn, desk: &Desk<'_>, mut people: Vec<String>, as_of: NaiveDate) -> Result<Self> {
        people.sort_unstable();
        people.dedup();
        let picture = store::gather(conn, &people, as_of, desk.known_at)?;
        let names = picture.people.values().filter_map(name_of).collect();
        let term = calendar(desk).term_of(as_of).to_string();
        let mut paid: HashMap<String, Vec<AidBody>> = HashMap::new();
        for record in aid::of_people(conn, &people, &term, desk.known_at)? {
            paid.entry(record.person_id.clone()).or_default().push(record.into());
        }
        let shown = People { people, names }.show(conn, desk.sealer, desk.caller.sees_identities())?;
        Ok(Self { as_of, picture, shown, aid: paid })
    }

    fn answer(&self, desk: &Desk<'_>, person: Option<&str>, name_agrees: bool) -> LookupBody {
        let gathered = person.and_then(|p| self.picture.people.get(p));
        let (answered, list) = self.picture.answer(person, desk.caller.scope().place(), name_agrees);
        let unknown = policy::facts::Facts::on(self.as_of);
        let facts = gathered.map_or(&unknown, |g| &g.facts);
        // Under another name nothing is told about the person behind the id number.
        let tell = name_agrees.then_some(());
        LookupBody {
            as_of: self.as_of,
            known_at: desk.known_at.and_utc(),
            student: tell.and(person).map(|person| StudentRef {
                student_id: person.to_owned(),
                id_number: self.shown.id_number(person),
                name: gathered.and_then(name_of).and_then(|n| self.shown.name(&n)),
                school: gathered.and_then(|g| g.enrolment.as_ref()).map(|e| e.school_code.clone()),
            }),
            list: list_match(answered, list, self.as_of, desk.lang),
            decision: tell.map(|()| policy::decide(desk.pack, facts).body(desk.pack, desk.lang)),
            notes: gathered
                .filter(|_| name_agrees)
                .map(|g| {
                    g.notes
                        .iter()
                        .map(|(code, text)| NoteBody {
                            code: (*code).to_owned(),
                            message: text.in_lang(desk.lang).to_owned(),
                        })
                        .collect()
                })
                .unwrap_or_default(),
            aid: tell.and(person).and_then(|p| self.aid.get(p)).cloned().unwrap_or_default(),
        }
    }
}

fn name_of(g: &store::Gathered) -> Option<String> {
    g.enrolment.as_ref().map(|e| e.name_id.clone()).or_else(|| g.entry.as_ref().map(|e| e.name_id.clone()))
}

/// The terms the caller's place keeps.
pub fn calendar(desk: &Desk<'_>) -> TermCalendar {
    calendar_of(desk.pack, desk.caller.scope().place())
}

/// The terms a place keeps.
pub fn calendar_of(pack: &Pack, place: Option<&Place>) -> TermCalendar {
    place.map(|p| pack.calendar_for(p)).unwrap_or_default()
}

fn list_match(
    answered: super::rules::Answered,
    list: Option<&List>,
    as_of: NaiveDate,
    lang: Lang,
) -> ListMatch {
    ListMatch {
        answer: answered.answer,
        list_id: list.map(|l| l.list_id.clone()),
        version: list.map(|l| l.version),
        place: list.map(|l| l.place.clone()),
        valid_from: list.map(|l| l.valid_from),
        locked_at: list.and_then(|l| l.locked_at).map(|at| at.and_utc()),
        age_days: list.map(|l| (as_of - l.valid_from).num_days()),
        digest: list.and_then(|l| l.digest.clone()),
        message: answered.message.in_lang(lang).to_owned(),
    }
}
