//! Warnings in words: what a person must look at, about one programme or about the facts themselves.

use super::body::WarningBody;
use super::decision::Warning;
use super::pack::Pack;
use super::programme::ProgrammeRules;
use super::settle::Notice;
use crate::values::{Lang, Programme, Text};

/// The stable code of a warning.
pub(super) fn warning_code<'p>(pack: &'p Pack, programme: Programme, warning: &Warning) -> &'p str {
    match warning {
        Warning::Rule(i) => {
            pack.programme(programme).and_then(|r| r.warnings.get(*i)).map_or("rule", |w| w.code.as_str())
        }
        Warning::StandardMissing => "standard_missing",
        Warning::StandardUnsourced(_) => "standard_unsourced",
        Warning::FeeDiffers(_) => "fee_differs",
        Warning::BelowFloor(..) => "below_floor",
        Warning::OutsideRange(..) => "outside_range",
    }
}

/// A warning of one programme, in words.
pub(super) fn warning(warning: &Warning, pack: &Pack, rules: &ProgrammeRules, lang: Lang) -> WarningBody {
    let clause = |i: &usize| pack.standards.get(*i).map(|s| s.origin.clause.clone());
    let (text, clauses): (Text, Vec<String>) = match warning {
        Warning::Rule(i) => match rules.warnings.get(*i) {
            Some(rule) => (rule.says.clone(), rule.clauses.clone()),
            None => (Text::fixed("", ""), Vec::new()),
        },
        Warning::StandardMissing => (
            rules.no_standard.clone().unwrap_or(Text::fixed(
                "本地没有可查的资助标准，金额待当地教育、财政部门确认",
                "this place has no sourced standard: the amount awaits the local education and finance offices",
            )),
            Vec::new(),
        ),
        Warning::StandardUnsourced(i) => (
            Text::fixed(
                "该标准尚未找到出处，发放前请核对文件",
                "no source has been found for this standard yet: check the document before paying",
            ),
            clause(i).into_iter().collect(),
        ),
        Warning::FeeDiffers(i) => (
            Text::fixed(
                "本校学费与当地公布的标准不同，按公布的标准计算，请核对",
                "the school's fee differs from the one its place publishes; the published one was used: check it",
            ),
            clause(i).into_iter().collect(),
        ),
        Warning::BelowFloor(local, floor) => (
            Text::fixed(
                "本地标准低于上级规定的最低标准，请核对",
                "the local standard is below the floor set above it: check it",
            ),
            [clause(local), clause(floor)].into_iter().flatten().collect(),
        ),
        Warning::OutsideRange(local, limit) => (
            Text::fixed(
                "本地标准超出上级规定的范围，请核对",
                "the local standard is outside the range set above it: check it",
            ),
            [clause(local), pack.limits.get(*limit).map(|l| l.origin.clause.clone())]
                .into_iter()
                .flatten()
                .collect(),
        ),
    };
    WarningBody {
        code: warning_code(pack, rules.programme, warning).to_owned(),
        message: text.in_lang(lang).to_owned(),
        clauses,
    }
}

/// A remark on the facts, in words.
pub(super) fn notice(notice: &Notice, lang: Lang) -> WarningBody {
    let (code, text) = match notice {
        Notice::PlaceEnded(fact, now) => (
            "place_ended",
            Text::new(
                format!("“{}”的区划代码在该日期已撤销，按接续的 {now} 判定，请更新", fact.name().zh),
                format!(
                    "the {} had ended by the date; its successor {now} was used: update it",
                    fact.name().en
                ),
            ),
        ),
        Notice::PlaceSplit(fact, into) if into.is_empty() => (
            "place_ended",
            Text::new(
                format!("“{}”的区划代码在该日期已撤销，没有接续代码，请核对", fact.name().zh),
                format!("the {} had ended by the date and has no successor: check it", fact.name().en),
            ),
        ),
        Notice::PlaceSplit(fact, into) => (
            "place_split",
            Text::new(
                format!(
                    "“{}”的区划代码在该日期已撤销，分为 {}，请改用其中之一",
                    fact.name().zh,
                    into.join("、")
                ),
                format!(
                    "the {} had been split into {} by the date: give one of them",
                    fact.name().en,
                    into.join(", ")
                ),
            ),
        ),
        Notice::PlaceUnknown(fact) => (
            "place_unknown",
            Text::new(
                format!("区划代码表中从未有过“{}”所填的代码，只能按全国规定判定，请核对", fact.name().zh),
                format!(
                    "the {} is in no list of area codes: only national rules apply, check it",
                    fact.name().en
                ),
            ),
        ),
    };
    WarningBody { code: code.to_owned(), message: text.in_lang(lang).to_owned(), clauses: Vec::new() }
}
