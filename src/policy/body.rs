//! The decision as the API answers it: every code beside a sentence in the reader's language.

use chrono::NaiveDate;
use serde::Serialize;

use super::decision::{
    BenefitKind, Decision, FenRange, Missing, Outcome, Per, ProgrammeDecision, Reason, Route, Sum,
};
use super::fact::Fact;
use super::pack::Pack;
use super::programme::{PaidBy, ProgrammeRules};
use super::receipt::Receipt;
use super::spoken::Spoken;
use super::warn::{notice, warning};
use crate::values::{Fen, Lang, Programme, Term, Text, Tier};

/// 资格判定 / The decision about one student on one date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DecisionBody {
    /// 判定日期 / The date asked about.
    pub as_of: NaiveDate,
    /// 学期 / The term in which it lies.
    #[schema(value_type = String, example = "2017A")]
    pub term: Term,
    /// 政策依据 / The pack that decided.
    pub policy: PolicyRef,
    /// 认定路径 / direct: on the provincial list; with_proof: off it with the handbook or the county's
    /// certificate; assessed: by the school or another category; none.
    pub route: Route,
    /// 各资助项目的判定 / One verdict per programme, in a fixed order.
    #[schema(value_type = Vec<ProgrammeBody>)]
    pub programmes: Vec<Verdict>,
    /// 合计 / Sums over the eligible programmes.
    pub totals: TotalsBody,
    /// 对事实本身的提示 / Remarks on the facts themselves, e.g. an area code that has ended.
    pub warnings: Vec<WarningBody>,
    /// 判定凭据 / What this decision was made of; post it to `/v1/eligibility/replays` to get it again.
    pub receipt: Receipt,
}

/// 政策包 / Which pack decided; the digest changes with any rule or amount in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PolicyRef {
    /// 政策包编号 / Id of the pack.
    #[schema(example = "cn-ah")]
    pub pack: String,
    /// 版本 / Semantic version.
    pub version: String,
    /// 摘要 / SHA-256 in hex.
    pub digest: String,
}

/// The verdict on one programme: made for this decision, or one that the pack keeps as JSON. Both are written
/// alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Verdict {
    /// A kept one.
    Kept(Spoken),
    /// One of this decision.
    Made(Box<ProgrammeBody>),
}

/// 一个项目的判定 / The verdict on one programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ProgrammeBody {
    /// 资助项目 / Programme code.
    pub programme: Programme,
    /// 项目名称 / Its name.
    pub name: &'static str,
    /// 结论 / eligible, ineligible or undetermined.
    pub outcome: Outcome,
    /// 应享待遇 / What is due; absent when ineligible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benefit: Option<BenefitBody>,
    /// 优先次序（1 最先） / 1 = first in line; null where no order is set.
    pub priority: Option<u8>,
    /// 由谁发放 / Who pays: the place of study or the household's county.
    pub paid_by: PaidBy,
    /// 理由 / Every condition, how it came out and where it comes from.
    #[schema(value_type = Vec<ReasonBody>)]
    pub reasons: Vec<Spoken>,
    /// 缺少的事实 / What is not known and matters; never empty when undetermined.
    pub missing: Vec<MissingBody>,
    /// 提示 / What a person must look at.
    pub warnings: Vec<WarningBody>,
    /// 怎样可以改变 / When ineligible: the smallest sets of papers or assessments, each sufficient by
    /// itself, with which the student would be eligible; empty when nothing that can be provided helps.
    pub what_would_change: Vec<ChangeBody>,
}

/// 一组材料或认定 / Papers or assessments that together would make the student eligible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChangeBody {
    /// 全部需要 / All of these are needed.
    #[schema(value_type = Vec<StepBody>)]
    pub steps: Vec<Spoken>,
}

/// 一份材料或一项认定 / One paper or assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StepBody {
    /// 代码 / Code.
    pub code: String,
    /// 涉及的事实 / The facts it would settle.
    pub facts: Vec<&'static str>,
    /// 由谁提供 / Who provides it.
    pub who: String,
    /// 说明 / What to do.
    pub message: String,
    /// 条款 / Clause.
    pub clause: String,
}

