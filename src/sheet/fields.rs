//! Taking a row's cells by name, collecting every fault instead of stopping at the first.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::cell::{Cell, Fault};
use super::header::letter;
use super::row::{Row, RowError};
use super::spec::CellKind;
use crate::values::cleaning::{Blanks, clean};
use crate::values::{Change, Fen, Parsed, Text, ValueError, day, words};

const MISSING: ValueError = ValueError::fixed(
    "cell_missing",
    ("必填项为空", "a required cell is empty"),
    ("请填写后重新上传", "fill it in and send the file again"),
);
const PRECISION_LOST: ValueError = ValueError::fixed(
    "id_precision_lost",
    (
        "号码被存成了数字，超过 15 位的部分已经丢失",
        "the number was stored as a number and lost what is beyond 15 digits",
    ),
    (
        "请把该列设为“文本”格式，再按证件重新输入",
        "format the column as text, then type the number again from the document",
    ),
);
const FORMULA: ValueError = ValueError::fixed(
    "cell_formula",
    ("单元格是没有计算结果的公式", "the cell is a formula without a result"),
    (
        "请在表格软件中打开并保存，或把公式粘贴为数值",
        "open and save the file in a spreadsheet program, or paste the values",
    ),
);
const ERROR_VALUE: ValueError = ValueError::fixed(
    "cell_error",
    ("单元格是错误值（如 #N/A）", "the cell is an error value such as #N/A"),
    ("请更正后重新上传", "correct it and send the file again"),
);
const UNDECODABLE: ValueError = ValueError::fixed(
    "cell_undecodable",
    (
        "单元格中有无法识别的字节，可能有字已损坏",
        "the cell holds bytes that are no text; characters may be damaged",
    ),
    ("请从原始系统重新导出，或另存为 .xlsx 后上传", "export it again from its source, or save it as .xlsx"),
);
const NOT_AN_OBJECT: ValueError = ValueError::fixed(
    "line_not_object",
    (
        "这一行不是一个完整的 JSON 对象，或同一项出现了两次",
        "the line is not one whole JSON object, or names one thing twice",
    ),
    (
        "请每行写一个对象，如 {\"姓名\":\"…\",\"身份证号\":\"…\"}",
        "write one object a line, such as {\"name\":\"…\",\"id_number\":\"…\"}",
    ),
);
const NOT_A_DATE_HERE: ValueError = ValueError::fixed(
    "cell_kind",
    (
        "此列应为号码或金额，单元格却是日期格式",
        "the column holds numbers, but the cell is formatted as a date",
    ),
    ("请把单元格设为“文本”或“数值”格式后重新输入", "format the cell as text or number and type it again"),
);

