//! The whole run through a database beside merely reading the same rows.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use yingzhu::auth::Scope;
use yingzhu::cross_check::sighting_store::counts;
use yingzhu::cross_check::{FindingKind, Totals};
use yingzhu::values::Term;

use super::bureau::Bureau;
use super::copies::multiply;
use super::{Failure, best, installed, ms, peak, postgres};

/// Students that are imported; the others are copies of them.
const FIRST: u32 = 20_000;

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

/// Prints the part of one engine.
pub(super) fn run(out: &mut impl Write, students: u32, term: Term, engine: Engine) -> Result<(), Failure> {
    match engine {
        Engine::Sqlite => {
            let folder = tempfile::tempdir()?;
            let url = format!("sqlite://{}", folder.path().join("bureau.db").display());
            on(out, &url, students, term, "SQLite")
        }
        Engine::Postgres if installed::named().is_none() && installed::binaries().is_none() => {
            Ok(writeln!(out, "\n{}", installed::missing())?)
        }
        Engine::Postgres => {
            let database = postgres::server().migrated();
            on(out, &database.url, students, term, "PostgreSQL")
        }
    }
}

fn on(out: &mut impl Write, url: &str, students: u32, term: Term, engine: &str) -> Result<(), Failure> {
    let started = Instant::now();
    // A copy is told by two digits of base 16.
    let first = students.min(FIRST.max(students / 250));
    let bureau = Bureau::open(url, first, term)?;
    let times = students.div_ceil(first);
    multiply(&bureau, url, times.saturating_sub(1))?;
    let times = i64::from(times);
    writeln!(
        out,
        "\n{engine}, {students} students, {} listed; set up in {:.0} s",
        students * 3 / 10,
        started.elapsed().as_secs_f64()
    )?;
    let mut rows = Ok(0);
    let reading = best(2, || rows = bureau.read());
    let rows = rows?;
    let held = peak();
    let start = Instant::now();
    let check = bureau.check(0)?;
    let first_run = start.elapsed();
    let most = peak();
    let mut later = Ok(());
    let again = best(1, || later = bureau.check(1).map(drop));
    later?;
    for (name, time) in [
        ("merely reading the rows", reading),
        ("first run: read, decide, reconcile, write", first_run),
        ("a further run over findings that are there", again),
    ] {
        writeln!(
            out,
            "{name:44} {:>8.0} ms {:>8.0} rows/s {:>6.2} x",
            ms(time),
            f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) / time.as_secs_f64(),
            time.as_secs_f64() / reading.as_secs_f64(),
        )?;
    }
    let a_million = f64::from(u32::try_from(most).unwrap_or(u32::MAX)) * 1e6
        / f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
    writeln!(
        out,
        "{rows} rows; peak of the process in the first run {most} MiB ({a_million:.0} MiB a million rows), while reading and before {held} MiB"
    )?;
    let scope = Scope::local(bureau.place.clone());
    let found = bureau.desk.db.read_now(|conn| counts(conn, &scope, &check.check_id))?;
    let found: BTreeMap<FindingKind, i64> = found.into_iter().map(|(kind, n, _)| (kind, n)).collect();
    writeln!(out, "\n{:28} {:>9} {:>9}   ({times} counties in one)", "finding", "injected", "found")?;
    for kind in FindingKind::ALL {
        let injected = i64::try_from(bureau.county.truth.count(*kind))?;
        // One finding for a school, however many students; the copies go to the same schools.
        let injected = if *kind == FindingKind::SchoolKindMismatch { injected } else { injected * times };
        let found = found.get(kind).copied().unwrap_or_default();
        let told = if found == injected { "" } else { "   DIFFERS" };
        writeln!(out, "{:28} {injected:>9} {found:>9}{told}", kind.code())?;
    }
    let totals: Totals = serde_json::from_str(&check.totals)?;
    writeln!(out, "\nidentities of the run")?;
    for identity in totals.identities() {
        let holds = if identity.holds() { "holds" } else { "FAILS" };
        writeln!(out, "{:24} {:>14} = {:>14}  {holds}", identity.name, identity.left, identity.right)?;
    }
    Ok(())
}
