//! Eligibility: the facts about a student on a date, and the decision the policy makes of them.
//!
//! Three questions end here: facts that a caller states (nothing is stored), a student looked up by id
//! number and name, and a stored student as of one date as known at another. All three go the same way:
//! facts → [`crate::policy::decide`] → answer.
//!
//! Invariants: what is not recorded is unknown, never "no"; a list answers *on list*, *not on list*,
//! *not covered* or *ambiguous* with its version and age, never a bare no; a decision is taken from
//! what was recorded by the moment of `known_at` and nothing later.

pub mod http;
pub mod lookup;
pub mod model;
pub mod replay;
pub mod rules;
pub mod statement;
pub mod store;
