//! What the run is about, and what a row of the roll means for its term and place.

use chrono::NaiveDate;

use super::model::{AbsenceReason, Distance};
use super::reconcile_input::{County, Enrolled, Options};
use crate::values::EnrolmentState;

/// What the run is about, with the days of its term worked out once.
pub(super) struct Frame {
    options: Options,
    begins: NaiveDate,
    ends: NaiveDate,
}

impl Frame {
    pub(super) fn of(options: &Options) -> Self {
        let Options { calendar, term, .. } = options;
        Self { options: *options, begins: calendar.first_day(*term), ends: calendar.end(*term) }
    }
}

impl std::ops::Deref for Frame {
    type Target = Options;

    fn deref(&self) -> &Options {
        &self.options
    }
}

/// Whether a roll row makes her a student of the term.
pub(super) fn attends(row: &Enrolled, frame: &Frame) -> bool {
    row.state == EnrolmentState::Enrolled
        && row.from.is_none_or(|from| from < frame.ends)
        && row.to.is_none_or(|to| to > frame.begins)
}

/// Whether a row is over or interrupted, so that its last day counts.
pub(super) fn left(row: &Enrolled) -> bool {
    row.state != EnrolmentState::Enrolled || row.to.is_some()
}

/// Whether the school lies in the place of the run. A school of unknown place is taken to.
pub(super) fn here(row: &Enrolled, options: &Options) -> bool {
    match (options.place, row.place) {
        (Some(run), Some(school)) => run.contains(school),
        _ => true,
    }
}

pub(super) fn absence(row: &Enrolled, frame: &Frame) -> AbsenceReason {
    let ends = frame.ends;
    match row.state {
        EnrolmentState::Suspended => AbsenceReason::Suspended,
        EnrolmentState::Transferred => AbsenceReason::Transferred,
        EnrolmentState::Graduated => AbsenceReason::Graduated,
        EnrolmentState::Withdrawn => AbsenceReason::Withdrawn,
        EnrolmentState::Enrolled if row.from.is_some_and(|from| from >= ends) => {
            AbsenceReason::NotYetEnrolled
        }
        EnrolmentState::Enrolled => AbsenceReason::PeriodOver,
    }
}

pub(super) fn distance(run: Option<County>, school: Option<County>) -> Distance {
    match (run, school) {
        (Some(run), Some(school)) if run.province() != school.province() => Distance::OtherProvince,
        (Some(run), Some(school)) if run.city() != school.city() => Distance::OtherCity,
        _ => Distance::OtherCounty,
    }
}
