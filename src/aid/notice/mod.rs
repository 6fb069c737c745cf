//! Public notices (公示): the list of proposed recipients that a school puts up before aid is approved.
//!
//! One notice is one school's, for one programme and term, put up on one day. It stays up for at least
//! five working days (yulu: ten days), the day it was put up not counted, and is taken down when the
//! period ends. Approval waits for the end; a notice still up after it is overdue and reported.
//!
//! What it prints is 姓名、学校、院系、年级、专业、班级 and nothing else (教财厅函〔2017〕28号), whoever asks.
//! Names stand on it in clear while it runs; afterwards the list is no longer printed.
//!
//! Invariants: a name is added only on the day the notice was recorded, so nobody is up for less than
//! the period; the period is counted by [`working_day`], which knows the years in its table and refuses
//! every other; a cancelled record is on no printed list.

pub mod board;
pub mod http;
pub mod model;
pub mod print;
pub mod rules;
pub mod store;
pub mod working_day;
