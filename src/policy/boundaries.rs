//! The days on which a programme changes, and whether the golden cases look at both sides of each.
//!
//! Amounts and conditions go wrong at their edges first: a case in the middle of a range says nothing of
//! the day on which it ends. For every edge of a programme the cases must try the day before and the day.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;

use super::cases::Case;
use super::condition::Pred;
use super::pack::Pack;
use super::period::Period;
use super::programme::ProgrammeRules;
use crate::values::Programme;

/// Whether the cases try the two sides of a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sides {
    /// Some case is decided on the day before.
    pub before: bool,
    /// Some case is decided on the day.
    pub on: bool,
}

impl Sides {
    /// Whether both sides are tried.
    pub const fn both(self) -> bool {
        self.before && self.on
    }
}

/// Every boundary of every programme, by the default calendar, and what the cases try of it.
pub(super) fn tried(pack: &Pack) -> BTreeMap<(Programme, NaiveDate), Sides> {
    let asked: HashSet<(Programme, NaiveDate)> = pack.cases.iter().flat_map(asked).collect();
    pack.programmes()
        .iter()
        .flat_map(|rules| days(pack, rules).into_iter().map(|day| (rules.programme, day)))
        .map(|(programme, day)| {
            let before = day.pred_opt().is_some_and(|eve| asked.contains(&(programme, eve)));
            ((programme, day), Sides { before, on: asked.contains(&(programme, day)) })
        })
        .collect()
}

/// The programmes of which a case says what must come out, with its day.
fn asked(case: &Case) -> impl Iterator<Item = (Programme, NaiveDate)> + '_ {
    case.expect.iter().map(|expect| (expect.programme, case.facts.as_of))
}

fn days(pack: &Pack, rules: &ProgrammeRules) -> Vec<NaiveDate> {
    let mut periods = vec![rules.period];
    for condition in &rules.conditions {
        periods.push(condition.period);
        nested(&condition.test, &mut periods);
    }
    for tier in &rules.tiers {
        periods.push(tier.period);
        nested(&tier.test, &mut periods);
    }
    for warning in &rules.warnings {
        periods.push(warning.period);
        nested(&warning.test, &mut periods);
    }
    periods.extend(rules.standards.iter().filter_map(|i| pack.standards.get(*i)).map(|s| s.period));
    periods.extend(rules.limits.iter().filter_map(|i| pack.limits.get(*i)).map(|l| l.period));
    let mut days: Vec<NaiveDate> = periods
        .iter()
        .flat_map(|period| [period.from, period.to])
        .flatten()
        .map(super::period::Edge::day)
        // Before the pack begins nothing is decided, so its own first day has no other side.
        .filter(|day| *day > pack.period.days().0)
        .collect();
    days.sort_unstable();
    days.dedup();
    days
}

fn nested(test: &Pred, periods: &mut Vec<Period>) {
    match test {
        Pred::All(inner) | Pred::Any(inner) => inner.iter().for_each(|test| nested(test, periods)),
        Pred::Not(inner) | Pred::LocalRule(inner) => nested(inner, periods),
        Pred::During(period, inner) => {
            periods.push(*period);
            nested(inner, periods);
        }
        Pred::Always | Pred::OneOf(..) | Pred::AnyCategory(_) | Pred::AnyEvidence(_) | Pred::Within(..) => {}
    }
}
