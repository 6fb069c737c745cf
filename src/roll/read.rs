//! One row of a roll file as it is read: what each cell means, and what is wrong with it. Pure.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::sheet::Fields;
use crate::values::{
    Category, EnrolmentState, EvidenceKind, Hardship, HukouKind, Ownership, Parsed, PersonName, Phone, Place,
    ResidentId, RunBy, SchoolCode, Stage, StudentNumber, Text, ValueError, day, grade,
};

/// One student as the roll gives them.
#[derive(Debug)]
pub struct RollRow {
    pub(super) id: Option<ResidentId>,
    pub(super) number: Option<StudentNumber>,
    pub(super) name: PersonName,
    pub(super) phone: Option<Phone>,
    pub(super) school: SchoolSaid,
    pub(super) stage: Stage,
    pub(super) grade: Option<u8>,
    pub(super) class_name: Option<String>,
    pub(super) boarding: Option<bool>,
    pub(super) hukou_kind: Option<HukouKind>,
    pub(super) hukou_place: Option<Place>,
    pub(super) household_no: Option<String>,
    pub(super) department: Option<String>,
    pub(super) major: Option<String>,
    pub(super) agricultural: Option<bool>,
    pub(super) performing_arts: Option<bool>,
    pub(super) full_time: Option<bool>,
    pub(super) state: EnrolmentState,
    pub(super) entered_on: Option<NaiveDate>,
    pub(super) left_on: Option<NaiveDate>,
    /// `None` when the row says nothing; empty when it says there are none.
    pub(super) categories: Option<BTreeSet<Category>>,
    pub(super) hardship: Option<Hardship>,
    pub(super) evidence: BTreeSet<EvidenceKind>,
}

/// What a row says about its school; absent is unknown and changes nothing that is recorded.
#[derive(Debug)]
pub(super) struct SchoolSaid {
    pub(super) code: SchoolCode,
    pub(super) name: Option<String>,
    pub(super) place: Option<Place>,
    pub(super) ownership: Option<Ownership>,
    pub(super) inclusive: Option<bool>,
    pub(super) approved: Option<bool>,
    pub(super) run_by: Option<RunBy>,
    pub(super) rural: Option<bool>,
    pub(super) tuition_fen: Option<i64>,
    pub(super) public_tuition_fen: Option<i64>,
}

/// Reads a row; faults are collected in `f`.
pub(super) fn row(f: &mut Fields<'_>) -> Option<RollRow> {
    let id = f.parse("id_number", ResidentId::parse);
    let number = f.parse("student_number", StudentNumber::parse);
    // A number that lost its last digits is not a blank cell; it has its own fault.
    if !f.has("id_number") && !f.has("student_number") {
        f.reject(
            "id_number",
            ValueError::fixed(
                "cell_missing",
                ("身份证件号和学籍号都没有填写", "neither the id number nor the student number is given"),
                ("请至少填写其中一项", "give at least one of the two"),
            ),
        );
    }
    let name = f.require("name", PersonName::parse);
    let school = school(f);
    let stage = f.require_word("stage", Stage::from_word, Stage::ALL.iter().map(|s| s.zh()));
    let grade = f.parse("grade", |text| grade::parse(text, stage).map(Parsed::unchanged));
    let in_school = match f.text("state") {
        None => Some(EnrolmentState::Enrolled),
        Some(_) => f.word("state", EnrolmentState::from_word, EnrolmentState::ALL.iter().map(|s| s.zh())),
    };
    let hukou_kind = f.word("hukou_kind", HukouKind::from_word, HukouKind::ALL.iter().map(|s| s.zh()));
    let hardship = f.word("hardship", Hardship::from_word, Hardship::ALL.iter().map(|s| s.zh()));
    // A blank cell says nothing; that is not the same as to say that there are none.
    let categories = match f.text("category") {
        Some(cell) => Some(categories(f, &cell)?),
        None => None,
    };
    let evidence = evidence(f);
    let entered_on = f.parse("entered_on", day::parse);
    let left_on = f.parse("left_on", day::parse);
    if let (Some(entered), Some(left)) = (entered_on, left_on)
        && left < entered
    {
        f.reject(
            "left_on",
            ValueError::fixed(
                "date_order",
                ("离校日期早于入学日期", "the day of leaving is before the day of entering"),
                ("请核对两个日期", "check the two dates"),
            ),
        );
    }
    Some(RollRow {
        name: name?,
        phone: f.parse("phone", Phone::parse),
        school: school?,
        stage: stage?,
        grade,
        class_name: f.text("class_name"),
        boarding: f.boarding("boarding"),
        hukou_kind,
        hukou_place: f.parse("hukou_place", |t| Place::parse(t).map(Parsed::unchanged)),
        household_no: f.text("household_no"),
        department: f.text("department"),
        major: f.text("major"),
        agricultural: f.yes_no("agricultural"),
        performing_arts: f.yes_no("performing_arts"),
        full_time: f.parse("full_time", |t| full_time(t).map(Parsed::unchanged).ok_or_else(not_full_time)),
        state: in_school?,
        entered_on,
        left_on,
        categories,
        hardship,
        evidence: evidence?,
        id,
        number,
    })
}

