//! Versions, entries and differences as callers see them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{Difference, Entry, List, ListState};
use crate::imports::ImportBody;
use crate::page::page;
use crate::roll::masking::Shown;
use crate::values::{Category, Stage};

/// One version of the provincial list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListBody {
    /// Id.
    pub list_id: String,
    /// The place it covers.
    #[schema(example = "341024")]
    pub place: String,
    /// The term it was handed down for.
    #[schema(example = "2025A")]
    pub term: String,
    /// Version within place and term.
    pub version: i32,
    /// State.
    pub state: ListState,
    /// The first day it speaks for.
    pub valid_from: NaiveDate,
    /// Number of entries.
    pub entries: i64,
    /// SHA-256 over the entries; from the moment it is locked.
    pub digest: Option<String>,
    /// The import that began it.
    pub import_id: String,
    /// Who sent it in.
    pub recorded_by: String,
    /// When (UTC).
    pub recorded_at: DateTime<Utc>,
    /// Who checked it.
    pub checked_by: Option<String>,
    /// Who locked it.
    pub locked_by: Option<String>,
    /// When it was locked (UTC).
    pub locked_at: Option<DateTime<Utc>>,
    /// The version that took its place.
    pub superseded_by: Option<String>,
}

impl From<List> for ListBody {
    fn from(l: List) -> Self {
        Self {
            list_id: l.list_id,
            place: l.place,
            term: l.term,
            version: l.version,
            state: l.state,
            valid_from: l.valid_from,
            entries: l.entries,
            digest: l.digest,
            import_id: l.import_id,
            recorded_by: l.recorded_by,
            recorded_at: l.recorded_at.and_utc(),
            checked_by: l.checked_by,
            locked_by: l.locked_by,
            locked_at: l.locked_at.map(|at| at.and_utc()),
            superseded_by: l.superseded_by,
        }
    }
}

/// A version that took the rows of a file, and what came of the file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListImportBody {
    /// The version; null for a rehearsal, which leaves none.
    pub list: Option<ListBody>,
    /// The import.
    pub import: ImportBody,
}

/// One student on a list. Id number and name are masked unless the token holds `pii:read`.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryBody {
    /// Id of the entry.
    pub entry_id: String,
    /// Row in the sheet it came from.
    pub row: i32,
    /// The student.
    pub student_id: String,
    /// Name.
    pub name: Option<String>,
    /// Id number.
    pub id_number: Option<String>,
    /// Place of the household.
    pub place: String,
    /// Township.
    pub township: Option<String>,
    /// Village.
    pub village: Option<String>,
    /// Category under which the household is listed.
    pub category: Category,
    /// Stage as the list gives it.
    pub stage: Option<Stage>,
    /// Grade as the list gives it.
    pub grade: Option<i16>,
    /// School as the list gives it.
    pub school: Option<String>,
}

impl EntryBody {
    /// The entry, its people as the caller may see them.
    pub fn of(e: Entry, shown: &Shown) -> Self {
        Self {
            name: shown.name(&e.name_id),
            id_number: shown.id_number(&e.person_id),
            entry_id: e.entry_id,
            row: e.row_number,
            student_id: e.person_id,
            place: e.place,
            township: e.township,
            village: e.village,
            category: e.category,
            stage: e.stage,
            grade: e.grade,
            school: e.school_code,
        }
    }
}

page!(pub ListPage of ListBody, "Versions, newest first.");

page!(pub EntryPage of EntryBody, "Entries in the order they were recorded.");

/// One difference between two versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct DifferenceBody {
    /// `added`, `removed` or `changed`, seen from the older version.
    pub change: String,
    /// The student.
    pub student_id: String,
    /// Name, masked unless the token holds `pii:read`.
    pub name: Option<String>,
    /// Id number, masked unless the token holds `pii:read`.
    pub id_number: Option<String>,
}

/// How two versions differ.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffBody {
    /// This version.
    pub list_id: String,
    /// The version it was compared with.
    pub against: String,
    /// Students in this version only.
    pub added: usize,
    /// Students in the other version only.
    pub removed: usize,
    /// Students in both, with different entries.
    pub changed: usize,
    /// Each difference, within the caller's scope.
    pub items: Vec<DifferenceBody>,
}

/// The differences of two versions, their people as the caller may see them.
pub(super) fn diff_body(
    newer: &List,
    older: &List,
    found: Vec<(String, Difference)>,
    names: &HashMap<String, String>,
    shown: &Shown,
) -> DiffBody {
    let mut counts: BTreeMap<Difference, usize> = BTreeMap::new();
    for (_, change) in &found {
        *counts.entry(*change).or_default() += 1;
    }
    let count = |c| counts.get(&c).copied().unwrap_or_default();
    DiffBody {
        list_id: newer.list_id.clone(),
        against: older.list_id.clone(),
        added: count(Difference::Added),
        removed: count(Difference::Removed),
        changed: count(Difference::Changed),
        items: found
            .into_iter()
            .map(|(person, change)| DifferenceBody {
                change: match change {
                    Difference::Added => "added",
                    Difference::Removed => "removed",
                    Difference::Changed => "changed",
                }
                .to_owned(),
                name: names.get(&person).and_then(|n| shown.name(n)),
                id_number: shown.id_number(&person),
                student_id: person,
            })
            .collect(),
    }
}
