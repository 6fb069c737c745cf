//! Long work as rows in the database: asked of any node, done by any node, once.
//!
//! A job is taken with a lease that its node renews. A node that dies stops renewing; when the lease has
//! run out another takes the job over, with the file that was kept for it. The work of a job and the mark
//! that it is done are one transaction, and that transaction checks that the lease is still this node's:
//! however often a job is taken, its effect is there wholly and once, or not at all. A job therefore has no
//! half-way point to go on from: what a dead node did has been taken back, and the next begins at the
//! beginning.
//!
//! Progress and the wish to cancel are rows too, so that any node can tell and take them. On SQLite the
//! running import holds the only write, so that the process itself remembers both.
//!
//! Invariants: a job that ended has no chunks; only who holds owner and attempt may end it; a job taken
//! [`MOST_ATTEMPTS`] times has failed.

pub mod body;
pub mod http;
pub mod model;
pub mod node;
pub mod runner;
pub mod store;

pub use model::{Job, JobState, Made, NewJob};
pub use node::{Node, Settings, Watch, Work, Works};

/// How often a job is begun before it counts as failed: a file that kills whoever reads it must not go
/// round the nodes for ever.
pub const MOST_ATTEMPTS: i32 = 50;
