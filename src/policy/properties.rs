//! What must hold for every student, not only for the golden ones.

use proptest::prelude::*;

use super::decide::{Entitlements, decide, entitled};
use super::decision::{BenefitKind, Outcome, Truth};
use super::facts::{Borrower, Facts, Fate, Hukou, Lender, Major, School, Student, grades_of};
use super::pack::Pack;
use crate::values::{
    Category, EnrolmentState, EvidenceKind, Fen, Hardship, HukouKind, Lang, Ownership, Place, RunBy, Stage,
};

pub(super) fn pack() -> &'static Pack {
    static PACK: std::sync::LazyLock<Pack> = std::sync::LazyLock::new(|| Pack::embedded().unwrap());
    &PACK
}

fn place() -> impl Strategy<Value = Option<Place>> {
    prop::sample::select(vec!["341024", "341525", "341722", "341524", "410183", "510100", "34"])
        .prop_map(|code| Some(Place::parse(code).unwrap()))
}

fn flag() -> impl Strategy<Value = Option<bool>> {
    any::<bool>().prop_map(Some)
}

prop_compose! {
    fn school()(
        place in place(),
        private in any::<bool>(),
        inclusive in flag(), approved in flag(), city in any::<bool>(), rural in flag(),
        own in 0..500_000_i64, public in 0..500_000_i64,
    ) -> School {
        School {
            place, inclusive, approved, rural,
            ownership: Some(if private { Ownership::Private } else { Ownership::Public }),
            run_by: Some(if private { RunBy::Private } else if city { RunBy::City } else { RunBy::County }),
            tuition_fen_per_term: Some(own),
            public_tuition_fen_per_term: Some(public),
        }
    }
}

prop_compose! {
    fn borrower()(
        flags in (flag(), flag(), flag(), flag(), flag(), flag()),
        lost in any::<bool>(), ability in 1_u8..=10,
        fate in prop::sample::select(Fate::ALL.to_vec()),
        lender in prop::sample::select(Lender::ALL.to_vec()),
    ) -> Borrower {
        let (has_loan, unable_to_repay, by_illness, natural_disaster, family_illness, very_low_income) = flags;
        Borrower {
            has_loan, unable_to_repay, natural_disaster, family_illness, very_low_income,
            fate: Some(fate), lost_working_ability: Some(lost), by_illness: by_illness.map(|b| b && lost),
            ability_grade: Some(if lost { ability } else { ability.max(5) }), lender: Some(lender),
        }
    }
}

prop_compose! {
    fn student()(
        stage in prop::sample::select(Stage::ALL.to_vec()),
        grade in 0_u8..8,
        state in prop::sample::select(EnrolmentState::ALL.to_vec()),
        flags in (flag(), flag(), flag(), flag(), flag(), flag()),
        school in school(),
        major in (flag(), flag()),
        home in place(),
        kind in prop::sample::select(HukouKind::ALL.to_vec()),
        categories in prop::sample::subsequence(Category::ALL.to_vec(), 0..4),
        hardship in prop::sample::select(Hardship::ALL.to_vec()),
        years in 1_u8..=8,
        borrower in borrower(),
    ) -> Student {
        let (first, last) = grades_of(stage);
        let (full_time, formal, boarding, new_entrant, last_preschool_year, internship) = flags;
        Student {
            stage: Some(stage), grade: Some(first + grade % (last - first + 1)), study_years: Some(years),
            // Half of all are enrolled, or nearly every case would end at the first condition.
            state: Some(if grade % 2 == 0 { EnrolmentState::Enrolled } else { state }),
            full_time, formal, boarding, new_entrant, school,
            major: Major { agricultural: major.0, performing_arts: major.1 },
            hukou: Hukou { place: home, kind: Some(kind) },
            categories: Some(categories), hardship: Some(hardship), last_preschool_year, internship, borrower,
        }
    }
}

