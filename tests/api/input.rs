//! Input that is wrong: each fault gets its status and points at its field, and nothing is echoed.

use actix_web::test::TestRequest;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use yingzhu::http::{Json, Limits, Query};
use yingzhu::page::PageQuery;
use yingzhu::values::{Place, Stage};

use crate::support::TestApp;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Facts {
    stage: Stage,
    grade: Option<u8>,
}

#[derive(Deserialize)]
struct Filter {
    place: Option<Place>,
    #[serde(flatten)]
    page: PageQuery,
}

/// Takes facts.
#[utoipa::path]
#[post("/v1/facts")]
async fn take(facts: Json<Facts>) -> HttpResponse {
    let Json(Facts { stage, grade }) = facts;
    HttpResponse::Ok().json((stage, grade))
}

/// Takes a query.
#[utoipa::path]
#[get("/v1/list")]
async fn list(query: Query<Filter>) -> yingzhu::error::Result<HttpResponse> {
    let Query(Filter { place, page }) = query;
    Ok(HttpResponse::Ok().json((place, page.limit()?.items())))
}

/// Takes a number in the path.
#[utoipa::path]
#[get("/v1/numbers/{n}")]
async fn number(n: web::Path<u32>) -> HttpResponse {
    HttpResponse::Ok().json(*n)
}

fn rooms(cfg: &mut ServiceConfig) {
    cfg.service(take).service(list).service(number);
}

async fn app() -> TestApp {
    TestApp::with(Limits { json_bytes: 512, ..Limits::default() }, rooms).await
}

#[actix_web::test]
async fn a_good_body_passes() {
    let answer = app().await.post_json("/v1/facts", r#"{"stage":"primary","grade":3}"#).await;
    assert_eq!(answer.json(), serde_json::json!(["primary", 3]));
}

#[actix_web::test]
async fn what_is_no_json_is_400() {
    let app = app().await;
    let deep = "[".repeat(200);
    for body in ["", "{", "not json", "{'stage':1}", "{\"stage\":\"primary\"} {}", "\u{feff}{}", &deep] {
        app.post_json("/v1/facts", body.to_owned()).await.problem(400, "malformed_request");
    }
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    app.post_json("/v1/facts", utf16).await.problem(400, "malformed_request");
}

#[actix_web::test]
async fn a_wrong_field_is_pointed_at_and_not_echoed() {
    let app = app().await;
    for (body, pointer, code) in [
        ("{}", "/stage", "missing"),
        (r#"{"stage":"SECRET"}"#, "/stage", "unknown_value"),
        (r#"{"stage":"primary","grade":"SECRET"}"#, "/grade", "wrong_type"),
        (r#"{"stage":"primary","grade":300}"#, "/grade", "invalid_value"),
        (r#"{"stage":"primary","clas":1}"#, "/clas", "unknown_field"),
        (r#"{"stage":"primary","110101199001011234":1}"#, "/*", "unknown_field"),
        (r#"["SECRET"]"#, "/0", "unknown_value"),
    ] {
        let answer = app.post_json("/v1/facts", body).await;
        let problem = answer.problem(422, "invalid_input");
        let error = &problem["errors"][0];
        assert_eq!(
            (error["pointer"].as_str(), error["code"].as_str()),
            (Some(pointer), Some(code)),
            "{body}"
        );
        assert!(!answer.text().contains("SECRET") && !answer.text().contains("110101"), "{body}");
    }
    app.post_json("/v1/facts", r#"{"stage":"pri\u0000mary"}"#).await.problem(422, "invalid_input");
}

#[actix_web::test]
async fn another_media_type_is_415() {
    let app = app().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let request = TestRequest::post().uri("/v1/facts").insert_header(("content-type", kind));
        app.send(request.set_payload("{}")).await.problem(415, "unsupported_media_type");
    }
    let packed = TestRequest::post()
        .uri("/v1/facts")
        .insert_header(("content-type", "application/json"))
        .insert_header(("content-encoding", "gzip"));
    app.send(packed.set_payload("{}")).await.problem(415, "unsupported_media_type");
}

#[actix_web::test]
async fn a_body_beyond_the_limit_is_413() {
    let app = app().await;
    let body = format!(r#"{{"stage":"primary"{}}}"#, " ".repeat(512));
    app.post_json("/v1/facts", body).await.problem(413, "too_large");
}

#[actix_web::test]
async fn a_wrong_parameter_is_pointed_at() {
    let app = app().await;
    assert_eq!(app.get("/v1/list?place=340000&limit=7").await.json(), serde_json::json!(["34", 7]));
    for (uri, pointer) in [
        ("/v1/list?limit=501", "?limit"),
        ("/v1/list?limit=99999999999", "?limit"),
        ("/v1/list?limit=5&limit=6", "?limit"),
        ("/v1/list?place=SECRET", "?place"),
    ] {
        let answer = app.get(uri).await;
        assert_eq!(answer.problem(422, "invalid_input")["errors"][0]["pointer"], pointer, "{uri}");
        assert!(!answer.text().contains("SECRET"), "{uri}");
    }
    for uri in ["/v1/list?place=%00", "/v1/list?place=34%0A", "/v1/list?place=%ff"] {
        app.get(uri).await.problem(400, "malformed_request");
    }
}

#[actix_web::test]
async fn a_path_that_is_no_id_names_nothing() {
    let app = app().await;
    assert_eq!(app.get("/v1/numbers/7").await.text(), "7");
    let answer = app.get("/v1/numbers/SECRET").await;
    answer.problem(404, "not_found");
    assert!(!answer.text().contains("SECRET"));
}
