//! Files sent in: rehearsals, declared columns, several sheets, and corrections sent again.

use actix_web::test::TestRequest;
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::support::Answer;
use crate::support::dump::dump;
use crate::support::office::{COUNTY, Office, TERM, items, text};
use crate::support::people::{child, wrong_check};
use crate::support::rows::{aid, list, roll};
use crate::support::sheets::reopen;

const ROUTES: [&str; 3] = ["/v1/poverty-lists", "/v1/roll/imports", "/v1/aid-records/imports"];

/// The import's own part of an answer: the list's answer has the list beside it.
fn import(answer: &Answer) -> Value {
    let body = answer.json();
    if body["import"].is_object() { body["import"].clone() } else { body }
}

fn codes(faults: &Value) -> Vec<&str> {
    faults.as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn a_rehearsal_tells_everything_and_writes_nothing() {
    let office = Office::open().await;
    let officer = office.officer();
    // Something is there already, so that a rehearsal has what to change.
    assert_eq!(office.upload_roll(&officer, &roll().pupil(&child(1), &[]).csv()).await.status, 201);
    let wrong = wrong_check(&child(9).id);
    let files = [
        list().listed(&child(1)).listed(&child(2)).row(&[
            "测九",
            &wrong,
            COUNTY,
            "建档立卡",
            "小学",
            "三年级",
        ]),
        roll()
            .pupil(&child(1), &[("班级", "二班")])
            .pupil(&child(2), &[])
            .pupil(&child(3), &[("身份证件号", &wrong)]),
        aid().paid(&child(1), &[]).paid(&child(2), &[]).paid(&child(3), &[("身份证号", &wrong)]),
    ];
    let before = dump(&office.db);
    assert!(before.iter().any(|(table, rows)| table == "enrolment" && rows.len() == 1));
    for (route, file) in ROUTES.into_iter().zip(&files) {
        let sent = office.upload(&officer, &format!("{route}?term={TERM}&dry_run=true"), &file.csv()).await;
        assert_eq!((sent.status, sent.header("location")), (200, ""), "{route}: {}", sent.text());
        let told = import(&sent);
        assert_eq!((told["dry_run"].clone(), told["import_id"].clone()), (json!(true), Value::Null));
        assert_eq!(
            (told["rows"]["read"].as_i64(), told["rows"]["bad"].as_i64()),
            (Some(3), Some(1)),
            "{told}"
        );
        assert_eq!(codes(&told["faults"]), ["id_check_digit"]);
        let summary = told["faults"][0]["summary"].as_str().unwrap();
        assert!(summary.starts_with("3 行中 1 行：身份证"), "{summary}");
        assert_eq!(told["first_errors"][0]["row"], 4);
        let preview = told["preview"].as_array().unwrap();
        assert_eq!(
            preview.iter().map(|r| r["good"].as_bool().unwrap()).collect::<Vec<_>>(),
            [true, true, false]
        );
        let shown = sent.text();
        assert!(shown.contains("测***") && shown.contains("**************"), "{shown}");
        for hidden in [&child(1).id, &child(1).name, &wrong] {
            assert!(!shown.contains(hidden.as_str()), "{route}");
        }
        assert_eq!(dump(&office.db), before, "{route}");
    }
    // Three rows of the roll: one changes, one is new, one is bad; the import itself then says the same.
    let route = format!("{}?term={TERM}", ROUTES[1]);
    let tried = import(&office.upload(&officer, &format!("{route}&dry_run=true"), &files[1].csv()).await);
    let done = import(&office.upload(&officer, &route, &files[1].csv()).await);
    assert_eq!((tried["rows"].clone(), done["dry_run"].clone()), (done["rows"].clone(), json!(false)));
    assert_eq!((done["rows"]["changed"].as_i64(), done["rows"]["new"].as_i64()), (Some(1), Some(1)));
    // A file that is imported already is told so, and stays as it is.
    let before = dump(&office.db);
    let again = import(&office.upload(&officer, &format!("{route}&dry_run=true"), &files[1].csv()).await);
    assert_eq!((again["repeated"].clone(), again["dry_run"].clone()), (json!(true), json!(true)));
    assert_eq!(dump(&office.db), before);
}

#[actix_web::test]
async fn what_is_said_of_a_file_may_stand_in_the_form() {
    let office = Office::open().await;
    let officer = office.officer();
    let before = dump(&office.db);
    let field = |name: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = format!("学生,号,地\n{},{},{COUNTY}\n", child(1).name, child(1).id);
    let send = |parts: Vec<String>| {
        let file = format!(
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n{file}\r\n--B--\r\n"
        );
        let request = TestRequest::post()
            .uri("/v1/poverty-lists")
            .insert_header(("content-type", "multipart/form-data; boundary=B"))
            .set_payload(parts.concat() + &file);
        office.send(&officer, request)
    };
    let mapping = r#"{"姓名":"A","身份证号":"B","户籍地区划代码":"C"}"#;
    let tried = send(vec![field("term", TERM), field("mapping", mapping), field("dry_run", "true")]).await;
    assert_eq!(import(&tried)["rows"]["new"], 1, "{}", tried.text());
    assert_eq!(dump(&office.db), before);
    send(vec![field("term", TERM), field("dry_run", "perhaps")]).await.problem(422, "invalid_input");
    let refused = send(vec![field("term", TERM), field("mapping", "{")]).await.problem(422, "invalid_input");
    assert_eq!(refused["errors"][0]["pointer"], "?mapping");
    send(vec![field("term", TERM)]).await.problem(422, "header_not_found");

    // The same bytes read in another way are another import; read in the same way they are the same.
    let sent = send(vec![field("term", TERM), field("mapping", mapping)]).await;
    assert_eq!(sent.status, 201);
    assert_eq!(send(vec![field("term", TERM), field("mapping", mapping)]).await.status, 200);
    let other = mapping.replace("\"A\"", "\"学生\"");
    assert_eq!(send(vec![field("term", TERM), field("mapping", &other)]).await.status, 201);
}

#[actix_web::test]
async fn a_copy_of_a_sheet_does_not_pay_twice() {
    let office = Office::open().await;
    let mut book = Workbook::new();
    let paid = |n: u32| {
        let child = child(n);
        [child.name, child.id, "2134000001".into(), "生活费补助".into(), "625".into(), "2024-11-20".into()]
    };
    let header = ["姓名", "身份证号", "学校标识码", "资助项目", "金额(元)", "发放日期"].map(String::from);
    for (name, rows) in [("十一月", vec![paid(1), paid(1)]), ("汇总", vec![paid(1), paid(2)])] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (row, cells) in (0..).zip(std::iter::once(&header).chain(&rows)) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    }
    let sent = office.upload_aid(&office.officer(), &book.save_to_buffer().unwrap()).await;
    let told = import(&sent);
    // Twice on one sheet are two payments; again on another sheet is for a person to say.
    assert_eq!((told["rows"]["new"].as_i64(), told["rows"]["bad"].as_i64()), (Some(3), Some(1)), "{told}");
    assert_eq!(codes(&told["faults"]), ["row_on_other_sheet"]);
    let errors = office.read(&office.officer(), told["errors_url"].as_str().unwrap()).await;
    let error = &items(&errors)[0];
    assert_eq!((error["sheet"].as_str(), error["row"].as_i64()), (Some("汇总"), Some(2)));
    assert!(error["what"].as_str().unwrap().contains("十一月"));
}

