//! What would change a refusal, and what excluding programmes do to outcome and totals.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::decide::{Entitlements, decide, entitled};
use super::decision::{BenefitKind, Decision, Outcome};
use super::fact::Kind;
use super::facts::Facts;
use super::pack::Pack;
use super::properties::{complete, forget, pack};
use super::steps::Step;
use crate::values::{Category, EvidenceKind, Programme};

fn facts(stage: &str, student: Value, hukou: &str) -> Value {
    let mut whole = json!({ "stage": stage, "grade": 1, "state": "enrolled", "full_time": true, "formal": true,
        "boarding": false, "categories": [], "hardship": "none",
        "school": { "place": "341024", "ownership": "public", "approved": true, "run_by": "county",
                    "tuition_fen_per_term": 85_000 },
        "major": { "agricultural": false, "performing_arts": false },
        "hukou": { "place": "341024", "kind": hukou } });
    for (key, value) in student.as_object().unwrap() {
        whole[key] = value.clone();
    }
    json!({ "as_of": "2025-10-10", "place": "341024", "student": whole, "evidence": [] })
}

/// The sets of steps that would change one programme, by their codes.
fn changes(facts: Value, programme: Programme) -> Vec<Vec<String>> {
    let facts: Facts = serde_json::from_value(facts).unwrap();
    let decision = decide(pack(), &facts);
    let sets = &decision.of(programme).unwrap().changes;
    sets.iter().map(|set| set.iter().map(|at| pack().steps()[*at].code.clone()).collect()).collect()
}

fn singles(codes: &[&str]) -> Vec<Vec<String>> {
    codes.iter().map(|c| vec![(*c).to_owned()]).collect()
}

#[test]
fn a_paper_that_suffices_is_named_and_one_that_does_not_is_left_out() {
    let groups =
        ["poverty_handbook", "county_certificate", "rural_minimum_living_card", "rural_extreme_poverty_card"];
    let plain = changes(facts("senior_high", json!({}), "rural"), Programme::SeniorHighWaiver);
    assert_eq!(plain, singles(&groups));
    // For a disabled student the school's assessment is enough, and so is any category of hardship.
    let disabled = json!({ "categories": ["disabled"] });
    let disabled = changes(facts("senior_high", disabled, "rural"), Programme::SeniorHighWaiver);
    assert!(disabled.contains(&vec!["hardship_assessment".to_owned()]), "{disabled:?}");
    assert!(disabled.contains(&vec!["orphan_certificate".to_owned()]), "{disabled:?}");
    assert!(disabled.iter().all(|set| set.len() == 1), "{disabled:?}");
}

#[test]
fn who_cannot_hold_a_paper_is_not_told_to_bring_it() {
    let urban = changes(facts("senior_high", json!({}), "urban"), Programme::SeniorHighGrant);
    let codes: Vec<&str> = urban.iter().flatten().map(String::as_str).collect();
    assert!(codes.contains(&"urban_minimum_living_card") && codes.contains(&"hardship_assessment"));
    assert!(!codes.contains(&"rural_minimum_living_card") && !codes.contains(&"poverty_handbook"));
    // An urban household can reach the waiver only as a disabled student in hardship.
    let waiver = changes(facts("senior_high", json!({}), "urban"), Programme::SeniorHighWaiver);
    assert!(
        waiver.contains(&vec!["hardship_assessment".to_owned(), "disability_card".to_owned()]),
        "{waiver:?}"
    );
    assert!(
        waiver.iter().all(|set| set.len() == 2 && set.contains(&"disability_card".to_owned())),
        "{waiver:?}"
    );
}

#[test]
fn two_lacks_need_two_steps() {
    let unregistered = facts("vocational", json!({ "formal": false }), "urban");
    let sets = changes(unregistered, Programme::VocationalWaiver);
    let both = ["hardship_assessment".to_owned(), "formal_registration".to_owned()];
    assert!(sets.contains(&both.to_vec()), "{sets:?}");
    assert!(sets.iter().all(|set| set.len() == 2 && set.contains(&both[1])), "{sets:?}");
}

