//! `Idempotency-Key`: the extractor that reads it, and the kept answer as a response.

use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder};
use futures_util::future::LocalBoxFuture;

use super::faults;
use crate::auth::AnyCaller;
use crate::error::{Error, Result};
use crate::once::{Answer, Claim};
use crate::values::{clock, digest};

/// The header.
pub const HEADER: &str = "idempotency-key";

/// On an answer that was kept from an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const LONGEST: usize = 255;

/// The digest of a request's body, left by whichever extractor read it.
#[derive(Debug, Clone)]
pub(super) struct BodyDigest(pub(super) Rc<str>);

/// Leaves the digest of a body for [`Once`], if the request names itself.
pub(super) fn leave_digest(request: &HttpRequest, parts: impl FnOnce() -> String) {
    if request.headers().contains_key(HEADER) {
        request.extensions_mut().insert(BodyDigest(parts().into()));
    }
}

/// The caller's name for a request, if there is one.
#[derive(Debug, Clone)]
pub struct Once {
    named: Option<(String, String)>,
    request: HttpRequest,
}

impl Once {
    /// The claim to make in the write transaction. Call it after the body has been read.
    pub fn claim(&self) -> Option<Claim> {
        let (actor, key) = self.named.clone()?;
        let body = self.request.extensions().get::<BodyDigest>().map(|d| d.0.to_string()).unwrap_or_default();
        let about = [self.request.method().as_str(), self.request.path(), self.request.query_string(), &body];
        Some(Claim { actor, key, digest: digest::of_parts(about), at: clock::now() })
    }
}

impl FromRequest for Once {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let Some(key) = key(&request)? else { return Ok(Self { named: None, request }) };
            let caller = AnyCaller::extract(&request).await?;
            Ok(Self { named: Some((caller.actor(), key)), request })
        })
    }
}

/// The key: 1 to 255 visible ASCII characters, with or without the quotes of a structured field.
fn key(request: &HttpRequest) -> Result<Option<String>> {
    let mut values = request.headers().get_all(HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=LONGEST).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
    if !fits || values.next().is_some() {
        return Err(faults::field(
            "Idempotency-Key".to_owned(),
            "invalid_value",
            "幂等键应为 1 到 255 个可见 ASCII 字符，且只出现一次，例如 UUID",
            "a key is 1 to 255 visible ASCII characters, given once, e.g. a UUID",
        ));
    }
    Ok(Some(bare.to_owned()))
}

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut answer = HttpResponse::build(status);
        answer.content_type("application/json");
        if let Some(location) = self.headers.location {
            answer.insert_header((header::LOCATION, location));
        }
        if let Some(etag) = self.headers.etag {
            answer.insert_header((header::ETAG, etag));
        }
        if self.replayed {
            answer.insert_header((REPLAYED, HeaderValue::from_static("true")));
        }
        answer.body(self.body)
    }
}
