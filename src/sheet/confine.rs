//! The limits that the child process puts on itself before it opens anything. They cannot be raised again.

use rustix::process::{Resource, Rlimit, setrlimit};

use super::limits::Limits;

/// Sets the limits on memory, processor time, files and core dumps.
pub(super) fn confine(limits: &Limits, file_bytes: u64) -> std::io::Result<()> {
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
