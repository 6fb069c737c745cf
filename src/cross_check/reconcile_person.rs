//! One person judged: her rows of list, roll, money and dues in, her state and findings out.
//!
//! What concerns the money she received is in `reconcile_money`, what concerns her household in
//! `reconcile_household`.
//!
//! Nothing here depends on the order of the rows. Every rule says where it stops, because a finding is
//! an accusation that somebody has to answer.

use chrono::NaiveDate;

use super::model::{AbsenceReason, Detail, Finding, FindingKind, ListedState, Source};
use super::reconcile_frame::{Frame, absence, attends, distance, here};
use super::reconcile_household::Households;
use super::reconcile_input::{
    Aided, Categories, Due, Enrolled, Evidences, Expectation, Listed, NameKey, Near, PersonKey,
    expected_in_records,
};
use super::reconcile_totals::{AidedGroup, Totals};
use crate::policy::decision::Outcome as Verdict;
use crate::values::{Category, EvidenceKind, Fen, Programme, Stage};

/// The programmes of some rows, each once.
pub(super) fn once<T>(rows: &[T], programme: fn(&T) -> Programme) -> impl Iterator<Item = Programme> + '_ {
    let earlier = move |at: usize, of: Programme| rows.iter().take(at).any(|row| programme(row) == of);
    rows.iter()
        .enumerate()
        .map(move |(at, row)| (at, programme(row)))
        .filter_map(move |(at, of)| (!earlier(at, of)).then_some(of))
}

/// All rows of one person.
pub(super) struct Case<'a> {
    pub(super) person: PersonKey,
    pub(super) listed: &'a [Listed],
    pub(super) enrolled: &'a [Enrolled],
    pub(super) aided: &'a [Aided],
    pub(super) due: &'a [Due],
    pub(super) near: &'a [Near],
    pub(super) presumed: &'a [Due],
    pub(super) born: Option<NaiveDate>,
}

/// Judges one person; her state if she is on the list.
pub(super) fn judge(
    case: &Case<'_>,
    options: &Frame,
    households: &Households,
    findings: &mut Vec<Finding>,
    totals: &mut Totals,
) -> Option<ListedState> {
    let bench = Bench::new(case, options);
    let state = (!case.listed.is_empty()).then(|| {
        let (state, missing) = bench.listed(findings, totals);
        totals.add_listed(state, bench.stage, missing);
        state
    });
    if state.is_none() {
        bench.off_list(findings);
        bench.household(households, findings);
    }
    if !case.aided.is_empty() {
        let group = bench.aided_group();
        totals.add_aided(group, case.aided);
        bench.money(group, findings);
        bench.age(findings);
    }
    bench.names(findings);
    bench.double_enrolment(findings);
    state
}

/// A case with what several rules need of it.
pub(super) struct Bench<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) options: &'a Frame,
    /// The roll row that stands for her: at school here, else at school, else the latest.
    pub(super) row: Option<&'a Enrolled>,
    pub(super) attends: bool,
    pub(super) attends_here: bool,
    stage: Option<Stage>,
    categories: Categories,
    evidence: Evidences,
    assessed: bool,
}

impl<'a> Bench<'a> {
    fn new(case: &'a Case<'a>, options: &'a Frame) -> Self {
        let row = case.enrolled.iter().min_by_key(|r| {
            let attends = attends(r, options);
            let rank = match (attends, attends && here(r, options)) {
                (_, true) => 0,
                (true, false) => 1,
                (false, _) => 2,
            };
            // Of rows that are over, the one that lasted longest; ties by content, the key last.
            let until = std::cmp::Reverse(r.to.or(r.from));
            (rank, until, r.place, r.stage, r.grade, r.state, r.school)
        });
        let attends_at_all = row.is_some_and(|r| attends(r, options));
        let mut of_roll = (Categories::EMPTY, Evidences::EMPTY, false);
        for r in case.enrolled {
            of_roll = (of_roll.0.union(r.categories), of_roll.1.union(r.evidence), of_roll.2 || r.assessed);
        }
        Self {
            case,
            options,
            row,
            attends: attends_at_all,
            attends_here: attends_at_all && row.is_some_and(|r| here(r, options)),
            stage: row.map(|r| r.stage).or_else(|| case.listed.iter().filter_map(|l| l.stage).min()),
            categories: of_roll.0,
            evidence: of_roll.1,
            assessed: of_roll.2,
        }
    }

    pub(super) fn finding(&self, kind: FindingKind) -> Finding {
        let school = self
            .row
            .map(|r| r.school)
            .or_else(|| self.case.aided.iter().filter_map(|a| a.school).min())
            .or_else(|| self.case.listed.iter().filter_map(|l| l.school).min());
        let home = || self.case.listed.iter().filter_map(|l| l.home).min();
        Finding {
            kind,
            person: self.case.person,
            other: None,
            account: None,
            programme: None,
            school,
            place: self.row.and_then(|r| r.place).or_else(home),
            stage: self.stage,
            due: None,
            paid: None,
            at_stake: Fen(0),
            detail: Detail::Plain,
        }
    }

