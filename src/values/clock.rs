//! The wall clock and random ids. Only the edges (handlers, commands) call these; everything below
//! takes a time or an id as an argument, so that each rule and each test is reproducible.

use chrono::{NaiveDate, NaiveDateTime, SubsecRound};

/// China keeps one civil time, UTC+8, without summer time; no time-zone data is needed.
const CIVIL_OFFSET_HOURS: i64 = 8;

/// The time in UTC, cut to microseconds so that both engines give back what was stored.
pub fn now() -> NaiveDateTime {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    let now = chrono::Utc::now();
    now.naive_utc().trunc_subsecs(6)
}

/// The civil date in China.
pub fn today() -> NaiveDate {
    (now() + chrono::TimeDelta::hours(CIVIL_OFFSET_HOURS)).date()
}

/// A new id: UUIDv7 as text, so that ids sort by time and no engine makes them.
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A new person id: wholly random, so that it tells nothing, not even when the person was recorded.
pub fn new_person_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
