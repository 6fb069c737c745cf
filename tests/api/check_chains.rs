//! Whom a run connects: households, mistyped ids, second keys; and what it tells of the day of payment.

use serde_json::{Value, json};

use super::checks::{finding, findings_of, run};
use crate::support::office::{COUNTY, Office, TERM, items, text};
use crate::support::people::{Child, child};
use crate::support::rows::{SCHOOL, aid, list, roll};
use crate::support::sheets::Sheet;

const LISTED: &str = "姓名 身份证号 学籍号 户籍地区划代码 村 户编号 户类型 学段 年级";

const ENROLLED: &str =
    "姓名 身份证件号 学校标识码 学段 年级 就读方式 在读状态 户籍地区划代码 户编号 困难类型 困难档次";

/// A county of which household numbers are known: the kinds of finding come back with (child, other).
async fn chains(listed: Sheet, enrolled: Sheet) -> Vec<(String, String, Option<String>)> {
    let office = Office::open().await;
    office.locked_list(&listed.csv()).await;
    assert_eq!(office.upload_roll(&office.officer(), &enrolled.csv()).await.json()["rows"]["bad"], 0);
    let check = run(&office).await;
    seen(&office, &check).await
}

async fn seen(office: &Office, check: &Value) -> Vec<(String, String, Option<String>)> {
    let page = office.read(&office.confidant(), &format!("{}?limit=500", findings_of(check))).await;
    items(&page)
        .iter()
        .map(|f| {
            let other = f["other"]["id_number"].as_str().map(ToOwned::to_owned);
            (text(&f["kind"]), text(&f["id_number"]), other)
        })
        .collect()
}

fn entry(sheet: Sheet, child: &Child, number: &str, village: &str, household: &str) -> Sheet {
    sheet.row(&[&child.name, &child.id, number, COUNTY, village, household, "建档立卡", "小学", "三年级"])
}

fn pupil(sheet: Sheet, child: &Child, household: &str) -> Sheet {
    let of =
        [&child.name, &child.id, SCHOOL, "小学", "三年级", "住校", "在读", COUNTY, household, "无", "不困难"];
    sheet.row(&of)
}

#[actix_web::test]
async fn a_child_of_a_listed_household_is_found_with_the_chain() {
    let (one, brother, other) = (child(1), child(2), child(3));
    let listed = entry(Sheet::new(LISTED), &one, "", "柏溪村", "H-001");
    let enrolled = [(&one, "H-001"), (&brother, "H-001"), (&other, "H-002")]
        .into_iter()
        .fold(Sheet::new(ENROLLED), |sheet, (child, household)| pupil(sheet, child, household));
    let found = chains(listed, enrolled).await;
    let expected = [
        ("listed_unaided".to_owned(), one.id.clone(), None),
        ("household_member_off_list".to_owned(), brother.id.clone(), Some(one.id.clone())),
    ];
    assert_eq!(found, expected);
}

#[actix_web::test]
async fn a_number_that_stands_for_two_households_is_no_chain() {
    let listed = entry(Sheet::new(LISTED), &child(1), "", "柏溪村", "7");
    let listed = entry(listed, &child(2), "", "西溶村", "7");
    let enrolled = (1..=3).fold(Sheet::new(ENROLLED), |sheet, n| pupil(sheet, &child(n), "7"));
    let found = chains(listed, enrolled).await;
    assert!(found.iter().all(|(kind, ..)| kind == "listed_unaided"), "{found:?}");
}

#[actix_web::test]
async fn a_child_dropped_from_a_household_that_is_still_listed_is_found() {
    let office = Office::open().await;
    let both = entry(Sheet::new(LISTED), &child(1), "", "柏溪村", "H-001");
    let both = entry(both, &child(2), "", "柏溪村", "H-001");
    office.locked_list(&both.csv()).await;
    let enrolled = (1..=2).fold(Sheet::new(ENROLLED), |sheet, n| pupil(sheet, &child(n), ""));
    assert_eq!(office.upload_roll(&office.officer(), &enrolled.csv()).await.json()["rows"]["bad"], 0);
    let before = run(&office).await;
    assert_eq!(before["inputs"]["earlier_list"], Value::Null);
    let one = entry(Sheet::new(LISTED), &child(1), "", "柏溪村", "H-001");
    office.locked_list(&one.csv()).await;
    let check = run(&office).await;
    let found = seen(&office, &check).await;
    let chain = ("household_member_off_list".to_owned(), child(2).id, Some(child(1).id));
    assert!(found.contains(&chain), "{found:?}");
    let about = finding(&office, &check, "household_member_off_list", 2).await;
    assert_eq!(about["detail"], json!({ "of": "household", "listed": 1, "by": "earlier_list" }));
    assert_eq!((&about["due_fen"], &about["at_stake_fen"]), (&62_500.into(), &62_500.into()));
    assert!(check["inputs"]["earlier_list"].is_string());
}

