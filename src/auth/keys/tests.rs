//! Which keys of a set are taken.

use super::super::{DevKey, MintRequest, Role, mint};
use super::*;

const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa(bits: usize, rest: &str) -> String {
    let mut n = vec![0xFF; bits.div_ceil(8)];
    if !bits.is_multiple_of(8) {
        n[0] = (1 << (bits % 8)) - 1;
    }
    format!(r#"{{"kty":"RSA","kid":"a","n":"{}","e":"AQAB"{rest}}}"#, b64(&n))
}

fn ed(kid: &str, rest: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{X}"{rest}}}"#)
}

fn parse(keys: &[String], algorithm: Algorithm) -> Result<Vec<String>, &'static str> {
    let json = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    KeySet::parse(json.as_bytes(), algorithm).map(|set| {
        let mut kids: Vec<_> = set.keys.into_keys().collect();
        kids.sort();
        kids
    })
}

#[test]
fn a_secret_or_a_double_name_condemns_the_whole_set() {
    let good = ed("good", "");
    for (bad, reason) in [
        (r#"{"kty":"oct","kid":"b","k":"AAAA"}"#.to_owned(), "symmetric_key"),
        (r#"{"kty":"oct","kid":"b"}"#.to_owned(), "symmetric_key"),
        (ed("b", r#","k":"AAAA""#), "symmetric_key"),
        (ed("b", r#","d":"AAAA""#), "private_key"),
        (rsa(2048, r#","p":"AAAA""#), "private_key"),
        (rsa(2048, r#","qi":"AAAA""#), "private_key"),
        (rsa(2048, r#","oth":[]"#), "private_key"),
        (ed("good", ""), "duplicate_kid"),
    ] {
        assert_eq!(parse(&[good.clone(), bad.clone()], Algorithm::EdDsa), Err(reason), "{bad}");
        assert_eq!(parse(&[bad, good.clone()], Algorithm::EdDsa), Err(reason));
    }
    assert_eq!(parse(&vec![ed("a", ""); 65], Algorithm::EdDsa), Err("more_than_64_keys"));
    assert_eq!(KeySet::parse(b"[]", Algorithm::EdDsa).unwrap_err(), "malformed");
    let double = format!(r#"{{"keys":[{}],"keys":[]}}"#, ed("a", ""));
    assert_eq!(KeySet::parse(double.as_bytes(), Algorithm::EdDsa).unwrap_err(), "malformed");
}

#[test]
fn keys_of_no_use_are_passed_over() {
    let good = ed("good", r#","use":"sig","alg":"EdDSA","key_ops":["verify"],"x5t":"ignored""#);
    for other in [
        r#"{"kty":"AKP","kid":"b","pub":"AAAA"}"#.to_owned(),
        ed("b", r#","use":"enc""#),
        ed("b", r#","key_ops":["encrypt"]"#),
        ed("b", r#","alg":"ES256""#),
        ed("", ""),
        ed("b", "").replace(X, "AAAA"),
        ed("b", "").replace(X, "****"),
        ed("b", "").replace("Ed25519", "X25519"),
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}"}}"#),
        rsa(2048, ""),
    ] {
        assert_eq!(parse(&[good.clone(), other.clone()], Algorithm::EdDsa).unwrap(), ["good"], "{other}");
        assert_eq!(parse(&[other], Algorithm::EdDsa), Err("no_usable_key"));
    }
}

#[test]
fn rsa_keys_have_2048_bits_and_a_sound_exponent() {
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
        for bits in [2048, 3072, 4096, 8192] {
            assert_eq!(parse(&[rsa(bits, "")], algorithm).unwrap(), ["a"], "{bits}");
        }
        for bits in [512, 1024, 2047, 8193] {
            assert_eq!(parse(&[rsa(bits, "")], algorithm), Err("no_usable_key"), "{bits}");
        }
        // Zeros before a short modulus do not make it long.
        let padded = rsa(1024, "").replace(&b64(&[0xFF; 128]), &b64(&[[0; 128], [0xFF; 128]].concat()));
        assert_eq!(parse(&[padded], algorithm), Err("no_usable_key"));
        for e in ["AQ", "Aw", "AQAA", "AAAA", ""] {
            let key = rsa(2048, "").replace("AQAB", e);
            assert_eq!(parse(&[key], algorithm), Err("no_usable_key"), "{e}");
        }
    }
}

#[test]
fn curve_points_have_their_length() {
    let ec = |x: &str, y: &str| format!(r#"{{"kty":"EC","crv":"P-256","kid":"a","x":"{x}","y":"{y}"}}"#);
    assert_eq!(parse(&[ec(X, X)], Algorithm::Es256).unwrap(), ["a"]);
    for key in [ec(X, "AAAA"), ec("AAAA", X), ec(X, ""), ec(X, X).replace("P-256", "P-384")] {
        assert_eq!(parse(&[key], Algorithm::Es256), Err("no_usable_key"));
    }
}

#[test]
fn the_names_are_those_of_the_registry() {
    for name in ["RS256", "PS256", "ES256", "EdDSA"] {
        let algorithm: Algorithm = serde_json::from_str(&format!("{name:?}")).unwrap();
        assert_eq!(algorithm.name(), name);
        assert_eq!(format!("{:?}", algorithm.library()), name);
    }
    for name in ["HS256", "none", "ES256K", "rs256"] {
        assert!(serde_json::from_str::<Algorithm>(&format!("{name:?}")).is_err());
    }
}

fn token(key: &DevKey) -> String {
    let request = MintRequest {
        roles: vec![Role::Province],
        place: Some(crate::values::Place::parse("34").unwrap()),
        school: None,
        student: None,
        pii: false,
        purpose: None,
        subject: "dev".to_owned(),
        ttl: 600,
    };
    mint(key, request, 1_000).unwrap()
}

#[test]
fn what_a_set_has_proven_vouches_for_nothing_else() {
    let key = DevKey::generate().unwrap();
    let token = token(&key);
    let parts = super::super::claims::parse(&token).unwrap();
    let (kid, message, signature) = (parts.header.kid.as_str(), parts.message, parts.signature);
    let set = key.key_set();
    for _ in 0..3 {
        assert_eq!(set.verify(kid, message, signature), Ok(()));
    }
    assert_eq!(set.proven.lock().unwrap().len(), 1);
    let (longer, other) = (format!("{message}A"), format!("{}AAAA", &signature[..signature.len() - 4]));
    for (kid, message, signature, reason) in [
        (kid, longer.as_str(), signature, "signature"),
        (kid, message, other.as_str(), "signature"),
        ("another", message, signature, "kid"),
    ] {
        assert_eq!(set.verify(kid, message, signature), Err(Refused(reason)));
    }
    assert_eq!(set.proven.lock().unwrap().len(), 1, "what was refused is not remembered");
    // The key was withdrawn and another took its name: the new set has proven nothing.
    let stranger = DevKey::generate().unwrap();
    let fresh = KeySet {
        keys: stranger.key_set().keys.into_values().map(|k| (kid.to_owned(), k)).collect(),
        ..key.key_set()
    };
    assert_eq!(fresh.verify(kid, message, signature), Err(Refused("signature")));
}

#[test]
fn a_set_forgets_rather_than_grows() {
    let key = DevKey::generate().unwrap();
    let set = key.key_set();
    set.proven.lock().unwrap().extend((0..MOST_PROVEN).map(|n| {
        let mut token = [0; 32];
        token[..8].copy_from_slice(&u64::try_from(n).unwrap().to_be_bytes());
        token
    }));
    let token = token(&key);
    let parts = super::super::claims::parse(&token).unwrap();
    assert_eq!(set.verify(&parts.header.kid, parts.message, parts.signature), Ok(()));
    assert_eq!(set.proven.lock().unwrap().len(), 1);
}
