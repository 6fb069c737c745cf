//! Cross-checks: a county small enough to know every finding of.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::{Value, json};
use yingzhu::auth::Role;

use crate::support::Answer;
use crate::support::office::{COUNTY, NEIGHBOUR, Office, TERM, column, items, text};
use crate::support::people::{Child, child};
use crate::support::rows::{aid, list, roll};

const CARD: &str = "6217000100000000010";

pub(crate) fn renamed(number: u32, name: &str) -> Child {
    Child { name: name.into(), ..child(number) }
}

/// Children 1 to 15; what each is an example of stands beside the expected findings.
pub(crate) async fn county() -> Office {
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

pub(crate) async fn run(office: &Office) -> Value {
    let answer = office.run_check(&office.officer()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

pub(crate) fn findings_of(check: &Value) -> String {
    format!("/v1/cross-checks/{}/findings", text(&check["check_id"]))
}

/// The finding of a kind about a child.
pub(crate) async fn finding(office: &Office, check: &Value, kind: &str, number: u32) -> Value {
    let page = office.read(&office.confidant(), &format!("{}?kind={kind}", findings_of(check))).await;
    let about = |f: &&Value| f["id_number"] == child(number).id;
    items(&page).iter().find(about).unwrap_or_else(|| panic!("{kind} {number}: {page}")).clone()
}

pub(crate) async fn decide(
    office: &Office,
    finding: &Value,
    decision: Value,
    headers: &[(&str, &str)],
) -> Answer {
    let uri = format!("/v1/findings/{}", text(&finding["finding_id"]));
    office.with_json(&office.officer(), Method::PATCH, &uri, decision, headers).await
}

pub(crate) async fn pay(office: &Office, number: u32, yuan: &str, day: &str) {
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
