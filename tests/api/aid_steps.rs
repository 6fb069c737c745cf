//! An order on more records than one set: a node that dies leaves what it did, the next goes on from there, and
//! who cancels is told what was done and what remains.

use actix_web::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yingzhu::aid::job::{AidWork, MANY};
use yingzhu::jobs::{Step, Watch, Work, store};
use yingzhu::policy::Pack;
use yingzhu::sheet;
use yingzhu::values::clock;

use crate::support::office::{Office, Somebody, TERM, items, text};
use crate::support::rows::SCHOOL;

/// More than a set of five hundred.
const STUDENTS: u32 = 620;

/// Hands in the proposal for everybody; the job's address.
async fn handed_in(office: &Office, school: &Somebody) -> String {
    let body = json!({ "term": TERM, "school": SCHOOL, "programmes": ["living_subsidy"] });
    let later = [("prefer", "respond-async")];
    let handed = office.with_json(school, Method::POST, "/v1/aid-records/proposals", body, &later).await;
    assert_eq!(handed.status, 202, "{}", handed.text());
    handed.header("location").to_owned()
}

/// A node that takes the job, writes down who is meant, does one set and is never heard of again.
fn dies_after_one_set(office: &Office) {
    let work = AidWork {
        reader: sheet::Reader { program: "none".into(), limits: sheet::Limits::default() },
        sealer: office.sealer.clone(),
        pack: Arc::new(Pack::embedded().unwrap()),
    };
    let watch = Watch::default();
    // Its lease ran out a moment ago, so that nobody need wait.
    let lease = TimeDelta::milliseconds(-1);
    let mut job =
        office.db.write_now(|conn| store::take(conn, &[MANY], "dead", clock::now(), lease)).unwrap().unwrap();
    for rows in [0, 500] {
        let kept = office.db.write_now(|conn| {
            let step = work.run(conn, &job, None, &watch)?;
            let Step::On { checkpoint, location } = step else { panic!("{step:?}") };
            store::keep(conn, &job, &checkpoint, location.as_deref(), rows)?;
            Ok(checkpoint)
        });
        job.checkpoint = Some(kept.unwrap());
    }
}

async fn ended(office: &Office, who: &Somebody, address: &str) -> Value {
    loop {
        let job = office.read(who, address).await;
        if !job["ended_at"].is_null() {
            return job;
        }
        tokio::task::yield_now().await;
    }
}

fn counted(report: &Value) -> (usize, &Value, &Value, &Value) {
    (items(report).len(), &report["counts"]["proposed"], &report["counts"]["already"], &report["remaining"])
}

#[actix_web::test]
async fn the_next_node_goes_on_where_one_died() {
    let office = Office::open().await;
    let school = office.school(SCHOOL);
    office.enrol(1..=STUDENTS).await;
    let address = handed_in(&office, &school).await;
    dies_after_one_set(&office);

    // What was done is there for everybody, and the report says how far it is.
    let half = office.read(&school, &address).await;
    assert_eq!((&half["state"], &half["rows_done"]), (&json!("running"), &json!(500)), "{half}");
    assert_eq!(office.records().await.len(), 500);
    let report = office.read(&school, &text(&half["location"])).await;
    assert_eq!(counted(&report), (500, &json!(500), &json!(0), &json!(120)));
    assert_eq!((&report["students"], &report["term"]), (&json!(STUDENTS), &json!(TERM)));

    let workers = office.node.start().unwrap();
    let job = ended(&office, &school, &address).await;
    workers.stop(Duration::from_mins(1));
    assert_eq!(
        (&job["state"], &job["attempts"], &job["rows_done"], &job["location"]),
        (&json!("done"), &json!(2), &json!(STUDENTS), &half["location"]),
        "{job}"
    );
    // Begun anew, the first set would have been found there already.
    let whole = office.read(&school, &text(&job["location"])).await;
    assert_eq!(counted(&whole), (620, &json!(620), &json!(0), &json!(0)));
    assert_eq!(items(&whole)[..500], items(&report)[..]);
    assert_eq!(office.records().await.len(), 620);
    let fen: i64 = items(&whole).iter().map(|line| line["fen"].as_i64().unwrap()).sum();
    assert_eq!(whole["proposed_fen"], fen);
}

#[actix_web::test]
async fn who_cancels_half_way_keeps_what_was_done_and_may_ask_again() {
    let office = Office::open().await;
    let school = office.school(SCHOOL);
    office.enrol(1..=STUDENTS).await;
    let address = handed_in(&office, &school).await;
    dies_after_one_set(&office);
    let asked = office.act(&school, &format!("{address}/cancel")).await;
    assert_eq!((asked.status, &asked.json()["cancel_asked"]), (200, &json!(true)), "{}", asked.text());
    let workers = office.node.start().unwrap();
    let job = ended(&office, &school, &address).await;
    assert_eq!((&job["state"], &job["rows_done"]), (&json!("cancelled"), &json!(500)), "{job}");
    let report = office.read(&school, &text(&job["location"])).await;
    assert_eq!(counted(&report), (500, &json!(500), &json!(0), &json!(120)));

    let again = ended(&office, &school, &handed_in(&office, &school).await).await;
    workers.stop(Duration::from_mins(1));
    let report = office.read(&school, &text(&again["location"])).await;
    assert_eq!(counted(&report), (620, &json!(120), &json!(500), &json!(0)));
    assert_eq!(office.records().await.len(), 620);
}
