//! Finding the header among the first rows: title rows above it, one or two rows of it, merged cells.
//!
//! The header is the row (or pair of rows) that names the most columns we know and all that must be
//! there. Pure: rows in, the mapping out.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::cell::Cell;
use super::spec::{CellKind, ColumnSpec, SheetSpec};

/// How many rows with content are searched.
pub(super) const SEARCHED_ROWS: usize = 20;

/// A group header with one of these words is about somebody else than the row's student, so that 监护人
/// over 姓名 is not the student's name.
const OTHERS: [&str; 9] = ["监护", "家长", "户主", "父亲", "母亲", "联系人", "经办", "班主任", "领取"];

/// The columns of a file, by key.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub spec: &'static [ColumnSpec],
    pub mapped: Vec<Mapped>,
    pub headers: Vec<String>,
}

/// A column that was understood.
#[derive(Debug, Clone)]
pub(super) struct Mapped {
    pub key: &'static str,
    pub kind: CellKind,
    pub header: String,
    pub index: usize,
    /// The header says 万元.
    pub ten_thousands: bool,
}

impl Columns {
    pub(super) fn get(&self, key: &str) -> Option<&Mapped> {
        self.mapped.iter().find(|m| m.key == key)
    }
}

/// A header that was found.
pub(super) struct Header {
    /// How many of the searched rows come before the data.
    pub above: usize,
    /// The number of the (last) header row in the sheet.
    pub row: u32,
    pub columns: Columns,
    pub ignored: Vec<String>,
}

