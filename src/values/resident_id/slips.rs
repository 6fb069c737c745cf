//! The slips by which a right id becomes a wrong one, undone: every id that may have been meant.
//!
//! [`variants`] starts from an id that is valid and matches nobody; [`candidates`] from a text that is no
//! id at all. Both only enumerate: a bounded number of valid ids, each with the kind of slip that leads
//! from it to what was written. Which of them exists, whose it is and whether it was meant is decided
//! elsewhere, with a name beside it and by a person. Pure: this file knows no list, no roll, no database.

use std::collections::BTreeMap;

use super::{
    ResidentId, before_card_suffix, check, check_digit, is_number_notation, looks_like_digit, upgrade,
};
use crate::values::cleaning::{Blanks, clean};
use crate::values::closed_list::closed_list;

/// What a double keeps of an id is right to 15 digits; what follows was cut to zeros or rounded.
const LOST_PLACES: u64 = 1000;

closed_list! {
    /// How what was written differs from the id that may have been meant.
    pub enum Slip {
        LetterForDigit = "letter_for_digit", "字母误作数字（O/0、l/1）", "a letter that looks like a digit (O for 0, l for 1)";
        SignForX = "sign_for_x", "末位 X 误作 × 或 *", "a × or * in place of the final X";
        CheckCharacter = "check_character", "仅校验码不同", "only the check character differs";
        OneDigit = "one_digit", "一位数字不同", "one digit differs";
        Transposed = "transposed", "相邻两位颠倒", "two neighbouring digits are swapped";
        MissingCharacter = "missing_character", "少录一位", "one character is missing";
        ExtraCharacter = "extra_character", "多录一位", "one character too many";
        OldNumber = "old_number", "15 位旧号中一处错误", "one slip in an old number of 15 digits";
        PrecisionLost = "precision_lost", "表格丢失末几位", "the spreadsheet lost the last digits";
    }
}

/// The valid ids that differ from a valid one in one of its 17 digits or by a swap of two neighbours
/// among them, each with its own check character: at most 153 and 16, fewer because dates must be real.
///
/// For an id that was typed with a slip *before* its check character was computed, as software that
/// fills it in does. A slip in a whole id is never valid: see the head of [`super`].
pub fn variants(id: &ResidentId) -> impl Iterator<Item = (ResidentId, Slip)> + use<> {
    let body: Vec<char> = id.as_str().chars().take(17).collect();
    with_right_check(body)
}

fn with_right_check(body: Vec<char>) -> impl Iterator<Item = (ResidentId, Slip)> {
    one_changed(body.clone())
        .map(|b| (b, Slip::OneDigit))
        .chain(swapped(body).map(|b| (b, Slip::Transposed)))
        .filter_map(|(b, slip)| Some((completed(&b)?, slip)))
}

/// The ids that may have been meant by a text that is no id; empty when it is one, or when more than one
/// slip would have to be assumed. In the order of the ids, at most 200, none twice.
pub fn candidates(entered: &str) -> Vec<(ResidentId, Slip)> {
    if ResidentId::parse(entered).is_ok() {
        return Vec::new();
    }
    let (mut text, _) = clean(entered, Blanks::All);
    let mut found = Found::default();
    if is_number_notation(&text) {
        found.rounded(&text);
        return found.in_order();
    }
    if matches!(text.chars().count(), 20 | 22) {
        let Ok(id) = before_card_suffix(&text) else { return Vec::new() };
        text = id;
    }
    let text = text.to_uppercase();
    match text.chars().count() {
        15 => found.old_number(&text),
        17 => found.one_missing(&text),
        18 => found.whole(&text),
        19 => found.one_extra(&text),
        _ => {}
    }
    found.in_order()
}

/// Valid ids with the first slip that explained each.
#[derive(Default)]
struct Found(BTreeMap<ResidentId, Slip>);

impl Found {
    fn add(&mut self, text: String, slip: Slip) {
        if let Ok(id) = check(text) {
            self.0.entry(id).or_insert(slip);
        }
    }

