//! The cross-check beside what it cannot do without, in the same run:
//!
//! * the pure reconciliation of a roll, a list and aid records whose ids are sealed, from the sealed ids to
//!   findings, beside a bare join of the same sealed ids by the standard library's map and hash; ten times
//!   the rows; memory;
//! * the whole run through SQLite (read, decide, reconcile, write findings) beside merely reading the same
//!   rows with the same queries; what was injected into the invented county, and what was found.
//!
//! One thread. `cargo bench --bench reconcile`, or with the number of students of the second part:
//! `cargo bench --bench reconcile -- 200000`.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use yingzhu::aid::import::AidImporter;
use yingzhu::aid::payments as aid;
use yingzhu::auth::Scope;
use yingzhu::cli::demo::{County as Invented, File, Plan, generate, pay_by, write_files};
use yingzhu::cross_check::finding_store::counts;
use yingzhu::cross_check::intern::Ids;
use yingzhu::cross_check::run::{self, Means};
use yingzhu::cross_check::store::CheckRow;
use yingzhu::cross_check::watch::unwatched;
use yingzhu::cross_check::{
    AccountKey, Aided, Born, Categories, County, Due, DueDays, Enrolled, Evidences, FindingKind,
    HouseholdSource, Input, Listed, NameKey, Options, PersonKey, SchoolKey, Totals, reconcile,
};
use yingzhu::db::{Conn, DatabaseUrl, Db};
use yingzhu::imports::{Desk, Order};
use yingzhu::policy::Pack;
use yingzhu::policy::decision::Outcome as Verdict;
use yingzhu::poverty_list::import::ListImporter;
use yingzhu::poverty_list::store as lists;
use yingzhu::roll::import::RollImporter;
use yingzhu::roll::store as roll;
use yingzhu::seal::{KeyRing, Sealer, vault};
use yingzhu::sheet::{Limits, Reader};
use yingzhu::values::{EnrolmentState, Fen, Place, Programme, Stage, Term, TermCalendar, clock};

type Failure = Box<dyn std::error::Error>;

const TERM: &str = "2025A";
const COUNTY: County = County(341_024);
const GRANTS: [(Programme, i64); 3] = [
    (Programme::VocationalGrant, 175_000),
    (Programme::VocationalWaiver, 85_000),
    (Programme::YuluSubsidy, 150_000),
];

/// The best of so many rounds, since noise only ever adds.
fn best<T>(rounds: u32, mut work: impl FnMut() -> T) -> Duration {
    let time = |work: &mut dyn FnMut() -> T| {
        let start = Instant::now();
        black_box(work());
        start.elapsed()
    };
    (0..rounds).map(|_| time(&mut work)).min().unwrap_or_default()
}

/// A stream of numbers that looks random (splitmix64): sealed ids have no order.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn sealed(person: u32) -> u128 {
    let number = u64::from(person);
    u128::from(mixed(number)) << 64 | u128::from(mixed(number ^ 0xFFFF_0000_0000))
}

/// Rows as they come from the three sources, each with its sealed id; and what follows from the roll, by
/// the place of the row there.
#[derive(Default)]
struct Sources {
    roll: Vec<Enrolled>,
    roll_ids: Vec<u128>,
    list: Vec<Listed>,
    list_ids: Vec<u128>,
    aid: Vec<Aided>,
    aid_ids: Vec<u128>,
    due: Vec<Due>,
    born: Vec<Born>,
}

/// Puts rows and their ids in one order that is none.
fn shuffle<T>(rows: &mut [T], ids: &mut [u128]) {
    for last in (1..rows.len()).rev() {
        let bound = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        let other = usize::try_from(mixed(bound) % bound).unwrap_or_default();
        rows.swap(last, other);
        ids.swap(last, other);
    }
}

