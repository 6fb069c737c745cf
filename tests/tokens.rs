//! Tokens at the door, through a real application with one handler per permission: what is refused,
//! what is let in, and which role reaches which handler.

#![cfg(test)]

#[path = "tokens/attacks.rs"]
mod attacks;
#[path = "tokens/forge.rs"]
mod forge;

use std::collections::HashSet;
use std::sync::OnceLock;

use actix_web::body::to_bytes;
use actix_web::dev::Service;
use actix_web::http::header::AUTHORIZATION;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, web};
use proptest::prelude::*;
use serde_json::{Value, json};
use yingzhu::auth::{
    AnyCaller, BureauOfficer, Caller, ChildReader, ListKeeper, MintRequest, Reader, Registrar, Role,
    Supervisor, Verifier, mint,
};
use yingzhu::error::Code;

use forge::{By, ED, ES, NOW, PS, RS, but, claims, headed, header, keys, raw, signed, unfetched, verifier};

fn tell(caller: &Caller) -> String {
    let scope = caller.scope();
    let (low, high) = scope.place_range();
    format!(
        "{} {:?} {low}..{high} {:?} {:?} {}",
        caller.subject(),
        caller.roles(),
        scope.school(),
        scope.student(),
        caller.sees_identities(),
    )
}

macro_rules! doors {
    ($($path:literal = $permission:ty),+ $(,)?) => {
        const DOORS: &[(&str, &[Role])] = &[$(($path, <$permission>::ROLES)),+];

        fn doors(cfg: &mut web::ServiceConfig) {
            $(cfg.route($path, web::get().to(|caller: $permission| async move { tell(&caller) }));)+
        }
    };
}

doors! {
    "/any" = AnyCaller,
    "/reader" = Reader,
    "/child" = ChildReader,
    "/list" = ListKeeper,
    "/registrar" = Registrar,
    "/officer" = BureauOfficer,
    "/supervisor" = Supervisor,
}

macro_rules! application {
    ($verifier:expr) => {
        init_service(App::new().app_data(web::Data::new($verifier)).configure(doors)).await
    };
}

macro_rules! ask {
    ($app:expr, $path:expr $(, $header:expr)*) => {{
        let request = TestRequest::get().uri($path)$(.append_header((AUTHORIZATION, $header)))*.to_request();
        let response = $app.call(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body()).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }};
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[actix_web::test]
async fn every_attack_is_refused_with_one_and_the_same_answer() {
    let verifier = verifier(false);
    let app = application!(verifier.clone());
    assert_eq!(ask!(app, "/any").0, 401);
    let answer = verifier.verify("").unwrap_err().detail;
    let mut names = HashSet::new();
    for (name, token) in [
        attacks::algorithm(),
        attacks::signatures(),
        attacks::headers(),
        attacks::claim_values(),
        attacks::encodings(),
        attacks::scopes(),
    ]
    .concat()
    {
        assert!(names.insert(name), "{name} stands twice");
        let refused = verifier.verify(&token).err().unwrap_or_else(|| panic!("{name} was let in"));
        assert_eq!(refused.code, Code::Unauthenticated, "{name}");
        assert!(refused.detail == answer && refused.cause.is_none() && refused.fields.is_empty(), "{name}");
        // What cannot stand in a header at all never gets here.
        if token.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
            assert_eq!(ask!(app, "/any", bearer(&token)).0, 401, "{name}");
        }
    }
    assert!(names.len() >= 100, "{} cases", names.len());
}

