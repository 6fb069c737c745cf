//! What is known of a student: full sets for what is unknown, and what proof establishes.

use super::*;
use crate::policy::fact::Kind;
use crate::values::TermCalendar;

/// The full set of a closed fact; zero for facts that are not closed.
fn all_values(fact: Fact) -> u16 {
    match fact.kind() {
        Kind::Flag => EITHER,
        Kind::Number(most) => numbers(most),
        Kind::Code(list) => full(list.codes().len()),
        Kind::Categories => full(Category::ALL.len()),
        Kind::Evidence => full(EvidenceKind::ALL.len()),
        Kind::Place | Kind::Money | Kind::Rule => 0,
    }
}

fn facts(json: &str) -> Facts {
    serde_json::from_str(json).unwrap()
}

fn poor() -> u16 {
    bit(Category::ALL, &Category::RegisteredPoor)
}

fn proofs() -> Vec<Proof> {
    vec![Proof {
        category: poor(),
        direct: bit(EvidenceKind::ALL, &EvidenceKind::ProvincialList),
        with_proof: bit(EvidenceKind::ALL, &EvidenceKind::PovertyHandbook)
            | bit(EvidenceKind::ALL, &EvidenceKind::CountyCertificate),
        period: Period::default(),
    }]
}

fn known(facts: &Facts) -> Known<'_> {
    let when = When { date: facts.as_of, term: TermCalendar::default().term_of(facts.as_of) };
    Known::new(facts, when, &proofs())
}

#[test]
fn a_known_stage_narrows_an_unknown_grade() {
    let facts = facts(r#"{"as_of":"2017-10-10","student":{"stage":"junior_high"}}"#);
    assert_eq!(known(&facts).possible(Fact::Grade), 0b11_1000_0000);
}

#[test]
fn every_closed_fact_starts_full_and_is_settable() {
    let facts = facts(r#"{"as_of":"2017-10-10"}"#);
    let known = known(&facts);
    for fact in Fact::ALL.iter().copied() {
        if matches!(fact.kind(), Kind::Flag | Kind::Number(_) | Kind::Code(_)) {
            // No stage has a grade above 9 and every number from 1 to 9 is some stage's grade.
            assert_eq!(known.possible(fact), all_values(fact), "{fact:?}");
            let one = 1 << all_values(fact).trailing_zeros();
            assert_eq!(known.with(fact, one).possible(fact), one, "{fact:?}");
        }
    }
}

#[test]
fn proof_decides_the_route_and_whether_the_category_counts() {
    for (evidence, route, counts, open) in [
        (r#"["provincial_list"]"#, Route::Direct, true, false),
        (r#"["poverty_handbook","provincial_list"]"#, Route::Direct, true, false),
        (r#"["poverty_handbook"]"#, Route::WithProof, true, false),
        (r#"["county_certificate"]"#, Route::WithProof, true, false),
        (r#"["village_certificate"]"#, Route::None, false, true),
        (r#"["township_certificate"]"#, Route::None, false, true),
        ("[]", Route::None, false, true),
        ("null", Route::None, false, true),
    ] {
        let facts = facts(&format!(
            r#"{{"as_of":"2017-10-10","student":{{"categories":["registered_poor"]}},"evidence":{evidence}}}"#
        ));
        let known = known(&facts);
        assert_eq!(known.route, route, "{evidence}");
        assert_eq!(known.categories_met & poor() != 0, counts, "{evidence}");
        assert_eq!(known.categories_open & poor() != 0, open, "{evidence}");
    }
}

#[test]
fn hardship_without_registration_is_assessed() {
    for (student, route) in [
        (r#"{"categories":["orphan"]}"#, Route::Assessed),
        (r#"{"categories":[],"hardship":"general"}"#, Route::Assessed),
        (r#"{"categories":[],"hardship":"none"}"#, Route::None),
        (r#"{"categories":[]}"#, Route::None),
        ("{}", Route::None),
    ] {
        let facts = facts(&format!(r#"{{"as_of":"2017-10-10","student":{student}}}"#));
        assert_eq!(known(&facts).route, route, "{student}");
    }
}