/// So many students, three in ten listed, four in ten paid by three programmes; a few faults of each kind.
fn sources(students: u32) -> Sources {
    let mut s = Sources::default();
    for person in 0..students {
        let odd = mixed(u64::from(person)) % 1000;
        let (listed, paid) = (person % 10 < 3, person % 10 < 4);
        // A few of the listed are on no roll.
        let at = u32::try_from(s.roll.len()).ok().filter(|_| !listed || odd > 4);
        if at.is_some() {
            s.roll.push(enrolled(person, odd, listed, paid));
            s.roll_ids.push(sealed(person));
        }
        if listed {
            s.list.push(entry(person, if odd == 7 { students + person } else { person }));
            s.list_ids.push(sealed(person));
        }
        for (programme, fen) in GRANTS.into_iter().filter(|_| paid) {
            s.aid.push(payment(person, odd, programme, fen));
            s.aid_ids.push(sealed(person));
            s.due.extend(at.map(|at| Due {
                person: PersonKey(at),
                programme,
                outcome: Verdict::Eligible,
                fen_per_term: Some(Fen(fen)),
                cash: programme != Programme::VocationalWaiver,
            }));
        }
        let on = NaiveDate::from_ymd_opt(2009, 1 + person % 12, 1 + person % 28).unwrap_or_default();
        s.born.extend(at.filter(|_| paid).map(|at| Born { person: PersonKey(at), on }));
    }
    shuffle(&mut s.list, &mut s.list_ids);
    shuffle(&mut s.aid, &mut s.aid_ids);
    s
}

fn enrolled(person: u32, odd: u64, listed: bool, paid: bool) -> Enrolled {
    Enrolled {
        person: PersonKey(0),
        name: Some(NameKey(person)),
        school: SchoolKey(person % 2000),
        place: Some(if odd == 5 { County(330_106) } else { COUNTY }),
        stage: Stage::Vocational,
        grade: Some(2),
        state: EnrolmentState::Enrolled,
        from: None,
        to: None,
        categories: Categories::EMPTY,
        evidence: Evidences::EMPTY,
        assessed: !listed && paid && odd > 6,
        household: (odd < 8 || listed).then_some((person / 2, HouseholdSource::Roll)),
        fits: true,
    }
}

fn entry(person: u32, name: u32) -> Listed {
    Listed {
        entry: person,
        person: PersonKey(0),
        name: Some(NameKey(name)),
        home: Some(COUNTY),
        household: Some(person / 2),
        stage: Some(Stage::Vocational),
        school: None,
    }
}

fn payment(person: u32, odd: u64, programme: Programme, fen: i64) -> Aided {
    Aided {
        record: person,
        person: PersonKey(0),
        name: Some(NameKey(person)),
        school: Some(SchoolKey(person % 2000)),
        programme,
        tier: None,
        fen: Fen(if odd == 8 { fen / 2 } else { fen }),
        paid_on: NaiveDate::from_ymd_opt(2025, 9, 10),
        account: Some(AccountKey(if odd == 9 { person / 100 } else { person })),
    }
}

/// The bare join: which rows of list and aid have a row of the roll.
fn join(s: &Sources) -> usize {
    let mut rows: HashMap<u128, u32> = HashMap::with_capacity(s.roll_ids.len());
    for (id, at) in s.roll_ids.iter().zip(0..) {
        rows.insert(*id, at);
    }
    s.list_ids.iter().chain(&s.aid_ids).filter(|id| rows.contains_key(id)).count()
}

/// From sealed ids to findings: how many.
fn whole(s: &mut Sources, term: Term) -> Result<usize, Failure> {
    let mut ids = Ids::with_capacity(s.roll_ids.len());
    for (row, id) in s.roll.iter_mut().zip(&s.roll_ids) {
        row.person = PersonKey(ids.number_of(*id)?);
    }
    for (row, id) in s.list.iter_mut().zip(&s.list_ids) {
        row.person = PersonKey(ids.number_of(*id)?);
    }
    for (row, id) in s.aid.iter_mut().zip(&s.aid_ids) {
        row.person = PersonKey(ids.number_of(*id)?);
    }
    let options = Options {
        term,
        calendar: TermCalendar::default(),
        place: Some(COUNTY),
        due_days: DueDays::published(term),
    };
    let outcome = reconcile(&Input {
        listed: &s.list,
        enrolled: &s.roll,
        aided: &s.aid,
        due: &s.due,
        presumed: &[],
        born: &s.born,
        near: &[],
        options,
    })?;
    Ok(outcome.findings.len())
}

/// The most memory this process has held since the last call, in MiB, from the kernel; 0 where it tells
/// nothing.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default();
    // Begins to count anew; where that is not allowed the peak is of the whole process.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    kib / 1024
}

