//! The generator's truth against the reconciliation: what was put in is found, and nothing else.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::rates::{Standing, owed};
use super::tests::{at, plan};
use super::*;
use crate::cross_check::reconcile_input::{Expectation, expected_in_records};
use crate::cross_check::{
    AccountKey, Aided, Born, Categories, County as CountyCode, Due, DueDays, Enrolled, Evidences,
    FindingKind, HouseholdSource, Input, Listed, NameKey, Near, NearMiss, Options, Outcome, PersonKey,
    SchoolKey, reconcile,
};
use crate::policy::decision::Outcome as Verdict;
use crate::values::resident_id::variants;
use crate::values::{
    Category, EnrolmentState, Fen, Hardship, PersonName, Programme, ResidentId, TermCalendar,
};

/// The number of a text, given in the order of coming.
fn key(of: &mut HashMap<String, u32>, text: &str) -> u32 {
    let next = u32::try_from(of.len()).unwrap();
    *of.entry(text.to_owned()).or_insert(next)
}

/// A name in the form names are compared in.
fn normal(name: &str) -> String {
    PersonName::parse(name).unwrap().value.normal().to_owned()
}

type Numbers = HashMap<String, u32>;

/// The payments as a perfect importer reads them.
fn payments(county: &County, persons: &mut Numbers, names: &mut Numbers, cards: &mut Numbers) -> Vec<Aided> {
    let mut aided = Vec::new();
    for (record, row) in (0..).zip(&county.aid) {
        let student = &county.students[row.student];
        aided.push(Aided {
            record,
            person: PersonKey(key(persons, &student.person.id)),
            name: Some(NameKey(key(names, &normal(&student.person.name)))),
            school: None,
            programme: row.programme,
            tier: Some(row.tier),
            fen: Fen(row.fen),
            paid_on: Some(row.paid_on),
            account: row.card.as_deref().map(|card| AccountKey(key(cards, card))),
        });
    }
    aided
}

/// The listed on the roll of the county next door; nobody else there is asked about.
fn next_door(county: &County, persons: &Numbers, names: &mut Numbers) -> Vec<Enrolled> {
    let there = &county.neighbour;
    let row = |student: &Student| Enrolled {
        person: PersonKey(persons[&student.person.id]),
        name: Some(NameKey(key(names, &normal(&student.person.name)))),
        school: SchoolKey(u32::try_from(county.schools.len() + student.school).unwrap()),
        place: Some(CountyCode(there.place.parse().unwrap())),
        stage: student.stage,
        grade: Some(student.grade),
        state: student.state,
        from: Some(student.entered),
        to: student.left,
        categories: Categories::default(),
        evidence: Evidences::default(),
        assessed: false,
        household: None,
        fits: true,
    };
    there.students.iter().filter(|s| s.listed).map(row).collect()
}

/// Reads the county as a perfect importer would, judges it by the cashier's own table, and runs the check.
fn judged(county: &County) -> (Outcome, Vec<String>, Vec<String>) {
    let mut persons: HashMap<String, u32> = HashMap::new();
    let mut names: HashMap<String, u32> = HashMap::new();
    let mut cards: HashMap<String, u32> = HashMap::new();
    let mut households: HashMap<String, u32> = HashMap::new();
    let (mut listed, mut enrolled, mut due) = (vec![], vec![], vec![]);
    for (entry, row) in (0..).zip(&county.list) {
        let id = ResidentId::parse(&row.id).unwrap().value;
        listed.push(Listed {
            entry,
            person: PersonKey(key(&mut persons, id.as_str())),
            name: Some(NameKey(key(&mut names, &normal(&row.name)))),
            home: None,
            household: row
                .student(county)
                .map(|(student, _)| key(&mut households, &student.household_number())),
            stage: None,
            school: None,
        });
    }
    for student in &county.students {
        let person = PersonKey(key(&mut persons, &student.person.id));
        let name = Some(NameKey(key(&mut names, &normal(&student.person.name))));
        for school in [Some(student.school), student.second_school].into_iter().flatten() {
            enrolled.push(Enrolled {
                person,
                name,
                school: SchoolKey(u32::try_from(school).unwrap()),
                place: Some(CountyCode(341_024)),
                stage: student.stage,
                grade: Some(student.grade),
                state: student.state,
                from: Some(student.entered),
                to: student.left,
                categories: student.category.into_iter().collect::<Categories>(),
                evidence: student.evidence.into_iter().collect::<Evidences>(),
                assessed: student.hardship.is_some_and(|h| h != Hardship::None),
                household: households
                    .get(&student.household_number())
                    .map(|household| (*household, HouseholdSource::Roll)),
                fits: !county.schools[school].miscoded,
            });
        }
        let proven = student.category == Some(Category::RegisteredPoor)
            && student.evidence != Some(crate::values::EvidenceKind::VillageCertificate);
        let standing = match student.hardship {
            _ if student.listed || proven => Standing::Registered,
            Some(hardship) => Standing::Assessed(hardship),
            None => Standing::Ordinary,
        };
        if student.state == EnrolmentState::Enrolled {
            for (programme, _, fen) in
                owed(county.plan.term, student, &county.schools[student.school], standing)
            {
                due.push(Due {
                    person,
                    programme,
                    outcome: Verdict::Eligible,
                    fen_per_term: Some(Fen(fen)),
                    cash: expected_in_records(programme) == Expectation::Amount,
                });
            }
        }
    }
    enrolled.extend(next_door(county, &persons, &mut names));
    let aided = payments(county, &mut persons, &mut names, &mut cards);
    let options = Options {
        term: county.plan.term,
        calendar: TermCalendar::default(),
        place: Some(CountyCode(341_024)),
        due_days: DueDays::all(pay_by(county.plan.term)),
    };
    let born: Vec<Born> = county
        .students
        .iter()
        .map(|s| Born { person: PersonKey(persons[&s.person.id]), on: s.person.birth })
        .collect();
    let near = near(county, &persons);

    let outcome = reconcile(&Input {
        listed: &listed,
        enrolled: &enrolled,
        aided: &aided,
        due: &due,
        presumed: &[],
        born: &born,
        near: &near,
        options,
    })
    .unwrap();
    let turned = |of: HashMap<String, u32>| {
        let mut texts = vec![String::new(); of.len()];
        for (text, number) in of {
            texts[at(number)] = text;
        }
        texts
    };
    (outcome, turned(persons), turned(cards))
}

