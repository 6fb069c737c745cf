//! The way of every file: read, parse row by row, store chunk by chunk, report.
//!
//! It runs inside one write transaction, so a batch is visible wholly or not at all. Two threads share the
//! work: one reads and parses ([`super::sorting`]), the other, which has the connection, stores. Memory stays
//! flat: rows go from one to the other in loads, and the reader waits when it is a few loads ahead.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::body::UnderstoodBody;
use super::fault;
use super::job;
use super::model::{Fault, ImportKind, Order, Rehearsal, Report, Tally};
use super::preview::SHOWN_FAULTS;
use super::sorting::{self, Belt, LOADS_AHEAD, Load, Read, Source, refused};
use super::store;
use crate::db::Conn;
use crate::error::Result;
use crate::seal::{Sealer, vault};
use crate::sheet::{Fields, Reader, Row, SheetSpec};
use crate::values::{Change, PersonName, Phone, ResidentId, StudentNumber, ValueError, clock};

/// What a slice must say about its files. A copy of the importer, made before the first row, parses on
/// another thread while the importer itself stores.
pub trait Importer: Clone + Send {
    /// A row that was read well.
    type Row: Send;

    /// What the file holds.
    const KIND: ImportKind;

    /// The columns it knows.
    fn spec(&self) -> &'static SheetSpec;

    /// Reads one row. Pure; faults are collected in `fields`, and a row with faults is refused.
    fn parse(&self, fields: &mut Fields<'_>) -> Option<Self::Row>;

    /// Whom a row speaks of, where she is to be entered in the vault. Pure.
    fn who(&self, row: &Self::Row) -> Option<vault::Incoming> {
        let _ = row;
        None
    }

    /// What is remarkable about a row that is right all the same. Pure.
    fn remark(&self, row: &Self::Row) -> Option<Change> {
        let _ = row;
        None
    }

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
    who: Option<vault::Arrival>,
    source: Row,
    fault: Option<Fault>,
}

impl<R> Pending<R> {
    /// A row that was read well.
    pub(super) fn new(source: Row, row: R, who: Option<vault::Arrival>) -> Self {
        Self { number: source.number, row, outcome: Outcome::New, who, source, fault: None }
    }

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

/// The people of the rows that still stand, made ready for the vault: by row, where the importer says who they
/// are. They are given out once.
pub fn arrivals<R>(rows: &mut [Pending<R>]) -> Vec<vault::Arrival> {
    standing(rows).filter_map(|pending| pending.who.take()).collect()
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
    let (tally, Read { understood, shown }) = thread::scope(|scope| {
        let (send, loads) = mpsc::sync_channel(LOADS_AHEAD);
        let (give_back, spent) = mpsc::channel();
        let (parser, belt) = (importer.clone(), Belt { loads: send, spent });
        let reading = scope.spawn(move || {
            let source = Source { reader, path, reading: &order.reading };
            sorting::read(&parser, &source, sealer, &belt)
        });
        let stored = store_all(conn, &batch, importer, loads, &give_back, progress);
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // Where storing failed, that the reader was stopped is only its echo.
        Ok::<_, crate::error::Error>((stored?, read?))
    })?;
    let skipped = i64::try_from(understood.skipped).unwrap_or(i64::MAX);
    let tally = Tally { skipped, ..tally };
    importer.finish(conn, &batch, &tally)?;
    fault::point("finished")?;
    store::close(conn, &import_id, tally, &UnderstoodBody::from(&understood))?;
    fault::point("closed")?;
    let report = store::find_own(conn, &import_id)?;
    if !order.rehearsal {
        job::leave_search(conn, sealer, &report, order)?;
        return Ok(report);
    }
    let faults = store::faults(conn, &import_id, None, i64::try_from(SHOWN_FAULTS).unwrap_or(0))?;
    let faults = faults.into_iter().map(|(_, fault)| fault).collect();
    Ok(Report { rehearsal: Some(Rehearsal { rows: shown, faults }), ..report })
}

/// Stores the loads as they come. Takes the receiver, so that a reader which has more to give is stopped by
/// the first failure.
fn store_all<I: Importer>(
    conn: &mut Conn,
    batch: &Batch<'_>,
    importer: &mut I,
    loads: Receiver<Load<I::Row>>,
    give_back: &Sender<Vec<Pending<I::Row>>>,
    progress: &dyn Fn(u64) -> Result<()>,
) -> Result<Tally> {
    let mut tally = Tally::default();
    for Load { mut good, refused: mut bad, read } in loads {
        if !good.is_empty() {
            fault::point("store")?;
            importer.store(conn, batch, &mut good)?;
            fault::point("stored")?;
        }
        for pending in &mut good {
            match (pending.fault.take(), pending.outcome) {
                (Some(fault), _) => bad.push(refused(&pending.source, vec![fault])),
                (None, Outcome::New) => tally.new += 1,
                (None, Outcome::Changed) => tally.changed += 1,
                (None, Outcome::Unchanged) => tally.unchanged += 1,
            }
        }
        // A reader that is through takes nothing back.
        let _ = give_back.send(good);
        tally.bad += i64::try_from(bad.len()).unwrap_or(i64::MAX);
        store::keep_refused(conn, batch.sealer, batch.import_id, &bad)?;
        fault::point("refused")?;
        tally.read += read;
        progress(u64::try_from(tally.read).unwrap_or(0))?;
    }
    Ok(tally)
}
