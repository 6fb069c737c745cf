//! The reading half of an import: rows are read, parsed and sorted into good and refused ones, whom they speak
//! of is sealed, and they are handed on in loads. It runs on a thread of its own and knows no database.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};

use super::batch::{Importer, Pending};
use super::fault;
use super::model::Fault;
use super::preview::{PreviewRow, SHOWN_ROWS, preview};
use super::remarks::Remarks;
use super::seen::Seen;
use super::store::Refused;
use crate::db::CHUNK;
use crate::error::{Error, Result};
use crate::seal::Sealer;
use crate::seal::vault::Arrival;
use crate::sheet::{Reader, Reading, Row, RowError, Understood};
use crate::values::Text;
use crate::values::clock::PersonIds;

/// How many loads may lie between the reader and the store.
pub(super) const LOADS_AHEAD: usize = 2;

/// Rows on their way to the store.
pub(super) struct Load<R> {
    /// Rows that were read well.
    pub(super) good: Vec<Pending<R>>,
    /// Rows that were not.
    pub(super) refused: Vec<Refused>,
    /// How many rows both are.
    pub(super) read: i64,
}

impl<R> Load<R> {
    const fn empty() -> Self {
        Self { good: Vec::new(), refused: Vec::new(), read: 0 }
    }
}

/// The way there and back between the two threads.
pub(super) struct Belt<R> {
    /// Loads for the store.
    pub(super) loads: SyncSender<Load<R>>,
    /// Rows that are stored. What one thread allocated by the million is quickest given back by the same.
    pub(super) spent: Receiver<Vec<Pending<R>>>,
}

impl<R> Belt<R> {
    fn hand_on(&self, load: Load<R>) -> Result<()> {
        self.spent.try_iter().for_each(drop);
        self.loads.send(load).map_err(|_e| Error::internal("an import was given up"))
    }
}

/// What is known of a file that was read to its end.
pub(super) struct Read {
    /// How it was understood.
    pub(super) understood: Understood,
    /// The first rows as they were understood.
    pub(super) shown: Vec<PreviewRow>,
}

/// What is read, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) reader: &'a Reader,
    pub(super) path: &'a Path,
    pub(super) reading: &'a Reading,
}

/// Reads a file and hands its rows on, load by load. Ends early when nobody takes them any more.
pub(super) fn read<I: Importer>(
    parser: &I,
    source: &Source<'_>,
    sealer: &Sealer,
    belt: &Belt<I::Row>,
) -> Result<Read> {
    let mut sorter = Sorter {
        load: Load::empty(),
        shown: Vec::new(),
        repeats: Repeats::default(),
        remarks: Remarks::default(),
    };
    let mut ids = PersonIds::new();
    let Source { reader, path, reading } = source;
    let mut understood = reader.read_as(path, parser.spec(), reading, &mut |row| {
        fault::point("row")?;
        if sorter.load.read == 0 {
            // Those who come together shall lie together.
            ids = PersonIds::new();
        }
        sorter.take(parser, sealer, &mut ids, row)?;
        if sorter.is_full() {
            belt.hand_on(std::mem::replace(&mut sorter.load, Load::empty()))
        } else {
            Ok(())
        }
    })?;
    if sorter.load.read > 0 {
        belt.hand_on(sorter.load)?;
    }
    understood.notices.extend(sorter.remarks.notices());
    Ok(Read { understood, shown: sorter.shown })
}

struct Sorter<R> {
    load: Load<R>,
    shown: Vec<PreviewRow>,
    repeats: Repeats,
    remarks: Remarks,
}

impl<R> Sorter<R> {
    /// Parses a row and puts it where it belongs.
    fn take<I: Importer<Row = R>>(
        &mut self,
        parser: &I,
        sealer: &Sealer,
        ids: &mut PersonIds,
        row: Row,
    ) -> Result<()> {
        self.load.read += 1;
        let mut fields = row.fields();
        let parsed = parser.parse(&mut fields);
        let mut errors = fields.finish();
        if let Some(sheet) = self.repeats.elsewhere(&row) {
            errors.push(repeated(&row, &sheet));
        }
        let parsed = parsed.filter(|_| errors.is_empty());
        if self.shown.len() < SHOWN_ROWS {
            self.shown.push(preview(&row, parsed.is_some()));
        }
        match parsed {
            Some(parsed) => {
                if let Some(remark) = parser.remark(&parsed) {
                    self.remarks.note(remark, row.sheet(), row.number);
                }
                let who = parser.who(&parsed).map(|who| Arrival::prepare(sealer, ids, who)).transpose()?;
                self.load.good.push(Pending::new(row, parsed, who));
            }
            None => self.load.refused.push(refused(&row, errors.iter().map(Fault::from).collect())),
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.load.good.len() >= CHUNK || self.load.refused.len() >= CHUNK
    }
}

/// A row that is kept to be given back, with its faults.
pub(super) fn refused(row: &Row, faults: Vec<Fault>) -> Refused {
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
