//! An import as it is told over HTTP: what was understood of the file, what came of its rows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Fault, ImportKind, Report, Tally, pick};
use super::preview::PreviewRow;
use crate::sheet::{SheetRead, Understood};
use crate::values::{Lang, Term};

/// How a column was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ColumnBody {
    /// The column's letter.
    #[schema(example = "B")]
    pub letter: String,
    /// The header in the file; empty where there is none.
    #[schema(example = "证件号码")]
    pub header: String,
    /// The field it fills.
    #[schema(example = "id_number")]
    pub field: String,
    /// The field's Chinese name.
    #[serde(default)]
    #[schema(example = "身份证号")]
    pub name: String,
    /// How it was recognised: `name`, `synonym`, `without_remark`, `two_rows` or `declared`.
    #[serde(default)]
    #[schema(example = "synonym")]
    pub recognised_by: String,
    /// Which person of a row, from 1, where several stand side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<u8>,
}

/// A column that means nothing here and was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnknownColumnBody {
    /// The column's letter.
    #[schema(example = "H")]
    pub letter: String,
    /// The header in the file.
    #[schema(example = "备注")]
    pub header: String,
}

/// A column that the file could have and has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissingColumnBody {
    /// The field.
    #[schema(example = "phone")]
    pub field: String,
    /// Its Chinese name: a column with this header would be understood.
    #[schema(example = "联系电话")]
    pub name: String,
}

/// Something the reader noticed and passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticeBody {
    /// Stable code.
    pub code: String,
    /// What was noticed.
    pub message: String,
    /// The same in English, as it is stored.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(ignore)]
    pub en: String,
}

impl NoticeBody {
    /// The sentence in a language; what was stored without English is told in Chinese.
    pub fn in_lang(&self, lang: Lang) -> &str {
        if lang == Lang::En && !self.en.is_empty() { &self.en } else { &self.message }
    }
}

/// How one sheet was understood. A text file is one sheet without a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SheetBody {
    /// The sheet's name.
    pub sheet: Option<String>,
    /// The row of the header, from 1; 0 when the data begin at once.
    pub header_row: u32,
    /// The columns that were understood.
    pub mapping: Vec<ColumnBody>,
    /// Columns that mean nothing here and were passed over.
    pub unknown: Vec<UnknownColumnBody>,
    /// Optional columns that the sheet does not have.
    pub missing: Vec<MissingColumnBody>,
    /// Rows read; people, where several stand side by side.
    pub rows: u64,
    /// Rows passed over: blank, totals, notes, repeated headers, the template's example.
    pub skipped: u64,
    /// The header cells with which rows are sent again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub to_send_again: Vec<String>,
}

/// What was understood of the file: how it was read and which columns were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnderstoodBody {
    /// xlsx, xls, csv or tsv.
    pub format: String,
    /// The encoding of a text file.
    pub encoding: Option<String>,
    /// Whether the file came packed (.gz).
    #[serde(default)]
    pub packed: bool,
    /// The sheets that were read.
    #[serde(default)]
    pub sheets: Vec<SheetBody>,
    /// Things noticed on the way, e.g. a hidden sheet.
    pub notices: Vec<NoticeBody>,
}

impl From<&SheetRead> for SheetBody {
    fn from(s: &SheetRead) -> Self {
        let mapping = s.mapping.iter().map(|m| ColumnBody {
            letter: m.letter.clone(),
            header: m.header.clone(),
            field: m.key.to_owned(),
            name: m.zh.to_owned(),
            recognised_by: m.how.code().to_owned(),
            member: m.member,
        });
        let unknown = s.unknown.iter();
        let unknown =
            unknown.map(|u| UnknownColumnBody { letter: u.letter.clone(), header: u.header.clone() });
        let missing = s.missing.iter();
        let missing =
            missing.map(|(key, zh)| MissingColumnBody { field: (*key).to_owned(), name: (*zh).to_owned() });
        Self {
            sheet: s.name.clone(),
            header_row: s.header_row,
            mapping: mapping.collect(),
            unknown: unknown.collect(),
            missing: missing.collect(),
            rows: s.rows,
            skipped: s.skipped,
            to_send_again: s.to_send_again.clone(),
        }
    }
}

impl From<&Understood> for UnderstoodBody {
    fn from(u: &Understood) -> Self {
        let notices = u.notices.iter();
        let notices = notices.map(|n| NoticeBody {
            code: n.code.to_owned(),
            message: n.text.zh.to_string(),
            en: n.text.en.to_string(),
        });
        Self {
            format: u.format.code().to_owned(),
            encoding: u.encoding.map(ToOwned::to_owned),
            packed: u.packed,
            sheets: u.sheets.iter().map(SheetBody::from).collect(),
            notices: notices.collect(),
        }
    }
}

