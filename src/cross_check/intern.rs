//! Keys for the run: each text or row id met gets a small number, and can be had back by it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use uuid::Uuid;

use super::model::Directory;
use super::people::People;
use super::reconcile_input::{AccountKey, PersonKey, SchoolKey};
use crate::error::{Error, Result};

/// Texts and their numbers.
#[derive(Debug, Default)]
pub struct Interner {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Interner {
    /// The number of a text, new or known.
    pub fn number(&mut self, text: &str) -> Result<u32> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        let number = next(self.texts.len())?;
        let text: Arc<str> = Arc::from(text);
        self.numbers.insert(Arc::clone(&text), number);
        self.texts.push(text);
        Ok(number)
    }

    /// The number of a text that is known.
    pub fn known(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        usize::try_from(number).ok().and_then(|at| self.texts.get(at)).map_or("", |t| t)
    }
}

/// Row ids (UUIDs) and their numbers, in the order of coming: 16 bytes each instead of a text.
#[derive(Debug, Default)]
pub struct Ids {
    numbers: HashMap<Uuid, u32, BuildHasherDefault<Folded>>,
    ids: Vec<Uuid>,
}

/// The hash of an id: its two halves, one laid over the other. An id is drawn at random or sealed under
/// a secret key, so its bits are even already and nobody outside can choose ids that collide; mixing them
/// again would cost more than the look-up. Not for anything that people write.
#[derive(Debug, Default)]
pub struct Folded(u64);

impl Hasher for Folded {
    /// Whole words of eight bytes; an id has two.
    fn write(&mut self, bytes: &[u8]) {
        let (words, _) = bytes.as_chunks();
        self.0 = words.iter().fold(self.0, |hash, word| hash ^ u64::from_ne_bytes(*word));
    }

    /// A number that was given in order of coming: spread over the word by an odd factor.
    fn write_u32(&mut self, number: u32) {
        self.0 ^= u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Ids {
    /// The number of an id, new or known.
    pub fn number(&mut self, id: &str) -> Result<u32> {
        self.enter(parsed(id).ok_or_else(|| Error::internal("a row id is no UUID"))?)
    }

    /// The same for an id that is no text.
    pub fn enter(&mut self, id: Uuid) -> Result<u32> {
        match self.numbers.entry(id) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(new) => {
                let number = next(self.ids.len())?;
                self.ids.push(id);
                Ok(*new.insert(number))
            }
        }
    }

    /// The number of an id that is known.
    pub fn known(&self, id: &str) -> Option<u32> {
        self.numbers.get(&parsed(id)?).copied()
    }

    /// The id of a number.
    pub fn text(&self, number: u32) -> String {
        let id = usize::try_from(number).ok().and_then(|at| self.ids.get(at));
        id.map_or_else(String::new, Uuid::to_string)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

fn parsed(id: &str) -> Option<Uuid> {
    Uuid::parse_str(id).ok()
}

/// The number after so many.
pub(super) fn next(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_e| Error::internal("more keys than u32 holds"))
}

/// The keys of a run.
#[derive(Debug, Default)]
pub struct Keys {
    /// Persons, by `person_id`.
    pub people: People,
    /// Names, by `name_id`.
    pub names: Ids,
    /// Schools, by code.
    pub schools: Interner,
    /// Accounts, by `account_id`.
    pub accounts: Ids,
    /// Households, by place and number.
    pub households: Interner,
}

impl Directory for Keys {
    fn person(&self, key: PersonKey) -> Cow<'_, str> {
        Cow::Owned(self.people.text(key))
    }

    fn account(&self, key: AccountKey) -> Cow<'_, str> {
        Cow::Owned(self.accounts.text(key.0))
    }

    fn school(&self, key: SchoolKey) -> Cow<'_, str> {
        Cow::Borrowed(self.schools.text(key.0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher as _;

    use super::*;

    #[test]
    fn a_text_keeps_its_number() {
        let mut interner = Interner::default();
        let a = interner.number("a").unwrap();
        let b = interner.number("b").unwrap();
        assert_ne!(a, b);
        assert_eq!(interner.number("a").unwrap(), a);
        assert_eq!(interner.text(b), "b");
        assert_eq!(interner.known("c"), None);
    }

    #[test]
    fn an_id_keeps_its_number_and_its_text() {
        let mut ids = Ids::default();
        let (one, other) = (crate::values::clock::new_id(), crate::values::clock::new_person_id());
        assert_eq!((ids.number(&one).unwrap(), ids.number(&other).unwrap()), (0, 1));
        assert_eq!((ids.number(&one).unwrap(), ids.known(&other)), (0, Some(1)));
        assert_eq!((ids.text(0), ids.text(1), ids.text(2)), (one, other, String::new()));
        assert!(ids.number("no id").is_err());
        assert_eq!(ids.len(), 2);
    }

    #[test]
    fn ids_made_one_after_another_or_alike_in_one_half_do_not_share_a_hash() {
        let hash = |id: Uuid| BuildHasherDefault::<Folded>::default().hash_one(id);
        let made = (0..1000).map(|_| parsed(&crate::values::clock::new_id()).unwrap());
        let halves = (0..1000_u128).flat_map(|n| [n | 5 << 90, n << 64 | 5 << 40]).map(Uuid::from_u128);
        let hashes: HashSet<u64> = made.chain(halves).map(hash).collect();
        assert_eq!(hashes.len(), 3000);
    }
}
