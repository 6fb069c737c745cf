//! The generator against its own promises: the same seed, the numbers asked for, words the service
//! reads, files that open, and a truth that the reconciliation finds exactly.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use calamine::{Data, Reader, SheetVisible, Xlsx, open_workbook};
use proptest::prelude::*;

use super::rates::{Standing, owed};
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
    BankCard, Category, EnrolmentState, Fen, Hardship, PersonName, Programme, ResidentId, SchoolCode, Stage,
    StudentNumber, TermCalendar, day, grade,
};

fn plan(students: u32, listed: u32, seed: u64, term: &str) -> Plan {
    Plan { students, listed, seed, term: Term::parse(term).unwrap(), place: "341024".to_owned() }
}

fn county(term: &str) -> County {
    generate(&plan(4000, 800, 1, term)).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_people() {
    let one = county("2025A");
    assert_eq!(one, county("2025A"));
    let other = generate(&plan(4000, 800, 2, "2025A")).unwrap();
    assert_ne!(one.students, other.students);
}

#[test]
fn the_stream_of_a_seed_is_fixed_for_good() {
    // If this changes, every published demo figure changes with it.
    let one = generate(&Plan::usual(1000, Term::parse("2025A").unwrap())).unwrap();
    let ids: String = one.students.iter().map(|s| s.person.id.as_str()).collect();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, ids.as_bytes());
    assert_eq!(&digest.as_ref()[..4], [224, 111, 209, 77]);
}

#[test]
fn numbers_are_as_planned() {
    for (students, listed) in [(100, 0), (100, 50), (1000, 200), (4000, 800)] {
        let county = generate(&plan(students, listed, 3, "2025A")).unwrap();
        assert_eq!(county.students.len(), at(students));
        assert_eq!(county.list.len(), at(listed), "{students}");
    }
    let county = county("2025A");
    let share = |stage| county.students.iter().filter(|s| s.stage == stage).count() * 100 / 4000;
    assert!((36..=44).contains(&share(Stage::Primary)), "{}", share(Stage::Primary));
    for stage in [Stage::Preschool, Stage::JuniorHigh, Stage::SeniorHigh, Stage::Vocational] {
        assert!((7..=23).contains(&share(stage)), "{stage}");
    }
}

#[test]
fn a_plan_that_cannot_be_is_refused() {
    for (students, listed, place) in [(99, 10, "341024"), (1000, 501, "341024"), (1000, 100, "110101")] {
        let plan = Plan { place: place.to_owned(), ..plan(students, listed, 1, "2025A") };
        assert_eq!(generate(&plan).unwrap_err().code.status(), 422);
    }
}

#[test]
fn everybody_passes_the_services_own_checks() {
    let county = county("2025A");
    let mut ids = BTreeSet::new();
    for student in &county.students {
        assert!(ids.insert(student.person.id.clone()));
        assert!(ResidentId::parse(&student.person.id).is_ok());
        assert!(StudentNumber::parse(&student.number()).is_ok());
        assert!(BankCard::parse(&student.card).is_ok());
        let school = &county.schools[student.school];
        assert_eq!(school.stage, student.stage);
    }
    for school in &county.schools {
        let fits = SchoolCode::parse(&school.code).unwrap().value.fits(school.stage);
        assert_eq!(fits, !school.miscoded, "{}", school.code);
        assert!(school.name.contains("演示"));
    }
    let codes: BTreeSet<_> = county.schools.iter().map(|s| &s.code).collect();
    let names: BTreeSet<_> = county.schools.iter().map(|s| &s.name).collect();
    assert_eq!((codes.len(), names.len()), (county.schools.len(), county.schools.len()));
    // Who stands in a row that must be rejected stands nowhere else.
    for row in &county.dirty {
        assert!(!ids.contains(&row.person.id));
        assert!(county.list.iter().all(|listed| listed.person.id != row.person.id));
    }
}

