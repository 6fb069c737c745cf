//! Programmes of a pack: conditions, tiers and warnings from their TOML.

use super::predicate::{Definitions, codes, pred};
use super::reader::Node;
use super::sources::Sources;
use crate::policy::condition::Pred;
use crate::policy::decision::BenefitKind;
use crate::policy::fact::Fact;
use crate::policy::known::full;
use crate::policy::period::Period;
use crate::policy::programme::{Condition, PaidBy, ProgrammeRules, TierRule, WarningRule};
use crate::values::{Programme, Stage, Text, Tier};

/// The stages named by `stages`, as a set.
pub(super) fn stages(node: Node<'_>) -> Option<u16> {
    if node.value("stages").is_none() {
        node.fault("stages", "缺少学段", "the stages are missing");
        return None;
    }
    let all: Vec<_> = Stage::ALL.iter().map(|s| s.code()).collect();
    codes(node, "stages", &all)
}

/// One code of a closed list, with the list in the fault.
pub(super) fn code<T: Copy>(
    node: Node<'_>,
    key: &str,
    all: &[T],
    code_of: impl Fn(T) -> &'static str,
) -> Option<T> {
    let word = node.str(key)?;
    let found = all.iter().copied().find(|v| code_of(*v) == word);
    if found.is_none() {
        let known: Vec<_> = all.iter().map(|v| code_of(*v)).collect();
        node.fault(
            key,
            format!("没有代码 {word}；可用的代码：{}", known.join("、")),
            format!("there is no code {word}; the codes are {}", known.join(", ")),
        );
    }
    found
}

const fn kind_code(kind: BenefitKind) -> &'static str {
    match kind {
        BenefitKind::Cash => "cash",
        BenefitKind::Waiver => "waiver",
        BenefitKind::InKind => "in_kind",
        BenefitKind::Loan => "loan",
        BenefitKind::Service => "service",
    }
}

/// Reads one programme file; standards are joined later.
pub(super) fn programme(node: Node<'_>, defined: &Definitions, sources: &Sources) -> Option<ProgrammeRules> {
    node.only(&[
        "programme",
        "kind",
        "paid_by",
        "stages",
        "from",
        "to",
        "summary",
        "source",
        "document",
        "clause",
        "certainty",
        "first",
        "no_standard",
        "condition",
        "tier",
        "warning",
    ]);
    let programme = code(node, "programme", Programme::ALL, Programme::code);
    let kind = code(
        node,
        "kind",
        &[
            BenefitKind::Cash,
            BenefitKind::Waiver,
            BenefitKind::InKind,
            BenefitKind::Loan,
            BenefitKind::Service,
        ],
        kind_code,
    );
    let paid_by = code(node, "paid_by", &[PaidBy::SchoolPlace, PaidBy::HomePlace], PaidBy::code);
    let stages = stages(node);
    let period = node.period();
    let summary = node.text("summary");
    let origin = sources.origin(node);
    let own = conditions(node, defined, sources);
    let tiers = tiers(node, defined);
    let warnings = warnings(node, defined);
    let first = node.opt_table("first").and_then(|t| pred(t, defined));
    let no_standard = node.opt_text("no_standard");
    let (stages, origin) = (stages?, origin?);
    let mut conditions = vec![Condition {
        code: "stage".to_owned(),
        test: Pred::OneOf(Fact::Stage, stages),
        period: Period::default(),
        origin: origin.clone(),
        says: stage_words(stages),
        steps: 0,
    }];
    if period != Period::default() {
        conditions.push(Condition {
            code: "in_force".to_owned(),
            test: Pred::During(period, Box::new(Pred::Always)),
            period: Period::default(),
            origin,
            says: period_words(period),
            steps: 0,
        });
    }
    conditions.extend(own);
    Some(ProgrammeRules {
        programme: programme?,
        kind: kind?,
        paid_by: paid_by?,
        stages,
        period,
        summary: summary?,
        conditions,
        tiers,
        first,
        warnings,
        no_standard,
        standards: Vec::new(),
        limits: Vec::new(),
    })
}

