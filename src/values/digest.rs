//! Digests: SHA-256 over values, length-prefixed so that no two sets of values read the same.
//!
//! These say whether content is the same. They are not for anything secret: what is personal goes
//! through the keyed index of the vault, never through here.

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256 over an ordered row of values, hex.
pub fn of_parts<T: AsRef<str>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        let part = part.as_ref();
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    hex(context.finish().as_ref())
}

/// SHA-256 over bytes, hex.
pub fn of_bytes(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref())
}

/// SHA-256 over a set of lines, hex, whatever their order.
pub fn of_set(mut lines: Vec<String>) -> String {
    lines.sort_unstable();
    of_parts(lines)
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// The digest of a set of rows that come one by one, whatever their order: 32 bytes a row are kept.
#[derive(Debug, Default)]
pub struct SetDigest(Vec<[u8; 32]>);

impl SetDigest {
    /// Takes a row in.
    pub fn add<T: AsRef<str>>(&mut self, parts: &[T]) {
        let mut context = Context::new(&SHA256);
        for part in parts {
            let part = part.as_ref();
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut row = [0; 32];
        row.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        self.0.push(row);
    }

    /// SHA-256 over the rows' digests in ascending order.
    pub fn finish(mut self) -> String {
        self.0.sort_unstable();
        let mut context = Context::new(&SHA256);
        self.0.iter().for_each(|row| context.update(row));
        hex(context.finish().as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_every_part_and_where_it_ends() {
        assert_ne!(of_parts(["a", "b"]), of_parts(["ab"]));
        assert_ne!(of_parts(["a", "b"]), of_parts(["b", "a"]));
        assert_ne!(of_parts(["a"]), of_parts(["a", ""]));
        // SHA-256 of the empty message, FIPS 180-4.
        assert_eq!(of_parts::<&str>([]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn a_set_has_no_order_but_counts_repeats() {
        let set = |lines: &[&str]| of_set(lines.iter().map(ToString::to_string).collect());
        assert_eq!(set(&["a", "b"]), set(&["b", "a"]));
        assert_ne!(set(&["a"]), set(&["a", "a"]));
    }

    #[test]
    fn rows_one_by_one_have_no_order_but_count_repeats() {
        let set = |rows: &[&[&str]]| {
            let mut digest = SetDigest::default();
            for row in rows {
                digest.add(row);
            }
            digest.finish()
        };
        assert_eq!(set(&[&["a", "b"], &["c"]]), set(&[&["c"], &["a", "b"]]));
        assert_ne!(set(&[&["a", "b"]]), set(&[&["ab"]]));
        assert_ne!(set(&[&["a"]]), set(&[&["a"], &["a"]]));
    }
}
