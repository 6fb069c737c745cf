//! The vault's rows as diesel reads and writes them, and the places their ciphertexts are bound to.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::error::Result;
use crate::schema::{account, person, person_name};
use crate::seal::{Aad, Sealer};

#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = person, treat_none_as_default_value = false)]
pub(super) struct PersonRow {
    pub(super) person_id: String,
    pub(super) id_bidx: Option<Vec<u8>>,
    pub(super) number_bidx: Option<Vec<u8>>,
    pub(super) id_ct: Option<Vec<u8>>,
    pub(super) number_ct: Option<Vec<u8>>,
    pub(super) phone_ct: Option<Vec<u8>>,
    pub(super) suite: i16,
    /// The oldest key in the row: each ciphertext names its own, this column finds rows to re-encrypt.
    pub(super) key_id: String,
    pub(super) row_version: i64,
    pub(super) recorded_at: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = person_name, treat_none_as_default_value = false)]
pub(super) struct NameRow {
    pub(super) name_id: String,
    pub(super) person_id: String,
    pub(super) name_check: Vec<u8>,
    pub(super) name_ct: Vec<u8>,
    pub(super) recorded_at: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = account, treat_none_as_default_value = false)]
pub(super) struct AccountRow {
    pub(super) account_id: String,
    pub(super) account_bidx: Vec<u8>,
    pub(super) account_ct: Vec<u8>,
    pub(super) recorded_at: NaiveDateTime,
}

/// The sealed columns. Their names are part of what each ciphertext is bound to.
#[derive(Clone, Copy)]
pub(super) enum Column {
    Id,
    Number,
    Phone,
    Name,
    Account,
}

impl Column {
    const fn aad(self, row_id: &str) -> Aad<'_> {
        let (table, column) = match self {
            Self::Id => ("person", "id_ct"),
            Self::Number => ("person", "number_ct"),
            Self::Phone => ("person", "phone_ct"),
            Self::Name => ("person_name", "name_ct"),
            Self::Account => ("account", "account_ct"),
        };
        Aad { table, column, row_id }
    }

    pub(super) fn seal(self, with: &Sealer, row_id: &str, text: &str) -> Result<Vec<u8>> {
        with.seal(&self.aad(row_id), text)
    }

    pub(super) fn open(self, with: &Sealer, row_id: &str, bytes: &[u8]) -> Result<String> {
        with.open(&self.aad(row_id), bytes)
    }

    pub(super) fn open_if(
        self,
        with: &Sealer,
        row_id: &str,
        bytes: Option<&Vec<u8>>,
    ) -> Result<Option<String>> {
        bytes.map(|bytes| self.open(with, row_id, bytes)).transpose()
    }
}
