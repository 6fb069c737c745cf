//! Many at a time: a whole school, county or list; a payment sheet as an order; the second click.

use serde_json::{Value, json};
use yingzhu::auth::Role;

use crate::support::grants::{DUE, PAID_ON, POOR, POSTED, outcomes, refusals};
use crate::support::office::{COUNTY, NEIGHBOUR, Office, TERM, column, items, text};
use crate::support::people::child;
use crate::support::rows::{SCHOOL, aid, list, roll};

fn whole_school() -> Value {
    json!({ "term": TERM, "school": SCHOOL, "programmes": ["living_subsidy"] })
}

#[actix_web::test]
async fn a_thousand_students_go_from_proposal_to_payment_and_a_second_click_changes_nothing() {
    let office = Office::open().await;
    let (school, officer) = (office.school(SCHOOL), office.officer());
    office.enrol(1..=999).await;
    let select = json!({ "term": TERM, "school": SCHOOL });
    let steps = [
        (&school, "proposals", whole_school(), "proposed"),
        (&school, "notices", json!({ "select": select, "starts_on": POSTED }), "done"),
        (&officer, "approvals", json!({ "select": select }), "done"),
        (&officer, "payments", json!({ "select": select, "paid_on": PAID_ON, "source": "central" }), "done"),
    ];
    for (who, what, body, counted) in steps {
        let answer = office.bulk(who, what, body.clone()).await;
        assert_eq!((&answer["counts"][counted], items(&answer).len()), (&999.into(), 999), "{what}");
        let again = office.bulk(who, what, body).await;
        match what {
            "proposals" => assert_eq!(again["counts"]["already"], 999),
            // By a filter nothing is left to do.
            _ => assert!(items(&again).is_empty(), "{what}"),
        }
    }
    let records = office.records().await;
    assert_eq!(records.len(), 999);
    assert!(records.iter().all(|r| r["state"] == "paid" && r["paid_fen"] == DUE && r["version"] == 4));
    // All stand on one notice, and by ids a second click is told as such.
    let ids: Vec<&Value> = records.iter().map(|r| &r["record_id"]).collect();
    assert!(records.iter().all(|r| r["notice_id"] == records[0]["notice_id"]));
    let again =
        office.bulk(&officer, "payments", json!({ "select": { "records": ids }, "paid_on": PAID_ON })).await;
    assert_eq!(again["counts"]["already"], 999);
    assert_eq!(office.records().await, records);
}

#[actix_web::test]
async fn every_student_is_reported_with_what_the_policy_says() {
    let office = Office::open().await;
    let officer = office.officer();
    let poor = |more: &[(&'static str, &'static str)]| [POOR.as_slice(), more].concat();
    let file = roll()
        .pupil(&child(1), &poor(&[]))
        // Nothing said about hardship: the facts are missing.
        .pupil(&child(2), &[])
        // Whether the child boards is not known, and the amount hangs on it.
        .pupil(&child(3), &poor(&[("就读方式", "")]))
        // Left before the day on which the term is judged.
        .pupil(&child(4), &poor(&[("在读状态", "退学"), ("离校日期", "2024-11-01")]));
    assert_eq!(office.upload_roll(&officer, &file.csv()).await.json()["rows"]["new"], 4);
    let dry = json!({ "term": TERM, "place": COUNTY, "programmes": ["living_subsidy"], "dry_run": true });
    let said = office.bulk(&officer, "proposals", dry).await;
    let counts = &said["counts"];
    assert_eq!((&said["students"], &said["proposed_fen"]), (&4.into(), &DUE.into()));
    for (outcome, count) in
        [("proposed", 1), ("undetermined", 1), ("amount_open", 1), ("not_due", 1), ("already", 0)]
    {
        assert_eq!(counts[outcome], count, "{outcome}: {said}");
    }
    let open = items(&said).iter().find(|i| i["outcome"] == "undetermined").unwrap();
    assert!(!open["missing"].as_array().unwrap().is_empty());
    assert!(column(&said, "record_id").iter().all(Value::is_null));
    assert!(office.records().await.is_empty(), "a dry run stores nothing");
    // Unsaid programmes are those paid in cash: a primary pupil is due one of them.
    let said = office.bulk(&officer, "proposals", json!({ "term": TERM, "place": COUNTY })).await;
    assert_eq!(said["counts"]["proposed"], 1);
}

