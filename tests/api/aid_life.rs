//! One record from proposal to receipt, and every refusal on the way.

use actix_web::http::Method;
use serde_json::{Value, json};
use yingzhu::auth::{MintRequest, Role};

use crate::support::grants::{DUE, LAST_DAY, PAID_ON, POSTED, ledger};
use crate::support::office::{COUNTY, NEIGHBOUR, Office, Somebody, TERM, items, text};
use crate::support::people::child;
use crate::support::request_for;
use crate::support::rows::{SCHOOL, roll};

#[actix_web::test]
async fn a_record_walks_from_proposal_to_receipt() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let (school, officer) = (office.school(SCHOOL), office.officer());
    let record = office.proposed(&student).await;
    assert_eq!(
        (&record["state"], &record["fen"], &record["due_fen"]),
        (&"proposed".into(), &DUE.into(), &DUE.into())
    );
    assert_eq!((&record["origin"], &record["school"]), (&"office".into(), &SCHOOL.into()));
    let record = office.done(&school, &record, "notice", json!({ "starts_on": POSTED })).await;
    assert_eq!(record["state"], "noticed");
    let record = office.done(&officer, &record, "approve", json!({})).await;
    assert_eq!(record["state"], "approved");
    let part =
        json!({ "paid_on": PAID_ON, "fen": 30_000, "source": "central", "account": "6217000100000000010" });
    let record = office.done(&officer, &record, "pay", part).await;
    assert_eq!((&record["state"], &record["paid_fen"]), (&"approved".into(), &30_000.into()));
    let record =
        office.done(&officer, &record, "pay", json!({ "paid_on": "2024-12-02", "source": "county" })).await;
    assert_eq!((&record["state"], &record["paid_fen"]), (&"paid".into(), &DUE.into()));
    assert_eq!(record["paid_on"], "2024-12-02");
    let record = office.done(&school, &record, "acknowledge", json!({ "on": "2024-12-05" })).await;
    assert_eq!(record["state"], "acknowledged");
    assert_eq!(ledger(&record), ["proposed", "noticed", "approved", "paid", "paid", "acknowledged"]);
    let lines = record["ledger"].as_array().unwrap();
    assert_eq!((&lines[3]["source"], &lines[3]["has_account"]), (&"central".into(), &true.into()));
    assert_eq!((&lines[4]["fen"], &lines[4]["has_account"]), (&32_500.into(), &false.into()));
    assert!(!record.to_string().contains("621700"), "a card number is never told");
    // Read again it is the same, and it stands in the student's lookup.
    let read = office.read(&officer, &format!("/v1/aid-records/{}", text(&record["record_id"]))).await;
    assert_eq!(read, record);
    let looked_up = office.look_up_child(&officer, &child(1)).await;
    assert_eq!(looked_up["aid"][0]["state"], "acknowledged");
}

#[actix_web::test]
async fn a_second_proposal_finds_the_first() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let school = office.school(SCHOOL);
    let record = office.proposed(&student).await;
    let body = |more: Value| {
        let mut body = json!({ "student_id": student, "programme": "living_subsidy", "term": TERM });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for same in [json!({}), json!({ "fen": DUE })] {
        let again = office.propose(&school, body(same)).await;
        assert_eq!((again.status, &again.json()["record_id"]), (200, &record["record_id"]));
    }
    office.propose(&school, body(json!({ "fen": 1, "reason": "另有安排" }))).await.problem(409, "conflict");
    assert_eq!(office.records().await.len(), 1);
    // A cancelled record makes room.
    office.done(&school, &record, "cancel", json!({ "reason": "重复录入" })).await;
    assert_eq!(office.propose(&school, body(json!({}))).await.status, 201);
}

