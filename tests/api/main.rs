//! The API as a caller sees it: the production application on a fresh database per test.
//!
//! One test program, so that it is linked once. Each file is a subject; `support` is the ground they stand on.

#[path = "../support/mod.rs"]
mod support;

mod command;
mod http_frame;
mod input;
mod openapi;
mod server;
mod uploads;
