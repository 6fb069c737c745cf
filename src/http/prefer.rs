//! `Prefer: respond-async` (RFC 7240 §4.1): whoever asks for it gets a job instead of waiting.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::Error;

/// What the caller would rather have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefer {
    /// An answer at once, and the work later.
    pub later: bool,
}

impl FromRequest for Prefer {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let later = request
            .headers()
            .get_all("prefer")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|wish| {
                wish.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("respond-async")
            });
        ready(Ok(Self { later }))
    }
}
