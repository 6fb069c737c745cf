//! The outermost layer: what is true of every request, whichever handler answers it.
//!
//! It gives the request its id, puts the deadline on its body, answers `HEAD` from `GET`, turns every
//! error and every panic into a problem in the caller's language, counts, and writes one log line.
//! A failure is logged here once, with its cause and place. The path and the query are never logged:
//! only the matched pattern is.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, PayloadError};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error as ActixError, HttpMessage, HttpResponse};
use futures_util::FutureExt;

use super::allowed::RouteTable;
use super::extract::broken_body;
use super::metrics::Metrics;
use super::parts::{Parts, Patience};
use super::{RequestId, deadline, problem, request_id, taking};
use crate::error::{Code, Error};
use crate::values::Lang;

/// What the rim itself needs.
#[derive(Clone)]
pub struct Rim {
    metrics: Arc<Metrics>,
    patience: Patience,
    table: RouteTable,
}

impl Rim {
    /// The rim of an application with these parts and routes.
    pub fn new(parts: &Parts, table: RouteTable) -> Rc<Self> {
        Rc::new(Self { metrics: Arc::clone(&parts.metrics), patience: parts.limits.body, table })
    }
}

/// What is known of a request before it is routed, kept for its answer.
struct Asked {
    id: RequestId,
    lang: Lang,
    method: Method,
    personal: bool,
    token_sent: bool,
    /// Known only if the handler did not live to tell.
    pattern: Option<String>,
    since: Instant,
}

/// Takes a request through the application.
pub async fn pass(
    rim: Rc<Rim>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let asked = Asked::of(&request, &rim.table);
    request.extensions_mut().insert(asked.id.clone());
    if asked.method == Method::HEAD {
        // The codec leaves out the body of an answer to HEAD by itself.
        request.head_mut().method = Method::GET;
    }
    let unread = deadline::limit(&mut request, rim.patience);

    match AssertUnwindSafe(async { next.call(request).await }).catch_unwind().await {
        Ok(Ok(response)) => {
            let (request, response) = response.into_parts();
            let route = request.match_pattern();
            let response = unread.stay_with(asked.finish(&rim, response, route.as_deref()));
            // However long the whole may be: exports are.
            let patience = Patience { total: Duration::MAX, ..rim.patience };
            let response = taking::watch(&request, response, patience);
            Ok(ServiceResponse::new(request, response))
        }
        Ok(Err(error)) => {
            let response = HttpResponse::from_error(error);
            let route = asked.pattern.clone();
            let response = unread.stay_with(asked.finish(&rim, response, route.as_deref()));
            Err(InternalError::from_response("refused before routing", response).into())
        }
        Err(_panic) => {
            // The panic hook has logged the place; the payload may hold personal data.
            rim.metrics.panicked();
            let response = HttpResponse::from_error(Error::internal("a handler panicked"));
            let route = asked.pattern.clone();
            let response = unread.stay_with(asked.finish(&rim, response, route.as_deref()));
            Err(InternalError::from_response("panic", response).into())
        }
    }
}

impl Asked {
    fn of(request: &ServiceRequest, table: &RouteTable) -> Self {
        let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
        Self {
            id: RequestId::of(request.headers()),
            lang: Lang::from_accept_language(header(header::ACCEPT_LANGUAGE).unwrap_or_default()),
            method: request.method().clone(),
            personal: request.path().starts_with("/v1/"),
            token_sent: request.headers().contains_key(header::AUTHORIZATION),
            pattern: table.pattern(request.path()).map(str::to_owned),
            since: Instant::now(),
        }
    }

    fn finish(
        &self,
        rim: &Rim,
        response: HttpResponse<BoxBody>,
        route: Option<&str>,
    ) -> HttpResponse<BoxBody> {
        let mut response = self.as_problem(response);
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(self.id.as_str()) {
            headers.insert(HeaderName::from_static(request_id::HEADER), id);
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.personal && !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        let status = response.status().as_u16();
        let took = self.since.elapsed();
        let route = route.unwrap_or("-");
        rim.metrics.answered(&self.method, route, status, took);
        self.log(route, status, took, response.body().size());
        response
    }

    /// Every refusal and failure leaves as a problem, whoever made it.
    fn as_problem(&self, response: HttpResponse<BoxBody>) -> HttpResponse<BoxBody> {
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return response;
        }
        if let Some(error) = response.error().and_then(ActixError::as_error::<Error>) {
            self.log_failure(error);
            let bare = HttpResponse::with_body(status, BoxBody::new(()));
            let bare = with_headers_of(bare, &response);
            return problem::render(bare, error, self.lang, &self.id, self.token_sent);
        }
        let made_by_a_handler = response.error().is_none()
            && response
                .headers()
                .get(header::CONTENT_TYPE)
                .is_some_and(|t| !t.as_bytes().starts_with(b"text/"));
        if made_by_a_handler {
            return response;
        }
        // actix-web's own extractors of raw bodies hand the body's fault through.
        let broken = response.error().and_then(ActixError::as_error::<PayloadError>).map(broken_body);
        let error = broken.unwrap_or_else(|| problem::stand_in(status));
        if error.code == Code::Internal {
            self.log_failure(&Error::internal("an answer of another layer"));
        }
        problem::render(response, &error, self.lang, &self.id, self.token_sent)
    }

    fn log_failure(&self, error: &Error) {
        if let Some(cause) = &error.cause {
            let what = cause.what.escape_debug();
            log::error!(
                "event=failure id={} code={} at={} cause=\"{what}\"",
                self.id,
                error.code.code(),
                cause.at
            );
        }
    }

    fn log(&self, route: &str, status: u16, took: Duration, size: BodySize) {
        let bytes = match size {
            BodySize::None => "0".to_owned(),
            BodySize::Sized(bytes) => bytes.to_string(),
            BodySize::Stream => "stream".to_owned(),
        };
        let millis = took.as_secs_f64() * 1_000.0;
        log::info!(
            "event=request id={} method={} route={route} status={status} ms={millis:.1} bytes={bytes}",
            self.id,
            self.method.as_str().escape_debug(),
        );
    }
}

fn with_headers_of(mut to: HttpResponse<BoxBody>, from: &HttpResponse<BoxBody>) -> HttpResponse<BoxBody> {
    for (name, value) in from.headers() {
        to.headers_mut().append(name.clone(), value.clone());
    }
    to
}

/// Logs where a panic happened, without what it said unless that was a constant: a formatted
/// message may hold what a person sent.
pub fn log_panics_without_their_values() {
    std::panic::set_hook(Box::new(|info| {
        let at = info.location().map_or_else(|| "-".to_owned(), ToString::to_string);
        let said = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("-");
        log::error!("event=panic at={at} said=\"{}\"", said.escape_debug());
    }));
}
