//! The pure reconciliation, from sealed ids in no order to findings, beside bare joins of the same ids.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use chrono::NaiveDate;
use uuid::Uuid;
use yingzhu::cross_check::intern::Folded;
use yingzhu::cross_check::people::People;
use yingzhu::cross_check::{
    AccountKey, Aided, Born, Categories, County, Due, DueDays, Enrolled, Evidences, HouseholdSource, Input,
    Listed, NameKey, Options, PersonKey, SchoolKey, reconcile,
};
use yingzhu::policy::decision::Outcome as Verdict;
use yingzhu::values::{EnrolmentState, Fen, Programme, Stage, Term, TermCalendar};

use super::{Failure, best, ms, peak, timed};

const COUNTY: County = County(341_024);
const GRANTS: [(Programme, i64); 3] = [
    (Programme::VocationalGrant, 175_000),
    (Programme::VocationalWaiver, 85_000),
    (Programme::YuluSubsidy, 150_000),
];

/// A stream of numbers that looks random (splitmix64): sealed ids have no order.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn sealed(person: u32) -> Uuid {
    let number = u64::from(person);
    Uuid::from_u64_pair(mixed(number), mixed(number ^ 0xFFFF_0000_0000))
}

/// Rows as they come from the three sources, each with its sealed id; and what follows from the roll, by
/// the place of the row there.
struct Sources {
    people: People,
    roll: Vec<Enrolled>,
    list: Vec<Listed>,
    aid: Vec<Aided>,
    due: Vec<Due>,
    born: Vec<Born>,
}

impl Sources {
    /// Room for all rows from the start: what growing would leave behind, the work would take for itself.
    fn with_room(students: usize) -> Self {
        let (listed, paid) = (students * 3 / 10 + 3, students * 4 / 10 + 4);
        Self {
            people: People {
                roll: Vec::with_capacity(students),
                list: Vec::with_capacity(listed),
                aid: Vec::with_capacity(3 * paid),
            },
            roll: Vec::with_capacity(students),
            list: Vec::with_capacity(listed),
            aid: Vec::with_capacity(3 * paid),
            due: Vec::with_capacity(3 * paid),
            born: Vec::with_capacity(paid),
        }
    }
}

/// Puts rows and their ids in one order that is none.
fn shuffle<T>(rows: &mut [T], ids: &mut [Uuid]) {
    for last in (1..rows.len()).rev() {
        let bound = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        let other = usize::try_from(mixed(bound) % bound).unwrap_or_default();
        rows.swap(last, other);
        ids.swap(last, other);
    }
}

