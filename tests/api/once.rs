//! Requests with an Idempotency-Key: one effect, one answer, whoever repeats them and when.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};
use yingzhu::once::store::sweep;
use yingzhu::values::clock;

use crate::support::Answer;
use crate::support::grants::{PAID_ON, POSTED, ledger};
use crate::support::office::{Office, Somebody, TERM, items, text};
use crate::support::people::{Child, child, id, wrong_check};
use crate::support::rows::{SCHOOL, list, roll};

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

/// `POST` under a key; upon a version, where the address asks for one.
async fn keyed(office: &Office, who: &Somebody, key: &str, uri: &str, body: &Value, upon: &str) -> Answer {
    let headers = [("idempotency-key", key), ("if-match", upon)];
    office.with_json(who, Method::POST, uri, body.clone(), &headers).await
}

/// The request, the same again and the key with another body: one answer twice, and a refusal.
async fn twice(
    office: &Office,
    who: &Somebody,
    uri: &str,
    (body, other): (Value, Value),
    upon: &str,
) -> Answer {
    let first = keyed(office, who, uri, uri, &body, upon).await;
    assert!((200..300).contains(&first.status), "{uri}: {}", first.text());
    assert_eq!(first.header("idempotency-replayed"), "", "{uri}");
    let again = keyed(office, who, uri, uri, &body, upon).await;
    same(&first, &again);
    assert_eq!((first.header("etag"), "true"), (again.header("etag"), again.header("idempotency-replayed")));
    keyed(office, who, uri, uri, &other, upon).await.problem(422, "idempotency_key_reused");
    first
}

#[actix_web::test]
async fn an_act_on_a_record_sent_again_moves_no_money_twice_and_asks_for_no_version() {
    let office = Office::open().await;
    let students = office.enrol(1..=2).await;
    let officer = office.officer();
    let (paid, wrong) = (office.approved(&students[0]).await, office.approved(&students[1]).await);
    let mut after = Vec::new();
    for (record, version, act, body, status) in [
        (&paid, 0, "pay", json!({ "paid_on": PAID_ON, "fen": 30_000 }), 200),
        (&paid, 1, "return", json!({ "fen": 10_000, "on": "2024-12-01", "reason": "多发" }), 200),
        (&wrong, 0, "correct", json!({ "fen": 70_000, "reason": "另有安排", "why": "金额有误" }), 201),
    ] {
        let uri = format!("/v1/aid-records/{}/{act}", text(&record["record_id"]));
        let upon = format!("\"{}\"", record["version"].as_i64().unwrap() + version);
        let mut other = body.clone();
        other["fen"] = 1.into();
        let told = twice(&office, &officer, &uri, (body, other), &upon).await;
        assert_eq!(told.status, status, "{act}");
        after.push(told.json());
    }
    assert_eq!((&after[1]["paid_fen"], &after[1]["returned_fen"]), (&30_000.into(), &10_000.into()));
    assert_eq!(ledger(&after[1])[3..], ["paid", "returned"]);
    assert_ne!(after[2]["record_id"], wrong["record_id"]);
    assert_eq!(office.records().await.len(), 3, "one correction");
}

#[actix_web::test]
async fn many_records_under_one_key_are_answered_as_the_first_time() {
    let office = Office::open().await;
    let students = office.enrol(1..=3).await;
    let (school, officer) = (office.school(SCHOOL), office.officer());
    let some = json!({ "term": TERM, "students": students[..2], "programmes": ["living_subsidy"] });
    let all = json!({ "term": TERM, "students": students, "programmes": ["living_subsidy"] });
    let select = json!({ "term": TERM, "school": SCHOOL });
    let wider = json!({ "term": TERM });
    for (who, what, body, other, counted) in [
        (&school, "proposals", some, all, "proposed"),
        (
            &school,
            "notices",
            json!({ "select": select, "starts_on": POSTED }),
            json!({ "select": select }),
            "done",
        ),
        (&officer, "approvals", json!({ "select": select }), json!({ "select": wider }), "done"),
        (
            &officer,
            "payments",
            json!({ "select": select, "paid_on": PAID_ON }),
            json!({ "select": wider, "paid_on": PAID_ON }),
            "done",
        ),
    ] {
        let uri = format!("/v1/aid-records/{what}");
        let told = twice(&office, who, &uri, (body, other), "*").await.json();
        assert_eq!((&told["counts"][counted], items(&told).len()), (&2.into(), 2), "{what}: {told}");
    }
    assert!(office.records().await.iter().all(|r| r["state"] == "paid"));
    // What a filter means has grown: under the key nobody is paid who was not meant the first time.
    let late = office.approved(&students[2]).await;
    let uri = "/v1/aid-records/payments";
    let again =
        keyed(&office, &officer, uri, uri, &json!({ "select": select, "paid_on": PAID_ON }), "*").await;
    assert_eq!((items(&again.json()).len(), again.header("idempotency-replayed")), (2, "true"));
    let late = office.read(&officer, &format!("/v1/aid-records/{}", text(&late["record_id"]))).await;
    assert_eq!((&late["state"], &late["paid_fen"]), (&"approved".into(), &0.into()));
}

