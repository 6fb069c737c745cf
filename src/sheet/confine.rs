//! The limits that the child process puts on itself before it opens anything. They cannot be raised again.
//!
//! An allocator sets address space aside when a program begins, and what it has set aside no limit takes from
//! it. Therefore the child limits itself and then begins anew, as the same program under the limits.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::limits::Limits;

/// The environment variable that tells the program begun anew that it is confined.
const CONFINED_VARIABLE: &str = "YINGZHU_SHEET_CONFINED";

/// Sets the limits on memory, processor time, files and core dumps, and begins the program anew under them;
/// returns in the program begun anew.
pub(super) fn confine(limits: &Limits, file_bytes: u64) -> io::Result<()> {
    if std::env::var_os(CONFINED_VARIABLE).is_some() {
        return Ok(());
    }
    limit(limits, file_bytes)?;
    let arguments = std::env::args_os().skip(1);
    Err(Command::new(std::env::current_exe()?).args(arguments).env(CONFINED_VARIABLE, "1").exec())
}

fn limit(limits: &Limits, file_bytes: u64) -> io::Result<()> {
    let seconds = limits.cpu_seconds_for(file_bytes);
    for (resource, most) in [
        (Resource::As, limits.memory_bytes),
        (Resource::Cpu, seconds),
        // It writes to its pipe only, opens the workbook only, and leaves no dump of people's data.
        (Resource::Fsize, 0),
        (Resource::Nofile, 16),
        (Resource::Core, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}
