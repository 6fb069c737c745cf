//! Steps that a person can really take: a paper to bring, an assessment to ask for, and what each
//! establishes. They are data of the pack; which of them help a student is found by trying.
//!
//! A programme that is out of reach gets the smallest sets of steps that would make the student
//! eligible, all of one size. What nobody can provide (another stage, another grade) is no step, and a
//! programme that fails on such a fact gets none.

use super::condition::Pred;
use super::decision::{Outcome, Truth};
use super::fact::Fact;
use super::known::Known;
use super::period::Period;
use super::programme::ProgrammeRules;
use super::standard::Origin;
use super::worth;
use crate::values::Text;

/// The most steps a pack may have: each is one bit of [`super::programme::Condition::steps`].
pub(super) const MOST_STEPS: usize = 64;

/// The largest set that is tried.
const LARGEST_SET: usize = 3;

/// At most this many sets are tried for one programme.
const MOST_TRIES: usize = 2_000;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Stable code.
    pub code: String,
    /// Who may take it: offered unless this is known not to hold.
    pub offered: Pred,
    /// When it may be taken.
    pub period: Period,
    /// Categories it establishes.
    pub categories: u16,
    /// Papers it brings.
    pub papers: u16,
    /// Closed facts it settles, each with the values it may come to.
    pub settles: Vec<(Fact, u16)>,
    /// Who provides it.
    pub who: Text,
    /// What to do, in words.
    pub says: Text,
    /// Where it comes from.
    pub origin: Origin,
}

impl Step {
    /// The facts it changes, in the order of the list.
    pub fn facts(&self) -> Vec<Fact> {
        let given = [(Fact::Categories, self.categories), (Fact::Evidence, self.papers)];
        let given = given.into_iter().filter(|(_, set)| *set != 0).map(|(fact, _)| fact);
        self.settles.iter().map(|(fact, _)| *fact).chain(given).collect()
    }

    /// Whether a test asks about anything this step changes.
    pub(super) fn bears_on(&self, test: &Pred) -> bool {
        test.categories() & self.categories != 0
            || test.papers() & self.papers != 0
            || self.settles.iter().any(|(fact, _)| test.asks(*fact))
    }

    fn taken<'a>(&self, known: &Known<'a>) -> Known<'a> {
        let mut after = known.established(self.categories);
        if self.papers != 0 {
            after = after.holding(self.papers);
        }
        self.settles.iter().fold(after, |after, (fact, set)| after.with(*fact, *set))
    }

    fn can_be_taken(&self, known: &Known<'_>) -> bool {
        self.period.contains(known.when) && self.offered.eval(known) != Truth::NotMet
    }
}

/// The smallest sets of steps, by place in the pack, that would make the student eligible.
pub(super) fn towards(steps: &[Step], rules: &ProgrammeRules, known: &Known<'_>) -> Vec<Vec<usize>> {
    let mut useful = 0_u64;
    for condition in rules.conditions.iter().filter(|c| c.period.contains(known.when)) {
        if condition.test.eval(known) != Truth::Met {
            if condition.steps == 0 {
                return Vec::new();
            }
            useful |= condition.steps;
        }
    }
    let offered: Vec<(usize, &Step)> = steps
        .iter()
        .enumerate()
        .filter(|(at, step)| useful & (1 << at) != 0 && step.can_be_taken(known))
        .collect();
    let mut search = Search { rules, offered: &offered, tries: 0, found: Vec::new() };
    for size in 1..=LARGEST_SET.min(offered.len()) {
        search.sets(known, 0, size, &mut Vec::with_capacity(size));
        if !search.found.is_empty() {
            break;
        }
    }
    search.found
}

struct Search<'s> {
    rules: &'s ProgrammeRules,
    offered: &'s [(usize, &'s Step)],
    tries: usize,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    /// Tries every set of `left` more steps beyond those already taken.
    fn sets(&mut self, known: &Known<'_>, from: usize, left: usize, taken: &mut Vec<usize>) {
        if left == 0 {
            self.tries += 1;
            if worth::outcome(self.rules, known) == Outcome::Eligible {
                self.found.push(taken.clone());
            }
            return;
        }
        for (next, (at, step)) in self.offered.iter().enumerate().skip(from) {
            if self.tries >= MOST_TRIES {
                return;
            }
            taken.push(*at);
            self.sets(&step.taken(known), next + 1, left - 1, taken);
            taken.pop();
        }
    }
}