#[actix_web::test]
async fn the_amount_is_held_against_the_policy() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let school = office.school(SCHOOL);
    let ask = |more: Value| {
        let mut body = json!({ "student_id": student, "programme": "living_subsidy", "term": TERM });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        office.propose(&school, body)
    };
    for (more, pointer, code) in [
        (json!({ "fen": 50_000 }), "/fen", "amount_differs"),
        (json!({ "fen": 50_000, "reason": "  " }), "/fen", "amount_differs"),
        (json!({ "fen": -1 }), "/fen", "out_of_range"),
        (json!({ "fen": 5_000_000_000_i64 }), "/fen", "out_of_range"),
        (json!({ "programme": "senior_high_grant" }), "/programme", "not_due"),
        (json!({ "reason": "理".repeat(501) }), "/reason", "too_long"),
        (json!({ "term": "2024" }), "/term", "invalid_value"),
    ] {
        let problem = ask(more.clone()).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{more}");
        if pointer != "/term" {
            assert_eq!(problem["errors"][0]["code"], code, "{more}");
        }
    }
    // Who is not due it is told which condition is not met.
    let problem = ask(json!({ "programme": "senior_high_grant" })).await.problem(422, "invalid_input");
    let unmet = &problem["errors"][1];
    assert_eq!(unmet["code"], "condition_not_met");
    assert!(text(&unmet["detail"]).starts_with("不满足："));
    let record = ask(json!({ "fen": 50_000, "reason": "县级资金不足，按比例发放" })).await;
    assert_eq!(record.status, 201, "{}", record.text());
    let record = record.json();
    assert_eq!((&record["fen"], &record["due_fen"]), (&50_000.into(), &DUE.into()));
    assert_eq!(record["reason"], "县级资金不足，按比例发放");
}

#[actix_web::test]
async fn undetermined_is_proposed_only_with_a_reason() {
    let office = Office::open().await;
    let sent = office.upload_roll(&office.officer(), &roll().pupil(&child(1), &[]).csv()).await;
    assert_eq!(sent.status, 201);
    let students = office.read(&office.officer(), &format!("/v1/students?term={TERM}")).await;
    let student = &items(&students)[0]["student_id"];
    let mut body = json!({ "student_id": student, "programme": "living_subsidy", "term": TERM, "fen": DUE });
    let problem = office.propose(&office.school(SCHOOL), body.clone()).await.problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["code"], "undetermined");
    assert_eq!(problem["errors"][1]["code"], "fact_missing");
    body["reason"] = "村委会证明已收，县级证明办理中".into();
    assert_eq!(office.propose(&office.school(SCHOOL), body).await.status, 201);
}

#[actix_web::test]
async fn what_a_pack_excludes_is_not_proposed_beside_each_other() {
    let office = Office::open().await;
    let college = "4134010001";
    let file = roll().pupil(&child(1), &[("学校标识码", college), ("学段", "本科"), ("年级", "一年级")]);
    assert_eq!(office.upload_roll(&office.officer(), &file.csv()).await.json()["rows"]["new"], 1);
    let students = office.read(&office.officer(), &format!("/v1/students?term={TERM}")).await;
    let registrar = office.school(college);
    let ask = |programme: &str| {
        let body = json!({ "student_id": items(&students)[0]["student_id"], "programme": programme, "term": TERM,
            "fen": 100_000, "reason": "经办机构已核准" });
        office.propose(&registrar, body)
    };
    assert_eq!(ask("loan_compensation").await.status, 201);
    let refused = ask("loan_relief").await.problem(409, "conflict");
    assert!(text(&refused["detail"]).contains("助学贷款代偿"), "{refused}");
}

