//! Which household a student belongs to: the number on the list, the number on the roll, and the number
//! under which an earlier version listed her.
//!
//! A household number is counted within a county. Where one number stands on the list for two villages,
//! it says nothing of somebody whose village is not known, and no chain is made of it.

use std::collections::HashMap;

use super::intern::Interner;
use super::load::Question;
use super::model::HouseholdSource;
use super::people::{ById, People};
use crate::db::Conn;
use crate::error::Result;
use crate::poverty_list::model::Entry;
use crate::poverty_list::store as lists;
use crate::roll::model::Enrolment;
use crate::values::Place;

/// The households of a list version.
#[derive(Debug, Default)]
pub struct Homes {
    /// By county and number: the household's key, or `None` if the number stands for several.
    by_number: HashMap<String, Option<String>>,
    /// One entry of each household, by key.
    entries: HashMap<String, Entry>,
    /// The household under which an earlier version lists a person: by person, county and number.
    earlier: HashMap<String, String>,
}

impl Homes {
    /// Takes an entry in; the key of its household.
    pub(super) fn enter(&mut self, e: &Entry) -> Option<String> {
        let number = number(&e.place, e.household_no.as_deref()?)?;
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let key = format!("{number}|{}|{}", part(&e.township), part(&e.village));
        let known = self.by_number.entry(number).or_insert_with(|| Some(key.clone()));
        if known.as_ref().is_some_and(|known| *known != key) {
            *known = None;
        }
        self.entries.entry(key.clone()).or_insert_with(|| e.clone());
        Some(key)
    }

    /// Reads the version before, for those who stood on it in a household that is still listed. Its digest,
    /// since the run then depends on it.
    pub(super) fn learn<T>(
        &mut self,
        conn: &mut Conn,
        q: &Question<'_>,
        on_list: &ById<T>,
    ) -> Result<Option<String>> {
        let Some(earlier) = lists::before(conn, q.list, q.at)? else { return Ok(None) };
        for (person, place, no) in lists::households(conn, &earlier.list_id, q.place)? {
            let Some(number) = number(&place, &no) else { continue };
            let listed = on_list.contains_key(&People::id(&person)?);
            if !listed && matches!(self.by_number.get(&number), Some(Some(_))) {
                self.earlier.insert(person, number);
            }
        }
        Ok(earlier.digest)
    }

    /// The listed household a row of the roll belongs to, if there is one.
    pub(super) fn of(&self, row: &Enrolment, households: &Interner) -> Option<(u32, HouseholdSource)> {
        let key = |number: &str| households.known(self.by_number.get(number)?.as_ref()?);
        let home = row.hukou_place.as_deref().unwrap_or(&row.place);
        let own = row.household_no.as_deref().and_then(|no| key(&number(home, no)?));
        own.map(|key| (key, HouseholdSource::Roll)).or_else(|| {
            let number = self.earlier.get(&row.person_id)?;
            Some((key(number)?, HouseholdSource::EarlierList))
        })
    }

    /// An entry of a household, by its key's text.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }
}

/// County and number.
fn number(place: &str, no: &str) -> Option<String> {
    let county = Place::parse(place).ok()?;
    (!no.is_empty()).then(|| format!("{}|{no}", county.six_digits()))
}
