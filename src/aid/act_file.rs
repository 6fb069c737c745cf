//! A sheet of students as an order carried out: each row puts the record of its student, programme and term on
//! public notice, or approves it. Every row is reported: done (new), done before (unchanged), or refused with
//! the reason; the same file can be sent again whole.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;

use super::act::{self, Came};
use super::by_file::{Records, of_student, told};
use super::hand::Hand;
use super::import::admit;
use super::model::{AidRecord, AidState};
use super::store;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::imports::batch::{Batch, Outcome, standing};
use crate::imports::columns::{self, column, required};
use crate::imports::{ImportKind, Importer, Pending};
use crate::sheet::{CellKind, Fields, SheetSpec};
use crate::values::{Parsed, PersonName, Programme, ResidentId, SchoolCode, StudentNumber, Term};

/// The columns of a sheet of students. A payment sheet has them all, so it serves too.
pub static SPEC: SheetSpec = SheetSpec {
    kind: "aid_students",
    zh: "资助办理名单",
    columns: &[
        columns::NAME,
        columns::id_number("身份证号", false),
        columns::STUDENT_NUMBER,
        columns::school_code(true),
        columns::school_name("学校名称"),
        column("term", "学期", &["资助学期"], CellKind::Plain),
        required("programme", "资助项目", &["项目", "资助项目名称", "项目名称"], CellKind::Plain),
        column("starts_on", "公示日期", &["张贴日期", "公示开始日期", "公示起始日期"], CellKind::Date),
    ],
    either: &[&["id_number", "student_number"]],
};

/// One row: whose record.
#[derive(Debug)]
pub struct StudentRow {
    id: Option<ResidentId>,
    number: Option<StudentNumber>,
    name: PersonName,
    school: SchoolCode,
    term: Option<Term>,
    programme: Programme,
    /// The day her list was put up, where the sheet says it.
    starts_on: Option<NaiveDate>,
}

of_student!(StudentRow);

/// What is to be done with the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileAct {
    /// Put on public notice from the row's day on, or from this one where the sheet does not say.
    Notice(NaiveDate),
    /// Approved.
    Approve,
}

impl FileAct {
    /// The act on one row.
    fn of(self, row: &StudentRow) -> Self {
        match (self, row.starts_on) {
            (FileAct::Notice(_), Some(day)) => FileAct::Notice(day),
            (act, _) => act,
        }
    }

    /// The state that the act follows.
    const fn after(self) -> AidState {
        match self {
            FileAct::Notice(_) => AidState::Proposed,
            FileAct::Approve => AidState::Noticed,
        }
    }
}

/// Acts by a sheet.
#[derive(Debug, Clone)]
pub struct ActImporter {
    hand: Hand,
    act: FileAct,
    /// The records of rows that were met already: a student twice in a file is done once.
    met: HashSet<String>,
}

impl ActImporter {
    /// A sheet sent by a hand.
    pub fn new(hand: Hand, act: FileAct) -> Self {
        Self { hand, act, met: HashSet::new() }
    }

    /// The record a row means: the one that waits for the act, else the one that stands furthest.
    fn meant(&self, of: Vec<&AidRecord>) -> Option<AidRecord> {
        let waits = |r: &&AidRecord| r.state == self.act.after() && !self.met.contains(&r.record_id);
        of.iter().copied().find(waits).or_else(|| of.last().copied()).cloned()
    }
}

impl Importer for ActImporter {
    type Row = StudentRow;
    const KIND: ImportKind = ImportKind::Aid;

    fn spec(&self) -> &'static SheetSpec {
        &SPEC
    }

    fn parse(&self, f: &mut Fields<'_>) -> Option<StudentRow> {
        let (id, number) = super::import::numbers(f);
        let name = f.require("name", PersonName::parse);
        let school = f.require("school_code", SchoolCode::parse);
        let programme =
            f.require_word("programme", Programme::from_word, Programme::ALL.iter().map(|p| p.zh()));
        let unknown = super::import::unknown_term;
        let term = f.parse("term", |t| Term::parse(t).map(Parsed::unchanged).ok_or_else(unknown));
        // Of an approval it is not asked.
        let starts_on = matches!(self.act, FileAct::Notice(_)).then(|| f.day("starts_on")).flatten();
        Some(StudentRow { id, number, name: name?, school: school?, term, programme: programme?, starts_on })
    }

    fn store(&mut self, conn: &mut Conn, batch: &Batch<'_>, rows: &mut [Pending<StudentRow>]) -> Result<()> {
        admit(conn, batch, rows)?;
        let mut standing: Vec<&mut Pending<StudentRow>> = standing(rows).collect();
        let records = Records::load(conn, batch, &standing)?;
        let mut wanted: BTreeMap<FileAct, Vec<(usize, String)>> = BTreeMap::new();
        for (at, pending) in standing.iter_mut().enumerate() {
            match records.of(at, &pending.row).map(|of| self.meant(of)) {
                Ok(Some(record)) if self.met.insert(record.record_id.clone()) => {
                    wanted.entry(self.act.of(&pending.row)).or_default().push((at, record.record_id));
                }
                Ok(_) => pending.outcome = Outcome::Unchanged,
                Err(none) => {
                    let (column, fault) = none.told();
                    pending.refuse(column, fault);
                }
            }
        }
        for (act, wanted) in wanted {
            let ids: Vec<String> = wanted.iter().map(|(_, id)| id.clone()).collect();
            let mut taken = store::take(conn, self.hand.who.scope(), &ids)?;
            let records: Vec<AidRecord> =
                ids.iter().map(|id| taken.remove(id).ok_or_else(Error::not_found)).collect::<Result<_>>()?;
            let came = match act {
                FileAct::Notice(starts_on) => act::notice(conn, &self.hand, records, starts_on)?,
                FileAct::Approve => act::approve(conn, &self.hand, records)?,
            };
            for ((at, _), came) in wanted.into_iter().zip(came) {
                let Some(pending) = standing.get_mut(at) else { continue };
                match came {
                    Came::Done(_) => {}
                    Came::Already(_) => pending.outcome = Outcome::Unchanged,
                    Came::Refused(_, refused) => pending.refuse("programme", told(&refused)),
                }
            }
        }
        Ok(())
    }
}
