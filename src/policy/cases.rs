//! Golden cases: given these facts, the pack must say this. Data with a source, run by command and test.
//!
//! A run also notes for every condition of the pack whether the cases saw it met and not met, so that
//! a condition nobody tries is visible, and for every day on which a programme changes whether they tried
//! the day before and the day ([`super::boundaries`]).

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::boundaries::{self, Sides};
use super::decide::decide;
use super::decision::{Decision, ProgrammeDecision, Truth};
use super::fact::Fact;
use super::facts::Facts;
use super::pack::Pack;
use super::warn::warning_code;
use crate::values::{Fen, Lang, Programme};

/// What must come out for one programme; what is absent is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    /// The programme.
    pub programme: Programme,
    /// Code of the outcome.
    pub outcome: Option<String>,
    /// Code of the tier.
    pub tier: Option<String>,
    /// Amount a term; `Some(None)` = there must be none.
    pub per_term: Option<Option<Fen>>,
    /// Amount a year.
    pub per_year: Option<Option<Fen>>,
    /// Low end of the range of every missing fact.
    pub low: Option<Fen>,
    /// High end; `Some(None)` = unbounded.
    pub high: Option<Option<Fen>>,
    /// Exactly these facts are missing, in any order.
    pub missing: Option<Vec<String>>,
    /// Exactly these warnings, in any order.
    pub warnings: Option<Vec<String>>,
    /// These conditions are met.
    pub met: Vec<String>,
    /// These conditions are not met.
    pub not_met: Vec<String>,
    /// These conditions are unknown.
    pub unknown: Vec<String>,
    /// Place in the queue.
    pub priority: Option<u16>,
}

/// One golden case.
#[derive(Debug, Clone)]
pub struct Case {
    /// File within the pack.
    pub file: String,
    /// Line of the case.
    pub line: usize,
    /// What it shows.
    pub name: String,
    /// Key of its source.
    pub source: String,
    /// The facts.
    pub facts: Facts,
    /// The route that must come out.
    pub route: Option<String>,
    /// What must come out.
    pub expect: Vec<Expect>,
}

/// How one case came out.
#[derive(Debug, Clone)]
pub struct CaseRow {
    /// The case's file.
    pub file: String,
    /// Its line.
    pub line: usize,
    /// What it shows.
    pub name: String,
    /// Its source.
    pub source: String,
    /// What differs; empty when it passed.
    pub differs: Vec<String>,
}

/// Whether the cases saw a condition both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Seen met.
    pub met: bool,
    /// Seen not met, or, where the pack leaves that side to the locality, seen unknown.
    pub not_met: bool,
}

/// A run of all cases.
#[derive(Debug, Clone)]
pub struct CaseReport {
    /// One row per case.
    pub rows: Vec<CaseRow>,
    /// Every condition of the pack.
    pub seen: BTreeMap<(Programme, String), Seen>,
    /// Every day on which a programme changes.
    pub boundaries: BTreeMap<(Programme, NaiveDate), Sides>,
}

/// Runs every golden case of the pack.
pub fn run(pack: &Pack) -> CaseReport {
    let mut seen: BTreeMap<(Programme, String), Seen> = BTreeMap::new();
    for rules in pack.programmes() {
        for condition in &rules.conditions {
            seen.entry((rules.programme, condition.code.clone())).or_default();
        }
    }
    let rows = pack
        .cases
        .iter()
        .map(|case| {
            let decision = decide(pack, &case.facts);
            note(pack, &decision, &mut seen);
            CaseRow {
                file: case.file.clone(),
                line: case.line,
                name: case.name.clone(),
                source: case.source.clone(),
                differs: compare(pack, case, &decision),
            }
        })
        .collect();
    CaseReport { rows, seen, boundaries: boundaries::tried(pack) }
}

fn note(pack: &Pack, decision: &Decision, seen: &mut BTreeMap<(Programme, String), Seen>) {
    for (reason, code, of) in decision.programmes.iter().flat_map(|d| {
        d.reasons.iter().filter_map(move |r| Some((r, condition_code(pack, d, r.condition)?, d)))
    }) {
        let entry = seen.entry((of.programme, code.to_owned())).or_default();
        let left = of.missing.iter().any(|m| m.fact == Fact::LocalRule);
        match reason.truth {
            Truth::Met => entry.met = true,
            Truth::NotMet => entry.not_met = true,
            Truth::Unknown if left => entry.not_met = true,
            Truth::Unknown => {}
        }
    }
}

fn condition_code<'p>(pack: &'p Pack, decision: &ProgrammeDecision, index: usize) -> Option<&'p str> {
    let rules = pack.programme(decision.programme)?;
    rules.conditions.get(index).map(|c| c.code.as_str())
}

fn compare(pack: &Pack, case: &Case, decision: &Decision) -> Vec<String> {
    let mut differs = Vec::new();
    if let Some(route) = &case.route {
        let got = code_of(&decision.route);
        if got != *route {
            differs.push(format!("route: {route} ≠ {got}"));
        }
    }
    for expect in &case.expect {
        match decision.of(expect.programme) {
            Some(got) => against(pack, expect, got, &mut differs),
            None => differs.push(format!("{}: —", expect.programme)),
        }
    }
    differs
}

