//! A deadline on answers: a caller that takes a long answer slowly, though steadily, would hold its connection
//! and what waits to be sent for as long as it likes. (One that takes nothing at all is dropped by the system,
//! see [`super::server::Settings::unread`].)
//!
//! A long answer is handed on in pieces as the caller takes them. Its caller has the same patience as the
//! sender of a body, without the bound on the whole: a grace, and time for the bytes that were handed on. Only
//! the time in which we wait for the caller counts. When it is used up the connection is shut down: nothing
//! else ends a write that makes a little progress now and then.

use std::any::Any;
use std::cell::Cell;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use rustix::net::Shutdown;
use tokio::time::Instant;

use super::parts::Patience;

/// Answers up to this length are not watched: they fit into the system's buffers.
const SHORT: u64 = 64 << 10;

/// The largest piece that is handed on at once.
const PIECE: usize = 64 << 10;

/// How often a watched answer is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// A second handle on the socket of a connection.
struct Socket(OwnedFd);

/// Keeps a handle on every connection's socket. For `HttpServer::on_connect`.
pub(super) fn keep_socket(stream: &dyn Any, connection: &mut Extensions) {
    let stream = stream.downcast_ref::<TcpStream>();
    // Without a handle (too many files are open) the connection is served all the same.
    if let Some(handle) = stream.and_then(|stream| rustix::io::fcntl_dupfd_cloexec(stream, 0).ok()) {
        connection.insert(Rc::new(Socket(handle)));
    }
}

/// Watches a long answer.
pub(super) fn watch(
    request: &HttpRequest,
    response: HttpResponse<BoxBody>,
    patience: Patience,
) -> HttpResponse<BoxBody> {
    let long = match response.body().size() {
        BodySize::None => false,
        BodySize::Sized(bytes) => bytes > SHORT,
        BodySize::Stream => true,
    };
    let socket = request.conn_data::<Rc<Socket>>().filter(|_| long).cloned();
    match socket {
        Some(socket) => response.map_body(|_, answer| BoxBody::new(Watched::new(answer, patience, socket))),
        None => response,
    }
}

/// An answer whose caller is timed.
struct Watched {
    answer: BoxBody,
    rest: Bytes,
    patience: Patience,
    handed: u64,
    waited: Duration,
    /// Since when we wait for the caller, and until when we do; shared with the one who looks.
    waiting: Rc<Cell<Option<(Instant, Instant)>>>,
}

impl Watched {
    fn new(answer: BoxBody, patience: Patience, socket: Rc<Socket>) -> Self {
        let waiting = Rc::<Cell<Option<(Instant, Instant)>>>::default();
        let seen = Rc::downgrade(&waiting);
        actix_web::rt::spawn(async move {
            // Ends with the answer.
            while let Some(waiting) = seen.upgrade() {
                if waiting.get().is_some_and(|(_, until)| until < Instant::now()) {
                    log::warn!("event=answer_taken_too_slowly");
                    // A connection that is gone already is what is wanted. What the system has taken over for the
                    // caller is dropped with it.
                    let _gone = rustix::net::sockopt::set_socket_linger(&socket.0, Some(Duration::ZERO))
                        .and_then(|()| rustix::net::shutdown(&socket.0, Shutdown::Both));
                    return;
                }
                drop(waiting);
                tokio::time::sleep(LOOK).await;
            }
        });
        Self { answer, rest: Bytes::new(), patience, handed: 0, waited: Duration::ZERO, waiting }
    }
}

impl MessageBody for Watched {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        if let Some((since, _)) = this.waiting.take() {
            this.waited = this.waited.saturating_add(since.elapsed());
        }
        while this.rest.is_empty() {
            match ready!(this.answer.as_pin_mut().poll_next(cx)) {
                Some(Ok(bytes)) => this.rest = bytes,
                end => return Poll::Ready(end),
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        this.handed = this.handed.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        let left = this.patience.allows(this.handed).saturating_sub(this.waited);
        let now = Instant::now();
        this.waiting.set(now.checked_add(left).map(|until| (now, until)));
        Poll::Ready(Some(Ok(piece)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket() -> Rc<Socket> {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        Rc::new(Socket(one.into()))
    }

    const PATIENCE: Patience =
        Patience { total: Duration::MAX, grace: Duration::from_secs(10), bytes_per_second: 1000 };

    #[actix_web::test]
    async fn a_long_answer_comes_in_pieces_and_whole() {
        let text: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let watched = Watched::new(BoxBody::new(text.clone()), PATIENCE, socket());
        assert_eq!(watched.size(), BodySize::Sized(200_000));
        let mut watched = Box::pin(watched);
        let (mut got, mut pieces) = (Vec::new(), 0);
        while let Some(piece) =
            std::future::poll_fn(|cx| watched.as_mut().poll_next(cx)).await.map(Result::unwrap)
        {
            assert!(piece.len() <= PIECE);
            got.extend_from_slice(&piece);
            pieces += 1;
        }
        assert_eq!((got, pieces), (text, 4));
    }

    #[actix_web::test]
    async fn what_was_handed_on_buys_time_and_time_waited_is_taken_off() {
        let mut watched = Watched::new(BoxBody::new(vec![0; 100_000]), PATIENCE, socket());
        watched.waited = Duration::from_secs(5);
        let mut watched = Box::pin(watched);
        std::future::poll_fn(|cx| watched.as_mut().poll_next(cx)).await.unwrap().unwrap();
        let (since, until) = watched.waiting.get().unwrap();
        // Ten seconds and one for each thousand bytes, less five.
        assert_eq!((until - since).as_secs(), 10 + 65 - 5);
    }
}
