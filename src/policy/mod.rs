//! Policy as data: facts about a student and a pack go in, a decision with every reason comes out.
//!
//! Everything here is pure: no clock, no database, no network; the only files read are those of a pack,
//! and only while it is loaded.

pub mod decision;
pub mod fact;
pub mod facts;