fn stage_words(stages: u16) -> Text {
    let named: Vec<&Stage> =
        Stage::ALL.iter().enumerate().filter(|(i, _)| stages & (1 << i) != 0).map(|(_, s)| s).collect();
    let zh: Vec<_> = named.iter().map(|s| s.zh()).collect();
    let en: Vec<_> = named.iter().map(|s| s.en()).collect();
    if stages == full(Stage::ALL.len()) {
        return Text::fixed("面向所有学段", "for every stage");
    }
    Text::new(format!("面向{}学段的学生", zh.join("、")), format!("for students of {}", en.join(", ")))
}

fn period_words(period: Period) -> Text {
    match (period.from, period.to) {
        (Some(from), Some(to)) => Text::new(
            format!("自{}起实施，至{}停止", from.zh(), to.zh()),
            format!("in force from {}, ended with {}", from.en(), to.en()),
        ),
        (Some(from), None) => {
            Text::new(format!("自{}起实施", from.zh()), format!("in force from {}", from.en()))
        }
        (None, Some(to)) => Text::new(format!("至{}停止", to.zh()), format!("ended with {}", to.en())),
        (None, None) => Text::fixed("长期实施", "in force"),
    }
}

fn conditions(node: Node<'_>, defined: &Definitions, sources: &Sources) -> Vec<Condition> {
    let mut out: Vec<Condition> = Vec::new();
    for entry in node.tables("condition") {
        entry.only(&["code", "when", "from", "to", "source", "document", "clause", "certainty", "says"]);
        let code = entry.str("code");
        let test = test(entry, defined);
        let period = entry.period();
        let (origin, says) = (sources.origin(entry), entry.text("says"));
        let (Some(code), Some(test)) = (code, test) else { continue };
        let again = out.iter().any(|c| (c.code == code || c.test == test) && c.period.overlaps(&period));
        if again || matches!(code, "stage" | "in_force") {
            entry.fault(
                "code",
                "同一时间内已有相同的条件（代码或内容重复）",
                "the same condition (by code or by content) is already in force at that time",
            );
        }
        if let (Some(origin), Some(says)) = (origin, says) {
            out.push(Condition { code: code.to_owned(), test, period, origin, says, steps: 0 });
        }
    }
    out
}

/// The test of an entry's `when`; one that can never hold is a fault.
fn test(entry: Node<'_>, defined: &Definitions) -> Option<Pred> {
    if entry.value("when").is_none() {
        entry.fault("when", "缺少条件", "the test is missing");
    }
    let test = pred(entry.opt_table("when")?, defined)?;
    if test.never() {
        entry.fault("when", "该条件永远不能成立", "this test can never hold");
        return None;
    }
    Some(test)
}

fn tiers(node: Node<'_>, defined: &Definitions) -> Vec<TierRule> {
    let mut out: Vec<TierRule> = Vec::new();
    for entry in node.tables("tier") {
        entry.only(&["tier", "when", "from", "to"]);
        let tier = code(entry, "tier", Tier::ALL, Tier::code);
        let period = entry.period();
        // A tier without a test is for everyone the rules above have not taken.
        let test = if entry.value("when").is_some() { test(entry, defined) } else { Some(Pred::Always) };
        let (Some(tier), Some(test)) = (tier, test) else { continue };
        let hidden =
            out.iter().any(|r| (r.test == Pred::Always || r.test == test) && r.period.overlaps(&period));
        if hidden {
            entry.fault(
                "tier",
                "前面的档次已包含这一情形，此档永远用不到",
                "a tier above already takes this case: this one can never be reached",
            );
        }
        if out.iter().any(|r| r.tier < tier) {
            entry.fault("tier", "档次应从高到低排列", "tiers stand from the highest down");
        }
        out.push(TierRule { tier, test, period });
    }
    if out.is_empty() && node.value("tier").is_none() {
        node.fault("tier", "至少要有一个档次", "at least one tier is needed");
    }
    out
}

fn warnings(node: Node<'_>, defined: &Definitions) -> Vec<WarningRule> {
    let mut out = Vec::new();
    for entry in node.tables("warning") {
        entry.only(&["code", "when", "clauses", "says", "from", "to"]);
        let (code, test, says) = (entry.str("code"), test(entry, defined), entry.text("says"));
        let clauses = entry.strs("clauses").into_iter().map(str::to_owned).collect();
        let period = entry.period();
        if let (Some(code), Some(test), Some(says)) = (code, test, says) {
            out.push(WarningRule { code: code.to_owned(), test, clauses, says, period });
        }
    }
    out
}
