//! Served processes as an operator has them: real programs on loopback, in bad weather. Once on SQLite as
//! `nodes`, once on PostgreSQL as `nodes_postgres`.
//!
//! Nothing is judged by time: a test waits for a condition, with a deadline that only bounds a run that
//! would otherwise hang. Moments are random where the subject asks for it; the seed is printed.

// `cfg(test)` on each: the lints that spare tests go by it.
#[cfg(test)]
#[path = "../support/engine.rs"]
pub(crate) mod engine;
#[cfg(test)]
#[path = "../support/installed.rs"]
pub(crate) mod installed;
#[cfg(test)]
#[path = "../support/postgres.rs"]
pub(crate) mod postgres;

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod farewell;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod pooler;
#[cfg(test)]
mod site;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod weather;
#[cfg(test)]
mod wire;
#[cfg(test)]
mod writes;