#[test]
fn what_nobody_can_provide_is_not_offered() {
    for (stage, student, programme) in [
        ("senior_high", json!({ "state": "suspended" }), Programme::SeniorHighWaiver),
        ("vocational", json!({ "grade": 4, "categories": ["orphan"] }), Programme::VocationalGrant),
        ("senior_high", json!({}), Programme::VocationalGrant),
        // Already eligible: nothing to change.
        ("senior_high", json!({ "hardship": "hard" }), Programme::SeniorHighGrant),
    ] {
        assert_eq!(
            changes(facts(stage, student, "rural"), programme),
            Vec::<Vec<String>>::new(),
            "{programme}"
        );
    }
}

#[test]
fn the_answer_says_it_in_words_with_who() {
    let asked: Facts = serde_json::from_value(facts("senior_high", json!({}), "rural")).unwrap();
    for (lang, word) in [(crate::values::Lang::Zh, "扶贫手册"), (crate::values::Lang::En, "handbook")] {
        let body = serde_json::to_value(decide(pack(), &asked).body(pack(), lang)).unwrap();
        let waiver =
            body["programmes"].as_array().unwrap().iter().find(|p| p["programme"] == "senior_high_waiver");
        let step = waiver.unwrap()["what_would_change"][0]["steps"][0].clone();
        assert!(step["message"].as_str().unwrap().contains(word), "{step}");
        assert_eq!(step["facts"], json!(["student.categories", "evidence"]));
        assert!(!step["who"].as_str().unwrap().is_empty() && step["clause"] == "plan:2.5");
    }
}

/// The facts once a step has been taken, as the caller would write them.
fn taken(facts: &Facts, step: &Step) -> Facts {
    let mut json = serde_json::to_value(facts).unwrap();
    let add = |list: &mut Value, codes: Vec<&'static str>| {
        let mut held = list.as_array().cloned().unwrap_or_default();
        held.extend(codes.into_iter().map(Value::from));
        *list = Value::from(held);
    };
    let codes_in = |set: u16, all: Vec<&'static str>| -> Vec<&'static str> {
        all.into_iter().enumerate().filter(|(i, _)| set & (1 << i) != 0).map(|(_, c)| c).collect()
    };
    let categories = codes_in(step.categories, Category::ALL.iter().map(|c| c.code()).collect());
    add(&mut json["student"]["categories"], categories);
    add(&mut json["evidence"], codes_in(step.papers, EvidenceKind::ALL.iter().map(|c| c.code()).collect()));
    for (fact, set) in &step.settles {
        let first = set.trailing_zeros();
        let value = match fact.kind() {
            Kind::Flag => json!(first == 1),
            Kind::Number(_) => json!(first),
            Kind::Code(list) => json!(list.codes()[usize::try_from(first).unwrap()]),
            _ => panic!("a step settles {fact:?}"),
        };
        let mut at = &mut json;
        for key in fact.path().split('.') {
            at = &mut at[key];
        }
        *at = value;
    }
    serde_json::from_value(json).unwrap()
}

/// The pack with two programmes excluding each other that in truth combine.
fn excluding() -> &'static Pack {
    static PACK: std::sync::LazyLock<Pack> = std::sync::LazyLock::new(|| {
        let mut files: Vec<(String, String)> = super::load::EMBEDDED
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        let (_, text) = files.iter_mut().find(|(name, _)| name == "stacking.toml").unwrap();
        let old = "programmes = [\"vocational_grant\", \"vocational_waiver\", \"yulu_subsidy\"]";
        assert!(text.contains(old));
        *text = text.replacen(old, "programmes = [\"vocational_grant\", \"vocational_waiver\"]", 1);
        let rest =
            "source = \"S02\"\nclause = \"x\"\nsays = { zh = \"二者择一\", en = \"one of the two\" }\n";
        let more = format!(
            "\n[[combination]]\nprogrammes = [\"vocational_waiver\", \"yulu_subsidy\"]\n{rest}\n\
             [[exclusion]]\ncode = \"no_grant\"\nkeep = \"vocational_grant\"\ndrop = \"yulu_subsidy\"\n{rest}"
        );
        text.push_str(&more);
        Pack::from_files(files).unwrap_or_else(|faults| panic!("{faults:#?}"))
    });
    &PACK
}

