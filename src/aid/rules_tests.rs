//! Every state × every act, for both origins, and what holds of any walk.

use proptest::prelude::*;

use super::super::model::{AidState, Origin};
use super::{Act, Refused, Standing, step};

use AidState::{Acknowledged, Approved, Cancelled, Corrected, Noticed, Paid, Proposed, Returned};

const ACTS: [Act; 10] = [
    Act::Notice,
    Act::Approve,
    Act::Pay(100),
    Act::Acknowledge,
    Act::Return(100),
    Act::Bounce(100),
    Act::Cancel { bureau: false },
    Act::Cancel { bureau: true },
    Act::Correct { bureau: false },
    Act::Correct { bureau: true },
];

/// The record in this state as it usually is: money out where the state says so.
fn usual(origin: Origin, state: AidState) -> Standing {
    let paid = match (origin, state) {
        (Origin::Sheet, _) | (_, Paid | Acknowledged | Returned) => 100,
        _ => 0,
    };
    let returned = if state == Returned { 100 } else { 0 };
    Standing { origin, state, fen: 100, paid, returned }
}

/// One letter an act: the state that follows, `m` money out, `b` bureau only, `s` stated by a sheet, `.` state.
fn row(origin: Origin, state: AidState) -> String {
    ACTS.iter()
        .map(|act| match step(usual(origin, state), *act) {
            Ok(after) => match after.state {
                Proposed => 'P',
                Noticed => 'N',
                Approved => 'A',
                Paid => 'D',
                Acknowledged => 'K',
                Returned => 'R',
                Cancelled => 'X',
                Corrected => 'C',
            },
            Err(Refused::State(s)) => {
                assert_eq!(s, state);
                '.'
            }
            Err(Refused::MoneyOut(_)) => 'm',
            Err(Refused::BureauOnly) => 'b',
            Err(Refused::Stated) => 's',
            Err(Refused::MoreThanPaid(_)) => '>',
            Err(Refused::Beyond(_) | Refused::Nothing) => '?',
        })
        .collect()
}

#[test]
fn every_state_and_every_act() {
    //                          notice approve pay ack return bounce cancel/bureau correct/bureau
    let office = [
        (Proposed, "N.....XXCC"),
        (Noticed, ".A....XXCC"),
        (Approved, "..D.>>bXbC"),
        (Paid, "...KRAbmbD"),
        (Acknowledged, "....RA..bK"),
        (Returned, "........bC"),
        (Cancelled, ".........."),
        (Corrected, ".........."),
    ];
    assert_eq!(office.map(|(s, _)| s).as_slice(), AidState::ALL);
    for (state, said) in office {
        assert_eq!(row(Origin::Office, state), said, "office {state}");
    }
    // The states a sheet's record can be in.
    for (state, said) in [
        (Paid, "...KRRbXss"),
        (Acknowledged, "....RR..ss"),
        (Returned, "........ss"),
        (Cancelled, ".........."),
    ] {
        assert_eq!(row(Origin::Sheet, state), said, "sheet {state}");
    }
}

#[test]
fn a_part_payment_leaves_the_rest_open() {
    let approved = Standing { state: Approved, ..Standing::proposed(62_500) };
    let part = step(approved, Act::Pay(30_000)).unwrap();
    assert_eq!((part.state, part.open()), (Approved, 32_500));
    assert_eq!(step(part, Act::Pay(32_501)), Err(Refused::Beyond(32_500)));
    assert_eq!(step(part, Act::Correct { bureau: true }), Err(Refused::MoneyOut(30_000)));
    assert_eq!(step(part, Act::Cancel { bureau: true }), Err(Refused::MoneyOut(30_000)));
    let full = step(part, Act::Pay(32_500)).unwrap();
    assert_eq!((full.state, full.open()), (Paid, 0));
    // Part of it taken back: what is left stays paid, and is not to be paid again.
    let less = step(full, Act::Return(31_250)).unwrap();
    assert_eq!((less.state, less.net()), (Paid, 31_250));
    assert_eq!(step(less, Act::Pay(1)), Err(Refused::State(Paid)));
    assert_eq!(step(less, Act::Return(31_251)), Err(Refused::MoreThanPaid(31_250)));
    assert_eq!(step(less, Act::Return(31_250)).unwrap().state, Returned);
    // Sent back by the bank: to be paid again.
    let again = step(full, Act::Bounce(62_500)).unwrap();
    assert_eq!((again.state, again.open()), (Approved, 62_500));
}

#[test]
fn what_costs_nothing_is_done_when_it_is_approved() {
    let noticed = Standing { state: Noticed, ..Standing::proposed(0) };
    assert_eq!(step(noticed, Act::Approve).unwrap().state, Paid);
    for act in [Act::Pay(0), Act::Pay(-1)] {
        let approved = Standing { state: Approved, ..Standing::proposed(5) };
        assert_eq!(step(approved, act), Err(Refused::Nothing));
    }
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Notice),
        Just(Act::Approve),
        (-5_i64..150).prop_map(Act::Pay),
        Just(Act::Acknowledge),
        (-5_i64..150).prop_map(Act::Return),
        (-5_i64..150).prop_map(Act::Bounce),
        any::<bool>().prop_map(|bureau| Act::Cancel { bureau }),
        any::<bool>().prop_map(|bureau| Act::Correct { bureau }),
    ]
}

proptest! {
    #[test]
    fn no_walk_pays_too_much_or_takes_back_what_was_not_paid(
        sheet in any::<bool>(), fen in 0_i64..120, acts in prop::collection::vec(any_act(), 0..40)
    ) {
        let mut s = if sheet { Standing::stated(fen) } else { Standing::proposed(fen) };
        for act in acts {
            if let Ok(after) = step(s, act) {
                // A grant never changes, sums only grow, and nobody holds more than was granted.
                prop_assert_eq!((after.fen, after.origin), (s.fen, s.origin));
                prop_assert!(after.paid >= s.paid && after.returned >= s.returned);
                prop_assert!((0..=after.fen).contains(&after.net()));
                prop_assert!(!matches!(s.state, Cancelled | Corrected), "{:?} left {:?}", act, s.state);
                if matches!(after.state, Cancelled | Corrected) && !sheet {
                    prop_assert_eq!(after.net(), 0);
                }
                s = after;
            }
        }
    }
}
