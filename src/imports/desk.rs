//! The desk that takes files in: database, spreadsheet reader and sealer together, for handlers and
//! commands alike.

use std::fs::File;
use std::path::Path;

use super::batch::{self, Importer};
use super::fault;
use super::model::{Order, Report};
use crate::db::{Conn, Db, with_room};
use crate::error::{Code, Error, Result};
use crate::once::{self, Answer, Claim};
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
    /// given, if another file with the same rows was faster. A rehearsal does all of it, so that its counts
    /// are the import's own, and takes it back.
    pub fn import_now<I: Importer>(
        &self,
        path: &Path,
        order: &Order,
        importer: &mut I,
        progress: &dyn Fn(u64),
    ) -> Result<Report> {
        let fresh = importer.clone();
        let mut rehearsed = None;
        let done = self.db.write_again_now(|conn| {
            rehearsed = None;
            importer.clone_from(&fresh);
            let report = with_room(conn, |conn| {
                let told = |row| {
                    progress(row);
                    Ok(())
                };
                batch::run(conn, &self.reader, &self.sealer, path, order, importer, &told)
            })?;
            fault::point("commit")?;
            if !order.rehearsal {
                return Ok(report);
            }
            rehearsed = Some(report);
            // Whatever the transaction wrote goes with its refusal.
            Err(Error::of(Code::Conflict))
        });
        fault::point("committed")?;
        rehearsed.map_or(done, Ok)
    }

    /// Imports a file and makes the answer, under the caller's claim if there is one, in one transaction on
    /// the calling thread.
    pub fn import_once<I: Importer>(
        &self,
        path: &Path,
        order: &Order,
        importer: &I,
        claim: Option<&Claim>,
        answer: impl Fn(&mut Conn, I, Report) -> Result<Answer>,
    ) -> Result<Answer> {
        self.db.write_again_now(|conn| {
            once::within(conn, &self.sealer, claim, |conn| {
                with_room(conn, |conn| {
                    let mut importer = importer.clone();
                    let (reader, sealer) = (&self.reader, &self.sealer);
                    let report = batch::run(conn, reader, sealer, path, order, &mut importer, &|_| Ok(()))?;
                    answer(conn, importer, report)
                })
            })
        })
    }

    /// The refused rows of an import as a workbook.
    pub fn corrections(&self, report: &Report) -> Result<File> {
        self.db.read_now(|conn| super::correction::corrections(conn, &self.sealer, report))
    }
}
