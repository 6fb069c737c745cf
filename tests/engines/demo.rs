//! The invented county through the whole service, from its spreadsheets to findings: what was put wrong
//! is found, nothing else is, and doing it again changes nothing.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use chrono::{Days, NaiveDate};
use yingzhu::aid::import::AidImporter;
use yingzhu::auth::Scope;
use yingzhu::cli::demo::{County, Dirt, File, Files, Plan, generate, pay_by, write_files};
use yingzhu::cross_check::run::{self, Means, Order as CheckOrder};
use yingzhu::cross_check::sighting_store::{Filter, SightingRow, findings};
use yingzhu::cross_check::store::CheckRow;
use yingzhu::cross_check::watch::unwatched;
use yingzhu::cross_check::{Detail, FindingKind, ListedState, Totals};
use yingzhu::imports::{Desk, Order, Report};
use yingzhu::policy::Pack;
use yingzhu::poverty_list::import::ListImporter;
use yingzhu::poverty_list::store as lists;
use yingzhu::roll::import::RollImporter;
use yingzhu::seal::{KeyRing, Sealer, vault};
use yingzhu::sheet::{Limits, Reader};
use yingzhu::values::{Place, Programme, Stage, Term, TermCalendar, clock};

use crate::engine::{Engine, Ground};

/// A bureau with an empty database of its own.
struct Bureau {
    desk: Desk,
    pack: Pack,
    county: County,
    files: Files,
    place: Place,
    /// A day of the term on which all money has been paid.
    today: NaiveDate,
    _ground: Ground,
}

impl Bureau {
    fn open(students: u32, listed: u32, seed: u64, term: &str) -> Self {
        let term = Term::parse(term).unwrap();
        let plan = Plan { students, listed, seed, term, place: "341024".to_owned() };
        let county = generate(&plan).unwrap();
        let ground = Ground::migrated();
        let files = write_files(&county, ground.folder.path()).unwrap();
        let db = ground.connect(2);
        let program = env!("CARGO_BIN_EXE_yingzhu").into();
        Self {
            desk: Desk {
                db,
                reader: Reader { program, limits: Limits::default() },
                sealer: Sealer::new(&KeyRing::generate().unwrap()).unwrap(),
            },
            pack: Pack::embedded().unwrap(),
            today: TermCalendar::default().first_day(term) + Days::new(100),
            place: Place::parse(&plan.place).unwrap(),
            county,
            files,
            _ground: ground,
        }
    }

    /// Imports one of the files. `digest` stands for its bytes: another digest, another file.
    fn import(&self, file: File, digest: &str) -> Report {
        let term = self.county.plan.term;
        let order = Order {
            term,
            place: if file == File::NeighbourRoll { self.next_door() } else { self.place.clone() },
            school: None,
            by: "sender".to_owned(),
            at: clock::now(),
            digest: digest.to_owned(),
            bytes: 1,
            reading: yingzhu::sheet::Reading::default(),
            rehearsal: false,
        };
        let calendar = TermCalendar::default();
        let roll = |path| self.desk.import_now(path, &order, &mut RollImporter::new(calendar), &|_| {});
        let report = match file {
            File::List => {
                let mut importer = ListImporter::new(None, calendar.first_day(term));
                self.desk.import_now(&self.files.list, &order, &mut importer, &|_| {})
            }
            File::Roll => roll(&self.files.roll),
            File::NeighbourRoll => roll(&self.files.neighbour_roll),
            File::Aid => {
                self.desk.import_now(&self.files.aid, &order, &mut AidImporter::new(self.today), &|_| {})
            }
        };
        report.unwrap()
    }

    fn next_door(&self) -> Place {
        Place::parse(&self.county.neighbour.place).unwrap()
    }

    /// One person checks the list, another locks it.
    fn lock(&self, import_id: &str) {
        let scope = Scope::local(self.place.clone());
        self.desk
            .db
            .write_now(|conn| {
                let list_id = lists::of_import(conn, import_id)?.unwrap();
                lists::check(conn, &scope, "sender", &list_id, clock::now())?;
                lists::lock(conn, &scope, "reviewer", &list_id, clock::now())
            })
            .unwrap();
    }

