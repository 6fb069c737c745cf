//! Conditions over facts, in the form they are evaluated: sets of allowed values under Kleene's logic.
//!
//! A predicate is compiled once from a pack and then evaluated without allocation. It knows neither
//! its wording nor its source; those stay with the condition in [`super::programme`].

use super::decision::Truth;
use super::fact::{Fact, Kind};
use super::known::Known;
use super::period::Period;
use crate::values::Place;

/// A test over facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pred {
    /// Holds whatever the facts.
    Always,
    /// A closed fact has one of the values of the set.
    OneOf(Fact, u16),
    /// At least one of the categories counts.
    AnyCategory(u16),
    /// At least one of the papers is held.
    AnyEvidence(u16),
    /// A place lies in one of these places.
    Within(Fact, Box<[Place]>),
    /// All hold; an empty list holds.
    All(Box<[Pred]>),
    /// At least one holds.
    Any(Box<[Pred]>),
    /// It does not hold.
    Not(Box<Pred>),
    /// It holds and the moment lies in the range.
    During(Period, Box<Pred>),
    /// Where the inner test holds, nobody has written down what follows: unknown.
    LocalRule(Box<Pred>),
}

impl Pred {
    /// Evaluates without a trace and without allocation.
    pub fn eval(&self, known: &Known<'_>) -> Truth {
        match self {
            Pred::Always => Truth::Met,
            Pred::OneOf(fact, allowed) => {
                let possible = known.possible(*fact);
                if possible & allowed == 0 {
                    Truth::NotMet
                } else if possible & !allowed == 0 {
                    Truth::Met
                } else {
                    Truth::Unknown
                }
            }
            Pred::AnyCategory(set) => {
                if known.categories_met & set != 0 {
                    Truth::Met
                } else if known.categories_open & set != 0 {
                    Truth::Unknown
                } else {
                    Truth::NotMet
                }
            }
            Pred::AnyEvidence(set) => match known.evidence {
                None => Truth::Unknown,
                Some(held) if held & set != 0 => Truth::Met,
                Some(_) => Truth::NotMet,
            },
            Pred::Within(fact, places) => within(known, *fact, places),
            Pred::All(inner) => {
                let mut result = Truth::Met;
                for pred in inner {
                    match pred.eval(known) {
                        Truth::NotMet => return Truth::NotMet,
                        Truth::Unknown => result = Truth::Unknown,
                        Truth::Met => {}
                    }
                }
                result
            }
            Pred::Any(inner) => {
                let mut result = Truth::NotMet;
                for pred in inner {
                    match pred.eval(known) {
                        Truth::Met => return Truth::Met,
                        Truth::Unknown => result = Truth::Unknown,
                        Truth::NotMet => {}
                    }
                }
                result
            }
            Pred::Not(inner) => match inner.eval(known) {
                Truth::Met => Truth::NotMet,
                Truth::NotMet => Truth::Met,
                Truth::Unknown => Truth::Unknown,
            },
            Pred::During(period, inner) => {
                if period.contains(known.when) {
                    inner.eval(known)
                } else {
                    Truth::NotMet
                }
            }
            Pred::LocalRule(inner) => match inner.eval(known) {
                Truth::NotMet => Truth::NotMet,
                Truth::Met | Truth::Unknown => Truth::Unknown,
            },
        }
    }

