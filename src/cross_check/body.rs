//! Runs and findings as callers see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Detail, FindingKind, FindingState};
use super::run::Inputs;
use super::store::{CheckRow, FindingRow};
use crate::error::{Error, FieldError, Result};
use crate::page::page;
use crate::roll::masking::Shown;
use crate::values::{Fen, Lang, Place, Programme, Stage, Term, Text};

/// What to hold against what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossCheckRequest {
    /// The locked list version; the one in force for place and term when absent.
    #[serde(default)]
    pub poverty_list: Option<String>,
    /// The term of roll and aid records.
    #[schema(value_type = String, example = "2025A")]
    pub term: Term,
    /// The place; the caller's own when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "341024")]
    pub place: Option<Place>,
}

/// Findings of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindCountBody {
    /// Kind.
    pub kind: FindingKind,
    /// Its name in the caller's language.
    pub name: String,
    /// How many, within the caller's scope.
    pub count: i64,
    /// The sum in question, fen.
    #[schema(value_type = i64)]
    pub at_stake_fen: Fen,
}

/// A run: what it was made from, its totals, its findings by kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrossCheckBody {
    /// Id.
    pub check_id: String,
    /// The list version.
    pub poverty_list: String,
    /// Term.
    #[schema(example = "2025A")]
    pub term: String,
    /// Place.
    pub place: String,
    /// Whether a run of the very same inputs was there already.
    pub repeated: bool,
    /// The digests of everything it was made from.
    pub inputs: Inputs,
    /// Digest of what was found; equal inputs give equal findings.
    pub report_digest: String,
    /// The totals; the run has checked that they add up.
    #[schema(value_type = Object)]
    pub totals: serde_json::Value,
    /// Findings by kind.
    pub findings: Vec<KindCountBody>,
    /// Who ran it.
    pub recorded_by: String,
    /// When (UTC).
    pub recorded_at: DateTime<Utc>,
}

/// A finding. Id number and name are masked unless the token holds `pii:read`.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingBody {
    /// Id.
    pub finding_id: String,
    /// Kind.
    pub kind: FindingKind,
    /// Its name in the caller's language.
    pub name_of_kind: String,
    /// The student.
    pub student_id: String,
    /// Name.
    pub name: Option<String>,
    /// Id number.
    pub id_number: Option<String>,
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
    /// What became of it.
    pub state: FindingState,
    /// What was said about it.
    pub remark: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Counts changes; the ETag of the finding.
    pub version: i64,
}

impl FindingBody {
    /// The finding in the caller's language, its people as the caller may see them.
    pub fn of(f: FindingRow, shown: &Shown, lang: Lang) -> Result<Self> {
        Ok(Self {
            name: shown.name(&f.name_id),
            id_number: shown.id_number(&f.person_id),
            name_of_kind: word(f.kind, lang).to_owned(),
            finding_id: f.finding_id,
            kind: f.kind,
            student_id: f.person_id,
            school: f.school_code,
            place: f.place,
            stage: f.stage,
            programme: f.programme,
            due_fen: f.due_fen.map(Fen),
            paid_fen: f.paid_fen.map(Fen),
            at_stake_fen: Fen(f.at_stake_fen),
            detail: serde_json::from_str(&f.detail)?,
            state: f.state,
            remark: f.remark,
            decided_by: f.decided_by,
            version: f.version,
        })
    }
}

fn word(kind: FindingKind, lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => kind.zh(),
        Lang::En => kind.en(),
    }
}

page!(pub CrossCheckPage of CrossCheckBody, "Runs, newest first.");
page!(pub FindingPage of FindingBody, "Findings of a run, by kind and student.");

impl CrossCheckBody {
    /// The run in the caller's language, with its findings by kind: (kind, count, fen at stake).
    pub fn of(
        check: CheckRow,
        counts: Vec<(FindingKind, i64, i64)>,
        repeated: bool,
        lang: Lang,
    ) -> Result<Self> {
        let findings = counts
            .into_iter()
            .map(|(kind, count, stake)| KindCountBody {
                kind,
                name: word(kind, lang).to_owned(),
                count,
                at_stake_fen: Fen(stake),
            })
            .collect();
        Ok(Self {
            check_id: check.check_id,
            poverty_list: check.list_id,
            term: check.term,
            place: check.place,
            repeated,
            inputs: serde_json::from_str(&check.inputs)?,
            report_digest: check.report_digest,
            totals: serde_json::from_str(&check.totals)?,
            findings,
            recorded_by: check.recorded_by,
            recorded_at: check.recorded_at.and_utc(),
        })
    }
}

/// What was decided about a finding.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingDecision {
    /// The new state.
    pub state: FindingState,
    /// Why; needed for `explained`. At most 500 characters, without personal data.
    #[serde(default)]
    pub remark: Option<String>,
}

impl FindingDecision {
    /// A remark is short, and needed where it is the explanation.
    pub fn check(&self) -> Result<()> {
        let remark = self.remark.as_deref().map(str::trim).unwrap_or_default();
        let fault = if remark.chars().count() > 500 {
            Some(("too_long", "说明最多 500 字", "a remark has at most 500 characters"))
        } else if self.state == FindingState::Explained && remark.is_empty() {
            Some(("missing", "标记为“已说明”时请填写说明", "say why when a finding is explained"))
        } else {
            None
        };
        match fault {
            Some((code, zh, en)) => Err(Error::invalid(vec![FieldError {
                pointer: "/remark".to_owned(),
                code,
                detail: Text::fixed(zh, en),
            }])),
            None => Ok(()),
        }
    }
}
