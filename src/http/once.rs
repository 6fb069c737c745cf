//! `Idempotency-Key`: the extractor that reads it, and the kept answer as a response.

use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder};
use futures_util::future::LocalBoxFuture;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

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

#[derive(Debug, Clone)]
struct Named {
    actor: String,
    key: String,
    /// Of the request: an answer with ids and names is not for a later token that sees them masked.
    sees_identities: bool,
}

/// The caller's name for a request, if there is one.
#[derive(Debug, Clone)]
pub struct Once {
    named: Option<Named>,
    request: HttpRequest,
}

impl Once {
    /// The claim to make in the write transaction. Call it after the body has been read.
    pub fn claim(&self) -> Option<Claim> {
        let Named { actor, key, sees_identities } = self.named.clone()?;
        let body = self.request.extensions().get::<BodyDigest>().map(|d| d.0.to_string()).unwrap_or_default();
        let sight = if sees_identities { "whole" } else { "masked" };
        let request = &self.request;
        let about = [request.method().as_str(), request.path(), request.query_string(), &body, sight];
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
            let (actor, sees_identities) = (caller.actor(), caller.sees_identities());
            Ok(Self { named: Some(Named { actor, key, sees_identities }), request })
        })
    }
}

impl IntoParams for Once {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key =
            ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(LONGEST));
        let header = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some(
                "请求的名称，例如 UUID：24 小时内以同一键重发，只办理一次，回答相同并带 `Idempotency-Replayed: true`；\
                 同一键用于不同内容为 422 `idempotency_key_reused`。\
                 The request's own name, e.g. a UUID: sent again within 24 hours it has one effect and the same \
                 answer, marked `Idempotency-Replayed: true`; with another body it is refused (422).",
            ))
            .schema(Some(key));
        vec![header.build()]
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
