//! 应助尽助: which aid a student is due on a date and why, and whom the bureau has missed.
//!
//! # The map of the house
//!
//! Facts in, policy by date, decision out with its reasons; then decision, payment and list are held
//! against each other. Everything that decides is pure; everything that stores or speaks is thin.
//!
//! | room | its one rule |
//! | --- | --- |
//! | [`values`] | a value is parsed once, and past its parse it is trusted |
//! | [`sheet`] | files become rows, good and bad; a bad row never costs a good one |
//! | [`seal`] | the only place that sees an id in clear next to a database |
//! | [`policy`] | pure: facts and a pack in, a decision with every reason out |
//! | [`once`] | a request sent again has one effect and one answer |
//! | [`jobs`] | long work: asked of any node, done by any node, once |
//! | [`imports`] | one file, one batch: kept, reported, repeatable |
//! | [`poverty_list`] | a locked version is never changed again |
//! | [`roll`] | nothing is overwritten: each row says when it holds and when it was recorded |
//! | [`eligibility`] | gathers the facts about a student on a date and asks the policy |
//! | [`aid`] | what was paid to whom, for which programme and term |
//! | [`proposals`] | which id was probably meant in a refused row; a person decides |
//! | [`cross_check`] | list, roll and money held against each other; totals add up or nothing is published |
//! | [`auth`] | the extractor is the permission, and the scope goes into the query |
//! | [`db`] | one way to read, one way to write, both engines |
//! | [`config`] | read once, checked whole, secrets never shown |
//! | [`page`] | pages go by key, never by number |
//! | [`http`] | the same application in production and in tests |
//! | [`cli`] | one file per command |
//!
//! Rooms depend on each other in a line, never a circle: values ← sheet, seal, policy ← once, jobs ←
//! imports ← poverty_list, roll ← eligibility ← aid ← proposals, cross_check ← http, cli. A slice may use another slice's
//! `model` and `store`, never its `http`.
//!
//! A request goes one way: extractor (who may, typed input) → handler → one database hop → load facts
//! → decide → save → answer.

// What it was given it keeps for a while: see Cargo.toml.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod aid;
pub mod auth;
pub mod cli;
pub mod config;
pub mod cross_check;
pub mod db;
pub mod eligibility;
pub mod error;
pub mod http;
pub mod imports;
pub mod jobs;
pub mod once;
pub mod page;
pub mod policy;
pub mod poverty_list;
pub mod proposals;
pub mod roll;
pub mod schema;
pub mod seal;
pub mod sheet;
pub mod values;
