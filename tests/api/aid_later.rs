//! Acts on many records by a sheet of students, and as jobs.

use std::time::Duration;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use yingzhu::auth::Role;

use crate::support::Answer;
use crate::support::grants::{PAID_ON, POSTED};
use crate::support::office::{NEIGHBOUR, Office, Somebody, TERM, column, items, text};
use crate::support::people::child;
use crate::support::rows::{SCHOOL, aid};
use crate::support::sheets::Sheet;

const LATER: [(&str, &str); 1] = [("prefer", "respond-async")];

async fn sheet(office: &Office, who: &Somebody, what: &str, file: &[u8]) -> Value {
    let day = if what == "notices" { format!("&starts_on={POSTED}") } else { String::new() };
    let uri = format!("/v1/aid-records/{what}/imports?term={TERM}{day}");
    let answer = office.upload(who, &uri, file).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn counted(body: &Value) -> (i64, i64, i64) {
    let rows = |key: &str| body["rows"][key].as_i64().unwrap();
    (rows("new"), rows("unchanged"), rows("bad"))
}

async fn codes(office: &Office, who: &Somebody, body: &Value) -> Vec<String> {
    let page = office.read(who, &text(&body["errors_url"])).await;
    column(&page, "code").iter().map(text).collect()
}

async fn states(office: &Office) -> Vec<String> {
    let mut states: Vec<String> = office.records().await.iter().map(|r| text(&r["state"])).collect();
    states.sort();
    states
}

fn everybody() -> Value {
    json!({ "term": TERM, "school": SCHOOL, "programmes": ["living_subsidy"] })
}

#[actix_web::test]
async fn a_sheet_of_students_is_put_on_notice_and_approved_row_by_row() {
    let office = Office::open().await;
    let (school, officer) = (office.school(SCHOOL), office.officer());
    office.enrol(1..=4).await;
    office.bulk(&school, "proposals", everybody()).await;
    // A payment sheet names students too; what it says besides is not asked.
    let file = aid()
        .paid(&child(1), &[])
        .paid(&child(2), &[])
        .paid(&child(2), &[])
        .paid(&child(3), &[("姓名", "测别名")])
        .paid(&child(4), &[("资助项目", "营养餐")])
        .paid(&child(77), &[])
        .paid(&child(4), &[("学校标识码", "2134000002")]);
    let told = sheet(&office, &school, "notices", &file.csv()).await;
    assert_eq!(counted(&told), (2, 1, 4), "{told}");
    assert_eq!(
        codes(&office, &school, &told).await,
        ["name_differs", "record_unknown", "record_unknown", "out_of_scope"]
    );
    assert_eq!(states(&office).await, ["noticed", "noticed", "proposed", "proposed"]);
    // The same file again, as a workbook: nothing is posted twice.
    assert_eq!(counted(&sheet(&office, &school, "notices", &file.xlsx()).await), (0, 3, 4));

    // Whoever proposed may not approve: the bureau does, and what is not posted is refused.
    let four = aid().paid(&child(1), &[]).paid(&child(2), &[]).paid(&child(4), &[]);
    let told = sheet(&office, &officer, "approvals", &four.csv_gb18030()).await;
    assert_eq!(counted(&told), (2, 0, 1), "{told}");
    assert_eq!(states(&office).await, ["approved", "approved", "proposed", "proposed"]);
    assert_eq!(counted(&sheet(&office, &officer, "approvals", &four.csv()).await), (0, 2, 1));
}

#[actix_web::test]
async fn a_rehearsal_tells_and_changes_nothing_and_a_stranger_gets_nothing_done() {
    let office = Office::open().await;
    let school = office.school(SCHOOL);
    office.enrol(1..=1).await;
    office.bulk(&school, "proposals", everybody()).await;
    let file = aid().paid(&child(1), &[]).csv();
    let uri = format!("/v1/aid-records/notices/imports?term={TERM}&starts_on={POSTED}");
    let tried = office.upload(&school, &format!("{uri}&dry_run=true"), &file).await;
    assert_eq!((tried.status, &tried.json()["rows"]["new"]), (200, &1.into()), "{}", tried.text());
    assert_eq!(states(&office).await, ["proposed"]);
    let other = office.upload(&office.as_role(Role::County, NEIGHBOUR), &uri, &file).await;
    assert_eq!(counted(&other.json()), (0, 0, 1), "{}", other.text());
    assert_eq!(states(&office).await, ["proposed"]);
}

#[actix_web::test]
async fn rows_of_one_sheet_go_on_the_lists_of_their_days() {
    let office = Office::open().await;
    let school = office.school(SCHOOL);
    office.enrol(1..=5).await;
    office.bulk(&school, "proposals", everybody()).await;
    let file = Sheet::new("姓名 身份证号 学校标识码 资助项目 金额(元) 发放日期 公示日期")
        .paid(&child(1), &[("公示日期", "2024-10-09")])
        .paid(&child(2), &[("公示日期", "2024年10月10日")])
        .paid(&child(3), &[("公示日期", "2024-10-09")])
        // No day of its own: the day that is said of the whole sheet.
        .paid(&child(4), &[])
        // Not a day, and a day before the term; the other rows go their way.
        .paid(&child(5), &[("公示日期", "国庆后")])
        .paid(&child(5), &[("公示日期", "2024-07-01")]);
    let told = sheet(&office, &school, "notices", &file.csv()).await;
    assert_eq!(counted(&told), (4, 0, 2), "{told}");
    assert_eq!(codes(&office, &school, &told).await, ["date_invalid", "before_term"]);
    let notices = office.read_pages(&school, "/v1/notices", 10).await;
    let mut days = Vec::new();
    for notice in &notices {
        let on_it = format!("/v1/aid-records?notice={}", text(&notice["notice_id"]));
        days.push((text(&notice["starts_on"]), items(&office.read(&school, &on_it).await).len()));
    }
    days.sort();
    assert_eq!(days, [(POSTED.to_owned(), 1), ("2024-10-09".into(), 2), ("2024-10-10".into(), 1)]);
    // The same file again: who is on a list stays on it.
    assert_eq!(counted(&sheet(&office, &school, "notices", &file.xlsx()).await), (0, 4, 2));
    assert_eq!(office.read_pages(&school, "/v1/notices", 10).await, notices);
}

/// Hands in a request for later.
async fn later(office: &Office, who: &Somebody, what: &str, body: Value) -> Answer {
    let uri = format!("/v1/aid-records/{what}");
    office.with_json(who, Method::POST, &uri, body, &LATER).await
}

/// The job once it has ended well.
async fn done(office: &Office, who: &Somebody, handed: &Answer) -> Value {
    assert_eq!(handed.status, 202, "{}", handed.text());
    loop {
        let job = office.read(who, handed.header("location")).await;
        if !job["ended_at"].is_null() {
            assert_eq!(job["state"], "done", "{job}");
            return job;
        }
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn what_is_asked_about_many_later_is_reported_as_at_once() {
    let office = Office::open().await;
    let (school, officer) = (office.school(SCHOOL), office.officer());
    office.enrol(1..=5).await;
    let workers = office.node.start().unwrap();
    let select = json!({ "term": TERM, "school": SCHOOL });
    for (who, what, body, outcome, state) in [
        (&school, "proposals", everybody(), "proposed", "proposed"),
        (&school, "notices", json!({ "select": select, "starts_on": POSTED }), "done", "noticed"),
        (&officer, "approvals", json!({ "select": select }), "done", "approved"),
        (&officer, "payments", json!({ "select": select, "paid_on": PAID_ON }), "done", "paid"),
    ] {
        let handed = later(&office, who, what, body).await;
        let job = done(&office, who, &handed).await;
        assert_eq!(job["rows_done"], 5, "{what}");
        let report = office.read(who, &text(&job["location"])).await;
        assert_eq!((&report["counts"][outcome], items(&report).len()), (&5.into(), 5), "{what}: {report}");
        assert!(states(&office).await.iter().all(|s| s == state), "{what}");
        // A report is its owner's and the bureau's above; another school's and county's it is not.
        let address = text(&job["location"]);
        office.get(&office.school("2134000077"), &address).await.problem(404, "not_found");
        office.get(&office.as_role(Role::County, NEIGHBOUR), &address).await.problem(404, "not_found");
    }
    assert!(office.records().await.iter().all(|r| r["paid_on"] == PAID_ON && r["version"] == 4));
    // Who approved is who asked, not the node.
    let one = &office.records().await[0];
    let told = office.read(&officer, &format!("/v1/aid-records/{}", text(&one["record_id"]))).await;
    let lines = told["ledger"].as_array().unwrap();
    let by: Vec<String> = lines.iter().map(|line| text(&line["recorded_by"])).collect();
    assert_eq!((by.len(), &by[0], &by[2]), (4, &by[1], &by[3]), "{by:?}");
    assert_ne!(by[0], by[2], "the school proposed, the bureau approved");
    workers.stop(Duration::from_secs(5));
}

#[actix_web::test]
async fn a_sheet_handed_in_for_later_is_carried_out_by_a_node() {
    let office = Office::open().await;
    let (school, officer) = (office.school(SCHOOL), office.officer());
    office.enrol(1..=3).await;
    office.bulk(&school, "proposals", everybody()).await;
    let workers = office.node.start().unwrap();
    let file = (1..=3).fold(aid(), |sheet, n| sheet.paid(&child(n), &[])).csv();
    for (who, what, day, state) in [
        (&school, "notices", format!("&starts_on={POSTED}"), "noticed"),
        (&officer, "approvals", String::new(), "approved"),
        (&officer, "payments", String::new(), "paid"),
    ] {
        let uri = format!("/v1/aid-records/{what}/imports?term={TERM}{day}");
        let request = TestRequest::post().uri(&uri).insert_header(LATER[0]).set_payload(file.clone());
        let handed = office.send(who, request).await;
        let job = done(&office, who, &handed).await;
        let report = office.read(who, &text(&job["location"])).await;
        assert_eq!(counted(&report), (3, 0, 0), "{what}: {report}");
        assert!(states(&office).await.iter().all(|s| s == state), "{what}");
    }
    workers.stop(Duration::from_secs(5));
}

#[actix_web::test]
async fn what_names_nobody_clearly_never_becomes_a_job() {
    let office = Office::open().await;
    let officer = office.officer();
    for (what, body) in [
        ("proposals", json!({ "term": TERM })),
        ("notices", json!({ "select": {} })),
        ("payments", json!({ "select": { "term": TERM, "records": ["x"] }, "paid_on": PAID_ON })),
    ] {
        later(&office, &officer, what, body).await.problem(422, "invalid_input");
    }
    assert!(items(&office.read(&officer, "/v1/jobs").await).is_empty());
    // A rehearsal is answered at once.
    let mut dry = everybody();
    dry["dry_run"] = true.into();
    assert_eq!(later(&office, &officer, "proposals", dry).await.status, 200);
}
