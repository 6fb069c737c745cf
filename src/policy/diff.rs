//! What changed from one pack to another, in words: amounts, ranges, conditions, tiers, stacking.
//!
//! Pure. Entries are matched by what they are called (a standard by its id, a condition by programme,
//! code and its place among those of the same code), so that a changed figure is one change and not a
//! removal and an addition.

use std::collections::BTreeMap;

use serde::Serialize;

use super::body::PolicyRef;
use super::decision::Per;
use super::pack::Pack;
use super::period::Period;
use super::standard::{Amount, Limit, Standard};
use crate::values::{Fen, Lang, Place, Programme, Text};

/// 两个政策包的差异 / What changed from one pack to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DiffBody {
    /// 从 / The pack compared from.
    pub from: PolicyRef,
    /// 到 / The pack compared to.
    pub to: PolicyRef,
    /// 内容是否相同 / Whether the two are the same content.
    pub same: bool,
    /// 变化 / The changes, by programme.
    pub changes: Vec<DiffEntry>,
}

/// 一处变化 / One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DiffEntry {
    /// 资助项目；缺省为与项目无关 / The programme; absent where it is of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programme: Option<Programme>,
    /// 什么变了 / standard, limit, condition, tier, warning, programme, stacking, step or rules.
    pub what: &'static str,
    /// 怎么变的 / added, removed or changed.
    pub change: &'static str,
    /// 编号或代码 / Id or code of what changed.
    pub id: String,
    /// 说明 / In words.
    pub message: String,
}

/// One thing that a pack states: its words, and everything about it that decides.
struct Item {
    says: Text,
    decides: String,
}

