//! The provincial list as a file: its columns, how a row is read, how rows are stored.

use super::model::{Entry, List, ListState};
use super::{rules, store};
use crate::db::Conn;
use crate::error::Result;
use crate::imports::batch::{Batch, Outcome, arrivals, incoming, standing};
use crate::imports::columns::{self, column};
use crate::imports::{ImportKind, Importer, Pending, Seen, Tally};
use crate::seal::{Aad, vault};
use crate::sheet::{CellKind, Fields, SheetSpec};
use crate::values::{
    Category, Change, Parsed, PersonName, Phone, Place, ResidentId, SchoolCode, Stage, StudentNumber, Text,
    ValueError, area, clock, digest, grade,
};

/// The columns of the provincial list.
pub static SPEC: SheetSpec = SheetSpec {
    kind: "poverty_list",
    zh: "省下达名单",
    columns: &[
        columns::NAME,
        columns::id_number("身份证号", true),
        columns::STUDENT_NUMBER,
        columns::PHONE,
        column("place", "户籍地区划代码", &["区划代码", "行政区划代码", "户籍地行政区划代码"], CellKind::Id),
        column("county", "县区", &["区县", "县", "县(区)", "县(市、区)"], CellKind::Plain),
        column("township", "乡镇", &["乡", "乡(镇)", "镇"], CellKind::Plain),
        column("village", "村", &["行政村", "村组", "村(社区)"], CellKind::Plain),
        column("household_no", "户编号", &["户号"], CellKind::Id),
        column("head_name", "户主姓名", &["户主"], CellKind::Plain),
        column("category", "户类型", &["困难类型", "贫困类型", "户属性", "脱贫属性"], CellKind::Plain),
        columns::stage(false),
        columns::GRADE,
        columns::school_code(false),
        columns::school_name("就读学校"),
    ],
    either: &[&["place", "county"]],
};

/// One student as the list gives them.
#[derive(Debug)]
pub struct ListRow {
    id: ResidentId,
    name: PersonName,
    student_number: Option<StudentNumber>,
    phone: Option<Phone>,
    place: Place,
    township: Option<String>,
    village: Option<String>,
    household_no: Option<String>,
    head_name: Option<PersonName>,
    category: Category,
    stage: Option<Stage>,
    grade: Option<u8>,
    school_code: Option<SchoolCode>,
}

/// Imports a file into a draft: a new version, or one that is named.
#[derive(Debug, Clone)]
pub struct ListImporter {
    /// The draft that takes the rows; `None` begins a new version.
    pub into: Option<String>,
    /// The first day the version speaks for.
    pub valid_from: chrono::NaiveDate,
    seen: Seen,
    /// Whether the draft was found open within the transaction that writes the rows.
    open: bool,
}

impl ListImporter {
    /// An importer for a new version (`into` absent) or for a draft that takes further rows.
    pub fn new(into: Option<String>, valid_from: chrono::NaiveDate) -> Self {
        Self { into, valid_from, seen: Seen::default(), open: false }
    }

    /// The version the rows went into.
    fn list_id(&mut self, conn: &mut Conn, batch: &Batch<'_>) -> Result<String> {
        if let Some(id) = &self.into {
            if !self.open {
                // Somebody may have checked the draft since the caller was told that it takes rows.
                rules::may_take_rows(&store::find_held(conn, id)?)?;
                self.open = true;
            }
            return Ok(id.clone());
        }
        let order = batch.order;
        let term = order.term.to_string();
        let list = List {
            list_id: clock::new_id(),
            place: order.place.to_string(),
            version: store::next_version(conn, &order.place, &term)?,
            term,
            state: ListState::Draft,
            valid_from: self.valid_from,
            entries: 0,
            digest: None,
            import_id: batch.import_id.to_owned(),
            recorded_by: order.by.clone(),
            recorded_at: order.at,
            checked_by: None,
            checked_at: None,
            locked_by: None,
            locked_at: None,
            superseded_by: None,
            superseded_at: None,
        };
        let id = list.list_id.clone();
        store::insert(conn, list)?;
        (self.into, self.open) = (Some(id.clone()), true);
        Ok(id)
    }
}

impl Importer for ListImporter {
    type Row = ListRow;
    const KIND: ImportKind = ImportKind::PovertyList;

