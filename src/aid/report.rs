//! The tables `aid_report` and `aid_report_set`: what came of an order on many records that is carried out later,
//! set by set, line by line, as it would have been answered at once.
//!
//! A report is there from the moment the order begins, with the sets it means; each set is told in the
//! transaction that carries it out. What was told is never told again.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::bulk::{BulkBody, ProposalsBody};
use super::hand::Hand;
use crate::auth::Scope;
use crate::db::{CHUNK, Conn};
use crate::error::{Error, Result};
use crate::schema::{aid_report, aid_report_set};
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

#[derive(Insertable)]
#[diesel(table_name = aid_report_set, treat_none_as_default_value = false)]
struct SetRow {
    report_id: String,
    number: i32,
    asked: String,
}

/// Opens the report of an order that means these, with nothing told yet; its id.
pub fn open(
    conn: &mut Conn,
    hand: &Hand,
    own: &Place,
    head: &ReportBody,
    meant: &[String],
) -> Result<String> {
    let row = ReportRow {
        report_id: clock::new_id(),
        place: own.to_string(),
        school: hand.who.scope().school().map(ToOwned::to_owned),
        body: serde_json::to_string(head)?,
        made_by: hand.who.actor(),
        made_at: hand.at,
    };
    let report_id = row.report_id.clone();
    diesel::insert_into(aid_report::table).values(row).execute(conn)?;
    for (number, set) in (0..).zip(meant.chunks(CHUNK)) {
        let row = SetRow { report_id: report_id.clone(), number, asked: serde_json::to_string(set)? };
        diesel::insert_into(aid_report_set::table).values(row).execute(conn)?;
    }
    Ok(report_id)
}

/// The first set that nothing is told of yet: its number, and whom it means.
pub fn next(conn: &mut Conn, report_id: &str) -> Result<Option<(i32, Vec<String>)>> {
    let found: Option<(i32, String)> = aid_report_set::table
        .filter(aid_report_set::report_id.eq(report_id))
        .filter(aid_report_set::told.is_null())
        .order(aid_report_set::number.asc())
        .select((aid_report_set::number, aid_report_set::asked))
        .first(conn)
        .optional()?;
    found.map(|(number, asked)| Ok((number, serde_json::from_str(&asked)?))).transpose()
}

/// Tells what came of a set.
pub fn tell(conn: &mut Conn, report_id: &str, number: i32, body: &ReportBody) -> Result<()> {
    diesel::update(aid_report_set::table.find((report_id, number)).filter(aid_report_set::told.is_null()))
        .set(aid_report_set::told.eq(serde_json::to_string(body)?))
        .execute(conn)?;
    Ok(())
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
    let head: String = query.first(conn).optional()?.ok_or_else(Error::not_found)?;
    let mut whole: Told = serde_json::from_str(&head)?;
    let sets: Vec<(String, Option<String>)> = aid_report_set::table
        .filter(aid_report_set::report_id.eq(report_id))
        .order(aid_report_set::number.asc())
        .select((aid_report_set::asked, aid_report_set::told))
        .load(conn)?;
    for (asked, told) in sets {
        match told {
            Some(told) => whole.add(serde_json::from_str(&told)?),
            None => whole.remaining += serde_json::from_str::<Vec<String>>(&asked)?.len(),
        }
    }
    Ok(serde_json::to_string(&whole)?)
}

/// A report of either kind as it is stored: the lines are passed on as they are.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    term: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    students: Option<usize>,
    counts: BTreeMap<String, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_fen: Option<i64>,
    /// A report that was kept whole, before orders went set by set, does not say it.
    #[serde(default)]
    remaining: usize,
    items: Vec<Box<RawValue>>,
}

impl Told {
    fn add(&mut self, set: Self) {
        for (outcome, count) in set.counts {
            *self.counts.entry(outcome).or_default() += count;
        }
        if let Some(sum) = &mut self.proposed_fen {
            *sum = sum.saturating_add(set.proposed_fen.unwrap_or_default());
        }
        self.items.extend(set.items);
    }
}
