//! Newline-delimited JSON (NDJSON): one object a line, its members named as columns are in a sheet.
//!
//! A member may be named by the column's code, its Chinese header or a synonym of it. Lines need not have
//! the same members, so every column of the spec counts as there, and a member that is left out is a
//! blank cell. A line that is no such object is a bad row; the other lines are read all the same.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use encoding_rs::Encoding;
use serde_json::{Map, Value};

use super::cell::{Cell, Fault};
use super::decode::{Decoded, ROW_TOO_LARGE};
use super::header::Names;
use super::intake::Intake;
use super::limits::Limits;
use super::spec::SheetSpec;
use super::workbook;
use crate::error::{Error, Result};

/// How many names that mean nothing are told, and how many different names are looked at once only.
const MOST_NAMES: usize = 256;

/// A whole number from here on may have been rounded by whoever wrote it as a double.
const EXACT_BELOW: u64 = 1_000_000_000_000_000;

/// Whether a text file is such lines: no sheet begins with a brace.
pub(super) fn begins(file: &mut File, encoding: &'static Encoding, mark: u64) -> Result<bool> {
    file.seek(SeekFrom::Start(mark))?;
    let mut bytes = Vec::new();
    file.by_ref().take(512).read_to_end(&mut bytes)?;
    let (start, _) = encoding.decode_without_bom_handling(&bytes);
    Ok(start.trim_start().starts_with('{'))
}

/// Reads the lines into the intake; gives back the names that mean nothing, in their order.
pub(super) fn read(
    file: &mut File,
    encoding: &'static Encoding,
    mark: u64,
    limits: &Limits,
    spec: &SheetSpec,
    intake: &mut Intake<'_>,
) -> Result<Vec<String>> {
    file.seek(SeekFrom::Start(mark))?;
    let decoded = Decoded::new(file, encoding, false, limits.row_bytes);
    let allowance = decoded.allowance();
    let mut reader = BufReader::new(decoded);
    let mut places = Places::of(spec);
    intake.feed(0, spec.columns.iter().map(|c| Cell::Text(c.zh.to_owned())).collect())?;
    let mut line = Vec::new();
    let mut number = 0_u32;
    while reader.read_until(b'\n', &mut line).map_err(|e| refusal(&e))? > 0 {
        allowance.reset();
        number = number.saturating_add(1);
        if number > limits.rows {
            return Err(workbook::too_many_rows(limits));
        }
        let cells = if line.iter().all(u8::is_ascii_whitespace) { Vec::new() } else { places.cells(&line) };
        intake.feed(number, cells)?;
        line.clear();
    }
    Ok(places.unknown.into_iter().collect())
}

fn refusal(error: &std::io::Error) -> Error {
    if error.to_string() == ROW_TOO_LARGE {
        workbook::row_too_large()
    } else {
        Error::internal("reading a text file failed")
    }
}

/// Where each member of an object belongs.
struct Places {
    width: usize,
    names: Names,
    by_code: HashMap<&'static str, usize>,
    by_zh: HashMap<&'static str, usize>,
    met: HashMap<String, Option<usize>>,
    unknown: BTreeSet<String>,
}

impl Places {
    fn of(spec: &SheetSpec) -> Self {
        let numbered = || spec.columns.iter().enumerate();
        Self {
            width: spec.columns.len(),
            names: Names::of(spec),
            by_code: numbered().map(|(at, c)| (c.key, at)).collect(),
            by_zh: numbered().map(|(at, c)| (c.zh, at)).collect(),
            met: HashMap::new(),
            unknown: BTreeSet::new(),
        }
    }

    /// The cells of a line, in the order of the spec's columns.
    fn cells(&mut self, line: &[u8]) -> Vec<Cell> {
        let Ok(members) = serde_json::from_slice::<Map<String, Value>>(line) else { return bad() };
        let mut cells = vec![Cell::Empty; self.width];
        for (name, value) in members {
            let Some(place) = self.place(&name) else { continue };
            match cells.get_mut(place) {
                Some(cell) if *cell == Cell::Empty => *cell = told(value),
                // Two members of one meaning: which of them is right is not ours to say.
                _ => return bad(),
            }
        }
        cells
    }

    fn place(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.met.get(name) {
            return *place;
        }
        let by_header = || self.names.column(name).and_then(|(column, _)| self.by_zh.get(column.zh)).copied();
        let place = self.by_code.get(name).copied().or_else(by_header);
        if place.is_none() && self.unknown.len() < MOST_NAMES {
            self.unknown.insert(name.chars().take(40).collect());
        }
        if self.met.len() < MOST_NAMES {
            self.met.insert(name.to_owned(), place);
        }
        place
    }
}

fn bad() -> Vec<Cell> {
    vec![Cell::Error(Fault::Line)]
}

/// A member's value as a cell. Several words are one cell, as in a sheet.
fn told(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Empty,
        Value::Bool(yes) => Cell::Text(if yes { "是" } else { "否" }.to_owned()),
        Value::String(text) if text.is_empty() => Cell::Empty,
        Value::String(text) if text.contains('\u{fffd}') => Cell::Error(Fault::Undecodable),
        Value::String(text) => Cell::Text(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) if whole.unsigned_abs() < EXACT_BELOW => Cell::Text(whole.to_string()),
            (_, Some(double)) => Cell::Number(double),
            _ => Cell::Error(Fault::Value),
        },
        Value::Array(words) => {
            let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
            match words {
                Some(words) if words.is_empty() => Cell::Empty,
                Some(words) => Cell::Text(words.join("、")),
                None => Cell::Error(Fault::Value),
            }
        }
        Value::Object(_) => Cell::Error(Fault::Value),
    }
}
