//! Pages of a list: at most so many items, and an opaque cursor to the next ones.
//!
//! Pages go by key, not by number, so that rows which come or go between two calls are neither
//! repeated nor skipped. A list's handler takes [`PageQuery`], asks its store for [`Limit::rows`] rows
//! after the cursor's key, and hands them to the page type that [`page!`] declares.
//!
//! A cursor holds the last item's sort key. That key must not be personal data: a cursor travels in URLs.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::IntoParams;

use crate::error::{Error, FieldError, Result};
use crate::values::Text;

/// Items on a page when the caller does not say.
pub const DEFAULT_LIMIT: u32 = 50;

/// The most items on one page.
pub const MAX_LIMIT: u32 = 500;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next` of the page before; absent for the first page.
    #[serde(default)]
    pub after: Option<String>,
    /// Items on the page, 1 to 500.
    #[serde(default, deserialize_with = "number_or_its_text")]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<u32>,
}

/// How many items a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// Items on the page.
    pub fn items(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// Rows to ask the database for: one more than the page has, to know whether another follows.
    pub fn rows(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl PageQuery {
    /// The page's size; outside 1 to 500 is a 422 that names the bounds.
    pub fn limit(&self) -> Result<Limit> {
        match self.limit.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(Limit(limit)),
            _ => Err(fault(
                "?limit",
                "out_of_range",
                Text::new(
                    format!("每页条数应在 1 到 {MAX_LIMIT} 之间"),
                    format!("a page has 1 to {MAX_LIMIT} items"),
                ),
            )),
        }
    }

    /// The key to begin after; a cursor that is none of ours is a 422.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>> {
        let Some(cursor) = &self.after else { return Ok(None) };
        let key = unhex(cursor).and_then(|json| serde_json::from_slice(&json).ok());
        key.map(Some).ok_or_else(|| {
            fault(
                "?after",
                "cursor_invalid",
                Text::fixed(
                    "翻页标记无效，请使用上一页返回的 next，或从第一页开始",
                    "not a cursor of this list: use the `next` of the page before, or start at the first page",
                ),
            )
        })
    }
}

/// Cuts rows to the page and makes the cursor from the last item kept. Called by [`page!`]'s types.
pub fn cut<T, K: Serialize>(
    mut rows: Vec<T>,
    limit: Limit,
    key: impl FnOnce(&T) -> K,
) -> Result<(Vec<T>, Option<String>)> {
    let more = rows.len() > limit.items();
    rows.truncate(limit.items());
    let next = match rows.last().filter(|_| more) {
        Some(last) => Some(hex(&serde_json::to_vec(&key(last))?)),
        None => None,
    };
    Ok((rows, next))
}

/// Whether a row stands after a key of two texts, as one comparison, so that an index on both columns is entered
/// at the place where the last page ended: `beyond!("aid_record.place, aid_record.record_id", key)`.
macro_rules! beyond {
    ($columns:literal, $key:expr) => {{
        use diesel::sql_types::{Bool, Text};
        let (first, second) = $key;
        diesel::dsl::sql::<Bool>(concat!("(", $columns, ") > ("))
            .bind::<Text, _>(first)
            .sql(", ")
            .bind::<Text, _>(second)
            .sql(")")
    }};
}
pub(crate) use beyond;

/// A place and an id within it: what a list of rows that belong to places is ordered by. By an id alone, which
/// grows with time, a county's page is looked for through the rows of a whole province.
pub type PlaceKey = (String, String);

/// Declares the page of one kind of item, so that clients get a named type with the item by reference.
///
/// `page!(pub StudentPage of Student, "Students, by id.");` gives `StudentPage { items, next }` and
/// `StudentPage::of(rows, limit, |last| key)`, where `rows` may hold one row beyond the page.
#[macro_export]
macro_rules! page {
    ($vis:vis $page:ident of $item:ty, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        $vis struct $page {
            /// The items of this page, in the list's order.
            pub items: Vec<$item>,
            /// Pass it as `after` to get the next page; null on the last one.
            pub next: Option<String>,
        }

        impl $page {
            /// Cuts the rows to the page; `key` is the sort key of the last item kept.
            $vis fn of<K: serde::Serialize>(
                rows: Vec<$item>,
                limit: $crate::page::Limit,
                key: impl FnOnce(&$item) -> K,
            ) -> $crate::error::Result<Self> {
                let (items, next) = $crate::page::cut(rows, limit, key)?;
                Ok(Self { items, next })
            }
        }
    };
}
pub use page;

fn fault(pointer: &str, code: &'static str, detail: Text) -> Error {
    Error::invalid(vec![FieldError { pointer: pointer.to_owned(), code, detail }])
}

/// A query struct that flattens [`PageQuery`] hands every value over as text.
fn number_or_its_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    struct Visitor;
    impl serde::de::Visitor<'_> for Visitor {
        type Value = Option<u32>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("u32")
        }

        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
            // Beyond u32 is beyond any page as well: `limit` refuses it with the bounds.
            Ok(Some(u32::try_from(number).unwrap_or(u32::MAX)))
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            if !digits {
                return Err(E::invalid_type(serde::de::Unexpected::Other("text"), &self));
            }
            Ok(Some(text.parse().unwrap_or(u32::MAX)))
        }
    }
    deserializer.deserialize_any(Visitor)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    const LONGEST_CURSOR: usize = 1_024;
    if !text.is_ascii() || !text.len().is_multiple_of(2) || text.len() > LONGEST_CURSOR {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    Some(digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    page!(NumberPage of u32, "Numbers, ascending.");

    fn query(text: &str) -> PageQuery {
        serde_urlencoded::from_str(text).unwrap()
    }

    /// A list as a store would give it: rows after the key, one beyond the page.
    fn list(all: u32, page: &PageQuery) -> NumberPage {
        let limit = page.limit().unwrap();
        let after = page.after::<u32>().unwrap();
        let rows = (0..all).filter(|n| after.is_none_or(|a| *n > a));
        let rows = rows.take(usize::try_from(limit.rows()).unwrap()).collect();
        NumberPage::of(rows, limit, |n| *n).unwrap()
    }

    proptest! {
        #[test]
        fn walking_the_pages_gives_every_item_once(all in 0_u32..200, limit in 1_u32..60) {
            let mut seen = Vec::new();
            let mut page = PageQuery { after: None, limit: Some(limit) };
            loop {
                let got = list(all, &page);
                prop_assert!(got.items.len() <= usize::try_from(limit).unwrap());
                seen.extend(got.items);
                match got.next {
                    Some(next) => page.after = Some(next),
                    None => break,
                }
            }
            prop_assert_eq!(seen, (0..all).collect::<Vec<_>>());
        }

        #[test]
        fn any_text_as_a_cursor_is_answered_not_fatal(cursor in ".{0,80}") {
            let page = PageQuery { after: Some(cursor), limit: None };
            let _ = page.after::<(String, u32)>();
        }
    }

    #[test]
    fn the_size_has_bounds_and_a_default() {
        assert_eq!(query("").limit().unwrap().items(), 50);
        assert_eq!(query("limit=500").limit().unwrap().rows(), 501);
        for bad in ["limit=0", "limit=501", "limit=99999999999999999999"] {
            let error = query(bad).limit().unwrap_err();
            assert_eq!(error.fields[0].pointer, "?limit");
            assert!(error.fields[0].detail.zh.contains("500"), "{bad}");
        }
        for bad in ["limit=", "limit=-1", "limit=x", "limit=1.5"] {
            assert!(serde_urlencoded::from_str::<PageQuery>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        for cursor in ["", "zz", "abc", "7b7d", "６１"] {
            let page = PageQuery { after: Some(cursor.to_owned()), limit: None };
            assert_eq!(page.after::<u32>().unwrap_err().fields[0].code, "cursor_invalid", "{cursor}");
        }
    }
}
