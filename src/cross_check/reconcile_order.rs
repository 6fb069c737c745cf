//! The rows of a run brought together person by person, a box of persons at a time.
//!
//! A run over a province holds more rows than the processor's cache. Read one here and one there, each row
//! costs a wait for memory; put in order as a whole, each is written out again into memory nobody has touched
//! yet. So only the places of the rows are dealt into boxes, a few thousand persons each, and the rows of one
//! box at a time are fetched in order, into the same small buffer again and again. Rows that stand in order
//! already are read where they stand: a caller who can, numbers his persons in the order of his longest source.

use std::hint::black_box;

use super::boxes::{boxed, width};
use super::reconcile_input::{Aided, Born, Due, Enrolled, Input, Listed, Near, PersonKey};
use super::reconcile_person::Case;

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

/// One kind of rows, box by box.
struct Source<'a, T> {
    /// Rows in order: those that are still to come. Else all of them.
    rows: &'a [T],
    places: Places,
    /// The rows of the open box.
    open: Vec<T>,
}

/// Person and place of each row that stands in no order.
enum Places {
    /// The rows stand in order.
    None,
    /// As they come.
    Flat(Vec<u64>),
    /// By the box of the person; the boxes that are still to come.
    Boxed(std::iter::Peekable<std::vec::IntoIter<Vec<u64>>>),
}

/// The person in a place's number.
fn person_of(place: u64) -> u32 {
    u32::try_from(place >> u32::BITS).unwrap_or(u32::MAX)
}

fn row_of<T: Copy>(place: u64, rows: &[T]) -> Option<T> {
    rows.get(usize::try_from(place & u64::from(u32::MAX)).ok()?).copied()
}

impl<'a, T: OfPerson> Source<'a, T> {
    /// Rows as they come. Rows beyond four thousand million would be left out here, and the identities would
    /// tell.
    fn of(rows: &'a [T]) -> Self {
        let places = if rows.is_sorted_by_key(T::person) {
            Places::None
        } else {
            let placed = rows.iter().zip(0_u32..);
            let place = |(row, at): (&T, u32)| u64::from(row.person().0) << u32::BITS | u64::from(at);
            Places::Flat(placed.map(place).collect())
        };
        Self { rows, places, open: Vec::new() }
    }

    /// The greatest number of a person.
    fn last(&self) -> u32 {
        match &self.places {
            Places::Flat(places) => places.iter().max().copied().map_or(0, person_of),
            _ => self.rows.last().map_or(0, |row| row.person().0),
        }
    }

    /// Deals the rows into boxes of persons whose numbers differ in so many low bits only.
    fn deal(&mut self, within: u32, last: u32) {
        if let Places::Flat(places) = &self.places {
            let number = |person: u32| usize::try_from(person >> within).unwrap_or_default();
            let boxes = number(last).saturating_add(1);
            let boxes = boxed(places.iter().copied(), boxes, |place| number(person_of(*place)));
            self.places = Places::Boxed(boxes.into_iter().peekable());
        }
    }

    /// A person of the box that comes next.
    fn head(&mut self) -> Option<u32> {
        let Places::Boxed(boxes) = &mut self.places else {
            return self.rows.first().map(|row| row.person().0);
        };
        while boxes.next_if(Vec::is_empty).is_some() {}
        boxes.peek()?.first().copied().map(person_of)
    }

    /// The rows of the box up to this person, in order of person, equal ones as they stand.
    fn open(&mut self, until: u32) -> Walk<'_, T> {
        let head = self.head();
        let Places::Boxed(boxes) = &mut self.places else {
            let (hers, later) = self.rows.split_at(self.rows.partition_point(|row| row.person().0 <= until));
            self.rows = later;
            return Walk(hers);
        };
        let here = if head.is_some_and(|head| head <= until) { boxes.next() } else { None };
        let mut here = here.unwrap_or_default();
        here.sort_unstable();
        // Each row is looked at before any is copied, so that the waits for memory overlap.
        let looked_at = here.iter().filter_map(|place| row_of(*place, self.rows));
        black_box(looked_at.fold(0, |sum, row| sum ^ row.person().0));
        self.open.clear();
        self.open.extend(here.into_iter().filter_map(|place| row_of(place, self.rows)));
        Walk(&self.open)
    }
}

/// All rows of a run, box by box.
pub(super) struct Boxes<'a> {
    listed: Source<'a, Listed>,
    enrolled: Source<'a, Enrolled>,
    aided: Source<'a, Aided>,
    due: Source<'a, Due>,
    presumed: Source<'a, Due>,
    born: Source<'a, Born>,
    near: Source<'a, Near>,
    within: u32,
}

