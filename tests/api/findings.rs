//! The findings of a run: lists, counts and files, within each caller's scope.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::{Value, json};
use yingzhu::auth::Role;

use super::checks::{county, decide, finding, findings_of, run};
use crate::support::office::{NEIGHBOUR, Somebody, column, items, text};
use crate::support::people::child;
use crate::support::rows::SCHOOL;
use crate::support::sheets::{cell, table};

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
async fn what_gb_18030_cannot_hold_is_told_and_the_cover_says_when() {
    let office = county().await;
    let check = run(&office).await;
    let about = finding(&office, &check, "listed_unaided", 2).await;
    let remark = json!({ "state": "confirmed", "remark": "见\u{e5e5}字条" });
    assert_eq!(decide(&office, &about, remark, &[]).await.status, 200);
    let uri = format!("{}?kind=listed_unaided", findings_of(&check));
    let whole = office.get(&office.officer(), &format!("{uri}&format=csv")).await;
    assert_eq!(whole.header("x-yingzhu-unmappable"), "");
    let cut = office.get(&office.officer(), &format!("{uri}&format=csv_gb18030")).await;
    assert_eq!(cut.header("x-yingzhu-unmappable"), "count=1; characters=U+E5E5; rows=2");
    let book = office.get(&office.officer(), &format!("{uri}&format=xlsx")).await;
    let all = crate::support::sheets::reopen(&book.body).concat().concat();
    assert!(all.contains("生成时间") && all.contains(" UTC") && all.contains("sha256:"), "{all}");
}

#[actix_web::test]
async fn a_workbook_without_findings_says_so() {
    let office = county().await;
    let check = run(&office).await;
    let uri = format!("{}?kind=paid_late&format=xlsx", findings_of(&check));
    let names = crate::support::sheets::names(&office.get(&office.officer(), &uri).await.body);
    assert!(names.contains(&"疑点".to_owned()), "{names:?}");
}
