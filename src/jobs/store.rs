//! The tables `job` and `job_chunk`.
//!
//! Everything a running node writes is fenced: it names the owner and the attempt, and touches nothing if
//! another node has taken the job since.

use std::io::{Read, Write};
use std::path::Path;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::MOST_ATTEMPTS;
use super::model::{Job, JobState, Made, NewJob, Problem};
use crate::auth::Scope;
use crate::db::Conn;
use crate::error::{Code, Error, Result};
use crate::schema::{job, job_chunk};
use crate::seal::{Aad, Sealer};
use crate::values::clock;

/// Bytes of a file per chunk.
const CHUNK_BYTES: usize = 512 << 10;

/// Days for which an ended job is still told.
const KEPT_DAYS: i64 = 30;

/// Rows that one sweep takes away.
const SWEPT_AT_ONCE: i64 = 500;

/// Puts a job in, with its file.
pub fn insert(conn: &mut Conn, sealer: &Sealer, new: &NewJob, file: Option<&Path>) -> Result<Job> {
    let row = Job {
        job_id: clock::new_id(),
        kind: new.kind.to_owned(),
        params: new.params.clone(),
        state: JobState::Queued,
        rows_done: 0,
        cancel_asked: false,
        owner: None,
        lease_until: None,
        attempts: 0,
        location: None,
        repeated: None,
        problem: None,
        place: new.place.clone(),
        school: new.school.clone(),
        created_by: new.by.clone(),
        created_at: new.at,
        started_at: None,
        ended_at: None,
        checkpoint: None,
    };
    diesel::insert_into(job::table).values(row.clone()).execute(conn)?;
    let Some(path) = file else { return Ok(row) };
    let mut file = std::fs::File::open(path)?;
    for number in 0_i32.. {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        let most = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        (&mut file).take(most).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            break;
        }
        let row_id = format!("{}/{number}", row.job_id);
        let piece = sealer.seal_bytes(&chunk_aad(&row_id), &bytes)?;
        diesel::insert_into(job_chunk::table)
            .values((
                job_chunk::job_id.eq(&row.job_id),
                job_chunk::number.eq(number),
                job_chunk::bytes_ct.eq(piece),
            ))
            .execute(conn)?;
    }
    Ok(row)
}

/// Writes one chunk of a job's file; whether there was one.
pub fn fetch(
    conn: &mut Conn,
    sealer: &Sealer,
    job_id: &str,
    number: i32,
    to: &mut impl Write,
) -> Result<bool> {
    let piece: Option<Vec<u8>> =
        job_chunk::table.find((job_id, number)).select(job_chunk::bytes_ct).first(conn).optional()?;
    let Some(piece) = piece else { return Ok(false) };
    to.write_all(&sealer.open_bytes(&chunk_aad(&format!("{job_id}/{number}")), &piece)?)?;
    Ok(true)
}

fn chunk_aad(row_id: &str) -> Aad<'_> {
    Aad { table: "job_chunk", column: "bytes_ct", row_id }
}

/// Takes the oldest job that may be taken, for a node that can do these kinds.
pub fn take(
    conn: &mut Conn,
    kinds: &[&str],
    owner: &str,
    now: NaiveDateTime,
    lease: TimeDelta,
) -> Result<Option<Job>> {
    let free = job::table
        .filter(job::ended_at.is_null())
        .filter(job::kind.eq_any(kinds.to_vec()))
        .filter(job::lease_until.is_null().or(job::lease_until.lt(now)))
        .order(job::job_id.asc())
        .select(job::job_id)
        .limit(1);
    let found: Option<String> = match conn {
        // Two nodes that look at once find two different jobs.
        Conn::Pg(conn) => free.for_update().skip_locked().first(conn).optional()?,
        Conn::Sqlite(conn) => free.first(conn).optional()?,
    };
    let Some(job_id) = found else { return Ok(None) };
    diesel::update(job::table.find(&job_id))
        .set((
            job::state.eq(JobState::Running),
            job::owner.eq(owner),
            job::lease_until.eq(now + lease),
            job::attempts.eq(job::attempts + 1),
        ))
        .execute(conn)?;
    // What was done of work in one step has been taken back with it.
    diesel::update(job::table.find(&job_id).filter(job::checkpoint.is_null()))
        .set(job::rows_done.eq(0))
        .execute(conn)?;
    diesel::update(job::table.find(&job_id).filter(job::started_at.is_null()))
        .set(job::started_at.eq(now))
        .execute(conn)?;
    let taken: Job = job::table.find(&job_id).select(Job::as_select()).first(conn)?;
    if taken.cancel_asked {
        end(conn, &taken, JobState::Cancelled, None, now)?;
        return Ok(None);
    }
    if taken.attempts > MOST_ATTEMPTS {
        end(conn, &taken, JobState::Failed, Some(&Problem::too_often()), now)?;
        return Ok(None);
    }
    Ok(Some(taken))
}

