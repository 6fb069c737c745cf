//! What a kind of sheet looks like: its columns, their names and which must be there. Data only; each
//! importing slice declares its own.

/// How the cells of a column are to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Words or small numbers.
    Plain,
    /// A number that is a name: ids, cards, codes. A numeric cell of 16 digits or more has lost its last
    /// digits and is refused; shorter whole numbers are taken as text.
    Id,
    /// An amount in yuan (or 万元 when the header says so).
    Money,
    /// A civil date.
    Date,
}

/// One column that a sheet may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The name in code, unique in the sheet.
    pub key: &'static str,
    /// The canonical Chinese header.
    pub zh: &'static str,
    /// Other headers in use for the same thing.
    pub synonyms: &'static [&'static str],
    /// Whether a file without the column is refused.
    pub required: bool,
    /// How its cells are to be taken.
    pub kind: CellKind,
}

/// A kind of sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SheetSpec {
    /// The name in code and in template addresses, e.g. `roll`.
    pub kind: &'static str,
    /// The Chinese name.
    pub zh: &'static str,
    /// The columns, in the order of the template.
    pub columns: &'static [ColumnSpec],
    /// Groups of keys of which at least one column must be there.
    pub either: &'static [&'static [&'static str]],
}

impl SheetSpec {
    /// The column with this key.
    pub fn column(&self, key: &str) -> Option<&'static ColumnSpec> {
        self.columns.iter().find(|c| c.key == key)
    }
}
