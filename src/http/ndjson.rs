//! Newline-delimited JSON: a body of any length, answered line by line with flat memory.
//!
//! Lines are handed on in batches, so that a handler makes one database hop per batch and not per line.
//! A faulty line is answered in its place with its number; the lines around it are not lost.

use std::future::Future;

use actix_web::HttpResponse;
use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use super::extract::broken_body;
use crate::error::{Code, Error, Result};
use crate::values::{Lang, Text};

/// The media type.
pub const MEDIA_TYPE: &str = "application/x-ndjson";

/// Lines per batch.
const BATCH: usize = 200;

/// The longest line, in bytes.
const LONGEST_LINE: usize = 64 << 10;

/// One line of the body: its number from 1, and its bytes.
#[derive(Debug, Clone)]
pub struct Line {
    /// Number, from 1.
    pub number: u64,
    /// The line without its end.
    pub bytes: Bytes,
}

struct Reading {
    payload: Payload,
    buffer: BytesMut,
    next: u64,
    done: bool,
}

impl Reading {
    /// The next batch of lines that are not blank; empty at the end.
    async fn batch(&mut self) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        while lines.len() < BATCH {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line = self.buffer.split_to(end + 1).freeze();
                self.push(&mut lines, line.slice(..end));
            } else if self.done {
                let rest = self.buffer.split().freeze();
                self.push(&mut lines, rest);
                break;
            } else if self.buffer.len() > LONGEST_LINE {
                return Err(too_long(self.next));
            } else {
                match self.payload.next().await {
                    Some(chunk) => self.buffer.extend_from_slice(&chunk.map_err(|e| broken_body(&e))?),
                    None => self.done = true,
                }
            }
        }
        Ok(lines)
    }

    fn push(&mut self, lines: &mut Vec<Line>, bytes: Bytes) {
        let number = self.next;
        self.next += 1;
        if !bytes.iter().all(u8::is_ascii_whitespace) {
            lines.push(Line { number, bytes });
        }
    }
}

/// Answers every line with what `work` makes of it, in order. What breaks the body ends the answer with
/// a line that says so.
pub fn answer<W, F>(payload: Payload, lang: Lang, work: W) -> HttpResponse
where
    W: Fn(Vec<Line>) -> F + 'static,
    F: Future<Output = Result<Vec<Bytes>>>,
{
    let reading = Reading { payload, buffer: BytesMut::new(), next: 1, done: false };
    let body = stream::unfold(Some((reading, work)), move |state| async move {
        let (mut reading, work) = state?;
        let made = match reading.batch().await {
            Ok(lines) if lines.is_empty() => return None,
            Ok(lines) => work(lines).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(lines) => {
                let mut out = BytesMut::new();
                for line in lines {
                    out.extend_from_slice(&line);
                    out.extend_from_slice(b"\n");
                }
                Some((Ok::<_, Error>(out.freeze()), Some((reading, work))))
            }
            Err(error) => {
                log::warn!("event=ndjson_broke code={}", error.code.code());
                let mut out = fault(reading.next, &error, lang).to_vec();
                out.push(b'\n');
                Some((Ok(Bytes::from(out)), None))
            }
        }
    });
    HttpResponse::Ok().content_type(MEDIA_TYPE).insert_header(("Cache-Control", "no-store")).streaming(body)
}

/// The answer to a faulty line.
pub fn fault(line: u64, error: &Error, lang: Lang) -> Bytes {
    let fields: Vec<_> = error
        .fields
        .iter()
        .map(
            |f| serde_json::json!({ "pointer": f.pointer, "code": f.code, "detail": f.detail.in_lang(lang) }),
        )
        .collect();
    let body = serde_json::json!({
        "line": line,
        "error": { "code": error.code.code(), "status": error.code.status(), "detail": error.detail.in_lang(lang), "errors": fields }
    });
    Bytes::from(body.to_string())
}

fn too_long(line: u64) -> Error {
    Error::new(
        Code::TooLarge,
        Text::new(
            format!("第 {line} 行超过 64 KiB，请检查换行"),
            format!("line {line} is longer than 64 KiB: check the line ends"),
        ),
    )
}
