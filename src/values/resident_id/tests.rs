//! What the standard promises of a resident id, by table and by property.

use super::*;
use proptest::prelude::*;

fn code(text: &str) -> &'static str {
    ResidentId::parse(text).unwrap_err().code
}

/// Any valid id: area, day, sequence.
pub(super) fn any_id() -> impl Strategy<Value = String> {
    (110_000..=839_999_u32, 0..73_000_i64, 1..=999_u32).prop_map(|(area, days, sequence)| {
        let day = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + chrono::TimeDelta::days(days);
        let body = format!("{area}{}{sequence:03}", day.format("%Y%m%d"));
        format!("{body}{}", check_digit(&body).unwrap())
    })
}

#[test]
fn the_standards_own_examples_have_their_check_digits() {
    for id in ["11010519491231002X", "440524188001010014", "34052419800101001X", "610104196209276908"] {
        assert_eq!(check_digit(&id[..17]), id.chars().last(), "{id}");
    }
    assert_eq!(check_digit("1101051949123100"), None);
    assert_eq!(check_digit("1101051949123100２"), None);
}

#[test]
fn an_id_tells_its_parts() {
    let id = ResidentId::parse("34102420090314001X").map(|p| p.value);
    let id = id.or_else(|_| {
        let body = "34102420090314001";
        ResidentId::parse(&format!("{body}{}", check_digit(body).unwrap())).map(|p| p.value)
    });
    let id = id.unwrap();
    assert_eq!(id.birth_date(), NaiveDate::from_ymd_opt(2009, 3, 14).unwrap());
    assert_eq!((id.sex(), id.area_code()), (Sex::Male, "341024"));
    let id = ResidentId::parse("11010519491231002X").unwrap().value;
    assert_eq!(id.sex(), Sex::Female);
    assert_eq!(id.masked(), "**************002X");
    assert_eq!(format!("{id:?}"), "ResidentId(**************002X)");
}

#[test]
fn an_odd_area_is_remarked_and_never_refused() {
    for (body, remark) in [
        ("34102420090314001", None),
        ("81000019940823002", None),
        ("44040119580101001", None),
        // 祁门县 before 1987; given at birth in 1986, and impossible for a birth of 2009.
        ("34272619860314001", None),
        ("34272620090314001", Some("id_area_ended")),
        ("34109920090314001", Some("id_area_unknown")),
    ] {
        let text = format!("{body}{}", check_digit(body).unwrap());
        let id = ResidentId::parse(&text).unwrap().value;
        assert_eq!(id.area_remark().map(|r| r.code), remark, "{body}");
    }
}

#[test]
fn every_spelling_is_read_and_its_changes_named() {
    for (text, codes) in [
        ("11010519491231002X", &[][..]),
        ("11010519491231002x", &["lower_case_x"]),
        ("'11010519491231002X", &["leading_quote_removed"]),
        (" 110105 19491231 002X\t", &["blanks_removed"]),
        ("\u{feff}11010519491231002X\u{200b}", &["invisible_removed"]),
        ("\u{a0}１１０１０５１９４９１２３１００２Ｘ", &["blanks_removed", "full_width"]),
        ("110105491231002", &["upgraded_15_digits"]),
        ("11010519491231002X44", &["from_disability_card"]),
        ("11010519491231002x44B1", &["from_disability_card", "lower_case_x"]),
    ] {
        let parsed = ResidentId::parse(text).unwrap_or_else(|e| panic!("{text}: {}", e.code));
        assert_eq!(parsed.value.as_str(), "11010519491231002X", "{text}");
        assert_eq!(parsed.changes.iter().map(|c| c.code).collect::<Vec<_>>(), codes, "{text}");
    }
    assert_eq!(ResidentId::parse("610104620927690").unwrap().value.as_str(), "610104196209276908");
    for permit in ["810000199408230021", "830000199201300022"] {
        assert!(ResidentId::parse(permit).unwrap().changes.is_empty(), "{permit}");
    }
}

#[test]
fn what_is_wrong_is_said_by_its_code() {
    for (text, expected) in [
        ("", "id_empty"),
        (" \u{200b}\t", "id_empty"),
        ("1101051949123100", "id_length"),
        ("11010519491231002X9", "id_length"),
        ("11010519491231002X99", "id_length"),
        ("11010519491231002×", "id_characters"),
        ("110105********002X", "id_characters"),
        ("1101O519491231002X", "id_characters"),
        ("l10105194912310021", "id_characters"),
        ("1101051949123X0021", "id_characters"),
        ("11010519491331002X", "id_date"),
        ("110105194902300021", "id_date"),
        ("440524188001010014", "id_date"),
        ("110105491231999", "id_date"),
        ("110105194912310021", "id_check_digit"),
        ("3.41000200903140E+17", "id_precision_lost"),
        ("3.41E+17", "id_precision_lost"),
        ("341000200903140019.0", "id_precision_lost"),
        ("341000200903142000", "id_precision_lost"),
    ] {
        assert_eq!(code(text), expected, "{text}");
    }
    let body = "11010519491231000";
    assert_eq!(code(&format!("{body}{}", check_digit(body).unwrap())), "id_sequence");
}

#[test]
fn the_letters_that_look_like_digits_get_their_own_advice() {
    let error = ResidentId::parse("1101O519491231002X").unwrap_err();
    assert!(error.todo.zh.contains('O'));
    assert!(!ResidentId::parse("110105********002X").unwrap_err().todo.zh.contains('O'));
}

proptest! {
    #[test]
    fn parsing_what_was_written_changes_nothing(id in any_id()) {
        let parsed = ResidentId::parse(&id).unwrap();
        prop_assert!(parsed.changes.is_empty());
        prop_assert_eq!(parsed.value.as_str(), id.as_str());
    }

    #[test]
    fn one_wrong_digit_is_always_refused(id in any_id(), at in 0_usize..18, by in 1_u32..10) {
        let mut wrong: Vec<char> = id.chars().collect();
        wrong[at] = wrong[at].to_digit(10).map_or('0', |d| char::from_digit((d + by) % 10, 10).unwrap());
        prop_assert!(ResidentId::parse(&wrong.iter().collect::<String>()).is_err());
    }

    #[test]
    fn two_swapped_neighbours_are_always_refused(id in any_id(), at in 0_usize..17) {
        let mut wrong: Vec<char> = id.chars().collect();
        prop_assume!(wrong[at] != wrong[at + 1]);
        wrong.swap(at, at + 1);
        prop_assert!(ResidentId::parse(&wrong.iter().collect::<String>()).is_err());
    }

    #[test]
    fn all_spellings_give_one_normal_form(id in any_id(), cut in 0_usize..18, wide: bool, quote: bool) {
        let mut text = id.clone();
        text.insert(cut, ' ');
        if wide {
            text = text.chars()
                .map(|c| if c == ' ' { '\u{3000}' } else { char::from_u32(u32::from(c) + 0xfee0).unwrap() })
                .collect();
        }
        if quote {
            text.insert(0, '\'');
        }
        let text = text.to_lowercase();
        prop_assert_eq!(ResidentId::parse(&text).unwrap().value.as_str().to_owned(), id);
    }

    #[test]
    fn no_text_makes_the_parse_fail_otherwise(text in "\\PC{0,30}") {
        if let Ok(parsed) = ResidentId::parse(&text) {
            prop_assert_eq!(parsed.value.as_str().len(), 18);
        }
    }
}
