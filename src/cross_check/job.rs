//! A cross-check as a job.

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::run::{self, Means, Order};
use crate::auth::Scope;
use crate::db::Conn;
use crate::error::Result;
use crate::jobs::{Job, Made, Step, Watch, Work};
use crate::policy::Pack;
use crate::seal::Sealer;
use crate::values::{Place, Term};

/// The kind under which the job is known.
pub const KIND: &str = "cross_check";

/// What is kept of a request. Who asked, and when, stands on the job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// The list version, if one was named.
    pub list: Option<String>,
    /// The term.
    pub term: Term,
    /// The place, if one was named.
    pub place: Option<Place>,
    /// The bureau's own last day for paying, if one was named.
    pub pay_by: Option<NaiveDate>,
    /// The caller's own place.
    pub own: Place,
    /// The civil date of the request.
    pub today: NaiveDate,
}

/// Runs cross-checks.
#[derive(Debug)]
pub struct CrossCheckWork {
    /// The rules.
    pub pack: Arc<Pack>,
    /// Opens and indexes ids.
    pub sealer: Sealer,
}

impl Work for CrossCheckWork {
    fn run(&self, conn: &mut Conn, job: &Job, _file: Option<&Path>, watch: &Watch) -> Result<Step> {
        let kept: Kept = serde_json::from_str(&job.params)?;
        let scope = Scope::kept(kept.own.clone(), job.school.clone());
        let place = match (&kept.place, &kept.list) {
            (Some(place), _) => place.clone(),
            (None, Some(list)) => run::place_of(conn, &scope, list, kept.own)?,
            (None, None) => kept.own,
        };
        let order = Order {
            list: kept.list,
            term: kept.term,
            place,
            pay_by: kept.pay_by,
            by: job.created_by.clone(),
            at: job.created_at,
            today: kept.today,
        };
        let means = Means { pack: &self.pack, sealer: &self.sealer };
        let mut rows = 0_u64;
        let mut told = |_: super::watch::Step, more: usize| {
            rows = rows.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
            watch.tell(rows)
        };
        let (check, repeated) = run::run(conn, &scope, means, &order, &mut told)?;
        Ok(Step::Done(Made { location: format!("/v1/cross-checks/{}", check.check_id), repeated }))
    }
}
