//! The persons of a run: whole columns of sealed ids numbered at once, which is the join of the cross-check. Pure.
//!
//! One table of a million ids is far larger than the processor's cache, and ids come in no order, so each look
//! into it costs a wait for memory. Here the ids are first dealt into boxes by one byte, and each box is
//! numbered by a table that fits into the cache; the time then grows with the rows.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

use uuid::Uuid;

use super::boxes::boxed;
use super::intern::{Folded, next};
use super::reconcile_input::PersonKey;
use crate::error::{Error, Result};

/// Something known of persons, by their ids.
pub type ById<T> = HashMap<Uuid, T, BuildHasherDefault<Folded>>;

/// Some persons, by their ids.
pub type IdSet = HashSet<Uuid, BuildHasherDefault<Folded>>;

/// The ids of all rows, source by source, in the order of the rows.
#[derive(Debug, Default)]
pub struct People {
    /// Of the roll: the longest, whose rows stand in order of number if nobody is on it twice.
    pub roll: Vec<Uuid>,
    /// Of the list.
    pub list: Vec<Uuid>,
    /// Of the aid records.
    pub aid: Vec<Uuid>,
}

/// The number of each row's person, source by source.
#[derive(Debug, PartialEq, Eq)]
pub struct Numbers {
    of_rows: Vec<u32>,
    roll: usize,
    list: usize,
}

impl People {
    /// The id of a row.
    ///
    /// # Errors
    /// If it is none, which would be a fault of this program.
    pub fn id(text: &str) -> Result<Uuid> {
        Uuid::parse_str(text).map_err(|_e| Error::internal("a row id is no UUID"))
    }

    /// The id of a number.
    pub fn of(&self, key: PersonKey) -> Option<Uuid> {
        let at = usize::try_from(key.0).ok()?;
        let Some(later) = at.checked_sub(self.roll.len()) else { return self.roll.get(at).copied() };
        let Some(later) = later.checked_sub(self.list.len()) else { return self.list.get(later).copied() };
        self.aid.get(later).copied()
    }

    /// The same in words; empty for a number of nobody.
    pub fn text(&self, key: PersonKey) -> String {
        self.of(key).map_or_else(String::new, |id| id.to_string())
    }

    /// Whether a number is of somebody on the roll.
    pub fn on_roll(&self, key: PersonKey) -> bool {
        usize::try_from(key.0).is_ok_and(|at| at < self.roll.len())
    }

    /// Numbers everybody: by where an id stands first, counted through the roll, the list and the aid records,
    /// so that no other table is needed to find an id by its number.
    ///
    /// # Errors
    /// If there are more rows than numbers.
    pub fn number(&self) -> Result<Numbers> {
        let sources = [&self.roll, &self.list, &self.aid];
        let rows = sources.iter().map(|ids| ids.len()).sum();
        next(rows)?;
        let placed = sources.into_iter().flatten().copied().enumerate();
        let placed = placed.map(|(at, id)| (id, u32::try_from(at).unwrap_or(u32::MAX)));
        let mut numbers = vec![0; rows];
        let mut table: ById<u32> = HashMap::default();
        for of_box in boxed(placed, BOXES, |(id, _)| last_byte(id)) {
            table.clear();
            for (id, at) in of_box {
                let number = table.entry(id).or_insert(at);
                if let Some(of_row) = usize::try_from(at).ok().and_then(|at| numbers.get_mut(at)) {
                    *of_row = *number;
                }
            }
        }
        Ok(Numbers { of_rows: numbers, roll: self.roll.len(), list: self.list.len() })
    }
}

impl Numbers {
    fn keys(numbers: &[u32]) -> impl Iterator<Item = PersonKey> + '_ {
        numbers.iter().copied().map(PersonKey)
    }

    /// Of the roll, row by row.
    pub fn roll(&self) -> impl Iterator<Item = PersonKey> + '_ {
        Self::keys(self.of_rows.get(..self.roll).unwrap_or_default())
    }

    /// Of the list.
    pub fn list(&self) -> impl Iterator<Item = PersonKey> + '_ {
        Self::keys(self.of_rows.get(self.roll..self.roll.saturating_add(self.list)).unwrap_or_default())
    }

    /// Of the aid records.
    pub fn aid(&self) -> impl Iterator<Item = PersonKey> + '_ {
        Self::keys(self.of_rows.get(self.roll.saturating_add(self.list)..).unwrap_or_default())
    }

    /// Of one row of the roll.
    pub fn on_roll(&self, row: PersonKey) -> Option<PersonKey> {
        usize::try_from(row.0).ok().and_then(|at| self.of_rows.get(at)).copied().map(PersonKey)
    }
}

/// One box for each value of a byte.
const BOXES: usize = 256;

/// The last byte of an id: random in an id of whatever version, and in a sealed one.
fn last_byte(id: &Uuid) -> usize {
    let [.., last] = id.as_bytes();
    usize::from(*last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A number is where the id stands first, found by looking, and leads back to the id.
        #[test]
        fn an_id_has_the_number_of_its_first_row(
            roll in proptest::collection::vec(0..40_u128, 0..30),
            list in proptest::collection::vec(0..40_u128, 0..30),
            aid in proptest::collection::vec(prop_oneof![0..40_u128, any::<u128>()], 0..30),
        ) {
            // Alike in the byte they are dealt by, in pairs.
            let ids = |column: &[u128]| -> Vec<Uuid> {
                column.iter().map(|n| Uuid::from_u128(n << 40 | (n % 3))).collect()
            };
            let people = People { roll: ids(&roll), list: ids(&list), aid: ids(&aid) };
            let all: Vec<Uuid> = [&people.roll, &people.list, &people.aid].into_iter().flatten().copied().collect();
            let numbers = people.number().unwrap();
            let first = |id: &Uuid| u32::try_from(all.iter().position(|one| one == id).unwrap()).unwrap();
            let expected = |column: &[Uuid]| -> Vec<PersonKey> { column.iter().map(first).map(PersonKey).collect() };
            prop_assert_eq!(numbers.roll().collect::<Vec<_>>(), expected(&people.roll));
            prop_assert_eq!(numbers.list().collect::<Vec<_>>(), expected(&people.list));
            prop_assert_eq!(numbers.aid().collect::<Vec<_>>(), expected(&people.aid));
            for (key, id) in numbers.roll().chain(numbers.list()).chain(numbers.aid()).zip(&all) {
                prop_assert_eq!(people.of(key), Some(*id));
                prop_assert_eq!(people.on_roll(key), people.roll.contains(id));
            }
            prop_assert_eq!(people.of(PersonKey(u32::MAX)), None);
        }
    }
}
