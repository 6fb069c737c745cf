//! A table given out, the same for every slice: as a workbook with a cover, or as CSV.
//!
//! Rows are written as they come into a file that has no name and is gone with its handle, so that memory
//! stays flat however long the table, and what must be told before the first byte (a length, what an encoding
//! could not hold) is known.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};

use chrono::NaiveDateTime;

use super::csv_out::{CsvEncoding, CsvOut};
use super::out::{OutCell, OutColumn};
use super::write::XlsxOut;
use crate::error::{Error, Result};

/// What a workbook says of itself on its first sheet: what it is, when it was made, for which scope, and the
/// digests of what it was made from.
#[derive(Debug, Clone)]
pub struct Cover {
    lines: Vec<(String, String)>,
}

impl Cover {
    /// The cover of a table: what it is, and when (UTC) it was made.
    pub fn new(what: &str, made_at: NaiveDateTime) -> Self {
        let made_at = format!("{} UTC", made_at.format("%Y-%m-%d %H:%M:%S"));
        Self { lines: vec![("内容".to_owned(), what.to_owned()), ("生成时间".to_owned(), made_at)] }
    }

    /// The same cover with a further line.
    #[must_use]
    pub fn line(mut self, what: &str, value: impl Into<String>) -> Self {
        self.lines.push((what.to_owned(), value.into()));
        self
    }

    /// The same cover with the scope: a place, and the school if it is only of one.
    #[must_use]
    pub fn scope(self, place: &str, school: Option<&str>) -> Self {
        let cover = self.line("行政区划", place);
        match school {
            Some(school) => cover.line("学校标识码", school),
            None => cover,
        }
    }

    /// The same cover with the digest (SHA-256, hex) of something that the table was made from.
    #[must_use]
    pub fn digest(self, of: &str, digest: &str) -> Self {
        self.line(&format!("{of}摘要"), format!("sha256:{digest}"))
    }

    /// The lines: what, value.
    pub fn lines(&self) -> &[(String, String)] {
        &self.lines
    }
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// A workbook (.xlsx).
    Xlsx,
    /// CSV in an encoding.
    Csv(CsvEncoding),
}

impl ExportForm {
    /// The ending of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            ExportForm::Xlsx => "xlsx",
            ExportForm::Csv(_) => "csv",
        }
    }
}

/// An export being written.
pub struct Export(Writing);

enum Writing {
    Xlsx(Box<XlsxOut>),
    Csv(CsvOut<BufWriter<File>>, CsvEncoding),
}

/// An export that is done, in a file at its beginning.
#[derive(Debug)]
pub struct Exported {
    /// The file; it has no name.
    pub file: File,
    /// Its form.
    pub form: ExportForm,
    /// What the encoding could not hold, if there was any such thing: how many characters, which, in which
    /// rows.
    pub lost: Option<String>,
}

impl Export {
    /// Begins an export: the sheet's name, its columns, and the cover, which CSV has no place for.
    pub fn begin(form: ExportForm, name: &str, columns: Vec<OutColumn>, cover: &Cover) -> Result<Self> {
        Self::titled(form, name, None, columns, cover)
    }

    /// [`Export::begin`] with a title above the header, for a sheet that is put up as it is; CSV has none.
    pub fn titled(
        form: ExportForm,
        name: &str,
        title: Option<&str>,
        columns: Vec<OutColumn>,
        cover: &Cover,
    ) -> Result<Self> {
        Ok(Self(match form {
            ExportForm::Xlsx => Writing::Xlsx(Box::new(XlsxOut::with(name, columns, title, cover.lines())?)),
            ExportForm::Csv(encoding) => {
                let headers: Vec<&str> = columns.iter().map(|c| c.header.as_str()).collect();
                let to = BufWriter::new(tempfile::tempfile()?);
                Writing::Csv(CsvOut::new(to, encoding, &headers)?, encoding)
            }
        }))
    }

    /// Goes on with another table: a further sheet of a workbook. CSV is one table, so there the rows that
    /// follow must have the columns it began with.
    pub fn sheet(&mut self, name: &str, columns: Vec<OutColumn>) -> Result<()> {
        match &mut self.0 {
            Writing::Xlsx(out) => out.another(name, columns),
            Writing::Csv(..) => Ok(()),
        }
    }

    /// Writes the next row.
    pub fn row(&mut self, cells: &[OutCell]) -> Result<()> {
        match &mut self.0 {
            Writing::Xlsx(out) => out.row(cells),
            Writing::Csv(out, _) => out.row(cells),
        }
    }

    /// Ends the export.
    pub fn finish(self) -> Result<Exported> {
        let (to, form, lost) = match self.0 {
            Writing::Xlsx(out) => {
                let mut to = BufWriter::new(tempfile::tempfile()?);
                out.save_to(&mut to)?;
                (to, ExportForm::Xlsx, None)
            }
            Writing::Csv(out, encoding) => {
                let (to, lost) = out.finish()?;
                (to, ExportForm::Csv(encoding), lost.told())
            }
        };
        Ok(Exported { file: rewound(to)?, form, lost })
    }
}

/// The file behind a writer, at its beginning.
pub(crate) fn rewound(mut to: BufWriter<File>) -> Result<File> {
    to.flush()?;
    let mut file = to.into_inner().map_err(|e| Error::from(e.into_error()))?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
