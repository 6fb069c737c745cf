//! The desk that takes files in: database, spreadsheet reader and sealer together, for handlers and
//! commands alike.

use std::path::Path;

use super::batch::{self, Importer};
use super::model::{Order, Report};
use crate::db::{Db, with_room};
use crate::error::Result;
use crate::seal::Sealer;
use crate::sheet::Reader;

/// What an import needs besides the file and the order.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Where the rows go.
    pub db: Db,
    /// Reads spreadsheets, workbooks in a limited child process.
    pub reader: Reader,
    /// Seals what is personal.
    pub sealer: Sealer,
}

impl Desk {
    /// Imports a file in one transaction on the calling thread. Begun again, with the importer as it was
    /// given, if another file with the same rows was faster.
    pub fn import_now<I: Importer + Clone>(
        &self,
        path: &Path,
        order: &Order,
        importer: &mut I,
        progress: &dyn Fn(u64),
    ) -> Result<Report> {
        let fresh = importer.clone();
        self.db.write_again_now(|conn| {
            importer.clone_from(&fresh);
            with_room(conn, |conn| {
                batch::run(conn, &self.reader, &self.sealer, path, order, importer, progress)
            })
        })
    }

    /// The refused rows of an import as a workbook.
    pub fn corrections(&self, report: &Report) -> Result<Vec<u8>> {
        self.db.read_now(|conn| super::correction::corrections(conn, &self.sealer, report))
    }
}
