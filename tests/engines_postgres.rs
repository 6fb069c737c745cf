//! The tests of `engines`, on PostgreSQL.

#[cfg(test)]
#[path = "engines/main.rs"]
mod engines;

#[cfg(test)]
use engines::engine;
