//! Which days are worked in mainland China, as the State Council's notice for each year says.
//!
//! The table beside this file is embedded and read once; when the next year's notice is out before the next
//! release, an operator names a file of the same form instead (`--working-days`). Weekends alone are not
//! the answer: some are worked and some weekdays are free. A day in a year whose notice is not in the table
//! is unknown, and every question about it is refused with the table's last day rather than guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::error::{Code, Error};
use crate::values::Text;

const EMBEDDED: &str = include_str!("working_days.tsv");

/// The longest run of days off with room to spare; a longer search would be a fault of the table.
const LONGEST_BREAK: i64 = 30;

#[derive(Debug, Default)]
struct Table {
    /// Year → the notice it comes from.
    years: BTreeMap<i32, String>,
    off: BTreeSet<NaiveDate>,
    worked: BTreeSet<NaiveDate>,
}

/// A day of which the table does not know whether it is worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown {
    /// The first day the table knows.
    pub first: NaiveDate,
    /// The last day it knows.
    pub last: NaiveDate,
}

impl From<Unknown> for Error {
    fn from(unknown: Unknown) -> Self {
        let Unknown { first, last } = unknown;
        Error::new(
            Code::Conflict,
            Text::new(
                format!(
                    "工作日历只有 {first} 到 {last}；公示期会超出这个范围，请先补充国务院办公厅的放假安排"
                ),
                format!(
                    "the calendar of working days has {first} to {last} only, and the notice would run beyond it: add the State Council's arrangement for that year"
                ),
            ),
        )
    }
}

static TABLE: OnceLock<Table> = OnceLock::new();

fn table() -> &'static Table {
    TABLE.get_or_init(|| read(EMBEDDED).0)
}

/// Takes a table in place of the embedded one; once, at start, before the first question is asked.
/// `Err` names the lines (from 1) that could not be read, or none when a table is in use already.
pub fn replace(text: &str) -> Result<(), Vec<usize>> {
    let (table, unread) = read(text);
    if !unread.is_empty() || table.years.is_empty() {
        return Err(unread);
    }
    TABLE.set(table).map_err(|_in_use| Vec::new())
}

/// Reads a table; the second part names the lines that could not be read.
fn read(text: &str) -> (Table, Vec<usize>) {
    let mut table = Table::default();
    let mut unread = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if !line.starts_with('#') && !line.trim().is_empty() && enter(&mut table, line).is_none() {
            unread.push(number);
        }
    }
    (table, unread)
}

/// Enters one line; the years of the days must follow their `year` line.
fn enter(table: &mut Table, line: &str) -> Option<()> {
    let mut fields = line.trim_end().split('\t');
    match (fields.next()?, fields.next()?) {
        ("year", year) => {
            table.years.insert(year.parse().ok()?, fields.next()?.to_owned());
        }
        ("off", first) => {
            let (first, last): (NaiveDate, NaiveDate) = (first.parse().ok()?, fields.next()?.parse().ok()?);
            let days = (last - first).num_days();
            if !(0..LONGEST_BREAK).contains(&days) {
                return None;
            }
            table.off.extend(first.iter_days().take_while(|day| *day <= last));
        }
        ("work", day) => {
            table.worked.insert(day.parse().ok()?);
        }
        _ => return None,
    }
    Some(())
}

/// The notice a year's arrangement comes from, if the table has it.
pub fn source(year: i32) -> Option<&'static str> {
    table().years.get(&year).map(String::as_str)
}

/// Whether a day is worked.
pub fn is_worked(day: NaiveDate) -> Result<bool, Unknown> {
    let table = table();
    if !table.years.contains_key(&day.year()) {
        return Err(unknown(table));
    }
    let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    Ok(table.worked.contains(&day) || (!weekend && !table.off.contains(&day)))
}

fn unknown(table: &Table) -> Unknown {
    let day = |year: Option<&i32>, month, day| {
        year.and_then(|year| NaiveDate::from_ymd_opt(*year, month, day)).unwrap_or_default()
    };
    Unknown { first: day(table.years.keys().next(), 1, 1), last: day(table.years.keys().next_back(), 12, 31) }
}

