//! Children of listed households who are not on the list themselves.
//!
//! A list is made household by household, and matching it child by child cannot see the brother who was
//! forgotten. The chain is shown whole: the child, where it is known that she belongs to the household,
//! and a member of it who is on the list. A shared address, telephone or surname is no chain.

use std::collections::HashMap;

use super::model::{Detail, Finding, FindingKind};
use super::reconcile_input::{Listed, PersonKey};
use super::reconcile_person::{Bench, attends, here, in_money};
use crate::values::Fen;

/// The households of the list.
pub(super) struct Households(HashMap<u32, Members>);

/// Who of a household is on the list.
#[derive(Debug, Clone, Copy)]
struct Members {
    count: u32,
    /// The one who stands first on the list.
    first: (u32, PersonKey),
}

impl Households {
    pub(super) fn of(listed: &[Listed]) -> Self {
        let mut entries: Vec<(u32, PersonKey, u32)> =
            listed.iter().filter_map(|l| Some((l.household?, l.person, l.entry))).collect();
        entries.sort_unstable();
        entries.dedup_by_key(|(household, person, _)| (*household, *person));
        let mut households: HashMap<u32, Members> = HashMap::with_capacity(entries.len());
        for (household, person, entry) in entries {
            let first = (entry, person);
            let known = households.entry(household).or_insert(Members { count: 0, first });
            known.count += 1;
            known.first = known.first.min(first);
        }
        Self(households)
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
            .filter_map(|(household, by)| Some((by, household, households.0.get(&household)?)))
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
