//! The payment sheet as an order carried out: each row pays the approved record of its student, programme
//! and term. A row that matches none is reported and stored nowhere.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::act::Came;
use super::by_file::{NoRecord, Records, told};
use super::hand::Hand;
use super::import::{AidImporter, AidRow, SPEC, admit, payment_key};
use super::model::{AidRecord, AidState};
use super::money::{self, Payment};
use super::{payments, store};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::imports::batch::{Batch, Outcome, standing};
use crate::imports::{ImportKind, Importer, Pending, Times};
use crate::seal::vault;
use crate::sheet::{Fields, SheetSpec};
use crate::values::{Fen, Text, ValueError};

/// Pays by a sheet.
#[derive(Debug, Clone)]
pub struct PayImporter {
    reading: AidImporter,
    hand: Hand,
    /// How often each payment has been met in this file.
    met: Times,
    /// The records this file has paid: a further row of the same student is no part payment.
    paid: HashSet<String>,
}

impl PayImporter {
    /// A sheet sent by a hand.
    pub fn new(hand: Hand) -> Self {
        let reading = AidImporter::new(hand.today);
        Self { reading, hand, met: Times::default(), paid: HashSet::new() }
    }
}

/// A row that pays: which record, and how.
struct Paying {
    record_id: String,
    paid_on: NaiveDate,
    fen: i64,
    account_id: Option<String>,
}

/// What the rows of a chunk are matched with.
struct Known {
    records: Records,
    counts: HashMap<String, payments::Count>,
}

/// What became of a row's payment before.
enum Before {
    /// Nothing.
    No,
    /// It was carried here.
    Paid,
    /// A sheet states it.
    Stated,
}

impl Importer for PayImporter {
    type Row = AidRow;
    const KIND: ImportKind = ImportKind::Aid;

    fn spec(&self) -> &'static SheetSpec {
        &SPEC
    }

    fn parse(&self, f: &mut Fields<'_>) -> Option<AidRow> {
        self.reading.parse(f)
    }

    fn store(&mut self, conn: &mut Conn, batch: &Batch<'_>, rows: &mut [Pending<AidRow>]) -> Result<()> {
        admit(conn, batch, rows)?;
        let mut standing: Vec<&mut Pending<AidRow>> = standing(rows).collect();
        let known = Known::load(conn, batch, &standing)?;
        let keys = self.keys(batch, &standing, known.records.people());
        let mut paying: Vec<(usize, Paying)> = Vec::new();
        for (at, (pending, key)) in standing.iter_mut().zip(&keys).enumerate() {
            let matched = match key.as_ref().map(|(base, nth)| known.before(base, *nth)) {
                Some(Before::Paid) => {
                    pending.outcome = Outcome::Unchanged;
                    continue;
                }
                Some(Before::Stated) => Err(Misfit::Stated),
                Some(Before::No) | None => known.matched(at, &pending.row, &self.paid),
            };
            match matched {
                Ok(record_id) => {
                    self.paid.insert(record_id.clone());
                    let row = &pending.row;
                    let to_pay = Paying { record_id, paid_on: row.paid_on, fen: row.fen.0, account_id: None };
                    paying.push((at, to_pay));
                }
                Err(misfit) => {
                    let (column, fault) = misfit.told();
                    pending.refuse(column, fault);
                }
            }
        }
        cards(conn, batch, &standing, &mut paying)?;
        for (at, came) in self.pay(conn, paying)? {
            let Some(pending) = standing.get_mut(at) else { continue };
            match came {
                Came::Done(_) => {}
                Came::Already(_) => pending.outcome = Outcome::Unchanged,
                Came::Refused(_, refused) => pending.refuse("paid_on", told(&refused)),
            }
        }
        Ok(())
    }
}

impl PayImporter {
    /// What makes each row the payment it is and which of several equal ones, where its student is known.
    fn keys(
        &mut self,
        batch: &Batch<'_>,
        rows: &[&mut Pending<AidRow>],
        people: &[Option<String>],
    ) -> Vec<Option<(String, u32)>> {
        let term = batch.order.term.to_string();
        rows.iter()
            .zip(people)
            .map(|(pending, person)| {
                let row = &pending.row;
                let base = payment_key(
                    person.as_ref()?,
                    row.programme,
                    &term,
                    row.school.as_str(),
                    row.paid_on,
                    row.fen.0,
                );
                let nth = self.met.next(&base);
                Some((base, nth))
            })
            .collect()
    }

    /// Pays the matched records, and says for each row what came of it.
    fn pay(&self, conn: &mut Conn, paying: Vec<(usize, Paying)>) -> Result<Vec<(usize, Came)>> {
        let ids: Vec<String> = paying.iter().map(|(_, p)| p.record_id.clone()).collect();
        let mut taken = store::take(conn, self.hand.who.scope(), &ids)?;
        let (mut rows, mut records, mut how) = (Vec::new(), Vec::new(), HashMap::new());
        for (at, to_pay) in paying {
            let record = taken.remove(&to_pay.record_id).ok_or_else(Error::not_found)?;
            rows.push(at);
            records.push(record);
            how.insert(to_pay.record_id.clone(), to_pay);
        }
        let came = money::pay(conn, &self.hand, records, |record| {
            let to_pay = how.get(&record.record_id);
            Payment {
                fen: to_pay.map(|p| p.fen),
                paid_on: to_pay.map_or(self.hand.today, |p| p.paid_on),
                account_id: to_pay.and_then(|p| p.account_id.clone()),
                source: None,
                reason: None,
            }
        })?;
        Ok(rows.into_iter().zip(came).collect())
    }
}