    fn spec(&self) -> &'static SheetSpec {
        &SPEC
    }

    fn parse(&self, f: &mut Fields<'_>) -> Option<ListRow> {
        let id = f.require("id_number", ResidentId::parse);
        let name = f.require("name", PersonName::parse);
        let place = place(f);
        let stage = f.word("stage", Stage::from_word, Stage::ALL.iter().map(|s| s.zh()));
        let grade = f.parse("grade", |text| grade::parse(text, stage).map(Parsed::unchanged));
        // The list is of registered poor; a file without the column says no more than that.
        let category = match f.text("category") {
            None => Some(Category::RegisteredPoor),
            Some(_) => f.word("category", Category::from_word, Category::ALL.iter().map(|c| c.zh())),
        };
        let row = (
            f.parse("student_number", StudentNumber::parse),
            f.parse("phone", Phone::parse),
            f.parse("head_name", PersonName::parse),
            f.parse("school_code", SchoolCode::parse),
        );
        Some(ListRow {
            id: id?,
            name: name?,
            student_number: row.0,
            phone: row.1,
            place: place?,
            township: f.text("township"),
            village: f.text("village"),
            household_no: f.text("household_no"),
            head_name: row.2,
            category: category?,
            stage,
            grade,
            school_code: row.3,
        })
    }

    fn who(&self, row: &ListRow) -> Option<vault::Incoming> {
        Some(incoming(Some(&row.id), row.student_number.as_ref(), &row.name, row.phone.as_ref()))
    }

    fn remark(&self, row: &ListRow) -> Option<Change> {
        row.id.area_remark()
    }

    fn store(&mut self, conn: &mut Conn, batch: &Batch<'_>, rows: &mut [Pending<ListRow>]) -> Result<()> {
        let list_id = self.list_id(conn, batch)?;
        for pending in rows.iter_mut() {
            if !batch.order.place.contains(&pending.row.place) {
                let key = if pending.has("place") { "place" } else { "county" };
                pending.refuse(key, out_of_scope());
            }
        }
        let people = vault::enter(conn, batch.sealer, arrivals(rows), batch.order.at)?;
        let keys: Vec<String> = people.iter().filter(|p| !p.created).map(|p| p.person_id.clone()).collect();
        let before = store::standing(conn, &list_id, &keys)?;
        let mut entries = Vec::with_capacity(rows.len());
        for (pending, person) in standing(rows).zip(people) {
            let entry = entry(batch, &list_id, pending, &person)?;
            if let Some(first) = self.seen.row(&person.person_id) {
                pending.refuse("id_number", twice(first));
                continue;
            }
            match before.get(&person.person_id) {
                Some(says) if *says == entry.fingerprint => pending.outcome = Outcome::Unchanged,
                Some(_) => {
                    pending.refuse("id_number", stands_already());
                    continue;
                }
                None => entries.push(entry),
            }
            self.seen.note(&person.person_id, pending.number);
        }
        store::insert_entries(conn, &entries)
    }

    fn finish(&mut self, conn: &mut Conn, batch: &Batch<'_>, _rows: &Tally) -> Result<()> {
        let list_id = self.list_id(conn, batch)?;
        store::recount(conn, &list_id)?;
        Ok(())
    }
}

/// The household's place: by code, else by the county's name.
fn place(f: &mut Fields<'_>) -> Option<Place> {
    if f.has("place") {
        return f.parse("place", |text| Place::parse(text).map(Parsed::unchanged));
    }
    let Some(name) = f.text("county") else {
        // A county cell that is there and cannot be read has been reported by then.
        if !f.has("county") {
            f.reject(
                "place",
                ValueError::fixed(
                    "cell_missing",
                    ("户籍地区划代码和县区都没有填写", "neither the area code nor the county is given"),
                    ("请填写其中一项", "fill in one of the two"),
                ),
            );
        }
        return None;
    };
    let found = area::find(&name, None);
    if found.is_none() {
        f.reject(
            "county",
            ValueError::fixed(
                "county_unknown",
                ("县区名称查不到，或有重名", "the county's name is unknown or not unique"),
                ("请改填六位户籍地区划代码", "give the six-digit area code instead"),
            ),
        );
    }
    found
}

fn entry(
    batch: &Batch<'_>,
    list_id: &str,
    pending: &Pending<ListRow>,
    person: &vault::PersonRef,
) -> Result<Entry> {
    let row = &pending.row;
    let entry_id = clock::new_id();
    let head_name_ct = match &row.head_name {
        Some(name) => Some(batch.sealer.seal(
            &Aad { table: "poverty_list_entry", column: "head_name_ct", row_id: &entry_id },
            name.as_entered(),
        )?),
        None => None,
    };
    let said = [
        person.name_id.as_str(),
        row.place.as_str(),
        row.township.as_deref().unwrap_or_default(),
        row.village.as_deref().unwrap_or_default(),
        row.household_no.as_deref().unwrap_or_default(),
        row.category.code(),
        row.stage.map(Stage::code).unwrap_or_default(),
        &row.grade.map(|g| g.to_string()).unwrap_or_default(),
        row.school_code.as_ref().map(SchoolCode::as_str).unwrap_or_default(),
    ];
    Ok(Entry {
        entry_id,
        list_id: list_id.to_owned(),
        import_id: batch.import_id.to_owned(),
        row_number: i32::try_from(pending.number).unwrap_or(i32::MAX),
        person_id: person.person_id.clone(),
        name_id: person.name_id.clone(),
        place: row.place.to_string(),
        township: row.township.clone(),
        village: row.village.clone(),
        household_no: row.household_no.clone(),
        head_name_ct,
        category: row.category,
        stage: row.stage,
        grade: row.grade.map(i16::from),
        school_code: row.school_code.as_ref().map(|s| s.as_str().to_owned()),
        fingerprint: digest::of_parts(said),
    })
}

/// A row of another place than the caller's.
pub fn out_of_scope() -> ValueError {
    ValueError::fixed(
        "out_of_scope",
        ("该行不在您的管辖范围内", "the row lies outside your scope"),
        ("请由所属县区上报，或核对区划代码", "let the county concerned send it, or check the area code"),
    )
}

fn twice(first: u32) -> ValueError {
    ValueError {
        code: "duplicate_row",
        what: Text::new(
            format!("与第 {first} 行是同一个身份证号"),
            format!("the same id number as row {first}"),
        ),
        todo: Text::fixed("请核实后只保留一行", "find out which is right and keep one row"),
    }
}

fn stands_already() -> ValueError {
    ValueError::fixed(
        "duplicate_row",
        (
            "该学生已在此名单版本中，且内容不同",
            "the student stands in this version already, with other content",
        ),
        ("如需修改，请重新上报一个新版本", "send a new version to change an entry"),
    )
}