/// One group of faults in an import.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FaultGroupBody {
    /// The column's header.
    #[schema(example = "身份证号")]
    pub column: String,
    /// The column's letter; empty where the file lacks the column.
    #[schema(example = "B")]
    pub letter: String,
    /// Stable code of the fault.
    #[schema(example = "id_precision_lost")]
    pub code: String,
    /// How many rows have it.
    pub rows: i64,
    /// Of how many rows.
    pub of: i64,
    /// What is wrong.
    pub message: String,
    /// All of this in a sentence.
    #[schema(example = "2000 行中 137 行：身份证号（B 列）号码被存成了数字，超过 15 位的部分已经丢失")]
    pub summary: String,
}

/// One fault of one cell.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FaultBody {
    /// The sheet; absent for a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Row number in the sheet, from 1.
    pub row: i32,
    /// Header of the column.
    #[schema(example = "身份证号")]
    pub column: String,
    /// Letter of the column; empty when the fault is of the whole row.
    #[schema(example = "B")]
    pub letter: String,
    /// Stable code.
    #[schema(example = "id_check_digit")]
    pub code: String,
    /// What is wrong. Never repeats the cell.
    pub what: String,
    /// What to do.
    pub todo: String,
}

impl FaultBody {
    /// The fault in a language.
    pub fn of(fault: Fault, lang: Lang) -> Self {
        Self {
            sheet: fault.sheet,
            row: fault.row,
            column: fault.column,
            letter: fault.letter,
            code: fault.code,
            what: pick(fault.what, lang),
            todo: pick(fault.todo, lang),
        }
    }
}

/// What came of an import, or of its rehearsal.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportBody {
    /// Id of the batch; null for a rehearsal, which leaves none.
    pub import_id: Option<String>,
    /// True for a rehearsal (`dry_run=true`): nothing was written.
    pub dry_run: bool,
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
    /// Where the faults are listed one by one; null for a rehearsal.
    pub errors_url: Option<String>,
    /// Where the bad rows can be fetched as a spreadsheet to correct and send again; null for a rehearsal.
    pub corrections_url: Option<String>,
    /// Where it is proposed which ids were meant in rows refused for theirs: the search is begun by the import
    /// itself. Absent where there is nothing to look for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposals_url: Option<String>,
    /// Of a rehearsal: the first rows as they were understood. Names and numbers are masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preview: Vec<PreviewRow>,
    /// Of a rehearsal: the first faults, one per bad cell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub first_errors: Vec<FaultBody>,
}

impl Report {
    /// The answer in the caller's language.
    pub fn body(self, lang: Lang) -> ImportBody {
        let read = self.rows.read;
        let proposals_url =
            self.may_have_proposals().then(|| format!("/v1/proposals?import={}", self.import_id));
        let faults = self.faults.into_iter().map(|g| {
            let message = pick(g.what, lang);
            let at = if g.letter.is_empty() { String::new() } else { format!("（{} 列）", g.letter) };
            let summary = match lang {
                Lang::Zh => format!("{read} 行中 {} 行：{}{at}{message}", g.rows, g.column),
                Lang::En => {
                    let at =
                        if g.letter.is_empty() { String::new() } else { format!(" (column {})", g.letter) };
                    format!("{} of {read} rows: {}{at}: {message}", g.rows, g.column)
                }
            };
            FaultGroupBody {
                column: g.column,
                letter: g.letter,
                code: g.code,
                rows: g.rows,
                of: read,
                message,
                summary,
            }
        });
        let faults = faults.collect();
        let dry_run = self.rehearsal.is_some();
        let told = self.rehearsal.unwrap_or_default();
        let url = |what: &str| (!dry_run).then(|| format!("/v1/imports/{}/{what}", self.import_id));
        let mut understood = self.understood;
        for sheet in &mut understood.sheets {
            sheet.to_send_again.clear();
        }
        for notice in &mut understood.notices {
            notice.message = notice.in_lang(lang).to_owned();
            notice.en.clear();
        }
        ImportBody {
            errors_url: url("errors"),
            corrections_url: url("corrections.xlsx"),
            proposals_url,
            import_id: (!dry_run).then_some(self.import_id),
            dry_run,
            kind: self.kind,
            term: self.term,
            place: self.place,
            repeated: self.repeated,
            rows: self.rows,
            understood,
            faults,
            preview: told.rows,
            first_errors: told.faults.into_iter().map(|f| FaultBody::of(f, lang)).collect(),
        }
    }
}
