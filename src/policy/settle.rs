//! Places as they were on the date asked about: an abolished code leads to what took its place.
//!
//! A code that ended before the date is followed to its successor and the answer says so; one that was
//! split up, or that the table of codes has never held, is left as it is and the answer says that. None
//! of them is refused: new districts and the education offices' own zones reach us before the table does.

use std::borrow::Cow;
use std::sync::OnceLock;

use chrono::NaiveDate;

use super::fact::Fact;
use super::facts::Facts;
use crate::values::{Place, area};

/// The longest chain of codes that one place had.
const LONGEST_CHAIN: usize = 6;

/// A remark on the facts themselves, whatever the programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The code had ended by the date; this one took its place and was used.
    PlaceEnded(Fact, Place),
    /// The code had ended by the date and was split among these, or left no successor.
    PlaceSplit(Fact, Vec<&'static str>),
    /// No such code was ever in use, as far as the table goes.
    PlaceUnknown(Fact),
}

/// The facts with their places as on the date, and what there is to say of it.
pub(super) fn settled(facts: &Facts) -> (Cow<'_, Facts>, Vec<Notice>) {
    let on = facts.as_of;
    let mut notices = Vec::new();
    let mut out = Cow::Borrowed(facts);
    let places =
        [(Fact::SchoolPlace, facts.study_place()), (Fact::HukouPlace, facts.student.hukou.place.as_ref())];
    for (fact, place) in places {
        let Some(place) = place.filter(|p| !in_use(p)) else { continue };
        let Some(notice) = look(fact, place, on) else { continue };
        if let Notice::PlaceEnded(_, now) = &notice {
            let student = &mut out.to_mut().student;
            match fact {
                Fact::HukouPlace => student.hukou.place = Some(now.clone()),
                _ => student.school.place = Some(now.clone()),
            }
        }
        notices.push(notice);
    }
    (out, notices)
}

fn look(fact: Fact, place: &Place, on: NaiveDate) -> Option<Notice> {
    let mut code = place.six_digits();
    if area::name(&code, &on).is_some() {
        return None;
    }
    if !area::known(&code) {
        return Some(Notice::PlaceUnknown(fact));
    }
    for _ in 0..LONGEST_CHAIN {
        if area::current(&code) || area::name(&code, &on).is_some() {
            break;
        }
        match area::successors(&code) {
            [one] => (*one).clone_into(&mut code),
            several => return Some(Notice::PlaceSplit(fact, several.to_vec())),
        }
    }
    let now = Place::parse(&code).ok()?;
    (now.six_digits() != place.six_digits()).then_some(Notice::PlaceEnded(fact, now))
}

/// Whether the code is in use today, answered without a search: nearly every question is about such a
/// place. A code missing here is looked up.
fn in_use(place: &Place) -> bool {
    static BITS: OnceLock<Vec<u64>> = OnceLock::new();
    let bits = BITS.get_or_init(|| {
        let mut bits = vec![0_u64; 1_000_000_usize.div_ceil(64)];
        let mut note = |code: u32| {
            if area::current(&format!("{code:06}"))
                && let Some((word, bit)) = position(code)
                && let Some(word) = bits.get_mut(word)
            {
                *word |= bit;
            }
        };
        let known = |code: u32| area::known(&format!("{code:06}"));
        for province in (110_000..900_000).step_by(10_000).filter(|c| known(*c)) {
            note(province);
            for city in (province + 100..province + 10_000).step_by(100).filter(|c| known(*c)) {
                (city..city + 100).for_each(&mut note);
            }
        }
        bits
    });
    let digits = place.as_str().bytes().take(6);
    let code = digits.chain(std::iter::repeat(b'0')).take(6).fold(0, |n, d| n * 10 + u32::from(d - b'0'));
    position(code).is_some_and(|(word, bit)| bits.get(word).is_some_and(|w| w & bit != 0))
}

fn position(code: u32) -> Option<(usize, u64)> {
    Some((usize::try_from(code / 64).ok()?, 1 << (code % 64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(as_of: &str, place: &str) -> Facts {
        let mut facts = Facts::on(as_of.parse().unwrap());
        facts.place = Some(Place::parse(place).unwrap());
        facts
    }

    fn place(code: &str) -> Place {
        Place::parse(code).unwrap()
    }

    #[test]
    fn an_ended_code_is_followed_to_the_one_of_the_date() {
        for (on, code, now) in [
            ("2017-10-10", "341521", "340422"),
            // Two steps: 342422 until 1999, 341521 until 2015.
            ("2017-10-10", "342422", "340422"),
            ("2012-10-10", "342422", "341521"),
            ("2021-03-01", "340222", "340212"),
            // A township of an ended county is known by its county.
            ("2017-10-10", "341521100", "340422"),
        ] {
            let asked = facts(on, code);
            let (settled, notices) = settled(&asked);
            assert_eq!(notices, [Notice::PlaceEnded(Fact::SchoolPlace, place(now))], "{code} {on}");
            assert_eq!(settled.study_place(), Some(&place(now)));
        }
    }

    #[test]
    fn a_code_in_force_on_the_date_or_begun_since_is_left_alone() {
        for (on, code) in [
            ("2014-10-10", "341521"),
            ("2017-10-10", "341024"),
            ("2017-10-10", "34"),
            ("2017-10-10", "3410"),
            ("2017-10-10", "341024100200"),
            ("2014-10-10", "340422"),
            ("2017-10-10", "419001"),
        ] {
            let asked = facts(on, code);
            let (settled, notices) = settled(&asked);
            assert!(notices.is_empty() && matches!(settled, Cow::Borrowed(_)), "{code} {on}: {notices:?}");
        }
    }

    #[test]
    fn a_split_or_unknown_code_is_named_and_left() {
        let asked = facts("2017-10-10", "342401");
        let split = Notice::PlaceSplit(Fact::SchoolPlace, vec!["341502", "341503"]);
        assert_eq!(settled(&asked), (Cow::Borrowed(&asked), vec![split]));
        let mut asked = facts("2017-10-10", "341024");
        asked.student.hukou.place = Some(place("341099"));
        assert_eq!(settled(&asked).1, [Notice::PlaceUnknown(Fact::HukouPlace)]);
    }
}
