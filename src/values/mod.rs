//! Values that are parsed once and then trusted: identities, places, terms, money, words.
//!
//! This room knows no database, no clock (but for [`clock`], the edge's own), no web. Each parse gives
//! the normal form and what was changed, or a typed error; see [`parsed`]. A type that holds a person's
//! data shows itself masked in `Debug`, so that no log line can carry it.

pub mod area;
pub mod bank_card;
pub mod cleaning;
pub mod clock;
pub(crate) mod closed_list;
pub mod codes;
pub mod day;
pub mod digest;
pub mod disability_card;
pub mod grade;
pub mod money;
pub mod name;
pub mod parsed;
pub mod phone;
pub mod place;
pub mod resident_id;
pub mod school_code;
pub mod student_number;
pub mod term;
pub mod text;
pub mod words;

pub use bank_card::BankCard;
pub use codes::{
    Category, EnrolmentState, EvidenceKind, Hardship, HukouKind, Ownership, Programme, RunBy, Stage, Tier,
};
pub use disability_card::{DisabilityCard, DisabilityKind};
pub use money::Fen;
pub use name::PersonName;
pub use parsed::{Change, Parsed, ValueError};
pub use phone::Phone;
pub use place::Place;
pub use resident_id::{ResidentId, Sex, check_digit};
pub use school_code::SchoolCode;
pub use student_number::{StudentNumber, StudentNumberKind};
pub use term::{Season, Term, TermCalendar};
pub use text::{Lang, Text};
pub use words::yes_no;
