//! The tests of `api`, on PostgreSQL.

#[cfg(test)]
#[path = "api/main.rs"]
mod api;

#[cfg(test)]
use api::support;
