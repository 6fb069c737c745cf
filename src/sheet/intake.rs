//! From raw rows to rows under a header: holds back the first rows until the header is known, then lets
//! the rest through one by one, leaving out what is not data (blank rows, totals, notes, the example).

use std::sync::{Arc, LazyLock};

use super::cell::Cell;
use super::header::{self, Columns, Header, SEARCHED_ROWS, Unfound, letter, normal};
use super::reader::{MappedColumn, SheetRead, UnknownColumn};
use super::reading::{Declared, not_there};
use super::row::Row;
use super::spec::SheetSpec;
use super::template::EXAMPLE_NAME;
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

/// The fewest characters of a number that names a person: the old resident id.
const SHORTEST_ID: usize = 15;

/// Blank rows above a header are held back too; no sheet has this many.
const MOST_WAITING: usize = 1000;

/// What a row handler looks like.
pub(super) type OnRow<'a> = &'a mut dyn FnMut(Row) -> Result<()>;

/// A file on its way in, sheet by sheet.
pub(super) struct Intake<'a> {
    spec: &'a SheetSpec,
    declared: &'a Declared,
    on_row: OnRow<'a>,
    waiting: Vec<(u32, Vec<Cell>)>,
    filled: usize,
    sheet: Option<String>,
    header: Option<Found>,
    unfound: Option<Unfound>,
    /// The sheets that were taken, in order.
    done: Vec<Found>,
    /// Why the first sheet without a header was not taken.
    first_unfound: Option<Unfound>,
    /// The line of the last row handed over, and of the last one of the earlier sheets.
    line: u32,
    before: u32,
}

/// A sheet whose header was found.
pub(super) struct Found {
    pub row: u32,
    people: Vec<Arc<Columns>>,
    texts: Vec<String>,
    pub rows: u64,
    pub skipped: u64,
}

impl<'a> Intake<'a> {
    pub(super) fn new(spec: &'a SheetSpec, declared: &'a Declared, on_row: OnRow<'a>) -> Self {
        Self {
            spec,
            declared,
            on_row,
            waiting: Vec::new(),
            filled: 0,
            sheet: None,
            header: None,
            unfound: None,
            done: Vec::new(),
            first_unfound: None,
            line: 0,
            before: 0,
        }
    }

    /// Begins a sheet of a workbook.
    pub(super) fn begin_sheet(&mut self, name: &str) {
        self.sheet = Some(name.to_owned());
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

    /// Ends the sheet. `true` when its header was found and its rows were taken.
    pub(super) fn end_sheet(&mut self) -> Result<bool> {
        if self.header.is_none() && self.unfound.is_none() {
            self.settle()?;
        }
        self.filled = 0;
        self.waiting.clear();
        let unfound = self.unfound.take();
        self.first_unfound = self.first_unfound.take().or(unfound);
        let taken = self.header.is_some();
        self.before = self.line;
        self.done.extend(self.header.take());
        Ok(taken)
    }

    /// The sheets that were taken; or why none was (`None`: there was nothing in the file).
    pub(super) fn finish(self) -> Result<Vec<Found>, Option<Unfound>> {
        if self.done.is_empty() { Err(self.first_unfound) } else { Ok(self.done) }
    }

    fn settle(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if std::mem::take(&mut self.filled) == 0 {
            return Ok(());
        }
        match header::find(&waiting, self.spec, self.declared) {
            Ok(Header { above, row, mut people }) => {
                for columns in &mut people {
                    columns.sheet.clone_from(&self.sheet);
                }
                let headers = people.first().map(|c| c.headers.as_slice()).unwrap_or_default();
                let texts = headers.iter().map(|h| normal(h)).collect();
                let people = people.into_iter().map(Arc::new).collect();
                self.header = Some(Found { row, people, texts, rows: 0, skipped: 0 });
                waiting.into_iter().skip(above).try_for_each(|(number, cells)| self.pass(number, cells))
            }
            Err(unfound) => {
                self.unfound = Some(unfound);
                Ok(())
            }
        }
    }

    fn pass(&mut self, number: u32, cells: Vec<Cell>) -> Result<()> {
        let Some(found) = &mut self.header else { return Ok(()) };
        if found.is_not_data(&cells) {
            found.skipped += 1;
            return Ok(());
        }
        let line = self.before.saturating_add(number);
        self.line = line;
        let row = |cells, member, columns: &Arc<Columns>| Row {
            number,
            line,
            member,
            cells,
            columns: Arc::clone(columns),
        };
        // A row names those whose own cells are filled; a row in which nobody's are is the first one's, to
        // be told what is missing.
        let mut people = (0_u8..).zip(&found.people);
        let Some((_, first)) = people.next() else { return Ok(()) };
        let further: Vec<(u8, &Arc<Columns>)> =
            people.filter(|(_, columns)| Found::names(columns, first, &cells)).collect();
        let alone = further.is_empty();
        let first_is_there =
            alone || found.people.get(1).is_none_or(|next| Found::names(first, next, &cells));
        found.rows += u64::from(first_is_there) + u64::try_from(further.len()).unwrap_or(0);
        if alone {
            return (self.on_row)(row(cells, 0, first));
        }
        if first_is_there {
            (self.on_row)(row(cells.clone(), 0, first))?;
        }
        further.into_iter().try_for_each(|(member, c)| (self.on_row)(row(cells.clone(), member, c)))
    }
}

impl Found {
    /// The sheet as it is told to the person who sent the file.
    pub(super) fn told(&self, spec: &SheetSpec) -> SheetRead {
        let people: Vec<Columns> = self.people.iter().map(|c| Columns::clone(c)).collect();
        let headers = people.first().map(|c| c.headers.clone()).unwrap_or_default();
        let first = people.first().map(|c| c.mapped.as_slice()).unwrap_or_default();
        let mut mapping: Vec<MappedColumn> = Vec::new();
        for (member, mapped) in (1..).zip(&people).flat_map(|(n, c)| c.mapped.iter().map(move |m| (n, m))) {
            let shared = member > 1
                && first.iter().any(|m| m.index == mapped.index && m.column.key == mapped.column.key);
            if !shared {
                mapping.push(MappedColumn {
                    key: mapped.column.key,
                    zh: mapped.column.zh,
                    header: mapped.header.clone(),
                    letter: letter(mapped.index),
                    how: mapped.how,
                    member: (people.len() > 1).then_some(member),
                });
            }
        }
        let used = |index: usize| people.iter().flat_map(|c| &c.mapped).any(|m| m.index == index);
        let unknown = (0..headers.len()).filter(|index| !used(*index)).filter_map(|index| {
            let header = headers.get(index).filter(|h| !h.is_empty())?;
            Some(UnknownColumn { letter: letter(index), header: header.clone() })
        });
        let missing = spec.columns.iter().filter(|c| !first.iter().any(|m| m.column.key == c.key));
        SheetRead {
            name: people.first().and_then(|c| c.sheet.clone()),
            header_row: self.row,
            unknown: unknown.collect(),
            missing: missing.map(|c| (c.key, c.zh)).collect(),
            to_send_again: header::to_send_again(spec, &people),
            headers,
            mapping,
            rows: self.rows,
            skipped: self.skipped,
        }
    }