#[actix_web::test]
async fn corrections_are_sent_again_and_only_they_count() {
    let office = Office::open().await;
    let officer = office.officer();
    let wrong = wrong_check(&child(2).id);
    let file = (3..=30).fold(list().listed(&child(1)), |sheet, n| sheet.listed(&child(n)));
    let file = file.row(&["测零零贰", &wrong, COUNTY, "建档立卡", "小学", "三年级"]).xlsx();
    let sent = import(&office.upload_list(&officer, &file).await);
    assert_eq!((sent["rows"]["new"].as_i64(), sent["rows"]["bad"].as_i64()), (Some(29), Some(1)));
    let book = office.get(&officer, &text(&sent["corrections_url"])).await;
    assert_eq!(book.status, 200);
    assert!(book.header("content-disposition").contains("corrections.xlsx"));
    let rows = reopen(&book.body);
    assert_eq!((rows.len(), rows[1][1].as_str(), rows[1][6].as_str()), (2, wrong.as_str(), "31"));
    // Unchanged it is refused again in the same place; corrected, its one row is taken.
    let again = import(&office.upload_list(&officer, &book.body).await);
    assert_eq!((again["rows"]["read"].as_i64(), codes(&again["faults"])), (Some(1), vec!["id_check_digit"]));
    let corrected = list().row(&["测零零贰", &child(2).id, COUNTY, "建档立卡", "小学", "三年级"]);
    let done = import(&office.upload_list(&officer, &corrected.xlsx()).await);
    assert_eq!((done["rows"]["read"].as_i64(), done["rows"]["new"].as_i64()), (Some(1), Some(1)));
}

