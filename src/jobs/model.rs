//! A job as stored, and what goes in and out of one.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::schema::job;
use crate::values::closed_list::closed_list;

closed_list! {
    /// Where a job stands.
    pub enum JobState {
        Queued = "queued", "排队中", "queued";
        Running = "running", "处理中", "running";
        Done = "done", "已完成", "done";
        Failed = "failed", "失败", "failed";
        Cancelled = "cancelled", "已取消", "cancelled";
    }
}

/// A job as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = job, treat_none_as_default_value = false)]
pub struct Job {
    /// Id.
    pub job_id: String,
    /// What is to be done.
    pub kind: String,
    /// JSON that the work understands; nothing personal.
    pub params: String,
    /// State.
    pub state: JobState,
    /// Rows done, as last told.
    pub rows_done: i64,
    /// Whether somebody wants it to stop.
    pub cancel_asked: bool,
    /// The node that runs it.
    pub owner: Option<String>,
    /// Until when it is that node's; of a queued job, not before when it may be taken.
    pub lease_until: Option<NaiveDateTime>,
    /// How often it was taken.
    pub attempts: i32,
    /// The address of what it made.
    pub location: Option<String>,
    /// Whether what it should make was there already.
    pub repeated: Option<bool>,
    /// Why it failed, JSON of [`Problem`].
    pub problem: Option<String>,
    /// The place of whoever asked.
    pub place: String,
    /// The school of whoever asked, if bound to one.
    pub school: Option<String>,
    /// Who asked.
    pub created_by: String,
    /// When.
    pub created_at: NaiveDateTime,
    /// When it was first taken.
    pub started_at: Option<NaiveDateTime>,
    /// When it ended.
    pub ended_at: Option<NaiveDateTime>,
    /// JSON that the work understands: after which step it goes on. None before the first has been taken.
    pub checkpoint: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// What is to be done.
    pub kind: &'static str,
    /// JSON that the work understands; nothing personal.
    pub params: String,
    /// The place of whoever asks.
    pub place: String,
    /// The school of whoever asks, if bound to one.
    pub school: Option<String>,
    /// Who asks.
    pub by: String,
    /// When.
    pub at: NaiveDateTime,
}

/// What a job made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its address.
    pub location: String,
    /// Whether it was there already.
    pub repeated: bool,
}

/// Why a job failed, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable code.
    pub code: String,
    /// 中文, English.
    pub detail: (String, String),
    /// Field by field.
    pub errors: Vec<Fault>,
}

/// One fault of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The field.
    pub pointer: String,
    /// Stable code.
    pub code: String,
    /// 中文, English.
    pub detail: (String, String),
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let both = |text: &crate::values::Text| (text.zh.to_string(), text.en.to_string());
        Self {
            code: error.code.code().to_owned(),
            detail: both(&error.detail),
            errors: error
                .fields
                .iter()
                .map(|f| Fault {
                    pointer: f.pointer.clone(),
                    code: f.code.to_owned(),
                    detail: both(&f.detail),
                })
                .collect(),
        }
    }
}

impl Problem {
    /// Of a job that every node which took it left unfinished.
    pub fn too_often() -> Self {
        Self {
            code: Code::Internal.code().to_owned(),
            detail: (
                "多次中断仍未完成，请检查文件后重新提交".to_owned(),
                "broken off too often: check the file and send it again".to_owned(),
            ),
            errors: Vec::new(),
        }
    }
}
