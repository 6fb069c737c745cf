//! The one door for files: tells what a file is, reads it, and reports how it was understood.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::header::How;
use super::intake::{Intake, refusal};
use super::limits::Limits;
use super::reading::{Reading, no_such_sheet};
use super::row::Row;
use super::sniff::{Kind, empty, sniff};
use super::spec::SheetSpec;
use super::template::WORDS_SHEET;
use super::{delimited, gzip, lines, workbook};
use crate::error::Result;
use crate::values::Text;

/// Reads files of any accepted format.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Our own binary: started as `PROGRAM sheet-reader PATH` for workbooks.
    pub program: PathBuf,
    /// How much a file may ask of us.
    pub limits: Limits,
}

/// The format that was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A workbook (.xlsx).
    Xlsx,
    /// A workbook of the older kind (.xls, .et).
    Xls,
    /// Text separated by commas or the like.
    Csv,
    /// Text separated by tabs.
    Tsv,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    /// The format's name in code.
    pub const fn code(self) -> &'static str {
        match self {
            Format::Xlsx => "xlsx",
            Format::Xls => "xls",
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Ndjson => "ndjson",
        }
    }
}

/// One column that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedColumn {
    /// The column's name in code.
    pub key: &'static str,
    /// The column's canonical header.
    pub zh: &'static str,
    /// The header as the file has it; empty where there is none.
    pub header: String,
    /// The column's letter.
    pub letter: String,
    /// How it was recognised.
    pub how: How,
    /// Which person of the row (from 1), where several stand side by side.
    pub member: Option<u8>,
}

/// A column that means nothing to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownColumn {
    /// The column's letter.
    pub letter: String,
    /// The header as the file has it.
    pub header: String,
}

/// Something about the file that a person should know, and that is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The stable code: `hidden_sheets`, `other_sheets`, `several_sheets`, `formula_zero`, `rows_skipped`,
    /// `unknown_names`; of an import also the remarks on its rows, such as `id_area_unknown`.
    pub code: &'static str,
    /// The sentence.
    pub text: Text,
}

/// How one sheet was understood. A text file is one sheet without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRead {
    /// The sheet's name.
    pub name: Option<String>,
    /// The number of the (last) header row; 0 when the data begin at once.
    pub header_row: u32,
    /// The header cells as the file has them, by column.
    pub headers: Vec<String>,
    /// The header cells for a file with which rows of this sheet are sent again: it is understood by itself.
    pub to_send_again: Vec<String>,
    /// Which column means what.
    pub mapping: Vec<MappedColumn>,
    /// Columns that mean nothing to us.
    pub unknown: Vec<UnknownColumn>,
    /// Columns (key, canonical header) that the sheet could have and has not.
    pub missing: Vec<(&'static str, &'static str)>,
    /// Rows handed over; where several people stand side by side, people.
    pub rows: u64,
    /// Rows left out: blank, totals, notes, repeated headers, the template's example.
    pub skipped: u64,
}

/// How a file was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// The format.
    pub format: Format,
    /// The encoding of a text file: `UTF-8`, `UTF-8-BOM`, `UTF-16LE`, `UTF-16BE` or `GB18030`.
    pub encoding: Option<&'static str>,
    /// Whether the file was packed (gzip).
    pub packed: bool,
    /// The sheets that were read, in order; never empty.
    pub sheets: Vec<SheetRead>,
    /// What a person should know.
    pub notices: Vec<Notice>,
    /// Rows handed over, of all sheets.
    pub rows: u64,
    /// Rows left out, of all sheets.
    pub skipped: u64,
}

impl Reader {
    /// Reads a file as its headers say; see [`Reader::read_as`].
    pub fn read(
        &self,
        path: &Path,
        spec: &SheetSpec,
        on_row: &mut dyn FnMut(Row) -> Result<()>,
    ) -> Result<Understood> {
        self.read_as(path, spec, &Reading::default(), on_row)
    }

