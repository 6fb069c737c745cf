//! What facts look like as JSON, what is refused while reading, and what is refused as impossible.

use super::Facts;

fn read(json: &str) -> Result<Facts, String> {
    serde_json::from_str(json).map_err(|e| e.to_string())
}

fn faults(student: &str) -> Vec<(String, &'static str)> {
    let facts = read(&format!(r#"{{"as_of":"2017-10-10","student":{student}}}"#)).unwrap();
    facts.check().into_iter().map(|f| (f.pointer, f.code)).collect()
}

#[test]
fn only_the_date_is_required_and_null_is_unknown() {
    let bare = read(r#"{"as_of":"2017-10-10"}"#).unwrap();
    let nulls = read(
        r#"{"as_of":"2017-10-10","place":null,"evidence":null,
            "student":{"stage":null,"school":null,"major":null,"hukou":null,"categories":null,"hardship":null}}"#,
    )
    .unwrap();
    assert_eq!(bare, nulls);
    assert_eq!(bare.evidence, None);
    assert!(read(r#"{"place":"341024"}"#).unwrap_err().contains("as_of"));
    // Nothing known is written as nothing, so that equal facts have equal bytes.
    assert_eq!(serde_json::to_string(&nulls).unwrap(), r#"{"as_of":"2017-10-10","student":{}}"#);
}

#[test]
fn an_empty_list_is_known_to_be_empty() {
    let facts = read(r#"{"as_of":"2017-10-10","student":{"categories":[]},"evidence":[]}"#).unwrap();
    assert_eq!(facts.student.categories, Some(vec![]));
    assert_eq!(facts.evidence, Some(vec![]));
    assert!(serde_json::to_string(&facts).unwrap().contains(r#""categories":[]"#));
}

#[test]
fn an_unknown_code_names_the_fact_and_the_allowed_codes_but_not_the_value() {
    for (student, field, allowed) in [
        (r#"{"stage":"zhang"}"#, "student.stage", "junior_high"),
        (r#"{"categories":["orphan","zhang"]}"#, "student.categories", "registered_poor"),
        (r#"{"school":{"ownership":"zhang"}}"#, "student.school.ownership", "private"),
        (r#"{"hukou":{"kind":"zhang"}}"#, "student.hukou.kind", "county_town"),
    ] {
        let error = read(&format!(r#"{{"as_of":"2017-10-10","student":{student}}}"#)).unwrap_err();
        assert!(error.contains(field) && error.contains(allowed), "{error}");
        assert!(!error.contains("zhang"), "{error}");
    }
    let error = read(r#"{"as_of":"2017-10-10","evidence":["zhang"]}"#).unwrap_err();
    assert!(error.contains("evidence") && error.contains("poverty_handbook"), "{error}");
}

#[test]
fn an_unknown_field_is_refused() {
    for json in [
        r#"{"as_of":"2017-10-10","students":{}}"#,
        r#"{"as_of":"2017-10-10","student":{"income":1}}"#,
        r#"{"as_of":"2017-10-10","student":{"school":{"name":"x"}}}"#,
    ] {
        assert!(read(json).unwrap_err().contains("unknown field"), "{json}");
    }
}

#[test]
fn impossible_combinations_are_named_by_pointer() {
    for (student, pointer, code) in [
        (r#"{"stage":"primary","grade":9}"#, "/student/grade", "grade_not_in_stage"),
        (r#"{"stage":"junior_high","grade":2}"#, "/student/grade", "grade_not_in_stage"),
        (r#"{"stage":"senior_high","grade":4}"#, "/student/grade", "grade_not_in_stage"),
        (r#"{"grade":0}"#, "/student/grade", "grade_out_of_range"),
        (r#"{"grade":12}"#, "/student/grade", "grade_out_of_range"),
        (r#"{"study_years":9}"#, "/student/study_years", "study_years_out_of_range"),
        (
            r#"{"stage":"primary","last_preschool_year":true}"#,
            "/student/last_preschool_year",
            "only_in_preschool",
        ),
        (r#"{"stage":"primary","internship":true}"#, "/student/internship", "not_in_this_stage"),
        (
            r#"{"stage":"undergraduate","grade":2,"new_entrant":true}"#,
            "/student/new_entrant",
            "grade_contradicts",
        ),
        (
            r#"{"school":{"tuition_fen_per_term":-1}}"#,
            "/student/school/tuition_fen_per_term",
            "amount_negative",
        ),
        (
            r#"{"school":{"public_tuition_fen_per_term":99999999}}"#,
            "/student/school/public_tuition_fen_per_term",
            "amount_absurd",
        ),
        (
            r#"{"school":{"ownership":"private","run_by":"county"}}"#,
            "/student/school/run_by",
            "contradicts_ownership",
        ),
        (
            r#"{"categories":["registered_poor","registered_poor_exited"]}"#,
            "/student/categories",
            "contradictory_categories",
        ),
        (
            r#"{"categories":["urban_minimum_living","rural_minimum_living"]}"#,
            "/student/categories",
            "contradictory_categories",
        ),
    ] {
        assert_eq!(faults(student), [(pointer.to_owned(), code)], "{student}");
    }
}

#[test]
fn the_first_and_last_grade_of_each_stage_are_possible() {
    for (stage, first, last) in [
        ("preschool", 1, 3),
        ("primary", 1, 6),
        ("junior_high", 7, 9),
        ("senior_high", 1, 3),
        ("vocational", 1, 5),
        ("undergraduate", 1, 8),
    ] {
        for grade in [first, last] {
            assert!(
                faults(&format!(r#"{{"stage":"{stage}","grade":{grade}}}"#)).is_empty(),
                "{stage} {grade}"
            );
        }
        for grade in [first - 1, last + 1] {
            assert!(
                !faults(&format!(r#"{{"stage":"{stage}","grade":{grade}}}"#)).is_empty(),
                "{stage} {grade}"
            );
        }
    }
}

#[test]
fn every_fault_is_reported_at_once() {
    let facts = read(
        r#"{"as_of":"1917-10-10","student":{"stage":"primary","grade":9,"school":{"tuition_fen_per_term":-5}}}"#,
    )
    .unwrap();
    let codes: Vec<_> = facts.check().into_iter().map(|f| f.code).collect();
    assert_eq!(codes, ["date_out_of_range", "grade_not_in_stage", "amount_negative"]);
}
