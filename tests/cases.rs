//! The pack that ships with the binary: it loads, it is what lies in `policies/cn-ah`, every golden
//! case comes out as its source says, and every condition is seen both ways.

use std::path::Path;

use yingzhu::policy::{Pack, cases};
use yingzhu::values::Lang;

fn dir() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/cn-ah")
}

#[test]
fn every_golden_case_holds_and_every_condition_is_seen_both_ways() {
    let pack = Pack::from_dir(&dir()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let report = cases::run(&pack);
    assert!(report.ok(), "\n{}", report.table(Lang::Zh));
    assert!(report.rows.len() >= 150, "{} cases", report.rows.len());
}

#[test]
fn the_embedded_pack_is_the_directory() {
    let embedded = Pack::embedded().unwrap();
    let read = Pack::from_dir(&dir()).unwrap();
    assert_eq!(embedded.digest(), read.digest());
    assert_eq!(cases::run(&embedded).rows.len(), cases::run(&read).rows.len());
}

#[cfg(test)]
mod schema {
    //! The published schema says of every file of the pack what the loader says of it.

    use std::collections::BTreeSet;

    use serde_json::{Value, json};
    use yingzhu::policy::fact::{Fact, Kind};
    use yingzhu::values::{Category, EvidenceKind, Programme, Stage, Tier};

    const SCHEMA: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/policy-pack.schema.json"));

    fn schema() -> Value {
        serde_json::from_str(SCHEMA).unwrap()
    }

    /// The definition for a file of the pack, by its path.
    fn kind(name: &str) -> String {
        match name.split_once('/') {
            Some(("programmes", _)) => "programme".to_owned(),
            Some((folder, _)) => folder.to_owned(),
            None => name.trim_end_matches(".toml").to_owned(),
        }
    }

    /// Checks a value as far as this schema goes: no patterns, they are the loader's to read.
    fn check(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let mut fault = |what: String| faults.push(format!("{at}: {what}"));
        let number = |key: &str| schema[key].as_i64();
        if let Some(kind) = schema["type"].as_str() {
            let fits = match kind {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64(),
                "boolean" => value.is_boolean(),
                other => panic!("a type this check does not know: {other}"),
            };
            if !fits {
                return fault(format!("is no {kind}"));
            }
        }
        if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
            fault(format!("{value} is not among the codes"));
        }
        if schema.get("const").is_some_and(|only| only != value) {
            fault(format!("{value} is not {}", schema["const"]));
        }
        let size = value.as_array().map(Vec::len).or(value.as_object().map(serde_json::Map::len));
        let least = number("minItems").or(number("minProperties"));
        if let (Some(size), Some(least)) = (size, least)
            && i64::try_from(size).unwrap() < least
        {
            fault("is too short".to_owned());
        }
        if value.as_i64().is_some_and(|n| {
            number("minimum").is_some_and(|m| n < m) || number("maximum").is_some_and(|m| n > m)
        }) {
            fault(format!("{value} is out of range"));
        }
        for key in schema["required"].as_array().into_iter().flatten() {
            if value.get(key.as_str().unwrap()).is_none() {
                fault(format!("lacks {key}"));
            }
        }
        if let Some(target) = schema["$ref"].as_str() {
            let target = root.pointer(target.trim_start_matches('#')).unwrap_or_else(|| panic!("{target}"));
            check(root, target, value, at, faults);
        }
        if let Some(any) = schema["anyOf"].as_array() {
            let fits = any.iter().any(|one| {
                let mut inner = Vec::new();
                check(root, one, value, at, &mut inner);
                inner.is_empty()
            });
            if !fits {
                faults.push(format!("{at}: {value} fits none of the forms"));
            }
        }
        for (key, member) in value.as_object().into_iter().flatten() {
            let at = format!("{at}.{key}");
            if schema["propertyNames"].is_object() {
                check(root, &schema["propertyNames"], &json!(key), &at, faults);
            }
            match (schema["properties"].get(key), &schema["additionalProperties"]) {
                (Some(one), _) => check(root, one, member, &at, faults),
                (None, Value::Bool(false)) => faults.push(format!("{at}: no such key")),
                (None, other @ Value::Object(_)) => check(root, other, member, &at, faults),
                _ => {}
            }
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            if schema["items"].is_object() {
                check(root, &schema["items"], item, &format!("{at}[{index}]"), faults);
            }
        }
    }

    fn faults(name: &str, text: &str) -> Vec<String> {
        let root = schema();
        let definition = root["$defs"][kind(name)].clone();
        assert!(definition.is_object(), "{name} has no definition");
        let value: toml::Table = toml::from_str(text).unwrap();
        let mut faults = Vec::new();
        check(&root, &definition, &serde_json::to_value(value).unwrap(), name, &mut faults);
        faults
    }

    fn files() -> Vec<(String, String)> {
        let mut files = Vec::new();
        for folder in ["", "programmes", "standards", "cases"] {
            for entry in std::fs::read_dir(super::dir().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|e| e == "toml") {
                    let name = path.strip_prefix(super::dir()).unwrap().to_str().unwrap().to_owned();
                    files.push((name, std::fs::read_to_string(path).unwrap()));
                }
            }
        }
        files
    }

    #[test]
    fn every_file_of_the_pack_conforms() {
        let files = files();
        assert!(files.len() > 25);
        for (name, text) in files {
            assert_eq!(faults(&name, &text), [""; 0], "{name}");
        }
    }

    #[test]
    fn what_the_loader_refuses_by_shape_the_schema_refuses_too() {
        for (name, old, new) in [
            ("programmes/living_subsidy.toml", "kind = \"cash\"", "kind = \"money\""),
            ("programmes/living_subsidy.toml", "{ state = \"enrolled\" }", "{ status = \"enrolled\" }"),
            ("programmes/living_subsidy.toml", "{ state = \"enrolled\" }", "{ state = \"there\" }"),
            ("programmes/living_subsidy.toml", "boarding = true", "boarding = \"yes\""),
            ("programmes/living_subsidy.toml", "summary =", "sumary ="),
            ("programmes/vocational_grant.toml", "grade = [1, 2]", "grade = [0, 2]"),
            ("standards/compulsory.toml", "yuan = 1000", "yuan = 312.5"),
            ("standards/compulsory.toml", "per = \"year\"", "per = \"week\""),
            ("steps.toml", "gives = { formal = true }", ""),
            ("stacking.toml", "keep = \"loan_compensation\"", "keep = \"loan\""),
            ("cases/loans.toml", "{ loan_compensation =", "{ compensation ="),
        ] {
            let (_, text) = files().into_iter().find(|(n, _)| n == name).unwrap();
            assert!(text.contains(old), "{name}: {old}");
            assert!(!faults(name, &text.replacen(old, new, 1)).is_empty(), "{name}: {new} was accepted");
        }
    }

    fn codes(name: &str) -> BTreeSet<String> {
        let all = schema()["$defs"][name]["enum"].as_array().unwrap().clone();
        all.iter().map(|c| c.as_str().unwrap().to_owned()).collect()
    }

    fn set<'c>(all: impl Iterator<Item = &'c str>) -> BTreeSet<String> {
        all.map(str::to_owned).collect()
    }

    #[test]
    fn its_codes_and_facts_are_those_of_the_code() {
        assert_eq!(codes("programme_code"), set(Programme::ALL.iter().map(|v| v.code())));
        assert_eq!(codes("category"), set(Category::ALL.iter().map(|v| v.code())));
        assert_eq!(codes("evidence_kind"), set(EvidenceKind::ALL.iter().map(|v| v.code())));
        assert_eq!(codes("stage"), set(Stage::ALL.iter().map(|v| v.code())));
        assert_eq!(codes("tier"), set(Tier::ALL.iter().map(|v| v.code())));
        let test = schema()["$defs"]["test"]["properties"].as_object().unwrap().clone();
        // `local_rule` is a word of the test language and, unknown, a fact that is missing.
        for fact in Fact::ALL.iter().filter(|f| **f != Fact::LocalRule) {
            let usable = !matches!(fact.kind(), Kind::Money | Kind::Rule);
            assert_eq!(test.contains_key(fact.path()), usable, "{}", fact.path());
            if let Kind::Code(list) = fact.kind() {
                let named = test[fact.path()]["anyOf"][0].clone();
                let codes = named["enum"].as_array().cloned().unwrap_or_else(|| {
                    let target = named["$ref"].as_str().unwrap().trim_start_matches('#').to_owned();
                    schema().pointer(&target).unwrap()["enum"].as_array().unwrap().clone()
                });
                let codes: Vec<&str> = codes.iter().map(|c| c.as_str().unwrap()).collect();
                assert_eq!(codes, list.codes(), "{}", fact.path());
            }
        }
        let words = ["all", "any", "not", "local_rule", "defined", "from", "to"];
        for key in test.keys().filter(|k| !words.contains(&k.as_str())) {
            assert!(Fact::from_path(key).is_some(), "{key} is no fact");
        }
    }
}
