//! The roll as a file: how a row is read and how rows are stored. The columns are in [`super::columns`].

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use super::columns::SPEC;
use super::model::{CategoryRecord, Enrolment, EvidenceRecord, School};
use super::store;
use crate::db::Conn;
use crate::error::Result;
use crate::imports::batch::{Batch, Outcome, incoming, standing};
use crate::imports::{ImportKind, Importer, Pending};
use crate::poverty_list::import::out_of_scope;
use crate::seal::vault;
use crate::sheet::{Fields, SheetSpec};
use crate::values::{
    Category, EnrolmentState, EvidenceKind, Hardship, HukouKind, Ownership, Parsed, PersonName, Phone, Place,
    ResidentId, RunBy, SchoolCode, Stage, StudentNumber, StudentNumberKind, TermCalendar, Text, ValueError,
    clock, day, digest, grade,
};

/// One student as the roll gives them.
#[derive(Debug)]
pub struct RollRow {
    id: Option<ResidentId>,
    number: Option<StudentNumber>,
    name: PersonName,
    phone: Option<Phone>,
    school: SchoolSaid,
    stage: Stage,
    grade: Option<u8>,
    class_name: Option<String>,
    boarding: Option<bool>,
    hukou_kind: Option<HukouKind>,
    hukou_place: Option<Place>,
    major: Option<String>,
    agricultural: Option<bool>,
    performing_arts: Option<bool>,
    full_time: Option<bool>,
    state: EnrolmentState,
    entered_on: Option<NaiveDate>,
    left_on: Option<NaiveDate>,
    /// `None` when the row says nothing; empty when it says there are none.
    categories: Option<BTreeSet<Category>>,
    hardship: Option<Hardship>,
    evidence: BTreeSet<EvidenceKind>,
}

/// What a row says about its school; absent is unknown and changes nothing that is recorded.
#[derive(Debug)]
struct SchoolSaid {
    code: SchoolCode,
    name: Option<String>,
    place: Option<Place>,
    ownership: Option<Ownership>,
    inclusive: Option<bool>,
    approved: Option<bool>,
    run_by: Option<RunBy>,
    rural: Option<bool>,
    tuition_fen: Option<i64>,
    public_tuition_fen: Option<i64>,
}

/// Imports a roll file.
#[derive(Debug, Default)]
pub struct RollImporter {
    calendar: TermCalendar,
    seen: HashMap<(String, String), u32>,
}

impl RollImporter {
    /// An importer for a place that keeps these terms.
    pub fn new(calendar: TermCalendar) -> Self {
        Self { calendar, seen: HashMap::new() }
    }
}

impl Importer for RollImporter {
    type Row = RollRow;
    const KIND: ImportKind = ImportKind::Roll;

    fn spec(&self) -> &'static SheetSpec {
        &SPEC
    }

    fn parse(&self, f: &mut Fields<'_>) -> Option<RollRow> {
        let id = f.parse("id_number", ResidentId::parse);
        let number = f.parse("student_number", StudentNumber::parse);
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
        let state = match f.text("state") {
            None => Some(EnrolmentState::Enrolled),
            Some(_) => f.word("state", EnrolmentState::from_word, EnrolmentState::ALL.iter().map(|s| s.zh())),
        };
        let hukou_kind = f.word("hukou_kind", HukouKind::from_word, HukouKind::ALL.iter().map(|s| s.zh()));
        let hardship = f.word("hardship", Hardship::from_word, Hardship::ALL.iter().map(|s| s.zh()));
        let categories = categories(f);
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
            major: f.text("major"),
            agricultural: f.yes_no("agricultural"),
            performing_arts: f.yes_no("performing_arts"),
            full_time: f
                .parse("full_time", |t| full_time(t).map(Parsed::unchanged).ok_or_else(not_full_time)),
            state: state?,
            entered_on,
            left_on,
            categories: categories?,
            hardship,
            evidence: evidence?,
            id,
            number,
        })
    }

    fn store(&mut self, conn: &mut Conn, batch: &Batch<'_>, rows: &mut [Pending<RollRow>]) -> Result<()> {
        let places = record_schools(conn, batch, rows)?;
        for pending in rows.iter_mut() {
            let code = pending.row.school.code.as_str().to_owned();
            let inside = places
                .get(&code)
                .is_some_and(|p| Place::parse(p).is_ok_and(|p| batch.order.place.contains(&p)));
            let own = batch.order.school.as_ref().is_none_or(|school| *school == code);
            if !inside || !own {
                pending.refuse("school_code", out_of_scope());
            }
        }
        let people: Vec<vault::Incoming> = standing(rows)
            .map(|p| incoming(p.row.id.as_ref(), p.row.number.as_ref(), &p.row.name, p.row.phone.as_ref()))
            .collect();
        let people = vault::enter(conn, batch.sealer, &people, batch.order.at)?;
        let keys: Vec<String> = people.iter().map(|p| p.person_id.clone()).collect();
        let current = store::current(conn, &batch.order.term.to_string(), &keys)?;
        let mut write = Writing::default();
        for (pending, person) in standing(rows).zip(people) {
            let key = (person.person_id.clone(), pending.row.school.code.as_str().to_owned());
            if let Some(first) = self.seen.get(&key) {
                let key = if pending.has("id_number") { "id_number" } else { "student_number" };
                pending.refuse(key, twice(*first));
                continue;
            }
            self.seen.insert(key.clone(), pending.number);
            let place = places.get(&key.1).cloned().unwrap_or_default();
            let row = enrolment(&pending.row, batch, self.calendar, &person, place);
            match current.get(&key) {
                Some((_, print)) if *print == row.fingerprint => {
                    pending.outcome = Outcome::Unchanged;
                    continue;
                }
                Some((former, _)) => {
                    pending.outcome = Outcome::Changed;
                    write.superseded.push(former.clone());
                }
                None => {}
            }
            write.add(&pending.row, row, batch);
        }
        store::supersede(conn, &write.superseded, batch.order.at)?;
        store::record(conn, &write.enrolments, &write.categories, &write.evidence)
    }
}

