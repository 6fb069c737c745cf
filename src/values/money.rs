//! Money: integer fen (分), never a float.

use super::{Text, ValueError};

/// An amount in fen (1 yuan = 100 fen). May be negative only as a ledger difference.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Fen(pub i64);

/// The largest single amount a spreadsheet cell may hold: one million yuan.
const MOST_FEN_IN_A_CELL: i64 = 100_000_000;

impl Fen {
    /// Reads an amount as offices write it: `1500`, `1,500.00`, `312.5`, `¥625`, `625元整`, `0.15万元`.
    ///
    /// Errors: `amount_invalid`, `amount_negative`, `amount_absurd` (more than a million yuan).
    pub fn parse_yuan(text: &str) -> Result<Self, ValueError> {
        let amount = text
            .trim()
            .trim_start_matches(['¥', '￥'])
            .trim_end_matches(['整', '正'])
            .trim_end_matches('元')
            .trim_end();
        let (amount, ten_thousands) = match amount.strip_suffix('万') {
            Some(amount) => (amount, true),
            None => (amount, false),
        };
        let mut cleaned: String =
            amount.chars().filter(|c| !matches!(c, ',' | '，' | ' ' | '\u{a0}')).collect();
        if ten_thousands {
            cleaned = in_yuan(&cleaned);
        }
        if cleaned.starts_with('-') {
            return Err(ValueError::fixed(
                "amount_negative",
                ("金额为负数", "the amount is negative"),
                (
                    "请填写应发或实发金额；退回请走退回流程",
                    "give the amount paid; record a repayment as a return",
                ),
            ));
        }
        let (yuan, fraction) = cleaned.split_once('.').unwrap_or((cleaned.as_str(), ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        // A spreadsheet's float may show 312.50 as 312.5 or as 312.500000: only zeros may follow the fen.
        let (cents, beyond) = fraction.split_at_checked(2).unwrap_or((fraction, ""));
        let well_formed = !yuan.is_empty()
            && digits(yuan)
            && digits(fraction)
            && (!cleaned.contains('.') || !fraction.is_empty())
            && beyond.bytes().all(|b| b == b'0');
        let amount = well_formed
            .then(|| {
                let yuan: i64 = yuan.parse().ok()?;
                let cents: i64 = format!("{cents:0<2}").parse().ok()?;
                yuan.checked_mul(100)?.checked_add(cents)
            })
            .flatten();
        match amount {
            Some(fen) if fen > MOST_FEN_IN_A_CELL => Err(ValueError::fixed(
                "amount_absurd",
                ("单笔金额超过 100 万元，不合常理", "a single amount above 1,000,000 yuan is not plausible"),
                ("请核对单位（元）和小数点", "check the unit (yuan) and the decimal point"),
            )),
            Some(fen) => Ok(Self(fen)),
            None => Err(ValueError {
                code: "amount_invalid",
                what: Text::fixed("金额不是以元为单位的数字", "the amount is not a number of yuan"),
                todo: Text::fixed(
                    "请填写数字，最多两位小数，例如 1500 或 312.50",
                    "give a number with at most two decimals, e.g. 1500 or 312.50",
                ),
            }),
        }
    }

    /// Reads an amount under a header that says 万元: `0.15` is 1500 yuan. Errors as [`Fen::parse_yuan`].
    pub fn parse_ten_thousands(text: &str) -> Result<Self, ValueError> {
        Self::parse_yuan(&in_yuan(text))
    }

    /// The amount in yuan as people write it: `1500`, `312.50`.
    pub fn yuan(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let whole = self.0.unsigned_abs();
        match whole % 100 {
            0 => format!("{sign}{}", whole / 100),
            cents => format!("{sign}{}.{cents:02}", whole / 100),
        }
    }
}

/// 万元 as yuan: the decimal point moves four places, all in text, so that nothing is rounded.
fn in_yuan(ten_thousands: &str) -> String {
    let (whole, fraction) = ten_thousands.split_once('.').unwrap_or((ten_thousands, ""));
    // No number: left for the parse to refuse, and never filled up to one.
    if whole.is_empty() || ten_thousands.ends_with('.') {
        return ten_thousands.to_owned();
    }
    let (moved, rest) = fraction.split_at_checked(4).unwrap_or((fraction, ""));
    let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
    format!("{whole}{moved:0<4}{rest}")
}

impl std::iter::Sum for Fen {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.map(|f| f.0).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_is_read_exactly() {
        for (text, fen) in [
            ("1500", 150_000),
            ("312.5", 31_250),
            ("312.50", 31_250),
            ("1,500.00", 150_000),
            ("¥625元", 62_500),
            ("0", 0),
            ("0.01", 1),
            ("312.500000", 31_250),
            ("1500元整", 150_000),
            ("0.15万元", 150_000),
            ("0.0625 万", 62_500),
            ("2万", 2_000_000),
            ("0.031250万元", 31_250),
        ] {
            assert_eq!(Fen::parse_yuan(text).unwrap(), Fen(fen), "{text}");
        }
        for (text, code) in [
            ("", "amount_invalid"),
            ("-1", "amount_negative"),
            ("1.005", "amount_invalid"),
            ("abc", "amount_invalid"),
            ("99999999", "amount_absurd"),
            ("9999999999999999999999", "amount_invalid"),
            ("1.", "amount_invalid"),
            ("1e3", "amount_invalid"),
            ("万元", "amount_invalid"),
            (".15万元", "amount_invalid"),
            ("1.万元", "amount_invalid"),
            ("1.2345678万元", "amount_invalid"),
            ("-0.15万元", "amount_negative"),
            ("101万元", "amount_absurd"),
        ] {
            assert_eq!(Fen::parse_yuan(text).unwrap_err().code, code, "{text}");
        }
    }

    #[test]
    fn ten_thousands_are_moved_and_never_rounded() {
        for (text, fen) in [("0.15", 150_000), ("0.0625", 62_500), ("1", 1_000_000), ("0.031250", 31_250)] {
            assert_eq!(Fen::parse_ten_thousands(text), Ok(Fen(fen)), "{text}");
        }
        for text in ["0.1234567", "", ".5", "1."] {
            assert_eq!(Fen::parse_ten_thousands(text).unwrap_err().code, "amount_invalid", "{text}");
        }
    }

    #[test]
    fn yuan_is_written_as_people_write_it() {
        assert_eq!(Fen(31_250).yuan(), "312.50");
        assert_eq!(Fen(150_000).yuan(), "1500");
        assert_eq!(Fen(-5).yuan(), "-0.05");
    }
}
