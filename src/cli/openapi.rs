//! `yingzhu openapi`: the document as it is committed.

use super::Out;
use crate::error::Result;

/// Prints the OpenAPI document.
pub(super) fn run(out: &mut Out) -> Result<()> {
    out.line(&crate::http::openapi().to_pretty_json()?)
}