#[test]
fn some_of_the_listed_go_to_school_in_the_county_next_door() {
    for (place, next_door) in [("341024", "341023"), ("341002", "341003"), ("341003", "341002")] {
        let plan = Plan { place: place.to_owned(), ..plan(4000, 800, 1, "2025A") };
        let county = generate(&plan).unwrap();
        let there = &county.neighbour;
        assert_eq!(there.place, next_door);
        let listed = there.students.iter().filter(|s| s.listed);
        let listed: BTreeSet<&str> = listed.map(|s| s.person.id.as_str()).collect();
        let labels = &county.truth.findings[&FindingKind::ListedElsewhere];
        let labelled: BTreeSet<&str> =
            labels.iter().flat_map(|label| &label.ids).map(String::as_str).collect();
        assert_eq!((listed.len(), &listed), (2, &labelled));
        assert!(there.students.len() > listed.len(), "classmates");
        let known = |s: &Student| county.students.iter().any(|own| own.person.id == s.person.id);
        assert!(!there.students.iter().any(known));
        // Two counties have no school and no household in common.
        let codes: BTreeSet<_> = county.schools.iter().chain(&there.schools).map(|s| &s.code).collect();
        assert_eq!(codes.len(), county.schools.len() + there.schools.len());
        let last = county.students.iter().map(|s| s.household).max().unwrap();
        assert!(there.students.iter().all(|s| s.household > last));
        assert!(there.schools.iter().all(|s| !s.miscoded && s.name.starts_with(there.name)));
        assert!(there.schools.iter().all(|s| !s.name.contains("祁山镇")));
    }
}

#[test]
fn brothers_and_sisters_share_a_household_and_are_not_born_together() {
    let county = county("2025A");
    let mut households: BTreeMap<u32, Vec<&Student>> = BTreeMap::new();
    for student in &county.students {
        households.entry(student.household).or_default().push(student);
    }
    let families: Vec<_> = households.values().filter(|h| h.len() > 1).collect();
    assert!(families.len() > 300);
    let close = families
        .iter()
        .filter(|h| h.windows(2).any(|p| (p[0].person.birth - p[1].person.birth).num_days().abs() <= 300));
    assert_eq!(close.count(), 0);
}

/// The number of a text, given in the order of coming.
fn key(of: &mut HashMap<String, u32>, text: &str) -> u32 {
    let next = u32::try_from(of.len()).unwrap();
    *of.entry(text.to_owned()).or_insert(next)
}

/// A number as an index.
fn at(number: u32) -> usize {
    usize::try_from(number).unwrap()
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

#[test]
fn faults_are_put_in_the_planned_shares() {
    let county = generate(&plan(20_000, 4000, 1, "2025A")).unwrap();
    let persons = |kind: FindingKind| {
        let labels = county.truth.findings.get(&kind).into_iter().flatten();
        labels.flat_map(|label| &label.ids).collect::<BTreeSet<_>>().len()
    };
    for (kind, count) in [
        (FindingKind::ListedUnaided, 100),
        (FindingKind::ListedUnderpaid, 80),
        (FindingKind::ListedNotEnrolled, 40),
        (FindingKind::ListedElsewhere, 8),
        (FindingKind::OffListWithProof, 60),
        (FindingKind::OffListWithoutProof, 20),
        (FindingKind::AidedWithoutCategory, 30),
        (FindingKind::DuplicateAid, 20),
        (FindingKind::IdConflict, 15),
        (FindingKind::AidedAfterLeaving, 10),
        (FindingKind::StageMismatch, 8),
        (FindingKind::SharedAccount, 12),
        (FindingKind::DuplicateEnrolment, 4),
        (FindingKind::ProbableTypo, 6),
        (FindingKind::AgeOutOfRange, 6),
        (FindingKind::SchoolKindMismatch, 1),
    ] {
        assert_eq!(persons(kind), count, "{kind}");
    }
    assert!((40..=60).contains(&county.schools.len()), "{}", county.schools.len());
    for file in [File::List, File::Roll, File::Aid] {
        assert!(county.truth.rejected_rows(file) >= 4);
    }
    for variant in [
        Variant::FullWidth,
        Variant::SmallX,
        Variant::OtherDot,
        Variant::DateDigits,
        Variant::DateSlashes,
        Variant::DateWords,
        Variant::DateSerial,
    ] {
        assert!(county.truth.accepted.contains_key(&variant), "{variant:?}");
    }
}

/// A sheet as text; numbers as the spreadsheet would show them in full.
fn sheet(path: &std::path::Path, name: &str) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    book.worksheet_range(name).unwrap().rows().map(<[Data]>::to_vec).collect()
}

fn text(cell: &Data) -> String {
    cell.to_string()
}

