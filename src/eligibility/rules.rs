//! From what is recorded to what is known: assembles the facts about a student, and says how the list
//! answers. Pure.

use chrono::NaiveDate;

use crate::policy::facts::{Facts, Hukou, Major, School as SchoolFacts, Student};
use crate::poverty_list::model::{Entry, List};
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

/// The facts the policy is asked with. What is not recorded stays unknown.
pub fn facts(recorded: Recorded<'_>, as_of: NaiveDate) -> Facts {
    let row = speaking(recorded.enrolments, as_of);
    let mut evidence: Vec<EvidenceKind> = recorded.evidence.iter().map(|e| e.kind).collect();
    if recorded.listed.is_some() {
        evidence.push(EvidenceKind::ProvincialList);
    }
    evidence.sort_unstable();
    evidence.dedup();
    Facts {
        as_of,
        place: row.and_then(|r| place(Some(&r.place))),
        student: row.map_or_else(
            || Student { categories: categories(recorded, false), ..Student::default() },
            |r| student(recorded, r, as_of),
        ),
        // Not to have recorded a paper is not to know that there is none.
        evidence: (!evidence.is_empty()).then_some(evidence),
    }
}

fn student(recorded: Recorded<'_>, row: &Enrolment, as_of: NaiveDate) -> Student {
    Student {
        stage: Some(row.stage),
        grade: row.grade.and_then(|g| u8::try_from(g).ok()),
        study_years: None,
        state: Some(row.state_on(as_of)),
        full_time: row.full_time,
        formal: row.formal,
        boarding: row.boarding,
        new_entrant: None,
        school: recorded.school.map(school).unwrap_or_default(),
        major: Major { agricultural: row.agricultural, performing_arts: row.performing_arts },
        hukou: Hukou { place: place(row.hukou_place.as_deref()), kind: row.hukou_kind },
        categories: categories(recorded, row.categories_known),
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
fn categories(recorded: Recorded<'_>, stated: bool) -> Option<Vec<Category>> {
    let mut held: Vec<Category> = recorded.categories.iter().map(|c| c.category).collect();
    held.extend(recorded.listed.map(|l| l.category));
    held.sort_unstable();
    held.dedup();
    (stated || !held.is_empty()).then_some(held)
}

/// How the versions in force answer for a student.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub answer: ListAnswer,
    /// The position of the version that answers among those in force.
    pub by: Option<usize>,
    /// The answer in words.
    pub message: Text,
}

/// What the list says. `standing` holds, for each version in force, whether the student is on it;
/// `at` is the place whose list is asked (the household's, else the school's, else the caller's).
pub fn answer(lists: &[List], standing: &[bool], at: Option<&Place>, name_agrees: bool) -> Answered {
    let on = standing.iter().position(|on| *on);
    if !name_agrees {
        return Answered {
            answer: ListAnswer::Ambiguous,
            // Naming the version would tell whether the person behind the id stands on it.
            by: None,
            message: Text::fixed(
                "该身份证号登记的是另一个姓名，请核实证件后再查",
                "the id number is recorded under another name; check the papers and ask again",
            ),
        };
    }
    if let Some(by) = on {
        return Answered {
            answer: ListAnswer::OnList,
            by: Some(by),
            message: Text::fixed(
                "在省下达名单内，直接资助，无需另交证明",
                "on the provincial list: aided directly, no further proof needed",
            ),
        };
    }
    // The narrowest version that holds the place speaks for it.
    let covering = lists
        .iter()
        .enumerate()
        .filter(|(_, l)| at.is_some_and(|at| Place::parse(&l.place).is_ok_and(|p| p.contains(at))))
        .max_by_key(|(_, l)| l.place.len())
        .map(|(i, _)| i);
    match covering {
        Some(by) => Answered {
            answer: ListAnswer::NotOnList,
            by: Some(by),
            message: Text::fixed(
                "不在该名单版本内；如持扶贫手册或县级证明，仍可同等享受资助",
                "not on this version of the list; with the poverty handbook or the county's certificate the same aid is due",
            ),
        },
        None => Answered {
            answer: ListAnswer::NotCovered,
            by: None,
            message: Text::fixed(
                "没有已锁定的名单覆盖该地该日，不能据此判断是否在名单内",
                "no locked list covers this place and date, so nothing follows about the student",
            ),
        },
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
