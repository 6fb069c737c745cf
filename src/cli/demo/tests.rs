//! The generator against its own promises: the same seed, the numbers asked for, words the service
//! reads, files that open. That its truth is found is in `truth_tests`.

use std::collections::{BTreeMap, BTreeSet};

use calamine::{Data, Reader, SheetVisible, Xlsx, open_workbook};

use super::*;
use crate::cross_check::FindingKind;
use crate::values::{
    BankCard, Category, EnrolmentState, Fen, PersonName, Programme, ResidentId, SchoolCode, Stage,
    StudentNumber, day, grade,
};

pub(super) fn plan(students: u32, listed: u32, seed: u64, term: &str) -> Plan {
    Plan { students, listed, seed, term: Term::parse(term).unwrap(), place: "341024".to_owned() }
}

/// A number as an index.
pub(super) fn at(number: u32) -> usize {
    usize::try_from(number).unwrap()
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
