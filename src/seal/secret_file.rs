//! Files that hold a secret: read only if nobody else can, created so that nobody else can.
//!
//! Used for the key ring and for the development key. The content's meaning is the caller's business.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};
use crate::values::Text;

/// No secret file of ours is longer.
const MOST_BYTES: u64 = 64 * 1024;

/// Reads a secret file. Refused if its mode lets group or others read or write it, if it is not a
/// plain file, or if it is longer than 64 kB.
pub fn read(path: &Path) -> Result<Zeroizing<String>> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || meta.len() > MOST_BYTES {
        return Err(Error::internal("a secret file is not a plain file of at most 64 kB"));
    }
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(Error::new(
            Code::Unavailable,
            Text::fixed(
                "密钥文件可被其他用户读取，请执行 chmod 600 后再启动",
                "the key file can be read by other users; run chmod 600 on it and start again",
            ),
        ));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a secret file of mode 0600 unless there is one, whole or not at all, and says whether it
/// did. Of several processes that try at once, one wins and all see its file.
pub fn create_if_absent(path: &Path, content: &str) -> Result<bool> {
    if path.exists() {
        return Ok(false);
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // A named temporary file has mode 0600 from its first moment.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_file) => Ok(true),
        Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e.error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_created_is_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper").join("secret");
        assert!(create_if_absent(&path, "first").unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!create_if_absent(&path, "second").unwrap());
        assert_eq!(read(&path).unwrap().as_str(), "first");
    }

    #[test]
    fn a_file_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create_if_absent(&path, "text").unwrap();
        for mode in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(read(&path).is_err(), "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(read(&path).unwrap().as_str(), "text");
    }

    #[test]
    fn folders_and_long_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).is_err());
        let path = folder.path().join("long");
        create_if_absent(&path, &"x".repeat(65 * 1024)).unwrap();
        assert!(read(&path).is_err());
    }
}
