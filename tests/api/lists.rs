//! The provincial list: sent in, corrected, checked, locked, replaced, compared.

use serde_json::Value;
use yingzhu::auth::Role;

use crate::support::office::{COUNTY, NEIGHBOUR, Office, Somebody, TERM, text};
use crate::support::people::{Child, child, wrong_check};
use crate::support::sheets::{Sheet, cell, reopen, table};

const HEADERS: &str = "姓名 身份证号 户籍地区划代码 户类型 学段 年级";

fn sheet() -> Sheet {
    Sheet::new(HEADERS)
}

fn row(child: &Child) -> [&str; 6] {
    [&child.name, &child.id, COUNTY, "建档立卡", "小学", "三年级"]
}

fn of(children: impl IntoIterator<Item = u32>) -> Sheet {
    children.into_iter().fold(sheet(), |sheet, n| sheet.row(&row(&child(n))))
}

/// Sends a file in; the list's id.
async fn sent(office: &Office, file: &[u8]) -> String {
    let answer = office.upload_list(&office.officer(), file).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    text(&answer.json()["list"]["list_id"])
}

async fn entries(office: &Office, list: &str) -> Vec<Value> {
    let page = office.read(&office.officer(), &format!("/v1/poverty-lists/{list}/entries")).await;
    page["items"].as_array().unwrap().clone()
}

/// One good row, one wrong in two cells, one the sender may not send.
fn faulty() -> Sheet {
    let (good, bad, foreign) = (child(1), child(2), child(3));
    let wrong = wrong_check(&bad.id);
    sheet().row(&row(&good)).row(&[bad.name.as_str(), &wrong, COUNTY, "富裕户", "小学", "三年级"]).row(&[
        foreign.name.as_str(),
        &foreign.id,
        NEIGHBOUR,
        "建档立卡",
        "小学",
        "三年级",
    ])
}

