//! Workbooks out: Chinese headers, ids as text, widths, a frozen header, an optional cover sheet. Rows are
//! written as they come, in constant memory.

use std::io::Write;
use std::path::Path;

use chrono::Datelike;
use rust_xlsxwriter::{
    ExcelDateTime, Format, FormatAlign, FormatBorder, Note, Workbook, Worksheet, XlsxError,
};

use super::guard::guarded;
use super::out::{OutCell, OutColumn, OutKind};
use crate::error::{Error, Result};

/// Notes that a workbook holds at the most: they are kept in memory until it is saved. Further marked cells
/// have their colour only.
const MOST_NOTES: usize = 20_000;

/// The longest name of a sheet.
const LONGEST_NAME: usize = 31;

/// The rows of a worksheet, header and title included.
const SHEET_ROWS: u32 = 1_048_576;

/// A workbook being written. Further sheets are begun by themselves when one is full.
pub struct XlsxOut {
    book: Workbook,
    sheet: Worksheet,
    sheets: u32,
    name: String,
    title: Option<String>,
    columns: Vec<OutColumn>,
    formats: Vec<Format>,
    marked: Vec<Format>,
    notes: usize,
    names: Vec<String>,
    next: u32,
}

#[track_caller]
fn failed(error: XlsxError) -> Error {
    match error {
        XlsxError::IoError(io) => Error::from(io),
        // The other kinds tell of our own mistakes: their text names sheets and cells, not contents.
        other => Error::internal(format!("workbook: {:?}", std::mem::discriminant(&other))),
    }
}

impl XlsxOut {
    /// Begins a workbook with one table.
    pub fn new(name: &str, columns: Vec<OutColumn>) -> Result<Self> {
        Self::with(name, columns, None, &[])
    }

    /// Begins a workbook with a title row above the header and a cover sheet of (what, value) lines.
    pub fn with(
        name: &str,
        columns: Vec<OutColumn>,
        title: Option<&str>,
        cover: &[(String, String)],
    ) -> Result<Self> {
        let mut book = Workbook::new();
        if !cover.is_empty() {
            let sheet = book.add_worksheet();
            sheet.set_name("说明").map_err(failed)?;
            sheet.set_column_width(0, 22).map_err(failed)?;
            sheet.set_column_width(1, 80).map_err(failed)?;
            let bold = Format::new().set_bold();
            for (row, (what, value)) in (0..).zip(cover) {
                sheet.write_string_with_format(row, 0, guarded(what), &bold).map_err(failed)?;
                sheet.write_string(row, 1, guarded(value)).map_err(failed)?;
            }
        }
        let mut out = Self {
            sheet: Worksheet::new(),
            book,
            sheets: 0,
            name: String::new(),
            title: title.map(str::to_owned),
            columns: Vec::new(),
            formats: Vec::new(),
            marked: Vec::new(),
            notes: 0,
            names: vec!["说明".to_owned()],
            next: 0,
        };
        out.another(name, columns)?;
        Ok(out)
    }

    /// Goes on with another sheet of other columns; rows that follow go there.
    pub fn another(&mut self, name: &str, columns: Vec<OutColumn>) -> Result<()> {
        self.formats = columns.iter().map(|c| cell_format(c.kind)).collect();
        let marked = |format: &Format| format.clone().set_background_color(0x00FF_C7CE);
        self.marked = self.formats.iter().map(marked).collect();
        name.clone_into(&mut self.name);
        self.columns = columns;
        self.begin_sheet()
    }

