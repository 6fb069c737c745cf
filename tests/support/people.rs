//! Children of nobody: made-up names with resident ids whose check characters are right.

use yingzhu::values::check_digit;

/// A made-up child.
#[derive(Debug, Clone)]
pub(crate) struct Child {
    pub(crate) name: String,
    pub(crate) id: String,
}

/// The child with this number, 1 to 999; each number has its own id and its own name.
pub(crate) fn child(number: u32) -> Child {
    child_of("341024", number)
}

/// The same, first registered elsewhere.
pub(crate) fn child_of(area: &str, number: u32) -> Child {
    const NUMERALS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
    let digits = format!("{number:03}");
    let given: String = digits.bytes().map(|d| NUMERALS[usize::from(d - b'0')]).collect();
    Child { name: format!("测{given}"), id: id(area, "20120314", number) }
}

/// A resident id with a right check character.
pub(crate) fn id(area: &str, birth: &str, sequence: u32) -> String {
    let body = format!("{area}{birth}{sequence:03}");
    let check = check_digit(&body).unwrap();
    format!("{body}{check}")
}

/// The id with another last character, so that its check fails.
pub(crate) fn wrong_check(id: &str) -> String {
    let (body, last) = id.split_at(17);
    format!("{body}{}", if last == "5" { "6" } else { "5" })
}
