//! Children of listed households who are not on the list themselves.
//!
//! A list is made household by household, and matching it child by child cannot see the brother who was
//! forgotten. The chain is shown whole: the child, where it is known that she belongs to the household,
//! and a member of it who is on the list. A shared address, telephone or surname is no chain.

use super::boxes::{boxed, width};
use super::model::{Detail, Finding, FindingKind};
use super::reconcile_frame::{attends, here};
use super::reconcile_input::{Listed, PersonKey};
use super::reconcile_person::{Bench, in_money};
use crate::values::Fen;

/// The households of the list, in order of their number: put in order once, they are found by halving, which
/// costs less memory and fewer looks into it than a table by hash.
pub(super) struct Households(Vec<(u32, Members)>);

/// Who of a household is on the list.
#[derive(Debug, Clone, Copy)]
struct Members {
    count: u32,
    /// The one who stands first on the list.
    first: (u32, PersonKey),
}

impl Households {
    pub(super) fn of(listed: &[Listed]) -> Self {
        let entries: Vec<(u32, PersonKey, u32)> =
            listed.iter().filter_map(|l| Some((l.household?, l.person, l.entry))).collect();
        // Dealt into boxes first, each of which fits into the cache: the time then grows with the entries.
        let last = entries.iter().map(|(household, ..)| *household).max().unwrap_or_default();
        let within = width(last);
        let number = |household: u32| usize::try_from(household >> within).unwrap_or_default();
        let boxes = number(last).saturating_add(1);
        let mut households = Vec::new();
        for mut of_box in boxed(entries.into_iter(), boxes, |(household, ..)| number(*household)) {
            of_box.sort_unstable();
            of_box.dedup_by_key(|(household, person, _)| (*household, *person));
            households.extend(of_box.chunk_by(|a, b| a.0 == b.0).filter_map(|members| {
                let first = members.iter().map(|(_, person, entry)| (*entry, *person)).min()?;
                let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
                Some((members.first()?.0, Members { count, first }))
            }));
        }
        Self(households)
    }

    fn get(&self, household: u32) -> Option<&Members> {
        let at = self.0.binary_search_by_key(&household, |(number, _)| *number).ok()?;
        self.0.get(at).map(|(_, members)| members)
    }
}

impl Bench<'_> {
    /// A child at school here, not listed, of a household that is. What is at stake is what she would be
    /// due if she were, less what she was paid.
    pub(super) fn household(&self, households: &Households, findings: &mut Vec<Finding>) {
        if !self.attends_here || households.0.is_empty() {
            return;
        }
        let rows = self.case.enrolled.iter().filter(|r| attends(r, self.options) && here(r, self.options));
        let found = rows
            .filter_map(|r| r.household)
            .filter_map(|(household, by)| Some((by, household, households.get(household)?)))
            .min_by_key(|(by, household, _)| (*by, *household));
        let Some((by, _, members)) = found else { return };
        let due = if self.case.presumed.is_empty() { None } else { in_money(self.case.presumed.iter()) };
        let paid = self.paid_in_money();
        let mut finding = self.finding(FindingKind::HouseholdMemberOffList);
        finding.other = Some(members.first.1);
        finding.due = due;
        finding.paid = Some(paid);
        finding.at_stake = Fen(due.map_or(0, |due| (due.0 - paid.0).max(0)));
        finding.detail = Detail::Household { listed: members.count, by };
        findings.push(finding);
    }
}
