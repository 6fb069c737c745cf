//! Finding the header among the first rows: title rows above it, one or two rows of it, merged cells.
//!
//! The header is the row (or pair of rows) that names the most columns we know and all that must be
//! there; what the sender declared comes before what a header says. Pure: rows in, the mapping out.

mod names;

pub use names::How;
pub(super) use names::{Names, normal};

use super::cell::Cell;
use super::reading::{Declared, Place};
use super::spec::{CellKind, ColumnSpec, SheetSpec};
use names::{member_of, of_member};

/// How many rows with content are searched.
pub(super) const SEARCHED_ROWS: usize = 20;

/// A group header with one of these words is about somebody else than the row's student, so that 监护人
/// over 姓名 is not the student's name.
const OTHERS: [&str; 9] = ["监护", "家长", "户主", "父亲", "母亲", "联系人", "经办", "班主任", "领取"];

/// The key of the column that belongs to one person even where a row names several: it is never shared.
pub const OF_ONE_PERSON: &str = "student_number";

/// The columns of a sheet for one person of its rows, by key.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub spec: &'static [ColumnSpec],
    pub mapped: Vec<Mapped>,
    pub headers: Vec<String>,
    /// The sheet's name; text files have none.
    pub sheet: Option<String>,
}

/// A column that was understood.
#[derive(Debug, Clone)]
pub(super) struct Mapped {
    pub column: &'static ColumnSpec,
    pub header: String,
    pub index: usize,
    pub how: How,
    /// The header says 万元.
    pub ten_thousands: bool,
}

impl Columns {
    pub(super) fn get(&self, key: &str) -> Option<&Mapped> {
        self.mapped.iter().find(|m| m.column.key == key)
    }
}

/// A header that was found.
#[derive(Debug)]
pub(super) struct Header {
    /// How many of the searched rows come before the data.
    pub above: usize,
    /// The number of the (last) header row in the sheet; 0 when the data begin at once.
    pub row: u32,
    /// The columns of each person of a row: one person, but where several stand side by side.
    pub people: Vec<Columns>,
}

