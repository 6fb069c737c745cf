//! Findings as callers see them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::word;
use super::finding_store::EventRow;
use super::lifecycle::EventKind;
use super::model::{Detail, FindingKind, FindingState};
use super::report::explain;
use super::sighting_store::Found;
use crate::error::Result;
use crate::page::page;
use crate::roll::masking::Shown;
use crate::values::{Fen, Lang, Programme, Stage};

/// A finding. Id numbers and names are masked unless the token holds `pii:read`.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingBody {
    /// Id, the same in every run that finds the same thing.
    pub finding_id: String,
    /// The run whose facts these are.
    pub check_id: String,
    /// Kind.
    pub kind: FindingKind,
    /// Its name in the caller's language.
    pub name_of_kind: String,
    /// The student; of a shared account or a school one of its students.
    pub student_id: String,
    /// Name.
    pub name: Option<String>,
    /// Id number.
    pub id_number: Option<String>,
    /// The other person the finding is about: whom a mistyped id probably means, or the member of the
    /// household who is on the list.
    pub other: Option<OtherBody>,
    /// The school that can act.
    pub school: Option<String>,
    /// Place of the office that can act.
    pub place: String,
    /// Stage.
    pub stage: Option<Stage>,
    /// Programme.
    pub programme: Option<Programme>,
    /// Due for the term, fen.
    #[schema(value_type = Option<i64>)]
    pub due_fen: Option<Fen>,
    /// Paid for the term, fen.
    #[schema(value_type = Option<i64>)]
    pub paid_fen: Option<Fen>,
    /// In question, fen.
    #[schema(value_type = i64)]
    pub at_stake_fen: Fen,
    /// Particulars.
    pub detail: Detail,
    /// What was found and what to do, in one Chinese sentence.
    pub says: String,
    /// What became of it.
    pub state: FindingState,
    /// Whether the latest run no longer saw it.
    pub gone: bool,
    /// What was said about it.
    pub remark: Option<String>,
    /// Where the proof lies.
    pub evidence: Option<String>,
    /// What the school answered, as long as the bureau has not settled it.
    pub answer: Option<AnswerBody>,
    /// The office or person who is to see to it.
    pub assignee: Option<String>,
    /// By when.
    pub due_on: Option<NaiveDate>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When (UTC).
    pub decided_at: Option<DateTime<Utc>>,
    /// When a run first saw it (UTC).
    pub first_seen_at: DateTime<Utc>,
    /// Counts changes; the ETag of the finding.
    pub version: i64,
}

/// A school's answer about a finding.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerBody {
    /// What it says.
    pub says: String,
    /// Where the proof lies.
    pub evidence: Option<String>,
    /// Who.
    pub by: String,
    /// When (UTC).
    pub at: Option<DateTime<Utc>>,
}

/// The second person of a finding.
#[derive(Debug, Serialize, ToSchema)]
pub struct OtherBody {
    /// Id of the student.
    pub student_id: String,
    /// Id number.
    pub id_number: Option<String>,
}

impl FindingBody {
    /// The finding in the caller's language, its people as the caller may see them.
    pub fn of((s, f): Found, shown: &Shown, lang: Lang) -> Result<Self> {
        let detail: Detail = serde_json::from_str(&s.detail)?;
        Ok(Self {
            name: shown.name(&s.name_id),
            id_number: shown.id_number(&s.person_id),
            other: s.other_id.map(|id| OtherBody { id_number: shown.id_number(&id), student_id: id }),
            name_of_kind: word(s.kind, lang).to_owned(),
            says: explain(s.kind, &detail),
            finding_id: f.finding_id,
            check_id: s.check_id,
            kind: s.kind,
            student_id: s.person_id,
            school: s.school_code,
            place: s.place,
            stage: s.stage,
            programme: s.programme,
            due_fen: s.due_fen.map(Fen),
            paid_fen: s.paid_fen.map(Fen),
            at_stake_fen: Fen(s.at_stake_fen),
            detail,
            state: f.state,
            gone: f.gone,
            remark: f.remark,
            evidence: f.evidence,
            answer: f.answer.map(|says| AnswerBody {
                says,
                evidence: f.answer_evidence,
                by: f.answered_by.unwrap_or_default(),
                at: f.answered_at.map(|at| at.and_utc()),
            }),
            assignee: f.assignee,
            due_on: f.due_on,
            decided_by: f.decided_by,
            decided_at: f.decided_at.map(|at| at.and_utc()),
            first_seen_at: f.first_seen_at.and_utc(),
            version: f.version,
        })
    }
}

page!(pub FindingPage of FindingBody, "Findings of a run, by kind and student.");

/// A finding with its history.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingHistoryBody {
    /// The finding as the latest run that saw it saw it.
    #[serde(flatten)]
    pub finding: FindingBody,
    /// Of a shared account: the students who were paid to it in the term, within the caller's scope.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<HolderBody>,
    /// What happened to it, oldest first.
    pub history: Vec<EventBody>,
}

/// A student who was paid to a shared account.
#[derive(Debug, Serialize, ToSchema)]
pub struct HolderBody {
    /// Id of the student.
    pub student_id: String,
    /// Name.
    pub name: Option<String>,
    /// Id number.
    pub id_number: Option<String>,
}

/// Something that happened to a finding.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventBody {
    /// What.
    pub what: EventKind,
    /// What, in the caller's language.
    pub name: String,
    /// State before.
    pub from_state: FindingState,
    /// State after.
    pub to_state: FindingState,
    /// What was said.
    pub note: Option<String>,
    /// The run that made it happen, if one did.
    pub check_id: Option<String>,
    /// Who.
    pub by: String,
    /// When (UTC).
    pub at: DateTime<Utc>,
}

impl EventBody {
    /// The event in the caller's language.
    pub fn of(e: EventRow, lang: Lang) -> Self {
        let name = match lang {
            Lang::Zh => e.what.zh(),
            Lang::En => e.what.en(),
        };
        Self {
            what: e.what,
            name: name.to_owned(),
            from_state: e.from_state,
            to_state: e.to_state,
            note: e.note,
            check_id: e.check_id,
            by: e.made_by,
            at: e.made_at.and_utc(),
        }
    }
}
