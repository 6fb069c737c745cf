//! What a programme is worth to one student: tier and standard found, or the range while facts are open.

use super::decision::{Outcome, Truth};
use super::fact::Fact;
use super::known::{EITHER, Known};
use super::pack::Pack;
use super::programme::ProgrammeRules;
use super::standard::{Figure, Standard, covers};
use crate::values::{Fen, Tier};

/// The amounts that are possible, and the decided one if there is only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worth {
    /// The least a term, if the student is eligible.
    pub(super) low: Fen,
    /// The most a term; `None` when some possibility has no known bound.
    pub(super) high: Option<Fen>,
    /// For one `per`, one term and one year, when decided.
    pub(super) figure: Option<(Fen, Fen, Fen)>,
    /// Whether any possibility has a figure at all; books and uncharged fees have none.
    pub(super) has_figure: bool,
    /// The tier, when decided.
    pub(super) tier: Option<Tier>,
    /// The standard, when decided.
    pub(super) standard: Option<usize>,
    /// Some possibility has no standard in this place.
    pub(super) standard_missing: bool,
    /// The place is unknown and would matter.
    pub(super) place_open: bool,
    /// A standard that waives a fee which is not known.
    pub(super) fee_open: Option<usize>,
    seen: bool,
}

/// The tiers that are still possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tiers {
    set: u8,
    /// Whether the set was reached by a rule that is known to hold, so that nothing below matters.
    pub(super) decided: bool,
}

const fn tier_bit(tier: Tier) -> u8 {
    match tier {
        Tier::Flat => 1,
        Tier::General => 2,
        Tier::Hard => 4,
        Tier::Top => 8,
    }
}

/// The verdict of the conditions alone, without a trace.
pub(super) fn outcome(rules: &ProgrammeRules, known: &Known<'_>) -> Outcome {
    let mut outcome = Outcome::Eligible;
    for condition in &rules.conditions {
        if !condition.period.contains(known.when) {
            continue;
        }
        match condition.test.eval(known) {
            Truth::NotMet => return Outcome::Ineligible,
            Truth::Unknown => outcome = Outcome::Undetermined,
            Truth::Met => {}
        }
    }
    outcome
}

/// The possible tiers: rules are read from the highest down and the first that holds ends the search.
pub(super) fn tiers(rules: &ProgrammeRules, known: &Known<'_>) -> Tiers {
    let mut set = 0;
    let mut all = 0;
    for rule in rules.tiers.iter().filter(|r| r.period.contains(known.when)) {
        all |= tier_bit(rule.tier);
        match rule.test.eval(known) {
            Truth::Met => return Tiers { set: set | tier_bit(rule.tier), decided: set == 0 },
            Truth::Unknown => set |= tier_bit(rule.tier),
            Truth::NotMet => {}
        }
    }
    // No rule is known to hold, so it may be that none does: nobody has decided the tier then, and no
    // tier is ruled out.
    Tiers { set: all, decided: false }
}

/// Finds tier, standard and amount.
pub(super) fn worth(pack: &Pack, rules: &ProgrammeRules, known: &Known<'_>) -> Worth {
    let tiers = tiers(rules, known);
    let mut worth = Worth {
        low: Fen(i64::MAX),
        high: Some(Fen(0)),
        figure: None,
        has_figure: false,
        tier: None,
        standard: None,
        standard_missing: false,
        place_open: false,
        fee_open: None,
        seen: false,
    };
    let stages = known.possible(Fact::Stage) & rules.stages;
    let boarding = known.possible(Fact::Boarding);
    let outside = known.possible(Fact::OutsideProvince);
    let splits = splits(pack, rules);
    for stage in bits(stages) {
        for boarding in parts(boarding, splits.0) {
            for outside in parts(outside, splits.1) {
                // Of several cases, those that would not be eligible at all say nothing of the amount.
                let case = known.with(Fact::Stage, stage).with(Fact::Boarding, boarding);
                let case = case.with(Fact::OutsideProvince, outside);
                if outcome(rules, &case) == Outcome::Ineligible {
                    continue;
                }
                for tier in Tier::ALL.iter().copied().filter(|t| tiers.set & tier_bit(*t) != 0) {
                    worth.look(pack, rules, &case, (tier, stage, boarding, outside));
                }
            }
        }
    }
    if !worth.seen {
        worth.low = Fen(0);
    }
    if !tiers.decided {
        worth.tier = None;
        // Two tiers of the same amount leave the amount decided, but not which standard it is.
        if tiers.set.count_ones() > 1 {
            worth.standard = None;
        }
    }
    worth
}

/// The single values of a set.
fn bits(set: u16) -> impl Iterator<Item = u16> {
    (0..16_u16).map(|i| 1 << i).filter(move |bit| set & bit != 0)
}

/// The set whole when its parts make no difference, else each of its two values.
fn parts(set: u16, split: bool) -> impl Iterator<Item = u16> {
    let (first, second) = if split { (set & 0b01, set & 0b10) } else { (set, 0) };
    [first, second].into_iter().filter(|s| *s != 0)
}

