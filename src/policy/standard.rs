//! Amounts: dated, sourced figures by place, stage and boarding, and how the right one is found.
//!
//! The nearest place wins (county, city, province, nation). A figure that nobody has sourced is not in
//! the table, and a place without one gets no amount rather than a neighbour's.

use super::decision::Per;
use super::fact::Fact;
use super::known::Known;
use super::period::{Period, When};
use crate::values::{Fen, Place, Programme, Text, Tier};

/// How sure a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub enum Certainty {
    /// An official text or an office's own page was seen.
    A,
    /// The official text was seen on a host that copies it.
    #[serde(rename = "A*")]
    AStar,
    /// News, an audit paper or another secondary source.
    B,
    /// Recalled, no source seen; each use carries a warning.
    C,
}

impl Certainty {
    /// The mark as written.
    pub const fn mark(self) -> &'static str {
        match self {
            Certainty::A => "A",
            Certainty::AStar => "A*",
            Certainty::B => "B",
            Certainty::C => "C",
        }
    }

    /// The certainty with this mark.
    pub fn from_mark(mark: &str) -> Option<Self> {
        [Self::A, Self::AStar, Self::B, Self::C].into_iter().find(|c| c.mark() == mark)
    }
}

/// Where a figure or a condition comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Key into the pack's list of sources.
    pub source: String,
    /// Document number or title as cited.
    pub document: String,
    /// Clause within the plan or the document.
    pub clause: String,
    /// How sure it is.
    pub certainty: Certainty,
}

/// What a standard pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// A figure.
    Fixed {
        /// For one `per`.
        fen: Fen,
        /// For one term.
        per_term: Fen,
        /// For one school year.
        per_year: Fen,
    },
    /// The fee itself: the school's own in public schools, at most the local public fee in private ones.
    /// The figure, where the place publishes one, is its public fee.
    Tuition(Option<Fen>),
    /// Nothing is charged or things are given; there is no figure.
    NoFigure,
}

/// One dated amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standard {
    /// Stable id, e.g. `CE-LIV-B1`.
    pub id: String,
    /// The programme it belongs to.
    pub programme: Programme,
    /// The place it holds in; `None` is the nation.
    pub place: Option<Place>,
    /// The stages it covers.
    pub stages: u16,
    /// Boarding, not boarding, or either.
    pub boarding: u16,
    /// Outside the home province, inside it, or either.
    pub outside: u16,
    /// The tier it is for.
    pub tier: Tier,
    /// What it pays.
    pub amount: Amount,
    /// The unit.
    pub per: Per,
    /// Days a year, for amounts per day.
    pub days: Option<u16>,
    /// When it holds.
    pub period: Period,
    /// Whether narrower places may not pay less.
    pub floor: bool,
    /// Where it comes from.
    pub origin: Origin,
    /// What a reader should know about it.
    pub note: Option<Text>,
}

/// A range within which narrower places choose their own figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Stable id.
    pub id: String,
    /// The programme it binds.
    pub programme: Programme,
    /// The place it holds in; `None` is the nation.
    pub place: Option<Place>,
    /// The least for one term.
    pub low: Fen,
    /// The most for one term.
    pub high: Fen,
    /// When it holds.
    pub period: Period,
    /// Where it comes from.
    pub origin: Origin,
}

/// Whether a place (or, for `None`, the nation) holds a student whose place is `of`.
pub(super) fn covers(place: Option<&Place>, of: Option<&Place>) -> bool {
    match (place, of) {
        (None, _) => true,
        (Some(place), Some(of)) => place.contains(of),
        (Some(_), None) => false,
    }
}

impl Standard {
    /// Whether it is for this tier, combination and moment, whatever the place.
    pub fn fits(&self, tier: Tier, stage: u16, boarding: u16, outside: u16, when: When) -> bool {
        self.tier == tier
            && self.stages & stage != 0
            && self.boarding & boarding != 0
            && self.outside & outside != 0
            && self.period.contains(when)
    }

    /// The amount of a term and of a year, as far as the facts tell.
    pub fn amounts(&self, known: &Known<'_>) -> Figure {
        match self.amount {
            Amount::Fixed { fen, per_term, per_year } => Figure::Known { fen, per_term, per_year },
            Amount::NoFigure => Figure::None,
            Amount::Tuition(published) => tuition(known, published),
        }
    }
}

/// What a standard comes to for one student.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// It is decided.
    Known {
        /// For one `per`.
        fen: Fen,
        /// For one term.
        per_term: Fen,
        /// For one school year.
        per_year: Fen,
    },
    /// It hangs on fees that are not known; at most this a term.
    Open(Option<Fen>),
    /// There is no figure, and none is missing.
    None,
}

/// Public school: its own fee is waived. Private school: what a public school of the kind would
/// charge, never more than the school's own fee (task 3 of the plan; 财教〔2016〕292号). A figure that the
/// place publishes as its standard goes before what the facts say; see [`fee_differs`].
fn tuition(known: &Known<'_>, published: Option<Fen>) -> Figure {
    let own = known.tuition.map(Fen);
    let public = published.or(known.public_tuition.map(Fen));
    // What other public schools charge says nothing certain about this one.
    let of_public = published.or(own);
    let of_private = match (own, public) {
        (Some(own), Some(public)) => Some(own.min(public)),
        // A fee of nothing cannot be waived further, whatever others charge.
        (Some(Fen(0)), None) | (None, Some(Fen(0))) => Some(Fen(0)),
        _ => None,
    };
    // Ownership in the order of its list: bit 0 = public, bit 1 = private.
    let decided = match known.possible(Fact::Ownership) {
        0b01 => of_public,
        0b10 => of_private,
        _ if of_public == of_private => of_public,
        _ => None,
    };
    match decided {
        Some(fen) => Figure::Known { fen, per_term: fen, per_year: Fen(fen.0.saturating_mul(2)) },
        None => Figure::Open(match known.possible(Fact::Ownership) {
            0b10 => own.or(public),
            _ => of_public,
        }),
    }
}

/// Whether a public school's own fee differs from the one its place publishes: one of the two is wrong
/// or out of date, and a person must say which.
pub(super) fn fee_differs(known: &Known<'_>, standard: &Standard) -> bool {
    match (standard.amount, known.tuition) {
        (Amount::Tuition(Some(published)), Some(own)) => {
            known.possible(Fact::Ownership) == 0b01 && published != Fen(own)
        }
        _ => false,
    }
}

/// The fees on which an open figure of this standard hangs.
pub(super) fn open_fees(known: &Known<'_>, standard: &Standard) -> Vec<Fact> {
    let published = match standard.amount {
        Amount::Tuition(published) => published,
        Amount::Fixed { .. } | Amount::NoFigure => None,
    };
    let mut facts = Vec::new();
    let private_possible = known.possible(Fact::Ownership) != 0b01;
    if known.possible(Fact::Ownership) == 0b11 {
        facts.push(Fact::Ownership);
    }
    if known.tuition.is_none() {
        facts.push(Fact::Tuition);
    }
    if private_possible && known.public_tuition.is_none() && published.is_none() {
        facts.push(Fact::PublicTuition);
    }
    facts
}
