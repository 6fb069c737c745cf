//! The table `aid_report`: what came of an order on many records that was carried out later, line by line, as
//! it would have been answered at once.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::bulk::{BulkBody, ProposalsBody};
use super::hand::Hand;
use crate::auth::Scope;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::schema::aid_report;
use crate::values::{Place, clock};

/// What came of an order: the same body as an answer at once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ReportBody {
    /// Of proposals.
    Proposals(ProposalsBody),
    /// Of acts on records.
    Acts(BulkBody),
}

#[derive(Insertable)]
#[diesel(table_name = aid_report, treat_none_as_default_value = false)]
struct ReportRow {
    report_id: String,
    place: String,
    school: Option<String>,
    body: String,
    made_by: String,
    made_at: NaiveDateTime,
}

/// Keeps a report; its id.
pub fn keep(conn: &mut Conn, hand: &Hand, own: &Place, body: &ReportBody) -> Result<String> {
    let row = ReportRow {
        report_id: clock::new_id(),
        place: own.to_string(),
        school: hand.who.scope().school().map(ToOwned::to_owned),
        body: serde_json::to_string(body)?,
        made_by: hand.who.actor(),
        made_at: hand.at,
    };
    let report_id = row.report_id.clone();
    diesel::insert_into(aid_report::table).values(row).execute(conn)?;
    Ok(report_id)
}

/// A report in scope, as JSON: of a place inside the caller's, a school's own for a school.
pub fn find(conn: &mut Conn, scope: &Scope, report_id: &str) -> Result<String> {
    let (low, high) = scope.place_range();
    let mut query = aid_report::table
        .find(report_id.to_owned())
        .filter(aid_report::place.ge(low))
        .filter(aid_report::place.lt(high))
        .select(aid_report::body)
        .into_boxed();
    if let Some(own) = scope.school() {
        query = query.filter(aid_report::school.eq(own.to_owned()));
    }
    query.first(conn).optional()?.ok_or_else(Error::not_found)
}