    /// Reads a file and hands over each row below the header, of every sheet that has one, as the sender
    /// declared it and else as the headers say. An error of the handler ends the reading and is passed on.
    ///
    /// Refusals: `EmptyFile`, `TooLarge`, `UnsupportedMediaType`, `UnreadableFile`, `HeaderNotFound`,
    /// `AmbiguousColumns`, and `InvalidInput` for a declaration that does not fit. A header without rows is
    /// no error.
    pub fn read_as(
        &self,
        path: &Path,
        spec: &SheetSpec,
        reading: &Reading,
        on_row: &mut dyn FnMut(Row) -> Result<()>,
    ) -> Result<Understood> {
        let declared = reading.declared(spec)?;
        let mut file = File::open(path)?;
        let mut kind = sniff(&mut file, &self.limits)?;
        let packed = kind == Kind::Packed;
        if packed {
            let limits = Limits { file_bytes: self.limits.unpacked_bytes, ..self.limits };
            file = gzip::unpacked(file, &limits)?;
            kind = sniff(&mut file, &limits)?;
        }
        let mut intake = Intake::new(spec, &declared, on_row);
        let mut notices = Vec::new();
        let (format, encoding) = match kind {
            Kind::Text { encoding, name, mark } => {
                if !reading.sheets.is_empty() {
                    return Err(no_such_sheet(&[]));
                }
                let format = if lines::begins(&mut file, encoding, mark)? {
                    let limits = &self.limits;
                    let unknown = lines::read(&mut file, encoding, mark, limits, spec, &mut intake)?;
                    notices.extend(about_names(&unknown));
                    Format::Ndjson
                } else {
                    delimited::read(&mut file, encoding, mark, &self.limits, &mut intake)?
                };
                intake.end_sheet()?;
                (format, Some(name))
            }
            Kind::Packed => return Err(gzip::not_of_text()),
            Kind::Workbook(_) if packed => return Err(gzip::not_of_text()),
            Kind::Workbook(format) => {
                drop(file);
                let seen = workbook::read(&self.program, path, &self.limits, &reading.sheets, &mut intake)?;
                notices.extend(about(&seen));
                (format, None)
            }
        };
        let found = intake.finish().map_err(|unfound| match unfound {
            Some(unfound) => refusal(spec, unfound),
            None => empty(),
        })?;
        let sheets: Vec<SheetRead> = found.iter().map(|f| f.told(spec)).collect();
        notices.extend(about_rows(&sheets));
        Ok(Understood {
            format,
            encoding,
            packed,
            notices,
            rows: sheets.iter().map(|s| s.rows).sum(),
            skipped: sheets.iter().map(|s| s.skipped).sum(),
            sheets,
        })
    }
}

fn about_names(unknown: &[String]) -> Option<Notice> {
    let names = unknown.join("、");
    (!unknown.is_empty()).then(|| Notice {
        code: "unknown_names",
        text: Text::new(
            format!("以下名称不认识，其内容未读取：{names}"),
            format!("these names mean nothing here and what they hold was not read: {names}"),
        ),
    })
}

fn about_rows(sheets: &[SheetRead]) -> Vec<Notice> {
    let mut notices = Vec::new();
    if sheets.len() > 1 {
        let names: Vec<&str> = sheets.iter().filter_map(|s| s.name.as_deref()).collect();
        let names = names.join("、");
        notices.push(Notice {
            code: "several_sheets",
            text: Text::new(
                format!(
                    "读取了 {} 张有表头的工作表：{names}；如只需其中几张，请用 sheets 指明",
                    sheets.len()
                ),
                format!(
                    "{} sheets have a header and were read: {names}; name those you want by `sheets`",
                    sheets.len()
                ),
            ),
        });
    }
    let skipped: u64 = sheets.iter().map(|s| s.skipped).sum();
    if skipped > 0 {
        notices.push(Notice {
            code: "rows_skipped",
            text: Text::new(
                format!("跳过了 {skipped} 行空行、合计或说明"),
                format!("{skipped} rows were skipped: blank, totals or notes"),
            ),
        });
    }
    notices
}

fn about(seen: &workbook::Seen) -> Vec<Notice> {
    let mut notices = Vec::new();
    let hidden: Vec<&str> =
        seen.hidden.iter().map(String::as_str).filter(|name| *name != WORDS_SHEET).collect();
    if !hidden.is_empty() {
        let names = hidden.join("、");
        notices.push(Notice {
            code: "hidden_sheets",
            text: Text::new(
                format!("未读取隐藏的工作表：{names}"),
                format!("hidden sheets were not read: {names}"),
            ),
        });
    }
    if !seen.others.is_empty() {
        let names = seen.others.join("、");
        notices.push(Notice {
            code: "other_sheets",
            text: Text::new(
                format!("以下工作表没有可用的表头或未被指定，未读取：{names}"),
                format!(
                    "these sheets have no usable header or were not asked for, and were not read: {names}"
                ),
            ),
        });
    }
    if seen.zero_formulas > 0 {
        let n = seen.zero_formulas;
        notices.push(Notice {
            code: "formula_zero",
            text: Text::new(
                format!("有 {n} 个公式单元格的结果为 0，可能未曾计算；请在表格软件中打开保存后核对"),
                format!("{n} formula cells have the result 0 and may never have been computed; open and save the file, then check"),
            ),
        });
    }
    notices
}
