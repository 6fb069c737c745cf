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
