//! What an import is: who ordered it and what came of it. How it is told is in [`super::body`].

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::UnderstoodBody;
use super::preview::PreviewRow;
use crate::sheet::{Reading, RowError};
use crate::values::closed_list::closed_list;
use crate::values::{Lang, Place, Term, digest};

closed_list! {
    /// What a file holds.
    pub enum ImportKind {
        PovertyList = "poverty_list", "省下达名单", "provincial list";
        Roll = "roll", "学籍", "school roll";
        Aid = "aid", "资助发放记录", "aid records";
    }
}

impl ImportKind {
    /// The kind of the job that imports such a file.
    pub const fn job(self) -> &'static str {
        match self {
            Self::PovertyList => "import_poverty_list",
            Self::Roll => "import_roll",
            Self::Aid => "import_aid",
        }
    }
}

/// Everything an import needs to know besides the file: decided at the edge, by the caller's token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// The term the file speaks of.
    pub term: Term,
    /// The place within which the caller may write; rows outside it are refused one by one.
    pub place: Place,
    /// The only school the caller may write for, if the caller is a school.
    pub school: Option<String>,
    /// Who sent the file (the token's subject).
    pub by: String,
    /// When.
    pub at: NaiveDateTime,
    /// SHA-256 of the file's bytes, hex.
    pub digest: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// What the sender says about how the file is to be read.
    #[serde(default)]
    pub reading: Reading,
    /// Only to be tried: everything is done, told and taken back.
    #[serde(default)]
    pub rehearsal: bool,
}

impl Order {
    /// What tells a file sent again: its bytes and, where that was declared, how they are to be read.
    pub fn identity(&self) -> String {
        if self.reading.is_plain() {
            self.digest.clone()
        } else {
            digest::of_parts([&self.digest, &self.reading.canonical()])
        }
    }
}

/// How many rows came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Tally {
    /// Rows read below the header, without blank and total rows.
    pub read: i64,
    /// Rows that brought something new.
    pub new: i64,
    /// Rows that changed what was recorded; the former record is kept.
    pub changed: i64,
    /// Rows that said nothing new.
    pub unchanged: i64,
    /// Rows refused; see the errors.
    pub bad: i64,
    /// Blank rows, total rows and notes that were passed over.
    pub skipped: i64,
}

/// What came of an import.
#[derive(Debug, Clone)]
pub struct Report {
    /// The batch.
    pub import_id: String,
    /// What the file held.
    pub kind: ImportKind,
    /// The term.
    pub term: Term,
    /// The place.
    pub place: String,
    /// Whether the very same file had been imported before; nothing was changed then.
    pub repeated: bool,
    /// Row counts.
    pub rows: Tally,
    /// What was understood of the file.
    pub understood: UnderstoodBody,
    /// The faults, grouped.
    pub faults: Vec<FaultGroup>,
    /// Of a rehearsal: what it would have been.
    pub rehearsal: Option<Rehearsal>,
}

impl Report {
    /// Whether rows were refused for their ids behind which right ones may stand. There is nothing to hold a
    /// roll against.
    pub fn may_have_proposals(&self) -> bool {
        self.kind != ImportKind::Roll
            && self.rehearsal.is_none()
            && self.faults.iter().any(|group| group.code.starts_with("id_"))
    }
}

/// What a rehearsal tells besides the counts, since nothing of it can be looked up afterwards.
#[derive(Debug, Clone, Default)]
pub struct Rehearsal {
    /// The first rows as they were understood, masked.
    pub rows: Vec<PreviewRow>,
    /// The first faults, one per bad cell.
    pub faults: Vec<Fault>,
}

/// Faults of one kind in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultGroup {
    /// The column's header.
    pub column: String,
    /// The column's letter; empty where the file lacks the column.
    pub letter: String,
    /// Stable code of the fault.
    pub code: String,
    /// How many rows.
    pub rows: i64,
    /// What is wrong, in both languages.
    pub what: (String, String),
}

/// A fault as stored: one per bad cell.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The sheet; text files have none.
    pub sheet: Option<String>,
    /// Row number in the sheet, from 1.
    pub row: i32,
    /// Header of the column.
    pub column: String,
    /// Letter of the column.
    pub letter: String,
    /// Stable code.
    pub code: String,
    /// What is wrong: 中文, English.
    pub what: (String, String),
    /// What to do: 中文, English.
    pub todo: (String, String),
}

impl From<&RowError> for Fault {
    fn from(e: &RowError) -> Self {
        Self {
            sheet: e.sheet.clone(),
            row: i32::try_from(e.row).unwrap_or(i32::MAX),
            column: e.column.clone(),
            letter: e.letter.clone(),
            code: e.code.to_owned(),
            what: (e.what.zh.to_string(), e.what.en.to_string()),
            todo: (e.todo.zh.to_string(), e.todo.en.to_string()),
        }
    }
}

/// One of a stored pair of sentences.
pub(crate) fn pick(pair: (String, String), lang: Lang) -> String {
    match lang {
        Lang::Zh => pair.0,
        Lang::En => pair.1,
    }
}
