//! The acts that move money, set by set: paying, signing for it, and what came back.

use chrono::NaiveDate;

use super::act::{Came, Roll, Todo, carry_out, ids, left, line};
use super::hand::Hand;
use super::import::payment_key;
use super::ledger;
use super::model::{AidRecord, AidState, Entry, EntryKind, FundSource};
use super::notice::model::Notice;
use super::notice::store as notices;
use super::rules::{Act, step};
use super::{payments, store};
use crate::db::Conn;
use crate::error::{Error, FieldError, Result};
use crate::seal::vault;
use crate::values::Text;

/// A payment as it is ordered for each of some records.
#[derive(Debug, Clone)]
pub struct Payment {
    /// Amount in fen; all that is open when absent.
    pub fen: Option<i64>,
    /// Day of payment.
    pub paid_on: NaiveDate,
    /// The card it went to, by the vault's id.
    pub account_id: Option<String>,
    /// Whose funds.
    pub source: Option<FundSource>,
    /// Why, of a payment after the student has left.
    pub reason: Option<String>,
}

/// Enters a card in the vault, for a payment.
pub fn card(conn: &mut Conn, hand: &Hand, number: &str) -> Result<Option<String>> {
    Ok(vault::enter_accounts(conn, &hand.sealer, &[number.to_owned()], hand.at)?.pop())
}

/// Pays records; `payment_of` says how each is paid.
pub fn pay(
    conn: &mut Conn,
    hand: &Hand,
    records: Vec<AidRecord>,
    payment_of: impl Fn(&AidRecord) -> Payment,
) -> Result<Vec<Came>> {
    let boards = notices::by_id(conn, &ids(&records, |r| r.notice_id.clone()))?;
    let roll = Roll::load(conn, &records)?;
    let mut counts = payments::counts(conn, &ids(&records, |r| Some(r.person_id.clone())))?;
    carry_out(conn, records, |record| {
        if matches!(record.state, AidState::Paid | AidState::Acknowledged) {
            return Ok(Todo::Already);
        }
        let payment = payment_of(record);
        let fen = payment.fen.unwrap_or(record.fen - (record.paid_fen - record.returned_fen));
        step(record.into(), Act::Pay(fen))?;
        may_pay_on(payment.paid_on, hand, record.notice_id.as_ref().and_then(|id| boards.get(id)))?;
        if payment.reason.is_none()
            && let Some((state, since)) = roll.left_by(record, payment.paid_on)
        {
            return Err(left(
                state,
                since,
                "离校后发放须写明理由（reason），例如补发在校期间的资助",
                "a payment after that needs a reason, e.g. arrears for the time before",
            ));
        }
        let base = payment_key(
            &record.person_id,
            record.programme,
            &record.term,
            &record.school_code,
            payment.paid_on,
            fen,
        );
        let count = counts.entry(base.clone()).or_default();
        count.lines += 1;
        let entry = Entry {
            fen: Some(fen),
            on_day: Some(payment.paid_on),
            account_id: payment.account_id,
            source: payment.source,
            reason: payment.reason,
            row_key: Some(format!("{base}:{}", count.lines)),
            ..line(record, EntryKind::Paid, hand)
        };
        Ok(Todo::Lines(vec![(Act::Pay(fen), entry)]))
    })
}

/// A day of payment: not in the future, and after the notice was over.
fn may_pay_on(paid_on: NaiveDate, hand: &Hand, notice: Option<&Notice>) -> Result<()> {
    let refused =
        |code, detail| Err(Error::invalid(vec![FieldError { pointer: "/paid_on".to_owned(), code, detail }]));
    if paid_on > hand.today {
        return refused(
            "date_in_future",
            Text::fixed("发放日期晚于今天", "the day of payment lies in the future"),
        );
    }
    match notice {
        Some(notice) if paid_on <= notice.ends_on => refused(
            "before_notice_end",
            Text::new(
                format!("发放日期早于公示期满（{}）", notice.ends_on),
                format!("the day of payment lies before the public notice was over ({})", notice.ends_on),
            ),
        ),
        _ => Ok(()),
    }
}

/// Records that the student or a parent signed for the money.
pub fn acknowledge(
    conn: &mut Conn,
    hand: &Hand,
    records: Vec<AidRecord>,
    on: NaiveDate,
) -> Result<Vec<Came>> {
    carry_out(conn, records, |record| {
        if record.state == AidState::Acknowledged {
            return Ok(Todo::Already);
        }
        day_after_payment(record, on, hand, "/on")?;
        let entry = Entry { on_day: Some(on), ..line(record, EntryKind::Acknowledged, hand) };
        Ok(Todo::Lines(vec![(Act::Acknowledge, entry)]))
    })
}

fn day_after_payment(record: &AidRecord, on: NaiveDate, hand: &Hand, pointer: &str) -> Result<()> {
    let early = record.paid_on.is_some_and(|paid| on < paid);
    if !early && on <= hand.today {
        return Ok(());
    }
    let (code, detail) = if early {
        ("before_payment", Text::fixed("日期早于发放日期", "the day lies before the payment"))
    } else {
        ("date_in_future", Text::fixed("日期晚于今天", "the day lies in the future"))
    };
    Err(Error::invalid(vec![FieldError { pointer: pointer.to_owned(), code, detail }]))
}

/// What came back of a record.
#[derive(Debug)]
pub struct Back<'a> {
    /// Amount in fen; all the student has of it when absent.
    pub fen: Option<i64>,
    /// The day it came back.
    pub on: NaiveDate,
    /// Why.
    pub reason: &'a str,
    /// Whether the bank sent it back, so that it is to be paid again.
    pub again: bool,
}

/// Records that money came back, from the latest payments first.
pub fn give_back(
    conn: &mut Conn,
    hand: &Hand,
    records: Vec<AidRecord>,
    back: &Back<'_>,
) -> Result<Vec<Came>> {
    let ledgers = store::ledgers(conn, &ids(&records, |r| Some(r.record_id.clone())), hand.at)?;
    carry_out(conn, records, |record| {
        let net = record.paid_fen - record.returned_fen;
        let fen = back.fen.unwrap_or(net);
        let (kind, act): (_, fn(i64) -> Act) =
            if back.again { (EntryKind::Bounced, Act::Bounce) } else { (EntryKind::Returned, Act::Return) };
        step(record.into(), act(fen))?;
        day_after_payment(record, back.on, hand, "/on")?;
        let lines = ledgers.get(&record.record_id).map(Vec::as_slice).unwrap_or_default();
        let taken = ledger::taken_from(lines, fen);
        Ok(Todo::Lines(
            taken
                .into_iter()
                .map(|(of, part)| {
                    let entry = Entry {
                        fen: Some(part),
                        on_day: Some(back.on),
                        of_line: Some(of),
                        reason: Some(back.reason.to_owned()),
                        ..line(record, kind, hand)
                    };
                    (act(part), entry)
                })
                .collect(),
        ))
    })
}
