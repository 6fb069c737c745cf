//! What becomes of a finding when a run sees it, or no longer does. Pure.
//!
//! * What a person explained or confirmed stays so until its facts change; then it is open again.
//! * What is no longer seen is fixed, whoever said so or did not; if it returns, it is open again.
//! * What a person called fixed and the next run still sees is open again.

use super::model::FindingState;
use crate::values::closed_list::closed_list;

closed_list! {
    /// What happened to a finding (疑点经过).
    pub enum EventKind {
        Decided = "decided", "处理", "decided";
        Assigned = "assigned", "交办", "assigned";
        Answered = "answered", "学校答复", "answered by the school";
        Commented = "commented", "备注", "commented";
        FactsChanged = "facts_changed", "事实有变，重新打开", "open again: its facts changed";
        StillThere = "still_there", "报已整改而仍存在，重新打开", "open again: said to be fixed and still there";
        Returned = "returned", "消失后再次出现，重新打开", "open again: it came back";
        Gone = "gone", "最近一次比对中已不存在，自动关闭", "closed: the latest run no longer sees it";
    }
}

/// How a finding stood before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What was said of it last.
    pub state: FindingState,
    /// Whether the run before no longer saw it.
    pub gone: bool,
}

/// What a run saw of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Nothing.
    Not,
    /// The same as before.
    Same,
    /// It, but with other amounts or particulars.
    Changed,
}

/// How it stands after the run, and what happened if it stands otherwise than before.
pub fn after(before: Standing, seen: Seen) -> (Standing, Option<EventKind>) {
    let open = Standing { state: FindingState::Open, gone: false };
    let still = Standing { gone: false, ..before };
    match (seen, before.state) {
        (Seen::Not, _) if before.gone => (before, None),
        (Seen::Not, _) => (Standing { state: FindingState::Fixed, gone: true }, Some(EventKind::Gone)),
        _ if before.gone => (open, Some(EventKind::Returned)),
        (_, FindingState::Fixed) => (open, Some(EventKind::StillThere)),
        (Seen::Changed, FindingState::Explained | FindingState::Confirmed) => {
            (open, Some(EventKind::FactsChanged))
        }
        _ => (still, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EventKind as E;
    use FindingState as S;

    #[test]
    fn every_state_and_every_sight() {
        let here = |state| Standing { state, gone: false };
        let away = |state| Standing { state, gone: true };
        for state in S::ALL.iter().copied() {
            // Not seen: closed once, then left alone.
            assert_eq!(after(here(state), Seen::Not), (away(S::Fixed), Some(E::Gone)), "{state}");
            assert_eq!(after(away(state), Seen::Not), (away(state), None), "{state}");
            for seen in [Seen::Same, Seen::Changed] {
                assert_eq!(after(away(state), seen), (here(S::Open), Some(E::Returned)), "{state}");
            }
        }
        for (state, seen, then, event) in [
            (S::Open, Seen::Same, S::Open, None),
            (S::Open, Seen::Changed, S::Open, None),
            (S::Explained, Seen::Same, S::Explained, None),
            (S::Confirmed, Seen::Same, S::Confirmed, None),
            (S::Explained, Seen::Changed, S::Open, Some(E::FactsChanged)),
            (S::Confirmed, Seen::Changed, S::Open, Some(E::FactsChanged)),
            (S::Fixed, Seen::Same, S::Open, Some(E::StillThere)),
            (S::Fixed, Seen::Changed, S::Open, Some(E::StillThere)),
        ] {
            assert_eq!(after(here(state), seen), (here(then), event), "{state} {seen:?}");
        }
    }
}
