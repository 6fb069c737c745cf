//! How a verifier is put together. What it refuses is in `tests/tokens.rs`.

use super::super::{FetchFault, MintRequest, Role, mint};
use super::*;
use crate::values::Place;

struct Nothing;

impl Fetch for Nothing {
    fn fetch(&self) -> Result<Vec<u8>, FetchFault> {
        Err(FetchFault("nothing"))
    }
}

fn config(issuer: &str, audience: &str) -> IssuerConfig {
    IssuerConfig {
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
        algorithm: Algorithm::EdDsa,
        keys: KeySource::File("unused".into()),
        authorities: None,
    }
}

fn with(configs: &[(&str, &str)], dev: Option<&DevKey>) -> Result<Verifier> {
    let mut sources: Vec<(IssuerConfig, Box<dyn Fetch>)> = Vec::new();
    for (iss, aud) in configs {
        sources.push((config(iss, aud), Box::new(Nothing)));
    }
    Verifier::with(sources, dev, Arc::new(|| 1_000))
}

#[test]
fn issuers_that_could_be_confused_are_refused_at_start() {
    assert!(with(&[("https://a", "y"), ("https://b", "y")], None).is_ok());
    for configs in [
        vec![("https://a", "y"), ("https://a", "z")],
        vec![(DEV_ISSUER, "y")],
        vec![("", "y")],
        vec![("https://a", "")],
    ] {
        assert!(with(&configs, None).is_err(), "{configs:?}");
    }
}

#[test]
fn a_development_token_counts_only_where_its_key_is_trusted() {
    let key = DevKey::generate().unwrap();
    let request = MintRequest {
        roles: vec![Role::City, Role::Province],
        place: Some(Place::parse("341000").unwrap()),
        school: None,
        student: None,
        pii: true,
        purpose: Some("核对名单".to_owned()),
        subject: "dev".to_owned(),
        ttl: MOST_DEV,
    };
    let token = mint(&key, request, 1_000).unwrap();
    let caller = with(&[], Some(&key)).unwrap().verify(&token).unwrap();
    assert_eq!(caller.roles(), [Role::Province, Role::City]);
    assert_eq!(caller.scope().place().map(Place::as_str), Some("3410"));
    assert!(caller.sees_identities());
    assert_eq!(caller.actor(), "yingzhu-dev#dev");
    for verifier in [
        with(&[], None),
        with(&[("https://a", "yingzhu")], None),
        with(&[], Some(&DevKey::generate().unwrap())),
    ] {
        assert_eq!(verifier.unwrap().verify(&token).unwrap_err().code, Code::Unauthenticated);
    }
}

const MOST_DEV: i64 = super::super::MOST_DEV_SECONDS;

#[test]
fn readiness_follows_the_key_sets() {
    let key = DevKey::generate().unwrap();
    assert!(with(&[], Some(&key)).unwrap().ready());
    let waiting = with(&[("https://a", "y")], Some(&key)).unwrap();
    assert!(!waiting.ready() && !waiting.prefetch() && !waiting.ready());
}

#[test]
fn the_configuration_is_read_strictly() {
    let json = |keys: &str| {
        format!(r#"{{"issuer":"https://a/","audience":"yingzhu","algorithm":"RS256","keys":{keys}}}"#)
    };
    let read = |text: &str| serde_json::from_str::<IssuerConfig>(text);
    assert!(matches!(read(&json(r#"{"url":"https://a/jwks"}"#)).unwrap().keys, KeySource::Url(_)));
    assert!(matches!(read(&json(r#"{"file":"/etc/jwks"}"#)).unwrap().keys, KeySource::File(_)));
    for wrong in [
        json(r#"{"inline":"x"}"#),
        json(r#""https://a/jwks""#),
        json(r#"{"file":"x"}"#).replace("RS256", "HS256"),
        json(r#"{"file":"x"},"leeway":99"#),
    ] {
        assert!(read(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_token_that_was_verified_before_is_refused_once_it_has_expired() {
    use std::sync::atomic::{AtomicI64, Ordering};
    let key = DevKey::generate().unwrap();
    let time = Arc::new(AtomicI64::new(1_000));
    let clock = Arc::clone(&time);
    let verifier =
        Verifier::with(Vec::new(), Some(&key), Arc::new(move || clock.load(Ordering::Relaxed))).unwrap();
    let request = MintRequest {
        roles: vec![Role::Province],
        place: Some(Place::parse("34").unwrap()),
        school: None,
        student: None,
        pii: false,
        purpose: None,
        subject: "dev".to_owned(),
        ttl: 600,
    };
    let token = mint(&key, request, 1_000).unwrap();
    assert!(verifier.verify(&token).is_ok() && verifier.verify(&token).is_ok());
    time.store(5_000, Ordering::Relaxed);
    assert_eq!(verifier.verify(&token).unwrap_err().code, Code::Unauthenticated);
    time.store(500, Ordering::Relaxed);
    assert_eq!(verifier.verify(&token).unwrap_err().code, Code::Unauthenticated, "not valid yet");
    time.store(1_100, Ordering::Relaxed);
    assert!(verifier.verify(&token).is_ok());
}
