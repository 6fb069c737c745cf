//! The same thing done twice, or by two at once, is done once.

use futures_util::future::join;
use serde_json::Value;

use crate::support::Answer;
use crate::support::office::{Office, TERM, items, text};
use crate::support::people::child;
use crate::support::rows::{aid, list, roll};

/// The two statuses, the first done and the second told so.
fn once(answers: (Answer, Answer)) -> (Value, Value) {
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201], "{} {}", answers.0.text(), answers.1.text());
    (answers.0.json(), answers.1.json())
}

#[actix_web::test]
async fn a_file_sent_twice_at_once_is_imported_once() {
    let office = Office::open().await;
    let officer = office.officer();
    let file = (1..=20).fold(list(), |sheet, n| sheet.listed(&child(n))).csv();
    let (a, b) = once(join(office.upload_list(&officer, &file), office.upload_list(&officer, &file)).await);
    assert_eq!(a["list"], b["list"]);
    assert_eq!(items(&office.read(&officer, "/v1/poverty-lists").await).len(), 1);

    let file = (1..=20).fold(roll(), |sheet, n| sheet.pupil(&child(n), &[])).csv();
    let (a, b) = once(join(office.upload_roll(&officer, &file), office.upload_roll(&officer, &file)).await);
    assert_eq!(a["import_id"], b["import_id"]);
    assert_eq!(office.read_pages(&officer, &format!("/v1/students?term={TERM}"), 500).await.len(), 20);

    let file = (1..=20).fold(aid(), |sheet, n| sheet.paid(&child(n), &[])).csv();
    once(join(office.upload_aid(&officer, &file), office.upload_aid(&officer, &file)).await);
    assert_eq!(office.read_pages(&officer, "/v1/aid-records", 500).await.len(), 20);
}

#[actix_web::test]
async fn two_files_with_the_same_people_at_once_make_each_person_once() {
    let office = Office::open().await;
    let officer = office.officer();
    let pupils = (1..=20).fold(roll(), |sheet, n| sheet.pupil(&child(n), &[]));
    let (csv, xlsx) = (pupils.csv(), pupils.xlsx());
    let (a, b) = join(office.upload_roll(&officer, &csv), office.upload_roll(&officer, &xlsx)).await;
    let rows = |answer: &Answer, key: &str| answer.json()["rows"][key].as_i64().unwrap();
    assert_eq!((a.status, b.status), (201, 201));
    assert_eq!(rows(&a, "new") + rows(&b, "new"), 20);
    assert_eq!(rows(&a, "unchanged") + rows(&b, "unchanged"), 20);
    assert_eq!(office.read_pages(&officer, &format!("/v1/students?term={TERM}"), 500).await.len(), 20);
}

#[actix_web::test]
async fn a_run_asked_for_twice_at_once_is_made_once() {
    let office = Office::open().await;
    office.locked_list(&list().listed(&child(1)).csv()).await;
    let officer = office.officer();
    let (a, b) = once(join(office.run_check(&officer), office.run_check(&officer)).await);
    assert_eq!((&a["check_id"], &a["report_digest"]), (&b["check_id"], &b["report_digest"]));
}

#[actix_web::test]
async fn two_who_lock_at_once_lock_once() {
    let office = Office::open().await;
    let sent = office.upload_list(&office.officer(), &list().listed(&child(1)).csv()).await.json();
    let draft = text(&sent["list"]["list_id"]);
    let officer = office.officer();
    let (a, b) = join(office.check(&officer, &draft), office.check(&officer, &draft)).await;
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let colleague = office.colleague();
    let (a, b) = join(office.lock(&colleague, &draft), office.lock(&colleague, &draft)).await;
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}
