//! A refused row as it was kept: what it says of its student, or of each where several stand side by side,
//! and that part of it with another id.
//!
//! Cells are found again by what the import understood of the file. Knows cells and values, no database.

use super::rules::Said;
use crate::error::{Error, Result};
use crate::imports::body::{ColumnBody, SheetBody, UnderstoodBody};
use crate::imports::store::Refused;
use crate::sheet::{OF_ONE_PERSON, SheetSpec};
use crate::values::cleaning::{Blanks, clean};
use crate::values::resident_id::candidates;
use crate::values::{PersonName, ResidentId, SchoolCode, Sex, StudentNumber, day};

/// The column whose faults are looked at.
pub const ID: &str = "id_number";

/// The faults of an id behind which a right one may stand.
const FAULTS: [&str; 6] =
    ["id_precision_lost", "id_length", "id_characters", "id_date", "id_sequence", "id_check_digit"];

/// How a column was recognised that its sender named.
const DECLARED: &str = "declared";

/// Headers that no import reads, and that say something of the student all the same.
const BIRTH: [&str; 3] = ["出生日期", "出生年月日", "出生年月"];
const SEX: [&str; 1] = ["性别"];

/// One person's part of a refused row, by the columns of the sheet it stood on.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    row: &'a Refused,
    sheet: &'a SheetBody,
    /// Which person of the row, from 1; `None` where a row is one person's.
    member: Option<u8>,
}

impl<'a> Part<'a> {
    /// The parts of a row of which the id is wrong, and nothing else: further faults of the same person
    /// cannot be mended by another id. A fault that may be anybody's is everybody's.
    pub fn of_wrong_id(row: &'a Refused, understood: &'a UnderstoodBody) -> Vec<Self> {
        let Some(sheet) = understood.sheets.iter().find(|s| s.sheet == row.sheet) else { return Vec::new() };
        let ids = sheet.mapping.iter().filter(|c| c.field == ID);
        let parts = ids.map(|id| Self { row, sheet, member: id.member });
        parts.filter(Self::has_only_the_id_wrong).collect()
    }

    /// The part of one person, from 0.
    pub fn of_member(row: &'a Refused, understood: &'a UnderstoodBody, member: i16) -> Option<Self> {
        let sheet = understood.sheets.iter().find(|s| s.sheet == row.sheet)?;
        let ids = sheet.mapping.iter().filter(|c| c.field == ID);
        let mut parts = ids.map(|id| Self { row, sheet, member: id.member });
        parts.find(|part| part.number() == member)
    }

    /// Which person of the row this is, from 0.
    pub fn number(&self) -> i16 {
        self.member.map_or(0, |member| i16::from(member) - 1)
    }

    /// Whether there are others in the row.
    pub fn stands_beside_others(&self) -> bool {
        self.member.is_some()
    }

    fn has_only_the_id_wrong(&self) -> bool {
        let Some(id) = self.column(ID) else { return false };
        let others = |letter: &str| {
            let mut of = self.sheet.mapping.iter().filter(|c| c.letter == letter).peekable();
            of.peek().is_some() && of.all(|c| c.member != self.member) && !self.reads(letter)
        };
        let mut own = self.row.faults.iter().filter(|f| !others(&f.letter)).peekable();
        own.peek().is_some() && own.all(|f| f.letter == id.letter && FAULTS.contains(&f.code.as_str()))
    }

    /// Whether any of the person's fields stands under this letter.
    fn reads(&self, letter: &str) -> bool {
        self.sheet.mapping.iter().any(|c| self.column(&c.field).is_some_and(|own| own.letter == letter))
    }

    /// What it says of its student; `None` when it gives no readable name.
    pub fn said(&self) -> Option<Said> {
        let number = self.cell("student_number").and_then(|t| StudentNumber::parse(t).ok());
        let school = self.cell("school_code").and_then(|t| SchoolCode::parse(t).ok());
        Some(Said {
            candidates: candidates(self.cell(ID)?),
            name: PersonName::parse(self.cell("name")?).ok()?.value,
            number: number.map(|p| p.value),
            school: school.map(|p| p.value.as_str().to_owned()),
            birth: self.beside(&BIRTH).and_then(|t| day::parse(t).ok()).map(|p| p.value),
            sex: self.beside(&SEX).and_then(|t| Sex::from_word(&clean(t, Blanks::All).0)),
        })
    }