/// Programme, what, id, and which of several of that id.
type Key = (Option<Programme>, &'static str, String, usize);

/// Compares two packs.
pub fn diff(from: &Pack, to: &Pack, lang: Lang) -> DiffBody {
    let (before, after) = (items(from), items(to));
    let mut changes = Vec::new();
    for (key, old) in &before {
        match after.get(key) {
            None => changes.push(entry(key, "removed", &removed(&old.says), lang)),
            Some(new) if new.decides != old.decides || new.says != old.says => {
                changes.push(entry(key, "changed", &changed(old, new), lang));
            }
            Some(_) => {}
        }
    }
    let added = after.iter().filter(|(key, _)| !before.contains_key(*key));
    changes.extend(added.map(|(key, new)| entry(key, "added", &added_words(&new.says), lang)));
    changes.sort_by_key(|c| {
        let programme = Programme::ALL.iter().position(|p| Some(*p) == c.programme);
        (programme.is_none(), programme, c.what, c.id.clone())
    });
    DiffBody { from: PolicyRef::of(from), to: PolicyRef::of(to), same: from.digest() == to.digest(), changes }
}

fn entry((programme, what, id, _): &Key, change: &'static str, text: &Text, lang: Lang) -> DiffEntry {
    DiffEntry { programme: *programme, what, change, id: id.clone(), message: text.in_lang(lang).to_owned() }
}

fn removed(says: &Text) -> Text {
    Text::new(format!("取消：{}", says.zh), format!("removed: {}", says.en))
}

fn added_words(says: &Text) -> Text {
    Text::new(format!("新增：{}", says.zh), format!("added: {}", says.en))
}

fn changed(old: &Item, new: &Item) -> Text {
    if old.says == new.says {
        return Text::new(
            format!("文字未变，判断内容、依据或条款有变：{}", new.says.zh),
            format!("the same words with another test, source or clause: {}", new.says.en),
        );
    }
    Text::new(
        format!("由“{}”改为“{}”", old.says.zh, new.says.zh),
        format!("from \"{}\" to \"{}\"", old.says.en, new.says.en),
    )
}

/// Everything a pack states.
fn items(pack: &Pack) -> BTreeMap<Key, Item> {
    let mut out = BTreeMap::new();
    let mut put = |programme, what, id: &str, says, decides| {
        let mut nth = 0;
        while out.contains_key(&(programme, what, id.to_owned(), nth)) {
            nth += 1;
        }
        out.insert((programme, what, id.to_owned(), nth), Item { says, decides });
    };
    for s in &pack.standards {
        put(Some(s.programme), "standard", &s.id, standard(s), format!("{s:?}"));
    }
    for l in &pack.limits {
        put(Some(l.programme), "limit", &l.id, limit(l), format!("{l:?}"));
    }
    for rules in &pack.programmes {
        let programme = Some(rules.programme);
        let head = (rules.kind, rules.paid_by, rules.stages, rules.period, &rules.first, &rules.no_standard);
        put(programme, "programme", rules.programme.code(), rules.summary.clone(), format!("{head:?}"));
        for c in &rules.conditions {
            let says = dated(&c.says, c.period);
            put(programme, "condition", &c.code, says, format!("{:?} {:?}", c.test, c.origin));
        }
        for t in &rules.tiers {
            let says = Text::new(format!("档次：{}", t.tier.zh()), format!("tier: {}", t.tier.en()));
            put(programme, "tier", t.tier.code(), dated(&says, t.period), format!("{:?}", t.test));
        }
        for w in &rules.warnings {
            let decides = format!("{:?} {:?}", w.test, w.clauses);
            put(programme, "warning", &w.code, dated(&w.says, w.period), decides);
        }
    }
    for c in &pack.stacking.combinations {
        let codes: Vec<&str> = c.programmes.iter().map(|p| p.code()).collect();
        put(None, "stacking", &codes.join("+"), dated(&c.says, c.period), format!("{:?}", c.origin));
    }
    for s in &pack.steps {
        put(None, "step", &s.code, dated(&s.says, s.period), format!("{s:?}"));
    }
    let head = format!("{:?} {:?} {:?}", pack.period, pack.calendars, pack.proofs);
    let says =
        Text::fixed("起始学期、学期日历或身份证明规则", "first term, term calendars or rules of proof");
    put(None, "rules", "pack", says, head);
    out
}

/// Words with the range in which they hold.
fn dated(says: &Text, period: Period) -> Text {
    let Some((zh, en)) = range(period) else { return says.clone() };
    Text::new(format!("{}（{zh}）", says.zh), format!("{} ({en})", says.en))
}

fn range(period: Period) -> Option<(String, String)> {
    match (period.from, period.to) {
        (None, None) => None,
        (Some(from), None) => Some((format!("{}起", from.zh()), format!("from {}", from.en()))),
        (None, Some(to)) => Some((format!("至{}止，不含", to.zh()), format!("until {}", to.en()))),
        (Some(from), Some(to)) => Some((
            format!("{}起，至{}止，不含", from.zh(), to.zh()),
            format!("from {} until {}", from.en(), to.en()),
        )),
    }
}

fn place(place: Option<&Place>) -> (String, String) {
    let code = place.map(Place::six_digits);
    match code {
        None => ("全国".to_owned(), "the nation".to_owned()),
        Some(code) => (code.clone(), code),
    }
}

const fn per(per: Per) -> (&'static str, &'static str) {
    match per {
        Per::Once => ("一次性", "once"),
        Per::Term => ("每学期", "a term"),
        Per::Year => ("每学年", "a year"),
        Per::Month => ("每月", "a month"),
        Per::Day => ("每天", "a day"),
    }
}

fn standard(s: &Standard) -> Text {
    let (zh_place, en_place) = place(s.place.as_ref());
    let (zh_per, en_per) = per(s.per);
    let amount = match s.amount {
        Amount::Fixed { fen, .. } => {
            Text::new(format!("{zh_per}{}元", fen.yuan()), format!("{} yuan {en_per}", fen.yuan()))
        }
        Amount::Tuition(None) => Text::fixed("按学费", "the fee itself"),
        Amount::Tuition(Some(fen)) => Text::new(
            format!("按学费，公布标准{zh_per}{}元", fen.yuan()),
            format!("the fee, published as {} yuan {en_per}", fen.yuan()),
        ),
        Amount::NoFigure => Text::fixed("无固定金额", "no figure"),
    };
    let words = Text::new(
        format!("{zh_place}，{}，{}", s.tier.zh(), amount.zh),
        format!("{en_place}, {}, {}", s.tier.en(), amount.en),
    );
    dated(&words, s.period)
}

fn limit(l: &Limit) -> Text {
    let (zh, en) = place(l.place.as_ref());
    let (low, high): (Fen, Fen) = (l.low, l.high);
    let words = Text::new(
        format!("{zh}，每学期{}至{}元", low.yuan(), high.yuan()),
        format!("{en}, {} to {} yuan a term", low.yuan(), high.yuan()),
    );
    dated(&words, l.period)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(edits: &[(&str, &str, &str)]) -> Pack {
        let mut files: Vec<(String, String)> = super::super::load::EMBEDDED
            .iter()
            .filter(|(name, _)| !name.starts_with("cases/"))
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        for (file, old, new) in edits {
            let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
            assert!(text.contains(old), "{old}");
            *text = text.replacen(old, new, 1);
        }
        Pack::from_files(files).unwrap_or_else(|faults| panic!("{faults:#?}"))
    }

    fn told(edits: &[(&str, &str, &str)], lang: Lang) -> Vec<(String, &'static str, String)> {
        let (old, new) = (edited(&[]), edited(edits));
        let body = diff(&old, &new, lang);
        assert!(!body.same);
        body.changes.into_iter().map(|c| (format!("{}:{}", c.what, c.id), c.change, c.message)).collect()
    }

    #[test]
    fn a_pack_does_not_differ_from_itself() {
        let pack = edited(&[]);
        let body = diff(&pack, &pack, Lang::Zh);
        assert!(body.same && body.changes.is_empty());
    }

    #[test]
    fn a_changed_amount_is_told_in_yuan_in_both_languages() {
        let edit = [("standards/preschool.toml", "yuan = 800", "yuan = 900")];
        let (zh, en) = (told(&edit, Lang::Zh), told(&edit, Lang::En));
        assert_eq!(zh.len(), 1);
        assert_eq!((zh[0].0.as_str(), zh[0].1), ("standard:PRE-AH-HS", "changed"));
        assert!(
            zh[0].2.contains("每学年800元") && zh[0].2.contains("改为") && zh[0].2.contains("900元"),
            "{zh:?}"
        );
        assert!(en[0].2.contains("800 yuan a year") && en[0].2.contains("900 yuan"), "{en:?}");
    }

    #[test]
    fn a_new_years_standard_is_one_change_and_one_addition() {
        let next = "\n[[standard]]\nid = \"SH-G-27\"\nprogramme = \"senior_high_grant\"\nplace = \"34\"\n\
                    stages = [\"senior_high\"]\ntier = \"top\"\nyuan = 4000\nper = \"year\"\nfrom = \"2027S\"\n\
                    source = \"S08\"\nclause = \"一档4000元\"\n\n[[standard]]";
        let old = edited(&[]);
        let top = old.standards.iter().find(|s| {
            s.programme == Programme::SeniorHighGrant
                && s.tier == crate::values::Tier::Top
                && s.period.to.is_none()
        });
        let id = format!("id = \"{}\"\n", top.unwrap().id);
        let ended = format!("{id}to = \"2027S\"\n");
        let edit = [
            ("standards/senior_high.toml", id.as_str(), ended.as_str()),
            ("standards/senior_high.toml", "[[standard]]", next),
        ];
        let told = told(&edit, Lang::Zh);
        let kinds: Vec<_> = told.iter().map(|(_, change, _)| *change).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(kinds.contains(&"added") && kinds.contains(&"changed"), "{told:?}");
        assert!(told.iter().any(|(_, _, words)| words.contains("2027年春季学期")), "{told:?}");
    }

    #[test]
    fn conditions_tiers_and_stacking_are_compared_by_test_and_by_words() {
        for (edit, id, change) in [
            (
                (
                    "programmes/vocational_grant.toml",
                    "when = { grade = [1, 2] }",
                    "when = { grade = [1, 2, 4] }",
                ),
                "condition:grade",
                "changed",
            ),
            (
                ("programmes/vocational_grant.toml", "zh = \"全日制\"", "zh = \"全日制在校\""),
                "condition:full_time",
                "changed",
            ),
            (
                (
                    "programmes/senior_high_grant.toml",
                    "when = { hardship = \"hard\" }",
                    "when = { hardship = [\"hard\", \"very_hard\"] }",
                ),
                "tier:hard",
                "changed",
            ),
            (
                (
                    "stacking.toml",
                    "\"compulsory_fee_free\", \"compulsory_textbooks\"",
                    "\"compulsory_textbooks\", \"compulsory_fee_free\"",
                ),
                "stacking:compulsory_textbooks+compulsory_fee_free+living_subsidy+nutrition_meals",
                "added",
            ),
            (("pack.toml", "spring = \"02-01\"", "spring = \"02-15\""), "rules:pack", "changed"),
            (
                ("steps.toml", "code = \"disability_card\"", "code = \"disabled_card\""),
                "step:disabled_card",
                "added",
            ),
        ] {
            let told = told(&[edit], Lang::Zh);
            assert!(told.iter().any(|(i, c, _)| i == id && *c == change), "{id}: {told:?}");
        }
    }
}
