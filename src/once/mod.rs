//! A request sent again has one effect and one answer (Idempotency-Key, draft-ietf-httpapi-idempotency-key).
//!
//! A caller names a request with a key. The key, a digest of the request and the answer are written in the
//! transaction of the effect: either all of it is there or nothing, whichever node dies when. The same key
//! again gives the kept answer; with another request it is refused; while the first still runs the second
//! waits a moment and is then told to come back. Keys belong to their caller and are forgotten after a day.
//!
//! A refused request has no effect and keeps nothing: correct it and send it with the same key.

pub mod store;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::seal::Sealer;
use crate::values::Text;

/// Hours for which an answer is kept.
pub const KEPT_HOURS: i64 = 24;

/// An answer as it is kept and given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// What stands in the header beside the type.
    pub headers: Headers,
    /// JSON.
    pub body: String,
    /// Whether it was kept from an earlier request.
    pub replayed: bool,
}

/// The headers that belong to an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    /// `Location`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl Answer {
    /// An answer of this status with a JSON body.
    pub fn json(status: u16, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_string(body)?;
        Ok(Self { status, headers: Headers::default(), body, replayed: false })
    }

    /// With the address of what was made.
    #[must_use]
    pub fn at(mut self, location: String) -> Self {
        self.headers.location = Some(location);
        self
    }

    /// With the version of what was made.
    #[must_use]
    pub fn tagged(mut self, etag: String) -> Self {
        self.headers.etag = Some(etag);
        self
    }
}

/// A request that its caller has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who named it: a key means nothing to anybody else.
    pub actor: String,
    /// The name.
    pub key: String,
    /// Digest of method, address and body.
    pub digest: String,
    /// When.
    pub at: NaiveDateTime,
}

/// Does the work under a claim inside the caller's write transaction, or gives the answer that was kept.
/// Without a claim the work is simply done.
pub fn within(
    conn: &mut Conn,
    sealer: &Sealer,
    claim: Option<&Claim>,
    work: impl FnOnce(&mut Conn) -> Result<Answer>,
) -> Result<Answer> {
    let Some(claim) = claim else { return work(conn) };
    if let Some(kept) = store::take(conn, sealer, claim)? {
        return kept;
    }
    let answer = work(conn)?;
    store::keep(conn, sealer, claim, &answer)?;
    Ok(answer)
}

/// Does work of several transactions under a claim, or gives the answer that was kept. The answer is kept
/// when all is done: the work must be such that what was done already is found done, for a request that
/// broke off, or came twice at the same moment, goes through it again.
pub async fn around(
    db: &Db,
    sealer: &Sealer,
    claim: Option<Claim>,
    work: impl Future<Output = Result<Answer>>,
) -> Result<Answer> {
    let Some(claim) = claim else { return work.await };
    let (asked, opener) = (claim.clone(), sealer.clone());
    if let Some(kept) = db.read(move |conn| store::kept(conn, &opener, &asked)).await? {
        return Ok(kept);
    }
    let (answer, sealer) = (work.await?, sealer.clone());
    db.write_again(move |conn| within(conn, &sealer, Some(&claim), |_| Ok(answer.clone()))).await
}

fn other_request() -> Error {
    Error::new(
        Code::DifferentRequest,
        Text::fixed(
            "该幂等键已用于另一个请求：重发请保持内容不变，新的请求请换一个键",
            "the key was used for another request: send that one unchanged, or choose another key",
        ),
    )
}

fn still_running() -> Error {
    Error {
        retry_after: Some(1),
        ..Error::new(
            Code::RequestInProgress,
            Text::fixed(
                "带有同一幂等键的请求仍在处理，请稍候以同一键重发",
                "a request with this key is still being worked on: send it again in a moment",
            ),
        )
    }
}