#[actix_web::test]
async fn what_is_right_is_let_in() {
    let app = application!(verifier(true));
    let by = |iss: &str, alg: &str, kid: &str, by: By| {
        raw(&header(alg, kid), &but("iss", json!(iss)).to_string(), by)
    };
    let mut school = but("roles", json!(["school"]));
    school["school"] = json!("3434000123");
    let mut guardian = but("roles", json!(["guardian"]));
    guardian["student"] = json!("0190-ab");
    guardian.as_object_mut().unwrap().remove("place");
    let mut reader = but("pii", json!(true));
    reader["purpose"] = json!("核对名单");
    let mut scoped = but("scope", json!("openid pii:read"));
    scoped["purpose"] = json!("核对名单");
    let minted = MintRequest {
        roles: vec![Role::System],
        place: Some(yingzhu::values::Place::parse("340000").unwrap()),
        school: None,
        student: None,
        pii: false,
        purpose: None,
        subject: "dev".to_owned(),
        ttl: 86_400,
    };
    let officer = "officer-1 [County] 341024..341025 None None";
    let cases: Vec<(&str, String, String)> = vec![
        ("EdDSA", by(ED, "EdDSA", "ed-1", By::Ed), format!("{officer} false")),
        ("ES256", by(ES, "ES256", "es-1", By::Es256), format!("{officer} false")),
        ("RS256", by(RS, "RS256", "rs-1", By::Rs256), format!("{officer} false")),
        ("PS256", by(PS, "PS256", "ps-1", By::Ps256), format!("{officer} false")),
        ("aud a list of one", signed(&but("aud", json!(["yingzhu"]))), format!("{officer} false")),
        ("exp within the leeway", signed(&but_times(NOW - 600, NOW - 29)), format!("{officer} false")),
        ("nbf within the leeway", signed(&but("nbf", json!(NOW + 30))), format!("{officer} false")),
        ("iat within the leeway", signed(&but("iat", json!(NOW + 30))), format!("{officer} false")),
        ("an hour", signed(&but("exp", json!(NOW + 3600))), format!("{officer} false")),
        ("unknown claims", signed(&but("acr", json!({"a": [1]}))), format!("{officer} false")),
        (
            "unknown roles beside",
            signed(&but("roles", json!(["offline_access", "county"]))),
            format!("{officer} false"),
        ),
        ("a long place", signed(&but("place", json!("341024000000"))), format!("{officer} false")),
        ("pii and purpose", signed(&reader), format!("{officer} true")),
        ("pii as a scope", signed(&scoped), format!("{officer} true")),
        ("pii without purpose", signed(&but("pii", json!(true))), format!("{officer} false")),
        (
            "a scope that only looks like it",
            signed(&but("scope", json!("pii:readable xpii:read"))),
            format!("{officer} false"),
        ),
        (
            "school",
            signed(&school),
            r#"officer-1 [School] 341024..341025 Some("3434000123") None false"#.into(),
        ),
        ("guardian", signed(&guardian), r#"officer-1 [Guardian] .. None Some("0190-ab") false"#.into()),
        (
            "two roles",
            signed(&but("roles", json!(["auditor", "county", "county"]))),
            "officer-1 [County, Auditor] 341024..341025 None None false".into(),
        ),
        (
            "typ in full",
            raw(r#"{"typ":"application/AT+JWT","kid":"ed-1","alg":"EdDSA"}"#, &claims().to_string(), By::Ed),
            format!("{officer} false"),
        ),
        (
            "a day by the development key",
            mint(&keys().dev, minted, NOW).unwrap(),
            "dev [System] 34..35 None None false".into(),
        ),
    ];
    for (name, token, expected) in cases {
        let (status, body) = ask!(app, "/any", bearer(&token));
        assert_eq!((status, body), (200, expected), "{name}");
    }
}

fn but_times(from: i64, until: i64) -> Value {
    let mut claims = but("iat", json!(from));
    claims["nbf"] = json!(from);
    claims["exp"] = json!(until);
    claims
}

/// A valid token of one role.
fn token_of(role: Role) -> String {
    let mut claims = but("roles", json!([role.code()]));
    claims["place"] = json!("341024100");
    match role {
        Role::Guardian => claims["student"] = json!("s-1"),
        Role::School => claims["school"] = json!("3434000123"),
        _ => {}
    }
    signed(&claims)
}

#[actix_web::test]
async fn each_role_reaches_the_handlers_that_name_it_and_no_other() {
    let app = application!(verifier(false));
    for role in Role::ALL {
        for (path, roles) in DOORS {
            let (status, _) = ask!(app, path, bearer(&token_of(*role)));
            let expected = if roles.contains(role) { 200 } else { 403 };
            assert_eq!(status, expected, "{role} at {path}");
        }
    }
}

#[test]
fn the_permissions_are_those_that_were_agreed() {
    use Role::{Auditor, City, County, Guardian, PovertyOffice, Province, School, System, Township};
    let set = |roles: &[Role]| roles.iter().copied().collect::<HashSet<_>>();
    let offices = [Province, City, County, School, PovertyOffice, Township, Auditor, System];
    assert_eq!(set(AnyCaller::ROLES), set(Role::ALL));
    assert_eq!(set(Reader::ROLES), set(&offices));
    assert_eq!(set(ChildReader::ROLES), set(&[&offices[..], &[Guardian]].concat()));
    assert_eq!(set(ListKeeper::ROLES), set(&[Province, City, County, PovertyOffice]));
    assert_eq!(set(Registrar::ROLES), set(&[Province, City, County, School]));
    assert_eq!(set(BureauOfficer::ROLES), set(&[Province, City, County]));
    assert_eq!(set(Supervisor::ROLES), set(&[Province, City, County, PovertyOffice, Auditor]));
}

#[actix_web::test]
async fn the_token_stands_in_one_authorization_header_and_nowhere_else() {
    let app = application!(verifier(false));
    let token = signed(&claims());
    for (name, header, expected) in [
        ("Bearer", bearer(&token), 200),
        ("lower case", format!("bearer {token}"), 200),
        ("upper case", format!("BEARER {token}"), 200),
        ("several blanks", format!("Bearer   {token}"), 200),
        ("no scheme", token.clone(), 401),
        ("another scheme", format!("Basic {token}"), 401),
        ("DPoP", format!("DPoP {token}"), 401),
        ("no token", "Bearer".to_owned(), 401),
        ("blank token", "Bearer ".to_owned(), 401),
        ("a comma and another", format!("Bearer {token}, Bearer {token}"), 401),
        ("in quotes", format!("Bearer \"{token}\""), 401),
        ("100 kB", bearer(&"x".repeat(100_000)), 401),
    ] {
        assert_eq!(ask!(app, "/any", header).0, expected, "{name}");
    }
    assert_eq!(ask!(app, "/any", bearer(&token), bearer(&token)).0, 401, "two headers");
    assert_eq!(ask!(app, "/any", bearer("wrong"), bearer(&token)).0, 401, "two headers, one right");
    assert_eq!(ask!(app, &format!("/any?access_token={token}")).0, 401, "in the address");
    // Names that a gateway might set say nothing here.
    let request = TestRequest::get()
        .uri("/any")
        .append_header(("X-Forwarded-User", "officer-1"))
        .append_header(("X-Roles", "province"))
        .to_request();
    assert_eq!(app.call(request).await.unwrap().status().as_u16(), 401);
}

#[actix_web::test]
async fn the_first_token_fetches_the_keys_and_without_keys_nobody_is_told_to_sign_in_again() {
    let app = application!(unfetched(true));
    assert_eq!(ask!(app, "/any", bearer(&signed(&claims()))).0, 200);
    let app = application!(unfetched(false));
    assert_eq!(ask!(app, "/any", bearer(&signed(&claims()))).0, 503);
    // What could never be right is refused all the same, and makes nobody fetch.
    for token in [
        signed(&but("iss", json!("https://evil.test/"))),
        headed(&header("EdDSA", "")),
        headed(&header("EdDSA", "ed-1\0")),
        headed(&header("EdDSA", &"k".repeat(129))),
        headed(&header("ES256", "ed-1")),
    ] {
        assert_eq!(ask!(app, "/any", bearer(&token)).0, 401);
    }
}

proptest! {
    #[test]
    fn one_changed_letter_is_never_let_in(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
        let good = signed(&claims());
        let i = at.index(good.len());
        let changed = format!("{}{to}{}", &good[..i], &good[i + 1..]);
        prop_assert_eq!(shared().verify(&changed).is_ok(), changed == good);
    }

    #[test]
    fn no_text_is_a_token(text in ".{0,300}", claims in ".{0,100}") {
        prop_assert!(shared().verify(&text).is_err());
        prop_assert!(shared().verify(&raw(&header("EdDSA", "ed-1"), &claims, By::Ed)).is_err());
    }
}

fn shared() -> &'static Verifier {
    static SHARED: OnceLock<Verifier> = OnceLock::new();
    SHARED.get_or_init(|| verifier(false))
}
