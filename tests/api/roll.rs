//! The roll: sent in term by term, changed without forgetting, shown in pages.

use serde_json::{Value, json};
use yingzhu::auth::Role;

use crate::support::office::{NEIGHBOUR, Office, TERM, column, items, text};
use crate::support::people::{Child, child};
use crate::support::rows::{SCHOOL, roll};
use crate::support::sheets::Sheet;

/// Sends a roll in; its row counts.
async fn sent(office: &Office, file: &[u8]) -> Value {
    let answer = office.upload_roll(&office.officer(), file).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["rows"].clone()
}

async fn students(office: &Office) -> Value {
    office.read(&office.officer(), &format!("/v1/students?term={TERM}")).await
}

/// The codes of an import's faults with their rows and columns.
async fn faults(office: &Office, body: &Value) -> Vec<(i64, String, String)> {
    let page = office.read(&office.officer(), &text(&body["errors_url"])).await;
    let told = |f: &Value| (f["row"].as_i64().unwrap(), text(&f["column"]), text(&f["code"]));
    items(&page).iter().map(told).collect()
}

/// The living subsidy in an answer, fen for the term.
fn subsidy(answer: &Value) -> &Value {
    let programmes = answer["decision"]["programmes"].as_array().unwrap();
    &programmes.iter().find(|p| p["programme"] == "living_subsidy").unwrap()["benefit"]["fen_per_term"]
}

fn poor(child: &Child, told: &[(&str, &str)]) -> Sheet {
    let poor = [("困难类型", "建档立卡"), ("证明材料", "扶贫手册")];
    roll().pupil(child, &[&poor, told].concat())
}

#[actix_web::test]
async fn a_roll_is_taken_and_its_students_are_shown_masked() {
    let office = Office::open().await;
    let (one, two) = (child(1), child(2));
    let file = roll().pupil(&one, &[("班级", "三(1)班")]).pupil(&two, &[("就读方式", "走读")]);
    let rows = sent(&office, &file.xlsx()).await;
    assert_eq!((&rows["read"], &rows["new"], &rows["bad"]), (&2.into(), &2.into(), &0.into()));
    let page = students(&office).await;
    let first = &items(&page)[0];
    assert_eq!(
        (&first["stage"], &first["grade"], &first["boarding"]),
        (&"primary".into(), &3.into(), &true.into())
    );
    assert_eq!((&first["school"], &first["class_name"]), (&SCHOOL.into(), &"三(1)班".into()));
    assert_eq!((&first["valid_from"], &first["valid_to"]), (&"2024-08-01".into(), &"2025-02-01".into()));
    assert_eq!(column(&page, "boarding"), [true, false]);
    assert_eq!(first["id_number"], format!("**************{}", &one.id[14..]));
    assert!(!page.to_string().contains(&one.id) && !page.to_string().contains(&one.name));
    let plain = office.read(&office.confidant(), &format!("/v1/students?term={TERM}")).await;
    assert_eq!(
        (&items(&plain)[1]["id_number"], &items(&plain)[1]["name"]),
        (&two.id.into(), &two.name.into())
    );
}

#[actix_web::test]
async fn a_changed_row_supersedes_the_former_one_and_the_past_keeps_its_answer() {
    let office = Office::open().await;
    let officer = office.officer();
    let one = child(1);
    sent(&office, &poor(&one, &[]).csv()).await;
    let before = office.look_up_child(&officer, &one).await;
    assert_eq!(subsidy(&before), 62_500);
    let rows = sent(&office, &poor(&one, &[("就读方式", "走读")]).csv()).await;
    assert_eq!((&rows["changed"], &rows["new"], &rows["unchanged"]), (&1.into(), &0.into(), &0.into()));
    assert_eq!(column(&students(&office).await, "boarding"), [false]);

    let student = text(&before["student"]["student_id"]);
    let ask = |known_at: &str| {
        let (office, officer) = (&office, &officer);
        let uri = format!("/v1/students/{student}/eligibility?as_of=2024-10-10&known_at={known_at}");
        async move { office.read(officer, &uri).await }
    };
    // A day pupil in hardship gets half; what was known before the change still says boarder.
    assert_eq!(subsidy(&ask("2100-01-01").await), 31_250);
    assert_eq!(subsidy(&ask(&text(&before["known_at"])).await), 62_500);
    let nothing_known = ask("2000-01-01").await;
    assert_eq!(nothing_known["notes"][0]["code"], "roll_not_covering");
}

