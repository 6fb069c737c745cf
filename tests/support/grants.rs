//! Aid on its way: pupils on the roll who are due it, and acts on their records.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::Answer;
use super::office::{Office, Somebody, TERM, column, items, text};
use super::people::child;
use super::rows::{SCHOOL, roll};

/// A day in the term on which lists were put up, a Tuesday.
pub(crate) const POSTED: &str = "2024-10-08";
/// The last day of a notice of five working days put up then: Saturday the 12th was worked.
pub(crate) const LAST_DAY: &str = "2024-10-14";
/// A day of payment.
pub(crate) const PAID_ON: &str = "2024-11-20";
/// A registered poor household, with its paper.
pub(crate) const POOR: [(&str, &str); 2] = [("困难类型", "建档立卡"), ("证明材料", "扶贫手册")];
/// What a primary boarder of a registered poor household is due a term, in fen.
pub(crate) const DUE: i64 = 62_500;

impl Office {
    /// Puts these children on the roll as boarders of registered poor households; their ids by number.
    pub(crate) async fn enrol(&self, numbers: std::ops::RangeInclusive<u32>) -> Vec<String> {
        let poor = POOR;
        let sheet = numbers.clone().fold(roll(), |sheet, n| sheet.pupil(&child(n), &poor));
        let sent = self.upload_roll(&self.officer(), &sheet.csv()).await;
        assert_eq!(sent.json()["rows"]["new"], numbers.count(), "{}", sent.text());
        let students = self.read_pages(&self.officer(), &format!("/v1/students?term={TERM}"), 500).await;
        students.iter().map(|s| text(&s["student_id"])).collect()
    }

    /// Changes a child's row on the roll.
    pub(crate) async fn enrol_again(&self, number: u32, told: &[(&str, &str)]) {
        let told: Vec<_> = POOR.into_iter().chain(told.iter().copied()).collect();
        let sent = self.upload_roll(&self.officer(), &roll().pupil(&child(number), &told).csv()).await;
        assert_eq!(sent.json()["rows"]["changed"], 1, "{}", sent.text());
    }

    pub(crate) async fn propose(&self, who: &Somebody, body: Value) -> Answer {
        self.post(who, "/v1/aid-records", body).await
    }

    /// The living subsidy proposed by the school for a student; the record.
    pub(crate) async fn proposed(&self, student: &str) -> Value {
        let body = json!({ "student_id": student, "programme": "living_subsidy", "term": TERM });
        let answer = self.propose(&self.school(SCHOOL), body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// An act upon the version in hand.
    pub(crate) async fn act_on(&self, who: &Somebody, record: &Value, act: &str, body: Value) -> Answer {
        let uri = format!("/v1/aid-records/{}/{act}", text(&record["record_id"]));
        let version = format!("\"{}\"", record["version"]);
        self.with_json(who, Method::POST, &uri, body, &[("if-match", &version)]).await
    }

    /// An act that must succeed; the record after it.
    pub(crate) async fn done(&self, who: &Somebody, record: &Value, act: &str, body: Value) -> Value {
        let answer = self.act_on(who, record, act, body).await;
        assert!((200..300).contains(&answer.status), "{act}: {}", answer.text());
        answer.json()
    }

    /// Proposed and put up in October, so that the notice is over.
    pub(crate) async fn noticed(&self, student: &str) -> Value {
        let record = self.proposed(student).await;
        self.done(&self.school(SCHOOL), &record, "notice", json!({ "starts_on": POSTED })).await
    }

    pub(crate) async fn approved(&self, student: &str) -> Value {
        let record = self.noticed(student).await;
        self.done(&self.officer(), &record, "approve", json!({})).await
    }

    pub(crate) async fn paid(&self, student: &str) -> Value {
        let record = self.approved(student).await;
        self.done(&self.officer(), &record, "pay", json!({ "paid_on": PAID_ON })).await
    }

    pub(crate) async fn bulk(&self, who: &Somebody, what: &str, body: Value) -> Value {
        let answer = self.post(who, &format!("/v1/aid-records/{what}"), body).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        answer.json()
    }

    /// Every record the county sees.
    pub(crate) async fn records(&self) -> Vec<Value> {
        self.read_pages(&self.officer(), "/v1/aid-records", 500).await
    }
}

/// The kinds of a record's lines, in order.
pub(crate) fn ledger(record: &Value) -> Vec<String> {
    record["ledger"].as_array().unwrap().iter().map(|line| text(&line["kind"])).collect()
}

/// The refusals of a bulk answer: the codes in order.
pub(crate) fn refusals(answer: &Value) -> Vec<String> {
    column(answer, "code").iter().filter(|c| !c.is_null()).map(text).collect()
}

/// The outcomes of a bulk answer in order.
pub(crate) fn outcomes(answer: &Value) -> Vec<String> {
    items(answer).iter().map(|item| text(&item["outcome"])).collect()
}
