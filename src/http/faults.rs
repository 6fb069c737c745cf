//! What serde found wrong with a body or a query, as field errors for a person. Pure.
//!
//! serde's messages quote the value that was sent, so none is passed on: its shape is recognised and
//! the sentence is ours. A value type's own refusal, written `中文 / English` by its `Deserialize`,
//! is kept, because those never repeat the value.

use crate::error::{Code, Error, FieldError};
use crate::values::Text;

/// Where the faulty thing was, which decides how the pointer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A JSON body: pointers are JSON Pointers.
    Body,
    /// The query string: pointers are `?name`.
    Query,
}

/// A body that is no JSON at all.
pub fn not_json(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    Error::new(
        Code::MalformedRequest,
        if error.is_eof() {
            Text::fixed(
                "JSON 不完整，请检查括号和引号是否成对",
                "the JSON ends too early: check that brackets and quotes are closed",
            )
        } else {
            Text::new(
                format!("JSON 第 {line} 行第 {column} 列附近写法有误或嵌套过深，请更正后重发"),
                format!("the JSON is wrong or nested too deeply near line {line}, column {column}"),
            )
        },
    )
}

/// A value that is there but is not what the field takes.
///
/// `path` is where serde stood, `message` what it said.
pub fn wrong_value(place: Place, path: &serde_path_to_error::Path, message: &str) -> Error {
    let (code, detail, named) = read(message);
    let mut pointer = pointer(place, path);
    if let Some(name) = named {
        match place {
            Place::Query => pointer = format!("?{}", shown(name)),
            Place::Body if !pointer.ends_with(&format!("/{name}")) => {
                pointer.push('/');
                pointer.push_str(shown(name));
            }
            Place::Body => {}
        }
    }
    Error::invalid(vec![FieldError { pointer, code, detail }])
}

/// A fault in one field, found before serde is asked.
pub fn field(pointer: String, code: &'static str, zh: &'static str, en: &'static str) -> Error {
    Error::invalid(vec![FieldError { pointer, code, detail: Text::fixed(zh, en) }])
}

/// Whether a JSON text has an escaped NUL: no text column of PostgreSQL can hold one.
pub fn has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.windows(6).position(|w| w == b"\\u0000") {
        let before = rest.get(..at).unwrap_or_default();
        // An even number of backslashes before it leaves this one to start an escape.
        if before.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 0 {
            return true;
        }
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    false
}

fn pointer(place: Place, path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut text = String::new();
    for segment in path {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => shown(key).to_owned(),
            Segment::Enum { variant } => shown(variant).to_owned(),
            Segment::Unknown => continue,
        };
        match place {
            Place::Query => return format!("?{part}"),
            Place::Body => {
                text.push('/');
                text.push_str(&part);
            }
        }
    }
    text
}

/// A key as a pointer may show it. Every key of ours is a plain identifier, which needs no escape
/// (RFC 6901 §3); any other is the caller's own word, which may be anything, and shows as `*`.
pub fn shown(key: &str) -> &str {
    const LONGEST_KEY: usize = 64;
    let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.len() <= LONGEST_KEY;
    if plain { key } else { "*" }
}

