//! Every pack that is loaded: the one in force and the older ones that old receipts still name.
//!
//! The pack of the binary is always there. A folder may be a pack itself, which is then in force, or hold
//! packs in subfolders; of those and the binary's own the highest version is in force. One fault in
//! any of them and nothing is loaded: a service must not start with half its history.

use std::path::Path;
use std::sync::Arc;

use super::pack::{Pack, PackError};

/// The loaded packs.
#[derive(Debug, Clone)]
pub struct Packs {
    /// In force first, then from the highest version down; never empty.
    all: Vec<Arc<Pack>>,
    current: Arc<Pack>,
}

fn version(pack: &Pack) -> Vec<u32> {
    pack.version().split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

impl Packs {
    /// The embedded pack and, with a folder, those in it.
    pub fn load(dir: Option<&Path>) -> Result<Self, Vec<PackError>> {
        let embedded = Arc::new(Pack::embedded()?);
        let Some(dir) = dir else { return Ok(Self::one(embedded)) };
        let mut packs: Vec<Arc<Pack>> = Vec::new();
        let mut faults = Vec::new();
        for (name, folder) in folders(dir) {
            match Pack::from_dir(&folder) {
                Ok(pack) => packs.push(Arc::new(pack)),
                Err(told) => {
                    faults.extend(told.into_iter().map(|e| PackError { file: name.clone() + &e.file, ..e }));
                }
            }
        }
        // A folder without any pack is told as the broken pack it was meant to be.
        let itself = dir.join("pack.toml").is_file();
        let own = if itself || (packs.is_empty() && faults.is_empty()) {
            Pack::from_dir(dir).map_err(|told| faults.extend(told)).ok().map(Arc::new)
        } else {
            None
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        packs.push(embedded);
        let mut packs = packs.into_iter();
        let Some(first) = packs.next() else { return Err(Vec::new()) };
        let mut packs = packs.fold(Self::one(first), Self::and);
        if let Some(own) = own {
            packs.all.retain(|p| p.digest() != own.digest());
            packs.all.insert(0, Arc::clone(&own));
            packs.current = own;
        }
        Ok(packs)
    }

    /// One pack, which is in force.
    pub fn one(pack: Arc<Pack>) -> Self {
        Self { current: Arc::clone(&pack), all: vec![pack] }
    }

    /// The same with one more: of all, the highest version is in force; of equal ones the one that was
    /// there before.
    #[must_use]
    pub fn and(mut self, pack: Arc<Pack>) -> Self {
        if self.by_digest(pack.digest()).is_none() {
            let at = self.all.partition_point(|p| version(p) >= version(&pack));
            if at == 0 {
                self.current = Arc::clone(&pack);
            }
            self.all.insert(at, pack);
        }
        self
    }

    /// The pack in force.
    pub fn current(&self) -> &Arc<Pack> {
        &self.current
    }

    /// Every pack, the one in force first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Pack>> {
        self.all.iter()
    }

    /// The pack with this digest.
    pub fn by_digest(&self, digest: &str) -> Option<&Arc<Pack>> {
        self.all.iter().find(|p| p.digest() == digest)
    }

    /// The packs that go by this name: a digest, or a version (which two packs may share).
    pub fn named(&self, name: &str) -> Vec<&Arc<Pack>> {
        self.all.iter().filter(|p| p.digest() == name || p.version() == name).collect()
    }
}

/// The subfolders that are packs, in the order of their names.
pub(super) fn folders(dir: &Path) -> Vec<(String, std::path::PathBuf)> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.join("pack.toml").is_file())
        .map(|path| (format!("{}/", path.file_name().unwrap_or_default().to_string_lossy()), path))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::load::EMBEDDED;

    /// Writes the embedded pack under another version into a folder.
    fn write(dir: &Path, version: &str) {
        for (name, text) in EMBEDDED {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text =
                if *name == "pack.toml" { text.replacen("1.0.0", version, 1) } else { (*text).to_owned() };
            std::fs::write(path, text).unwrap();
        }
    }

    fn versions(packs: &Packs) -> Vec<&str> {
        packs.iter().map(|p| p.version()).collect()
    }

    #[test]
    fn without_a_folder_the_embedded_pack_is_in_force() {
        let packs = Packs::load(None).unwrap();
        assert_eq!(versions(&packs), ["1.0.0"]);
        assert!(packs.by_digest(packs.current().digest()).is_some() && packs.by_digest("").is_none());
    }

    #[test]
    fn of_several_the_highest_version_is_in_force_by_number_not_by_letter() {
        let dir = tempfile::tempdir().unwrap();
        for version in ["0.9.0", "1.10.0", "1.9.0"] {
            write(&dir.path().join(version), version);
        }
        let packs = Packs::load(Some(dir.path())).unwrap();
        assert_eq!(versions(&packs), ["1.10.0", "1.9.0", "1.0.0", "0.9.0"]);
        assert_eq!(packs.current().version(), "1.10.0");
        assert_eq!(packs.named("1.9.0").len(), 1);
    }

    #[test]
    fn a_folder_that_is_a_pack_is_in_force_and_its_subfolders_are_history() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "0.5.0");
        write(&dir.path().join("old"), "0.4.0");
        let packs = Packs::load(Some(dir.path())).unwrap();
        assert_eq!(versions(&packs), ["0.5.0", "1.0.0", "0.4.0"]);
        assert_eq!(packs.current().version(), "0.5.0");
    }

    #[test]
    fn one_fault_in_one_pack_is_told_with_its_folder_and_nothing_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("good"), "1.1.0");
        write(&dir.path().join("bad"), "1.2");
        let told = Packs::load(Some(dir.path())).unwrap_err();
        assert_eq!(
            told.iter().map(|e| (e.file.as_str(), e.key.as_str())).collect::<Vec<_>>(),
            [("bad/pack.toml", "file.version")]
        );
        let empty = tempfile::tempdir().unwrap();
        assert!(!Packs::load(Some(empty.path())).unwrap_err().is_empty());
    }
}
