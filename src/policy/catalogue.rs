//! The pack as a document: every programme with its conditions in words and its amounts with history.

use chrono::NaiveDate;
use serde::Serialize;

use super::body::PolicyRef;
use super::decision::{BenefitKind, Per};
use super::pack::Pack;
use super::period::Period;
use super::programme::{Condition, PaidBy, ProgrammeRules};
use super::standard::{Amount, Certainty, Limit, Origin, Standard};
use crate::values::{Fen, Lang, Place, Programme, Stage, Text, Tier};

/// 资助项目目录 / What a pack holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CatalogueBody {
    /// 政策包 / The pack.
    pub policy: PolicyRef,
    /// 名称 / Its title.
    pub title: String,
    /// 资助项目 / The programmes, in a fixed order.
    pub programmes: Vec<CatalogueProgramme>,
    /// 来源 / The sources that conditions and amounts name.
    pub sources: Vec<CatalogueSource>,
}

/// 一个资助项目 / One programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CatalogueProgramme {
    /// 代码 / Code.
    pub programme: Programme,
    /// 名称 / Name.
    pub name: String,
    /// 简介 / What it is.
    pub summary: String,
    /// 形式 / What form its benefit takes.
    pub kind: BenefitKind,
    /// 由谁发放 / Who pays.
    pub paid_by: PaidBy,
    /// 适用学段 / Stages.
    pub stages: Vec<Stage>,
    /// 条件 / Conditions.
    pub conditions: Vec<CatalogueCondition>,
    /// 标准 / Amounts, past ones included.
    pub standards: Vec<CatalogueStandard>,
    /// 上级规定的范围 / Ranges set above.
    pub limits: Vec<CatalogueLimit>,
    /// 可同时享受的项目 / What may be had together with it.
    pub combines_with: Vec<CatalogueStacking>,
    /// 互斥的项目 / What excludes it, or is excluded by it.
    pub excludes: Vec<CatalogueStacking>,
}

/// 叠加或互斥 / Another programme and how the two stand to each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CatalogueStacking {
    /// 另一项目 / The other programme.
    pub programme: Programme,
    /// 说明 / In words.
    pub message: String,
    /// 条款 / Clause.
    pub clause: String,
    /// 来源编号 / Key of its source.
    pub source: String,
    /// 可靠程度 / How sure it is.
    pub certainty: Certainty,
    /// 施行时间 / When it holds.
    #[serde(flatten)]
    pub period: CataloguePeriod,
}

/// 起止（止日不含） / A half-open range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CataloguePeriod {
    /// 起（含）：学期或日期 / The first term or date in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// 止（不含） / The first term or date out; absent = in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// 按通用学期日历的起始日 / The first day in, by the common calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_day: Option<NaiveDate>,
    /// 按通用学期日历的终止日（不含） / The first day out, by the common calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_day: Option<NaiveDate>,
}

/// 一项条件 / One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CatalogueCondition {
    /// 代码 / Code.
    pub code: String,
    /// 要求 / What it demands.
    pub message: String,
    /// 条款 / Clause.
    pub clause: String,
    /// 来源编号 / Key of its source.
    pub source: String,
    /// 可靠程度 / How sure it is.
    pub certainty: Certainty,
    /// 施行时间 / When it is in force.
    #[serde(flatten)]
    pub period: CataloguePeriod,
}

/// 一条标准 / One amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CatalogueStandard {
    /// 编号 / Id.
    pub id: String,
    /// 区划代码，CN 为全国 / Area code, CN for the nation.
    #[schema(example = "341722")]
    pub place: String,
    /// 学段 / Stages.
    pub stages: Vec<Stage>,
    /// 是否寄宿；缺省为不区分 / Boarding or not; absent = either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boarding: Option<bool>,
    /// 是否跨省就读；缺省为不区分 / Outside the home province or not; absent = either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside_province: Option<bool>,
    /// 档次 / Tier.
    pub tier: Tier,
    /// 怎样计算 / fixed: a figure; tuition: the fee itself; none: no figure.
    pub basis: &'static str,
    /// 金额（分） / The amount in fen for one `per`.
    #[schema(value_type = Option<i64>)]
    pub fen: Option<Fen>,
    /// 单位 / Unit.
    pub per: Per,
    /// 每年天数 / Days a year, for amounts per day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
    /// 是否为下级不得低于的底线 / Whether narrower places may not pay less.
    pub floor: bool,
    /// 条款 / Clause.
    pub clause: String,
    /// 文件 / Document.
    pub document: String,
    /// 来源编号 / Key of its source.
    pub source: String,
    /// 可靠程度 / How sure it is.
    pub certainty: Certainty,
    /// 备注 / Remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// 施行时间 / When it holds.
    #[serde(flatten)]
    pub period: CataloguePeriod,
}

/// 一个范围 / A range set above, for one term in fen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CatalogueLimit {
    /// 编号 / Id.
    pub id: String,
    /// 区划代码，CN 为全国 / Area code, CN for the nation.
    pub place: String,
    /// 每学期最低（分） / The least a term.
    #[schema(value_type = i64)]
    pub low_fen: Fen,
    /// 每学期最高（分） / The most a term.
    #[schema(value_type = i64)]
    pub high_fen: Fen,
    /// 条款 / Clause.
    pub clause: String,
    /// 来源编号 / Key of its source.
    pub source: String,
    /// 可靠程度 / How sure it is.
    pub certainty: Certainty,
    /// 施行时间 / When it holds.
    #[serde(flatten)]
    pub period: CataloguePeriod,
}

