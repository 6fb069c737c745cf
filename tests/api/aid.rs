//! Aid records: payment sheets in, each payment once, lists by filter.

use serde_json::Value;

use crate::support::office::{Office, TERM, column, items, text};
use crate::support::people::child;
use crate::support::rows::{SCHOOL, aid, roll};
use crate::support::sheets::Sheet;

async fn sent(office: &Office, file: &[u8]) -> Value {
    let answer = office.upload_aid(&office.officer(), file).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

async fn codes(office: &Office, body: &Value) -> Vec<String> {
    let page = office.read(&office.officer(), &text(&body["errors_url"])).await;
    column(&page, "code").iter().map(text).collect()
}

#[actix_web::test]
async fn a_payment_sheet_becomes_records() {
    let office = Office::open().await;
    let body =
        sent(&office, &aid().paid(&child(1), &[]).paid(&child(2), &[("金额(元)", "312.50")]).xlsx()).await;
    assert_eq!((&body["rows"]["new"], &body["kind"]), (&2.into(), &"aid".into()));
    let page = office.read(&office.officer(), "/v1/aid-records").await;
    assert_eq!(column(&page, "fen"), [62_500, 31_250]);
    let first = &items(&page)[0];
    assert_eq!((&first["programme"], &first["term"]), (&"living_subsidy".into(), &TERM.into()));
    assert_eq!((&first["paid_on"], &first["state"]), (&"2024-11-20".into(), &"paid".into()));
    let one = office.read(&office.officer(), &format!("/v1/aid-records/{}", text(&first["record_id"]))).await;
    assert_eq!((&one["record_id"], &one["fen"]), (&first["record_id"], &first["fen"]));
    assert_eq!(one["ledger"][0]["kind"], "paid");
}

#[actix_web::test]
async fn two_equal_rows_in_a_file_are_two_payments_and_sent_again_they_are_no_more() {
    let office = Office::open().await;
    let file = aid().paid(&child(1), &[]).paid(&child(1), &[]);
    assert_eq!(sent(&office, &file.csv()).await["rows"]["new"], 2);
    let again = office.upload_aid(&office.officer(), &file.csv()).await;
    assert_eq!((again.status, &again.json()["repeated"]), (200, &true.into()));
    let rows = sent(&office, &file.xlsx()).await["rows"].clone();
    assert_eq!((&rows["unchanged"], &rows["new"]), (&2.into(), &0.into()));
    // A third such row is a third payment.
    let rows = sent(&office, &file.paid(&child(1), &[]).csv()).await["rows"].clone();
    assert_eq!((&rows["unchanged"], &rows["new"]), (&2.into(), &1.into()));
    assert_eq!(items(&office.read(&office.officer(), "/v1/aid-records").await).len(), 3);
}

#[actix_web::test]
async fn a_row_of_another_term_is_refused() {
    let office = Office::open().await;
    let one = child(1);
    let sheet = |term: &str| {
        Sheet::new("姓名 身份证号 学校标识码 学期 资助项目 金额(元) 发放日期")
            .row(&[one.name.as_str(), &one.id, SCHOOL, term, "生活费补助", "625", "2024-11-20"])
            .csv()
    };
    for (term, code) in [("2024S", Some("term_differs")), ("去年", Some("term_unknown")), (TERM, None)] {
        let body = sent(&office, &sheet(term)).await;
        assert_eq!(codes(&office, &body).await, Vec::from_iter(code), "{term}");
    }
    assert_eq!(items(&office.read(&office.officer(), "/v1/aid-records").await).len(), 1);
}

#[actix_web::test]
async fn each_wrong_cell_has_its_code() {
    let office = Office::open().await;
    for (header, cell, code) in [
        ("金额(元)", "-5", "amount_negative"),
        ("金额(元)", "625000000", "amount_absurd"),
        ("金额(元)", "六百", "amount_invalid"),
        ("金额(元)", "1.234", "amount_invalid"),
        ("金额(元)", "", "cell_missing"),
        ("资助项目", "买糖补助", "word_unknown"),
        ("资助项目", "", "cell_missing"),
        ("发放日期", "2024-13-01", "date_invalid"),
        ("发放日期", "2099-01-01", "date_in_future"),
        ("发放日期", "", "cell_missing"),
        ("学校标识码", "123", "school_code_form"),
        ("银行卡号", "6217000100000000011", "card_check_digit"),
        ("身份证号", "", "cell_missing"),
    ] {
        let body = sent(&office, &aid().paid(&child(1), &[(header, cell)]).csv()).await;
        assert_eq!(codes(&office, &body).await, [code], "{header} {cell}");
        let page = office.read(&office.officer(), &text(&body["errors_url"])).await;
        assert_eq!(column(&page, "column"), [header], "{cell}");
    }
    assert!(items(&office.read(&office.officer(), "/v1/aid-records").await).is_empty());
}

#[actix_web::test]
async fn records_are_listed_by_term_programme_school_and_student() {
    let office = Office::open().await;
    let officer = office.officer();
    let other = "2134000002";
    let file = aid()
        .paid(&child(1), &[])
        .paid(&child(2), &[("资助项目", "营养餐"), ("学校标识码", other)])
        .paid(&child(2), &[]);
    sent(&office, &file.csv()).await;
    let spring = aid().paid(&child(1), &[("发放日期", "2024-05-05"), ("金额(元)", "1")]).csv();
    assert_eq!(office.upload(&officer, "/v1/aid-records/imports?term=2024S", &spring).await.status, 201);
    let meals = office.read(&officer, "/v1/aid-records?programme=nutrition_meals").await;
    let student = text(&items(&meals)[0]["student_id"]);
    for (query, count) in [
        ("", 4),
        ("?term=2024A", 3),
        ("?term=2024S", 1),
        ("?term=2023A", 0),
        ("?programme=nutrition_meals", 1),
        ("?programme=living_subsidy&term=2024A", 2),
        (&format!("?school={other}"), 1),
        (&format!("?student={student}"), 2),
        (&format!("?student={student}&school={SCHOOL}"), 1),
        ("?student=nobody", 0),
    ] {
        let page = office.read(&officer, &format!("/v1/aid-records{query}")).await;
        assert_eq!(items(&page).len(), count, "{query}");
    }
    assert_eq!(office.read_pages(&officer, "/v1/aid-records?term=2024A", 1).await.len(), 3);
    // A school sees what it paid, and asking for another school's gives nothing.
    let school = office.school(other);
    assert_eq!(items(&office.read(&school, "/v1/aid-records").await).len(), 1);
    assert!(items(&office.read(&school, &format!("/v1/aid-records?school={SCHOOL}")).await).is_empty());
    office.get(&officer, "/v1/aid-records?programme=sweets").await.problem(422, "invalid_input");
}

#[actix_web::test]
async fn a_student_paid_by_number_is_the_student_of_the_roll() {
    let office = Office::open().await;
    let one = child(1);
    let number = format!("G{}", one.id);
    let file = roll().pupil(&one, &[("全国学籍号", &number)]);
    assert_eq!(office.upload_roll(&office.officer(), &file.csv()).await.status, 201);
    let sheet = Sheet::new("姓名 学籍号 学校标识码 资助项目 金额 发放日期").row(&[
        one.name.as_str(),
        &number,
        SCHOOL,
        "生活费补助",
        "625",
        "2024.11.20",
    ]);
    sent(&office, &sheet.csv()).await;
    let answer = office.look_up_child(&office.officer(), &one).await;
    assert_eq!(answer["aid"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&answer["aid"][0]["fen"], &answer["aid"][0]["paid_on"]),
        (&62_500.into(), &"2024-11-20".into())
    );
}

#[actix_web::test]
async fn a_row_of_a_school_elsewhere_is_refused() {
    let office = Office::open().await;
    let neighbour = office.as_role(yingzhu::auth::Role::County, crate::support::office::NEIGHBOUR);
    let file = roll().pupil(&child(1), &[]);
    assert_eq!(office.upload_roll(&neighbour, &file.csv()).await.status, 201);
    let body = sent(&office, &aid().paid(&child(1), &[]).csv()).await;
    assert_eq!(codes(&office, &body).await, ["out_of_scope"]);
}
