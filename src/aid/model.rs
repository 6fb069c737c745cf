//! An aid record and how it is told.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::schema::aid_record;
use crate::values::closed_list::closed_list;
use crate::values::{Fen, Programme, Tier};

closed_list! {
    /// State of an aid record.
    pub enum AidState {
        Paid = "paid", "已发放", "paid";
        Returned = "returned", "已退回", "returned";
        Cancelled = "cancelled", "已取消", "cancelled";
    }
}

/// One payment (or waiver) to one student.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = aid_record, treat_none_as_default_value = false)]
pub struct AidRecord {
    /// Id.
    pub record_id: String,
    /// What makes the same payment sent twice one record.
    pub row_key: String,
    /// The student.
    pub person_id: String,
    /// The name as the sheet gives it.
    pub name_id: String,
    /// The school that paid.
    pub school_code: String,
    /// Place of the school.
    pub place: String,
    /// Term.
    pub term: String,
    /// Programme.
    pub programme: Programme,
    /// Tier, when the sheet gives one.
    pub tier: Option<Tier>,
    /// Amount in fen.
    pub fen: i64,
    /// Day of payment.
    pub paid_on: NaiveDate,
    /// The card it went to, by the vault's id.
    pub account_id: Option<String>,
    /// 受助类型 as the sheet gives it.
    pub recipient_kind: Option<String>,
    /// State.
    pub state: AidState,
    /// The import that brought it.
    pub import_id: Option<String>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When.
    pub recorded_at: NaiveDateTime,
}

/// One payment (or waiver) to one student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AidBody {
    /// Id of the record.
    pub record_id: String,
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
    /// Amount in fen.
    #[schema(value_type = i64, example = 150_000)]
    pub fen: Fen,
    /// Day of payment.
    pub paid_on: NaiveDate,
    /// State.
    pub state: AidState,
}

impl From<AidRecord> for AidBody {
    fn from(r: AidRecord) -> Self {
        Self {
            record_id: r.record_id,
            student_id: r.person_id,
            school: r.school_code,
            term: r.term,
            programme: r.programme,
            tier: r.tier,
            fen: Fen(r.fen),
            paid_on: r.paid_on,
            state: r.state,
        }
    }
}