/// Why no header was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfound {
    /// No row names all that must be there: (canonical names found, names missing).
    Missing(Vec<&'static str>, Vec<String>),
    /// Two columns (by letter) mean the same (canonical name).
    Ambiguous(&'static str, String, String),
    /// A declared header that no column has.
    NotThere(&'static ColumnSpec),
}

/// The letter of a column, counted from 0: A, …, Z, AA, ….
pub fn letter(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// Finds the header in the first rows of a sheet (number, cells).
pub(super) fn find(
    rows: &[(u32, Vec<Cell>)],
    spec: &SheetSpec,
    declared: &Declared,
) -> Result<Header, Unfound> {
    let names = Names::of(spec);
    let mut best: Option<(Candidate, usize, u32)> = None;
    for (at, (number, cells)) in rows.iter().enumerate() {
        let single = Candidate::of(&names, declared, &texts(cells), None);
        let pair = rows.get(at + 1).map(|(next, below)| {
            (Candidate::of(&names, declared, &texts(below), Some(&texts(cells))), at + 2, *next)
        });
        for (candidate, above, row) in [Some((single, at + 1, *number)), pair].into_iter().flatten() {
            let better = best.as_ref().is_none_or(|(b, _, _)| candidate.rank(spec) > b.rank(spec));
            if better && !candidate.is_data {
                best = Some((candidate, above, row));
            }
        }
    }
    let no_header = || (Candidate::of(&names, declared, &[], None), 0, 0);
    let (candidate, above, row) = match best {
        Some((candidate, above, row)) if candidate.words > 0 || !candidate.all_declared() => {
            (candidate, above, row)
        }
        Some(best) if declared.columns.is_empty() => best,
        // Every column is declared and no row has words above them: the data begin at once.
        _ => no_header(),
    };
    if let Some(column) = candidate.not_there {
        return Err(Unfound::NotThere(column));
    }
    if let Some((zh, first, second)) = candidate.clash {
        return Err(Unfound::Ambiguous(zh, letter(first), letter(second)));
    }
    let found = candidate.people.first().map(Vec::as_slice).unwrap_or_default();
    let missing = missing(spec, found);
    if !missing.is_empty() {
        return Err(Unfound::Missing(found.iter().map(|m| m.column.zh).collect(), missing));
    }
    let headers = candidate.headers;
    let people = candidate.people.into_iter().map(|mapped| Columns {
        spec: spec.columns,
        mapped,
        headers: headers.clone(),
        sheet: None,
    });
    Ok(Header { above, row, people: people.collect() })
}

/// Names of required columns and of either-groups that the matched columns do not cover.
fn missing(spec: &SheetSpec, mapped: &[Mapped]) -> Vec<String> {
    let has = |key: &str| mapped.iter().any(|m| m.column.key == key);
    let single = spec.columns.iter().filter(|c| c.required && !has(c.key)).map(|c| c.zh.to_owned());
    let groups = spec.either.iter().filter(|group| !group.iter().any(|key| has(key))).map(|group| {
        let names: Vec<&str> = group.iter().filter_map(|key| spec.column(key)).map(|c| c.zh).collect();
        names.join(" 或 ")
    });
    single.chain(groups).collect()
}

fn texts(cells: &[Cell]) -> Vec<String> {
    // A header is words; numbers and dates in a row are data and match nothing.
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.split_whitespace().collect::<String>(),
        _ => String::new(),
    };
    cells.iter().map(text).collect()
}

/// The header cells as a correction book writes them: such that the book, sent in by itself, is understood
/// as the first file was, whatever was declared or joined then.
pub(super) fn to_send_again(spec: &SheetSpec, people: &[Columns]) -> Vec<String> {
    let names = Names::of(spec);
    let Some(first) = people.first() else { return Vec::new() };
    let width = people.iter().flat_map(|c| &c.mapped).map(|m| m.index + 1).max().unwrap_or(0);
    let header = |index: usize| {
        let was = first.headers.get(index).cloned().unwrap_or_default();
        let used = (1..).zip(people).find_map(|(member, columns)| {
            let own = columns.mapped.iter().find(|m| m.index == index)?;
            let shared = first.get(own.column.key).is_some_and(|m| m.index == index);
            Some((if shared { 1 } else { member }, own))
        });
        match used {
            Some((1, own)) if names.column(&was).is_some_and(|(c, _)| c.key == own.column.key) => was,
            Some((member, own)) if own.ten_thousands => of_member(&format!("{}(万元)", bare(own)), member),
            Some((member, own)) => of_member(own.column.zh, member),
            None if names.column(member_of(&was).0).is_some() => format!("（未采用）{was}"),
            None => was,
        }
    };
    (0..first.headers.len().max(width)).map(header).collect()
}

/// The canonical header without its unit.
fn bare(mapped: &Mapped) -> &str {
    mapped.column.zh.split(['(', '（']).next().unwrap_or(mapped.column.zh)
}

struct Candidate {
    people: Vec<Vec<Mapped>>,
    clash: Option<(&'static str, usize, usize)>,
    not_there: Option<&'static ColumnSpec>,
    headers: Vec<String>,
    pair: bool,
    /// How many declared columns have words here, as a header has and a title has not.
    words: usize,
    /// A declared column holds a number that names a person: this is a student's row.
    is_data: bool,
}

impl Candidate {
    /// Matches one header row, or with `upper` the lower of two.
    fn of(names: &Names, declared: &Declared, row: &[String], upper: Option<&[String]>) -> Self {
        let mut candidate = Self {
            people: vec![Vec::new(); declared.members()],
            clash: None,
            not_there: None,
            headers: Vec::new(),
            pair: upper.is_some(),
            words: 0,
            is_data: false,
        };
        let width = row.len().max(upper.map_or(0, <[String]>::len));
        // A merged cell keeps its text in its first column; the others of the group are empty.
        let mut group = "";
        for index in 0..width {
            let own = row.get(index).map_or("", String::as_str);
            let above = upper.and_then(|u| u.get(index)).map_or("", String::as_str);
            if !above.is_empty() {
                group = above;
            }
            let (own, member) = member_of(own);
            let (header, column) = if upper.is_none() {
                (own.to_owned(), names.column(own))
            } else if own.is_empty() {
                group = "";
                (above.to_owned(), names.column(above))
            } else {
                let joined = format!("{group}{own}");
                let about_another = OTHERS.iter().any(|word| group.contains(word));
                let whole = names.column(&joined);
                let column = whole.or_else(|| (!about_another).then(|| names.column(own)).flatten());
                (joined, column.map(|(column, _)| (column, How::TwoRows)))
            };
            if let Some((column, how)) = column {
                candidate.matched(column, how, &header, index, member);
            }
            candidate.headers.push(of_member(&header, member));
        }
        candidate.declare(declared, row);
        candidate
    }

    fn matched(&mut self, column: &'static ColumnSpec, how: How, header: &str, index: usize, member: usize) {
        if self.people.len() < member {
            self.people.resize(member, Vec::new());
        }
        let Some(person) = self.people.get_mut(member - 1) else { return };
        match person.iter().find(|m| m.column.key == column.key) {
            Some(first) => {
                self.clash.get_or_insert((column.zh, first.index, index));
            }
            None => person.push(Mapped::new(column, how, header, index)),
        }
    }

    /// Puts what was declared before what the header says, and gives the further people of a row the
    /// columns that all share.
    fn declare(&mut self, declared: &Declared, row: &[String]) {
        if let Some((zh, ..)) = self.clash
            && declared.columns.iter().any(|(column, _)| column.zh == zh)
        {
            self.clash = None;
        }
        let headers: Vec<String> = self.headers.iter().map(|h| normal(h)).collect();
        let lower: Vec<String> = row.iter().map(|h| normal(h)).collect();
        for (column, _) in &declared.columns {
            for member in 0..self.people.len() {
                let at = match declared.place(column.key, member) {
                    Some(Place::Letter(index)) => Some(*index),
                    Some(Place::Header(header)) => {
                        let at = headers.iter().chain(&lower).position(|h| h == header);
                        if at.is_none() {
                            self.not_there = Some(column);
                        }
                        at.map(|at| if at < headers.len() { at } else { at - headers.len() })
                    }
                    Some(Place::Nowhere) | None => None,
                };
                let header = at.and_then(|i| self.headers.get(i)).cloned().unwrap_or_default();
                let Some(person) = self.people.get_mut(member) else { continue };
                person.retain(|m| m.column.key != column.key && at.is_none_or(|at| m.index != at));
                person.extend(at.map(|index| Mapped::new(column, How::Declared, &header, index)));
            }
        }
        for place in declared.places() {
            let Place::Letter(index) = place else { continue };
            let text = headers.get(*index).map_or("", String::as_str);
            self.is_data |= super::intake::names_somebody(text);
            self.words += usize::from(!text.is_empty());
        }
        let mut people = self.people.iter_mut();
        let Some(first) = people.next() else { return };
        for person in people {
            let own: Vec<&str> = person.iter().map(|m| m.column.key).collect();
            let shared = first.iter().filter(|m| {
                let split = declared.columns.iter().any(|(c, p)| c.key == m.column.key && p.len() > 1);
                !split && !own.contains(&m.column.key) && m.column.key != OF_ONE_PERSON
            });
            let shared: Vec<Mapped> = shared.cloned().collect();
            person.extend(shared);
        }
    }

    /// Whether nothing was found by its header.
    fn all_declared(&self) -> bool {
        self.people.iter().flatten().all(|m| m.how == How::Declared)
    }

    /// First whether all is there that must be, then how much is understood, then one row before two (a
    /// title is no upper header row). Ties go to the earlier row.
    fn rank(&self, spec: &SheetSpec) -> (bool, bool, usize, usize, bool) {
        let first = self.people.first().map(Vec::as_slice).unwrap_or_default();
        (self.not_there.is_none(), missing(spec, first).is_empty(), self.words, first.len(), !self.pair)
    }
}

impl Mapped {
    fn new(column: &'static ColumnSpec, how: How, header: &str, index: usize) -> Self {
        let ten_thousands = column.kind == CellKind::Money && normal(header).contains("万元");
        Self { column, header: header.to_owned(), index, how, ten_thousands }
    }
}

#[cfg(test)]
mod tests;