/// Whoever on the roll and off the list bears an id one digit away and the same name, by comparing all.
fn near(county: &County, persons: &HashMap<String, u32>) -> Vec<Near> {
    let known: HashMap<&str, &Student> = county.students.iter().map(|s| (s.person.id.as_str(), s)).collect();
    let mut near = Vec::new();
    for row in county.list.iter().filter(|row| !known.contains_key(row.person.id.as_str())) {
        let id = ResidentId::parse(&row.person.id).unwrap().value;
        for (other, _) in variants(&id) {
            let meant = known.get(other.as_str()).filter(|s| !s.listed && s.person.name == row.person.name);
            near.extend(meant.map(|meant| Near {
                listed: PersonKey(persons[&row.person.id]),
                candidate: PersonKey(persons[&meant.person.id]),
                change: NearMiss::OneDigit,
                same_name: true,
            }));
        }
    }
    near
}

type Faults = BTreeSet<(FindingKind, Vec<String>, Option<Programme>)>;

/// What was put in and what was found, each with the ids it is about.
fn injected_and_found(county: &County) -> (Faults, Faults) {
    let (outcome, persons, cards) = judged(county);
    let mut holders: HashMap<&str, BTreeSet<String>> = HashMap::new();
    for row in &county.aid {
        if let Some(card) = &row.card {
            let id = county.students[row.student].person.id.clone();
            holders.entry(card).or_default().insert(id);
        }
    }
    let mut found = Faults::new();
    for finding in &outcome.findings {
        let ids = match finding.account {
            None if finding.kind == FindingKind::SchoolKindMismatch => {
                vec![county.schools[at(finding.school.unwrap().0)].code.clone()]
            }
            Some(account) => holders[cards[at(account.0)].as_str()].iter().cloned().collect(),
            None => vec![persons[at(finding.person.0)].clone()],
        };
        assert!(found.insert((finding.kind, ids, finding.programme)), "found twice");
    }
    let mut injected = Faults::new();
    for (kind, labels) in &county.truth.findings {
        for label in labels {
            let mut ids = label.ids.clone();
            ids.sort();
            injected.insert((*kind, ids, label.programme));
        }
    }
    assert_eq!(outcome.totals.listed, u64::from(county.plan.listed));
    assert!(outcome.totals.identities().iter().all(crate::cross_check::Identity::holds));
    (injected, found)
}

/// Every injected fault is found and nothing else is.
fn exactly(county: &County) {
    let (injected, found) = injected_and_found(county);
    let missed: Vec<_> = injected.difference(&found).map(|f| (f.0, f.2)).collect();
    let invented: Vec<_> = found.difference(&injected).map(|f| (f.0, f.2)).collect();
    let Plan { students, seed, term, .. } = &county.plan;
    assert!(
        missed.is_empty() && invented.is_empty(),
        "{students} students, seed {seed}, {term}: missed {missed:?}, invented {invented:?}"
    );
}

#[test]
fn the_check_finds_exactly_what_was_put_in() {
    for term in ["2016A", "2017A", "2019A", "2024S", "2025S", "2025A"] {
        for seed in [1, 2] {
            exactly(&generate(&plan(4000, 800, seed, term)).unwrap());
        }
    }
}

proptest::proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_thousand_students_of_any_seed_with_any_length_of_list(seed in 0_u64.., listed in 60_u32..500) {
        exactly(&generate(&plan(1000, listed, seed, "2025A")).unwrap());
    }
}

#[test]
fn a_hundred_thousand_students() {
    let county = generate(&plan(100_000, 30_000, 5, "2025A")).unwrap();
    exactly(&county);
    let kinds: BTreeSet<FindingKind> = county.truth.findings.keys().copied().collect();
    let missing: Vec<_> = FindingKind::ALL.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "no county has {missing:?}");
}
