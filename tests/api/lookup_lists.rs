//! A lookup never answers from a list version that is no longer the last, whoever locked another.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use yingzhu::schema::poverty_list;

use crate::support::office::Office;
use crate::support::people::child;
use crate::support::rows::{list, roll};

async fn version(office: &Office, number: u32) -> (String, i64) {
    let list = &office.look_up_child(&office.officer(), &child(number)).await["list"];
    (list["answer"].as_str().unwrap().to_owned(), list["version"].as_i64().unwrap_or(0))
}

fn said(answer: &str, version: i64) -> (String, i64) {
    (answer.to_owned(), version)
}

fn numbers(office: &Office) -> Vec<Option<i64>> {
    office
        .db
        .read_now(|conn| {
            let in_order = poverty_list::table.order(poverty_list::version.asc());
            Ok(in_order.select(poverty_list::lock_number).load(conn)?)
        })
        .unwrap()
}

#[actix_web::test]
async fn a_version_locked_meanwhile_answers_the_very_next_question() {
    let office = Office::open().await;
    let pupils = roll().pupil(&child(1), &[]).pupil(&child(2), &[]);
    assert_eq!(office.upload_roll(&office.officer(), &pupils.csv()).await.status, 201);
    assert_eq!(version(&office, 1).await, said("not_covered", 0));
    office.locked_list(&list().listed(&child(1)).csv()).await;
    assert_eq!(version(&office, 1).await, said("on_list", 1));
    assert_eq!(version(&office, 2).await, said("not_on_list", 1));
    office.locked_list(&list().listed(&child(2)).csv()).await;
    assert_eq!(version(&office, 1).await, said("not_on_list", 2));
    assert_eq!(version(&office, 2).await, said("on_list", 2));
    assert_eq!(numbers(&office), [Some(1), Some(2)]);
}

#[actix_web::test]
async fn a_version_locked_by_an_older_program_answers_as_well_and_is_counted_later() {
    let office = Office::open().await;
    assert_eq!(office.upload_roll(&office.officer(), &roll().pupil(&child(1), &[]).csv()).await.status, 201);
    office.locked_list(&list().listed(&child(2)).csv()).await;
    assert_eq!(version(&office, 1).await, said("not_on_list", 1));
    office.locked_list(&list().listed(&child(1)).csv()).await;
    // As a program leaves it that knows nothing of the count.
    office
        .db
        .write_now(|conn| {
            Ok(conn.batch_execute("UPDATE poverty_list SET lock_number = NULL WHERE version = 2")?)
        })
        .unwrap();
    for _ in 0..2 {
        assert_eq!(version(&office, 1).await, said("on_list", 2));
    }
    office.locked_list(&list().listed(&child(3)).csv()).await;
    assert_eq!(numbers(&office), [Some(1), Some(2), Some(3)]);
    assert_eq!(version(&office, 1).await, said("not_on_list", 3));
}
