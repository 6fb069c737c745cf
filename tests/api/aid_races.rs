//! Several at once, on whatever database the office has: exactly one wins, and nothing is lost.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use yingzhu::aid::model::AidState::{Cancelled, Paid, Proposed};
use yingzhu::aid::store;
use yingzhu::auth::{MintRequest, Role, Scope};
use yingzhu::values::{Place, Programme};

use crate::support::Answer;
use crate::support::grants::{DUE, PAID_ON, POSTED, ledger};
use crate::support::office::{COUNTY, Office, Somebody, TERM, text};
use crate::support::request_for;
use crate::support::rows::SCHOOL;

fn officers(office: &Office, count: usize) -> Vec<Somebody> {
    (0..count)
        .map(|n| {
            office.holding(MintRequest { subject: format!("o{n}"), ..request_for(Role::County, COUNTY) })
        })
        .collect()
}

/// How many answers had which status.
fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status).or_default() += 1;
    }
    counts
}

#[actix_web::test]
async fn of_many_who_approve_at_once_exactly_one_wins() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let record = office.noticed(&student).await;
    let officers = officers(&office, 64);
    let answers =
        join_all(officers.iter().map(|who| office.act_on(who, &record, "approve", json!({})))).await;
    assert_eq!(statuses(&answers), BTreeMap::from([(200, 1), (412, 63)]));
    let read =
        office.read(&office.officer(), &format!("/v1/aid-records/{}", text(&record["record_id"]))).await;
    assert_eq!(ledger(&read), ["proposed", "noticed", "approved"]);
}

#[actix_web::test]
async fn sixty_four_who_pay_a_part_lose_nothing() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let record = office.approved(&student).await;
    let uri = format!("/v1/aid-records/{}", text(&record["record_id"]));
    let officers = officers(&office, 64);
    let pay_one = async |who: &Somebody| {
        let mut stale = 0;
        loop {
            let seen = office.read(who, &uri).await;
            match office.act_on(who, &seen, "pay", json!({ "paid_on": PAID_ON, "fen": 1 })).await {
                answer if answer.status == 200 => return stale,
                answer if answer.status == 412 => stale += 1,
                other => panic!("{}", other.text()),
            }
        }
    };
    join_all(officers.iter().map(pay_one)).await;
    let read = office.read(&office.officer(), &uri).await;
    assert_eq!((&read["paid_fen"], &read["version"]), (&64.into(), &67.into()));
    let paid: Vec<&Value> =
        read["ledger"].as_array().unwrap().iter().filter(|l| l["kind"] == "paid").collect();
    assert_eq!(paid.len(), 64);
    let mut by: Vec<String> = paid.iter().map(|l| text(&l["recorded_by"])).collect();
    by.sort_unstable();
    by.dedup();
    assert_eq!(by.len(), 64, "each officer's payment is there once");
}

#[actix_web::test]
async fn proposed_by_many_at_once_it_is_one_record() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let officers = officers(&office, 16);
    let body = json!({ "student_id": student, "programme": "living_subsidy", "term": TERM });
    let answers = join_all(officers.iter().map(|who| office.propose(who, body.clone()))).await;
    assert_eq!(statuses(&answers), BTreeMap::from([(200, 15), (201, 1)]));
    assert_eq!(office.records().await.len(), 1);
}

#[actix_web::test]
async fn bulk_orders_that_meet_do_each_record_once() {
    let office = Office::open().await;
    office.enrol(1..=60).await;
    let school = office.school(SCHOOL);
    let ask = json!({ "term": TERM, "school": SCHOOL, "programmes": ["living_subsidy"] });
    let select = json!({ "term": TERM, "school": SCHOOL });
    let count = |answers: &[Value], outcome: &str| -> i64 {
        answers.iter().map(|a| a["counts"][outcome].as_i64().unwrap()).sum()
    };
    let answers = join_all((0..4).map(|_| office.bulk(&school, "proposals", ask.clone()))).await;
    assert_eq!((count(&answers, "proposed"), count(&answers, "already")), (60, 180));
    let put_up = json!({ "select": select, "starts_on": POSTED });
    let answers = join_all((0..4).map(|_| office.bulk(&school, "notices", put_up.clone()))).await;
    assert_eq!((count(&answers, "done"), count(&answers, "refused")), (60, 0));
    let officers = officers(&office, 4);
    let approve = json!({ "select": select });
    let answers = join_all(officers.iter().map(|who| office.bulk(who, "approvals", approve.clone()))).await;
    assert_eq!((count(&answers, "done"), count(&answers, "refused")), (60, 0));
    let pay = json!({ "select": select, "paid_on": PAID_ON });
    let answers = join_all(officers.iter().map(|who| office.bulk(who, "payments", pay.clone()))).await;
    assert_eq!((count(&answers, "done"), count(&answers, "refused")), (60, 0));
    let records = office.records().await;
    assert_eq!(records.len(), 60);
    assert!(records.iter().all(|r| r["paid_fen"] == DUE && r["version"] == 4));
}

#[actix_web::test]
async fn the_database_itself_holds_a_student_to_one_record_of_a_slot() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let record = office.proposed(&student).await;
    let scope = Scope::local(Place::parse(COUNTY).unwrap());
    let stored = office.db.read_now(|conn| store::find(conn, &scope, &text(&record["record_id"]))).unwrap();
    let second = |id: &str, state, slot: &str| yingzhu::aid::model::AidRecord {
        record_id: id.to_owned(),
        state,
        slot: slot.to_owned(),
        programme: Programme::LoanRelief,
        ..stored.clone()
    };
    let insert = |record| office.db.write_now(|conn| store::insert(conn, &[record], &[]));
    // Another programme of the same slot is refused in every live state, by the index alone.
    for state in [Proposed, Paid] {
        assert!(insert(second("a", state, &stored.slot)).is_err(), "{state}");
    }
    insert(second("b", Cancelled, &stored.slot)).unwrap();
    insert(second("c", Proposed, "loan_relief")).unwrap();
}

#[actix_web::test]
async fn records_are_what_their_ledgers_make_them() {
    let office = Office::open().await;
    let students = office.enrol(1..=3).await;
    let officer = office.officer();
    let paid = office.paid(&students[0]).await;
    office.done(&officer, &paid, "return", json!({ "on": "2024-12-01", "reason": "多发", "fen": 100 })).await;
    let approved = office.approved(&students[1]).await;
    office.done(&officer, &approved, "correct", json!({ "why": "学校有误" })).await;
    office.noticed(&students[2]).await;
    let scope = Scope::local(Place::parse(COUNTY).unwrap());
    for record in office.records().await {
        let id = text(&record["record_id"]);
        let (stored, lines) = office
            .db
            .read_now(|conn| Ok((store::find(conn, &scope, &id)?, store::ledger(conn, &id)?)))
            .unwrap();
        let told = yingzhu::aid::ledger::fold(&lines).unwrap().unwrap();
        assert_eq!(told.standing, (&stored).into(), "{record}");
        assert_eq!((told.version, told.paid_on), (stored.version, stored.paid_on));
    }
}
