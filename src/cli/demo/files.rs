//! The invented county on disk: workbooks in the style of offices, written row by row.
//!
//! A title stands above the header and a total below the rows; the roll has an empty row in its middle
//! and a hidden sheet of last year; the aid sheet calls its columns by the words of another system.

use std::path::{Path, PathBuf};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use super::County;
use super::columns::{AID, LIST, ROLL};
use super::county::{School, Student};
use super::people::Person;
use super::truth::{AidRow, Dirt, DirtyRow, File, ListRow, Variant};
use crate::error::{Error, Result};
use crate::values::{Category, EvidenceKind, Fen, Hardship, Ownership, Stage};

/// The files that were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The provincial list.
    pub list: PathBuf,
    /// The roll.
    pub roll: PathBuf,
    /// The roll of the county next door.
    pub neighbour_roll: PathBuf,
    /// The aid records.
    pub aid: PathBuf,
}

/// Writes the files into a directory that exists.
///
/// # Errors
/// `internal` if a file cannot be written; what was begun is then incomplete and to be thrown away.
pub fn write_files(county: &County, dir: &Path) -> Result<Files> {
    let files = Files {
        list: dir.join("poverty_list.xlsx"),
        roll: dir.join("roll.xlsx"),
        neighbour_roll: dir.join("neighbour_roll.xlsx"),
        aid: dir.join("aid.xlsx"),
    };
    list(county).and_then(|mut book| book.save(&files.list)).map_err(unwritten)?;
    roll(county).and_then(|mut book| book.save(&files.roll)).map_err(unwritten)?;
    neighbour_roll(county).and_then(|mut book| book.save(&files.neighbour_roll)).map_err(unwritten)?;
    aid(county).and_then(|mut book| book.save(&files.aid)).map_err(unwritten)?;
    Ok(files)
}

#[track_caller]
fn unwritten(error: XlsxError) -> Error {
    Error::internal(format!("demo workbook: {error}"))
}

/// A cell: text, or a number where the office's program made one of it.
enum Cell {
    Text(String),
    Number(f64),
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// A sheet being written from the top down.
struct Page<'a> {
    sheet: &'a mut Worksheet,
    row: u32,
    number: u64,
}

impl<'a> Page<'a> {
    fn new(
        book: &'a mut Workbook,
        name: &str,
        title: &str,
        header: &[&str],
    ) -> std::result::Result<Self, XlsxError> {
        let sheet = book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        sheet.write_string(0, 0, title)?;
        for (column, word) in (0_u16..).zip(header) {
            sheet.write_string(1, column, *word)?;
        }
        Ok(Self { sheet, row: 2, number: 0 })
    }

