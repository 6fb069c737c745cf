//! The table's rows about listed students: what is due, paid and missing, and where they are.

use super::table::Row;
use super::*;

use FindingKind as K;
use ListedState as S;

pub(super) const ROWS: &[Row] = &[
    Row { name: "paid in full", build: |w| w.right(1), expect: &[], state: Some(S::AidedRight) },
    Row {
        name: "nothing paid",
        build: |w| w.unpaid(1),
        expect: &[(K::ListedUnaided, 175_000)],
        state: Some(S::Unaided),
    },
    Row {
        name: "another programme's money does not count",
        build: |w| {
            w.unpaid(1);
            w.paid(1, TOP).programme = Programme::SeniorHighWaiver;
        },
        expect: &[(K::ListedUnaided, 175_000)],
        state: Some(S::Unaided),
    },
    Row {
        name: "paid the middle tier",
        build: |w| {
            w.unpaid(1);
            w.paid(1, Fen(110_000));
        },
        expect: &[(K::ListedUnderpaid, 65_000)],
        state: Some(S::AidedLow),
    },
    Row {
        name: "one fen short is short",
        build: |w| {
            w.unpaid(1);
            w.paid(1, Fen(174_999));
        },
        expect: &[(K::ListedUnderpaid, 1)],
        state: Some(S::AidedLow),
    },
    Row {
        name: "unaided outweighs aided low, and both are found",
        build: |w| {
            w.unpaid(1);
            w.paid(1, Fen(100));
            w.due(1).programme = Programme::YuluSubsidy;
        },
        expect: &[(K::ListedUnaided, 175_000), (K::ListedUnderpaid, 174_900)],
        state: Some(S::Unaided),
    },
    Row {
        name: "a waiver needs a record, not an amount",
        build: |w| {
            w.unpaid(1);
            w.due[0].programme = Programme::SeniorHighWaiver;
            w.paid(1, Fen(1)).programme = Programme::SeniorHighWaiver;
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a waiver without a record is missed",
        build: |w| {
            w.right(1);
            let due = w.due(1);
            (due.programme, due.cash, due.fen_per_term) = (Programme::SeniorHighWaiver, false, None);
        },
        expect: &[(K::ListedUnaided, 0)],
        state: Some(S::Unaided),
    },
    Row {
        name: "books and meals leave no record",
        build: |w| {
            w.unpaid(1);
            w.due[0].programme = Programme::CompulsoryTextbooks;
        },
        expect: &[],
        state: Some(S::NotDue),
    },
    Row {
        name: "not eligible is not due",
        build: |w| {
            w.unpaid(1);
            w.due[0].outcome = Verdict::Ineligible;
        },
        expect: &[],
        state: Some(S::NotDue),
    },
    Row {
        name: "an undecided due is no accusation",
        build: |w| {
            w.unpaid(1);
            w.due[0].outcome = Verdict::Undetermined;
        },
        expect: &[],
        state: Some(S::Undetermined),
    },
    Row {
        name: "an amount nobody fixed cannot be held against what was paid",
        build: |w| {
            w.right(1);
            w.due[0].fen_per_term = None;
        },
        expect: &[],
        state: Some(S::Undetermined),
    },
    Row {
        name: "an unknown amount of which nothing came is still missed",
        build: |w| {
            w.unpaid(1);
            w.due[0].fen_per_term = None;
        },
        expect: &[(K::ListedUnaided, 0)],
        state: Some(S::Unaided),
    },
    Row {
        name: "not on the roll",
        build: |w| {
            w.on_list(1);
            w.due(1);
        },
        expect: &[(K::ListedNotEnrolled, 0)],
        state: Some(S::NotEnrolled),
    },
    Row {
        name: "left before the term and paid all the same",
        build: |w| {
            w.right(1);
            (w.enrolled[0].state, w.enrolled[0].to) = (EnrolmentState::Graduated, Some(day(7, 1)));
        },
        expect: &[(K::ListedNotEnrolled, 0), (K::AidedAfterLeaving, 175_000)],
        state: Some(S::Left),
    },
    Row {
        name: "left in the term, after being paid",
        build: |w| {
            w.right(1);
            (w.enrolled[0].state, w.enrolled[0].to) = (EnrolmentState::Withdrawn, Some(day(11, 1)));
        },
        expect: &[(K::ListedNotEnrolled, 0)],
        state: Some(S::Left),
    },
    Row {
        name: "paid on the first day away",
        build: |w| {
            w.right(1);
            (w.enrolled[0].state, w.enrolled[0].to) = (EnrolmentState::Transferred, Some(day(9, 10)));
        },
        expect: &[(K::ListedNotEnrolled, 0), (K::AidedAfterLeaving, 175_000)],
        state: Some(S::Left),
    },
    Row {
        name: "moved to another school within the term",
        build: |w| {
            w.right(1);
            (w.enrolled[0].state, w.enrolled[0].to) = (EnrolmentState::Transferred, Some(day(9, 10)));
            w.on_roll(1).school = SchoolKey(2);
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "the first day away is the first day of the term",
        build: |w| {
            w.unpaid(1);
            w.enrolled[0].to = Some(day(8, 1));
        },
        expect: &[(K::ListedNotEnrolled, 0)],
        state: Some(S::Left),
    },
    Row {
        name: "the first day away is the second day of the term",
        build: |w| {
            w.right(1);
            w.enrolled[0].to = Some(day(8, 2));
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "left in the term, paid on a day nobody wrote down",
        build: |w| {
            w.right(1);
            w.aided[0].paid_on = None;
            (w.enrolled[0].state, w.enrolled[0].to) = (EnrolmentState::Withdrawn, Some(day(8, 2)));
        },
        expect: &[(K::ListedNotEnrolled, 0)],
        state: Some(S::Left),
    },
    Row {
        name: "left with the old term, paid on a day nobody wrote down",
        build: |w| {
            w.right(1);
            w.aided[0].paid_on = None;
            (w.enrolled[0].state, w.enrolled[0].to) = (EnrolmentState::Withdrawn, Some(day(8, 1)));
        },
        expect: &[(K::ListedNotEnrolled, 0), (K::AidedAfterLeaving, 175_000)],
        state: Some(S::Left),
    },
    Row {
        name: "will begin only next term",
        build: |w| {
            w.unpaid(1);
            w.enrolled[0].from = NaiveDate::from_ymd_opt(2026, 2, 1);
        },
        expect: &[(K::ListedNotEnrolled, 0)],
        state: Some(S::Left),
    },
    Row {
        name: "at school in another county",
        build: |w| {
            w.unpaid(1);
            w.enrolled[0].place = Some(County(341_021));
        },
        expect: &[(K::ListedElsewhere, 0)],
        state: Some(S::Elsewhere),
    },
    Row {
        name: "a school of unknown place is taken to be here",
        build: |w| {
            w.right(1);
            w.enrolled[0].place = None;
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
];
