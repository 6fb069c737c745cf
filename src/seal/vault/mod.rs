//! The vault: one row per person, found by blind index, and the names and bank accounts beside it.
//!
//! * [`Arrival`] is a person made ready without the database; [`enter`] finds or creates such people set by set and gives back random ids; it is the only way in.
//! * [`find`], [`find_many`], [`has_name`] answer questions about an id without decrypting anything.
//! * [`reveal`], [`reveal_ids`], [`reveal_names`], [`reveal_accounts`] decrypt what is to be shown, [`open_id`] and
//!   [`open_name`] what was loaded with more, and nothing else does.
//!
//! Who may see what, and that a look is put on record, is decided above; this room only answers. All
//! functions take a connection inside [`Db::read`](crate::db::Db::read) or
//! [`Db::write`](crate::db::Db::write), and query once per [`CHUNK`](crate::db::CHUNK) values, never
//! once per value.

mod arrival;
mod enter;
mod find;
mod rows;

pub use arrival::Arrival;
pub use enter::{enter, enter_accounts};
pub use find::{
    find, find_many, find_many_by_number, has_name, having_names, name_matches, open_id, open_name, reveal,
    reveal_accounts, reveal_ids, reveal_names,
};

/// A person as a file or a request gives them. Everything is normalised by `values` but the name as
/// it was entered.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The resident id (GB 11643), 18 characters, `X` upper case.
    pub id: Option<String>,
    /// The student number (全国学籍号).
    pub student_number: Option<String>,
    /// The name in the form names are compared in.
    pub name_normal: String,
    /// The name as it was written, to be shown again.
    pub name_entered: String,
    /// A telephone number; the one entered last is kept.
    pub phone: Option<String>,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Which parts there are, never the parts: this may end up in a log.
        f.debug_struct("Incoming")
            .field("id", &self.id.is_some())
            .field("student_number", &self.student_number.is_some())
            .field("phone", &self.phone.is_some())
            .finish_non_exhaustive()
    }
}

/// Who an [`Incoming`] is, and under which spelling of the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRef {
    /// The random id by which all other tables know the person.
    pub person_id: String,
    /// The spelling of the name that was entered.
    pub name_id: String,
    /// Whether the person was unknown until now, so that no other table can speak of her yet.
    pub created: bool,
}

/// What the vault holds of a person, in clear: for an answer to somebody who may see it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Revealed {
    /// The resident id.
    pub id: Option<String>,
    /// The student number.
    pub student_number: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
}

impl std::fmt::Debug for Revealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Revealed { … }")
    }
}

#[cfg(test)]
mod tests;