/// Renews the lease and tells the progress; whether the job is wanted still, or `None` if it is no longer
/// this node's.
pub fn renew(
    conn: &mut Conn,
    held: &Job,
    rows_done: i64,
    now: NaiveDateTime,
    lease: TimeDelta,
) -> Result<Option<bool>> {
    let done = diesel::update(fenced(held))
        .set((job::lease_until.eq(now + lease), job::rows_done.eq(rows_done)))
        .execute(conn)?;
    if done == 0 {
        return Ok(None);
    }
    let asked: bool = job::table.find(&held.job_id).select(job::cancel_asked).first(conn)?;
    Ok(Some(!asked))
}

/// Keeps how far a job came, in the transaction of that step. Refused, and with it the step, if the job is no
/// longer this node's.
pub fn keep(
    conn: &mut Conn,
    held: &Job,
    checkpoint: &str,
    location: Option<&str>,
    rows_done: i64,
) -> Result<()> {
    let done = diesel::update(fenced(held))
        .set((job::checkpoint.eq(checkpoint), job::location.eq(location), job::rows_done.eq(rows_done)))
        .execute(conn)?;
    if done == 0 {
        return Err(Error::unavailable("jobs: another node has taken the job over"));
    }
    Ok(())
}

/// Marks a job done, in the transaction of its last step. Refused, and with it the work, if the job is no longer
/// this node's or no longer wanted.
pub fn finish(conn: &mut Conn, held: &Job, made: &Made, rows_done: i64, now: NaiveDateTime) -> Result<()> {
    let done = diesel::update(fenced(held).filter(job::cancel_asked.eq(false)))
        .set((
            job::state.eq(JobState::Done),
            job::location.eq(&made.location),
            job::repeated.eq(made.repeated),
            job::rows_done.eq(rows_done),
            job::lease_until.eq(None::<NaiveDateTime>),
            job::ended_at.eq(now),
        ))
        .execute(conn)?;
    if done == 0 {
        return Err(Error::of(Code::Conflict));
    }
    forget_file(conn, &held.job_id)
}

/// Ends a job without its work.
pub fn end(
    conn: &mut Conn,
    held: &Job,
    state: JobState,
    problem: Option<&Problem>,
    now: NaiveDateTime,
) -> Result<()> {
    let problem = problem.map(serde_json::to_string).transpose()?;
    let done = diesel::update(fenced(held))
        .set((
            job::state.eq(state),
            job::problem.eq(problem),
            job::lease_until.eq(None::<NaiveDateTime>),
            job::ended_at.eq(now),
        ))
        .execute(conn)?;
    if done == 1 { forget_file(conn, &held.job_id) } else { Ok(()) }
}

/// Puts a job back for later: the node could not do it now.
pub fn postpone(conn: &mut Conn, held: &Job, until: NaiveDateTime) -> Result<()> {
    diesel::update(fenced(held))
        .set((job::state.eq(JobState::Queued), job::owner.eq(None::<String>), job::lease_until.eq(until)))
        .execute(conn)?;
    Ok(())
}

