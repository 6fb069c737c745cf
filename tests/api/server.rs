//! The listening server: slow callers, and a stop that finishes what is in flight.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get, post};
use tokio::sync::{Semaphore, oneshot};
use utoipa_actix_web::service_config::ServiceConfig;
use yingzhu::http::parts::Patience;
use yingzhu::http::server::{Settings, start};
use yingzhu::http::{Json, Limits};

use crate::support;

/// Lets a test see a request arrive, and lets the request go on when the test says so.
#[derive(Debug)]
struct Gate {
    arrived: Semaphore,
    open: Semaphore,
}

/// Waits for the test.
#[utoipa::path]
#[get("/v1/waits")]
async fn waits(gate: Data<Gate>) -> HttpResponse {
    gate.arrived.add_permits(1);
    gate.open.acquire().await.unwrap().forget();
    HttpResponse::Ok().body("finished")
}

/// Takes a body.
#[utoipa::path]
#[post("/v1/body")]
async fn take_json(json: Json<serde_json::Value>) -> HttpResponse {
    HttpResponse::Ok().json(json.into_inner())
}

/// Takes raw bytes, as actix-web's own extractor does.
#[utoipa::path(request_body = String)]
#[post("/v1/bytes")]
async fn take_bytes(bytes: Bytes) -> HttpResponse {
    HttpResponse::Ok().body(bytes)
}

fn rooms(cfg: &mut ServiceConfig) {
    cfg.service(waits).service(take_json).service(take_bytes);
    yingzhu::http::routes::all(cfg);
}

struct Running {
    address: SocketAddr,
    gate: Arc<Gate>,
    stop: oneshot::Sender<()>,
    ended: actix_web::rt::task::JoinHandle<std::io::Result<()>>,
    _ground: support::engine::Ground,
}

fn run(limits: Limits) -> Running {
    let gate = Arc::new(Gate { arrived: Semaphore::new(0), open: Semaphore::new(0) });
    let (parts, ground) = support::parts(limits);
    let parts = parts.with_shared(Arc::clone(&gate));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let settings = Settings { workers: 1, pool_size: 2, ..Settings::default() };
    let server = start(parts, rooms, listener, settings, async move {
        let _ = stopped.await;
    });
    let ended = actix_web::rt::spawn(server.unwrap());
    Running { address, gate, stop, ended, _ground: ground }
}

/// Sends these bytes and reads until the server closes the connection.
async fn exchange(address: SocketAddr, request: &'static str) -> String {
    let sent = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        // Only a bound on a test that would otherwise hang.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    sent.await.unwrap()
}

fn impatient() -> Limits {
    let body = Patience {
        total: Duration::from_millis(200),
        grace: Duration::from_millis(50),
        bytes_per_second: 1_000,
    };
    Limits { body, ..Limits::default() }
}

#[actix_web::test]
async fn a_body_that_stops_coming_is_answered_with_408_and_the_connection_closed() {
    let server = run(impatient());
    for request in [
        "POST /v1/body HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a\":",
        "POST /v1/bytes HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nabc",
        "POST /v1/bytes HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let answer = exchange(server.address, request).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("urn:yingzhu:problem:request_timeout"), "{answer}");
    }
}

#[actix_web::test]
async fn a_refused_request_does_not_keep_the_connection_for_the_rest_of_its_body() {
    let server = run(Limits::default());
    for request in [
        "POST /v1/nothing HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nabc",
        "POST /v1/nothing HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let answer = exchange(server.address, request).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
}

#[actix_web::test]
async fn a_whole_body_is_not_hurried() {
    let server = run(impatient());
    let request = "POST /v1/body HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: application/json\r\n\
                   Content-Length: 2\r\n\r\n[]";
    let answer = exchange(server.address, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n[]"), "{answer}");
}

#[actix_web::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = run(Limits::default());
    let answer =
        exchange(server.address, "HEAD /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(!answer.to_ascii_lowercase().contains("content-length: 0"), "{answer}");
}

#[actix_web::test]
async fn a_request_in_flight_is_finished_when_the_server_stops() {
    let server = run(Limits::default());
    let address = server.address;
    let asked = actix_web::rt::spawn(exchange(address, "GET /v1/waits HTTP/1.1\r\nHost: t\r\n\r\n"));
    server.gate.arrived.acquire().await.unwrap().forget();
    server.stop.send(()).unwrap();
    // The stop has been taken up once nobody is let in any more.
    while TcpStream::connect(address).is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.ended.is_finished(), "the server waits for the request");
    server.gate.open.add_permits(1);
    let answer = asked.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("finished"), "{answer}");
    server.ended.await.unwrap().unwrap();
}
