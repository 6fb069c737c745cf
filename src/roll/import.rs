//! The roll as a file: how rows are stored. The columns are in [`super::columns`], a row in [`super::read`].

use std::collections::HashMap;

use chrono::NaiveDate;

use super::columns::SPEC;
use super::model::{CategoryRecord, Enrolment, EvidenceRecord, School};
use super::read::{RollRow, SchoolSaid, row};
use super::store;
use crate::db::Conn;
use crate::error::Result;
use crate::imports::batch::{Batch, Outcome, arrivals, incoming, standing};
use crate::imports::{ImportKind, Importer, Pending, Seen};
use crate::poverty_list::import::out_of_scope;
use crate::seal::vault;
use crate::sheet::{Fields, SheetSpec};
use crate::values::{
    Change, Hardship, HukouKind, Place, StudentNumberKind, TermCalendar, Text, ValueError, clock, digest,
};

/// Imports a roll file.
#[derive(Debug, Clone, Default)]
pub struct RollImporter {
    calendar: TermCalendar,
    /// The students met, each with the school.
    seen: Seen,
}

impl RollImporter {
    /// An importer for a place that keeps these terms.
    pub fn new(calendar: TermCalendar) -> Self {
        Self { calendar, seen: Seen::default() }
    }
}

impl Importer for RollImporter {
    type Row = RollRow;
    const KIND: ImportKind = ImportKind::Roll;

    fn spec(&self) -> &'static SheetSpec {
        &SPEC
    }

    fn parse(&self, f: &mut Fields<'_>) -> Option<RollRow> {
        row(f)
    }

    fn who(&self, row: &RollRow) -> Option<vault::Incoming> {
        Some(incoming(row.id.as_ref(), row.number.as_ref(), &row.name, row.phone.as_ref()))
    }

    fn remark(&self, row: &RollRow) -> Option<Change> {
        row.id.as_ref()?.area_remark()
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
        let people = vault::enter(conn, batch.sealer, arrivals(rows), batch.order.at)?;
        let known: Vec<String> = people.iter().filter(|p| !p.created).map(|p| p.person_id.clone()).collect();
        let current = store::current(conn, &batch.order.term.to_string(), &known)?;
        let mut write = Writing::default();
        for (pending, person) in standing(rows).zip(people) {
            let key = (person.person_id.as_str(), pending.row.school.code.as_str());
            if let Some(first) = self.seen.row(&key) {
                let key = if pending.has("id_number") { "id_number" } else { "student_number" };
                pending.refuse(key, twice(first));
                continue;
            }
            self.seen.note(&key, pending.number);
            let place = places.get(key.1).cloned().unwrap_or_default();
            let former = current.get(key.0).and_then(|schools| schools.get(key.1));
            let row = enrolment(&pending.row, batch, self.calendar, person, place);
            match former {
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
    person: vault::PersonRef,
    place: String,
) -> Enrolment {
    let order = batch.order;
    let first = calendar.first_day(order.term);
    let mut row = Enrolment {
        enrolment_id: clock::new_id(),
        person_id: person.person_id,
        name_id: person.name_id,
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
        household_no: said.household_no.clone(),
        department: said.department.clone(),
    };
    row.fingerprint = print(&row, said);
    row
}

/// SHA-256 of everything a row says, to tell a repeated row from a changed one.
fn print(row: &Enrolment, said: &RollRow) -> String {
    let shown = |v: Option<bool>| v.map_or("", |yes| if yes { "true" } else { "false" });
    let date = |v: Option<NaiveDate>| v.map(|d| d.to_string()).unwrap_or_default();
    let grade = row.grade.map(|g| g.to_string()).unwrap_or_default();
    let categories = said.categories.iter().flatten().map(|c| c.code()).collect::<Vec<_>>().join(",");
    let evidence = said.evidence.iter().map(|e| e.code()).collect::<Vec<_>>().join(",");
    let (entered, left) = (date(row.entered_on), date(row.left_on));
    let department = row.department.as_ref().map(|department| format!("department {department}"));
    let parts = [
        &row.name_id,
        &row.place,
        row.stage.code(),
        &grade,
        row.class_name.as_deref().unwrap_or_default(),
        shown(row.boarding),
        row.hukou_kind.map(HukouKind::code).unwrap_or_default(),
        row.hukou_place.as_deref().unwrap_or_default(),
        row.major.as_deref().unwrap_or_default(),
        shown(row.agricultural),
        shown(row.performing_arts),
        shown(row.full_time),
        shown(row.formal),
        row.hardship.map(Hardship::code).unwrap_or_default(),
        shown(Some(row.categories_known)),
        &categories,
        &evidence,
        row.state.code(),
        &entered,
        &left,
    ];
    // Columns that came later: a row without them says what it said before.
    let later = row.household_no.as_deref().into_iter().chain(department.as_deref());
    digest::of_parts(parts.into_iter().chain(later))
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