#[actix_web::test]
async fn a_locked_list_is_proposed_from_and_those_elsewhere_are_named() {
    let office = Office::open().await;
    let officer = office.officer();
    office.enrol(1..=2).await;
    // The third child studies in the neighbouring county.
    let neighbour = office.as_role(Role::County, NEIGHBOUR);
    let away = roll().pupil(&child(3), &[POOR.as_slice(), &[("学校标识码", "2134000009")]].concat());
    assert_eq!(office.upload_roll(&neighbour, &away.csv()).await.status, 201);
    let file = (1..=3).fold(list(), |sheet, n| sheet.listed(&child(n))).csv();
    let draft = office.upload_list(&officer, &file).await.json();
    let id = text(&draft["list"]["list_id"]);
    let ask = json!({ "term": TERM, "poverty_list": id, "programmes": ["living_subsidy"] });
    let uri = "/v1/aid-records/proposals";
    office.post(&officer, uri, ask.clone()).await.problem(409, "conflict");
    assert_eq!(office.check(&officer, &id).await.status, 200);
    assert_eq!(office.lock(&office.colleague(), &id).await.status, 200);
    let said = office.bulk(&officer, "proposals", ask.clone()).await;
    assert_eq!((&said["counts"]["proposed"], &said["counts"]["not_here"]), (&2.into(), &1.into()));
    let again = office.bulk(&officer, "proposals", ask).await;
    assert_eq!((&again["counts"]["already"], &again["counts"]["proposed"]), (&2.into(), &0.into()));
}

#[actix_web::test]
async fn a_question_must_name_exactly_whom_it_means() {
    let office = Office::open().await;
    let officer = office.officer();
    for (what, body, pointer) in [
        ("proposals", json!({ "term": TERM }), "/place"),
        ("proposals", json!({ "term": TERM, "place": COUNTY, "school": SCHOOL }), "/place"),
        ("proposals", json!({ "term": TERM, "students": vec!["x"; 10_001] }), "/students"),
        ("approvals", json!({ "select": {} }), "/select"),
        ("approvals", json!({ "select": { "term": TERM, "records": ["x"] } }), "/select"),
        ("approvals", json!({ "select": { "school": SCHOOL } }), "/select"),
        ("approvals", json!({ "select": { "records": vec!["x"; 10_001] } }), "/select/records"),
    ] {
        let answer = office.post(&officer, &format!("/v1/aid-records/{what}"), body).await;
        assert_eq!(answer.problem(422, "invalid_input")["errors"][0]["pointer"], pointer, "{what}");
    }
    // Nobody and nothing is an answer, not an error.
    let none = office.bulk(&officer, "proposals", whole_school()).await;
    assert_eq!((&none["students"], items(&none).len()), (&0.into(), 0));
    let none = office.bulk(&officer, "approvals", json!({ "select": { "records": [] } })).await;
    assert!(items(&none).is_empty());
    // Students whom the caller may not see are left out, as if they were not there.
    let student = office.enrol(1..=1).await.remove(0);
    let ask = json!({ "term": TERM, "students": [student, "nobody"] });
    let stranger = office.as_role(Role::County, NEIGHBOUR);
    assert_eq!(office.bulk(&stranger, "proposals", ask).await["students"], 0);
}

#[actix_web::test]
async fn each_record_is_judged_by_itself() {
    let office = Office::open().await;
    let students = office.enrol(1..=4).await;
    let (school, officer) = (office.school(SCHOOL), office.officer());
    let mine = json!({ "student_id": students[0], "programme": "living_subsidy", "term": TERM });
    let mine = office.propose(&officer, mine).await.json();
    let mine = office.done(&officer, &mine, "notice", json!({ "starts_on": POSTED })).await;
    let fresh = office.proposed(&students[1]).await;
    let other = office.proposed(&students[2]).await;
    let other = office.done(&school, &other, "notice", json!({ "starts_on": POSTED })).await;
    let paid = office.paid(&students[3]).await;
    let ids = [&mine, &fresh, &other, &paid].map(|r| r["record_id"].clone());
    let asked: Vec<Value> = ids.iter().cloned().chain(["nobody".into(), ids[2].clone()]).collect();
    let answer = office.bulk(&officer, "approvals", json!({ "select": { "records": asked } })).await;
    assert_eq!(outcomes(&answer), ["refused", "refused", "done", "already", "not_found"]);
    assert_eq!(refusals(&answer), ["same_person", "conflict"]);
    assert_eq!(column(&answer, "state")[..4], ["noticed", "proposed", "approved", "paid"]);
    let messages = column(&answer, "message");
    assert!(text(&messages[0]).contains("另一人") && messages[2].is_null());
    let english = office
        .with_json(
            &officer,
            actix_web::http::Method::POST,
            "/v1/aid-records/approvals",
            json!({ "select": { "records": [ids[0]] } }),
            &[("accept-language", "en")],
        )
        .await;
    assert!(text(&items(&english.json())[0]["message"]).contains("another person"));
}

