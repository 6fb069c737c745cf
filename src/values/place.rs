//! Places (行政区划): a GB/T 2260 code cut to its significant part.
//!
//! `340000` and `34` are both the province, `341000` the city, `341024` the county; 9 and 12 digits
//! are townships and villages. Containment is by significant prefix, never by raw text, so that a
//! claim `340000` holds what `34` holds and an empty or damaged code holds nothing. What a code is
//! called, and since when, is the area table's business, not this file's.

use super::{Text, ValueError};

/// A place, kept as its significant digits: 2, 4, 6, 9 or 12 of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(String);

impl Place {
    /// Reads a code of 2, 4, 6, 9 or 12 digits and cuts trailing zero groups.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let digits = text.trim();
        let well_formed = matches!(digits.len(), 2 | 4 | 6 | 9 | 12)
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        let significant = if well_formed { significant(digits) } else { "" };
        if significant.is_empty() {
            return Err(ValueError {
                code: "place_invalid",
                what: Text::fixed("行政区划代码格式不对", "the area code is malformed"),
                todo: Text::fixed(
                    "请填写 2、4、6、9 或 12 位数字的行政区划代码，例如 341024",
                    "give an area code of 2, 4, 6, 9 or 12 digits, e.g. 341024",
                ),
            });
        }
        Ok(Self(significant.to_owned()))
    }

    /// The significant digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the other place lies in this one (or is this one).
    pub fn contains(&self, other: &Place) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The six-digit form of a province, city or county (`34` → `340000`); longer codes are cut to the county.
    pub fn six_digits(&self) -> String {
        let mut code: String = self.0.chars().take(6).collect();
        while code.len() < 6 {
            code.push('0');
        }
        code
    }

    /// From the narrowest to the widest: county, city, province. The nation is not among them.
    pub fn upwards(&self) -> impl Iterator<Item = &str> {
        [12, 9, 6, 4, 2].into_iter().filter_map(|n| (self.0.len() >= n).then(|| self.0.get(..n)).flatten())
    }

    /// The half-open range of codes inside this place, for `place >= low AND place < high`.
    pub fn range(&self) -> (String, String) {
        // A digit's successor is a printable ASCII character, so the upper bound is the code with its
        // last character raised by one ('9' becomes ':').
        let mut high = self.0.clone();
        if let Some(last) = high.pop() {
            high.push(char::from_u32(u32::from(last) + 1).unwrap_or(last));
        }
        (self.0.clone(), high)
    }
}

fn significant(digits: &str) -> &str {
    let mut rest = digits;
    for (long, short) in [(12, 9), (9, 6), (6, 4), (4, 2), (2, 0)] {
        if rest.len() == long {
            match rest.get(short..) {
                Some(tail) if tail.bytes().all(|b| b == b'0') => rest = rest.get(..short).unwrap_or_default(),
                _ => break,
            }
        }
    }
    rest
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Place {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Place::parse(&text).map_err(|e| serde::de::Error::custom(format!("{} / {}", e.what.zh, e.what.en)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_cut_to_their_significant_part() {
        for (text, code) in [
            ("340000", "34"),
            ("34", "34"),
            ("341000", "3410"),
            ("341024", "341024"),
            ("419001", "419001"),
            ("341024000000", "341024"),
            ("341024100000", "341024100"),
            ("341024100200", "341024100200"),
            ("110101", "110101"),
        ] {
            assert_eq!(Place::parse(text).unwrap().as_str(), code, "{text}");
        }
        for text in ["", "3", "000000", "00", "34102", "34102x", "３４１０２４", "3410240", "000024"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn containment_is_by_significant_prefix() {
        let p = |t| Place::parse(t).unwrap();
        assert!(p("340000").contains(&p("341024")));
        assert!(p("341000").contains(&p("341024")));
        assert!(!p("341000").contains(&p("341124")));
        assert!(!p("341024").contains(&p("341000")));
        assert!(p("341024").contains(&p("341024")));
    }

    #[test]
    fn the_range_holds_exactly_what_the_place_contains() {
        let county = Place::parse("341024").unwrap();
        let city = Place::parse("3410").unwrap();
        let other = Place::parse("3411").unwrap();
        let (low, high) = city.range();
        let inside = |p: &Place| p.as_str() >= low.as_str() && p.as_str() < high.as_str();
        assert!(inside(&county) && inside(&city) && !inside(&other));
        let (low, high) = Place::parse("3409").unwrap().range();
        assert!("340999" >= low.as_str() && "340999" < high.as_str());
        assert!("341000" >= high.as_str());
    }
}
