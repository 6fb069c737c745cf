//! The one door for files: tells what a file is, reads it, and reports how it was understood.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::intake::{Intake, refusal};
use super::limits::Limits;
use super::row::Row;
use super::sniff::{Kind, empty, sniff};
use super::spec::SheetSpec;
use super::{delimited, workbook};
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
    /// Text separated by commas or the like.
    Csv,
    /// Text separated by tabs.
    Tsv,
}

impl Format {
    /// The format's name in code.
    pub const fn code(self) -> &'static str {
        match self {
            Format::Xlsx => "xlsx",
            Format::Csv => "csv",
            Format::Tsv => "tsv",
        }
    }
}

/// One column that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedColumn {
    /// The column's name in code.
    pub key: &'static str,
    /// The header as the file has it.
    pub header: String,
    /// The column's letter.
    pub letter: String,
}

/// Something about the file that a person should know, and that is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The stable code: `hidden_sheets`, `other_sheets`, `formula_zero`, `rows_skipped`.
    pub code: &'static str,
    /// The sentence.
    pub text: Text,
}

/// How a file was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// The format.
    pub format: Format,
    /// The encoding of a text file: `UTF-8`, `UTF-8-BOM`, `UTF-16LE`, `UTF-16BE` or `GB18030`.
    pub encoding: Option<&'static str>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The number of the (last) header row.
    pub header_row: u32,
    /// The header cells as the file has them, by column.
    pub headers: Vec<String>,
    /// Which column means what.
    pub mapping: Vec<MappedColumn>,
    /// Headers of columns that mean nothing to us.
    pub ignored: Vec<String>,
    /// What a person should know.
    pub notices: Vec<Notice>,
    /// Rows handed over.
    pub rows: u64,
    /// Rows left out: blank, totals, notes, repeated headers, the template's example.
    pub skipped: u64,
}

impl Reader {
    /// Reads a file and hands over each row below the header. An error of the handler ends the reading
    /// and is passed on.
    ///
    /// Refusals: `EmptyFile`, `TooLarge`, `UnsupportedMediaType`, `UnreadableFile`, `HeaderNotFound`,
    /// `AmbiguousColumns`. A header without rows is no error.
    pub fn read(
        &self,
        path: &Path,
        spec: &SheetSpec,
        on_row: &mut dyn FnMut(Row) -> Result<()>,
    ) -> Result<Understood> {
        let mut file = File::open(path)?;
        let kind = sniff(&mut file, &self.limits)?;
        let mut intake = Intake::new(spec, on_row);
        let mut notices = Vec::new();
        let (format, encoding, sheet, unfound) = match kind {
            Kind::Text { encoding, name, mark } => {
                let format = delimited::read(&mut file, encoding, mark, &self.limits, &mut intake)?;
                intake.end_sheet()?;
                (format, Some(name), None, None)
            }
            Kind::Package => {
                drop(file);
                let seen = workbook::read(&self.program, path, &self.limits, &mut intake)?;
                notices.extend(about(&seen));
                (Format::Xlsx, None, seen.sheet, seen.unfound)
            }
        };
        let Some(found) = intake.found() else {
            return Err(match unfound.or_else(|| intake.next_sheet()) {
                Some(unfound) => refusal(spec, unfound),
                None => empty(),
            });
        };
        if intake.skipped > 0 {
            let n = intake.skipped;
            notices.push(Notice {
                code: "rows_skipped",
                text: Text::new(
                    format!("跳过了 {n} 行空行、合计或说明"),
                    format!("{n} rows were skipped: blank, totals or notes"),
                ),
            });
        }
        Ok(Understood {
            format,
            encoding,
            sheet,
            header_row: found.row,
            headers: found.columns.headers.clone(),
            mapping: found.mapping(),
            ignored: found.ignored.clone(),
            notices,
            rows: intake.rows,
            skipped: intake.skipped,
        })
    }
}

fn about(seen: &workbook::Seen) -> Vec<Notice> {
    let mut notices = Vec::new();
    if !seen.hidden.is_empty() {
        let names = seen.hidden.join("、");
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
                format!("只读取了一张工作表，以下工作表未读取：{names}；如有数据请合并或另行上传"),
                format!(
                    "only one sheet was read; these were not: {names}; merge them or send them separately"
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
