//! Small counties whose faults are known because they were put there.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::values::{Category, EvidenceKind};

use FindingKind as K;

type Seen = (FindingKind, u32, Option<Programme>, i64);

fn seen(outcome: &Outcome) -> Vec<Seen> {
    outcome.findings.iter().map(|f| (f.kind, f.person.0, f.programme, f.at_stake.0)).collect()
}

/// What a student of the generated county is, with the findings that must follow.
#[derive(Debug, Clone, Copy)]
enum Role {
    Right,
    Unaided,
    Underpaid(i64),
    Absent,
    Left,
    Elsewhere,
    WithProof,
    WithoutProof,
    NoCategory,
    Assessed,
    Nobody,
}

/// Faults laid over a role.
#[derive(Debug, Clone, Copy)]
struct Over {
    twice: bool,
    other_name: bool,
    second_school: bool,
    late: bool,
    shares: bool,
}

fn county() -> impl Strategy<Value = Vec<(Role, Over)>> {
    let role = prop_oneof![
        6 => Just(Role::Right),
        1 => Just(Role::Unaided),
        1 => (1..175_000_i64).prop_map(Role::Underpaid),
        1 => Just(Role::Absent),
        1 => Just(Role::Left),
        1 => Just(Role::Elsewhere),
        1 => Just(Role::WithProof),
        1 => Just(Role::WithoutProof),
        1 => Just(Role::NoCategory),
        2 => Just(Role::Assessed),
        3 => Just(Role::Nobody),
    ];
    let rarely = || prop::bool::weighted(0.1);
    let over = (rarely(), rarely(), rarely(), rarely(), rarely()).prop_map(
        |(twice, other_name, second_school, late, shares)| Over {
            twice,
            other_name,
            second_school,
            late,
            shares,
        },
    );
    prop::collection::vec((role, over), 1..60)
}

const GRANT: Option<Programme> = Some(Programme::SeniorHighGrant);

fn lay_out(plan: &[(Role, Over)]) -> (World, BTreeSet<Seen>) {
    let mut world = World { pay_by: Some(day(9, 15)), ..World::default() };
    let mut truth = BTreeSet::new();
    let mut sharers: Vec<u32> = Vec::new();
    for (person, (role, over)) in (0_u32..).zip(plan) {
        let paid = play(&mut world, &mut truth, person, *role, over.twice);
        if paid > 0 {
            pay_wrongly(&mut world, &mut truth, person, *role, *over, paid);
            if over.shares {
                for record in world.aided.iter_mut().filter(|a| a.person.0 == person) {
                    record.account = Some(AccountKey(9));
                }
                sharers.push(person);
            }
        }
        if over.second_school && !matches!(role, Role::Absent | Role::Left | Role::Elsewhere) {
            let mut second = world.enrolled.last().copied().unwrap();
            second.school = SchoolKey(2);
            world.enrolled.push(second);
            truth.insert((K::DuplicateEnrolment, person, None, 0));
        }
    }
    if sharers.len() > 1 {
        let fen = world.aided.iter().filter(|a| a.account == Some(AccountKey(9))).map(|a| a.fen.0).sum();
        truth.insert((K::SharedAccount, sharers[0], None, fen));
    }
    (world, truth)
}

