//! Every kind of finding and every state: where it is, and the nearest case where it is not.

use std::collections::BTreeSet;

use super::super::reconcile_totals::AidedGroup;
use super::*;
use crate::values::{Category, EvidenceKind};

#[test]
fn each_kind_is_found_where_it_is_and_only_there() {
    for row in TABLE {
        let mut world = World::default();
        (row.build)(&mut world);
        let outcome = world.run();
        let found: Vec<(K, i64)> = outcome.findings.iter().map(|f| (f.kind, f.at_stake.0)).collect();
        assert_eq!(found, row.expect, "{}", row.name);
        let state = outcome.states.iter().find(|(p, _)| p.0 == 1).map(|(_, s)| *s);
        assert_eq!(state, row.state, "{}", row.name);
    }
}

#[test]
fn the_table_shows_every_kind_and_every_state() {
    let kinds: BTreeSet<K> = TABLE.iter().flat_map(|r| r.expect.iter().map(|(k, _)| *k)).collect();
    assert_eq!(kinds.len(), K::ALL.len());
    let states: BTreeSet<S> = TABLE.iter().filter_map(|r| r.state).collect();
    assert_eq!(states.len(), S::ALL.len());
}

#[test]
fn distance_is_told_from_the_place_of_the_run() {
    for (school, distance) in
        [(341_021, Distance::OtherCounty), (340_111, Distance::OtherCity), (330_106, Distance::OtherProvince)]
    {
        let mut world = World::default();
        world.unpaid(1);
        world.enrolled[0].place = Some(County(school));
        assert_eq!(world.run().findings[0].detail, Detail::Elsewhere { distance });
    }
    assert!(County(340_000).contains(HERE) && County(341_000).contains(HERE) && HERE.contains(HERE));
    assert!(!County(341_100).contains(HERE) && !HERE.contains(County(341_000)));
}

#[test]
fn a_failing_identity_is_an_error() {
    let mut world = World::default();
    world.right(1);
    let sound = world.run().totals;
    assert_eq!(sound.verify(), Ok(()));
    let tamper: [fn(&mut Totals); 6] = [
        |t| t.listed += 1,
        |t| t.paid.0 += 1,
        |t| t.due.0 += 1,
        |t| t.aided = 0,
        |t| t.by_stage.clear(),
        |t| t.by_group.clear(),
    ];
    for change in tamper {
        let mut totals = sound.clone();
        change(&mut totals);
        assert!(totals.verify().is_err());
    }
}

#[test]
fn a_repeated_entry_is_one_person() {
    let mut world = World::default();
    world.right(1);
    world.on_list(1);
    let totals = world.run().totals;
    assert_eq!((totals.list_entries, totals.listed), (2, 1));
    assert_eq!(totals.by_group[&AidedGroup::Listed].fen, TOP);
}

fn near(listed: u32, candidate: u32) -> Near {
    Near {
        listed: PersonKey(listed),
        candidate: PersonKey(candidate),
        change: NearMiss::OneDigit,
        same_name: true,
    }
}

struct Row {
    name: &'static str,
    build: fn(&mut World),
    expect: &'static [(FindingKind, i64)],
    state: Option<ListedState>,
}

use FindingKind as K;
use ListedState as S;

