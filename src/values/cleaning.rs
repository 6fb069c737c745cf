//! What a cell is cleaned of before any value is read from it: invisible characters, a leading
//! apostrophe, blanks, full-width forms. Each removal is a named [`Change`]; nothing else is mended here.
//!
//! Knows characters only; what the text means is the business of the value that reads it.

use unicode_normalization::UnicodeNormalization;

use super::Change;

/// Which blanks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blanks {
    /// Every blank: for numbers and codes, in which a blank never has a meaning.
    All,
    /// Those at the ends; runs inside become one: for words.
    Ends,
}

/// Invisible characters (byte-order mark, zero-width, bidirectional marks, controls) were removed.
pub const INVISIBLE_REMOVED: Change =
    Change {
        code: "invisible_removed", zh: "去除了不可见字符", en: "invisible characters were removed"
    };
/// The apostrophe that spreadsheets use to force text was removed.
pub const QUOTE_REMOVED: Change = Change {
    code: "leading_quote_removed",
    zh: "去除了开头的单引号",
    en: "a leading apostrophe was removed",
};
/// Blanks were removed.
pub const BLANKS_REMOVED: Change =
    Change { code: "blanks_removed", zh: "去除了空白字符", en: "blanks were removed" };
/// Full-width or other compatibility forms were replaced (Unicode NFKC).
pub const FULL_WIDTH: Change = Change {
    code: "full_width",
    zh: "全角或兼容字符已转换为标准字符",
    en: "full-width or compatibility characters were made standard",
};

/// Cleans a cell's text; the changes are in the order in which they were made.
pub fn clean(text: &str, blanks: Blanks) -> (String, Vec<Change>) {
    let mut changes = Vec::new();
    if text.bytes().all(|b| b.is_ascii_graphic() && b != b'\'') {
        return (text.to_owned(), changes);
    }

    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    if visible.len() != text.len() {
        changes.push(INVISIBLE_REMOVED);
    }
    let spaced = visible.trim_start();
    let unquoted = spaced.strip_prefix(['\'', '‘', '’', '＇']).unwrap_or(spaced);
    if unquoted.len() != spaced.len() {
        changes.push(QUOTE_REMOVED);
    }
    let unblanked: String = match blanks {
        Blanks::All => unquoted.chars().filter(|c| !c.is_whitespace()).collect(),
        Blanks::Ends => unquoted.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    // Only what the removal of the apostrophe did not already shorten counts as blanks.
    if unblanked != unquoted || spaced.len() != visible.len() {
        changes.push(BLANKS_REMOVED);
    }
    let normal: String = unblanked.nfkc().collect();
    if normal != unblanked {
        changes.push(FULL_WIDTH);
    }
    (normal, changes)
}

/// Whether a character leaves no mark on paper and carries no meaning in a cell. Line breaks and tabs
/// are blanks, not invisible.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
        || (c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_removal_is_named() {
        for (text, blanks, expected, codes) in [
            ("341024", Blanks::All, "341024", &[][..]),
            ("\u{feff}341024", Blanks::All, "341024", &["invisible_removed"]),
            ("'341024", Blanks::All, "341024", &["leading_quote_removed"]),
            (" 3410\u{a0}24\t", Blanks::All, "341024", &["blanks_removed"]),
            ("３４１０２４", Blanks::All, "341024", &["full_width"]),
            ("　张\u{3000} 三\n", Blanks::Ends, "张 三", &["blanks_removed"]),
            (
                "\u{200b} '３ 4",
                Blanks::All,
                "34",
                &["invisible_removed", "leading_quote_removed", "blanks_removed", "full_width"],
            ),
        ] {
            let (cleaned, changes) = clean(text, blanks);
            assert_eq!(cleaned, expected, "{text:?}");
            assert_eq!(changes.iter().map(|c| c.code).collect::<Vec<_>>(), codes, "{text:?}");
        }
    }
}
