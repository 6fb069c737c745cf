//! The refused rows of a batch as a workbook to correct and send again.

use super::model::Report;
use super::store;
use crate::db::Conn;
use crate::error::Result;
use crate::seal::Sealer;
use crate::sheet::{RowError, correction_book};
use crate::values::Text;

/// The book of an import's refused rows, their cells opened.
pub fn corrections(conn: &mut Conn, sealer: &Sealer, report: &Report) -> Result<Vec<u8>> {
    let rows = store::refused(conn, sealer, &report.import_id)?;
    correction_book(
        &report.understood.headers,
        rows.into_iter().map(|r| {
            let faults = r.faults.into_iter().map(|f| RowError {
                row: u32::try_from(f.row).unwrap_or_default(),
                column: f.column,
                letter: f.letter,
                // The book tells faults in words only.
                key: "",
                code: "",
                what: Text::new(f.what.0, f.what.1),
                todo: Text::new(f.todo.0, f.todo.1),
            });
            (u32::try_from(r.row).unwrap_or_default(), r.cells, faults.collect())
        }),
    )
}
