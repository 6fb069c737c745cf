//! The table `idempotency`.

use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{Answer, Claim, KEPT_HOURS, other_request, still_running};
use crate::db::{Conn, on};
use crate::error::{Error, Passing, Result};
use crate::schema::idempotency;
use crate::seal::{Aad, Sealer};
use crate::values::digest::hex;

/// How long a request waits for another with the same key.
const KEY_WAIT: Duration = Duration::from_secs(2);

/// Rows that one sweep takes away.
const SWEPT_AT_ONCE: i64 = 500;

#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency)]
struct Kept {
    digest: String,
    status: Option<i32>,
    headers: Option<String>,
    body_ct: Option<Vec<u8>>,
    recorded_at: NaiveDateTime,
}

/// Takes the key for this transaction (`None`: the work is to be done), or tells what became of it.
pub(super) fn take(conn: &mut Conn, sealer: &Sealer, claim: &Claim) -> Result<Option<Result<Answer>>> {
    // A key that another transaction holds is waited for, but not for as long as a request may last.
    patience(conn, KEY_WAIT)?;
    let digest = digest(sealer, claim);
    let row = (
        idempotency::actor.eq(&claim.actor),
        idempotency::key.eq(&claim.key),
        idempotency::digest.eq(&digest),
        idempotency::recorded_at.eq(claim.at),
    );
    let taken = on!(conn => diesel::insert_into(idempotency::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))
    .map_err(Error::from)
    .map_err(|error| if error.passing == Passing::Locked { still_running() } else { error })?;
    if taken == 1 {
        patience(conn, crate::db::LOCK_WAIT)?;
        return Ok(None);
    }
    let kept = find(conn, claim)?
        .ok_or_else(|| Error::faster_was_another("idempotency: the key was swept meanwhile"))?;
    patience(conn, crate::db::LOCK_WAIT)?;
    if is_forgotten(&kept, claim) {
        diesel::update(idempotency::table.find((&claim.actor, &claim.key)))
            .set((idempotency::digest.eq(&digest), idempotency::recorded_at.eq(claim.at)))
            .execute(conn)?;
        return Ok(None);
    }
    Ok(Some(opened(sealer, claim, kept)))
}

/// The answer kept under a claim, if there is one; takes nothing.
pub(super) fn kept(conn: &mut Conn, sealer: &Sealer, claim: &Claim) -> Result<Option<Answer>> {
    let kept = find(conn, claim)?.filter(|kept| !is_forgotten(kept, claim));
    kept.map(|kept| opened(sealer, claim, kept)).transpose()
}

fn find(conn: &mut Conn, claim: &Claim) -> Result<Option<Kept>> {
    let row = idempotency::table.find((&claim.actor, &claim.key)).select(Kept::as_select());
    Ok(row.first(conn).optional()?)
}

fn is_forgotten(kept: &Kept, claim: &Claim) -> bool {
    claim.at - kept.recorded_at > TimeDelta::hours(KEPT_HOURS)
}

/// The kept answer as it is given again, or the refusal of another request.
fn opened(sealer: &Sealer, claim: &Claim, kept: Kept) -> Result<Answer> {
    if kept.digest != digest(sealer, claim) {
        return Err(other_request());
    }
    let (Some(status), Some(body)) = (kept.status, kept.body_ct) else {
        return Err(Error::internal("idempotency: a key without an answer"));
    };
    Ok(Answer {
        status: u16::try_from(status).unwrap_or(500),
        headers: serde_json::from_str(kept.headers.as_deref().unwrap_or("{}"))?,
        body: sealer.open(&aad(&row_id(claim)), &body)?,
        replayed: true,
    })
}

/// Keyed: a digest of a body with an id number in it could be guessed.
fn digest(sealer: &Sealer, claim: &Claim) -> String {
    hex(&sealer.name_check(&row_id(claim), &claim.digest))
}

/// Keeps the answer under the key.
pub(super) fn keep(conn: &mut Conn, sealer: &Sealer, claim: &Claim, answer: &Answer) -> Result<()> {
    let row_id = row_id(claim);
    diesel::update(idempotency::table.find((&claim.actor, &claim.key)))
        .set((
            idempotency::status.eq(i32::from(answer.status)),
            idempotency::headers.eq(serde_json::to_string(&answer.headers)?),
            idempotency::body_ct.eq(sealer.seal(&aad(&row_id), &answer.body)?),
        ))
        .execute(conn)?;
    Ok(())
}

/// Forgets a bounded number of keys that are older than a day; how many.
pub fn sweep(conn: &mut Conn, now: NaiveDateTime) -> Result<usize> {
    let old: Vec<(String, String)> = idempotency::table
        .filter(idempotency::recorded_at.lt(now - TimeDelta::hours(KEPT_HOURS)))
        .select((idempotency::actor, idempotency::key))
        .order(idempotency::recorded_at.asc())
        .limit(SWEPT_AT_ONCE)
        .load(conn)?;
    let (actors, keys): (Vec<&String>, Vec<&String>) = old.iter().map(|(a, k)| (a, k)).unzip();
    // Pairs that were not asked for are younger and stay.
    Ok(diesel::delete(
        idempotency::table
            .filter(idempotency::actor.eq_any(actors))
            .filter(idempotency::key.eq_any(keys))
            .filter(idempotency::recorded_at.lt(now - TimeDelta::hours(KEPT_HOURS))),
    )
    .execute(conn)?)
}

/// How long statements of this transaction wait for another from here on.
fn patience(conn: &mut Conn, wait: Duration) -> Result<()> {
    if let Conn::Pg(conn) = conn {
        conn.batch_execute(&format!("SET LOCAL lock_timeout = {}", wait.as_millis()))?;
    }
    Ok(())
}

fn row_id(claim: &Claim) -> String {
    format!("{}/{}", claim.actor, claim.key)
}

fn aad(row_id: &str) -> Aad<'_> {
    Aad { table: "idempotency", column: "body_ct", row_id }
}
