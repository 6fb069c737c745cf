//! A seeded stream of choices. The same seed gives the same county on every machine and release, which
//! is why the few draws are written out here instead of taken from a library that may change them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The dice of one generation.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number from 0 to `n` - 1, or 0 if `n` is 0. The bias of the multiplication (n / 2³²) is of no
    /// matter here.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        u32::try_from((u64::from(self.0.next_u32()) * u64::from(n)) >> 32).unwrap_or_default()
    }

    /// A place in a slice of this length.
    pub(super) fn at(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u32::try_from(len).unwrap_or(u32::MAX))).unwrap_or_default()
    }

    /// True in so many of a thousand cases.
    pub(super) fn permille(&mut self, n: u32) -> bool {
        self.below(1000) < n
    }

    /// One of a slice; `None` only if it is empty.
    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.at(of.len()))
    }

    /// One of a slice by weight.
    pub(super) fn weighted<T: Copy>(&mut self, of: &[(T, u32)]) -> Option<T> {
        let mut left = self.below(of.iter().map(|(_, weight)| weight).sum());
        of.iter().find_map(|(item, weight)| {
            if left < *weight {
                return Some(*item);
            }
            left -= weight;
            None
        })
    }

    /// Decimal digits.
    pub(super) fn digits(&mut self, count: usize) -> String {
        (0..count).filter_map(|_| char::from_digit(self.below(10), 10)).collect()
    }

    /// Puts a slice in a random order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.at(last + 1));
        }
    }
}
