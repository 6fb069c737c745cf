//! The table `proposal`, and what is read beside it: refused rows and who is on the roll.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::model::{Proposal, ProposalState};
use crate::auth::{Scope, within};
use crate::db::{CHUNK, Conn, on};
use crate::error::{Error, Result};
use crate::page::{PlaceKey, beyond};
use crate::schema::{aid_record, enrolment, import, poverty_list, poverty_list_entry, proposal};

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this import.
    pub import: Option<String>,
    /// Only in this state.
    pub state: Option<ProposalState>,
}

/// A page of the proposals in scope, place by place and in each in the order in which they were found.
pub fn list(
    conn: &mut Conn,
    scope: &Scope,
    filter: Filter,
    after: Option<PlaceKey>,
    limit: i64,
) -> Result<Vec<Proposal>> {
    let mut query =
        proposal::table.filter(within!(proposal.school, scope)).select(Proposal::as_select()).into_boxed();
    if let Some(key) = after {
        query = query.filter(beyond!("proposal.place, proposal.proposal_id", key));
    }
    if let Some(import) = filter.import {
        query = query.filter(proposal::import_id.eq(import));
    }
    if let Some(state) = filter.state {
        query = query.filter(proposal::state.eq(state));
    }
    Ok(query.order((proposal::place.asc(), proposal::proposal_id.asc())).limit(limit).load(conn)?)
}

/// How many proposals of an import in scope wait for a decision.
pub fn count_open(conn: &mut Conn, scope: &Scope, import_id: &str) -> Result<i64> {
    Ok(proposal::table
        .filter(within!(proposal.school, scope))
        .filter(proposal::import_id.eq(import_id))
        .filter(proposal::state.eq(ProposalState::Open))
        .count()
        .get_result(conn)?)
}

/// One proposal in scope.
pub fn find(conn: &mut Conn, scope: &Scope, proposal_id: &str) -> Result<Proposal> {
    proposal::table
        .find(proposal_id.to_owned())
        .filter(within!(proposal.school, scope))
        .select(Proposal::as_select())
        .first(conn)
        .optional()?
        .ok_or_else(Error::not_found)
}

/// The proposals of an import's rows from one line to another, by line and person of the row.
pub fn of_rows(
    conn: &mut Conn,
    import_id: &str,
    first: i32,
    last: i32,
) -> Result<HashMap<(i32, i16), Proposal>> {
    Ok(proposal::table
        .filter(proposal::import_id.eq(import_id))
        .filter(proposal::row_number.between(first, last))
        .select(Proposal::as_select())
        .load(conn)?
        .into_iter()
        .map(|p| ((p.line, p.member), p))
        .collect())
}

/// Records proposals.
pub fn insert(conn: &mut Conn, proposals: &[Proposal]) -> Result<()> {
    for chunk in proposals.chunks(CHUNK) {
        on!(conn => diesel::insert_into(proposal::table).values(chunk).on_conflict_do_nothing().execute(conn))?;
    }
    Ok(())
}

/// Takes open proposals back for which there is no ground any more.
pub fn withdraw(conn: &mut Conn, proposals: &[String]) -> Result<()> {
    for chunk in proposals.chunks(CHUNK) {
        diesel::delete(
            proposal::table
                .filter(proposal::proposal_id.eq_any(chunk))
                .filter(proposal::state.eq(ProposalState::Open)),
        )
        .execute(conn)?;
    }
    Ok(())
}

/// From one state to another; false if somebody was faster. Holds the row for the rest of the transaction.
pub fn step(
    conn: &mut Conn,
    from: &Proposal,
    to: ProposalState,
    by: &str,
    at: NaiveDateTime,
) -> Result<bool> {
    let row = proposal::table.find(&from.proposal_id).filter(proposal::state.eq(from.state));
    let done = match to {
        ProposalState::Reverted => diesel::update(row)
            .set((proposal::state.eq(to), proposal::reverted_by.eq(by), proposal::reverted_at.eq(at)))
            .execute(conn)?,
        ProposalState::Open => diesel::update(row)
            .set((
                proposal::state.eq(to),
                proposal::decided_by.eq(None::<String>),
                proposal::decided_at.eq(None::<NaiveDateTime>),
            ))
            .execute(conn)?,
        ProposalState::Accepted | ProposalState::Dismissed => diesel::update(row)
            .set((proposal::state.eq(to), proposal::decided_by.eq(by), proposal::decided_at.eq(at)))
            .execute(conn)?,
    };
    Ok(done == 1)
}

/// Keeps which batch an acceptance brought.
pub fn brought(conn: &mut Conn, proposal_id: &str, import_id: &str) -> Result<()> {
    diesel::update(proposal::table.find(proposal_id))
        .set(proposal::accepted_import_id.eq(import_id))
        .execute(conn)?;
    Ok(())
}

/// The school that sent an import, or an empty text.
pub fn school_of(conn: &mut Conn, import_id: &str) -> Result<String> {
    Ok(import::table.find(import_id).select(import::school).first(conn)?)
}

/// The list version that an import began or added to, if it did either.
pub fn list_of(conn: &mut Conn, import_id: &str) -> Result<Option<String>> {
    let begun: Option<String> = poverty_list::table
        .filter(poverty_list::import_id.eq(import_id))
        .select(poverty_list::list_id)
        .first(conn)
        .optional()?;
    if begun.is_some() {
        return Ok(begun);
    }
    Ok(poverty_list_entry::table
        .filter(poverty_list_entry::import_id.eq(import_id))
        .select(poverty_list_entry::list_id)
        .first(conn)
        .optional()?)
}

/// Takes the entries of a batch off a version.
pub fn remove_entries(conn: &mut Conn, list_id: &str, import_id: &str) -> Result<usize> {
    Ok(diesel::delete(
        poverty_list_entry::table
            .filter(poverty_list_entry::list_id.eq(list_id))
            .filter(poverty_list_entry::import_id.eq(import_id)),
    )
    .execute(conn)?)
}

/// A current row of the roll.
#[derive(Debug)]
pub struct OnRoll {
    /// The name by the roll.
    pub name_id: String,
    /// School code.
    pub school: String,
    /// Place of the school.
    pub place: String,
}

/// The current rows of the roll of some people, of whatever term, the newest first.
pub fn on_roll(conn: &mut Conn, people: &[String]) -> Result<HashMap<String, Vec<OnRoll>>> {
    let mut found: HashMap<String, Vec<OnRoll>> = HashMap::new();
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<(String, String, String, String)> = enrolment::table
            .filter(enrolment::person_id.eq_any(chunk))
            .filter(enrolment::superseded_at.is_null())
            .select((enrolment::person_id, enrolment::name_id, enrolment::school_code, enrolment::place))
            .order(enrolment::enrolment_id.desc())
            .load(conn)?;
        for (person, name_id, school, place) in rows {
            found.entry(person).or_default().push(OnRoll { name_id, school, place });
        }
    }
    Ok(found)
}

/// The aid records that a batch brought.
pub fn records_of(conn: &mut Conn, import_id: &str) -> Result<Vec<String>> {
    Ok(aid_record::table
        .filter(aid_record::import_id.eq(import_id))
        .select(aid_record::record_id)
        .order(aid_record::record_id.asc())
        .load(conn)?)
}
