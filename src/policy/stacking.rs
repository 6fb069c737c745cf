//! Which programmes may be had together and which exclude each other, as a pack states it.
//!
//! An exclusion decides by itself: while a pack is loaded it becomes one more condition of the
//! programme that gives way (see [`gives_way`]), so that outcome, missing facts, totals and the words
//! all follow from it without a rule of their own.

use super::condition::Pred;
use super::period::Period;
use super::programme::{Condition, ProgrammeRules};
use super::standard::Origin;
use crate::values::{Programme, Text};

/// Programmes that may all be had together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combination {
    /// The programmes.
    pub programmes: Vec<Programme>,
    /// When this holds.
    pub period: Period,
    /// Where it comes from.
    pub origin: Origin,
    /// In words.
    pub says: Text,
}

/// Two programmes of which a student who would get both gets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Code of the condition that the programme which gives way gets.
    pub code: String,
    /// The one that stays.
    pub keep: Programme,
    /// The one that gives way.
    pub drop: Programme,
    /// When this holds.
    pub period: Period,
    /// Where it comes from.
    pub origin: Origin,
    /// In words, as a condition of the programme that gives way.
    pub says: Text,
}

/// What a pack says of having programmes together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stacking {
    /// Which may be combined.
    pub combinations: Vec<Combination>,
    /// Which exclude each other.
    pub exclusions: Vec<Exclusion>,
}

/// The condition that an exclusion puts on the programme that gives way: the student is not eligible
/// for the one that stays. While that is unknown this is unknown, so that learning more never takes a
/// given benefit away.
pub(super) fn gives_way(exclusion: &Exclusion, keep: &ProgrammeRules) -> Condition {
    let eligible = keep.conditions.iter().map(|c| {
        if c.period == Period::default() {
            return c.test.clone();
        }
        // Outside its range a condition demands nothing.
        let in_force = Pred::During(c.period, Box::new(Pred::Always));
        Pred::Any(Box::new([Pred::Not(Box::new(in_force)), c.test.clone()]))
    });
    Condition {
        code: exclusion.code.clone(),
        test: Pred::Not(Box::new(Pred::All(eligible.collect()))),
        period: exclusion.period,
        origin: exclusion.origin.clone(),
        says: exclusion.says.clone(),
        steps: 0,
    }
}