#[actix_web::test]
async fn a_row_that_returns_to_what_it_said_is_a_change_again() {
    let office = Office::open().await;
    let one = child(1);
    for (boarding, expected) in [("住校", "new"), ("走读", "changed"), ("寄宿", "changed")] {
        let rows = sent(&office, &poor(&one, &[("就读方式", boarding)]).csv()).await;
        assert_eq!(rows[expected], 1, "{boarding}: {rows}");
    }
    assert_eq!(subsidy(&office.look_up_child(&office.officer(), &one).await), 62_500);
}

#[actix_web::test]
async fn a_date_outside_the_term_finds_no_row_and_says_so() {
    let office = Office::open().await;
    let one = child(1);
    sent(&office, &poor(&one, &[]).csv()).await;
    for (as_of, covered) in
        [("2024-07-31", false), ("2024-08-01", true), ("2025-01-31", true), ("2025-02-01", false)]
    {
        let question = json!({ "id_number": one.id, "name": one.name, "as_of": as_of });
        let answer = office.look_up(&office.officer(), question).await.json();
        let noted = answer["notes"].as_array().unwrap().iter().any(|n| n["code"] == "roll_not_covering");
        assert_eq!(noted, !covered, "{as_of}");
        assert_eq!(answer["student"]["school"].is_string(), covered, "{as_of}");
    }
}

#[actix_web::test]
async fn the_same_file_is_repeated_and_the_same_rows_in_another_file_are_unchanged() {
    let office = Office::open().await;
    let file = roll().pupil(&child(1), &[]).pupil(&child(2), &[]);
    sent(&office, &file.csv()).await;
    let again = office.upload_roll(&office.officer(), &file.csv()).await;
    assert_eq!((again.status, &again.json()["repeated"]), (200, &true.into()));
    for other in [file.xlsx(), file.csv_with_mark(), file.csv_gb18030()] {
        let rows = sent(&office, &other).await;
        assert_eq!((&rows["unchanged"], &rows["new"], &rows["changed"]), (&2.into(), &0.into(), &0.into()));
    }
    assert_eq!(items(&students(&office).await).len(), 2);
}

#[actix_web::test]
async fn a_student_twice_in_a_file_is_refused_the_second_time() {
    let office = Office::open().await;
    let file = roll().pupil(&child(1), &[]).pupil(&child(2), &[]).pupil(&child(1), &[("年级", "四年级")]);
    let body = office.upload_roll(&office.officer(), &file.csv()).await.json();
    assert_eq!(faults(&office, &body).await, [(4, "身份证件号".into(), "duplicate_row".into())]);
    assert_eq!(column(&students(&office).await, "grade"), [3, 3]);
}

#[actix_web::test]
async fn a_student_without_an_id_is_known_by_number_and_stays_the_same_when_the_id_comes() {
    let office = Office::open().await;
    let one = child(1);
    let number = format!("L{}", "2".repeat(18));
    sent(&office, &roll().pupil(&one, &[("身份证件号", ""), ("全国学籍号", &number)]).csv()).await;
    let before = students(&office).await;
    assert_eq!(column(&before, "id_number"), [Value::Null]);
    let rows = sent(&office, &roll().pupil(&one, &[("全国学籍号", &number), ("年级", "四年级")]).csv()).await;
    assert_eq!(rows["changed"], 1, "{rows}");
    let after = students(&office).await;
    assert_eq!(column(&before, "student_id"), column(&after, "student_id"));
    assert_eq!(column(&after, "id_number"), [format!("**************{}", &one.id[14..])]);
}

#[actix_web::test]
async fn a_row_that_says_who_in_no_column_is_refused() {
    let office = Office::open().await;
    let file = roll().pupil(&child(1), &[("身份证件号", "")]).pupil(&child(2), &[("学段", "")]);
    let body = office.upload_roll(&office.officer(), &file.csv()).await.json();
    let missing = |row, column: &str| (row, column.to_owned(), "cell_missing".to_owned());
    assert_eq!(faults(&office, &body).await, [missing(2, "身份证件号"), missing(3, "学段")]);
    assert!(items(&students(&office).await).is_empty());
}

