//! Policy as data: facts about a student and a pack go in, a decision with every reason comes out.
//!
//! Everything here is pure: no clock, no database, no network; the only files read are those of a pack,
//! and only while it is loaded.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`facts`] | what a caller may tell, as JSON; what is impossible |
//! | [`fact`], [`known`] | the closed list of facts; facts as sets of possible values |
//! | [`period`], [`condition`] | when something holds; what it demands, in three-valued logic |
//! | [`standard`], [`programme`], [`pack`] | amounts, rules, and the whole |
//! | [`stacking`], [`steps`] | what combines and what excludes; what a person can provide |
//! | `load` | TOML to pack, every fault with file, line and key |
//! | [`decide`], `worth`, `worlds` | the decision; what it is worth; what is missing and matters |
//! | [`decision`], [`body`], `spoken`, `warn` | the result; the result in words |
//! | [`diff()`] | what changed from one pack to another, in words |
//! | [`packs`], [`receipt`] | every loaded pack; a decision taken again |
//! | `settle` | places as they were on the date |
//! | [`catalogue`] | the pack as a document |
//! | [`cases`], [`boundaries`], [`check()`] | golden cases, what they try; the check an officer runs |

pub mod body;
pub mod boundaries;
pub mod cases;
pub mod catalogue;
mod check;
pub mod condition;
pub mod decide;
pub mod decision;
pub mod diff;
pub mod fact;
pub mod facts;
pub mod known;
mod load;
pub mod pack;
pub mod packs;
pub mod period;
pub mod posting;
pub mod programme;
pub mod receipt;
mod settle;
mod spoken;
pub mod stacking;
pub mod standard;
pub mod steps;
mod warn;
mod worlds;
mod worth;

pub use body::DecisionBody;
pub use catalogue::CatalogueBody;
pub use check::check;
pub use decide::{Entitlement, Entitlements, decide, entitled};
pub use decision::{Decision, Outcome, ProgrammeDecision, Route};
pub use diff::{DiffBody, diff};
pub use facts::Facts;
pub use pack::{Pack, PackError};
pub use packs::Packs;
pub use posting::PostingLength;
pub use receipt::{Receipt, replay};
pub use settle::Notice;

#[cfg(test)]
mod advice_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
