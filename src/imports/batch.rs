//! The way of every file: read, parse row by row, store chunk by chunk, report.
//!
//! It runs inside one write transaction, so a batch is visible wholly or not at all. Memory stays flat:
//! rows stream from the reader and leave in chunks.

use std::path::Path;

use super::body::UnderstoodBody;
use super::fault;
use super::model::{Fault, ImportKind, Order, Rehearsal, Report, Tally};
use super::preview::{PreviewRow, SHOWN_FAULTS, SHOWN_ROWS, preview};
use super::seen::Seen;
use super::store::{self, Refused};
use crate::db::{CHUNK, Conn};
use crate::error::Result;
use crate::seal::{Sealer, vault};
use crate::sheet::{Fields, Reader, Row, RowError, SheetSpec};
use crate::values::{PersonName, Phone, ResidentId, StudentNumber, Text, ValueError, clock};

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

/// Imports a file; `progress` is told the rows read, and may stop the import. The same file for the same kind,
/// term, place and school, read in the same way, changes nothing.
pub fn run<I: Importer>(
    conn: &mut Conn,
    reader: &Reader,
    sealer: &Sealer,
    path: &Path,
    order: &Order,
    importer: &mut I,
    progress: &dyn Fn(u64) -> Result<()>,
) -> Result<Report> {
    fault::point("begin")?;
    if let Some(import_id) = store::find_same(conn, I::KIND, order)? {
        let rehearsal = order.rehearsal.then(Rehearsal::default);
        return Ok(Report { repeated: true, rehearsal, ..store::find_own(conn, &import_id)? });
    }
    let import_id = clock::new_id();
    store::open(conn, &import_id, I::KIND, order)?;
    fault::point("opened")?;
    let batch = Batch { import_id: &import_id, order, sealer };
    let mut work = Work::default();
    let spec = importer.spec();
    let understood = reader.read_as(path, spec, &order.reading, &mut |row| {
        fault::point("row")?;
        work.take(importer, row);
        if work.good.len() >= CHUNK {
            work.flush_good(conn, &batch, importer)?;
            progress(u64::try_from(work.tally.read).unwrap_or(0))?;
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
    fault::point("finished")?;
    store::close(conn, &import_id, work.tally, &UnderstoodBody::from(&understood))?;
    fault::point("closed")?;
    let report = store::find_own(conn, &import_id)?;
    if !order.rehearsal {
        return Ok(report);
    }
    let faults = store::faults(conn, &import_id, None, i64::try_from(SHOWN_FAULTS).unwrap_or(0))?;
    let faults = faults.into_iter().map(|(_, fault)| fault).collect();
    Ok(Report { rehearsal: Some(Rehearsal { rows: work.shown, faults }), ..report })
}

struct Work<R> {
    tally: Tally,
    good: Vec<Pending<R>>,
    refused: Vec<Refused>,
    /// The first rows as they were understood.
    shown: Vec<PreviewRow>,
    repeats: Repeats,
}

impl<R> Default for Work<R> {
    fn default() -> Self {
        let (tally, repeats) = (Tally::default(), Repeats::default());
        Self { tally, good: Vec::new(), refused: Vec::new(), shown: Vec::new(), repeats }
    }
}

impl<R> Work<R> {
    /// Reads a row and puts it where it belongs.
    fn take<I: Importer<Row = R>>(&mut self, importer: &I, row: Row) {
        self.tally.read += 1;
        let mut fields = row.fields();
        let parsed = importer.parse(&mut fields);
        let mut errors = fields.finish();
        if let Some(sheet) = self.repeats.elsewhere(&row) {
            errors.push(repeated(&row, &sheet));
        }
        let parsed = parsed.filter(|_| errors.is_empty());
        if self.shown.len() < SHOWN_ROWS {
            self.shown.push(preview(&row, parsed.is_some()));
        }
        match parsed {
            Some(parsed) => self.good.push(Pending {
                number: row.number,
                row: parsed,
                outcome: Outcome::New,
                source: row,
                fault: None,
            }),
            None => self.refused.push(refused(&row, errors.iter().map(Fault::from).collect())),
        }
    }

    fn flush_good<I: Importer<Row = R>>(
        &mut self,
        conn: &mut Conn,
        batch: &Batch<'_>,
        importer: &mut I,
    ) -> Result<()> {
        if self.good.is_empty() {
            return Ok(());
        }
        fault::point("store")?;
        let mut rows = std::mem::take(&mut self.good);
        importer.store(conn, batch, &mut rows)?;
        fault::point("stored")?;
        for pending in rows {
            match (pending.fault, pending.outcome) {
                (Some(fault), _) => self.refused.push(refused(&pending.source, vec![fault])),
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
        fault::point("refused")
    }
}

fn refused(row: &Row, faults: Vec<Fault>) -> Refused {
    Refused {
        line: i32::try_from(row.line).unwrap_or(i32::MAX),
        member: row.member,
        sheet: row.sheet().map(ToOwned::to_owned),
        row: i32::try_from(row.number).unwrap_or(i32::MAX),
        cells: row.originals(),
        faults,
    }
}

/// The rows of a workbook by their content, each with the sheet it first stood on. A workbook often carries
/// a copy or a summary of a sheet; taken as new rows, every payment on it would count twice.
#[derive(Default)]
struct Repeats {
    seen: Seen,
    sheets: Vec<String>,
}

impl Repeats {
    /// The earlier sheet on which this row stands word for word.
    fn elsewhere(&mut self, row: &Row) -> Option<String> {
        let sheet = row.sheet()?;
        if self.sheets.last().is_none_or(|last| last != sheet) {
            self.sheets.push(sheet.to_owned());
        }
        let here = u32::try_from(self.sheets.len()).unwrap_or(u32::MAX) - 1;
        let subject = (row.member, row.originals());
        let Some(first) = self.seen.row(&subject) else {
            self.seen.note(&subject, here);
            return None;
        };
        let there = usize::try_from(first).ok().and_then(|at| self.sheets.get(at));
        there.filter(|_| first != here).cloned()
    }
}

fn repeated(row: &Row, sheet: &str) -> RowError {
    RowError {
        sheet: row.sheet().map(ToOwned::to_owned),
        row: row.number,
        column: "整行".to_owned(),
        letter: String::new(),
        key: "",
        code: "row_on_other_sheet",
        what: Text::new(
            format!("与工作表“{sheet}”中的一行完全相同"),
            format!("the row stands word for word on the sheet {sheet}"),
        ),
        todo: Text::fixed(
            "如是副本，请用 sheets 指明要读的工作表；如确为另一笔，请单独上传该表",
            "if the sheet is a copy, name the sheets to read by `sheets`; if not, send it by itself",
        ),
    }
}
