//! Bank cards to which aid is paid: 12 to 19 digits with the Luhn check digit of ISO/IEC 7812-1.

use super::cleaning::{Blanks, clean};
use super::{Change, Parsed, ValueError};

/// A card number whose length and check digit are right.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BankCard(String);

/// The hyphens between the groups were removed.
pub const HYPHENS_REMOVED: Change =
    Change {
        code: "hyphens_removed", zh: "去除了号码中的横线", en: "hyphens in the number were removed"
    };

const EMPTY: ValueError = ValueError::fixed(
    "card_empty",
    ("银行卡号为空", "the bank card number is empty"),
    ("请填写受助学生本人的银行卡号", "give the number of the student's own card"),
);
const PRECISION_LOST: ValueError = ValueError::fixed(
    "card_precision_lost",
    (
        "银行卡号被表格软件当作数字，末几位已丢失",
        "the card number was kept as a number and its last digits are lost",
    ),
    ("请把该列设为“文本”后重新输入卡号", "format the column as text and type the number again"),
);
const CHARACTERS: ValueError = ValueError::fixed(
    "card_characters",
    ("银行卡号中有数字以外的字符", "the bank card number holds characters other than digits"),
    ("请填写完整卡号，不要用 * 代替", "give the whole number, without * in place of digits"),
);
const LENGTH: ValueError = ValueError::fixed(
    "card_length",
    ("银行卡号的位数不对", "the bank card number has the wrong number of digits"),
    ("应为 12 至 19 位数字，请对照卡面核对", "it should have 12 to 19 digits; compare it with the card"),
);
const CHECK_DIGIT: ValueError = ValueError::fixed(
    "card_check_digit",
    (
        "银行卡号的校验位不对，至少有一位输错",
        "the card's check digit is wrong: at least one digit is mistyped",
    ),
    ("请对照卡面逐位核对", "compare it with the card digit by digit"),
);

impl BankCard {
    /// Reads a card number. Errors: `card_empty`, `card_precision_lost`, `card_characters`, `card_length`,
    /// `card_check_digit`.
    pub fn parse(text: &str) -> Result<Parsed<Self>, ValueError> {
        let (cleaned, mut changes) = clean(text, Blanks::All);
        if cleaned.is_empty() {
            return Err(EMPTY);
        }
        if cleaned.contains(['E', 'e']) && cleaned.contains('+') {
            return Err(PRECISION_LOST);
        }
        let number = cleaned.replace('-', "");
        if number != cleaned {
            changes.push(HYPHENS_REMOVED);
        }
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(CHARACTERS);
        }
        if !(12..=19).contains(&number.len()) {
            return Err(LENGTH);
        }
        if luhn(&number) { Ok(Parsed { value: Self(number), changes }) } else { Err(CHECK_DIGIT) }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Stars and the last four digits.
    pub fn masked(&self) -> String {
        let hidden = self.0.len().saturating_sub(4);
        format!("{}{}", "*".repeat(hidden), self.0.get(hidden..).unwrap_or_default())
    }
}

impl std::fmt::Debug for BankCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BankCard({})", self.masked())
    }
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(place, d)| if place % 2 == 0 { d } else { d * 2 / 10 + d * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_read_and_masked() {
        for text in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "４１１１１１１１１１１１１１１１",
        ] {
            let card = BankCard::parse(text).unwrap().value;
            assert_eq!(card.as_str(), "4111111111111111", "{text}");
            assert_eq!(format!("{card:?}"), "BankCard(************1111)");
        }
    }

    #[test]
    fn every_single_wrong_digit_is_refused() {
        let right = "6222021234567890128";
        let right =
            (0..10).map(|d| format!("{}{d}", &right[..18])).find(|n| BankCard::parse(n).is_ok()).unwrap();
        for at in 0..right.len() {
            for digit in '0'..='9' {
                let mut wrong: Vec<char> = right.chars().collect();
                if wrong[at] != digit {
                    wrong[at] = digit;
                    let wrong: String = wrong.into_iter().collect();
                    assert_eq!(BankCard::parse(&wrong).unwrap_err().code, "card_check_digit");
                }
            }
        }
    }

    #[test]
    fn what_is_no_card_is_refused() {
        for (text, code) in [
            ("", "card_empty"),
            ("6.22202E+18", "card_precision_lost"),
            ("6222****1234", "card_characters"),
            ("41111111111", "card_length"),
            ("41111111111111111111", "card_length"),
        ] {
            assert_eq!(BankCard::parse(text).unwrap_err().code, code, "{text}");
        }
    }
}
