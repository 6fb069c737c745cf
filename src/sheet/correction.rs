//! The book of bad rows that goes back to whoever sent the file: the columns as they were, and beside each
//! row what is wrong and what to do. Corrected, it can be sent as it is: the added columns mean nothing to
//! the reader.

use super::row::RowError;
use super::write::{OutCell, OutColumn, XlsxOut};
use crate::error::Result;

/// The header of the column with the row's number in the first file.
pub const ROW_HEADER: &str = "原行号";
/// The header of the column with the faults.
pub const FAULTS_HEADER: &str = "问题";

/// Writes the book: `headers` as the file had them, and of each bad row its number, its cells as shown and
/// its faults.
pub fn correction_book(
    headers: &[String],
    rows: impl IntoIterator<Item = (u32, Vec<String>, Vec<RowError>)>,
) -> Result<Vec<u8>> {
    // What an earlier book added is left out, or the columns would double.
    let kept: Vec<usize> = (0..headers.len())
        .filter(|i| headers.get(*i).is_some_and(|h| h != ROW_HEADER && h != FAULTS_HEADER))
        .collect();
    let mut columns: Vec<OutColumn> =
        kept.iter().filter_map(|i| headers.get(*i)).map(|h| OutColumn::text(h.as_str()).wide(20)).collect();
    columns.push(OutColumn::text(ROW_HEADER));
    columns.push(OutColumn::text(FAULTS_HEADER).wide(80));
    let mut out = XlsxOut::new("需更正的行", columns)?;
    for (number, cells, errors) in rows {
        let mut row: Vec<OutCell> =
            kept.iter().map(|i| OutCell::from(cells.get(*i).map_or("", String::as_str))).collect();
        row.push(OutCell::from(number.to_string()));
        row.push(OutCell::from(told(&errors)));
        out.row(&row)?;
    }
    out.into_bytes()
}

/// All faults of a row in one cell, a line each.
fn told(errors: &[RowError]) -> String {
    let line = |e: &RowError| {
        let letter = if e.letter.is_empty() { String::new() } else { format!("（{} 列）", e.letter) };
        format!("{}{letter}：{}；{}", e.column, e.what.zh, e.todo.zh)
    };
    errors.iter().map(line).collect::<Vec<_>>().join("\n")
}