/// The cells of one row by key, with the faults and changes found while taking them.
#[derive(Debug)]
pub struct Fields<'a> {
    row: &'a Row,
    errors: Vec<RowError>,
    changes: Vec<(&'static str, Change)>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(row: &'a Row) -> Self {
        let mut fields = Self { row, errors: Vec::new(), changes: Vec::new() };
        // Damage anywhere makes the row doubtful: a broken byte may have swallowed a separator.
        for (index, cell) in row.cells.iter().enumerate() {
            let fault = match cell {
                Cell::Error(Fault::Undecodable) => UNDECODABLE,
                Cell::Error(Fault::Line) => NOT_AN_OBJECT,
                _ => continue,
            };
            let known = row.columns.mapped.iter().find(|m| m.index == index);
            fields.errors.push(RowError {
                sheet: row.columns.sheet.clone(),
                row: row.number,
                column: row.columns.headers.get(index).cloned().unwrap_or_default(),
                letter: letter(index),
                key: known.map_or("", |m| m.column.key),
                code: fault.code,
                what: fault.what,
                todo: fault.todo,
            });
        }
        fields
    }

    /// Whether the file has the column and the cell is not blank.
    pub fn has(&self, key: &str) -> bool {
        self.row.cell(key).is_some_and(|cell| !cell.is_blank())
    }

    /// The cell's words: blanks at the ends removed, full width made standard.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        self.raw(key).map(|text| clean(&text, Blanks::Ends).0).filter(|text| !text.is_empty())
    }

    /// A value by its own parse. `None` when the cell is blank, or bad (then the fault is recorded).
    pub fn parse<T>(
        &mut self,
        key: &'static str,
        parser: impl FnOnce(&str) -> Result<Parsed<T>, ValueError>,
    ) -> Option<T> {
        let text = self.raw(key)?;
        match parser(&text) {
            Ok(parsed) => {
                self.changes.extend(parsed.changes.into_iter().map(|change| (key, change)));
                Some(parsed.value)
            }
            Err(error) => {
                self.reject(key, error);
                None
            }
        }
    }

    /// A value that must be there: a blank cell is recorded as `cell_missing`.
    pub fn require<T>(
        &mut self,
        key: &'static str,
        parser: impl FnOnce(&str) -> Result<Parsed<T>, ValueError>,
    ) -> Option<T> {
        self.need(key);
        self.parse(key, parser)
    }

    /// Records `cell_missing` when the cell is blank or the column is not in the file.
    pub fn need(&mut self, key: &'static str) {
        if !self.has(key) {
            self.reject(key, MISSING);
        }
    }

    /// A word of a closed list. An unlisted word is recorded as `word_unknown`, naming the allowed ones.
    pub fn word<T>(
        &mut self,
        key: &'static str,
        reader: impl FnOnce(&str) -> Option<T>,
        allowed: impl IntoIterator<Item = &'static str>,
    ) -> Option<T> {
        let text = self.raw(key)?;
        let (word, _) = clean(&text, Blanks::All);
        let value = reader(&word);
        if value.is_none() {
            let allowed = allowed.into_iter().collect::<Vec<_>>().join("、");
            self.reject(
                key,
                ValueError {
                    code: "word_unknown",
                    what: Text::fixed("不在可填的词语之内", "the word is not in the list"),
                    todo: Text::new(
                        format!("请填写下列之一：{allowed}"),
                        format!("write one of these: {allowed}"),
                    ),
                },
            );
        }
        value
    }

    /// Like [`Fields::word`], and a blank cell is recorded as `cell_missing`.
    pub fn require_word<T>(
        &mut self,
        key: &'static str,
        reader: impl FnOnce(&str) -> Option<T>,
        allowed: impl IntoIterator<Item = &'static str>,
    ) -> Option<T> {
        self.need(key);
        self.word(key, reader, allowed)
    }

    /// Yes or no. Blank is unknown, which is not no.
    pub fn yes_no(&mut self, key: &'static str) -> Option<bool> {
        self.word(key, words::yes_no, words::YES_NO)
    }

    /// Boarding (true) or day pupil (false).
    pub fn boarding(&mut self, key: &'static str) -> Option<bool> {
        self.word(key, words::boarding, words::BOARDING)
    }

    /// A civil date: a date cell, a date's serial number, or a date in words.
    pub fn day(&mut self, key: &'static str) -> Option<NaiveDate> {
        self.parse(key, day::parse)
    }

    /// An amount; in 万元 when the column's header says so.
    pub fn fen(&mut self, key: &'static str) -> Option<Fen> {
        let ten_thousands = self.row.columns.get(key).is_some_and(|m| m.ten_thousands);
        self.parse(key, |text| {
            let (text, changes) = clean(text, Blanks::All);
            let value = if ten_thousands { Fen::parse_ten_thousands(&text) } else { Fen::parse_yuan(&text) }?;
            Ok(Parsed { value, changes })
        })
    }

    /// Records a fault of the cell under a column.
    pub fn reject(&mut self, key: &'static str, error: ValueError) {
        // Of a line that could not be read at all there is nothing more to say.
        let unread = self.errors.first().is_some_and(|e| e.code == NOT_AN_OBJECT.code);
        if unread || self.errors.iter().any(|e| e.key == key && e.code == error.code) {
            return;
        }
        let columns = &self.row.columns;
        let (column, letter) = if let Some(mapped) = columns.get(key) {
            let header = if mapped.header.is_empty() { mapped.column.zh } else { &mapped.header };
            (header.to_owned(), letter(mapped.index))
        } else {
            let canonical = columns.spec.iter().find(|c| c.key == key).map_or(key, |c| c.zh);
            (canonical.to_owned(), String::new())
        };
        self.errors.push(RowError {
            sheet: columns.sheet.clone(),
            row: self.row.number,
            column,
            letter,
            key,
            code: error.code,
            what: error.what,
            todo: error.todo,
        });
    }

    /// Whether no fault was found so far.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// What was changed on the way to the normal forms, by column.
    pub fn changes(&self) -> &[(&'static str, Change)] {
        &self.changes
    }

    /// The faults of the row; empty for a good row.
    pub fn finish(self) -> Vec<RowError> {
        self.errors
    }

    /// The cell's text for a parse, or `None` when it is blank or has no value (then recorded).
    fn raw(&mut self, key: &'static str) -> Option<Cow<'a, str>> {
        let row = self.row;
        let mapped = row.columns.get(key)?;
        let cell = row.cells.get(mapped.index).filter(|cell| !cell.is_blank())?;
        let error = match (cell, mapped.column.kind) {
            (Cell::Number(n), CellKind::Id) if cell.is_imprecise() || n.fract() != 0.0 => PRECISION_LOST,
            (Cell::Number(n), CellKind::Money) => return Some(Cow::Owned(yuan_text(*n))),
            (Cell::Date(_), CellKind::Id | CellKind::Money) => NOT_A_DATE_HERE,
            (Cell::Error(Fault::Undecodable | Fault::Line), _) => return None,
            (Cell::Error(Fault::Formula), _) => FORMULA,
            (Cell::Error(Fault::Value), _) => ERROR_VALUE,
            _ => return Some(cell.display()),
        };
        self.reject(key, error);
        None
    }
}

/// A computed amount such as 312.49999999999994 is the fen it stands for; a true third decimal stays and
/// is refused by the parse.
fn yuan_text(yuan: f64) -> String {
    let rounded = (yuan * 100.0).round() / 100.0;
    if (yuan - rounded).abs() < 1e-6 { rounded.to_string() } else { yuan.to_string() }
}
