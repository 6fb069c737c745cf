//! The database as a whole, and the invented county through it: once on SQLite as `engines`, once on
//! PostgreSQL as `engines_postgres`.

// `cfg(test)` on each: the lints that spare tests go by it.
#[cfg(test)]
#[path = "../support/engine.rs"]
pub(crate) mod engine;
#[cfg(test)]
#[path = "../support/installed.rs"]
mod installed;
#[cfg(test)]
#[path = "../support/postgres.rs"]
mod postgres;

#[cfg(test)]
#[path = "../support/dump.rs"]
mod dump;

#[cfg(test)]
mod commands;
#[cfg(test)]
mod database;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod weather;
