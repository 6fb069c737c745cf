//! Separated text (CSV, TSV) row by row, in this process: a text file cannot swell.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use encoding_rs::Encoding;

use super::cell::{Cell, Fault};
use super::decode::{Decoded, ROW_TOO_LARGE, WIDE_COMMA_STAND_IN};
use super::intake::Intake;
use super::limits::Limits;
use super::reader::Format;
use super::workbook;
use crate::error::{Error, Result};

/// How much of the beginning is looked at to tell the separator.
const SNIFFED: u64 = 64 * 1024;

/// Reads the file into the intake; gives back whether it is CSV or TSV.
pub(super) fn read(
    file: &mut File,
    encoding: &'static Encoding,
    mark: u64,
    limits: &Limits,
    intake: &mut Intake<'_>,
) -> Result<Format> {
    file.seek(SeekFrom::Start(mark))?;
    let mut bytes = Vec::new();
    file.by_ref().take(SNIFFED).read_to_end(&mut bytes)?;
    let (start, _) = encoding.decode_without_bom_handling(&bytes);
    let separator = separator(&start);
    let delimiter = u8::try_from(separator).unwrap_or(WIDE_COMMA_STAND_IN);

    file.seek(SeekFrom::Start(mark))?;
    let decoded = Decoded::new(file, encoding, separator == '，', limits.row_bytes);
    let allowance = decoded.allowance();
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(decoded);
    let mut record = csv::StringRecord::new();
    let mut breaks = 0_u64;
    while reader.read_record(&mut record).map_err(|e| refusal(&e))? {
        allowance.reset();
        // The line after the record, less one, less the breaks inside cells: a spreadsheet program shows
        // a cell with line breaks as one row.
        breaks += record.iter().map(line_breaks).sum::<u64>();
        let line = reader.position().line().saturating_sub(1).saturating_sub(breaks);
        let number = u32::try_from(line).unwrap_or(u32::MAX);
        if number > limits.rows {
            return Err(workbook::too_many_rows(limits));
        }
        let mut cells: Vec<Cell> = record.iter().map(cell).collect();
        while cells.last() == Some(&Cell::Empty) {
            cells.pop();
        }
        if u32::try_from(cells.len()).is_ok_and(|n| n <= limits.columns) {
            intake.feed(number, cells)?;
        } else {
            return Err(workbook::too_many_columns(limits));
        }
    }
    Ok(if separator == '\t' { Format::Tsv } else { Format::Csv })
}

fn refusal(error: &csv::Error) -> Error {
    match error.kind() {
        csv::ErrorKind::Io(io) if io.to_string() == ROW_TOO_LARGE => workbook::row_too_large(),
        _ => Error::internal("reading a text file failed"),
    }
}

fn cell(field: &str) -> Cell {
    // ="3410…" is how some exports keep a number from being taken for one.
    let text = field.strip_prefix("=\"").and_then(|f| f.strip_suffix('"')).unwrap_or(field);
    if text.is_empty() {
        Cell::Empty
    } else if text.contains('\u{fffd}') {
        Cell::Error(Fault::Undecodable)
    } else {
        Cell::Text(text.to_owned())
    }
}

fn line_breaks(field: &str) -> u64 {
    u64::try_from(field.bytes().filter(|b| *b == b'\n').count()).unwrap_or(0)
}

/// The separator that stands in the most of the first lines, then the one that stands there most often.
fn separator(start: &str) -> char {
    let mut best = (',', (0, 0));
    for candidate in [',', '\t', ';', '，', '|'] {
        let counts = start.lines().take(20).map(|line| count_outside_quotes(line, candidate));
        let score =
            counts.filter(|n| *n > 0).fold((0_usize, 0_usize), |(lines, all), n| (lines + 1, all + n));
        if score > best.1 {
            best = (candidate, score);
        }
    }
    best.0
}

fn count_outside_quotes(line: &str, separator: char) -> usize {
    let mut quoted = false;
    line.chars()
        .filter(|c| {
            quoted ^= *c == '"';
            !quoted && *c == separator
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_told_from_the_first_lines() {
        for (text, expected) in [
            ("姓名,学校\n张三,一中\n", ','),
            ("姓名\t学校\n张三\t一中,本部\n", '\t'),
            ("姓名;学校\n张三;一中\n", ';'),
            ("姓名，学校\n张三，一中\n", '，'),
            ("某县名册，2017年，共3人\n姓名,学校\n张三,一中\n李四,\"一，二；三\"\n", ','),
            ("姓名\n张三\n", ','),
        ] {
            assert_eq!(separator(text), expected, "{text}");
        }
    }

    #[test]
    fn the_formula_that_only_keeps_digits_is_unwrapped() {
        assert_eq!(cell("=\"341024\""), Cell::Text("341024".into()));
        assert_eq!(cell("=1+1"), Cell::Text("=1+1".into()));
        assert_eq!(cell("张\u{fffd}"), Cell::Error(Fault::Undecodable));
    }
}
