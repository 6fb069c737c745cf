//! What the log holds while people's data go through: never an id, a name, a card, a phone or a token.

use std::sync::{Mutex, Once};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::json;

use crate::support::office::{COUNTY, Office, Somebody, TERM, items, text};
use crate::support::people::{Child, child_of, wrong_check};
use crate::support::rows::{aid, roll};
use crate::support::sheets::Sheet;

const CARD: &str = "6217000100000000028";
const PHONE: &str = "13955901234";

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps every line of ours, and what dependencies say at the level that production listens to.
struct Listener;

impl log::Log for Listener {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("yingzhu") || metadata.level() <= log::Level::Info
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            LINES.lock().unwrap().push(format!("{} {} {}", record.level(), record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// Everything a county does with a child, well and wrongly; the tokens that were used.
async fn a_day_at_the_office(office: &Office, one: &Child) -> Vec<Somebody> {
    let (officer, confidant) = (office.officer(), office.confidant());
    let wrong = wrong_check(&one.id);
    let listed = Sheet::new("姓名 身份证号 户籍地区划代码 联系电话 户主姓名")
        .row(&[one.name.as_str(), &one.id, COUNTY, PHONE, &one.name])
        .row(&[one.name.as_str(), &wrong, COUNTY, PHONE, &one.name]);
    let list_id = office.locked_list(&listed.xlsx()).await;
    let number = format!("G{}", one.id);
    let pupil = roll().pupil(one, &[("全国学籍号", &number)]).pupil(one, &[("年级", &one.name)]);
    let sent = office.upload_roll(&officer, &pupil.csv_gb18030()).await;
    assert_eq!(sent.status, 201);
    let book = office.get(&officer, &text(&sent.json()["corrections_url"])).await;
    assert_eq!(book.status, 200);
    let paid = aid().paid(one, &[("银行卡号", CARD), ("金额(元)", "100")]);
    assert_eq!(office.upload_aid(&officer, &paid.csv()).await.status, 201);

    let answer = office.look_up_child(&confidant, one).await;
    assert_eq!(answer["student"]["id_number"], one.id);
    for question in [
        json!({ "id_number": wrong, "name": one.name }),
        json!({ "id_number": one.id, "name": one.name, one.id.as_str(): one.name }),
        json!({ "id_number": one.id, "name": one.name, "term": one.id }),
    ] {
        assert_eq!(office.look_up(&officer, question).await.status, 422);
    }
    let lines =
        format!("{{\"id_number\":\"{}\",\n{}\n", one.id, json!({ "id_number": wrong, "name": one.name }));
    assert_eq!(office.post_lines(&officer, "/v1/eligibility/lookups", lines).await.len(), 2);
    // Against the rules, ids in addresses.
    for uri in [
        format!("/v1/students/{}/eligibility", one.id),
        format!("/v1/students/{}/eligibility?as_of={}", one.id, one.id),
        format!("/v1/aid-records?student={}", one.id),
        format!("/v1/poverty-lists/{}?{}={}", one.id, one.id, one.id),
        format!("/v1/{}", one.id),
    ] {
        office.get(&officer, &uri).await;
    }
    let check = office.run_check(&officer).await.json();
    let findings = format!("/v1/cross-checks/{}/findings", text(&check["check_id"]));
    for query in ["", "?format=csv", "?format=xlsx", "?state=nonsense"] {
        office.get(&confidant, &format!("{findings}{query}")).await;
    }
    let found = office.read(&officer, &findings).await;
    let uri = format!("/v1/findings/{}", text(&items(&found)[0]["finding_id"]));
    let remark = json!({ "state": "explained", "remark": format!("{} {}", one.name, one.id) });
    assert_eq!(office.with_json(&officer, Method::PATCH, &uri, remark, &[]).await.status, 200);
    office.lock(&officer, &list_id).await;
    let spoilt = Somebody { authorization: ("authorization", format!("{}x", officer.authorization.1)) };
    assert_eq!(office.get(&spoilt, &format!("/v1/students?term={TERM}")).await.status, 401);
    let hostile = TestRequest::get().uri("/v1/schools").insert_header(("x-request-id", one.id.as_str()));
    office.send(&officer, hostile.insert_header(("user-agent", one.name.as_str()))).await;
    vec![officer, confidant, spoilt]
}

#[actix_web::test]
async fn no_line_of_the_log_tells_who_anybody_is() {
    listen();
    let office = Office::open().await;
    let one = Child { name: "欧阳金丝雀".into(), ..child_of("342401", 833) };
    let callers = a_day_at_the_office(&office, &one).await;
    let lines = LINES.lock().unwrap().clone();
    let heard = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
    assert!(heard("event=request") > 20, "the test listens to the log it judges");
    assert!(heard("route=/v1/eligibility/lookups") > 0, "{lines:?}");

    let mut secrets = vec![one.id[..17].to_owned(), wrong_check(&one.id), one.name.clone()];
    secrets.extend([CARD.to_owned(), PHONE.to_owned(), "欧阳".to_owned()]);
    secrets.extend(callers.iter().flat_map(|who| who.authorization.1.split(['.', ' '])).map(str::to_owned));
    // Of an Authorization header everything but its first word is secret.
    for secret in secrets.iter().filter(|s| *s != "Bearer") {
        let told: Vec<_> = lines.iter().filter(|line| line.contains(secret.as_str())).collect();
        assert!(told.is_empty(), "{secret} in {told:?}");
    }
}
