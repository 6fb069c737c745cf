//! Requests with an Idempotency-Key: one effect, one answer, whoever repeats them and when.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};
use yingzhu::once::store::sweep;
use yingzhu::values::clock;

use crate::support::Answer;
use crate::support::office::{Office, Somebody, TERM, items, text};
use crate::support::people::child;
use crate::support::rows::{list, roll};

async fn check(office: &Office, who: &Somebody, key: &str, body: Value) -> Answer {
    office.with_json(who, Method::POST, "/v1/cross-checks", body, &[("idempotency-key", key)]).await
}

async fn send(office: &Office, who: &Somebody, key: &str, file: &[u8], form: Option<&str>) -> Answer {
    let request = TestRequest::post()
        .uri(&format!("/v1/roll/imports?term={TERM}"))
        .insert_header(("idempotency-key", key));
    let request = match form {
        None => request.set_payload(file.to_vec()),
        Some(boundary) => {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
            );
            let tail = format!("\r\n--{boundary}--\r\n");
            request
                .insert_header(("content-type", format!("multipart/form-data; boundary={boundary}")))
                .set_payload([head.as_bytes(), file, tail.as_bytes()].concat())
        }
    };
    office.send(who, request).await
}

fn same(a: &Answer, b: &Answer) {
    assert_eq!((a.status, a.text(), a.header("location")), (b.status, b.text(), b.header("location")));
}

#[actix_web::test]
async fn the_same_request_again_has_the_same_answer_and_no_second_effect() {
    let office = Office::open().await;
    office.locked_list(&list().listed(&child(1)).csv()).await;
    let officer = office.officer();
    let asked = json!({ "term": TERM });
    let first = check(&office, &officer, "k1", asked.clone()).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, ""));
    let again = check(&office, &officer, "\"k1\"", asked.clone()).await;
    same(&first, &again);
    assert_eq!(again.header("idempotency-replayed"), "true");
    // Without the key the run is found as such.
    assert_eq!(office.run_check(&officer).await.status, 200);

    let other = json!({ "term": TERM, "place": "341024" });
    check(&office, &officer, "k1", other.clone()).await.problem(422, "idempotency_key_reused");
    assert_eq!(check(&office, &officer, "k2", other).await.status, 200);
    // A key means nothing to another caller, and nothing in another address.
    let colleague = check(&office, &office.colleague(), "k1", asked).await;
    assert_eq!((colleague.status, colleague.header("idempotency-replayed")), (200, ""));
    let pupils = roll().pupil(&child(1), &[]).csv();
    send(&office, &officer, "k1", &pupils, None).await.problem(422, "idempotency_key_reused");
    assert_eq!(items(&office.read(&officer, "/v1/cross-checks").await).len(), 1);
}

#[actix_web::test]
async fn a_file_sent_again_is_the_same_request_whatever_its_form_looks_like() {
    let office = Office::open().await;
    let officer = office.officer();
    let pupils = roll().pupil(&child(1), &[]).csv();
    let first = send(&office, &officer, "f", &pupils, Some("one")).await;
    assert_eq!(first.status, 201, "{}", first.text());
    same(&first, &send(&office, &officer, "f", &pupils, Some("two")).await);
    let changed = roll().pupil(&child(2), &[]).csv();
    send(&office, &officer, "f", &changed, Some("one")).await.problem(422, "idempotency_key_reused");
}

#[actix_web::test]
async fn many_at_once_with_one_key_make_one_job() {
    let office = Office::open().await;
    let officer = office.officer();
    let pupils = roll().pupil(&child(1), &[]).csv();
    let ask = || {
        let request = TestRequest::post()
            .uri(&format!("/v1/roll/imports?term={TERM}"))
            .insert_header(("idempotency-key", "together"))
            .insert_header(("prefer", "wait=1, respond-async"))
            .set_payload(pupils.clone());
        office.send(&officer, request)
    };
    let answers = join_all((0..8).map(|_| ask())).await;
    for answer in &answers {
        same(&answers[0], answer);
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    assert_eq!(items(&office.read(&officer, "/v1/jobs").await).len(), 1);
}

#[actix_web::test]
async fn a_refusal_keeps_nothing_and_a_wrong_key_is_refused() {
    let office = Office::open().await;
    let officer = office.officer();
    let asked = json!({ "term": TERM });
    check(&office, &officer, "r", asked.clone()).await.problem(409, "conflict");
    office.locked_list(&list().listed(&child(1)).csv()).await;
    assert_eq!(check(&office, &officer, "r", asked.clone()).await.status, 201);
    for key in ["", "\"\"", "a b", "键", &"x".repeat(256)] {
        let problem = check(&office, &officer, key, asked.clone()).await.problem(422, "invalid_input");
        assert_eq!(text(&problem["errors"][0]["pointer"]), "Idempotency-Key", "{key}");
    }
}

#[actix_web::test]
async fn keys_are_forgotten_after_a_day() {
    let office = Office::open().await;
    let officer = office.officer();
    let file = roll().pupil(&child(1), &[]).csv();
    assert_eq!(send(&office, &officer, "d", &file, None).await.status, 201);
    let swept = |hours| {
        let at = clock::now() + TimeDelta::hours(hours);
        office.db.write_now(|conn| sweep(conn, at)).unwrap()
    };
    assert_eq!((swept(23), swept(25), swept(25)), (0, 1, 0));
    // The file itself is known still.
    assert_eq!(send(&office, &officer, "d", &file, None).await.status, 200);
}
