//! The first rows of a file as they were understood, for a rehearsal: each field with its cell, masked
//! where it may say who somebody is. Pure.

use serde::Serialize;
use utoipa::ToSchema;

use crate::sheet::{CellKind, Row};

/// How many rows a rehearsal shows.
pub const SHOWN_ROWS: usize = 20;
/// How many faults a rehearsal tells one by one.
pub const SHOWN_FAULTS: usize = 200;

/// Columns whose cells say nothing of who somebody is. Everything else is masked.
const OPEN: [&str; 27] = [
    "place",
    "county",
    "township",
    "category",
    "stage",
    "grade",
    "class_name",
    "school_code",
    "school_name",
    "boarding",
    "hukou_kind",
    "hukou_place",
    "major",
    "agricultural",
    "performing_arts",
    "full_time",
    "state",
    "hardship",
    "evidence",
    "school_place",
    "ownership",
    "run_by",
    "inclusive",
    "approved",
    "term",
    "programme",
    "tier",
];

/// One row as it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PreviewRow {
    /// The sheet; absent for a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Row number in the sheet, from 1.
    pub row: u32,
    /// Whether the row was read without a fault.
    pub good: bool,
    /// The cells that were understood.
    pub cells: Vec<PreviewCell>,
}

/// One cell as it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PreviewCell {
    /// The field.
    #[schema(example = "name")]
    pub field: String,
    /// Its Chinese name.
    #[schema(example = "姓名")]
    pub name: String,
    /// The cell, masked where it may say who somebody is.
    #[schema(example = "张**")]
    pub shown: String,
}

/// The row as it is shown.
pub fn preview(row: &Row, good: bool) -> PreviewRow {
    let cells = row.shown().map(|(key, zh, kind, text)| PreviewCell {
        field: key.to_owned(),
        name: zh.to_owned(),
        shown: shown(key, kind, &text),
    });
    PreviewRow { sheet: row.sheet().map(ToOwned::to_owned), row: row.number, good, cells: cells.collect() }
}

/// Numbers keep their last four characters, words their first; a short number keeps nothing.
fn shown(key: &str, kind: CellKind, text: &str) -> String {
    let text = text.trim();
    if OPEN.contains(&key) || matches!(kind, CellKind::Money | CellKind::Date) {
        return text.to_owned();
    }
    let length = text.chars().count();
    let kept = match kind {
        CellKind::Id if length >= 8 => length - 4..length,
        CellKind::Id => 0..0,
        _ => 0..1.min(length.saturating_sub(1)),
    };
    text.chars().enumerate().map(|(at, c)| if kept.contains(&at) { c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_who_somebody_is_is_masked() {
        for (key, kind, text, expected) in [
            ("name", CellKind::Plain, "张三丰", "张**"),
            ("name", CellKind::Plain, "张", "*"),
            ("id_number", CellKind::Id, "11010519491231002X", "**************002X"),
            ("phone", CellKind::Id, "1234567", "*******"),
            ("village", CellKind::Plain, "西溶村", "西**"),
            ("some_new_column", CellKind::Plain, "内容", "内*"),
            ("place", CellKind::Id, "341024", "341024"),
            ("stage", CellKind::Plain, " 小学 ", "小学"),
            ("fen", CellKind::Money, "625", "625"),
        ] {
            assert_eq!(shown(key, kind, text), expected, "{key}");
        }
    }
}