/// 一个来源 / A source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CatalogueSource {
    /// 编号 / Key.
    pub id: String,
    /// 名称 / What it is.
    pub title: String,
    /// 可靠程度 / How it was seen.
    pub certainty: Certainty,
}

impl Pack {
    /// Everything the pack holds, in words, past amounts included.
    pub fn programmes_body(&self, lang: Lang) -> CatalogueBody {
        CatalogueBody {
            policy: PolicyRef::of(self),
            title: self.title.in_lang(lang).to_owned(),
            programmes: self.programmes.iter().map(|p| programme(self, p, lang)).collect(),
            sources: self
                .sources
                .iter()
                .map(|s| CatalogueSource {
                    id: s.id.clone(),
                    title: s.title.in_lang(lang).to_owned(),
                    certainty: s.certainty,
                })
                .collect(),
        }
    }
}

fn programme(pack: &Pack, rules: &ProgrammeRules, lang: Lang) -> CatalogueProgramme {
    let mut standards: Vec<&Standard> =
        rules.standards.iter().filter_map(|i| pack.standards.get(*i)).collect();
    // By place from the widest, then through time.
    standards.sort_by_key(|s| (s.place.clone(), s.stages, s.boarding, s.tier, s.period.days().0));
    CatalogueProgramme {
        programme: rules.programme,
        name: super::body::name(rules.programme, lang).to_owned(),
        summary: rules.summary.in_lang(lang).to_owned(),
        kind: rules.kind,
        paid_by: rules.paid_by,
        stages: stages(rules.stages),
        conditions: rules.conditions.iter().map(|c| condition(c, lang)).collect(),
        standards: standards.into_iter().map(|s| standard(s, lang)).collect(),
        limits: rules.limits.iter().filter_map(|i| pack.limits.get(*i)).map(limit).collect(),
        combines_with: combines_with(pack, rules.programme, lang),
        excludes: excludes(pack, rules.programme, lang),
    }
}

fn combines_with(pack: &Pack, own: Programme, lang: Lang) -> Vec<CatalogueStacking> {
    let mut out: Vec<CatalogueStacking> = Vec::new();
    for c in pack.stacking.combinations.iter().filter(|c| c.programmes.contains(&own)) {
        for other in c.programmes.iter().filter(|p| **p != own) {
            if !out.iter().any(|s| s.programme == *other) {
                out.push(stacking(*other, &c.says, &c.origin, c.period, lang));
            }
        }
    }
    out
}

fn excludes(pack: &Pack, own: Programme, lang: Lang) -> Vec<CatalogueStacking> {
    let touching = pack.stacking.exclusions.iter().filter(|e| e.keep == own || e.drop == own);
    touching
        .map(|e| {
            let other = if e.keep == own { e.drop } else { e.keep };
            stacking(other, &e.says, &e.origin, e.period, lang)
        })
        .collect()
}

fn stacking(other: Programme, says: &Text, origin: &Origin, when: Period, lang: Lang) -> CatalogueStacking {
    CatalogueStacking {
        programme: other,
        message: says.in_lang(lang).to_owned(),
        clause: origin.clause.clone(),
        source: origin.source.clone(),
        certainty: origin.certainty,
        period: period(when),
    }
}

fn stages(set: u16) -> Vec<Stage> {
    Stage::ALL.iter().enumerate().filter(|(i, _)| set & (1 << i) != 0).map(|(_, s)| *s).collect()
}

fn period(period: Period) -> CataloguePeriod {
    CataloguePeriod {
        from: period.from.map(|e| e.to_string()),
        to: period.to.map(|e| e.to_string()),
        from_day: period.from.map(super::period::Edge::day),
        to_day: period.to.map(super::period::Edge::day),
    }
}

fn condition(condition: &Condition, lang: Lang) -> CatalogueCondition {
    CatalogueCondition {
        code: condition.code.clone(),
        message: condition.says.in_lang(lang).to_owned(),
        clause: condition.origin.clause.clone(),
        source: condition.origin.source.clone(),
        certainty: condition.origin.certainty,
        period: period(condition.period),
    }
}

fn place(place: Option<&Place>) -> String {
    place.map_or_else(|| "CN".to_owned(), Place::to_string)
}

const fn either(set: u16) -> Option<bool> {
    match set {
        0b01 => Some(false),
        0b10 => Some(true),
        _ => None,
    }
}

fn standard(standard: &Standard, lang: Lang) -> CatalogueStandard {
    let (basis, fen) = match standard.amount {
        Amount::Fixed { fen, .. } => ("fixed", Some(fen)),
        Amount::Tuition(published) => ("tuition", published),
        Amount::NoFigure => ("none", None),
    };
    CatalogueStandard {
        id: standard.id.clone(),
        place: place(standard.place.as_ref()),
        stages: stages(standard.stages),
        boarding: either(standard.boarding),
        outside_province: either(standard.outside),
        tier: standard.tier,
        basis,
        fen,
        per: standard.per,
        days: standard.days,
        floor: standard.floor,
        clause: standard.origin.clause.clone(),
        document: standard.origin.document.clone(),
        source: standard.origin.source.clone(),
        certainty: standard.origin.certainty,
        note: standard.note.as_ref().map(|n| n.in_lang(lang).to_owned()),
        period: period(standard.period),
    }
}

fn limit(limit: &Limit) -> CatalogueLimit {
    CatalogueLimit {
        id: limit.id.clone(),
        place: place(limit.place.as_ref()),
        low_fen: limit.low,
        high_fen: limit.high,
        clause: limit.origin.clause.clone(),
        source: limit.origin.source.clone(),
        certainty: limit.origin.certainty,
        period: period(limit.period),
    }
}
