//! Golden cases of a pack, read from TOML: facts by template and change, and what must come out.

use serde_json::Value;

use super::reader::{Node, json};
use super::sources::Sources;
use crate::policy::cases::{Case, Expect};
use crate::policy::facts::Facts;
use crate::values::{Fen, Programme};

/// Reads the `[[case]]` entries of one file. A case may be `like` one of the file's `[facts.NAME]`,
/// with `given` laid over it and the paths in `unknown` taken away.
pub(super) fn cases(node: Node<'_>, sources: &Sources) -> Vec<Case> {
    node.only(&["facts", "case"]);
    let templates = node.value("facts").map_or(Value::Null, |v| json(v.get_ref()));
    node.tables("case").into_iter().filter_map(|entry| case(entry, &templates, sources)).collect()
}

fn case(node: Node<'_>, templates: &Value, sources: &Sources) -> Option<Case> {
    node.only(&["name", "on", "like", "given", "unknown", "source", "expect", "route"]);
    let (name, on) = (node.str("name"), node.str("on"));
    let source = sources.find(node, "source");
    let mut facts = Value::Object(serde_json::Map::new());
    if let Some(like) = node.opt_str("like") {
        match templates.get(like) {
            Some(template) => merge(&mut facts, template),
            None => node.fault("like", "没有这个事实模板", "there is no such template of facts"),
        }
    }
    if let Some(given) = node.value("given") {
        merge(&mut facts, &json(given.get_ref()));
    }
    for path in node.strs("unknown") {
        if remove(&mut facts, path).is_none() {
            node.fault("unknown", format!("事实中没有 {path}"), format!("the facts have no {path}"));
        }
    }
    merge(&mut facts, &serde_json::json!({ "as_of": on? }));
    let facts = match serde_json::from_value::<Facts>(facts) {
        Ok(facts) => facts,
        Err(error) => {
            node.fault("given", format!("事实有误：{error}"), format!("the facts are not valid: {error}"));
            return None;
        }
    };
    for fault in facts.check() {
        node.fault(
            "given",
            format!("{}：{}", fault.pointer, fault.detail.zh),
            format!("{}: {}", fault.pointer, fault.detail.en),
        );
    }
    let expect = node.opt_table("expect");
    if expect.is_none() {
        node.fault("expect", "缺少预期结果", "what is expected is missing");
    }
    let expect = expect?;
    let expected = expect
        .table
        .iter()
        .filter_map(|(key, _)| Some((expectation(expect, key.get_ref())?, key)))
        .map(|(expected, _)| expected)
        .collect();
    Some(Case {
        file: node.file.name.to_owned(),
        line: node.line(),
        name: name?.to_owned(),
        source: source?.id.clone(),
        facts,
        route: node.opt_str("route").map(str::to_owned),
        expect: expected,
    })
}

fn expectation(node: Node<'_>, key: &str) -> Option<Expect> {
    let Some(programme) = Programme::from_code(key) else {
        node.fault(key, "没有这个资助项目", "there is no such programme");
        return None;
    };
    let toml::de::DeValue::Table(table) = node.value(key)?.get_ref() else {
        node.fault(key, "应为一组预期", "must be a table of expectations");
        return None;
    };
    let node = Node { file: node.file, table, at: node.at(key), name: "expect" };
    node.only(&[
        "outcome",
        "tier",
        "yuan",
        "yuan_per_year",
        "low",
        "high",
        "missing",
        "warnings",
        "not_met",
        "unknown",
        "met",
        "priority",
    ]);
    let yuan = |key| -> Option<Option<Fen>> {
        // `none` says that there must be no amount.
        if node.value(key)?.get_ref().as_str() == Some("none") {
            Some(None)
        } else {
            node.opt_yuan(key).map(Some)
        }
    };
    let list = |key: &str| {
        node.value(key).map(|_| node.strs(key).into_iter().map(str::to_owned).collect::<Vec<String>>())
    };
    Some(Expect {
        programme,
        outcome: node.opt_str("outcome").map(str::to_owned),
        tier: node.opt_str("tier").map(str::to_owned),
        per_term: yuan("yuan"),
        per_year: yuan("yuan_per_year"),
        low: yuan("low").flatten(),
        high: yuan("high"),
        missing: list("missing"),
        warnings: list("warnings"),
        met: list("met").unwrap_or_default(),
        not_met: list("not_met").unwrap_or_default(),
        unknown: list("unknown").unwrap_or_default(),
        priority: node.opt_u16("priority"),
    })
}

/// Lays one object over another, key by key.
fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// Takes away the value at a dotted path.
fn remove(facts: &mut Value, path: &str) -> Option<Value> {
    let (parents, last) = path.rsplit_once('.').map_or(("", path), |(p, l)| (p, l));
    let mut at = facts;
    for key in parents.split('.').filter(|k| !k.is_empty()) {
        at = at.get_mut(key)?;
    }
    at.as_object_mut()?.remove(last)
}
