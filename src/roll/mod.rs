//! The roll (学籍): schools, students, and who is enrolled where, in which stage and state.
//!
//! Nothing here is overwritten. A row holds for a range of dates ([`model::Enrolment::valid_from`] to
//! `valid_to`, exclusive) and is known from the moment it was recorded until it is superseded; a
//! question can therefore be asked *as of* one date *as known at* another. Categories and evidence said
//! by a roll row live and die with that row.
//!
//! Invariants: one current row per student, term and school; a blank cell is unknown, never "no";
//! everyone here is known by a random `person_id`, who they are is the vault's knowledge.

pub mod columns;
pub mod http;
pub mod import;
pub mod masking;
pub mod model;
pub mod read;
pub mod store;
