//! The refused rows of a batch as a workbook to correct and send again.

use std::fs::File;
use std::io::BufWriter;

use super::model::Report;
use super::store;
use crate::db::Conn;
use crate::error::Result;
use crate::seal::Sealer;
use crate::sheet::export::rewound;
use crate::sheet::{BadRow, CorrectionBook, RowError};
use crate::values::Text;

/// Rows that are in memory at once.
const AT_ONCE: i64 = 500;

/// The book of an import's refused rows, their cells opened, in a file that has no name and is gone with its
/// handle. Rows come and go in chunks.
pub fn corrections(conn: &mut Conn, sealer: &Sealer, report: &Report) -> Result<File> {
    let sheets = report.understood.sheets.iter();
    let headers = sheets.map(|s| (s.sheet.clone(), s.to_send_again.clone())).collect();
    let mut book = CorrectionBook::new(headers);
    let mut after = 0;
    loop {
        let rows = store::refused_after(conn, sealer, &report.import_id, after, AT_ONCE)?;
        let Some(last) = rows.last().map(|r| r.line) else { break };
        after = last;
        for row in rows {
            book.row(&bad_row(row))?;
        }
    }
    let mut to = BufWriter::new(tempfile::tempfile()?);
    book.save_to(&mut to)?;
    rewound(to)
}

fn bad_row(row: store::Refused) -> BadRow {
    let error = |f: super::model::Fault| RowError {
        sheet: f.sheet,
        row: u32::try_from(f.row).unwrap_or_default(),
        column: f.column,
        letter: f.letter,
        // The book tells faults in words only.
        key: "",
        code: "",
        what: Text::new(f.what.0, f.what.1),
        todo: Text::new(f.todo.0, f.todo.1),
    };
    BadRow {
        sheet: row.sheet,
        number: u32::try_from(row.row).unwrap_or_default(),
        cells: row.cells,
        errors: row.faults.into_iter().map(error).collect(),
    }
}