/// The day on which `count` days have been worked after a day, which itself does not count (民法典第二百零一条).
pub fn after(day: NaiveDate, count: u32) -> Result<NaiveDate, Unknown> {
    let mut left = count;
    // A week has five days of work or fewer, and no break is longer than the longest.
    let horizon = 3 * i64::from(count) + LONGEST_BREAK;
    for next in day.iter_days().skip(1).take(usize::try_from(horizon).unwrap_or(usize::MAX)) {
        if left == 0 {
            break;
        }
        if is_worked(next)? {
            left -= 1;
            if left == 0 {
                return Ok(next);
            }
        }
    }
    if count == 0 { Ok(day) } else { Err(unknown(table())) }
}

/// The day after a number of days of any kind; the day itself does not count.
pub fn days_after(day: NaiveDate, count: u32) -> NaiveDate {
    day.checked_add_days(Days::new(u64::from(count))).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_table_is_read_whole_and_contradicts_itself_nowhere() {
        let (table, unread) = read(EMBEDDED);
        assert_eq!(unread, [0_usize; 0]);
        assert_eq!(table.years.keys().copied().collect::<Vec<_>>(), (2017..=2026).collect::<Vec<_>>());
        assert!(table.years.values().all(|source| source.contains("国办发明电")));
        assert!(table.off.is_disjoint(&table.worked));
        // What is worked by exception is always a weekend.
        let weekend = |d: &NaiveDate| matches!(d.weekday(), Weekday::Sat | Weekday::Sun);
        assert!(table.worked.iter().all(weekend));
        for year in 2017..=2026 {
            // New Year's Day and the three days of the National Day are free every year.
            for free in ["01-01", "10-01", "10-02", "10-03"] {
                assert_eq!(is_worked(day(&format!("{year}-{free}"))), Ok(false), "{year}-{free}");
            }
            // 2017 to 2024 have 248 to 251 days of work a year, 247 to 249 with the eleven holidays of 2025.
            let first = day(&format!("{year}-01-01"));
            let worked =
                first.iter_days().take_while(|d| d.year() == year).filter(|d| is_worked(*d).unwrap());
            let worked = worked.count();
            assert!((247..=251).contains(&worked), "{year}: {worked}");
        }
    }

    #[test]
    fn five_working_days_are_counted_over_holidays_and_worked_weekends() {
        for (posted, last) in [
            // A plain week: Monday to the Monday after.
            ("2025-10-20", "2025-10-27"),
            ("2025-10-24", "2025-10-31"),
            // Over the National Day, with Sunday 28 September and Saturday 11 October worked.
            ("2025-09-26", "2025-10-10"),
            ("2025-09-30", "2025-10-14"),
            // The spring festival of 2020, prolonged to 2 February.
            ("2020-01-22", "2020-02-06"),
            // From Saturday.
            ("2024-10-12", "2024-10-18"),
        ] {
            assert_eq!(after(day(posted), 5), Ok(day(last)), "{posted}");
        }
        assert_eq!(after(day("2025-10-20"), 0), Ok(day("2025-10-20")));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_refused_line_by_line() {
        for (text, lines) in [
            ("year\t2027\t国办发明电〔2026〕1号\noff\t2027-01-01\n", vec![2]),
            ("year\t二〇二七\t某号\nwork\t2027-02-30\nfree\t2027-01-01", vec![1, 2, 3]),
            ("off\t2027-01-03\t2027-01-01\t元旦", vec![1]),
            ("off\t2027-01-01\t2028-01-01\t元旦", vec![1]),
            ("# 只有说明\n", vec![]),
        ] {
            assert_eq!(replace(text), Err(lines), "{text}");
        }
        let (table, unread) = read("year\t2027\t某号\r\n\r\noff\t2027-01-01\t2027-01-03\t元旦\r\n");
        assert_eq!((table.years.len(), table.off.len(), unread.len()), (1, 3, 0));
    }

    #[test]
    fn past_its_end_the_calendar_says_so() {
        let unknown = after(day("2026-12-28"), 5).unwrap_err();
        assert_eq!((unknown.first, unknown.last), (day("2017-01-01"), day("2026-12-31")));
        assert_eq!(after(day("2026-12-28"), 3), Ok(day("2026-12-31")));
        assert!(is_worked(day("2016-12-30")).is_err());
        let told = Error::from(unknown);
        assert_eq!(told.code, Code::Conflict);
        assert!(told.detail.zh.contains("2026-12-31") && told.detail.en.contains("2026-12-31"));
    }
}
