//! When a rule or an amount holds: half-open ranges whose ends are terms or civil dates.
//!
//! A term edge follows the calendar of the place that asks, so both the date and its term are carried
//! in a [`When`]. For load-time checks every edge is laid on the default calendar.

use chrono::NaiveDate;

use crate::values::{Season, Term, TermCalendar};

/// The moment a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// The civil date.
    pub date: NaiveDate,
    /// The term it lies in, by the calendar of the place of study.
    pub term: Term,
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The first day of a term.
    Term(Term),
    /// A civil date.
    Date(NaiveDate),
}

impl Edge {
    /// Reads `2025S` or `2014-11-01`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() == 5 {
            return Term::parse(text).map(Edge::Term);
        }
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Edge::Date)
    }

    /// Whether the moment lies on or after this edge.
    pub fn reached(self, when: When) -> bool {
        match self {
            Edge::Term(term) => when.term >= term,
            Edge::Date(date) => when.date >= date,
        }
    }

    /// The day of this edge by the default calendar.
    pub fn day(self) -> NaiveDate {
        match self {
            Edge::Term(term) => TermCalendar::default().first_day(term),
            Edge::Date(date) => date,
        }
    }

    /// In Chinese words.
    pub fn zh(self) -> String {
        match self {
            Edge::Term(term) => term.zh(),
            Edge::Date(date) => date.format("%Y年%-m月%-d日").to_string(),
        }
    }

    /// In English words.
    pub fn en(self) -> String {
        match self {
            Edge::Term(term) => match term.season() {
                Season::Spring => format!("the spring term of {}", term.year()),
                Season::Autumn => format!("the autumn term of {}", term.year()),
            },
            Edge::Date(date) => date.to_string(),
        }
    }
}

impl std::fmt::Display for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Edge::Term(term) => write!(f, "{term}"),
            Edge::Date(date) => write!(f, "{date}"),
        }
    }
}

/// A half-open range: from its first edge, up to but without its second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    /// The first moment in; absent = always was.
    pub from: Option<Edge>,
    /// The first moment out; absent = still in force.
    pub to: Option<Edge>,
}

impl Period {
    /// Whether the moment lies in the range.
    pub fn contains(&self, when: When) -> bool {
        self.from.is_none_or(|e| e.reached(when)) && self.to.is_none_or(|e| !e.reached(when))
    }

    /// First day in and first day out, by the default calendar.
    pub fn days(&self) -> (NaiveDate, NaiveDate) {
        (self.from.map_or(NaiveDate::MIN, Edge::day), self.to.map_or(NaiveDate::MAX, Edge::day))
    }

    /// Whether two ranges share a day.
    pub fn overlaps(&self, other: &Self) -> bool {
        let ((a, b), (c, d)) = (self.days(), other.days());
        a < d && c < b
    }

    /// Whether the range holds no day at all.
    pub fn is_empty(&self) -> bool {
        let (from, to) = self.days();
        from >= to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(date: &str) -> When {
        let date = date.parse().unwrap();
        When { date, term: TermCalendar::default().term_of(date) }
    }

    fn period(from: &str, to: &str) -> Period {
        Period { from: Edge::parse(from), to: Edge::parse(to) }
    }

    #[test]
    fn ranges_are_half_open_for_terms_and_for_dates() {
        for (from, to, date, inside) in [
            ("2024S", "", "2024-01-31", false),
            ("2024S", "", "2024-02-01", true),
            ("2011A", "2024S", "2024-01-31", true),
            ("2011A", "2024S", "2024-02-01", false),
            ("2014-11-01", "", "2014-10-31", false),
            ("2014-11-01", "", "2014-11-01", true),
            ("", "2014-11-01", "2014-10-31", true),
            ("", "2014-11-01", "2014-11-01", false),
        ] {
            assert_eq!(period(from, to).contains(when(date)), inside, "{from}..{to} {date}");
        }
    }

    #[test]
    fn a_term_edge_follows_the_calendar_of_the_place() {
        // The same day belongs to different terms under different calendars.
        let date = "2025-02-10".parse().unwrap();
        let late = TermCalendar { spring: (2, 15), autumn: (8, 15) };
        let by_default = When { date, term: TermCalendar::default().term_of(date) };
        let by_place = When { date, term: late.term_of(date) };
        let rule = period("2025S", "");
        assert!(rule.contains(by_default) && !rule.contains(by_place));
    }

    #[test]
    fn overlap_and_emptiness() {
        assert!(!period("2011A", "2024S").overlaps(&period("2024S", "")));
        assert!(period("2011A", "2024A").overlaps(&period("2024S", "")));
        assert!(period("2024S", "2024S").is_empty() && period("2024A", "2024S").is_empty());
        assert!(!period("2014-11-01", "2021A").is_empty());
    }
}
