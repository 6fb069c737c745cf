//! Proposals: which id was meant in a refused row, found, accepted by a person, taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::Connection;
use diesel::connection::InstrumentationEvent;
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};
use yingzhu::auth::Role;
use yingzhu::proposals::search::{Reach, Source, search as look_for};
use yingzhu::values::clock;

use crate::support::office::{COUNTY, NEIGHBOUR, Office, Somebody, TERM, column, items, text};
use crate::support::people::{Child, child, id, wrong_check};
use crate::support::rows::{SCHOOL, aid, list, roll};
use crate::support::sheets::Sheet;

/// Another primary school of the county.
const OTHER_SCHOOL: &str = "2134000002";

/// A child whose id is no X-number, so that a spreadsheet may take it for a number.
fn pupil(name: &str, sequence: u32) -> Child {
    Child { name: name.to_owned(), id: id("341000", "20090314", sequence) }
}

fn precision_lost(child: &Child) -> String {
    format!("{}000", &child.id[..15])
}

/// The child as a list gives it, under this id.
fn listed(sheet: Sheet, child: &Child, id: &str) -> Sheet {
    sheet.listed(&Child { id: id.to_owned(), name: child.name.clone() })
}

/// Sends a list in; the answer.
async fn sent(office: &Office, sheet: &Sheet) -> Value {
    let answer = office.upload_list(&office.officer(), &sheet.csv()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

async fn with_roll(children: &[&Child]) -> Office {
    let office = Office::open().await;
    let file = children.iter().fold(roll(), |sheet, child| sheet.pupil(child, &[]));
    let answer = office.upload_roll(&office.officer(), &file.csv()).await;
    assert_eq!(answer.json()["rows"]["new"], children.len(), "{}", answer.text());
    office
}

async fn search(office: &Office, who: &Somebody, import: &Value) -> Value {
    let answer = office.post(who, "/v1/proposals/searches", json!({ "import_id": import })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Sends a list of one bad row and good ones, and searches; the import's id and what was found.
async fn searched(office: &Office, sheet: &Sheet) -> (Value, Value) {
    let body = sent(office, sheet).await;
    let found = search(office, &office.officer(), &body["import"]["import_id"]).await;
    (body, found)
}

async fn proposals(office: &Office, who: &Somebody, query: &str) -> Value {
    office.read(who, &format!("/v1/proposals{query}")).await
}

/// The one proposal there is.
async fn only(office: &Office) -> Value {
    let page = proposals(office, &office.officer(), "").await;
    assert_eq!(items(&page).len(), 1, "{page}");
    items(&page)[0].clone()
}

async fn act(office: &Office, who: &Somebody, proposal: &Value, act: &str) -> crate::support::Answer {
    office.act(who, &format!("/v1/proposals/{}/{act}", text(&proposal["proposal_id"]))).await
}

async fn entries(office: &Office, list: &Value) -> Vec<Value> {
    let page = office.read(&office.officer(), &format!("/v1/poverty-lists/{}/entries", text(list))).await;
    items(&page).clone()
}

#[actix_web::test]
async fn an_id_kept_as_a_number_is_proposed_where_one_pupil_has_the_name() {
    let (meant, other) = (pupil("测甲", 1), pupil("测乙", 2));
    let office = with_roll(&[&meant, &other]).await;
    // A real workbook with a real number in the cell, as a spreadsheet leaves it.
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (at, header) in (0..).zip(["姓名", "身份证号", "户籍地区划代码", "户类型"]) {
        sheet.write_string(0, at, header).unwrap();
    }
    sheet.write_string(1, 0, &meant.name).unwrap();
    sheet.write_number(1, 1, precision_lost(&meant).parse::<f64>().unwrap()).unwrap();
    sheet.write_string(1, 2, COUNTY).unwrap();
    sheet.write_string(1, 3, "建档立卡").unwrap();
    let body = office.upload_list(&office.officer(), &book.save_to_buffer().unwrap()).await.json();
    let import = &body["import"];
    assert_eq!(
        (&import["rows"]["bad"], &import["faults"][0]["code"]),
        (&1.into(), &"id_precision_lost".into())
    );

    assert_eq!(items(&proposals(&office, &office.officer(), "").await).len(), 0, "nothing before the search");
    let found = search(&office, &office.officer(), &import["import_id"]).await;
    assert_eq!(
        (&found["refused"], &found["considered"], &found["proposed"], &found["next_row"]),
        (&1.into(), &1.into(), &1.into(), &Value::Null)
    );
    let proposal = office
        .read(&office.officer(), &format!("/v1/proposals/{}", text(&only(&office).await["proposal_id"])))
        .await;
    assert_eq!(
        (&proposal["state"], &proposal["slip"], &proposal["row"]),
        (&"open".into(), &"precision_lost".into(), &2.into())
    );
    assert_eq!(proposal["evidence"]["name"], "agrees");
    assert_eq!(proposal["evidence"]["student_number"], "not_given");
    assert!(text(&proposal["message"]).contains("第 2 行"));
    // Masked for whoever has not stated a purpose; whole for whoever has.
    assert!(
        text(&proposal["id_number"]).ends_with(&meant.id[14..])
            && text(&proposal["id_number"]).starts_with("*****")
    );
    assert!(!proposal.to_string().contains(&meant.id[..14]) && !proposal.to_string().contains(&meant.name));
    let whole = &items(&proposals(&office, &office.confidant(), "").await)[0].clone();
    assert_eq!(
        (&whole["id_number"], &whole["name"]),
        (&meant.id.as_str().into(), &meant.name.as_str().into())
    );
    assert!(text(&whole["entered"]).starts_with("3.41000200903140"));
}

#[actix_web::test]
async fn every_slip_of_the_hand_leads_to_its_pupil() {
    let meant = pupil("测甲", 1);
    let office = with_roll(&[&meant, &pupil("测乙", 2)]).await;
    let id = &meant.id;
    for (entered, slip) in [
        (wrong_check(id), "check_character"),
        (format!("{}O{}", &id[..3], &id[4..]), "letter_for_digit"),
        (format!("{}{}{}{}", &id[..9], &id[10..11], &id[9..10], &id[11..]), "transposed"),
        (id.replacen("2009", "2008", 1), "one_digit"),
        (format!("{}{}", &id[..7], &id[8..]), "missing_character"),
    ] {
        let (body, found) = searched(&office, &listed(list(), &meant, &entered)).await;
        assert_eq!(found["proposed"], 1, "{slip}");
        let page =
            proposals(&office, &office.officer(), &format!("?import={}", text(&body["import"]["import_id"])))
                .await;
        assert_eq!(column(&page, "slip"), [slip], "{slip}");
    }
}

#[actix_web::test]
async fn two_of_the_name_another_name_or_a_second_fault_are_not_proposed() {
    let (one, two, alone) = (pupil("测同", 1), pupil("测同", 3), pupil("测独", 5));
    let office = with_roll(&[&one, &two, &alone]).await;
    let stranger = Child { name: "测无".into(), id: alone.id.clone() };
    let sheet = listed(list(), &one, &precision_lost(&one));
    let sheet = listed(sheet, &stranger, &wrong_check(&alone.id));
    let sheet =
        sheet.row(&[alone.name.as_str(), &wrong_check(&alone.id), COUNTY, "富裕户", "小学", "三年级"]);
    let (_, found) = searched(&office, &sheet).await;
    let counts =
        ["refused", "considered", "proposed", "several", "nobody"].map(|k| found[k].as_i64().unwrap());
    assert_eq!(counts, [3, 2, 0, 1, 1]);
    assert_eq!(items(&proposals(&office, &office.officer(), "").await).len(), 0);
}

#[actix_web::test]
async fn the_student_number_tells_two_of_a_name_apart() {
    let (one, two) = (pupil("测同", 1), pupil("测同", 3));
    let office = Office::open().await;
    let number = |child: &Child| format!("G{}", child.id);
    let file = [&one, &two]
        .into_iter()
        .fold(roll(), |sheet, child| sheet.pupil(child, &[("全国学籍号", &number(child))]));
    assert_eq!(office.upload_roll(&office.officer(), &file.csv()).await.status, 201);
    let headers = Sheet::new("姓名 身份证号 学籍号 户籍地区划代码 性别 出生日期");
    let row = |sheet: Sheet, id: &str, number: &str, birth: &str| {
        sheet.row(&[&two.name, id, number, COUNTY, "男", birth])
    };
    let sheet = row(headers, &precision_lost(&two), &number(&two), "2009-03-14");
    // The right number and another birthday: they speak of different children.
    let sheet = row(sheet, &wrong_check(&two.id), &number(&two), "2010-03-14");
    let (_, found) = searched(&office, &sheet).await;
    assert_eq!((&found["proposed"], &found["nobody"]), (&1.into(), &1.into()));
    let proposal = only(&office).await;
    let evidence = &proposal["evidence"];
    assert_eq!(
        (&evidence["student_number"], &evidence["birth_date"], &evidence["sex"]),
        (&"agrees".into(), &"agrees".into(), &"agrees".into())
    );
    assert!(text(&proposal["id_number"]).ends_with(&two.id[14..]));
}

#[actix_web::test]
async fn the_student_number_leads_to_the_pupil_where_the_id_is_past_guessing() {
    let meant = pupil("测甲", 1);
    let office = Office::open().await;
    let number = format!("G{}", meant.id);
    let file = roll().pupil(&meant, &[("全国学籍号", &number)]);
    assert_eq!(office.upload_roll(&office.officer(), &file.csv()).await.status, 201);
    let hidden = format!("{}****{}", &meant.id[..10], &meant.id[14..]);
    let sheet = Sheet::new("姓名 身份证号 学籍号 户籍地区划代码")
        .row(&[&meant.name, &hidden, &number, COUNTY])
        // The same number under another name is no ground.
        .row(&["测乙", &hidden, &number, COUNTY]);
    let (body, found) = searched(&office, &sheet).await;
    assert_eq!((&found["proposed"], &found["nobody"]), (&1.into(), &1.into()));
    let proposal = only(&office).await;
    assert_eq!((&proposal["slip"], &proposal["evidence"]["candidates"]), (&Value::Null, &0.into()));
    assert!(text(&proposal["message"]).contains("学籍号"));
    assert_eq!(act(&office, &office.officer(), &proposal, "accept").await.json()["state"], "accepted");
    assert_eq!(entries(&office, &body["list"]["list_id"]).await[0]["student_id"], proposal["student_id"]);
}

#[actix_web::test]
async fn accepting_brings_the_row_once_and_reverting_takes_it_and_nothing_else() {
    let (meant, other) = (pupil("测甲", 1), pupil("测乙", 2));
    let office = with_roll(&[&meant, &other]).await;
    let sheet = listed(list(), &meant, &wrong_check(&meant.id)).listed(&other);
    let (body, _) = searched(&office, &sheet).await;
    let list_id = &body["list"]["list_id"];
    assert_eq!(entries(&office, list_id).await.len(), 1);

    let proposal = only(&office).await;
    let colleague = office.colleague();
    let accepted = act(&office, &colleague, &proposal, "accept").await;
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    let accepted = accepted.json();
    assert_eq!(accepted["state"], "accepted");
    assert!(text(&accepted["decided_by"]).ends_with("#colleague"));
    let now = entries(&office, list_id).await;
    assert_eq!(now.len(), 2);
    assert_eq!(now[1]["student_id"], accepted["student_id"]);
    let batch = office
        .read(&office.officer(), &format!("/v1/imports/{}", text(&accepted["accepted_import_id"])))
        .await;
    assert_eq!((&batch["rows"]["read"], &batch["rows"]["new"]), (&1.into(), &1.into()));

    // A second click, and somebody else's, say the same and bring nothing more.
    assert_eq!(act(&office, &colleague, &proposal, "accept").await.json(), accepted);
    assert_eq!(act(&office, &office.officer(), &proposal, "accept").await.json(), accepted);
    assert_eq!(entries(&office, list_id).await.len(), 2);
    act(&office, &colleague, &proposal, "dismiss").await.problem(409, "conflict");
    // A search now leaves what was decided as it is.
    let again = search(&office, &office.officer(), &body["import"]["import_id"]).await;
    assert_eq!((&again["proposed"], &only(&office).await["state"]), (&1.into(), &"accepted".into()));

    let reverted = act(&office, &colleague, &proposal, "revert").await;
    assert_eq!((reverted.status, &reverted.json()["state"]), (200, &"reverted".into()));
    let left = entries(&office, list_id).await;
    assert_eq!(left.len(), 1);
    assert_ne!(left[0]["student_id"], accepted["student_id"]);
    let list = office.read(&office.officer(), &format!("/v1/poverty-lists/{}", text(list_id))).await;
    assert_eq!(list["entries"], 1);
    assert_eq!(act(&office, &colleague, &proposal, "revert").await.json()["state"], "reverted");
    act(&office, &colleague, &proposal, "accept").await.problem(409, "conflict");
}

#[actix_web::test]
async fn who_accepted_a_row_is_one_of_its_senders_and_does_not_lock_the_list() {
    let meant = pupil("测甲", 1);
    let office = with_roll(&[&meant]).await;
    let (body, _) = searched(&office, &listed(list(), &meant, &wrong_check(&meant.id))).await;
    let list_id = text(&body["list"]["list_id"]);
    let proposal = only(&office).await;
    assert_eq!(act(&office, &office.colleague(), &proposal, "accept").await.status, 200);
    assert_eq!(office.check(&office.officer(), &list_id).await.status, 200);
    office.lock(&office.colleague(), &list_id).await.problem(403, "same_person");
    // Checked already: what was accepted stays.
    act(&office, &office.colleague(), &proposal, "revert").await.problem(409, "conflict");
    assert_eq!(only(&office).await["state"], "accepted");
    assert_eq!(entries(&office, &body["list"]["list_id"]).await.len(), 1);
}

#[actix_web::test]
async fn a_locked_list_takes_no_row_and_says_what_to_do() {
    let (meant, other) = (pupil("测甲", 1), pupil("测乙", 2));
    let office = with_roll(&[&meant, &other]).await;
    let sheet = listed(list(), &meant, &wrong_check(&meant.id)).listed(&other);
    let (body, _) = searched(&office, &sheet).await;
    let list_id = text(&body["list"]["list_id"]);
    assert_eq!(office.check(&office.officer(), &list_id).await.status, 200);
    assert_eq!(office.lock(&office.colleague(), &list_id).await.status, 200);
    let proposal = only(&office).await;
    let refused = act(&office, &office.officer(), &proposal, "accept").await;
    refused.problem(409, "conflict");
    assert!(refused.text().contains("已锁定") && refused.text().contains("新版本"), "{}", refused.text());
    assert_eq!(only(&office).await["state"], "open", "a refused acceptance leaves nothing behind");
    assert_eq!(entries(&office, &body["list"]["list_id"]).await.len(), 1);
}

#[actix_web::test]
async fn a_dismissal_can_be_taken_back() {
    let meant = pupil("测甲", 1);
    let office = with_roll(&[&meant]).await;
    searched(&office, &listed(list(), &meant, &wrong_check(&meant.id))).await;
    let (officer, proposal) = (office.officer(), only(&office).await);
    assert_eq!(act(&office, &officer, &proposal, "dismiss").await.json()["state"], "dismissed");
    assert_eq!(act(&office, &officer, &proposal, "dismiss").await.json()["state"], "dismissed");
    act(&office, &officer, &proposal, "accept").await.problem(409, "conflict");
    let open = proposals(&office, &officer, "?state=open").await;
    assert_eq!(items(&open).len(), 0);
    let reopened = act(&office, &officer, &proposal, "revert").await.json();
    assert_eq!((&reopened["state"], &reopened["decided_by"]), (&"open".into(), &Value::Null));
    assert_eq!(act(&office, &officer, &proposal, "accept").await.json()["state"], "accepted");
}

#[actix_web::test]
async fn a_payment_is_accepted_and_cancelled_when_taken_back() {
    let meant = pupil("测甲", 1);
    let office = with_roll(&[&meant]).await;
    let wrong = Child { name: meant.name.clone(), id: wrong_check(&meant.id) };
    let body = office.upload_aid(&office.officer(), &aid().paid(&wrong, &[]).csv()).await.json();
    assert_eq!(search(&office, &office.officer(), &body["import_id"]).await["proposed"], 1);
    let proposal = only(&office).await;
    assert_eq!((&proposal["kind"], &proposal["evidence"]["school"]), (&"aid".into(), &"agrees".into()));
    // Whoever keeps lists only may not enter payments, not even so.
    act(&office, &office.as_role(Role::PovertyOffice, COUNTY), &proposal, "accept")
        .await
        .problem(403, "forbidden");
    let school = office.school(SCHOOL);
    // The file was sent by the county, so that it is none of the school's.
    act(&office, &school, &proposal, "accept").await.problem(404, "not_found");
    assert_eq!(act(&office, &office.officer(), &proposal, "accept").await.status, 200);
    let records = office.read(&office.officer(), &format!("/v1/aid-records?term={TERM}")).await;
    assert_eq!(column(&records, "student_id"), [proposal["student_id"].clone()]);
    assert_eq!(column(&records, "state"), ["paid"]);
    assert_eq!(act(&office, &office.officer(), &proposal, "revert").await.status, 200);
    let records = office.read(&office.officer(), &format!("/v1/aid-records?term={TERM}")).await;
    assert_eq!(column(&records, "state"), ["cancelled"]);
}

#[actix_web::test]
async fn proposals_end_where_the_scope_ends() {
    let meant = pupil("测甲", 1);
    let office = with_roll(&[&meant]).await;
    let (body, _) = searched(&office, &listed(list(), &meant, &wrong_check(&meant.id))).await;
    let proposal = only(&office).await;
    let import = &body["import"]["import_id"];
    let neighbour = office.as_role(Role::County, NEIGHBOUR);
    assert_eq!(items(&proposals(&office, &neighbour, "").await).len(), 0);
    for verb in ["accept", "dismiss", "revert"] {
        act(&office, &neighbour, &proposal, verb).await.problem(404, "not_found");
        act(&office, &office.as_role(Role::Auditor, COUNTY), &proposal, verb).await.problem(403, "forbidden");
    }
    office
        .get(&neighbour, &format!("/v1/proposals/{}", text(&proposal["proposal_id"])))
        .await
        .problem(404, "not_found");
    let foreign = office.post(&neighbour, "/v1/proposals/searches", json!({ "import_id": import })).await;
    foreign.problem(404, "not_found");
    // A school sees the proposals of its own files only.
    assert_eq!(items(&proposals(&office, &office.school(SCHOOL), "").await).len(), 0);
    assert_eq!(items(&proposals(&office, &office.as_role(Role::City, "3410"), "").await).len(), 1);
}

#[actix_web::test]
async fn a_pupil_outside_the_senders_scope_is_never_proposed() {
    let meant = pupil("测甲", 1);
    let office = with_roll(&[&meant]).await;
    let wrong = Child { name: meant.name.clone(), id: wrong_check(&meant.id) };
    let other = office.school(OTHER_SCHOOL);
    let sheet = aid().paid(&wrong, &[("学校标识码", OTHER_SCHOOL)]);
    let body = office.upload_aid(&other, &sheet.csv()).await.json();
    let found = search(&office, &other, &body["import_id"]).await;
    assert_eq!(
        (&found["considered"], &found["proposed"], &found["nobody"]),
        (&1.into(), &0.into(), &1.into())
    );
}

#[actix_web::test]
async fn a_changed_roll_withdraws_an_open_proposal_and_stops_an_acceptance() {
    let (meant, double) = (pupil("测同", 1), pupil("测同", 3));
    let office = with_roll(&[&meant]).await;
    let (body, _) = searched(&office, &listed(list(), &meant, &precision_lost(&meant))).await;
    let proposal = only(&office).await;
    assert_eq!(office.upload_roll(&office.officer(), &roll().pupil(&double, &[]).csv()).await.status, 201);
    act(&office, &office.officer(), &proposal, "accept").await.problem(409, "conflict");
    assert_eq!(entries(&office, &body["list"]["list_id"]).await.len(), 0);
    let again = search(&office, &office.officer(), &body["import"]["import_id"]).await;
    assert_eq!((&again["proposed"], &again["several"]), (&0.into(), &1.into()));
    assert_eq!(items(&proposals(&office, &office.officer(), "").await).len(), 0);
}

#[actix_web::test]
async fn a_roll_file_and_a_missing_import_are_told_apart() {
    let office = with_roll(&[]).await;
    let officer = office.officer();
    let body = office.upload_roll(&officer, &roll().pupil(&pupil("测甲", 1), &[]).csv()).await.json();
    let of_roll =
        office.post(&officer, "/v1/proposals/searches", json!({ "import_id": body["import_id"] })).await;
    of_roll.problem(422, "invalid_input");
    let absent = office.post(&officer, "/v1/proposals/searches", json!({ "import_id": "0" })).await;
    absent.problem(404, "not_found");
    let empty = office.upload_list(&officer, &list().listed(&pupil("测乙", 2)).csv()).await.json();
    let found = search(&office, &officer, &empty["import"]["import_id"]).await;
    assert_eq!((&found["refused"], &found["proposed"]), (&0.into(), &0.into()));
}

#[actix_web::test]
async fn an_import_looks_for_proposals_by_itself() {
    let meant = pupil("测甲", 1);
    let office = with_roll(&[&meant]).await;
    let body = sent(&office, &listed(list(), &meant, &precision_lost(&meant))).await;
    let where_to_look = text(&body["import"]["proposals_url"]);
    let workers = office.node.start().unwrap();
    let found = loop {
        let page = office.read(&office.officer(), &where_to_look).await;
        if !items(&page).is_empty() {
            break items(&page).clone();
        }
        tokio::task::yield_now().await;
    };
    workers.stop(Duration::from_mins(1));
    assert_eq!((found.len(), &found[0]["state"], &found[0]["row"]), (1, &"open".into(), &2.into()));
    let job = items(&office.read(&office.officer(), "/v1/jobs").await)[0].clone();
    assert_eq!((&job["kind"], &job["location"]), (&"search_proposals".into(), &where_to_look.into()));

    // A file whose ids are right, and a roll, leave nothing behind.
    let right = sent(&office, &list().listed(&pupil("测乙", 2))).await;
    assert_eq!(right["import"]["proposals_url"], Value::Null);
    let roll = roll().pupil(&Child { id: wrong_check(&meant.id), ..meant }, &[]);
    assert_eq!(office.upload_roll(&office.officer(), &roll.csv()).await.json()["proposals_url"], Value::Null);
    assert_eq!(items(&office.read(&office.officer(), "/v1/jobs").await).len(), 1);
}

#[actix_web::test]
async fn two_people_side_by_side_have_a_proposal_each() {
    let (one, two) = (pupil("测甲", 1), pupil("测乙", 3));
    let office = with_roll(&[&one, &two]).await;
    let sheet = Sheet::new("户籍地区划代码 户类型 姓名 身份证号 成员姓名 成员身份证号").row(&[
        COUNTY,
        "建档立卡",
        &one.name,
        &precision_lost(&one),
        &two.name,
        &precision_lost(&two),
    ]);
    let mapping = r#"{"姓名":["C","E"],"身份证号":["D","F"]}"#;
    let mapping: String = form_urlencoded::byte_serialize(mapping.as_bytes()).collect();
    let uri = format!("/v1/poverty-lists?term={TERM}&mapping={mapping}");
    let body = office.upload(&office.officer(), &uri, &sheet.csv()).await.json();
    let found = search(&office, &office.officer(), &body["import"]["import_id"]).await;
    assert_eq!((&found["refused"], &found["proposed"]), (&1.into(), &2.into()), "{found}");
    let page = proposals(&office, &office.officer(), "").await;
    assert_eq!(column(&page, "member"), [1, 2]);
    assert_eq!(column(&page, "row"), [2, 2]);
    let second = items(&page)[1].clone();
    assert!(text(&second["id_number"]).ends_with(&two.id[14..]) && text(&second["entered"]).ends_with("000"));

    // Each is accepted alone, with what the household shares.
    assert_eq!(act(&office, &office.officer(), &second, "accept").await.status, 200);
    let entries_now = entries(&office, &body["list"]["list_id"]).await;
    assert_eq!(entries_now.len(), 1);
    assert_eq!(
        (&entries_now[0]["student_id"], &entries_now[0]["place"]),
        (&second["student_id"], &COUNTY.into())
    );
    let page = proposals(&office, &office.officer(), "").await;
    assert_eq!(column(&page, "state"), ["open", "accepted"]);
    assert_eq!(act(&office, &office.officer(), &items(&page)[0], "accept").await.status, 200);
    assert_eq!(entries(&office, &body["list"]["list_id"]).await.len(), 2);
}

#[actix_web::test]
async fn a_row_of_a_second_sheet_is_named_by_its_own_number() {
    let (right, meant) = (pupil("测甲", 1), pupil("测乙", 3));
    let office = with_roll(&[&meant]).await;
    let mut book = Workbook::new();
    for (name, child, id) in
        [("一年级", &right, right.id.clone()), ("二年级", &meant, precision_lost(&meant))]
    {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap();
        for (at, (header, cell)) in
            (0..).zip([("姓名", child.name.as_str()), ("身份证号", &id), ("户籍地区划代码", COUNTY)])
        {
            sheet.write_string(0, at, header).unwrap();
            sheet.write_string(1, at, cell).unwrap();
        }
    }
    let body = office.upload_list(&office.officer(), &book.save_to_buffer().unwrap()).await.json();
    search(&office, &office.officer(), &body["import"]["import_id"]).await;
    let proposal = only(&office).await;
    assert_eq!((&proposal["sheet"], &proposal["row"]), (&"二年级".into(), &2.into()));
    assert!(text(&proposal["message"]).contains("第 2 行"), "{proposal}");
    assert_eq!(act(&office, &office.officer(), &proposal, "accept").await.status, 200);
}

#[actix_web::test]
async fn a_page_of_rows_is_looked_at_by_sets_and_not_row_by_row() {
    // A number that ends in X is never taken for a number.
    let pupils = (1..=60).map(|n| pupil(&child(n).name, n)).filter(|child| !child.id.ends_with('X'));
    let meant: Vec<Child> = pupils.take(45).collect();
    let office = with_roll(&meant.iter().collect::<Vec<_>>()).await;
    let sheet = meant.iter().fold(list(), |sheet, child| listed(sheet, child, &precision_lost(child)));
    let import = text(&sent(&office, &sheet).await["import"]["import_id"]);
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let searched = office
        .db
        .write_now(|conn| {
            let report = yingzhu::imports::store::find_own(conn, &import)?;
            let source = Source::of(conn, report)?;
            conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
            let found =
                look_for(&mut Reach::Within(conn), &office.sealer, &source, 0, "officer", clock::now())?;
            conn.set_instrumentation(|_: InstrumentationEvent<'_>| {});
            Ok(found)
        })
        .unwrap();
    assert_eq!(searched.proposed, 45);
    // What grows with the rows is the candidates alone, five hundred to a question.
    let asked = asked.load(Ordering::Relaxed);
    assert!((5..45).contains(&asked), "{asked} queries for 45 rows");
    println!("{asked} queries for 45 rows with their candidates");
}