/// Enters the cards of the rows that pay in the vault.
fn cards(
    conn: &mut Conn,
    batch: &Batch<'_>,
    rows: &[&mut Pending<AidRow>],
    paying: &mut [(usize, Paying)],
) -> Result<()> {
    let card = |at: usize| Some(rows.get(at)?.row.account.as_ref()?.as_str().to_owned());
    let cards: Vec<String> = paying.iter().filter_map(|(at, _)| card(*at)).collect();
    let mut accounts = vault::enter_accounts(conn, batch.sealer, &cards, batch.order.at)?.into_iter();
    for (at, to_pay) in paying {
        to_pay.account_id = card(*at).and_then(|_| accounts.next());
    }
    Ok(())
}

impl Known {
    fn load(conn: &mut Conn, batch: &Batch<'_>, rows: &[&mut Pending<AidRow>]) -> Result<Self> {
        let records = Records::load(conn, batch, rows)?;
        let known: Vec<String> = records.people().iter().flatten().cloned().collect();
        let counts = payments::counts(conn, &known)?;
        Ok(Self { records, counts })
    }

    /// What became before of the payment that a file brings for the nth time.
    fn before(&self, base: &str, nth: u32) -> Before {
        let count = self.counts.get(base).copied().unwrap_or_default();
        if nth <= count.paid {
            Before::Paid
        } else if nth <= count.paid + count.stated {
            Before::Stated
        } else {
            Before::No
        }
    }

    /// The record a row pays.
    fn matched(&self, at: usize, row: &AidRow, paid: &HashSet<String>) -> Result<String, Misfit> {
        let here = self.records.of(at, row)?;
        let to_pay: Vec<&AidRecord> = here
            .iter()
            .copied()
            .filter(|r| r.state == AidState::Approved && !paid.contains(&r.record_id))
            .collect();
        let open = |r: &AidRecord| r.fen - (r.paid_fen - r.returned_fen);
        match to_pay.iter().find(|r| open(r) == row.fen.0).or(to_pay.first()) {
            Some(record) if open(record) == row.fen.0 => Ok(record.record_id.clone()),
            Some(record) => Err(Misfit::OtherAmount(open(record))),
            None if here.iter().any(|r| matches!(r.state, AidState::Proposed | AidState::Noticed)) => {
                Err(Misfit::NotApproved)
            }
            None => Err(Misfit::PaidAlready),
        }
    }
}

/// Why a row pays nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Misfit {
    /// It means no record.
    NoRecord(NoRecord),
    /// Not approved yet.
    NotApproved,
    /// Nothing is open: paid in full, or returned.
    PaidAlready,
    /// A sheet stated this payment before.
    Stated,
    /// Another amount is open (fen).
    OtherAmount(i64),
}

impl From<NoRecord> for Misfit {
    fn from(none: NoRecord) -> Self {
        Misfit::NoRecord(none)
    }
}

impl Misfit {
    /// The column at fault, and what is wrong.
    fn told(self) -> (&'static str, ValueError) {
        let fixed = |column, code, what, todo| (column, ValueError::fixed(code, what, todo));
        match self {
            Misfit::NoRecord(none) => none.told(),
            Misfit::NotApproved => fixed(
                "programme",
                "not_approved",
                ("该记录尚未批准", "the record is not approved yet"),
                ("公示期满并批准后再发放", "pay after the notice is over and it is approved"),
            ),
            Misfit::PaidAlready => fixed(
                "programme",
                "paid_already",
                (
                    "该记录没有待发金额，本行会造成重复发放",
                    "nothing of the record is open: this would be a second payment",
                ),
                ("请核实；确需补发请先更正", "check it; for a supplement correct the record first"),
            ),
            Misfit::Stated => fixed(
                "paid_on",
                "stated_already",
                ("这笔已作为发放表登记过", "a payment sheet has stated this payment already"),
                (
                    "如确系同一笔，请先取消登记的那条记录，再重新提交",
                    "if it is the same payment, cancel the stated record and send this again",
                ),
            ),
            Misfit::OtherAmount(open) => {
                let yuan = Fen(open).yuan();
                let error = ValueError {
                    code: "amount_differs",
                    what: Text::new(
                        format!("金额与尚未发放的 {yuan} 元不符"),
                        format!("not the {yuan} yuan that are open"),
                    ),
                    todo: Text::fixed(
                        "请核对金额；部分发放请逐条办理",
                        "check the amount; record a part payment on the record itself",
                    ),
                };
                ("amount", error)
            }
        }
    }
}
