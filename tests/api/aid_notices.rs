//! The public notice: its period, its six columns, its end, and the lists still up after it.

use serde_json::{Value, json};
use yingzhu::auth::Role;

use crate::support::grants::{LAST_DAY, POSTED};
use crate::support::office::{COUNTY, NEIGHBOUR, Office, TERM, column, items, text};
use crate::support::people::child;
use crate::support::rows::SCHOOL;
use crate::support::sheets::{Sheet, names, reopen};

#[actix_web::test]
async fn a_list_past_its_end_is_overdue_until_it_is_taken_down() {
    let office = Office::open().await;
    let student = office.enrol(1..=1).await.remove(0);
    let school = office.school(SCHOOL);
    let record = office.noticed(&student).await;
    let notices = office.read(&school, "/v1/notices?overdue=true").await;
    let notice = &items(&notices)[0];
    assert_eq!((&notice["starts_on"], &notice["ends_on"]), (&POSTED.into(), &LAST_DAY.into()));
    assert_eq!((&notice["overdue"], &notice["recorded_late"]), (&true.into(), &true.into()));
    assert_eq!(notice["notice_id"], record["notice_id"]);
    let uri = format!("/v1/notices/{}", text(&notice["notice_id"]));
    // No sheet is printed any more, and the name is masked.
    for format in ["csv", "csv_gb18030", "xlsx"] {
        office.get(&school, &format!("{uri}?format={format}")).await.problem(409, "conflict");
    }
    let printed = office.read(&school, &uri).await;
    assert!(!printed.to_string().contains(&child(1).name));
    let down = |on: &str| json!({ "taken_down_on": on });
    let at = format!("{uri}/take-down");
    office.post(&school, &at, down(LAST_DAY)).await.problem(409, "conflict");
    office.post(&school, &at, down("2999-01-01")).await.problem(422, "invalid_input");
    let taken = office.post(&school, &at, down("2024-10-15")).await;
    assert_eq!((taken.status, &taken.json()["overdue"]), (200, &false.into()));
    // A second click changes nothing.
    let again = office.post(&school, &at, down("2024-10-20")).await;
    assert_eq!((again.status, &again.json()["taken_down_on"]), (200, &"2024-10-15".into()));
    assert!(items(&office.read(&school, "/v1/notices?overdue=true").await).is_empty());
    assert_eq!(items(&office.read(&school, "/v1/notices").await).len(), 1);
}

/// A vocational student due yulu, whose notice runs ten days from today whatever the calendar.
async fn running(office: &Office) -> (Value, String) {
    let headers = "姓名 身份证件号 学校标识码 学段 年级 系部 专业名称 班级 就读方式 在读状态 困难类型";
    let one = Sheet::new(headers).row(&[
        &child(1).name,
        &child(1).id,
        "3634000001",
        "中职",
        "一年级",
        "信息工程系",
        "计算机应用",
        "二班",
        "住校",
        "在读",
        "建档立卡",
    ]);
    assert_eq!(office.upload_roll(&office.officer(), &one.csv()).await.json()["rows"]["new"], 1);
    let students = office.read(&office.officer(), &format!("/v1/students?term={TERM}")).await;
    let body = json!({ "student_id": items(&students)[0]["student_id"], "programme": "yulu_subsidy", "term": TERM,
        "fen": 150_000, "reason": "全日制学籍证明已核" });
    let answer = office.propose(&office.school("3634000001"), body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let record = office.done(&office.school("3634000001"), &answer.json(), "notice", json!({})).await;
    let uri = format!("/v1/notices/{}", text(&record["notice_id"]));
    (record, uri)
}

#[actix_web::test]
async fn while_it_runs_it_prints_six_columns_and_no_other() {
    let office = Office::open().await;
    let (_, uri) = running(&office).await;
    let school = office.school("3634000001");
    let printed = office.read(&school, &uri).await;
    assert_eq!(printed["headers"], json!(["姓名", "学校", "院系", "年级", "专业", "班级"]));
    let row = &printed["rows"][0];
    assert_eq!((&row[0], &row[3], &row[5]), (&child(1).name.into(), &"中职1年级".into(), &"二班".into()));
    assert_eq!((&row[2], &row[4]), (&"信息工程系".into(), &"计算机应用".into()));
    assert!(text(&printed["title"]).contains("雨露计划"));
    // Nothing else of the child is anywhere in it.
    let (id, all) = (child(1).id, printed.to_string());
    assert!(!all.contains(&id) && !all.contains(&id[14..]) && !all.contains("150000"));
    for columns in [
        "name,id_number",
        "%E8%BA%AB%E4%BB%BD%E8%AF%81%E5%8F%B7",
        "phone",
        "amount",
        "birth_date",
        "address",
        "category",
    ] {
        let problem =
            office.get(&school, &format!("{uri}?columns={columns}")).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["code"], "column_forbidden");
        assert!(text(&problem["errors"][0]["detail"]).contains("教财厅函〔2017〕28号"));
    }
    let fewer = office.read(&school, &format!("{uri}?columns=name,class")).await;
    assert_eq!(fewer["rows"], json!([[child(1).name, "二班"]]));
    let csv = office.get(&school, &format!("{uri}?format=csv")).await;
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"notice.csv\"");
    assert!(csv.text().starts_with("\u{feff}姓名,学校,院系,年级,专业,班级\r\n"));
    let gb = office.get(&school, &format!("{uri}?format=csv_gb18030")).await;
    assert!(encoding_rs::GB18030.decode(&gb.body).0.contains(&child(1).name));
    let xlsx = office.get(&school, &format!("{uri}?format=xlsx")).await.body;
    assert_eq!(names(&xlsx), ["说明", "公示名单"]);
    let book = reopen(&xlsx);
    let cover: Vec<&str> = book.iter().take_while(|row| row.len() == 2).map(|row| row[0].as_str()).collect();
    assert_eq!(
        cover,
        ["内容", "生成时间", "行政区划", "学校标识码", "学期", "公示", "公示编号", "人数", "依据"]
    );
    // The cover names nobody, and beside it there is the list alone.
    assert!(!book[..cover.len()].concat().concat().contains(&child(1).name));
    let list = &book[cover.len()..];
    assert!(list[0][0].contains("公示期"));
    assert_eq!(list[1], ["姓名", "学校", "院系", "年级", "专业", "班级"]);
    assert_eq!((list.len(), &list[2][0]), (3, &child(1).name));
    // Who does not put it up sees the usual mask, and a stranger nothing.
    let auditor = office.as_role(Role::Auditor, COUNTY);
    assert!(!office.read(&auditor, &uri).await.to_string().contains(&child(1).name));
    for stranger in [office.as_role(Role::County, NEIGHBOUR), office.school(SCHOOL)] {
        office.get(&stranger, &uri).await.problem(404, "not_found");
        assert!(items(&office.read(&stranger, "/v1/notices").await).is_empty());
    }
}