#[actix_web::test]
async fn every_act_asks_for_the_version_it_was_decided_upon() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let record = office.proposed(&student).await;
    let uri = format!("/v1/aid-records/{}", text(&record["record_id"]));
    let school = office.school(SCHOOL);
    let read = office.get(&school, &uri).await;
    assert_eq!(read.header("etag"), "\"1\"");
    for (act, body) in [
        ("notice", json!({})),
        ("approve", json!({})),
        ("pay", json!({ "paid_on": PAID_ON })),
        ("acknowledge", json!({})),
        ("return", json!({ "on": PAID_ON, "reason": "发错" })),
        ("cancel", json!({ "reason": "录错" })),
        ("correct", json!({ "why": "录错" })),
    ] {
        let officer = office.officer();
        let at = format!("{uri}/{act}");
        office.post(&officer, &at, body.clone()).await.problem(428, "precondition_required");
        let stale = [("if-match", "\"9\"")];
        let answer = office.with_json(&officer, Method::POST, &at, body, &stale).await;
        answer.problem(412, "precondition_failed");
    }
    // A second click carries the old version.
    let noticed = office.done(&school, &record, "notice", json!({ "starts_on": POSTED })).await;
    let again = office.act_on(&school, &record, "notice", json!({ "starts_on": POSTED })).await;
    again.problem(412, "precondition_failed");
    let again = office.act_on(&school, &noticed, "notice", json!({ "starts_on": POSTED })).await;
    assert!(text(&again.problem(409, "conflict")["detail"]).contains("公示中"));
}

#[actix_web::test]
async fn approval_waits_for_the_notice_and_for_another_person() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let officer = office.officer();
    // A county may propose too; then a colleague approves.
    let body = json!({ "student_id": student, "programme": "living_subsidy", "term": TERM });
    let record = office.propose(&officer, body).await.json();
    let refused = office.act_on(&officer, &record, "approve", json!({})).await;
    assert!(text(&refused.problem(409, "conflict")["detail"]).contains("已申报"));
    let record = office.done(&officer, &record, "notice", json!({ "starts_on": POSTED })).await;
    office.act_on(&officer, &record, "approve", json!({})).await.problem(403, "same_person");
    // A payment before the notice was over is refused with its last day.
    let record = office.done(&office.colleague(), &record, "approve", json!({})).await;
    let early = office.act_on(&officer, &record, "pay", json!({ "paid_on": LAST_DAY })).await;
    let problem = early.problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["code"], "before_notice_end");
    assert!(text(&problem["errors"][0]["detail"]).contains(LAST_DAY));
    let late = office.act_on(&officer, &record, "pay", json!({ "paid_on": "2999-01-01" })).await;
    assert_eq!(late.problem(422, "invalid_input")["errors"][0]["code"], "date_in_future");
    office.done(&officer, &record, "pay", json!({ "paid_on": "2024-10-15" })).await;
}

#[actix_web::test]
async fn more_than_granted_is_never_paid_and_more_than_paid_never_returned() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let officer = office.officer();
    let record = office.approved(&student).await;
    let pay = |fen: i64| json!({ "paid_on": PAID_ON, "fen": fen });
    let refused = office.act_on(&officer, &record, "pay", pay(DUE + 1)).await;
    assert!(text(&refused.problem(409, "conflict")["detail"]).contains("625"));
    office.act_on(&officer, &record, "pay", pay(0)).await.problem(409, "conflict");
    let card = json!({ "paid_on": PAID_ON, "account": "6217000100000000011" });
    let problem = office.act_on(&officer, &record, "pay", card).await;
    assert_eq!(problem.problem(422, "invalid_input")["errors"][0]["pointer"], "/account");
    assert!(!problem.text().contains("62170"));
    let record = office.done(&officer, &record, "pay", pay(40_000)).await;
    let record = office.done(&officer, &record, "pay", pay(DUE - 40_000)).await;
    let back = |fen: i64, on: &str| json!({ "fen": fen, "on": on, "reason": "多发" });
    office.act_on(&officer, &record, "return", back(DUE + 1, "2024-12-01")).await.problem(409, "conflict");
    let early = office.act_on(&officer, &record, "return", back(1, "2024-11-01")).await;
    assert_eq!(early.problem(422, "invalid_input")["errors"][0]["code"], "before_payment");
    // The return spans both payments, the later first; the lines of the payments stay.
    let record = office.done(&officer, &record, "return", back(30_000, "2024-12-01")).await;
    assert_eq!((&record["state"], &record["returned_fen"]), (&"paid".into(), &30_000.into()));
    let lines = record["ledger"].as_array().unwrap();
    assert_eq!(ledger(&record), ["proposed", "noticed", "approved", "paid", "paid", "returned", "returned"]);
    let of: Vec<_> = lines[5..].iter().map(|l| (l["of_line"].clone(), l["fen"].clone())).collect();
    assert_eq!(of, [(5.into(), 22_500.into()), (4.into(), 7_500.into())]);
    assert_eq!((&lines[3]["fen"], &lines[4]["fen"]), (&40_000.into(), &22_500.into()));
    let all = json!({ "on": "2024-12-02", "reason": "不符合条件" });
    let record = office.done(&officer, &record, "return", all).await;
    assert_eq!((&record["state"], &record["returned_fen"]), (&"returned".into(), &DUE.into()));
}