/// What a chunk writes.
#[derive(Default)]
struct Writing {
    superseded: Vec<String>,
    enrolments: Vec<Enrolment>,
    categories: Vec<CategoryRecord>,
    evidence: Vec<EvidenceRecord>,
}

impl Writing {
    fn add(&mut self, said: &RollRow, row: Enrolment, batch: &Batch<'_>) {
        for category in said.categories.iter().flatten() {
            self.categories.push(CategoryRecord {
                category_id: clock::new_id(),
                person_id: row.person_id.clone(),
                enrolment_id: Some(row.enrolment_id.clone()),
                category: *category,
                valid_from: row.valid_from,
                valid_to: Some(row.valid_to),
                recorded_by: batch.order.by.clone(),
                recorded_at: batch.order.at,
                superseded_at: None,
            });
        }
        for kind in &said.evidence {
            self.evidence.push(EvidenceRecord {
                evidence_id: clock::new_id(),
                person_id: row.person_id.clone(),
                enrolment_id: Some(row.enrolment_id.clone()),
                kind: *kind,
                issuer: None,
                valid_from: row.valid_from,
                valid_to: Some(row.valid_to),
                recorded_by: batch.order.by.clone(),
                recorded_at: batch.order.at,
                superseded_at: None,
            });
        }
        self.enrolments.push(row);
    }
}

/// Records what the rows say about their schools and gives each school's place.
fn record_schools(
    conn: &mut Conn,
    batch: &Batch<'_>,
    rows: &[Pending<RollRow>],
) -> Result<HashMap<String, String>> {
    let mut said: HashMap<&str, &SchoolSaid> = HashMap::new();
    for pending in rows {
        said.entry(pending.row.school.code.as_str()).or_insert(&pending.row.school);
    }
    let codes: Vec<String> = said.keys().map(ToString::to_string).collect();
    let known = store::schools_of(conn, &codes)?;
    let mut places = HashMap::new();
    let mut fresh = Vec::new();
    for (code, said) in said {
        let former = known.get(code);
        let merged = merge(said, former, batch);
        // A caller may not write a school of another place, nor move one there or away.
        let inside = |place: &str| Place::parse(place).is_ok_and(|p| batch.order.place.contains(&p));
        let own = batch.order.school.as_ref().is_none_or(|school| school == code);
        let allowed = own && inside(&merged.place) && former.is_none_or(|f| inside(&f.place));
        places.insert(code.to_owned(), former.map_or_else(|| merged.place.clone(), |f| f.place.clone()));
        let same = former.is_some_and(|f| {
            *f == School { school_row: f.school_row.clone(), recorded_at: f.recorded_at, ..merged.clone() }
        });
        if allowed && !same {
            places.insert(code.to_owned(), merged.place.clone());
            fresh.push(merged);
        }
    }
    store::record_schools(conn, &fresh, batch.order.at)?;
    Ok(places)
}

