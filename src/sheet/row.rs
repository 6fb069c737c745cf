//! A row of a sheet with the way back to its columns, and what can be wrong with one of its cells.

use std::sync::Arc;

use super::cell::Cell;
use super::fields::Fields;
use super::header::Columns;
use super::spec::CellKind;
use crate::values::Text;

/// One row below the header. `Debug` tells its number and width only.
#[derive(Clone)]
pub struct Row {
    /// The row's number in the sheet, counted from 1 as spreadsheet programs show it.
    pub number: u32,
    /// The row's place in the order of reading: its number, and on a further sheet its number counted on
    /// from the last row of the sheets before.
    pub line: u32,
    /// Which person of the row this is, from 0, where several stand side by side.
    pub member: u8,
    /// The cells, from column A on; shorter than the header where the rest is empty.
    pub cells: Vec<Cell>,
    pub(super) columns: Arc<Columns>,
}

/// One fault of one cell. Holds no cell's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The sheet; text files have none.
    pub sheet: Option<String>,
    /// The row's number in the sheet, from 1.
    pub row: u32,
    /// The header as the file has it, or the canonical name where the file lacks the column.
    pub column: String,
    /// The column's letter; empty where the file lacks the column.
    pub letter: String,
    /// The column's name in code.
    pub key: &'static str,
    /// The stable code of the fault.
    pub code: &'static str,
    /// What is wrong.
    pub what: Text,
    /// What to do about it.
    pub todo: Text,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({}, {} cells)", self.number, self.cells.len())
    }
}

impl Row {
    /// The row's cells by the names of their columns.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(self)
    }

    /// The cells as a person sees them, one for each header cell: what goes back in a correction book.
    pub fn originals(&self) -> Vec<String> {
        let width = self.columns.headers.len().max(self.cells.len());
        let mut shown: Vec<String> = self.cells.iter().map(|c| c.display().into_owned()).collect();
        shown.resize(width, String::new());
        shown
    }

    /// The sheet's name; text files have none.
    pub fn sheet(&self) -> Option<&str> {
        self.columns.sheet.as_deref()
    }

    /// The row as its sender meant it, by column: (key, canonical header, kind, cell as shown), blank cells
    /// left out.
    pub fn shown(&self) -> impl Iterator<Item = (&'static str, &'static str, CellKind, String)> + '_ {
        self.columns.mapped.iter().filter_map(|m| {
            let cell = self.cells.get(m.index).filter(|cell| !cell.is_blank())?;
            Some((m.column.key, m.column.zh, m.column.kind, cell.display().into_owned()))
        })
    }

    /// The header cells as the file has them (two header rows joined).
    pub fn headers(&self) -> &[String] {
        &self.columns.headers
    }

    /// The cell under a column, if the file has the column and the row reaches it.
    pub fn cell(&self, key: &str) -> Option<&Cell> {
        self.cells.get(self.columns.get(key)?.index)
    }
}
