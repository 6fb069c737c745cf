//! The search for proposals as a job: an import whose rows were refused for their ids leaves it behind.

use std::path::Path;

use super::search::{Reach, Source, search};
use crate::db::Conn;
use crate::error::Result;
use crate::imports::job::Searching;
use crate::imports::store as imports;
use crate::jobs::{Job, Made, Watch, Work, store as jobs};
use crate::seal::Sealer;

/// Searches, one part of a long file at a time.
#[derive(Debug)]
pub struct SearchWork {
    /// Opens and indexes ids.
    pub sealer: Sealer,
}

impl Work for SearchWork {
    fn run(&self, conn: &mut Conn, job: &Job, _file: Option<&Path>, watch: &Watch) -> Result<Made> {
        let Searching { import_id, after } = serde_json::from_str(&job.params)?;
        let report = imports::find_own(conn, &import_id)?;
        let source = Source::of(conn, report)?;
        let (by, at) = (&job.created_by, job.created_at);
        let searched = search(&mut Reach::Within(conn), &self.sealer, &source, after, by, at)?;
        watch.tell(u64::try_from(searched.refused).unwrap_or(0))?;
        if let Some(after) = searched.next_row {
            // The rest in another transaction, so that on SQLite others can write between the two.
            let rest = Searching { import_id: import_id.clone(), after };
            let rest = rest.job(job.place.clone(), job.school.clone(), by.clone(), at)?;
            jobs::insert(conn, &self.sealer, &rest, None)?;
        }
        Ok(Made { location: format!("/v1/proposals?import={import_id}"), repeated: false })
    }
}
