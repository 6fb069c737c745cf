//! Civil dates as offices write them. A date that lacks its day is imprecise, and is never filled up.

use chrono::{Datelike, NaiveDate};

use super::cleaning::{Blanks, clean};
use super::{Change, Parsed, ValueError};

/// A spreadsheet's serial number of a day was read as the date.
pub const FROM_SERIAL: Change = Change {
    code: "date_from_serial",
    zh: "表格的日期序号已转换为日期",
    en: "the spreadsheet's serial number was read as a date",
};
/// The separators were made standard, or a time of day was left out.
pub const REWRITTEN: Change = Change {
    code: "date_rewritten",
    zh: "日期已统一写法",
    en: "the date was rewritten in the standard form",
};

const EMPTY: ValueError = ValueError::fixed(
    "date_empty",
    ("日期为空", "the date is empty"),
    ("请填写日期，例如 2009-03-14", "give a date, e.g. 2009-03-14"),
);
const IMPRECISE: ValueError = ValueError::fixed(
    "date_imprecise",
    ("日期只到年或月，缺少日", "the date stops at the year or month: the day is missing"),
    ("请补全年月日，例如 2009-03-14", "give year, month and day, e.g. 2009-03-14"),
);
const INVALID: ValueError = ValueError::fixed(
    "date_invalid",
    ("日期无法识别，或日历上没有这一天", "the date cannot be read, or no calendar has it"),
    ("请按 2009-03-14 的写法填写", "write it as 2009-03-14"),
);

/// Reads a date: `2009-03-14`, `20090314`, `2009/3/14`, `2009.3.14`, `2009年3月14日`, each with or without
/// a time of day after it, or a spreadsheet's serial number (five digits, with or without a time of day).
///
/// Errors: `date_empty`, `date_imprecise`, `date_invalid` (years outside 1900 to 2100 included).
pub fn parse(text: &str) -> Result<Parsed<NaiveDate>, ValueError> {
    let (cleaned, mut changes) = clean(text, Blanks::Ends);
    // The blank between date and time is part of the form; blanks within the date are not.
    let day_part = match cleaned.split_once(['T', ' ']) {
        Some((day, time)) if time.contains(':') => day,
        _ => cleaned.as_str(),
    };
    let day_part = without_fraction(&day_part.replace(' ', "")).to_owned();
    if day_part.is_empty() {
        return Err(EMPTY);
    }
    let date = if day_part.bytes().all(|b| b.is_ascii_digit()) {
        match day_part.len() {
            8 => ymd(day_part.get(..4), day_part.get(4..6), day_part.get(6..)),
            5 => {
                changes.push(FROM_SERIAL);
                day_part.parse().ok().and_then(from_serial)
            }
            4 | 6 => return Err(if looks_like_year(&day_part) { IMPRECISE } else { INVALID }),
            _ => None,
        }
    } else {
        let unified = day_part.replace(['年', '月', '/', '.', '。', '\\'], "-");
        let unified = unified.trim_end_matches(['日', '号', '-']);
        let mut parts = unified.split('-');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(y), Some(m), Some(d), None) => ymd(Some(y), Some(m), Some(d)),
            (Some(y), Some(_) | None, None, None) if y.len() == 4 && looks_like_year(y) => {
                return Err(IMPRECISE);
            }
            _ => None,
        }
    };
    let value = date.filter(|d| (1900..=2100).contains(&d.year())).ok_or(INVALID)?;
    if changes.is_empty() && value.to_string() != text {
        changes.push(REWRITTEN);
    }
    Ok(Parsed { value, changes })
}

/// The date of a spreadsheet's serial number (1900 system: 1 is 1900-01-01, and a 29 February 1900 that
/// never was is counted). Only 1900-03-01 to 2100-12-31, where the count is right.
pub fn from_serial(serial: u32) -> Option<NaiveDate> {
    let epoch = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    let date = epoch.checked_add_days(chrono::Days::new(u64::from(serial)))?;
    (serial >= 61 && date.year() <= 2100).then_some(date)
}

/// A whole number written as a float loses its point, a serial number its time of day: `20090314.0`,
/// `39886.375`.
fn without_fraction(text: &str) -> &str {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, rest)) if digits(whole) && digits(rest) => match whole.len() {
            5 => whole,
            8 if rest.bytes().all(|b| b == b'0') => whole,
            _ => text,
        },
        _ => text,
    }
}

fn looks_like_year(text: &str) -> bool {
    text.get(..4).and_then(|y| y.parse::<u32>().ok()).is_some_and(|y| (1900..=2100).contains(&y))
}

fn ymd(year: Option<&str>, month: Option<&str>, day: Option<&str>) -> Option<NaiveDate> {
    let number = |part: Option<&str>, longest: usize| {
        let part = part?;
        let well_formed = (1..=longest).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        well_formed.then(|| part.parse::<u32>().ok()).flatten()
    };
    // A year of two digits would have to be guessed.
    let year = number(year.filter(|y| y.len() == 4), 4)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(month, 2)?, number(day, 2)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_day_in_many_spellings() {
        let day = NaiveDate::from_ymd_opt(2009, 3, 14).unwrap();
        for text in [
            "2009-03-14",
            "20090314",
            "2009/3/14",
            "2009.3.14",
            "2009年3月14日",
            "2009年03月14",
            "2009-3-14 00:00:00",
            "2009-03-14T08:00:00",
            "２００９－０３－１４",
            " 2009 年 3 月 14 日 ",
            "39886",
            "39886.375",
            "20090314.0",
        ] {
            assert_eq!(parse(text).map(|p| p.value), Ok(day), "{text}");
        }
        assert!(parse("2009-03-14").unwrap().changes.is_empty());
        assert_eq!(parse("2009/3/14").unwrap().changes, [REWRITTEN]);
        assert_eq!(parse("39886").unwrap().changes, [FROM_SERIAL]);
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for (text, code) in [
            ("", "date_empty"),
            ("2009.3", "date_imprecise"),
            ("2009年3月", "date_imprecise"),
            ("2009年", "date_imprecise"),
            ("2009", "date_imprecise"),
            ("200903", "date_imprecise"),
            ("2009-02-29", "date_invalid"),
            ("2009-13-01", "date_invalid"),
            ("09-3-14", "date_invalid"),
            ("1899-01-01", "date_invalid"),
            ("2101-01-01", "date_invalid"),
            ("14/3/2009", "date_invalid"),
            ("昨天", "date_invalid"),
            ("99999", "date_invalid"),
            ("20090314.5", "date_invalid"),
            ("39886.", "date_invalid"),
        ] {
            assert_eq!(parse(text).unwrap_err().code, code, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_is_read_back_from_every_form(serial in 61_u32..73_415) {
            let day = from_serial(serial).unwrap();
            for form in ["%Y-%m-%d", "%Y%m%d", "%Y/%-m/%-d", "%Y.%-m.%-d", "%Y年%-m月%-d日", "%Y-%m-%d 00:00:00"] {
                prop_assert_eq!(parse(&day.format(form).to_string()).unwrap().value, day);
            }
            if serial >= 10_000 {
                prop_assert_eq!(parse(&serial.to_string()).unwrap().value, day);
            }
        }
    }
}
