//! A node's part in the work: which kinds it can do, what it does now, and how a job is handed in.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::body::JobBody;
use super::model::{Job, Made, NewJob};
use super::store;
use crate::db::{Conn, Db};
use crate::error::{Code, Error, Result};
use crate::http::upload::Upload;
use crate::once::{self, Answer, Claim};
use crate::seal::Sealer;
use crate::values::{Lang, Text};

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is more to do after this point.
    On {
        /// JSON from which the work knows where to go on.
        checkpoint: String,
        /// The address of what is being made, if there is something to see.
        location: Option<String>,
    },
    /// It was the last.
    Done(Made),
}

/// One kind of work, step by step. Each step runs inside the write transaction that also keeps its checkpoint or
/// marks the job done; it may be begun again when that transaction fails.
pub trait Work: Send + Sync {
    /// Takes the step after the job's checkpoint. `file` is what was handed in with it.
    fn run(&self, conn: &mut Conn, job: &Job, file: Option<&Path>, watch: &Watch) -> Result<Step>;
}

/// The kinds of work of this service, by name.
#[derive(Clone, Default)]
pub struct Works(HashMap<&'static str, Arc<dyn Work>>);

impl std::fmt::Debug for Works {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Works {
    /// With one kind more.
    #[must_use]
    pub fn with(mut self, kind: &'static str, work: impl Work + 'static) -> Self {
        self.0.insert(kind, Arc::new(work));
        self
    }

    pub(super) fn kinds(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }

    pub(super) fn find(&self, kind: &str) -> Option<Arc<dyn Work>> {
        self.0.get(kind).cloned()
    }
}

/// What passes between a running job and those who watch it.
#[derive(Debug, Default)]
pub struct Watch {
    rows: AtomicI64,
    unwanted: AtomicBool,
    lost: AtomicBool,
    given_back: AtomicBool,
}

impl Watch {
    /// Tells how far the work is; refused when it should stop.
    pub fn tell(&self, rows: u64) -> Result<()> {
        self.rows.store(i64::try_from(rows).unwrap_or(i64::MAX), Ordering::Relaxed);
        if self.unwanted() {
            return Err(Error::new(Code::Conflict, Text::fixed("已取消", "cancelled")));
        }
        if self.lost() {
            return Err(Error::unavailable("jobs: another node has taken the job over"));
        }
        if self.given_back() {
            return Err(Error::unavailable("jobs: the node is stopping"));
        }
        Ok(())
    }

    /// So many were done before this node took the job.
    pub(super) fn start_at(&self, rows: i64) {
        self.rows.store(rows, Ordering::Relaxed);
    }

    pub(super) fn rows(&self) -> i64 {
        self.rows.load(Ordering::Relaxed)
    }

    pub(super) fn unwanted(&self) -> bool {
        self.unwanted.load(Ordering::Relaxed)
    }

    pub(super) fn lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn stop(&self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }

    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    pub(super) fn given_back(&self) -> bool {
        self.given_back.load(Ordering::Relaxed)
    }
}

/// How a node works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Jobs at once; none is a node that only takes jobs in.
    pub workers: usize,
    /// How long a job is this node's without being renewed. A third of it is the renewal's pace.
    pub lease: Duration,
    /// How often an idle node looks for work that others took in.
    pub look: Duration,
    /// Where files lie while they are read.
    pub folder: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { workers: 1, lease: Duration::from_secs(30), look: Duration::from_secs(1), folder: None }
    }
}

/// This node.
#[derive(Clone)]
pub struct Node(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) name: String,
    pub(super) db: Db,
    pub(super) sealer: Sealer,
    pub(super) works: Works,
    pub(super) settings: Settings,
    pub(super) stopping: AtomicBool,
    running: Mutex<HashMap<String, Arc<Watch>>>,
    bell: Condvar,
    rung: Mutex<bool>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl Node {
    /// A node that can do these works.
    pub fn new(db: Db, sealer: Sealer, works: Works, settings: Settings) -> Self {
        Self(Arc::new(Inner {
            // The process's number helps whoever looks; the rest makes it unlike any other.
            name: format!("{}-{}", std::process::id(), uuid::Uuid::new_v4()),
            db,
            sealer,
            works,
            settings,
            stopping: AtomicBool::new(false),
            running: Mutex::default(),
            bell: Condvar::new(),
            rung: Mutex::new(false),
        }))
    }

    /// Takes a job in and answers 202 with its address.
    pub async fn accept(
        &self,
        claim: Option<Claim>,
        new: NewJob,
        upload: Option<Upload>,
        lang: Lang,
    ) -> Result<Answer> {
        let inner = Arc::clone(&self.0);
        let answer = self
            .0
            .db
            .write_again(move |conn| {
                once::within(conn, &inner.sealer, claim.as_ref(), |conn| {
                    let file = upload.as_ref().map(|upload| upload.file.path());
                    let job = store::insert(conn, &inner.sealer, &new, file)?;
                    let location = format!("/v1/jobs/{}", job.job_id);
                    Ok(Answer::json(202, &JobBody::of(job, lang)?)?.at(location))
                })
            })
            .await?;
        self.ring();
        Ok(answer)
    }

    /// What this node knows better than the row, if it runs the job.
    pub(super) fn brought_up_to_date(&self, mut job: Job) -> Job {
        if let Some(watch) = lock(&self.0.running).get(&job.job_id) {
            job.rows_done = job.rows_done.max(watch.rows());
            job.cancel_asked |= watch.unwanted();
        }
        job
    }

    /// Stops the job if it runs here.
    pub fn stop_here(&self, job_id: &str) {
        if let Some(watch) = lock(&self.0.running).get(job_id) {
            watch.stop();
        }
    }

    pub(super) fn begin(&self, job_id: &str) -> Arc<Watch> {
        let watch = Arc::new(Watch::default());
        lock(&self.0.running).insert(job_id.to_owned(), Arc::clone(&watch));
        watch
    }

    pub(super) fn leave(&self, job_id: &str) {
        lock(&self.0.running).remove(job_id);
    }

    /// Stops every job that runs here, for another node to do.
    pub(super) fn give_back(&self) {
        for watch in lock(&self.0.running).values() {
            watch.given_back.store(true, Ordering::Relaxed);
        }
    }

    /// Wakes a worker.
    pub(super) fn ring(&self) {
        *lock(&self.0.rung) = true;
        self.0.bell.notify_one();
    }

    /// Waits for the bell, or until it is time to look again.
    pub(super) fn wait(&self) {
        let rung = lock(&self.0.rung);
        let waited = self.0.bell.wait_timeout_while(rung, self.0.settings.look, |rung| !*rung);
        *waited.map_or_else(|poisoned| poisoned.into_inner().0, |(rung, _)| rung) = false;
    }
}

/// What is guarded here is whole after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
