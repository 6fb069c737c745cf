//! Runs as callers see them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::FindingKind;
use super::reconcile_totals::{Identity, Totals};
use super::report;
use super::run::Inputs;
use super::store::CheckRow;
use crate::error::Result;
use crate::page::page;
use crate::values::{Fen, Lang, Place, Term, area};

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
    /// The bureau's own last day for paying listed students; when absent the published days of the term,
    /// and where none was published nobody is late.
    #[serde(default)]
    pub pay_by: Option<NaiveDate>,
}

/// Two numbers of a run that were counted in different ways and agree.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityBody {
    /// Stable code.
    pub name: &'static str,
    /// What it says.
    pub says: &'static str,
    /// One side, from the rows that were read: persons, or fen.
    pub left: i64,
    /// The other, from the students as they were judged.
    pub right: i64,
    /// Whether both agree; a run whose identities fail is not kept.
    pub holds: bool,
}

impl From<Identity> for IdentityBody {
    fn from(identity: Identity) -> Self {
        let holds = identity.holds();
        let Identity { name, zh, left, right } = identity;
        Self { name, says: zh, left, right, holds }
    }
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
    /// The identities of the totals, each with its two sides.
    pub identities: Vec<IdentityBody>,
    /// The run in a few Chinese sentences, for the head of a bureau. The findings in them are those within
    /// the caller's scope.
    pub summary: Vec<String>,
    /// Findings by kind.
    pub findings: Vec<KindCountBody>,
    /// Who ran it.
    pub recorded_by: String,
    /// When (UTC).
    pub recorded_at: DateTime<Utc>,
}

/// The kind in the caller's language.
pub(super) fn word(kind: FindingKind, lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => kind.zh(),
        Lang::En => kind.en(),
    }
}

page!(pub CrossCheckPage of CrossCheckBody, "Runs, newest first.");

impl CrossCheckBody {
    /// The run in the caller's language, with its findings by kind: (kind, count, fen at stake).
    pub fn of(
        check: CheckRow,
        counts: Vec<(FindingKind, i64, i64)>,
        repeated: bool,
        lang: Lang,
    ) -> Result<Self> {
        let totals: Totals = serde_json::from_str(&check.totals)?;
        let summary = summary(&check, &totals, &counts);
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
            totals: serde_json::to_value(&totals)?,
            identities: totals.identities().into_iter().map(Into::into).collect(),
            summary,
            findings,
            recorded_by: check.recorded_by,
            recorded_at: check.recorded_at.and_utc(),
        })
    }
}

/// The sentences of a run.
pub(super) fn summary(check: &CheckRow, totals: &Totals, counts: &[(FindingKind, i64, i64)]) -> Vec<String> {
    let Some(term) = Term::parse(&check.term) else { return Vec::new() };
    let kinds: BTreeMap<FindingKind, u64> =
        counts.iter().map(|(kind, count, _)| (*kind, u64::try_from(*count).unwrap_or_default())).collect();
    let code = Place::parse(&check.place).map_or_else(|_| check.place.clone(), |place| place.six_digits());
    let name = area::name(&code, &check.recorded_at.date()).unwrap_or(&check.place);
    report::summary(totals, &kinds, term, name)
}
