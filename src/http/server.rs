//! The listening server around the application: connections, threads, and a shutdown that finishes
//! what is in flight.

use std::future::Future;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::Server;
use utoipa_actix_web::service_config::ServiceConfig;

use super::Parts;

/// How the server listens and stops.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Threads that take requests.
    pub workers: usize,
    /// Connections of the database pool; the blocking threads are as many, so that none waits for one.
    pub pool_size: usize,
    /// Connections held open per worker; beyond that they wait in the system's queue.
    pub max_connections: usize,
    /// How long a caller may take to send the head of a request.
    pub head_timeout: Duration,
    /// How long an idle connection is kept for the next request.
    pub keep_alive: Duration,
    /// How long a caller may take nothing of an answer before the connection is dropped.
    pub unread: Duration,
    /// How long requests in flight may take to end once the server is told to stop.
    pub grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 2,
            pool_size: 8,
            max_connections: 4_096,
            head_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            unread: Duration::from_mins(1),
            grace: Duration::from_secs(30),
        }
    }
}

/// Starts the application with these `rooms` (in production [`super::routes::all`]) on a socket that
/// is already bound; it stops when `stop` ends.
///
/// The returned server must be awaited; it ends when the last request has been answered or the
/// grace is over.
pub fn start(
    parts: Parts,
    rooms: fn(&mut ServiceConfig),
    listener: TcpListener,
    settings: Settings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<Server> {
    let workers = settings.workers.max(1);
    // Every connection inherits it. actix-web has no such timeout: a caller that stops reading would hold its
    // connection, and what is being sent, for as long as it likes.
    let unread = u32::try_from(settings.unread.as_millis()).unwrap_or(u32::MAX);
    rustix::net::sockopt::set_tcp_user_timeout(&listener, unread)?;
    open_as_many_files_as_allowed();
    let server = HttpServer::new(move || super::assemble(&parts, rooms))
        .workers(workers)
        .worker_max_blocking_threads(settings.pool_size.div_ceil(workers).max(1))
        .max_connections(settings.max_connections)
        .on_connect(super::taking::keep_socket)
        .client_request_timeout(settings.head_timeout)
        .keep_alive(settings.keep_alive)
        .shutdown_timeout(settings.grace.as_secs())
        // actix would end at once on SIGINT; here both signals finish what is in flight.
        .shutdown_signal(stop)
        .listen(listener)?
        .run();
    Ok(server)
}

/// A connection holds two files, and systems are wont to allow a process no more than 1,024 unless it asks.
fn open_as_many_files_as_allowed() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let allowed = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: allowed.maximum, ..allowed }) {
        log::warn!("event=files_not_allowed error={error}");
    }
}

/// Ends when the process is asked to stop: SIGTERM from a supervisor, SIGINT from a terminal.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // Without the handler the system's own action ends the process.
            Err(_) => std::future::pending().await,
        }
    };
    let both = (Box::pin(wait(SignalKind::terminate())), Box::pin(wait(SignalKind::interrupt())));
    futures_util::future::select(both.0, both.1).await;
    log::info!("event=stopping");
}
