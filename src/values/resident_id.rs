//! Citizen identity numbers (GB 11643—1999): read once, checked, never shown whole.
//!
//! Seventeen digits and a check character: six of the area of *first* registration, eight of the birth
//! date, three of sequence (odd male, even female), and ISO 7064 MOD 11-2. The same shape serves the
//! residence permits of Hong Kong, Macao and Taiwan (areas 810000, 820000, 830000). The area never
//! changes after issue and says nothing of where a child lives now, so an unknown area is no error here.
//!
//! What the check character promises: it is linear modulo 11, a prime, with weights that are powers of 2
//! and so neither zero nor equal for neighbours. Every change of one character and every swap of two
//! neighbours therefore gives a number that fails; so does every swap of two characters further apart,
//! unless they stand ten places from each other (2^10 = 1 modulo 11). Of other errors one in eleven passes.
//! A number of 15 digits has no check character: only its date can fail.
//!
//! A number that fails is refused with its reason. Nothing is guessed: which number was meant is for a
//! person to say, with the help of [`candidates`].

use chrono::{Datelike, NaiveDate};

use super::cleaning::{Blanks, clean};
use super::closed_list::closed_list;
use super::{Change, Parsed, ValueError, area};

mod slips;

pub use slips::{Slip, candidates, variants};

/// The years in which a living holder can be born; wider than any, so that no clock is needed.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2100;

closed_list! {
    /// Sex (GB/T 2261.1).
    pub enum Sex {
        Male = "male", "男", "male", ["男性", "1"];
        Female = "female", "女", "female", ["女性", "2"];
    }
}

/// A resident id of 18 characters whose date and check character are right.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResidentId {
    text: String,
    birth: NaiveDate,
}

/// The final letter was written small.
pub const LOWER_CASE_X: Change =
    Change {
        code: "lower_case_x", zh: "末位小写 x 已改为大写 X", en: "the final x was made upper case"
    };
/// An old number of 15 digits was given its century and check character.
pub const UPGRADED: Change = Change {
    code: "upgraded_15_digits",
    zh: "15 位旧号已升为 18 位",
    en: "an old number of 15 digits was upgraded to 18 characters",
};
/// The number of a disability card was cut to the resident id it begins with.
pub const FROM_DISABILITY_CARD: Change = Change {
    code: "from_disability_card",
    zh: "残疾人证号已取其前 18 位身份证号",
    en: "the resident id was taken from the disability card's number",
};

/// The area of first registration is in no list of area codes, of any year.
pub const AREA_UNKNOWN: Change = Change {
    code: "id_area_unknown",
    zh: "身份证号前 6 位不在历年行政区划代码表中，请留意核对",
    en: "the id's first six digits are in no year's list of area codes; have a look at it",
};
/// The area of first registration had ended years before the birth.
pub const AREA_ENDED: Change = Change {
    code: "id_area_ended",
    zh: "身份证号前 6 位的行政区划在出生前已撤销，请留意核对",
    en: "the area in the id's first six digits had ended before the birth; have a look at it",
};