#[actix_web::test]
async fn families_side_by_side_are_corrected_in_their_own_row() {
    let office = Office::open().await;
    let officer = office.officer();
    let (one, two, three) = (child(1), child(2), child(3));
    let wrong = wrong_check(&two.id);
    let file = format!(
        "户主,证,乡镇,成员,号,成员,号,地\n{},{},甲镇,{},{wrong},{},{wrong},{COUNTY}\n",
        one.name, one.id, two.name, three.name
    );
    let mapping = r#"{"姓名":["A","D","F"],"身份证号":["B","E","G"],"户籍地区划代码":"H"}"#;
    let mapping: String = form_urlencoded::byte_serialize(mapping.as_bytes()).collect();
    let route = format!("/v1/poverty-lists?term={TERM}&mapping={mapping}");
    let told = import(&office.upload(&officer, &route, file.as_bytes()).await);
    assert_eq!((told["rows"]["new"].as_i64(), told["rows"]["bad"].as_i64()), (Some(1), Some(2)), "{told}");
    let errors = office.read_pages(&officer, told["errors_url"].as_str().unwrap(), 1).await;
    let letters: Vec<_> = errors.iter().map(|e| e["letter"].as_str().unwrap()).collect();
    assert_eq!(letters, ["E", "G"]);
    let book = office.get(&officer, &text(&told["corrections_url"])).await;
    let rows = reopen(&book.body);
    assert_eq!((rows.len(), rows[0][5].as_str()), (2, "姓名〔成员3〕"));
    // Sent again the good member is known, the others are refused again, each in the same cell.
    let again = import(&office.upload_list(&officer, &book.body).await);
    assert_eq!(
        (again["rows"]["read"].as_i64(), again["rows"]["bad"].as_i64()),
        (Some(3), Some(2)),
        "{again}"
    );
}

#[actix_web::test]
async fn notices_are_told_in_the_callers_language() {
    let office = Office::open().await;
    let officer = office.officer();
    let file = list().listed(&child(1)).row(&["合计", "", "", "", "", ""]).csv();
    for (language, said) in [("zh-CN", "跳过了 1 行"), ("en", "1 rows were skipped")] {
        let request = TestRequest::post()
            .uri(&format!("/v1/poverty-lists?term={TERM}"))
            .insert_header(("accept-language", language))
            .set_payload(file.clone());
        let told = import(&office.send(&officer, request).await);
        let notice = told["understood"]["notices"][0].clone();
        assert!(notice["message"].as_str().unwrap().contains(said), "{notice}");
        assert!(notice["en"].is_null() && told["understood"]["sheets"][0]["to_send_again"].is_null());
    }
}

#[actix_web::test]
async fn a_hostile_file_is_refused_over_http_and_the_service_lives_on() {
    let office = Office::open().await;
    let officer = office.officer();
    let before = dump(&office.db);
    let packed = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, bytes).unwrap();
        packer.finish().unwrap()
    };
    let whole = list().listed(&child(1)).xlsx();
    let files = [
        whole[..whole.len() / 2].to_vec(),
        b"PK\x05\x06".to_vec(),
        [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), vec![0x5a; 4000]].concat(),
        packed(&whole),
        packed(&vec![0; 16 << 20]).repeat(64),
        b"\x1f\x8b\x08rubbish".to_vec(),
        format!("姓名,身份证号,县区\n\"{}", "x".repeat(2 << 20)).into_bytes(),
        b"a\0b".to_vec(),
    ];
    for (at, file) in files.iter().enumerate() {
        for route in ROUTES {
            let answer = office.upload(&officer, &format!("{route}?term={TERM}"), file).await;
            assert!((400..500).contains(&answer.status), "{at} {route}: {}", answer.text());
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
        }
    }
    assert_eq!(dump(&office.db), before);
    assert_eq!(office.upload_list(&officer, &whole).await.status, 201);
}

#[actix_web::test]
async fn an_area_that_no_list_knows_is_a_remark_and_no_refusal() {
    let office = Office::open().await;
    let odd = crate::support::people::child_of("349999", 2);
    let sheet = list().listed(&child(1)).listed(&odd);
    let body = office.upload_list(&office.officer(), &sheet.csv()).await.json();
    assert_eq!((&body["import"]["rows"]["new"], &body["import"]["rows"]["bad"]), (&json!(2), &json!(0)));
    let notices = body["import"]["understood"]["notices"].as_array().unwrap().clone();
    let remark = notices.iter().find(|n| n["code"] == "id_area_unknown").unwrap();
    assert!(
        text(&remark["message"]).starts_with("1 行已照常接收")
            && text(&remark["message"]).contains("第 3 行")
    );
}