/// The code of a serde enum.
fn code_of<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn against(pack: &Pack, expect: &Expect, got: &ProgrammeDecision, differs: &mut Vec<String>) {
    let name = expect.programme.code();
    let mut check = |what: &str, want: String, got: String| {
        if want != got {
            differs.push(format!("{name}.{what}: {want} ≠ {got}"));
        }
    };
    let yuan = |fen: Option<Fen>| fen.map_or("none".to_owned(), Fen::yuan);
    let benefit = got.benefit.as_ref();
    if let Some(want) = &expect.outcome {
        check("outcome", want.clone(), got.outcome.code().to_owned());
    }
    if let Some(want) = &expect.tier {
        let tier = benefit.and_then(|b| b.tier).map_or("none", crate::values::Tier::code);
        check("tier", want.clone(), tier.to_owned());
    }
    if let Some(want) = expect.per_term {
        check("yuan", yuan(want), yuan(benefit.and_then(|b| b.fen_per_term)));
    }
    if let Some(want) = expect.per_year {
        check("yuan_per_year", yuan(want), yuan(benefit.and_then(|b| b.fen_per_year)));
    }
    let range = got.missing.first().and_then(|m| m.range);
    if let Some(want) = expect.low {
        check("low", want.yuan(), range.map_or("none".to_owned(), |r| r.low.yuan()));
    }
    if let Some(want) = expect.high {
        check("high", yuan(want), range.map_or("none".to_owned(), |r| yuan(r.high)));
    }
    if let Some(want) = &expect.missing {
        let missing = got.missing.iter().map(|m| m.fact.path().to_owned());
        check("missing", sorted(want.iter().cloned()), sorted(missing));
    }
    if let Some(want) = &expect.warnings {
        let warnings = got.warnings.iter().map(|w| warning_code(pack, got.programme, w).to_owned());
        check("warnings", sorted(want.iter().cloned()), sorted(warnings));
    }
    if let Some(want) = expect.priority {
        check("priority", want.to_string(), got.priority.map_or("none".to_owned(), |p| p.to_string()));
    }
    for (codes, truth) in
        [(&expect.met, Truth::Met), (&expect.not_met, Truth::NotMet), (&expect.unknown, Truth::Unknown)]
    {
        for code in codes {
            let found = got
                .reasons
                .iter()
                .find(|r| condition_code(pack, got, r.condition) == Some(code.as_str()))
                .map(|r| r.truth);
            if found != Some(truth) {
                check(code, format!("{truth:?}"), format!("{found:?}"));
            }
        }
    }
}

fn sorted(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    items.sort();
    items.join(", ")
}

impl CaseReport {
    /// Whether every case passed, every condition was seen both ways and every boundary from both sides.
    pub fn ok(&self) -> bool {
        self.failed() == 0 && self.unseen().is_empty() && self.untried().is_empty()
    }

    /// How many cases failed.
    pub fn failed(&self) -> usize {
        self.rows.iter().filter(|r| !r.differs.is_empty()).count()
    }

    /// Conditions that no case saw met, or that none saw not met.
    pub fn unseen(&self) -> Vec<(Programme, &str, Seen)> {
        self.seen
            .iter()
            .filter(|(_, seen)| !(seen.met && seen.not_met))
            .map(|((programme, code), seen)| (*programme, code.as_str(), *seen))
            .collect()
    }

    /// Days on which a programme changes, of which no case tries the day before or none the day.
    pub fn untried(&self) -> Vec<(Programme, NaiveDate, Sides)> {
        self.boundaries
            .iter()
            .filter(|(_, sides)| !sides.both())
            .map(|((programme, day), sides)| (*programme, *day, *sides))
            .collect()
    }

    /// The run as a table for a terminal.
    pub fn table(&self, lang: Lang) -> String {
        let (pass, fail, head, both, edge) = match lang {
            Lang::Zh => {
                ("通过", "不符", "结果  来源   文件:行  说明", "未被两面验证的条件", "未从两侧验证的变更日")
            }
            Lang::En => (
                "pass",
                "FAIL",
                "result  source  file:line  shows",
                "conditions not seen both ways",
                "day of change not tried from both sides",
            ),
        };
        let mut lines = vec![head.to_owned()];
        for row in &self.rows {
            let mark = if row.differs.is_empty() { pass } else { fail };
            lines.push(format!("{mark}  {:5}  {}:{}  {}", row.source, row.file, row.line, row.name));
            lines.extend(row.differs.iter().map(|differs| format!("      {differs}")));
        }
        for (programme, code, seen) in self.unseen() {
            lines.push(format!("{both}: {programme}.{code} (met={}, not_met={})", seen.met, seen.not_met));
        }
        for (programme, day, sides) in self.untried() {
            lines.push(format!("{edge}: {programme} {day} (before={}, on={})", sides.before, sides.on));
        }
        let (total, failed) = (self.rows.len(), self.failed());
        lines.push(match lang {
            Lang::Zh => format!("共 {total} 例，通过 {}，不符 {failed}", total - failed),
            Lang::En => format!("{total} cases, {} passed, {failed} failed", total - failed),
        });
        lines.join("\n") + "\n"
    }
}
