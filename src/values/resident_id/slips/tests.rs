//! Every slip is undone, and nothing is offered that is no id. All ids here are invented.

use super::super::tests::any_id;
use super::*;
use proptest::prelude::*;

const ID: &str = "341000200903140019";

fn id(text: &str) -> ResidentId {
    ResidentId::parse(text).unwrap().value
}

/// The kind under which the id is among the candidates of a text.
fn slip(entered: &str, meant: &str) -> Option<Slip> {
    candidates(entered).into_iter().find(|(id, _)| id.as_str() == meant).map(|(_, slip)| slip)
}

#[test]
fn each_kind_of_slip_is_undone_and_named() {
    let x = "11010519491231002X";
    for (entered, meant, expected) in [
        ("34100020O903140019", ID, Slip::LetterForDigit),
        ("34l000200903l400l9", ID, Slip::LetterForDigit),
        ("34I00020090314001９", ID, Slip::LetterForDigit),
        ("11010519491231002×", x, Slip::SignForX),
        ("11010519491231002*", x, Slip::SignForX),
        ("l1010519491231002×", x, Slip::SignForX),
        ("341000200903140018", ID, Slip::CheckCharacter),
        ("34100020090314001Y", ID, Slip::CheckCharacter),
        ("341000200903150019", ID, Slip::OneDigit),
        ("341000200993140019", ID, Slip::OneDigit),
        ("3410002009?3140019", ID, Slip::OneDigit),
        ("341000200930140019", ID, Slip::Transposed),
        ("341000200903140091", ID, Slip::Transposed),
        ("34100020090314019", ID, Slip::MissingCharacter),
        ("34100020090314001", ID, Slip::MissingCharacter),
        ("3410002009033140019", ID, Slip::ExtraCharacter),
        ("341000200903140000", ID, Slip::PrecisionLost),
        ("3.41000200903140E+17", ID, Slip::PrecisionLost),
        ("3.4100020090314003E+17", ID, Slip::PrecisionLost),
        ("341000200903140032", ID, Slip::PrecisionLost),
        ("341000200903140032.0", ID, Slip::PrecisionLost),
        ("341000200903140019.0", ID, Slip::PrecisionLost),
        ("1101O5491231002", x, Slip::LetterForDigit),
        ("110105491331002", x, Slip::OldNumber),
    ] {
        assert_eq!(slip(entered, meant), Some(expected), "{entered}");
    }
}

#[test]
fn a_number_rounded_past_the_end_of_a_month_leads_back_though_its_check_character_is_right() {
    assert_eq!(slip("410330198006310016", "410330198006309998"), Some(Slip::PrecisionLost));
}

#[test]
fn a_disability_cards_wrong_id_is_looked_at_like_any_other() {
    assert_eq!(slip("34100020090314001844", ID), Some(Slip::CheckCharacter));
    assert_eq!(slip("34100020090314001844B1", ID), Some(Slip::CheckCharacter));
    // A right id with a right suffix needs nothing; a wrong suffix says that it is no card.
    assert!(candidates("34100020090314001944").is_empty());
    assert!(candidates("34100020090314001899").is_empty());
}

#[test]
fn nothing_is_offered_for_what_says_too_little() {
    for text in [
        "",
        "无",
        "3.41E+17",
        "341000",
        "34100020********19",
        "3410002009??140019",
        "3.41000200903140E+16",
        ID,
    ] {
        assert!(candidates(text).is_empty(), "{text}");
    }
}

#[test]
fn fifteen_kept_digits_leave_the_hundred_ids_that_begin_so() {
    let found = candidates("341000200903140000");
    let beginning = found.iter().filter(|(id, _)| id.as_str().starts_with("341000200903140")).count();
    // One in eleven ends in X, and an id that ends so is never taken for a number; 000 is no sequence.
    assert!((88..=92).contains(&beginning), "{beginning}");
}

proptest! {
    #[test]
    fn variants_are_valid_differ_as_said_and_lead_back(text in any_id()) {
        let from = id(&text);
        let mut seen = std::collections::BTreeSet::new();
        for (other, slip) in variants(&from) {
            prop_assert!(seen.insert(other.clone()), "twice");
            prop_assert_eq!(ResidentId::parse(other.as_str()).map(|p| p.value), Ok(other.clone()));
            let differs = other.as_str()[..17].bytes().zip(text[..17].bytes()).filter(|(a, b)| a != b).count();
            prop_assert_eq!(differs, if slip == Slip::OneDigit { 1 } else { 2 });
            prop_assert!(variants(&other).any(|(back, same)| back == from && same == slip));
        }
        prop_assert!(seen.len() <= 169);
    }

    #[test]
    fn one_slip_in_an_id_leads_back_to_it(text in any_id(), at in 0_usize..18, by in 1_u32..10, kind in 0..4) {
        let mut chars: Vec<char> = text.chars().collect();
        match kind {
            0 => chars[at] = chars[at].to_digit(10).map_or('7', |d| char::from_digit((d + by) % 10, 10).unwrap()),
            1 => chars.swap(at.saturating_sub(1), at),
            2 => { chars.remove(at); }
            _ => chars.insert(at, char::from_digit(by, 10).unwrap()),
        }
        let entered: String = chars.into_iter().collect();
        prop_assume!(entered != text);
        prop_assert!(slip(&entered, &text).is_some(), "{}", entered);
    }

    #[test]
    fn what_a_spreadsheet_makes_of_an_id_leads_back_to_it(text in any_id()) {
        prop_assume!(!text.ends_with('X'));
        let number: f64 = text.parse().unwrap();
        for entered in [
            format!("{}000", &text[..15]),
            format!("{number:.0}"),
            format!("{number:.14E}").replace('E', "E+"),
            format!("{number:.16E}").replace('E', "E+"),
            format!("{number:.1}"),
        ] {
            prop_assert!(ResidentId::parse(&entered).is_ok() || slip(&entered, &text).is_some(), "{}", entered);
        }
    }

    #[test]
    fn candidates_are_few_valid_and_sorted(text in "[0-9OlIxX×*.E+]{0,24}") {
        let found = candidates(&text);
        prop_assert!(found.len() <= 200);
        prop_assert!(found.is_sorted_by(|a, b| a.0 < b.0));
        for (id, _) in found {
            prop_assert_eq!(ResidentId::parse(id.as_str()).map(|p| p.value), Ok(id));
        }
    }
}