const EMPTY: ValueError = ValueError::fixed(
    "id_empty",
    ("身份证号为空", "the id number is empty"),
    (
        "请填写 18 位身份证号；没有证件的学生请用学籍号上报",
        "give the 18 characters of the id; report a child without one by student number",
    ),
);
const PRECISION_LOST: ValueError = ValueError::fixed(
    "id_precision_lost",
    ("身份证号被表格软件当作数字，末几位已丢失", "the id was kept as a number and its last digits are lost"),
    (
        "请把该列设为“文本”后按证件重新输入，不要直接改格式",
        "format the column as text and type the id again from the document",
    ),
);
const LENGTH: ValueError = ValueError::fixed(
    "id_length",
    ("身份证号的位数不对", "the id has the wrong number of characters"),
    (
        "应为 18 位（旧号 15 位，残疾人证 20 或 22 位），请对照证件核对",
        "it should have 18 characters (15 for old ids, 20 or 22 for disability cards); compare it with the document",
    ),
);
/// A number of 20 or 22 characters that is no disability card's.
pub(super) const CARD_LENGTH: ValueError = LENGTH;
const LETTERS: ValueError = ValueError::fixed(
    "id_characters",
    ("身份证号中有字母 O、I 或 l", "the id holds the letter O, I or l"),
    (
        "疑似把数字 0 输成 O、1 输成 l，请对照证件更正",
        "0 was probably typed as O or 1 as l; correct it from the document",
    ),
);
const CHARACTERS: ValueError = ValueError::fixed(
    "id_characters",
    ("身份证号中有数字和末位 X 以外的字符", "the id holds characters other than digits and a final X"),
    ("请填写完整号码，不要用 * 或 × 代替", "give the whole number, without * or × in place of characters"),
);
const DATE: ValueError = ValueError::fixed(
    "id_date",
    ("身份证号第 7 至 14 位不是有效的出生日期", "characters 7 to 14 of the id are no valid birth date"),
    ("请对照证件核对出生年月日", "compare the birth date with the document"),
);
const SEQUENCE: ValueError = ValueError::fixed(
    "id_sequence",
    (
        "身份证号第 15 至 17 位全为 0，不会有这样的号码",
        "characters 15 to 17 of the id are all 0, which is never issued",
    ),
    ("请对照证件核对", "compare it with the document"),
);
const CHECK_DIGIT: ValueError = ValueError::fixed(
    "id_check_digit",
    (
        "身份证号的校验码不对，至少有一位输错",
        "the id's check character is wrong: at least one character is mistyped",
    ),
    ("请对照证件逐位核对", "compare it with the document character by character"),
);

/// The check character of the first 17 digits (ISO 7064 MOD 11-2), or `None` when they are not 17 digits.
pub fn check_digit(first17: &str) -> Option<char> {
    let mut sum = 0_u32;
    let mut count = 0;
    for c in first17.chars() {
        // Doubling the running sum before each digit gives the standard's weights 7 9 10 5 8 4 2 1 6 …
        sum = (sum + c.to_digit(10)?) * 2 % 11;
        count += 1;
    }
    match (count, (12 - sum) % 11) {
        (17, 10) => Some('X'),
        (17, rest) => char::from_digit(rest, 10),
        _ => None,
    }
}

impl ResidentId {
    /// Reads an id as offices write it.
    ///
    /// Errors: `id_empty`, `id_precision_lost`, `id_length`, `id_characters`, `id_date`, `id_sequence`,
    /// `id_check_digit`.
    pub fn parse(text: &str) -> Result<Parsed<Self>, ValueError> {
        let (mut id, mut changes) = clean(text, Blanks::All);
        if id.is_empty() {
            return Err(EMPTY);
        }
        if is_number_notation(&id) {
            return Err(PRECISION_LOST);
        }
        let length = id.chars().count();
        if !matches!(length, 15 | 18 | 20 | 22) {
            return Err(LENGTH);
        }
        if matches!(length, 20 | 22) {
            id = before_card_suffix(&id)?;
            changes.push(FROM_DISABILITY_CARD);
        }
        if id.ends_with('x') {
            id = id.to_ascii_uppercase();
            changes.push(LOWER_CASE_X);
        }
        if length == 15 {
            id = upgrade(&id)?;
            changes.push(UPGRADED);
        }
        check(id).map(|value| Parsed { value, changes })
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The birth date in the number.
    pub fn birth_date(&self) -> NaiveDate {
        self.birth
    }

    /// The sex in the number: an odd sequence is male.
    pub fn sex(&self) -> Sex {
        match self.text.as_bytes().get(16) {
            Some(digit) if digit % 2 == 0 => Sex::Female,
            _ => Sex::Male,
        }
    }

    /// The six digits of the area of first registration.
    pub fn area_code(&self) -> &str {
        self.text.get(..6).unwrap_or_default()
    }

    /// What is odd about the area of first registration, for a person to look at; never a reason to
    /// refuse. Residence permits carry codes of their own (81, 82, 83) and are not odd.
    pub fn area_remark(&self) -> Option<Change> {
        if !area::known(self.area_code()) {
            return Some(AREA_UNKNOWN);
        }
        // The lists give whole years, and a change may be entered a year late.
        let ended = area::ended(self.area_code()).is_some_and(|year| year < self.birth.year());
        ended.then_some(AREA_ENDED)
    }

    /// Fourteen stars and the last four characters: the only form for eyes without a stated purpose.
    pub fn masked(&self) -> String {
        format!("{:*<14}{}", "", self.text.get(14..).unwrap_or_default())
    }
}

impl std::fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResidentId({})", self.masked())
    }
}

