//! Files and requests that are wrong: each has a clear answer, and nothing half-written stays behind.

use std::io::Write;

use actix_web::test::TestRequest;
use diesel::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use serde_json::{Value, json};
use yingzhu::auth::Role;
use yingzhu::http::Limits;
use yingzhu::{schema, sheet};

use crate::support::Answer;
use crate::support::office::{COUNTY, Office, TERM, column, items, text};
use crate::support::people::{child, wrong_check};
use crate::support::rows::{SCHOOL, aid, list, roll};
use crate::support::sheets::Sheet;

const IMPORTS: [&str; 3] = ["/v1/poverty-lists", "/v1/roll/imports", "/v1/aid-records/imports"];

/// Rows in each table that an import writes to.
fn stored(office: &Office) -> Vec<(&'static str, i64)> {
    macro_rules! count {
        ($($table:ident)+) => {
            office.db.read_now(|conn| Ok(vec![
                $((stringify!($table), schema::$table::table.count().get_result(conn)?),)+
            ]))
        };
    }
    count!(person person_name account import import_error import_bad_row poverty_list poverty_list_entry
        school enrolment category evidence aid_record)
    .unwrap()
}

#[track_caller]
fn nothing_stored(office: &Office) {
    let left: Vec<_> = stored(office).into_iter().filter(|(_, rows)| *rows > 0).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Sends a file to each of the three imports; each must refuse it and store nothing.
async fn refused_everywhere(office: &Office, file: &[u8], status: u16, code: &str) -> Vec<Value> {
    let mut problems = Vec::new();
    for import in IMPORTS {
        let answer = office.upload(&office.officer(), &format!("{import}?term={TERM}"), file).await;
        problems.push(answer.problem(status, code));
        nothing_stored(office);
    }
    problems
}

/// The faults of an import: column and code.
async fn faults(office: &Office, answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    let body = if body["import"].is_object() { &body["import"] } else { &body };
    let page = office.read(&office.officer(), &text(&body["errors_url"])).await;
    items(&page).iter().map(|f| (text(&f["column"]), text(&f["code"]))).collect()
}

fn fault(column: &str, code: &str) -> (String, String) {
    (column.to_owned(), code.to_owned())
}

#[actix_web::test]
async fn a_wrong_file_type() {
    let office = Office::open().await;
    for (file, status, code) in [
        (&b"%PDF-1.7 ..."[..], 415, "unsupported_media_type"),
        (b"\x89PNG\r\n\x1a\n", 415, "unsupported_media_type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 415, "unsupported_media_type"),
        (b"<html><table><tr><td>1</td></tr></table></html>", 422, "unreadable_file"),
        (b"PK\x03\x04 and nothing more", 422, "unreadable_file"),
    ] {
        refused_everywhere(&office, file, status, code).await;
    }
}

#[actix_web::test]
async fn an_empty_file() {
    let office = Office::open().await;
    for file in [&b""[..], b" \r\n\r\n", b"\xef\xbb\xbf"] {
        refused_everywhere(&office, file, 422, "empty_file").await;
    }
    let mut blank = Workbook::new();
    blank.add_worksheet();
    refused_everywhere(&office, &blank.save_to_buffer().unwrap(), 422, "empty_file").await;
}

#[actix_web::test]
async fn a_header_that_is_missing_is_named() {
    let office = Office::open().await;
    let one = child(1);
    let sheet = Sheet::new("姓名 性别").row(&[one.name.as_str(), "男"]);
    let problems = refused_everywhere(&office, &sheet.csv(), 422, "header_not_found").await;
    for (problem, missing) in problems.iter().zip(["身份证号", "学校标识码", "资助项目"]) {
        let detail = text(&problem["detail"]);
        assert!(detail.contains(missing) && !detail.contains(&one.name), "{detail}");
    }
    refused_everywhere(&office, &Sheet::new("甲 乙").row(&["1", "2"]).xlsx(), 422, "header_not_found").await;
}

#[actix_web::test]
async fn a_wrong_encoding() {
    let office = Office::open().await;
    refused_everywhere(&office, &[0xff, 0xfb, 0x80, 0xff].repeat(300), 422, "unreadable_file").await;
    // One damaged row is a bad row; the others are kept.
    let mut file = (1..=30).fold(list(), |sheet, n| sheet.listed(&child(n))).csv();
    file.extend([0xe5, 0xbc, 0xff]);
    file.extend(format!(",{},{COUNTY},,,\r\n", child(31).id).bytes());
    let answer = office.upload_list(&office.officer(), &file).await;
    assert_eq!(faults(&office, &answer).await[0].1, "cell_undecodable");
    assert_eq!(answer.json()["list"]["entries"], 30);
}

#[actix_web::test]
async fn a_file_that_is_too_large() {
    let limits = Limits { upload_bytes: 1 << 20, ..Limits::default() };
    let reading = sheet::Limits { file_bytes: 600 << 10, rows: 1_000, ..sheet::Limits::default() };
    let office = Office::with(limits, reading).await;
    // Above what is taken in, above what is read, and with more rows than are read.
    let line = list().listed(&child(1)).csv();
    refused_everywhere(&office, &line.repeat((2 << 20) / line.len()), 413, "too_large").await;
    refused_everywhere(&office, &line.repeat((700 << 10) / line.len()), 413, "too_large").await;
    let rows = (1..=999).fold(list(), |sheet, n| sheet.listed(&child(n))).row(&[""]).row(&["x"]);
    office.upload_list(&office.officer(), &rows.csv()).await.problem(413, "too_large");
    nothing_stored(&office);
}

#[actix_web::test]
async fn a_fault_after_hundreds_of_good_rows_leaves_none_of_them() {
    let office = Office::open().await;
    let wide = vec!["x"; 300];
    let rows = (1..=700).fold(roll(), |sheet, n| sheet.pupil(&child(n), &[])).row(&wide);
    office.upload_roll(&office.officer(), &rows.csv()).await.problem(413, "too_large");
    nothing_stored(&office);
    let rows = (1..=700).fold(list(), |sheet, n| sheet.listed(&child(n))).row(&wide);
    office.upload_list(&office.officer(), &rows.csv()).await.problem(413, "too_large");
    nothing_stored(&office);
    let rows =
        (1..=700).fold(aid(), |sheet, n| sheet.paid(&child(n), &[("银行卡号", "6217000100000000010")]));
    office.upload_aid(&office.officer(), &rows.row(&wide).csv()).await.problem(413, "too_large");
    nothing_stored(&office);
}

#[actix_web::test]
async fn a_zip_bomb() {
    let office = Office::open().await;
    let mut book = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for part in ["[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"] {
        book.start_file(part, options).unwrap();
    }
    let blanks = vec![b' '; 16 << 20];
    for _ in 0..65 {
        book.write_all(&blanks).unwrap();
    }
    let bomb = book.finish().unwrap().into_inner();
    assert!(bomb.len() < 2_000_000);
    let uri = format!("/v1/poverty-lists?term={TERM}");
    office.upload(&office.officer(), &uri, &bomb).await.problem(413, "too_large");
    nothing_stored(&office);
    assert_eq!(office.upload_list(&office.officer(), &list().xlsx()).await.status, 201, "work goes on");
}

/// A workbook whose cells the test writes itself, below a header.
fn book(headers: &[&str], write: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, header) in (0..).zip(headers) {
        sheet.write_string(0, column, *header).unwrap();
    }
    write(sheet);
    book.save_to_buffer().unwrap()
}

const AID: [&str; 6] = ["姓名", "身份证号", "学校标识码", "资助项目", "金额(元)", "发放日期"];

fn write_aid(sheet: &mut Worksheet, row: u32, number: u32) {
    let one = child(number);
    for (column, cell) in (0..).zip([&one.name, &one.id, SCHOOL, "生活费补助", "625", "2024-11-20"]) {
        sheet.write_string(row, column, cell).unwrap();
    }
}

#[actix_web::test]
async fn formulas() {
    let office = Office::open().await;
    let file = book(&AID, |sheet| {
        write_aid(sheet, 1, 1);
        write_aid(sheet, 2, 2);
        write_aid(sheet, 3, 3);
        sheet.write_formula(1, 4, Formula::new("=300+325").set_result("625")).unwrap();
        sheet.write_formula(2, 4, Formula::new("=VLOOKUP(1,A:B,2)").set_result("#N/A")).unwrap();
        sheet.write_formula(3, 1, Formula::new("=B2").set_result("")).unwrap();
    });
    let answer = office.upload_aid(&office.officer(), &file).await;
    let found = faults(&office, &answer).await;
    assert_eq!(answer.json()["rows"]["new"], 1, "a computed result is as good as a typed one");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], fault("金额(元)", "cell_error"));
    assert_eq!(found[1].0, "身份证号");
    let page = office.read(&office.officer(), "/v1/aid-records").await;
    assert_eq!(column(&page, "fen"), [62_500]);
}

