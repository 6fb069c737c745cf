//! The table's rows about students off the list, about money paid wrongly and about identities.

use super::table::Row;
use super::*;
use crate::values::{Category, EvidenceKind};

use FindingKind as K;
use ListedState as S;

fn near(listed: u32, candidate: u32) -> Near {
    Near {
        listed: PersonKey(listed),
        candidate: PersonKey(candidate),
        change: NearMiss::OneDigit,
        same_name: true,
    }
}

pub(super) const ROWS: &[Row] = &[
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
        name: "a grant due to a farming major, its tier open",
        build: |w| {
            w.on_roll(1).stage = Stage::Vocational;
            let due = w.due(1);
            (due.programme, due.fen_per_term) = (Programme::VocationalGrant, None);
            w.paid(1, TOP).programme = Programme::VocationalGrant;
        },
        expect: &[],
        state: None,
    },
    Row {
        name: "another major may be due the grant, which is no sign of hardship",
        build: |w| {
            w.on_roll(1).stage = Stage::Vocational;
            let due = w.due(1);
            (due.programme, due.outcome) = (Programme::VocationalGrant, Verdict::Undetermined);
            w.paid(1, TOP).programme = Programme::VocationalGrant;
        },
        expect: &[(K::AidedWithoutCategory, 175_000)],
        state: None,
    },
    Row {
        name: "what is due of one programme does not excuse another",
        build: |w| {
            w.on_roll(1).stage = Stage::Vocational;
            w.due(1).programme = Programme::VocationalGrant;
            w.paid(1, TOP).programme = Programme::YuluSubsidy;
        },
        expect: &[(K::AidedWithoutCategory, 175_000)],
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
    Row {
        name: "a brother of a listed child who is not listed",
        build: |w| {
            w.right(1);
            w.kin(2, 0);
            w.presume(2);
        },
        expect: &[(K::HouseholdMemberOffList, 175_000)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a brother who was paid all the same",
        build: |w| {
            w.right(1);
            w.kin(2, 0).assessed = true;
            w.presume(2);
            w.paid(2, Fen(110_000));
        },
        expect: &[(K::HouseholdMemberOffList, 65_000)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a brother of whom it is not known what he would be due",
        build: |w| {
            w.right(1);
            w.kin(2, 0);
        },
        expect: &[(K::HouseholdMemberOffList, 0)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a brother who is listed too",
        build: |w| {
            w.right(1);
            w.right(2);
            w.listed[1].household = w.listed[0].household;
            w.enrolled[1].household = w.listed[0].household.map(|home| (home, HouseholdSource::Roll));
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a child of another household",
        build: |w| {
            w.right(1);
            w.kin(2, 7);
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a brother who has left school",
        build: |w| {
            w.right(1);
            w.kin(2, 0).state = EnrolmentState::Graduated;
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a brother at school in another county",
        build: |w| {
            w.right(1);
            w.kin(2, 0).place = Some(County(341_021));
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "the oldest age that senior high school explains, on the day of payment",
        build: |w| {
            w.right(1);
            w.born(1, 2002, 9, 11);
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a year more on the day of payment",
        build: |w| {
            w.right(1);
            w.born(1, 2002, 9, 10);
        },
        expect: &[(K::AgeOutOfRange, 175_000)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "the youngest age, on the birthday itself",
        build: |w| {
            w.right(1);
            w.born(1, 2011, 9, 10);
        },
        expect: &[],
        state: Some(S::AidedRight),
    },
    Row {
        name: "a day too young, though the calendar years differ by as many",
        build: |w| {
            w.right(1);
            w.born(1, 2011, 9, 11);
        },
        expect: &[(K::AgeOutOfRange, 175_000)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "paid before she was born",
        build: |w| {
            w.right(1);
            w.born(1, 2025, 9, 11);
        },
        expect: &[(K::AgeOutOfRange, 175_000)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "of the two payments one at a strange age",
        build: |w| {
            w.unpaid(1);
            w.paid(1, Fen(75_000));
            w.paid(1, Fen(100_000)).paid_on = Some(day(10, 10));
            w.born(1, 2002, 10, 10);
        },
        expect: &[(K::AgeOutOfRange, 100_000)],
        state: Some(S::AidedRight),
    },
    Row {
        name: "adults study in vocational schools",
        build: |w| {
            let row = w.on_roll(1);
            (row.stage, row.assessed) = (Stage::Vocational, true);
            w.paid(1, TOP).programme = Programme::VocationalGrant;
            w.born(1, 1985, 1, 1);
        },
        expect: &[],
        state: None,
    },
    Row {
        name: "who was not paid has no age on the day of payment",
        build: |w| {
            w.unpaid(1);
            w.born(1, 1985, 1, 1);
        },
        expect: &[(K::ListedUnaided, 175_000)],
        state: Some(S::Unaided),
    },
    Row {
        name: "two students at a school of another kind are one finding",
        build: |w| {
            w.on_roll(1).fits = false;
            w.on_roll(2).fits = false;
            w.on_roll(3);
        },
        expect: &[(K::SchoolKindMismatch, 0)],
        state: None,
    },
    Row {
        name: "two stages that do not fit are two",
        build: |w| {
            w.on_roll(1).fits = false;
            let row = w.on_roll(2);
            (row.fits, row.stage) = (false, Stage::JuniorHigh);
        },
        expect: &[(K::SchoolKindMismatch, 0), (K::SchoolKindMismatch, 0)],
        state: None,
    },
    Row {
        name: "who has left such a school does not count",
        build: |w| {
            let row = w.on_roll(1);
            (row.fits, row.state) = (false, EnrolmentState::Graduated);
        },
        expect: &[],
        state: None,
    },
];
