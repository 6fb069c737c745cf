//! One cell as it was stored, before any meaning is given to it.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// From here on a double no longer holds every whole number that has so many digits: 16 digits.
const PRECISE_BELOW: f64 = 1e15;

/// A cell's content. `Debug` tells its kind only: a cell may hold anything about a person.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing, or nothing visible.
    #[default]
    #[serde(rename = "-")]
    Empty,
    /// Text, as stored.
    #[serde(rename = "t")]
    Text(String),
    /// A number; workbooks keep all numbers as doubles.
    #[serde(rename = "n", with = "bits")]
    Number(f64),
    /// A number that is formatted as a date; a time of day is dropped.
    #[serde(rename = "d")]
    Date(NaiveDate),
    /// True or false.
    #[serde(rename = "b")]
    Bool(bool),
    /// No value can be had.
    #[serde(rename = "e")]
    Error(Fault),
}

/// Why a cell has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// A formula whose result was never saved.
    #[serde(rename = "f")]
    Formula,
    /// An error value such as #N/A.
    #[serde(rename = "v")]
    Value,
    /// Bytes that are no text in the file's encoding.
    #[serde(rename = "u")]
    Undecodable,
    /// The whole line is no object of named values (NDJSON).
    #[serde(rename = "l")]
    Line,
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Cell::Empty => "Empty",
            Cell::Text(_) => "Text",
            Cell::Number(_) => "Number",
            Cell::Date(_) => "Date",
            Cell::Bool(_) => "Bool",
            Cell::Error(_) => "Error",
        })
    }
}

impl Cell {
    /// Whether a person sees nothing in the cell.
    pub fn is_blank(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) => {
                text.chars().all(|c| c.is_whitespace() || crate::values::cleaning::is_invisible(c))
            }
            _ => false,
        }
    }

    /// A number with 16 or more digits before the point: its last digits are not to be trusted.
    pub fn is_imprecise(&self) -> bool {
        matches!(self, Cell::Number(n) if n.abs() >= PRECISE_BELOW)
    }

    /// The cell as a person would see it. An imprecise number keeps its exponent, so that it is still
    /// recognised as lost when the text is read again.
    pub fn display(&self) -> Cow<'_, str> {
        match self {
            Cell::Empty => Cow::Borrowed(""),
            Cell::Text(text) => Cow::Borrowed(text),
            Cell::Number(n) if self.is_imprecise() => Cow::Owned(format!("{n:.14E}").replace('E', "E+")),
            Cell::Number(n) => Cow::Owned(n.to_string()),
            Cell::Date(day) => Cow::Owned(day.to_string()),
            Cell::Bool(true) => Cow::Borrowed("TRUE"),
            Cell::Bool(false) => Cow::Borrowed("FALSE"),
            Cell::Error(Fault::Formula) => Cow::Borrowed("#公式"),
            Cell::Error(Fault::Value) => Cow::Borrowed("#N/A"),
            Cell::Error(Fault::Undecodable) => Cow::Borrowed("\u{fffd}"),
            Cell::Error(Fault::Line) => Cow::Borrowed("#JSON"),
        }
    }
}

/// A double crosses the pipe as its bits: decimal text would not always come back as the same number.
mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
    pub(super) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(number.to_bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        u64::deserialize(from).map(f64::from_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_show_as_people_see_them() {
        for (cell, shown) in [
            (Cell::Empty, ""),
            (Cell::Number(1500.0), "1500"),
            (Cell::Number(312.5), "312.5"),
            (Cell::Number(999_999_999_999_999.0), "999999999999999"),
            (Cell::Number(341_000_200_903_140_019.0), "3.41000200903140E+17"),
            (Cell::Date(NaiveDate::from_ymd_opt(2009, 3, 14).unwrap()), "2009-03-14"),
        ] {
            assert_eq!(cell.display(), shown);
        }
        assert!(Cell::Text(" \u{3000}\u{feff}".into()).is_blank());
        assert!(!Cell::Error(Fault::Value).is_blank());
    }

    #[test]
    fn every_cell_crosses_the_pipe_unchanged() {
        for cell in [
            Cell::Empty,
            Cell::Text("张\"三\n".into()),
            Cell::Number(0.1 + 0.2),
            Cell::Number(-0.0),
            Cell::Date(NaiveDate::from_ymd_opt(2020, 2, 29).unwrap()),
            Cell::Bool(true),
            Cell::Error(Fault::Formula),
        ] {
            let line = serde_json::to_string(&cell).unwrap();
            assert_eq!(serde_json::from_str::<Cell>(&line).unwrap(), cell, "{line}");
        }
    }
}
