//! The search for proposals as a job: an import whose rows were refused for their ids leaves it behind.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::search::{Reach, Source, search};
use crate::db::Conn;
use crate::error::Result;
use crate::imports::job::Searching;
use crate::imports::store as imports;
use crate::jobs::{Job, Made, Step, Watch, Work};
use crate::seal::Sealer;

/// Searches, one part of a long file at a step, so that on SQLite others can write between two.
#[derive(Debug)]
pub struct SearchWork {
    /// Opens and indexes ids.
    pub sealer: Sealer,
}

/// How far a search has come.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reached {
    /// The line after which it goes on; 0 at the beginning.
    after: i32,
    /// Refused rows looked at.
    rows: u64,
}

impl Work for SearchWork {
    fn run(&self, conn: &mut Conn, job: &Job, _file: Option<&Path>, watch: &Watch) -> Result<Step> {
        let Searching { import_id } = serde_json::from_str(&job.params)?;
        let reached: Reached =
            job.checkpoint.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        let report = imports::find_own(conn, &import_id)?;
        let source = Source::of(conn, report)?;
        let (by, at) = (&job.created_by, job.created_at);
        let searched = search(&mut Reach::Within(conn), &self.sealer, &source, reached.after, by, at)?;
        let rows = reached.rows.saturating_add(u64::try_from(searched.refused).unwrap_or(0));
        watch.tell(rows)?;
        let location = format!("/v1/proposals?import={import_id}");
        Ok(match searched.next_row {
            Some(after) => {
                let checkpoint = serde_json::to_string(&Reached { after, rows })?;
                Step::On { checkpoint, location: Some(location) }
            }
            None => Step::Done(Made { location, repeated: false }),
        })
    }
}