/// The child under an id whose last digit of the body is another, with the check digit that fits.
fn mistyped(child: &Child) -> Child {
    let body: String = child.id.chars().take(16).collect();
    let last = child.id.chars().nth(16).unwrap();
    let other = if last == '9' { '7' } else { '9' };
    let body = format!("{body}{other}");
    let check = yingzhu::values::check_digit(&body).unwrap();
    Child { id: format!("{body}{check}"), name: child.name.clone() }
}

#[actix_web::test]
async fn a_mistyped_id_is_proposed_only_with_the_same_name() {
    let meant = child(1);
    let wrong = mistyped(&meant);
    let enrolled = pupil(Sheet::new(ENROLLED), &meant, "");
    let listed = entry(Sheet::new(LISTED), &wrong, "", "柏溪村", "");
    let found = chains(listed, enrolled.clone()).await;
    let expected = [
        ("listed_not_enrolled".to_owned(), wrong.id.clone(), None),
        ("probable_typo".to_owned(), wrong.id.clone(), Some(meant.id.clone())),
    ];
    assert_eq!(found, expected);
    // A twin bears such an id by right, and another name.
    let twin = Child { name: "测双".into(), ..wrong.clone() };
    let listed = entry(Sheet::new(LISTED), &twin, "", "柏溪村", "");
    let found = chains(listed, enrolled).await;
    assert_eq!(found, [("listed_not_enrolled".to_owned(), twin.id, None)]);
}

#[actix_web::test]
async fn two_students_of_the_same_name_near_one_id_are_proposed_for_neither() {
    let meant = child(1);
    let wrong = mistyped(&meant);
    // Another student of the very name, also one digit away from what the list says.
    let third = mistyped_otherwise(&wrong, &meant);
    let enrolled = pupil(pupil(Sheet::new(ENROLLED), &meant, ""), &third, "");
    let listed = entry(Sheet::new(LISTED), &wrong, "", "柏溪村", "");
    let found = chains(listed, enrolled).await;
    assert_eq!(found, [("listed_not_enrolled".to_owned(), wrong.id, None)]);
}

fn mistyped_otherwise(wrong: &Child, meant: &Child) -> Child {
    let body: String = wrong.id.chars().take(16).collect();
    let mut digits = "123456789"
        .chars()
        .filter(|d| Some(*d) != wrong.id.chars().nth(16) && Some(*d) != meant.id.chars().nth(16));
    let body = format!("{body}{}", digits.next().unwrap());
    let check = yingzhu::values::check_digit(&body).unwrap();
    Child { id: format!("{body}{check}"), name: meant.name.clone() }
}

#[actix_web::test]
async fn the_student_number_is_a_second_key() {
    let meant = child(1);
    let stranger = Child { name: meant.name.clone(), ..child(77) };
    let enrolled = pupil(Sheet::new(ENROLLED), &meant, "");
    let listed = entry(Sheet::new(LISTED), &stranger, &format!("G{}", meant.id), "柏溪村", "");
    let found = chains(listed, enrolled).await;
    let proposal = ("probable_typo".to_owned(), stranger.id.clone(), Some(meant.id.clone()));
    assert!(found.contains(&proposal), "{found:?}");
}

#[actix_web::test]
async fn age_and_lateness_are_told_on_the_day_of_payment() {
    let office = Office::open().await;
    office.locked_list(&list().listed(&child(1)).csv()).await;
    let enrolled = roll().pupil(&child(1), &[]).pupil(&adult(), &[("困难档次", "一般困难")]);
    assert_eq!(office.upload_roll(&office.officer(), &enrolled.csv()).await.json()["rows"]["bad"], 0);
    let paid = aid().paid(&child(1), &[("发放日期", "2024-11-20")]).paid(&adult(), &[]);
    assert_eq!(office.upload_aid(&office.officer(), &paid.csv()).await.json()["rows"]["new"], 2);
    let ask = async |pay_by: Value| {
        let body = json!({ "term": TERM, "pay_by": pay_by });
        let answer = office.post(&office.officer(), "/v1/cross-checks", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        seen(&office, &answer.json()).await.into_iter().map(|(kind, id, _)| (kind, id)).collect::<Vec<_>>()
    };
    let age = ("age_out_of_range".to_owned(), adult().id);
    assert_eq!(ask(Value::Null).await, std::slice::from_ref(&age));
    assert_eq!(ask(json!("2024-11-20")).await, std::slice::from_ref(&age));
    assert_eq!(ask(json!("2024-11-19")).await, [("paid_late".to_owned(), child(1).id), age]);
}

/// Somebody of forty years.
fn adult() -> Child {
    let body = "34102419840307002";
    let check = yingzhu::values::check_digit(body).unwrap();
    Child { id: format!("{body}{check}"), name: "测成年".into() }
}
