//! Spreadsheets in and out: files become rows, good and bad; a bad row never costs a good one.
//!
//! * In: [`Reader`] takes a file, a [`SheetSpec`] and what the sender says of the file ([`Reading`]), and
//!   hands over one [`Row`] at a time, with flat memory however long the file. What the file is, is told by its content, never by its name. CSV is
//!   read in this process; a workbook is opened only in a child process of our own binary with limits on
//!   memory and time ([`child`]), because a workbook of a kilobyte can ask for gigabytes.
//! * A row's cells are taken through [`Fields`], which collects every fault of the row with its place,
//!   what is wrong and what to do.
//! * Out: [`export`] (a table as a workbook with a cover or as CSV), made of [`write`](mod@write) and
//!   [`csv_out`]; the [`correction`] book of bad rows and the [`template`] to fill in.
//!
//! This room knows values and errors. It must not know what a poverty list or a roll is, nor any database.

pub mod cell;
pub mod child;
mod confine;
pub mod correction;
pub mod csv_out;
mod decode;
mod delimited;
pub mod export;
pub mod fields;
mod guard;
mod gzip;
mod header;
mod intake;
pub mod limits;
mod lines;
pub mod out;
mod package;
pub mod reader;
pub mod reading;
pub mod row;
mod sniff;
pub mod spec;
pub mod template;
mod wire;
mod workbook;
pub mod write;

pub use cell::{Cell, Fault};
pub use correction::{BadRow, CorrectionBook};
pub use csv_out::{CsvEncoding, CsvOut, Lost};
pub use export::{Cover, Export, ExportForm, Exported};
pub use fields::Fields;
pub use header::{How, OF_ONE_PERSON, letter};
pub use limits::Limits;
pub use out::{OutCell, OutColumn, OutKind};
pub use reader::{Format, MappedColumn, Notice, Reader, SheetRead, Understood, UnknownColumn};
pub use reading::Reading;
pub use row::{Row, RowError};
pub use spec::{CellKind, ColumnSpec, SheetSpec};
pub use template::template;
pub use write::XlsxOut;
