//! What a file has spoken of so far: how a second row of one student is told, and which of several equal
//! payments one is.
//!
//! Both grow with the file, so neither keeps a subject but 64 bits of it, 12 bytes a row, in many small sorted
//! parts: one large table would double at once and need both its sizes meanwhile.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

/// The parts' number, a power of two: a million rows are some 250 to a part.
const PARTS: usize = 1 << PART_BITS;
const PART_BITS: u32 = 12;

/// The rows of a file by what they speak of.
///
/// The 64 bits are a hash under a key drawn for this file. Two subjects of a file of a million rows share
/// one once in some forty million files; the later row is then reported as a repetition, and accepted when
/// it is sent again.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    first: Marks,
    keyed: RandomState,
}

impl Seen {
    /// The first row that spoke of this, if any did.
    pub fn row(&self, subject: &impl Hash) -> Option<u32> {
        self.first.get(self.keyed.hash_one(subject))
    }

    /// Notes that this row speaks of it. The first row noted stays.
    pub fn note(&mut self, subject: &impl Hash, row: u32) {
        self.first.entry(self.keyed.hash_one(subject), row);
    }
}

/// How often a file has spoken of each subject.
///
/// The subject is a digest, and its first 64 bits stand for it: the count is part of what is stored, so the
/// same file must count alike whenever it is sent.
#[derive(Debug, Clone, Default)]
pub struct Times(Marks);

impl Times {
    /// Speaks of it once more: 1 the first time.
    pub fn next(&mut self, digest: &str) -> u32 {
        let head = digest.bytes().take(16).fold(0, |head, digit| head << 4 | nibble(digit));
        let times = self.0.entry(head, 0);
        *times = times.saturating_add(1);
        *times
    }
}

/// The value of a hexadecimal digit.
fn nibble(digit: u8) -> u64 {
    char::from(digit).to_digit(16).map_or(0, u64::from)
}

/// A small number for each of many 64-bit keys.
#[derive(Debug, Clone, Default)]
struct Marks {
    parts: Vec<Vec<Mark>>,
    nowhere: u32,
}

/// A key in two halves, which is 12 bytes with its number instead of 16, and the number.
type Mark = ([u32; 2], u32);

impl Marks {
    fn get(&self, key: u64) -> Option<u32> {
        let (part, key) = place(key);
        let part = self.parts.get(part)?;
        let at = part.binary_search_by_key(&key, |mark| mark.0).ok()?;
        part.get(at).map(|mark| mark.1)
    }

    /// The number of a key; this one if it has none yet.
    fn entry(&mut self, key: u64, number: u32) -> &mut u32 {
        let (part, key) = place(key);
        if self.parts.is_empty() {
            self.parts.resize(PARTS, Vec::new());
        }
        let Some(part) = self.parts.get_mut(part) else { return &mut self.nowhere };
        let at = part.binary_search_by_key(&key, |mark| mark.0).unwrap_or_else(|at| {
            part.insert(at, (key, number));
            at
        });
        part.get_mut(at).map_or(&mut self.nowhere, |mark| &mut mark.1)
    }
}

/// A key's part, and its halves.
fn place(key: u64) -> (usize, [u32; 2]) {
    let half = |part: u64| u32::try_from(part & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    let part = usize::try_from(key >> (u64::BITS - PART_BITS)).unwrap_or(0);
    (part, [half(key >> 32), half(key)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::digest;

    #[test]
    fn the_first_row_of_each_subject_is_remembered() {
        let mut seen = Seen::default();
        for row in 0..10_000_u32 {
            let subject = (format!("student {}", row % 5_000), "school");
            assert_eq!(seen.row(&subject), row.checked_sub(5_000), "{row}");
            seen.note(&subject, row);
            seen.note(&subject, row + 1);
        }
        assert_eq!(seen.row(&("student 7".to_owned(), "another school")), None);
    }

    #[test]
    fn each_subject_is_counted_by_itself() {
        let mut times = Times::default();
        for round in 1..=3 {
            for payment in 0..5_000_u32 {
                assert_eq!(times.next(&digest::of_parts([payment.to_string()])), round, "{payment}");
            }
        }
    }
}