    fn check(&self) -> (CheckRow, bool) {
        let order = CheckOrder {
            list: None,
            term: self.county.plan.term,
            place: self.place.clone(),
            pay_by: Some(pay_by(self.county.plan.term)),
            by: "reviewer".to_owned(),
            at: clock::now(),
            today: self.today,
        };
        let scope = Scope::local(self.place.clone());
        let means = Means { pack: &self.pack, sealer: &self.desk.sealer };
        self.desk.db.write_now(|conn| run::run(conn, &scope, means, &order, &mut unwatched)).unwrap()
    }

    /// The findings with the resident id of each student.
    fn findings(&self, check: &CheckRow) -> Vec<(SightingRow, String)> {
        let scope = Scope::local(self.place.clone());
        self.desk
            .db
            .read_now(|conn| {
                let rows = findings(conn, &scope, &check.check_id, &Filter::default(), None, i64::MAX)?;
                let rows: Vec<SightingRow> = rows.into_iter().map(|(sighting, _)| sighting).collect();
                let people: Vec<&str> = rows.iter().map(|row| row.person_id.as_str()).collect();
                let mut ids = BTreeMap::new();
                for (person, revealed) in vault::reveal(conn, &self.desk.sealer, &people)? {
                    ids.insert(person, revealed.id.unwrap());
                }
                let with_id = |row: SightingRow| {
                    let id = ids[&row.person_id].clone();
                    (row, id)
                };
                Ok(rows.into_iter().map(with_id).collect())
            })
            .unwrap()
    }
}

/// The fault under which the importers report what was put wrong with a row.
fn fault(dirt: Dirt) -> &'static str {
    match dirt {
        Dirt::IdAsNumber => "id_precision_lost",
        Dirt::WrongCheckDigit => "id_check_digit",
        Dirt::SeventeenDigits => "id_length",
        Dirt::BlankName => "cell_missing",
        Dirt::BadDate => "date_invalid",
        Dirt::UnknownProgramme => "word_unknown",
        Dirt::NegativeAmount => "amount_negative",
    }
}

/// Exactly the rows that were spoilt are refused, each for its own reason and no other.
fn refused_rightly(county: &County, file: File, report: &Report, good: usize) {
    let mut expected: BTreeMap<&str, i64> = BTreeMap::new();
    for ((of, dirt), count) in &county.truth.rejected {
        if *of == file {
            *expected.entry(fault(*dirt)).or_default() += i64::from(*count);
        }
    }
    let mut told: BTreeMap<&str, i64> = BTreeMap::new();
    for group in &report.faults {
        *told.entry(group.code.as_str()).or_default() += group.rows;
    }
    assert_eq!(told, expected, "{file:?}");
    assert_eq!(report.rows.bad, i64::from(county.truth.rejected_rows(file)), "{file:?}");
    assert_eq!(report.rows.new, i64::try_from(good).unwrap(), "{file:?}");
    assert_eq!(report.rows.read, report.rows.new + report.rows.bad, "{file:?}");
}

/// A finding as truth and run can both be written: kind, id, programme; for a shared account the ids of
/// its label.
type Key = (FindingKind, Vec<String>, Option<Programme>);

fn found(county: &County, findings: &[(SightingRow, String)]) -> Vec<Key> {
    let shared = county.truth.findings.get(&FindingKind::SharedAccount);
    let mut keys: Vec<Key> = findings
        .iter()
        .map(|(row, id)| {
            let mut ids = vec![id.clone()];
            if row.kind == FindingKind::SchoolKindMismatch {
                ids = vec![row.school_code.clone().unwrap()];
            }
            if row.kind == FindingKind::SharedAccount {
                // The finding stands under one of the holders and counts them.
                let label = shared.into_iter().flatten().find(|label| label.ids.contains(id));
                let label = label.expect("an account that nobody shares");
                match serde_json::from_str(&row.detail).unwrap() {
                    Detail::Account { persons, .. } => {
                        assert_eq!(usize::try_from(persons).unwrap(), label.ids.len());
                    }
                    other => panic!("{other:?}"),
                }
                ids.clone_from(&label.ids);
                ids.sort();
            }
            (row.kind, ids, row.programme)
        })
        .collect();
    keys.sort();
    keys
}

