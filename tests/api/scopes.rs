//! What each may call and whom each may see: a reviewed table, and a walk over the generated document.

use std::collections::BTreeMap;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use yingzhu::auth::{MintRequest, Role};

use crate::support::office::{COUNTY, NEIGHBOUR, Office, Somebody, TERM, items, text};
use crate::support::people::{Child, child, wrong_check};
use crate::support::rows::{SCHOOL, aid, list, roll};
use crate::support::{Answer, request_for, sheets};

use Role::{Auditor, City, County, Guardian, PovertyOffice, Province, School, System, Township};

const ANYBODY: &[Role] = Role::ALL;
const READERS: &[Role] = &[Province, City, County, School, PovertyOffice, Township, Auditor, System];
const LIST_KEEPERS: &[Role] = &[Province, City, County, PovertyOffice];
const REGISTRARS: &[Role] = &[Province, City, County, School];
const SENDERS: &[Role] = &[Province, City, County, PovertyOffice, School];
const SUPERVISORS: &[Role] = &[Province, City, County, PovertyOffice, Auditor];
const FINDING_READERS: &[Role] = &[Province, City, County, PovertyOffice, Auditor, School];
/// Aid is proposed by the school or the bureau next to it, and granted by the bureau.
const PROPOSERS: &[Role] = &[City, County, School];
const GRANTERS: &[Role] = &[City, County];
const OFFICERS: &[Role] = &[Province, City, County];

/// Who may call what, reviewed by a person: a new operation has to be entered here.
const MAY: &[(&str, &[Role])] = &[
    ("list_programmes", ANYBODY),
    ("list_policies", ANYBODY),
    ("diff_policies", ANYBODY),
    ("replay_decision", ANYBODY),
    ("fetch_template", ANYBODY),
    ("assess_eligibility", ANYBODY),
    ("lookup_eligibility", READERS),
    ("find_student_eligibility", ANYBODY),
    ("import_poverty_list", LIST_KEEPERS),
    ("check_poverty_list", LIST_KEEPERS),
    ("lock_poverty_list", LIST_KEEPERS),
    ("list_poverty_lists", READERS),
    ("find_poverty_list", READERS),
    ("list_poverty_list_entries", READERS),
    ("list_poverty_list_errors", READERS),
    ("diff_poverty_lists", READERS),
    ("search_proposals", SENDERS),
    ("list_proposals", READERS),
    ("find_proposal", READERS),
    ("accept_proposal", SENDERS),
    ("dismiss_proposal", SENDERS),
    ("revert_proposal", SENDERS),
    ("import_roll", REGISTRARS),
    ("list_students", READERS),
    ("list_schools", READERS),
    ("import_aid", REGISTRARS),
    ("list_aid_records", ANYBODY),
    ("find_aid_record", ANYBODY),
    ("propose_aid", PROPOSERS),
    ("notice_aid", PROPOSERS),
    ("acknowledge_aid", PROPOSERS),
    ("cancel_aid", PROPOSERS),
    ("correct_aid", PROPOSERS),
    ("approve_aid", GRANTERS),
    ("pay_aid", GRANTERS),
    ("return_aid", GRANTERS),
    ("propose_many", PROPOSERS),
    ("notice_many", PROPOSERS),
    ("approve_many", GRANTERS),
    ("pay_many", GRANTERS),
    ("pay_by_file", GRANTERS),
    ("notice_by_file", PROPOSERS),
    ("approve_by_file", GRANTERS),
    ("find_aid_report", PROPOSERS),
    ("list_notices", READERS),
    ("print_notice", READERS),
    ("take_down_notice", PROPOSERS),
    ("run_cross_check", OFFICERS),
    ("list_cross_checks", SUPERVISORS),
    ("find_cross_check", SUPERVISORS),
    ("list_findings", FINDING_READERS),
    ("summarise_findings", FINDING_READERS),
    ("diff_cross_checks", FINDING_READERS),
    ("export_corrections", FINDING_READERS),
    ("find_finding", FINDING_READERS),
    ("decide_finding", OFFICERS),
    ("answer_finding", &[School]),
    ("find_import", READERS),
    ("list_import_errors", READERS),
    ("list_jobs", SENDERS),
    ("find_job", SENDERS),
    ("cancel_job", SENDERS),
    ("fetch_corrections", SENDERS),
];

struct Operation {
    id: String,
    method: Method,
    path: String,
}

