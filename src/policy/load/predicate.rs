//! Conditions as an officer writes them, compiled to sets of values.
//!
//! A test is a table; all of its keys must hold. A key is the path of a fact (with one value or a list
//! of allowed ones), a group (`all`, `any`, `not`), a definition used by name (`defined`), a range
//! (`from`, `to`: outside it the test does not hold) or `local_rule` (where the inner test holds, the
//! answer is left to the locality and counts as unknown).

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::reader::{Node, integer, nodes};
use crate::policy::condition::Pred;
use crate::policy::fact::{Fact, Kind};
use crate::policy::known::bit;
use crate::values::{Category, EvidenceKind, Place};

/// The definitions read so far, by name.
pub(super) type Definitions = BTreeMap<String, Pred>;

/// Compiles a test; `None` when any part of it is at fault.
pub(super) fn pred(node: Node<'_>, defined: &Definitions) -> Option<Pred> {
    let mut parts = Vec::new();
    let mut sound = true;
    for (key, _) in node.table {
        let name = key.get_ref().as_ref();
        if matches!(name, "from" | "to") {
            continue;
        }
        match part(node, name, defined) {
            Some(part) => parts.push(part),
            None => sound = false,
        }
    }
    if node.table.is_empty() {
        node.file.fault(node.at, node.name, "条件为空", "the test is empty");
        return None;
    }
    let dated = node.value("from").is_some() || node.value("to").is_some();
    let period = dated.then(|| node.period());
    if !sound {
        return None;
    }
    let whole = match parts.len() {
        0 => Pred::Always,
        1 => parts.swap_remove(0),
        _ => Pred::All(parts.into_boxed_slice()),
    };
    Some(match period {
        Some(period) => Pred::During(period, Box::new(whole)),
        None => whole,
    })
}

fn part(node: Node<'_>, key: &str, defined: &Definitions) -> Option<Pred> {
    let value = node.value(key)?;
    let inner = |name| {
        if let DeValue::Table(table) = value.get_ref() {
            pred(Node { file: node.file, table, at: value.span().start, name }, defined)
        } else {
            node.fault(key, "应为一个条件", "must be a test");
            None
        }
    };
    match key {
        "all" => group(node, "all", defined).map(Pred::All),
        "any" => group(node, "any", defined).map(Pred::Any),
        "not" => inner("not").map(|p| Pred::Not(Box::new(p))),
        "local_rule" => inner("local_rule").map(|p| Pred::LocalRule(Box::new(p))),
        "defined" => {
            let name = node.opt_str(key)?;
            let found = defined.get(name).cloned();
            if found.is_none() {
                node.fault(
                    key,
                    format!("没有名为 {name} 的定义（定义须写在使用之前）"),
                    format!("there is no definition {name} (a definition stands before its use)"),
                );
            }
            found
        }
        _ => fact_test(node, key),
    }
}

fn group(node: Node<'_>, key: &'static str, defined: &Definitions) -> Option<Box<[Pred]>> {
    let tests = nodes(node.file, key, node.value(key)?);
    if tests.is_empty() {
        node.fault(key, "条件组为空", "the group is empty");
        return None;
    }
    // Every member is compiled before giving up, so that every fault is told.
    let compiled: Vec<Option<Pred>> = tests.into_iter().map(|t| pred(t, defined)).collect();
    compiled.into_iter().collect()
}

fn fact_test(node: Node<'_>, key: &str) -> Option<Pred> {
    let Some(fact) = Fact::from_path(key) else {
        node.fault(
            key,
            "没有这项事实；请用事实的路径，例如 stage、school.ownership、categories",
            "there is no such fact: use a path such as stage, school.ownership or categories",
        );
        return None;
    };
    match fact.kind() {
        Kind::Flag => node.opt_bool(key).map(|flag| Pred::OneOf(fact, if flag { 0b10 } else { 0b01 })),
        Kind::Number(most) => numbers(node, key, most).map(|set| Pred::OneOf(fact, set)),
        Kind::Code(list) => codes(node, key, &list.codes()).map(|set| Pred::OneOf(fact, set)),
        Kind::Categories => {
            let all: Vec<_> = Category::ALL.iter().map(|c| c.code()).collect();
            codes(node, key, &all).map(Pred::AnyCategory)
        }
        Kind::Evidence => {
            let all: Vec<_> = EvidenceKind::ALL.iter().map(|c| c.code()).collect();
            codes(node, key, &all).map(Pred::AnyEvidence)
        }
        Kind::Place => places(node, key).map(|p| Pred::Within(fact, p)),
        Kind::Money | Kind::Rule => {
            node.fault(key, "条件不能使用这项事实", "a test cannot use this fact");
            None
        }
    }
}

fn numbers(node: Node<'_>, key: &str, most: u8) -> Option<u16> {
    let value = node.value(key)?.get_ref();
    let items: Vec<Option<i64>> = match value {
        DeValue::Array(items) => items.iter().map(|v| integer(v.get_ref())).collect(),
        other => vec![integer(other)],
    };
    if items.is_empty() {
        node.fault(key, "列表为空", "the list is empty");
        return None;
    }
    let mut set = 0;
    for item in items {
        let number = item.and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=u32::from(most)).contains(n));
        if let Some(number) = number {
            set |= 1 << number;
        } else {
            node.fault(
                key,
                format!("应为 1 到 {most} 的整数或其列表"),
                format!("must be a number from 1 to {most}, or a list of such"),
            );
            return None;
        }
    }
    Some(set)
}

/// A set of codes of a closed list.
pub(super) fn codes(node: Node<'_>, key: &str, all: &[&str]) -> Option<u16> {
    let words = node.strs(key);
    let mut set = 0;
    let mut sound = !words.is_empty();
    if words.is_empty() {
        node.fault(key, "列表为空", "the list is empty");
    }
    for word in words {
        let one = bit(all, &word);
        if one == 0 {
            node.fault(
                key,
                format!("没有代码 {word}；可用的代码：{}", all.join("、")),
                format!("there is no code {word}; the codes are {}", all.join(", ")),
            );
            sound = false;
        }
        set |= one;
    }
    sound.then_some(set)
}

fn places(node: Node<'_>, key: &str) -> Option<Box<[Place]>> {
    let mut out = Vec::new();
    for word in node.strs(key) {
        if let Ok(place) = Place::parse(word) {
            out.push(place);
        } else {
            node.fault(key, format!("{word} 不是行政区划代码"), format!("{word} is no area code"));
            return None;
        }
    }
    Some(out.into_boxed_slice())
}
