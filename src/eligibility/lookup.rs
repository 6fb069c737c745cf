//! Looking students up: from id number and name to the whole answer, for one or for many.
//!
//! One statement whatever the number of students; the decision itself is the policy's.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};

use super::model::{ListMatch, LookupBody, LookupRequest, NoteBody, StudentRef};
use super::store::{self, Picture};
use crate::auth::Caller;
use crate::db::Conn;
use crate::error::{Error, FieldError, Result};
use crate::policy::{self, Pack};
use crate::poverty_list::model::List;
use crate::poverty_list::shelf::{Shelves, When};
use crate::roll::masking;
use crate::roll::store as roll;
use crate::seal::suite::Tag;
use crate::seal::{Domain, Sealer};
use crate::values::{Lang, PersonName, Place, ResidentId, TermCalendar, Text};

/// Everything an answer depends on besides the question.
#[derive(Debug)]
pub struct Desk<'a> {
    /// Opens and indexes what is sealed.
    pub sealer: &'a Sealer,
    /// The locked lists as they were last read.
    pub shelves: &'a Shelves,
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

/// Answers questions by id number and name, in their order. A picture is drawn for each date: a batch
/// usually asks for one.
pub fn by_id(conn: &mut Conn, desk: &Desk<'_>, asked: &[Asked]) -> Result<Vec<LookupBody>> {
    let mut by_date: BTreeMap<NaiveDate, Vec<(usize, &Asked)>> = BTreeMap::new();
    for (at, question) in asked.iter().enumerate() {
        by_date.entry(question.as_of).or_default().push((at, question));
    }
    let mut answers: Vec<(usize, LookupBody)> = Vec::with_capacity(asked.len());
    for (as_of, questions) in by_date {
        let tag = |(_, q): &(usize, &Asked)| desk.sealer.blind_index(Domain::ResidentId, q.id.as_str());
        let tags: Vec<Tag> = questions.iter().map(tag).collect();
        let (when, term) = desk.moment(as_of);
        let picture = store::find(conn, desk.shelves, tags.clone(), desk.caller.scope(), when, &term)?;
        for ((at, question), tag) in questions.into_iter().zip(tags) {
            let person = picture.person_of(&tag);
            let agrees = person.is_none_or(|person| {
                let known = picture.people.get(person);
                known.is_some_and(|known| known.has_name(desk.sealer, person, question.name.normal()))
            });
            answers.push((at, answer(desk, &picture, as_of, person, agrees)?));
        }
    }
    answers.sort_unstable_by_key(|(at, _)| *at);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

/// Answers for one stored student whom the caller may see.
pub fn by_person(conn: &mut Conn, desk: &Desk<'_>, person: &str, as_of: NaiveDate) -> Result<LookupBody> {
    roll::must_see(conn, desk.caller.scope(), person)?;
    let (when, term) = desk.moment(as_of);
    let picture = store::of_people(conn, desk.shelves, &[person.to_owned()], when, &term)?;
    answer(desk, &picture, as_of, Some(person), true)
}

fn answer(
    desk: &Desk<'_>,
    picture: &Picture,
    as_of: NaiveDate,
    person: Option<&str>,
    name_agrees: bool,
) -> Result<LookupBody> {
    let (answered, list) = picture.answer(person, desk.caller.scope().place(), name_agrees);
    let mut body = LookupBody {
        as_of,
        known_at: desk.known_at.and_utc(),
        student: None,
        list: list_match(answered, list, as_of, desk.lang),
        decision: None,
        notes: Vec::new(),
        aid: Vec::new(),
    };
    // Under another name nothing is told about the person behind the id number.
    if !name_agrees {
        return Ok(body);
    }
    let gathered = person.and_then(|p| Some((p, picture.people.get(p)?)));
    let unknown = policy::facts::Facts::on(as_of);
    let facts = gathered.map_or(&unknown, |(_, gathered)| &gathered.facts);
    body.decision = Some(policy::decide(desk.pack, facts).body(desk.pack, desk.lang));
    if let Some((person, gathered)) = gathered {
        let clear = desk.caller.sees_identities();
        body.student = Some(StudentRef {
            student_id: person.to_owned(),
            id_number: gathered.id_number(desk.sealer, person)?.map(|id| masking::id_number(id, clear)),
            name: gathered.name(desk.sealer)?.map(|name| masking::name(name, clear)),
            school: gathered.enrolment.as_ref().map(|e| e.school_code.clone()),
        });
        let note = |(code, text): &(&str, Text)| NoteBody {
            code: (*code).to_owned(),
            message: text.in_lang(desk.lang).to_owned(),
        };
        body.notes = gathered.notes.iter().map(note).collect();
        body.aid.clone_from(&gathered.aid);
    }
    Ok(body)
}

impl Desk<'_> {
    /// What is known of a date, and the term in which it lies where the caller is.
    fn moment(&self, as_of: NaiveDate) -> (When, String) {
        let calendar = calendar_of(self.pack, self.caller.scope().place());
        (When { as_of, known_at: self.known_at }, calendar.term_of(as_of).to_string())
    }
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
