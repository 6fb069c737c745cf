//! Amounts of a pack: standards and limits from their TOML, and the checks over all of them together.

use super::reader::Node;
use super::rules::{code, stages};
use super::sources::Sources;
use crate::policy::decision::Per;
use crate::policy::known::EITHER;
use crate::policy::programme::ProgrammeRules;
use crate::policy::standard::{Amount, Limit, Standard};
use crate::values::{Fen, Place, Programme, Tier};

const PERS: [Per; 5] = [Per::Once, Per::Term, Per::Year, Per::Month, Per::Day];

const fn per_code(per: Per) -> &'static str {
    match per {
        Per::Once => "once",
        Per::Term => "term",
        Per::Year => "year",
        Per::Month => "month",
        Per::Day => "day",
    }
}

/// Teaching months of a term, for amounts per month.
const MONTHS_A_TERM: i64 = 5;

/// `CN` is the nation.
#[expect(clippy::option_option, reason = "the nation is a place without a code, a fault is no place at all")]
fn place(node: Node<'_>) -> Option<Option<Place>> {
    let text = node.str("place")?;
    if text == "CN" {
        return Some(None);
    }
    let place = Place::parse(text).ok();
    if place.is_none() {
        node.fault("place", "应为行政区划代码，全国写 CN", "must be an area code, or CN for the nation");
    }
    place.map(Some)
}

fn either(node: Node<'_>, key: &str) -> u16 {
    match node.opt_bool(key) {
        Some(true) => 0b10,
        Some(false) => 0b01,
        None => EITHER,
    }
}

/// The amount of a term and a year; a unit that does not fit is a fault.
fn amount(node: Node<'_>, per: Per, days: Option<u16>) -> Option<Amount> {
    let yuan = node.opt_yuan("yuan");
    match node.opt_str("basis") {
        Some("tuition") if per == Per::Term => return Some(Amount::Tuition(yuan)),
        Some("tuition") => {
            node.fault("per", "学费以学期为单位", "a fee is stated per term");
            return None;
        }
        Some("none") if node.value("yuan").is_none() => return Some(Amount::NoFigure),
        Some("none") => {
            node.fault("yuan", "basis = \"none\" 不应再写金额", "with basis = \"none\" there is no amount");
            return None;
        }
        Some(_) => {
            node.fault("basis", "应为 tuition 或 none", "must be tuition or none");
            return None;
        }
        None => {}
    }
    if node.value("yuan").is_none() {
        node.fault("yuan", "缺少金额（元）", "the amount in yuan is missing");
    }
    let fen = yuan?;
    if (per == Per::Day) != days.is_some() {
        node.fault(
            "per",
            "按天计的标准须写每年天数 days，其他单位不写",
            "an amount per day needs `days` a year, other units have none",
        );
        return None;
    }
    let (per_term, per_year) = match per {
        Per::Once => (fen.0, fen.0),
        Per::Term => (fen.0, fen.0 * 2),
        Per::Month => (fen.0 * MONTHS_A_TERM, fen.0 * MONTHS_A_TERM * 2),
        Per::Year => (fen.0 / 2, fen.0),
        Per::Day => (fen.0 * i64::from(days?) / 2, fen.0 * i64::from(days?)),
    };
    if per != Per::Once && per_term * 2 != per_year {
        node.fault("yuan", "全年金额不能平分为两个学期", "the year's amount cannot be halved into terms");
        return None;
    }
    Some(Amount::Fixed { fen, per_term: Fen(per_term), per_year: Fen(per_year) })
}

/// A standard with where it stands, so that checks over several can name a line.
pub(super) struct Placed<'t, T> {
    pub(super) node: Node<'t>,
    pub(super) value: T,
}

/// Reads one `[[standard]]` with the later figures of its `then`.
pub(super) fn standards<'t>(node: Node<'t>, sources: &Sources) -> Vec<Placed<'t, Standard>> {
    let Some(first) = standard(node, sources) else { return Vec::new() };
    let mut out = vec![first];
    for entry in node.tables("then") {
        let Some(last) = out.last_mut() else { break };
        if let Some(next) = next(entry, sources, last) {
            out.push(next);
        }
    }
    out
}

/// A later figure of the same standard: it says what changes, the rest stays, and the figure before it
/// ends where it begins.
fn next<'t>(
    node: Node<'t>,
    sources: &Sources,
    before: &mut Placed<'t, Standard>,
) -> Option<Placed<'t, Standard>> {
    node.only(&["id", "from", "to", "yuan", "days", "source", "document", "clause", "certainty", "note"]);
    let (id, per) = (node.str("id"), before.value.per);
    let days = node.opt_u16("days").or(before.value.days);
    let amount = match before.value.amount {
        Amount::Tuition(_) => Some(Amount::Tuition(node.opt_yuan("yuan"))),
        Amount::Fixed { .. } => amount(node, per, days),
        Amount::NoFigure => {
            node.fault(
                "yuan",
                "没有金额的标准不能有后续金额",
                "a standard without a figure has no later one",
            );
            None
        }
    };
    let (period, origin, remark) = (node.period(), sources.origin(node), node.opt_text("note"));
    if before.value.period.to.is_some() {
        node.fault(
            "from",
            "前一金额不应再写 to：它在此处开始时结束",
            "the figure before must have no `to`: it ends where this one begins",
        );
    }
    if period.from.is_none() {
        node.fault("from", "缺少起始学期", "the term from which it holds is missing");
    }
    before.value.period.to = Some(period.from?);
    if before.value.period.is_empty() {
        node.fault("from", "应晚于前一金额的起始", "must be later than the figure before");
    }
    let value = Standard {
        id: id?.to_owned(),
        amount: amount?,
        days,
        period,
        origin: origin?,
        note: remark,
        ..before.value.clone()
    };
    Some(Placed { node, value })
}

