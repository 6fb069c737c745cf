//! A correction: another record that refers to the first of its chain, in its place or for the difference.

use super::act::line;
use super::grant::{self, Asked, Grant};
use super::hand::Hand;
use super::ledger;
use super::model::{AidRecord, AidState, Entry, EntryKind};
use super::propose::{Ground, Not, made, not_here, refusal};
use super::rules::{Act, step};
use super::store;
use crate::db::Conn;
use crate::error::{Code, Error, Result};
use crate::policy;
use crate::values::{Term, Text};

/// What a correction says.
#[derive(Debug)]
pub struct Correction<'a> {
    /// What the student should have in all, in fen; what the policy says when absent.
    pub asked: Asked<'a>,
    /// Why the first record was wrong.
    pub why: &'a str,
}

/// The record that corrects another, and whether it is a supplement for the difference. Before money has
/// gone out it takes the place of the first; afterwards the first stands and this one is for the rest.
pub fn correction(
    conn: &mut Conn,
    hand: &Hand,
    first: &AidRecord,
    correction: &Correction<'_>,
) -> Result<(AidRecord, Entry)> {
    let term = Term::parse(&first.term).ok_or_else(|| Error::internal("aid: a stored term"))?;
    let people = std::slice::from_ref(&first.person_id);
    store::lock_people(conn, people)?;
    let ground = Ground::load(conn, hand, term, people)?;
    let (gathered, row) = ground.here(hand, &first.person_id).ok_or_else(not_here)?;
    let decision = policy::decide(&hand.pack, &gathered.facts);
    let programme = first.programme;
    let verdict = decision.of(programme).ok_or_else(Error::not_found)?;
    let grant = grant::hold(verdict, &correction.asked)
        .map_err(|denied| refusal(Not::Denied(denied), &hand.pack, &decision, programme))?;
    let chain = ground.live.get(&first.person_id).map(Vec::as_slice).unwrap_or_default();
    let chain: Vec<&AidRecord> = chain.iter().filter(|r| r.programme == programme).collect();
    let received = chain.iter().map(|r| r.paid_fen - r.returned_fen).sum::<i64>();
    let open: i64 = chain
        .iter()
        .filter(|r| r.record_id != first.record_id && r.state != AidState::Returned)
        .map(|r| r.fen - (r.paid_fen - r.returned_fen))
        .filter(|open| *open > 0)
        .sum();
    if open > 0 {
        return Err(Error::new(
            Code::Conflict,
            Text::fixed(
                "该记录已有一条更正尚未办完，请先办完",
                "a correction of this record is still under way: finish it first",
            ),
        ));
    }
    let supplement = first.paid_fen > first.returned_fen;
    let slot = if supplement {
        // Each further supplement has its own place, which the unique index guards like the first.
        format!("{}#{}", first.slot.split('#').next().unwrap_or_default(), chain.len())
    } else {
        first.slot.clone()
    };
    let fen = if supplement { grant.fen - received } else { grant.fen };
    if supplement && fen <= 0 {
        return Err(Error::new(
            Code::Conflict,
            Text::fixed(
                "更正后的总额不高于已发放的金额，无需补发；多发的部分请办理退回",
                "the corrected total is no more than what has been paid: record the return of what was paid too much",
            ),
        ));
    }
    let root = first.corrects.clone().unwrap_or_else(|| first.record_id.clone());
    let reason = correction.asked.reason.or(Some(correction.why));
    Ok(made(hand, &ground, row, programme, Grant { fen, ..grant }, slot, reason, Some(root)))
}

/// Corrects a record by another; the record that corrects it.
pub fn correct(conn: &mut Conn, hand: &Hand, first: AidRecord, wanted: &Correction<'_>) -> Result<AidRecord> {
    let act = Act::Correct { bureau: hand.is_bureau() };
    step((&first).into(), act)?;
    let (record, entry) = correction(conn, hand, &first, wanted)?;
    let closing = Entry {
        reason: Some(wanted.why.to_owned()),
        other_id: Some(record.record_id.clone()),
        ..line(&first, EntryKind::Corrected, hand)
    };
    let (first, lines) = ledger::advance(&first, vec![(act, closing)])?;
    // The first leaves its place before the other takes it.
    store::save(conn, &[first], &lines)?;
    store::insert(conn, std::slice::from_ref(&record), &[entry])?;
    Ok(record)
}
