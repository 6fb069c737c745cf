//! Telephone numbers of guardians: mainland mobiles (11 digits) and landlines with or without area code.

use super::cleaning::{Blanks, clean};
use super::{Change, Parsed, ValueError};

/// A mobile number, or a landline as `0559-4512345` (or its local digits alone).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// The country code was removed.
pub const COUNTRY_REMOVED: Change =
    Change {
        code: "country_code_removed", zh: "去除了国家代码 86", en: "the country code 86 was removed"
    };
/// The separators were made standard.
pub const SEPARATED: Change = Change {
    code: "separators_standard",
    zh: "号码分隔符已统一",
    en: "the number's separators were made standard",
};

const EMPTY: ValueError = ValueError::fixed(
    "phone_empty",
    ("电话号码为空", "the telephone number is empty"),
    (
        "请填写 11 位手机号或带区号的固定电话",
        "give a mobile number of 11 digits or a landline with its area code",
    ),
);
const INVALID: ValueError = ValueError::fixed(
    "phone_invalid",
    (
        "电话号码不是 11 位手机号，也不是固定电话",
        "the number is neither a mobile of 11 digits nor a landline",
    ),
    (
        "请核对号码；一格只填一个号码，固定电话写作 0559-4512345",
        "check it; one number in a cell, a landline as 0559-4512345",
    ),
);

impl Phone {
    /// Reads a number. Errors: `phone_empty`, `phone_invalid`.
    pub fn parse(text: &str) -> Result<Parsed<Self>, ValueError> {
        let (cleaned, mut changes) = clean(text, Blanks::All);
        if cleaned.is_empty() {
            return Err(EMPTY);
        }
        if !cleaned.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '(' | ')' | '+')) {
            return Err(INVALID);
        }
        let all: String = cleaned.chars().filter(char::is_ascii_digit).collect();
        let has_country = cleaned.starts_with('+') || all.len() > 12;
        let digits = match all.strip_prefix("0086").or_else(|| all.strip_prefix("86")) {
            Some(rest) if has_country => {
                changes.push(COUNTRY_REMOVED);
                rest
            }
            _ => all.as_str(),
        };
        let number = shape(digits, has_country).ok_or(INVALID)?;
        if number != cleaned && !changes.contains(&COUNTRY_REMOVED) {
            changes.push(SEPARATED);
        }
        Ok(Parsed { value: Self(number), changes })
    }

    /// The number: digits, and one hyphen after a landline's area code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Stars and the last four digits.
    pub fn masked(&self) -> String {
        let hidden = self.0.len().saturating_sub(4);
        format!("{}{}", "*".repeat(hidden), self.0.get(hidden..).unwrap_or_default())
    }
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

/// Mobile: 1[3-9] and nine more. Landline: 010 or 02x, else an area code of four digits, then seven or
/// eight; after a country code the zero of the area code is left out.
fn shape(digits: &str, has_country: bool) -> Option<String> {
    let mut first = digits.chars();
    match (first.next()?, first.next()?) {
        ('1', '3'..='9') if digits.len() == 11 => return Some(digits.to_owned()),
        ('0', second) => {
            let (area, local) = digits.split_at_checked(if matches!(second, '1' | '2') { 3 } else { 4 })?;
            let real = matches!(local.len(), 7 | 8) && !local.starts_with('0') && second != '0';
            return real.then(|| format!("{area}-{local}"));
        }
        _ => {}
    }
    if has_country && matches!(digits.len(), 9..=11) {
        return shape(&format!("0{digits}"), false);
    }
    (matches!(digits.len(), 7 | 8) && !digits.starts_with('1')).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_number_are_one() {
        for (text, number) in [
            ("13812345678", "13812345678"),
            ("138 1234 5678", "13812345678"),
            ("138-1234-5678", "13812345678"),
            ("+86 13812345678", "13812345678"),
            ("008613812345678", "13812345678"),
            ("8613812345678", "13812345678"),
            ("１３８１２３４５６７８", "13812345678"),
            ("0559-4512345", "0559-4512345"),
            ("05594512345", "0559-4512345"),
            ("(0559)4512345", "0559-4512345"),
            ("010-62345678", "010-62345678"),
            ("+86 559 4512345", "0559-4512345"),
            ("4512345", "4512345"),
        ] {
            assert_eq!(Phone::parse(text).map(|p| p.value.0).as_deref(), Ok(number), "{text}");
        }
        assert_eq!(format!("{:?}", Phone::parse("13812345678").unwrap().value), "Phone(*******5678)");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(Phone::parse(" ").unwrap_err().code, "phone_empty");
        for text in
            ["1381234567", "138123456789", "12812345678", "无", "1.38E+10", "13812345678/13912345678", "110"]
        {
            assert_eq!(Phone::parse(text).unwrap_err().code, "phone_invalid", "{text}");
        }
    }
}
