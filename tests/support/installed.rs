//! Whether this machine has PostgreSQL, and what to do if it has not.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How to get what is missing.
pub(crate) const INSTALL: &str = "apt-get install -y --no-install-recommends postgresql";

/// The oldest release that is supported.
pub(crate) const OLDEST: u32 = 15;

/// The newest installed server that is new enough: its release, and the folder of its programs.
pub(crate) fn binaries() -> Option<(u32, PathBuf)> {
    let release = |folder: &Path| {
        let said = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        let said = String::from_utf8(said.stdout).ok()?;
        said.split(|c: char| !c.is_ascii_digit()).find_map(|number| number.parse::<u32>().ok())
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    std::env::split_paths(&path)
        .chain(installed.map(|entry| entry.path().join("bin")))
        .filter(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
        .filter_map(|folder| Some((release(&folder)?, folder)))
        .filter(|(release, _)| *release >= OLDEST)
        .max()
}

/// A server to use instead of a private one; its user must be able to create databases.
pub(crate) fn named() -> Option<String> {
    std::env::var("YINGZHU_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
}

/// Whether a run without PostgreSQL is a failed run.
pub(crate) fn required() -> bool {
    std::env::var_os("YINGZHU_REQUIRE_POSTGRES").is_some_and(|value| !value.is_empty())
}

/// What is said where there is none.
pub(crate) fn missing() -> String {
    format!("PostgreSQL {OLDEST} or later was not found: NO TEST RAN ON IT. Install it: {INSTALL}")
}

/// Where the programs of this very run note what they did on PostgreSQL: known by the process that started
/// them all, and when that began.
pub(crate) fn notes() -> PathBuf {
    let parent = std::os::unix::process::parent_id();
    let told = std::fs::read_to_string(format!("/proc/{parent}/stat")).unwrap_or_default();
    // The 22nd field; the second, a name in brackets, may hold blanks.
    let began = told.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19)).unwrap_or("0");
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("on-postgres-{parent}-{began}"))
}
