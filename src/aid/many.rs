//! What is asked about many records at a time, set by set: proposals for students, acts on records.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::act::{self, Came};
use super::bulk::{ApprovalsRequest, NoticesRequest, PaymentsRequest, ProposalsRequest, Selection};
use super::hand::Hand;
use super::model::{AidRecord, AidState};
use super::money::{self, Payment};
use super::propose::{self, Line};
use super::store;
use super::whom::people_of;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::values::{Programme, Term};

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "act", content = "request", rename_all = "snake_case")]
pub enum ManyOrder {
    /// Propose.
    Proposals(ProposalsRequest),
    /// Put on notice.
    Notices(NoticesRequest),
    /// Approve.
    Approvals(ApprovalsRequest),
    /// Pay.
    Payments(PaymentsRequest),
}

impl ManyOrder {
    /// Refuses what names nobody, or nobody clearly, before anything begins.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Proposals(request) => request.clone().whom().map(drop),
            Self::Notices(NoticesRequest { select, .. })
            | Self::Approvals(ApprovalsRequest { select })
            | Self::Payments(PaymentsRequest { select, .. }) => {
                select.clone().meant(AidState::Proposed).map(drop)
            }
        }
    }

    /// Whether nothing is to be stored.
    pub const fn is_rehearsal(&self) -> bool {
        matches!(self, Self::Proposals(request) if request.dry_run)
    }

    /// The records selected, and what is to be done with them.
    pub fn act(self, today: NaiveDate) -> Result<(Selection, ManyAct)> {
        Ok(match self {
            Self::Proposals(_) => return Err(Error::internal("aid: proposals are no act on records")),
            Self::Notices(NoticesRequest { select, starts_on }) => {
                (select, ManyAct::Notice(starts_on.unwrap_or(today)))
            }
            Self::Approvals(ApprovalsRequest { select }) => (select, ManyAct::Approve),
            Self::Payments(PaymentsRequest { select, paid_on, source }) => {
                let payment = Payment { fen: None, paid_on, account_id: None, source, reason: None };
                (select, ManyAct::Pay(Box::new(payment)))
            }
        })
    }
}

/// An act on many records.
#[derive(Debug, Clone)]
pub enum ManyAct {
    /// Put on notice from this day on.
    Notice(NaiveDate),
    /// Approved.
    Approve,
    /// Paid in full.
    Pay(Box<Payment>),
}

impl ManyAct {
    /// The state that the act follows.
    pub const fn after(&self) -> AidState {
        match self {
            Self::Notice(_) => AidState::Proposed,
            Self::Approve => AidState::Noticed,
            Self::Pay(_) => AidState::Approved,
        }
    }

    /// Acts on the records of a set that are there, in its order.
    pub fn carry_out(&self, conn: &mut Conn, hand: &Hand, set: &[String]) -> Result<Vec<Came>> {
        let mut taken = store::take(conn, hand.who.scope(), set)?;
        let records: Vec<AidRecord> = set.iter().filter_map(|id| taken.remove(id)).collect();
        match self {
            Self::Notice(starts_on) => act::notice(conn, hand, records, *starts_on),
            Self::Approve => act::approve(conn, hand, records),
            Self::Pay(payment) => money::pay(conn, hand, records, |_| (**payment).clone()),
        }
    }
}

/// What is proposed for each of many students.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Term.
    pub term: Term,
    /// Nothing is stored.
    pub dry_run: bool,
    programmes: Vec<Programme>,
}

/// Whom a request for proposals means, and what is proposed for each.
pub fn proposals(conn: &mut Conn, hand: &Hand, request: ProposalsRequest) -> Result<(Vec<String>, Plan)> {
    let plan = Plan::of(hand, &request);
    let people = people_of(conn, hand, plan.term, &request.whom()?)?;
    Ok((people, plan))
}

impl Plan {
    /// What a request asks for each.
    pub fn of(hand: &Hand, request: &ProposalsRequest) -> Self {
        let programmes = request.programmes.clone().unwrap_or_else(|| propose::paid_in_cash(&hand.pack));
        Self { term: request.term, dry_run: request.dry_run, programmes }
    }

    /// Proposes for a set of students.
    pub fn carry_out(&self, conn: &mut Conn, hand: &Hand, set: &[String]) -> Result<Vec<Line>> {
        propose::propose_set(conn, hand, self.term, set, &self.programmes, self.dry_run)
    }
}
