//! A public notice as stored, and how it is told.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::rules;
use crate::schema::aid_notice;
use crate::values::Programme;

/// A public notice.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = aid_notice, treat_none_as_default_value = false)]
pub struct Notice {
    /// Id.
    pub notice_id: String,
    /// The school whose students it lists.
    pub school_code: String,
    /// Place of the school.
    pub place: String,
    /// Term.
    pub term: String,
    /// Programme.
    pub programme: Programme,
    /// The day it was put up.
    pub starts_on: NaiveDate,
    /// Its last day.
    pub ends_on: NaiveDate,
    /// Who recorded it.
    pub posted_by: String,
    /// When.
    pub posted_at: NaiveDateTime,
    /// The day it was taken down.
    pub taken_down_on: Option<NaiveDate>,
    /// Who recorded that.
    pub taken_down_by: Option<String>,
    /// When.
    pub taken_down_at: Option<NaiveDateTime>,
}

/// 公示 / A public notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoticeBody {
    /// Id.
    pub notice_id: String,
    /// School code.
    pub school: String,
    /// Term.
    #[schema(example = "2025A")]
    pub term: String,
    /// Programme.
    pub programme: Programme,
    /// 张贴日期 / The day it was put up, which does not count.
    pub starts_on: NaiveDate,
    /// 公示最后一天 / Its last day; approval is possible from the day after.
    pub ends_on: NaiveDate,
    /// 撤下日期 / The day it was taken down.
    pub taken_down_on: Option<NaiveDate>,
    /// 期满未撤 / Still up although its period is over.
    pub overdue: bool,
    /// 补录 / Recorded only after the day it was put up.
    pub recorded_late: bool,
}

impl NoticeBody {
    /// The notice as it stands on a day.
    pub fn of(n: Notice, today: NaiveDate) -> Self {
        Self {
            overdue: rules::is_overdue(&n, today),
            recorded_late: rules::recorded_on(&n) > n.starts_on,
            notice_id: n.notice_id,
            school: n.school_code,
            term: n.term,
            programme: n.programme,
            starts_on: n.starts_on,
            ends_on: n.ends_on,
            taken_down_on: n.taken_down_on,
        }
    }
}
