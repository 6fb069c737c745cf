//! Reading one TOML file of a pack: every value with its line, every fault collected.
//!
//! Reading goes on after a fault, so that an officer sees all of them at once. A getter that finds a
//! fault reports it and gives `None`; whoever builds from it gives up on that entry only.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::policy::pack::PackError;
use crate::policy::period::{Edge, Period};
use crate::values::{Fen, Text};

/// No amount of student aid is above this (a hundred million yuan); sums over a year stay far from
/// overflowing.
const MOST_FEN: i64 = 10_000_000_000;

/// One file and where its faults go.
pub(super) struct File<'t> {
    pub(super) name: &'t str,
    pub(super) text: &'t str,
    pub(super) errors: &'t RefCell<Vec<PackError>>,
}

impl File<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or_default().bytes().filter(|b| *b == b'\n').count() + 1
    }

    pub(super) fn fault(
        &self,
        at: usize,
        key: impl Into<String>,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.errors.borrow_mut().push(PackError {
            file: self.name.to_owned(),
            line: self.line(at),
            key: key.into(),
            what: Text::new(zh.into(), en.into()),
        });
    }

    /// Parses the file; a syntax error is a fault like any other.
    pub(super) fn parse(&self) -> Option<Spanned<DeTable<'_>>> {
        match DeTable::parse(self.text) {
            Ok(table) => Some(table),
            Err(error) => {
                let at = error.span().map_or(0, |s| s.start);
                let en = error.message().lines().next().unwrap_or_default().to_owned();
                self.fault(at, "toml", format!("TOML 语法错误：{en}"), format!("TOML syntax: {en}"));
                None
            }
        }
    }
}

/// One table of a file.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    pub(super) file: &'t File<'t>,
    pub(super) table: &'t DeTable<'t>,
    /// Where the table stands, for faults about the whole of it.
    pub(super) at: usize,
    /// What the table is, for the key of a fault.
    pub(super) name: &'t str,
}