const TABLE: &[Row] = &[
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
    Row {
        name: "off the list with the handbook, unpaid",
        build: |w| {
            let row = w.on_roll(1);
            row.categories = Categories::EMPTY.with(Category::RegisteredPoor);
            row.evidence = Evidences::EMPTY.with(EvidenceKind::PovertyHandbook);
            w.due(1);
        },
        expect: &[(K::OffListWithProof, 175_000)],
        state: None,
    },
    Row {
        name: "a village's paper is not enough",
        build: |w| {
            let row = w.on_roll(1);
            row.categories = Categories::EMPTY.with(Category::RegisteredPoor);
            row.evidence = Evidences::EMPTY.with(EvidenceKind::VillageCertificate);
            w.paid(1, Fen(60_000));
        },
        expect: &[(K::OffListWithoutProof, 60_000)],
        state: None,
    },
    Row {
        name: "off the list with another category is no matter of the list",
        build: |w| {
            w.on_roll(1).categories = Categories::EMPTY.with(Category::RuralMinimumLiving);
            w.paid(1, Fen(60_000));
        },
        expect: &[],
        state: None,
    },
    Row {
        name: "registered poor on the roll and on the list",
        build: |w| {
            w.right(1);
            w.enrolled[0].categories = Categories::EMPTY.with(Category::RegisteredPoor);
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "paid without any sign of hardship",
        build: |w| {
            w.on_roll(1);
            w.paid(1, TOP);
        },
        expect: &[(K::AidedWithoutCategory, 175_000)],
        state: None,
    },
    Row {
        name: "paid after the school's assessment",
        build: |w| {
            w.on_roll(1).assessed = true;
            w.paid(1, TOP);
        },
        expect: &[],
        state: None,
    },
    Row {
        name: "a farming major is due the grant without hardship",
        build: |w| {
            w.on_roll(1).stage = Stage::Vocational;
            w.due(1).programme = Programme::VocationalGrant;
            w.paid(1, TOP).programme = Programme::VocationalGrant;
        },
        expect: &[],
        state: None,
    },
    Row {
        name: "a waiver for all rural students says nothing of hardship",
        build: |w| {
            w.on_roll(1).stage = Stage::Vocational;
            w.paid(1, TOP).programme = Programme::VocationalWaiver;
        },
        expect: &[],
        state: None,
    },
    Row {
        name: "paid twice",
        build: |w| {
            w.right(1);
            w.paid(1, TOP).paid_on = Some(day(10, 10));
        },
        expect: &[(K::DuplicateAid, 175_000)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "two halves on two days",
        build: |w| {
            w.unpaid(1);
            w.paid(1, Fen(87_500));
            w.paid(1, Fen(87_500)).paid_on = Some(day(10, 10));
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "one row entered twice",
        build: |w| {
            w.unpaid(1);
            w.paid(1, Fen(50_000));
            w.paid(1, Fen(50_000));
        },
        expect: &[(K::ListedUnderpaid, 75_000), (K::DuplicateAid, 50_000)],
        state: Some(S::AidedLow),
    },
    Row {
        name: "a second record that nothing explains",
        build: |w| {
            w.on_roll(1).assessed = true;
            w.paid(1, Fen(60_000));
            w.paid(1, Fen(110_000));
        },
        expect: &[(K::DuplicateAid, 60_000)],
        state: None,
    },
    Row {
        name: "two programmes are not two payments",
        build: |w| {
            w.right(1);
            w.paid(1, TOP).programme = Programme::SeniorHighWaiver;
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a programme of another stage",
        build: |w| {
            let row = w.on_roll(1);
            (row.stage, row.assessed) = (Stage::Vocational, true);
            w.paid(1, TOP);
        },
        expect: &[(K::StageMismatch, 175_000)],
        state: None,
    },
    Row {
        name: "another name on the list",
        build: |w| {
            w.right(1);
            w.listed[0].name = Some(NameKey(77));
        },
        expect: &[(K::IdConflict, 0)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a row without a name accuses nobody",
        build: |w| {
            w.right(1);
            w.aided[0].name = None;
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "one candidate is proposed",
        build: |w| {
            w.on_list(1);
            w.near = vec![near(1, 2)];
        },
        expect: &[(K::ListedNotEnrolled, 0), (K::ProbableTypo, 0)],
        state: Some(S::NotEnrolled),
    },
    Row {
        name: "two candidates are none",
        build: |w| {
            w.on_list(1);
            w.near = vec![near(1, 2), near(1, 3)];
        },
        expect: &[(K::ListedNotEnrolled, 0)],
        state: Some(S::NotEnrolled),
    },
    Row {
        name: "who is on the roll needs no proposal",
        build: |w| {
            w.right(1);
            w.near = vec![near(1, 2)];
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "at two schools",
        build: |w| {
            w.right(1);
            w.on_roll(1).school = SchoolKey(2);
        },
        expect: &[(K::DuplicateEnrolment, 0)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "twice at one school is one school",
        build: |w| {
            w.right(1);
            w.on_roll(1);
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "one account for two",
        build: |w| {
            w.right(1);
            w.right(2);
            w.aided[1].account = w.aided[0].account;
        },
        expect: &[(K::SharedAccount, 350_000)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "one account for two payments of one student",
        build: |w| {
            w.right(1);
            let waiver = w.paid(1, TOP);
            waiver.programme = Programme::SeniorHighWaiver;
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "paid after the day",
        build: |w| {
            w.right(1);
            w.pay_by = Some(day(9, 9));
        },
        expect: &[(K::PaidLate, 0)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "paid on the day",
        build: |w| {
            w.right(1);
            w.pay_by = Some(day(9, 10));
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
];
