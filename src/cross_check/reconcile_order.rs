//! The rows of a run in order of person, and the walk along them.
//!
//! A run over a province holds more rows than the processor's cache. Read one here and one there, each row
//! costs a wait for memory; so rows that come in no order are copied once into order, with nothing else in
//! between for the processor to wait with, and from then on everybody reads from front to back. Rows that
//! stand in order already are not copied: a caller who can, numbers his persons in the order he reads them.

use std::borrow::Cow;

use super::boxes::boxed;
use super::reconcile_input::{Aided, Born, Due, Enrolled, Listed, Near, PersonKey};

/// A row that speaks of one person.
pub(super) trait OfPerson: Copy {
    /// The person it is filed under.
    fn person(&self) -> PersonKey;
}

macro_rules! of_person {
    ( $( $row:ty: $key:ident; )+ ) => { $(
        impl OfPerson for $row {
            fn person(&self) -> PersonKey {
                self.$key
            }
        }
    )+ };
}

of_person! {
    Listed: person;
    Enrolled: person;
    Aided: person;
    Due: person;
    Born: person;
    Near: listed;
}

/// Bits of a person's number that are looked at together: as many as keep their boxes in the nearest cache.
const DIGIT: usize = 11;
const DIGITS: usize = 1 << DIGIT;

/// The rows in order of person, equal ones as they stand. Rows beyond four thousand million would be left
/// out here, and the identities would tell.
pub(super) fn in_order<T: OfPerson>(rows: &[T]) -> Cow<'_, [T]> {
    if rows.is_sorted_by_key(T::person) {
        return Cow::Borrowed(rows);
    }
    // Person and place in one number, because small numbers are put in order far faster than rows: by a few
    // bits of the person at a time, the lowest first, so that the time grows with the rows alone.
    let mut places: Vec<u64> =
        rows.iter().zip(0_u32..).map(|(row, at)| u64::from(row.person().0) << 32 | u64::from(at)).collect();
    let last = rows.iter().map(T::person).max().map_or(0, |person| person.0);
    for shift in (0..u32::BITS).step_by(DIGIT).take_while(|shift| last >> shift > 0) {
        let digit = |place: &u64| usize::try_from(place >> (u32::BITS + shift)).unwrap_or_default() % DIGITS;
        places = boxed(places.iter().copied(), DIGITS, digit).0;
    }
    let mut ordered = Vec::with_capacity(rows.len());
    let row = |place: u64| rows.get(usize::try_from(place & u64::from(u32::MAX)).ok()?).copied();
    ordered.extend(places.into_iter().filter_map(row));
    Cow::Owned(ordered)
}

/// Rows in order, walked person by person.
pub(super) struct Walk<'a, T>(&'a [T]);

impl<'a, T: OfPerson> Walk<'a, T> {
    /// From the first row on; the rows must be [`in_order`].
    pub(super) fn of(rows: &'a [T]) -> Self {
        Self(rows)
    }

    /// The person who comes next.
    pub(super) fn head(&self) -> Option<PersonKey> {
        self.0.first().map(T::person)
    }

    /// The rows of this person. Rows of persons before are passed over: nobody asks for them any more.
    pub(super) fn take(&mut self, person: PersonKey) -> &'a [T] {
        let earlier = self.0.iter().take_while(|row| row.person() < person).count();
        let rows = self.0.get(earlier..).unwrap_or_default();
        let hers = rows.iter().take_while(|row| row.person() == person).count();
        let (hers, later) = rows.split_at(hers);
        self.0 = later;
        hers
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::*;

    /// A row that remembers by its day where it stood.
    fn row((at, person): (u64, u32)) -> Born {
        Born { person: PersonKey(person), on: NaiveDate::default() + chrono::Days::new(at) }
    }

    fn rows(persons: &[u32]) -> Vec<Born> {
        (0..).zip(persons.iter().copied()).map(row).collect()
    }

    #[test]
    fn rows_in_order_are_not_copied() {
        assert!(matches!(in_order(&rows(&[1, 1, 7, u32::MAX])), Cow::Borrowed(_)));
        assert!(matches!(in_order(&rows(&[7, 1])), Cow::Owned(_)));
        assert!(in_order::<Born>(&[]).is_empty());
    }

    #[test]
    fn rows_of_persons_nobody_asks_for_are_passed_over() {
        let rows = rows(&[1, 2, 2, 4, u32::MAX]);
        let mut walk = Walk::of(&rows);
        assert_eq!(walk.take(PersonKey(0)), []);
        assert_eq!(walk.head(), Some(PersonKey(1)));
        assert_eq!(walk.take(PersonKey(2)), rows.get(1..3).unwrap());
        assert_eq!(walk.take(PersonKey(3)), []);
        assert_eq!(walk.take(PersonKey(u32::MAX)), rows.get(4..).unwrap());
        assert_eq!((walk.head(), walk.take(PersonKey(u32::MAX))), (None, [].as_slice()));
    }

    proptest! {
        /// The standard library's stable sort is the measure, whatever the numbers and their gaps.
        #[test]
        fn rows_of_one_person_keep_their_order(
            persons in proptest::collection::vec(prop_oneof![0..9_u32, 0..9_000_u32, any::<u32>()], 0..60)
        ) {
            let rows = rows(&persons);
            let mut sorted = rows.clone();
            sorted.sort_by_key(|row| row.person);
            prop_assert_eq!(in_order(&rows).into_owned(), sorted);
        }
    }
}
