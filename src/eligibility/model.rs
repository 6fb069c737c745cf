//! What a lookup asks and answers.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::aid::body::AidBody;
use crate::policy::DecisionBody;
use crate::values::Term;
use crate::values::closed_list::closed_list;

closed_list! {
    /// How the provincial list answers for a student.
    pub enum ListAnswer {
        OnList = "on_list", "在名单内", "on the list";
        NotOnList = "not_on_list", "不在名单内", "not on the list";
        NotCovered = "not_covered", "没有已锁定的名单覆盖该地该日", "no locked version covers this place and date";
        Ambiguous = "ambiguous", "身份证号相符但姓名不符，需人工核实", "the id number is known under another name; a person must look";
    }
}

/// A student asked for by id number and name.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupRequest {
    /// 身份证号: the resident id number; 15 digits and full-width digits are understood.
    #[schema(example = "341024200903140016")]
    pub id_number: String,
    /// 姓名: the name; spaces, width and middle dots do not matter.
    #[schema(example = "张演示")]
    pub name: String,
    /// The date the answer is for; today when absent, or the first day of `term`.
    #[serde(default)]
    pub as_of: Option<NaiveDate>,
    /// The term the answer is for, instead of a date.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2025A")]
    pub term: Option<Term>,
}

/// How the list answers, and which version says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListMatch {
    /// The answer.
    pub answer: ListAnswer,
    /// The version that answers; absent when none covers the place and date.
    pub list_id: Option<String>,
    /// Its number within place and term.
    pub version: Option<i32>,
    /// The place it covers.
    pub place: Option<String>,
    /// The first day it speaks for.
    pub valid_from: Option<NaiveDate>,
    /// When it was locked (UTC).
    pub locked_at: Option<DateTime<Utc>>,
    /// Its age on the date asked for, in days since its first day.
    pub age_days: Option<i64>,
    /// The digest of its content.
    pub digest: Option<String>,
    /// The answer in words.
    pub message: String,
}

/// Who was found. The id number is masked unless the token holds `pii:read`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StudentRef {
    /// The id by which everything else here knows the student.
    pub student_id: String,
    /// Id number, masked to its last four unless the token holds `pii:read`.
    pub id_number: Option<String>,
    /// Name, masked to its first character unless the token holds `pii:read`.
    pub name: Option<String>,
    /// School code in the term.
    pub school: Option<String>,
}

/// The answer to a lookup.
#[derive(Debug, Serialize, ToSchema)]
pub struct LookupBody {
    /// The date the answer is for.
    pub as_of: NaiveDate,
    /// What was known by this moment was used (UTC).
    pub known_at: DateTime<Utc>,
    /// The student, when one was found within the caller's scope.
    pub student: Option<StudentRef>,
    /// How the provincial list answers.
    pub list: ListMatch,
    /// The decision; absent when the name does not belong to the id number.
    pub decision: Option<DecisionBody>,
    /// What the roll does not say for this date, e.g. that no row covers it.
    pub notes: Vec<NoteBody>,
    /// Aid recorded for the student in the term.
    pub aid: Vec<AidBody>,
}

/// A remark on the facts an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoteBody {
    /// Stable code: `roll_not_covering`, `several_enrolments`, `facts_contradict`.
    pub code: String,
    /// The remark.
    pub message: String,
}
