//! Typed input: [`Json`] bodies and [`Query`] strings, refused as problems that point at the field.
//!
//! Use these rather than actix-web's own, which answer in plain text and echo what was sent. The
//! two have the names that the OpenAPI macros look for. Those of actix are configured to answer
//! problems too ([`problems_for_actix_extractors`]), chiefly for `web::Path`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::error::{PathError, PayloadError};
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, web};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::deadline;
use super::faults::{self, Place};
use super::once;
use super::parts::Limits;
use crate::error::{Code, Error, Result};
use crate::values::{Lang, Text, digest};

/// A JSON body in, or a JSON answer out.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T> Json<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = expect_json(request);
        let limit = limits(request).json_bytes;
        let payload = payload.take();
        let request = request.clone();
        Box::pin(async move {
            checked?;
            let body = read_body(payload, limit).await?;
            once::leave_digest(&request, || digest::of_bytes(&body));
            parse_json(&body).map(Json)
        })
    }
}

impl<T: serde::Serialize> Responder for Json<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        match serde_json::to_vec(&self.0) {
            Ok(body) => HttpResponse::Ok().content_type("application/json").body(body),
            Err(e) => HttpResponse::from_error(Error::from(e)),
        }
    }
}

/// The query string as a typed struct. A parameter given twice or holding a control character is refused.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T> Query<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_query(request.query_string()).map(Query))
    }
}

/// The caller's language, for answers that hold sentences.
impl FromRequest for Lang {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        ready(Ok(Lang::from_accept_language(header.unwrap_or_default())))
    }
}

/// The pairs of a query string, each name once, without control characters.
pub fn query_pairs(query: &str) -> Result<Vec<(String, String)>> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut seen = std::collections::HashSet::new();
    for (name, value) in &pairs {
        // U+FFFD stands where the bytes were not UTF-8.
        if name.chars().chain(value.chars()).any(|c| c.is_control() || c == '\u{fffd}') {
            return Err(malformed_query());
        }
        if !seen.insert(name) {
            return Err(faults::field(
                format!("?{}", faults::shown(name)),
                "duplicate",
                "此参数出现了两次，请只留一个",
                "this parameter is given twice: keep one",
            ));
        }
    }
    Ok(pairs)
}

