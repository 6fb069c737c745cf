//! A refused row as it was kept: what it says of its student, and the same row with another id.
//!
//! Cells are found again by what the import understood of the file. Knows cells and values, no database.

use chrono::NaiveDate;

use super::rules::Said;
use crate::error::{Error, Result};
use crate::imports::body::{ColumnBody, SheetBody, UnderstoodBody};
use crate::imports::store::Refused;
use crate::sheet::SheetSpec;
use crate::values::cleaning::{Blanks, clean};
use crate::values::resident_id::candidates;
use crate::values::{PersonName, ResidentId, SchoolCode, Sex, StudentNumber, day};

/// The column whose faults are looked at.
pub const ID: &str = "id_number";

/// The faults of an id behind which a right one may stand.
const FAULTS: [&str; 6] =
    ["id_precision_lost", "id_length", "id_characters", "id_date", "id_sequence", "id_check_digit"];

/// Headers that no import reads, and that say something of the student all the same.
const BIRTH: [&str; 3] = ["出生日期", "出生年月日", "出生年月"];
const SEX: [&str; 1] = ["性别"];

/// Whether the id is wrong, and nothing else: a row with further faults cannot be taken however its id is
/// mended.
pub fn only_the_id_is_wrong(row: &Refused, understood: &UnderstoodBody) -> bool {
    let Some(letter) = letter_of(row, understood, ID) else { return false };
    !row.faults.is_empty()
        && row.faults.iter().all(|f| f.letter == letter && FAULTS.contains(&f.code.as_str()))
}

/// What the row says; `None` when it gives no readable name.
pub fn said(row: &Refused, understood: &UnderstoodBody) -> Option<Said> {
    let cell = |field: &str| cell(row, understood, field);
    let beside = |headers: &[&str]| beside(row, understood, headers);
    Some(Said {
        candidates: candidates(cell(ID)?),
        name: PersonName::parse(cell("name")?).ok()?.value,
        number: cell("student_number").and_then(|t| StudentNumber::parse(t).ok()).map(|p| p.value),
        school: cell("school_code")
            .and_then(|t| SchoolCode::parse(t).ok())
            .map(|p| p.value.as_str().to_owned()),
        birth: beside(&BIRTH).and_then(|t| day::parse(t).ok()).map(|p| -> NaiveDate { p.value }),
        sex: beside(&SEX).and_then(|t| Sex::from_word(&clean(t, Blanks::All).0)),
    })
}

/// The cell that failed, as it was entered.
pub fn entered<'a>(row: &'a Refused, understood: &UnderstoodBody) -> &'a str {
    cell(row, understood, ID).unwrap_or_default()
}

/// The row as a file of its own with the proposed id in it, under the headers of the template.
pub fn corrected(
    row: &Refused,
    understood: &UnderstoodBody,
    spec: &SheetSpec,
    id: &ResidentId,
) -> Result<Vec<u8>> {
    let mut headers = Vec::new();
    let mut cells = Vec::new();
    for column in spec.columns {
        let Some(known) = columns(row, understood).iter().find(|c| c.field == column.key) else { continue };
        // The unit of an amount stands in the file's own header.
        let header = if known.header.contains('万') {
            format!("{}(万元)", column.zh.split('(').next().unwrap_or(column.zh))
        } else {
            column.zh.to_owned()
        };
        headers.push(header);
        let text = if column.key == ID {
            id.as_str()
        } else {
            cell(row, understood, column.key).unwrap_or_default()
        };
        cells.push(text.to_owned());
    }
    let mut out = csv::Writer::from_writer(Vec::new());
    let written = out.write_record(&headers).and_then(|()| out.write_record(&cells));
    written.map_err(|_e| Error::internal("a corrected row could not be written"))?;
    out.into_inner().map_err(|_e| Error::internal("a corrected row could not be written"))
}

/// The sheet that the row stands on.
fn sheet<'a>(row: &Refused, understood: &'a UnderstoodBody) -> Option<&'a SheetBody> {
    understood.sheets.iter().find(|s| s.sheet == row.sheet)
}

/// The columns of the row's sheet; none where several people stand side by side in a row.
fn columns<'a>(row: &Refused, understood: &'a UnderstoodBody) -> &'a [ColumnBody] {
    let columns = sheet(row, understood).map(|s| s.mapping.as_slice()).unwrap_or_default();
    if columns.iter().any(|c| c.member.is_some()) { &[] } else { columns }
}