#[actix_web::test]
async fn what_the_bank_sent_back_is_paid_again() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let officer = office.officer();
    let record = office.paid(&student).await;
    let bounced = json!({ "on": "2024-11-25", "reason": "卡号有误", "again": true });
    let record = office.done(&officer, &record, "return", bounced).await;
    assert_eq!(record["state"], "approved");
    let record = office.done(&officer, &record, "pay", json!({ "paid_on": PAID_ON })).await;
    assert_eq!((&record["state"], &record["paid_fen"]), (&"paid".into(), &(2 * DUE).into()));
    assert_eq!(ledger(&record)[4..], ["bounced", "paid"]);
}

#[actix_web::test]
async fn who_has_left_is_not_approved_and_paid_only_with_a_reason() {
    let office = Office::open().await;
    let students = office.enrol(1..=2).await;
    let officer = office.officer();
    let waiting = office.noticed(&students[0]).await;
    let approved = office.approved(&students[1]).await;
    // Which student is which child does not matter: both leave on the same day.
    for number in 1..=2 {
        office.enrol_again(number, &[("在读状态", "退学"), ("离校日期", "2024-11-01")]).await;
    }
    let refused = office.act_on(&officer, &waiting, "approve", json!({})).await.problem(409, "conflict");
    assert!(text(&refused["detail"]).contains("退学（2024-11-01）"), "{refused}");
    let pay = |paid_on: &str, reason: Option<&str>| json!({ "paid_on": paid_on, "reason": reason });
    let refused =
        office.act_on(&officer, &approved, "pay", pay(PAID_ON, None)).await.problem(409, "conflict");
    assert!(text(&refused["detail"]).contains("2024-11-01"), "{refused}");
    let record = office.done(&officer, &approved, "pay", pay(PAID_ON, Some("补发离校前的资助"))).await;
    assert_eq!(record["ledger"][3]["reason"], "补发离校前的资助");
    // Nothing new is proposed for who is gone.
    office.done(&officer, &waiting, "cancel", json!({ "reason": "已退学" })).await;
    let body = json!({ "student_id": students[0], "programme": "living_subsidy", "term": TERM });
    assert_eq!(office.propose(&office.school(SCHOOL), body).await.status, 422);
}

#[actix_web::test]
async fn payments_carried_here_are_what_the_cross_check_reads() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let officer = office.officer();
    office.locked_list(&crate::support::rows::list().listed(&child(1)).csv()).await;
    let totals = |check: Value| (check["totals"]["aid_records"].clone(), check["totals"]["paid"].clone());
    let record = office.approved(&student).await;
    assert_eq!(totals(office.run_check(&officer).await.json()), (0.into(), 0.into()));
    let record = office.done(&officer, &record, "pay", json!({ "paid_on": PAID_ON, "fen": 40_000 })).await;
    let record = office.done(&officer, &record, "pay", json!({ "paid_on": PAID_ON })).await;
    assert_eq!(totals(office.run_check(&officer).await.json()), (2.into(), DUE.into()));
    let back = json!({ "on": "2024-12-01", "reason": "多发", "fen": 30_000 });
    office.done(&officer, &record, "return", back).await;
    assert_eq!(totals(office.run_check(&officer).await.json()), (1.into(), 32_500.into()));
}

