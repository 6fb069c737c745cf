//! What is true of every request: ids, languages, refusals, panics, headers, counters.

use actix_web::test::TestRequest;
use actix_web::{HttpResponse, get, post};
use utoipa_actix_web::service_config::ServiceConfig;
use yingzhu::error::{Code, Error, Result};
use yingzhu::http::Limits;

use crate::support::TestApp;

/// Breaks down.
#[utoipa::path]
#[get("/v1/panics/{id}")]
async fn panics() -> HttpResponse {
    panic!("a fault on purpose")
}

/// Fails inside.
#[utoipa::path]
#[get("/v1/fails")]
async fn fails() -> Result<HttpResponse> {
    Err(Error::internal("INSIDE"))
}

/// Refuses for lack of a token.
#[utoipa::path]
#[get("/v1/secured")]
async fn secured() -> Result<HttpResponse> {
    Err(Error::of(Code::Unauthenticated))
}

/// Is busy.
#[utoipa::path]
#[get("/v1/busy")]
async fn busy() -> Result<HttpResponse> {
    Err(Error::unavailable("database pool: timed out"))
}

/// Answers a person's data.
#[utoipa::path]
#[post("/v1/people")]
async fn people() -> HttpResponse {
    HttpResponse::Ok().body("x")
}

/// Answers a refusal in another layer's plain text.
#[utoipa::path]
#[get("/v1/plain")]
async fn plain() -> HttpResponse {
    HttpResponse::BadRequest().body("SENT BY THE CALLER")
}

fn rooms(cfg: &mut ServiceConfig) {
    cfg.service(panics).service(fails).service(secured).service(busy).service(people).service(plain);
    yingzhu::http::routes::all(cfg);
}

async fn app() -> TestApp {
    TestApp::with(Limits::default(), rooms).await
}

#[actix_web::test]
async fn a_panic_is_a_problem_and_is_counted() {
    let app = app().await;
    let answer = app.get("/v1/panics/110101199001011234").await;
    answer.problem(500, "internal");
    assert!(!answer.text().contains("on purpose"));
    let metrics = app.get("/metrics").await;
    assert!(metrics.text().lines().any(|line| line == "yingzhu_panics_total 1"), "{}", metrics.text());
    let counted = "yingzhu_http_requests_total{method=\"GET\",route=\"/v1/panics/{id}\",status=\"500\"} 1";
    assert!(metrics.text().lines().any(|line| line == counted), "{}", metrics.text());
    assert!(!metrics.text().contains("110101"));
    assert_eq!(app.get("/healthz").await.status, 200, "the application lives on");
}

#[actix_web::test]
async fn a_cause_stays_inside() {
    let answer = app().await.get("/v1/fails").await;
    answer.problem(500, "internal");
    assert!(!answer.text().contains("INSIDE"));
}

#[actix_web::test]
async fn another_layers_refusal_becomes_a_problem_too() {
    let answer = app().await.get("/v1/plain").await;
    answer.problem(400, "malformed_request");
    assert!(!answer.text().contains("CALLER"));
}

#[actix_web::test]
async fn an_unknown_address_is_404_and_a_wrong_method_405_with_allow() {
    let app = app().await;
    app.get("/v1/nothing").await.problem(404, "not_found");
    app.get("/nothing").await.problem(404, "not_found");
    for (method, uri, allow) in [
        (TestRequest::post(), "/healthz", "GET, HEAD"),
        (TestRequest::delete(), "/v1/fails", "GET, HEAD"),
        (TestRequest::get(), "/v1/people", "POST"),
        (TestRequest::patch(), "/v1/panics/7", "GET, HEAD"),
    ] {
        let answer = app.send(method.uri(uri)).await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allow, "{uri}");
    }
}

#[actix_web::test]
async fn head_is_answered_where_get_is() {
    let head = TestRequest::default().method(actix_web::http::Method::HEAD).uri("/healthz");
    assert_eq!(app().await.send(head).await.status, 200);
}

