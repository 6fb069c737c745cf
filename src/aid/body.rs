//! How records and ledgers are told.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{AidRecord, AidState, Entry, EntryKind, FundSource, Origin};
use super::store;
use crate::db::Conn;
use crate::error::Result;
use crate::values::{Fen, Programme, Tier};

/// 资助记录 / One student's aid of one programme in one term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AidBody {
    /// Id of the record.
    pub record_id: String,
    /// 来源 / Whether it was proposed here or stated by a payment sheet.
    pub origin: Origin,
    /// The student.
    pub student_id: String,
    /// School code.
    pub school: String,
    /// Term.
    #[schema(example = "2025A")]
    pub term: String,
    /// Programme.
    pub programme: Programme,
    /// Tier.
    pub tier: Option<Tier>,
    /// 核定金额（分） / Granted, or stated by the sheet, in fen.
    #[schema(value_type = i64, example = 150_000)]
    pub fen: Fen,
    /// 政策应发（分） / Due by the policy when it was proposed, in fen a term.
    #[schema(value_type = Option<i64>, example = 150_000)]
    pub due_fen: Option<Fen>,
    /// 已发放（分） / Paid so far, in fen.
    #[schema(value_type = i64)]
    pub paid_fen: Fen,
    /// 已退回（分） / Of that returned, in fen.
    #[schema(value_type = i64)]
    pub returned_fen: Fen,
    /// Day of the last payment.
    pub paid_on: Option<NaiveDate>,
    /// State.
    pub state: AidState,
    /// 偏离政策的理由 / Why amount or tier are not the policy's.
    pub reason: Option<String>,
    /// 所更正的首条记录 / Of a correction: the first record of its chain.
    pub corrects: Option<String>,
    /// The public notice it stands on.
    pub notice_id: Option<String>,
    /// The number of its ledger's last line; the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
}

impl From<AidRecord> for AidBody {
    fn from(r: AidRecord) -> Self {
        Self {
            record_id: r.record_id,
            origin: r.origin,
            student_id: r.person_id,
            school: r.school_code,
            term: r.term,
            programme: r.programme,
            tier: r.tier,
            fen: Fen(r.fen),
            due_fen: r.due_fen.map(Fen),
            paid_fen: Fen(r.paid_fen),
            returned_fen: Fen(r.returned_fen),
            paid_on: r.paid_on,
            state: r.state,
            reason: r.reason,
            corrects: r.corrects,
            notice_id: r.notice_id,
            version: r.version,
        }
    }
}

/// 台账的一行 / One line of a record's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LedgerLineBody {
    /// Its number, from 1.
    pub line: i64,
    /// What happened.
    pub kind: EntryKind,
    /// Amount in fen.
    #[schema(value_type = Option<i64>)]
    pub fen: Option<Fen>,
    /// The day it happened, where that is not the day it was recorded.
    pub on: Option<NaiveDate>,
    /// 资金来源 / Whose funds.
    pub source: Option<FundSource>,
    /// Whether a card is recorded for the payment; its number is never shown here.
    pub has_account: bool,
    /// Of a return: the line of the payment that came back.
    pub of_line: Option<i64>,
    /// Why.
    pub reason: Option<String>,
    /// The notice it was put on, or the record that corrects it.
    pub other_id: Option<String>,
    /// Who recorded it; not told to a guardian.
    pub recorded_by: Option<String>,
    /// When (UTC).
    pub recorded_at: DateTime<Utc>,
}

impl From<Entry> for LedgerLineBody {
    fn from(e: Entry) -> Self {
        Self {
            line: e.line,
            kind: e.kind,
            fen: e.fen.map(Fen),
            on: e.on_day,
            source: e.source,
            has_account: e.account_id.is_some(),
            of_line: e.of_line,
            reason: e.reason,
            other_id: e.other_id,
            recorded_by: Some(e.recorded_by),
            recorded_at: e.recorded_at.and_utc(),
        }
    }
}

/// 资助记录及其台账 / A record with its ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AidDetailBody {
    /// The record.
    #[serde(flatten)]
    pub record: AidBody,
    /// 台账 / Everything that happened to it, in order.
    pub ledger: Vec<LedgerLineBody>,
}

impl AidDetailBody {
    /// A record with its lines as they are stored.
    pub fn read(conn: &mut Conn, record: AidRecord) -> Result<Self> {
        let ledger = store::ledger(conn, &record.record_id)?;
        Ok(Self::of(record, ledger))
    }

    /// A record and its lines.
    pub fn of(record: AidRecord, ledger: Vec<Entry>) -> Self {
        Self { record: record.into(), ledger: ledger.into_iter().map(LedgerLineBody::from).collect() }
    }
}