fn put_in(county: &County) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for (kind, labels) in &county.truth.findings {
        for label in labels {
            let mut ids = label.ids.clone();
            ids.sort();
            keys.push((*kind, ids, label.programme));
        }
    }
    keys.sort();
    keys
}

/// Kind, programme and number of what is in one and not in the other; ids would tell a reader nothing.
fn beyond(these: &[Key], others: &[Key]) -> BTreeMap<(FindingKind, Option<Programme>), usize> {
    let mut beyond = BTreeMap::new();
    for key in these.iter().filter(|key| !others.contains(key)) {
        *beyond.entry((key.0, key.2)).or_default() += 1;
    }
    beyond
}

/// From files to findings, against the truth, and all of it once more.
fn walk(students: u32, listed: u32, seed: u64, term: &str) {
    let bureau = Bureau::open(students, listed, seed, term);
    let county = &bureau.county;
    let second = county.students.iter().filter(|s| s.second_school.is_some()).count();
    let good = [
        (File::List, county.list.len()),
        (File::Roll, county.students.len() + second),
        (File::NeighbourRoll, county.neighbour.students.len()),
        (File::Aid, county.aid.len()),
    ];
    let first: Vec<Report> = good
        .iter()
        .map(|(file, good)| {
            let report = bureau.import(*file, "as sent");
            refused_rightly(county, *file, &report, *good);
            if *file == File::List {
                bureau.lock(&report.import_id);
            }
            report
        })
        .collect();

    let (check, repeated) = bureau.check();
    assert!(!repeated);
    let findings = bureau.findings(&check);
    let (found, truth) = (found(county, &findings), put_in(county));
    let missed = beyond(&truth, &found);
    let invented = beyond(&found, &truth);
    assert!(missed.is_empty() && invented.is_empty(), "{term} missed {missed:?} invented {invented:?}");
    assert_eq!(found.len(), truth.len(), "something was found twice");
    totals_add_up(county, &check);

    // The very same files: nothing is read.
    for ((file, _), before) in good.iter().zip(&first) {
        let again = bureau.import(*file, "as sent");
        assert!(again.repeated, "{file:?}");
        assert_eq!((&again.import_id, again.rows), (&before.import_id, before.rows), "{file:?}");
    }
    // The same rows in a file saved anew: all are read, none changes anything.
    for (file, good) in &good[1..] {
        let rows = bureau.import(*file, "saved anew").rows;
        let good = i64::try_from(*good).unwrap();
        assert_eq!((rows.new, rows.changed, rows.unchanged), (0, 0, good), "{file:?}");
    }
    let (same, repeated) = bureau.check();
    assert!(repeated);
    assert_eq!((same.check_id, same.report_digest), (check.check_id, check.report_digest));
}

fn totals_add_up(county: &County, check: &CheckRow) {
    let totals: Totals = serde_json::from_str(&check.totals).unwrap();
    totals.verify().unwrap();
    assert_eq!(totals.listed, u64::from(county.plan.listed));
    // The listed of the roll next door are known too; their classmates there are nobody's business here.
    let elsewhere = county.truth.count(FindingKind::ListedElsewhere);
    assert_eq!(totals.on_roll, u64::try_from(county.students.len() + elsewhere).unwrap());
    assert_eq!(totals.aid_records, u64::try_from(county.aid.len()).unwrap());
    assert_eq!(totals.paid.0, county.aid.iter().map(|row| row.fen).sum::<i64>());
    let persons = |kind| u64::try_from(county.truth.count(kind)).unwrap();
    let of = |state| totals.by_state.of(state);
    assert_eq!(of(ListedState::Left) + of(ListedState::NotEnrolled), persons(FindingKind::ListedNotEnrolled));
    assert_eq!(of(ListedState::AidedLow), persons(FindingKind::ListedUnderpaid));
    assert!(elsewhere > 0);
    assert_eq!(of(ListedState::Elsewhere), persons(FindingKind::ListedElsewhere));
    // No figure of this county's kindergartens has been published, and that is all that is open.
    for row in &totals.by_stage {
        let open = row.listed.of(ListedState::Undetermined);
        assert_eq!(open > 0, row.stage == Some(Stage::Preschool), "{:?}: {open}", row.stage);
    }
}

