//! Acts on many records as jobs: by a sheet, in one step, or as a request asks, a set at a step. What was asked was
//! verified and checked when it came in; the job acts for whoever asked, within that scope, and leaves a report.

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::act_file::{ActImporter, FileAct};
use super::bulk::{BulkBody, ProposalsBody};
use super::hand::Hand;
use super::many::{self, ManyOrder, Plan};
use super::pay_file::PayImporter;
use super::report::{self, ReportBody};
use crate::auth::{Caller, Scope};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::imports::Order;
use crate::imports::batch::{self, Importer};
use crate::jobs::{Job, Made, NewJob, Step, Watch, Work};
use crate::policy::Pack;
use crate::seal::Sealer;
use crate::sheet::Reader;
use crate::values::{Lang, Place};

/// The kind of a job that does what a request for many records asks.
pub const MANY: &str = "aid_many";

/// What a sheet is to do, as the kind of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BySheet {
    /// Puts records on public notice.
    Notice,
    /// Approves them.
    Approve,
    /// Pays them.
    Pay,
}

impl BySheet {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Notice, Self::Approve, Self::Pay];

    /// The kind of its job.
    pub const fn job(self) -> &'static str {
        match self {
            Self::Notice => "aid_notice_by_file",
            Self::Approve => "aid_approve_by_file",
            Self::Pay => "aid_pay_by_file",
        }
    }
}

/// What is kept of a sheet's order. The file lies beside it, sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptSheet {
    /// The order, as the caller's token allowed it.
    pub order: Order,
    /// The civil day on which it was given.
    pub today: NaiveDate,
    /// For notices: the day the lists were put up.
    pub starts_on: Option<NaiveDate>,
}

impl KeptSheet {
    /// The job that carries the order out.
    pub fn job(&self, act: BySheet) -> Result<NewJob> {
        Ok(NewJob {
            kind: act.job(),
            params: serde_json::to_string(self)?,
            place: self.order.place.to_string(),
            school: self.order.school.clone(),
            by: self.order.by.clone(),
            at: self.order.at,
        })
    }
}

/// What is kept of a request for many records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptMany {
    /// What is asked.
    pub order: ManyOrder,
    /// The caller's own place.
    pub own: Place,
    /// The civil day on which it was asked.
    pub today: NaiveDate,
    /// Whether refusals are told in English.
    pub english: bool,
}

impl KeptMany {
    /// The job that does what is asked.
    pub fn job(&self, hand: &Hand) -> Result<NewJob> {
        Ok(NewJob {
            kind: MANY,
            params: serde_json::to_string(self)?,
            place: self.own.to_string(),
            school: hand.who.scope().school().map(ToOwned::to_owned),
            by: hand.who.actor(),
            at: hand.at,
        })
    }
}

/// Carries orders on many records out.
#[derive(Debug, Clone)]
pub struct AidWork {
    /// Reads files.
    pub reader: Reader,
    /// Seals what is personal.
    pub sealer: Sealer,
    /// The rules.
    pub pack: Arc<Pack>,
}

impl Work for AidWork {
    fn run(&self, conn: &mut Conn, job: &Job, file: Option<&Path>, watch: &Watch) -> Result<Step> {
        let Some(act) = BySheet::ALL.into_iter().find(|act| act.job() == job.kind) else {
            return self.many(conn, job, watch);
        };
        let kept: KeptSheet = serde_json::from_str(&job.params)?;
        let path = file.ok_or_else(|| Error::internal("an import job without a file"))?;
        let hand = self.hand(job, &kept.order.place, kept.today);
        match act {
            BySheet::Pay => self.sheet(conn, path, &kept, PayImporter::new(hand), watch),
            BySheet::Approve => {
                self.sheet(conn, path, &kept, ActImporter::new(hand, FileAct::Approve), watch)
            }
            BySheet::Notice => {
                let act = FileAct::Notice(kept.starts_on.unwrap_or(kept.today));
                self.sheet(conn, path, &kept, ActImporter::new(hand, act), watch)
            }
        }
    }
}

