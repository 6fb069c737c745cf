//! A version of the provincial list, its entries, and how two versions differ.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::schema::{poverty_list, poverty_list_entry};
use crate::values::closed_list::closed_list;
use crate::values::{Category, Stage};

closed_list! {
    /// State of a list version.
    pub enum ListState {
        Draft = "draft", "草稿", "draft";
        Checked = "checked", "已核对", "checked";
        Locked = "locked", "已锁定", "locked";
        Superseded = "superseded", "已被取代", "superseded";
    }
}

/// One version of the list.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = poverty_list, treat_none_as_default_value = false)]
pub struct List {
    /// Id.
    pub list_id: String,
    /// The place it covers.
    pub place: String,
    /// The term it was handed down for.
    pub term: String,
    /// Version within place and term, from 1.
    pub version: i32,
    /// State.
    pub state: ListState,
    /// The first day it speaks for.
    pub valid_from: NaiveDate,
    /// Number of entries.
    pub entries: i64,
    /// SHA-256 over the entries, hex; from the moment it is locked.
    pub digest: Option<String>,
    /// The import that began it.
    pub import_id: String,
    /// Who sent it in.
    pub recorded_by: String,
    /// When.
    pub recorded_at: NaiveDateTime,
    /// Who checked it.
    pub checked_by: Option<String>,
    /// When it was checked.
    pub checked_at: Option<NaiveDateTime>,
    /// Who locked it.
    pub locked_by: Option<String>,
    /// When it was locked.
    pub locked_at: Option<NaiveDateTime>,
    /// The version that took its place.
    pub superseded_by: Option<String>,
    /// When that happened.
    pub superseded_at: Option<NaiveDateTime>,
}

/// One student on a list.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = poverty_list_entry, treat_none_as_default_value = false)]
pub struct Entry {
    /// Id.
    pub entry_id: String,
    /// The version it stands in.
    pub list_id: String,
    /// The import that brought it: a draft may take several files.
    pub import_id: String,
    /// Row in the sheet it came from.
    pub row_number: i32,
    /// The person.
    pub person_id: String,
    /// The name as the list gives it.
    pub name_id: String,
    /// Place of the household.
    pub place: String,
    /// Township.
    pub township: Option<String>,
    /// Village.
    pub village: Option<String>,
    /// Household number.
    pub household_no: Option<String>,
    /// Name of the head of the household, sealed.
    pub head_name_ct: Option<Vec<u8>>,
    /// The category under which the household is listed.
    pub category: Category,
    /// Stage as the list gives it.
    pub stage: Option<Stage>,
    /// Grade as the list gives it.
    pub grade: Option<i16>,
    /// School as the list gives it.
    pub school_code: Option<String>,
    /// SHA-256 of what the entry says, hex: two versions differ where it does.
    pub fingerprint: String,
}

/// How an entry differs between two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// In the newer version only.
    Added,
    /// In the older version only.
    Removed,
    /// In both, saying different things.
    Changed,
}
