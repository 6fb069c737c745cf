//! Accounts that received money for several persons.
//!
//! Brothers and sisters may share their parents' account, and the finding says how many are known to be of one
//! household; a person decides.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::intern::Folded;
use super::model::{Detail, Finding, FindingKind};
use super::reconcile_input::{AccountKey, Aided, Enrolled, Input, PersonKey};
use crate::values::Fen;

/// Few keys looked up by many rows.
type Few<K, V> = HashMap<K, V, BuildHasherDefault<Folded>>;

/// Who holds an account, as far as it was seen.
#[derive(Debug, Clone, Copy)]
enum Holder {
    Nobody,
    One(PersonKey),
    Several,
}

/// The holders of accounts: found while the rows are walked, without putting all accounts in order.
pub(super) struct Accounts {
    /// By the account's number.
    holders: Vec<Holder>,
    /// Those beyond room: numbers with wide gaps.
    beyond: Few<AccountKey, Holder>,
    room: usize,
    /// Who holds an account that several hold; some of them more than once.
    shared: Vec<(AccountKey, PersonKey)>,
}

fn place(account: AccountKey) -> usize {
    usize::try_from(account.0).unwrap_or(usize::MAX)
}

impl Accounts {
    /// Nobody seen yet, of so many rows.
    pub(super) fn of(rows: usize) -> Self {
        let room = rows.saturating_mul(16);
        Self { holders: Vec::new(), beyond: Few::default(), room, shared: Vec::new() }
    }

    fn holder(&mut self, account: AccountKey) -> &mut Holder {
        let at = place(account);
        if at >= self.holders.len() && at < self.room {
            self.holders.resize(at.saturating_add(1), Holder::Nobody);
        }
        match self.holders.get_mut(at) {
            Some(holder) => holder,
            None => self.beyond.entry(account).or_insert(Holder::Nobody),
        }
    }

    /// Takes note of rows. In order of person, numbers that were given in that order lie side by side.
    pub(super) fn see(&mut self, aided: &[Aided]) {
        for (account, person) in aided.iter().filter_map(|row| Some((row.account?, row.person))) {
            let holder = self.holder(account);
            match *holder {
                Holder::Nobody => *holder = Holder::One(person),
                Holder::One(known) if known == person => {}
                Holder::One(known) => {
                    *holder = Holder::Several;
                    self.shared.extend([(account, known), (account, person)]);
                }
                Holder::Several => self.shared.push((account, person)),
            }
        }
    }

    /// The findings, once all rows were seen.
    pub(super) fn tell(self, input: &Input<'_>, findings: &mut Vec<Finding>) {
        let mut holders = self.shared;
        holders.sort_unstable();
        holders.dedup();
        if holders.is_empty() {
            return;
        }
        let shared: Vec<&[(AccountKey, PersonKey)]> = holders.chunk_by(|a, b| a.0 == b.0).collect();
        let mut persons: Few<PersonKey, (Option<u32>, Option<&Enrolled>)> =
            holders.iter().map(|(_, person)| (*person, (None, None))).collect();
        for entry in input.listed {
            if let Some(known) = persons.get_mut(&entry.person) {
                known.0 = known.0.max(entry.household);
            }
        }
        for row in input.enrolled {
            if let Some(known) = persons.get_mut(&row.person) {
                let rows = known.1.into_iter().chain([row]);
                known.1 = rows.min_by_key(|r| (r.place, r.stage, r.grade, r.school));
            }
        }
        let mut paid: Few<AccountKey, i64> =
            shared.iter().filter_map(|group| group.first()).map(|(account, _)| (*account, 0)).collect();
        for record in input.aided {
            if let Some(sum) = record.account.and_then(|account| paid.get_mut(&account)) {
                *sum += record.fen.0;
            }
        }
        for group in shared {
            let Some((account, person)) = group.first() else { continue };
            let households = group.iter().filter_map(|(_, holder)| persons.get(holder)?.0);
            let mut of_household: HashMap<u32, u32> = HashMap::new();
            households.for_each(|household| *of_household.entry(household).or_default() += 1);
            let row = persons.get(person).and_then(|known| known.1);
            let fen = Fen(paid.get(account).copied().unwrap_or_default());
            findings.push(Finding {
                kind: FindingKind::SharedAccount,
                person: *person,
                other: None,
                account: Some(*account),
                programme: None,
                school: row.map(|r| r.school),
                place: None,
                stage: None,
                due: None,
                paid: Some(fen),
                at_stake: fen,
                detail: Detail::Account {
                    persons: u32::try_from(group.len()).unwrap_or(u32::MAX),
                    one_household: of_household
                        .values()
                        .copied()
                        .max()
                        .filter(|n| *n > 1)
                        .unwrap_or_default(),
                },
            });
        }
    }
}