    /// Whether a row fills a cell that only this person of the row has.
    fn names(columns: &Columns, other: &Columns, cells: &[Cell]) -> bool {
        let shared = |index: usize| other.mapped.iter().any(|m| m.index == index);
        let filled = |index: usize| cells.get(index).is_some_and(|c| !c.is_blank());
        columns.mapped.iter().any(|m| !shared(m.index) && filled(m.index))
    }

    fn is_not_data(&self, cells: &[Cell]) -> bool {
        let Some(first) = cells.iter().find(|c| !c.is_blank()) else { return true };
        let first = normal(&first.display());
        // The example row of our own templates, whatever became of the mark before it. A row that was written
        // over the example has another name, and is a student's.
        if cells.iter().any(|cell| matches!(cell, Cell::Text(text) if text == EXAMPLE_NAME)) {
            return true;
        }
        // A student may be called anything, so a total is a total only where nobody is identified: an id, a
        // student number or a card in any column makes the row a student's.
        if NOT_DATA_NORMAL.iter().any(|word| first.starts_with(word)) && !cells.iter().any(identifies) {
            return true;
        }
        let Some(columns) = self.people.first().filter(|_| self.row > 0) else { return false };
        let cell = |index: usize| cells.get(index).filter(|c| !c.is_blank());
        // A header repeated on a later page.
        columns.mapped.iter().all(|m| {
            let here = cell(m.index).map(|c| normal(&c.display())).unwrap_or_default();
            self.texts.get(m.index) == Some(&here)
        })
    }
}

/// Whether a cell holds a long number such as an id, whole or damaged: no total of a sheet is as long.
fn identifies(cell: &Cell) -> bool {
    cell.is_imprecise() || names_somebody(&normal(&cell.display()))
}

/// Whether a text, in the form in which cells are compared, is a number as long as an id.
pub(super) fn names_somebody(text: &str) -> bool {
    text.len() >= SHORTEST_ID && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The refusal for a file in which no header was found.
pub(super) fn refusal(spec: &SheetSpec, unfound: Unfound) -> Error {
    match unfound {
        Unfound::NotThere(column) => not_there(column),
        Unfound::Ambiguous(zh, first, second) => Error::new(
            Code::AmbiguousColumns,
            Text::new(
                format!(
                    "{first} 列和 {second} 列都是“{zh}”；请只保留一列、给另一列换个名称，或用 mapping 指明用哪一列（多人并排时写成列表）"
                ),
                format!(
                    "columns {first} and {second} both mean {zh}; keep one, rename the other, or say by `mapping` which it is (a list where several people stand side by side)"
                ),
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
