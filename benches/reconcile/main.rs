//! The cross-check beside what it cannot do without, in the same run:
//!
//! * `pure`: the reconciliation of a roll, a list and aid records whose ids are sealed, from the sealed ids to
//!   findings, beside bare joins of the same ids, one by the standard library's hash and one by ours; ten
//!   times the rows; memory;
//! * `stored`: the whole run through a database (read, decide, reconcile, write findings) beside merely
//!   reading the same rows with the same queries, on SQLite and on a private PostgreSQL; what was injected
//!   into the invented county, and what was found; the identities.
//!
//! One thread. `cargo bench --bench reconcile`, or with the number of students of the second part, and one
//! engine: `cargo bench --bench reconcile -- 1000000 postgres`; `pure` leaves the second part out.

mod bureau;
mod copies;
mod pure;
mod stored;

#[path = "../../tests/support/installed.rs"]
mod installed;
#[path = "../../tests/support/postgres.rs"]
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "shared with the tests")]
mod postgres;

use std::hint::black_box;
use std::time::{Duration, Instant};

use yingzhu::values::Term;

type Failure = Box<dyn std::error::Error>;

const TERM: &str = "2025A";

/// The best of so many rounds, since noise only ever adds.
fn best<T>(rounds: u32, mut work: impl FnMut() -> T) -> Duration {
    (0..rounds).map(|_| timed(&mut work)).min().unwrap_or_default()
}

fn timed<T>(work: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
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

fn main() -> Result<(), Failure> {
    let students = std::env::args().find_map(|arg| arg.parse::<u32>().ok()).unwrap_or(200_000);
    let asked = |name: &str| std::env::args().any(|arg| arg == name);
    let term = Term::parse(TERM).ok_or("no term")?;
    let mut out = std::io::stdout().lock();
    if asked("alone") {
        let work = std::env::args().next_back().and_then(|arg| arg.parse().ok()).ok_or("no work")?;
        return pure::alone(&mut out, term, students, work);
    }
    if !asked("sqlite") && !asked("postgres") {
        pure::run(&mut out)?;
    }
    if asked("pure") {
        return Ok(());
    }
    if !asked("postgres") {
        stored::run(&mut out, students, term, stored::Engine::Sqlite)?;
    }
    if !asked("sqlite") {
        stored::run(&mut out, students, term, stored::Engine::Postgres)?;
    }
    Ok(())
}
