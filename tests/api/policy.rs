//! The policy over HTTP: decisions with their receipts, replays, the loaded packs and what changed
//! between them, and input that cannot be.

use serde_json::{Value, json};
use yingzhu::auth::Role;

use crate::support::{Answer, TestApp};

async fn post(app: &TestApp, uri: &str, body: &Value) -> Answer {
    send(app, uri, body, "zh-CN").await
}

async fn send(app: &TestApp, uri: &str, body: &Value, language: &str) -> Answer {
    let request = actix_web::test::TestRequest::post()
        .uri(uri)
        .insert_header(("content-type", "application/json"))
        .insert_header(("accept-language", language))
        .insert_header(app.bearer(Role::Province, "34"));
    app.send(request.set_payload(body.to_string())).await
}

async fn get(app: &TestApp, uri: &str) -> Answer {
    let request = actix_web::test::TestRequest::get().uri(uri);
    app.send(request.insert_header(app.bearer(Role::Province, "34"))).await
}

async fn assess(app: &TestApp, facts: &Value) -> Answer {
    post(app, "/v1/eligibility/assessments", facts).await
}

/// A child in the last kindergarten year of a county with its own standard.
fn child() -> Value {
    json!({ "as_of": "2025-10-10", "place": "341525", "student": {
        "stage": "preschool", "grade": 3, "state": "enrolled", "categories": ["orphan"], "hardship": "none",
        "school": { "ownership": "public" } }, "evidence": [] })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut facts = child();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    facts.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
    facts
}

fn programme<'v>(decision: &'v Value, code: &str) -> &'v Value {
    decision["programmes"].as_array().unwrap().iter().find(|p| p["programme"] == code).unwrap()
}

#[actix_web::test]
async fn a_receipt_gives_the_same_bytes_in_its_own_language() {
    let app = TestApp::start().await;
    for (language, other) in [("zh-CN", "en"), ("en", "zh-CN")] {
        let first = send(&app, "/v1/eligibility/assessments", &child(), language).await;
        assert_eq!(first.status, 200, "{}", first.text());
        let receipt = first.json()["receipt"].clone();
        let again = send(&app, "/v1/eligibility/replays", &receipt, other).await;
        assert_eq!((again.status, again.text()), (200, first.text()));
    }
}

#[actix_web::test]
async fn a_receipt_of_an_older_pack_is_replayed_by_that_pack() {
    let app = TestApp::start().await;
    let now = assess(&app, &child()).await.json();
    let policies = get(&app, "/v1/policies").await.json();
    let older = policies["items"].as_array().unwrap().iter().find(|p| p["in_force"] == false).unwrap();
    let mut receipt = now["receipt"].clone();
    for key in ["version", "digest"] {
        receipt[key] = older[key].clone();
    }
    let then = post(&app, "/v1/eligibility/replays", &receipt).await.json();
    assert_eq!(then["policy"]["version"], "0.9.0");
    assert_eq!(programme(&now, "preschool_aid")["benefit"]["fen_per_year"], 80_000);
    assert_eq!(programme(&then, "preschool_aid")["benefit"]["fen_per_year"], 60_000);
}

#[actix_web::test]
async fn a_receipt_that_nobody_gave_is_refused_at_its_field() {
    let app = TestApp::start().await;
    let good = assess(&app, &child()).await.json()["receipt"].clone();
    for (key, value, pointer, code) in [
        ("digest", json!("ab".repeat(32)), "/digest", "policy_unknown"),
        ("version", json!("7.0.0"), "/version", "receipt_contradicts"),
        ("as_of", json!("2024-01-01"), "/as_of", "receipt_contradicts"),
        ("language", json!("fr"), "/language", "unknown_value"),
        ("signature", json!("x"), "/signature", "unknown_field"),
    ] {
        let mut receipt = good.clone();
        receipt.as_object_mut().unwrap().insert(key.to_owned(), value);
        let answer = post(&app, "/v1/eligibility/replays", &receipt).await;
        let problem = answer.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{}", answer.text());
        assert_eq!(problem["errors"][0]["code"], code);
    }
    let named = post(&app, "/v1/eligibility/replays", &{
        let mut receipt = good;
        receipt["digest"] = json!("ab".repeat(32));
        receipt
    })
    .await;
    assert!(named.text().contains(&"ab".repeat(32)), "the problem names the digest");
}

