//! What handlers need, gathered once at start and handed to every worker.
//!
//! The rim knows only the database, the limits and the counters; anything else (token verifier,
//! sealer, policy pack, sheet reader) is added with [`Parts::with`] and taken by handlers as
//! `web::Data<T>`, so that a new part touches no signature here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};

use super::metrics::Metrics;
use crate::db::Db;
use crate::error::Result;

/// Bounds on what a caller may send, and how slowly.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest JSON body, in bytes.
    pub json_bytes: usize,
    /// Largest uploaded file, in bytes.
    pub upload_bytes: u64,
    /// Where uploads are kept while they are read; the system's temporary folder if `None`.
    pub upload_dir: Option<PathBuf>,
    /// How long a body may keep us waiting.
    pub body: Patience,
}

/// How long the service waits for the bytes of one body, counting only the time spent waiting.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The most for a whole body, however steadily it arrives.
    pub total: Duration,
    /// What every body is granted whatever its size.
    pub grace: Duration,
    /// Beyond the grace, bytes per second that must have arrived on average.
    pub bytes_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            json_bytes: 1 << 20,
            upload_bytes: 256 << 20,
            upload_dir: None,
            body: Patience {
                total: Duration::from_mins(10),
                grace: Duration::from_secs(10),
                bytes_per_second: 16 << 10,
            },
        }
    }
}

type Register = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;
type Check = Arc<dyn Fn() -> Result<()> + Send + Sync>;

/// Everything that is made once and shared by all workers.
#[derive(Clone)]
pub struct Parts {
    /// The database.
    pub db: Db,
    /// Bounds on requests.
    pub limits: Limits,
    /// The counters behind `/metrics`.
    pub metrics: Arc<Metrics>,
    registrations: Vec<Register>,
    checks: Vec<(&'static str, Check)>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The named checks behind `/readyz`; each must be quick and hold no lock. They run off the async threads.
#[derive(Clone)]
pub struct Readiness(pub(super) Arc<[(&'static str, Check)]>);

impl Parts {
    /// The parts every application has.
    pub fn new(db: Db, limits: Limits) -> Self {
        let probe = db.clone();
        let parts = Self {
            db,
            limits,
            metrics: Arc::new(Metrics::default()),
            registrations: Vec::new(),
            checks: Vec::new(),
        };
        parts.ready_when("database", move || probe.read_now(|_| Ok(())))
    }

    /// Adds a part that handlers take as `web::Data<T>`.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(self, part: T) -> Self {
        self.with_shared(Arc::new(part))
    }

    /// Adds a part that something else holds as well.
    #[must_use]
    pub fn with_shared<T: Send + Sync + 'static>(mut self, part: Arc<T>) -> Self {
        let data = Data::from(part);
        self.registrations.push(Arc::new(move |cfg| {
            cfg.app_data(data.clone());
        }));
        self
    }

    /// Adds a check to `/readyz`. The name is shown when it fails; the error goes to the log.
    #[must_use]
    pub fn ready_when(
        mut self,
        name: &'static str,
        check: impl Fn() -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.checks.push((name, Arc::new(check)));
        self
    }

    /// Hands the parts to one application.
    pub fn register(&self, cfg: &mut ServiceConfig) {
        cfg.app_data(Data::new(self.db.clone()))
            .app_data(Data::new(self.limits.clone()))
            .app_data(Data::from(Arc::clone(&self.metrics)))
            .app_data(Data::new(Readiness(self.checks.clone().into())));
        for registration in &self.registrations {
            registration(cfg);
        }
    }
}