impl<'a> Boxes<'a> {
    /// The boxes of what a run reads.
    pub(super) fn of(input: &Input<'a>) -> Self {
        let mut all = Self {
            listed: Source::of(input.listed),
            enrolled: Source::of(input.enrolled),
            aided: Source::of(input.aided),
            due: Source::of(input.due),
            presumed: Source::of(input.presumed),
            born: Source::of(input.born),
            near: Source::of(input.near),
            within: 0,
        };
        let Self { listed, enrolled, aided, due, presumed, born, near, within } = &mut all;
        let lasts = [
            listed.last(),
            enrolled.last(),
            aided.last(),
            due.last(),
            presumed.last(),
            born.last(),
            near.last(),
        ];
        let last = lasts.into_iter().max().unwrap_or_default();
        *within = width(last);
        listed.deal(*within, last);
        enrolled.deal(*within, last);
        aided.deal(*within, last);
        due.deal(*within, last);
        presumed.deal(*within, last);
        born.deal(*within, last);
        near.deal(*within, last);
        all
    }

    /// The persons of the next box, with all their rows.
    pub(super) fn open(&mut self) -> Option<Cases<'_>> {
        let heads = [self.listed.head(), self.enrolled.head(), self.aided.head(), self.due.head()];
        let next = heads.into_iter().flatten().min()?;
        let until = next | ((1 << self.within) - 1);
        Some(Cases {
            listed: self.listed.open(until),
            enrolled: self.enrolled.open(until),
            aided: self.aided.open(until),
            due: self.due.open(until),
            presumed: self.presumed.open(until),
            born: self.born.open(until),
            near: self.near.open(until),
        })
    }
}

/// The persons of one box, in order.
pub(super) struct Cases<'b> {
    pub(super) listed: Walk<'b, Listed>,
    pub(super) enrolled: Walk<'b, Enrolled>,
    pub(super) aided: Walk<'b, Aided>,
    due: Walk<'b, Due>,
    presumed: Walk<'b, Due>,
    born: Walk<'b, Born>,
    near: Walk<'b, Near>,
}

impl<'b> Iterator for Cases<'b> {
    type Item = Case<'b>;

    fn next(&mut self) -> Option<Case<'b>> {
        let heads = [self.listed.head(), self.enrolled.head(), self.aided.head(), self.due.head()];
        let person = heads.into_iter().flatten().min()?;
        Some(Case {
            person,
            listed: self.listed.take(person),
            enrolled: self.enrolled.take(person),
            aided: self.aided.take(person),
            due: self.due.take(person),
            presumed: self.presumed.take(person),
            born: self.born.take(person).iter().map(|b| b.on).min(),
            near: self.near.take(person),
        })
    }
}

/// Rows in order, walked person by person.
pub(super) struct Walk<'a, T>(&'a [T]);

impl<'a, T: OfPerson> Walk<'a, T> {
    /// The person of each row that is still to come.
    pub(super) fn persons(&self) -> impl Iterator<Item = PersonKey> + '_ {
        self.0.iter().map(T::person)
    }

    /// The person who comes next.
    fn head(&self) -> Option<PersonKey> {
        self.0.first().map(T::person)
    }

    /// The rows of this person. Rows of persons before are passed over: nobody asks for them any more.
    fn take(&mut self, person: PersonKey) -> &'a [T] {
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
    fn rows_in_order_are_read_where_they_stand() {
        assert!(matches!(Source::of(&rows(&[1, 1, 7, u32::MAX])).places, Places::None));
        assert!(matches!(Source::of(&rows(&[7, 1])).places, Places::Flat(_)));
        assert!(Source::<Born>::of(&[]).head().is_none());
    }

    #[test]
    fn rows_of_persons_nobody_asks_for_are_passed_over() {
        let rows = rows(&[1, 2, 2, 4, u32::MAX]);
        let mut walk = Walk(&rows);
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
        fn boxes_hold_every_row_once_in_order_of_person(
            persons in proptest::collection::vec(
                prop_oneof![0..9_u32, 0..9_000_u32, 0..90_000_000_u32, any::<u32>()], 0..60),
            within in 2..20_u32,
        ) {
            let rows = rows(&persons);
            let mut sorted = rows.clone();
            sorted.sort_by_key(|row| row.person);
            let mut source = Source::of(&rows);
            let last = source.last();
            let within = within.max(width(last));
            source.deal(within, last);
            let mut read = Vec::new();
            while let Some(head) = source.head() {
                let until = head | ((1 << within) - 1);
                let opened = source.open(until).0;
                prop_assert!(opened.iter().any(|row| row.person.0 == head));
                prop_assert!(opened.iter().all(|row| row.person.0 <= until));
                read.extend_from_slice(opened);
            }
            prop_assert_eq!(read, sorted);
        }
    }
}
