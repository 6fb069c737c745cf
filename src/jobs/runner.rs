//! The threads that take jobs and do them.

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tempfile::NamedTempFile;

use super::model::{Job, JobState, Problem};
use super::node::{Node, Step, Watch};
use super::store;
use crate::db::with_room;
use crate::error::{Code, Error, Result};
use crate::http::upload::FILE_PREFIX;
use crate::once;
use crate::values::clock;

/// How often old rows are swept.
const SWEEP: Duration = Duration::from_mins(1);

/// How often it is looked whether the last worker has ended, while stopping.
const LOOK_AT_STOP: Duration = Duration::from_millis(20);

/// Seconds before a job that could not be done now is tried again, times the attempts so far.
const PAUSE_SECONDS: i64 = 2;

/// The running workers of a node. Dropping it does not stop them; [`Workers::stop`] does.
#[derive(Debug)]
pub struct Workers {
    node: Node,
    threads: Vec<JoinHandle<()>>,
}

impl Node {
    /// Starts the node's workers.
    pub fn start(&self) -> Result<Workers> {
        // A file belongs to one process: what an earlier one left running, nobody runs.
        if self.0.db.is_embedded() && self.0.settings.workers > 0 {
            self.0.db.write_now(store::free_all)?;
        }
        let threads = (0..self.0.settings.workers)
            .map(|number| {
                let node = self.clone();
                std::thread::Builder::new().name(format!("job-{number}")).spawn(move || node.work())
            })
            .collect::<Result<_, _>>()?;
        Ok(Workers { node: self.clone(), threads })
    }

    /// Does what waits, job by job, on the calling thread until nothing is left: for a command, which goes when
    /// its work is done.
    pub fn do_what_waits(&self) -> Result<()> {
        while let Some(job) = self.take()? {
            self.carry_out(&job);
        }
        Ok(())
    }

    fn work(&self) {
        let mut swept: Option<Instant> = None;
        while !self.0.stopping.load(Ordering::Relaxed) {
            if swept.is_none_or(|at| at.elapsed() > SWEEP) {
                swept = Some(Instant::now());
                self.sweep();
            }
            match self.take() {
                Ok(Some(job)) => self.carry_out(&job),
                Ok(None) => self.wait(),
                Err(error) => {
                    log::warn!("event=jobs_not_taken cause=\"{}\"", error.to_string().escape_debug());
                    self.wait();
                }
            }
        }
    }

    fn sweep(&self) {
        let now = clock::now();
        let swept = self.0.db.write_now(|conn| Ok(store::sweep(conn, now)? + once::store::sweep(conn, now)?));
        if let Err(error) = swept {
            log::warn!("event=not_swept cause=\"{}\"", error.to_string().escape_debug());
        }
    }

    fn take(&self) -> Result<Option<Job>> {
        let (kinds, lease) = (self.0.works.kinds(), self.lease());
        self.0.db.write_again_now(|conn| store::take(conn, &kinds, &self.0.name, clock::now(), lease))
    }

    fn lease(&self) -> TimeDelta {
        // On an embedded database nobody else could take the job, and the work itself holds the only write.
        if self.0.db.is_embedded() {
            return TimeDelta::days(1);
        }
        TimeDelta::from_std(self.0.settings.lease).unwrap_or(TimeDelta::seconds(30))
    }

    fn carry_out(&self, job: &Job) {
        let watch = self.begin(&job.job_id);
        log::info!("event=job_taken id={} kind={} attempt={}", job.job_id, job.kind, job.attempts);
        let outcome = std::thread::scope(|scope| {
            let (working, idle) = mpsc::channel::<()>();
            if !self.0.db.is_embedded() {
                let watch = &watch;
                scope.spawn(move || self.keep_alive(job, watch, &idle));
            }
            let done = std::panic::catch_unwind(AssertUnwindSafe(|| self.attempt(job, &watch)));
            drop(working);
            done.unwrap_or_else(|_panic| Err(Error::internal("a job panicked")))
        });
        let told = match outcome {
            Ok(()) => Ok(()),
            Err(error) => self.give_up(job, &watch, &error),
        };
        self.leave(&job.job_id);
        match told {
            Ok(()) => log::info!("event=job_left id={} kind={}", job.job_id, job.kind),
            // The lease runs out and somebody takes it again.
            Err(error) => {
                let cause = error.to_string();
                log::warn!("event=job_abandoned id={} cause=\"{}\"", job.job_id, cause.escape_debug());
            }
        }
    }

