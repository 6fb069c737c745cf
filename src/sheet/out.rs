//! What is written into a table, whatever the file: columns and cells.

use chrono::NaiveDate;

use super::guard::guarded;
use crate::values::Fen;

/// How a column is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutKind {
    /// Words, and ids: the cells are formatted as text, so that typing over them keeps digits.
    Text,
    /// Yuan with two decimals.
    Money,
    /// A date as yyyy-mm-dd.
    Date,
    /// A whole number.
    Count,
}

/// One column to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutColumn {
    /// The header.
    pub header: String,
    /// The width in characters.
    pub width: u16,
    /// How its cells are written.
    pub kind: OutKind,
}

impl OutColumn {
    /// A column of words as wide as its header, at least 8.
    pub fn text(header: impl Into<String>) -> Self {
        let header = header.into();
        let width = u16::try_from(header.chars().count() * 2 + 2).unwrap_or(60).clamp(8, 60);
        Self { header, width, kind: OutKind::Text }
    }

    /// The same column with another width.
    #[must_use]
    pub fn wide(self, width: u16) -> Self {
        Self { width, ..self }
    }

    /// The same column with another kind.
    #[must_use]
    pub fn kind(self, kind: OutKind) -> Self {
        Self { kind, ..self }
    }
}

/// One cell to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutCell {
    /// Nothing.
    Empty,
    /// Words or an id.
    Text(String),
    /// An amount, written in yuan.
    Fen(Fen),
    /// A date.
    Day(NaiveDate),
    /// A whole number.
    Count(i64),
}

impl From<&str> for OutCell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }
}

impl From<String> for OutCell {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }
}

impl<T: Into<OutCell>> From<Option<T>> for OutCell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl From<Fen> for OutCell {
    fn from(fen: Fen) -> Self {
        Self::Fen(fen)
    }
}

impl From<NaiveDate> for OutCell {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<i64> for OutCell {
    fn from(count: i64) -> Self {
        Self::Count(count)
    }
}

impl OutCell {
    /// The cell as text, for CSV; guarded against formula injection.
    pub(super) fn plain(&self) -> String {
        match self {
            OutCell::Empty => String::new(),
            OutCell::Text(text) => guarded(text).into_owned(),
            OutCell::Fen(fen) => fen.yuan(),
            OutCell::Day(day) => day.to_string(),
            OutCell::Count(count) => count.to_string(),
        }
    }
}
