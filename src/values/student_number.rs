//! National student numbers (全国学籍号): 19 characters, one letter and eighteen more.
//!
//! `G` carries the pupil's resident id; `J` a number built like one from the school's area, for pupils
//! without a usable id; `L` a temporary number whose tail is *no* check character. All three are equally
//! in force. A G-number need not equal the pupil's present id: an id can change after the number was
//! given, so a difference is a finding elsewhere, never an error here.

use super::cleaning::{Blanks, clean};
use super::resident_id::{ResidentId, check_digit};
use super::{Change, Parsed, ValueError};

/// What the first letter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StudentNumberKind {
    /// `G`: built on the resident id.
    ResidentId,
    /// `J`: formal, without a usable resident id.
    WithoutId,
    /// `L`: temporary, before the nationwide check for doubles.
    Temporary,
}

/// A student number whose letter, length, date and (for G and J) check character are right.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StudentNumber(String);

/// Letters were written small.
pub const UPPER_CASED: Change =
    Change { code: "upper_cased", zh: "小写字母已改为大写", en: "letters were made upper case" };

const EMPTY: ValueError = ValueError::fixed(
    "student_number_empty",
    ("学籍号为空", "the student number is empty"),
    ("请填写 19 位全国学籍号", "give the 19 characters of the national student number"),
);
const FORM: ValueError = ValueError::fixed(
    "student_number_form",
    (
        "学籍号不是 G、J 或 L 开头的 19 位号码",
        "the student number is not 19 characters beginning with G, J or L",
    ),
    ("请按学籍系统中的全国学籍号填写", "give the national student number as the student register has it"),
);
const BODY: ValueError = ValueError::fixed(
    "student_number_body",
    (
        "学籍号字母后的 18 位不对（日期或校验码）",
        "the 18 characters after the letter are wrong (date or check character)",
    ),
    ("请按学籍系统中的全国学籍号逐位核对", "compare it with the student register character by character"),
);

impl StudentNumber {
    /// Reads a student number. Errors: `student_number_empty`, `student_number_form`, `student_number_body`.
    pub fn parse(text: &str) -> Result<Parsed<Self>, ValueError> {
        let (cleaned, mut changes) = clean(text, Blanks::All);
        if cleaned.is_empty() {
            return Err(EMPTY);
        }
        let number = cleaned.to_ascii_uppercase();
        if number != cleaned {
            changes.push(UPPER_CASED);
        }
        if number.len() != 19 || !number.is_ascii() {
            return Err(FORM);
        }
        let (letter, body) = number.split_at_checked(1).ok_or(FORM)?;
        let sound = match letter {
            "G" => ResidentId::parse(body).is_ok_and(|id| id.changes.is_empty()),
            "J" => body.get(..17).and_then(check_digit).is_some_and(|c| body.ends_with(c)),
            "L" => body.bytes().all(|b| b.is_ascii_digit()),
            _ => return Err(FORM),
        };
        if sound { Ok(Parsed { value: Self(number), changes }) } else { Err(BODY) }
    }

    /// The 19 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the first letter says.
    pub fn kind(&self) -> StudentNumberKind {
        match self.0.as_bytes().first() {
            Some(b'G') => StudentNumberKind::ResidentId,
            Some(b'J') => StudentNumberKind::WithoutId,
            _ => StudentNumberKind::Temporary,
        }
    }

    /// The resident id inside a G-number: a second key for the pupil, to be compared, not trusted.
    pub fn resident_id(&self) -> Option<ResidentId> {
        let body = self.0.strip_prefix('G')?;
        ResidentId::parse(body).ok().map(|p| p.value)
    }

    /// The letter, fourteen stars and the last four characters.
    pub fn masked(&self) -> String {
        let letter = self.0.get(..1).unwrap_or_default();
        format!("{letter}{:*<14}{}", "", self.0.get(15..).unwrap_or_default())
    }
}

impl std::fmt::Debug for StudentNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StudentNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_kinds_are_read_by_their_own_rules() {
        let g = StudentNumber::parse("g11010519491231002x").unwrap();
        assert_eq!(g.value.as_str(), "G11010519491231002X");
        assert_eq!(g.changes, [UPPER_CASED]);
        assert_eq!(g.value.kind(), StudentNumberKind::ResidentId);
        assert_eq!(g.value.resident_id().unwrap().as_str(), "11010519491231002X");
        assert_eq!(format!("{:?}", g.value), "StudentNumber(G**************002X)");

        // The temporary number's tail is random: this one would fail the check character.
        let l = StudentNumber::parse("L110105201209010021").unwrap().value;
        assert_eq!(l.kind(), StudentNumberKind::Temporary);
        assert_eq!(l.resident_id(), None);

        let j = StudentNumber::parse("J11010519491231002X").unwrap().value;
        assert_eq!((j.kind(), j.resident_id()), (StudentNumberKind::WithoutId, None));
    }

    #[test]
    fn what_is_no_student_number_is_refused() {
        for (text, code) in [
            ("", "student_number_empty"),
            ("11010519491231002X", "student_number_form"),
            ("A11010519491231002X", "student_number_form"),
            ("G11010519491231002", "student_number_form"),
            ("G110105194912310021", "student_number_body"),
            ("J110105194912310021", "student_number_body"),
            ("L11010520120901002X", "student_number_body"),
            ("学11010519491231002X", "student_number_form"),
        ] {
            assert_eq!(StudentNumber::parse(text).unwrap_err().code, code, "{text}");
        }
    }
}