/// Frees every running job, for a node that knows that no other works on this database.
pub fn free_all(conn: &mut Conn) -> Result<usize> {
    Ok(diesel::update(job::table.filter(job::state.eq(JobState::Running)))
        .set((
            job::state.eq(JobState::Queued),
            job::owner.eq(None::<String>),
            job::lease_until.eq(None::<NaiveDateTime>),
        ))
        .execute(conn)?)
}

/// Asks for a job in scope to stop: at once if nobody runs it, else as soon as its node hears of it.
pub fn cancel(conn: &mut Conn, scope: &Scope, job_id: &str, now: NaiveDateTime) -> Result<Job> {
    find(conn, scope, job_id)?;
    let waiting = job::table.find(job_id).filter(job::state.eq(JobState::Queued));
    let stopped = diesel::update(waiting)
        .set((
            job::state.eq(JobState::Cancelled),
            job::cancel_asked.eq(true),
            job::lease_until.eq(None::<NaiveDateTime>),
            job::ended_at.eq(now),
        ))
        .execute(conn)?;
    if stopped == 1 {
        forget_file(conn, job_id)?;
    } else {
        diesel::update(job::table.find(job_id).filter(job::state.eq(JobState::Running)))
            .set(job::cancel_asked.eq(true))
            .execute(conn)?;
    }
    let found = find(conn, scope, job_id)?;
    if matches!(found.state, JobState::Done | JobState::Failed) {
        return Err(Error::of(Code::Conflict));
    }
    Ok(found)
}

/// A job in scope.
pub fn find(conn: &mut Conn, scope: &Scope, job_id: &str) -> Result<Job> {
    in_scope(scope)
        .filter(job::job_id.eq(job_id.to_owned()))
        .first(conn)
        .optional()?
        .ok_or_else(Error::not_found)
}

/// The jobs in scope, newest first, before an id.
pub fn list(conn: &mut Conn, scope: &Scope, after: Option<String>, limit: i64) -> Result<Vec<Job>> {
    let mut query = in_scope(scope);
    if let Some(after) = after {
        query = query.filter(job::job_id.lt(after));
    }
    Ok(query.order(job::job_id.desc()).limit(limit).load(conn)?)
}

fn in_scope(
    scope: &Scope,
) -> diesel::helper_types::IntoBoxed<
    'static,
    diesel::dsl::Select<job::table, diesel::dsl::AsSelect<Job, crate::db::MultiBackend>>,
    crate::db::MultiBackend,
> {
    let (low, high) = scope.place_range();
    let mut query = job::table.select(Job::as_select()).into_boxed();
    query = query.filter(job::place.ge(low)).filter(job::place.lt(high));
    if let Some(school) = scope.school() {
        query = query.filter(job::school.eq(school.to_owned()));
    }
    query
}

/// Takes away a bounded number of jobs that ended long ago; how many.
pub fn sweep(conn: &mut Conn, now: NaiveDateTime) -> Result<usize> {
    let old: Vec<String> = job::table
        .filter(job::ended_at.lt(now - TimeDelta::days(KEPT_DAYS)))
        .order(job::ended_at.asc())
        .select(job::job_id)
        .limit(SWEPT_AT_ONCE)
        .load(conn)?;
    Ok(diesel::delete(job::table.filter(job::job_id.eq_any(old))).execute(conn)?)
}

fn forget_file(conn: &mut Conn, job_id: &str) -> Result<()> {
    diesel::delete(job_chunk::table.filter(job_chunk::job_id.eq(job_id))).execute(conn)?;
    Ok(())
}

/// The job, if it is still held by the same node in the same attempt.
#[diesel::dsl::auto_type]
fn fenced<'a>(held: &'a Job) -> _ {
    let id: &'a String = &held.job_id;
    let owner: &'a Option<String> = &held.owner;
    let attempts: i32 = held.attempts;
    let running: JobState = JobState::Running;
    job::table
        .filter(job::job_id.eq(id))
        .filter(job::owner.eq(owner))
        .filter(job::attempts.eq(attempts))
        .filter(job::state.eq(running))
}