fn malformed_query() -> Error {
    Error::new(
        Code::MalformedRequest,
        Text::fixed(
            "查询参数无法读取或含有控制字符，请更正后重发",
            "the query string cannot be read or holds control characters",
        ),
    )
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T> {
    query_pairs(query)?;
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(deserializer)
        .map_err(|e| faults::wrong_value(Place::Query, e.path(), &e.inner().to_string()))
}

/// Reads a JSON text as `T`. Public for handlers that read bodies piece by piece (NDJSON lines).
pub fn parse_json<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    if faults::has_nul(text) {
        return Err(Error::new(
            Code::InvalidInput,
            Text::fixed("文本中不能含有空字符（\\u0000）", "texts must not hold the NUL character (\\u0000)"),
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|e| {
        if e.inner().is_data() {
            faults::wrong_value(Place::Body, e.path(), &e.inner().to_string())
        } else {
            faults::not_json(e.inner())
        }
    })?;
    deserializer.end().map_err(|e| faults::not_json(&e))?;
    Ok(value)
}

/// Reads a whole body of at most `limit` bytes.
pub async fn read_body(mut payload: Payload, limit: usize) -> Result<Bytes> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|e| broken_body(&e))?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// What a failed body means for the caller.
pub fn broken_body(error: &PayloadError) -> Error {
    if deadline::is_timeout(error) {
        return Error::new(
            Code::RequestTimeout,
            Text::fixed(
                "请求内容传输过慢，已中止；请检查网络后重发",
                "the body arrived too slowly and was given up: check the network and send it again",
            ),
        );
    }
    match error {
        PayloadError::Overflow => Error::of(Code::TooLarge),
        _ => Error::new(
            Code::MalformedRequest,
            Text::fixed("请求内容中途断开，请重发", "the body broke off: send it again"),
        ),
    }
}

/// The refusal of a body beyond `limit` bytes.
pub fn too_large(limit: usize) -> Error {
    let kib = limit / 1024;
    Error::new(
        Code::TooLarge,
        Text::new(
            format!("内容超过上限 {kib} KiB，请分批发送"),
            format!("larger than the limit of {kib} KiB: send it in parts"),
        ),
    )
}

/// The limits of this application.
pub fn limits(request: &HttpRequest) -> Limits {
    request.app_data::<web::Data<Limits>>().map(|limits| limits.get_ref().clone()).unwrap_or_default()
}

/// Refuses a body that is not JSON or is compressed.
fn expect_json(request: &HttpRequest) -> Result<()> {
    let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = header(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
        return Err(Error::new(
            Code::UnsupportedMediaType,
            Text::fixed(
                "请以 Content-Type: application/json 发送",
                "send it with Content-Type: application/json",
            ),
        ));
    }
    if !matches!(header(header::CONTENT_ENCODING), "" | "identity") {
        return Err(Error::new(
            Code::UnsupportedMediaType,
            Text::fixed("请不要压缩请求内容", "send the body without compression"),
        ));
    }
    Ok(())
}

/// Makes actix-web's own extractors answer problems as well.
pub fn problems_for_actix_extractors(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::PathConfig::default().error_handler(|error, _| {
        let PathError::Deserialize(_) = error else { return Error::not_found().into() };
        // A path that is no id of ours names nothing that exists.
        Error::not_found().into()
    }))
    .app_data(web::QueryConfig::default().error_handler(|_, _| {
        faults::field("?".to_owned(), "invalid_value", "参数有误", "wrong parameter").into()
    }))
    .app_data(web::JsonConfig::default().error_handler(|error, _| {
        use actix_web::error::JsonPayloadError as Fault;
        match error {
            Fault::Overflow { limit } | Fault::OverflowKnownLength { limit, .. } => too_large(limit),
            Fault::ContentType => Error::of(Code::UnsupportedMediaType),
            Fault::Payload(e) => broken_body(&e),
            Fault::Deserialize(e) if e.is_data() => Error::of(Code::InvalidInput),
            Fault::Deserialize(e) => faults::not_json(&e),
            _ => Error::of(Code::MalformedRequest),
        }
        .into()
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Facts {
        stage: crate::values::Stage,
        #[serde(default)]
        rows: Vec<Row>,
    }

    #[derive(Debug, serde::Deserialize, PartialEq)]
    struct Row {
        grade: u32,
    }

    fn fault(json: &str) -> (Code, String, &'static str) {
        let error = parse_json::<Facts>(json.as_bytes()).unwrap_err();
        let field = error.fields.first();
        (
            error.code,
            field.map(|f| f.pointer.clone()).unwrap_or_default(),
            field.map(|f| f.code).unwrap_or_default(),
        )
    }

    #[test]
    fn the_pointer_names_the_field() {
        let invalid = |pointer: &str, code| (Code::InvalidInput, pointer.to_owned(), code);
        assert_eq!(fault("{}"), invalid("/stage", "missing"));
        assert_eq!(fault(r#"{"stage":"nursery"}"#), invalid("/stage", "unknown_value"));
        assert_eq!(
            fault(r#"{"stage":"primary","rows":[{"grade":1},{"grade":"x"}]}"#),
            invalid("/rows/1/grade", "wrong_type")
        );
        assert_eq!(fault(r#"{"stage":"primary","rows":[{}]}"#), invalid("/rows/0/grade", "missing"));
        assert_eq!(fault(r#"{"stage":"primary","stage":"primary"}"#).2, "duplicate");
        assert_eq!(fault(r#"{"stage":"primary","nmae":"x"}"#).2, "unknown_field");
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for text in
            ["", "{", "{\"stage\":", "[1,]", "{\"stage\":\"primary\"} x", "\u{feff}{}", &"[".repeat(200)]
        {
            let error = parse_json::<serde_json::Value>(text.as_bytes()).unwrap_err();
            assert_eq!(error.code, Code::MalformedRequest, "{text}");
        }
    }

    #[derive(Debug, serde::Deserialize, PartialEq)]
    struct Filter {
        grade: Option<u32>,
        place: Option<crate::values::Place>,
    }

    #[test]
    fn a_query_fault_names_its_parameter() {
        let fault = |query| {
            let error = parse_query::<Filter>(query).unwrap_err();
            (error.code, error.fields.first().map(|f| f.pointer.clone()).unwrap_or_default())
        };
        assert_eq!(fault("grade=x"), (Code::InvalidInput, "?grade".to_owned()));
        assert_eq!(fault("place=1"), (Code::InvalidInput, "?place".to_owned()));
        assert_eq!(fault("grade=1&grade=2"), (Code::InvalidInput, "?grade".to_owned()));
        assert_eq!(fault("grade=%00").0, Code::MalformedRequest);
        assert_eq!(fault("grade=%ff").0, Code::MalformedRequest);
        assert_eq!(parse_query::<Filter>("grade=3").unwrap(), Filter { grade: Some(3), place: None });
    }
}
