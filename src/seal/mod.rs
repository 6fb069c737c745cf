//! Encryption at rest, the blind index and the vault: the only room that sees an id in clear next to
//! a database.
//!
//! * [`Sealer`] turns a value into ciphertext and back, and into the 16-byte blind index by which an
//!   equal value is found again without decrypting anything.
//! * [`KeyRing`] is the secret behind it: versioned data keys and one index key, from a file or a
//!   variable, never from the database and never printed.
//! * [`vault`] stores people, their names and bank accounts. All other rooms know the random ids it
//!   gives out.
//! * [`secret_file`] reads and creates files that only the service's own account may read.
//!
//! Values arrive normalised: that all spellings of an id are one text is the work of `values`. This
//! room knows no roles, no requests and no business tables.
//!
//! Why a key at all: a county's whole space of resident ids is a few million values, hashed through in
//! a second. Only a key that is not in the database or its backups protects the index.

pub mod ring;
pub mod secret_file;
pub mod suite;
pub mod vault;

use std::collections::HashMap;
use std::sync::Arc;

pub use ring::KeyRing;
use suite::{DataKey, MacKey, Suite, Tag};

use crate::error::{Error, Result};

/// What a blind index is of. Each has its own key derived from the ring's index key, so that equal
/// texts in two domains do not look equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Domain {
    /// A normalised 18-character resident id (GB 11643). Lists and roll share it: they must join.
    ResidentId,
    /// A student number (全国学籍号).
    StudentNumber,
    /// A bank account or card number.
    Account,
    /// A telephone number.
    Phone,
}

impl Domain {
    const ALL: [Self; 4] = [Self::ResidentId, Self::StudentNumber, Self::Account, Self::Phone];

    /// The label a domain's key is derived with. Changing one orphans every index of that domain.
    const fn label(self) -> &'static str {
        match self {
            Self::ResidentId => "yingzhu/index/resident-id",
            Self::StudentNumber => "yingzhu/index/student-number",
            Self::Account => "yingzhu/index/account",
            Self::Phone => "yingzhu/index/phone",
        }
    }
}

const NAME_LABEL: &str = "yingzhu/check/name";

/// Where a ciphertext stands. It is bound to this place: moved to another row, column or table, it
/// does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aad<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The row's primary key.
    pub row_id: &'a str,
}

impl Aad<'_> {
    /// The bytes that are authenticated with the text: each part with its length before it, so that
    /// no two places give the same bytes, then suite and key.
    fn bytes(&self, suite: u8, key_id: &str) -> Vec<u8> {
        let mut out =
            Vec::with_capacity(17 + self.table.len() + self.column.len() + self.row_id.len() + key_id.len());
        for part in [self.table, self.column, self.row_id] {
            put_part(&mut out, part);
        }
        out.push(suite);
        put_part(&mut out, key_id);
        out
    }
}

/// Appends a text with its length before it (32 bits, big-endian; a longer text does not exist here).
fn put_part(out: &mut Vec<u8>, part: &str) {
    out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(part.as_bytes());
}