    /// Does the work, step by step: each step and the note of how far it came are one transaction.
    fn attempt(&self, job: &Job, watch: &Watch) -> Result<()> {
        let work = self
            .0
            .works
            .find(&job.kind)
            .ok_or_else(|| Error::internal("jobs: a kind that this node does not know"))?;
        let file = self.fetch_file(job)?;
        let mut job = job.clone();
        watch.start_at(job.rows_done);
        loop {
            let step = self.0.db.write_again_now(|conn| {
                with_room(conn, |conn| {
                    let step = work.run(conn, &job, file.as_ref().map(NamedTempFile::path), watch)?;
                    match &step {
                        Step::Done(made) => store::finish(conn, &job, made, watch.rows(), clock::now())?,
                        Step::On { checkpoint, location } => {
                            store::keep(conn, &job, checkpoint, location.as_deref(), watch.rows())?;
                        }
                    }
                    Ok(step)
                })
            })?;
            match step {
                Step::Done(_) => return Ok(()),
                Step::On { checkpoint, .. } => job.checkpoint = Some(checkpoint),
            }
        }
    }

    /// The job's file, in a temporary file of this node.
    fn fetch_file(&self, job: &Job) -> Result<Option<NamedTempFile>> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(FILE_PREFIX);
        let mut file = match &self.0.settings.folder {
            Some(folder) => builder.tempfile_in(folder)?,
            None => builder.tempfile()?,
        };
        let mut chunks = 0;
        while self.0.db.read_now(|conn| store::fetch(conn, &self.0.sealer, &job.job_id, chunks, &mut file))? {
            chunks += 1;
        }
        file.flush()?;
        Ok((chunks > 0).then_some(file))
    }

    /// Renews the lease until the work is over.
    fn keep_alive(&self, job: &Job, watch: &Watch, idle: &mpsc::Receiver<()>) {
        let pace = self.0.settings.lease / 3;
        while let Err(RecvTimeoutError::Timeout) = idle.recv_timeout(pace) {
            let lease = self.lease();
            let renewed =
                self.0.db.write_now(|conn| store::renew(conn, job, watch.rows(), clock::now(), lease));
            match renewed {
                Ok(Some(true)) => {}
                Ok(Some(false)) => watch.stop(),
                Ok(None) => return watch.lose(),
                // The next one may get through; if none does, the last transaction will not either.
                Err(error) => {
                    let cause = error.to_string();
                    log::warn!(
                        "event=lease_not_renewed id={} cause=\"{}\"",
                        job.job_id,
                        cause.escape_debug()
                    );
                }
            }
        }
    }

    /// Says what became of a job that was not done.
    fn give_up(&self, job: &Job, watch: &Watch, error: &Error) -> Result<()> {
        let now = clock::now();
        if watch.lost() {
            return Ok(());
        }
        self.0.db.write_again_now(|conn| {
            if watch.unwanted() || self.cancelled_meanwhile(conn, job)? {
                return store::end(conn, job, JobState::Cancelled, None, now);
            }
            if watch.given_back() {
                log::info!("event=job_given_back id={}", job.job_id);
                return store::postpone(conn, job, now);
            }
            if error.code == Code::Unavailable {
                let pause = TimeDelta::seconds(PAUSE_SECONDS * i64::from(job.attempts.clamp(1, 30)));
                return store::postpone(conn, job, now + pause);
            }
            if error.code == Code::Internal {
                let cause = error.to_string();
                log::error!("event=job_failed id={} cause=\"{}\"", job.job_id, cause.escape_debug());
            }
            store::end(conn, job, JobState::Failed, Some(&Problem::from(error)), now)
        })
    }

    fn cancelled_meanwhile(&self, conn: &mut crate::db::Conn, job: &Job) -> Result<bool> {
        let (now, lease) = (clock::now(), self.lease());
        Ok(store::renew(conn, job, job.rows_done, now, lease)? == Some(false))
    }
}

impl Workers {
    /// Takes no more jobs. What still runs after the grace is given back, for another node or the next start
    /// to go on with from the last step that was done.
    pub fn stop(self, grace: Duration) {
        self.node.0.stopping.store(true, Ordering::Relaxed);
        let until = Instant::now().checked_add(grace);
        while self.threads.iter().any(|thread| !thread.is_finished()) {
            self.node.ring();
            if until.is_none_or(|until| Instant::now() >= until) {
                // Again and again: a job may have been begun just before the node was told to stop.
                self.node.give_back();
            }
            std::thread::sleep(LOOK_AT_STOP);
        }
        for thread in self.threads {
            if thread.join().is_err() {
                log::error!("event=worker_panicked");
            }
        }
    }
}
