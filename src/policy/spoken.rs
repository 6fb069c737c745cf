//! What a pack says again and again, written as JSON once: reasons, steps, and the verdict on a programme that
//! is for another stage, in each language.
//!
//! A decision repeats some thirty of these sentences. Made anew each time they were most of what an answer
//! cost; so a pack keeps their text as it goes into the answer, and an answer takes it as it stands.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::body::{self, ReasonBody, StepBody};
use super::decision::{ProgrammeDecision, Reason, Truth};
use super::fact::Fact;
use super::programme::{Condition, ProgrammeRules};
use super::steps::Step;
use crate::values::Lang;

/// A value as JSON text, kept once and shared.
#[derive(Debug, Clone)]
pub struct Spoken(Arc<RawValue>);

impl Spoken {
    fn of(value: &impl Serialize) -> Option<Self> {
        // These are plain structs of texts, which always are JSON.
        to_raw_value(value).ok().map(|text| Self(Arc::from(text)))
    }
}

impl PartialEq for Spoken {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Eq for Spoken {}

impl Serialize for Spoken {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

/// One thing in both languages.
#[derive(Debug, Clone)]
struct Both {
    zh: Option<Spoken>,
    en: Option<Spoken>,
}

impl Both {
    fn of<T: Serialize>(say: impl Fn(Lang) -> T) -> Self {
        Self { zh: Spoken::of(&say(Lang::Zh)), en: Spoken::of(&say(Lang::En)) }
    }

    fn in_lang(&self, lang: Lang) -> Option<Spoken> {
        match lang {
            Lang::Zh => self.zh.clone(),
            Lang::En => self.en.clone(),
        }
    }
}

/// The three ways in which a condition can come out.
#[derive(Debug, Clone)]
struct Ways {
    met: Both,
    not_met: Both,
    unknown: Both,
}

/// Everything that a pack says again and again.
#[derive(Debug, Clone)]
pub(super) struct Phrases {
    /// By programme and condition, each by its place in the pack.
    reasons: Vec<Vec<Ways>>,
    /// By programme: the verdict when its first condition is not met, which is then the only one told.
    elsewhere: Vec<Both>,
    steps: Vec<Both>,
}

impl Phrases {
    /// What these rules and steps say.
    pub(super) fn of(programmes: &[ProgrammeRules], steps: &[Step]) -> Self {
        let ways = |condition: &Condition| {
            let say = |truth| Both::of(|lang| reason(condition, truth, lang));
            Ways { met: say(Truth::Met), not_met: say(Truth::NotMet), unknown: say(Truth::Unknown) }
        };
        let reasons: Vec<Vec<Ways>> =
            programmes.iter().map(|rules| rules.conditions.iter().map(ways).collect()).collect();
        let elsewhere = programmes.iter().zip(&reasons).map(|(rules, reasons)| {
            let why = |lang| reasons.first().and_then(|ways| ways.not_met.in_lang(lang));
            Both::of(|lang| body::elsewhere(rules, why(lang), lang))
        });
        Self {
            elsewhere: elsewhere.collect(),
            reasons,
            steps: steps.iter().map(|one| Both::of(|lang| step(one, lang))).collect(),
        }
    }

    /// How a condition came out.
    pub(super) fn reason(
        &self,
        programme: usize,
        condition: usize,
        truth: Truth,
        lang: Lang,
    ) -> Option<Spoken> {
        let ways = self.reasons.get(programme)?.get(condition)?;
        let both = match truth {
            Truth::Met => &ways.met,
            Truth::NotMet => &ways.not_met,
            Truth::Unknown => &ways.unknown,
        };
        both.in_lang(lang)
    }

    /// The verdict on a programme (by its place in the pack), where it is that the first condition is not met.
    pub(super) fn elsewhere(&self, at: usize, decision: &ProgrammeDecision, lang: Lang) -> Option<Spoken> {
        const FIRST: Reason = Reason { condition: 0, truth: Truth::NotMet };
        let silent = decision.warnings.is_empty() && decision.changes.is_empty();
        let first = decision.reasons == [FIRST] && silent;
        first.then(|| self.elsewhere.get(at)?.in_lang(lang)).flatten()
    }

    /// A step.
    pub(super) fn step(&self, at: usize, lang: Lang) -> Option<Spoken> {
        self.steps.get(at)?.in_lang(lang)
    }
}

fn reason(condition: &Condition, truth: Truth, lang: Lang) -> ReasonBody {
    let mark = match (truth, lang) {
        (Truth::Met, Lang::Zh) => "满足：",
        (Truth::NotMet, Lang::Zh) => "不满足：",
        (Truth::Unknown, Lang::Zh) => "尚不清楚：",
        (Truth::Met, Lang::En) => "Met: ",
        (Truth::NotMet, Lang::En) => "Not met: ",
        (Truth::Unknown, Lang::En) => "Not known: ",
    };
    ReasonBody {
        code: condition.code.clone(),
        met: truth.known(),
        clause: condition.origin.clause.clone(),
        source: condition.origin.document.clone(),
        message: format!("{mark}{}", condition.says.in_lang(lang)),
    }
}

fn step(step: &Step, lang: Lang) -> StepBody {
    StepBody {
        code: step.code.clone(),
        facts: step.facts().into_iter().map(Fact::path).collect(),
        who: step.who.in_lang(lang).to_owned(),
        message: step.says.in_lang(lang).to_owned(),
        clause: step.origin.clause.clone(),
    }
}
