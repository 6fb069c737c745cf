//! Cross-check (比对): the list, the roll and the money of a term held against each other.
//!
//! The plan's task 5 promises that every student on the provincial list is aided directly, at the
//! highest standard, and that students off the list with the handbook or the county's certificate are
//! aided alike and reported. Here that promise is measured:
//!
//! * [`reconcile`](reconcile::reconcile) is pure: rows with interned keys in, an [`Outcome`] out. It
//!   knows no database, no clock, no policy pack; what is due was decided beforehand.
//! * Every listed student is in exactly one [`ListedState`], every aided student in exactly one
//!   [`AidedGroup`](reconcile_totals::AidedGroup), and the totals prove it: if an identity fails,
//!   nothing is published.
//! * The [`Outcome::digest`](reconcile::Outcome::digest) depends on what was found, never on the order
//!   of rows or on how keys were interned, so that a run can be repeated and compared.
//! * [`report`] turns an outcome into tables and into the few sentences a bureau head reads.

pub mod body;
pub mod export;
pub mod http;
pub mod intern;
pub mod job;
pub mod load;
pub mod model;
pub mod reconcile;
pub mod reconcile_input;
mod reconcile_money;
mod reconcile_person;
pub mod reconcile_totals;
pub mod report;
pub mod run;
pub mod store;

pub use model::{
    AbsenceReason, Detail, Directory, Distance, Finding, FindingKind, FindingState, ListedState, NearMiss,
    Source,
};
pub use reconcile::{Outcome, reconcile};
pub use reconcile_input::{
    AccountKey, Aided, Categories, County, Due, Enrolled, Evidences, Input, Listed, NameKey, Near, Options,
    PersonKey, SchoolKey,
};
pub use reconcile_totals::{Identity, StageRow, Totals};

#[cfg(test)]
mod reconcile_tests;
