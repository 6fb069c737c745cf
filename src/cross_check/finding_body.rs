//! Findings as callers see them, and what a person says of one.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::word;
use super::finding_store::{EventRow, FindingRow, Found};
use super::lifecycle::EventKind;
use super::model::{Detail, FindingKind, FindingState};
use super::report::explain;
use crate::error::{Error, FieldError, Result};
use crate::page::page;
use crate::roll::masking::Shown;
use crate::values::{Fen, Lang, Programme, Stage, Text, clock};

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

/// What a person says of a finding; what is absent stays as it was. At least one of the fields is needed.
/// Texts are without personal data.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingDecision {
    /// The new state.
    #[serde(default)]
    pub state: Option<FindingState>,
    /// Why; needed for `explained`. At most 500 characters.
    #[serde(default)]
    pub remark: Option<String>,
    /// The office or person who is to see to it, at most 100 characters; empty: nobody.
    #[serde(default)]
    pub assignee: Option<String>,
    /// By when it is to be settled.
    #[serde(default)]
    pub due_on: Option<NaiveDate>,
    /// Where the proof lies (a file number, a ledger page), at most 500 characters; never the proof itself.
    #[serde(default)]
    pub evidence: Option<String>,
    /// A word for the history that changes nothing, at most 500 characters.
    #[serde(default)]
    pub comment: Option<String>,
}

/// Most characters of a remark, a comment or a note on evidence.
const LONG: usize = 500;
/// Most characters of an assignee.
const SHORT: usize = 100;

impl FindingDecision {
    /// Texts are short, an explanation explains, and something is said at all.
    pub fn check(&self) -> Result<()> {
        let texts = [
            ("/remark", &self.remark, LONG),
            ("/assignee", &self.assignee, SHORT),
            ("/evidence", &self.evidence, LONG),
            ("/comment", &self.comment, LONG),
        ];
        for (pointer, text, most) in texts {
            if text.as_deref().is_some_and(|text| text.trim().chars().count() > most) {
                return Err(fault(
                    pointer,
                    "too_long",
                    Text::new(format!("最多 {most} 字"), format!("at most {most} characters")),
                ));
            }
        }
        let remark = self.remark.as_deref().map(str::trim).unwrap_or_default();
        if self.state == Some(FindingState::Explained) && remark.is_empty() {
            return Err(fault(
                "/remark",
                "missing",
                Text::fixed("标记为“已说明”时请填写说明", "say why when a finding is explained"),
            ));
        }
        let nothing =
            self.state.is_none() && self.due_on.is_none() && texts.iter().all(|(_, text, _)| text.is_none());
        if nothing {
            return Err(fault(
                "/state",
                "missing",
                Text::fixed(
                    "请至少填写状态、说明、交办、期限、证据或备注中的一项",
                    "give a state, remark, assignee, due day, evidence or comment at least",
                ),
            ));
        }
        Ok(())
    }

    /// The finding as it stands after this, and what goes into its history.
    pub fn applied(&self, row: &FindingRow, by: &str, at: NaiveDateTime) -> (FindingRow, Vec<EventRow>) {
        let mut next = row.clone();
        let given = |text: &Option<String>| {
            text.as_deref().map(str::trim).map(|text| (!text.is_empty()).then(|| text.to_owned()))
        };
        let mut events = Vec::new();
        let mut tell = |what, to_state, note| {
            events.push(EventRow {
                event_id: clock::new_id(),
                finding_id: row.finding_id.clone(),
                what,
                from_state: row.state,
                to_state,
                note,
                check_id: None,
                made_by: by.to_owned(),
                made_at: at,
            });
        };
        if self.state.is_some() || self.remark.is_some() || self.evidence.is_some() {
            next.state = self.state.unwrap_or(row.state);
            // A new state without a word takes the former word with it no further.
            if let Some(remark) = given(&self.remark).or_else(|| self.state.map(|_| None)) {
                next.remark = remark;
            }
            if let Some(evidence) = given(&self.evidence) {
                next.evidence = evidence;
            }
            (next.decided_by, next.decided_at) = (Some(by.to_owned()), Some(at));
            tell(EventKind::Decided, next.state, next.remark.clone());
        }
        if self.assignee.is_some() || self.due_on.is_some() {
            if let Some(assignee) = given(&self.assignee) {
                next.assignee = assignee;
            }
            next.due_on = self.due_on.or(next.due_on);
            let due = next.due_on.map(|day| day.to_string());
            let note = [next.assignee.clone(), due].into_iter().flatten().collect::<Vec<_>>().join(" ");
            tell(EventKind::Assigned, next.state, (!note.is_empty()).then_some(note));
        }
        if let Some(Some(comment)) = given(&self.comment) {
            tell(EventKind::Commented, next.state, Some(comment));
        }
        (next, events)
    }
}

fn fault(pointer: &str, code: &'static str, detail: Text) -> Error {
    Error::invalid(vec![FieldError { pointer: pointer.to_owned(), code, detail }])
}
