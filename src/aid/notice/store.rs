//! The table `aid_notice`.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::model::Notice;
use crate::auth::{Scope, within};
use crate::db::{CHUNK, Conn, on};
use crate::error::{Error, Result};
use crate::page::{PlaceKey, beyond};
use crate::schema::aid_notice;
use crate::values::Programme;

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this term.
    pub term: Option<String>,
    /// Only this school.
    pub school: Option<String>,
    /// Only this programme.
    pub programme: Option<Programme>,
    /// Only those still up although their period ended before this day.
    pub overdue_on: Option<NaiveDate>,
}

/// A page of the notices in scope, place by place and in each oldest first.
pub fn list(
    conn: &mut Conn,
    scope: &Scope,
    filter: Filter,
    after: Option<PlaceKey>,
    limit: i64,
) -> Result<Vec<Notice>> {
    let mut query = aid_notice::table
        .filter(within!(aid_notice.school_code, scope))
        .select(Notice::as_select())
        .into_boxed();
    if let Some(key) = after {
        query = query.filter(beyond!("aid_notice.place, aid_notice.notice_id", key));
    }
    if let Some(term) = filter.term {
        query = query.filter(aid_notice::term.eq(term));
    }
    if let Some(school) = filter.school {
        query = query.filter(aid_notice::school_code.eq(school));
    }
    if let Some(programme) = filter.programme {
        query = query.filter(aid_notice::programme.eq(programme));
    }
    if let Some(today) = filter.overdue_on {
        query = query.filter(aid_notice::ends_on.lt(today)).filter(aid_notice::taken_down_on.is_null());
    }
    Ok(query.order((aid_notice::place.asc(), aid_notice::notice_id.asc())).limit(limit).load(conn)?)
}

/// One notice in scope.
pub fn find(conn: &mut Conn, scope: &Scope, notice_id: &str) -> Result<Notice> {
    aid_notice::table
        .find(notice_id.to_owned())
        .filter(within!(aid_notice.school_code, scope))
        .select(Notice::as_select())
        .first(conn)
        .optional()?
        .ok_or_else(Error::not_found)
}

/// Notices by id, for judging the records on them.
pub fn by_id(conn: &mut Conn, ids: &[String]) -> Result<HashMap<String, Notice>> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Notice> = aid_notice::table
            .filter(aid_notice::notice_id.eq_any(chunk))
            .select(Notice::as_select())
            .load(conn)?;
        found.extend(rows.into_iter().map(|n| (n.notice_id.clone(), n)));
    }
    Ok(found)
}

/// The notices of some schools put up on one day.
pub fn of_day(conn: &mut Conn, schools: &[String], starts_on: NaiveDate) -> Result<Vec<Notice>> {
    let mut found = Vec::new();
    for chunk in schools.chunks(CHUNK) {
        found.extend(
            aid_notice::table
                .filter(aid_notice::school_code.eq_any(chunk))
                .filter(aid_notice::starts_on.eq(starts_on))
                .select(Notice::as_select())
                .load::<Notice>(conn)?,
        );
    }
    Ok(found)
}

/// Records notices.
pub fn insert(conn: &mut Conn, notices: &[Notice]) -> Result<()> {
    for chunk in notices.chunks(CHUNK) {
        on!(conn => diesel::insert_into(aid_notice::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// Records that a notice was taken down; `false` if that was recorded before.
pub fn take_down(
    conn: &mut Conn,
    notice_id: &str,
    on: NaiveDate,
    by: &str,
    at: NaiveDateTime,
) -> Result<bool> {
    let done = diesel::update(aid_notice::table.find(notice_id).filter(aid_notice::taken_down_on.is_null()))
        .set((
            aid_notice::taken_down_on.eq(on),
            aid_notice::taken_down_by.eq(by),
            aid_notice::taken_down_at.eq(at),
        ))
        .execute(conn)?;
    Ok(done == 1)
}
