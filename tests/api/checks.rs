//! Cross-checks: a county small enough to know every finding of.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::{Value, json};
use yingzhu::auth::Role;

use crate::support::Answer;
use crate::support::office::{COUNTY, NEIGHBOUR, Office, Somebody, TERM, column, items, text};
use crate::support::people::{Child, child};
use crate::support::rows::{SCHOOL, aid, list, roll};
use crate::support::sheets::{Sheet, cell, table};

const CARD: &str = "6217000100000000010";

fn renamed(number: u32, name: &str) -> Child {
    Child { name: name.into(), ..child(number) }
}

/// Children 1 to 15; what each is an example of stands beside the expected findings.
async fn county() -> Office {
    let office = Office::open().await;
    let mut listed = [1, 2, 3, 4, 5, 9, 11].into_iter().fold(list(), |sheet, n| sheet.listed(&child(n)));
    listed = listed.listed(&renamed(10, "测甲")).listed(&renamed(13, "买买提·艾力"));
    office.locked_list(&listed.csv()).await;

    let poor = |paper| [("困难类型", "建档立卡"), ("证明材料", paper)];
    let none = [("困难类型", "无"), ("困难档次", "不困难")];
    let mut rows = [1, 2, 3, 9, 10].into_iter().fold(roll(), |sheet, n| sheet.pupil(&child(n), &[]));
    rows = rows
        .pupil(&renamed(13, "买买提•艾力"), &[])
        .pupil(&child(5), &[("在读状态", "退学"), ("离校日期", "2024-07-10")])
        .pupil(&child(6), &poor("扶贫手册"))
        .pupil(&child(7), &poor("村级证明"))
        .pupil(&child(8), &none)
        .pupil(&child(12), &[("困难类型", "无"), ("困难档次", "一般困难")])
        .pupil(
            &child(14),
            &[("学段", "普通高中"), ("年级", "高一"), ("困难类型", "无"), ("困难档次", "一般困难")],
        )
        .pupil(&child(15), &none)
        .pupil(&child(15), &[none[0], none[1], ("学校标识码", "2134000002")]);
    assert_eq!(office.upload_roll(&office.officer(), &rows.xlsx()).await.json()["rows"]["bad"], 0);
    let neighbour = office.as_role(Role::County, NEIGHBOUR);
    let elsewhere = roll().pupil(&child(11), &[("学校标识码", "2134000009")]);
    assert_eq!(office.upload_roll(&neighbour, &elsewhere.csv()).await.json()["rows"]["new"], 1);

    let card = [("银行卡号", CARD)];
    let mut paid = [5, 6, 8, 9, 9, 10, 14].into_iter().fold(aid(), |sheet, n| sheet.paid(&child(n), &[]));
    paid = paid.paid(&child(1), &card).paid(&child(12), &card).paid(&child(3), &[("金额(元)", "300")]);
    paid = paid.paid(&renamed(13, "买买提艾力"), &[]);
    assert_eq!(office.upload_aid(&office.officer(), &paid.csv_gb18030()).await.json()["rows"]["new"], 11);
    office
}

