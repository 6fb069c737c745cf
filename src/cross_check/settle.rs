//! Makes what a run saw the current findings of its place and term: new ones are opened, known ones keep
//! what was said of them as far as [`lifecycle`](super::lifecycle) lets them, and what is gone is closed.

use std::collections::HashMap;

use chrono::NaiveDateTime;

use super::finding_store::{self as store, EventRow, FindingRow, Former};
use super::lifecycle::{EventKind, Seen, Standing, after};
use super::model::FindingState;
use super::sighting_store::{self as sightings, SightingRow};
use super::store::CheckRow;
use crate::db::Conn;
use crate::error::Result;
use crate::values::clock;

/// Who acts where a run does.
const RUN: &str = "cross-check";

/// Saves what a new run saw. Sightings come without the id of their finding, with its stable key. If the
/// run is of a list that was superseded, it opens what is new and changes nothing else.
pub fn save(
    conn: &mut Conn,
    check: &CheckRow,
    seen: Vec<(String, SightingRow)>,
    current: bool,
) -> Result<()> {
    let mut former: HashMap<String, Former> =
        store::former(conn, &check.place, &check.term)?.into_iter().collect();
    let (mut fresh, mut saw) = (Vec::new(), Vec::with_capacity(seen.len()));
    let mut change = Change::new(check, check.recorded_at);
    for (stable_key, mut sighting) in seen {
        if let Some(before) = former.remove(&stable_key) {
            sighting.finding_id.clone_from(&before.finding_id);
            change.meet(&before, Some(&sighting));
        } else {
            sighting.finding_id = clock::new_id();
            fresh.push(opened(check, &sighting.finding_id, stable_key));
        }
        saw.push(sighting);
    }
    store::insert_findings(conn, &fresh)?;
    sightings::insert_sightings(conn, &saw)?;
    if current {
        for before in former.values() {
            change.meet(before, None);
        }
        change.write(conn)?;
        sightings::seen(conn, &check.check_id)?;
    }
    Ok(())
}

/// Makes an older run the current one again, because its very inputs are there again.
pub fn restore(conn: &mut Conn, check: &CheckRow, at: NaiveDateTime) -> Result<()> {
    let mut former: HashMap<String, Former> =
        store::former(conn, &check.place, &check.term)?.into_iter().collect();
    let mut change = Change::new(check, at);
    for (stable_key, sighting) in sightings::sightings(conn, &check.check_id)? {
        if let Some(before) = former.remove(&stable_key) {
            change.meet(&before, Some(&sighting));
        }
    }
    for before in former.values() {
        change.meet(before, None);
    }
    change.write(conn)?;
    sightings::seen(conn, &check.check_id)
}

fn opened(check: &CheckRow, finding_id: &str, stable_key: String) -> FindingRow {
    FindingRow {
        finding_id: finding_id.to_owned(),
        run_place: check.place.clone(),
        term: check.term.clone(),
        stable_key,
        state: FindingState::Open,
        gone: false,
        remark: None,
        evidence: None,
        answer: None,
        answer_evidence: None,
        answered_by: None,
        answered_at: None,
        assignee: None,
        due_on: None,
        decided_by: None,
        decided_at: None,
        first_seen_at: check.recorded_at,
        last_check: check.check_id.clone(),
        version: 1,
    }
}

/// What a run changes in findings that were there before.
struct Change<'a> {
    check: &'a CheckRow,
    at: NaiveDateTime,
    reopened: Vec<String>,
    closed: Vec<String>,
    events: Vec<EventRow>,
}

impl<'a> Change<'a> {
    fn new(check: &'a CheckRow, at: NaiveDateTime) -> Self {
        Self { check, at, reopened: Vec::new(), closed: Vec::new(), events: Vec::new() }
    }

    fn meet(&mut self, before: &Former, sighting: Option<&SightingRow>) {
        let seen = match sighting {
            None => Seen::Not,
            Some(now) if now.facts() == before.facts => Seen::Same,
            Some(_) => Seen::Changed,
        };
        let stood = Standing { state: before.state, gone: before.gone };
        let (stands, event) = after(stood, seen);
        let Some(what) = event else { return };
        let of = if what == EventKind::Gone { &mut self.closed } else { &mut self.reopened };
        of.push(before.finding_id.clone());
        self.events.push(EventRow {
            event_id: clock::new_id(),
            finding_id: before.finding_id.clone(),
            what,
            from_state: before.state,
            to_state: stands.state,
            note: None,
            check_id: Some(self.check.check_id.clone()),
            made_by: RUN.to_owned(),
            made_at: self.at,
        });
    }

    fn write(self, conn: &mut Conn) -> Result<()> {
        store::stand(conn, &self.reopened, FindingState::Open, false)?;
        store::stand(conn, &self.closed, FindingState::Fixed, true)?;
        store::record_events(conn, &self.events)
    }
}
