//! The book of bad rows that goes back to whoever sent the file: the columns where they were, the bad cells
//! coloured with a note each, and beside each row all that is wrong and what to do. Corrected, it can be sent
//! as it is: its headers are understood by themselves, and the added columns mean nothing to the reader.

use std::io::Write;

use super::out::{OutCell, OutColumn};
use super::row::RowError;
use super::write::XlsxOut;
use crate::error::Result;

/// The header of the column with the row's number in the first file.
pub const ROW_HEADER: &str = "原行号";
/// The header of the column with the faults.
pub const FAULTS_HEADER: &str = "问题";

/// A bad row: where it stood, its cells as shown, its faults.
#[derive(Debug, Clone)]
pub struct BadRow {
    /// The sheet; text files have none.
    pub sheet: Option<String>,
    /// The row's number in the sheet.
    pub number: u32,
    /// The cells as shown.
    pub cells: Vec<String>,
    /// The faults.
    pub errors: Vec<RowError>,
}

/// A book being written, sheet by sheet as the first file had them, in constant memory.
pub struct CorrectionBook {
    /// The headers of each sheet, as a file is sent again.
    headers: Vec<(Option<String>, Vec<String>)>,
    out: Option<(XlsxOut, Option<String>, Vec<usize>)>,
}

impl CorrectionBook {
    /// Begins a book for a file of these sheets.
    pub fn new(headers: Vec<(Option<String>, Vec<String>)>) -> Self {
        Self { headers, out: None }
    }

    /// Writes the next bad row.
    pub fn row(&mut self, bad: &BadRow) -> Result<()> {
        self.turn_to(bad.sheet.as_ref())?;
        let Some((out, _, kept)) = &mut self.out else { return Ok(()) };
        let cell = |index: &usize| OutCell::from(bad.cells.get(*index).map_or("", String::as_str));
        let mut row: Vec<OutCell> = kept.iter().map(cell).collect();
        row.push(OutCell::from(bad.number.to_string()));
        row.push(OutCell::from(told(&bad.errors)));
        let mut marks: Vec<(u16, String)> = Vec::new();
        for error in &bad.errors {
            let at = kept.iter().position(|index| super::header::letter(*index) == error.letter);
            let Some(at) = at.and_then(|at| u16::try_from(at).ok()) else { continue };
            let note = format!("{}；{}", error.what.zh, error.todo.zh);
            match marks.iter_mut().find(|(marked, _)| *marked == at) {
                Some((_, known)) => known.extend(["\n", note.as_str()]),
                None => marks.push((at, note)),
            }
        }
        out.marked_row(&row, &marks)
    }

    /// Ends the book into a writer.
    pub fn save_to(mut self, to: impl Write + Send) -> Result<()> {
        if self.out.is_none() {
            let first = self.headers.first().and_then(|(sheet, _)| sheet.clone());
            self.turn_to(first.as_ref())?;
        }
        self.out.map_or(Ok(()), |(out, ..)| out.save_to(to))
    }

    fn turn_to(&mut self, sheet: Option<&String>) -> Result<()> {
        if self.out.as_ref().is_some_and(|(_, current, _)| current.as_ref() == sheet) {
            return Ok(());
        }
        let known = self.headers.iter().find(|(name, _)| name.as_ref() == sheet).or(self.headers.first());
        let headers = known.map(|(_, headers)| headers.as_slice()).unwrap_or_default();
        // What an earlier book added is left out, or the columns would double.
        let added = |h: &String| h == ROW_HEADER || h == FAULTS_HEADER;
        let kept: Vec<usize> =
            (0..).zip(headers).filter(|(_, h)| !added(h)).map(|(index, _)| index).collect();
        let header = |index: &usize| headers.get(*index).map_or("", String::as_str);
        let mut columns: Vec<OutColumn> = kept.iter().map(|i| OutColumn::text(header(i)).wide(20)).collect();
        columns.push(OutColumn::text(ROW_HEADER));
        columns.push(OutColumn::text(FAULTS_HEADER).wide(80));
        let name = sheet.map_or("需更正的行", String::as_str);
        let out = match self.out.take() {
            Some((mut out, ..)) => {
                out.another(name, columns)?;
                out
            }
            None => XlsxOut::new(name, columns)?,
        };
        self.out = Some((out, sheet.cloned(), kept));
        Ok(())
    }
}

/// All faults of a row in one cell, a line each.
fn told(errors: &[RowError]) -> String {
    let line = |e: &RowError| {
        let letter = if e.letter.is_empty() { String::new() } else { format!("（{} 列）", e.letter) };
        format!("{}{letter}：{}；{}", e.column, e.what.zh, e.todo.zh)
    };
    errors.iter().map(line).collect::<Vec<_>>().join("\n")
}