fn school(f: &mut Fields<'_>) -> Option<SchoolSaid> {
    let code = f.require("school_code", SchoolCode::parse);
    let ownership = f.word("ownership", Ownership::from_word, Ownership::ALL.iter().map(|s| s.zh()));
    let run_by = f.word("run_by", RunBy::from_word, RunBy::ALL.iter().map(|s| s.zh()));
    let rural = f.word("school_hukou", HukouKind::from_word, HukouKind::ALL.iter().map(|s| s.zh()));
    Some(SchoolSaid {
        name: f.text("school_name"),
        place: f.parse("school_place", |t| Place::parse(t).map(Parsed::unchanged)),
        ownership,
        inclusive: f.yes_no("inclusive"),
        approved: f.yes_no("approved"),
        run_by,
        rural: rural.map(|kind| kind == HukouKind::Rural),
        tuition_fen: f.fen("tuition").map(|fen| fen.0),
        public_tuition_fen: f.fen("public_tuition").map(|fen| fen.0),
        code: code?,
    })
}

/// Several words in one cell, parted by any of the signs offices use.
fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(['、', ',', '，', ';', '；', '/', '|', '+']).map(str::trim).filter(|p| !p.is_empty())
}

/// The categories of a cell that is not blank; empty for 无, `None` when refused.
fn categories(f: &mut Fields<'_>, cell: &str) -> Option<BTreeSet<Category>> {
    let mut found = BTreeSet::new();
    for word in parts(cell) {
        if matches!(word, "无" | "否" | "非困难" | "一般家庭" | "none") {
            continue;
        }
        let Some(category) = Category::from_word(word) else {
            f.reject("category", unknown_word("困难类型", Category::ALL.iter().map(|c| c.zh())));
            return None;
        };
        found.insert(category);
    }
    Some(found)
}

fn evidence(f: &mut Fields<'_>) -> Option<BTreeSet<EvidenceKind>> {
    let Some(cell) = f.text("evidence") else { return Some(BTreeSet::new()) };
    let mut found = BTreeSet::new();
    for word in parts(&cell).filter(|w| *w != "无") {
        match EvidenceKind::from_word(word) {
            // The list proves itself; a roll cell cannot put anyone on it.
            Some(EvidenceKind::ProvincialList) => {}
            Some(kind) => {
                found.insert(kind);
            }
            None => {
                f.reject("evidence", unknown_word("证明材料", EvidenceKind::ALL.iter().map(|c| c.zh())));
                return None;
            }
        }
    }
    Some(found)
}

fn unknown_word(column: &str, allowed: impl Iterator<Item = &'static str>) -> ValueError {
    let allowed = allowed.collect::<Vec<_>>().join("、");
    ValueError {
        code: "word_unknown",
        what: Text::new(format!("{column}中有不认识的词"), "the cell holds an unknown word"),
        todo: Text::new(
            format!("可填：{allowed}；多项用顿号分开"),
            format!("allowed: {allowed}; separate several with 、"),
        ),
    }
}

fn full_time(text: &str) -> Option<bool> {
    match text {
        "全日制" | "是" => Some(true),
        "非全日制" | "业余" | "函授" | "否" => Some(false),
        _ => None,
    }
}

fn not_full_time() -> ValueError {
    ValueError::fixed(
        "word_unknown",
        ("学习形式不认识", "the mode of study is unknown"),
        ("请填全日制或非全日制", "allowed: 全日制, 非全日制"),
    )
}
