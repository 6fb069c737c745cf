//! Tokens to be refused with 401, each one change away from a token that is accepted.

use serde_json::{Value, json};
use yingzhu::auth::{MintRequest, Role, mint};
use yingzhu::values::Place;

use crate::forge::{By, ED, ES, NOW, RS, b64, but, claims, headed, header, keys, raw, signature, signed};

pub(crate) type Case = (&'static str, String);

/// A header with this text as `alg`, which need not be a string.
fn alg(alg: &str) -> String {
    format!(r#"{{"alg":{alg},"typ":"at+jwt","kid":"ed-1"}}"#)
}

fn with_header(extra: &str) -> String {
    headed(&format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"ed-1",{extra}}}"#))
}

fn kid(kid: &str) -> String {
    headed(&header("EdDSA", kid))
}

pub(crate) fn algorithm() -> Vec<Case> {
    const NAMES: [(&str, &str); 11] = [
        ("alg none", r#""none""#),
        ("alg None", r#""None""#),
        ("alg NONE", r#""NONE""#),
        ("alg nOnE", r#""nOnE""#),
        ("alg empty", r#""""#),
        ("alg null", "null"),
        ("alg a number", "1"),
        ("alg a list", r#"["EdDSA"]"#),
        ("alg with a blank", r#""EdDSA ""#),
        ("alg in lower case", r#""eddsa""#),
        ("alg of another curve", r#""ES256K""#),
    ];
    let mut cases: Vec<Case> = NAMES.iter().map(|(name, text)| (*name, headed(&alg(text)))).collect();
    // The issuer's public values as the secret of a symmetric signature.
    let public = |bytes: &[u8]| By::Hmac(Vec::leak(bytes.to_vec()));
    let ed = aws_lc_rs::signature::KeyPair::public_key(&keys().ed).as_ref();
    let hmac = |by| raw(&header("HS256", "ed-1"), &claims().to_string(), by);
    cases.push(("HS256 with the public key", hmac(public(ed))));
    cases.push(("HS256 with the public key's text", hmac(public(b64(ed).as_bytes()))));
    cases.push((
        "HS256 signature under the right alg",
        raw(&header("EdDSA", "ed-1"), &claims().to_string(), public(ed)),
    ));
    let rs = but("iss", json!(RS)).to_string();
    cases.push(("PS256 signature for an RS256 key", raw(&header("RS256", "rs-1"), &rs, By::Ps256)));
    cases.push(("PS256 throughout for an RS256 key", raw(&header("PS256", "rs-1"), &rs, By::Ps256)));
    cases
}

pub(crate) fn signatures() -> Vec<Case> {
    let good = signed(&claims());
    let (message, signature64) = good.rsplit_once('.').unwrap();
    let bits = signature(message, By::Ed);
    let mut flipped = bits.clone();
    flipped[10] ^= 1;
    let other = signed(&but("sub", json!("officer-2")));
    let (_, foreign) = other.rsplit_once('.').unwrap();
    let right = header("EdDSA", "ed-1");
    let es = but("iss", json!(ES)).to_string();
    vec![
        ("signature missing", message.to_owned()),
        ("signature empty", format!("{message}.")),
        ("signature of zeros", raw(&right, &claims().to_string(), By::Bytes(&[0; 64]))),
        ("signature cut", format!("{message}.{}", b64(&bits[..63]))),
        ("signature longer", format!("{message}.{}", b64([bits.as_slice(), &[0]].concat()))),
        ("one bit flipped", format!("{message}.{}", b64(flipped))),
        ("signature of another payload", format!("{message}.{foreign}")),
        ("signature in DER", raw(&header("ES256", "es-1"), &es, By::EsDer)),
        ("signature by a retired key", raw(&right, &claims().to_string(), By::Retired)),
        ("retired key under its own name", raw(&header("EdDSA", "ed-0"), &claims().to_string(), By::Retired)),
        ("zeros for ES256", raw(&header("ES256", "es-1"), &es, By::Bytes(&[0; 64]))),
        ("payload changed afterwards", {
            let (head, _) = message.split_once('.').unwrap();
            format!("{head}.{}.{signature64}", b64(but("place", json!("341023")).to_string()))
        }),
    ]
}

pub(crate) fn headers() -> Vec<Case> {
    vec![
        ("kid missing", headed(r#"{"alg":"EdDSA","typ":"at+jwt"}"#)),
        ("kid empty", kid("")),
        ("kid unknown", kid("ed-2")),
        ("kid of 6 kB", kid(&"k".repeat(6_000))),
        ("kid of 64 kB", kid(&"k".repeat(65_536))),
        ("kid a path", kid("../../../../dev/null")),
        ("kid with SQL", kid("ed-1' OR '1'='1")),
        ("kid with NUL", kid("ed-1\0")),
        ("kid of another issuer", kid("es-1")),
        ("kid a number", headed(r#"{"alg":"EdDSA","typ":"at+jwt","kid":1}"#)),
        ("kid twice", with_header(r#""kid":"ed-1""#)),
        ("alg twice", with_header(r#""alg":"none""#)),
        ("jku", with_header(r#""jku":"https://evil.test/jwks""#)),
        ("x5u", with_header(r#""x5u":"https://evil.test/cert""#)),
        ("jwk", with_header(r#""jwk":{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#)),
        ("crit", with_header(r#""crit":["exp"],"exp":1"#)),
        ("b64 false", with_header(r#""b64":false,"crit":["b64"]"#)),
        ("zip", with_header(r#""zip":"DEF""#)),
        ("cty", with_header(r#""cty":"JWT""#)),
        ("typ missing", headed(r#"{"alg":"EdDSA","kid":"ed-1"}"#)),
        ("typ of an ID token", headed(r#"{"alg":"EdDSA","typ":"JWT","kid":"ed-1"}"#)),
        ("typ of a logout token", headed(r#"{"alg":"EdDSA","typ":"logout+jwt","kid":"ed-1"}"#)),
    ]
}

/// Claims whose JSON is changed as text, for what a JSON value cannot say.
fn text(from: &str, to: &str) -> String {
    let json = claims().to_string();
    assert!(json.contains(from), "{from}");
    raw(&header("EdDSA", "ed-1"), &json.replacen(from, to, 1), By::Ed)
}

fn lived(from: i64, until: i64) -> Value {
    let mut claims = claims();
    claims["iat"] = json!(from);
    claims["nbf"] = json!(from);
    claims["exp"] = json!(until);
    claims
}

pub(crate) fn claim_values() -> Vec<Case> {
    let exp = format!(r#""exp":{}"#, NOW + 600);
    let mut cases = vec![
        ("exp 1e300", text(&exp, r#""exp":1e300"#)),
        ("exp 2^64-1", text(&exp, r#""exp":18446744073709551615"#)),
        ("exp 2^63-1", text(&exp, r#""exp":9223372036854775807"#)),
        ("exp 2^64", text(&exp, r#""exp":18446744073709551616"#)),
        ("exp twice", text(&exp, &format!(r#"{exp},"exp":9999999999"#))),
        ("roles twice", text(r#""roles""#, r#""roles":["province"],"roles""#)),
        ("place twice", text(r#""place""#, r#""place":"34","place""#)),
        ("expired beyond the leeway", signed(&lived(NOW - 630, NOW - 30))),
        ("lives an hour and a second", signed(&lived(NOW, NOW + 3601))),
        ("no life at all", signed(&lived(NOW, NOW))),
        ("not yet valid", signed(&lived(NOW + 31, NOW + 600))),
        ("nbf after exp, both within the leeway", {
            let mut short = lived(NOW, NOW + 10);
            short["nbf"] = json!(NOW + 20);
            signed(&short)
        }),
        ("claims a list", raw(&header("EdDSA", "ed-1"), "[]", By::Ed)),
        ("claims not JSON", raw(&header("EdDSA", "ed-1"), "county", By::Ed)),
        ("claims not UTF-8", {
            let message = format!("{}.{}", b64(header("EdDSA", "ed-1")), b64(b"{\"iss\":\"\xff\"}"));
            format!("{message}.{}", b64(signature(&message, By::Ed)))
        }),
    ];
    for (name, member, value) in [
        ("exp missing", "exp", Value::Null),
        ("exp past", "exp", json!(NOW - 31)),
        ("exp a string", "exp", json!((NOW + 600).to_string())),
        ("exp negative", "exp", json!(-1)),
        ("exp with a fraction", "exp", json!(1_700_000_600.5)),
        ("nbf missing", "nbf", Value::Null),
        ("nbf future", "nbf", json!(NOW + 31)),
        ("nbf a string", "nbf", json!(NOW.to_string())),
        ("iat missing", "iat", Value::Null),
        ("iat future", "iat", json!(NOW + 31)),
        ("iat long ago", "iat", json!(0)),
        ("iat negative", "iat", json!(i64::MIN)),
        ("iss missing", "iss", Value::Null),
        ("iss wrong", "iss", json!("https://evil.test/")),
        ("iss a list with ours", "iss", json!([ED])),
        ("iss without the slash", "iss", json!(ED.trim_end_matches('/'))),
        ("iss in upper case", "iss", json!(ED.to_uppercase())),
        ("iss another of ours", "iss", json!(RS)),
        ("aud missing", "aud", Value::Null),
        ("aud of another service", "aud", json!("payments")),
        ("aud with others", "aud", json!(["yingzhu", "payments"])),
        ("aud twice ours", "aud", json!(["yingzhu", "yingzhu"])),
        ("aud an empty list", "aud", json!([])),
        ("aud an object", "aud", json!({"yingzhu": true})),
        ("sub missing", "sub", Value::Null),
        ("sub empty", "sub", json!("")),
        ("sub a number", "sub", json!(1)),
        ("sub with a line break", "sub", json!("a\nevent=forged")),
        ("sub too long", "sub", json!("s".repeat(256))),
        ("jti missing", "jti", Value::Null),
        ("jti empty", "jti", json!(" ")),
    ] {
        cases.push((name, signed(&but(member, value))));
    }
    cases
}

pub(crate) fn encodings() -> Vec<Case> {
    let good = signed(&claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = message.split_once('.').unwrap();
    // 64 bytes leave four unused bits in the last letter; setting one gives another text of the same bytes.
    let last = signature.chars().last().unwrap();
    let loose = char::from_u32(u32::from(last) + 1).unwrap();
    let standard = base64::Engine::encode(&base64::engine::general_purpose::STANDARD_NO_PAD, vec![0xFB; 64]);
    vec![
        ("padding", format!("{good}==")),
        ("standard alphabet", format!("{message}.{standard}")),
        ("blank within", format!("{head} .{body}.{signature}")),
        ("blank between", format!("{head}. {body}.{signature}")),
        ("line break at the end", format!("{good}\n")),
        ("loose last letter", format!("{message}.{}{loose}", signature.strip_suffix(last).unwrap())),
        ("one segment", head.to_owned()),
        ("two segments", format!("{head}.{body}")),
        ("four segments", format!("{good}.{signature}")),
        ("five segments", format!("{head}.{body}.{body}.{body}.{signature}")),
        ("nothing but dots", "..".to_owned()),
        (
            "JSON serialisation",
            json!({"protected": head, "payload": body, "signature": signature}).to_string(),
        ),
        ("8 kB and more", signed(&but("note", json!("x".repeat(8 * 1024))))),
        ("a megabyte", signed(&but("note", json!("x".repeat(1024 * 1024))))),
    ]
}

pub(crate) fn scopes() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        ("place missing", "place", Value::Null),
        ("place empty", "place", json!("")),
        ("place of one digit", "place", json!("3")),
        ("place of five digits", "place", json!("34102")),
        ("place a number", "place", json!(341_024)),
        ("place a wildcard", "place", json!("34%")),
        ("place with a blank", "place", json!("341024 ")),
        ("place in wide digits", "place", json!("３４１０２４")),
        ("place the nation", "place", json!("000000")),
        ("place a list", "place", json!(["341024"])),
        ("place too long", "place", json!("3410240000000")),
        ("a county officer for a province", "place", json!("34")),
        ("a county officer for a province in six digits", "place", json!("340000")),
        ("a county officer for a city", "place", json!("341000")),
        ("no roles", "roles", json!([])),
        ("roles missing", "roles", Value::Null),
        ("roles unknown", "roles", json!(["admin", "root", "County", "*"])),
        ("roles a string", "roles", json!("county")),
        ("a school without its code", "roles", json!(["school"])),
        ("a guardian without a child", "roles", json!(["guardian"])),
        ("a township for a county", "roles", json!(["township"])),
        ("school an address", "school", json!("../341024")),
        ("school empty", "school", json!("")),
        ("student with a quote", "student", json!("a' OR 1=1")),
        ("pii a string", "pii", json!("true")),
        ("purpose too long", "purpose", json!("用".repeat(201))),
        ("purpose with a line break", "purpose", json!("a\nb")),
    ]
    .into_iter()
    .map(|(name, member, value)| (name, signed(&but(member, value))))
    .collect();
    let mut guardian = but("roles", json!(["guardian", "county"]));
    guardian["student"] = json!("s-1");
    cases.push(("a guardian who is an officer too", signed(&guardian)));
    guardian["roles"] = json!(["guardian"]);
    guardian["exp"] = json!(NOW + 601);
    cases.push(("a guardian for more than ten minutes", signed(&guardian)));
    let foreign = MintRequest {
        roles: vec![Role::County],
        place: Some(Place::parse("341024").unwrap()),
        school: None,
        student: None,
        pii: false,
        purpose: None,
        subject: "dev".to_owned(),
        ttl: 600,
    };
    cases.push(("a development token in production", mint(&keys().dev, foreign, NOW).unwrap()));
    cases.push((
        "the development issuer's name under a real key",
        signed(&but("iss", json!(yingzhu::auth::DEV_ISSUER))),
    ));
    cases
}
