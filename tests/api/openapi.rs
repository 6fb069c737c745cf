//! The document: equal to what is committed, and whole for every operation.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::TestApp;

fn document() -> Value {
    serde_json::to_value(yingzhu::http::openapi()).unwrap()
}

#[test]
fn the_committed_document_is_the_codes_own() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/yingzhu.json");
    let made = yingzhu::http::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(made == committed, "the API changed: run UPDATE_OPENAPI=1 cargo test --test api openapi");
}

#[actix_web::test]
async fn the_served_document_is_the_same() {
    assert_eq!(TestApp::start().await.get("/openapi.json").await.json(), document());
}

#[test]
fn every_operation_is_named_described_and_secured() {
    let document = document();
    let mut ids = HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap_or_default();
            assert!(!id.is_empty() && ids.insert(id.to_owned()), "{place}: operationId {id:?}");
            for text in ["summary", "description"] {
                assert!(operation[text].as_str().is_some_and(|t| !t.is_empty()), "{place}: {text}");
            }
            let tags = operation["tags"].as_array().cloned().unwrap_or_default();
            assert_eq!(tags.len(), 1, "{place}: one tag");
            let known = document["tags"].as_array().unwrap();
            assert!(known.iter().any(|tag| tag["name"] == tags[0]), "{place}: tag {}", tags[0]);
            let secured =
                operation["security"].as_array().is_some_and(|s| s.iter().any(|s| s.get("bearer").is_some()));
            assert_eq!(secured, path.starts_with("/v1/"), "{place}: security");
        }
    }
    assert!(ids.contains("check_health"));
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|v| walk(v, found));
            }
            Value::Array(list) => list.iter().for_each(|v| walk(v, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    walk(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}
