//! What people say of a finding: the bureau decides, the school answers. Pure.
//!
//! A school's answer is a claim: it stands beside the finding until the bureau gives the finding a state, or a
//! run finds its facts changed. The bureau confirms it by `explained` and sends it back by `open`.

use chrono::{NaiveDate, NaiveDateTime};
use serde::Deserialize;
use utoipa::ToSchema;

use super::finding_store::{EventRow, FindingRow};
use super::lifecycle::EventKind;
use super::model::FindingState;
use crate::error::{Code, Error, FieldError, Result};
use crate::values::{Text, clock};

/// What a person says of a finding; what is absent stays as it was. At least one of the fields is needed.
/// Texts are without personal data.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingDecision {
    /// The new state.
    #[serde(default)]
    pub state: Option<FindingState>,
    /// Why; needed for `explained` unless the school has answered. At most 500 characters.
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

/// What a text is about, the text, and the most characters it may have.
type Limited<'a> = (&'static str, &'a Option<String>, usize);

/// No text is too long.
fn within_limits(texts: &[Limited<'_>]) -> Result<()> {
    let long = |(_, text, most): &&Limited<'_>| {
        text.as_deref().is_some_and(|text| text.trim().chars().count() > *most)
    };
    match texts.iter().find(long) {
        None => Ok(()),
        Some((pointer, _, most)) => Err(fault(
            pointer,
            "too_long",
            Text::new(format!("最多 {most} 字"), format!("at most {most} characters")),
        )),
    }
}

/// A text that says something.
fn words(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

/// A finding as it stands after somebody spoke, and what goes into its history.
pub type Said = (FindingRow, Vec<EventRow>);

impl FindingDecision {
    /// Texts are short, and something is said at all.
    pub fn check(&self) -> Result<()> {
        let texts = [
            ("/remark", &self.remark, LONG),
            ("/assignee", &self.assignee, SHORT),
            ("/evidence", &self.evidence, LONG),
            ("/comment", &self.comment, LONG),
        ];
        within_limits(&texts)?;
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
    ///
    /// # Errors
    /// If it is to be explained, and neither a remark nor a school's answer says why.
    pub fn applied(&self, row: &FindingRow, by: &str, at: NaiveDateTime) -> Result<Said> {
        let mut next = row.clone();
        let given = |text: &Option<String>| text.as_ref().map(|text| words(Some(text)));
        let mut events = Vec::new();
        let mut tell = |what, to_state, note| events.push(event(row, what, to_state, note, by, at));
        if self.state.is_some() || self.remark.is_some() || self.evidence.is_some() {
            next.state = self.state.unwrap_or(row.state);
            let (mut remark, mut evidence) = (given(&self.remark), given(&self.evidence));
            if self.state == Some(FindingState::Explained) {
                // The bureau confirms what the school said.
                remark = remark.flatten().or_else(|| row.answer.clone()).map(Some);
                evidence = evidence.or_else(|| row.answer_evidence.clone().map(Some));
                if remark.is_none() {
                    return Err(fault(
                        "/remark",
                        "missing",
                        Text::fixed("标记为“已说明”时请填写说明", "say why when a finding is explained"),
                    ));
                }
            }
            // A new state without a word takes the former word with it no further.
            if let Some(remark) = remark.or_else(|| self.state.map(|_| None)) {
                next.remark = remark;
            }
            if let Some(evidence) = evidence {
                next.evidence = evidence;
            }
            if self.state.is_some() {
                next.settle_answer();
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
        if let Some(comment) = words(self.comment.as_ref()) {
            tell(EventKind::Commented, next.state, Some(comment));
        }
        Ok((next, events))
    }
}

/// What a school says of a finding on one of its own students. Texts are without personal data.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingAnswer {
    /// 情况说明 / How it is. At most 500 characters.
    #[serde(default)]
    pub answer: Option<String>,
    /// 证明材料存放处 / Where the proof lies (a file number, a ledger page), with an answer; at most 500 characters.
    #[serde(default)]
    pub evidence: Option<String>,
    /// 备注 / A word for the history that answers nothing, at most 500 characters.
    #[serde(default)]
    pub comment: Option<String>,
}

impl FindingAnswer {
    /// Texts are short, and there is an answer or a comment.
    pub fn check(&self) -> Result<()> {
        within_limits(&[
            ("/answer", &self.answer, LONG),
            ("/evidence", &self.evidence, LONG),
            ("/comment", &self.comment, LONG),
        ])?;
        let (answer, comment) = (words(self.answer.as_ref()), words(self.comment.as_ref()));
        if answer.is_none() && (comment.is_none() || self.evidence.is_some()) {
            return Err(fault(
                "/answer",
                "missing",
                Text::fixed(
                    "请填写情况说明；只留言时请只填写备注",
                    "say how it is in an answer, or leave a comment alone",
                ),
            ));
        }
        Ok(())
    }

    /// The finding with the answer, and what goes into its history.
    ///
    /// # Errors
    /// A finding that is settled, or that the latest run no longer saw, takes no answer.
    pub fn applied(&self, row: &FindingRow, by: &str, at: NaiveDateTime) -> Result<Said> {
        let mut next = row.clone();
        let mut events = Vec::new();
        if let Some(answer) = words(self.answer.as_ref()) {
            if row.state != FindingState::Open || row.gone {
                return Err(Error::new(
                    Code::Conflict,
                    Text::new(
                        format!("该疑点{}，不再接受答复；如有补充请留备注", row.state.zh()),
                        format!(
                            "the finding is {} and takes no answer: leave a comment instead",
                            row.state.en()
                        ),
                    ),
                ));
            }
            next.answer = Some(answer.clone());
            next.answer_evidence = words(self.evidence.as_ref());
            (next.answered_by, next.answered_at) = (Some(by.to_owned()), Some(at));
            let proof = next.answer_evidence.as_ref().map(|lies| format!("（证明材料：{lies}）"));
            let note = format!("{answer}{}", proof.unwrap_or_default());
            events.push(event(row, EventKind::Answered, row.state, Some(note), by, at));
        }
        if let Some(comment) = words(self.comment.as_ref()) {
            events.push(event(row, EventKind::Commented, row.state, Some(comment), by, at));
        }
        Ok((next, events))
    }
}

fn event(
    row: &FindingRow,
    what: EventKind,
    to_state: FindingState,
    note: Option<String>,
    by: &str,
    at: NaiveDateTime,
) -> EventRow {
    EventRow {
        event_id: clock::new_id(),
        finding_id: row.finding_id.clone(),
        what,
        from_state: row.state,
        to_state,
        note,
        check_id: None,
        made_by: by.to_owned(),
        made_at: at,
    }
}

fn fault(pointer: &str, code: &'static str, detail: Text) -> Error {
    Error::invalid(vec![FieldError { pointer: pointer.to_owned(), code, detail }])
}
