//! The decision itself: every programme of a pack over one student's facts, with or without the trace.
//!
//! [`decide`] evaluates and reports every condition; [`entitled`] gives outcome and amounts alone and
//! allocates nothing once its buffer has grown. Both rest on the same tests and tables.

use super::decision::{
    Benefit, BenefitKind, Decision, Missing, Outcome, Per, ProgrammeDecision, Reason, Totals, Truth, Warning,
};
use super::facts::Facts;
use super::known::Known;
use super::pack::Pack;
use super::programme::ProgrammeRules;
use super::settle::settled;
use super::standard::{Amount, Certainty, Standard, covers, fee_differs};
use super::steps;
use super::worlds;
use super::worth::{self, Worth};
use crate::values::{Fen, Programme, Tier};

/// Outcome and amount a term of one programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitlement {
    /// The verdict.
    pub outcome: Outcome,
    /// The least the student gets a term: nothing unless eligible.
    pub low: Fen,
    /// The most; `None` when unbounded by what is known.
    pub high: Option<Fen>,
    /// The tier, when decided.
    pub tier: Option<Tier>,
}

impl Entitlement {
    const NOTHING: Self = Self { outcome: Outcome::Ineligible, low: Fen(0), high: Some(Fen(0)), tier: None };

    /// The amount a term, when it is decided.
    pub fn fen_per_term(&self) -> Option<Fen> {
        (self.outcome == Outcome::Eligible && self.high == Some(self.low)).then_some(self.low)
    }
}

/// The entitlements of one student: a buffer to be used again for the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entitlements {
    items: Vec<(Programme, Entitlement)>,
}

impl Entitlements {
    /// One programme's, if the pack has it.
    pub fn of(&self, programme: Programme) -> Option<Entitlement> {
        self.items.iter().find(|(p, _)| *p == programme).map(|(_, e)| *e)
    }

    /// All, in the order of [`Programme::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Programme, Entitlement)> + '_ {
        self.items.iter().copied()
    }
}

/// Decides every programme without a trace.
pub fn entitled(pack: &Pack, facts: &Facts, out: &mut Entitlements) {
    let (settled, _) = settled(facts);
    let known = pack.known(&settled);
    out.items.clear();
    out.items.extend(pack.programmes.iter().map(|r| (r.programme, entitlement(pack, r, &known))));
}

/// One programme without a trace.
pub(super) fn entitlement(pack: &Pack, rules: &ProgrammeRules, known: &Known<'_>) -> Entitlement {
    let outcome = worth::outcome(rules, known);
    if outcome == Outcome::Ineligible {
        return Entitlement::NOTHING;
    }
    let worth = worth::worth(pack, rules, known);
    let low = if outcome == Outcome::Eligible { worth.low } else { Fen(0) };
    Entitlement { outcome, low, high: worth.high, tier: worth.tier }
}

/// Decides every programme and says why.
pub fn decide(pack: &Pack, facts: &Facts) -> Decision {
    let (settled, notices) = settled(facts);
    let known = pack.known(&settled);
    let programmes: Vec<ProgrammeDecision> =
        pack.programmes.iter().map(|rules| programme(pack, rules, &known)).collect();
    let totals = totals(&programmes);
    Decision {
        as_of: facts.as_of,
        term: known.when.term,
        route: known.route,
        programmes,
        totals,
        notices,
        facts: facts.clone(),
    }
}

fn programme(pack: &Pack, rules: &ProgrammeRules, known: &Known<'_>) -> ProgrammeDecision {
    let reasons = reasons(rules, known);
    let outcome = if reasons.iter().any(|r| r.truth == Truth::NotMet) {
        Outcome::Ineligible
    } else if reasons.iter().any(|r| r.truth == Truth::Unknown) {
        Outcome::Undetermined
    } else {
        Outcome::Eligible
    };
    let mut decision = ProgrammeDecision {
        programme: rules.programme,
        outcome,
        benefit: None,
        priority: None,
        reasons,
        missing: Vec::new(),
        warnings: Vec::new(),
        changes: Vec::new(),
    };
    let for_this_stage = decision.reasons.first().is_none_or(|r| r.truth != Truth::NotMet);
    if for_this_stage {
        for (index, rule) in rules.warnings.iter().enumerate() {
            if rule.period.contains(known.when) && rule.test.eval(known) == Truth::Met {
                decision.warnings.push(Warning::Rule(index));
            }
        }
    }
    if outcome == Outcome::Ineligible {
        if for_this_stage {
            decision.changes = steps::towards(&pack.steps, rules, known);
        }
        return decision;
    }
    let worth = worth::worth(pack, rules, known);
    decision.benefit = Some(benefit(pack, rules, &worth));
    decision.priority = rules.first.as_ref().map(|first| if first.eval(known) == Truth::Met { 1 } else { 2 });
    decision.missing = missing(pack, rules, known, &worth, &decision);
    figure_warnings(pack, rules, known, &worth, &mut decision.warnings);
    decision
}