fn standard<'t>(node: Node<'t>, sources: &Sources) -> Option<Placed<'t, Standard>> {
    node.only(&[
        "id",
        "programme",
        "place",
        "stages",
        "boarding",
        "outside_province",
        "tier",
        "yuan",
        "basis",
        "per",
        "days",
        "from",
        "to",
        "floor",
        "source",
        "document",
        "clause",
        "certainty",
        "note",
        "then",
    ]);
    let id = node.str("id");
    let programme = code(node, "programme", Programme::ALL, Programme::code);
    let place = place(node);
    let stages = stages(node);
    let (boarding, outside) = (either(node, "boarding"), either(node, "outside_province"));
    let tier = code(node, "tier", Tier::ALL, Tier::code);
    let per = code(node, "per", &PERS, per_code);
    let days = node.opt_u16("days");
    let amount = per.and_then(|per| amount(node, per, days));
    let (period, floor) = (node.period(), node.opt_bool("floor").unwrap_or(false));
    let (origin, remark) = (sources.origin(node), node.opt_text("note"));
    let value = Standard {
        id: id?.to_owned(),
        programme: programme?,
        place: place?,
        stages: stages?,
        boarding,
        outside,
        tier: tier?,
        amount: amount?,
        per: per?,
        days,
        period,
        floor,
        origin: origin?,
        note: remark,
    };
    Some(Placed { node, value })
}

/// Reads one `[[limit]]`.
pub(super) fn limit<'t>(node: Node<'t>, sources: &Sources) -> Option<Placed<'t, Limit>> {
    node.only(&[
        "id",
        "programme",
        "place",
        "low_yuan",
        "high_yuan",
        "per",
        "from",
        "to",
        "source",
        "document",
        "clause",
        "certainty",
    ]);
    let id = node.str("id");
    let programme = code(node, "programme", Programme::ALL, Programme::code);
    let place = place(node);
    let per = code(node, "per", &[Per::Term, Per::Year], per_code);
    let (low, high) = (node.opt_yuan("low_yuan"), node.opt_yuan("high_yuan"));
    for key in ["low_yuan", "high_yuan"] {
        if node.value(key).is_none() {
            node.fault(key, "缺少金额（元）", "the amount in yuan is missing");
        }
    }
    let (period, origin) = (node.period(), sources.origin(node));
    let halves = if per? == Per::Year { 2 } else { 1 };
    let (low, high) = (low?, high?);
    if low > high {
        node.fault("low_yuan", "下限高于上限", "the low end is above the high end");
    }
    let value = Limit {
        id: id?.to_owned(),
        programme: programme?,
        place: place?,
        low: Fen(low.0 / halves),
        high: Fen(high.0 / halves),
        period,
        origin: origin?,
    };
    Some(Placed { node, value })
}

/// The checks that need all standards: ids, overlaps, gaps, and whether each can be reached.
pub(super) fn check(standards: &[Placed<'_, Standard>], programmes: &[ProgrammeRules]) {
    for (i, one) in standards.iter().enumerate() {
        let (node, s) = (one.node, &one.value);
        for other in standards.iter().take(i) {
            if other.value.id == s.id {
                node.fault(
                    "id",
                    format!("编号已在第 {} 行使用（{}）", other.node.line(), other.node.file.name),
                    format!(
                        "the id is already used in line {} of {}",
                        other.node.line(),
                        other.node.file.name
                    ),
                );
            }
            if same_case(&other.value, s) && other.value.period.overlaps(&s.period) {
                node.fault(
                    "from",
                    format!("与 {} 的时间范围重叠", other.value.id),
                    format!("overlaps with {}", other.value.id),
                );
            }
        }
        match programmes.iter().find(|p| p.programme == s.programme) {
            None => node.fault("programme", "本政策包没有这个项目", "this pack has no such programme"),
            Some(rules) => {
                if rules.stages & s.stages != s.stages {
                    node.fault("stages", "该项目不包含此学段", "the programme is not for this stage");
                }
                if !rules.tiers.iter().any(|t| t.tier == s.tier) {
                    node.fault("tier", "该项目没有这个档次", "the programme has no such tier");
                }
            }
        }
        check_gap(one, standards);
    }
}

/// Two standards for one case differ in time only.
fn same_case(a: &Standard, b: &Standard) -> bool {
    a.programme == b.programme
        && a.place == b.place
        && a.tier == b.tier
        && a.stages & b.stages != 0
        && a.boarding & b.boarding != 0
        && a.outside & b.outside != 0
}

/// A standard that ends must be followed on that very day by the next, if there is a later one.
fn check_gap(one: &Placed<'_, Standard>, standards: &[Placed<'_, Standard>]) {
    let (_, end) = one.value.period.days();
    let later: Vec<_> = standards
        .iter()
        .filter(|o| same_case(&o.value, &one.value) && o.value.period.days().0 >= end)
        .collect();
    if let Some(next) = later.iter().min_by_key(|o| o.value.period.days().0)
        && next.value.period.days().0 > end
    {
        next.node.fault(
            "from",
            format!("与前一标准 {} 之间有空档", one.value.id),
            format!("there is a gap after {}", one.value.id),
        );
    }
}
