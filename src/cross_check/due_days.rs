//! The days by which listed students are to be paid: published ones with their source, or a bureau's own.
//!
//! Without a published day and without one of the bureau's, nobody is late. The last day itself is in time.

use chrono::NaiveDate;

use crate::values::{Programme, Season, Term};

/// For each programme the last day of a term on which it was to be paid, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDays([Option<NaiveDate>; Programme::ALL.len()]);

impl DueDays {
    /// No day at all.
    pub const NONE: Self = Self([None; Programme::ALL.len()]);

    /// One day for every programme.
    pub const fn all(day: NaiveDate) -> Self {
        Self([Some(day); Programme::ALL.len()])
    }

    /// The days that were published for a term.
    ///
    /// * Autumn 2017: registered-poor students are paid by 15 September 2017 (安徽省教育厅, notice on paying
    ///   aid to registered-poor students in autumn 2017).
    /// * 雨露计划 in Anhui: the spring term by the end of June, the autumn term by the end of December
    ///   (皖扶办〔2018〕104号, as 谯城区 applies it), hence from autumn 2018.
    pub fn published(term: Term) -> Self {
        let (year, season) = (i32::from(term.year()), term.season());
        let mut days = Self::NONE;
        if (year, season) == (2017, Season::Autumn) {
            days = NaiveDate::from_ymd_opt(2017, 9, 15).map_or(days, Self::all);
        }
        let since_2018 = year > 2018 || (year, season) == (2018, Season::Autumn);
        let (month, day) = if season == Season::Autumn { (12, 31) } else { (6, 30) };
        if let Some(day) = NaiveDate::from_ymd_opt(year, month, day).filter(|_| since_2018) {
            days.set(Programme::YuluSubsidy, day);
        }
        days
    }

    fn set(&mut self, programme: Programme, day: NaiveDate) {
        for (of, slot) in Programme::ALL.iter().zip(&mut self.0) {
            if *of == programme {
                *slot = Some(day);
            }
        }
    }

    /// The programmes that have a day, with it.
    pub fn iter(&self) -> impl Iterator<Item = (Programme, NaiveDate)> + '_ {
        Programme::ALL.iter().copied().zip(self.0).filter_map(|(programme, day)| Some((programme, day?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(term: &str) -> Vec<(Programme, String)> {
        let days = DueDays::published(Term::parse(term).unwrap());
        days.iter().map(|(programme, day)| (programme, day.to_string())).collect()
    }

    #[test]
    fn published_days_are_those_of_their_sources() {
        let plan = of("2017A");
        assert_eq!(plan.len(), Programme::ALL.len());
        assert!(plan.iter().all(|(_, day)| day == "2017-09-15"));
        for term in ["2016A", "2017S", "2018S"] {
            assert_eq!(of(term), [], "{term}");
        }
        for (term, day) in [("2018A", "2018-12-31"), ("2019S", "2019-06-30"), ("2025A", "2025-12-31")] {
            assert_eq!(of(term), [(Programme::YuluSubsidy, day.to_owned())], "{term}");
        }
    }
}
