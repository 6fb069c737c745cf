//! The last lines of a run: on which engines it ran, as the programs of the run noted it themselves. A
//! program without tests, so that what it says is not captured.
//!
//! Where PostgreSQL is required (`YINGZHU_REQUIRE_POSTGRES`), every program that is there for it must have run
//! tests on it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

#[path = "support/installed.rs"]
mod installed;

fn main() -> ExitCode {
    let ran = databases();
    let server = match (installed::named(), installed::binaries()) {
        (Some(_), _) => Ok("the PostgreSQL of YINGZHU_TEST_POSTGRES_URL".to_owned()),
        (None, Some((release, folder))) => Ok(format!("PostgreSQL {release} of {}", folder.display())),
        (None, None) => Err(installed::missing()),
    };
    let absent: Vec<_> = programs().into_iter().filter(|program| !ran.contains_key(program)).collect();
    let counts: Vec<_> = ran.iter().map(|(program, databases)| format!("{program} ({databases})")).collect();
    let line = match &server {
        Err(missing) => missing.clone(),
        Ok(server) if ran.is_empty() => format!("{server} is there, but NO TEST OF THIS RUN WAS ON IT"),
        Ok(server) => format!("SQLite, and {server}: databases made by {}", counts.join(", ")),
    };
    let missed = if absent.is_empty() || ran.is_empty() {
        String::new()
    } else {
        format!("; nothing of {}", absent.join(", "))
    };
    let told = std::io::stdout().write_all(format!("\nengines: {line}{missed}\n").as_bytes()).is_ok();
    let good = !installed::required() || (server.is_ok() && absent.is_empty());
    if good && told { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The programs that are there for PostgreSQL.
fn programs() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned()));
    let mut names: Vec<_> = names.filter(|name| name.ends_with("_postgres")).collect();
    names.sort();
    names
}

/// How many databases each program of this run made; the notes are forgotten.
fn databases() -> BTreeMap<String, u64> {
    let folder = installed::notes();
    let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let counted = files
        .filter_map(|file| Some((file.file_name().into_string().ok()?, file.metadata().ok()?.len())))
        .collect();
    // What cannot be taken away is only left over.
    let _ = std::fs::remove_dir_all(folder);
    counted
}