/// Puts one person in the county, with the findings of her role; what she was paid at first.
fn play(world: &mut World, truth: &mut BTreeSet<Seen>, person: u32, role: Role, twice: bool) -> i64 {
    let in_all = |fen: i64| if twice { fen * 2 } else { fen };
    if matches!(
        role,
        Role::Right | Role::Unaided | Role::Underpaid(_) | Role::Absent | Role::Left | Role::Elsewhere
    ) {
        world.on_list(person);
    }
    if matches!(role, Role::Right | Role::Unaided | Role::Underpaid(_) | Role::WithProof) {
        world.due(person);
    }
    if matches!(role, Role::Absent) {
        truth.insert((K::ListedNotEnrolled, person, None, 0));
        return 0;
    }
    let row = world.on_roll(person);
    let paid = match role {
        Role::Right => TOP.0,
        Role::Unaided => {
            truth.insert((K::ListedUnaided, person, GRANT, TOP.0));
            0
        }
        Role::Underpaid(fen) => {
            // The second payment of a duplicate may fill the gap.
            if in_all(fen) < TOP.0 {
                truth.insert((K::ListedUnderpaid, person, GRANT, TOP.0 - in_all(fen)));
            }
            fen
        }
        Role::Left => {
            (row.state, row.to) = (EnrolmentState::Withdrawn, Some(day(3, 1)));
            truth.insert((K::ListedNotEnrolled, person, None, 0));
            truth.insert((K::AidedAfterLeaving, person, GRANT, in_all(60_000)));
            60_000
        }
        Role::Elsewhere => {
            row.place = Some(County(330_106));
            truth.insert((K::ListedElsewhere, person, None, 0));
            0
        }
        Role::WithProof => {
            row.categories = Categories::EMPTY.with(Category::RegisteredPoor);
            row.evidence = Evidences::EMPTY.with(EvidenceKind::CountyCertificate);
            truth.insert((K::OffListWithProof, person, None, 0));
            TOP.0
        }
        Role::WithoutProof => {
            row.categories = Categories::EMPTY.with(Category::RegisteredPoor);
            truth.insert((K::OffListWithoutProof, person, None, 0));
            0
        }
        Role::NoCategory => {
            truth.insert((K::AidedWithoutCategory, person, GRANT, in_all(60_000)));
            60_000
        }
        Role::Assessed => {
            row.assessed = true;
            60_000
        }
        Role::Absent | Role::Nobody => 0,
    };
    if paid > 0 {
        world.paid(person, Fen(paid));
    }
    paid
}

/// Lays the faults of payment over somebody who was paid.
fn pay_wrongly(
    world: &mut World,
    truth: &mut BTreeSet<Seen>,
    person: u32,
    role: Role,
    over: Over,
    paid: i64,
) {
    if over.twice {
        let again = world.aided.last().copied().unwrap();
        world.aided.push(again);
        let due = matches!(role, Role::Right | Role::Underpaid(_) | Role::WithProof).then_some(TOP.0);
        let rightful = due.filter(|due| *due < paid * 2).unwrap_or(paid);
        truth.insert((K::DuplicateAid, person, GRANT, paid * 2 - rightful));
    }
    let listed = matches!(role, Role::Right | Role::Underpaid(_) | Role::Left);
    if over.late && listed {
        world.aided.last_mut().unwrap().paid_on = Some(day(9, 16));
        truth.insert((K::PaidLate, person, GRANT, 0));
        // The pair no longer agrees in its day; what excuses it then is the amount due.
        if over.twice && matches!(role, Role::Underpaid(fen) if fen * 2 <= TOP.0) {
            truth.retain(|(kind, who, ..)| !(*kind == K::DuplicateAid && *who == person));
        }
    }
    if over.other_name {
        world.aided.last_mut().unwrap().name = Some(NameKey(5000 + person));
        truth.insert((K::IdConflict, person, None, 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_injected_fault_is_found_and_nothing_else(plan in county()) {
        let (world, truth) = lay_out(&plan);
        let outcome = world.run();
        let found: BTreeSet<Seen> = seen(&outcome).into_iter().collect();
        prop_assert_eq!(found.len(), outcome.findings.len());
        prop_assert_eq!(found, truth);
        prop_assert_eq!(u64::try_from(outcome.states.len()).unwrap(), outcome.totals.listed);
    }

    #[test]
    fn neither_the_order_of_rows_nor_their_keys_matter(plan in county(), turn in 0_usize..60, shift in 0_u32..9) {
        let (world, _) = lay_out(&plan);
        let first = world.run();
        let mut other = world.clone();
        other.listed.reverse();
        other.enrolled.reverse();
        other.aided.reverse();
        other.due.reverse();
        let turn = turn % other.aided.len().max(1);
        other.aided.rotate_left(turn);
        prop_assert_eq!(&other.run(), &first);
        for row in &mut other.listed { row.person.0 += shift; }
        for row in &mut other.enrolled { row.person.0 += shift; }
        for row in &mut other.aided { row.person.0 += shift; }
        for row in &mut other.due { row.person.0 += shift; }
        let digest = first.digest(&Numbers { shift: 0 }).unwrap();
        prop_assert_eq!(other.run().digest(&Numbers { shift }).unwrap(), digest);
    }

    #[test]
    fn the_digest_sees_a_change(plan in county()) {
        let (mut world, _) = lay_out(&plan);
        let first = world.run().digest(&Numbers { shift: 0 }).unwrap();
        world.paid(999, Fen(1));
        prop_assert_ne!(world.run().digest(&Numbers { shift: 0 }).unwrap(), first);
    }
}