impl<'t> Node<'t> {
    pub(super) fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v)
    }

    /// Where a key stands, or the table when the key is absent.
    pub(super) fn at(&self, key: &str) -> usize {
        self.table.iter().find(|(k, _)| k.get_ref() == key).map_or(self.at, |(k, _)| k.span().start)
    }

    pub(super) fn line(&self) -> usize {
        self.file.line(self.at)
    }

    pub(super) fn fault(&self, key: &str, zh: impl Into<String>, en: impl Into<String>) {
        self.file.fault(self.at(key), format!("{}.{key}", self.name), zh, en);
    }

    /// Keys that nobody reads are typing errors.
    pub(super) fn only(&self, allowed: &[&str]) {
        for (key, _) in self.table {
            if !allowed.contains(&key.get_ref().as_ref()) {
                self.fault(
                    key.get_ref(),
                    format!("没有这个键；可用的键：{}", allowed.join("、")),
                    format!("no such key; the keys are {}", allowed.join(", ")),
                );
            }
        }
    }

    pub(super) fn opt_str(&self, key: &str) -> Option<&'t str> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none_or(|t| t.trim().is_empty()) {
            self.fault(key, "应为非空的文字", "must be a text that is not empty");
            return None;
        }
        text
    }

    pub(super) fn str(&self, key: &str) -> Option<&'t str> {
        if self.value(key).is_none() {
            self.fault(key, "缺少此项", "is missing");
        }
        self.opt_str(key)
    }

    pub(super) fn opt_bool(&self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.fault(key, "应为 true 或 false", "must be true or false");
        }
        flag
    }

    pub(super) fn opt_u16(&self, key: &str) -> Option<u16> {
        let value = self.value(key)?;
        let number = integer(value.get_ref()).and_then(|n| u16::try_from(n).ok());
        if number.is_none() {
            self.fault(key, "应为不大的正整数", "must be a small whole number");
        }
        number
    }

    /// A sentence in both languages.
    pub(super) fn opt_text(&self, key: &'t str) -> Option<Text> {
        let node = self.opt_table(key)?;
        node.only(&["zh", "en"]);
        let (zh, en) = (node.opt_str("zh"), node.opt_str("en"));
        for (lang, text) in [("zh", zh), ("en", en)] {
            if text.is_none() && node.value(lang).is_none() {
                self.fault(key, format!("缺少 {lang} 译文"), format!("the {lang} translation is missing"));
            }
        }
        Some(Text::new(zh?.to_owned(), en?.to_owned()))
    }

    pub(super) fn text(&self, key: &'t str) -> Option<Text> {
        if self.value(key).is_none() {
            self.fault(key, "缺少说明（zh、en）", "the words (zh, en) are missing");
        }
        self.opt_text(key)
    }

    pub(super) fn opt_table(&self, key: &'t str) -> Option<Node<'t>> {
        let value = self.value(key)?;
        if let DeValue::Table(table) = value.get_ref() {
            Some(Node { file: self.file, table, at: value.span().start, name: key })
        } else {
            self.fault(key, "应为一组键值", "must be a table");
            None
        }
    }

    /// The entries of an array of tables; none when absent.
    pub(super) fn tables(&self, key: &'t str) -> Vec<Node<'t>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        nodes(self.file, key, value)
    }

    /// A list of texts; a single text is a list of one.
    pub(super) fn strs(&self, key: &str) -> Vec<&'t str> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().map(|v| v.get_ref().as_str()).collect(),
            other => vec![other.as_str()],
        };
        if items.iter().any(Option::is_none) {
            self.fault(key, "应为文字的列表", "must be a list of texts");
        }
        items.into_iter().flatten().collect()
    }

    /// A half-open range in `from` and `to`.
    pub(super) fn period(&self) -> Period {
        let edge = |key| {
            let text = self.opt_str(key)?;
            let edge = Edge::parse(text);
            if edge.is_none() {
                self.fault(
                    key,
                    "应为学期（如 2025S）或日期（如 2014-11-01）",
                    "must be a term such as 2025S or a date such as 2014-11-01",
                );
            }
            edge
        };
        let period = Period { from: edge("from"), to: edge("to") };
        if period.is_empty() {
            self.fault(
                "to",
                "时间范围为空：to 是第一个不再适用的学期或日期",
                "the range is empty: `to` is the first term or date that is out",
            );
        }
        period
    }

    /// Yuan, as a whole number or as a text with at most two decimals.
    pub(super) fn opt_yuan(&self, key: &str) -> Option<Fen> {
        let value = self.value(key)?;
        let fen = match value.get_ref() {
            DeValue::String(text) => Fen::parse_yuan(text).ok(),
            other => integer(other).filter(|n| *n >= 0).and_then(|n| n.checked_mul(100)).map(Fen),
        };
        let fen = fen.filter(|fen| fen.0 <= MOST_FEN);
        if fen.is_none() {
            self.fault(
                key,
                "应为以元为单位的整数，或带引号的小数（如 \"312.50\"）",
                "must be whole yuan, or a quoted decimal such as \"312.50\"",
            );
        }
        fen
    }
}

/// The tables of an array of tables.
pub(super) fn nodes<'t>(file: &'t File<'t>, name: &'t str, value: &'t Spanned<DeValue<'t>>) -> Vec<Node<'t>> {
    let mut out = Vec::new();
    if let DeValue::Array(items) = value.get_ref() {
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => out.push(Node { file, table, at: item.span().start, name }),
                _ => file.fault(item.span().start, name, "应为一组键值", "must be a table"),
            }
        }
    } else {
        file.fault(value.span().start, name, "应为表的列表（[[…]]）", "must be a list of tables ([[…]])");
    }
    out
}

pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// The value as JSON, for facts and expectations of golden cases.
pub(super) fn json(value: &DeValue<'_>) -> serde_json::Value {
    use serde_json::Value;
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(_) => integer(value).map_or(Value::Null, Value::from),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Array(items) => Value::Array(items.iter().map(|v| json(v.get_ref())).collect()),
        DeValue::Table(table) => {
            Value::Object(table.iter().map(|(k, v)| (k.get_ref().to_string(), json(v.get_ref()))).collect())
        }
        DeValue::Float(number) => Value::String(number.as_str().to_owned()),
        DeValue::Datetime(date) => Value::String(date.to_string()),
    }
}
