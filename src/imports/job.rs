//! An import as a job: what is kept of the order, and how a node carries it out.

use std::path::Path;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use super::batch::{self, Importer};
use super::model::{Order, Report};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::jobs::{Job, Made, NewJob, Step, Watch, Work, store as jobs};
use crate::seal::Sealer;
use crate::sheet::Reader;

/// What is kept of an order. The file lies beside it, sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// The order, as the caller's token allowed it.
    pub order: Order,
    /// For the provincial list: the draft that takes the rows.
    pub draft: Option<String>,
}

impl Kept {
    /// The job that carries the order out.
    pub fn job(&self, kind: &'static str) -> Result<NewJob> {
        Ok(NewJob {
            kind,
            params: serde_json::to_string(self)?,
            place: self.order.place.to_string(),
            school: self.order.school.clone(),
            by: self.order.by.clone(),
            at: self.order.at,
        })
    }
}

/// The kind of the job that looks for the ids that were meant in an import's refused rows.
pub const SEARCH: &str = "search_proposals";

/// A search for proposals that is still to be done. An import whose rows were refused for their ids leaves one
/// behind, in its own transaction, so that nobody need ask for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Searching {
    /// The import.
    pub import_id: String,
}

impl Searching {
    /// The job, for whoever sent the file.
    pub fn job(
        &self,
        place: String,
        school: Option<String>,
        by: String,
        at: NaiveDateTime,
    ) -> Result<NewJob> {
        Ok(NewJob { kind: SEARCH, params: serde_json::to_string(self)?, place, school, by, at })
    }
}

/// Leaves the search behind, if there is anything to look for.
pub(super) fn leave_search(conn: &mut Conn, sealer: &Sealer, report: &Report, order: &Order) -> Result<()> {
    if !report.may_have_proposals() {
        return Ok(());
    }
    let searching = Searching { import_id: report.import_id.clone() };
    let job = searching.job(order.place.to_string(), order.school.clone(), order.by.clone(), order.at)?;
    jobs::insert(conn, sealer, &job, None)?;
    Ok(())
}

/// Imports files of one kind.
pub struct ImportWork<M, L> {
    /// Reads the file.
    pub reader: Reader,
    /// Seals what is personal.
    pub sealer: Sealer,
    /// Makes the importer for an order.
    pub importer: M,
    /// The address of what the import made.
    pub location: L,
}

impl<I, M, L> Work for ImportWork<M, L>
where
    I: Importer,
    M: Fn(&Kept) -> I + Send + Sync,
    L: Fn(&mut Conn, &Report) -> Result<String> + Send + Sync,
{
    fn run(&self, conn: &mut Conn, job: &Job, file: Option<&Path>, watch: &Watch) -> Result<Step> {
        let kept: Kept = serde_json::from_str(&job.params)?;
        let path = file.ok_or_else(|| Error::internal("an import job without a file"))?;
        let mut importer = (self.importer)(&kept);
        let progress = |rows| watch.tell(rows);
        let report =
            batch::run(conn, &self.reader, &self.sealer, path, &kept.order, &mut importer, &progress)?;
        Ok(Step::Done(Made { location: (self.location)(conn, &report)?, repeated: report.repeated }))
    }
}