#[actix_web::test]
async fn merged_headers_and_titles_and_totals() {
    let office = Office::open().await;
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let plain = Format::new();
    sheet.merge_range(0, 0, 0, 5, "祁门县 2024 年秋季学生资助发放表", &plain).unwrap();
    sheet.merge_range(1, 0, 1, 1, "学生", &plain).unwrap();
    sheet.merge_range(1, 2, 2, 2, "学校标识码", &plain).unwrap();
    sheet.merge_range(1, 3, 1, 5, "资助", &plain).unwrap();
    for (column, header) in [(0, "姓名"), (1, "身份证号"), (3, "资助项目"), (4, "金额(元)"), (5, "发放日期")]
    {
        sheet.write_string(2, column, header).unwrap();
    }
    write_aid(sheet, 3, 1);
    write_aid(sheet, 4, 2);
    sheet.write_string(5, 0, "合计").unwrap();
    sheet.write_number(5, 1, 2).unwrap();
    sheet.write_number(5, 4, 1250).unwrap();
    sheet.write_string(6, 0, "制表人：某某").unwrap();
    let answer = office.upload_aid(&office.officer(), &book.save_to_buffer().unwrap()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    let rows = &body["rows"];
    assert_eq!((&rows["new"], &rows["bad"], &rows["skipped"]), (&2.into(), &0.into(), &2.into()));
    assert_eq!(body["understood"]["sheets"][0]["header_row"], 3);
}

#[actix_web::test]
async fn a_total_row_is_passed_over_and_a_child_called_so_is_not() {
    let office = Office::open().await;
    let one = child(1);
    let sheet = list()
        .listed(&one)
        .row(&["合计", "2", "", "", "", ""])
        .row(&["小 计", "1", COUNTY, "", "", ""])
        .row(&["", "总计：", "2", "", "", ""])
        .row(&["合计", &child(2).id, COUNTY, "", "", ""])
        .row(&["合计", &child(3).id[..17], COUNTY, "", "", ""]);
    let body = office.upload_list(&office.officer(), &sheet.csv()).await.json();
    let rows = &body["import"]["rows"];
    assert_eq!((&rows["new"], &rows["skipped"], &rows["bad"]), (&2.into(), &3.into(), &1.into()));
}

#[actix_web::test]
async fn two_columns_of_one_meaning() {
    let office = Office::open().await;
    let sheet = Sheet::new("姓名 身份证号 证件号码 学校标识码 学段 县区 资助项目 金额 发放日期").row(&["x"]);
    for problem in refused_everywhere(&office, &sheet.xlsx(), 422, "ambiguous_columns").await {
        let detail = text(&problem["detail"]);
        assert!(detail.contains('B') && detail.contains('C'), "{detail}");
    }
}

#[actix_web::test]
async fn ids_as_numbers_have_lost_their_end() {
    let office = Office::open().await;
    let one = child(1);
    let file = book(&["姓名", "身份证号", "户籍地区划代码"], |sheet| {
        sheet.write_string(1, 0, &one.name).unwrap();
        sheet.write_number(1, 1, one.id.replace('X', "0").parse::<f64>().unwrap()).unwrap();
        sheet.write_number(1, 2, 341_024).unwrap();
    });
    let answer = office.upload_list(&office.officer(), &file).await;
    assert_eq!(faults(&office, &answer).await, [fault("身份证号", "id_precision_lost")]);
    // The same from CSV, as a spreadsheet program writes such a number.
    let file = format!("姓名,身份证号,户籍地区划代码\r\n{},3.41024E+17,341024\r\n", one.name);
    let answer = office.upload_list(&office.officer(), file.as_bytes()).await;
    assert_eq!(faults(&office, &answer).await, [fault("身份证号", "id_precision_lost")]);
    assert_eq!(stored(&office).iter().find(|(table, _)| *table == "person").unwrap().1, 0);
}

#[actix_web::test]
async fn dates_in_many_formats_are_one_day_and_a_wrong_one_is_told() {
    let office = Office::open().await;
    let written = ["2024-11-20", "2024/11/20", "20241120", "2024年11月20日", "2024.11.20"];
    let last = u32::try_from(written.len()).unwrap() + 1;
    let file = book(&AID, |sheet| {
        for (row, day) in (1..).zip(written) {
            write_aid(sheet, row, row);
            sheet.write_string(row, 5, day).unwrap();
        }
        write_aid(sheet, last, last);
        let format = Format::new().set_num_format("yyyy/m/d");
        let day = ExcelDateTime::from_ymd(2024, 11, 20).unwrap();
        sheet.write_datetime_with_format(last, 5, &day, &format).unwrap();
        write_aid(sheet, last + 1, last + 1);
        sheet.write_string(last + 1, 5, "2024-02-30").unwrap();
    });
    let answer = office.upload_aid(&office.officer(), &file).await;
    assert_eq!(faults(&office, &answer).await, [fault("发放日期", "date_invalid")]);
    let page = office.read(&office.officer(), "/v1/aid-records").await;
    assert_eq!(column(&page, "paid_on"), ["2024-11-20"; 6]);
}

#[actix_web::test]
async fn an_id_of_wrong_length_date_or_check() {
    let office = Office::open().await;
    let good = child(1);
    for (id, code) in [
        (&good.id[..17], "id_length"),
        ("34102420130230001X", "id_date"),
        (&wrong_check(&good.id), "id_check_digit"),
        ("3410242012031400O5", "id_characters"),
        ("34102420120314****", "id_characters"),
    ] {
        let sheets = [
            list().row(&[good.name.as_str(), id, COUNTY, "", "", ""]),
            roll().pupil(&good, &[("身份证件号", id)]),
            aid().paid(&good, &[("身份证号", id)]),
        ];
        for (import, sheet) in IMPORTS.iter().zip(sheets) {
            let uri = format!("{import}?term={TERM}");
            let answer = office.upload(&office.officer(), &uri, &sheet.xlsx()).await;
            let found = faults(&office, &answer).await;
            assert_eq!(found.iter().map(|f| f.1.as_str()).collect::<Vec<_>>(), [code], "{import}");
        }
    }
    let kept: Vec<_> =
        stored(&office).into_iter().filter(|(_, rows)| *rows > 0).map(|(table, _)| table).collect();
    let expected = ["import", "import_error", "import_bad_row", "poverty_list"];
    assert_eq!(kept, expected, "no person, no entry, no payment");
}

#[actix_web::test]
async fn an_unknown_programme_and_absurd_amounts() {
    let office = Office::open().await;
    let sheet = aid()
        .paid(&child(1), &[("资助项目", "春游补助")])
        .paid(&child(2), &[("金额(元)", "-625")])
        .paid(&child(3), &[("金额(元)", "99999999999999999999")])
        .paid(&child(4), &[("金额(元)", "6250000")]);
    let answer = office.upload_aid(&office.officer(), &sheet.xlsx()).await;
    let found = faults(&office, &answer).await;
    let codes: Vec<_> = found.iter().map(|f| f.1.as_str()).collect();
    assert_eq!(codes[..2], ["word_unknown", "amount_negative"]);
    assert!(codes[2..].iter().all(|code| code.starts_with("amount_")), "{codes:?}");
    let page = office.read(&office.officer(), &text(&answer.json()["errors_url"])).await;
    assert!(text(&items(&page)[0]["todo"]).contains("普通高中国家助学金"), "names what may be written");
    assert!(!page.to_string().contains("春游"), "and not what was");
    assert!(items(&office.read(&office.officer(), "/v1/aid-records").await).is_empty());
}

#[actix_web::test]
async fn an_unknown_term() {
    let office = Office::open().await;
    let file = list().listed(&child(1)).csv();
    for import in IMPORTS {
        for (query, code) in [
            ("?term=2024X", "invalid_value"),
            ("", "missing"),
            ("?term=1024A", "invalid_value"),
            ("?term=", "invalid_value"),
        ] {
            let answer = office.upload(&office.officer(), &format!("{import}{query}"), &file).await;
            let problem = answer.problem(422, "invalid_input");
            let error = &problem["errors"][0];
            assert_eq!(
                (&error["pointer"], &error["code"]),
                (&"?term".into(), &code.into()),
                "{import}{query}"
            );
        }
    }
    nothing_stored(&office);
}

#[actix_web::test]
async fn a_place_outside_the_scope_or_none_at_all() {
    let office = Office::open().await;
    let file = list().listed(&child(1)).csv();
    for (place, code) in [("341023", "out_of_scope"), ("34", "out_of_scope"), ("nowhere", "invalid_value")] {
        for import in IMPORTS {
            let uri = format!("{import}?term={TERM}&place={place}");
            let problem = office.upload(&office.officer(), &uri, &file).await.problem(422, "invalid_input");
            assert_eq!(problem["errors"][0]["pointer"], "?place");
            assert_eq!(problem["errors"][0]["code"], code, "{place}");
        }
    }
    nothing_stored(&office);
}

#[actix_web::test]
async fn malformed_json_and_wrong_media_types() {
    let office = Office::open().await;
    let officer = office.officer();
    let send = async |uri: &str, kind: &str, body: &str| {
        let request = TestRequest::post().uri(uri).insert_header(("content-type", kind));
        office.send(&officer, request.set_payload(body.to_owned())).await
    };
    for uri in ["/v1/eligibility/lookups", "/v1/eligibility/assessments", "/v1/cross-checks"] {
        send(uri, "application/json", "{").await.problem(400, "malformed_request");
        send(uri, "application/json", "term=2024A").await.problem(400, "malformed_request");
        send(uri, "text/csv", "{}").await.problem(415, "unsupported_media_type");
        send(uri, "application/json", "{}").await.problem(422, "invalid_input");
    }
    let large = json!({ "id_number": "1".repeat(2 << 20), "name": "x" }).to_string();
    send("/v1/eligibility/lookups", "application/json", &large).await.problem(413, "too_large");
}

#[actix_web::test]
async fn a_huge_page() {
    let office = Office::open().await;
    for list in ["/v1/poverty-lists", "/v1/students", "/v1/schools", "/v1/aid-records", "/v1/cross-checks"] {
        for limit in ["501", "0", "-1", "many", "99999999999999999999"] {
            let problem = office
                .get(&office.officer(), &format!("{list}?limit={limit}"))
                .await
                .problem(422, "invalid_input");
            assert_eq!(problem["errors"][0]["pointer"], "?limit", "{list} {limit}");
        }
        let problem =
            office.get(&office.officer(), &format!("{list}?after=7b7d")).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["pointer"], "?after", "{list}");
        assert_eq!(office.get(&office.officer(), &format!("{list}?limit=500")).await.status, 200);
    }
}

#[actix_web::test]
async fn a_stale_or_foreign_token() {
    let office = Office::open().await;
    let stale = office.minted_ago(Role::County, COUNTY, 3_600);
    let foreign = Office::open().await.officer();
    for who in [stale, foreign] {
        let answer = office.get(&who, "/v1/students").await;
        answer.problem(401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        office.upload_list(&who, &list().csv()).await.problem(401, "unauthenticated");
    }
    nothing_stored(&office);
}
