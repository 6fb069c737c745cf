//! The provincial list (省下达名单): who is registered poor, as the province and the poverty office hand
//! it down (plan task 5: the target list for precise aid).
//!
//! A list is a version for a place and a term: draft → checked → locked → superseded. A draft may still
//! take rows; a checked list waits for a second person; a locked list is immutable, carries the digest
//! of its content and is what answers and cross-checks are made from; locking a newer version of the
//! same place supersedes the older one, which stays as it was.
//!
//! Invariants: only a locked or superseded list has a digest; a person stands once in a version; who
//! sent a version in may not lock it; the digest depends on the entries alone, not on their order.

pub mod body;
pub mod http;
pub mod import;
pub mod model;
pub mod rules;
pub mod shelf;
pub mod store;