fn letter_of<'a>(row: &Refused, understood: &'a UnderstoodBody, field: &str) -> Option<&'a str> {
    columns(row, understood).iter().find(|c| c.field == field).map(|c| c.letter.as_str())
}

fn cell<'a>(row: &'a Refused, understood: &UnderstoodBody, field: &str) -> Option<&'a str> {
    at(row, letter_of(row, understood, field)?)
}

fn beside<'a>(row: &'a Refused, understood: &UnderstoodBody, headers: &[&str]) -> Option<&'a str> {
    let unknown = &sheet(row, understood)?.unknown;
    let column = unknown.iter().find(|u| headers.contains(&clean(&u.header, Blanks::All).0.as_str()))?;
    at(row, &column.letter)
}

fn at<'a>(row: &'a Refused, letter: &str) -> Option<&'a str> {
    row.cells.get(index(letter)?).map(String::as_str).filter(|text| !text.trim().is_empty())
}

/// The index of a column's letter: A is 0, AA 26.
fn index(letter: &str) -> Option<usize> {
    let number = letter.chars().try_fold(0_usize, |sum, c| {
        let digit = c.to_digit(36).filter(|_| c.is_ascii_uppercase())?.checked_sub(9)?;
        sum.checked_mul(26)?.checked_add(usize::try_from(digit).ok()?)
    })?;
    number.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::body::UnknownColumnBody;
    use crate::imports::model::Fault;
    use crate::sheet::letter;

    fn understood() -> UnderstoodBody {
        let column = |field: &str, header: &str, letter: &str| ColumnBody {
            field: field.into(),
            header: header.into(),
            letter: letter.into(),
            name: String::new(),
            recognised_by: String::new(),
            member: None,
        };
        let unknown =
            |letter: &str, header: &str| UnknownColumnBody { letter: letter.into(), header: header.into() };
        UnderstoodBody {
            format: "csv".into(),
            encoding: None,
            packed: false,
            sheets: vec![SheetBody {
                sheet: None,
                header_row: 1,
                mapping: vec![
                    column("name", "姓名", "B"),
                    column("id_number", "证件号码", "C"),
                    column("amount", "金额（万元）", "E"),
                ],
                unknown: vec![unknown("A", "序号"), unknown("D", " 出生日期")],
                missing: vec![],
                rows: 1,
                skipped: 0,
                to_send_again: vec![],
            }],
            notices: vec![],
        }
    }

    fn refused(faults: &[(&str, &str)]) -> Refused {
        let fault = |(letter, code): &(&str, &str)| Fault {
            sheet: None,
            row: 3,
            column: String::new(),
            letter: (*letter).into(),
            code: (*code).into(),
            what: (String::new(), String::new()),
            todo: (String::new(), String::new()),
        };
        Refused {
            line: 3,
            member: 0,
            sheet: None,
            row: 3,
            cells: ["1", "测,一", "341000200903140000", "2009/3/14", "0.0625"].map(Into::into).to_vec(),
            faults: faults.iter().map(fault).collect(),
        }
    }

    #[test]
    fn letters_lead_back_to_their_columns() {
        for at in [0, 1, 25, 26, 51, 52, 701, 702, 16_383] {
            assert_eq!(index(&letter(at)), Some(at));
        }
        assert_eq!((index(""), index("a"), index("1")), (None, None, None));
    }

    #[test]
    fn a_row_is_looked_at_if_its_id_is_all_that_is_wrong() {
        let is = |faults: &[(&str, &str)]| only_the_id_is_wrong(&refused(faults), &understood());
        assert!(is(&[("C", "id_precision_lost")]));
        assert!(!is(&[("C", "id_precision_lost"), ("E", "amount_invalid")]));
        assert!(!is(&[("C", "duplicate_row")]));
        assert!(!is(&[("B", "id_check_digit")]));
        assert!(!is(&[]));
    }

    #[test]
    fn a_corrected_row_keeps_its_other_cells_and_their_unit() {
        let row = Refused { cells: refused(&[]).cells, ..refused(&[]) };
        let id = ResidentId::parse("341000200903140019").unwrap().value;
        let spec = SheetSpec { either: &[], ..crate::aid::import::SPEC };
        let text = String::from_utf8(corrected(&row, &understood(), &spec, &id).unwrap()).unwrap();
        assert_eq!(text, "姓名,身份证号,金额(万元)\n\"测,一\",341000200903140019,0.0625\n");
        assert_eq!(beside(&row, &understood(), &BIRTH), Some("2009/3/14"));
    }
}