#[actix_web::test]
async fn good_rows_become_a_draft_and_every_bad_row_is_told_at_once() {
    let office = Office::open().await;
    let answer = office.upload_list(&office.officer(), &faulty().xlsx()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    let list = &body["list"];
    assert_eq!(answer.header("location"), format!("/v1/poverty-lists/{}", text(&list["list_id"])));
    assert_eq!((&list["state"], &list["version"], &list["entries"]), (&"draft".into(), &1.into(), &1.into()));
    assert_eq!((&list["place"], &list["term"]), (&COUNTY.into(), &TERM.into()));
    assert!(list["digest"].is_null());
    let rows = &body["import"]["rows"];
    assert_eq!((&rows["read"], &rows["new"], &rows["bad"]), (&3.into(), &1.into(), &2.into()));

    let errors = office.read(&office.officer(), &text(&body["import"]["errors_url"])).await;
    let told: Vec<_> = errors["items"].as_array().unwrap().iter().map(fault).collect();
    assert_eq!(
        told,
        [
            (3, "身份证号", "B", "id_check_digit"),
            (3, "户类型", "D", "word_unknown"),
            (4, "户籍地区划代码", "C", "out_of_scope"),
        ]
    );
    let wrong = wrong_check(&child(2).id);
    for fault in errors["items"].as_array().unwrap() {
        assert!(!text(&fault["what"]).is_empty() && !text(&fault["todo"]).is_empty());
        let said = fault.to_string();
        assert!(!said.contains(&wrong) && !said.contains("富裕户"), "{said}");
    }
}

fn fault(fault: &Value) -> (i64, &str, &str, &str) {
    let word = |key: &str| fault[key].as_str().unwrap();
    (fault["row"].as_i64().unwrap(), word("column"), word("letter"), word("code"))
}

#[actix_web::test]
async fn faults_come_in_pages_at_the_lists_own_address_too() {
    let office = Office::open().await;
    let list = sent(&office, &faulty().csv()).await;
    let mut uri = format!("/v1/poverty-lists/{list}/errors?limit=1");
    let mut codes = Vec::new();
    loop {
        let page = office.read(&office.officer(), &uri).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        codes.push(text(&page["items"][0]["code"]));
        let Some(next) = page["next"].as_str() else { break };
        uri = format!("/v1/poverty-lists/{list}/errors?limit=1&after={next}");
    }
    assert_eq!(codes, ["id_check_digit", "word_unknown", "out_of_scope"]);
}

#[actix_web::test]
async fn bad_rows_come_back_as_a_workbook_and_go_corrected_into_the_draft() {
    let office = Office::open().await;
    let officer = office.officer();
    let body = office.upload_list(&officer, &faulty().csv_gb18030()).await.json();
    let list = text(&body["list"]["list_id"]);
    let book = office.get(&officer, &text(&body["import"]["corrections_url"])).await;
    assert_eq!(book.status, 200);
    assert!(book.header("content-disposition").contains("corrections.xlsx"));
    assert_eq!(book.header("cache-control"), "no-store");
    let rows = table(&book.body, "姓名");
    assert_eq!(rows.len(), 2);
    assert_eq!((cell(&rows[0], "姓名"), cell(&rows[0], "原行号")), (child(2).name.as_str(), "3"));
    assert_eq!(cell(&rows[0], "身份证号"), wrong_check(&child(2).id));
    assert!(cell(&rows[0], "问题").contains("校验码"), "{}", cell(&rows[0], "问题"));

    // The officer corrects the cells in the very workbook and sends it again.
    let mut cells = reopen(&book.body);
    let header = cells.iter().position(|row| row[0] == "姓名").unwrap();
    cells[header + 1][1] = child(2).id;
    cells[header + 1][3] = "脱贫户".to_owned();
    cells[header + 2][2] = COUNTY.to_owned();
    let mut corrected = Sheet::new(&cells[header].join(" "));
    for row in &cells[header + 1..] {
        corrected = corrected.row(row);
    }
    let again = office.add_to_list(&officer, &list, &corrected.xlsx()).await;
    assert_eq!(again.status, 201, "{}", again.text());
    let body = again.json();
    assert_eq!((&body["list"]["list_id"], &body["list"]["entries"]), (&list.as_str().into(), &3.into()));
    assert_eq!(body["import"]["rows"]["bad"], 0);
    assert_eq!(entries(&office, &list).await.len(), 3);
}

#[actix_web::test]
async fn the_same_file_sent_again_changes_nothing() {
    let office = Office::open().await;
    let list = sent(&office, &faulty().xlsx()).await;
    let file = faulty().csv();
    let second = sent(&office, &file).await;
    assert_ne!(list, second, "other bytes are another file");
    let again = office.upload_list(&office.officer(), &file).await;
    assert_eq!(again.status, 200);
    let body = again.json();
    assert_eq!((&body["list"]["list_id"], &body["import"]["repeated"]), (&second.into(), &true.into()));
    assert_eq!(body["import"]["rows"]["bad"], 2);
    let lists = office.read(&office.officer(), "/v1/poverty-lists").await;
    assert_eq!(lists["items"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn a_person_stands_once_in_a_version() {
    let office = Office::open().await;
    let one = child(1);
    let file = sheet().row(&row(&one)).row(&row(&child(2))).row(&row(&one)).csv();
    let body = office.upload_list(&office.officer(), &file).await.json();
    assert_eq!((&body["list"]["entries"], &body["import"]["rows"]["bad"]), (&2.into(), &1.into()));
    let errors = office.read(&office.officer(), &text(&body["import"]["errors_url"])).await;
    let errors = errors["items"].as_array().unwrap();
    assert_eq!((&errors[0]["row"], &errors[0]["code"]), (&4.into(), &"duplicate_row".into()));
    assert!(text(&errors[0]["what"]).contains("第 2 行"));
    // Sent into the same draft: the same words say nothing new, other words are refused.
    let list = text(&body["list"]["list_id"]);
    let mut other = row(&one);
    other[5] = "四年级";
    let more = sheet().row(&other).row(&row(&child(2))).csv();
    let rows = office.add_to_list(&office.officer(), &list, &more).await.json()["import"]["rows"].clone();
    assert_eq!((&rows["unchanged"], &rows["bad"], &rows["new"]), (&1.into(), &1.into(), &0.into()));
}

#[actix_web::test]
async fn a_list_is_checked_then_locked_by_another_and_never_changes_again() {
    let office = Office::open().await;
    let (officer, colleague) = (office.officer(), office.colleague());
    let list = sent(&office, &of(1..=3).csv()).await;
    office.lock(&colleague, &list).await.problem(409, "conflict");
    let checked = office.check(&officer, &list).await;
    assert_eq!((checked.status, &checked.json()["state"]), (200, &"checked".into()));
    office.check(&officer, &list).await.problem(409, "conflict");
    office.add_to_list(&officer, &list, &of([9]).csv()).await.problem(409, "conflict");
    office.lock(&officer, &list).await.problem(403, "same_person");
    let locked = office.lock(&colleague, &list).await;
    assert_eq!(locked.status, 200, "{}", locked.text());
    let body = locked.json();
    assert_eq!(body["state"], "locked");
    assert_eq!(text(&body["digest"]).len(), 64);
    assert!(text(&body["locked_by"]).ends_with("#colleague"));
    for again in [office.check(&officer, &list).await, office.lock(&colleague, &list).await] {
        again.problem(409, "conflict");
    }
    office.add_to_list(&officer, &list, &of([9]).csv()).await.problem(409, "conflict");
    let found = office.read(&officer, &format!("/v1/poverty-lists/{list}")).await;
    assert_eq!(found, body, "nothing changed after the lock");
    assert_eq!(entries(&office, &list).await.len(), 3);
}

#[actix_web::test]
async fn whoever_added_rows_to_a_draft_may_not_lock_it_either() {
    let office = Office::open().await;
    let list = sent(&office, &of([1]).csv()).await;
    assert_eq!(office.add_to_list(&office.colleague(), &list, &of([2]).csv()).await.status, 201);
    assert_eq!(office.check(&office.officer(), &list).await.status, 200);
    office.lock(&office.colleague(), &list).await.problem(403, "same_person");
    let third = office.as_role(Role::PovertyOffice, COUNTY);
    // The same subject as the first sender: a role is no other person.
    office.lock(&third, &list).await.problem(403, "same_person");
}

#[actix_web::test]
async fn a_draft_takes_rows_of_its_own_term_and_place_only() {
    let office = Office::open().await;
    let list = sent(&office, &of([1]).csv()).await;
    let other_term = format!("/v1/poverty-lists?term=2024S&list={list}");
    let refused = office.upload(&office.officer(), &other_term, &of([2]).csv()).await;
    assert_eq!(refused.problem(422, "invalid_input")["errors"][0]["code"], "term_differs");
    let city = office.as_role(Role::City, "3410");
    let neighbour = child(3);
    let file =
        of([2]).row(&[neighbour.name.as_str(), &neighbour.id, NEIGHBOUR, "建档立卡", "小学", "三年级"]);
    let body = office.add_to_list(&city, &list, &file.csv()).await.json();
    assert_eq!((&body["list"]["entries"], &body["import"]["rows"]["bad"]), (&2.into(), &1.into()));
}

#[actix_web::test]
async fn an_empty_version_is_not_checked() {
    let office = Office::open().await;
    let list = sent(&office, &sheet().csv()).await;
    office.check(&office.officer(), &list).await.problem(409, "conflict");
}

#[actix_web::test]
async fn a_second_version_supersedes_the_first_and_tells_the_difference() {
    let office = Office::open().await;
    let first = office.locked_list(&of(1..=4).csv()).await;
    // 1 stays, 2 changes, 3 and 4 go, 5 comes.
    let changed = child(2);
    let second = of([1, 5]).row(&[changed.name.as_str(), &changed.id, COUNTY, "边缘户", "小学", "三年级"]);
    let second = office.locked_list(&second.csv()).await;
    let officer = office.officer();
    let old = office.read(&officer, &format!("/v1/poverty-lists/{first}")).await;
    assert_eq!((&old["state"], &old["superseded_by"]), (&"superseded".into(), &second.as_str().into()));
    let new = office.read(&officer, &format!("/v1/poverty-lists/{second}")).await;
    assert_eq!((&new["state"], &new["version"]), (&"locked".into(), &2.into()));
    assert_ne!(old["digest"], new["digest"]);
    let diff = office.read(&officer, &format!("/v1/poverty-lists/{second}/diff?against={first}")).await;
    assert_eq!((&diff["added"], &diff["removed"], &diff["changed"]), (&1.into(), &2.into(), &1.into()));
    assert_eq!(diff["items"].as_array().unwrap().len(), 4);
    let back = office.read(&officer, &format!("/v1/poverty-lists/{first}/diff?against={second}")).await;
    assert_eq!((&back["added"], &back["removed"], &back["changed"]), (&2.into(), &1.into(), &1.into()));
}

#[actix_web::test]
async fn the_digest_is_of_the_content_and_not_of_the_file() {
    let office = Office::open().await;
    let first = office.locked_list(&of([1, 2, 3]).csv()).await;
    let second = office.locked_list(&of([3, 1, 2]).xlsx()).await;
    let digest = async |list| {
        text(&office.read(&office.officer(), &format!("/v1/poverty-lists/{list}")).await["digest"])
    };
    assert_eq!(digest(first).await, digest(second).await);
}

#[actix_web::test]
async fn names_and_ids_are_masked_unless_the_token_may_see_them() {
    let office = Office::open().await;
    let list = sent(&office, &of([1, 2]).csv()).await;
    let one = child(1);
    let uri = format!("/v1/poverty-lists/{list}/entries");
    let masked = office.get(&office.officer(), &uri).await;
    let items = masked.json()["items"].clone();
    assert_eq!(text(&items[0]["id_number"]), format!("**************{}", &one.id[14..]));
    assert_eq!(text(&items[0]["name"]), "测＊＊＊");
    for secret in [&one.id, &one.name, &child(2).id, &child(2).name] {
        assert!(!masked.text().contains(secret.as_str()));
    }
    let plain = office.read(&office.confidant(), &uri).await;
    assert_eq!(
        (&plain["items"][0]["id_number"], &plain["items"][0]["name"]),
        (&one.id.into(), &one.name.into())
    );
}

#[actix_web::test]
async fn entries_come_in_pages_each_once() {
    let office = Office::open().await;
    let list = sent(&office, &of(1..=5).csv()).await;
    let mut seen = Vec::new();
    let mut uri = format!("/v1/poverty-lists/{list}/entries?limit=2");
    loop {
        let page = office.read(&office.officer(), &uri).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|e| e["row"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        uri = format!("/v1/poverty-lists/{list}/entries?limit=2&after={next}");
    }
    assert_eq!(seen, [2, 3, 4, 5, 6]);
}

#[actix_web::test]
async fn a_school_sees_its_own_pupils_and_a_township_its_own_households() {
    let office = Office::open().await;
    let (pupil, other) = (child(1), child(2));
    let township = "341024101";
    let file = sheet().row(&row(&pupil)).row(&[
        other.name.as_str(),
        &other.id,
        township,
        "建档立卡",
        "小学",
        "三年级",
    ]);
    let list = sent(&office, &file.csv()).await;
    let roll = Sheet::new("姓名 身份证件号 学校标识码 学段")
        .row(&[pupil.name.as_str(), &pupil.id, "2134000001", "小学"])
        .row(&[other.name.as_str(), &other.id, "2134000002", "小学"]);
    assert_eq!(office.upload_roll(&office.officer(), &roll.csv()).await.status, 201);
    let (uri, seen) = (format!("/v1/poverty-lists/{list}"), seen_by(&office, &list));
    assert_eq!(seen(office.school("2134000001")).await, (1, vec![2]));
    assert_eq!(seen(office.school("2134000003")).await, (0, vec![]));
    let clerk = office.as_role(Role::Township, township);
    office.get(&clerk, &uri).await.problem(404, "not_found");
    assert_eq!(office.check(&office.officer(), &list).await.status, 200);
    assert_eq!(office.lock(&office.colleague(), &list).await.status, 200);
    // Once locked, the county's list answers the township for its own households, and counts them only.
    assert_eq!(seen(clerk.clone()).await, (1, vec![3]));
    assert_eq!(seen(office.as_role(Role::Township, "341024102")).await, (0, vec![]));
    let lists = office.read(&clerk, "/v1/poverty-lists").await;
    assert_eq!(lists["items"][0]["entries"], 1);
    assert_eq!(seen(office.officer()).await, (2, vec![2, 3]));
}

/// The number of entries a caller is told of and the rows he sees.
fn seen_by<'a>(office: &'a Office, list: &str) -> impl AsyncFn(Somebody) -> (i64, Vec<i64>) + use<'a> {
    let uri = format!("/v1/poverty-lists/{list}");
    async move |who: Somebody| {
        let count = office.read(&who, &uri).await["entries"].as_i64().unwrap();
        let page = office.read(&who, &format!("{uri}/entries")).await;
        (count, page["items"].as_array().unwrap().iter().map(|e| e["row"].as_i64().unwrap()).collect())
    }
}

#[actix_web::test]
async fn a_neighbouring_county_does_not_learn_that_a_list_exists() {
    let office = Office::open().await;
    let list = sent(&office, &of([1]).csv()).await;
    let stranger = office.as_role(Role::County, NEIGHBOUR);
    for uri in ["", "/entries", "/errors"] {
        office.get(&stranger, &format!("/v1/poverty-lists/{list}{uri}")).await.problem(404, "not_found");
    }
    office.check(&stranger, &list).await.problem(404, "not_found");
    office.lock(&stranger, &list).await.problem(404, "not_found");
    office.add_to_list(&stranger, &list, &of([2]).csv()).await.problem(404, "not_found");
    assert_eq!(office.read(&stranger, "/v1/poverty-lists").await["items"], Value::Array(vec![]));
    let state = office.read(&office.officer(), &format!("/v1/poverty-lists/{list}")).await;
    assert_eq!((&state["state"], &state["entries"]), (&"draft".into(), &1.into()));
}
