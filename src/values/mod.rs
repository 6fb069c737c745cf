//! Values that are parsed once and then trusted: identities, places, terms, money, words.
//!
//! This room knows no database, no clock (but for [`clock`], the edge's own), no web. Each parse gives
//! the normal form and what was changed, or a typed error; see [`parsed`].

pub mod clock;
pub(crate) mod closed_list;
pub mod codes;
pub mod money;
pub mod parsed;
pub mod place;
pub mod term;
pub mod text;

pub use codes::{
    Category, EnrolmentState, EvidenceKind, Hardship, HukouKind, Ownership, Programme, RunBy, Stage, Tier,
};
pub use money::Fen;
pub use parsed::{Change, Parsed, ValueError};
pub use place::Place;
pub use term::{Season, Term, TermCalendar};
pub use text::{Lang, Text};