impl AidWork {
    fn hand(&self, job: &Job, own: &Place, today: NaiveDate) -> Hand {
        let scope = Scope::kept(own.clone(), job.school.clone());
        Hand {
            who: Caller::kept(&job.created_by, scope),
            pack: Arc::clone(&self.pack),
            sealer: self.sealer.clone(),
            at: job.created_at,
            today,
        }
    }

    fn sheet(
        &self,
        conn: &mut Conn,
        path: &Path,
        kept: &KeptSheet,
        mut importer: impl Importer,
        watch: &Watch,
    ) -> Result<Step> {
        let progress = |rows| watch.tell(rows);
        let report =
            batch::run(conn, &self.reader, &self.sealer, path, &kept.order, &mut importer, &progress)?;
        let location = format!("/v1/imports/{}", report.import_id);
        Ok(Step::Done(Made { location, repeated: report.repeated }))
    }

    /// First who is meant is written down, then each set is a step: what was done stays done when the node dies or
    /// somebody cancels, and on SQLite others can write between two.
    fn many(&self, conn: &mut Conn, job: &Job, watch: &Watch) -> Result<Step> {
        let kept: KeptMany = serde_json::from_str(&job.params)?;
        let hand = self.hand(job, &kept.own, kept.today);
        let Some(reached) = &job.checkpoint else { return begin(conn, &hand, kept) };
        let Reached { report_id, done } = serde_json::from_str(reached)?;
        let Some((number, set)) = report::next(conn, &report_id)? else {
            return Ok(Step::Done(Made { location: address(&report_id), repeated: false }));
        };
        watch.tell(done)?;
        let lang = if kept.english { Lang::En } else { Lang::Zh };
        let done = done.saturating_add(u64::try_from(set.len()).unwrap_or(u64::MAX));
        let told = carry_out(conn, &hand, kept.order, set, lang)?;
        report::tell(conn, &report_id, number, &told)?;
        watch.tell(done)?;
        Reached { report_id, done }.on()
    }
}

/// How far an order has come.
#[derive(Debug, Serialize, Deserialize)]
struct Reached {
    /// Its report, which knows which sets are done.
    report_id: String,
    /// Students or records done.
    done: u64,
}

impl Reached {
    fn on(&self) -> Result<Step> {
        Ok(Step::On { checkpoint: serde_json::to_string(self)?, location: Some(address(&self.report_id)) })
    }
}

fn address(report_id: &str) -> String {
    format!("/v1/aid-reports/{report_id}")
}

/// Writes down who is meant.
fn begin(conn: &mut Conn, hand: &Hand, kept: KeptMany) -> Result<Step> {
    let (head, meant) = match kept.order {
        ManyOrder::Proposals(request) => {
            let (people, plan) = many::proposals(conn, hand, request)?;
            let head = ProposalsBody::begin(hand, plan.term, plan.dry_run, people.len());
            (ReportBody::Proposals(head), people)
        }
        order => {
            let (select, act) = order.act(hand.today)?;
            (ReportBody::Acts(BulkBody::begin()), select.ids(conn, hand, act.after())?)
        }
    };
    let report_id = report::open(conn, hand, &kept.own, &head, &meant)?;
    Reached { report_id, done: 0 }.on()
}

/// Does what is asked for one set.
fn carry_out(
    conn: &mut Conn,
    hand: &Hand,
    order: ManyOrder,
    set: Vec<String>,
    lang: Lang,
) -> Result<ReportBody> {
    Ok(match order {
        ManyOrder::Proposals(request) => {
            let plan = Plan::of(hand, &request);
            let mut body = ProposalsBody::begin(hand, plan.term, plan.dry_run, set.len());
            body.add(plan.carry_out(conn, hand, &set)?);
            ReportBody::Proposals(body)
        }
        order => {
            let (_, act) = order.act(hand.today)?;
            let mut body = BulkBody::begin();
            let came = act.carry_out(conn, hand, &set)?;
            body.add(set, came, lang);
            ReportBody::Acts(body)
        }
    })
}