    fn in_order(self) -> Vec<(ResidentId, Slip)> {
        self.0.into_iter().collect()
    }

    /// Eighteen characters of which something is wrong.
    fn whole(&mut self, text: &str) {
        let chars: Vec<char> = text.chars().collect();
        let Some((&last, body)) = chars.split_last() else { return };
        let foreign = body.iter().filter(|c| !c.is_ascii_digit()).count();
        if foreign > 0 || !is_check_character(last) {
            self.foreign(body, last, foreign);
            for other in swapped(chars.clone()) {
                self.add(other, Slip::Transposed);
            }
            return;
        }
        // Three zeros are seldom typed; otherwise a slip of the hand is likelier than a spreadsheet's.
        if text.ends_with("000") {
            self.rounded(text);
        }
        let written: String = body.iter().collect();
        if check_digit(&written) == Some(last) {
            // The check character is right and the date is not: the slip came first.
            for (id, slip) in with_right_check(body.to_vec()) {
                self.0.entry(id).or_insert(slip);
            }
            // Or a double was rounded past the end of a month, and one in eleven such numbers is right
            // in its check character by chance.
            self.rounded(text);
            return;
        }
        if let Some(right) = check_digit(&written) {
            self.add(format!("{written}{right}"), Slip::CheckCharacter);
        }
        for other in one_changed(body.to_vec()) {
            self.add(format!("{other}{last}"), Slip::OneDigit);
        }
        for other in swapped(chars.clone()) {
            self.add(other, Slip::Transposed);
        }
        self.rounded(text);
    }

    fn rounded(&mut self, text: &str) {
        if let Some(kept) = Kept::read(text) {
            self.number(kept);
        }
    }

    /// Characters that do not belong: letters for digits, a sign for the X, or one that is unreadable.
    fn foreign(&mut self, body: &[char], last: char, foreign: usize) {
        let read: String = body.iter().map(|c| looks_like_digit(*c).unwrap_or(*c)).collect();
        let end = match last {
            '×' | '*' | '✕' | '╳' | 'Χ' | 'Х' => 'X',
            other => looks_like_digit(other).unwrap_or(other),
        };
        let sign = end == 'X' && last != 'X';
        self.add(format!("{read}{end}"), if sign { Slip::SignForX } else { Slip::LetterForDigit });
        if foreign == 0 {
            if let Some(right) = check_digit(&read) {
                self.add(format!("{read}{right}"), Slip::CheckCharacter);
            }
        } else if foreign == 1 && is_check_character(last) {
            for digit in '0'..='9' {
                let other: String =
                    body.iter().map(|c| if c.is_ascii_digit() { *c } else { digit }).collect();
                self.add(format!("{other}{last}"), Slip::OneDigit);
            }
        }
    }

    fn one_missing(&mut self, text: &str) {
        for at in 0..=text.chars().count() {
            for c in "0123456789X".chars() {
                self.add(inserted(text, at, c), Slip::MissingCharacter);
            }
        }
    }

    fn one_extra(&mut self, text: &str) {
        for at in 0..text.chars().count() {
            let other = text.chars().enumerate().filter(|(i, _)| *i != at).map(|(_, c)| c).collect();
            self.add(other, Slip::ExtraCharacter);
        }
    }

    /// An old number carries no check character: whatever gives a real date may have been meant.
    fn old_number(&mut self, text: &str) {
        let read: Vec<char> = text.chars().map(|c| looks_like_digit(c).unwrap_or(c)).collect();
        let as_read: String = read.iter().collect();
        if as_read != text {
            self.upgraded(&as_read, Slip::LetterForDigit);
            return;
        }
        for other in one_changed(read.clone()).chain(swapped(read)) {
            self.upgraded(&other, Slip::OldNumber);
        }
    }

    fn upgraded(&mut self, old: &str, slip: Slip) {
        if let Ok(id) = upgrade(old) {
            self.add(id, slip);
        }
    }

