//! An office at work: the production application with everything `serve` gives it, and people with
//! tokens who send files and ask questions.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use yingzhu::auth::{MintRequest, Role};
use yingzhu::db::Db;
use yingzhu::http::{Limits, routes, works};
use yingzhu::imports::Desk;
use yingzhu::jobs::{self, Node};
use yingzhu::policy::Pack;
use yingzhu::seal::{KeyRing, Sealer};
use yingzhu::sheet;
use yingzhu::values::clock;

use super::{Answer, TestApp, parts, request_for};

/// The county in which most tests take place.
pub(crate) const COUNTY: &str = "341024";
/// Its neighbour in the same city.
pub(crate) const NEIGHBOUR: &str = "341023";
/// A term that is over whenever the tests run.
pub(crate) const TERM: &str = "2024A";

/// The application on its own database.
pub(crate) struct Office {
    pub(crate) app: TestApp,
    pub(crate) db: Db,
    pub(crate) sealer: Sealer,
    /// The node behind the application; its workers rest until a test starts them.
    pub(crate) node: Node,
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub(crate) struct Somebody {
    pub(crate) authorization: (&'static str, String),
}

impl Office {
    pub(crate) async fn open() -> Self {
        Self::with(Limits::default(), sheet::Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits, reading: sheet::Limits) -> Self {
        let program = env!("CARGO_BIN_EXE_yingzhu").into();
        Self::with_reader(limits, sheet::Reader { program, limits: reading }).await
    }

    pub(crate) async fn with_reader(limits: Limits, reader: sheet::Reader) -> Self {
        let (parts, ground) = parts(limits);
        let db = parts.db.clone();
        let sealer = Sealer::new(&KeyRing::generate().unwrap()).unwrap();
        let desk = Desk { db: db.clone(), reader, sealer: sealer.clone() };
        let pack = Arc::new(Pack::embedded().unwrap());
        let look = Duration::from_millis(20);
        let settings = jobs::Settings { look, lease: Duration::from_secs(2), ..jobs::Settings::default() };
        let node = Node::new(db.clone(), sealer.clone(), works::all(&desk, &pack), settings);
        let parts = parts.with(desk).with_shared(pack).with(node.clone());
        Self { app: TestApp::of(parts, ground, routes::all).await, db, sealer, node }
    }

    /// Somebody whose token says this.
    pub(crate) fn holding(&self, request: MintRequest) -> Somebody {
        Somebody { authorization: self.app.authorization(request) }
    }

    pub(crate) fn as_role(&self, role: Role, place: &str) -> Somebody {
        self.holding(request_for(role, place))
    }

    /// Somebody whose token of ten minutes was minted so many seconds ago.
    pub(crate) fn minted_ago(&self, role: Role, place: &str, seconds: i64) -> Somebody {
        let at = clock::now().and_utc().timestamp() - seconds;
        Somebody { authorization: self.app.authorization_of(request_for(role, place), at) }
    }

    /// The county's officer.
    pub(crate) fn officer(&self) -> Somebody {
        self.as_role(Role::County, COUNTY)
    }

    /// Another officer of the county, who may lock what the first has sent in.
    pub(crate) fn colleague(&self) -> Somebody {
        self.holding(MintRequest { subject: "colleague".into(), ..request_for(Role::County, COUNTY) })
    }

    /// An officer of the county who may see ids and names.
    pub(crate) fn confidant(&self) -> Somebody {
        let request = request_for(Role::County, COUNTY);
        self.holding(MintRequest { pii: true, purpose: Some("核对名单".into()), ..request })
    }

    /// A school of the county.
    pub(crate) fn school(&self, code: &str) -> Somebody {
        let request = request_for(Role::School, COUNTY);
        self.holding(MintRequest { school: Some(code.to_owned()), subject: "school".into(), ..request })
    }

    /// A child's guardian.
    pub(crate) fn guardian_of(&self, student: &str) -> Somebody {
        let request = request_for(Role::Guardian, COUNTY);
        self.holding(MintRequest { place: None, student: Some(student.to_owned()), ..request })
    }

    pub(crate) async fn send(&self, who: &Somebody, request: TestRequest) -> Answer {
        self.app.send(request.insert_header(who.authorization.clone())).await
    }

    pub(crate) async fn get(&self, who: &Somebody, uri: &str) -> Answer {
        self.send(who, TestRequest::get().uri(uri)).await
    }

    /// `GET` whose answer is a success, as JSON.
    #[track_caller]
    pub(crate) fn read(&self, who: &Somebody, uri: &str) -> impl Future<Output = Value> {
        let (who, uri) = (who.clone(), uri.to_owned());
        async move {
            let answer = self.get(&who, &uri).await;
            assert_eq!(answer.status, 200, "{uri}: {}", answer.text());
            answer.json()
        }
    }

    /// `POST` without a body.
    pub(crate) async fn act(&self, who: &Somebody, uri: &str) -> Answer {
        self.send(who, TestRequest::post().uri(uri)).await
    }

    pub(crate) async fn post(&self, who: &Somebody, uri: &str, body: Value) -> Answer {
        self.with_json(who, Method::POST, uri, body, &[]).await
    }

    pub(crate) async fn with_json(
        &self,
        who: &Somebody,
        method: Method,
        uri: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = TestRequest::default()
            .method(method)
            .uri(uri)
            .insert_header(("content-type", "application/json"))
            .set_payload(body.to_string());
        for header in headers {
            request = request.insert_header(*header);
        }
        self.send(who, request).await
    }

    /// `POST` of lines of JSON; the answer's lines.
    pub(crate) async fn post_lines(&self, who: &Somebody, uri: &str, body: String) -> Vec<Value> {
        let request = TestRequest::post()
            .uri(uri)
            .insert_header(("content-type", "application/x-ndjson"))
            .set_payload(body);
        let answer = self.send(who, request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Every item of a list, read page by page of this size.
    pub(crate) async fn read_pages(&self, who: &Somebody, uri: &str, limit: u32) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let sign = if uri.contains('?') { '&' } else { '?' };
            let page = self.read(who, &format!("{uri}{sign}limit={limit}{after}")).await;
            assert!(items(&page).len() <= usize::try_from(limit).unwrap());
            all.extend(items(&page).clone());
            let Some(next) = page["next"].as_str() else { return all };
            after = format!("&after={next}");
        }
    }

    /// A file as the body itself.
    pub(crate) async fn upload(&self, who: &Somebody, uri: &str, file: &[u8]) -> Answer {
        self.send(who, TestRequest::post().uri(uri).set_payload(file.to_vec())).await
    }

    pub(crate) async fn upload_list(&self, who: &Somebody, file: &[u8]) -> Answer {
        self.upload(who, &format!("/v1/poverty-lists?term={TERM}"), file).await
    }

    /// Further rows for a draft.
    pub(crate) async fn add_to_list(&self, who: &Somebody, list: &str, file: &[u8]) -> Answer {
        self.upload(who, &format!("/v1/poverty-lists?term={TERM}&list={list}"), file).await
    }

    pub(crate) async fn upload_roll(&self, who: &Somebody, file: &[u8]) -> Answer {
        self.upload(who, &format!("/v1/roll/imports?term={TERM}"), file).await
    }

    pub(crate) async fn upload_aid(&self, who: &Somebody, file: &[u8]) -> Answer {
        self.upload(who, &format!("/v1/aid-records/imports?term={TERM}"), file).await
    }

    pub(crate) async fn check(&self, who: &Somebody, list: &str) -> Answer {
        self.act(who, &format!("/v1/poverty-lists/{list}/check")).await
    }

    pub(crate) async fn lock(&self, who: &Somebody, list: &str) -> Answer {
        self.act(who, &format!("/v1/poverty-lists/{list}/lock")).await
    }

    /// Sends a list in, checks and locks it; its id.
    pub(crate) async fn locked_list(&self, file: &[u8]) -> String {
        let sent = self.upload_list(&self.officer(), file).await;
        assert_eq!(sent.status, 201, "{}", sent.text());
        let list = text(&sent.json()["list"]["list_id"]);
        assert_eq!(self.check(&self.officer(), &list).await.status, 200);
        assert_eq!(self.lock(&self.colleague(), &list).await.status, 200);
        list
    }

    pub(crate) async fn look_up(&self, who: &Somebody, question: Value) -> Answer {
        self.post(who, "/v1/eligibility/lookups", question).await
    }

    /// Looks a child up by id and name in the term.
    pub(crate) async fn look_up_child(&self, who: &Somebody, child: &super::people::Child) -> Value {
        let question = json!({ "id_number": child.id, "name": child.name, "term": TERM });
        let answer = self.look_up(who, question).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) async fn assess(&self, who: &Somebody, facts: Value) -> Answer {
        self.post(who, "/v1/eligibility/assessments", facts).await
    }

    pub(crate) async fn run_check(&self, who: &Somebody) -> Answer {
        self.post(who, "/v1/cross-checks", json!({ "term": TERM })).await
    }
}

/// The items of a page.
#[track_caller]
pub(crate) fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().unwrap_or_else(|| panic!("no page: {page}"))
}

/// One field of each item of a page.
#[track_caller]
pub(crate) fn column(page: &Value, field: &str) -> Vec<Value> {
    items(page).iter().map(|item| item[field].clone()).collect()
}

/// A JSON string's own text.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
