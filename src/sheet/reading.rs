//! What the sender of a file says about how it is to be read: which column is which, and which sheets.
//!
//! A mapping is a JSON object from a column's name (Chinese, a synonym, or the name in code) to where it
//! stands: a letter (`"C"`), a header as the file has it, `null` for "this file has no such column", or a
//! list of these where several people stand side by side in one row:
//! `{"姓名": ["F","O","Q"], "身份证号": ["G","P","R"]}` reads three people from each row. What is not
//! declared is found by its header as usual.
//!
//! Pure: text in, a [`Reading`] or a refusal out. What a column means is the [`SheetSpec`]'s business.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::header::{Names, normal};
use super::spec::{ColumnSpec, SheetSpec};
use crate::error::{Error, FieldError, Result};
use crate::values::Text;

/// The most people that may stand side by side in one row.
const MOST_MEMBERS: usize = 30;
/// The highest column that can be declared: XFD, the last one of a workbook.
const LAST_COLUMN: usize = 16_383;

/// How a file is to be read. The default leaves everything to the headers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// Columns declared by name, each with one place or with one for each person of a row.
    columns: Vec<(String, Vec<Place>)>,
    /// The only sheets to read, by name; all that have a header when empty.
    pub sheets: Vec<String>,
}

/// Where a declared column stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    /// Under this letter, counted from 0.
    Letter(usize),
    /// Under this header, in the form in which headers are compared.
    Header(String),
    /// Nowhere: the file has no such column.
    Nowhere,
}

/// The declared columns of one kind of sheet.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub columns: Vec<(&'static ColumnSpec, Vec<Place>)>,
}

impl Reading {
    /// Reads the two texts of a request: the mapping as JSON, the sheets' names parted by commas.
    pub fn parse(mapping: Option<&str>, sheets: Option<&str>) -> Result<Self> {
        let given = |text: &&str| !text.trim().is_empty();
        let columns = mapping.filter(given).map(columns).transpose()?.unwrap_or_default();
        let names = sheets.unwrap_or_default().split([',', '，']);
        let sheets = names.map(str::trim).filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect();
        Ok(Self { columns, sheets })
    }

    /// Whether everything is left to the headers.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The same reading in one spelling: what a digest is made of.
    pub fn canonical(&self) -> String {
        format!("{:?} {:?}", self.columns, self.sheets)
    }

    /// The declared columns as columns of this kind of sheet.
    pub(super) fn declared(&self, spec: &SheetSpec) -> Result<Declared> {
        let names = Names::of(spec);
        let mut declared = Declared::default();
        for (name, places) in &self.columns {
            let column = names.column(name).map(|(column, _)| column).or_else(|| spec.column(name));
            let Some(column) = column else { return Err(unknown(name, spec)) };
            if declared.columns.iter().any(|(known, _)| known.key == column.key) {
                return Err(wrong(name, "duplicate", "同一列声明了两次", "the column is declared twice"));
            }
            declared.columns.push((column, places.clone()));
        }
        let mut several = declared.columns.iter().filter(|(_, places)| places.len() > 1);
        let members = several.next().map_or(1, |(_, places)| places.len());
        match several.find(|(_, places)| places.len() != members) {
            Some((column, _)) => Err(wrong(
                column.zh,
                "mapping_uneven",
                "并排的各列应一样多，每人一列",
                "columns side by side must be as many as each other, one for each person",
            )),
            None => Ok(declared),
        }
    }
}

impl Declared {
    /// How many people stand in one row.
    pub(super) fn members(&self) -> usize {
        self.columns.iter().map(|(_, places)| places.len()).max().unwrap_or(1)
    }

    /// Where a person of the row (from 0) has a declared column.
    pub(super) fn place(&self, key: &str, member: usize) -> Option<&Place> {
        let (_, places) = self.columns.iter().find(|(column, _)| column.key == key)?;
        if places.len() == 1 { places.first() } else { places.get(member) }
    }

    /// Every declared place.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.columns.iter().flat_map(|(_, places)| places)
    }
}

fn columns(text: &str) -> Result<Vec<(String, Vec<Place>)>> {
    let shape = || {
        wrong(
            "",
            "mapping_malformed",
            "mapping 应为 JSON 对象，如 {\"身份证号\":\"C\"}；值为列字母、表头、null，或多人并排时的列表",
            "mapping is a JSON object such as {\"身份证号\":\"C\"}; a value is a letter, a header, null, or a list of these",
        )
    };
    let Ok(Value::Object(object)) = serde_json::from_str(text) else { return Err(shape()) };
    object
        .into_iter()
        .map(|(name, value)| {
            let places = match value {
                Value::Array(values) if (1..=MOST_MEMBERS).contains(&values.len()) => {
                    values.iter().map(place).collect::<Option<Vec<_>>>()
                }
                value => place(&value).map(|place| vec![place]),
            };
            Ok((name, places.ok_or_else(shape)?))
        })
        .collect()
}

fn place(value: &Value) -> Option<Place> {
    let text = match value {
        Value::Null => return Some(Place::Nowhere),
        Value::String(text) => text.trim(),
        _ => return None,
    };
    let is_letter = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
    match (is_letter, normal(text)) {
        (true, _) => {
            let index = text.bytes().fold(0, |index, b| index * 26 + usize::from(b - b'A') + 1) - 1;
            (index <= LAST_COLUMN).then_some(Place::Letter(index))
        }
        (false, header) => (!header.is_empty()).then_some(Place::Header(header)),
    }
}

fn wrong(name: &str, code: &'static str, zh: &'static str, en: &'static str) -> Error {
    let slash = if name.is_empty() { "" } else { "/" };
    Error::invalid(vec![FieldError {
        pointer: format!("?mapping{slash}{name}"),
        code,
        detail: Text::fixed(zh, en),
    }])
}

/// The name is the sender's own word for a column of ours: it is told which words there are, not its own.
fn unknown(_name: &str, spec: &SheetSpec) -> Error {
    let names = spec.columns.iter().map(|c| c.zh).collect::<Vec<_>>().join("、");
    Error::invalid(vec![FieldError {
        pointer: "?mapping".to_owned(),
        code: "mapping_field_unknown",
        detail: Text::new(
            format!("mapping 中有不认识的列名；可用：{names}"),
            format!("mapping names a column that is unknown here; known are {names}"),
        ),
    }])
}

/// The refusal when a declared column is not where it was said to be.
pub(super) fn not_there(column: &ColumnSpec) -> Error {
    wrong(
        column.zh,
        "mapping_header_absent",
        "文件中没有 mapping 所说的表头；请改用列字母，如 \"C\"",
        "the file has no such header; name the column's letter, e.g. \"C\"",
    )
}

/// The refusal when a sheet that was asked for is not there.
pub(super) fn no_such_sheet(there: &[String]) -> Error {
    let names = there.join("、");
    Error::invalid(vec![FieldError {
        pointer: "?sheets".to_owned(),
        code: "sheet_absent",
        detail: Text::new(
            format!("工作簿中没有所指定的工作表，或已隐藏；可读的有：{names}"),
            format!("the workbook has no visible sheet of that name; there are {names}"),
        ),
    }])
}