    /// Writes the next row after its running number.
    fn write(&mut self, cells: Vec<Cell>) -> std::result::Result<(), XlsxError> {
        self.number += 1;
        self.sheet.write_string(self.row, 0, self.number.to_string())?;
        for (column, cell) in (1_u16..).zip(cells) {
            match cell {
                Cell::Text(text) if text.is_empty() => {}
                Cell::Text(text) => {
                    self.sheet.write_string(self.row, column, text)?;
                }
                Cell::Number(number) => {
                    self.sheet.write_number(self.row, column, number)?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }

    fn total(&mut self, column: u16, text: &str) -> std::result::Result<(), XlsxError> {
        self.sheet.write_string(self.row, 0, "合计")?;
        self.sheet.write_string(self.row, column, text)?;
        Ok(())
    }
}

/// An empty workbook. It bears the first of September of its school year as the day it was made, not the
/// hour, so that the same plan gives the same bytes and a second demo finds its files imported already.
fn book(county: &County) -> std::result::Result<Workbook, XlsxError> {
    let year = u16::try_from(county.plan.term.school_year()).unwrap_or(2000);
    let made = ExcelDateTime::from_ymd(year, 9, 1)?;
    let mut book = Workbook::new();
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    Ok(book)
}

/// The dirty rows that stand before a good row.
fn before<'a>(county: &'a County, file: File) -> impl FnMut(usize) -> Vec<&'a DirtyRow> {
    let mut rest = county.dirty.iter().filter(move |row| row.file == file).peekable();
    move |at| {
        let mut rows = Vec::new();
        while let Some(row) = rest.next_if(|row| row.before <= at) {
            rows.push(row);
        }
        rows
    }
}

fn title(county: &County, name: &str, what: &str) -> String {
    format!("{name}（演示·虚构数据）{}{what}", county.plan.term.zh())
}

fn list(county: &County) -> std::result::Result<Workbook, XlsxError> {
    let mut book = book(county)?;
    let mut page =
        Page::new(&mut book, "演示名单", &title(county, county.name, "建档立卡家庭经济困难学生名单"), LIST)?;
    let mut dirty = before(county, File::List);
    for (at, row) in county.list.iter().enumerate() {
        for bad in dirty(at) {
            let (name, id) = spoilt(&bad.person, bad.dirt);
            let like = county.students.get(bad.like);
            let like = like.and_then(|s| Some((s, county.schools.get(s.school)?)));
            page.write(list_cells(county, &bad.person, like, name, id, false))?;
        }
        let ListRow { person, name, id, .. } = row;
        page.write(list_cells(county, person, row.student(county), name.into(), id.into(), true))?;
    }
    page.total(1, &format!("{} 人", page.number))?;
    Ok(book)
}

fn list_cells(
    county: &County,
    person: &Person,
    student: Option<(&Student, &School)>,
    name: Cell,
    id: Cell,
    own: bool,
) -> Vec<Cell> {
    let word = if county.plan.term.year() >= 2021 { "脱贫户(继续享受政策)" } else { "建档立卡" };
    let (student, school) = student.unzip();
    let home = county.plan.place.as_str();
    vec![
        name,
        id,
        student.filter(|_| own).map(Student::number).unwrap_or_default().into(),
        if person.female { "女" } else { "男" }.into(),
        home.into(),
        student.map_or("祁山镇", |s| s.town).into(),
        student.map_or("演示一村", |s| s.village).into(),
        student.filter(|_| own).map(Student::household_number).unwrap_or_default().into(),
        student.filter(|_| own).map(|s| s.head.clone()).unwrap_or_default().into(),
        word.into(),
        // Whom no school knows is still somebody of an age to the office that lists her.
        student.map_or(Stage::Primary, |s| s.stage).zh().into(),
        student.map(grade_word).unwrap_or_default().into(),
        school.map(|s| s.code.clone()).unwrap_or_default().into(),
    ]
}

fn roll(county: &County) -> std::result::Result<Workbook, XlsxError> {
    let mut book = book(county)?;
    let mut page = Page::new(&mut book, "演示学籍", &title(county, county.name, "学生学籍"), ROLL)?;
    let mut dirty = before(county, File::Roll);
    for (at, student) in county.students.iter().enumerate() {
        for bad in dirty(at) {
            if let Some(like) = county.students.get(bad.like) {
                let (name, id) = spoilt(&bad.person, bad.dirt);
                let school = county.schools.get(like.school);
                page.write(roll_cells(&county.plan.place, like, school, (name, id, String::new())))?;
            }
        }
        if at == county.students.len() / 2 {
            // The empty row that somebody left in the middle.
            page.row += 1;
        }
        for school in [Some(student.school), student.second_school].into_iter().flatten() {
            let school = county.schools.get(school);
            page.write(roll_cells(&county.plan.place, student, school, herself(student)))?;
        }
    }
    page.total(1, &format!("{} 人", page.number))?;
    let hidden = book.add_worksheet();
    hidden.set_name("旧表（演示）")?.set_hidden(true);
    for (column, word) in (0_u16..).zip(["姓名", "身份证件号", "学校名称"]) {
        hidden.write_string(0, column, word)?;
    }
    hidden.write_string(1, 0, "演示")?;
    Ok(book)
}

fn neighbour_roll(county: &County) -> std::result::Result<Workbook, XlsxError> {
    let there = &county.neighbour;
    let mut book = book(county)?;
    let mut page = Page::new(&mut book, "演示学籍", &title(county, there.name, "学生学籍"), ROLL)?;
    for student in &there.students {
        let school = there.schools.get(student.school);
        page.write(roll_cells(&there.place, student, school, herself(student)))?;
    }
    page.total(1, &format!("{} 人", page.number))?;
    Ok(book)
}

/// Name, id and number as they are.
fn herself(student: &Student) -> (Cell, Cell, String) {
    let person = &student.person;
    (Cell::from(&person.name), Cell::from(&person.id), student.number())
}

fn roll_cells(place: &str, s: &Student, school: Option<&School>, who: (Cell, Cell, String)) -> Vec<Cell> {
    let none = String::new;
    let of = |read: fn(&School) -> String| school.map(read).unwrap_or_default();
    let yes_no = |yes: bool| if yes { "是" } else { "否" };
    let vocational = s.major.filter(|_| s.stage == Stage::Vocational);
    vec![
        who.0,
        who.1,
        who.2.into(),
        of(|s| s.code.clone()).into(),
        of(|s| s.name.clone()).into(),
        s.stage.zh().into(),
        grade_word(s).into(),
        format!("{}班", s.class).into(),
        if s.boarding { "住校" } else { "走读" }.into(),
        s.hukou.zh().into(),
        s.home.clone().into(),
        s.household_number().into(),
        vocational.map(|(name, _)| name).unwrap_or_default().into(),
        vocational.map(|(_, farming)| yes_no(farming)).unwrap_or_default().into(),
        // None of the demo's majors is one of the performing arts, and all its students are full-time.
        vocational.map(|_| yes_no(false)).unwrap_or_default().into(),
        vocational.map(|_| "全日制").unwrap_or_default().into(),
        s.state.zh().into(),
        s.entered.to_string().into(),
        s.left.map_or_else(none, |day| day.to_string()).into(),
        s.category.map(Category::zh).unwrap_or_default().into(),
        s.hardship.map(Hardship::zh).unwrap_or_default().into(),
        s.evidence.map(EvidenceKind::zh).unwrap_or_default().into(),
        of(|s| s.ownership.zh().to_owned()).into(),
        of(|s| s.inclusive.map(|yes| if yes { "是" } else { "否" }).unwrap_or_default().to_owned()).into(),
        of(|s| if s.ownership == Ownership::Private { "是" } else { "" }.to_owned()).into(),
        of(|s| Fen(s.tuition_fen).yuan()).into(),
        of(
            |s| {
                if s.ownership == Ownership::Private {
                    Fen(s.public_tuition_fen).yuan()
                } else {
                    String::new()
                }
            },
        )
        .into(),
        place.into(),
        of(|s| s.setting.zh().to_owned()).into(),
        of(|s| s.run_by.zh().to_owned()).into(),
    ]
}

fn aid(county: &County) -> std::result::Result<Workbook, XlsxError> {
    let mut book = book(county)?;
    let mut page = Page::new(&mut book, "演示资助", &title(county, county.name, "学生资助发放表"), AID)?;
    let mut dirty = before(county, File::Aid);
    let mut sum = 0;
    for (at, row) in county.aid.iter().enumerate() {
        for bad in dirty(at) {
            let (name, id) = spoilt(&bad.person, bad.dirt);
            page.write(aid_cells(county, row, (name, id, String::new()), Some(bad.dirt)))?;
        }
        let Some(student) = county.students.get(row.student) else { continue };
        page.write(aid_cells(county, row, herself(student), None))?;
        sum += row.fen;
    }
    page.total(9, &Fen(sum).yuan())?;
    Ok(book)
}

fn aid_cells(county: &County, row: &AidRow, who: (Cell, Cell, String), dirt: Option<Dirt>) -> Vec<Cell> {
    let student = county.students.get(row.student);
    let school = student.and_then(|s| county.schools.get(s.school));
    let ground = match student {
        Some(s) if s.listed => "建档立卡",
        Some(s) => s.category.map(Category::zh).or(s.hardship.map(Hardship::zh)).unwrap_or_default(),
        None => "",
    };
    let amount = Fen(row.fen).yuan();
    vec![
        who.0,
        who.1,
        who.2.into(),
        school.map(|s| s.code.clone()).unwrap_or_default().into(),
        school.map(|s| s.name.clone()).unwrap_or_default().into(),
        county.plan.term.zh().into(),
        if dirt == Some(Dirt::UnknownProgramme) { "爱心早餐（演示）" } else { row.programme.zh() }.into(),
        row.tier.zh().into(),
        if dirt == Some(Dirt::NegativeAmount) { format!("-{amount}") } else { amount }.into(),
        if dirt == Some(Dirt::BadDate) { "2025-13-45".into() } else { date(row) },
        row.card.clone().filter(|_| dirt.is_none()).unwrap_or_default().into(),
        ground.into(),
    ]
}

fn date(row: &AidRow) -> Cell {
    let day = row.paid_on;
    match row.date {
        Variant::DateDigits => day.format("%Y%m%d").to_string().into(),
        Variant::DateSlashes => day.format("%Y/%-m/%-d").to_string().into(),
        Variant::DateWords => day.format("%Y年%-m月%-d日").to_string().into(),
        Variant::DateSerial => {
            let first = chrono::NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default();
            let days = i32::try_from((day - first).num_days()).unwrap_or_default();
            Cell::Number(f64::from(days))
        }
        _ => day.to_string().into(),
    }
}

/// Name and id as a careless hand left them.
fn spoilt(person: &Person, dirt: Dirt) -> (Cell, Cell) {
    let name = if dirt == Dirt::BlankName { String::new() } else { person.name.clone() };
    let id = &person.id;
    let (body, last) = id.split_at_checked(17).unwrap_or((id, ""));
    let id: Cell = match dirt {
        Dirt::IdAsNumber => {
            // An x cannot be stored in a number: such a row would have kept its text.
            format!("{body}{}", if last == "X" { "0" } else { last }).parse().map_or("".into(), Cell::Number)
        }
        Dirt::WrongCheckDigit => format!("{body}{}", if last == "1" { "2" } else { "1" }).into(),
        Dirt::SeventeenDigits => body.into(),
        _ => id.into(),
    };
    (name.into(), id)
}

fn grade_word(student: &Student) -> &'static str {
    let words: &[&str] = match student.stage {
        Stage::Preschool => &["小班", "中班", "大班"],
        Stage::SeniorHigh => &["高一", "高二", "高三"],
        _ => &["一年级", "二年级", "三年级", "四年级", "五年级", "六年级", "七年级", "八年级", "九年级"],
    };
    words.get(usize::from(student.grade).saturating_sub(1)).copied().unwrap_or_default()
}
