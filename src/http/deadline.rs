//! A deadline on bodies: actix-web waits for ever for a body that trickles in.
//!
//! The body is wrapped in [`Timed`], which counts only the time spent waiting for the caller (a slow
//! handler is not the caller's fault) and ends the body once the [`Patience`] is used up. What
//! the reader of the body then sees is [`is_timeout`]'s error, which becomes a 408.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep};

use super::parts::Patience;

/// Puts the deadline on a request's body, if it has one.
pub fn limit(request: &mut ServiceRequest, patience: Patience) {
    match request.take_payload() {
        Payload::None => {}
        body => {
            let timed = Timed::new(body, patience);
            request.set_payload(Payload::Stream { payload: Box::pin(timed) });
        }
    }
}

/// Whether a body ended because the caller was too slow.
pub fn is_timeout(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(e) if e.kind() == io::ErrorKind::TimedOut)
}

/// A body that gives up when its sender is too slow.
struct Timed {
    body: Payload,
    patience: Patience,
    received: u64,
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Timed {
    fn new(body: Payload, patience: Patience) -> Self {
        Self { body, patience, received: 0, waited: Duration::ZERO, waiting: None }
    }
}

impl Patience {
    /// How long a sender of this many bytes may have kept us waiting in all.
    fn allows(self, received: u64) -> Duration {
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
        if let Poll::Ready(item) = Pin::new(&mut this.body).poll_next(cx) {
            if let Some((since, _)) = this.waiting.take() {
                this.waited = this.waited.saturating_add(since.elapsed());
            }
            if let Some(Ok(bytes)) = &item {
                this.received = this.received.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            }
            return Poll::Ready(item);
        }
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
        let silent: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
            Box::pin(futures_util::stream::pending());
        let patience = Patience { grace: Duration::from_millis(1), ..PATIENCE };
        let mut timed = Timed::new(Payload::Stream { payload: silent }, patience);
        assert!(is_timeout(&timed.next().await.unwrap().unwrap_err()));
    }

    #[actix_web::test]
    async fn a_body_that_is_there_passes_untouched_even_without_patience() {
        let here: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
            Box::pin(futures_util::stream::iter([
                Ok(Bytes::from_static(b"ab")),
                Ok(Bytes::from_static(b"c")),
            ]));
        let patience = Patience { grace: Duration::ZERO, total: Duration::ZERO, ..PATIENCE };
        let timed = Timed::new(Payload::Stream { payload: here }, patience);
        let got: Vec<_> = timed.map(Result::unwrap).collect().await;
        assert_eq!(got, [Bytes::from_static(b"ab"), Bytes::from_static(b"c")]);
    }
}
