//! Makes tokens as issuers and as forgers do: header and claims as raw JSON, signed by any key.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use yingzhu::auth::{Algorithm, DevKey, Fetch, FetchFault, IssuerConfig, KeySource, Verifier};

/// The time of every test.
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) const RS: &str = "https://id.province.test/";
pub(crate) const ES: &str = "https://es.province.test/";
pub(crate) const ED: &str = "https://ed.province.test/";
pub(crate) const PS: &str = "https://ps.province.test/";

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The keys of all issuers, made once. `retired` and `foreign` are in no set.
pub(crate) struct Keys {
    pub(crate) rsa: RsaKeyPair,
    pub(crate) ec: EcdsaKeyPair,
    /// The same key as `ec`, signing in DER.
    pub(crate) ec_der: EcdsaKeyPair,
    pub(crate) ed: Ed25519KeyPair,
    pub(crate) retired: Ed25519KeyPair,
    pub(crate) dev: DevKey,
}

pub(crate) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let rng = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
        Keys {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap(),
            ec_der: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap(),
            ed: Ed25519KeyPair::generate().unwrap(),
            retired: Ed25519KeyPair::generate().unwrap(),
            dev: DevKey::generate().unwrap(),
        }
    })
}

/// Who signs.
#[derive(Clone, Copy)]
pub(crate) enum By {
    Rs256,
    Ps256,
    Es256,
    EsDer,
    Ed,
    Retired,
    /// HMAC-SHA256 under these bytes.
    Hmac(&'static [u8]),
    /// These bytes instead of a signature.
    Bytes(&'static [u8]),
}

pub(crate) fn signature(message: &str, by: By) -> Vec<u8> {
    let (keys, rng, message) = (keys(), SystemRandom::new(), message.as_bytes());
    let rsa = |padding: &'static dyn aws_lc_rs::signature::RsaEncoding| {
        let mut out = vec![0; keys.rsa.public_modulus_len()];
        keys.rsa.sign(padding, &rng, message, &mut out).unwrap();
        out
    };
    match by {
        By::Rs256 => rsa(&RSA_PKCS1_SHA256),
        By::Ps256 => rsa(&RSA_PSS_SHA256),
        By::Es256 => keys.ec.sign(&rng, message).unwrap().as_ref().to_vec(),
        By::EsDer => keys.ec_der.sign(&rng, message).unwrap().as_ref().to_vec(),
        By::Ed => keys.ed.sign(message).as_ref().to_vec(),
        By::Retired => keys.retired.sign(message).as_ref().to_vec(),
        By::Hmac(secret) => {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
            aws_lc_rs::hmac::sign(&key, message).as_ref().to_vec()
        }
        By::Bytes(bytes) => bytes.to_vec(),
    }
}

/// A token of exactly this header and these claims.
pub(crate) fn raw(header: &str, claims: &str, by: By) -> String {
    let message = format!("{}.{}", b64(header), b64(claims));
    let signature = b64(signature(&message, by));
    format!("{message}.{signature}")
}

/// The claims of a county officer, as the issuer `ED` would sign them.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ED, "sub": "officer-1", "aud": "yingzhu", "exp": NOW + 600, "nbf": NOW, "iat": NOW,
        "jti": "t-1", "roles": ["county"], "place": "341024",
    })
}

/// The claims with one member set to another value, or taken away by null.
pub(crate) fn but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    claims
}

pub(crate) fn header(alg: &str, kid: &str) -> String {
    json!({ "alg": alg, "typ": "at+jwt", "kid": kid }).to_string()
}

/// A token that is signed rightly, whatever it claims.
pub(crate) fn signed(claims: &Value) -> String {
    raw(&header("EdDSA", "ed-1"), &claims.to_string(), By::Ed)
}

/// A token of the right claims under this header.
pub(crate) fn headed(header: &str) -> String {
    raw(header, &claims().to_string(), By::Ed)
}

/// A key set, or nothing for an issuer that does not answer.
struct Set(Option<Value>);

impl Fetch for Set {
    fn fetch(&self) -> Result<Vec<u8>, FetchFault> {
        self.0.as_ref().map(|set| set.to_string().into_bytes()).ok_or(FetchFault("no answer"))
    }
}

/// The four issuers, each with one key that is fetched already, and the development key if asked for.
pub(crate) fn verifier(dev: bool) -> Verifier {
    let verifier = assemble(dev, true);
    assert!(verifier.prefetch());
    verifier
}

/// The four issuers before any key was fetched. They answer, or they do not.
pub(crate) fn unfetched(answering: bool) -> Verifier {
    assemble(false, answering)
}

fn assemble(dev: bool, answering: bool) -> Verifier {
    let keys = keys();
    let public = keys.rsa.public_key();
    let (n, e) = (public.modulus(), public.exponent());
    let (n, e) = (b64(n.big_endian_without_leading_zero()), b64(e.big_endian_without_leading_zero()));
    let point = keys.ec.public_key().as_ref();
    let sets = [
        (RS, Algorithm::Rs256, json!({"kty": "RSA", "kid": "rs-1", "use": "sig", "n": n, "e": e})),
        (PS, Algorithm::Ps256, json!({"kty": "RSA", "kid": "ps-1", "use": "sig", "n": n, "e": e})),
        (
            ES,
            Algorithm::Es256,
            json!({"kty": "EC", "crv": "P-256", "kid": "es-1", "x": b64(&point[1..33]), "y": b64(&point[33..])}),
        ),
        (
            ED,
            Algorithm::EdDsa,
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed-1", "x": b64(keys.ed.public_key())}),
        ),
    ];
    let mut sources: Vec<(IssuerConfig, Box<dyn Fetch>)> = Vec::new();
    for (issuer, algorithm, key) in sets {
        let config = IssuerConfig {
            issuer: issuer.to_owned(),
            audience: "yingzhu".to_owned(),
            algorithm,
            keys: KeySource::File("not read".into()),
            authorities: None,
        };
        sources.push((config, Box::new(Set(answering.then(|| json!({ "keys": [key] }))))));
    }
    Verifier::with(sources, dev.then_some(&keys.dev), Arc::new(|| NOW)).unwrap()
}
