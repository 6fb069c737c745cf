//! A job as it is told.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{Job, JobState, Problem};
use crate::error::Result;
use crate::page::page;
use crate::values::Lang;

/// A job: where it stands and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobBody {
    /// Id.
    pub job_id: String,
    /// What is done.
    #[schema(example = "import_roll")]
    pub kind: String,
    /// State.
    pub state: JobState,
    /// Rows done so far.
    pub rows_done: i64,
    /// Whether somebody asked for it to stop.
    pub cancel_asked: bool,
    /// How often a node began it; more than once when a node died.
    pub attempts: i32,
    /// The address of what it makes: once it is done, or, of an order on many records, once it has begun.
    #[schema(example = "/v1/imports/0199…")]
    pub location: Option<String>,
    /// Whether what it should make was there already, once it is done.
    pub repeated: Option<bool>,
    /// Why it failed.
    pub problem: Option<JobProblem>,
    /// When it was handed in.
    pub created_at: DateTime<Utc>,
    /// When a node first began it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Why a job failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobProblem {
    /// Stable code, one of those that problems have.
    pub code: String,
    /// What is wrong and what to do.
    pub detail: String,
    /// The fields concerned.
    pub errors: Vec<JobFault>,
}

/// One fault of a field.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobFault {
    /// The field.
    pub pointer: String,
    /// Stable code.
    pub code: String,
    /// What is wrong.
    pub detail: String,
}

impl JobBody {
    /// In the caller's language.
    pub fn of(job: Job, lang: Lang) -> Result<Self> {
        let pick = |(zh, en): (String, String)| match lang {
            Lang::Zh => zh,
            Lang::En => en,
        };
        let problem: Option<Problem> = job.problem.as_deref().map(serde_json::from_str).transpose()?;
        Ok(Self {
            job_id: job.job_id,
            kind: job.kind,
            state: job.state,
            rows_done: job.rows_done,
            cancel_asked: job.cancel_asked,
            attempts: job.attempts,
            location: job.location,
            repeated: job.repeated,
            problem: problem.map(|p| JobProblem {
                code: p.code,
                detail: pick(p.detail),
                errors: p
                    .errors
                    .into_iter()
                    .map(|f| JobFault { pointer: f.pointer, code: f.code, detail: pick(f.detail) })
                    .collect(),
            }),
            created_at: job.created_at.and_utc(),
            started_at: job.started_at.map(|at| at.and_utc()),
            ended_at: job.ended_at.map(|at| at.and_utc()),
        })
    }
}

page!(pub JobPage of JobBody, "Jobs, newest first.");
