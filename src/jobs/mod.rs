//! Long work as rows in the database: asked of any node, done by any node, once.
//!
//! A job is taken with a lease that its node renews. A node that dies stops renewing; when the lease has
//! run out another takes the job over, with the file that was kept for it. Work goes in steps, each one
//! transaction, which also writes down how far it came (the checkpoint) or that the job is done, and checks that
//! the lease is still this node's: however often a job is taken, the effect of each step is there once, or not
//! at all. What must be seen wholly or not at all, a file and a cross-check, is one step: what a dead node did
//! of it has been taken back, and the next begins it anew. An order on many records and a search are many
//! steps: the next node goes on after the last, and between two steps others may write.
//!
//! Progress and the wish to cancel are rows too, so that any node can tell and take them. On SQLite the
//! running import holds the only write, so that the process itself remembers both.
//!
//! Invariants: a job that ended has no chunks; a checkpoint is never ahead of its effect; only who holds owner and attempt may end it; a job taken
//! [`MOST_ATTEMPTS`] times has failed.

pub mod body;
pub mod http;
pub mod model;
pub mod node;
pub mod runner;
pub mod store;

pub use model::{Job, JobState, Made, NewJob};
pub use node::{Node, Settings, Step, Watch, Work, Works};

/// How often a job is begun before it counts as failed: a file that kills whoever reads it must not go
/// round the nodes for ever.
pub const MOST_ATTEMPTS: i32 = 50;