#[actix_web::test]
async fn a_lookup_of_the_past_tells_the_record_as_it_was() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let officer = office.officer();
    let record = office.paid(&student).await;
    let at = text(&record["ledger"][1]["recorded_at"]);
    let then = |known_at: &str| {
        let known_at = known_at.replace(':', "%3A").replace('+', "%2B");
        format!("/v1/students/{student}/eligibility?as_of=2024-10-20&known_at={known_at}")
    };
    let past = office.read(&officer, &then(&at)).await;
    assert_eq!((&past["aid"][0]["state"], &past["aid"][0]["paid_fen"]), (&"noticed".into(), &0.into()));
    let now = office.read(&officer, &format!("/v1/students/{student}/eligibility?as_of=2024-10-20")).await;
    assert_eq!((&now["aid"][0]["state"], &now["aid"][0]["version"]), (&"paid".into(), &4.into()));
}

fn other_school(office: &Office) -> Somebody {
    office.school("2134000002")
}

#[actix_web::test]
async fn each_acts_within_the_own_scope_only() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let body = json!({ "student_id": student, "programme": "living_subsidy", "term": TERM });
    let neighbour = office.as_role(Role::County, NEIGHBOUR);
    for stranger in [&neighbour, &other_school(&office)] {
        office.propose(stranger, body.clone()).await.problem(404, "not_found");
    }
    let record = office.noticed(&student).await;
    let uri = format!("/v1/aid-records/{}", text(&record["record_id"]));
    for stranger in [&neighbour, &other_school(&office)] {
        office.get(stranger, &uri).await.problem(404, "not_found");
        office.act_on(stranger, &record, "cancel", json!({ "reason": "x" })).await.problem(404, "not_found");
    }
    office.act_on(&neighbour, &record, "approve", json!({})).await.problem(404, "not_found");
    // School, province, auditor and guardian do not approve; a guardian reads the own child.
    let province = office.as_role(Role::Province, "34");
    let auditor = office.as_role(Role::Auditor, COUNTY);
    let guardian = office.guardian_of(&student);
    for who in [&office.school(SCHOOL), &province, &auditor, &guardian] {
        office.act_on(who, &record, "approve", json!({})).await.problem(403, "forbidden");
        assert_eq!(office.get(who, &uri).await.status, 200);
        assert_eq!(items(&office.read(who, "/v1/aid-records").await).len(), 1);
    }
    // Which officer did what is not the guardian's business.
    assert!(office.read(&guardian, &uri).await["ledger"][0]["recorded_by"].is_null());
    assert!(office.read(&auditor, &uri).await["ledger"][0]["recorded_by"].is_string());
    let other = office.guardian_of("somebody-else");
    office.get(&other, &uri).await.problem(404, "not_found");
    assert!(items(&office.read(&other, "/v1/aid-records").await).is_empty());
    // The city approves for its county.
    let city = office.holding(MintRequest { subject: "city".into(), ..request_for(Role::City, "3410") });
    office.done(&city, &record, "approve", json!({})).await;
}

#[actix_web::test]
async fn refusals_name_nobody() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let (officer, one) = (office.officer(), child(1));
    let record = office.paid(&student).await;
    let mut said = String::new();
    for (act, body) in [
        ("notice", json!({})),
        ("approve", json!({})),
        ("pay", json!({ "paid_on": PAID_ON })),
        ("cancel", json!({ "reason": one.name })),
        ("return", json!({ "fen": DUE + 1, "on": PAID_ON, "reason": one.id })),
        ("correct", json!({ "why": one.name })),
    ] {
        let answer = office.act_on(&officer, &record, act, body).await;
        assert!(answer.status >= 400, "{act}");
        said += answer.text();
    }
    for secret in [&one.name, &one.id, &student, &one.id[14..].to_owned()] {
        assert!(!said.contains(secret.as_str()), "{secret}: {said}");
    }
}
