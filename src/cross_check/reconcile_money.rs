//! The rules for whoever was paid, on the list or off it: without category, twice, of another stage,
//! after leaving, late, at a strange age.

use chrono::NaiveDate;

use super::model::Finding;
use super::model::{Detail, FindingKind};
use super::reconcile_frame::left;
use super::reconcile_input::{Aided, Due, Enrolled, ages_of, is_for_hardship, needs_enrolment, stages_of};
use super::reconcile_person::{Bench, once};
use super::reconcile_totals::AidedGroup;
use crate::policy::decision::Outcome as Verdict;
use crate::values::{Fen, Programme};

impl Bench<'_> {
    /// Rules for whoever was paid, on the list or off it.
    pub(super) fn money(&self, group: AidedGroup, findings: &mut Vec<Finding>) {
        for programme in once(self.case.aided, |aided| aided.programme) {
            let (records, paid) = self.paid_by(programme);
            let due = self.due_of(programme);
            if group == AidedGroup::WithoutCategory
                && is_for_hardship(programme)
                // Some of these also go to others by rule, e.g. farming majors: then it is due.
                && due.is_none_or(|d| d.outcome != Verdict::Eligible)
            {
                let mut finding = self.finding(FindingKind::AidedWithoutCategory);
                finding.programme = Some(programme);
                finding.paid = Some(paid);
                finding.at_stake = paid;
                finding.detail = Detail::NoCategory { on_roll: !self.case.enrolled.is_empty() };
                findings.push(finding);
            }
            if records > 1 {
                self.duplicate(programme, paid, due, findings);
            }
            if self.attends {
                self.other_stage(programme, records, paid, findings);
            } else if needs_enrolment(programme) {
                self.after_leaving(programme, findings);
            }
        }
    }

    /// One record per person, programme and term is the rule. Further records are excused as part
    /// payments only if the amount due is known, their sum does not exceed it, and no two agree in day
    /// and amount (which is how a row entered twice looks).
    fn duplicate(&self, programme: Programme, paid: Fen, due: Option<&Due>, findings: &mut Vec<Finding>) {
        let mut records: Vec<(Option<NaiveDate>, Fen)> =
            self.case.aided.iter().filter(|a| a.programme == programme).map(|a| (a.paid_on, a.fen)).collect();
        records.sort_unstable();
        let same_day = records.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        let amount = due.and_then(|d| match d.outcome {
            Verdict::Eligible => d.fen_per_term,
            Verdict::Ineligible => Some(Fen(0)),
            Verdict::Undetermined => None,
        });
        if !same_day && amount.is_some_and(|amount| paid <= amount) {
            return;
        }
        let largest = records.iter().map(|(_, fen)| *fen).max().unwrap_or_default();
        // What may stay is the amount due, or one payment where that is unknown or already met twice.
        let rightful = amount.filter(|amount| amount.0 > 0 && *amount < paid).unwrap_or(largest);
        let mut finding = self.finding(FindingKind::DuplicateAid);
        finding.programme = Some(programme);
        finding.due = amount;
        finding.paid = Some(paid);
        finding.at_stake = Fen((paid.0 - rightful.0).max(0));
        finding.detail = Detail::Duplicate {
            records: u32::try_from(records.len()).unwrap_or(u32::MAX),
            same_day,
            due_known: amount.is_some(),
        };
        findings.push(finding);
    }

    /// A programme none of whose stages she is at.
    fn other_stage(&self, programme: Programme, records: usize, paid: Fen, findings: &mut Vec<Finding>) {
        let fits = |r: &Enrolled| stages_of(programme).contains(&r.stage);
        if self.attending().any(fits) {
            return;
        }
        let mut finding = self.finding(FindingKind::StageMismatch);
        finding.programme = Some(programme);
        finding.paid = Some(paid);
        finding.at_stake = paid;
        finding.detail = Detail::OtherStage { records: u32::try_from(records).unwrap_or(u32::MAX) };
        findings.push(finding);
    }

    /// Aid for a term in which she was not at school. Who left during the term may have been paid
    /// before; a payment without a day is held against her only if she left before the term began.
    fn after_leaving(&self, programme: Programme, findings: &mut Vec<Finding>) {
        let begins = self.options.calendar.first_day(self.options.term);
        let since = self.case.enrolled.iter().filter(|r| left(r)).map(|r| r.to).max().flatten();
        let wrong: Vec<&Aided> = self
            .case
            .aided
            .iter()
            .filter(|a| a.programme == programme)
            .filter(|a| since.is_none_or(|since| a.paid_on.map_or(since <= begins, |day| day >= since)))
            .collect();
        if wrong.is_empty() {
            return;
        }
        let paid: Fen = wrong.iter().map(|a| a.fen).sum();
        let mut finding = self.finding(FindingKind::AidedAfterLeaving);
        finding.programme = Some(programme);
        finding.paid = Some(paid);
        finding.at_stake = paid;
        finding.detail = Detail::AfterLeaving {
            state: self.row.map(|r| r.state),
            since,
            paid_on: wrong.iter().filter_map(|a| a.paid_on).max(),
        };
        findings.push(finding);
    }

    /// Listed students are to be paid by a day; one finding per programme.
    pub(super) fn late(&self, findings: &mut Vec<Finding>) {
        if self.case.aided.is_empty() {
            return;
        }
        for (programme, pay_by) in self.options.due_days.iter() {
            let late = |a: &&Aided| a.programme == programme && a.paid_on.is_some_and(|day| day > pay_by);
            let Some(last) = self.case.aided.iter().filter(late).filter_map(|a| a.paid_on).max() else {
                continue;
            };
            let mut finding = self.finding(FindingKind::PaidLate);
            finding.programme = Some(programme);
            finding.paid = Some(self.case.aided.iter().filter(late).map(|a| a.fen).sum());
            finding.detail = Detail::Late { days: (last - pay_by).num_days() };
            findings.push(finding);
        }
    }

    /// Paid at an age that her stage does not explain, counted in full years on each day of payment: a
    /// difference of calendar years would accuse whoever has her birthday late in the year.
    pub(super) fn age(&self, findings: &mut Vec<Finding>) {
        let (Some(born), Some(row)) = (self.case.born, self.row.filter(|_| self.attends)) else { return };
        let (from, to) = ages_of(row.stage);
        let strange = |day: NaiveDate| {
            let years = day.years_since(born);
            years.is_none_or(|years| years < from || to.is_some_and(|to| years > to))
        };
        let wrong = || self.case.aided.iter().filter(|a| a.paid_on.is_some_and(strange));
        let Some(paid_on) = wrong().filter_map(|a| a.paid_on).min() else { return };
        let mut finding = self.finding(FindingKind::AgeOutOfRange);
        finding.paid = Some(wrong().map(|a| a.fen).sum());
        finding.at_stake = wrong().map(|a| a.fen).sum();
        finding.detail = Detail::Age { years: paid_on.years_since(born), from, to, paid_on };
        findings.push(finding);
    }
}
