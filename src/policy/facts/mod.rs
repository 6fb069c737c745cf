//! The facts about one student on one date: what a caller may tell the policy, as JSON.
//!
//! Every fact but the date may be absent, and absent means *unknown*, never *no*. The file owns the
//! shapes; reading codes is in `read`, impossible combinations are found in `check`. It knows nothing
//! of packs, of storage or of who asks, and it never holds who the student is.

mod borrower;
mod check;
mod read;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::values::{
    Category, EnrolmentState, EvidenceKind, Hardship, HukouKind, Ownership, Place, RunBy, Stage,
};

pub use borrower::{Borrower, Fate, Lender};
pub use check::grades_of;

/// 判定所依据的事实 / What is known about a student on a date.
///
/// 除日期外均可缺省；缺省表示“未知”，不表示“否”。Everything but the date may be left out, which means
/// unknown and never no.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "as_of": "2017-10-10", "place": "341024",
    "student": {
        "stage": "senior_high", "grade": 1, "study_years": 3, "state": "enrolled",
        "full_time": true, "formal": true, "boarding": true, "new_entrant": false,
        "school": { "place": "341024", "ownership": "public", "approved": true, "run_by": "county",
                    "rural": true, "tuition_fen_per_term": 85000, "public_tuition_fen_per_term": 85000 },
        "major": { "agricultural": false, "performing_arts": false },
        "hukou": { "place": "341024", "kind": "rural" },
        "categories": ["registered_poor"], "hardship": "very_hard" },
    "evidence": ["provincial_list"]
}))]
pub struct Facts {
    /// 判定日期 / The date for which the question is asked; it chooses the term and the rules.
    pub as_of: NaiveDate,
    /// 就读地 / Area code of the place of study, used where the school's own is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "341024")]
    pub place: Option<Place>,
    /// 学生情况 / The student.
    #[serde(default, deserialize_with = "read::or_default")]
    pub student: Student,
    /// 持有的证明；缺省为未知，空数组为没有 / Papers held: absent = unknown, empty = none.
    #[serde(default, deserialize_with = "read::evidence", skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Vec<EvidenceKind>>,
}

/// 学生情况 / What is known of the student's studies and household.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Student {
    /// 学段 / Stage of education.
    #[serde(deserialize_with = "read::stage", skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// 年级 / Grade: preschool 1–3 (小中大班), primary 1–6, junior high 7–9, senior high 1–3,
    /// vocational 1–5, higher education 1–8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9)]
    pub grade: Option<u8>,
    /// 学制年限 / Length of the course in years.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 8)]
    pub study_years: Option<u8>,
    /// 在读状态 / State of the enrolment.
    #[serde(deserialize_with = "read::state", skip_serializing_if = "Option::is_none")]
    pub state: Option<EnrolmentState>,
    /// 全日制 / Full-time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_time: Option<bool>,
    /// 有正式学籍 / Formally registered (a national student number).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formal: Option<bool>,
    /// 寄宿 / Boards at school.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boarding: Option<bool>,
    /// 新生 / Entered this stage at the start of this school year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_entrant: Option<bool>,
    /// 就读学校 / The school.
    #[serde(deserialize_with = "read::or_default", skip_serializing_if = "School::is_unknown")]
    pub school: School,
    /// 所学专业 / The major.
    #[serde(deserialize_with = "read::or_default", skip_serializing_if = "Major::is_unknown")]
    pub major: Major,
    /// 户籍 / Household registration.
    #[serde(deserialize_with = "read::or_default", skip_serializing_if = "Hukou::is_unknown")]
    pub hukou: Hukou,
    /// 困难类型；缺省为未知，空数组为不属任何类型 / Hardship categories: absent = unknown, empty = none.
    #[serde(deserialize_with = "read::categories", skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<Category>>,
    /// 学校认定的困难档次 / The school's own assessment.
    #[serde(deserialize_with = "read::hardship", skip_serializing_if = "Option::is_none")]
    pub hardship: Option<Hardship>,
    /// 学前一年（大班） / In the last year before primary school.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_preschool_year: Option<bool>,
    /// 顶岗实习 / On an internship away from school this term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internship: Option<bool>,
    /// 助学贷款借款情况 / The student, or former student, as a borrower.
    #[serde(deserialize_with = "read::or_default", skip_serializing_if = "Borrower::is_unknown")]
    pub borrower: Borrower,
}

/// 就读学校 / What is known of the school.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct School {
    /// 学校所在地 / Area code of the school.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "341024")]
    pub place: Option<Place>,
    /// 办学性质 / Public or private.
    #[serde(deserialize_with = "read::ownership", skip_serializing_if = "Option::is_none")]
    pub ownership: Option<Ownership>,
    /// 普惠性幼儿园（公办园均为普惠） / A recognised inclusive kindergarten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inclusive: Option<bool>,
    /// 经教育行政部门依法批准 / Approved by the education authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<bool>,
    /// 举办者 / Who runs it.
    #[serde(deserialize_with = "read::run_by", skip_serializing_if = "Option::is_none")]
    pub run_by: Option<RunBy>,
    /// 农村学校 / A rural school.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rural: Option<bool>,
    /// 本校每学期学费（学前为保育教育费），分 / This school's approved fee a term, in fen, without boarding.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, example = 85000)]
    pub tuition_fen_per_term: Option<i64>,
    /// 当地同类公办学校每学期学费，分 / The fee of local public schools of the same kind a term, in fen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, example = 85000)]
    pub public_tuition_fen_per_term: Option<i64>,
}

/// 所学专业 / What is known of the major (vocational and higher education).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Major {
    /// 涉农专业 / An agricultural major.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agricultural: Option<bool>,
    /// 艺术类相关表演专业 / A performing-arts major.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performing_arts: Option<bool>,
}

/// 户籍 / What is known of the household registration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hukou {
    /// 户籍地 / Area code of the household's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "341024")]
    pub place: Option<Place>,
    /// 户口性质 / Kind of registration.
    #[serde(deserialize_with = "read::hukou_kind", skip_serializing_if = "Option::is_none")]
    pub kind: Option<HukouKind>,
}

impl Facts {
    /// Only a date is known.
    pub fn on(as_of: NaiveDate) -> Self {
        Self { as_of, place: None, student: Student::default(), evidence: None }
    }

    /// The place of study: the school's own, else the one the question names.
    pub fn study_place(&self) -> Option<&Place> {
        self.student.school.place.as_ref().or(self.place.as_ref())
    }
}

impl School {
    fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

impl Major {
    fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

impl Hukou {
    fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests;
