//! How much a file may ask of us. Chosen by memory and time, not by how large a county is: a workbook of
//! 200,000 rows and 17 columns must pass, a kilobyte that swells to gigabytes must not.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const MIB: u64 = 1024 * 1024;

/// The limits of one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of the file itself.
    pub file_bytes: u64,
    /// The highest row number in use; a worksheet can have 1,048,576.
    pub rows: u32,
    /// The highest column number in use.
    pub columns: u32,
    /// Parts (zip entries) of a workbook.
    pub parts: usize,
    /// Bytes of all parts of a workbook once really inflated; what they declare is not believed.
    pub inflated_bytes: u64,
    /// Bytes of the shared strings once inflated: the one part that is held in memory whole.
    pub strings_bytes: u64,
    /// Bytes of one row's text.
    pub row_bytes: usize,
    /// Address space of the child process, in bytes.
    pub memory_bytes: u64,
    /// Processor seconds of the child process for a small file; see [`Limits::cpu_seconds_for`].
    pub cpu_seconds: u64,
    /// Seconds that the parent waits for the child of a small file in all; see [`Limits::wait_for`].
    pub wall_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 180 * MIB,
            rows: 1_100_000,
            columns: 256,
            parts: 1000,
            inflated_bytes: 1024 * MIB,
            strings_bytes: 100 * MIB,
            row_bytes: 1024 * 1024,
            memory_bytes: 256 * MIB,
            cpu_seconds: 10,
            wall_seconds: 60,
        }
    }
}

impl Limits {
    /// A file that is large on disk has honest work in it and gets two seconds more for each mebibyte, up
    /// to five minutes. A bomb is small on disk and does not.
    pub fn cpu_seconds_for(&self, file_bytes: u64) -> u64 {
        let more = file_bytes / MIB * 2;
        self.cpu_seconds.saturating_add(more).min(self.cpu_seconds.max(300))
    }

    /// How long the parent waits for the child before it ends it, whatever the child does meanwhile: as many
    /// times its processor time as for a small file, so that a busy machine refuses nothing honest, but no
    /// longer than ten minutes.
    pub fn wait_for(&self, file_bytes: u64) -> Duration {
        let times = self.wall_seconds.div_ceil(self.cpu_seconds.max(1));
        let seconds = self.cpu_seconds_for(file_bytes).saturating_mul(times);
        Duration::from_secs(seconds.min(self.wall_seconds.max(600)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_get_more_time_and_small_ones_do_not() {
        let limits = Limits::default();
        assert_eq!(limits.cpu_seconds_for(1_400), 10);
        assert_eq!(limits.cpu_seconds_for(20 * MIB), 50);
        assert_eq!(limits.cpu_seconds_for(180 * MIB), 300);
        assert_eq!(limits.wait_for(1_400), Duration::from_mins(1));
        assert_eq!(limits.wait_for(180 * MIB), Duration::from_mins(10));
        assert_eq!(Limits { wall_seconds: 0, ..limits }.wait_for(1_400), Duration::ZERO);
        // A file of 200 MB, however the megabyte is counted, is above the limit.
        assert!(limits.file_bytes < 200_000_000);
    }
}
