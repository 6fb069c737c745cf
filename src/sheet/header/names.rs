//! Which column a header's words mean.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::super::spec::{ColumnSpec, SheetSpec};

/// How a column was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By its canonical header.
    Name,
    /// By another header in use for the same thing.
    Synonym,
    /// Without the remark in brackets: 金额(元) is 金额.
    WithoutRemark,
    /// By two header rows together.
    TwoRows,
    /// As the sender declared it.
    Declared,
}

impl How {
    /// The name in code.
    pub const fn code(self) -> &'static str {
        match self {
            How::Name => "name",
            How::Synonym => "synonym",
            How::WithoutRemark => "without_remark",
            How::TwoRows => "two_rows",
            How::Declared => "declared",
        }
    }
}

/// A header's text for comparison: NFKC, no blanks, no marks for "required", lower case.
pub(in crate::sheet) fn normal(text: &str) -> String {
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

/// The header of a column for the n-th person of a row (from 1), as our own correction books write it.
pub(super) fn of_member(header: &str, member: usize) -> String {
    if member < 2 { header.to_owned() } else { format!("{header}〔成员{member}〕") }
}

/// Takes the mark of [`of_member`] off again.
pub(super) fn member_of(header: &str) -> (&str, usize) {
    let marked = header.strip_suffix('〕').and_then(|h| h.rsplit_once("〔成员"));
    match marked.and_then(|(header, member)| Some((header, member.parse::<usize>().ok()?))) {
        Some((header, member)) if (2..=30).contains(&member) => (header, member),
        _ => (header, 1),
    }
}

/// The columns of a kind of sheet by every name they have.
pub(in crate::sheet) struct Names(HashMap<String, (&'static ColumnSpec, How)>);

impl Names {
    pub(in crate::sheet) fn of(spec: &SheetSpec) -> Self {
        let mut names = HashMap::new();
        for column in spec.columns {
            names.entry(normal(column.zh)).or_insert((column, How::Name));
        }
        for column in spec.columns {
            for name in column.synonyms {
                names.entry(normal(name)).or_insert((column, How::Synonym));
            }
        }
        Self(names)
    }

    pub(in crate::sheet) fn column(&self, text: &str) -> Option<(&'static ColumnSpec, How)> {
        let full = normal(text);
        let bare = || self.0.get(without_remark(&full)).map(|(column, _)| (*column, How::WithoutRemark));
        self.0.get(&full).copied().or_else(bare)
    }
}