async fn run(office: &Office) -> Value {
    let answer = office.run_check(&office.officer()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn findings_of(check: &Value) -> String {
    format!("/v1/cross-checks/{}/findings", text(&check["check_id"]))
}

/// The finding of a kind about a child.
async fn finding(office: &Office, check: &Value, kind: &str, number: u32) -> Value {
    let page = office.read(&office.confidant(), &format!("{}?kind={kind}", findings_of(check))).await;
    let about = |f: &&Value| f["id_number"] == child(number).id;
    items(&page).iter().find(about).unwrap_or_else(|| panic!("{kind} {number}: {page}")).clone()
}

async fn decide(office: &Office, finding: &Value, decision: Value, headers: &[(&str, &str)]) -> Answer {
    let uri = format!("/v1/findings/{}", text(&finding["finding_id"]));
    office.with_json(&office.officer(), Method::PATCH, &uri, decision, headers).await
}

async fn pay(office: &Office, number: u32, yuan: &str, day: &str) {
    let sheet = aid().paid(&child(number), &[("金额(元)", yuan), ("发放日期", day)]);
    assert_eq!(office.upload_aid(&office.officer(), &sheet.csv()).await.status, 201);
}

#[actix_web::test]
async fn every_finding_of_a_known_county_is_found_and_no_other() {
    let office = county().await;
    let check = run(&office).await;
    let page = office.read(&office.confidant(), &format!("{}?limit=500", findings_of(&check))).await;
    let number = |f: &Value| (1..=15).find(|n| f["id_number"] == child(*n).id).unwrap();
    let fen = |f: &Value, key: &str| f[key].as_i64();
    let mut found: Vec<_> = items(&page)
        .iter()
        .map(|f| {
            (
                text(&f["kind"]),
                number(f),
                fen(f, "due_fen"),
                fen(f, "paid_fen"),
                fen(f, "at_stake_fen").unwrap(),
            )
        })
        .collect();
    // One holder stands for a shared account; which of the two does not matter.
    found.iter_mut().filter(|f| f.0 == "shared_account").for_each(|f| f.1 = f.1.min(1));
    found.sort();
    let mut expected = vec![
        // A child of twelve at a primary school who is said to be in senior high school.
        ("age_out_of_range", 14, None, Some(62_500), 62_500),
        ("school_kind_mismatch", 14, None, None, 0),
        ("aided_after_leaving", 5, None, Some(62_500), 62_500),
        ("aided_without_category", 8, None, Some(62_500), 62_500),
        ("duplicate_aid", 9, Some(62_500), Some(125_000), 62_500),
        ("duplicate_enrolment", 15, None, None, 0),
        ("id_conflict", 10, None, None, 0),
        ("listed_elsewhere", 11, None, Some(0), 0),
        ("listed_not_enrolled", 4, None, Some(0), 0),
        ("listed_not_enrolled", 5, None, Some(62_500), 0),
        ("listed_unaided", 2, Some(62_500), Some(0), 62_500),
        ("listed_underpaid", 3, Some(62_500), Some(30_000), 32_500),
        ("off_list_with_proof", 6, Some(62_500), Some(62_500), 0),
        ("off_list_without_proof", 7, None, Some(0), 0),
        ("shared_account", 1, None, Some(125_000), 125_000),
        ("stage_mismatch", 14, None, Some(62_500), 62_500),
    ];
    expected.sort_unstable();
    let found: Vec<_> = found.iter().map(|f| (f.0.as_str(), f.1, f.2, f.3, f.4)).collect();
    assert_eq!(found, expected);
    assert!(items(&page).iter().all(|f| f["state"] == "open" && f["place"] == COUNTY));
}

#[actix_web::test]
async fn the_totals_add_up() {
    let office = county().await;
    let check = run(&office).await;
    let totals = &check["totals"];
    assert_eq!(
        totals["by_state"],
        json!({ "aided_right": 4, "aided_low": 1, "unaided": 1, "not_enrolled": 1, "left": 1, "elsewhere": 1 })
    );
    let sum: i64 = totals["by_state"].as_object().unwrap().values().map(|n| n.as_i64().unwrap()).sum();
    assert_eq!((totals["listed"].as_i64(), totals["list_entries"].as_i64()), (Some(sum), Some(9)));
    assert_eq!(
        (&totals["aid_records"], &totals["aided"], &totals["paid"]),
        (&11.into(), &10.into(), &655_000.into())
    );
    let money = |key: &str| totals[key].as_i64().unwrap();
    assert_eq!((money("due"), money("due_paid")), (375_000, 280_000));
    assert_eq!((money("missing_unaided"), money("missing_underpaid")), (62_500, 32_500));
    assert_eq!(money("due"), money("due_paid") + money("missing_unaided") + money("missing_underpaid"));
    let groups: i64 =
        totals["by_group"].as_object().unwrap().values().map(|g| g["fen"].as_i64().unwrap()).sum();
    assert_eq!(groups, money("paid"));
    let counted: i64 =
        check["findings"].as_array().unwrap().iter().map(|k| k["count"].as_i64().unwrap()).sum();
    assert_eq!(counted, 16);
}

#[actix_web::test]
async fn the_same_inputs_give_the_same_run_and_new_ones_another() {
    let office = county().await;
    let first = run(&office).await;
    let again = office.run_check(&office.colleague()).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.header("location"), format!("/v1/cross-checks/{}", text(&first["check_id"])));
    let again = again.json();
    assert_eq!(again["repeated"], true);
    for key in ["check_id", "report_digest", "inputs", "totals", "findings", "recorded_by"] {
        assert_eq!(again[key], first[key], "{key}");
    }
    // What changes nothing in the records is no new input; a payment is.
    let same = aid().paid(&child(3), &[("金额(元)", "300")]).xlsx();
    assert_eq!(office.upload_aid(&office.officer(), &same).await.json()["rows"]["unchanged"], 1);
    assert_eq!(office.run_check(&office.officer()).await.status, 200);
    pay(&office, 2, "625", "2024-12-01").await;
    let third = run(&office).await;
    assert_ne!(third["report_digest"], first["report_digest"]);
    assert_eq!(
        (&third["inputs"]["list"], &third["inputs"]["roll"]),
        (&first["inputs"]["list"], &first["inputs"]["roll"])
    );
    assert_ne!(third["inputs"]["aid"], first["inputs"]["aid"]);
    let runs = office.read_pages(&office.officer(), "/v1/cross-checks", 1).await;
    assert_eq!(
        runs.iter().map(|r| &r["check_id"]).collect::<Vec<_>>(),
        [&third["check_id"], &first["check_id"]]
    );
}

#[actix_web::test]
async fn findings_are_filtered_and_come_in_pages() {
    let office = county().await;
    let check = run(&office).await;
    let uri = findings_of(&check);
    let officer = office.officer();
    let paged = office.read_pages(&officer, &uri, 3).await;
    let ids: BTreeSet<_> = paged.iter().map(|f| text(&f["finding_id"])).collect();
    assert_eq!((paged.len(), ids.len()), (16, 16));
    for (query, count) in [
        ("kind=listed_not_enrolled", 2),
        ("kind=paid_late", 0),
        ("state=open", 16),
        ("state=explained", 0),
        ("school=2134000002", 0),
        ("kind=listed_unaided&school=2134000001&state=open", 1),
    ] {
        assert_eq!(items(&office.read(&officer, &format!("{uri}?{query}")).await).len(), count, "{query}");
    }
    for wrong in ["kind=nonsense", "state=nonsense", "format=pdf", "limit=0", "limit=501", "after=zz", "x=1"]
    {
        office.get(&officer, &format!("{uri}?{wrong}")).await.problem(422, "invalid_input");
    }
}

#[actix_web::test]
async fn findings_go_out_as_csv_and_workbook() {
    let office = county().await;
    let check = run(&office).await;
    let uri = findings_of(&check);
    let words = column(&office.read(&office.officer(), &format!("{uri}?limit=500")).await, "name_of_kind");
    let mut words: Vec<_> = words.iter().map(text).collect();
    words.sort();

    let utf8 = office.get(&office.officer(), &format!("{uri}?format=csv")).await;
    assert_eq!((utf8.status, utf8.header("content-type")), (200, "text/csv; charset=utf-8"));
    let plain = utf8.text().strip_prefix('\u{feff}').expect("spreadsheet programs need the mark");
    let gb = office.get(&office.officer(), &format!("{uri}?format=csv_gb18030")).await;
    assert_eq!(gb.header("content-type"), "text/csv; charset=gb18030");
    let (decoded, _, damaged) = encoding_rs::GB18030.decode(&gb.body);
    assert!(!damaged);
    assert_eq!(decoded, plain);
    let mut reader = csv::Reader::from_reader(plain.as_bytes());
    assert_eq!(&reader.headers().unwrap()[0], "疑点类型");
    let mut kinds: Vec<String> = reader.records().map(|row| row.unwrap()[0].to_owned()).collect();
    kinds.sort();
    assert_eq!(kinds, words);

    let book = office.get(&office.officer(), &format!("{uri}?format=xlsx&kind=listed_underpaid")).await;
    assert!(book.header("content-disposition").contains("findings.xlsx"));
    let rows = table(&book.body, "疑点类型");
    assert_eq!(rows.len(), 1);
    assert_eq!((cell(&rows[0], "应发(元)"), cell(&rows[0], "实发(元)")), ("625", "300"));
    assert_eq!((cell(&rows[0], "涉及金额(元)"), cell(&rows[0], "学校标识码")), ("325", SCHOOL));
    let three = child(3);
    assert_eq!(cell(&rows[0], "身份证号"), format!("**************{}", &three.id[14..]));
    let all = crate::support::sheets::reopen(&book.body).concat().concat();
    assert!(all.contains(&text(&check["report_digest"])), "the cover says what it was made from");
    for part in ["名单人数", "区县学段", "未达最高标准"] {
        let there =
            all.contains(part) || crate::support::sheets::names(&book.body).contains(&part.to_owned());
        assert!(there, "{part}");
    }
    for answer in [plain, decoded.as_ref(), &all] {
        assert!(!answer.contains(&three.id) && !answer.contains(&three.name));
    }
    let plain = office.get(&office.confidant(), &format!("{uri}?format=xlsx&kind=listed_underpaid")).await;
    assert_eq!(cell(&table(&plain.body, "疑点类型")[0], "身份证号"), three.id);
}

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
async fn counts_obey_scope_and_filter() {
    let office = county().await;
    let check = run(&office).await;
    let uri = findings_of(&check);
    let officer = office.officer();
    let sum = |body: &Value| {
        let items = body["items"].as_array().unwrap();
        items.iter().map(|item| item["count"].as_i64().unwrap()).sum::<i64>()
    };
    for by in ["kind", "state", "place", "school", "stage", "assignee"] {
        let body = office.read(&officer, &format!("{uri}/summary?by={by}")).await;
        assert_eq!((sum(&body), &body["count"], &body["by"]), (16, &16.into(), &by.into()), "{by}");
    }
    // A school's counts are of its own findings, the same that its list shows.
    let school = office.school(SCHOOL);
    let listed = items(&office.read(&school, &format!("{uri}?limit=500")).await).len();
    let own = office.read(&school, &format!("{uri}/summary?by=school")).await;
    assert_eq!((&own["count"], own["items"].as_array().unwrap().len()), (&listed.into(), 1));
    assert!(listed < 16);
    let other = office.read(&office.school("2134000077"), &format!("{uri}/summary")).await;
    assert_eq!((&other["count"], &other["at_stake_fen"]), (&0.into(), &0.into()));
    for (query, count) in [
        ("min_fen=62500", 7),
        ("min_fen=62501", 1),
        ("stage=senior_high", 3),
        ("place=3410", 16),
        ("place=341023", 0),
        ("min_age_days=0", 16),
        ("min_age_days=1", 0),
        ("min_age_days=4294967295", 0),
        ("kind=duplicate_aid&state=open&school=2134000001", 1),
    ] {
        let counted = office.read(&officer, &format!("{uri}/summary?{query}")).await;
        assert_eq!(counted["count"], count, "{query}");
        let listed = office.read(&officer, &format!("{uri}?limit=500&{query}")).await;
        assert_eq!(items(&listed).len(), count, "{query}");
    }
    office.get(&officer, &format!("{uri}/summary?by=weather")).await.problem(422, "invalid_input");
    let stranger = office.as_role(Role::County, NEIGHBOUR);
    office.get(&stranger, &format!("{uri}/summary")).await.problem(404, "not_found");
}

#[actix_web::test]
async fn two_runs_are_compared() {
    let office = county().await;
    let first = run(&office).await;
    pay(&office, 2, "625", "2024-12-01").await;
    pay(&office, 3, "100", "2024-12-01").await;
    pay(&office, 12, "1", "2024-12-01").await;
    let second = run(&office).await;
    let uri = |query: &str| {
        let (later, earlier) = (text(&second["check_id"]), text(&first["check_id"]));
        format!("/v1/cross-checks/{later}/diff?against={earlier}{query}")
    };
    let officer = office.officer();
    let page = office.read(&officer, &uri("")).await;
    assert_eq!((&page["new"], &page["gone"]), (&1.into(), &1.into()), "{page}");
    let kinds = |page: &Value| -> BTreeSet<(String, String)> {
        items(page).iter().map(|i| (text(&i["change"]), text(&i["finding"]["kind"]))).collect()
    };
    let seen = kinds(&page);
    for (change, kind) in
        [("gone", "listed_unaided"), ("changed", "listed_underpaid"), ("new", "duplicate_aid")]
    {
        assert!(seen.contains(&(change.to_owned(), kind.to_owned())), "{change} {kind}: {seen:?}");
    }
    let changed = office.read(&officer, &uri("&change=changed")).await;
    let about = items(&changed).iter().find(|i| i["finding"]["kind"] == "listed_underpaid").unwrap();
    assert_eq!(
        (&about["before"]["at_stake_fen"], &about["finding"]["at_stake_fen"]),
        (&32_500.into(), &22_500.into())
    );
    let paged = office.read_pages(&officer, &uri(""), 1).await;
    assert_eq!(paged.len(), items(&page).len());
    // The other way round: what was new is gone.
    let back =
        format!("/v1/cross-checks/{}/diff?against={}", text(&first["check_id"]), text(&second["check_id"]));
    let back = office.read(&officer, &back).await;
    assert_eq!(
        (&back["new"], &back["gone"], &back["changed"]),
        (&page["gone"], &page["new"], &page["changed"])
    );
    let same = format!("/v1/cross-checks/{0}/diff?against={0}", text(&first["check_id"]));
    assert!(items(&office.read(&officer, &same).await).is_empty());
    let unknown = format!("/v1/cross-checks/{}/diff?against=nonsense", text(&first["check_id"]));
    office.get(&officer, &unknown).await.problem(404, "not_found");
    // Each sees what differs in his own scope.
    let school = office.read(&office.school("2134000077"), &uri("")).await;
    assert_eq!((&school["new"], &school["gone"], &school["changed"]), (&0.into(), &0.into(), &0.into()));
}

#[actix_web::test]
async fn only_runs_of_one_place_are_compared() {
    let office = county().await;
    let own = run(&office).await;
    let city = office.as_role(Role::City, "3410");
    let list = &own["poverty_list"];
    let narrower =
        office.post(&city, "/v1/cross-checks", json!({ "term": TERM, "poverty_list": list })).await;
    assert_eq!(narrower.json()["check_id"], own["check_id"], "the county's own run");
    let other = office.as_role(Role::County, NEIGHBOUR);
    office
        .get(&other, &format!("/v1/cross-checks/{0}/diff?against={0}", text(&own["check_id"])))
        .await
        .problem(404, "not_found");
}

#[actix_web::test]
async fn the_run_shows_its_identities_and_says_them() {
    let office = county().await;
    let check = run(&office).await;
    let identities = check["identities"].as_array().unwrap();
    assert_eq!(identities.len(), 7);
    for identity in identities {
        assert_eq!((&identity["left"], &identity["holds"]), (&identity["right"], &true.into()));
        assert!(text(&identity["says"]).contains('='));
    }
    let said: String = check["summary"].as_array().unwrap().iter().map(text).collect();
    assert!(said.starts_with("祁门县2024年秋季学期：名单内学生 9 人"), "{said}");
    assert!(said.contains("疑点 16 条"), "{said}");
}

#[actix_web::test]
async fn a_school_gets_what_it_has_to_put_right_in_its_own_columns() {
    let office = county().await;
    let check = run(&office).await;
    let uri = format!("/v1/cross-checks/{}/corrections", text(&check["check_id"]));
    office.get(&office.officer(), &uri).await.problem(422, "invalid_input");
    let uri = format!("{uri}?school={SCHOOL}");
    let book = office.get(&office.confidant(), &uri).await;
    assert_eq!(book.status, 200);
    let payments: Vec<_> = table(&book.body, "姓名").into_iter().collect();
    assert!(
        payments.iter().any(|row| row.iter().any(|(header, _)| header == "全国学籍号")),
        "the roll first"
    );
    let roll = payments.iter().find(|row| cell(row, "身份证件号") == child(7).id).unwrap();
    assert_eq!((cell(roll, "疑点类型"), cell(roll, "学段")), ("名单外无有效证明", "小学"));
    let all = crate::support::sheets::reopen(&book.body);
    let about = |id: &str| all.iter().filter(|row| row.iter().any(|cell| cell == id)).count();
    assert_eq!(about(&child(2).id), 1);
    let missing = all.iter().find(|row| row.contains(&child(3).id)).unwrap();
    assert!(
        missing.contains(&"325".to_owned()) && missing.contains(&"未达最高标准".to_owned()),
        "{missing:?}"
    );
    // Masked for who may not see ids; a school sees its own only, whatever it asks for.
    let masked = office.get(&office.school(SCHOOL), &uri).await;
    let masked = crate::support::sheets::reopen(&masked.body).concat().concat();
    assert!(!masked.contains(&child(3).id) && masked.contains("未达最高标准"));
    let foreign = office.get(&office.school("2134000077"), &uri).await;
    let foreign = crate::support::sheets::reopen(&foreign.body).concat().concat();
    assert!(!foreign.contains("未达最高标准"));
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

#[actix_web::test]
async fn each_sees_the_findings_of_his_own_scope() {
    let office = county().await;
    let check = run(&office).await;
    let uri = findings_of(&check);
    let about = finding(&office, &check, "listed_unaided", 2).await;
    let see = async |who: &Somebody| items(&office.read(who, &format!("{uri}?limit=500")).await).len();
    assert_eq!(see(&office.as_role(Role::City, "3410")).await, 16);
    assert_eq!(see(&office.as_role(Role::Auditor, "34")).await, 16);
    // The two without a school here: not on the roll, and at school elsewhere.
    let school = office.school(SCHOOL);
    let theirs = office.read(&school, &format!("{uri}?limit=500")).await;
    assert!(!items(&theirs).is_empty() && items(&theirs).iter().all(|f| f["school"] == SCHOOL));
    assert_eq!(see(&office.school("2134000077")).await, 0);
    assert!(
        items(&office.read(&school, &format!("{uri}?school=2134000077")).await)
            .iter()
            .all(|f| f["school"] == SCHOOL)
    );
    let export = office.get(&office.school("2134000077"), &format!("{uri}?format=csv")).await;
    assert_eq!(export.text().lines().count(), 1, "the header alone");

    let stranger = office.as_role(Role::County, NEIGHBOUR);
    office.get(&stranger, &uri).await.problem(404, "not_found");
    office
        .get(&stranger, &format!("/v1/cross-checks/{}", text(&check["check_id"])))
        .await
        .problem(404, "not_found");
    assert!(items(&office.read(&stranger, "/v1/cross-checks").await).is_empty());
    let finding = format!("/v1/findings/{}", text(&about["finding_id"]));
    let refused =
        office.with_json(&stranger, Method::PATCH, &finding, json!({ "state": "fixed" }), &[]).await;
    refused.problem(404, "not_found");
}

#[actix_web::test]
async fn a_citys_run_is_cut_to_each_county() {
    let office = Office::open().await;
    let city = office.as_role(Role::City, "3410");
    let head = office.holding(yingzhu::auth::MintRequest {
        subject: "head".into(),
        ..crate::support::request_for(Role::City, "3410")
    });
    let theirs = child(2);
    let file = list().listed(&child(1)).row(&[
        theirs.name.as_str(),
        &theirs.id,
        NEIGHBOUR,
        "建档立卡",
        "小学",
        "三年级",
    ]);
    let sent = text(&office.upload_list(&city, &file.csv()).await.json()["list"]["list_id"]);
    assert_eq!(office.check(&city, &sent).await.status, 200);
    assert_eq!(office.lock(&head, &sent).await.status, 200);
    let check = office.run_check(&city).await.json();
    assert_eq!(check["findings"][0]["count"], 2);
    let uri = findings_of(&check);
    for (county, number) in [(COUNTY, 1), (NEIGHBOUR, 2)] {
        let who = office.as_role(Role::County, county);
        let page = office.read(&who, &uri).await;
        assert_eq!(column(&page, "id_number"), [format!("**************{}", &child(number).id[14..])]);
        // The run's totals are the city's business.
        office
            .get(&who, &format!("/v1/cross-checks/{}", text(&check["check_id"])))
            .await
            .problem(404, "not_found");
    }
    // The county holds the city's list against its own roll.
    let own = office.run_check(&office.officer()).await.json();
    assert_eq!(
        (&own["place"], &own["poverty_list"], &own["totals"]["listed"]),
        (&COUNTY.into(), &sent.into(), &1.into())
    );
}

#[actix_web::test]
async fn a_run_needs_a_locked_list_that_covers_the_place() {
    let office = Office::open().await;
    let officer = office.officer();
    office.run_check(&officer).await.problem(409, "conflict");
    let draft =
        text(&office.upload_list(&officer, &list().listed(&child(1)).csv()).await.json()["list"]["list_id"]);
    office.run_check(&officer).await.problem(409, "conflict");
    let ask = |body: Value| {
        let (office, city) = (&office, office.as_role(Role::City, "3410"));
        async move { office.post(&city, "/v1/cross-checks", body).await }
    };
    ask(json!({ "term": TERM, "poverty_list": draft })).await.problem(409, "conflict");
    assert_eq!(office.check(&officer, &draft).await.status, 200);
    assert_eq!(office.lock(&office.colleague(), &draft).await.status, 200);
    // A wider office that names a county's list runs it for that county, and cannot stretch it.
    let run = ask(json!({ "term": TERM, "poverty_list": draft })).await;
    assert_eq!((run.status, &run.json()["place"]), (201, &COUNTY.into()));
    let stretched = ask(json!({ "term": TERM, "poverty_list": draft, "place": "3410" })).await;
    assert_eq!(stretched.problem(422, "invalid_input")["errors"][0]["code"], "not_covered");
    ask(json!({ "term": TERM, "place": "3411" })).await.problem(422, "invalid_input");
    ask(json!({ "term": "2024X" })).await.problem(422, "invalid_input");
    ask(json!({ "term": TERM, "poverty_list": "nonsense" })).await.problem(404, "not_found");
    ask(json!({ "term": "2023A" })).await.problem(409, "conflict");
}

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
