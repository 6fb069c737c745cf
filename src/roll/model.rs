//! A school, an enrolment, and what they say about a student's categories and evidence.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::schema::{category, enrolment, evidence, school};
use crate::values::{Category, EnrolmentState, EvidenceKind, Hardship, HukouKind, Ownership, RunBy, Stage};

/// A school as recorded at one time.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = school, treat_none_as_default_value = false)]
pub struct School {
    /// Id of this record of the school.
    pub school_row: String,
    /// School code (学校标识码).
    pub code: String,
    /// Name.
    pub name: String,
    /// Place of the school.
    pub place: String,
    /// Public or private.
    pub ownership: Option<Ownership>,
    /// Whether a kindergarten is inclusive (普惠性).
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
    /// When this record was made.
    pub recorded_at: NaiveDateTime,
    /// When another record took its place.
    pub superseded_at: Option<NaiveDateTime>,
}

/// A student at a school in a term, as recorded at one time.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = enrolment, treat_none_as_default_value = false)]
pub struct Enrolment {
    /// Id of this record.
    pub enrolment_id: String,
    /// The student.
    pub person_id: String,
    /// The name as the roll gives it.
    pub name_id: String,
    /// School code.
    pub school_code: String,
    /// Place of the school.
    pub place: String,
    /// Term.
    pub term: String,
    /// Stage.
    pub stage: Stage,
    /// Grade within the stage (junior high counts on, 7 to 9).
    pub grade: Option<i16>,
    /// Class.
    pub class_name: Option<String>,
    /// Whether the student boards.
    pub boarding: Option<bool>,
    /// Kind of household registration.
    pub hukou_kind: Option<HukouKind>,
    /// Place of household registration.
    pub hukou_place: Option<String>,
    /// Major.
    pub major: Option<String>,
    /// Whether the major is agricultural.
    pub agricultural: Option<bool>,
    /// Whether the major is one of the performing arts.
    pub performing_arts: Option<bool>,
    /// Whether the studies are full time.
    pub full_time: Option<bool>,
    /// Whether the student number is a formal one.
    pub formal: Option<bool>,
    /// The school's own assessment of hardship.
    pub hardship: Option<Hardship>,
    /// Whether the row says anything about categories.
    pub categories_known: bool,
    /// State, from `left_on` where that is given.
    pub state: EnrolmentState,
    /// First day at the school.
    pub entered_on: Option<NaiveDate>,
    /// Day of leaving.
    pub left_on: Option<NaiveDate>,
    /// First day the row holds.
    pub valid_from: NaiveDate,
    /// The day after the last day the row holds.
    pub valid_to: NaiveDate,
    /// SHA-256 of what the row says.
    pub fingerprint: String,
    /// The import that brought it.
    pub import_id: String,
    /// When it was recorded.
    pub recorded_at: NaiveDateTime,
    /// When another record took its place.
    pub superseded_at: Option<NaiveDateTime>,
    /// Number of the household in the poverty system, where the roll gives it.
    pub household_no: Option<String>,
    /// Department (院系), where the roll gives it.
    pub department: Option<String>,
}

impl Enrolment {
    /// The state on a date: before the day of leaving the student was still enrolled.
    pub fn state_on(&self, date: NaiveDate) -> EnrolmentState {
        state_on(self.state, self.left_on, date)
    }
}

/// The state on a date of someone whose row says `state`, from the day of leaving where that is given.
pub fn state_on(state: EnrolmentState, left_on: Option<NaiveDate>, date: NaiveDate) -> EnrolmentState {
    match left_on {
        Some(left) if date < left => EnrolmentState::Enrolled,
        _ => state,
    }
}

/// A category recorded for a student.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = category, treat_none_as_default_value = false)]
pub struct CategoryRecord {
    /// Id of this record.
    pub category_id: String,
    /// The student.
    pub person_id: String,
    /// The roll row that says so, if one does.
    pub enrolment_id: Option<String>,
    /// The category.
    #[diesel(column_name = kind)]
    pub category: Category,
    /// First day it holds.
    pub valid_from: NaiveDate,
    /// The day after the last day it holds.
    pub valid_to: Option<NaiveDate>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When.
    pub recorded_at: NaiveDateTime,
    /// When it was taken back or replaced.
    pub superseded_at: Option<NaiveDateTime>,
}

/// Evidence recorded for a student.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = evidence, treat_none_as_default_value = false)]
pub struct EvidenceRecord {
    /// Id of this record.
    pub evidence_id: String,
    /// The student.
    pub person_id: String,
    /// The roll row that says so, if one does.
    pub enrolment_id: Option<String>,
    /// What it is.
    pub kind: EvidenceKind,
    /// Who issued it.
    pub issuer: Option<String>,
    /// First day it holds.
    pub valid_from: NaiveDate,
    /// The day after the last day it holds.
    pub valid_to: Option<NaiveDate>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When.
    pub recorded_at: NaiveDateTime,
    /// When it was taken back or replaced.
    pub superseded_at: Option<NaiveDateTime>,
}
