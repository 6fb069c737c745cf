//! What may happen to a record: state × act → the record as it stands afterwards, or a refusal. Pure.
//!
//! Who may act and on which day is judged before; here is only what follows from state and sums.

use super::model::{AidRecord, AidState, Origin};
use crate::error::{Code, Error};
use crate::values::{Fen, Text};

/// What of a record bears on what may happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where the record comes from.
    pub origin: Origin,
    /// State.
    pub state: AidState,
    /// Granted, in fen.
    pub fen: i64,
    /// Paid so far, in fen.
    pub paid: i64,
    /// Of that returned, in fen.
    pub returned: i64,
}

impl Standing {
    /// A record just proposed.
    pub const fn proposed(fen: i64) -> Self {
        Self { origin: Origin::Office, state: AidState::Proposed, fen, paid: 0, returned: 0 }
    }

    /// A payment just stated by a sheet.
    pub const fn stated(fen: i64) -> Self {
        Self { origin: Origin::Sheet, state: AidState::Paid, fen, paid: fen, returned: 0 }
    }

    /// What the student has of it.
    pub const fn net(&self) -> i64 {
        self.paid - self.returned
    }

    /// What is still to be paid.
    pub const fn open(&self) -> i64 {
        self.fen - self.net()
    }
}

impl From<&AidRecord> for Standing {
    fn from(r: &AidRecord) -> Self {
        Self { origin: r.origin, state: r.state, fen: r.fen, paid: r.paid_fen, returned: r.returned_fen }
    }
}

/// An act upon a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Put on public notice.
    Notice,
    /// Approve.
    Approve,
    /// Pay this much, in fen.
    Pay(i64),
    /// Acknowledge receipt.
    Acknowledge,
    /// Take this much back for good, in fen.
    Return(i64),
    /// The bank sent this much back, in fen; it is to be paid again.
    Bounce(i64),
    /// Cancel; whether a bureau does so, or a school.
    Cancel {
        /// Whether a bureau acts.
        bureau: bool,
    },
    /// Correct by another record; whether a bureau does so, or a school.
    Correct {
        /// Whether a bureau acts.
        bureau: bool,
    },
}

/// Why an act is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The state does not allow it.
    State(AidState),
    /// An amount of nothing.
    Nothing,
    /// More than is still open (fen).
    Beyond(i64),
    /// More than the student has of it (fen).
    MoreThanPaid(i64),
    /// Money is out (fen): it must be returned first.
    MoneyOut(i64),
    /// From approval on only a bureau may.
    BureauOnly,
    /// What a sheet states is struck out or returned, not corrected.
    Stated,
}

/// The record after the act. See the table in the tests for every state and act.
pub fn step(s: Standing, act: Act) -> Result<Standing, Refused> {
    use AidState::{Acknowledged, Approved, Cancelled, Corrected, Noticed, Paid, Proposed, Returned};
    let to = |state| Ok(Standing { state, ..s });
    match (act, s.state) {
        (Act::Notice, Proposed) => to(Noticed),
        // What costs nothing (books, a service) is done once it is approved.
        (Act::Approve, Noticed) => to(if s.open() == 0 { Paid } else { Approved }),
        (Act::Pay(fen), Approved) => pay(s, fen),
        (Act::Acknowledge, Paid) => to(Acknowledged),
        (Act::Return(fen), Approved | Paid | Acknowledged) => {
            let s = give_back(s, fen)?;
            // A part payment taken back leaves the grant as it was, to be paid or cancelled.
            let all = s.net() == 0 && s.state != Approved;
            Ok(if all { Standing { state: Returned, ..s } } else { s })
        }
        (Act::Bounce(fen), Approved | Paid | Acknowledged) => {
            let s = give_back(s, fen)?;
            Ok(match s.origin {
                Origin::Office => Standing { state: Approved, ..s },
                // The sheet's office pays again by another row.
                Origin::Sheet if s.net() == 0 => Standing { state: Returned, ..s },
                Origin::Sheet => s,
            })
        }
        (Act::Cancel { .. }, Proposed | Noticed) => to(Cancelled),
        (Act::Cancel { bureau }, Approved | Paid) => match (s.origin, bureau) {
            (_, false) => Err(Refused::BureauOnly),
            // A row that stood in the sheet by mistake: no such money went out.
            (Origin::Sheet, true) if s.returned == 0 => to(Cancelled),
            (_, true) if s.net() == 0 => to(Cancelled),
            _ => Err(Refused::MoneyOut(s.net())),
        },
        (Act::Correct { .. }, Proposed | Noticed | Approved | Paid | Acknowledged | Returned)
            if s.origin == Origin::Sheet =>
        {
            Err(Refused::Stated)
        }
        (Act::Correct { bureau: false }, Approved | Paid | Acknowledged | Returned) => {
            Err(Refused::BureauOnly)
        }
        (Act::Correct { .. }, Approved) if s.net() > 0 => Err(Refused::MoneyOut(s.net())),
        // With money out the correction is a supplement, and the first record stands.
        (Act::Correct { .. }, Paid | Acknowledged) if s.net() > 0 => Ok(s),
        (Act::Correct { .. }, Proposed | Noticed | Approved | Paid | Acknowledged | Returned) => {
            to(Corrected)
        }
        (_, state) => Err(Refused::State(state)),
    }
}

