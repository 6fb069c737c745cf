//! A small disk, for tests of a full one: a tmpfs, which only root may mount.

use std::io::Write;
use std::path::Path;
use std::process::Command;

pub(crate) struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// A disk of so many MiB; says so where none can be had.
    pub(crate) fn mount(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={mebibytes}m,mode=0755");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(folder.path()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self { folder });
        }
        let told =
            format!("\n{}: no tmpfs may be mounted: NOT TRIED ON A FULL DISK\n", env!("CARGO_CRATE_NAME"));
        let _ = std::io::stderr().write_all(told.as_bytes());
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves not a byte free.
    pub(crate) fn fill(&self) {
        let mut file = std::fs::File::create(self.folder.path().join("filler")).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            let piece = vec![0; size];
            while file.write_all(&piece).is_ok() {}
        }
    }

    /// Gives the room back.
    pub(crate) fn clear(&self) {
        std::fs::remove_file(self.folder.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}
