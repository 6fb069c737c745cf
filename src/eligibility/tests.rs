//! Tests of the assembling of facts and of the list's answer.

use super::*;
use crate::poverty_list::model::{List, ListState};
use crate::poverty_list::shelf::{Shelf, When};

fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}

fn row() -> Enrolment {
    Enrolment {
        enrolment_id: "e1".into(),
        person_id: "p".into(),
        name_id: "n".into(),
        school_code: "3134000001".into(),
        place: "341024".into(),
        term: "2025A".into(),
        stage: Stage::Primary,
        grade: Some(3),
        class_name: None,
        boarding: Some(true),
        hukou_kind: Some(HukouKind::Rural),
        hukou_place: Some("341024".into()),
        department: None,
        major: None,
        agricultural: None,
        performing_arts: None,
        full_time: None,
        formal: Some(true),
        hardship: Some(Hardship::None),
        categories_known: false,
        state: EnrolmentState::Enrolled,
        entered_on: None,
        left_on: None,
        valid_from: day(2025, 8, 1),
        valid_to: day(2026, 2, 1),
        fingerprint: String::new(),
        import_id: "i".into(),
        recorded_at: day(2025, 9, 1).into(),
        superseded_at: None,
        household_no: None,
    }
}

fn list(id: &str, place: &str) -> List {
    List {
        list_id: id.into(),
        place: place.into(),
        term: "2025A".into(),
        version: 1,
        state: ListState::Locked,
        valid_from: day(2025, 8, 1),
        entries: 1,
        digest: Some("d".into()),
        import_id: "i".into(),
        recorded_by: "a".into(),
        recorded_at: day(2025, 8, 2).into(),
        checked_by: None,
        checked_at: None,
        locked_by: Some("b".into()),
        locked_at: Some(day(2025, 8, 3).into()),
        superseded_by: None,
        superseded_at: None,
    }
}

#[test]
fn a_blank_roll_leaves_categories_and_evidence_unknown() {
    let rows = [row()];
    let facts = facts(Recorded { enrolments: &rows, ..Recorded::default() }, day(2025, 9, 1));
    assert_eq!(facts.student.categories, None);
    assert_eq!(facts.evidence, None);
    assert_eq!(facts.student.stage, Some(Stage::Primary));
}

#[test]
fn a_roll_that_states_no_category_makes_it_known_that_there_is_none() {
    let rows = [Enrolment { categories_known: true, ..row() }];
    let facts = facts(Recorded { enrolments: &rows, ..Recorded::default() }, day(2025, 9, 1));
    assert_eq!(facts.student.categories, Some(vec![]));
}

#[test]
fn nothing_recorded_is_everything_unknown() {
    let facts = facts(Recorded::default(), day(2025, 9, 1));
    assert_eq!(facts, Facts::on(day(2025, 9, 1)));
}

#[test]
fn before_the_day_of_leaving_the_student_is_enrolled() {
    let rows = [Enrolment { state: EnrolmentState::Withdrawn, left_on: Some(day(2025, 11, 1)), ..row() }];
    let at = |d| facts(Recorded { enrolments: &rows, ..Recorded::default() }, d).student.state;
    assert_eq!(at(day(2025, 10, 31)), Some(EnrolmentState::Enrolled));
    assert_eq!(at(day(2025, 11, 1)), Some(EnrolmentState::Withdrawn));
}

#[test]
fn of_two_rows_the_enrolled_one_speaks() {
    let left = Enrolment {
        enrolment_id: "e2".into(),
        state: EnrolmentState::Transferred,
        recorded_at: day(2025, 10, 1).into(),
        ..row()
    };
    let rows = [row(), left];
    assert_eq!(speaking(&rows, day(2025, 11, 1)).unwrap().enrolment_id, "e1");
}

#[test]
fn the_list_never_answers_a_bare_no() {
    let county = Place::parse("341024").unwrap();
    let mut lists = vec![(list("city", "3410"), Some(1)), (list("county", "341024"), Some(2))];
    lists.push((List { valid_from: day(2024, 8, 1), ..list("older", "341024") }, Some(3)));
    let shelf = Shelf::of(lists);
    let when = When { as_of: day(2025, 9, 1), known_at: day(2025, 9, 1).into() };
    let by = |place: &str| shelf.covering(&Place::parse(place).unwrap(), when).map(|l| l.list_id.as_str());
    // The narrowest version that holds the place speaks for it.
    assert_eq!(by("341024"), Some("county"));
    assert_eq!(by("341023"), Some("city"));
    assert_eq!(by("3410"), Some("city"));
    // A county's list says nothing about the whole province.
    assert_eq!(by("34"), None);
    let early = When { known_at: day(2025, 8, 2).into(), ..when };
    assert!(shelf.covering(&county, early).is_none(), "not locked yet");
    let before = When { as_of: day(2025, 7, 31), ..when };
    assert_eq!(shelf.covering(&county, before).map(|l| l.list_id.as_str()), Some("older"));

    let on = |ids: &[&str]| shelf.narrowest(ids.iter().copied(), when).map(|l| l.list_id.as_str());
    assert_eq!(on(&["city", "county"]), Some("county"));
    assert_eq!(on(&["city", "older"]), Some("city"), "an older version is not in force");
    assert_eq!(on(&["older", "elsewhere"]), None);

    let said = |on, covered, agrees| answer(on, covered, agrees).answer;
    assert_eq!(said(true, true, true), ListAnswer::OnList);
    assert_eq!(said(false, true, true), ListAnswer::NotOnList);
    assert_eq!(said(false, false, true), ListAnswer::NotCovered);
    assert_eq!(said(true, true, false), ListAnswer::Ambiguous);
}

#[test]
fn a_shelf_is_of_the_highest_number_and_of_none_while_one_is_missing() {
    assert!(Shelf::of(Vec::new()).is_of(Some(0)));
    assert!(!Shelf::default().is_of(Some(0)), "what was never read is of no edition");
    let numbered =
        |numbers: &[Option<i64>]| Shelf::of(numbers.iter().map(|n| (list("l", "34"), *n)).collect());
    assert!(numbered(&[Some(2), Some(1)]).is_of(Some(2)));
    assert!(!numbered(&[Some(2), Some(1)]).is_of(Some(3)));
    for edition in [None, Some(0), Some(2)] {
        assert!(!numbered(&[Some(2), None]).is_of(edition), "{edition:?}");
    }
}
