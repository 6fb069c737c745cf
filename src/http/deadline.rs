//! A deadline on bodies: actix-web waits for ever for a body that trickles in.
//!
//! The body is wrapped in [`Timed`], which counts only the time spent waiting for the caller (a slow
//! handler is not the caller's fault) and ends the body once the [`Patience`] is used up. What
//! the reader of the body then sees is [`is_timeout`]'s error, which becomes a 408.
//!
//! A body that nobody read to its end would be awaited without a deadline after the answer, if it is
//! chunked and its reader is gone. [`Unread`] therefore keeps the reader until the answer is out:
//! then the server closes the connection instead.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{HttpMessage as _, HttpResponse};
use futures_util::Stream;
use tokio::time::{Instant, Sleep};

use super::parts::Patience;

/// Puts the deadline on a request's body, if it has one.
pub fn limit(request: &mut ServiceRequest, patience: Patience) -> Unread {
    match request.take_payload() {
        Payload::None => Unread(None),
        body => {
            let source = Rc::new(RefCell::new(Source { body, ended: false }));
            let timed = Timed::new(Rc::clone(&source), patience);
            request.set_payload(Payload::Stream { payload: Box::pin(timed) });
            Unread(Some(source))
        }
    }
}

/// The body as it comes from the connection, and whether it came to its end.
struct Source {
    body: Payload,
    ended: bool,
}

/// A hold on a request's body, kept while the answer is sent.
pub struct Unread(Option<Rc<RefCell<Source>>>);

impl Unread {
    /// Keeps the body alive with the answer if it was not read to its end.
    pub fn stay_with(self, response: HttpResponse<BoxBody>) -> HttpResponse<BoxBody> {
        match self.0 {
            Some(source) if !source.borrow().ended => {
                response.map_body(|_, answer| BoxBody::new(AnswerFirst { answer, _unread: source }))
            }
            _ => response,
        }
    }
}

/// An answer that holds the body of its request until it is sent.
struct AnswerFirst {
    answer: BoxBody,
    _unread: Rc<RefCell<Source>>,
}

impl MessageBody for AnswerFirst {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.answer.as_pin_mut().poll_next(cx)
    }
}

/// Whether a body ended because the caller was too slow.
pub fn is_timeout(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(e) if e.kind() == io::ErrorKind::TimedOut)
}

/// A body that gives up when its sender is too slow.
struct Timed {
    source: Rc<RefCell<Source>>,
    patience: Patience,
    received: u64,
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Timed {
    fn new(source: Rc<RefCell<Source>>, patience: Patience) -> Self {
        Self { source, patience, received: 0, waited: Duration::ZERO, waiting: None }
    }
}

impl Patience {
    /// How long whoever has sent, or taken, this many bytes may have kept us waiting in all.
    pub(super) fn allows(self, received: u64) -> Duration {
        let earned = Duration::from_millis(
            received.saturating_mul(1000).checked_div(self.bytes_per_second.into()).unwrap_or(u64::MAX),
        );
        self.grace.saturating_add(earned).min(self.total)
    }
}

impl Stream for Timed {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut source = this.source.borrow_mut();
        if let Poll::Ready(item) = Pin::new(&mut source.body).poll_next(cx) {
            source.ended = !matches!(item, Some(Ok(_)));
            if let Some((since, _)) = this.waiting.take() {
                this.waited = this.waited.saturating_add(since.elapsed());
            }
            if let Some(Ok(bytes)) = &item {
                this.received = this.received.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            }
            return Poll::Ready(item);
        }
        drop(source);
        let left = this.patience.allows(this.received).saturating_sub(this.waited);
        let (_, timer) = this.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(tokio::time::sleep(left)))
        });
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into())))),
            Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    fn source(body: impl Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Rc<RefCell<Source>> {
        let body: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(body);
        Rc::new(RefCell::new(Source { body: Payload::Stream { payload: body }, ended: false }))
    }

    const PATIENCE: Patience =
        Patience { total: Duration::from_secs(100), grace: Duration::from_secs(10), bytes_per_second: 1000 };

    #[test]
    fn bytes_that_arrived_buy_time_up_to_the_total() {
        assert_eq!(PATIENCE.allows(0), Duration::from_secs(10));
        assert_eq!(PATIENCE.allows(5_000), Duration::from_secs(15));
        assert_eq!(PATIENCE.allows(u64::MAX), Duration::from_secs(100));
    }

    #[test]
    fn no_minimum_rate_means_the_total_alone() {
        assert_eq!(Patience { bytes_per_second: 0, ..PATIENCE }.allows(1), PATIENCE.total);
    }

    #[actix_web::test]
    async fn a_body_that_never_comes_ends_in_a_timeout() {
        let patience = Patience { grace: Duration::from_millis(1), ..PATIENCE };
        let mut timed = Timed::new(source(futures_util::stream::pending()), patience);
        assert!(is_timeout(&timed.next().await.unwrap().unwrap_err()));
        assert!(!timed.source.borrow().ended);
    }

    #[actix_web::test]
    async fn a_body_that_is_there_passes_untouched_even_without_patience() {
        let here = [Ok(Bytes::from_static(b"ab")), Ok(Bytes::from_static(b"c"))];
        let patience = Patience { grace: Duration::ZERO, total: Duration::ZERO, ..PATIENCE };
        let source = source(futures_util::stream::iter(here));
        let timed = Timed::new(Rc::clone(&source), patience);
        let got: Vec<_> = timed.map(Result::unwrap).collect().await;
        assert_eq!(got, [Bytes::from_static(b"ab"), Bytes::from_static(b"c")]);
        assert!(source.borrow().ended);
    }
}
