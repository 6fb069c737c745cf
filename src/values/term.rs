//! School terms (学期): `2017A` is the autumn term of 2017, `2018S` the spring term of 2018.
//!
//! A term is a half-open range of civil dates. Autumn runs from 1 August to 31 January, spring from
//! 1 February to 31 July; a place may configure other first days ([`TermCalendar`]).

use chrono::{Datelike, NaiveDate};

/// Spring or autumn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Season {
    /// 春季学期, the second of a school year.
    Spring,
    /// 秋季学期, the first of a school year.
    Autumn,
}

/// A school term. Ordered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Term {
    year: i16,
    season: Season,
}

/// The first days of the two terms, as (month, day). The default is 1 February and 1 August.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermCalendar {
    /// First day of the spring term.
    pub spring: (u32, u32),
    /// First day of the autumn term.
    pub autumn: (u32, u32),
}

impl Default for TermCalendar {
    fn default() -> Self {
        Self { spring: (2, 1), autumn: (8, 1) }
    }
}

impl TermCalendar {
    /// The term in which a date lies.
    pub fn term_of(self, date: NaiveDate) -> Term {
        let md = (date.month(), date.day());
        let year = i16::try_from(date.year()).unwrap_or(i16::MAX);
        if md < self.spring {
            Term { year: year.saturating_sub(1), season: Season::Autumn }
        } else if md < self.autumn {
            Term { year, season: Season::Spring }
        } else {
            Term { year, season: Season::Autumn }
        }
    }

    /// The first day of a term.
    pub fn first_day(self, term: Term) -> NaiveDate {
        let (month, day) = match term.season {
            Season::Spring => self.spring,
            Season::Autumn => self.autumn,
        };
        NaiveDate::from_ymd_opt(i32::from(term.year), month, day).unwrap_or_default()
    }

    /// The day after the last day of a term, which is the first day of the next.
    pub fn end(self, term: Term) -> NaiveDate {
        self.first_day(term.next())
    }

    /// The day of a term nearest to a day: itself when it lies in the term.
    pub fn nearest(self, term: Term, day: NaiveDate) -> NaiveDate {
        day.clamp(self.first_day(term), self.end(term).pred_opt().unwrap_or(day))
    }
}

impl Term {
    /// A term from its parts; the year must lie in 1949..=2999.
    pub fn new(year: i16, season: Season) -> Option<Self> {
        (1949..=2999).contains(&year).then_some(Self { year, season })
    }

    /// Parses the code `2017A` or `2018S`, or the spreadsheet words 2017年秋季学期, 2017秋, 2017-2018学年第一学期.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let year: i16 = text.get(..4)?.parse().ok()?;
        let rest = text.get(4..)?;
        match rest {
            "A" | "a" => return Self::new(year, Season::Autumn),
            "S" | "s" => return Self::new(year, Season::Spring),
            _ => {}
        }
        let school_year = rest
            .strip_prefix(['-', '—', '~', '/'])
            .and_then(|r| r.get(..4))
            .and_then(|y| y.parse::<i16>().ok())
            .is_some_and(|next| next == year + 1);
        if school_year {
            if rest.contains("第一") || rest.contains("上学期") || rest.ends_with("-1") || rest.contains('秋')
            {
                return Self::new(year, Season::Autumn);
            }
            if rest.contains("第二") || rest.contains("下学期") || rest.ends_with("-2") || rest.contains('春')
            {
                return Self::new(year + 1, Season::Spring);
            }
            return None;
        }
        let rest = rest.strip_prefix('年').unwrap_or(rest);
        if rest.starts_with('秋') {
            Self::new(year, Season::Autumn)
        } else if rest.starts_with('春') {
            Self::new(year, Season::Spring)
        } else {
            None
        }
    }

    /// The calendar year of the term's first day.
    pub fn year(self) -> i16 {
        self.year
    }

    /// Spring or autumn.
    pub fn season(self) -> Season {
        self.season
    }

    /// The year in which this term's school year began: 2017A and 2018S both give 2017.
    pub fn school_year(self) -> i16 {
        match self.season {
            Season::Autumn => self.year,
            Season::Spring => self.year - 1,
        }
    }

    /// The term after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self.season {
            Season::Spring => Self { year: self.year, season: Season::Autumn },
            Season::Autumn => Self { year: self.year + 1, season: Season::Spring },
        }
    }

    /// The Chinese name, 2017年秋季学期.
    pub fn zh(self) -> String {
        let season = match self.season {
            Season::Spring => '春',
            Season::Autumn => '秋',
        };
        format!("{}年{season}季学期", self.year)
    }
}

impl std::fmt::Display for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let season = match self.season {
            Season::Spring => 'S',
            Season::Autumn => 'A',
        };
        write!(f, "{}{season}", self.year)
    }
}

impl serde::Serialize for Term {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Term {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Term::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(
                "学期应写作 2025A（秋季）或 2026S（春季） / a term is written 2025A or 2026S",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn dates_fall_into_terms_at_the_boundaries() {
        let calendar = TermCalendar::default();
        for (date, code) in [
            (day(2017, 7, 31), "2017S"),
            (day(2017, 8, 1), "2017A"),
            (day(2018, 1, 31), "2017A"),
            (day(2018, 2, 1), "2018S"),
        ] {
            assert_eq!(calendar.term_of(date).to_string(), code);
        }
    }

    #[test]
    fn spreadsheet_words_are_understood() {
        for (text, code) in [
            ("2017A", "2017A"),
            ("2017年秋季学期", "2017A"),
            ("2018春", "2018S"),
            ("2017-2018学年第一学期", "2017A"),
            ("2017-2018学年第二学期", "2018S"),
            ("2017-2018-2", "2018S"),
        ] {
            assert_eq!(Term::parse(text).map(|t| t.to_string()).as_deref(), Some(code), "{text}");
        }
        for text in ["", "2017", "2017B", "秋季", "2017-2019学年第一学期", "1800A"] {
            assert_eq!(Term::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_term_ends_where_the_next_begins() {
        let calendar = TermCalendar::default();
        let term = Term::parse("2017A").unwrap();
        assert_eq!(calendar.end(term), calendar.first_day(term.next()));
        assert_eq!(term.school_year(), 2017);
        assert_eq!(term.next().school_year(), 2017);
        assert!(term < term.next());
    }
}