/// Every condition in force. A programme of another stage gives that one reason: the rest would only
/// tell a kindergarten child about internships.
fn reasons(rules: &ProgrammeRules, known: &Known<'_>) -> Vec<Reason> {
    let mut reasons = Vec::with_capacity(rules.conditions.len());
    for (condition, rule) in rules.conditions.iter().enumerate() {
        if !rule.period.contains(known.when) {
            continue;
        }
        let truth = rule.test.eval(known);
        reasons.push(Reason { condition, truth });
        if condition == 0 && truth == Truth::NotMet {
            break;
        }
    }
    reasons
}

fn benefit(pack: &Pack, rules: &ProgrammeRules, worth: &Worth) -> Benefit {
    let stated = worth
        .standard
        .or_else(|| rules.standards.first().copied())
        .and_then(|i| pack.standards.get(i))
        .map_or(Per::Term, |s| s.per);
    // Aid stated by the year is paid by the term; only a loan is granted for the year as a whole.
    let by_term = stated == Per::Year && rules.kind != BenefitKind::Loan;
    Benefit {
        kind: rules.kind,
        tier: worth.tier,
        fen: worth.figure.map(|(fen, per_term, _)| if by_term { per_term } else { fen }),
        per: if by_term { Per::Term } else { stated },
        fen_per_term: worth.figure.map(|f| f.1),
        fen_per_year: worth.figure.map(|f| f.2),
        standard: worth.standard,
    }
}

fn missing(
    pack: &Pack,
    rules: &ProgrammeRules,
    known: &Known<'_>,
    worth: &Worth,
    decision: &ProgrammeDecision,
) -> Vec<Missing> {
    let mut facts = Vec::new();
    for reason in decision.reasons.iter().filter(|r| r.truth == Truth::Unknown) {
        if let Some(condition) = rules.conditions.get(reason.condition) {
            condition.test.open_facts(known, &mut facts);
        }
    }
    if worth.has_figure && worth.figure.is_none() {
        worth::open_facts(pack, rules, known, worth, &mut facts);
    }
    if facts.is_empty() { Vec::new() } else { worlds::missing(pack, rules, known, &facts) }
}

fn figure_warnings(
    pack: &Pack,
    rules: &ProgrammeRules,
    known: &Known<'_>,
    worth: &Worth,
    warnings: &mut Vec<Warning>,
) {
    if worth.standard_missing {
        warnings.push(Warning::StandardMissing);
    }
    let Some((index, standard)) = worth.standard.and_then(|i| Some((i, pack.standards.get(i)?))) else {
        return;
    };
    if standard.origin.certainty == Certainty::C {
        warnings.push(Warning::StandardUnsourced(index));
    }
    if fee_differs(known, standard) {
        warnings.push(Warning::FeeDiffers(index));
    }
    let Some((_, per_term, _)) = worth.figure else { return };
    let place = rules.paid_by.place(known);
    let below = |wider: &Standard| {
        wider.floor
            && wider.tier == standard.tier
            && wider.stages & standard.stages != 0
            && wider.boarding & standard.boarding != 0
            && wider.period.contains(known.when)
            && covers(wider.place.as_ref(), place)
            && matches!(wider.amount, Amount::Fixed { per_term: floor, .. } if per_term < floor)
    };
    for (floor, wider) in rules.standards.iter().filter_map(|i| Some((*i, pack.standards.get(*i)?))) {
        if floor != index && below(wider) {
            warnings.push(Warning::BelowFloor(index, floor));
        }
    }
    for (limit_index, limit) in rules.limits.iter().filter_map(|i| Some((*i, pack.limits.get(*i)?))) {
        let applies = limit.period.contains(known.when) && covers(limit.place.as_ref(), place);
        if applies && !(limit.low..=limit.high).contains(&per_term) {
            warnings.push(Warning::OutsideRange(index, limit_index));
        }
    }
}

fn totals(programmes: &[ProgrammeDecision]) -> Totals {
    let mut totals = Totals::default();
    for decision in programmes {
        let Some(benefit) = &decision.benefit else { continue };
        let sum = match benefit.kind {
            BenefitKind::Cash => &mut totals.cash,
            BenefitKind::Waiver => &mut totals.waived,
            BenefitKind::InKind => &mut totals.in_kind,
            // A loan is no gift, and a service has no amount: neither is in any sum.
            BenefitKind::Loan | BenefitKind::Service => continue,
        };
        let (Some(per_term), Some(per_year)) = (benefit.fen_per_term, benefit.fen_per_year) else {
            if !decision.missing.is_empty() {
                totals.open += 1;
            }
            continue;
        };
        if decision.outcome != Outcome::Eligible {
            totals.open += 1;
            continue;
        }
        sum.per_term.0 = sum.per_term.0.saturating_add(per_term.0);
        sum.per_year.0 = sum.per_year.0.saturating_add(per_year.0);
    }
    totals
}
