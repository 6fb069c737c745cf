//! What an import is: who ordered it, what came of it, and how it is told.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sheet::{RowError, Understood};
use crate::values::closed_list::closed_list;
use crate::values::{Lang, Place, Term};

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
}

/// Faults of one kind in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultGroup {
    /// The column's header.
    pub column: String,
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
            row: i32::try_from(e.row).unwrap_or(i32::MAX),
            column: e.column.clone(),
            letter: e.letter.clone(),
            code: e.code.to_owned(),
            what: (e.what.zh.to_string(), e.what.en.to_string()),
            todo: (e.todo.zh.to_string(), e.todo.en.to_string()),
        }
    }
}

/// How a column was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ColumnBody {
    /// The field it fills.
    #[schema(example = "id_number")]
    pub field: String,
    /// The header in the file.
    #[schema(example = "身份证号")]
    pub header: String,
    /// The column's letter.
    #[schema(example = "B")]
    pub letter: String,
}

/// Something the reader noticed and passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticeBody {
    /// Stable code.
    pub code: String,
    /// What was noticed.
    pub message: String,
}

/// What was understood of the file: how it was read and which columns were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnderstoodBody {
    /// xlsx, csv or tsv.
    pub format: String,
    /// The encoding of a text file.
    pub encoding: Option<String>,
    /// The sheet that was read.
    pub sheet: Option<String>,
    /// The row of the header, from 1.
    pub header_row: u32,
    /// The columns that were understood.
    pub columns: Vec<ColumnBody>,
    /// Headers that mean nothing here and were passed over.
    pub ignored: Vec<String>,
    /// Things noticed on the way, e.g. a hidden sheet.
    pub notices: Vec<NoticeBody>,
    /// The header cells as they stood, for the correction file.
    #[serde(default)]
    #[schema(ignore)]
    pub headers: Vec<String>,
}

impl From<&Understood> for UnderstoodBody {
    fn from(u: &Understood) -> Self {
        Self {
            format: u.format.code().to_owned(),
            encoding: u.encoding.map(ToOwned::to_owned),
            sheet: u.sheet.clone(),
            header_row: u.header_row,
            columns: u
                .mapping
                .iter()
                .map(|m| ColumnBody {
                    field: m.key.to_owned(),
                    header: m.header.clone(),
                    letter: m.letter.clone(),
                })
                .collect(),
            ignored: u.ignored.clone(),
            notices: u
                .notices
                .iter()
                .map(|n| NoticeBody { code: n.code.to_owned(), message: n.text.zh.to_string() })
                .collect(),
            headers: u.headers.clone(),
        }
    }
}

/// One group of faults in an import.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FaultGroupBody {
    /// The column's header.
    pub column: String,
    /// Stable code of the fault.
    #[schema(example = "id_check_digit")]
    pub code: String,
    /// How many rows have it.
    pub rows: i64,
    /// What is wrong.
    pub message: String,
}

/// What came of an import.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportBody {
    /// Id of the batch.
    pub import_id: String,
    /// What the file held.
    pub kind: ImportKind,
    /// The term.
    #[schema(value_type = String, example = "2025A")]
    pub term: Term,
    /// The place within which rows were accepted.
    #[schema(example = "341024")]
    pub place: String,
    /// True when the very same file had been imported before: nothing was changed.
    pub repeated: bool,
    /// Row counts: read = new + changed + unchanged + bad.
    pub rows: Tally,
    /// What was understood of the file.
    pub understood: UnderstoodBody,
    /// The faults, grouped; one by one at `errors_url`.
    pub faults: Vec<FaultGroupBody>,
    /// Where the faults are listed one by one.
    pub errors_url: String,
    /// Where the bad rows can be fetched as a spreadsheet to correct and send again.
    pub corrections_url: String,
}

impl Report {
    /// The answer in the caller's language.
    pub fn body(self, lang: Lang) -> ImportBody {
        ImportBody {
            errors_url: format!("/v1/imports/{}/errors", self.import_id),
            corrections_url: format!("/v1/imports/{}/corrections.xlsx", self.import_id),
            import_id: self.import_id,
            kind: self.kind,
            term: self.term,
            place: self.place,
            repeated: self.repeated,
            rows: self.rows,
            understood: UnderstoodBody { headers: Vec::new(), ..self.understood },
            faults: self
                .faults
                .into_iter()
                .map(|g| FaultGroupBody {
                    column: g.column,
                    code: g.code,
                    rows: g.rows,
                    message: pick(g.what, lang),
                })
                .collect(),
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
