//! The run: four slices merged person by person, each person judged once, totals proven.
//!
//! The rows are put in order of person (`reconcile_order`) and walked side by side, so that the time grows
//! with the rows and not with their products, and memory is read from front to back.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::model::{Detail, Directory, Finding, FindingKind, ListedState, Source};
use super::reconcile_frame::{Frame, attends, here};
use super::reconcile_household::Households;
use super::reconcile_input::{
    AccountKey, Aided, County, Enrolled, Input, Listed, Options, PersonKey, SchoolKey,
};
use super::reconcile_order::{OfPerson, Walk, in_order};
use super::reconcile_person::{Case, judge};
use super::reconcile_totals::{Identity, Totals};
use crate::values::{Fen, Stage};

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
    let (listed_rows, enrolled_rows, aided_rows) =
        (in_order(input.listed), in_order(input.enrolled), in_order(input.aided));
    let (due, presumed) = (in_order(input.due), in_order(input.presumed));
    let (born, near) = (in_order(input.born), in_order(input.near));
    let households = Households::of(input.listed);
    let frame = Frame::of(&input.options);

    let mut totals = Totals::of_rows(input);
    totals.count_persons(Source::List, listed_rows.iter().map(OfPerson::person));
    totals.count_persons(Source::Roll, enrolled_rows.iter().map(OfPerson::person));
    totals.count_persons(Source::Aid, aided_rows.iter().map(OfPerson::person));

    let (mut listed, mut enrolled) = (Walk::of(&listed_rows), Walk::of(&enrolled_rows));
    let (mut aided, mut due, mut presumed) = (Walk::of(&aided_rows), Walk::of(&due), Walk::of(&presumed));
    let (mut born, mut near) = (Walk::of(&born), Walk::of(&near));
    let mut findings = Vec::new();
    let mut states = Vec::with_capacity(input.listed.len());
    let mut misfits = Misfits::default();
    loop {
        let heads = [listed.head(), enrolled.head(), aided.head(), due.head()];
        let Some(person) = heads.into_iter().flatten().min() else { break };
        let case = Case {
            person,
            listed: listed.take(person),
            enrolled: enrolled.take(person),
            aided: aided.take(person),
            due: due.take(person),
            presumed: presumed.take(person),
            born: born.take(person).iter().map(|b| b.on).min(),
            near: near.take(person),
        };
        misfits.see(&case, &frame);
        if let Some(state) = judge(&case, &frame, &households, &mut findings, &mut totals) {
            states.push((person, state));
        }
    }
    misfits.tell(&mut findings);
    shared_accounts(&listed_rows, &enrolled_rows, &aided_rows, &mut findings);
    totals.verify()?;
    findings.sort_unstable_by_key(|f| (f.kind, f.person, f.programme, f.account, f.other, f.school, f.stage));
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

/// Students at schools whose code says another kind than their stage; one finding for school and stage,
/// since a nine-year school with one code would otherwise fill the report alone.
#[derive(Default)]
struct Misfits(BTreeMap<(SchoolKey, Stage), (u32, PersonKey, Option<County>)>);

impl Misfits {
    fn see(&mut self, case: &Case<'_>, options: &Frame) {
        for row in case.enrolled {
            if row.fits || !attends(row, options) || !here(row, options) {
                continue;
            }
            let of_school = self.0.entry((row.school, row.stage)).or_insert((0, case.person, row.place));
            of_school.0 += 1;
        }
    }

    fn tell(self, findings: &mut Vec<Finding>) {
        findings.extend(self.0.into_iter().map(|((school, stage), (students, person, place))| Finding {
            kind: FindingKind::SchoolKindMismatch,
            person,
            other: None,
            account: None,
            programme: None,
            school: Some(school),
            place,
            stage: Some(stage),
            due: None,
            paid: None,
            at_stake: Fen(0),
            detail: Detail::SchoolKind { students },
        }));
    }
}

/// Which accounts hold several persons, told in one pass without putting all accounts in order.
struct Several(Vec<Option<(PersonKey, bool)>>);

impl Several {
    fn of(aided: &[Aided]) -> Self {
        let index = |key: AccountKey| usize::try_from(key.0).unwrap_or(usize::MAX);
        let accounts = || aided.iter().filter_map(|a| Some((index(a.account?), a.person)));
        let most = accounts().map(|(at, _)| at).max().map_or(0, |most| most.saturating_add(1));
        if most > aided.len().saturating_mul(16) {
            // Numbers with wide gaps: then all accounts are put in order.
            return Self(Vec::new());
        }
        let mut first: Vec<Option<(PersonKey, bool)>> = vec![None; most];
        for (at, person) in accounts() {
            match first.get_mut(at) {
                Some(Some((holder, several))) => *several |= *holder != person,
                Some(slot) => *slot = Some((person, false)),
                None => {}
            }
        }
        Self(first)
    }

    fn may_hold(&self, account: AccountKey) -> bool {
        let at = usize::try_from(account.0).unwrap_or(usize::MAX);
        self.0.is_empty() || self.0.get(at).is_some_and(|held| held.is_some_and(|(_, several)| several))
    }
}

/// Accounts that received money for several persons. Brothers and sisters may share their parents'
/// account, and the finding says how many are known to be of one household; a person decides.
fn shared_accounts(listed: &[Listed], enrolled: &[Enrolled], aided: &[Aided], findings: &mut Vec<Finding>) {
    let several = Several::of(aided);
    let mut holders: Vec<(AccountKey, PersonKey)> = aided
        .iter()
        .filter_map(|a| Some((a.account?, a.person)))
        .filter(|(account, _)| several.may_hold(*account))
        .collect();
    holders.sort_unstable();
    holders.dedup();
    let shared: Vec<&[(AccountKey, PersonKey)]> =
        holders.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1).collect();
    if shared.is_empty() {
        return;
    }
    let mut persons: HashMap<PersonKey, (Option<u32>, Option<&Enrolled>)> =
        shared.iter().flat_map(|group| group.iter()).map(|(_, person)| (*person, (None, None))).collect();
    for entry in listed {
        if let Some(known) = persons.get_mut(&entry.person) {
            known.0 = known.0.max(entry.household);
        }
    }
    for row in enrolled {
        if let Some(known) = persons.get_mut(&row.person) {
            known.1 = known.1.into_iter().chain([row]).min_by_key(|r| (r.place, r.stage, r.grade, r.school));
        }
    }
    let mut paid: HashMap<AccountKey, i64> =
        shared.iter().filter_map(|group| group.first()).map(|(account, _)| (*account, 0)).collect();
    for record in aided {
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
