//! Which subjects a file has spoken of, and on which row: how a second row of one student is told.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

/// The rows of a file by what they speak of.
///
/// It grows with the file, so it keeps no subject but a hash of it under a key drawn for this file: 12
/// bytes a row. Two subjects of a file of a million rows share a hash once in some forty million files;
/// the later row is then reported as a repetition, and accepted when it is sent again.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    first: HashMap<[u32; 2], u32>,
    keyed: RandomState,
}

impl Seen {
    /// The first row that spoke of this, if any did.
    pub fn row(&self, subject: &impl Hash) -> Option<u32> {
        self.first.get(&self.key(subject)).copied()
    }

    /// Notes that this row speaks of it. The first row noted stays.
    pub fn note(&mut self, subject: &impl Hash, row: u32) {
        self.first.entry(self.key(subject)).or_insert(row);
    }

    fn key(&self, subject: &impl Hash) -> [u32; 2] {
        let hash = self.keyed.hash_one(subject);
        let half = |part: u64| u32::try_from(part & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        [half(hash >> 32), half(hash)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_of_each_subject_is_remembered() {
        let mut seen = Seen::default();
        for row in 0..10_000_u32 {
            let subject = (format!("student {}", row % 5_000), "school");
            assert_eq!(seen.row(&subject), row.checked_sub(5_000), "{row}");
            seen.note(&subject, row);
        }
        assert_eq!(seen.row(&("student 7".to_owned(), "another school")), None);
    }
}