prop_compose! {
    pub(super) fn complete()(
        student in student(),
        days in 0_i64..6000,
        evidence in prop::sample::subsequence(EvidenceKind::ALL.to_vec(), 0..3),
    ) -> Facts {
        let first: chrono::NaiveDate = "2011-01-01".parse().unwrap();
        Facts {
            as_of: first + chrono::TimeDelta::days(days),
            place: student.school.place.clone(),
            student,
            evidence: Some(evidence),
        }
    }
}

/// The same facts with some forgotten, one bit each.
pub(super) fn forget(mut facts: Facts, bits: u32) -> Facts {
    let mut bit = 0;
    let mut forgotten = || {
        bit += 1;
        bits & (1 << (bit - 1)) != 0
    };
    macro_rules! lose {
        ($($field:expr),+ $(,)?) => { $( if forgotten() { $field = None; } )+ };
    }
    let s = &mut facts.student;
    lose!(
        s.stage,
        s.grade,
        s.state,
        s.full_time,
        s.formal,
        s.boarding,
        s.new_entrant,
        s.last_preschool_year,
        s.categories,
        s.hardship,
        s.hukou.place,
        s.hukou.kind,
        s.major.agricultural,
        s.major.performing_arts,
        s.school.ownership,
        s.school.inclusive,
        s.school.approved,
        s.school.run_by,
        s.school.rural,
        s.school.tuition_fen_per_term,
        s.school.public_tuition_fen_per_term,
        facts.evidence,
        s.borrower.has_loan,
        s.borrower.unable_to_repay,
        s.borrower.fate,
        s.borrower.lost_working_ability,
        s.borrower.ability_grade,
        s.borrower.by_illness,
        s.borrower.natural_disaster,
    );
    if forgotten() {
        facts.place = None;
        facts.student.school.place = None;
    }
    facts
}

fn bytes(facts: &Facts) -> String {
    serde_json::to_string(&decide(pack(), facts).body(pack(), Lang::Zh)).unwrap()
}

