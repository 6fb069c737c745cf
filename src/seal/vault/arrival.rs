//! A person as a file gives her, made ready for the vault before anything is asked of the database: the blind
//! indexes by which she is looked for, and the rows that she becomes if nobody is found. All the keyed hashing
//! and sealing of a new person is here, so that it can be done on another thread than the one that stores.

use chrono::NaiveDateTime;

use super::Incoming;
use super::rows::{Column, NameRow, PersonRow};
use crate::error::Result;
use crate::seal::{Domain, Sealer};
use crate::values::clock::{self, PersonIds};

/// A person made ready for [`enter`](super::enter).
pub struct Arrival {
    pub(super) said: Incoming,
    /// Her row if she is unknown so far; its blind indexes are those to look for in any case.
    pub(super) row: PersonRow,
    /// The row of her name in that case.
    pub(super) name: NameRow,
}

impl std::fmt::Debug for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.said.fmt(f)
    }
}

impl Arrival {
    /// Makes a person ready, with an id of `ids` should she be new.
    pub fn prepare(sealer: &Sealer, ids: &mut PersonIds, said: Incoming) -> Result<Self> {
        let index = |domain, text: &Option<String>| {
            text.as_ref().map(|text| sealer.blind_index(domain, text).to_vec())
        };
        let (person_id, name_id) = (ids.next(), clock::new_id());
        let seal = |column: Column, text: &Option<String>| {
            text.as_ref().map(|text| column.seal(sealer, &person_id, text)).transpose()
        };
        let (suite, key_id) = sealer.current();
        // The time is that of the batch, and set when the row is stored.
        let recorded_at = NaiveDateTime::default();
        let name = NameRow {
            name_check: sealer.name_check(&person_id, &said.name_normal).to_vec(),
            name_ct: Column::Name.seal(sealer, &name_id, &said.name_entered)?,
            name_id,
            person_id: person_id.clone(),
            recorded_at,
        };
        let row = PersonRow {
            id_bidx: index(Domain::ResidentId, &said.id),
            number_bidx: index(Domain::StudentNumber, &said.student_number),
            id_ct: seal(Column::Id, &said.id)?,
            number_ct: seal(Column::Number, &said.student_number)?,
            phone_ct: seal(Column::Phone, &said.phone)?,
            suite: i16::from(suite),
            key_id: key_id.to_owned(),
            row_version: 1,
            recorded_at,
            person_id,
        };
        Ok(Self { said, row, name })
    }

    /// The same, recorded at this time.
    pub(super) fn recorded_at(mut self, now: NaiveDateTime) -> Self {
        self.row.recorded_at = now;
        self.name.recorded_at = now;
        self
    }
}