fn pay(s: Standing, fen: i64) -> Result<Standing, Refused> {
    if fen <= 0 {
        return Err(Refused::Nothing);
    }
    if fen > s.open() {
        return Err(Refused::Beyond(s.open()));
    }
    let s = Standing { paid: s.paid.saturating_add(fen), ..s };
    Ok(if s.open() == 0 { Standing { state: AidState::Paid, ..s } } else { s })
}

fn give_back(s: Standing, fen: i64) -> Result<Standing, Refused> {
    if fen <= 0 {
        return Err(Refused::Nothing);
    }
    if fen > s.net() {
        return Err(Refused::MoreThanPaid(s.net()));
    }
    Ok(Standing { returned: s.returned.saturating_add(fen), ..s })
}

impl Refused {
    /// The code of the refusal in bulk answers and field errors.
    pub const fn code(self) -> &'static str {
        match self {
            Refused::State(_) => "state",
            Refused::Nothing => "amount_zero",
            Refused::Beyond(_) => "amount_beyond",
            Refused::MoreThanPaid(_) => "more_than_paid",
            Refused::MoneyOut(_) => "money_out",
            Refused::BureauOnly => "bureau_only",
            Refused::Stated => "stated_by_sheet",
        }
    }

    /// What is wrong and what to do.
    pub fn text(self) -> Text {
        let yuan = |fen: i64| Fen(fen).yuan();
        match self {
            Refused::State(state) => Text::new(
                format!("该记录{}，不能这样操作；请刷新后查看", state.zh()),
                format!("the record is {}, which does not allow this: look at it again", state.en()),
            ),
            Refused::Nothing => Text::fixed("金额必须大于零", "the amount must be more than nothing"),
            Refused::Beyond(open) => Text::new(
                format!("金额超过尚未发放的 {} 元；如应增加，请先更正", yuan(open)),
                format!(
                    "the amount is more than the {} yuan still to be paid: correct the record first",
                    yuan(open)
                ),
            ),
            Refused::MoreThanPaid(net) => Text::new(
                format!("退回金额超过该生实得的 {} 元", yuan(net)),
                format!("more than the {} yuan that the student has of it", yuan(net)),
            ),
            Refused::MoneyOut(net) => Text::new(
                format!("已发放 {} 元，请先办理退回", yuan(net)),
                format!("{} yuan have been paid: record their return first", yuan(net)),
            ),
            Refused::BureauOnly => Text::fixed(
                "批准以后只能由县级以上资助管理部门办理",
                "after its approval only the aid bureau may do this",
            ),
            Refused::Stated => Text::fixed(
                "该记录由发放表登记：登记有误请取消，发错请退回",
                "a payment sheet states this record: cancel it if the row was a mistake, return the money if it was paid wrongly",
            ),
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let code = if refused == Refused::BureauOnly { Code::Forbidden } else { Code::Conflict };
        Error::new(code, refused.text())
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