/// `3.41E+17` or `341000200903140019.0`: text that was once a floating-point number.
fn is_number_notation(id: &str) -> bool {
    let digits_and_point = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match id.split_once(['E', 'e']) {
        Some((mantissa, exponent)) => {
            digits_and_point(mantissa)
                && exponent.starts_with('+')
                && exponent.bytes().skip(1).all(|b| b.is_ascii_digit())
        }
        None => id.split_once('.').is_some_and(|(whole, rest)| {
            whole.len() >= 16 && digits_and_point(whole) && rest.bytes().all(|b| b == b'0')
        }),
    }
}

/// The id in a disability card's number: id, kind 1–7, grade 1–4, and for a reissued card two more.
pub(super) fn before_card_suffix(card: &str) -> Result<String, ValueError> {
    let mut rest = card.chars().skip(18);
    let kind = rest.next().is_some_and(|c| ('1'..='7').contains(&c));
    let grade = rest.next().is_some_and(|c| ('1'..='4').contains(&c));
    if kind && grade && rest.all(|c| c.is_ascii_alphanumeric()) {
        Ok(card.chars().take(18).collect())
    } else {
        Err(LENGTH)
    }
}

fn upgrade(old: &str) -> Result<String, ValueError> {
    if !old.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong_characters(old));
    }
    let (area, rest) = old.split_at_checked(6).ok_or(LENGTH)?;
    // Sequences 996 to 999 of the old form marked people born in the 1800s.
    let century =
        if old.ends_with(['6', '7', '8', '9']) && rest.get(6..8) == Some("99") { "18" } else { "19" };
    let body = format!("{area}{century}{rest}");
    let check = check_digit(&body).ok_or(LENGTH)?;
    Ok(format!("{body}{check}"))
}

fn wrong_characters(id: &str) -> ValueError {
    if id.contains(|c| looks_like_digit(c).is_some()) { LETTERS } else { CHARACTERS }
}

/// The digit that a letter is mistaken for.
fn looks_like_digit(c: char) -> Option<char> {
    match c {
        'O' | 'o' | 'Ｏ' | 'О' | 'о' | 'Ο' | '〇' | '○' => Some('0'),
        'l' | 'L' | 'I' | 'i' | '|' => Some('1'),
        _ => None,
    }
}

fn check(text: String) -> Result<ResidentId, ValueError> {
    let (body, last) = text.split_at_checked(17).ok_or(CHARACTERS)?;
    let digits = body.bytes().all(|b| b.is_ascii_digit());
    if !digits || !(last == "X" || last.bytes().all(|b| b.is_ascii_digit())) {
        return Err(wrong_characters(&text));
    }
    let birth = body
        .get(6..14)
        .and_then(|d| {
            Some((d.get(..4)?.parse().ok()?, d.get(4..6)?.parse().ok()?, d.get(6..)?.parse().ok()?))
        })
        .and_then(|(y, m, d)| NaiveDate::from_ymd_opt(y, m, d))
        .filter(|date| YEARS.contains(&date.year()))
        .ok_or(DATE)?;
    let right = check_digit(body).is_some_and(|c| last.starts_with(c));
    // A double keeps 15 to 16 digits and shows zeros after them.
    if !right && text.ends_with("000") {
        return Err(PRECISION_LOST);
    }
    if body.ends_with("000") {
        return Err(SEQUENCE);
    }
    if !right {
        return Err(CHECK_DIGIT);
    }
    Ok(ResidentId { text, birth })
}

#[cfg(test)]
mod tests;