#[actix_web::test]
async fn a_school_of_another_place_is_neither_written_nor_moved() {
    let office = Office::open().await;
    let headers = "姓名 身份证件号 学校标识码 学校名称 学段 学校区划代码";
    let (theirs, ours) = ("2134000009", SCHOOL);
    let row = |sheet: Sheet, n: u32, school: &str, name: &str, place: &str| {
        let one = child(n);
        sheet.row(&[one.name.as_str(), &one.id, school, name, "小学", place])
    };
    let neighbour = office.as_role(Role::County, NEIGHBOUR);
    let file = row(Sheet::new(headers), 1, theirs, "邻县小学", NEIGHBOUR);
    assert_eq!(office.upload_roll(&neighbour, &file.csv()).await.json()["rows"]["new"], 1);

    let mut file = row(Sheet::new(headers), 2, theirs, "改名小学", "341024");
    file = row(file, 3, "2134000008", "新小学", NEIGHBOUR);
    file = row(file, 4, ours, "本县小学", "341024");
    let body = office.upload_roll(&office.officer(), &file.csv()).await.json();
    let refused = |row| (row, "学校标识码".to_owned(), "out_of_scope".to_owned());
    assert_eq!(faults(&office, &body).await, [refused(2), refused(3)]);
    assert_eq!(column(&office.read(&office.officer(), "/v1/schools").await, "name"), ["本县小学"]);
    assert_eq!(column(&office.read(&neighbour, "/v1/schools").await, "name"), ["邻县小学"]);
    // To move one's own school out of the county is refused too.
    let body =
        office.upload_roll(&office.officer(), &row(Sheet::new(headers), 5, ours, "", NEIGHBOUR).csv()).await;
    assert_eq!(body.json()["rows"]["new"], 1, "the pupil is of our school");
    assert_eq!(column(&office.read(&office.officer(), "/v1/schools").await, "place"), ["341024"]);
}

#[actix_web::test]
async fn a_school_writes_its_own_roll_only() {
    let office = Office::open().await;
    let school = office.school(SCHOOL);
    let other = "2134000002";
    let file = roll().pupil(&child(1), &[]).pupil(&child(2), &[("学校标识码", other)]);
    let answer = office.upload_roll(&school, &file.csv()).await;
    let body = answer.json();
    assert_eq!((&body["rows"]["new"], &body["rows"]["bad"]), (&1.into(), &1.into()));
    let page = office.read(&school, &text(&body["errors_url"])).await;
    assert_eq!(column(&page, "code"), ["out_of_scope"]);
    // The other school does not learn of the import, the county does.
    let uri = format!("/v1/imports/{}", text(&body["import_id"]));
    office.get(&office.school(other), &uri).await.problem(404, "not_found");
    assert_eq!(office.get(&office.officer(), &uri).await.status, 200);
    sent(&office, &roll().pupil(&child(2), &[("学校标识码", other)]).csv()).await;
    let uri = format!("/v1/students?term={TERM}");
    assert_eq!(column(&office.read(&school, &uri).await, "school"), [SCHOOL]);
    assert_eq!(column(&office.read(&school, "/v1/schools").await, "code"), [SCHOOL]);
    assert_eq!(items(&office.read(&office.officer(), &uri).await).len(), 2);
}

#[actix_web::test]
async fn students_and_schools_come_in_pages_each_once() {
    let office = Office::open().await;
    let schools = ["2134000001", "2134000002", "2134000003"];
    let file = (1..).zip(schools).fold(roll(), |f, (n, s)| f.pupil(&child(n), &[("学校标识码", s)]));
    // One child at two schools: two rows of the same place and person.
    let file = file.pupil(&child(1), &[("学校标识码", schools[1])]);
    sent(&office, &file.csv()).await;
    let officer = office.officer();
    for size in 1..=5 {
        let found = office.read_pages(&officer, &format!("/v1/students?term={TERM}"), size).await;
        let mut at: Vec<_> = found.iter().map(|s| text(&s["school"])).collect();
        at.sort();
        assert_eq!(at, [schools[0], schools[1], schools[1], schools[2]]);
    }
    let found = office.read_pages(&officer, "/v1/schools", 1).await;
    assert_eq!(found.iter().map(|s| text(&s["code"])).collect::<Vec<_>>(), schools);
}

#[actix_web::test]
async fn what_is_known_of_a_school_is_completed_row_by_row() {
    let office = Office::open().await;
    let one = child(1);
    let sheet = |header: &str, cell: &str| {
        Sheet::new(&format!("姓名 身份证件号 学校标识码 学段 {header}"))
            .row(&[one.name.as_str(), &one.id, SCHOOL, "小学", cell])
            .csv()
    };
    for (header, cell) in
        [("学校名称", "演示小学"), ("办学性质", "公办"), ("学费(元/学期)", "850"), ("学校城乡", "农村")]
    {
        sent(&office, &sheet(header, cell)).await;
    }
    let page = office.read(&office.officer(), "/v1/schools").await;
    assert_eq!(items(&page).len(), 1);
    let school = &items(&page)[0];
    assert_eq!((&school["name"], &school["ownership"]), (&"演示小学".into(), &"public".into()));
    assert_eq!((&school["tuition_fen_per_term"], &school["rural"]), (&85_000.into(), &true.into()));
    assert!(school["run_by"].is_null(), "unknown is not no");
}
