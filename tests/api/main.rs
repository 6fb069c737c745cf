//! The API as a caller sees it: the production application on a fresh database per test.
//!
//! One test program for each engine, `api` and `api_postgres`. Each file is a subject; `support` is the ground they stand on.

// `cfg(test)` on each: the lints that spare tests go by it.
#[cfg(test)]
#[path = "../support/mod.rs"]
pub(crate) mod support;

#[cfg(test)]
mod aid;
#[cfg(test)]
mod aid_bulk;
#[cfg(test)]
mod aid_corrections;
#[cfg(test)]
mod aid_later;
#[cfg(test)]
mod aid_life;
#[cfg(test)]
mod aid_notices;
#[cfg(test)]
mod aid_races;
#[cfg(test)]
mod aid_steps;
#[cfg(test)]
mod assessments;
#[cfg(test)]
mod authorisation;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod check_chains;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod command;
#[cfg(test)]
mod finding_life;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod http_frame;
#[cfg(test)]
mod idempotent;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod input;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod log_canary;
#[cfg(test)]
mod lookup_lists;
#[cfg(test)]
mod lookups;
#[cfg(test)]
mod once;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod proposals;
#[cfg(test)]
mod roll;
#[cfg(test)]
mod scopes;
#[cfg(test)]
mod server;
#[cfg(test)]
mod uploads;
