//! What becomes of a finding: what people say of it, and what later runs make of that.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::{Value, json};

use super::checks::{county, decide, finding, findings_of, pay, run};
use crate::support::Answer;
use crate::support::office::{Office, column, items, text};
use crate::support::people::child;
use crate::support::rows::SCHOOL;

#[actix_web::test]
async fn what_was_said_stands_until_the_facts_change() {
    let office = county().await;
    let first = run(&office).await;
    let explained = json!({ "state": "explained", "remark": "家长已书面说明" });
    for (kind, number) in [("listed_unaided", 2), ("listed_underpaid", 3)] {
        let about = finding(&office, &first, kind, number).await;
        let answer = decide(&office, &about, explained.clone(), &[("if-match", "\"1\"")]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!((answer.header("etag"), &answer.json()["state"]), ("\"2\"", &"explained".into()));
    }
    let fixed = finding(&office, &first, "stage_mismatch", 14).await;
    assert_eq!(decide(&office, &fixed, json!({ "state": "fixed" }), &[]).await.status, 200);
    pay(&office, 3, "100", "2024-12-01").await;
    let second = run(&office).await;
    let stands = finding(&office, &second, "listed_unaided", 2).await;
    assert_eq!((&stands["state"], &stands["remark"]), (&"explained".into(), &"家长已书面说明".into()));
    assert!(text(&stands["decided_by"]).ends_with("#tester"));
    assert_eq!(happened(&office, &stands).await, ["decided"]);
    let other_amount = finding(&office, &second, "listed_underpaid", 3).await;
    assert_eq!((&other_amount["state"], &other_amount["at_stake_fen"]), (&"open".into(), &22_500.into()));
    assert_eq!(happened(&office, &other_amount).await, ["decided", "facts_changed"]);
    // Reported as fixed and found again: it is open again.
    let again = finding(&office, &second, "stage_mismatch", 14).await;
    assert_eq!(again["state"], "open");
    assert_eq!(happened(&office, &again).await, ["decided", "still_there"]);
    // The former run keeps what it saw.
    let before = finding(&office, &first, "listed_underpaid", 3).await;
    assert_eq!(
        (&before["at_stake_fen"], &before["finding_id"]),
        (&32_500.into(), &other_amount["finding_id"])
    );
}

/// What happened to a finding, in order.
async fn happened(office: &Office, finding: &Value) -> Vec<String> {
    let uri = format!("/v1/findings/{}", text(&finding["finding_id"]));
    let told = office.read(&office.officer(), &uri).await;
    told["history"].as_array().unwrap().iter().map(|event| text(&event["what"])).collect()
}

#[actix_web::test]
async fn what_is_gone_closes_by_itself_and_opens_if_it_returns() {
    let office = county().await;
    let first = run(&office).await;
    let about = finding(&office, &first, "listed_unaided", 2).await;
    assert_eq!(decide(&office, &about, json!({ "state": "confirmed" }), &[]).await.status, 200);
    pay(&office, 2, "625", "2024-12-01").await;
    let second = run(&office).await;
    let uri = format!("{}?kind=listed_unaided", findings_of(&second));
    assert!(items(&office.read(&office.officer(), &uri).await).is_empty());
    let closed = finding(&office, &first, "listed_unaided", 2).await;
    assert_eq!((&closed["state"], &closed["gone"]), (&"fixed".into(), &true.into()));
    // The payment is taken back: the very inputs of the first run are there again, and so is the finding.
    take_back(&office, text(&about["student_id"])).await;
    let again = office.run_check(&office.officer()).await;
    assert_eq!((again.status, &again.json()["check_id"]), (200, &first["check_id"]));
    let open = finding(&office, &first, "listed_unaided", 2).await;
    assert_eq!((&open["state"], &open["gone"]), (&"open".into(), &false.into()));
    assert_eq!(happened(&office, &open).await, ["decided", "gone", "returned"]);
    // Asked once more, nothing more happens.
    assert_eq!(office.run_check(&office.officer()).await.status, 200);
    assert_eq!(happened(&office, &open).await.len(), 3);
}

/// Takes the payments of a student back, as an office would by its own way.
async fn take_back(office: &Office, student: String) {
    office
        .db
        .write(move |conn| {
            use diesel::prelude::*;
            use yingzhu::schema::aid_record;
            diesel::update(aid_record::table.filter(aid_record::person_id.eq(student)))
                .set(aid_record::state.eq("cancelled"))
                .execute(conn)?;
            Ok(())
        })
        .await
        .unwrap();
}

#[actix_web::test]
async fn a_finding_is_assigned_commented_and_counted_by_who_has_it() {
    let office = county().await;
    let check = run(&office).await;
    let about = finding(&office, &check, "listed_unaided", 2).await;
    let said = json!({ "assignee": "祁门县资助中心", "due_on": "2024-12-20", "comment": "请学校核对" });
    let answer = decide(&office, &about, said, &[("if-match", "\"1\"")]).await.json();
    assert_eq!(
        (&answer["state"], &answer["assignee"], &answer["due_on"], &answer["version"]),
        (&"open".into(), &"祁门县资助中心".into(), &"2024-12-20".into(), &2.into())
    );
    let proof = json!({ "evidence": "2024 年资助台账第 17 页", "state": "confirmed" });
    assert_eq!(decide(&office, &about, proof, &[]).await.json()["evidence"], "2024 年资助台账第 17 页");
    let uri = format!("/v1/findings/{}", text(&about["finding_id"]));
    let told = office.read(&office.officer(), &uri).await;
    let history = told["history"].as_array().unwrap();
    let seen: Vec<_> = history.iter().map(|e| (text(&e["what"]), text(&e["to_state"]))).collect();
    let word = |what: &str, state: &str| (what.to_owned(), state.to_owned());
    assert_eq!(seen, [word("assigned", "open"), word("commented", "open"), word("decided", "confirmed")]);
    assert_eq!(history[0]["note"], "祁门县资助中心 2024-12-20");
    assert!(text(&history[1]["by"]).ends_with("#tester"));

    let uri = findings_of(&check);
    let officer = office.officer();
    let counted = async |query: &str| office.read(&officer, &format!("{uri}/summary?{query}")).await;
    let by_assignee = counted("by=assignee").await;
    assert_eq!((&by_assignee["count"], by_assignee["items"].as_array().unwrap().len()), (&16.into(), 2));
    assert_eq!(counted("by=state&state=confirmed").await["items"][0]["count"], 1);
    assert_eq!(counted("assignee=").await["count"], 15);
    let mine = "/findings?assignee=%E7%A5%81%E9%97%A8%E5%8E%BF%E8%B5%84%E5%8A%A9%E4%B8%AD%E5%BF%83";
    let page = office.read(&officer, &format!("/v1/cross-checks/{}{mine}", text(&check["check_id"]))).await;
    assert_eq!(column(&page, "finding_id"), [about["finding_id"].clone()]);
    // Given back to nobody.
    let nobody = decide(&office, &about, json!({ "assignee": "" }), &[]).await.json();
    assert_eq!((&nobody["assignee"], &nobody["due_on"]), (&Value::Null, &"2024-12-20".into()));
}

#[actix_web::test]
async fn a_shared_account_names_its_holders() {
    let office = county().await;
    let check = run(&office).await;
    let page = office.read(&office.officer(), &format!("{}?kind=shared_account", findings_of(&check))).await;
    let uri = format!("/v1/findings/{}", text(&items(&page)[0]["finding_id"]));
    let told = office.read(&office.confidant(), &uri).await;
    let ids = |told: &Value| -> BTreeSet<String> {
        told["holders"].as_array().unwrap().iter().map(|h| text(&h["id_number"])).collect()
    };
    assert_eq!(ids(&told), BTreeSet::from([child(1).id, child(12).id]));
    let masked = office.read(&office.officer(), &uri).await;
    assert!(ids(&masked).iter().all(|id| id.starts_with("****")));
    let other = finding(&office, &check, "listed_unaided", 2).await;
    let other = office.read(&office.officer(), &format!("/v1/findings/{}", text(&other["finding_id"]))).await;
    assert_eq!(other["holders"], Value::Null);
}

#[actix_web::test]
async fn who_has_seen_an_older_state_does_not_overwrite_the_newer() {
    let office = county().await;
    let check = run(&office).await;
    let about = finding(&office, &check, "listed_unaided", 2).await;
    let confirmed = json!({ "state": "confirmed" });
    assert_eq!(decide(&office, &about, confirmed.clone(), &[("if-match", "\"1\"")]).await.status, 200);
    let late = decide(&office, &about, json!({ "state": "fixed" }), &[("if-match", "\"1\"")]).await;
    late.problem(412, "precondition_failed");
    decide(&office, &about, confirmed.clone(), &[("if-match", "\"nonsense\"")])
        .await
        .problem(412, "precondition_failed");
    assert_eq!(finding(&office, &check, "listed_unaided", 2).await["state"], "confirmed");
    for tags in ["\"2\"", "*", "\"9\", \"4\""] {
        let answer = decide(&office, &about, confirmed.clone(), &[("if-match", tags)]).await;
        assert_eq!(answer.status, 200, "{tags}: {}", answer.text());
    }
}

#[actix_web::test]
async fn a_decision_is_checked() {
    let office = county().await;
    let check = run(&office).await;
    let about = finding(&office, &check, "listed_unaided", 2).await;
    for (decision, pointer) in [
        (json!({ "state": "explained" }), "/remark"),
        (json!({ "state": "explained", "remark": "  " }), "/remark"),
        (json!({ "state": "open", "remark": "字".repeat(501) }), "/remark"),
        (json!({ "state": "closed" }), "/state"),
        (json!({}), "/state"),
    ] {
        let problem = decide(&office, &about, decision.clone(), &[]).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{decision}");
    }
    assert_eq!(finding(&office, &check, "listed_unaided", 2).await["version"], 1);
}

async fn answer(office: &Office, school: &str, finding: &Value, says: Value) -> Answer {
    let uri = format!("/v1/findings/{}/answer", text(&finding["finding_id"]));
    office.with_json(&office.school(school), Method::POST, &uri, says, &[]).await
}

#[actix_web::test]
async fn a_school_answers_and_the_bureau_confirms_or_sends_back() {
    let office = county().await;
    let check = run(&office).await;
    let about = finding(&office, &check, "listed_unaided", 2).await;
    let says = json!({ "answer": "已申请，卡号有误", "evidence": "学校资助档案 12 页" });
    let given = answer(&office, SCHOOL, &about, says.clone()).await;
    assert_eq!(given.status, 200, "{}", given.text());
    assert_eq!((given.header("etag"), &given.json()["state"]), ("\"2\"", &"open".into()));
    assert_eq!(given.json()["answer"]["says"], "已申请，卡号有误");
    // What waits for the bureau is found by it, and by nobody else.
    let waiting = async |answered: bool| {
        let uri = format!("{}?answered={answered}&limit=500", findings_of(&check));
        items(&office.read(&office.officer(), &uri).await).len()
    };
    assert_eq!((waiting(true).await, waiting(false).await), (1, 15));

    assert_eq!(decide(&office, &about, json!({ "state": "open" }), &[]).await.status, 200);
    let back = finding(&office, &check, "listed_unaided", 2).await;
    assert_eq!((&back["state"], &back["answer"]), (&"open".into(), &Value::Null));
    let again = json!({ "answer": "卡号已更正" });
    assert_eq!(answer(&office, SCHOOL, &about, again).await.status, 200);
    // The bureau confirms: what the school said is why.
    let confirmed = decide(&office, &about, json!({ "state": "explained" }), &[]).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text());
    let settled = confirmed.json();
    assert_eq!((&settled["state"], &settled["remark"]), (&"explained".into(), &"卡号已更正".into()));
    assert_eq!(settled["answer"], Value::Null);
    assert_eq!(waiting(true).await, 0);
    answer(&office, SCHOOL, &about, says).await.problem(409, "conflict");
    let word = answer(&office, SCHOOL, &about, json!({ "comment": "材料已寄出" })).await;
    assert_eq!(word.status, 200, "{}", word.text());
    let all = ["answered", "decided", "answered", "decided", "commented"];
    assert_eq!(happened(&office, &about).await, all);
    // Other facts: open again, and what was said is of the past.
    pay(&office, 2, "300", "2024-12-01").await;
    run(&office).await;
}

