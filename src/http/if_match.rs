//! `If-Match` on a change (RFC 9110 §13.1.1): a change says which version it was decided upon, so that of
//! two people who change the same thing at once the second is told, and nothing is lost.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};

use crate::error::{Code, Error, Result};

/// The versions a caller has decided upon. A request without the header is refused (428, RFC 6585 §3).
#[derive(Debug, Clone)]
pub struct IfMatch(String);

impl IfMatch {
    /// Refuses (412) unless this is one of the versions named.
    pub fn check(&self, version: i64) -> Result<()> {
        if names(&self.0, version) { Ok(()) } else { Err(Error::of(Code::PreconditionFailed)) }
    }
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let tags = request.headers().get(header::IF_MATCH).and_then(|v| v.to_str().ok());
        ready(tags.map(|t| Self(t.to_owned())).ok_or_else(|| Error::of(Code::PreconditionRequired)))
    }
}

/// Whether an `If-Match` names this version: a list of tags, or `*` for any.
pub fn names(tags: &str, version: i64) -> bool {
    let own = version.to_string();
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_matches('"') == own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_named_alone_in_a_list_or_by_the_star() {
        for (tags, named) in [
            ("\"3\"", true),
            ("3", true),
            ("\"2\", \"3\"", true),
            ("*", true),
            ("\"33\"", false),
            ("", false),
        ] {
            assert_eq!(names(tags, 3), named, "{tags}");
        }
        assert_eq!(IfMatch("\"2\"".to_owned()).check(3).unwrap_err().code, Code::PreconditionFailed);
    }
}
