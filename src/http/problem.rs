//! An [`Error`] as RFC 9457 `application/problem+json`, in the caller's language.
//!
//! Handlers and extractors return [`Error`]; actix keeps it inside the answer, and the rim calls
//! [`render`] once it knows the language and the request id. Causes are never part of an answer.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::RequestId;
use crate::error::{Code, Error};
use crate::values::Lang;

/// The media type of every refusal and failure.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A refusal or failure (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:yingzhu:problem:<code>`; stable.
    #[schema(value_type = String, example = "urn:yingzhu:problem:invalid_input")]
    pub r#type: String,
    /// What kind of problem it is, in the caller's language.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is wrong in this case and what to do about it. Holds no personal data.
    pub detail: String,
    /// The request, as in `X-Request-Id` and in the service's log.
    #[schema(value_type = String, example = "urn:yingzhu:request:0192f0c1-7b1a-7c3e-9f00-aabbccddeeff")]
    pub instance: String,
    /// The stable code, e.g. `invalid_input`.
    pub code: String,
    /// The fields concerned; absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<ProblemField>,
}

/// One field of the request that needs correction.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// JSON Pointer (RFC 6901) into the body, or `?name` for a query parameter.
    pub pointer: String,
    /// Stable code of the fault.
    pub code: String,
    /// What is wrong and what to do. Never repeats the value.
    pub detail: String,
}

impl Problem {
    /// The problem that an error is, for this reader and this request.
    pub fn of(error: &Error, lang: Lang, request: &RequestId) -> Self {
        let code = error.code.code();
        Self {
            r#type: format!("urn:yingzhu:problem:{code}"),
            title: error.code.title().in_lang(lang).to_owned(),
            status: error.code.status(),
            detail: error.detail.in_lang(lang).to_owned(),
            instance: format!("urn:yingzhu:request:{request}"),
            code: code.to_owned(),
            errors: error
                .fields
                .iter()
                .map(|field| ProblemField {
                    pointer: field.pointer.clone(),
                    code: field.code.to_owned(),
                    detail: field.detail.in_lang(lang).to_owned(),
                })
                .collect(),
        }
    }
}

/// Turns a bare answer into the problem's; headers that are already there (such as `Allow`) stay.
///
/// `token_sent` says whether the caller presented a token: RFC 6750 answers the two cases apart.
pub fn render(
    bare: HttpResponse<BoxBody>,
    error: &Error,
    lang: Lang,
    request: &RequestId,
    token_sent: bool,
) -> HttpResponse<BoxBody> {
    let body = serde_json::to_vec(&Problem::of(error, lang, request)).unwrap_or_default();
    let mut response = bare.set_body(BoxBody::new(body));
    *response.status_mut() = status(error.code);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = error.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(challenge) = challenge(error.code, token_sent) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if error.code == Code::RequestTimeout {
        // The rest of the body may still be on its way: the connection cannot be used again.
        response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
    }
    response
}

/// The code's status for actix.
pub fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The error that stands for a status some other layer chose.
pub fn stand_in(status: StatusCode) -> Error {
    let code = match status.as_u16() {
        401 => Code::Unauthenticated,
        403 => Code::Forbidden,
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        408 => Code::RequestTimeout,
        409 => Code::Conflict,
        412 => Code::PreconditionFailed,
        413 => Code::TooLarge,
        415 => Code::UnsupportedMediaType,
        422 => Code::InvalidInput,
        428 => Code::PreconditionRequired,
        431 => Code::HeadersTooLarge,
        503 => Code::Unavailable,
        400..=499 => Code::MalformedRequest,
        _ => Code::Internal,
    };
    Error::of(code)
}

fn challenge(code: Code, token_sent: bool) -> Option<&'static str> {
    match (code, token_sent) {
        (Code::Unauthenticated, false) => Some("Bearer realm=\"yingzhu\""),
        (Code::Unauthenticated, true) => Some("Bearer realm=\"yingzhu\", error=\"invalid_token\""),
        (Code::Forbidden, _) => Some("Bearer realm=\"yingzhu\", error=\"insufficient_scope\""),
        _ => None,
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        status(self.code)
    }

    /// A bare answer: the rim fills it in, since only the rim knows the language and the request.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_renders_its_own_status_and_type_in_both_languages() {
        let request = RequestId::fresh();
        for code in Code::ALL {
            for lang in [Lang::Zh, Lang::En] {
                let error = Error::of(*code);
                let response = render(error.error_response(), &error, lang, &request, false);
                assert_eq!(response.status().as_u16(), code.status());
                let problem = serde_json::to_value(Problem::of(&error, lang, &request)).unwrap();
                assert_eq!(problem["type"], format!("urn:yingzhu:problem:{}", code.code()));
                assert_eq!(problem["title"], code.title().in_lang(lang));
                assert_eq!(problem.get("errors"), None);
            }
        }
    }

    #[test]
    fn a_status_from_elsewhere_keeps_its_number_when_the_table_has_it() {
        for code in Code::ALL {
            let status = status(*code);
            assert_eq!(stand_in(status).code.status(), code.status());
        }
        assert_eq!(stand_in(StatusCode::IM_A_TEAPOT).code, Code::MalformedRequest);
        assert_eq!(stand_in(StatusCode::BAD_GATEWAY).code, Code::Internal);
    }

    #[test]
    fn an_absent_token_and_a_bad_one_are_challenged_apart() {
        assert_eq!(challenge(Code::Unauthenticated, false), Some("Bearer realm=\"yingzhu\""));
        assert!(challenge(Code::Unauthenticated, true).unwrap().contains("invalid_token"));
        assert_eq!(challenge(Code::NotFound, true), None);
    }
}