/// So many students, three in ten listed, four in ten paid by three programmes; a few faults of each kind.
fn sources(students: u32) -> Sources {
    let most = usize::try_from(students).unwrap_or_default();
    let mut s = Sources::with_room(most);
    for person in 0..students {
        let odd = mixed(u64::from(person)) % 1000;
        let (listed, paid) = (person % 10 < 3, person % 10 < 4);
        // A few of the listed are on no roll.
        let at = u32::try_from(s.roll.len()).ok().filter(|_| !listed || odd > 4);
        if at.is_some() {
            s.roll.push(enrolled(person, odd, listed, paid));
            s.people.roll.push(sealed(person));
        }
        if listed {
            s.list.push(entry(person, if odd == 7 { students + person } else { person }));
            s.people.list.push(sealed(person));
        }
        for (programme, fen) in GRANTS.into_iter().filter(|_| paid) {
            s.aid.push(payment(person, odd, programme, fen));
            s.people.aid.push(sealed(person));
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
    shuffle(&mut s.list, &mut s.people.list);
    shuffle(&mut s.aid, &mut s.people.aid);
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
fn join<S: BuildHasher + Default>(s: &Sources) -> usize {
    let mut rows: HashMap<Uuid, u32, S> =
        HashMap::with_capacity_and_hasher(s.people.roll.len(), S::default());
    for (id, at) in s.people.roll.iter().zip(0..) {
        rows.insert(*id, at);
    }
    s.people.list.iter().chain(&s.people.aid).filter(|id| rows.contains_key(*id)).count()
}

/// From sealed ids to findings: how many.
fn whole(s: &mut Sources, term: Term) -> Result<usize, Failure> {
    let numbers = s.people.number()?;
    s.roll.iter_mut().zip(numbers.roll()).for_each(|(row, person)| row.person = person);
    s.list.iter_mut().zip(numbers.list()).for_each(|(row, person)| row.person = person);
    s.aid.iter_mut().zip(numbers.aid()).for_each(|(row, person)| row.person = person);
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

/// What is measured.
const WORKS: [&str; 3] = [
    "hash join, the standard library's hash",
    "hash join, the hash of ids that is ours",
    "reconciled, from sealed ids to findings",
];

/// Times of one work: cold, as a run does it, in memory fresh from the system and with rows that no cache holds;
/// and warm, the best of further rounds with the same memory and rows.
type Times = [Duration; 2];

/// Leaves nothing of the rows in the processor's cache, however few they are. What it was done with is to be kept,
/// or the work would find memory that is not fresh.
fn chill() -> Vec<u64> {
    let other: Vec<u64> = (0..16 << 20).collect();
    black_box(other.iter().fold(0, |sum, word| sum ^ word));
    other
}

/// Does one work in a process of its own, which is this one, and prints its times, its peak of memory beyond the
/// rows, and what there was.
pub(super) fn alone(out: &mut impl Write, term: Term, students: u32, work: usize) -> Result<(), Failure> {
    let mut s = sources(students);
    let rows = format!("{} roll {} list {} aid", s.roll.len(), s.list.len(), s.aid.len());
    let other = chill();
    peak();
    let held = peak();
    let mut findings = 0;
    let mut work = || -> Result<(), Failure> {
        match work {
            0 => drop(black_box(join::<std::hash::RandomState>(&s))),
            1 => drop(black_box(join::<BuildHasherDefault<Folded>>(&s))),
            _ => findings = whole(&mut s, term)?,
        }
        Ok(())
    };
    let mut failed = Ok(());
    let first = timed(&mut || failed = work());
    let more = peak().saturating_sub(held);
    let again = best(4, || failed = work());
    failed?;
    drop(other);
    Ok(writeln!(out, "{},{},{more},{rows},{findings}", first.as_nanos(), again.as_nanos())?)
}

/// What a process said that did one work alone.
struct Alone {
    times: Times,
    more: u64,
    told: String,
}

impl Alone {
    fn ask(students: u32, work: usize) -> Result<Self, Failure> {
        let mut child = std::process::Command::new(std::env::current_exe()?);
        let said = child.args(["alone", &students.to_string(), &work.to_string()]).output()?;
        let said = String::from_utf8(said.stdout)?;
        let mut fields = said.trim().split(',');
        let mut field = || fields.next().ok_or("a work said too little");
        let times =
            [field()?.parse().map(Duration::from_nanos)?, field()?.parse().map(Duration::from_nanos)?];
        let more = field()?.parse()?;
        Ok(Self { times, more, told: format!("{}, {} findings", field()?, field()?) })
    }
}

/// Prints the pure part: ten times the rows, and the ratios. Each work has processes of its own, which take
/// turns: rows and memory are as fresh to the small as to the large.
pub(super) fn run(out: &mut impl Write) -> Result<(), Failure> {
    const ROUNDS: u32 = 7;
    writeln!(
        out,
        "pure, one thread, sealed ids of 16 bytes in no order; best of {ROUNDS} processes; cold, and warm: again \
         with the same rows and memory"
    )?;
    let mut former: Option<[Times; WORKS.len()]> = None;
    for students in [100_000, 1_000_000] {
        let mut times = [[Duration::MAX; 2]; WORKS.len()];
        let (mut more, mut told) = (u64::MAX, String::new());
        for _ in 0..ROUNDS {
            for (work, best) in times.iter_mut().enumerate() {
                let alone = Alone::ask(students, work)?;
                *best = [best[0].min(alone.times[0]), best[1].min(alone.times[1])];
                (more, told) = (alone.more, alone.told);
            }
        }
        writeln!(out, "{told}")?;
        for (name, [first, again]) in WORKS.iter().zip(times) {
            let ratio = |time: Duration, of: Duration| time.as_secs_f64() / of.as_secs_f64();
            writeln!(
                out,
                "    {name:40} {:>8.1} ms {:>6.2} x {:>6.2} x  {:>8.1} ms {:>6.2} x {:>6.2} x",
                ms(first),
                ratio(first, times[0][0]),
                ratio(first, times[1][0]),
                ms(again),
                ratio(again, times[0][1]),
                ratio(again, times[1][1]),
            )?;
        }
        if let Some(before) = former.replace(times) {
            writeln!(out, "    ten times the rows, times the time:")?;
            for ((name, [cold, warm]), [colder, warmer]) in WORKS.iter().zip(times).zip(before) {
                let grown = |now: Duration, then: Duration| now.as_secs_f64() / then.as_secs_f64();
                writeln!(out, "    {name:40} {:>8.1} {:>31.1}", grown(cold, colder), grown(warm, warmer))?;
            }
            let rows = [
                ("roll", size_of::<Enrolled>()),
                ("list", size_of::<Listed>()),
                ("aid", size_of::<Aided>()),
                ("due", size_of::<Due>()),
            ];
            let rows: Vec<String> = rows.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
            let rows = rows.join(", ");
            writeln!(out, "    memory: bytes a row {rows}; the run itself {more} MiB more")?;
        }
    }
    Ok(())
}
