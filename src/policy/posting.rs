//! How long the names of those proposed must be posted (公示) before anything is approved.

use super::pack::Pack;
use super::standard::Origin;
use crate::values::Programme;

/// The shortest time for which a list is posted; the day it is put up does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostingLength {
    /// Working days.
    WorkingDays(u32),
    /// Days of any kind.
    Days(u32),
}

/// The length that a pack prescribes.
#[derive(Debug, Clone)]
pub struct PostingRule {
    /// For this programme; for all that have no rule of their own when absent.
    pub programme: Option<Programme>,
    /// How long.
    pub length: PostingLength,
    /// Where it comes from.
    pub origin: Origin,
}

impl Pack {
    /// How long a list of a programme is posted: its own rule before the general one. A pack that was loaded
    /// has a general one.
    pub fn posting(&self, programme: Programme) -> Option<&PostingRule> {
        let own = self.postings.iter().find(|rule| rule.programme == Some(programme));
        own.or_else(|| self.postings.iter().find(|rule| rule.programme.is_none()))
    }
}
