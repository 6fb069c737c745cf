//! From what is recorded to what is known: assembles the facts about a student, and says how the list
//! answers. Pure.

use chrono::NaiveDate;

use crate::policy::facts::{Facts, Hukou, Major, School as SchoolFacts, Student};
use crate::poverty_list::model::Entry;
use crate::roll::model::{CategoryRecord, Enrolment, EvidenceRecord, School};
use crate::values::{Category, EnrolmentState, EvidenceKind, Place, Stage, Text};

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

/// The row that speaks for the student: one with the student still enrolled before one that has ended,
/// and of several the one recorded last.
pub fn speaking(enrolments: &[Enrolment], as_of: NaiveDate) -> Option<&Enrolment> {
    enrolments.iter().max_by_key(|e| {
        (e.state_on(as_of) == EnrolmentState::Enrolled, e.recorded_at, e.enrolment_id.clone())
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
    assemble(recorded.enrolments, recorded.school, said, as_of)
}

/// [`facts`] of what is said already; `school` is that of the row that speaks.
pub fn assemble(enrolments: &[Enrolment], at: Option<&School>, said: Said, as_of: NaiveDate) -> Facts {
    let row = speaking(enrolments, as_of);
    let mut evidence = said.evidence.clone();
    if said.listed.is_some() {
        evidence.push(EvidenceKind::ProvincialList);
    }
    evidence.sort_unstable();
    evidence.dedup();
    Facts {
        as_of,
        place: row.and_then(|r| place(Some(&r.place))),
        student: row.map_or_else(
            || Student { categories: categories(&said, false), ..Student::default() },
            |r| student(&said, at, r, as_of),
        ),
        // Not to have recorded a paper is not to know that there is none.
        evidence: (!evidence.is_empty()).then_some(evidence),
    }
}

fn student(said: &Said, at: Option<&School>, row: &Enrolment, as_of: NaiveDate) -> Student {
    Student {
        stage: Some(row.stage),
        grade: row.grade.and_then(|g| u8::try_from(g).ok()),
        study_years: None,
        state: Some(row.state_on(as_of)),
        full_time: row.full_time,
        formal: row.formal,
        boarding: row.boarding,
        new_entrant: None,
        school: at.map(school).unwrap_or_default(),
        major: Major { agricultural: row.agricultural, performing_arts: row.performing_arts },
        hukou: Hukou { place: place(row.hukou_place.as_deref()), kind: row.hukou_kind },
        categories: categories(said, row.categories_known),
        hardship: row.hardship,
        // A kindergarten's third grade (大班) is the year before primary school.
        last_preschool_year: (row.stage == Stage::Preschool).then(|| row.grade.map(|g| g == 3)).flatten(),
        internship: None,
        borrower: crate::policy::facts::Borrower::default(),
    }
}

fn school(s: &School) -> SchoolFacts {
    SchoolFacts {
        place: place(Some(&s.place)),
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
