//! The ground under the API tests: an application on its own database, and a caller.

pub(crate) mod dump;
pub(crate) mod engine;
pub(crate) mod grants;
mod installed;
pub(crate) mod multiply;
pub(crate) mod office;
pub(crate) mod people;
pub(crate) mod postgres;
pub(crate) mod rows;
pub(crate) mod sheets;

use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use actix_web::HttpResponse;
use actix_web::body::to_bytes;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, init_service, try_call_service};
use actix_web::web::Bytes;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;
use yingzhu::auth::{DevKey, MintRequest, Role, Verifier, mint};
use yingzhu::http::{self, Limits, Parts};
use yingzhu::policy::{Pack, Packs};
use yingzhu::seal::{KeyRing, Sealer};
use yingzhu::sheet::Reader;
use yingzhu::values::{Place, clock};

use engine::Ground;

/// An application on its own database; both are gone when it is dropped.
pub(crate) struct TestApp {
    call: Call,
    key: DevKey,
    _ground: Ground,
}

type Call = Box<dyn Fn(TestRequest) -> LocalBoxFuture<'static, Answer>>;

impl TestApp {
    /// The application as `serve` runs it.
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default(), http::routes::all).await
    }

    /// The same rim with other limits and other rooms.
    pub(crate) async fn with(limits: Limits, rooms: fn(&mut ServiceConfig)) -> Self {
        let (parts, ground) = parts(limits);
        Self::of(parts, ground, rooms).await
    }

    /// An application of these parts.
    pub(crate) async fn of(parts: Parts, ground: Ground, rooms: fn(&mut ServiceConfig)) -> Self {
        let key = DevKey::generate().unwrap();
        let parts = parts.with(Verifier::new(Vec::new(), Some(&key)).unwrap());
        let service = Rc::new(init_service(http::assemble(&parts, rooms)).await);
        let call: Call = Box::new(move |request| {
            let service = Rc::clone(&service);
            Box::pin(async move {
                match try_call_service(&*service, request.to_request()).await {
                    Ok(response) => Answer::read(response.into_parts().1).await,
                    // What the server does with an error that left the application.
                    Err(error) => Answer::read(error.error_response()).await,
                }
            })
        });
        Self { call, key, _ground: ground }
    }

    /// The `Authorization` of a caller with this role at this place.
    pub(crate) fn bearer(&self, role: Role, place: &str) -> (&'static str, String) {
        self.authorization(request_for(role, place))
    }

    /// The `Authorization` that a minted token gives.
    pub(crate) fn authorization(&self, request: MintRequest) -> (&'static str, String) {
        self.authorization_of(request, clock::now().and_utc().timestamp())
    }

    /// The same, minted at another moment (seconds since 1970).
    pub(crate) fn authorization_of(&self, request: MintRequest, at: i64) -> (&'static str, String) {
        let token = mint(&self.key, request, at).unwrap();
        ("authorization", format!("Bearer {token}"))
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: TestRequest) -> Answer {
        (self.call)(request).await
    }

    /// `GET` without a body.
    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send(TestRequest::get().uri(uri)).await
    }

    /// `POST` of a text that claims to be JSON.
    pub(crate) async fn post_json(&self, uri: &str, json: impl Into<Bytes>) -> Answer {
        let request = TestRequest::post().uri(uri).insert_header(("content-type", "application/json"));
        self.send(request.set_payload(json)).await
    }
}

/// What a token for this role at this place says, without `pii:read`.
pub(crate) fn request_for(role: Role, place: &str) -> MintRequest {
    MintRequest {
        roles: vec![role],
        place: Some(Place::parse(place).unwrap()),
        school: None,
        student: None,
        pii: false,
        purpose: None,
        subject: "tester".to_owned(),
        ttl: 600,
    }
}

/// Every part that `serve` has but the verifier, on a fresh, migrated database.
pub(crate) fn parts(limits: Limits) -> (Parts, Ground) {
    let ground = Ground::migrated();
    let db = ground.connect(2);
    let upload_dir = limits.upload_dir.or_else(|| Some(ground.folder.path().to_owned()));
    let limits = Limits { upload_dir, ..limits };
    let sealer = Sealer::new(&KeyRing::generate().unwrap()).unwrap();
    let reader =
        Reader { program: env!("CARGO_BIN_EXE_yingzhu").into(), limits: yingzhu::sheet::Limits::default() };
    (Parts::new(db, limits).with(sealer).with(reader).with_shared(pack()).with(packs()), ground)
}

/// The embedded pack, read once for all tests.
fn pack() -> Arc<Pack> {
    static PACK: OnceLock<Arc<Pack>> = OnceLock::new();
    Arc::clone(PACK.get_or_init(|| Arc::new(Pack::embedded().unwrap())))
}

/// Every loaded pack: the one in force and an older one, as a folder of packs would hold it.
fn packs() -> Packs {
    static OLDER: OnceLock<Arc<Pack>> = OnceLock::new();
    let older = OLDER.get_or_init(|| Arc::new(older_pack()));
    Packs::one(pack()).and(Arc::clone(older))
}

/// The embedded pack as version 0.9.0, in which one county's preschool aid was lower.
fn older_pack() -> Pack {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/cn-ah");
    let mut files = Vec::new();
    for folder in ["", "programmes", "standards"] {
        for entry in std::fs::read_dir(from.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "toml") {
                let name = path.strip_prefix(&from).unwrap().to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                let cheaper = name == "standards/preschool.toml";
                let text = if cheaper { text.replace("yuan = 800", "yuan = 600") } else { text };
                files.push((name, text.replace("1.0.0", "0.9.0")));
            }
        }
    }
    Pack::from_files(files).unwrap()
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    async fn read(response: HttpResponse) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: to_bytes(response.into_body()).await.unwrap() }
    }

    /// A header's text, empty if it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The body as a problem of this status and code, with everything that every problem has.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        let problem = self.json();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:yingzhu:problem:{code}"));
        assert_eq!(problem["instance"], format!("urn:yingzhu:request:{}", self.header("x-request-id")));
        for text in ["title", "detail"] {
            assert!(!problem[text].as_str().unwrap().is_empty());
        }
        problem
    }
}
