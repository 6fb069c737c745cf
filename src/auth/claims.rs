//! A token's shape and its rules. Pure: text and a time in, a caller or the reason of refusal out.
//!
//! Header and claims are read into these structs and into nothing more general: a duplicate member
//! then is an error, where a generic JSON value would let the last one win. Members we do not know are
//! refused in the header and ignored among the claims (RFC 7519 §4).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Caller, Role, Scope};
use crate::values::Place;

/// A token longer than this is refused before anything of it is read.
pub const MOST_TOKEN_BYTES: usize = 8 * 1024;

/// The longest life of a development token, in seconds.
pub const MOST_DEV_SECONDS: i64 = 24 * 3600;
const MOST_SECONDS: i64 = 3600;
const MOST_GUARDIAN_SECONDS: i64 = 600;

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 30;

/// Why a token was refused: a stable code for the log, without anything of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused(pub(super) &'static str);

/// The protected header. Nothing else may stand in it: not `crit`, not `jku`, `x5u` or `jwk`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) typ: String,
    pub(super) kid: String,
}

/// The claims that are read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: Audience,
    pub(super) exp: i64,
    pub(super) nbf: i64,
    pub(super) iat: i64,
    pub(super) jti: String,
    pub(super) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) school: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) student: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pii: Option<bool>,
    /// OAuth scopes, separated by blanks (RFC 8693 §4.2); only `pii:read` is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) purpose: Option<String>,
}

/// Exactly one audience: a string, or a list of one. A token for us and others could be replayed by
/// the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Audience(pub(super) String);

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> de::Visitor<'de> for One {
            type Value = Audience;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one audience")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Audience, E> {
                Ok(Audience(text.to_owned()))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Audience, A::Error> {
                let first: Option<String> = list.next_element()?;
                let second: Option<de::IgnoredAny> = list.next_element()?;
                match (first, second) {
                    (Some(one), None) => Ok(Audience(one)),
                    _ => Err(de::Error::custom("not exactly one audience")),
                }
            }
        }
        deserializer.deserialize_any(One)
    }
}

/// A token taken apart, nothing of it verified yet.
#[derive(Debug)]
pub(super) struct Unverified<'a> {
    pub(super) header: Header,
    pub(super) claims: Claims,
    /// What was signed: header and claims as they came.
    pub(super) message: &'a str,
    /// The signature, base64url.
    pub(super) signature: &'a str,
}

/// Takes a compact token apart (RFC 7515 §7.1).
pub(super) fn parse(token: &str) -> Result<Unverified<'_>, Refused> {
    if token.len() > MOST_TOKEN_BYTES {
        return Err(Refused("too_long"));
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Refused("segments"))?;
    let (header, claims) = message.split_once('.').ok_or(Refused("segments"))?;
    // A further dot ends up among the claims, where the decoder refuses it.
    let header: Header = part(header).ok_or(Refused("header"))?;
    if !["at+jwt", "application/at+jwt"].iter().any(|typ| header.typ.eq_ignore_ascii_case(typ)) {
        return Err(Refused("typ"));
    }
    let claims = part(claims).ok_or(Refused("claims"))?;
    Ok(Unverified { header, claims, message, signature })
}

fn part<T: de::DeserializeOwned>(encoded: &str) -> Option<T> {
    // The engine is strict: no padding, no blanks, no other alphabet, no stray bits at the end.
    let json = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    serde_json::from_slice(&json).ok()
}

/// What claims are held against.
pub(super) struct Rules<'a> {
    /// The only audience.
    pub(super) audience: &'a str,
    /// Whether these are the development issuer's longer lives.
    pub(super) dev: bool,
    /// Seconds since 1970, UTC.
    pub(super) now: i64,
}

/// Checks the claims of a token whose signature and issuer are proven, and makes the caller.
pub(super) fn check(claims: Claims, against: &Rules<'_>) -> Result<Caller, Refused> {
    if claims.aud.0 != against.audience {
        return Err(Refused("aud"));
    }
    let mut roles: Vec<Role> = claims.roles.iter().filter_map(|code| Role::from_code(code)).collect();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() {
        return Err(Refused("roles"));
    }
    check_times(&claims, &roles, against)?;
    for (text, most) in [(&claims.sub, 255), (&claims.jti, 128)] {
        if text.trim().is_empty() || text.len() > most || text.chars().any(char::is_control) {
            return Err(Refused("sub_or_jti"));
        }
    }
    let scope = check_scope(&claims, &roles)?;
    let pii = claims.pii == Some(true)
        || claims.scope.is_some_and(|scope| scope.split(' ').any(|word| word == "pii:read"));
    Ok(Caller {
        issuer: claims.iss,
        subject: claims.sub,
        roles,
        scope,
        pii,
        purpose: purpose(claims.purpose)?,
        jti: claims.jti,
    })
}

fn check_times(claims: &Claims, roles: &[Role], against: &Rules<'_>) -> Result<(), Refused> {
    let now = against.now;
    // Bounds first, so that no sum below can overflow.
    if [claims.exp, claims.nbf, claims.iat].iter().any(|at| !(0..=i64::from(u32::MAX) * 4).contains(at)) {
        return Err(Refused("times"));
    }
    if claims.exp.saturating_add(LEEWAY) <= now {
        return Err(Refused("expired"));
    }
    if claims.nbf > now.saturating_add(LEEWAY) || claims.iat > now.saturating_add(LEEWAY) {
        return Err(Refused("not_yet"));
    }
    let most = match (against.dev, roles.contains(&Role::Guardian)) {
        (true, _) => MOST_DEV_SECONDS,
        (false, true) => MOST_GUARDIAN_SECONDS,
        (false, false) => MOST_SECONDS,
    };
    if !(1..=most).contains(&(claims.exp - claims.iat)) || claims.nbf >= claims.exp {
        return Err(Refused("lifetime"));
    }
    Ok(())
}

fn check_scope(claims: &Claims, roles: &[Role]) -> Result<Scope, Refused> {
    // A damaged place is refused, for whichever role: it must never come to mean "everywhere".
    let place = claims.place.as_deref().map(exact_place).transpose()?;
    for role in roles {
        let digits = place.as_ref().map_or(0, |place| place.as_str().len());
        match role.fewest_place_digits() {
            Some(_) if place.is_none() => return Err(Refused("place_missing")),
            Some(fewest) if digits < fewest => return Err(Refused("place_too_wide")),
            _ => {}
        }
    }
    let sound = |text: &String| {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if !claims.school.iter().chain(&claims.student).all(sound) {
        return Err(Refused("school_or_student"));
    }
    if roles.contains(&Role::School) && claims.school.is_none() {
        return Err(Refused("school_missing"));
    }
    // A guardian's token is a guardian's only: one child, and no office's rights beside it.
    if roles.contains(&Role::Guardian) && (claims.student.is_none() || roles.len() > 1) {
        return Err(Refused("guardian"));
    }
    Ok(Scope::of_token(place, claims.school.clone(), claims.student.clone()))
}

fn exact_place(text: &str) -> Result<Place, Refused> {
    if text.bytes().any(|b| !b.is_ascii_digit()) {
        return Err(Refused("place"));
    }
    Place::parse(text).map_err(|_e| Refused("place"))
}

fn purpose(text: Option<String>) -> Result<Option<String>, Refused> {
    let Some(text) = text else { return Ok(None) };
    if text.chars().count() > 200 || text.chars().any(char::is_control) {
        return Err(Refused("purpose"));
    }
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}
