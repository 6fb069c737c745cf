//! From raw rows to rows under a header: holds back the first rows until the header is known, then lets
//! the rest through one by one, leaving out what is not data (blank rows, totals, notes, the example).

use std::sync::{Arc, LazyLock};

use super::cell::Cell;
use super::header::{self, Columns, Header, SEARCHED_ROWS, Unfound, letter, normal};
use super::reader::MappedColumn;
use super::row::Row;
use super::spec::SheetSpec;
use crate::error::{Code, Error, Result};
use crate::values::Text;

/// How a row begins that sums up or comments instead of naming a student.
const NOT_DATA: [&str; 16] = [
    "合计",
    "总计",
    "小计",
    "共计",
    "累计",
    "总人数",
    "人数合计",
    "金额合计",
    "备注",
    "说明",
    "注:",
    "注1",
    "制表",
    "填表",
    "审核",
    "负责人",
];
/// The same in the form in which cells are compared, made once and not for every row.
static NOT_DATA_NORMAL: LazyLock<Vec<String>> = LazyLock::new(|| NOT_DATA.map(normal).to_vec());

/// How the example row of our own templates begins.
const EXAMPLE: &str = "示例";

/// The fewest characters of a number that names a person: the old resident id.
const SHORTEST_ID: usize = 15;

/// Blank rows above a header are held back too; no sheet has this many.
const MOST_WAITING: usize = 1000;

/// What a row handler looks like.
pub(super) type OnRow<'a> = &'a mut dyn FnMut(Row) -> Result<()>;

/// One sheet on its way in.
pub(super) struct Intake<'a> {
    spec: &'a SheetSpec,
    on_row: OnRow<'a>,
    waiting: Vec<(u32, Vec<Cell>)>,
    filled: usize,
    header: Option<Found>,
    unfound: Option<Unfound>,
    pub rows: u64,
    pub skipped: u64,
}

/// The header that was settled on.
pub(super) struct Found {
    pub row: u32,
    pub columns: Arc<Columns>,
    pub ignored: Vec<String>,
    texts: Vec<String>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(spec: &'a SheetSpec, on_row: OnRow<'a>) -> Self {
        Self {
            spec,
            on_row,
            waiting: Vec::new(),
            filled: 0,
            header: None,
            unfound: None,
            rows: 0,
            skipped: 0,
        }
    }

    /// Takes the next row of the sheet.
    pub(super) fn feed(&mut self, number: u32, cells: Vec<Cell>) -> Result<()> {
        if self.header.is_some() {
            return self.pass(number, cells);
        }
        if self.unfound.is_some() {
            return Ok(());
        }
        self.filled += usize::from(!cells.iter().all(Cell::is_blank));
        self.waiting.push((number, cells));
        // One more than is searched: the last searched row may be the upper of two.
        let enough = self.filled > SEARCHED_ROWS || self.waiting.len() > MOST_WAITING;
        if enough { self.settle() } else { Ok(()) }
    }

    /// Ends the sheet. `true` when its header was found, `false` when another sheet may be tried.
    pub(super) fn end_sheet(&mut self) -> Result<bool> {
        if self.header.is_none() && self.unfound.is_none() {
            self.settle()?;
        }
        Ok(self.header.is_some())
    }

    /// Starts over with another sheet, keeping the better explanation of why the last one failed.
    pub(super) fn next_sheet(&mut self) -> Option<Unfound> {
        self.waiting.clear();
        self.filled = 0;
        self.unfound.take()
    }

    /// The header, once found.
    pub(super) fn found(&self) -> Option<&Found> {
        self.header.as_ref()
    }

    fn settle(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if std::mem::take(&mut self.filled) == 0 {
            return Ok(());
        }
        match header::find(&waiting, self.spec) {
            Ok(Header { above, row, columns, ignored }) => {
                let texts = columns.headers.iter().map(|h| normal(h)).collect();
                self.header = Some(Found { row, columns: Arc::new(columns), ignored, texts });
                waiting.into_iter().skip(above).try_for_each(|(number, cells)| self.pass(number, cells))
            }
            Err(unfound) => {
                self.unfound = Some(unfound);
                Ok(())
            }
        }
    }

    fn pass(&mut self, number: u32, cells: Vec<Cell>) -> Result<()> {
        let Some(found) = &self.header else { return Ok(()) };
        if found.is_not_data(&cells) {
            self.skipped += 1;
            return Ok(());
        }
        self.rows += 1;
        (self.on_row)(Row { number, cells, columns: Arc::clone(&found.columns) })
    }
}

impl Found {
    /// The mapping as it is told to the person who sent the file.
    pub(super) fn mapping(&self) -> Vec<MappedColumn> {
        let told = |m: &header::Mapped| MappedColumn {
            key: m.key,
            header: m.header.clone(),
            letter: letter(m.index),
        };
        self.columns.mapped.iter().map(told).collect()
    }

    fn is_not_data(&self, cells: &[Cell]) -> bool {
        let Some(first) = cells.iter().find(|c| !c.is_blank()) else { return true };
        let first = normal(&first.display());
        if first.starts_with(EXAMPLE) {
            return true;
        }
        // A student may be called anything, so a total is a total only where nobody is identified: an id, a
        // student number or a card in any column makes the row a student's.
        if NOT_DATA_NORMAL.iter().any(|word| first.starts_with(word)) && !cells.iter().any(identifies) {
            return true;
        }
        let cell = |index: usize| cells.get(index).filter(|c| !c.is_blank());
        // A header repeated on a later page.
        self.columns.mapped.iter().all(|m| {
            let here = cell(m.index).map(|c| normal(&c.display())).unwrap_or_default();
            self.texts.get(m.index) == Some(&here)
        })
    }
}

/// Whether a cell holds a long number such as an id, whole or damaged: no total of a sheet is as long.
fn identifies(cell: &Cell) -> bool {
    let text = normal(&cell.display());
    cell.is_imprecise() || (text.len() >= SHORTEST_ID && text.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The refusal for a file in which no header was found.
pub(super) fn refusal(spec: &SheetSpec, unfound: Unfound) -> Error {
    match unfound {
        Unfound::Ambiguous(zh, first, second) => Error::new(
            Code::AmbiguousColumns,
            Text::new(
                format!("{first} 列和 {second} 列都是“{zh}”；请只保留一列，或给另一列换个名称"),
                format!("columns {first} and {second} both mean {zh}; keep one of them or rename the other"),
            ),
        ),
        Unfound::Missing(found, missing) => {
            let missing = missing.join("、");
            let (zh, en) = if found.is_empty() {
                (
                    format!("前 {SEARCHED_ROWS} 行里找不到“{}”的表头；至少要有这些列：{missing}", spec.zh),
                    format!(
                        "no header of a {} sheet in the first {SEARCHED_ROWS} rows; at least these columns are needed: {missing}",
                        spec.kind
                    ),
                )
            } else {
                let found = found.join("、");
                (
                    format!("表头中认出了 {found}，但缺少：{missing}；请补上缺少的列"),
                    format!("the header has {found} but lacks {missing}; add the missing columns"),
                )
            };
            Error::new(Code::HeaderNotFound, Text::new(zh, en))
        }
    }
}
