//! A policy pack: everything that decides, as one immutable value with an id, a version and a digest.
//!
//! It is made by [`super::load`] from TOML, either embedded in the binary or from a directory, and is
//! only ever made whole: a pack with one fault is no pack.

use std::path::Path;

use super::facts::Facts;
use super::known::{Known, Proof};
use super::load;
use super::period::{Period, When};
use super::posting::PostingRule;
use super::programme::ProgrammeRules;
use super::spoken::Phrases;
use super::stacking::Stacking;
use super::standard::{Certainty, Limit, Standard};
use super::steps::Step;
use crate::error::FieldError;
use crate::values::{Place, Programme, TermCalendar, Text};

/// One fault of a pack, with the place to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackError {
    /// File within the pack.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The key concerned, e.g. `standard.yuan`.
    pub key: String,
    /// What is wrong and what to do.
    pub what: Text,
}

impl std::fmt::Display for PackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {} / {}", self.file, self.line, self.key, self.what.zh, self.what.en)
    }
}

/// A document or page that the pack rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Key, e.g. `S12`.
    pub id: String,
    /// What it is.
    pub title: Text,
    /// How it was seen.
    pub certainty: Certainty,
}

/// A whole pack.
#[derive(Debug, Clone)]
pub struct Pack {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) title: Text,
    pub(super) digest: String,
    pub(super) period: Period,
    pub(super) calendars: Vec<(Option<Place>, TermCalendar)>,
    pub(super) proofs: Vec<Proof>,
    pub(super) postings: Vec<PostingRule>,
    pub(super) sources: Vec<Source>,
    pub(super) programmes: Vec<ProgrammeRules>,
    pub(super) stacking: Stacking,
    pub(super) steps: Vec<Step>,
    pub(super) phrases: Phrases,
    pub(super) standards: Vec<Standard>,
    pub(super) limits: Vec<Limit>,
    pub(super) cases: Vec<super::cases::Case>,
}

impl Pack {
    /// The pack that is part of the binary.
    pub fn embedded() -> Result<Self, Vec<PackError>> {
        let files = load::EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        load::pack(files.collect())
    }

    /// A pack from a directory laid out like `policies/cn-ah`.
    pub fn from_dir(dir: &Path) -> Result<Self, Vec<PackError>> {
        load::pack(load::read_dir(dir)?)
    }

    /// A pack from the texts of its files, by path within the pack.
    pub fn from_files(files: Vec<(String, String)>) -> Result<Self, Vec<PackError>> {
        load::pack(files)
    }

    /// The pack's id, e.g. `cn-ah`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its semantic version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it is called.
    pub fn title(&self) -> &Text {
        &self.title
    }

    /// SHA-256 over the content of its files, in hex; the same for the same content wherever it lies.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The documents it rests on.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Its programmes, in the order of [`Programme::ALL`].
    pub fn programmes(&self) -> &[ProgrammeRules] {
        &self.programmes
    }

    /// The rules of one programme.
    pub fn programme(&self, programme: Programme) -> Option<&ProgrammeRules> {
        self.programmes.iter().find(|p| p.programme == programme)
    }

    /// All its amounts.
    pub fn standards(&self) -> &[Standard] {
        &self.standards
    }

    /// Which programmes combine and which exclude each other.
    pub fn stacking(&self) -> &Stacking {
        &self.stacking
    }

    /// What a person can provide.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The term calendar of a place: that of the narrowest place that has its own.
    pub fn calendar_for(&self, place: &Place) -> TermCalendar {
        self.calendar(Some(place))
    }

    pub(super) fn calendar(&self, place: Option<&Place>) -> TermCalendar {
        self.calendars
            .iter()
            .filter(|(of, _)| super::standard::covers(of.as_ref(), place))
            .max_by_key(|(of, _)| of.as_ref().map_or(0, |p| p.as_str().len()))
            .map(|(_, calendar)| *calendar)
            .unwrap_or_default()
    }

    /// The moment the facts are about.
    pub fn when(&self, facts: &Facts) -> When {
        let term = self.calendar(facts.study_place()).term_of(facts.as_of);
        When { date: facts.as_of, term }
    }

    /// The facts in the form that is decided upon.
    pub fn known<'a>(&self, facts: &'a Facts) -> Known<'a> {
        Known::new(facts, self.when(facts), &self.proofs)
    }

    /// Impossible facts, and a date before the first rule of this pack.
    pub fn check(&self, facts: &Facts) -> Vec<FieldError> {
        let mut faults = facts.check();
        if let Some(from) = self.period.from
            && !from.reached(self.when(facts))
        {
            faults.push(FieldError {
                pointer: "/as_of".to_owned(),
                code: "before_first_rule",
                detail: Text::new(
                    format!("本政策包的规则自{}起，无法判定更早的日期，请改用之后的日期", from.zh()),
                    format!("this pack's rules begin with {}: ask about a later date", from.en()),
                ),
            });
        }
        faults
    }
}
