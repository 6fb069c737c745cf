//! The pure reconciliation, from sealed ids in no order to findings, beside bare joins of the same ids.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use chrono::NaiveDate;
use uuid::Uuid;
use yingzhu::cross_check::intern::{Folded, Ids};
use yingzhu::cross_check::numbering::number_all;
use yingzhu::cross_check::{
    AccountKey, Aided, Born, Categories, County, Due, DueDays, Enrolled, Evidences, HouseholdSource, Input,
    Listed, NameKey, Options, PersonKey, SchoolKey, reconcile,
};
use yingzhu::policy::decision::Outcome as Verdict;
use yingzhu::values::{EnrolmentState, Fen, Programme, Stage, Term, TermCalendar};

use super::{Failure, best_in_turns, ms, peak};

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
#[derive(Default)]
struct Sources {
    roll: Vec<Enrolled>,
    roll_ids: Vec<Uuid>,
    list: Vec<Listed>,
    list_ids: Vec<Uuid>,
    aid: Vec<Aided>,
    aid_ids: Vec<Uuid>,
    due: Vec<Due>,
    born: Vec<Born>,
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
fn join<S: BuildHasher + Default>(s: &Sources) -> usize {
    let mut rows: HashMap<Uuid, u32, S> = HashMap::with_capacity_and_hasher(s.roll_ids.len(), S::default());
    for (id, at) in s.roll_ids.iter().zip(0..) {
        rows.insert(*id, at);
    }
    s.list_ids.iter().chain(&s.aid_ids).filter(|id| rows.contains_key(*id)).count()
}

/// The numbers of roll, list and aid.
type Numbers = [Vec<u32>; 3];

/// Numbered as a run over a database does it: each row as it is read.
fn row_by_row(s: &Sources) -> Result<Numbers, Failure> {
    let mut known = Ids::default();
    let mut column = |ids: &[Uuid]| ids.iter().map(|id| known.enter(*id)).collect::<Result<Vec<u32>, _>>();
    Ok([column(&s.roll_ids)?, column(&s.list_ids)?, column(&s.aid_ids)?])
}

/// Numbered by whoever holds whole columns.
fn in_columns(s: &Sources) -> Result<Numbers, Failure> {
    Ok(number_all([&s.roll_ids, &s.list_ids, &s.aid_ids])?)
}

/// From sealed ids to findings: how many.
fn whole(
    s: &mut Sources,
    number: fn(&Sources) -> Result<Numbers, Failure>,
    term: Term,
) -> Result<usize, Failure> {
    let [roll, list, aid] = number(s)?;
    s.roll.iter_mut().zip(roll).for_each(|(row, number)| row.person = PersonKey(number));
    s.list.iter_mut().zip(list).for_each(|(row, number)| row.person = PersonKey(number));
    s.aid.iter_mut().zip(aid).for_each(|(row, number)| row.person = PersonKey(number));
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

/// Prints the pure part: ten times the rows, and the ratios.
pub(super) fn run(out: &mut impl Write, term: Term) -> Result<(), Failure> {
    writeln!(out, "pure, one thread, sealed ids of 16 bytes in no order; best of several rounds")?;
    let mut former: Option<[Duration; 4]> = None;
    for students in [100_000, 1_000_000] {
        let mut s = sources(students);
        let rounds = 9;
        let held = peak();
        let findings = whole(&mut s, row_by_row, term)?;
        let more = peak().saturating_sub(held);
        let s = std::cell::RefCell::new(s);
        let times = best_in_turns(
            rounds,
            [
                &mut || {
                    black_box(join::<std::hash::RandomState>(&s.borrow()));
                },
                &mut || {
                    black_box(join::<BuildHasherDefault<Folded>>(&s.borrow()));
                },
                &mut || drop(black_box(whole(&mut s.borrow_mut(), row_by_row, term))),
                &mut || drop(black_box(whole(&mut s.borrow_mut(), in_columns, term))),
            ],
        );
        let [joined, cheap, rowwise, columns] = times;
        let s = s.into_inner();
        let (rows, entries, records) = (s.roll.len(), s.list.len(), s.aid.len());
        writeln!(out, "{rows:>9} roll {entries:>8} list {records:>9} aid   {findings} findings")?;
        for (name, time) in [
            ("hash join, the standard library's hash", joined),
            ("hash join, the hash of ids that is ours", cheap),
            ("reconciled, ids numbered as they are read", rowwise),
            ("reconciled, ids numbered in columns", columns),
        ] {
            let ratio = |of: Duration| time.as_secs_f64() / of.as_secs_f64();
            let (std, ours) = (ratio(joined), ratio(cheap));
            writeln!(out, "          {name:42} {:>8.1} ms {std:>6.2} x {ours:>6.2} x", ms(time))?;
        }
        if let Some(before) = former.replace(times) {
            let grown: Vec<String> = times
                .iter()
                .zip(before)
                .map(|(now, then)| format!("{:.1}", now.as_secs_f64() / then.as_secs_f64()))
                .collect();
            writeln!(out, "          ten times the rows, times the time: {}", grown.join(", "))?;
            let rows = [
                ("roll", size_of::<Enrolled>()),
                ("list", size_of::<Listed>()),
                ("aid", size_of::<Aided>()),
                ("due", size_of::<Due>()),
            ];
            let rows: Vec<String> = rows.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
            let rows = rows.join(", ");
            writeln!(out, "          memory: bytes a row {rows}; the run itself {more} MiB more")?;
        }
    }
    Ok(())
}