    /// What one programme paid her: records and sum.
    pub(super) fn paid_by(&self, programme: Programme) -> (usize, Fen) {
        let of_it = self.case.aided.iter().filter(|a| a.programme == programme);
        of_it.fold((0, Fen(0)), |(n, sum), a| (n + 1, Fen(sum.0 + a.fen.0)))
    }

    fn paid_in_all(&self) -> Fen {
        self.case.aided.iter().map(|a| a.fen).sum()
    }

    /// What she was paid by programmes whose amounts are held against what is due.
    pub(super) fn paid_in_money(&self) -> Fen {
        let money = |a: &&Aided| expected_in_records(a.programme) == Expectation::Amount;
        self.case.aided.iter().filter(money).map(|a| a.fen).sum()
    }

    /// The due of one programme. Should the caller give several, the most favourable counts.
    pub(super) fn due_of(&self, programme: Programme) -> Option<&'a Due> {
        let of_it = self.case.due.iter().filter(|d| d.programme == programme);
        of_it.max_by_key(|d| (d.outcome, d.fen_per_term, d.cash))
    }

    /// Her programmes with a due, each once.
    fn dues(&self) -> impl Iterator<Item = &'a Due> + '_ {
        once(self.case.due, |due| due.programme).filter_map(|programme| self.due_of(programme))
    }

    /// Rules for a person on the list: her state, and what is missing to her.
    fn listed(&self, findings: &mut Vec<Finding>, totals: &mut Totals) -> (ListedState, Fen) {
        self.late(findings);
        if !self.attends {
            let mut finding = self.finding(FindingKind::ListedNotEnrolled);
            finding.paid = Some(self.paid_in_all());
            let reason = self.row.map_or(AbsenceReason::NoRollRow, |r| absence(r, self.options));
            let since = match reason {
                AbsenceReason::NotYetEnrolled => None,
                _ => self.row.and_then(|r| r.to),
            };
            finding.detail = Detail::Absence { reason, since };
            findings.push(finding);
            self.typo(findings);
            let state = if self.row.is_some() { ListedState::Left } else { ListedState::NotEnrolled };
            return (state, Fen(0));
        }
        if !self.attends_here {
            let mut finding = self.finding(FindingKind::ListedElsewhere);
            finding.paid = Some(self.paid_in_all());
            let school = self.row.and_then(|r| r.place);
            finding.detail = Detail::Elsewhere { distance: distance(self.options.place, school) };
            findings.push(finding);
            return (ListedState::Elsewhere, Fen(0));
        }
        self.measured(findings, totals)
    }

    /// A listed person at school here: what is due against what was paid, programme by programme.
    fn measured(&self, findings: &mut Vec<Finding>, totals: &mut Totals) -> (ListedState, Fen) {
        let mut state = ListedState::NotDue;
        let mut missing = Fen(0);
        for due in self.dues() {
            let by_amount = match expected_in_records(due.programme) {
                Expectation::Nothing => continue,
                Expectation::Record => false,
                Expectation::Amount => due.cash,
            };
            let (records, paid) = self.paid_by(due.programme);
            let verdict = match (due.outcome, due.fen_per_term) {
                (Verdict::Ineligible, _) => continue,
                (Verdict::Undetermined, _) => ListedState::Undetermined,
                (Verdict::Eligible, _) if records == 0 => ListedState::Unaided,
                (Verdict::Eligible, Some(fen)) if by_amount && paid < fen => ListedState::AidedLow,
                (Verdict::Eligible, None) if by_amount => ListedState::Undetermined,
                (Verdict::Eligible, _) => ListedState::AidedRight,
            };
            state = worse(state, verdict);
            let known = due.fen_per_term.filter(|_| due.outcome == Verdict::Eligible && by_amount);
            if let Some(fen) = known {
                let gap = (fen.0 - paid.0).max(0);
                totals.due.0 += fen.0;
                totals.due_paid.0 += fen.0 - gap;
                missing.0 += gap;
                match verdict {
                    ListedState::Unaided => totals.missing_unaided.0 += gap,
                    _ => totals.missing_underpaid.0 += gap,
                }
            }
            let kind = match verdict {
                ListedState::Unaided => FindingKind::ListedUnaided,
                ListedState::AidedLow => FindingKind::ListedUnderpaid,
                _ => continue,
            };
            let mut finding = self.finding(kind);
            finding.programme = Some(due.programme);
            finding.due = due.fen_per_term;
            finding.paid = Some(paid);
            finding.at_stake = Fen(due.fen_per_term.map_or(0, |fen| (fen.0 - paid.0).max(0)));
            findings.push(finding);
        }
        (state, missing)
    }

    /// A registered-poor student at school here who is not on the list: aided alike if she has the
    /// handbook or the county's certificate (a village's or township's paper is not enough), and
    /// reported in either case.
    fn off_list(&self, findings: &mut Vec<Finding>) {
        if !self.attends_here || !self.categories.contains(Category::RegisteredPoor) {
            return;
        }
        let proven = [EvidenceKind::PovertyHandbook, EvidenceKind::CountyCertificate]
            .into_iter()
            .any(|kind| self.evidence.contains(kind));
        let due = in_money(self.dues()).map(|fen| fen.0);
        let paid = self.paid_in_money();
        let kind = if proven { FindingKind::OffListWithProof } else { FindingKind::OffListWithoutProof };
        let mut finding = self.finding(kind);
        finding.due = due.map(Fen);
        finding.paid = Some(paid);
        // With proof the question is what is missing to her, without it what was paid on no ground.
        finding.at_stake = if proven { Fen(due.map_or(0, |due| (due - paid.0).max(0))) } else { paid };
        finding.detail = Detail::Proof { evidence: self.evidence.items().collect() };
        findings.push(finding);
    }

    fn aided_group(&self) -> AidedGroup {
        if !self.case.listed.is_empty() {
            AidedGroup::Listed
        } else if self.categories.is_empty() && self.evidence.is_empty() && !self.assessed {
            AidedGroup::WithoutCategory
        } else {
            AidedGroup::OffListWithCategory
        }
    }

    /// One id, several names.
    fn names(&self, findings: &mut Vec<Finding>) {
        let case = self.case;
        let all = || {
            (case.listed.iter().filter_map(|r| r.name))
                .chain(case.enrolled.iter().filter_map(|r| r.name))
                .chain(case.aided.iter().filter_map(|r| r.name))
        };
        let first = all().next();
        if all().all(|name| Some(name) == first) {
            return;
        }
        let mut names: Vec<NameKey> = all().collect();
        names.sort_unstable();
        names.dedup();
        let carries = [
            (Source::List, case.listed.iter().any(|r| r.name.is_some())),
            (Source::Roll, case.enrolled.iter().any(|r| r.name.is_some())),
            (Source::Aid, case.aided.iter().any(|r| r.name.is_some())),
        ];
        let mut finding = self.finding(FindingKind::IdConflict);
        finding.detail = Detail::Names {
            sources: carries.into_iter().filter_map(|(source, has)| has.then_some(source)).collect(),
            names: u32::try_from(names.len()).unwrap_or(u32::MAX),
        };
        findings.push(finding);
    }

    /// A proposal is made only where there is exactly one.
    fn typo(&self, findings: &mut Vec<Finding>) {
        let Some(first) = self.case.near.iter().min_by_key(|n| (n.candidate, n.change)) else { return };
        if self.row.is_some() || self.case.near.iter().any(|n| n.candidate != first.candidate) {
            return;
        }
        let mut finding = self.finding(FindingKind::ProbableTypo);
        finding.other = Some(first.candidate);
        finding.detail =
            Detail::Typo { change: first.change, same_name: self.case.near.iter().any(|n| n.same_name) };
        findings.push(finding);
    }

    pub(super) fn attending(&self) -> impl Iterator<Item = &'a Enrolled> {
        self.case.enrolled.iter().filter(|r| attends(r, self.options))
    }

    /// At school at two schools in one term. A move within the term leaves one row with a last day.
    fn double_enrolment(&self, findings: &mut Vec<Finding>) {
        if self.case.enrolled.len() < 2 {
            return;
        }
        let mut schools: Vec<_> = self.attending().filter(|r| r.to.is_none()).map(|r| r.school).collect();
        schools.sort_unstable();
        schools.dedup();
        if schools.len() < 2 {
            return;
        }
        let mut finding = self.finding(FindingKind::DuplicateEnrolment);
        finding.detail = Detail::Schools { schools: u32::try_from(schools.len()).unwrap_or(u32::MAX) };
        findings.push(finding);
    }
}

/// What is due in money for the term; an undecided or unknown amount makes the whole sum unknown.
pub(super) fn in_money<'a>(dues: impl Iterator<Item = &'a Due>) -> Option<Fen> {
    let mut sum = Some(0_i64);
    for one in dues {
        let money = expected_in_records(one.programme) == Expectation::Amount && one.cash;
        if money && one.outcome != Verdict::Ineligible {
            let fen = one.fen_per_term.filter(|_| one.outcome == Verdict::Eligible);
            sum = sum.zip(fen).map(|(sum, fen)| sum + fen.0);
        }
    }
    sum.map(Fen)
}

/// The worse of two states of a listed person at school here.
fn worse(a: ListedState, b: ListedState) -> ListedState {
    let rank = |state| match state {
        ListedState::Unaided => 0,
        ListedState::AidedLow => 1,
        ListedState::Undetermined => 2,
        ListedState::AidedRight => 3,
        _ => 4,
    };
    if rank(b) < rank(a) { b } else { a }
}
