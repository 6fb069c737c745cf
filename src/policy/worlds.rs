//! Which missing facts matter, and between which results: found by trying, not written by hand.
//!
//! Every closed missing fact is filled with each of its values in turn and the programme is decided
//! again. A fact matters if two completions that differ in it alone differ in result. Facts that are
//! not closed (places, fees, local rules) cannot be tried and always stay named.

use super::decide::{Entitlement, entitlement};
use super::decision::{FenRange, Missing};
use super::fact::{Fact, Kind};
use super::known::Known;
use super::pack::Pack;
use super::programme::ProgrammeRules;
use crate::values::Fen;

/// At most this many completions are tried; beyond, every candidate is named and the range is the
/// interval of the undecided case, which contains every completion.
const MOST_WORLDS: usize = 4096;

/// The values to try for one fact, each a set of one (or, for categories, one category or none).
fn values(rules: &ProgrammeRules, known: &Known<'_>, fact: Fact) -> Vec<u16> {
    match fact.kind() {
        Kind::Flag | Kind::Number(_) | Kind::Code(_) if fact != Fact::OutsideProvince => {
            let possible = known.possible(fact);
            (0..16_u16).map(|i| 1 << i).filter(|bit| possible & bit != 0).collect()
        }
        // Categories only ever add to what a student is due, so none, each alone and all together
        // reach every result.
        Kind::Categories | Kind::Evidence => {
            let asked = known.categories_open & asked_categories(rules);
            let singles = (0..16_u16).map(|i| 1 << i).filter(|bit| asked & bit != 0);
            let mut sets: Vec<u16> = std::iter::once(0).chain(singles).collect();
            if asked.count_ones() > 1 {
                sets.push(asked);
            }
            sets
        }
        _ => Vec::new(),
    }
}

fn asked_categories(rules: &ProgrammeRules) -> u16 {
    let conditions = rules.conditions.iter().map(|c| c.test.categories());
    let tiers = rules.tiers.iter().map(|t| t.test.categories());
    conditions.chain(tiers).fold(0, |set, c| set | c)
}

/// The missing facts that matter, each with the range of results.
pub(super) fn missing(
    pack: &Pack,
    rules: &ProgrammeRules,
    known: &Known<'_>,
    candidates: &[Fact],
) -> Vec<Missing> {
    let (closed, open): (Vec<Fact>, Vec<Fact>) =
        candidates.iter().copied().partition(|f| !values(rules, known, *f).is_empty());
    let axes: Vec<(Fact, Vec<u16>)> = closed.iter().map(|f| (*f, values(rules, known, *f))).collect();
    let count = axes.iter().try_fold(1_usize, |n, (_, v)| n.checked_mul(v.len()));
    let Some(count) = count.filter(|n| *n <= MOST_WORLDS) else {
        let whole = entitlement(pack, rules, known);
        return named(candidates, Some(FenRange { low: whole.low, high: whole.high }));
    };
    let results: Vec<Entitlement> =
        (0..count).map(|n| entitlement(pack, rules, &world(known, &axes, n))).collect();
    let low = results.iter().map(|r| r.low).min().unwrap_or(Fen(0));
    let high = results.iter().try_fold(Fen(0), |high, r| r.high.map(|h| high.max(h)));
    let range = Some(FenRange { low, high });
    let mut facts = Vec::new();
    let mut stride = 1;
    for (fact, values) in &axes {
        if matters(&results, stride, values.len()) {
            facts.push(*fact);
        }
        stride *= values.len();
    }
    facts.extend(open);
    if facts.is_empty() {
        return named(candidates, range);
    }
    // In the order in which the question met them.
    facts.sort_by_key(|f| candidates.iter().position(|c| c == f));
    named(&facts, range)
}

fn named(facts: &[Fact], range: Option<FenRange>) -> Vec<Missing> {
    facts.iter().map(|fact| Missing { fact: *fact, range }).collect()
}

/// The `n`th completion, counting with one digit per fact.
fn world<'a>(known: &Known<'a>, axes: &[(Fact, Vec<u16>)], mut n: usize) -> Known<'a> {
    let mut world = *known;
    for (fact, values) in axes {
        if let Some(value) = values.get(n % values.len()) {
            world = world.with(*fact, *value);
        }
        n /= values.len();
    }
    world
}

/// Whether two completions that differ only in the digit of this stride differ in result.
fn matters(results: &[Entitlement], stride: usize, radix: usize) -> bool {
    results.iter().enumerate().any(|(n, result)| {
        (n / stride).is_multiple_of(radix)
            && (1..radix).any(|digit| results.get(n + digit * stride).is_some_and(|other| other != result))
    })
}
