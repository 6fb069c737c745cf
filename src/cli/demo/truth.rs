//! The rows of the files as they are written, and the honest list of what is wrong in them.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::County;
use super::county::{School, Student};
use super::people::Person;
use crate::cross_check::FindingKind;
use crate::values::{Programme, Tier};

/// A row of the list, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// The person as the roll has her, or as nobody else has.
    pub person: Person,
    /// On whose roll she stands.
    pub known: Known,
    /// Name as this office writes it.
    pub name: String,
    /// Id as this office writes it.
    pub id: String,
}

/// On whose roll a listed person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Place in [`super::County::students`].
    Here(usize),
    /// Place in [`super::Neighbour::students`].
    Neighbour(usize),
    /// No school knows her.
    Nowhere,
}

impl ListRow {
    /// The student this row is about, if she is on this county's roll.
    pub fn here(&self) -> Option<usize> {
        if let Known::Here(at) = self.known { Some(at) } else { None }
    }

    /// The student this row is about and her school, wherever it is.
    pub fn student<'a>(&self, county: &'a County) -> Option<(&'a Student, &'a School)> {
        let (students, schools, at) = match self.known {
            Known::Here(at) => (&county.students, &county.schools, at),
            Known::Neighbour(at) => (&county.neighbour.students, &county.neighbour.schools, at),
            Known::Nowhere => return None,
        };
        let student = students.get(at)?;
        Some((student, schools.get(student.school)?))
    }
}

/// A row of the aid sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AidRow {
    /// The student.
    pub student: usize,
    /// Programme.
    pub programme: Programme,
    /// Tier.
    pub tier: Tier,
    /// Amount.
    pub fen: i64,
    /// Day of payment.
    pub paid_on: NaiveDate,
    /// Card it went to; waivers have none.
    pub card: Option<String>,
    /// How the date is written.
    pub date: Variant,
}

/// An unusual way of writing that the importer must accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// As the template has it.
    Plain,
    /// An id in full-width characters.
    FullWidth,
    /// An id with a small x.
    SmallX,
    /// A name with another middle dot, or none.
    OtherDot,
    /// 20250910.
    DateDigits,
    /// 2025/9/10.
    DateSlashes,
    /// 2025年9月10日.
    DateWords,
    /// 45910, the spreadsheet's own count of days.
    DateSerial,
}

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// The provincial list.
    List,
    /// The school roll.
    Roll,
    /// The school roll of the county next door.
    NeighbourRoll,
    /// The aid records.
    Aid,
}

/// What is wrong with a row that must be rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dirt {
    /// The id is stored as a number; only fifteen digits survive.
    IdAsNumber,
    /// The last character of the id is wrong.
    WrongCheckDigit,
    /// The id lacks a digit.
    SeventeenDigits,
    /// The name is blank.
    BlankName,
    /// A day that no calendar has.
    BadDate,
    /// A programme that nobody runs.
    UnknownProgramme,
    /// An amount below zero.
    NegativeAmount,
}

/// A row that must be rejected. Its person stands in no other file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirtyRow {
    /// Which file.
    pub file: File,
    /// It stands before the good row of this number, counted from 0.
    pub before: usize,
    /// What is wrong.
    pub dirt: Dirt,
    /// The person as she should have been written.
    pub person: Person,
    /// A student whose other cells the row borrows.
    pub like: usize,
}

/// One injected fault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The ids concerned: one, or the holders of a shared account.
    pub ids: Vec<String>,
    /// The programme, where the fault is about one.
    pub programme: Option<Programme>,
}

/// Everything that was put wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Truth {
    /// Faults that a cross-check of the files must find, and no others of these kinds.
    pub findings: BTreeMap<FindingKind, Vec<Label>>,
    /// Rows that the importer must reject.
    pub rejected: BTreeMap<(File, Dirt), u32>,
    /// Cells written unusually, to be accepted as they are meant.
    pub accepted: BTreeMap<Variant, u32>,
}

impl Truth {
    pub(super) fn label(&mut self, kind: FindingKind, ids: &[&str], programme: Option<Programme>) {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        self.findings.entry(kind).or_default().push(Label { ids, programme });
    }

    /// How many faults of a kind were put in.
    pub fn count(&self, kind: FindingKind) -> usize {
        self.findings.get(&kind).map_or(0, Vec::len)
    }

    /// How many rows of a file must be rejected.
    pub fn rejected_rows(&self, file: File) -> u32 {
        self.rejected.iter().filter(|((of, _), _)| *of == file).map(|(_, count)| count).sum()
    }
}