    /// Adds every fact on which an unknown result hangs.
    pub fn open_facts(&self, known: &Known<'_>, out: &mut Vec<Fact>) {
        if self.eval(known) != Truth::Unknown {
            return;
        }
        let mut add = |fact| {
            if !out.contains(&fact) {
                out.push(fact);
            }
        };
        match self {
            Pred::Always => {}
            Pred::OneOf(Fact::OutsideProvince, _) => {
                if known.study.is_none() {
                    add(Fact::SchoolPlace);
                }
                if known.home.is_none() {
                    add(Fact::HukouPlace);
                }
            }
            Pred::OneOf(fact, _) | Pred::Within(fact, _) => add(*fact),
            Pred::AnyCategory(_) => {
                add(if known.categories_given { Fact::Evidence } else { Fact::Categories });
            }
            Pred::AnyEvidence(_) => add(Fact::Evidence),
            Pred::All(inner) | Pred::Any(inner) => inner.iter().for_each(|p| p.open_facts(known, out)),
            Pred::Not(inner) | Pred::During(_, inner) => inner.open_facts(known, out),
            Pred::LocalRule(inner) => {
                if inner.eval(known) == Truth::Met {
                    add(Fact::LocalRule);
                } else {
                    inner.open_facts(known, out);
                }
            }
        }
    }

    /// The categories it asks about.
    pub fn categories(&self) -> u16 {
        match self {
            Pred::AnyCategory(set) => *set,
            Pred::All(inner) | Pred::Any(inner) => inner.iter().fold(0, |set, p| set | p.categories()),
            Pred::Not(inner) | Pred::During(_, inner) | Pred::LocalRule(inner) => inner.categories(),
            Pred::Always | Pred::OneOf(..) | Pred::AnyEvidence(_) | Pred::Within(..) => 0,
        }
    }

    /// The papers it asks about.
    pub fn papers(&self) -> u16 {
        match self {
            Pred::AnyEvidence(set) => *set,
            Pred::All(inner) | Pred::Any(inner) => inner.iter().fold(0, |set, p| set | p.papers()),
            Pred::Not(inner) | Pred::During(_, inner) | Pred::LocalRule(inner) => inner.papers(),
            Pred::Always | Pred::OneOf(..) | Pred::AnyCategory(_) | Pred::Within(..) => 0,
        }
    }

    /// Whether it asks about a closed fact.
    pub fn asks(&self, fact: Fact) -> bool {
        match self {
            Pred::OneOf(asked, _) => *asked == fact,
            Pred::All(inner) | Pred::Any(inner) => inner.iter().any(|p| p.asks(fact)),
            Pred::Not(inner) | Pred::During(_, inner) | Pred::LocalRule(inner) => inner.asks(fact),
            Pred::Always | Pred::AnyCategory(_) | Pred::AnyEvidence(_) | Pred::Within(..) => false,
        }
    }

    /// Whether it can never hold, whatever the facts: a test that excludes every value.
    pub fn never(&self) -> bool {
        match self {
            Pred::Always => false,
            Pred::OneOf(fact, set) => {
                matches!(fact.kind(), Kind::Flag | Kind::Number(_) | Kind::Code(_)) && *set == 0
            }
            Pred::AnyCategory(set) | Pred::AnyEvidence(set) => *set == 0,
            Pred::Within(_, places) => places.is_empty(),
            Pred::All(inner) => inner.iter().any(Pred::never) || contradictory(inner),
            Pred::Any(inner) => inner.iter().all(Pred::never),
            Pred::Not(inner) => **inner == Pred::Always,
            Pred::During(period, inner) => period.is_empty() || inner.never(),
            Pred::LocalRule(inner) => inner.never(),
        }
    }
}

/// Two tests of one list that leave one fact no value at all.
fn contradictory(inner: &[Pred]) -> bool {
    inner.iter().enumerate().any(|(i, a)| {
        inner.iter().skip(i + 1).any(|b| match (a, b) {
            (Pred::OneOf(f, x), Pred::OneOf(g, y)) => f == g && x & y == 0,
            _ => false,
        })
    })
}

fn within(known: &Known<'_>, fact: Fact, places: &[Place]) -> Truth {
    let place = match fact {
        Fact::HukouPlace => known.home,
        _ => known.study,
    };
    let Some(place) = place else { return Truth::Unknown };
    if places.iter().any(|p| p.contains(place)) {
        Truth::Met
    } else if places.iter().any(|p| place.contains(p)) {
        // Only the wider place is known: it may be the part that counts.
        Truth::Unknown
    } else {
        Truth::NotMet
    }
}