#[test]
fn the_files_open_and_hold_what_the_county_holds() {
    let county = county("2025A");
    let dir = tempfile::tempdir().unwrap();
    let files = write_files(&county, dir.path()).unwrap();
    let rejected = |file| at(county.truth.rejected_rows(file));

    let list = sheet(&files.list, "演示名单");
    assert!(text(&list[0][0]).contains("祁门县（演示·虚构数据）2025年秋季学期"));
    assert_eq!(text(&list[1][1]), "姓名");
    assert_eq!(list.len(), 2 + county.list.len() + rejected(File::List) + 1);
    assert_eq!(text(&list.last().unwrap()[0]), "合计");

    let roll = sheet(&files.roll, "演示学籍");
    let second = county.students.iter().filter(|s| s.second_school.is_some()).count();
    assert_eq!(roll.len(), 2 + county.students.len() + second + rejected(File::Roll) + 1 + 1);
    let empty = roll.iter().filter(|row| row.iter().all(|cell| *cell == Data::Empty)).count();
    assert_eq!(empty, 1);
    let book: Xlsx<_> = open_workbook(&files.roll).unwrap();
    let hidden: Vec<_> =
        book.sheets_metadata().iter().filter(|s| s.visible == SheetVisible::Hidden).collect();
    assert_eq!(hidden.len(), 1);

    let there = sheet(&files.neighbour_roll, "演示学籍");
    assert!(text(&there[0][0]).contains("黟县（演示·虚构数据）2025年秋季学期"));
    assert_eq!(there.len(), 2 + county.neighbour.students.len() + 1);

    let aid = sheet(&files.aid, "演示资助");
    assert_eq!(aid.len(), 2 + county.aid.len() + rejected(File::Aid) + 1);
    let sum: i64 = county.aid.iter().map(|row| row.fen).sum();
    assert_eq!(text(&aid.last().unwrap()[9]), Fen(sum).yuan());
}

#[test]
fn good_cells_are_read_by_the_services_own_words_and_bad_ones_are_not() {
    let county = county("2025A");
    let dir = tempfile::tempdir().unwrap();
    let files = write_files(&county, dir.path()).unwrap();
    let column = |rows: &[Vec<Data>], word: &str| rows[1].iter().position(|c| text(c) == word).unwrap();

    let roll = sheet(&files.roll, "演示学籍");
    for row in &roll[2..roll.len() - 1] {
        if row.iter().all(|cell| *cell == Data::Empty) {
            continue;
        }
        let stage = Stage::from_word(&text(&row[column(&roll, "学段")])).unwrap();
        assert!(grade::parse(&text(&row[column(&roll, "年级")]), Some(stage)).is_ok());
        assert!(EnrolmentState::from_word(&text(&row[column(&roll, "在读状态")])).is_some());
        assert!(day::parse(&text(&row[column(&roll, "入学日期")])).is_ok());
        let category = text(&row[column(&roll, "困难类型")]);
        assert!(category.is_empty() || Category::from_word(&category).is_some());
    }

    let aid = sheet(&files.aid, "演示资助");
    let mut bad = 0;
    for row in &aid[2..aid.len() - 1] {
        let id = &row[column(&aid, "学生身份证号")];
        let good = matches!(id, Data::String(id) if ResidentId::parse(id).is_ok())
            && PersonName::parse(&text(&row[column(&aid, "学生姓名")])).is_ok()
            && Programme::from_word(&text(&row[column(&aid, "资助项目")])).is_some()
            && Fen::parse_yuan(&text(&row[column(&aid, "金额(元)")])).is_ok()
            && day::parse(&text(&row[column(&aid, "发放日期")])).is_ok();
        bad += u32::from(!good);
        let card = text(&row[column(&aid, "发放银行卡号")]);
        assert!(card.is_empty() || BankCard::parse(&card).is_ok());
        assert_eq!(Term::parse(&text(&row[column(&aid, "学期")])), Some(county.plan.term));
    }
    assert_eq!(bad, county.truth.rejected_rows(File::Aid));

    let list = sheet(&files.list, "演示名单");
    let bad = list[2..list.len() - 1].iter().filter(|row| {
        let id = &row[column(&list, "身份证号")];
        !(matches!(id, Data::String(id) if ResidentId::parse(id).is_ok())
            && PersonName::parse(&text(&row[column(&list, "姓名")])).is_ok()
            && Category::from_word(&text(&row[column(&list, "户类型")])) == Some(Category::RegisteredPoor))
    });
    assert_eq!(bad.count(), at(county.truth.rejected_rows(File::List)));
}
