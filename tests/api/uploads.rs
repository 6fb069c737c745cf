//! Files sent by a caller: as a form, as bare bytes, and wrongly.

use actix_web::test::TestRequest;
use actix_web::{HttpResponse, post};
use utoipa_actix_web::service_config::ServiceConfig;
use yingzhu::http::Limits;
use yingzhu::http::upload::Upload;

use crate::support::{Answer, TestApp};

/// Takes a file.
#[utoipa::path]
#[post("/v1/files")]
async fn take(upload: Upload) -> yingzhu::error::Result<HttpResponse> {
    let term = upload.text("term")?;
    let content = std::fs::read(upload.file.path())?;
    Ok(HttpResponse::Ok().json(serde_json::json!({
        "term": term,
        "digest": upload.digest,
        "bytes": upload.bytes,
        "kept": content.len(),
        "kind": upload.content_type,
    })))
}

fn rooms(cfg: &mut ServiceConfig) {
    cfg.service(take);
}

const CAP: u64 = 1 << 20;

async fn app() -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let limits =
        Limits { upload_bytes: CAP, upload_dir: Some(folder.path().to_owned()), ..Limits::default() };
    (TestApp::with(limits, rooms).await, folder)
}

fn part(name: &str, file: bool, content: &str) -> String {
    let file = if file { "; filename=\"张三.csv\"\r\nContent-Type: text/csv" } else { "" };
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
}

async fn send_form(app: &TestApp, parts: &[String]) -> Answer {
    let request = TestRequest::post()
        .uri("/v1/files")
        .insert_header(("content-type", "multipart/form-data; boundary=B"))
        .set_payload(format!("{}--B--\r\n", parts.concat()));
    app.send(request).await
}

#[actix_web::test]
async fn a_form_gives_the_file_its_digest_and_the_texts_beside_it() {
    let (app, folder) = app().await;
    let answer = send_form(&app, &[part("term", false, "2025A"), part("file", true, "abc")]).await;
    // FIPS 180-2, appendix B.1.
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(
        answer.json(),
        serde_json::json!({ "term": "2025A", "digest": digest, "bytes": 3, "kept": 3, "kind": "text/csv" })
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file is gone with the request");
}

#[actix_web::test]
async fn bare_bytes_are_taken_with_the_texts_in_the_query() {
    let (app, _folder) = app().await;
    let content = "x".repeat(700_000);
    let request = TestRequest::post().uri("/v1/files?term=2025A").insert_header(("content-type", "text/csv"));
    let answer = app.send(request.set_payload(content)).await;
    assert_eq!((answer.status, answer.json()["kept"].as_u64()), (200, Some(700_000)));
}

#[actix_web::test]
async fn a_wrong_upload_is_refused_and_leaves_nothing() {
    let (app, folder) = app().await;
    let (term, file) = (part("term", false, "2025A"), part("file", true, "abc"));
    send_form(&app, std::slice::from_ref(&term)).await.problem(422, "invalid_input");
    send_form(&app, std::slice::from_ref(&file)).await.problem(422, "invalid_input");
    send_form(&app, &[term.clone(), file.clone(), file.clone()]).await.problem(422, "invalid_input");
    send_form(&app, &[term.clone(), part("file", true, "")]).await.problem(422, "empty_file");
    send_form(&app, &[term.clone(), term.clone(), file.clone()]).await.problem(400, "malformed_request");
    send_form(&app, &[part("term", false, &"x".repeat(9_000)), file.clone()])
        .await
        .problem(400, "malformed_request");
    let many: Vec<_> = (0..40).map(|n| part(&format!("f{n}"), false, "x")).collect();
    send_form(&app, &many).await.problem(400, "malformed_request");
    let large = "x".repeat(usize::try_from(CAP).unwrap() + 1);
    send_form(&app, &[term.clone(), part("file", true, &large)]).await.problem(413, "too_large");
    let cut = TestRequest::post()
        .uri("/v1/files")
        .insert_header(("content-type", "multipart/form-data; boundary=B"))
        .set_payload(file);
    app.send(cut).await.problem(400, "malformed_request");
    let bare = TestRequest::post().uri("/v1/files?term=2025A");
    app.send(bare).await.problem(422, "empty_file");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