    /// The id as it was entered.
    pub fn entered(&self) -> &'a str {
        self.cell(ID).unwrap_or_default()
    }

    /// The part as a file of its own with the proposed id in it, under the headers of the template.
    pub fn corrected(&self, spec: &SheetSpec, id: &ResidentId) -> Result<Vec<u8>> {
        let mut headers = Vec::new();
        let mut cells = Vec::new();
        for column in spec.columns {
            let Some(known) = self.column(column.key) else { continue };
            // The unit of an amount stands in the file's own header.
            let header = if known.header.contains('万') {
                format!("{}(万元)", column.zh.split('(').next().unwrap_or(column.zh))
            } else {
                column.zh.to_owned()
            };
            headers.push(header);
            let cell = self.cell(column.key).unwrap_or_default();
            cells.push(if column.key == ID { id.as_str() } else { cell }.to_owned());
        }
        let mut out = csv::Writer::from_writer(Vec::new());
        let written = out.write_record(&headers).and_then(|()| out.write_record(&cells));
        written.map_err(|_e| Error::internal("a corrected row could not be written"))?;
        out.into_inner().map_err(|_e| Error::internal("a corrected row could not be written"))
    }

    /// The column of a field: the person's own, else the first one's, as the file was read. What is one
    /// person's alone, or was declared for each, is nobody else's.
    fn column(&self, field: &str) -> Option<&'a ColumnBody> {
        let of = |member| self.sheet.mapping.iter().find(move |c| c.field == field && c.member == member);
        let apart = |c: &ColumnBody| c.field == field && c.member > Some(1) && c.recognised_by == DECLARED;
        let shared = || field != OF_ONE_PERSON && field != ID && !self.sheet.mapping.iter().any(apart);
        of(self.member).or_else(|| shared().then(|| of(Some(1))).flatten())
    }

    fn cell(&self, field: &str) -> Option<&'a str> {
        self.at(&self.column(field)?.letter)
    }

    /// A cell under a header that no import reads. Where several people stand in a row, whose it is cannot be
    /// told.
    fn beside(&self, headers: &[&str]) -> Option<&'a str> {
        let named = |header: &str| headers.contains(&clean(header, Blanks::All).0.as_str());
        let column =
            self.sheet.unknown.iter().find(|u| named(&u.header)).filter(|_| self.member.is_none())?;
        self.at(&column.letter)
    }

    fn at(&self, letter: &str) -> Option<&'a str> {
        self.row.cells.get(index(letter)?).map(String::as_str).filter(|text| !text.trim().is_empty())
    }
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

    /// 序号, then twice 姓名 and 证件号码, an amount and 出生日期; of one person, or of two side by side.
    fn understood(people: bool) -> UnderstoodBody {
        let column = |field: &str, header: &str, letter: &str, member: u8| ColumnBody {
            field: field.into(),
            header: header.into(),
            letter: letter.into(),
            name: String::new(),
            recognised_by: String::new(),
            member: people.then_some(member),
        };
        let mut mapping = vec![
            column("name", "姓名", "B", 1),
            column("id_number", "证件号码", "C", 1),
            column("amount", "金额（万元）", "F", 1),
            column("category", "户类型", "H", 1),
        ];
        if people {
            mapping.extend([column("name", "成员姓名", "D", 2), column("id_number", "成员证件号码", "E", 2)]);
        }
        UnderstoodBody {
            format: "csv".into(),
            encoding: None,
            packed: false,
            sheets: vec![SheetBody {
                sheet: None,
                header_row: 1,
                mapping,
                unknown: vec![UnknownColumnBody { letter: "G".into(), header: " 出生日期".into() }],
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
        let cells =
            ["1", "测,一", "341000200903140000", "测二", "341000200903140018", "0.0625", "2009/3/14", "低保"];
        Refused {
            line: 2,
            member: 0,
            sheet: None,
            row: 3,
            cells: cells.map(Into::into).to_vec(),
            faults: faults.iter().map(fault).collect(),
        }
    }

    fn id() -> ResidentId {
        ResidentId::parse("341000200903140019").unwrap().value
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
        let is =
            |faults: &[(&str, &str)]| !Part::of_wrong_id(&refused(faults), &understood(false)).is_empty();
        assert!(is(&[("C", "id_precision_lost")]));
        assert!(!is(&[("C", "id_precision_lost"), ("F", "amount_invalid")]));
        assert!(!is(&[("C", "duplicate_row")]));
        assert!(!is(&[("B", "id_check_digit")]));
        assert!(!is(&[]));
    }

    #[test]
    fn a_corrected_row_keeps_its_other_cells_and_their_unit() {
        let (row, understood) = (refused(&[("C", "id_precision_lost")]), understood(false));
        let part = Part::of_wrong_id(&row, &understood)[0];
        assert_eq!((part.entered(), part.number()), ("341000200903140000", 0));
        assert_eq!(part.beside(&BIRTH), Some("2009/3/14"));
        let text = String::from_utf8(part.corrected(&crate::aid::import::SPEC, &id()).unwrap()).unwrap();
        assert_eq!(text, "姓名,身份证号,金额(万元)\n\"测,一\",341000200903140019,0.0625\n");
    }

    #[test]
    fn of_several_people_in_a_row_each_is_looked_at_alone() {
        let understood = understood(true);
        let numbers = |faults: &[(&str, &str)]| -> Vec<i16> {
            Part::of_wrong_id(&refused(faults), &understood).iter().map(Part::number).collect()
        };
        assert_eq!(numbers(&[("E", "id_check_digit")]), [1]);
        assert_eq!(numbers(&[("C", "id_check_digit"), ("E", "id_check_digit")]), [0, 1]);
        // The second one's name is wrong as well; that is nothing to the first.
        let mixed = [("C", "id_check_digit"), ("D", "name_characters"), ("E", "id_check_digit")];
        assert_eq!(numbers(&mixed), [0]);
        // What the household has in common is wrong for both, and so is what stands under no letter.
        assert_eq!(numbers(&[("C", "id_check_digit"), ("H", "word_unknown")]), [0; 0]);
        assert_eq!(numbers(&[("C", "id_check_digit"), ("", "cell_missing")]), [0; 0]);
    }

    #[test]
    fn a_part_is_sent_again_with_what_the_household_shares() {
        let (row, understood) = (refused(&[("E", "id_check_digit")]), understood(true));
        let part = Part::of_member(&row, &understood, 1).unwrap();
        let said = part.said().unwrap();
        assert_eq!((said.name.normal(), part.entered()), ("测二", "341000200903140018"));
        assert_eq!(said.birth, None, "whose birth date it is cannot be told");
        let spec = &crate::poverty_list::import::SPEC;
        let text = String::from_utf8(part.corrected(spec, &id()).unwrap()).unwrap();
        assert_eq!(text, "姓名,身份证号,户类型\n测二,341000200903140019,低保\n");
        assert!(Part::of_member(&row, &understood, 2).is_none());
    }
}