    /// A number of 18 digits, known to a unit, that went through a double: the ids that become this number
    /// when their last digits are cut or rounded away, and those whose nearest double it is. An id that
    /// was taken for a number did not end in X.
    fn number(&mut self, Kept { number, unit }: Kept) {
        let gap = distance_of_doubles(number);
        let around = match unit {
            1 if number.is_multiple_of(LOST_PLACES) => {
                return self.number(Kept { number, unit: LOST_PLACES });
            }
            // Spreadsheet programs cut, other software rounds.
            LOST_PLACES => (unit / 2 + gap / 2, unit - 1),
            1 if number.is_multiple_of(gap) => (gap / 2, gap / 2),
            // No double at all: the digits are as they were typed, and only their notation is wrong.
            1 => (0, 0),
            _ => (unit / 2 + gap / 2, unit / 2 + gap / 2),
        };
        self.between(number.saturating_sub(around.0), number.saturating_add(around.1));
    }

    fn between(&mut self, low: u64, high: u64) {
        for body in low / 10..=high / 10 {
            let body = format!("{body:017}");
            let Some(last) = check_digit(&body).filter(char::is_ascii_digit) else { continue };
            let id = format!("{body}{last}");
            if id.parse::<u64>().is_ok_and(|n| (low..=high).contains(&n)) {
                self.add(id, Slip::PrecisionLost);
            }
        }
    }
}

/// The gap between neighbouring doubles at a whole number: they hold 53 binary digits.
fn distance_of_doubles(number: u64) -> u64 {
    1_u64 << (u64::BITS - number.leading_zeros()).saturating_sub(53)
}

/// What is left of an id that was a number.
struct Kept {
    number: u64,
    /// To what the digits are known: 1 when all are there, 1000 when 15 are.
    unit: u64,
}

impl Kept {
    /// Reads 18 digits, `3.41000200903140E+17` or `341000200903140032.0`. `None` for a number of another
    /// size, or one of which too little was kept: a column that is merely narrow shows `3.41E+17`.
    fn read(text: &str) -> Option<Self> {
        let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
            let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
            return Self::of(whole, 1);
        };
        let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unit = match rest.len() {
            // Zeros at the end are often left out.
            11..=14 => LOST_PLACES,
            15 => 100,
            16 => 10,
            17 => 1,
            _ => return None,
        };
        let sized = first.len() == 1 && exponent == "+17";
        sized.then(|| Self::of(&format!("{first}{rest:0<17}"), unit)).flatten()
    }

    fn of(digits: &str, unit: u64) -> Option<Self> {
        (digits.len() == 18).then(|| digits.parse().ok()).flatten().map(|number| Self { number, unit })
    }
}

fn is_check_character(c: char) -> bool {
    c == 'X' || c.is_ascii_digit()
}

fn completed(body: &str) -> Option<ResidentId> {
    check(format!("{body}{}", check_digit(body)?)).ok()
}

/// Every text that differs in one digit.
fn one_changed(chars: Vec<char>) -> impl Iterator<Item = String> {
    (0..chars.len()).flat_map(move |at| {
        let chars = chars.clone();
        ('0'..='9').filter_map(move |digit| {
            let differs = chars.get(at).is_some_and(|c| *c != digit);
            differs.then(|| chars.iter().enumerate().map(|(i, c)| if i == at { digit } else { *c }).collect())
        })
    })
}

/// Every text with two different neighbours swapped.
fn swapped(chars: Vec<char>) -> impl Iterator<Item = String> {
    (1..chars.len()).filter_map(move |at| {
        let mut other = chars.clone();
        other.swap(at - 1, at);
        (other != chars).then(|| other.into_iter().collect())
    })
}

fn inserted(text: &str, at: usize, new: char) -> String {
    text.chars().take(at).chain([new]).chain(text.chars().skip(at)).collect()
}

#[cfg(test)]
mod tests;
