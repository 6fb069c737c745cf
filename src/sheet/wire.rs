//! What the child says to its parent: one JSON line for each sheet and row, then an end or a refusal.

use serde::{Deserialize, Serialize};

use super::cell::Cell;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Line {
    /// A visible sheet begins; hidden sheets are named with the first one.
    #[serde(rename = "s")]
    Sheet { name: String, hidden: Vec<String> },
    /// A row: its number from 1 and its cells.
    #[serde(rename = "r")]
    Row(u32, Vec<Cell>),
    /// The workbook was read to its end; how many formulas have the result 0, which may be no result.
    #[serde(rename = "z")]
    End { zero_formulas: u64 },
    /// The workbook is refused.
    #[serde(rename = "x")]
    Refused(Refusal),
}

/// Why the child refuses a workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Refusal {
    /// The zip archive is damaged or cut short.
    Damaged,
    /// A zip archive or an OLE file, but no workbook.
    NotAWorkbook,
    /// A workbook with a password.
    Encrypted,
    /// Every sheet is hidden, or there is none.
    NoVisibleSheet,
    /// Too many parts, or two with one name.
    Parts,
    /// The parts inflate to more than is allowed.
    Inflated,
    /// The shared strings inflate to more than is allowed.
    Strings,
    /// A cell beyond the last allowed row.
    Rows,
    /// A cell beyond the last allowed column.
    Columns,
    /// One row holds more text than is allowed.
    Row,
    /// The limits could not be set; nothing was opened.
    Unconfined,
}
