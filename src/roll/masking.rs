//! How people are shown: masked, unless the caller's token holds `pii:read`.
//!
//! A mask is a courtesy of display, not a protection: the last four characters of an id number and the
//! first character of a name. Every answer that shows people comes through here.

use std::collections::HashMap;

use crate::db::Conn;
use crate::error::Result;
use crate::seal::{Sealer, vault};
use crate::values::{PersonName, ResidentId};

/// The people and names an answer will show.
#[derive(Debug, Default)]
pub struct People {
    /// Persons whose id numbers are shown.
    pub people: Vec<String>,
    /// Names that are shown.
    pub names: Vec<String>,
}

/// Id numbers and names as this caller may see them.
#[derive(Debug, Default)]
pub struct Shown {
    ids: HashMap<String, String>,
    names: HashMap<String, String>,
}

impl People {
    /// Opens what is needed and masks it unless `pii` is held.
    pub fn show(self, conn: &mut Conn, sealer: &Sealer, pii: bool) -> Result<Shown> {
        let ids = vault::reveal(conn, sealer, &self.people)?
            .into_iter()
            .filter_map(|(person, revealed)| Some((person, revealed.id?)))
            .map(|(person, id)| (person, id_number(id, pii)))
            .collect();
        let names = vault::reveal_names(conn, sealer, &self.names)?
            .into_iter()
            .map(|(name_id, text)| (name_id, name(text, pii)))
            .collect();
        Ok(Shown { ids, names })
    }
}

/// An id number as it is shown: masked unless `pii` is held.
pub fn id_number(id: String, pii: bool) -> String {
    if pii { id } else { ResidentId::parse(&id).map_or_else(|_| "*".repeat(18), |id| id.value.masked()) }
}

/// A name as it is shown: masked unless `pii` is held.
pub fn name(name: String, pii: bool) -> String {
    if pii {
        name
    } else {
        PersonName::parse(&name).map_or_else(|_| "*".to_owned(), |name| name.value.masked())
    }
}

impl Shown {
    /// The id number of a person.
    pub fn id_number(&self, person_id: &str) -> Option<String> {
        self.ids.get(person_id).cloned()
    }

    /// A name.
    pub fn name(&self, name_id: &str) -> Option<String> {
        self.names.get(name_id).cloned()
    }
}
