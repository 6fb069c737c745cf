//! The two ways a value can come out of a parse: its normal form with what was changed, or a typed error.
//!
//! Nothing is mended silently: every change is named, and a value that cannot be read is refused with
//! a sentence for the person who typed it. Neither ever repeats the value itself.

use super::Text;

/// A value in normal form, with every change that led there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<T> {
    /// The normal form.
    pub value: T,
    /// What was changed, in order; empty when the input was already normal.
    pub changes: Vec<Change>,
}

impl<T> Parsed<T> {
    /// A value that needed no change.
    pub fn unchanged(value: T) -> Self {
        Self { value, changes: Vec::new() }
    }

    /// The same changes around another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Parsed<U> {
        Parsed { value: f(self.value), changes: self.changes }
    }
}

/// One change made on the way to the normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Stable code, e.g. `full_width`, `lower_case_x`, `upgraded_15_digits`.
    pub code: &'static str,
    /// 中文 sentence.
    pub zh: &'static str,
    /// English sentence.
    pub en: &'static str,
}

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    /// Stable code, e.g. `id_check_digit`, `id_precision_lost`, `date_invalid`.
    pub code: &'static str,
    /// What is wrong.
    pub what: Text,
    /// What to do about it.
    pub todo: Text,
}

impl ValueError {
    /// An error from fixed sentences.
    pub const fn fixed(
        code: &'static str,
        what: (&'static str, &'static str),
        todo: (&'static str, &'static str),
    ) -> Self {
        Self { code, what: Text::fixed(what.0, what.1), todo: Text::fixed(todo.0, todo.1) }
    }
}
