//! Yes-and-no words of spreadsheets, as closed lists. A word that is not listed is `None`: unknown is
//! not no, and the caller says so to the person who wrote it.

use super::cleaning::{Blanks, clean};

/// The words of [`yes_no`] for messages and drop-down lists.
pub const YES_NO: [&str; 2] = ["是", "否"];

/// The words of [`boarding`] for messages and drop-down lists.
pub const BOARDING: [&str; 2] = ["住校", "走读"];

/// Reads yes or no: 是/否, 有/无, √/×, 1/0, Y/N.
pub fn yes_no(word: &str) -> Option<bool> {
    let (word, _) = clean(word, Blanks::All);
    match word.to_lowercase().as_str() {
        "是" | "有" | "√" | "✓" | "✔" | "☑" | "对" | "1" | "y" | "yes" | "true" => Some(true),
        "否" | "无" | "没有" | "不是" | "×" | "✕" | "✗" | "✘" | "x" | "0" | "n" | "no" | "false" => {
            Some(false)
        }
        _ => None,
    }
}

/// Reads the mode of attendance (就读方式): whether the pupil boards. The code 9 (other) is neither.
pub fn boarding(word: &str) -> Option<bool> {
    let (word, _) = clean(word, Blanks::All);
    match word.as_str() {
        "住校" | "寄宿" | "住宿" | "寄宿生" | "住校生" | "住宿生" | "在校住宿" | "全寄宿" | "2" => {
            Some(true)
        }
        "走读" | "走读生" | "通学" | "通学生" | "非寄宿" | "非寄宿生" | "不住校" | "不寄宿" | "1" => {
            Some(false)
        }
        _ => yes_no(&word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_words_are_read_and_no_others() {
        for (word, answer) in [
            ("是", Some(true)),
            (" √ ", Some(true)),
            ("Ｙ", Some(true)),
            ("有", Some(true)),
            ("否", Some(false)),
            ("×", Some(false)),
            ("无", Some(false)),
            ("0", Some(false)),
            ("", None),
            ("不详", None),
            ("2", None),
        ] {
            assert_eq!(yes_no(word), answer, "{word}");
        }
    }

    #[test]
    fn the_code_of_attendance_differs_from_the_code_of_yes() {
        for (word, answer) in [
            ("住校", Some(true)),
            ("寄宿生", Some(true)),
            ("2", Some(true)),
            ("走读", Some(false)),
            ("1", Some(false)),
            ("是", Some(true)),
            ("9", None),
            ("其他", None),
        ] {
            assert_eq!(boarding(word), answer, "{word}");
        }
    }
}
