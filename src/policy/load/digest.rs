//! The digest of a pack: SHA-256 over what decides, not over how it is laid out on the page.

use aws_lc_rs::digest::{Context, SHA256};

/// Hashes every file but the golden cases, each as its name and its values in sorted order, so that
/// comments, blanks and line ends do not change the digest and every value does.
pub(super) fn of(files: &[(String, String)]) -> String {
    let mut context = Context::new(&SHA256);
    for (name, text) in files.iter().filter(|(name, _)| !name.starts_with("cases/")) {
        let values = toml::from_str::<toml::Table>(text)
            .ok()
            .and_then(|table| serde_json::to_string(&table).ok())
            .unwrap_or_default();
        // Lengths keep a name and its content apart.
        for part in [name.as_bytes(), values.as_bytes()] {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
    }
    context.finish().as_ref().iter().fold(String::new(), |mut hex, byte| {
        for nibble in [byte >> 4, byte & 0xf] {
            hex.extend(char::from_digit(u32::from(nibble), 16));
        }
        hex
    })
}
