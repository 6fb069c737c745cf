//! Who may call: a walk over the document, operation by operation.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use actix_web::{HttpResponse, get, post};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use yingzhu::auth::{BureauOfficer, Role};
use yingzhu::http::{self, Limits};

use crate::support::TestApp;

/// Asks for an officer.
#[utoipa::path]
#[get("/v1/guarded/{id}")]
async fn guarded(officer: BureauOfficer) -> HttpResponse {
    HttpResponse::Ok().body(officer.actor())
}

/// Forgot to ask.
#[utoipa::path]
#[post("/v1/forgotten")]
async fn forgotten() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn rooms(cfg: &mut ServiceConfig) {
    cfg.service(guarded).service(forgotten);
}

/// The secured operations that let a request pass although it has this `Authorization`, or none.
async fn open_to(app: &TestApp, rooms: fn(&mut ServiceConfig), authorization: Option<&str>) -> Vec<String> {
    let (_, collected) = actix_web::App::new().into_utoipa_app().configure(rooms).split_for_parts();
    let document = serde_json::to_value(http::document::finish(collected)).unwrap();
    let mut open = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !operation["security"].as_array().is_some_and(|s| s.iter().any(|s| s.get("bearer").is_some()))
            {
                continue;
            }
            let uri = path.replace(['{', '}'], "");
            let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let mut request = TestRequest::default().method(verb).uri(&uri);
            if let Some(value) = authorization {
                request = request.insert_header(("authorization", value));
            }
            if app.send(request).await.status != 401 {
                open.push(format!("{method} {path}"));
            }
        }
    }
    open
}

#[actix_web::test]
async fn no_secured_operation_is_open_to_a_stranger() {
    let app = TestApp::start().await;
    for stranger in [None, Some("Bearer x.y.z"), Some("Basic dTpw")] {
        assert_eq!(open_to(&app, http::routes::all, stranger).await, [""; 0], "{stranger:?}");
    }
}

#[actix_web::test]
async fn the_walk_finds_an_operation_that_forgot_to_ask() {
    let app = TestApp::with(Limits::default(), rooms).await;
    assert_eq!(open_to(&app, rooms, None).await, ["post /v1/forgotten"]);
}

#[actix_web::test]
async fn the_extractor_is_the_permission() {
    let app = TestApp::with(Limits::default(), rooms).await;
    let ask = || TestRequest::get().uri("/v1/guarded/1");
    app.send(ask()).await.problem(401, "unauthenticated");
    let auditor = app.send(ask().insert_header(app.bearer(Role::Auditor, "34"))).await;
    auditor.problem(403, "forbidden");
    assert!(auditor.header("www-authenticate").contains("insufficient_scope"));
    assert_eq!(app.send(ask().insert_header(app.bearer(Role::County, "341024"))).await.status, 200);
    let foreign = TestApp::with(Limits::default(), rooms).await;
    let token = foreign.bearer(Role::County, "341024");
    app.send(ask().insert_header(token)).await.problem(401, "unauthenticated");
}