#[actix_web::test]
async fn a_problem_speaks_the_callers_language() {
    let app = app().await;
    for (asked, tag, title) in [
        ("", "zh-CN", "没有找到，或不在您的管辖范围内"),
        ("en-GB,zh;q=0.5", "en", "Not found, or not within your scope"),
        ("fr", "zh-CN", "没有找到，或不在您的管辖范围内"),
    ] {
        let request = TestRequest::get().uri("/v1/nothing").insert_header(("accept-language", asked));
        let answer = app.send(request).await;
        assert_eq!(answer.problem(404, "not_found")["title"], title);
        assert_eq!(answer.header("content-language"), tag);
        assert_eq!(answer.header("vary"), "accept-language");
    }
}

#[actix_web::test]
async fn a_request_keeps_its_id_or_gets_one() {
    let app = app().await;
    let ask = |id: &'static str| TestRequest::get().uri("/healthz").insert_header(("x-request-id", id));
    assert_eq!(app.send(ask("gateway-7f3a")).await.header("x-request-id"), "gateway-7f3a");
    let refused = app.send(ask("13800138000")).await;
    assert!(uuid::Uuid::parse_str(refused.header("x-request-id")).is_ok());
    let (one, other) = (app.get("/healthz").await, app.get("/healthz").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[actix_web::test]
async fn a_missing_token_and_a_bad_one_are_challenged_apart() {
    let app = app().await;
    let without = app.get("/v1/secured").await;
    without.problem(401, "unauthenticated");
    assert_eq!(without.header("www-authenticate"), "Bearer realm=\"yingzhu\"");
    let request = TestRequest::get().uri("/v1/secured").insert_header(("authorization", "Bearer x"));
    let with = app.send(request).await;
    assert_eq!(with.header("www-authenticate"), "Bearer realm=\"yingzhu\", error=\"invalid_token\"");
}

#[actix_web::test]
async fn a_passing_outage_says_when_to_come_back() {
    let answer = app().await.get("/v1/busy").await;
    answer.problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "2");
}

#[actix_web::test]
async fn answers_about_people_are_not_stored_on_the_way() {
    let app = app().await;
    let personal = app.send(TestRequest::post().uri("/v1/people")).await;
    assert_eq!(personal.header("cache-control"), "no-store");
    assert_eq!(personal.header("x-content-type-options"), "nosniff");
    assert_eq!(app.get("/openapi.json").await.header("cache-control"), "");
}

#[actix_web::test]
async fn readiness_names_no_cause_and_recovers_with_its_part() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let loaded = Arc::new(AtomicBool::new(false));
    let (parts, folder) = crate::support::parts(Limits::default());
    let seen = Arc::clone(&loaded);
    let parts = parts.ready_when("policy", move || {
        if seen.load(Ordering::Relaxed) { Ok(()) } else { Err(Error::internal("INSIDE")) }
    });
    let app = TestApp::of(parts, folder, rooms).await;
    let answer = app.get("/readyz").await;
    answer.problem(503, "unavailable");
    assert!(!answer.text().contains("INSIDE"));
    assert_eq!(app.get("/healthz").await.status, 200);
    loaded.store(true, Ordering::Relaxed);
    assert_eq!(app.get("/readyz").await.json()["status"], "ok");
}

#[actix_web::test]
async fn the_docs_page_asks_no_outside_address() {
    let app = TestApp::start().await;
    let moved = app.get("/docs").await;
    assert_eq!((moved.status, moved.header("location")), (303, "/docs/"));
    let page = app.get("/docs/").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("http"), "{policy}");
    assert!(!page.text().contains("//cdn") && !page.text().contains("https://"), "{}", page.text());
    for asset in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert_eq!(app.get(&format!("/docs/{asset}")).await.status, 200, "{asset}");
    }
    assert!(app.get("/docs/swagger-initializer.js").await.text().contains("/openapi.json"));
    app.get("/docs/nothing.js").await.problem(404, "not_found");
}
