//! The head of a pack (id, version, calendars, proofs) and its named definitions.

use super::predicate::{Definitions, codes, pred};
use super::reader::Node;
use crate::policy::known::{Proof, bit};
use crate::policy::period::Period;
use crate::values::{Category, EvidenceKind, Place, TermCalendar, Text};

/// What `pack.toml` says.
pub(super) struct Head {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) title: Text,
    pub(super) period: Period,
    pub(super) calendars: Vec<(Option<Place>, TermCalendar)>,
    pub(super) proofs: Vec<Proof>,
}

/// Reads `pack.toml`.
pub(super) fn head(node: Node<'_>) -> Option<Head> {
    node.only(&["id", "version", "title", "from", "calendar", "proof", "posting"]);
    let (id, version, title) = (node.str("id"), node.str("version"), node.text("title"));
    if version.is_some_and(|v| !semantic(v)) {
        node.fault(
            "version",
            "版本号应为 主.次.修订，例如 1.0.0",
            "a version is major.minor.patch, e.g. 1.0.0",
        );
    }
    let period = node.period();
    if node.value("from").is_none() {
        node.fault("from", "缺少规则起始学期", "the term with which the rules begin is missing");
    }
    let calendars = node.tables("calendar").into_iter().filter_map(calendar).collect();
    let proofs = node.tables("proof").into_iter().filter_map(proof).collect();
    Some(Head { id: id?.to_owned(), version: version?.to_owned(), title: title?, period, calendars, proofs })
}

fn semantic(version: &str) -> bool {
    let parts: Vec<&str> = version.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|p| !p.is_empty() && p.len() <= 6 && p.bytes().all(|b| b.is_ascii_digit()))
}

fn calendar(node: Node<'_>) -> Option<(Option<Place>, TermCalendar)> {
    node.only(&["place", "spring", "autumn"]);
    let text = node.str("place")?;
    let place = if text == "CN" { None } else { Place::parse(text).ok() };
    if place.is_none() && text != "CN" {
        node.fault("place", "应为行政区划代码，全国写 CN", "must be an area code, or CN for the nation");
    }
    let day = |key| {
        let text = node.str(key)?;
        // 2000 was a leap year, so that every day of a year is accepted.
        let date = chrono::NaiveDate::parse_from_str(&format!("2000-{text}"), "%Y-%m-%d").ok();
        if date.is_none() {
            node.fault(key, "应为月-日，例如 02-01", "must be month-day, e.g. 02-01");
        }
        date.map(|d| (chrono::Datelike::month(&d), chrono::Datelike::day(&d)))
    };
    let (spring, autumn) = (day("spring")?, day("autumn")?);
    if spring >= autumn {
        node.fault("spring", "春季学期应早于秋季学期", "the spring term begins before the autumn term");
    }
    Some((place, TermCalendar { spring, autumn }))
}

fn proof(node: Node<'_>) -> Option<Proof> {
    node.only(&["category", "direct", "with_proof", "from", "to"]);
    let word = node.str("category")?;
    let category = Category::from_code(word);
    if category.is_none() {
        node.fault("category", format!("没有困难类型 {word}"), format!("there is no category {word}"));
    }
    let kinds: Vec<_> = EvidenceKind::ALL.iter().map(|k| k.code()).collect();
    let (direct, with_proof) = (codes(node, "direct", &kinds), codes(node, "with_proof", &kinds));
    let (direct, with_proof) = (direct?, with_proof?);
    if direct & with_proof != 0 {
        node.fault("with_proof", "同一证明不能同属两条路径", "one paper cannot be on both routes");
    }
    Some(Proof { category: bit(Category::ALL, &category?), direct, with_proof, period: node.period() })
}

/// Reads `definitions.toml`; a definition may use those above it.
pub(super) fn definitions(node: Node<'_>) -> Definitions {
    node.only(&["definition"]);
    let mut defined = Definitions::new();
    for entry in node.tables("definition") {
        entry.only(&["name", "says", "when"]);
        let _ = entry.text("says");
        let name = entry.str("name");
        if entry.value("when").is_none() {
            entry.fault("when", "缺少条件", "the test is missing");
        }
        let test = entry.opt_table("when").and_then(|when| pred(when, &defined));
        if let (Some(name), Some(test)) = (name, test)
            && defined.insert(name.to_owned(), test).is_some()
        {
            entry.fault("name", "定义重名", "the name is already defined");
        }
    }
    defined
}
