//! The run: four slices merged person by person, each person judged once, totals proven.
//!
//! The rows are put in order of person (a sort of small keys) and walked side by side, so that the time
//! grows with the rows and not with their products, and the memory beyond the input is eight bytes a row
//! and the findings. Rows that come ordered by person are sorted and read in one pass each, about twice
//! as fast as rows in no order: a caller who can, numbers his persons in the order he reads them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::model::{Detail, Directory, Finding, FindingKind, ListedState, Source};
use super::reconcile_input::{
    AccountKey, Aided, County, Due, Enrolled, Input, Listed, Near, Options, PersonKey,
};
use super::reconcile_person::{Case, judge};
use super::reconcile_totals::{Identity, Totals};
use crate::values::Fen;

/// What a run found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What the run was about.
    pub options: Options,
    /// The findings, ordered by kind, person and programme.
    pub findings: Vec<Finding>,
    /// Every listed person with her one state, ordered by person.
    pub states: Vec<(PersonKey, ListedState)>,
    /// The totals; their identities hold.
    pub totals: Totals,
}

/// Holds list, roll, money and what is due against each other.
///
/// # Errors
/// An [`Identity`] that does not hold: the outcome must not be published.
pub fn reconcile(input: &Input<'_>) -> Result<Outcome, Identity> {
    let mut listed = Walk::new(input.listed, |r: &Listed| r.person);
    let mut enrolled = Walk::new(input.enrolled, |r: &Enrolled| r.person);
    let mut aided = Walk::new(input.aided, |r: &Aided| r.person);
    let mut due = Walk::new(input.due, |r: &Due| r.person);
    let mut near: HashMap<PersonKey, Vec<&Near>> = HashMap::new();
    for pair in input.near {
        near.entry(pair.listed).or_default().push(pair);
    }

    let mut totals = Totals::of_rows(input);
    totals.count_persons(Source::List, listed.persons());
    totals.count_persons(Source::Roll, enrolled.persons());
    totals.count_persons(Source::Aid, aided.persons());

    let mut findings = Vec::new();
    let mut states = Vec::new();
    loop {
        let heads = [listed.head(), enrolled.head(), aided.head(), due.head()];
        let Some(person) = heads.into_iter().flatten().min() else { break };
        let case = Case {
            person,
            listed: listed.take(person),
            enrolled: enrolled.take(person),
            aided: aided.take(person),
            due: due.take(person),
            near: near.get(&person).map_or(&[], Vec::as_slice),
        };
        if let Some(state) = judge(&case, &input.options, &mut findings, &mut totals) {
            states.push((person, state));
        }
    }
    shared_accounts(input, &mut findings);
    totals.verify()?;
    findings.sort_unstable_by_key(|f| (f.kind, f.person, f.programme, f.account, f.other));
    Ok(Outcome { options: input.options, findings, states, totals })
}

impl Outcome {
    /// How many findings of each kind there are; kinds without any are left out.
    pub fn by_kind(&self) -> BTreeMap<FindingKind, u64> {
        let mut counts = BTreeMap::new();
        for finding in &self.findings {
            *counts.entry(finding.kind).or_default() += 1;
        }
        counts
    }

    /// SHA-256 (hex) over term, totals and findings in their stable form. Two runs that found the same
    /// have the same digest, whatever the order of their rows and the numbers of their keys. Which of
    /// two schools stands in a finding on a double enrolment is arbitrary and therefore left out.
    ///
    /// # Errors
    /// Only if a part cannot be written as JSON, which would be a fault of this program.
    pub fn digest(&self, directory: &dyn Directory) -> Result<String, serde_json::Error> {
        let term = self.options.term;
        let mut lines = Vec::with_capacity(self.findings.len() + 1);
        lines.push(format!("{term}|{}", serde_json::to_string(&self.totals)?));
        for finding in &self.findings {
            lines.push(format!(
                "{}|{:?}|{:?}|{:?}|{:?}|{}|{}",
                finding.key(term, directory),
                finding.place.map(|c: County| c.0),
                finding.stage.map(crate::values::Stage::code),
                finding.due.map(|f| f.0),
                finding.paid.map(|f| f.0),
                finding.at_stake.0,
                serde_json::to_string(&finding.detail)?,
            ));
        }
        lines.sort_unstable();
        let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        for line in &lines {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        let mut text = String::with_capacity(64);
        for byte in hash.finish().as_ref() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(text)
    }
}

/// One slice, walked person by person.
struct Walk<'a, T> {
    rows: &'a [T],
    order: Vec<(PersonKey, u32)>,
    at: usize,
    group: Vec<&'a T>,
}

impl<'a, T> Walk<'a, T> {
    fn new(rows: &'a [T], person: impl Fn(&T) -> PersonKey) -> Self {
        // Rows beyond four thousand million would be left out here, and the identities would tell.
        let mut order: Vec<_> = rows.iter().zip(0_u32..).map(|(row, at)| (person(row), at)).collect();
        order.sort_unstable();
        Self { rows, order, at: 0, group: Vec::new() }
    }

    fn persons(&self) -> impl Iterator<Item = PersonKey> {
        self.order.iter().map(|(person, _)| *person)
    }

    fn head(&self) -> Option<PersonKey> {
        self.order.get(self.at).map(|(person, _)| *person)
    }

    fn take(&mut self, person: PersonKey) -> &[&'a T] {
        self.group.clear();
        while let Some((_, row)) = self.order.get(self.at).filter(|(p, _)| *p == person) {
            self.group.extend(usize::try_from(*row).ok().and_then(|row| self.rows.get(row)));
            self.at += 1;
        }
        &self.group
    }
}

/// Accounts that received money for several persons. Brothers and sisters may share their parents'
/// account, and the finding says how many are known to be of one household; a person decides.
fn shared_accounts(input: &Input<'_>, findings: &mut Vec<Finding>) {
    let mut holders: Vec<(AccountKey, PersonKey)> =
        input.aided.iter().filter_map(|a| Some((a.account?, a.person))).collect();
    holders.sort_unstable();
    holders.dedup();
    let shared: Vec<&[(AccountKey, PersonKey)]> =
        holders.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1).collect();
    if shared.is_empty() {
        return;
    }
    let mut persons: HashMap<PersonKey, (Option<u32>, Option<&Enrolled>)> =
        shared.iter().flat_map(|group| group.iter()).map(|(_, person)| (*person, (None, None))).collect();
    for entry in input.listed {
        if let Some(known) = persons.get_mut(&entry.person) {
            known.0 = known.0.max(entry.household);
        }
    }
    for row in input.enrolled {
        if let Some(known) = persons.get_mut(&row.person) {
            known.1 = known.1.into_iter().chain([row]).min_by_key(|r| (r.place, r.stage, r.grade, r.school));
        }
    }
    let mut paid: HashMap<AccountKey, i64> =
        shared.iter().filter_map(|group| group.first()).map(|(account, _)| (*account, 0)).collect();
    for record in input.aided {
        if let Some(sum) = record.account.and_then(|account| paid.get_mut(&account)) {
            *sum += record.fen.0;
        }
    }
    for group in shared {
        let Some((account, person)) = group.first() else { continue };
        let mut households: HashMap<u32, u32> = HashMap::new();
        for (_, holder) in group {
            if let Some((Some(household), _)) = persons.get(holder) {
                *households.entry(*household).or_default() += 1;
            }
        }
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
                one_household: households.values().copied().max().filter(|n| *n > 1).unwrap_or_default(),
            },
        });
    }
}
