//! The tests of `nodes`, on PostgreSQL, and those that need more than one node.
//!
//! `cargo test --test nodes_postgres` kills a few times; with `-- --ignored` the full number. With
//! `--nocapture` every test prints its figures.

#[cfg(test)]
#[path = "nodes/main.rs"]
mod nodes;
