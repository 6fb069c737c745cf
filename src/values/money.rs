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
    /// Reads yuan as offices write it: `1500`, `1,500.00`, `312.5`, `¥625`, `625元`.
    pub fn parse_yuan(text: &str) -> Result<Self, ValueError> {
        let cleaned: String = text
            .trim()
            .trim_start_matches(['¥', '￥'])
            .trim_end_matches('元')
            .chars()
            .filter(|c| !matches!(c, ',' | '，' | ' ' | '\u{a0}'))
            .collect();
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
        ] {
            assert_eq!(Fen::parse_yuan(text).unwrap_err().code, code, "{text}");
        }
    }

    #[test]
    fn yuan_is_written_as_people_write_it() {
        assert_eq!(Fen(31_250).yuan(), "312.50");
        assert_eq!(Fen(150_000).yuan(), "1500");
        assert_eq!(Fen(-5).yuan(), "-0.05");
    }
}