/// 待遇 / What is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BenefitBody {
    /// 形式 / cash, waiver, in_kind, loan or service.
    pub kind: BenefitKind,
    /// 档次 / The tier; null while undecided.
    pub tier: Option<Tier>,
    /// 金额（分） / The amount for one `per`, in fen; null when there is none or it is undecided.
    #[schema(value_type = Option<i64>, example = 150_000)]
    pub fen: Option<Fen>,
    /// 单位 / What `fen` is for.
    pub per: Per,
    /// 每学期金额（分） / For one term, in fen.
    #[schema(value_type = Option<i64>, example = 150_000)]
    pub fen_per_term: Option<Fen>,
    /// 每学年金额（分） / For one school year, in fen.
    #[schema(value_type = Option<i64>, example = 300_000)]
    pub fen_per_year: Option<Fen>,
    /// 所依据的标准 / Id of the standard, when decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
    /// 标准来源的可靠程度 / How sure the amount's source is: A, A*, B, C.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certainty: Option<&'static str>,
}

/// 一项条件 / One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ReasonBody {
    /// 条件代码 / Its code within the programme.
    pub code: String,
    /// 是否满足；null 为尚不清楚 / true, false, or null = not known.
    pub met: Option<bool>,
    /// 条款 / Clause.
    #[schema(example = "plan:2.3")]
    pub clause: String,
    /// 文件 / Document.
    pub source: String,
    /// 说明 / In words.
    pub message: String,
}

/// 缺少的一项事实 / A fact that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MissingBody {
    /// 事实 / Its path in the facts.
    #[schema(example = "student.boarding")]
    pub fact: &'static str,
    /// 由谁提供 / Who can supply it.
    pub who: String,
    /// 说明 / In words.
    pub message: String,
    /// 可能的结果 / The possible results a term, over every completion of the missing facts.
    pub range: Option<RangeBody>,
}

/// 每学期金额范围（分） / A range a term, in fen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RangeBody {
    /// 最低 / The least.
    #[schema(value_type = i64, example = 31_250)]
    pub low_fen: Fen,
    /// 最高；null 为无法确定 / The most; null when nothing bounds it.
    #[schema(value_type = Option<i64>, example = 62_500)]
    pub high_fen: Option<Fen>,
}

/// 提示 / Something a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct WarningBody {
    /// 代码 / Code.
    pub code: String,
    /// 说明 / In words.
    pub message: String,
    /// 涉及条款 / Clauses concerned.
    pub clauses: Vec<String>,
}

/// 合计 / Sums over the eligible programmes whose amount is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TotalsBody {
    /// 现金 / Cash.
    pub cash: SumBody,
    /// 减免 / Fees not charged.
    pub waived: SumBody,
    /// 实物 / In kind.
    pub in_kind: SumBody,
    /// 金额未定而未计入的项目数 / Programmes left out because outcome or amount is open.
    pub open: usize,
}

/// 每学期、每学年（分） / A term and a year, in fen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SumBody {
    /// 每学期 / A term.
    #[schema(value_type = i64)]
    pub fen_per_term: Fen,
    /// 每学年 / A year.
    #[schema(value_type = i64)]
    pub fen_per_year: Fen,
}

impl From<Sum> for SumBody {
    fn from(sum: Sum) -> Self {
        Self { fen_per_term: sum.per_term, fen_per_year: sum.per_year }
    }
}

impl PolicyRef {
    /// How answers name this pack.
    pub fn of(pack: &Pack) -> Self {
        Self {
            pack: pack.id().to_owned(),
            version: pack.version().to_owned(),
            digest: pack.digest().to_owned(),
        }
    }
}

impl Decision {
    /// The decision in words. `pack` must be the pack that made it.
    pub fn body(&self, pack: &Pack, lang: Lang) -> DecisionBody {
        DecisionBody {
            as_of: self.as_of,
            term: self.term,
            policy: PolicyRef::of(pack),
            route: self.route,
            programmes: self.programmes.iter().filter_map(|p| verdict(p, pack, lang)).collect(),
            totals: TotalsBody {
                cash: self.totals.cash.into(),
                waived: self.totals.waived.into(),
                in_kind: self.totals.in_kind.into(),
                open: self.totals.open,
            },
            warnings: self.notices.iter().map(|n| notice(n, lang)).collect(),
            receipt: Receipt::of(pack, &self.facts, lang),
        }
    }
}