    /// A name that the program takes and that no sheet has yet: not empty, not too long, no sign that has a
    /// meaning in a formula.
    fn free_name(&mut self) -> String {
        let allowed =
            |c: &char| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'') && !c.is_control();
        let base: String = self.name.chars().filter(allowed).take(LONGEST_NAME - 4).collect();
        let base = if base.trim().is_empty() { "表".to_owned() } else { base };
        let mut name = base.clone();
        let mut further = 2;
        while self.names.iter().any(|known| known.to_lowercase() == name.to_lowercase()) {
            name = format!("{base}{further}");
            further += 1;
        }
        self.names.push(name.clone());
        name
    }

    fn begin_sheet(&mut self) -> Result<()> {
        let mut sheet = self.book.new_worksheet_with_constant_memory().map_err(failed)?;
        self.sheets += 1;
        let name = self.free_name();
        sheet.set_name(name).map_err(failed)?;
        for (index, (column, format)) in (0..).zip(self.columns.iter().zip(&self.formats)) {
            sheet.set_column_width(index, column.width).map_err(failed)?;
            // Empty cells below have the format as well: an id typed there stays text.
            sheet.set_column_format(index, format).map_err(failed)?;
        }
        self.next = 0;
        if let Some(title) = &self.title {
            sheet
                .write_string_with_format(0, 0, guarded(title), &Format::new().set_bold().set_font_size(14))
                .map_err(failed)?;
            self.next = 1;
        }
        let header = Format::new()
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::Center)
            .set_border(FormatBorder::Thin)
            .set_background_color(0x00DD_EBF7);
        for (index, column) in (0..).zip(&self.columns) {
            sheet
                .write_string_with_format(self.next, index, guarded(&column.header), &header)
                .map_err(failed)?;
        }
        self.next += 1;
        sheet.set_freeze_panes(self.next, 0).map_err(failed)?;
        let full = std::mem::replace(&mut self.sheet, sheet);
        if self.sheets > 1 {
            self.book.push_worksheet(full);
        }
        Ok(())
    }

    /// Writes the next row. Cells beyond the columns are written as they are.
    pub fn row(&mut self, cells: &[OutCell]) -> Result<()> {
        self.marked_row(cells, &[])
    }

    /// Writes the next row with some of its cells (counted from 0) coloured, each with a note that says why.
    pub fn marked_row(&mut self, cells: &[OutCell], marks: &[(u16, String)]) -> Result<()> {
        if self.next >= SHEET_ROWS {
            self.begin_sheet()?;
        }
        let plain = Format::new();
        for (index, cell) in (0_u16..).zip(cells) {
            let note = marks.iter().find(|(marked, _)| *marked == index).map(|(_, note)| note);
            let formats = if note.is_some() { &self.marked } else { &self.formats };
            let format = formats.get(usize::from(index)).unwrap_or(&plain);
            match (cell, note) {
                // An empty cell has its colour too: often it is what is missing.
                (OutCell::Empty, Some(_)) => {
                    self.sheet.write_blank(self.next, index, format).map_err(failed)?;
                }
                _ => write_cell(&mut self.sheet, self.next, index, cell, format)?,
            }
            let Some(note) = note.filter(|_| self.notes < MOST_NOTES) else { continue };
            let note = Note::new(note.as_str()).add_author_prefix(false).set_width(320).set_height(96);
            self.sheet.insert_note(self.next, index, &note).map_err(failed)?;
            self.notes += 1;
        }
        self.next += 1;
        Ok(())
    }

    /// Adds a hidden sheet of words, a column for each list.
    pub(super) fn hidden_words(&mut self, name: &str, lists: &[Vec<&str>]) -> Result<()> {
        // It comes after the table, which a person is to see first.
        let table = std::mem::replace(&mut self.sheet, Worksheet::new());
        self.book.push_worksheet(table);
        self.sheet.set_name(name).map_err(failed)?.set_hidden(true);
        for (column, list) in (0..).zip(lists) {
            for (row, word) in (0..).zip(list) {
                self.sheet.write_string(row, column, *word).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The sheet being written, for what is beyond rows (drop-down lists, notes).
    pub(super) fn sheet(&mut self) -> &mut Worksheet {
        &mut self.sheet
    }

    /// Ends the workbook into a file.
    pub fn save(mut self, path: &Path) -> Result<()> {
        self.book.push_worksheet(self.sheet);
        self.book.save(path).map_err(failed)
    }

    /// Ends the workbook into a writer.
    pub fn save_to(mut self, to: impl Write + Send) -> Result<()> {
        self.book.push_worksheet(self.sheet);
        self.book.save_to_writer(to).map_err(failed)
    }

    /// Ends the workbook into memory.
    pub fn into_bytes(mut self) -> Result<Vec<u8>> {
        self.book.push_worksheet(self.sheet);
        self.book.save_to_buffer().map_err(failed)
    }
}

fn cell_format(kind: OutKind) -> Format {
    match kind {
        OutKind::Text => Format::new().set_num_format("@"),
        OutKind::Money => Format::new().set_num_format("0.00"),
        OutKind::Date => Format::new().set_num_format("yyyy-mm-dd"),
        OutKind::Count => Format::new().set_num_format("0"),
    }
}

fn write_cell(sheet: &mut Worksheet, row: u32, column: u16, cell: &OutCell, format: &Format) -> Result<()> {
    match cell {
        OutCell::Empty => Ok(()),
        OutCell::Text(text) => {
            sheet.write_string_with_format(row, column, guarded(text), format).map(|_| ()).map_err(failed)
        }
        OutCell::Fen(fen) => {
            // Yuan of at most 15 digits: a double shows it exactly to the fen.
            let yuan: f64 = fen.yuan().parse().unwrap_or(f64::NAN);
            sheet.write_number_with_format(row, column, yuan, format).map(|_| ()).map_err(failed)
        }
        OutCell::Day(day) => {
            let parts = u16::try_from(day.year()).ok().zip(u8::try_from(day.month()).ok());
            let at = parts
                .zip(u8::try_from(day.day()).ok())
                .and_then(|((y, m), d)| ExcelDateTime::from_ymd(y, m, d).ok());
            let written = match at {
                Some(at) => sheet.write_datetime_with_format(row, column, &at, format),
                // Spreadsheets know no day before 1900.
                None => sheet.write_string(row, column, day.to_string()),
            };
            written.map(|_| ()).map_err(failed)
        }
        OutCell::Count(count) => {
            let number: f64 = count.to_string().parse().unwrap_or(f64::NAN);
            sheet.write_number_with_format(row, column, number, format).map(|_| ()).map_err(failed)
        }
    }
}
