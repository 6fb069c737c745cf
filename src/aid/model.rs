//! An aid record as it stands, and the lines of its ledger.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::schema::{aid_entry, aid_record};
use crate::values::closed_list::closed_list;
use crate::values::{Programme, Tier};

closed_list! {
    /// Where a record comes from.
    pub enum Origin {
        Office = "office", "本系统申报", "carried here from its proposal on";
        Sheet = "sheet", "发放表登记", "stated by a payment sheet";
    }
}

closed_list! {
    /// State of an aid record.
    pub enum AidState {
        Proposed = "proposed", "已申报", "proposed";
        Noticed = "noticed", "公示中", "under public notice";
        Approved = "approved", "已批准", "approved, and not paid in full";
        Paid = "paid", "已发放", "paid";
        Acknowledged = "acknowledged", "已签收", "receipt acknowledged";
        Returned = "returned", "已退回", "all of it returned";
        Cancelled = "cancelled", "已取消", "cancelled";
        Corrected = "corrected", "已更正", "replaced by a correction";
    }
}

closed_list! {
    /// What a line of the ledger says.
    pub enum EntryKind {
        Proposed = "proposed", "申报", "proposed";
        Noticed = "noticed", "公示", "put on public notice";
        Approved = "approved", "批准", "approved";
        Paid = "paid", "发放", "paid";
        Acknowledged = "acknowledged", "签收", "receipt acknowledged";
        Returned = "returned", "追回", "taken back";
        Bounced = "bounced", "退票", "sent back by the bank, to be paid again";
        Cancelled = "cancelled", "取消", "cancelled";
        Corrected = "corrected", "更正", "corrected by another record";
    }
}

closed_list! {
    /// Whose funds a payment came from (资金来源).
    pub enum FundSource {
        Central = "central", "中央", "central";
        Province = "province", "省级", "province", ["省"];
        City = "city", "市级", "city", ["市"];
        County = "county", "县级", "county", ["县", "区级"];
        Other = "other", "其他", "other";
    }
}

/// A record as its ledger's last line left it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = aid_record, treat_none_as_default_value = false)]
pub struct AidRecord {
    /// Id.
    pub record_id: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The first record of the chain, of a correction.
    pub corrects: Option<String>,
    /// The student.
    pub person_id: String,
    /// The name as roll or sheet give it.
    pub name_id: String,
    /// The school.
    pub school_code: String,
    /// Place of the school.
    pub place: String,
    /// Term.
    pub term: String,
    /// Programme.
    pub programme: Programme,
    /// What the student can hold once a term.
    pub slot: String,
    /// Tier.
    pub tier: Option<Tier>,
    /// Granted, or stated by the sheet, in fen.
    pub fen: i64,
    /// Due by the policy on the day of the decision, in fen a term; absent when undecided.
    pub due_fen: Option<i64>,
    /// The policy's verdict, by code.
    pub outcome: Option<String>,
    /// The day the policy was asked for.
    pub decided_on: Option<NaiveDate>,
    /// Digest of the pack that decided.
    pub policy: Option<String>,
    /// Why it deviates from the policy.
    pub reason: Option<String>,
    /// 受助类型 as the sheet gives it.
    pub recipient_kind: Option<String>,
    /// State.
    pub state: AidState,
    /// Paid so far, in fen.
    pub paid_fen: i64,
    /// Of that returned, in fen.
    pub returned_fen: i64,
    /// Day of the last payment.
    pub paid_on: Option<NaiveDate>,
    /// The notice it stands on.
    pub notice_id: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// The import that brought it.
    pub import_id: Option<String>,
    /// Who proposed it or sent the sheet.
    pub recorded_by: String,
    /// When.
    pub recorded_at: NaiveDateTime,
    /// The number of the ledger's last line.
    pub version: i64,
}

impl AidRecord {
    /// Whether it is still a student's record: neither cancelled nor replaced by a correction.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, AidState::Cancelled | AidState::Corrected)
    }
}

/// One line of a record's ledger. Never changed once written.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = aid_entry, treat_none_as_default_value = false)]
pub struct Entry {
    /// The record.
    pub record_id: String,
    /// Its number, from 1.
    pub line: i64,
    /// What it says.
    pub kind: EntryKind,
    /// Amount in fen, of proposals, payments and returns.
    pub fen: Option<i64>,
    /// The day it happened, where that is not the day it was recorded.
    pub on_day: Option<NaiveDate>,
    /// The card a payment went to, by the vault's id.
    pub account_id: Option<String>,
    /// Whose funds.
    pub source: Option<FundSource>,
    /// Of a return: the line of the payment that came back.
    pub of_line: Option<i64>,
    /// Why.
    pub reason: Option<String>,
    /// The notice it was put on, or the record that corrects it.
    pub other_id: Option<String>,
    /// Of a payment: what makes the same payment sent twice one line.
    pub row_key: Option<String>,
    /// Who.
    pub recorded_by: String,
    /// When.
    pub recorded_at: NaiveDateTime,
}

impl Entry {
    /// A line with nothing but its kind; the caller fills in what else it says.
    pub fn new(record_id: &str, line: i64, kind: EntryKind, by: &str, at: NaiveDateTime) -> Self {
        Self {
            record_id: record_id.to_owned(),
            line,
            kind,
            fen: None,
            on_day: None,
            account_id: None,
            source: None,
            of_line: None,
            reason: None,
            other_id: None,
            row_key: None,
            recorded_by: by.to_owned(),
            recorded_at: at,
        }
    }
}