fn pure(out: &mut impl Write, term: Term) -> Result<(), Failure> {
    let mut former = None;
    for students in [100_000, 1_000_000] {
        let mut s = sources(students);
        let rounds = if students > 100_000 { 5 } else { 9 };
        let joined = best(rounds, || join(&s));
        let held = peak();
        let mut findings = 0;
        let mut failed = None;
        let all = best(rounds, || match whole(&mut s, term) {
            Ok(found) => findings = found,
            Err(error) => failed = Some(error),
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let more = peak().saturating_sub(held);
        let ratio = all.as_secs_f64() / joined.as_secs_f64();
        writeln!(
            out,
            "{:>9} roll {:>8} list {:>9} aid   hash join {:>8.1} ms   reconciled {:>8.1} ms   {ratio:.2} x   {findings} findings",
            s.roll.len(),
            s.list.len(),
            s.aid.len(),
            joined.as_secs_f64() * 1e3,
            all.as_secs_f64() * 1e3,
        )?;
        if let Some(before) = former.replace(all) {
            let times = all.as_secs_f64() / Duration::as_secs_f64(&before);
            writeln!(out, "{:>9} times the rows: {times:.1} times the time", 10)?;
            let rows = [
                ("roll", size_of::<Enrolled>()),
                ("list", size_of::<Listed>()),
                ("aid", size_of::<Aided>()),
                ("due", size_of::<Due>()),
            ];
            let rows: Vec<String> = rows.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
            writeln!(
                out,
                "          memory: bytes a row {}; the run itself {more} MiB more",
                rows.join(", ")
            )?;
        }
    }
    Ok(())
}

/// A bureau with a database of its own, into which the invented county was imported.
struct Bureau {
    desk: Desk,
    pack: Pack,
    county: Invented,
    place: Place,
    today: NaiveDate,
    _folder: tempfile::TempDir,
}

impl Bureau {
    fn open(students: u32, term: Term) -> Result<Self, Failure> {
        let plan = Plan { students, listed: students * 3 / 10, ..Plan::usual(students, term) };
        let county = generate(&plan)?;
        let folder = tempfile::tempdir()?;
        let files = write_files(&county, folder.path())?;
        let url = format!("sqlite://{}", folder.path().join("bureau.db").display());
        let db = Db::connect(&DatabaseUrl::parse(&url).map_err(|e| e.en)?, 2)?;
        db.migrate()?;
        let reader = Reader { program: env!("CARGO_BIN_EXE_yingzhu").into(), limits: Limits::default() };
        let sealer = Sealer::new(&KeyRing::generate()?)?;
        let pack = Pack::embedded().map_err(|faults| format!("{faults:?}"))?;
        let bureau = Self {
            desk: Desk { db, reader, sealer },
            pack,
            today: TermCalendar::default().first_day(term) + Days::new(100),
            place: Place::parse(&plan.place).map_err(|e| e.what.en)?,
            county,
            _folder: folder,
        };
        for (file, path) in [(File::List, &files.list), (File::Roll, &files.roll), (File::Aid, &files.aid)] {
            bureau.import(file, path)?;
        }
        Ok(bureau)
    }

    fn import(&self, file: File, path: &std::path::Path) -> Result<(), Failure> {
        let term = self.county.plan.term;
        let order = Order {
            term,
            place: self.place.clone(),
            school: None,
            by: "sender".to_owned(),
            at: clock::now(),
            digest: format!("{file:?}"),
            bytes: 1,
            reading: yingzhu::sheet::Reading::default(),
            rehearsal: false,
        };
        let calendar = TermCalendar::default();
        match file {
            File::List => {
                let mut importer = ListImporter::new(None, calendar.first_day(term));
                let report = self.desk.import_now(path, &order, &mut importer, &|_| {})?;
                let scope = Scope::local(self.place.clone());
                self.desk.db.write_now(|conn| {
                    let list_id = lists::of_import(conn, &report.import_id)?.unwrap_or_default();
                    lists::check(conn, &scope, "sender", &list_id, clock::now())?;
                    lists::lock(conn, &scope, "reviewer", &list_id, clock::now())
                })?;
            }
            File::Roll => {
                self.desk.import_now(path, &order, &mut RollImporter::new(calendar), &|_| {})?;
            }
            File::Aid => {
                self.desk.import_now(path, &order, &mut AidImporter::new(self.today), &|_| {})?;
            }
        }
        Ok(())
    }

    /// A run with this last day for paying: another day, another run.
    fn check(&self, later: u64) -> Result<CheckRow, Failure> {
        let order = run::Order {
            list: None,
            term: self.county.plan.term,
            place: self.place.clone(),
            pay_by: Some(pay_by(self.county.plan.term) + Days::new(later)),
            by: "reviewer".to_owned(),
            at: clock::now(),
            today: self.today,
        };
        let scope = Scope::local(self.place.clone());
        let means = Means { pack: &self.pack, sealer: &self.desk.sealer };
        let run = |conn: &mut Conn| run::run(conn, &scope, means, &order, &mut unwatched);
        Ok(self.desk.db.write_now(run)?.0)
    }

    /// The same rows with the same queries, and nothing done with them: how many.
    fn read(&self) -> Result<usize, Failure> {
        const PAGE: i64 = 5_000;
        let term = self.county.plan.term.to_string();
        Ok(self.desk.db.read_now(|conn| {
            let list = lists::in_force(conn, self.today, clock::now())?.remove(0);
            let entries = lists::all_entries(conn, &list.list_id, &self.place)?;
            let mut rows = entries.len();
            let mut paid: Vec<String> = Vec::new();
            for county in aid::places_of_term(conn, &term, &self.place)? {
                let mut after = None;
                loop {
                    let (page, next) = aid::of_term(conn, &term, &county, after.as_ref(), PAGE)?;
                    rows += page.len();
                    paid.extend(page.into_iter().map(|p| p.person_id));
                    if next.is_none() {
                        break;
                    }
                    after = next;
                }
            }
            let listed: Vec<String> = entries.iter().map(|e| e.person_id.clone()).collect();
            rows += roll::categories_of_term(conn, &term, &self.place, self.today, &listed)?.len();
            rows += roll::evidence_of_term(conn, &term, &self.place, self.today, &listed)?.len();
            for county in roll::places_of_term(conn, &term, &self.place)? {
                let mut end = None;
                loop {
                    let mut page = roll::of_term(conn, &term, &county, end.as_ref(), PAGE)?;
                    rows += page.len();
                    end = page.pop();
                    if end.is_none() {
                        break;
                    }
                }
            }
            paid.sort_unstable();
            paid.dedup();
            for people in paid.chunks(5_000) {
                rows += vault::reveal_ids(conn, &self.desk.sealer, people)?.len();
            }
            Ok(rows)
        })?)
    }
}

fn stored(out: &mut impl Write, students: u32, term: Term) -> Result<(), Failure> {
    let bureau = Bureau::open(students, term)?;
    let mut rows = 0;
    let reading = best(3, || rows = bureau.read().unwrap_or_default());
    let start = Instant::now();
    let check = bureau.check(0)?;
    let first = start.elapsed();
    let mut later = 0;
    let again = best(2, || {
        later += 1;
        bureau.check(later).map(|check| check.check_id).unwrap_or_default()
    });
    for (name, time) in [
        ("merely reading the rows", reading),
        ("first run: read, decide, reconcile, write", first),
        ("a further run over findings that are there", again),
    ] {
        writeln!(
            out,
            "{name:44} {:>8.0} ms {:>8.0} rows/s {:>6.2} x",
            time.as_secs_f64() * 1e3,
            f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) / time.as_secs_f64(),
            time.as_secs_f64() / reading.as_secs_f64(),
        )?;
    }
    let scope = Scope::local(bureau.place.clone());
    let found = bureau.desk.db.read_now(|conn| counts(conn, &scope, &check.check_id))?;
    let found: BTreeMap<FindingKind, i64> = found.into_iter().map(|(kind, n, _)| (kind, n)).collect();
    writeln!(out, "\n{:28} {:>9} {:>9}", "finding", "injected", "found")?;
    for kind in FindingKind::ALL {
        let injected = bureau.county.truth.count(*kind);
        let found = found.get(kind).copied().unwrap_or_default();
        writeln!(out, "{:28} {injected:>9} {found:>9}", kind.code())?;
    }
    let totals: Totals = serde_json::from_str(&check.totals)?;
    writeln!(out, "\nidentities of the run")?;
    for identity in totals.identities() {
        let holds = if identity.holds() { "holds" } else { "FAILS" };
        writeln!(out, "{:24} {:>14} = {:>14}  {holds}", identity.name, identity.left, identity.right)?;
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let students = std::env::args().find_map(|arg| arg.parse::<u32>().ok()).unwrap_or(100_000);
    let term = Term::parse(TERM).ok_or("no term")?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "pure, one thread, sealed ids of 16 bytes; best of several rounds")?;
    pure(&mut out, term)?;
    writeln!(out, "\nSQLite, {students} students, {} listed", students * 3 / 10)?;
    stored(&mut out, students, term)
}