/// Every operation of the document that asks for a token.
fn secured() -> Vec<Operation> {
    let document = serde_json::to_value(yingzhu::http::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let asks = |s: &Value| s.as_array().is_some_and(|s| s.iter().any(|s| s.get("bearer").is_some()));
            if asks(&operation["security"]) {
                found.push(Operation {
                    id: text(&operation["operationId"]),
                    method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                    path: path.clone(),
                });
            }
        }
    }
    found
}

/// A token of this role for the narrowest place it can have in a county.
fn token(role: Role, county: &str) -> MintRequest {
    let place = match role {
        Township => format!("{county}101"),
        _ => county.to_owned(),
    };
    let request = request_for(role, &place);
    match role {
        School => MintRequest { school: Some("2134000077".into()), ..request },
        Guardian => MintRequest { place: None, student: Some("somebody-else".into()), ..request },
        _ => request,
    }
}

#[actix_web::test]
async fn the_reviewed_table_holds_every_operation_and_no_other() {
    let mut reviewed: Vec<&str> = MAY.iter().map(|(id, _)| *id).collect();
    let operations = secured();
    let mut registered: Vec<&str> = operations.iter().map(|o| o.id.as_str()).collect();
    reviewed.sort_unstable();
    registered.sort_unstable();
    assert_eq!(registered, reviewed);
}

#[actix_web::test]
async fn every_role_may_do_what_the_table_says_and_nothing_else() {
    let office = Office::open().await;
    for operation in secured() {
        let allowed = MAY.iter().find(|(id, _)| *id == operation.id).unwrap().1;
        let uri = operation.path.replace(['{', '}'], "");
        let ask = || TestRequest::default().method(operation.method.clone()).uri(&uri);
        let anonymous = office.app.send(ask()).await;
        anonymous.problem(401, "unauthenticated");
        assert!(anonymous.header("www-authenticate").starts_with("Bearer"), "{}", operation.id);
        for role in Role::ALL {
            let answer = office.send(&office.holding(token(*role, COUNTY)), ask()).await;
            if allowed.contains(role) {
                assert!(![401, 403].contains(&answer.status), "{} {role}: {}", operation.id, answer.text());
            } else {
                let problem = answer.problem(403, "forbidden");
                assert!(text(&problem["detail"]).contains(allowed[0].zh()), "{} {role}", operation.id);
                assert!(answer.header("www-authenticate").contains("insufficient_scope"), "{}", operation.id);
            }
        }
    }
}

/// What came of an order that a node carried out: its id.
async fn report(office: &Office, officer: &Somebody) -> String {
    let body = json!({ "term": TERM, "school": SCHOOL, "programmes": ["living_subsidy"] });
    let later = [("prefer", "respond-async")];
    let uri = "/v1/aid-records/proposals";
    let handed = office.with_json(officer, Method::POST, uri, body, &later).await;
    let workers = office.node.start().unwrap();
    let done = loop {
        let job = office.read(officer, handed.header("location")).await;
        if !job["ended_at"].is_null() {
            break job;
        }
        tokio::task::yield_now().await;
    };
    workers.stop(std::time::Duration::from_secs(5));
    text(&done["location"]).rsplit('/').next().unwrap_or_default().to_owned()
}

/// A county at work around one child, and the ids of everything about it.
struct Canary {
    office: Office,
    ids: BTreeMap<&'static str, String>,
}

const CHILD: u32 = 417;