/// `None` is unbounded.
fn at_least(one: Option<Fen>, other: Option<Fen>) -> bool {
    match (one, other) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(one), Some(other)) => one >= other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is decided with less knowledge stays decided with more, and every result lies in the range.
    #[test]
    fn filling_in_unknown_facts_never_turns_a_verdict(whole in complete(), bits in any::<u32>(), more in any::<u32>()) {
        // Three steps of knowledge: little, some more of the same, everything.
        let little = decide(pack(), &forget(whole.clone(), bits));
        let more = decide(pack(), &forget(whole.clone(), bits & more));
        let all = decide(pack(), &whole);
        for (before, after) in [(&little, &more), (&more, &all), (&little, &all)] {
            for (b, a) in before.programmes.iter().zip(&after.programmes) {
                if b.outcome != Outcome::Undetermined {
                    prop_assert_eq!(b.outcome, a.outcome, "{}", b.programme);
                }
                for reason in &b.reasons {
                    if let Some(later) = a.reasons.iter().find(|r| r.condition == reason.condition) {
                        prop_assert!(reason.truth == Truth::Unknown || reason.truth == later.truth,
                            "{} {}", b.programme, reason.condition);
                    }
                }
                let due = a.benefit.filter(|_| a.outcome == Outcome::Eligible).and_then(|x| x.fen_per_term);
                if let (Some(due), Some(range)) = (due, b.missing.first().and_then(|m| m.range)) {
                    prop_assert!(range.low <= due && at_least(range.high, Some(due)),
                        "{}: {:?} not in {:?}", b.programme, due, range);
                }
            }
        }
    }

    /// The path without a trace says the same as the path with it.
    #[test]
    fn the_fast_path_agrees_with_the_trace(whole in complete(), bits in any::<u32>()) {
        let facts = forget(whole, bits);
        let mut fast = Entitlements::default();
        entitled(pack(), &facts, &mut fast);
        for traced in decide(pack(), &facts).programmes {
            let entitlement = fast.of(traced.programme).unwrap();
            prop_assert_eq!(entitlement.outcome, traced.outcome);
            if let Some(range) = traced.missing.first().and_then(|m| m.range) {
                prop_assert!(entitlement.low <= range.low && at_least(entitlement.high, range.high),
                    "{}: {:?} {:?}", traced.programme, entitlement, range);
            }
            if traced.outcome == Outcome::Eligible && let Some(due) = traced.benefit.and_then(|b| b.fen_per_term) {
                prop_assert_eq!(entitlement.fen_per_term(), Some(due));
            }
        }
    }

    /// An undetermined programme always says what is missing; a decided amount never does.
    #[test]
    fn what_is_open_is_named(whole in complete(), bits in any::<u32>()) {
        for programme in decide(pack(), &forget(whole, bits)).programmes {
            prop_assert!(programme.outcome != Outcome::Undetermined || !programme.missing.is_empty(),
                "{}", programme.programme);
            prop_assert!(programme.outcome != Outcome::Ineligible || programme.missing.is_empty());
            prop_assert_eq!(programme.outcome == Outcome::Ineligible, programme.benefit.is_none());
        }
    }

    /// The order in which categories and papers are listed means nothing, nor does naming one twice.
    #[test]
    fn order_and_repetition_mean_nothing(whole in complete()) {
        let mut turned = whole.clone();
        if let Some(held) = &mut turned.student.categories {
            held.reverse();
            if let Some(first) = held.first().copied() {
                held.push(first);
            }
        }
        if let Some(held) = &mut turned.evidence {
            held.reverse();
        }
        prop_assert!(bytes(&whole) == bytes(&turned), "{:?}", turned.student.categories);
    }

    /// One more category never takes anything away.
    #[test]
    fn another_category_never_lowers_a_benefit(
        whole in complete(), bits in any::<u32>(), more in prop::sample::select(Category::ALL.to_vec()),
    ) {
        let facts = forget(whole, bits);
        let mut richer = facts.clone();
        if let Some(held) = &mut richer.student.categories {
            held.push(more);
        }
        let (mut before, mut after) = (Entitlements::default(), Entitlements::default());
        entitled(pack(), &facts, &mut before);
        entitled(pack(), &richer, &mut after);
        for ((programme, b), (_, a)) in before.iter().zip(after.iter()) {
            // Where the amount was unbounded for want of a standard, a known one is no less.
            prop_assert!(a.outcome >= b.outcome && a.low >= b.low && (b.high.is_none() || at_least(a.high, b.high)),
                "{programme}: {b:?} {a:?}");
        }
    }

    /// The same question has the same bytes, also after a round trip through JSON.
    #[test]
    fn the_same_facts_give_the_same_bytes(whole in complete(), bits in any::<u32>()) {
        let facts = forget(whole, bits);
        let copy: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
        prop_assert_eq!(&facts, &copy);
        prop_assert!(bytes(&facts) == bytes(&copy));
    }

    /// Totals are the sum of what is listed.
    #[test]
    fn totals_add_up(whole in complete(), bits in any::<u32>()) {
        let decision = decide(pack(), &forget(whole, bits));
        for (kind, sum) in [
            (BenefitKind::Cash, decision.totals.cash),
            (BenefitKind::Waiver, decision.totals.waived),
            (BenefitKind::InKind, decision.totals.in_kind),
        ] {
            let due = decision.programmes.iter().filter(|p| p.outcome == Outcome::Eligible)
                .filter_map(|p| p.benefit).filter(|b| b.kind == kind);
            let (term, year) = due.fold((0, 0), |(t, y), b| {
                (t + b.fen_per_term.unwrap_or_default().0, y + b.fen_per_year.unwrap_or_default().0)
            });
            prop_assert_eq!((sum.per_term.0, sum.per_year.0), (term, year));
        }
    }
}
