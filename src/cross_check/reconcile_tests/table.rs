//! Every kind of finding and every state: where it is, and the nearest case where it is not.

use std::collections::BTreeSet;

use super::super::reconcile_totals::AidedGroup;
use super::*;

use FindingKind as K;
use ListedState as S;

#[test]
fn each_kind_is_found_where_it_is_and_only_there() {
    for row in rows() {
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
    let kinds: BTreeSet<K> = rows().flat_map(|r| r.expect.iter().map(|(k, _)| *k)).collect();
    assert_eq!(kinds.len(), K::ALL.len());
    let states: BTreeSet<S> = rows().filter_map(|r| r.state).collect();
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

type Fault = fn(&mut Totals);

#[test]
fn a_planted_fault_fails_the_identity_it_breaks() {
    let mut world = World::default();
    world.right(1);
    world.unpaid(2);
    let sound = world.run().totals;
    assert_eq!(sound.verify(), Ok(()));
    assert!(sound.identities().iter().all(Identity::holds));
    let planted: [(&str, Fault); 8] = [
        ("listed_by_state", |t| t.listed += 1),
        ("listed_by_state", |t| t.by_state.add(S::NotDue)),
        ("listed_by_stage", |t| t.by_stage.clear()),
        ("aided_by_group", |t| t.aided = 0),
        ("paid_by_group", |t| t.by_group.values_mut().for_each(|paid| paid.fen.0 += 1)),
        ("paid_by_programme", |t| t.by_programme.clear()),
        ("due_paid_or_missing", |t| t.due.0 += 1),
        ("missing_by_stage", |t| t.by_stage[0].missing.0 += 1),
    ];
    let names: BTreeSet<&str> = planted.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), sound.identities().len(), "an identity without a fault");
    for (name, fault) in planted {
        let mut totals = sound.clone();
        fault(&mut totals);
        let failed = totals.verify().unwrap_err();
        assert_eq!(failed.name, name);
        assert!(!failed.holds() && failed.to_string().contains(name));
    }
}

#[test]
fn a_chain_names_a_listed_member_and_a_stable_child() {
    let mut world = World::default();
    world.right(1);
    world.right(3);
    world.listed[0].household = Some(9);
    world.listed[1].household = Some(9);
    world.kin(5, 9);
    let outcome = world.run();
    let finding = &outcome.findings[0];
    assert_eq!((finding.person, finding.other), (PersonKey(5), Some(PersonKey(1))));
    assert_eq!(finding.detail, Detail::Household { listed: 2, by: HouseholdSource::Roll });
    let key = finding.key(outcome.options.term, &Numbers { shift: 0 });
    assert_eq!(key, "household_member_off_list|2025A|5|-|-");
}

#[test]
fn rows_in_no_order_and_with_wide_gaps_are_read_alike() {
    let mut world = World::default();
    for person in [4_000_000_000, 7, 2, 900_000_000] {
        world.right(person);
    }
    world.listed.reverse();
    let totals = world.run().totals;
    assert_eq!((totals.listed, totals.on_roll, totals.aided), (4, 4, 4));
    assert_eq!(totals.by_state.of(S::AidedRight), 4);
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

/// One small county: what it holds of person 1, the findings with what is at stake, her state.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) build: fn(&mut World),
    pub(super) expect: &'static [(FindingKind, i64)],
    pub(super) state: Option<ListedState>,
}

fn rows() -> impl Iterator<Item = &'static Row> {
    list_rows::ROWS.iter().chain(money_rows::ROWS)
}