#[actix_web::test]
async fn approval_before_the_end_is_refused_with_the_date() {
    let office = Office::open().await;
    let (record, uri) = running(&office).await;
    let notice = office.read(&office.officer(), &uri).await["notice"].clone();
    assert_eq!((&notice["overdue"], &notice["recorded_late"]), (&false.into(), &false.into()));
    let refused =
        office.act_on(&office.officer(), &record, "approve", json!({})).await.problem(409, "conflict");
    assert!(text(&refused["detail"]).contains(&text(&notice["ends_on"])), "{refused}");
    // A cancelled record leaves the list.
    office.done(&office.school("3634000001"), &record, "cancel", json!({ "reason": "异议成立" })).await;
    assert_eq!(office.read(&office.officer(), &uri).await["rows"], json!([]));
}

#[actix_web::test]
async fn a_later_name_needs_a_notice_of_its_own() {
    let office = Office::open().await;
    let students = office.enrol(1..=2).await;
    let school = office.school(SCHOOL);
    let first = office.noticed(&students[0]).await;
    // On the day it is recorded another name joins the same list.
    let second = office.noticed(&students[1]).await;
    assert_eq!(first["notice_id"], second["notice_id"]);
    let printed = office.read(&school, &format!("/v1/notices/{}", text(&first["notice_id"]))).await;
    assert_eq!(printed["rows"].as_array().unwrap().len(), 2);
    for (starts_on, code) in [("2999-01-01", "date_in_future"), ("2024-07-31", "before_term")] {
        let body = json!({ "student_id": students[0], "programme": "compulsory_textbooks", "term": TERM });
        let record = office.propose(&school, body).await.json();
        let refused = office.act_on(&school, &record, "notice", json!({ "starts_on": starts_on })).await;
        assert_eq!(refused.problem(422, "invalid_input")["errors"][0]["code"], code);
    }
}

#[actix_web::test]
async fn lists_are_filtered_and_paged() {
    let office = Office::open().await;
    office.enrol(1..=3).await;
    let school = office.school(SCHOOL);
    let ask =
        json!({ "term": TERM, "school": SCHOOL, "programmes": ["living_subsidy", "compulsory_textbooks"] });
    assert_eq!(office.bulk(&school, "proposals", ask).await["counts"]["proposed"], 6);
    let select = json!({ "term": TERM, "school": SCHOOL });
    let done = office.bulk(&school, "notices", json!({ "select": select, "starts_on": POSTED })).await;
    assert_eq!(done["counts"]["done"], 6);
    // One list for each programme.
    assert_eq!(office.read_pages(&school, "/v1/notices", 1).await.len(), 2);
    let one = office.read(&school, "/v1/notices?programme=living_subsidy&overdue=true").await;
    assert_eq!(column(&one, "programme"), ["living_subsidy"]);
    let on_it = format!("/v1/aid-records?notice={}", text(&items(&one)[0]["notice_id"]));
    assert_eq!(items(&office.read(&school, &on_it).await).len(), 3);
    // One list's records are approved by the list.
    let select = json!({ "term": TERM, "notice": items(&one)[0]["notice_id"] });
    let approved = office.bulk(&office.officer(), "approvals", json!({ "select": select })).await;
    assert_eq!(approved["counts"]["done"], 3);
    for query in ["?term=2023A", "?school=2134000002"] {
        assert!(items(&office.read(&school, &format!("/v1/notices{query}")).await).is_empty(), "{query}");
    }
    office.get(&school, "/v1/notices?overdue=maybe").await.problem(422, "invalid_input");
}