#[test]
fn autumn_2017_the_plans_own_term() {
    walk(2000, 400, 1, "2017A");
}

#[test]
fn spring_2018() {
    walk(2000, 400, 2, "2018S");
}

#[test]
fn autumn_2019_when_day_pupils_came_in() {
    walk(2000, 400, 3, "2019A");
}

#[test]
fn spring_2024_when_the_living_subsidy_rose() {
    walk(2000, 400, 4, "2024S");
}

#[test]
fn spring_2025_when_the_grants_rose() {
    walk(2000, 400, 5, "2025S");
}

#[test]
fn autumn_2025_when_kindergartens_became_free() {
    walk(2000, 400, 6, "2025A");
}

#[test]
fn autumn_2026_with_two_seeds() {
    walk(2000, 400, 7, "2026A");
    walk(2000, 1000, 8, "2026A");
}

#[test]
fn the_smallest_county() {
    walk(100, 20, 9, "2025A");
}

#[test]
fn a_county_large_enough_for_a_private_senior_high_school() {
    walk(21_000, 1500, 10, "2025A");
}

/// The demo, with a folder of its own and none of the tester's variables.
fn demo(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yingzhu"));
    command.arg("demo").args(args).env_clear().current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_second_demo_finds_everything_done() {
    let ground = Ground::empty();
    let folder = &ground.folder;
    let on = |students| {
        let mut args = vec!["--no-serve", "--students", students, "--term", "2025A"];
        if Engine::here() == Engine::Postgres {
            args.extend(["--database", &ground.url]);
        }
        args
    };
    let args = on("200");
    let first = demo(folder.path(), &args);
    assert!(first.status.success(), "{}", said(&first));
    assert!(said(&first).contains("祁门县2025年秋季学期：名单内学生 40 人"), "{}", said(&first));
    assert!(!said(&first).contains("先前已导入"));
    let book = || std::fs::read(folder.path().join("data/demo/roll.xlsx")).unwrap();
    let before = book();
    let second = demo(folder.path(), &args);
    assert!(second.status.success(), "{}", said(&second));
    assert_eq!(said(&second).matches("先前已导入").count(), 4, "{}", said(&second));
    assert!(before == book(), "the same plan gave other bytes");
    // What a bureau head reads is the same, down to the address of the run.
    let result = |output: &Output| {
        let text = said(output);
        let (_, result) = text.split_once("── 比对结果").unwrap();
        let lines = result.lines().filter(|line| !line.starts_with("用时") && !line.contains("TOKEN="));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(result(&first), result(&second));
    if Engine::here() == Engine::Postgres {
        return;
    }
    // Another county does not mix with this one: it has a file of its own.
    let other = demo(folder.path(), &on("100"));
    assert!(said(&other).contains("名单内学生 20 人"), "{}", said(&other));
}

#[test]
fn what_the_demo_cannot_do_is_told_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (args, word) in [
        (vec!["--no-serve", "--students", "50"], "100 到 500 万"),
        (vec!["--no-serve", "--students", "100", "--listed", "0"], "至少要有 1 人"),
        (vec!["--no-serve", "--students", "100", "--listed", "60"], "一半"),
        (vec!["--no-serve", "--place", "110101"], "黄山市"),
        (vec!["--no-serve", "--term", "2016A"], "2017S"),
        (vec!["--no-serve", "--term", "2999A"], "尚未发放完"),
        (vec!["--no-serve", "--term", "autumn"], "--term"),
        (vec!["--listen", address.as_str()], "端口是否被占用"),
        (vec!["--listen", "here"], "--listen"),
    ] {
        let output = demo(folder.path(), &args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", said(&output));
        assert!(said(&output).contains(word), "{args:?}: {}", said(&output));
        assert!(!said(&output).contains("已生成"), "{args:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{args:?}");
    }
}
