//! The locked versions of the list, read once and kept: every lookup asks them, and they change a few times
//! a term.
//!
//! A shelf is never used on trust. Versions are counted as their locks are committed, and whoever reads
//! rows to be decided upon reads the count in the same statement ([`EDITION`]): a shelf of another edition
//! is read anew, and the rows with it. Kept is only what a lock has made unchangeable.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{NaiveDate, NaiveDateTime};

use super::model::List;
use super::store;
use crate::db::Conn;
use crate::error::Result;
use crate::values::Place;

/// The edition as SQL: the highest number of a locked version, 0 where there is none, and nothing
/// (`NULL`) while a version is locked that has no number, which no shelf can be held against.
pub const EDITION: &str = "nullif(coalesce((SELECT max(coalesce(lock_number, 9223372036854775807)) FROM poverty_list \
     WHERE locked_at IS NOT NULL), 0), 9223372036854775807)";

/// A date, and the moment by which something must have been recorded to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// The date.
    pub as_of: NaiveDate,
    /// The moment (UTC).
    pub known_at: NaiveDateTime,
}

/// The locked versions of every place.
#[derive(Debug, Default)]
pub struct Shelf {
    edition: Option<i64>,
    /// By place; each place's from the one that speaks first: the latest first day, then the latest lock.
    of_place: HashMap<String, Vec<Arc<List>>>,
    by_id: HashMap<String, Arc<List>>,
}

impl Shelf {
    /// Reads the shelf, in one statement.
    pub fn load(conn: &mut Conn) -> Result<Self> {
        Ok(Self::of(store::all_locked(conn)?))
    }

    /// The shelf of these locked versions and their numbers.
    pub fn of(locked: Vec<(List, Option<i64>)>) -> Self {
        let mut edition = Some(0);
        let mut of_place: HashMap<String, Vec<Arc<List>>> = HashMap::new();
        let mut by_id = HashMap::new();
        for (list, number) in locked {
            edition = edition.zip(number).map(|(so_far, number)| so_far.max(number));
            let list = Arc::new(list);
            by_id.insert(list.list_id.clone(), Arc::clone(&list));
            of_place.entry(list.place.clone()).or_default().push(list);
        }
        for lists in of_place.values_mut() {
            lists.sort_by(|a, b| {
                (b.valid_from, b.locked_at, &b.list_id).cmp(&(a.valid_from, a.locked_at, &a.list_id))
            });
        }
        Self { edition, of_place, by_id }
    }

    /// Whether this is the shelf of an edition. None is that of rows read while a version has no number.
    pub fn is_of(&self, edition: Option<i64>) -> bool {
        edition.is_some() && self.edition == edition
    }

    /// The version that speaks for a place itself.
    pub fn in_force(&self, place: &str, when: When) -> Option<&Arc<List>> {
        let known = |list: &&Arc<List>| {
            list.locked_at.is_some_and(|at| at <= when.known_at) && list.valid_from <= when.as_of
        };
        self.of_place.get(place)?.iter().find(known)
    }

    /// The narrowest version in force that covers a place.
    pub fn covering(&self, at: &Place, when: When) -> Option<&Arc<List>> {
        at.upwards().find_map(|place| self.in_force(place, when))
    }

    /// Of the versions with these ids, the one that is in force, for the narrowest place where several are.
    pub fn narrowest<'a>(&self, ids: impl Iterator<Item = &'a str>, when: When) -> Option<&Arc<List>> {
        ids.filter_map(|id| self.by_id.get(id))
            .filter(|list| {
                self.in_force(&list.place, when).is_some_and(|first| first.list_id == list.list_id)
            })
            .max_by_key(|list| (list.place.len(), list.place.as_str()))
    }
}

/// Where the last shelf that was read is kept. One for each application on a database.
#[derive(Debug, Default)]
pub struct Shelves(RwLock<Arc<Shelf>>);

impl Shelves {
    /// The shelf as it was last read.
    pub fn last(&self) -> Arc<Shelf> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads it anew.
    pub fn renew(&self, conn: &mut Conn) -> Result<Arc<Shelf>> {
        let fresh = Arc::new(Shelf::load(conn)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }
}