impl Canary {
    async fn put() -> Self {
        let office = Office::open().await;
        let officer = office.officer();
        let one = child(CHILD);
        let former = office.locked_list(&list().listed(&child(2)).csv()).await;
        let bad = list().listed(&one).row(&["坏行", "1", COUNTY, "", "", ""]);
        let sent = office.upload_list(&officer, &bad.csv()).await.json();
        let list = text(&sent["list"]["list_id"]);
        assert_eq!(office.check(&officer, &list).await.status, 200);
        assert_eq!(office.lock(&office.colleague(), &list).await.status, 200);
        assert_eq!(office.upload_roll(&officer, &roll().pupil(&one, &[]).csv()).await.status, 201);
        let earlier = office.run_check(&officer).await.json();
        let paid = aid().paid(&one, &[("金额(元)", "300")]);
        assert_eq!(office.upload_aid(&officer, &paid.csv()).await.status, 201);
        let check = office.run_check(&officer).await.json();
        let check = text(&check["check_id"]);
        let later = TestRequest::post()
            .uri(&format!("/v1/roll/imports?term={TERM}"))
            .insert_header(("prefer", "respond-async"))
            .set_payload(roll().pupil(&child(3), &[]).csv());
        let kept = office.send(&officer, later).await;
        let finding = office.read(&officer, &format!("/v1/cross-checks/{check}/findings")).await;
        let record = office.read(&officer, "/v1/aid-records").await;
        let pupil = json!({ "student_id": items(&record)[0]["student_id"], "programme": "compulsory_textbooks",
            "term": TERM });
        let proposed = office.propose(&officer, pupil).await.json();
        let noticed = office.done(&officer, &proposed, "notice", json!({ "starts_on": "2024-10-08" })).await;
        let slipped = Child { id: wrong_check(&one.id), name: one.name.clone() };
        let slipped = office.upload_aid(&officer, &aid().paid(&slipped, &[]).csv()).await.json();
        let searched = json!({ "import_id": slipped["import_id"] });
        assert_eq!(office.post(&officer, "/v1/proposals/searches", searched).await.json()["proposed"], 1);
        let proposal = office.read(&officer, "/v1/proposals").await;
        let ids = BTreeMap::from([
            ("proposal_id", text(&items(&proposal)[0]["proposal_id"])),
            ("list_id", list),
            ("against", former),
            ("import_id", text(&sent["import"]["import_id"])),
            ("student_id", text(&items(&record)[0]["student_id"])),
            ("record_id", text(&items(&record)[0]["record_id"])),
            ("notice_id", text(&noticed["notice_id"])),
            ("check_id", check),
            ("earlier", text(&earlier["check_id"])),
            ("finding_id", text(&items(&finding)[0]["finding_id"])),
            ("job_id", text(&kept.json()["job_id"])),
            ("report_id", report(&office, &officer).await),
            ("file", "roll.xlsx".to_owned()),
        ]);
        Self { office, ids }
    }

    /// The address of an operation with the ids filled in.
    fn address(&self, operation: &Operation) -> String {
        let mut uri = operation.path.clone();
        for (name, id) in &self.ids {
            uri = uri.replace(&format!("{{{name}}}"), id);
        }
        assert!(!uri.contains('{'), "an id of which this walk knows nothing: {uri}");
        match operation.id.as_str() {
            "list_students" => uri + "?term=" + TERM,
            "diff_poverty_lists" => uri + "?against=" + &self.ids["against"],
            "diff_cross_checks" => uri + "?against=" + &self.ids["earlier"],
            "summarise_findings" => uri + "?by=school",
            "export_corrections" => uri + "?school=" + SCHOOL,
            "find_student_eligibility" => uri + "?as_of=2024-10-10",
            _ => uri,
        }
    }

    /// What must not be seen by strangers, whole or masked.
    fn secrets(&self) -> Vec<String> {
        let Child { name, id } = child(CHILD);
        let unseen = self.ids.iter().filter(|(key, _)| **key != "file").map(|(_, id)| id.clone());
        unseen.chain([name, id[14..].to_owned(), SCHOOL.to_owned(), "坏行".to_owned()]).collect()
    }
}

fn is_workbook(answer: &Answer) -> bool {
    answer.status == 200 && answer.header("content-type").contains("spreadsheet")
}

/// What an answer says, as text.
fn said(answer: &Answer) -> String {
    if is_workbook(answer) {
        sheets::reopen(&answer.body).concat().concat()
    } else {
        answer.text().to_owned()
    }
}

/// Reads that are about no person and the same for everybody.
const OPEN: [&str; 4] = ["list_programmes", "list_policies", "diff_policies", "fetch_template"];

#[actix_web::test]
async fn the_county_itself_sees_its_child_in_every_read() {
    let canary = Canary::put().await;
    let secrets = canary.secrets();
    for operation in secured().iter().filter(|o| o.method == Method::GET && !OPEN.contains(&o.id.as_str())) {
        let uri = canary.address(operation);
        let answer = canary.office.get(&canary.office.officer(), &uri).await;
        assert_eq!(answer.status, 200, "{uri}: {:?}", answer.body);
        if operation.id != "fetch_corrections" {
            let said = said(&answer);
            let mut seen = secrets.iter().filter(|secret| said.contains(secret.as_str()));
            let path_only =
                operation.id == "list_import_errors" || operation.id == "list_poverty_list_errors";
            assert!(path_only || seen.next().is_some(), "the walk would see nothing at {uri}");
        }
    }
}

