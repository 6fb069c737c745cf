//! Imports: one file, one batch, whatever it holds.
//!
//! The slices that take files (provincial list, roll, aid) say which columns they know, how one row is
//! read and how a chunk of good rows is stored ([`Importer`]); everything else is the same for all and
//! lives here: the same file sent twice changes nothing, good rows are kept, each bad row is reported
//! at once and can be fetched as a spreadsheet to correct and send again, and a batch is visible wholly
//! or not at all.
//!
//! Invariants: `rows_read = rows_new + rows_changed + rows_unchanged + rows_bad`; a bad row's cells are
//! kept sealed only; errors never repeat what a cell held.

pub mod batch;
pub mod body;
pub mod columns;
pub mod correction;
pub mod desk;
mod fault;
pub mod http;
pub mod job;
pub mod model;
pub mod preview;
mod remarks;
mod seen;
mod sorting;
pub mod store;

pub use batch::{Importer, Pending, run};
pub use body::ImportBody;
pub use desk::Desk;
pub use model::{ImportKind, Order, Report, Tally};
pub use seen::{Seen, Times};
