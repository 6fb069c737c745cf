//! Workbooks out: Chinese headers, ids as text, widths, a frozen header, an optional cover sheet. Rows are
//! written as they come, in constant memory.

use std::io::Write;
use std::path::Path;

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::guard::guarded;
use crate::error::{Error, Result};
use crate::values::Fen;

/// The rows of a worksheet, header and title included.
const SHEET_ROWS: u32 = 1_048_576;

/// How a column is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutKind {
    /// Words, and ids: the cells are formatted as text, so that typing over them keeps digits.
    Text,
    /// Yuan with two decimals.
    Money,
    /// A date as yyyy-mm-dd.
    Date,
    /// A whole number.
    Count,
}

/// One column to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutColumn {
    /// The header.
    pub header: String,
    /// The width in characters.
    pub width: u16,
    /// How its cells are written.
    pub kind: OutKind,
}

impl OutColumn {
    /// A column of words as wide as its header, at least 8.
    pub fn text(header: impl Into<String>) -> Self {
        let header = header.into();
        let width = u16::try_from(header.chars().count() * 2 + 2).unwrap_or(60).clamp(8, 60);
        Self { header, width, kind: OutKind::Text }
    }

    /// The same column with another width.
    #[must_use]
    pub fn wide(self, width: u16) -> Self {
        Self { width, ..self }
    }

    /// The same column with another kind.
    #[must_use]
    pub fn kind(self, kind: OutKind) -> Self {
        Self { kind, ..self }
    }
}

/// One cell to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutCell {
    /// Nothing.
    Empty,
    /// Words or an id.
    Text(String),
    /// An amount, written in yuan.
    Fen(Fen),
    /// A date.
    Day(NaiveDate),
    /// A whole number.
    Count(i64),
}

impl From<&str> for OutCell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }
}

impl From<String> for OutCell {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }
}

impl<T: Into<OutCell>> From<Option<T>> for OutCell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl From<Fen> for OutCell {
    fn from(fen: Fen) -> Self {
        Self::Fen(fen)
    }
}

impl From<NaiveDate> for OutCell {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<i64> for OutCell {
    fn from(count: i64) -> Self {
        Self::Count(count)
    }
}

impl OutCell {
    /// The cell as text, for CSV; guarded against formula injection.
    pub(super) fn plain(&self) -> String {
        match self {
            OutCell::Empty => String::new(),
            OutCell::Text(text) => guarded(text).into_owned(),
            OutCell::Fen(fen) => fen.yuan(),
            OutCell::Day(day) => day.to_string(),
            OutCell::Count(count) => count.to_string(),
        }
    }
}

/// A workbook being written. Further sheets are begun by themselves when one is full.
pub struct XlsxOut {
    book: Workbook,
    sheet: Worksheet,
    sheets: u32,
    /// The parts into which the present sheet had to be cut.
    parts: u32,
    name: String,
    title: Option<String>,
    columns: Vec<OutColumn>,
    formats: Vec<Format>,
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
        let formats = columns.iter().map(|c| cell_format(c.kind)).collect();
        let mut out = Self {
            sheet: Worksheet::new(),
            book,
            sheets: 0,
            parts: 0,
            name: name.to_owned(),
            title: title.map(str::to_owned),
            columns,
            formats,
            next: 0,
        };
        out.begin_sheet()?;
        Ok(out)
    }

    /// Goes on with another sheet of other columns; rows that follow go there.
    pub fn another(&mut self, name: &str, columns: Vec<OutColumn>) -> Result<()> {
        name.clone_into(&mut self.name);
        self.formats = columns.iter().map(|c| cell_format(c.kind)).collect();
        self.columns = columns;
        self.parts = 0;
        self.begin_sheet()
    }

    fn begin_sheet(&mut self) -> Result<()> {
        let mut sheet = self.book.new_worksheet_with_constant_memory().map_err(failed)?;
        self.sheets += 1;
        self.parts += 1;
        let name = if self.parts == 1 { self.name.clone() } else { format!("{}{}", self.name, self.parts) };
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
        if self.next >= SHEET_ROWS {
            self.begin_sheet()?;
        }
        let plain = Format::new();
        for (index, cell) in (0_u16..).zip(cells) {
            let format = self.formats.get(usize::from(index)).unwrap_or(&plain);
            write_cell(&mut self.sheet, self.next, index, cell, format)?;
        }
        self.next += 1;
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
