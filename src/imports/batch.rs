//! The way of every file: read, parse row by row, store chunk by chunk, report.
//!
//! It runs inside one write transaction, so a batch is visible wholly or not at all. Memory stays flat:
//! rows stream from the reader and leave in chunks.

use std::path::Path;

use super::model::{Fault, ImportKind, Order, Report, Tally, UnderstoodBody};
use super::store::{self, Refused};
use crate::db::{CHUNK, Conn};
use crate::error::Result;
use crate::seal::{Sealer, vault};
use crate::sheet::{Fields, Reader, Row, SheetSpec};
use crate::values::{PersonName, Phone, ResidentId, StudentNumber, ValueError, clock};

/// What a slice must say about its files.
pub trait Importer {
    /// A row that was read well.
    type Row;

    /// What the file holds.
    const KIND: ImportKind;

    /// The columns it knows.
    fn spec(&self) -> &'static SheetSpec;

    /// Reads one row. Pure; faults are collected in `fields`, and a row with faults is refused.
    fn parse(&self, fields: &mut Fields<'_>) -> Option<Self::Row>;

    /// Stores a chunk of well-read rows, set-wise. A row that cannot stand (outside the scope, twice in
    /// the file) is taken out with [`Pending::refuse`].
    fn store(&mut self, conn: &mut Conn, batch: &Batch<'_>, rows: &mut [Pending<Self::Row>]) -> Result<()>;

    /// Called once after the last chunk.
    fn finish(&mut self, conn: &mut Conn, batch: &Batch<'_>, rows: &Tally) -> Result<()> {
        let _ = (conn, batch, rows);
        Ok(())
    }
}

/// The batch being written.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Its id.
    pub import_id: &'a str,
    /// Who, when, for which term and place.
    pub order: &'a Order,
    /// Seals what is personal.
    pub sealer: &'a Sealer,
}

/// What storing a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It brought something new.
    New,
    /// It replaced what was recorded before.
    Changed,
    /// It said nothing new.
    Unchanged,
}

/// A well-read row on its way to the store.
#[derive(Debug)]
pub struct Pending<R> {
    /// Row number in the sheet.
    pub number: u32,
    /// The row.
    pub row: R,
    /// What became of it; [`Outcome::New`] unless the store says otherwise.
    pub outcome: Outcome,
    source: Row,
    fault: Option<Fault>,
}

impl<R> Pending<R> {
    /// Takes the row out: it is reported with this fault of the cell under a column (by key) instead of
    /// being stored.
    pub fn refuse(&mut self, key: &'static str, error: ValueError) {
        let mut fields = self.source.fields();
        fields.reject(key, error);
        self.fault = fields.finish().first().map(Fault::from);
    }

    /// Whether the row's cell under a column (by key) is there and not blank.
    pub fn has(&self, key: &str) -> bool {
        self.source.fields().has(key)
    }

    /// Whether the row still stands.
    pub fn stands(&self) -> bool {
        self.fault.is_none()
    }
}

/// The rows of a chunk that still stand.
pub fn standing<R>(rows: &mut [Pending<R>]) -> impl Iterator<Item = &mut Pending<R>> {
    rows.iter_mut().filter(|p| p.stands())
}

/// Whom a row speaks of, for the vault. A student number of the G kind carries the resident id.
pub fn incoming(
    id: Option<&ResidentId>,
    number: Option<&StudentNumber>,
    name: &PersonName,
    phone: Option<&Phone>,
) -> vault::Incoming {
    let id = id.cloned().or_else(|| number.and_then(StudentNumber::resident_id));
    vault::Incoming {
        id: id.map(|i| i.as_str().to_owned()),
        student_number: number.map(|n| n.as_str().to_owned()),
        name_normal: name.normal().to_owned(),
        name_entered: name.as_entered().to_owned(),
        phone: phone.map(|n| n.as_str().to_owned()),
    }
}

/// Imports a file; `progress` is told the row reached, and may stop the import. The same file for the same kind, term, place and school changes nothing.
pub fn run<I: Importer>(
    conn: &mut Conn,
    reader: &Reader,
    sealer: &Sealer,
    path: &Path,
    order: &Order,
    importer: &mut I,
    progress: &dyn Fn(u64) -> Result<()>,
) -> Result<Report> {
    if let Some(import_id) = store::find_same(conn, I::KIND, order)? {
        return Ok(Report { repeated: true, ..store::find_own(conn, &import_id)? });
    }
    let import_id = clock::new_id();
    store::open(conn, &import_id, I::KIND, order)?;
    let batch = Batch { import_id: &import_id, order, sealer };
    let mut work = Work { tally: Tally::default(), good: Vec::new(), refused: Vec::new() };
    let spec = importer.spec();
    let understood = reader.read(path, spec, &mut |row| {
        work.tally.read += 1;
        let number = row.number;
        let mut fields = row.fields();
        let parsed = importer.parse(&mut fields);
        let errors = fields.finish();
        match parsed {
            Some(parsed) if errors.is_empty() => work.good.push(Pending {
                number,
                row: parsed,
                outcome: Outcome::New,
                source: row,
                fault: None,
            }),
            _ => work.refused.push(Refused {
                row: i32::try_from(number).unwrap_or(i32::MAX),
                cells: row.originals(),
                faults: errors.iter().map(Fault::from).collect(),
            }),
        }
        if work.good.len() >= CHUNK {
            work.flush_good(conn, &batch, importer)?;
            progress(u64::from(number))?;
        }
        if work.refused.len() >= CHUNK {
            work.flush_refused(conn, &batch)?;
        }
        Ok(())
    })?;
    work.flush_good(conn, &batch, importer)?;
    work.flush_refused(conn, &batch)?;
    work.tally.skipped = i64::try_from(understood.skipped).unwrap_or(i64::MAX);
    importer.finish(conn, &batch, &work.tally)?;
    store::close(conn, &import_id, work.tally, &UnderstoodBody::from(&understood))?;
    store::find_own(conn, &import_id)
}

struct Work<R> {
    tally: Tally,
    good: Vec<Pending<R>>,
    refused: Vec<Refused>,
}

impl<R> Work<R> {
    fn flush_good<I: Importer<Row = R>>(
        &mut self,
        conn: &mut Conn,
        batch: &Batch<'_>,
        importer: &mut I,
    ) -> Result<()> {
        if self.good.is_empty() {
            return Ok(());
        }
        let mut rows = std::mem::take(&mut self.good);
        importer.store(conn, batch, &mut rows)?;
        for pending in rows {
            match (pending.fault, pending.outcome) {
                (Some(fault), _) => {
                    let cells = pending.source.originals();
                    self.refused.push(Refused { row: fault.row, cells, faults: vec![fault] });
                }
                (None, Outcome::New) => self.tally.new += 1,
                (None, Outcome::Changed) => self.tally.changed += 1,
                (None, Outcome::Unchanged) => self.tally.unchanged += 1,
            }
        }
        Ok(())
    }

    fn flush_refused(&mut self, conn: &mut Conn, batch: &Batch<'_>) -> Result<()> {
        self.tally.bad += i64::try_from(self.refused.len()).unwrap_or(i64::MAX);
        store::keep_refused(conn, batch.sealer, batch.import_id, &self.refused)?;
        self.refused.clear();
        Ok(())
    }
}