/// Whether amounts differ by boarding, and by studying outside the province.
fn splits(pack: &Pack, rules: &ProgrammeRules) -> (bool, bool) {
    rules
        .standards
        .iter()
        .filter_map(|i| pack.standards.get(*i))
        .fold((false, false), |(b, o), s| (b || s.boarding != EITHER, o || s.outside != EITHER))
}

impl Worth {
    fn look(
        &mut self,
        pack: &Pack,
        rules: &ProgrammeRules,
        known: &Known<'_>,
        (tier, stage, boarding, outside): (Tier, u16, u16, u16),
    ) {
        let place = rules.paid_by.place(known);
        let mut found = false;
        for (index, standard) in rules.standards.iter().filter_map(|i| Some((*i, pack.standards.get(*i)?))) {
            if !standard.fits(tier, stage, boarding, outside, known.when) {
                continue;
            }
            if place.is_none() && standard.place.is_some() {
                // Any local figure may turn out to be the right one.
                self.place_open = true;
                self.take(index, standard, tier, known);
            } else if covers(standard.place.as_ref(), place) {
                self.take(index, standard, tier, known);
                found = true;
                break;
            }
        }
        if !found {
            self.miss(pack, rules, known, place.is_none());
        }
    }

    fn take(&mut self, index: usize, standard: &Standard, tier: Tier, known: &Known<'_>) {
        let first = !self.seen;
        self.seen = true;
        if first {
            self.tier = Some(tier);
            self.standard = Some(index);
        } else {
            if self.tier != Some(tier) {
                self.tier = None;
            }
            if self.standard != Some(index) {
                self.standard = None;
            }
        }
        match standard.amounts(known) {
            Figure::Known { fen, per_term, per_year } => {
                self.has_figure = true;
                self.low = self.low.min(per_term);
                self.high = self.high.map(|h| h.max(per_term));
                let figure = (fen, per_term, per_year);
                self.figure = if first || self.figure == Some(figure) { Some(figure) } else { None };
            }
            Figure::Open(most) => {
                self.has_figure = true;
                self.low = Fen(0);
                self.high = match (self.high, most) {
                    (Some(high), Some(most)) => Some(high.max(most)),
                    _ => None,
                };
                self.figure = None;
                self.fee_open = Some(index);
            }
            Figure::None => {
                self.low = Fen(0);
                self.figure = None;
            }
        }
    }

    /// No standard fits: a limit bounds the amount where there is one.
    fn miss(&mut self, pack: &Pack, rules: &ProgrammeRules, known: &Known<'_>, place_unknown: bool) {
        let place = rules.paid_by.place(known);
        self.has_figure = true;
        self.figure = None;
        self.standard = None;
        self.seen = true;
        if place_unknown {
            self.place_open = true;
        } else {
            self.standard_missing = true;
        }
        let limit = rules
            .limits
            .iter()
            .filter_map(|i| pack.limits.get(*i))
            .find(|l| l.period.contains(known.when) && covers(l.place.as_ref(), place));
        if let Some(limit) = limit {
            self.low = self.low.min(limit.low);
            self.high = self.high.map(|h| h.max(limit.high));
        } else {
            self.low = Fen(0);
            self.high = None;
        }
    }
}

/// Whether the result differs by one of these facts is found by trying; these are the ones to try.
pub(super) fn open_facts(
    pack: &Pack,
    rules: &ProgrammeRules,
    known: &Known<'_>,
    worth: &Worth,
    out: &mut Vec<Fact>,
) {
    let mut add = |fact| {
        if !out.contains(&fact) {
            out.push(fact);
        }
    };
    if (known.possible(Fact::Stage) & rules.stages).count_ones() > 1 {
        add(Fact::Stage);
    }
    let (by_boarding, by_outside) = splits(pack, rules);
    if by_boarding && known.possible(Fact::Boarding) == EITHER {
        add(Fact::Boarding);
    }
    if by_outside && known.possible(Fact::OutsideProvince) == EITHER {
        if known.study.is_none() {
            add(Fact::SchoolPlace);
        }
        if known.home.is_none() {
            add(Fact::HukouPlace);
        }
    }
    if worth.place_open {
        add(match rules.paid_by {
            super::programme::PaidBy::SchoolPlace => Fact::SchoolPlace,
            super::programme::PaidBy::HomePlace => Fact::HukouPlace,
        });
    }
    if let Some(standard) = worth.fee_open.and_then(|i| pack.standards.get(i)) {
        super::standard::open_fees(known, standard).into_iter().for_each(&mut add);
    }
    let tiers = tiers(rules, known);
    if !tiers.decided {
        let mut asked = Vec::new();
        for rule in rules.tiers.iter().filter(|r| r.period.contains(known.when)) {
            rule.test.open_facts(known, &mut asked);
        }
        if asked.is_empty() {
            // Every rule is known not to hold: the school has assessed nothing that gives a tier.
            let assessed = known.possible(Fact::Hardship).is_power_of_two();
            asked.push(if assessed { Fact::LocalRule } else { Fact::Hardship });
        }
        asked.into_iter().for_each(&mut add);
    }
    if worth.standard_missing {
        add(Fact::Standard);
    }
}
