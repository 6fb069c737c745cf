//! Aid records (资助记录): what was paid to whom, for which programme and term.
//!
//! Records come from the offices' payment sheets and are never overwritten. The same payment sent
//! again is the same record ([`model::AidRecord::row_key`]); two equal rows in one file are two
//! payments, because that is how double payment looks in a sheet.
//!
//! Invariants: an amount is not negative; a record names one programme and one term; whom it was paid
//! to is known by `person_id`, the card by `account_id`, both only in clear in the vault.

pub mod http;
pub mod import;
pub mod model;
pub mod store;