/// What is now known of a school: what the row says, and for the rest what was known before.
fn merge(said: &SchoolSaid, former: Option<&School>, batch: &Batch<'_>) -> School {
    School {
        school_row: clock::new_id(),
        code: said.code.as_str().to_owned(),
        name: said.name.clone().or_else(|| former.map(|f| f.name.clone())).unwrap_or_default(),
        place: said
            .place
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| former.map(|f| f.place.clone()))
            .unwrap_or_else(|| batch.order.place.to_string()),
        ownership: said.ownership.or_else(|| former.and_then(|f| f.ownership)),
        inclusive: said.inclusive.or_else(|| former.and_then(|f| f.inclusive)),
        approved: said.approved.or_else(|| former.and_then(|f| f.approved)),
        run_by: said.run_by.or_else(|| former.and_then(|f| f.run_by)),
        rural: said.rural.or_else(|| former.and_then(|f| f.rural)),
        tuition_fen: said.tuition_fen.or_else(|| former.and_then(|f| f.tuition_fen)),
        public_tuition_fen: said.public_tuition_fen.or_else(|| former.and_then(|f| f.public_tuition_fen)),
        recorded_at: batch.order.at,
        superseded_at: None,
    }
}

fn enrolment(
    said: &RollRow,
    batch: &Batch<'_>,
    calendar: TermCalendar,
    person: &vault::PersonRef,
    place: String,
) -> Enrolment {
    let order = batch.order;
    let first = calendar.first_day(order.term);
    let mut row = Enrolment {
        enrolment_id: clock::new_id(),
        person_id: person.person_id.clone(),
        name_id: person.name_id.clone(),
        school_code: said.school.code.as_str().to_owned(),
        place,
        term: order.term.to_string(),
        stage: said.stage,
        grade: said.grade.map(i16::from),
        class_name: said.class_name.clone(),
        boarding: said.boarding,
        hukou_kind: said.hukou_kind,
        hukou_place: said.hukou_place.as_ref().map(ToString::to_string),
        major: said.major.clone(),
        agricultural: said.agricultural,
        performing_arts: said.performing_arts,
        full_time: said.full_time,
        formal: said.number.as_ref().and_then(|n| match n.kind() {
            StudentNumberKind::ResidentId | StudentNumberKind::WithoutId => Some(true),
            StudentNumberKind::Temporary => None,
        }),
        hardship: said.hardship,
        categories_known: said.categories.is_some(),
        state: said.state,
        entered_on: said.entered_on,
        left_on: said.left_on,
        valid_from: said.entered_on.map_or(first, |e| e.clamp(first, calendar.end(order.term))),
        valid_to: calendar.end(order.term),
        fingerprint: String::new(),
        import_id: batch.import_id.to_owned(),
        recorded_at: order.at,
        superseded_at: None,
    };
    row.fingerprint = print(&row, said);
    row
}

/// SHA-256 of everything a row says, to tell a repeated row from a changed one.
fn print(row: &Enrolment, said: &RollRow) -> String {
    let shown = |v: Option<bool>| v.map(|b| b.to_string()).unwrap_or_default();
    let date = |v: Option<NaiveDate>| v.map(|d| d.to_string()).unwrap_or_default();
    let listed = |codes: Vec<&str>| codes.join(",");
    let parts = [
        row.name_id.clone(),
        row.place.clone(),
        row.stage.code().to_owned(),
        row.grade.map(|g| g.to_string()).unwrap_or_default(),
        row.class_name.clone().unwrap_or_default(),
        shown(row.boarding),
        row.hukou_kind.map(HukouKind::code).unwrap_or_default().to_owned(),
        row.hukou_place.clone().unwrap_or_default(),
        row.major.clone().unwrap_or_default(),
        shown(row.agricultural),
        shown(row.performing_arts),
        shown(row.full_time),
        shown(row.formal),
        row.hardship.map(Hardship::code).unwrap_or_default().to_owned(),
        row.categories_known.to_string(),
        listed(said.categories.iter().flatten().map(|c| c.code()).collect()),
        listed(said.evidence.iter().map(|e| e.code()).collect()),
        row.state.code().to_owned(),
        date(row.entered_on),
        date(row.left_on),
    ];
    digest::of_parts(parts)
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

/// The categories of a cell: `Some(None)` when it is blank (unknown), empty for 无; `None` when refused.
fn categories(f: &mut Fields<'_>) -> Option<Option<BTreeSet<Category>>> {
    let Some(cell) = f.text("category") else { return Some(None) };
    let mut found = BTreeSet::new();
    for word in parts(&cell) {
        if matches!(word, "无" | "否" | "非困难" | "一般家庭" | "none") {
            continue;
        }
        match Category::from_word(word) {
            Some(category) => {
                found.insert(category);
            }
            None => {
                f.reject("category", unknown_word("困难类型", Category::ALL.iter().map(|c| c.zh())));
                return None;
            }
        }
    }
    Some(Some(found))
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

fn twice(first: u32) -> ValueError {
    ValueError {
        code: "duplicate_row",
        what: Text::new(
            format!("与第 {first} 行是同一学生、同一学校"),
            format!("the same student at the same school as row {first}"),
        ),
        todo: Text::fixed("请核实后只保留一行", "find out which is right and keep one row"),
    }
}
