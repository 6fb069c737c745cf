//! How long a notice must be up, when it is over, and who may still be put on it. Pure.

use chrono::{NaiveDate, TimeDelta};

use super::model::Notice;
use super::working_day::{self, Unknown};
use crate::error::{Code, Error, FieldError, Result};
use crate::policy::PostingLength;
use crate::values::Text;

/// The last day of a notice put up on a day, which does not count.
pub fn ends_on(length: PostingLength, starts_on: NaiveDate) -> Result<NaiveDate, Unknown> {
    match length {
        PostingLength::WorkingDays(count) => working_day::after(starts_on, count),
        PostingLength::Days(count) => Ok(working_day::days_after(starts_on, count)),
    }
}

/// Whether the period is over: from the day after its last.
pub fn is_over(notice: &Notice, today: NaiveDate) -> bool {
    today > notice.ends_on
}

/// Whether it is still up although its period is over.
pub fn is_overdue(notice: &Notice, today: NaiveDate) -> bool {
    is_over(notice, today) && notice.taken_down_on.is_none()
}

/// Whether its list may be printed with names: while it runs and is up.
pub fn is_running(notice: &Notice, today: NaiveDate) -> bool {
    !is_over(notice, today) && notice.taken_down_on.is_none()
}

/// The civil day in China on which it was recorded.
pub fn recorded_on(notice: &Notice) -> NaiveDate {
    (notice.posted_at + TimeDelta::hours(8)).date()
}

/// The day a notice is put up: not in the future, and not before the term began.
pub fn may_start(starts_on: NaiveDate, term_begins: NaiveDate, today: NaiveDate) -> Result<()> {
    let refused = |code, detail| {
        Err(Error::invalid(vec![FieldError { pointer: "/starts_on".to_owned(), code, detail }]))
    };
    if starts_on > today {
        return refused(
            "date_in_future",
            Text::fixed("张贴日期晚于今天", "the day it was put up lies in the future"),
        );
    }
    if starts_on < term_begins {
        return refused(
            "before_term",
            Text::new(
                format!("张贴日期早于本学期开始（{term_begins}）"),
                format!("the day it was put up lies before the term begins ({term_begins})"),
            ),
        );
    }
    Ok(())
}

/// Whether names may be added: only on the day it was recorded, while it is up.
pub fn may_add(notice: &Notice, today: NaiveDate) -> Result<()> {
    if notice.taken_down_on.is_none() && recorded_on(notice) == today {
        return Ok(());
    }
    let day = notice.starts_on;
    Err(Error::new(
        Code::Conflict,
        Text::new(
            format!("{day} 的公示已经登记，后加的人公示时间不够；请另选张贴日期，单独公示"),
            format!(
                "the notice of {day} is recorded already, and a later name would not be up long enough: put up another, on another day"
            ),
        ),
    ))
}

/// Whether a record on this notice may be approved.
pub fn may_approve(notice: &Notice, today: NaiveDate) -> Result<()> {
    if is_over(notice, today) {
        return Ok(());
    }
    let end = notice.ends_on;
    Err(Error::new(
        Code::Conflict,
        Text::new(
            format!("公示期到 {end} 为止，期满后（次日起）才能批准"),
            format!("the public notice runs until {end}: approval is possible from the day after"),
        ),
    ))
}

/// The day a notice was taken down: after its last day, and not in the future.
pub fn may_take_down(notice: &Notice, on: NaiveDate, today: NaiveDate) -> Result<()> {
    if on > today {
        return Err(Error::invalid(vec![FieldError {
            pointer: "/taken_down_on".to_owned(),
            code: "date_in_future",
            detail: Text::fixed("撤下日期晚于今天", "the day it was taken down lies in the future"),
        }]));
    }
    if on > notice.ends_on {
        return Ok(());
    }
    let end = notice.ends_on;
    Err(Error::new(
        Code::Conflict,
        Text::new(
            format!("公示期到 {end} 为止，期满前不能撤下；名单有误请取消相应记录"),
            format!(
                "the notice runs until {end} and is not taken down before: cancel a record that should not be on it"
            ),
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Pack;
    use crate::values::Programme;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn notice() -> Notice {
        Notice {
            notice_id: "n".into(),
            school_code: "2134000001".into(),
            place: "341024".into(),
            term: "2025A".into(),
            programme: Programme::LivingSubsidy,
            starts_on: day("2025-09-26"),
            ends_on: day("2025-10-10"),
            posted_by: "school".into(),
            // 17:00 UTC is the next day in China.
            posted_at: day("2025-09-25").and_hms_opt(17, 0, 0).unwrap(),
            taken_down_on: None,
            taken_down_by: None,
            taken_down_at: None,
        }
    }

    #[test]
    fn working_days_need_their_calendar_and_other_days_none() {
        let (five, ten) = (PostingLength::WorkingDays(5), PostingLength::Days(10));
        assert_eq!(ends_on(five, day("2025-09-26")), Ok(day("2025-10-10")));
        assert_eq!(ends_on(ten, day("2025-09-26")), Ok(day("2025-10-06")));
        assert!(ends_on(five, day("2026-12-30")).is_err());
        assert_eq!(ends_on(ten, day("2026-12-30")), Ok(day("2027-01-09")));
    }

    #[test]
    fn the_pack_says_how_long_each_programme_is_posted() {
        let pack = Pack::embedded().unwrap();
        for programme in Programme::ALL {
            let expected = match programme.code() {
                "yulu_subsidy" => PostingLength::Days(10),
                _ => PostingLength::WorkingDays(5),
            };
            assert_eq!(pack.posting(*programme).unwrap().length, expected, "{programme}");
        }
    }

    #[test]
    fn it_is_over_from_the_day_after_its_last() {
        let up = notice();
        let down = Notice { taken_down_on: Some(day("2025-10-11")), ..notice() };
        for (today, over, overdue) in
            [("2025-10-09", false, false), ("2025-10-10", false, false), ("2025-10-11", true, true)]
        {
            let today = day(today);
            assert_eq!((is_over(&up, today), is_overdue(&up, today)), (over, overdue), "{today}");
            assert_eq!(may_approve(&up, today).is_ok(), over);
            assert_eq!(is_running(&up, today), !over);
            assert!(!is_overdue(&down, today));
        }
        let refused = may_approve(&up, day("2025-10-10")).unwrap_err();
        assert!(refused.detail.zh.contains("2025-10-10") && refused.detail.en.contains("2025-10-10"));
    }

    #[test]
    fn names_are_added_on_the_day_it_was_recorded_only() {
        assert_eq!(recorded_on(&notice()), day("2025-09-26"));
        assert!(may_add(&notice(), day("2025-09-26")).is_ok());
        assert!(may_add(&notice(), day("2025-09-27")).is_err());
        let down = Notice { taken_down_on: Some(day("2025-09-26")), ..notice() };
        assert!(may_add(&down, day("2025-09-26")).is_err());
    }

    #[test]
    fn it_is_put_up_within_the_term_and_taken_down_after_its_end() {
        let (begins, today) = (day("2025-08-01"), day("2025-10-20"));
        for (starts, ok) in
            [("2025-07-31", false), ("2025-08-01", true), ("2025-10-20", true), ("2025-10-21", false)]
        {
            assert_eq!(may_start(day(starts), begins, today).is_ok(), ok, "{starts}");
        }
        for (on, ok) in
            [("2025-10-10", false), ("2025-10-11", true), ("2025-10-20", true), ("2025-10-21", false)]
        {
            assert_eq!(may_take_down(&notice(), day(on), today).is_ok(), ok, "{on}");
        }
    }
}