#[actix_web::test]
async fn what_is_decided_on_a_proposal_is_answered_again_but_never_shown_to_who_sees_less() {
    let office = Office::open().await;
    let (officer, confidant) = (office.officer(), office.confidant());
    let pupil = Child { name: "测甲".to_owned(), id: id("341000", "20090314", 1) };
    assert_eq!(office.upload_roll(&officer, &roll().pupil(&pupil, &[]).csv()).await.status, 201);
    let slip = Child { id: wrong_check(&pupil.id), ..pupil.clone() };
    let sent = office.upload_list(&officer, &list().listed(&slip).csv()).await.json();
    let asked = json!({ "import_id": sent["import"]["import_id"] });
    let further = json!({ "import_id": sent["import"]["import_id"], "after_row": 1 });
    let found = twice(&office, &officer, "/v1/proposals/searches", (asked, further), "*").await.json();
    assert_eq!(found["proposed"], 1);
    let page = office.read(&officer, "/v1/proposals").await;
    let address = format!("/v1/proposals/{}", text(&items(&page)[0]["proposal_id"]));
    let mut states = Vec::new();
    for (key, act) in [("1", "dismiss"), ("2", "revert"), ("3", "accept"), ("4", "revert")] {
        let uri = format!("{address}/{act}");
        let first = keyed(&office, &confidant, key, &uri, &json!({}), "*").await;
        assert_eq!((first.status, first.header("idempotency-replayed")), (200, ""), "{}", first.text());
        assert_eq!(first.json()["id_number"], pupil.id);
        let again = keyed(&office, &confidant, key, &uri, &json!({}), "*").await;
        same(&first, &again);
        assert_eq!(again.header("idempotency-replayed"), "true");
        states.push(text(&first.json()["state"]));
        // The same person with a token that sees ids masked, and the key for another act.
        keyed(&office, &officer, key, &uri, &json!({}), "*").await.problem(422, "idempotency_key_reused");
        let other = format!("{address}/accept?again");
        keyed(&office, &confidant, key, &other, &json!({}), "*").await.problem(422, "idempotency_key_reused");
    }
    assert_eq!(states, ["dismissed", "open", "accepted", "reverted"]);
    // The first answer, although the proposal has gone on since.
    let again = keyed(&office, &confidant, "3", &format!("{address}/accept"), &json!({}), "*").await;
    assert_eq!(again.json()["state"], "accepted");
}

#[actix_web::test]
async fn a_list_is_checked_and_locked_and_a_finding_decided_once_under_a_key() {
    let office = Office::open().await;
    let (officer, colleague) = (office.officer(), office.colleague());
    let sent = office.upload_list(&officer, &list().listed(&child(1)).csv()).await.json();
    let address = format!("/v1/poverty-lists/{}", text(&sent["list"]["list_id"]));
    for (who, act, state) in [(&officer, "check", "checked"), (&colleague, "lock", "locked")] {
        let uri = format!("{address}/{act}");
        let first = keyed(&office, who, act, &uri, &json!({}), "*").await;
        assert_eq!((first.status, &first.json()["state"]), (200, &state.into()), "{}", first.text());
        let again = keyed(&office, who, act, &uri, &json!({}), "*").await;
        same(&first, &again);
        assert_eq!(again.header("idempotency-replayed"), "true");
        // Without the key it was done before.
        keyed(&office, who, "another", &uri, &json!({}), "*").await.problem(409, "conflict");
    }
    assert_eq!(office.upload_roll(&officer, &roll().pupil(&child(1), &[]).csv()).await.status, 201);
    let run = office.run_check(&officer).await.json();
    let findings =
        office.read(&officer, &format!("/v1/cross-checks/{}/findings", text(&run["check_id"]))).await;
    let uri = format!("/v1/findings/{}", text(&items(&findings)[0]["finding_id"]));
    let confirm = async |state: &str| {
        let headers = [("idempotency-key", "f"), ("if-match", "\"1\"")];
        office.with_json(&officer, Method::PATCH, &uri, json!({ "state": state }), &headers).await
    };
    let first = confirm("confirmed").await;
    assert_eq!((first.status, first.header("etag")), (200, "\"2\""), "{}", first.text());
    same(&first, &confirm("confirmed").await);
    confirm("fixed").await.problem(422, "idempotency_key_reused");
    assert_eq!(office.read(&officer, &uri).await["version"], 2);
}

#[actix_web::test]
async fn a_notice_is_taken_down_once_under_a_key() {
    let office = Office::open().await;
    let students = office.enrol(1..=1).await;
    let record = office.noticed(&students[0]).await;
    let uri = format!("/v1/notices/{}/take-down", text(&record["notice_id"]));
    let (on, other) = (json!({ "taken_down_on": "2024-10-15" }), json!({ "taken_down_on": "2024-10-16" }));
    let told = twice(&office, &office.school(SCHOOL), &uri, (on, other), "*").await;
    assert_eq!(told.json()["taken_down_on"], "2024-10-15");
}