async fn pay_file(office: &Office, file: &[u8]) -> Value {
    let uri = format!("/v1/aid-records/payments/imports?term={TERM}");
    let answer = office.upload(&office.officer(), &uri, file).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

#[actix_web::test]
async fn a_payment_sheet_pays_what_is_approved_and_reports_every_other_row() {
    let office = Office::open().await;
    let officer = office.officer();
    office.enrol(1..=6).await;
    let all = json!({ "term": TERM, "school": SCHOOL });
    office.bulk(&office.school(SCHOOL), "proposals", whole_school()).await;
    office.bulk(&office.school(SCHOOL), "notices", json!({ "select": all, "starts_on": POSTED })).await;
    office.bulk(&officer, "approvals", json!({ "select": all })).await;
    let sheet = || {
        aid()
            .paid(&child(1), &[("银行卡号", "6217000100000000010")])
            .paid(&child(2), &[])
            .paid(&child(3), &[("金额(元)", "600")])
            .paid(&child(4), &[("学校标识码", "2134000002")])
            .paid(&child(5), &[("姓名", "测别名")])
            // A second row for the first child is a second payment.
            .paid(&child(1), &[("发放日期", "2024-11-21")])
            // A child of whom nothing is known, and a programme without a record.
            .paid(&child(77), &[])
            .paid(&child(6), &[("资助项目", "营养餐")])
            // Before the notice was over.
            .paid(&child(6), &[("发放日期", "2024-10-09")])
    };
    let codes = async |body: &Value| -> Vec<String> {
        let page = office.read(&officer, &text(&body["errors_url"])).await;
        column(&page, "code").iter().map(text).collect()
    };
    let body = pay_file(&office, &sheet().csv()).await;
    assert_eq!((&body["rows"]["new"], &body["rows"]["bad"]), (&2.into(), &7.into()), "{body}");
    let said = [
        "amount_differs",
        "school_differs",
        "name_differs",
        "paid_already",
        "record_unknown",
        "record_unknown",
        "before_notice_end",
    ];
    assert_eq!(codes(&body).await, said);
    // The same file again pays nobody twice; as a workbook it is the same.
    for file in [sheet().csv(), sheet().xlsx(), sheet().csv_gb18030()] {
        let again = pay_file(&office, &file).await;
        assert_eq!((&again["rows"]["new"], &again["rows"]["unchanged"]), (&0.into(), &2.into()));
        assert_eq!(codes(&again).await, said);
    }
    let paid: Vec<Value> = office.records().await.into_iter().filter(|r| r["state"] == "paid").collect();
    assert_eq!(paid.len(), 2);
    assert!(paid.iter().all(|r| r["paid_fen"] == DUE && r["paid_on"] == PAID_ON));
    // The unknown child was not taken into the vault by the way.
    assert_eq!(office.look_up_child(&officer, &child(77)).await["student"], Value::Null);
    // What was faulty is corrected and sent again, together with what was right.
    let mended = sheet().paid(&child(3), &[]);
    let body = pay_file(&office, &mended.csv()).await;
    assert_eq!((&body["rows"]["new"], &body["rows"]["unchanged"]), (&1.into(), &2.into()));
}

#[actix_web::test]
async fn a_payment_that_a_sheet_stated_is_not_carried_out_a_second_time() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let officer = office.officer();
    let file = aid().paid(&child(1), &[]).csv();
    assert_eq!(office.upload_aid(&officer, &file).await.status, 201);
    let record = office.approved(&student).await;
    let body = pay_file(&office, &file).await;
    let page = office.read(&officer, &text(&body["errors_url"])).await;
    assert_eq!(column(&page, "code"), ["stated_already"]);
    // Struck out, the same row pays; and what the bank sent back is paid again by the same row.
    let stated = office.records().await.into_iter().find(|r| r["origin"] == "sheet").unwrap();
    office.done(&officer, &stated, "cancel", json!({ "reason": "应走批准发放" })).await;
    assert_eq!(pay_file(&office, &file).await["rows"]["new"], 1);
    assert_eq!(pay_file(&office, &file).await["rows"]["unchanged"], 1);
    let uri = format!("/v1/aid-records/{}", text(&record["record_id"]));
    let paid = office.read(&officer, &uri).await;
    let bounced = json!({ "on": "2024-11-25", "reason": "卡号有误", "again": true });
    office.done(&officer, &paid, "return", bounced).await;
    assert_eq!(pay_file(&office, &file).await["rows"]["new"], 1);
    assert_eq!(pay_file(&office, &file).await["rows"]["unchanged"], 1);
    assert_eq!(office.read(&officer, &uri).await["state"], "paid");
}

#[actix_web::test]
async fn a_sheet_pays_nothing_that_is_not_approved() {
    let office = Office::open().await;
    office.enrol(1..=1).await;
    office.bulk(&office.school(SCHOOL), "proposals", whole_school()).await;
    let body = pay_file(&office, &aid().paid(&child(1), &[]).csv()).await;
    let page = office.read(&office.officer(), &text(&body["errors_url"])).await;
    assert_eq!(column(&page, "code"), ["not_approved"]);
    // A school sends no such sheet.
    let uri = format!("/v1/aid-records/payments/imports?term={TERM}");
    office.upload(&office.school(SCHOOL), &uri, &aid().csv()).await.problem(403, "forbidden");
}
