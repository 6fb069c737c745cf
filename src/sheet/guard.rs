//! Formula injection: a text that a spreadsheet program would run when a file is opened or re-saved is
//! given a leading apostrophe (OWASP, CSV Injection). Our own reader takes the apostrophe off again.

use std::borrow::Cow;

/// The text, with an apostrophe before a dangerous first character. Full-width forms count too: some
/// programs fold them.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    let dangerous = matches!(
        text.chars().next(),
        Some(
            '=' | '+'
                | '-'
                | '@'
                | '\t'
                | '\r'
                | '\n'
                | '＝'
                | '＋'
                | '－'
                | '＠'
                | '﹢'
                | '﹣'
                | '﹦'
                | '﹫'
        )
    );
    if dangerous { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_run_is_made_text() {
        for text in ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＠x"] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        for text in ["", "张三", "1-2", "'=1"] {
            assert_eq!(guarded(text), text);
        }
    }
}
