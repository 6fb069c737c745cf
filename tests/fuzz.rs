//! Bounded fuzzing of every entry point for a typed value, on the stable toolchain: whatever the bytes,
//! nothing panics, and what is read is read back equal from its own normal form, with nothing to change.

#[cfg(test)]
mod fuzz {
    use proptest::prelude::*;
    use yingzhu::values::disability_card::DisabilityCard;
    use yingzhu::values::resident_id::candidates;
    use yingzhu::values::{
        BankCard, Fen, PersonName, Phone, Place, ResidentId, SchoolCode, StudentNumber, Term, area, day,
        grade, words,
    };

    /// Characters that matter to some parse, their look-alikes and what spreadsheets add.
    const SOUP: &str = "0123456789xXlIoOGJL×*·•.．-/+eE万元年月日春秋季学期是否张阿買\u{e863}\u{3000}\u{a0}\u{200b}\u{feff}'’\t\n１５Ｘ，,()（）ｘ";

    /// Right values, to begin from.
    const SEEDS: [&str; 14] = [
        "341000200903140019",
        "11010519491231002X",
        "110105491231002",
        "11010519491231002X44B1",
        "3.41000200903140E+17",
        "G11010519491231002X",
        "L110105201209010021",
        "2134000001",
        "6222021234567890120",
        "0559-4512345",
        "2009年3月14日",
        "39886",
        "1,500.00元",
        "阿依古丽·买买提",
    ];

    /// Bytes of any kind, strings of any kind, soups, and right values with some characters put in, taken
    /// out or exchanged.
    fn any_text() -> impl Strategy<Value = String> {
        let soup: Vec<char> = SOUP.chars().collect();
        let one = prop::sample::select(soup);
        let edit = (0_usize..3, any::<prop::sample::Index>(), one.clone());
        prop_oneof![
            1 => prop::collection::vec(any::<u8>(), 0..64).prop_map(|b| String::from_utf8_lossy(&b).into_owned()),
            1 => any::<String>(),
            2 => prop::collection::vec(one, 0..32).prop_map(|c| c.into_iter().collect()),
            4 => (prop::sample::select(&SEEDS[..]), prop::collection::vec(edit, 0..4)).prop_map(|(seed, edits)| {
                let mut text: Vec<char> = seed.chars().collect();
                for (kind, at, c) in edits {
                    let at = at.index(text.len() + 1);
                    match kind {
                        0 => text.insert(at, c),
                        1 if at < text.len() => { text.remove(at); }
                        _ if at < text.len() => text[at] = c,
                        _ => text.push(c),
                    }
                }
                text.into_iter().collect()
            }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn ids(text in any_text()) {
            if let Ok(id) = ResidentId::parse(&text) {
                let again = ResidentId::parse(id.value.as_str()).unwrap();
                prop_assert!(again.changes.is_empty());
                prop_assert_eq!(&again.value, &id.value);
                prop_assert_eq!(id.value.as_str().len(), 18);
                prop_assert!(candidates(&text).is_empty());
            } else {
                let found = candidates(&text);
                prop_assert!(found.len() <= 200);
                for (id, _) in found {
                    prop_assert_eq!(ResidentId::parse(id.as_str()).map(|p| p.value), Ok(id));
                }
            }
            if let Ok(card) = DisabilityCard::parse(&text) {
                prop_assert_eq!(ResidentId::parse(&text).map(|p| &p.value == card.value.resident_id()), Ok(true));
            }
        }

        #[test]
        fn names(text in any_text()) {
            if let Ok(name) = PersonName::parse(&text) {
                for form in [name.value.normal(), name.value.as_entered()] {
                    let again = PersonName::parse(form).map(|p| p.value.normal().to_owned());
                    prop_assert_eq!(again.as_deref(), Ok(name.value.normal()), "{:?}", form);
                }
                prop_assert!(name.value.normal().chars().count() == 1 || !name.value.masked().contains(name.value.normal()));
            }
        }

        #[test]
        fn days_and_terms(text in any_text()) {
            if let Ok(read) = day::parse(&text) {
                let again = day::parse(&read.value.to_string()).unwrap();
                prop_assert!(again.changes.is_empty());
                prop_assert_eq!(again.value, read.value);
            }
            if let Some(term) = Term::parse(&text) {
                prop_assert_eq!(Term::parse(&term.to_string()), Some(term));
            }
        }

        #[test]
        fn numbers(text in any_text()) {
            if let Ok(number) = StudentNumber::parse(&text) {
                let again = StudentNumber::parse(number.value.as_str()).unwrap();
                prop_assert!(again.changes.is_empty());
                prop_assert_eq!(again.value, number.value);
            }
            if let Ok(code) = SchoolCode::parse(&text) {
                prop_assert_eq!(SchoolCode::parse(code.value.as_str()).map(|p| p.value), Ok(code.value));
            }
            if let Ok(card) = BankCard::parse(&text) {
                prop_assert_eq!(BankCard::parse(card.value.as_str()).map(|p| p.value), Ok(card.value));
            }
            if let Ok(phone) = Phone::parse(&text) {
                prop_assert_eq!(Phone::parse(phone.value.as_str()).map(|p| p.value), Ok(phone.value));
            }
        }

        #[test]
        fn places_words_and_money(text in any_text()) {
            if let Ok(place) = Place::parse(&text) {
                prop_assert_eq!(Place::parse(place.as_str()), Ok(place));
            }
            if let Some(place) = area::find(&text, None) {
                prop_assert!(area::current(&place.six_digits()));
            }
            if let Ok(amount) = Fen::parse_yuan(&text) {
                prop_assert!(amount.0 >= 0);
                prop_assert_eq!(Fen::parse_yuan(&amount.yuan()), Ok(amount));
            }
            let _ = (words::yes_no(&text), words::boarding(&text), grade::parse(&text, None));
        }
    }
}
