//! What is corrected: a record that takes the place of the first, or the difference to it; and a sheet's rows,
//! which are struck out instead.

use serde_json::json;

use crate::support::grants::{DUE, PAID_ON, POSTED};
use crate::support::office::{Office, TERM, text};
use crate::support::people::child;
use crate::support::rows::{SCHOOL, aid};

#[actix_web::test]
async fn a_correction_takes_the_place_of_what_is_not_paid() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let (school, officer) = (office.school(SCHOOL), office.officer());
    let first = office.approved(&student).await;
    let fix = json!({ "why": "金额录错", "fen": 50_000, "reason": "县级标准" });
    // After approval the school cannot, and a reason is needed where the policy says otherwise.
    let refused = office.act_on(&school, &first, "correct", fix.clone()).await;
    refused.problem(403, "forbidden");
    let unexplained = json!({ "why": "金额录错", "fen": 50_000 });
    office.act_on(&officer, &first, "correct", unexplained).await.problem(422, "invalid_input");
    let answer = office.act_on(&officer, &first, "correct", fix).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let second = answer.json();
    assert_eq!((&second["state"], &second["fen"]), (&"proposed".into(), &50_000.into()));
    assert_eq!(second["corrects"], first["record_id"]);
    let old = office.read(&officer, &format!("/v1/aid-records/{}", text(&first["record_id"]))).await;
    assert_eq!((&old["state"], &old["ledger"][3]["other_id"]), (&"corrected".into(), &second["record_id"]));
    office.act_on(&officer, &old, "approve", json!({})).await.problem(409, "conflict");
}

#[actix_web::test]
async fn a_correction_after_payment_is_for_the_difference() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let (school, officer) = (office.school(SCHOOL), office.officer());
    let body = json!({ "student_id": student, "programme": "living_subsidy", "term": TERM, "fen": 50_000, "reason": "先发" });
    let first = office.propose(&school, body).await.json();
    let first = office.done(&school, &first, "notice", json!({ "starts_on": POSTED })).await;
    let first = office.done(&officer, &first, "approve", json!({})).await;
    let first = office.done(&officer, &first, "pay", json!({ "paid_on": PAID_ON })).await;
    let less = json!({ "why": "多发", "fen": 40_000, "reason": "少些" });
    let refused = office.act_on(&officer, &first, "correct", less).await.problem(409, "conflict");
    assert!(text(&refused["detail"]).contains("退回"));
    let second = office.done(&officer, &first, "correct", json!({ "why": "应按最高标准补足" })).await;
    assert_eq!((&second["fen"], &second["corrects"]), (&12_500.into(), &first["record_id"]));
    let first = office.read(&officer, &format!("/v1/aid-records/{}", text(&first["record_id"]))).await;
    assert_eq!(first["state"], "paid");
    // Another one waits until this one is finished.
    let third = office.act_on(&officer, &first, "correct", json!({ "why": "再补" })).await;
    third.problem(409, "conflict");
    let second = office.done(&school, &second, "notice", json!({ "starts_on": "2024-10-09" })).await;
    let second = office.done(&office.colleague(), &second, "approve", json!({})).await;
    office.done(&officer, &second, "pay", json!({ "paid_on": "2024-12-20" })).await;
    let had: i64 = office.records().await.iter().map(|r| r["paid_fen"].as_i64().unwrap()).sum();
    assert_eq!(had, DUE);
}

#[actix_web::test]
async fn a_row_of_a_sheet_is_struck_out_or_returned_and_never_corrected() {
    let office = Office::open().await;
    let officer = office.officer();
    let file = aid().paid(&child(1), &[]).paid(&child(1), &[]);
    assert_eq!(office.upload_aid(&officer, &file.csv()).await.status, 201);
    let rows = office.records().await;
    assert!(rows.iter().all(|r| r["origin"] == "sheet" && r["state"] == "paid"));
    for act in ["notice", "approve", "correct"] {
        let body = if act == "correct" { json!({ "why": "错" }) } else { json!({}) };
        office.act_on(&officer, &rows[0], act, body).await.problem(409, "conflict");
    }
    office
        .act_on(&office.school(SCHOOL), &rows[0], "cancel", json!({ "reason": "多录" }))
        .await
        .problem(403, "forbidden");
    let struck = office.done(&officer, &rows[0], "cancel", json!({ "reason": "表中重复" })).await;
    assert_eq!((&struck["state"], &struck["ledger"][1]["kind"]), (&"cancelled".into(), &"cancelled".into()));
    let back =
        office.done(&officer, &rows[1], "return", json!({ "on": "2024-12-01", "reason": "发错" })).await;
    assert_eq!(back["state"], "returned");
    // Neither counts as paid in the cross-check, and the file sent again brings neither back.
    let again = office.upload_aid(&officer, &file.xlsx()).await;
    assert_eq!(again.json()["rows"]["unchanged"], 2);
    office.locked_list(&crate::support::rows::list().listed(&child(2)).csv()).await;
    let totals = office.run_check(&officer).await.json()["totals"].clone();
    assert_eq!((&totals["aid_records"], &totals["paid"]), (&0.into(), &0.into()));
}
