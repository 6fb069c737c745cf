//! Files that act on records: which record a row means. A row names its student, programme and school; the
//! student must be known under that very name, and nobody is entered in the vault by the way.

use std::collections::{HashMap, HashSet};

use super::model::AidRecord;
use super::store;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::imports::Pending;
use crate::imports::batch::Batch;
use crate::seal::vault;
use crate::values::{PersonName, Programme, ResidentId, SchoolCode, StudentNumber, Term, Text, ValueError};

/// What every row of an aid file says: whose it is, of which programme and school.
pub(super) trait OfStudent {
    fn id(&self) -> Option<&ResidentId>;
    fn number(&self) -> Option<&StudentNumber>;
    fn name(&self) -> &PersonName;
    fn school(&self) -> &SchoolCode;
    fn term(&self) -> Option<Term>;
    fn programme(&self) -> Programme;
}

macro_rules! of_student {
    ($row:ty) => {
        impl $crate::aid::by_file::OfStudent for $row {
            fn id(&self) -> Option<&$crate::values::ResidentId> {
                self.id.as_ref()
            }
            fn number(&self) -> Option<&$crate::values::StudentNumber> {
                self.number.as_ref()
            }
            fn name(&self) -> &$crate::values::PersonName {
                &self.name
            }
            fn school(&self) -> &$crate::values::SchoolCode {
                &self.school
            }
            fn term(&self) -> Option<$crate::values::Term> {
                self.term
            }
            fn programme(&self) -> $crate::values::Programme {
                self.programme
            }
        }
    };
}
pub(super) use of_student;

/// The live records of the students that some rows speak of.
pub(super) struct Records {
    people: Vec<Option<String>>,
    named: HashSet<(String, String)>,
    live: HashMap<String, Vec<AidRecord>>,
}

/// Why a row means no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRecord {
    /// There is none.
    Unknown,
    /// The number belongs to another name.
    OtherName,
    /// The record is another school's.
    OtherSchool,
}

impl Records {
    pub(super) fn load<R: OfStudent>(
        conn: &mut Conn,
        batch: &Batch<'_>,
        rows: &[&mut Pending<R>],
    ) -> Result<Self> {
        let people = people(conn, batch, rows)?;
        let pairs: Vec<(&str, &str)> = rows
            .iter()
            .zip(&people)
            .filter_map(|(pending, person)| Some((person.as_deref()?, pending.row.name().normal())))
            .collect();
        let named = vault::having_names(conn, batch.sealer, &pairs)?;
        let mut known: Vec<String> = people.iter().flatten().cloned().collect();
        known.sort_unstable();
        known.dedup();
        let live = store::live(conn, &known, &batch.order.term.to_string())?;
        Ok(Self { people, named, live })
    }

    /// The person of each row, where one is known.
    pub(super) fn people(&self) -> &[Option<String>] {
        &self.people
    }

    /// The live records that a row may mean: of its student, programme and school; at least one.
    pub(super) fn of<R: OfStudent>(&self, at: usize, row: &R) -> Result<Vec<&AidRecord>, NoRecord> {
        let person = self.people.get(at).and_then(Option::as_ref).ok_or(NoRecord::Unknown)?;
        if !self.named.contains(&(person.clone(), row.name().normal().to_owned())) {
            return Err(NoRecord::OtherName);
        }
        let live = self.live.get(person).map(Vec::as_slice).unwrap_or_default();
        let of_programme = || live.iter().filter(|r| r.programme == row.programme());
        if of_programme().next().is_none() {
            return Err(NoRecord::Unknown);
        }
        let here: Vec<&AidRecord> =
            of_programme().filter(|r| r.school_code == row.school().as_str()).collect();
        if here.is_empty() { Err(NoRecord::OtherSchool) } else { Ok(here) }
    }
}

impl NoRecord {
    /// The column at fault, and what is wrong.
    pub(super) fn told(self) -> (&'static str, ValueError) {
        let fixed = |column, code, what, todo| (column, ValueError::fixed(code, what, todo));
        match self {
            NoRecord::Unknown => fixed(
                "programme",
                "record_unknown",
                (
                    "该生本学期没有该项目的资助记录",
                    "the student has no record of this programme in this term",
                ),
                ("请先申报、公示并批准", "propose, post and approve it first"),
            ),
            NoRecord::OtherName => fixed(
                "name",
                "name_differs",
                ("该身份证号或学籍号登记的是另一个姓名", "the number is recorded under another name"),
                ("请核实证件", "check the papers"),
            ),
            NoRecord::OtherSchool => fixed(
                "school_code",
                "school_differs",
                ("该生该项目的记录属于另一所学校", "the student's record is of another school"),
                ("请核对学校标识码", "check the school code"),
            ),
        }
    }
}

/// An act's refusal as the fault of a row.
pub(super) fn told(refused: &Error) -> ValueError {
    let field = refused.fields.first();
    ValueError {
        code: field.map_or(refused.code.code(), |f| f.code),
        what: field.map_or(&refused.detail, |f| &f.detail).clone(),
        todo: Text::fixed(
            "请核实后重新提交，或逐条办理",
            "check it and send it again, or act on the record itself",
        ),
    }
}

/// The person each row speaks of, if the vault knows one: an act never makes a new person.
fn people<R: OfStudent>(
    conn: &mut Conn,
    batch: &Batch<'_>,
    rows: &[&mut Pending<R>],
) -> Result<Vec<Option<String>>> {
    let id = |row: &R| {
        let id = row.id().cloned().or_else(|| row.number().and_then(StudentNumber::resident_id));
        id.map(|id| id.as_str().to_owned())
    };
    let number = |row: &R| row.number().map(|n| n.as_str().to_owned());
    let ids: Vec<String> = rows.iter().filter_map(|p| id(&p.row)).collect();
    let numbers: Vec<String> = rows.iter().filter_map(|p| number(&p.row)).collect();
    let by_id = vault::find_many(conn, batch.sealer, &ids)?;
    let by_number = vault::find_many_by_number(conn, batch.sealer, &numbers)?;
    let of = |row: &R| {
        let by_id = id(row).and_then(|id| by_id.get(&id));
        by_id.or_else(|| number(row).and_then(|n| by_number.get(&n))).cloned()
    };
    Ok(rows.iter().map(|p| of(&p.row)).collect())
}
