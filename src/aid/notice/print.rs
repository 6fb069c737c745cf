//! A notice as it is put up: six columns and no other.

use std::collections::HashMap;

use chrono::NaiveDateTime;

use super::model::Notice;
use crate::aid::model::AidRecord;
use crate::aid::store as aid;
use crate::auth::Scope;
use crate::db::Conn;
use crate::error::{Error, FieldError, Result};
use crate::roll::masking::People;
use crate::roll::model::Enrolment;
use crate::roll::store as roll;
use crate::seal::Sealer;
use crate::sheet::{Cover, Export, ExportForm, Exported, OutCell, OutColumn};
use crate::values::closed_list::closed_list;
use crate::values::{Term, Text};

closed_list! {
    /// What a notice may print: 教财厅函〔2017〕28号 names these six and forbids the rest.
    pub enum Column {
        Name = "name", "姓名", "name";
        School = "school", "学校", "school";
        Department = "department", "院系", "department";
        Grade = "grade", "年级", "grade";
        Major = "major", "专业", "major";
        ClassName = "class", "班级", "class";
    }
}

impl Column {
    /// Reads a comma-separated choice, by code or Chinese word; all six when there is none.
    pub fn chosen(text: Option<&str>) -> Result<Vec<Self>> {
        let Some(text) = text else { return Ok(Self::ALL.to_vec()) };
        let mut chosen = Vec::new();
        for word in text.split([',', '，', '、']).map(str::trim).filter(|w| !w.is_empty()) {
            let column = Self::from_word(word).ok_or_else(forbidden)?;
            if !chosen.contains(&column) {
                chosen.push(column);
            }
        }
        if chosen.is_empty() { Ok(Self::ALL.to_vec()) } else { Ok(chosen) }
    }
}

fn forbidden() -> Error {
    Error::invalid(vec![FieldError {
        pointer: "?columns".to_owned(),
        code: "column_forbidden",
        detail: Text::fixed(
            "公示只能列姓名、学校、院系、年级、专业、班级（教财厅函〔2017〕28号）；身份证件号码、家庭住址、电话号码、出生日期、银行卡号等一律不得公示",
            "a notice prints name, school, department, grade, major and class only (教财厅函〔2017〕28号): never an id number, address, telephone, birth date or bank card",
        ),
    }])
}

/// A list ready to be put up.
#[derive(Debug)]
pub struct Printed {
    /// Above the list.
    pub title: String,
    /// Below the title.
    pub period: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// A row for each student, in the columns' order.
    pub rows: Vec<Vec<String>>,
}

/// The most names on one notice: no school has as many students.
const MOST: i64 = 100_000;

/// Prints a notice. Names in clear only if `clear`.
pub fn print(
    conn: &mut Conn,
    sealer: &Sealer,
    scope: &Scope,
    notice: &Notice,
    columns: Vec<Column>,
    clear: bool,
) -> Result<Printed> {
    let filter = aid::Filter { notice: Some(notice.notice_id.clone()), ..aid::Filter::default() };
    let mut records = aid::list(conn, scope, filter, None, MOST)?;
    records.retain(AidRecord::is_alive);
    let people: Vec<String> = records.iter().map(|r| r.person_id.clone()).collect();
    let rows: HashMap<String, Enrolment> = roll::of_people(conn, &notice.term, &people)?
        .into_iter()
        .filter(|e| e.school_code == notice.school_code)
        .map(|e| (e.person_id.clone(), e))
        .collect();
    let school = roll::schools_of(conn, std::slice::from_ref(&notice.school_code))?
        .remove(&notice.school_code)
        .map_or_else(|| notice.school_code.clone(), |s| s.name);
    let names = People { people: Vec::new(), names: records.iter().map(|r| r.name_id.clone()).collect() };
    let shown = names.show(conn, sealer, clear)?;
    let cell = |record: &AidRecord, column: &Column| {
        let row = rows.get(&record.person_id);
        match column {
            Column::Name => shown.name(&record.name_id).unwrap_or_default(),
            Column::School => school.clone(),
            Column::Department => row.and_then(|r| r.department.clone()).unwrap_or_default(),
            Column::Grade => row.map(grade).unwrap_or_default(),
            Column::Major => row.and_then(|r| r.major.clone()).unwrap_or_default(),
            Column::ClassName => row.and_then(|r| r.class_name.clone()).unwrap_or_default(),
        }
    };
    let mut lines: Vec<Vec<String>> =
        records.iter().map(|record| columns.iter().map(|column| cell(record, column)).collect()).collect();
    // By what is printed: the order of the records would tell who applied when.
    lines.sort_unstable();
    let term = Term::parse(&notice.term).map_or_else(|| notice.term.clone(), Term::zh);
    Ok(Printed {
        title: format!("{school}{term}{}拟资助学生名单公示", notice.programme.zh()),
        period: format!("公示期：{} 至 {}（张贴当日不计）。期满即撤下。", notice.starts_on, notice.ends_on),
        columns,
        rows: lines,
    })
}

fn grade(row: &Enrolment) -> String {
    row.grade.map_or_else(|| row.stage.zh().to_owned(), |grade| format!("{}{grade}年级", row.stage.zh()))
}

impl Printed {
    fn headers(&self) -> Vec<&'static str> {
        self.columns.iter().map(|c| c.zh()).collect()
    }

    /// As a file: in a workbook the title stands above the header, and a cover beside the list says what it is
    /// and when it was made. The cover is not put up, and nothing personal stands on it.
    pub fn export(&self, notice: &Notice, form: ExportForm, made_at: NaiveDateTime) -> Result<Exported> {
        let columns = self.headers().into_iter().map(|h| OutColumn::text(h).wide(20)).collect();
        let cover = Cover::new(&self.title, made_at)
            .scope(&notice.place, Some(&notice.school_code))
            .line("学期", notice.term.clone())
            .line("公示", self.period.clone())
            .line("公示编号", notice.notice_id.clone())
            .line("人数", self.rows.len().to_string())
            .line("依据", "教财厅函〔2017〕28号：只列姓名、学校、院系、年级、专业、班级");
        let title = format!("{} {}", self.title, self.period);
        let mut out = Export::titled(form, "公示名单", Some(&title), columns, &cover)?;
        for row in &self.rows {
            out.row(&cells(row))?;
        }
        out.finish()
    }
}

fn cells(row: &[String]) -> Vec<OutCell> {
    row.iter().map(|cell| OutCell::from(cell.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_columns_and_no_other() {
        assert_eq!(Column::chosen(None).unwrap(), Column::ALL);
        assert_eq!(
            Column::ALL.iter().map(|c| c.zh()).collect::<Vec<_>>(),
            ["姓名", "学校", "院系", "年级", "专业", "班级"]
        );
        let chosen = Column::chosen(Some("班级,name，姓名")).unwrap();
        assert_eq!(chosen, [Column::ClassName, Column::Name]);
        for refused in [
            "id_number",
            "身份证号",
            "name,phone",
            "家庭住址",
            "fen",
            "金额",
            "银行卡号",
            "出生日期",
            "student_id",
        ] {
            let error = Column::chosen(Some(refused)).unwrap_err();
            assert_eq!(error.fields[0].code, "column_forbidden", "{refused}");
            assert!(error.fields[0].detail.zh.contains("28号"));
        }
    }
}