/// The fault's code, the sentence, and the name of the field if the message gives one.
fn read(message: &str) -> (&'static str, Text, Option<&str>) {
    let quoted = message.split('`').nth(1);
    // What follows the last "expected" is written in the program, never by the caller.
    let expected = message.rsplit_once(", expected ").map(|(_, tail)| strip_position(tail));
    if message.starts_with("missing field ") {
        return ("missing", Text::fixed("缺少此项，请补上", "this field is missing: add it"), quoted);
    }
    if message.starts_with("duplicate field ") {
        return ("duplicate", Text::fixed("此项出现了两次，请只留一个", "given twice: keep one"), quoted);
    }
    if message.starts_with("unknown field ") {
        let known = expected.unwrap_or("-");
        let detail = Text::new(
            format!("没有这一项，请检查拼写；可用：{known}"),
            format!("there is no such field, check the spelling; known: {known}"),
        );
        // The caller's own word is not repeated; the pointer shows the object that holds it.
        return ("unknown_field", detail, None);
    }
    if message.starts_with("unknown variant ") {
        let known = expected.unwrap_or("-");
        let detail =
            Text::new(format!("不是允许的取值，应为：{known}"), format!("not an allowed value: use {known}"));
        return ("unknown_value", detail, None);
    }
    if message.starts_with("invalid type: ") || message.starts_with("invalid length ") {
        let wanted = expected.unwrap_or("-");
        let detail = Text::new(
            format!("类型不对，应为{}", in_chinese(wanted)),
            format!("wrong type: expected {wanted}"),
        );
        return ("wrong_type", detail, None);
    }
    if let Some((zh, en)) = message.split_once(" / ").filter(|(zh, _)| zh.chars().any(is_han)) {
        return ("invalid_value", Text::new(zh.to_owned(), strip_position(en).to_owned()), None);
    }
    let detail = Text::fixed(
        "此值不合要求，请对照接口说明更正",
        "the value is not acceptable: see the description of this field",
    );
    ("invalid_value", detail, None)
}

/// serde_json ends its messages with the position; the pointer says it better.
fn strip_position(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(head, _)| head)
}

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

fn in_chinese(expected: &str) -> String {
    match expected {
        "a string" | "string" | "str" => "文本".to_owned(),
        "a boolean" | "bool" => " true 或 false".to_owned(),
        "a sequence" => "数组".to_owned(),
        "a map" => "对象".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "整数".to_owned(),
        "f32" | "f64" => "数字".to_owned(),
        other if other.starts_with("struct ") => "对象".to_owned(),
        other => format!("：{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_is_ours_and_never_the_value() {
        for (message, code) in [
            ("missing field `stage` at line 1 column 2", "missing"),
            ("duplicate field `stage`", "duplicate"),
            ("unknown field `SECRET`, expected `a` or `b`", "unknown_field"),
            ("unknown variant `SECRET`, expected one of `a`, `b`", "unknown_value"),
            ("invalid type: string \"SECRET\", expected u32 at line 1 column 9", "wrong_type"),
            ("invalid type: string \"SECRET, expected SECRET\", expected u32", "wrong_type"),
            ("invalid digit found in SECRET", "invalid_value"),
            ("区划代码应为 6 位数字 / an area code has 6 digits at line 1 column 9", "invalid_value"),
        ] {
            let (got, text, _) = read(message);
            assert_eq!(got, code, "{message}");
            assert!(!text.zh.contains("SECRET") && !text.en.contains("SECRET"), "{message}");
            assert!(!text.en.contains("column"), "{message}");
        }
    }

    #[test]
    fn a_value_types_own_sentence_is_kept() {
        let (_, text, _) = read("区划代码应为 6 位数字 / an area code has 6 digits");
        assert_eq!(text, Text::fixed("区划代码应为 6 位数字", "an area code has 6 digits"));
    }

    #[test]
    fn an_escaped_nul_is_told_from_an_escaped_backslash() {
        for (json, nul) in [
            (r#""\u0000""#, true),
            (r#""\\u0000""#, false),
            (r#""\\\u0000""#, true),
            (r#""\\u0000 \u0000""#, true),
            (r#""u0000""#, false),
            ("", false),
        ] {
            assert_eq!(has_nul(json.as_bytes()), nul, "{json}");
        }
    }

    #[test]
    fn a_pointer_shows_our_keys_and_no_others() {
        for key in ["stage", "as_of", "tuition_fen_per_term"] {
            assert_eq!(shown(key), key);
        }
        for key in ["", "张三", "110101199001011234", "a/b", "a b", "x\n", &"x".repeat(65)] {
            assert_eq!(shown(key), "*");
        }
    }
}
