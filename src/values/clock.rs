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

/// A new person id by itself; see [`PersonIds`].
pub fn new_person_id() -> String {
    PersonIds::new().next()
}

/// How many bytes the ids of [`PersonIds`] share.
const SHARED: usize = 6;

/// Person ids for people who are recorded together. An id is random, so that it tells nothing, not even when
/// the person was recorded; those made here share their first 48 bits, so that people who come in one file
/// lie on few pages of every index that begins with them. 74 random bits of each are its own.
#[derive(Debug)]
pub struct PersonIds {
    shared: uuid::Bytes,
}

impl PersonIds {
    /// Draws what the ids share.
    #[expect(clippy::new_without_default, reason = "two of these are not alike")]
    pub fn new() -> Self {
        Self { shared: uuid::Uuid::new_v4().into_bytes() }
    }

    /// A new id.
    #[expect(clippy::should_implement_trait, reason = "an iterator without end helps nobody here")]
    pub fn next(&mut self) -> String {
        let mut bytes = uuid::Uuid::new_v4().into_bytes();
        bytes.iter_mut().zip(self.shared).take(SHARED).for_each(|(to, from)| *to = from);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn person_ids_made_together_lie_together_and_are_otherwise_random() {
        let (mut one, mut other) = (PersonIds::new(), PersonIds::new());
        let ids: Vec<String> = (0..1000).map(|_| one.next()).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 1000);
        assert_eq!(ids.iter().map(|id| &id[..13]).collect::<HashSet<_>>().len(), 1, "the shared 48 bits");
        assert!(ids.iter().map(|id| &id[14..]).collect::<HashSet<_>>().len() > 990, "the rest is its own");
        assert!(ids.windows(2).any(|w| w[0] > w[1]), "their order tells nothing");
        assert_ne!(other.next()[..13], ids[0][..13]);
        assert!(uuid::Uuid::parse_str(&ids[0]).is_ok_and(|id| id.get_version_num() == 4));
    }
}