fn outcome(decision: &Decision, programme: Programme) -> Outcome {
    decision.of(programme).unwrap().outcome
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every set that is offered does make the student eligible, and none of it is superfluous.
    #[test]
    fn steps_lead_where_they_say(whole in complete(), bits in any::<u32>()) {
        let facts = forget(whole, bits & 0b11_1111);
        for refused in decide(pack(), &facts).programmes {
            prop_assert!(refused.changes.is_empty() || refused.outcome == Outcome::Ineligible);
            for set in &refused.changes {
                let all = set.iter().fold(facts.clone(), |f, at| taken(&f, &pack().steps()[*at]));
                prop_assert_eq!(outcome(&decide(pack(), &all), refused.programme), Outcome::Eligible,
                    "{} {:?}", refused.programme, set);
                for without in set {
                    let rest = set.iter().filter(|at| *at != without);
                    let rest = rest.fold(facts.clone(), |f, at| taken(&f, &pack().steps()[*at]));
                    // Taking a step tells that nothing else was known to be held, so compare outcomes.
                    if facts.student.categories.is_some() {
                        prop_assert!(outcome(&decide(pack(), &rest), refused.programme) != Outcome::Eligible);
                    }
                }
            }
        }
    }

    /// Of two programmes that exclude each other a student gets one; the totals count that one.
    #[test]
    fn excluding_programmes_are_never_had_together(whole in complete(), bits in any::<u32>()) {
        let facts = forget(whole, bits);
        let (free, bound) = (decide(pack(), &facts), decide(excluding(), &facts));
        let (grant, yulu) = (Programme::VocationalGrant, Programme::YuluSubsidy);
        prop_assert_eq!(outcome(&bound, grant), outcome(&free, grant), "what stays is untouched");
        let expected = match (outcome(&free, grant), outcome(&free, yulu)) {
            (_, Outcome::Ineligible) | (Outcome::Eligible, _) => Outcome::Ineligible,
            (Outcome::Undetermined, _) => Outcome::Undetermined,
            (Outcome::Ineligible, own) => own,
        };
        prop_assert_eq!(outcome(&bound, yulu), expected);
        let mut fast = Entitlements::default();
        entitled(excluding(), &facts, &mut fast);
        prop_assert_eq!(fast.of(yulu).unwrap().outcome, expected);
        let due = bound.programmes.iter().filter(|p| p.outcome == Outcome::Eligible)
            .filter_map(|p| p.benefit).filter(|b| b.kind == BenefitKind::Cash);
        let sum = due.fold((0, 0), |(t, y), b| {
            (t + b.fen_per_term.unwrap_or_default().0, y + b.fen_per_year.unwrap_or_default().0)
        });
        prop_assert_eq!((bound.totals.cash.per_term.0, bound.totals.cash.per_year.0), sum);
    }
}

#[test]
fn the_exclusion_counts_in_the_totals_and_is_a_reason_in_words() {
    let listed = json!({ "categories": ["registered_poor"], "hardship": "very_hard" });
    let mut asked = facts("vocational", listed, "rural");
    asked["evidence"] = json!(["provincial_list"]);
    let asked: Facts = serde_json::from_value(asked).unwrap();
    let (free, bound) = (decide(pack(), &asked), decide(excluding(), &asked));
    let less = free.totals.cash.per_term.0 - bound.totals.cash.per_term.0;
    assert_eq!(less, 150_000, "the yulu subsidy of a term");
    let body = serde_json::to_value(bound.body(excluding(), crate::values::Lang::Zh)).unwrap();
    let yulu =
        body["programmes"].as_array().unwrap().iter().find(|p| p["programme"] == "yulu_subsidy").unwrap();
    let reason = yulu["reasons"].as_array().unwrap().iter().find(|r| r["code"] == "no_grant").unwrap();
    assert_eq!((&reason["met"], &reason["message"]), (&json!(false), &json!("不满足：二者择一")));
}
