//! The run: four slices merged person by person, each person judged once, totals proven.
//!
//! The rows are brought together person by person (`reconcile_order`) and walked side by side, so that the time
//! grows with the rows and not with their products.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::{Detail, Directory, Finding, FindingKind, ListedState, Source};
use super::reconcile_accounts::Accounts;
use super::reconcile_frame::{Frame, attends, here};
use super::reconcile_household::Households;
use super::reconcile_input::{County, Input, Options, PersonKey, SchoolKey};
use super::reconcile_order::Boxes;
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
    let households = Households::of(input.listed);
    let mut accounts = Accounts::of(input.aided.len());
    let frame = Frame::of(&input.options);
    let mut totals = Totals::of_rows(input);
    let mut findings = Vec::new();
    let mut states = Vec::with_capacity(input.listed.len());
    let mut misfits = Misfits::default();
    let mut boxes = Boxes::of(input);
    while let Some(cases) = boxes.open() {
        totals.count_persons(Source::List, cases.listed.persons());
        totals.count_persons(Source::Roll, cases.enrolled.persons());
        totals.count_persons(Source::Aid, cases.aided.persons());
        for case in cases {
            misfits.see(&case, &frame);
            accounts.see(case.aided);
            if let Some(state) = judge(&case, &frame, &households, &mut findings, &mut totals) {
                states.push((case.person, state));
            }
        }
    }
    misfits.tell(&mut findings);
    accounts.tell(input, &mut findings);
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