/// Asks every read of the document and says which answers told something.
async fn leaks(canary: &Canary, who: &Somebody, secrets: &[String]) -> Vec<String> {
    let mut leaks = Vec::new();
    for operation in secured().iter().filter(|o| o.method == Method::GET && !OPEN.contains(&o.id.as_str())) {
        let uri = canary.address(operation);
        let answer = canary.office.get(who, &uri).await;
        // The request's own id is in every problem and tells nothing.
        let said = match answer.status {
            403 | 404 => answer.json()["detail"].to_string(),
            200 => self::said(&answer),
            other => panic!("{uri}: {other} {}", answer.text()),
        };
        // A workbook without rows still has its headers.
        let empty = answer.status != 200 || is_workbook(&answer) || answer.json()["items"] == json!([]);
        if !empty || secrets.iter().any(|secret| said.contains(secret.as_str())) {
            leaks.push(format!("{} {said}", operation.id));
        }
    }
    leaks
}

#[actix_web::test]
async fn no_stranger_sees_anything_in_any_read() {
    let canary = Canary::put().await;
    let secrets = canary.secrets();
    // Beside the county: its neighbours by number, codes that begin alike, other cities and provinces.
    let mut strangers: Vec<(String, MintRequest)> = Vec::new();
    for county in [NEIGHBOUR, "341025", "341002", "341124", "341023"] {
        for role in Role::ALL {
            strangers.push((format!("{role} {county}"), token(*role, county)));
        }
    }
    for (role, place) in [
        (City, "3411"),
        (City, "3401"),
        (Province, "35"),
        (Province, "33"),
        (Auditor, "3411"),
        (System, "341023000"),
        (PovertyOffice, "341003"),
    ] {
        strangers.push((format!("{role} {place}"), request_for(role, place)));
    }
    for (who, request) in strangers {
        let leaks = leaks(&canary, &canary.office.holding(request), &secrets).await;
        assert_eq!(leaks, [""; 0], "{who}");
    }
}

#[actix_web::test]
async fn another_school_of_the_county_sees_no_child_of_this_one() {
    let canary = Canary::put().await;
    let secrets = [canary.ids["student_id"].clone(), child(CHILD).id[14..].to_owned(), SCHOOL.to_owned()];
    let other = canary.office.holding(token(School, COUNTY));
    for operation in secured().iter().filter(|o| o.method == Method::GET && !OPEN.contains(&o.id.as_str())) {
        let uri = canary.address(operation);
        let answer = canary.office.get(&other, &uri).await;
        let said = if answer.status == 200 { said(&answer) } else { String::new() };
        assert!(!secrets.iter().any(|secret| said.contains(secret.as_str())), "{uri}: {said}");
        if answer.status == 200 && !is_workbook(&answer) {
            assert!(
                matches!(&answer.json()["entries"], Value::Null) || answer.json()["entries"] == 0,
                "{uri}: {said}"
            );
        }
    }
}

/// A body that the operation would take from who may.
fn sample(operation: &str) -> Value {
    match operation {
        "answer_finding" => json!({ "answer": "x" }),
        "decide_finding" => json!({ "state": "fixed" }),
        "pay_aid" => json!({ "paid_on": "2024-11-20" }),
        "return_aid" => json!({ "on": "2024-11-20", "reason": "x" }),
        "cancel_aid" => json!({ "reason": "x" }),
        "correct_aid" => json!({ "why": "x" }),
        _ => json!({}),
    }
}

#[actix_web::test]
async fn a_stranger_changes_nothing() {
    let canary = Canary::put().await;
    let (bureau, school) =
        (canary.office.as_role(County, NEIGHBOUR), canary.office.holding(token(School, NEIGHBOUR)));
    for operation in secured().iter().filter(|o| o.method != Method::GET && o.path.contains('{')) {
        // Whoever may do it in his own place.
        let stranger = if operation.id == "answer_finding" { &school } else { &bureau };
        let uri = canary.address(operation);
        let body = sample(&operation.id);
        let any = [("if-match", "*")];
        let answer = canary.office.with_json(stranger, operation.method.clone(), &uri, body, &any).await;
        answer.problem(404, "not_found");
    }
    let check = &canary.ids["check_id"];
    let findings =
        canary.office.read(&canary.office.officer(), &format!("/v1/cross-checks/{check}/findings")).await;
    assert!(items(&findings).iter().all(|f| f["state"] == "open"));
}