#[actix_web::test]
async fn the_packs_are_listed_with_the_one_in_force_and_their_difference_in_words() {
    let app = TestApp::start().await;
    let items = get(&app, "/v1/policies").await.json()["items"].clone();
    let seen: Vec<_> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["version"].as_str().unwrap().to_owned(), p["in_force"].as_bool().unwrap()))
        .collect();
    assert_eq!(seen, [("1.0.0".to_owned(), true), ("0.9.0".to_owned(), false)]);
    let by_version = get(&app, "/v1/policies/diff?from=0.9.0&to=1.0.0").await;
    assert_eq!(by_version.status, 200, "{}", by_version.text());
    let changes = by_version.json()["changes"].clone();
    assert_eq!(changes.as_array().unwrap().len(), 1);
    assert_eq!((&changes[0]["what"], &changes[0]["change"]), (&json!("standard"), &json!("changed")));
    assert!(changes[0]["message"].as_str().unwrap().contains("600元"));
    let digest = |at: usize| items[at]["digest"].as_str().unwrap().to_owned();
    let by_digest = get(&app, &format!("/v1/policies/diff?from={}&to={}", digest(1), digest(0))).await;
    assert_eq!(by_digest.text(), by_version.text());
    let answer = get(&app, "/v1/policies/diff?from=3.0.0&to=1.0.0").await;
    assert_eq!(answer.problem(422, "invalid_input")["errors"][0]["pointer"], "?from");
    get(&app, "/v1/policies/diff?from=1.0.0").await.problem(422, "invalid_input");
}

#[actix_web::test]
async fn what_cannot_be_is_refused_at_its_field_and_not_echoed() {
    let app = TestApp::start().await;
    let both = json!(["registered_poor", "registered_poor_exited"]);
    for (pointer, value, at, code) in [
        ("/student/grade", json!(9), "/student/grade", "grade_not_in_stage"),
        ("/as_of", json!("2011-07-31"), "/as_of", "before_first_rule"),
        ("/as_of", json!("1917-10-10"), "/as_of", "date_out_of_range"),
        ("/as_of", json!("2117-10-10"), "/as_of", "date_out_of_range"),
        ("/as_of", json!("2025-02-30"), "/as_of", "invalid_value"),
        ("/place", json!("34102x"), "/place", "invalid_value"),
        ("/student/categories", both, "/student/categories", "contradictory_categories"),
        (
            "/student/school/tuition_fen_per_term",
            json!(-1),
            "/student/school/tuition_fen_per_term",
            "amount_negative",
        ),
        ("/student/borrower", json!({ "has_loan": true }), "/student/borrower/has_loan", "not_in_this_stage"),
    ] {
        let answer = assess(&app, &with(pointer, value)).await;
        let problem = answer.problem(422, "invalid_input");
        assert_eq!(
            (problem["errors"][0]["pointer"].as_str(), problem["errors"][0]["code"].as_str()),
            (Some(at), Some(code)),
            "{}",
            answer.text()
        );
    }
    let answer = assess(&app, &with("/student/stage", json!("SECRET"))).await;
    let problem = answer.problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["pointer"], "/student/stage");
    assert!(answer.text().contains("junior_high"), "the allowed codes are named: {}", answer.text());
    assert!(!answer.text().contains("SECRET"));
}

#[actix_web::test]
async fn an_area_code_that_ended_or_never_was_is_decided_with_a_warning() {
    let app = TestApp::start().await;
    for (place, code, names) in [
        ("341521", "place_ended", "340422"),
        ("342401", "place_split", "341502"),
        ("341099", "place_unknown", ""),
    ] {
        let answer = assess(&app, &with("/place", json!(place))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let warning = &answer.json()["warnings"][0];
        assert_eq!(warning["code"], code);
        assert!(warning["message"].as_str().unwrap().contains(names), "{warning}");
    }
    assert_eq!(assess(&app, &child()).await.json()["warnings"], json!([]));
}