/// Why no header was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfound {
    /// No row names all that must be there: (canonical names found, names missing).
    Missing(Vec<&'static str>, Vec<String>),
    /// Two columns (by letter) mean the same (canonical name).
    Ambiguous(&'static str, String, String),
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
pub(super) fn find(rows: &[(u32, Vec<Cell>)], spec: &SheetSpec) -> Result<Header, Unfound> {
    let names = Names::of(spec);
    let mut best: Option<(Candidate, usize, u32)> = None;
    for (at, (number, cells)) in rows.iter().enumerate() {
        let single = names.match_row(&texts(cells), None);
        let pair = rows
            .get(at + 1)
            .map(|(next, below)| (names.match_row(&texts(below), Some(&texts(cells))), at + 2, *next));
        for (candidate, above, row) in [Some((single, at + 1, *number)), pair].into_iter().flatten() {
            if best.as_ref().is_none_or(|(b, _, _)| candidate.rank(spec) > b.rank(spec)) {
                best = Some((candidate, above, row));
            }
        }
    }
    let Some((candidate, above, row)) = best else {
        return Err(Unfound::Missing(Vec::new(), missing(spec, &[])));
    };
    if let Some((zh, first, second)) = candidate.clash {
        return Err(Unfound::Ambiguous(zh, letter(first), letter(second)));
    }
    let missing = missing(spec, &candidate.matched);
    if !missing.is_empty() {
        return Err(Unfound::Missing(candidate.matched.iter().map(|(_, c)| c.zh).collect(), missing));
    }
    let headers = candidate.headers;
    let mapped: Vec<Mapped> = candidate
        .matched
        .iter()
        .map(|(index, column)| {
            let header = headers.get(*index).cloned().unwrap_or_default();
            let ten_thousands = column.kind == CellKind::Money && normal(&header).contains("万元");
            Mapped { key: column.key, kind: column.kind, header, index: *index, ten_thousands }
        })
        .collect();
    let known = |index: usize| mapped.iter().any(|m| m.index == index);
    let ignored = headers
        .iter()
        .enumerate()
        .filter(|(i, h)| !h.is_empty() && !known(*i))
        .map(|(_, h)| h.clone())
        .collect();
    Ok(Header { above, row, columns: Columns { spec: spec.columns, mapped, headers }, ignored })
}

/// Names of required columns and of either-groups that the matched columns do not cover.
fn missing(spec: &SheetSpec, matched: &[(usize, &'static ColumnSpec)]) -> Vec<String> {
    let has = |key: &str| matched.iter().any(|(_, c)| c.key == key);
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

/// A header's text for comparison: NFKC, no blanks, no marks for "required", lower case.
pub(super) fn normal(text: &str) -> String {
    text.nfkc()
        .filter(|c| !c.is_whitespace() && !matches!(c, '*' | '★' | '※' | ':' | '：' | '、'))
        .filter(|c| !crate::values::cleaning::is_invisible(*c))
        .collect::<String>()
        .to_lowercase()
}

/// Without a final remark in brackets: 金额(元) → 金额.
fn without_remark(text: &str) -> &str {
    match (text.ends_with([')', ']']), text.find(['(', '['])) {
        (true, Some(open)) if open > 0 => text.get(..open).unwrap_or(text),
        _ => text,
    }
}

struct Candidate {
    matched: Vec<(usize, &'static ColumnSpec)>,
    clash: Option<(&'static str, usize, usize)>,
    headers: Vec<String>,
    pair: bool,
}

impl Candidate {
    /// First whether all is there that must be, then how much is understood, then one row before two (a
    /// title is no upper header row). Ties go to the earlier row.
    fn rank(&self, spec: &SheetSpec) -> (bool, usize, bool) {
        (missing(spec, &self.matched).is_empty(), self.matched.len(), !self.pair)
    }
}

struct Names(HashMap<String, &'static ColumnSpec>);

impl Names {
    fn of(spec: &SheetSpec) -> Self {
        let mut names = HashMap::new();
        for column in spec.columns {
            for name in std::iter::once(&column.zh).chain(column.synonyms) {
                names.entry(normal(name)).or_insert(column);
            }
        }
        Self(names)
    }

    fn column(&self, text: &str) -> Option<&'static ColumnSpec> {
        let full = normal(text);
        self.0.get(&full).or_else(|| self.0.get(without_remark(&full))).copied()
    }

    /// Matches one header row, or with `upper` the lower of two.
    fn match_row(&self, row: &[String], upper: Option<&[String]>) -> Candidate {
        let mut candidate =
            Candidate { matched: Vec::new(), clash: None, headers: Vec::new(), pair: upper.is_some() };
        let width = row.len().max(upper.map_or(0, <[String]>::len));
        // A merged cell keeps its text in its first column; the others of the group are empty.
        let mut group = "";
        for index in 0..width {
            let own = row.get(index).map_or("", String::as_str);
            let above = upper.and_then(|u| u.get(index)).map_or("", String::as_str);
            if !above.is_empty() {
                group = above;
            }
            let (header, column) = if upper.is_none() {
                (own.to_owned(), self.column(own))
            } else if own.is_empty() {
                group = "";
                (above.to_owned(), self.column(above))
            } else {
                let joined = format!("{group}{own}");
                let about_another = OTHERS.iter().any(|word| group.contains(word));
                let column =
                    self.column(&joined).or_else(|| (!about_another).then(|| self.column(own)).flatten());
                (joined, column)
            };
            if let Some(column) = column {
                match candidate.matched.iter().find(|(_, c)| c.key == column.key) {
                    Some((first, _)) => {
                        candidate.clash.get_or_insert((column.zh, *first, index));
                    }
                    None => candidate.matched.push((index, column)),
                }
            }
            candidate.headers.push(header);
        }
        candidate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: SheetSpec = SheetSpec {
        kind: "test",
        zh: "测试",
        columns: &[
            ColumnSpec {
                key: "name",
                zh: "姓名",
                synonyms: &["学生姓名"],
                required: true,
                kind: CellKind::Plain,
            },
            ColumnSpec {
                key: "id",
                zh: "身份证号",
                synonyms: &["证件号码"],
                required: true,
                kind: CellKind::Id,
            },
            ColumnSpec { key: "fen", zh: "金额", synonyms: &[], required: false, kind: CellKind::Money },
            ColumnSpec {
                key: "place",
                zh: "区划代码",
                synonyms: &[],
                required: false,
                kind: CellKind::Plain,
            },
            ColumnSpec { key: "county", zh: "县区", synonyms: &[], required: false, kind: CellKind::Plain },
            ColumnSpec {
                key: "head", zh: "户主姓名", synonyms: &[], required: false, kind: CellKind::Plain
            },
        ],
        either: &[&["place", "county"]],
    };

    fn rows(texts: &[&[&str]]) -> Vec<(u32, Vec<Cell>)> {
        let cell = |t: &&str| if t.is_empty() { Cell::Empty } else { Cell::Text((*t).to_owned()) };
        (1..).zip(texts).map(|(n, row)| (n, row.iter().map(cell).collect())).collect()
    }

    fn found(texts: &[&[&str]]) -> (u32, Vec<(&'static str, usize)>) {
        let header = find(&rows(texts), &SPEC).unwrap_or_else(|e| panic!("{e:?}"));
        (header.row, header.columns.mapped.iter().map(|m| (m.key, m.index)).collect())
    }

    #[test]
    fn letters_are_those_of_spreadsheets() {
        for (index, text) in [(0, "A"), (25, "Z"), (26, "AA"), (255, "IV"), (16_383, "XFD")] {
            assert_eq!(letter(index), text);
        }
    }

    #[test]
    fn the_header_is_found_below_titles_in_any_order_and_spelling() {
        let header: &[&str] = &["序号", " 县\n区", "＊证件号码（必填）", "学生姓名", "金额(万元)"];
        assert_eq!(
            found(&[
                &["某县建档立卡学生名册"],
                &["填报单位：", "", "2017年"],
                header,
                &["1", "祁门县", "x", "张三"]
            ]),
            (3, vec![("county", 1), ("id", 2), ("name", 3), ("fen", 4)])
        );
        let found = find(&rows(&[&["填报单位：某局"], header]), &SPEC).unwrap();
        assert_eq!(found.ignored, ["序号"]);
        assert!(found.columns.get("fen").unwrap().ten_thousands);
    }

    #[test]
    fn two_header_rows_are_joined() {
        assert_eq!(
            found(&[
                &["学生基本信息", "", "户主", "监护人", "", "县区"],
                &["姓名", "身份证号", "姓名", "姓名", "证件号码", ""],
                &["张三", "1", "张大", "李四", "2", "祁门县"],
            ]),
            (2, vec![("name", 0), ("id", 1), ("head", 2), ("county", 5)])
        );
        // A first data row is not taken for a second header row.
        assert_eq!(found(&[&["姓名", "身份证号", "县区"], &["县区", "1", "祁门县"]]).0, 1);
    }

    #[test]
    fn what_is_missing_is_named() {
        let Err(Unfound::Missing(found, missing)) = find(&rows(&[&["姓名", "性别"]]), &SPEC) else {
            panic!()
        };
        assert_eq!(
            (found, missing),
            (vec!["姓名"], vec!["身份证号".to_owned(), "区划代码 或 县区".to_owned()])
        );
        assert!(matches!(find(&[], &SPEC), Err(Unfound::Missing(found, _)) if found.is_empty()));
    }

    #[test]
    fn two_columns_with_one_meaning_are_named_by_letter() {
        let unfound = find(&rows(&[&["姓名", "身份证号", "县区", "证件号码"]]), &SPEC).err().unwrap();
        assert_eq!(unfound, Unfound::Ambiguous("身份证号", "B".into(), "D".into()));
    }
}
