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
//! * A finding outlives the run that saw it: [`lifecycle`] says what a further run makes of what people said.
//! * [`report`] turns totals into tables and into the few sentences a bureau head reads.

pub mod body;
mod boxes;
pub mod correction_http;
pub mod corrections;
pub mod decision;
pub mod decision_http;
pub mod diff;
pub mod diff_http;
pub mod due_days;
pub mod export;
pub mod finding_body;
pub mod finding_http;
pub mod finding_store;
pub mod household;
pub mod http;
pub mod intern;
pub mod job;
pub mod lifecycle;
pub mod load;
pub mod model;
pub mod near;
pub mod people;
pub mod reconcile;
mod reconcile_accounts;
mod reconcile_frame;
mod reconcile_household;
pub mod reconcile_input;
mod reconcile_money;
mod reconcile_order;
mod reconcile_person;
pub mod reconcile_totals;
pub mod report;
pub mod run;
pub mod settle;
pub mod sighting_store;
pub mod store;
pub mod watch;

pub use due_days::DueDays;
pub use model::{
    AbsenceReason, Detail, Directory, Distance, Finding, FindingKind, FindingState, HouseholdSource,
    ListedState, NearMiss, Source,
};
pub use reconcile::{Outcome, reconcile};
pub use reconcile_input::{
    AccountKey, Aided, Born, Categories, County, Due, Enrolled, Evidences, Input, Listed, NameKey, Near,
    Options, PersonKey, SchoolKey,
};
pub use reconcile_totals::{Identity, StageRow, Totals};

#[cfg(test)]
mod reconcile_tests;
