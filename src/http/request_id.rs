//! The id of a request: the caller's, when it is fit for a log line, else a new one.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::error::Error;
use crate::values::clock;

/// The header that carries it in and out.
pub const HEADER: &str = "x-request-id";

const SHORTEST: usize = 8;
const LONGEST: usize = 64;
/// A run of this many digits could be a phone number, an id or a bank card: it must not reach the log.
const DIGITS_OF_A_PERSON: usize = 11;

/// The id of a request, in the log, in `X-Request-Id` and in a problem's `instance`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Rc<str>);

impl RequestId {
    /// A new id.
    pub fn fresh() -> Self {
        Self(clock::new_id().into())
    }

    /// `X-Request-Id` if it is sane, else the trace id of `traceparent` (W3C Trace Context), else new.
    pub fn of(headers: &HeaderMap) -> Self {
        let given = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        given(HEADER)
            .filter(|id| is_sane(id))
            .or_else(|| given("traceparent").and_then(trace_id))
            .map_or_else(Self::fresh, |id| Self(id.into()))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromRequest for RequestId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get::<Self>().cloned().unwrap_or_else(Self::fresh)))
    }
}

fn is_sane(id: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && !id.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= DIGITS_OF_A_PERSON)
}

fn trace_id(header: &str) -> Option<&str> {
    let mut parts = header.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex =
        |text: &str, len| text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let sound = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    (sound && trace.bytes().any(|b| b != b'0')).then_some(trace)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn id(name: &'static str, value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_sane_id_is_kept() {
        for sane in ["0192f0c1-7b1a-7c3e-9f00-aabbccddeeff", "gateway.42-abc", "a1b2c3d4"] {
            assert_eq!(id(HEADER, sane), sane);
        }
    }

    #[test]
    fn an_id_that_could_harm_the_log_is_replaced() {
        for bad in ["", "short", "has space in", "110101199001011234", "tel-13800138000", &"x".repeat(65)] {
            let got = id(HEADER, bad);
            assert_ne!(got, bad);
            assert!(uuid::Uuid::parse_str(&got).is_ok());
        }
    }

    #[test]
    fn the_trace_id_stands_in() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(id("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01")), trace);
        let zero = "0".repeat(32);
        for bad in [format!("00-{zero}-00f067aa0ba902b7-01"), format!("ff-{trace}-00f067aa0ba902b7-01")] {
            assert!(uuid::Uuid::parse_str(&id("traceparent", &bad)).is_ok_and(|u| u.get_version_num() == 7));
        }
    }
}
