//! The payments in the ledgers: which are known, and those of a term as the cross-check reads them.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::model::{AidState, EntryKind, Origin};
use crate::db::{CHUNK, Conn};
use crate::error::Result;
use crate::schema::{aid_entry, aid_record};
use crate::values::{Place, Programme, Tier};

/// Which of these payments are recorded already.
pub fn recorded(conn: &mut Conn, keys: &[String]) -> Result<HashSet<String>> {
    let mut found = HashSet::new();
    for chunk in keys.chunks(CHUNK) {
        found.extend(
            aid_entry::table
                .filter(aid_entry::row_key.eq_any(chunk))
                .select(aid_entry::row_key.assume_not_null())
                .load::<String>(conn)?,
        );
    }
    Ok(found)
}

/// How often one and the same payment stands in the ledgers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Lines of any kind, struck out and returned ones included: the next line's number follows from it.
    pub lines: u32,
    /// Payments carried here that the student still has.
    pub paid: u32,
    /// Payments that a sheet states and nobody has struck out.
    pub stated: u32,
}

/// How often each payment of some students stands in the ledgers, by its key without the count.
pub fn counts(conn: &mut Conn, people: &[String]) -> Result<HashMap<String, Count>> {
    let mut found: HashMap<String, Count> = HashMap::new();
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<(String, Origin, AidState, String, i64, i64, i64)> = aid_record::table
            .inner_join(aid_entry::table)
            .filter(aid_record::person_id.eq_any(chunk))
            .filter(aid_entry::kind.eq(EntryKind::Paid))
            .select((
                aid_entry::row_key.assume_not_null(),
                aid_record::origin,
                aid_record::state,
                aid_record::record_id,
                aid_entry::line,
                aid_entry::fen.assume_not_null(),
                aid_record::returned_fen,
            ))
            .load(conn)?;
        let touched: Vec<String> = rows.iter().filter(|r| r.6 > 0).map(|r| r.3.clone()).collect();
        let back = came_back(conn, &touched)?;
        for (key, origin, state, record, line, fen, _) in rows {
            let count = found.entry(key.split(':').next().unwrap_or_default().to_owned()).or_default();
            count.lines += 1;
            let standing = state != AidState::Cancelled && back.get(&(record, line)).is_none_or(|b| *b < fen);
            match origin {
                Origin::Office if standing => count.paid += 1,
                Origin::Sheet if standing => count.stated += 1,
                _ => {}
            }
        }
    }
    Ok(found)
}

/// What came back of the payments of some records, by record and line.
fn came_back(conn: &mut Conn, records: &[String]) -> Result<HashMap<(String, i64), i64>> {
    let mut back: HashMap<(String, i64), i64> = HashMap::new();
    for chunk in records.chunks(CHUNK) {
        let rows: Vec<(String, i64, i64)> = aid_entry::table
            .filter(aid_entry::record_id.eq_any(chunk))
            .filter(aid_entry::of_line.is_not_null())
            .select((
                aid_entry::record_id,
                aid_entry::of_line.assume_not_null(),
                aid_entry::fen.assume_not_null(),
            ))
            .load(conn)?;
        for (record, line, fen) in rows {
            *back.entry((record, line)).or_default() += fen;
        }
    }
    Ok(back)
}

/// A payment as the cross-check reads it: what the student still has of it.
#[derive(Debug, Clone, Queryable)]
pub struct Payment {
    /// The record.
    pub record_id: String,
    /// The line of its ledger.
    pub line: i64,
    /// The student.
    pub person_id: String,
    /// The name.
    pub name_id: String,
    /// The school.
    pub school_code: String,
    /// Programme.
    pub programme: Programme,
    /// Tier.
    pub tier: Option<Tier>,
    /// Amount in fen, less what came back of it.
    pub fen: i64,
    /// Day of payment.
    pub paid_on: Option<NaiveDate>,
    /// The card.
    pub account_id: Option<String>,
    /// The same payment and the same returns have the same key.
    pub row_key: String,
    /// What came back of the whole record, in fen.
    returned: i64,
}

/// Where a page of payments ended.
#[derive(Debug, Clone)]
pub struct After {
    record_id: String,
    line: i64,
}

/// The counties within a place that have records of a term, for going through them one by one.
pub fn places_of_term(conn: &mut Conn, term: &str, place: &Place) -> Result<Vec<String>> {
    let (low, high) = place.range();
    Ok(aid_record::table
        .filter(aid_record::term.eq(term))
        .filter(aid_record::place.ge(low))
        .filter(aid_record::place.lt(high))
        .select(aid_record::place)
        .distinct()
        .order(aid_record::place.asc())
        .load(conn)?)
}

/// The payments of a term at schools of one county, in pages: of either origin, without rows struck out
/// and without what came back in full. The county is given whole and not as a range, so that each page is
/// read from the index and none is sorted. `None` after the last page.
pub fn of_term(
    conn: &mut Conn,
    term: &str,
    county: &str,
    after: Option<&After>,
    limit: i64,
) -> Result<(Vec<Payment>, Option<After>)> {
    let (record, line) = after.map_or(("", 0), |a| (a.record_id.as_str(), a.line));
    let mut page: Vec<Payment> = aid_record::table
        .inner_join(aid_entry::table)
        .filter(aid_record::term.eq(term))
        .filter(aid_record::place.eq(county))
        .filter(aid_record::record_id.ge(record))
        .filter(aid_record::record_id.gt(record).or(aid_entry::line.gt(line)))
        .filter(aid_record::state.ne(AidState::Cancelled))
        .filter(aid_entry::kind.eq(EntryKind::Paid))
        .select((
            aid_record::record_id,
            aid_entry::line,
            aid_record::person_id,
            aid_record::name_id,
            aid_record::school_code,
            aid_record::programme,
            aid_record::tier,
            aid_entry::fen.assume_not_null(),
            aid_entry::on_day,
            aid_entry::account_id,
            aid_entry::row_key.assume_not_null(),
            aid_record::returned_fen,
        ))
        .order((aid_record::record_id.asc(), aid_entry::line.asc()))
        .limit(limit)
        .load(conn)?;
    let next = page.last().map(|p| After { record_id: p.record_id.clone(), line: p.line });
    let touched: Vec<String> = page.iter().filter(|p| p.returned > 0).map(|p| p.record_id.clone()).collect();
    let back = came_back(conn, &touched)?;
    page.retain_mut(|p| {
        let Some(fen) = back.get(&(p.record_id.clone(), p.line)) else { return true };
        p.fen -= fen;
        p.row_key = format!("{}-{fen}", p.row_key);
        p.fen > 0
    });
    Ok((page, next))
}
