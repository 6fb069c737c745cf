//! A proposal, its states and its evidence.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::imports::ImportKind;
use crate::schema::proposal;
use crate::values::closed_list::closed_list;
use crate::values::resident_id::Slip;

closed_list! {
    /// State of a proposal (更正建议状态).
    pub enum ProposalState {
        Open = "open", "待确认", "open";
        Accepted = "accepted", "已采纳", "accepted";
        Dismissed = "dismissed", "已驳回", "dismissed";
        Reverted = "reverted", "已撤回", "accepted and taken back";
    }
}

closed_list! {
    /// Whether the refused row and the roll say the same of something.
    pub enum Agreement {
        Agrees = "agrees", "一致", "agrees";
        Differs = "differs", "不一致", "differs";
        NotGiven = "not_given", "未提供", "not given by both";
    }
}

/// What speaks for a proposal and against it. Nothing personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProposalEvidence)]
pub struct Evidence {
    /// The name; always `agrees`.
    pub name: Agreement,
    /// The student number; never `differs`.
    pub student_number: Agreement,
    /// The birth date, where the file has such a column; never `differs`.
    pub birth_date: Agreement,
    /// The sex, where the file has such a column.
    pub sex: Agreement,
    /// The school.
    pub school: Agreement,
    /// How many ids could have been meant by what was entered; of their holders one agrees.
    pub candidates: u32,
}

/// One proposal.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = proposal, treat_none_as_default_value = false)]
pub struct Proposal {
    /// Id.
    pub proposal_id: String,
    /// The import that refused the row.
    pub import_id: String,
    /// The row's place in the order in which the file was read.
    #[diesel(column_name = row_number)]
    pub line: i32,
    /// Which person of the row, from 0, where several stand side by side.
    pub member: i16,
    /// What the file held.
    pub kind: ImportKind,
    /// Place of that import.
    pub place: String,
    /// School of that import, or empty.
    pub school: String,
    /// The version of the provincial list that would take the row.
    pub list_id: Option<String>,
    /// The one pupil who agrees.
    pub person_id: String,
    /// The pupil's name by the roll.
    pub name_id: String,
    /// How the entered id differs; `None` when the student number led to the pupil.
    pub slip: Option<Slip>,
    /// [`Evidence`] as JSON.
    pub evidence: String,
    /// State.
    pub state: ProposalState,
    /// The batch of the one row that acceptance brought.
    pub accepted_import_id: Option<String>,
    /// Who had it looked for.
    pub recorded_by: String,
    /// When.
    pub recorded_at: NaiveDateTime,
    /// Who accepted or dismissed it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<NaiveDateTime>,
    /// Who took the acceptance back.
    pub reverted_by: Option<String>,
    /// When.
    pub reverted_at: Option<NaiveDateTime>,
}