fn verdict(decision: &ProgrammeDecision, pack: &Pack, lang: Lang) -> Option<Verdict> {
    let at = pack.programmes.iter().position(|p| p.programme == decision.programme)?;
    let kept = pack.phrases.elsewhere(at, decision, lang).map(Verdict::Kept);
    kept.or_else(|| Some(Verdict::Made(Box::new(made(at, pack.programmes.get(at)?, decision, pack, lang)))))
}

/// The verdict on a programme whose first condition is not met.
pub(super) fn elsewhere(rules: &ProgrammeRules, why: Option<Spoken>, lang: Lang) -> ProgrammeBody {
    ProgrammeBody {
        programme: rules.programme,
        name: name(rules.programme, lang),
        outcome: Outcome::Ineligible,
        benefit: None,
        priority: None,
        paid_by: rules.paid_by,
        reasons: why.into_iter().collect(),
        missing: Vec::new(),
        warnings: Vec::new(),
        what_would_change: Vec::new(),
    }
}

/// `at` is the programme's place in the pack.
fn made(
    at: usize,
    rules: &ProgrammeRules,
    decision: &ProgrammeDecision,
    pack: &Pack,
    lang: Lang,
) -> ProgrammeBody {
    let said = |r: &Reason| pack.phrases.reason(at, r.condition, r.truth, lang);
    let benefit = decision.benefit.map(|b| {
        let standard = b.standard.and_then(|i| pack.standards.get(i));
        BenefitBody {
            kind: b.kind,
            tier: b.tier,
            fen: b.fen,
            per: b.per,
            fen_per_term: b.fen_per_term,
            fen_per_year: b.fen_per_year,
            standard: standard.map(|s| s.id.clone()),
            certainty: standard.map(|s| s.origin.certainty.mark()),
        }
    });
    ProgrammeBody {
        programme: decision.programme,
        name: name(decision.programme, lang),
        outcome: decision.outcome,
        benefit,
        priority: decision.priority,
        paid_by: rules.paid_by,
        reasons: decision.reasons.iter().filter_map(said).collect(),
        missing: decision.missing.iter().map(|m| missing(m, rules, lang)).collect(),
        warnings: decision.warnings.iter().map(|w| warning(w, pack, rules, lang)).collect(),
        what_would_change: decision.changes.iter().map(|set| change(set, pack, lang)).collect(),
    }
}

/// A programme's name.
pub(super) const fn name(programme: Programme, lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => programme.zh(),
        Lang::En => programme.en(),
    }
}

fn change(set: &[usize], pack: &Pack, lang: Lang) -> ChangeBody {
    ChangeBody { steps: set.iter().filter_map(|at| pack.phrases.step(*at, lang)).collect() }
}

fn missing(missing: &Missing, rules: &ProgrammeRules, lang: Lang) -> MissingBody {
    let fact = missing.fact;
    let (name, who) = (fact.name(), fact.who());
    let text = match (fact, &rules.no_standard) {
        (Fact::Standard, Some(text)) => text.clone(),
        _ => Text::new(
            format!("需要了解“{}”，请向{}核实", name.zh, who.zh),
            format!("\"{}\" is needed: ask {}", name.en, who.en),
        ),
    };
    MissingBody {
        fact: fact.path(),
        who: who.in_lang(lang).to_owned(),
        message: text.in_lang(lang).to_owned(),
        range: missing.range.map(|FenRange { low, high }| RangeBody { low_fen: low, high_fen: high }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::decide::decide;
    use super::*;

    #[test]
    fn a_kept_verdict_is_the_one_that_would_be_made() {
        let pack = Pack::embedded().unwrap();
        let facts = serde_json::from_str(
            r#"{"as_of":"2024-10-10","place":"341024","student":{"stage":"primary","grade":3,"state":"enrolled"}}"#,
        )
        .unwrap();
        let decision = decide(&pack, &facts);
        for lang in [Lang::Zh, Lang::En] {
            let mut kept = 0;
            for (at, (rules, decided)) in pack.programmes.iter().zip(&decision.programmes).enumerate() {
                let told = verdict(decided, &pack, lang).unwrap();
                kept += usize::from(matches!(told, Verdict::Kept(_)));
                let made = made(at, rules, decided, &pack, lang);
                assert_eq!(serde_json::to_string(&told).unwrap(), serde_json::to_string(&made).unwrap());
            }
            assert!(kept > 5 && kept < decision.programmes.len(), "{kept}");
        }
    }
}
