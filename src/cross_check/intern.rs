//! Keys for the run: each text met gets a small number, and can be had back by it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::model::{Directory, PersonShown};
use super::reconcile_input::{AccountKey, County, NameKey, PersonKey, SchoolKey};
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
        let number =
            u32::try_from(self.texts.len()).map_err(|_e| Error::internal("more keys than u32 holds"))?;
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

/// The keys of a run. Its [`Directory`] gives stable ids only; a report that shows people has its own.
#[derive(Debug, Default)]
pub struct Keys {
    /// Persons, by `person_id`.
    pub people: Interner,
    /// Names, by `name_id`.
    pub names: Interner,
    /// Schools, by code.
    pub schools: Interner,
    /// Accounts, by `account_id`.
    pub accounts: Interner,
    /// Households, by place and number.
    pub households: Interner,
}

impl Directory for Keys {
    fn person(&self, key: PersonKey) -> Cow<'_, str> {
        Cow::Borrowed(self.people.text(key.0))
    }

    fn account(&self, key: AccountKey) -> Cow<'_, str> {
        Cow::Borrowed(self.accounts.text(key.0))
    }

    fn school(&self, key: SchoolKey) -> Cow<'_, str> {
        Cow::Borrowed(self.schools.text(key.0))
    }

    fn name(&self, key: NameKey) -> Cow<'_, str> {
        Cow::Borrowed(self.names.text(key.0))
    }

    fn person_shown(&self, _key: PersonKey) -> PersonShown<'_> {
        PersonShown::default()
    }

    fn school_name(&self, key: SchoolKey) -> Cow<'_, str> {
        self.school(key)
    }

    fn county_name(&self, county: County) -> Cow<'_, str> {
        Cow::Owned(county.0.to_string())
    }
}

#[cfg(test)]
mod tests {
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
}
