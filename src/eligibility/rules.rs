//! From what is recorded to what is known: assembles the facts about a student, and says how the list
//! answers. Pure.

use chrono::{NaiveDate, NaiveDateTime};

use crate::policy::facts::{Facts, Hukou, Major, School as SchoolFacts, Student};
use crate::poverty_list::model::Entry;
use crate::roll::model::{CategoryRecord, Enrolment, EvidenceRecord, School};
use crate::values::{
    Category, EnrolmentState, EvidenceKind, Hardship, HukouKind, Ownership, Place, RunBy, Stage, Text,
};

use super::model::ListAnswer;

/// Everything recorded that bears on one student on one date.
#[derive(Debug, Default, Clone, Copy)]
pub struct Recorded<'a> {
    /// Roll rows that hold on the date.
    pub enrolments: &'a [Enrolment],
    /// The school of the row that is used.
    pub school: Option<&'a School>,
    /// Categories that hold on the date.
    pub categories: &'a [CategoryRecord],
    /// Evidence that holds on the date.
    pub evidence: &'a [EvidenceRecord],
    /// The entry on the list in force, if the student is on it.
    pub listed: Option<&'a Entry>,
}

/// What a roll row says that a decision rests on, whatever it was read into.
#[derive(Debug, Clone, Copy)]
pub struct Pupil<'a> {
    /// Id of the row.
    pub enrolment_id: &'a str,
    /// Place of the school.
    pub place: &'a str,
    /// Stage.
    pub stage: Stage,
    /// Grade within the stage.
    pub grade: Option<i16>,
    /// State on the date.
    pub state: EnrolmentState,
    /// Whether the studies are full time.
    pub full_time: Option<bool>,
    /// Whether the student number is a formal one.
    pub formal: Option<bool>,
    /// Whether the student boards.
    pub boarding: Option<bool>,
    /// Kind of household registration.
    pub hukou_kind: Option<HukouKind>,
    /// Place of household registration.
    pub hukou_place: Option<&'a str>,
    /// Whether the major is agricultural.
    pub agricultural: Option<bool>,
    /// Whether the major is one of the performing arts.
    pub performing_arts: Option<bool>,
    /// The school's own assessment of hardship.
    pub hardship: Option<Hardship>,
    /// Whether the row says anything about categories.
    pub categories_known: bool,
    /// When it was recorded.
    pub recorded_at: NaiveDateTime,
}

/// A roll row.
pub trait OnRoll {
    /// What it says, with the state of that date.
    fn on(&self, date: NaiveDate) -> Pupil<'_>;
}

impl OnRoll for Enrolment {
    fn on(&self, date: NaiveDate) -> Pupil<'_> {
        Pupil {
            enrolment_id: &self.enrolment_id,
            place: &self.place,
            stage: self.stage,
            grade: self.grade,
            state: self.state_on(date),
            full_time: self.full_time,
            formal: self.formal,
            boarding: self.boarding,
            hukou_kind: self.hukou_kind,
            hukou_place: self.hukou_place.as_deref(),
            agricultural: self.agricultural,
            performing_arts: self.performing_arts,
            hardship: self.hardship,
            categories_known: self.categories_known,
            recorded_at: self.recorded_at,
        }
    }
}

/// What a school's record says that a decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Studies<'a> {
    /// Place of the school.
    pub place: &'a str,
    /// Public or private.
    pub ownership: Option<Ownership>,
    /// Whether a kindergarten is inclusive.
    pub inclusive: Option<bool>,
    /// Whether a private school is approved.
    pub approved: Option<bool>,
    /// Who runs it.
    pub run_by: Option<RunBy>,
    /// Whether it is a rural school.
    pub rural: Option<bool>,
    /// Tuition, fen per term.
    pub tuition_fen: Option<i64>,
    /// Tuition of the public school of the same kind, fen per term.
    pub public_tuition_fen: Option<i64>,
}

impl<'a> From<&'a School> for Studies<'a> {
    fn from(s: &'a School) -> Self {
        Self {
            place: &s.place,
            ownership: s.ownership,
            inclusive: s.inclusive,
            approved: s.approved,
            run_by: s.run_by,
            rural: s.rural,
            tuition_fen: s.tuition_fen,
            public_tuition_fen: s.public_tuition_fen,
        }
    }
}

/// The row that speaks for the student: one with the student still enrolled before one that has ended,
/// and of several the one recorded last.
pub fn speaking<R: OnRoll>(rows: &[R], as_of: NaiveDate) -> Option<&R> {
    let rank = |row: &Pupil<'_>| (row.state == EnrolmentState::Enrolled, row.recorded_at);
    rows.iter().max_by(|a, b| {
        let (a, b) = (a.on(as_of), b.on(as_of));
        (rank(&a), a.enrolment_id).cmp(&(rank(&b), b.enrolment_id))
    })
}