/// Seals, opens and indexes. Cheap to clone, shared by all threads.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    current: String,
    suite: u8,
    keys: HashMap<String, (u8, Box<dyn DataKey>)>,
    domains: [Box<dyn MacKey>; 4],
    names: Box<dyn MacKey>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// Prepares the ring's keys. Fails if a key does not fit its suite.
    pub fn new(ring: &KeyRing) -> Result<Self> {
        let mut keys = HashMap::new();
        for (id, number, secret) in ring.data_keys() {
            let suite = known_suite(number)?;
            keys.insert(id.to_owned(), (number, suite.data_key(secret)?));
        }
        let (current, number) = ring.current();
        let (index_suite, secret) = ring.index_key();
        let index_suite = known_suite(index_suite)?;
        let root = index_suite.mac_key(secret)?;
        let derive = |label: &str| -> Result<Box<dyn MacKey>> {
            index_suite.mac_key(&*zeroize::Zeroizing::new(root.full(&[label.as_bytes()])))
        };
        let [a, b, c, d] = Domain::ALL.map(|domain| derive(domain.label()));
        Ok(Self(Arc::new(Inner {
            current: current.to_owned(),
            suite: number,
            keys,
            domains: [a?, b?, c?, d?],
            names: derive(NAME_LABEL)?,
        })))
    }

    /// The 16 bytes by which an equal, normalised value of the same domain is found again. A stable
    /// pseudonym: personal data itself, never logged and never answered.
    pub fn blind_index(&self, domain: Domain, normal: &str) -> Tag {
        let [id, number, account, phone] = &self.0.domains;
        let key = match domain {
            Domain::ResidentId => id,
            Domain::StudentNumber => number,
            Domain::Account => account,
            Domain::Phone => phone,
        };
        key.tag(&[normal.as_bytes()])
    }

    /// Answers "the same person, another name?" without an index of names: the person salts the name,
    /// so that the frequency of surnames cannot be read from the table.
    pub fn name_check(&self, person: &str, normal_name: &str) -> Tag {
        let length = u64::try_from(person.len()).unwrap_or(u64::MAX).to_be_bytes();
        self.0.names.tag(&[&length, person.as_bytes(), normal_name.as_bytes()])
    }

    /// Encrypts under the current key. Layout: suite (1 byte), length of the key's id (1), the key's
    /// id, nonce (12), ciphertext with its tag (16 more than the text).
    pub fn seal(&self, aad: &Aad<'_>, plaintext: &str) -> Result<Vec<u8>> {
        self.seal_bytes(aad, plaintext.as_bytes())
    }

    /// [`Sealer::seal`] of bytes that are no text.
    pub fn seal_bytes(&self, aad: &Aad<'_>, plaintext: &[u8]) -> Result<Vec<u8>> {
        let inner = &*self.0;
        let (number, key) = inner
            .keys
            .get(&inner.current)
            .ok_or_else(|| Error::internal("seal: the current key is not in the ring"))?;
        let id_len = u8::try_from(inner.current.len())
            .map_err(|_e| Error::internal("seal: a key id is longer than 255 bytes"))?;
        let mut out = Vec::with_capacity(2 + inner.current.len() + 12 + plaintext.len() + 16);
        out.push(*number);
        out.push(id_len);
        out.extend_from_slice(inner.current.as_bytes());
        key.seal(&aad.bytes(*number, &inner.current), plaintext, &mut out)?;
        Ok(out)
    }

    /// Decrypts what [`Sealer::seal`] wrote for the same place, under any key of the ring. Fails alike
    /// for a moved, a changed and a foreign ciphertext.
    pub fn open(&self, aad: &Aad<'_>, sealed: &[u8]) -> Result<String> {
        let text = self.try_open(aad, sealed).and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or_else(|| does_not_open(aad))
    }

    /// [`Sealer::open`] of what [`Sealer::seal_bytes`] wrote.
    pub fn open_bytes(&self, aad: &Aad<'_>, sealed: &[u8]) -> Result<Vec<u8>> {
        self.try_open(aad, sealed).ok_or_else(|| does_not_open(aad))
    }

    fn try_open(&self, aad: &Aad<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
        let (&number, rest) = sealed.split_first()?;
        let (&id_len, rest) = rest.split_first()?;
        let (id, body) = rest.split_at_checked(usize::from(id_len))?;
        let id = std::str::from_utf8(id).ok()?;
        let (suite, key) = self.0.keys.get(id)?;
        if *suite != number {
            return None;
        }
        key.open(&aad.bytes(number, id), body)
    }

    /// The suite and the id of the key that new values are sealed with.
    pub fn current(&self) -> (u8, &str) {
        (self.0.suite, &self.0.current)
    }
}

fn does_not_open(aad: &Aad<'_>) -> Error {
    Error::internal(format!("seal: a value of {}.{} does not open", aad.table, aad.column))
}

fn known_suite(number: u8) -> Result<&'static dyn Suite> {
    suite::find(number).ok_or_else(|| Error::internal(format!("seal: suite {number} is not built in")))
}

#[cfg(test)]
mod tests;