#[actix_web::test]
async fn an_answer_is_overtaken_when_the_finding_is_gone() {
    let office = county().await;
    let check = run(&office).await;
    let about = finding(&office, &check, "listed_unaided", 2).await;
    assert_eq!(answer(&office, SCHOOL, &about, json!({ "answer": "待发" })).await.status, 200);
    pay(&office, 2, "625", "2024-12-01").await;
    run(&office).await;
    let closed = finding(&office, &check, "listed_unaided", 2).await;
    assert_eq!((&closed["state"], &closed["answer"]), (&"fixed".into(), &Value::Null));
    answer(&office, SCHOOL, &about, json!({ "answer": "待发" })).await.problem(409, "conflict");
}

#[actix_web::test]
async fn a_school_answers_for_its_own_students_only_and_says_something() {
    let office = county().await;
    let check = run(&office).await;
    let about = finding(&office, &check, "listed_unaided", 2).await;
    let says = json!({ "answer": "已发" });
    answer(&office, "2134000077", &about, says.clone()).await.problem(404, "not_found");
    let uri = format!("/v1/findings/{}/answer", text(&about["finding_id"]));
    let bureau = office.with_json(&office.officer(), Method::POST, &uri, says.clone(), &[]).await;
    bureau.problem(403, "forbidden");
    let (school, stale) = (office.school(SCHOOL), [("if-match", "\"9\"")]);
    let late = office.with_json(&school, Method::POST, &uri, says, &stale).await;
    late.problem(412, "precondition_failed");
    for (said, pointer) in [
        (json!({}), "/answer"),
        (json!({ "answer": " " }), "/answer"),
        (json!({ "evidence": "档案" }), "/answer"),
        (json!({ "comment": "见附件", "evidence": "档案" }), "/answer"),
        (json!({ "answer": "字".repeat(501) }), "/answer"),
        (json!({ "answer": "已发", "state": "fixed" }), "/state"),
    ] {
        let problem = answer(&office, SCHOOL, &about, said.clone()).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{said}");
    }
    assert_eq!(finding(&office, &check, "listed_unaided", 2).await["version"], 1);
}