/// What is said of a student besides the roll rows.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Said {
    /// Categories that hold on the date.
    pub categories: Vec<Category>,
    /// Evidence that holds on the date.
    pub evidence: Vec<EvidenceKind>,
    /// The category on the list in force, if the student is on it.
    pub listed: Option<Category>,
}

/// The facts the policy is asked with. What is not recorded stays unknown.
pub fn facts(recorded: Recorded<'_>, as_of: NaiveDate) -> Facts {
    let said = Said {
        categories: recorded.categories.iter().map(|c| c.category).collect(),
        evidence: recorded.evidence.iter().map(|e| e.kind).collect(),
        listed: recorded.listed.map(|l| l.category),
    };
    let row = speaking(recorded.enrolments, as_of).map(|row| row.on(as_of));
    assemble(row, recorded.school.map(Studies::from), said, as_of)
}

/// [`facts`] of the row that speaks, its school, and what is said already.
pub fn assemble(row: Option<Pupil<'_>>, at: Option<Studies<'_>>, said: Said, as_of: NaiveDate) -> Facts {
    let mut evidence = said.evidence.clone();
    if said.listed.is_some() {
        evidence.push(EvidenceKind::ProvincialList);
    }
    evidence.sort_unstable();
    evidence.dedup();
    Facts {
        as_of,
        place: row.and_then(|r| place(Some(r.place))),
        student: row.map_or_else(
            || Student { categories: categories(&said, false), ..Student::default() },
            |r| student(&said, at, &r),
        ),
        // Not to have recorded a paper is not to know that there is none.
        evidence: (!evidence.is_empty()).then_some(evidence),
    }
}

fn student(said: &Said, at: Option<Studies<'_>>, row: &Pupil<'_>) -> Student {
    Student {
        stage: Some(row.stage),
        grade: row.grade.and_then(|g| u8::try_from(g).ok()),
        study_years: None,
        state: Some(row.state),
        full_time: row.full_time,
        formal: row.formal,
        boarding: row.boarding,
        new_entrant: None,
        school: at.map(school).unwrap_or_default(),
        major: Major { agricultural: row.agricultural, performing_arts: row.performing_arts },
        hukou: Hukou { place: place(row.hukou_place), kind: row.hukou_kind },
        categories: categories(said, row.categories_known),
        hardship: row.hardship,
        // A kindergarten's third grade (大班) is the year before primary school.
        last_preschool_year: (row.stage == Stage::Preschool).then(|| row.grade.map(|g| g == 3)).flatten(),
        internship: None,
        borrower: crate::policy::facts::Borrower::default(),
    }
}

fn school(s: Studies<'_>) -> SchoolFacts {
    SchoolFacts {
        place: place(Some(s.place)),
        ownership: s.ownership,
        inclusive: s.inclusive,
        approved: s.approved,
        run_by: s.run_by,
        rural: s.rural,
        tuition_fen_per_term: s.tuition_fen,
        public_tuition_fen_per_term: s.public_tuition_fen,
    }
}

fn place(code: Option<&str>) -> Option<Place> {
    code.and_then(|c| Place::parse(c).ok())
}

/// Known categories: unknown (`None`) unless the roll states them or something is recorded.
fn categories(said: &Said, stated: bool) -> Option<Vec<Category>> {
    let mut held = said.categories.clone();
    held.extend(said.listed);
    held.sort_unstable();
    held.dedup();
    (stated || !held.is_empty()).then_some(held)
}

/// How the versions in force answer for a student.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub answer: ListAnswer,
    /// The answer in words.
    pub message: Text,
}

/// What the list says of a student who stands `on` a version in force or not, at a place (the household's,
/// else the school's, else the caller's) that is `covered` by a version in force or not.
///
/// Under another name nothing more is said: to name a version would tell whether the person behind the id
/// stands on it.
pub fn answer(on: bool, covered: bool, name_agrees: bool) -> Answered {
    let (answer, message) = match (name_agrees, on, covered) {
        (false, _, _) => (
            ListAnswer::Ambiguous,
            Text::fixed(
                "该身份证号登记的是另一个姓名，请核实证件后再查",
                "the id number is recorded under another name; check the papers and ask again",
            ),
        ),
        (true, true, _) => (
            ListAnswer::OnList,
            Text::fixed(
                "在省下达名单内，直接资助，无需另交证明",
                "on the provincial list: aided directly, no further proof needed",
            ),
        ),
        (true, false, true) => (
            ListAnswer::NotOnList,
            Text::fixed(
                "不在该名单版本内；如持扶贫手册或县级证明，仍可同等享受资助",
                "not on this version of the list; with the poverty handbook or the county's certificate the same aid is due",
            ),
        ),
        (true, false, false) => (
            ListAnswer::NotCovered,
            Text::fixed(
                "没有已锁定的名单覆盖该地该日，不能据此判断是否在名单内",
                "no locked list covers this place and date, so nothing follows about the student",
            ),
        ),
    };
    Answered { answer, message }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
