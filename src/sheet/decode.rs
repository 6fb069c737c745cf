//! Bytes of any encoding to UTF-8, as a stream, with an eye on how much one row asks for.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use encoding_rs::{Decoder, Encoding};

/// The message of the error that a row larger than its allowance gives.
pub(super) const ROW_TOO_LARGE: &str = "row too large";

/// What stands for the full-width comma where that is the separator; it never occurs in text.
pub(super) const WIDE_COMMA_STAND_IN: u8 = 0x1f;

/// How many bytes were handed out since the last whole row.
#[derive(Clone, Default)]
pub(super) struct Allowance(Rc<Cell<usize>>);

impl Allowance {
    /// A row is complete: count anew.
    pub(super) fn reset(&self) {
        self.0.set(0);
    }
}

/// A reader of UTF-8.
pub(super) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    text: String,
    taken: usize,
    ended: bool,
    /// The last chunk ended in a carriage return, whose line feed may follow.
    pending_return: bool,
    last: Option<char>,
    wide_comma: bool,
    row_bytes: usize,
    allowance: Allowance,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(inner: R, encoding: &'static Encoding, wide_comma: bool, row_bytes: usize) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            input: vec![0; 64 * 1024],
            text: String::new(),
            taken: 0,
            ended: false,
            pending_return: false,
            last: None,
            wide_comma,
            row_bytes,
            allowance: Allowance::default(),
        }
    }

    /// The counter to reset after each row.
    pub(super) fn allowance(&self) -> Allowance {
        self.allowance.clone()
    }

    fn refill(&mut self) -> io::Result<()> {
        self.taken = 0;
        self.text.clear();
        while self.text.is_empty() && !self.ended {
            let read = self.inner.read(&mut self.input)?;
            self.ended = read == 0;
            let bytes = self.input.get(..read).unwrap_or_default();
            let room = self.decoder.max_utf8_buffer_length(read);
            self.text.reserve(room.ok_or(io::ErrorKind::OutOfMemory)?);
            // With that much room the whole input is always taken.
            let _ = self.decoder.decode_to_string(bytes, &mut self.text, self.ended);
            self.unify_line_ends();
        }
        if self.wide_comma && self.text.contains('，') {
            self.text = self.text.replace('，', "\u{1f}");
        }
        Ok(())
    }

    /// Makes every line end a line feed, the last one included, so that lines can be counted.
    fn unify_line_ends(&mut self) {
        if self.pending_return || self.text.contains('\r') {
            let mut unified = String::with_capacity(self.text.len() + 1);
            let mut pieces = self.text.split('\r');
            let mut after_return = std::mem::take(&mut self.pending_return);
            let mut piece = pieces.next();
            while let Some(part) = piece {
                let next = pieces.next();
                if after_return && part.is_empty() && next.is_none() && !self.ended {
                    self.pending_return = true;
                } else {
                    if after_return && !part.starts_with('\n') {
                        unified.push('\n');
                    }
                    unified.push_str(part);
                }
                after_return = true;
                piece = next;
            }
            self.text = unified;
        }
        self.last = self.text.chars().next_back().or(self.last);
        if self.ended && self.last.is_some_and(|c| c != '\n') {
            self.text.push('\n');
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.taken >= self.text.len() {
            self.refill()?;
        }
        let mut rest = self.text.as_bytes().get(self.taken..).unwrap_or_default();
        let read = rest.read(to)?;
        self.taken += read;
        let since = self.allowance.0.get().saturating_add(read);
        self.allowance.0.set(since);
        if since > self.row_bytes {
            return Err(io::Error::other(ROW_TOO_LARGE));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes a few at a time.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(to.len());
            self.0.read(&mut to[..n])
        }
    }

    #[test]
    fn line_ends_are_unified_wherever_the_chunks_are_cut() {
        for (text, expected) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\rb\r", "a\nb\n"),
            ("a\n\nb", "a\n\nb\n"),
            ("a\r\r\nb", "a\n\nb\n"),
            ("张\r\n三", "张\n三\n"),
            ("", ""),
        ] {
            for step in 1..8 {
                let mut out = String::new();
                Decoded::new(Dripping(text.as_bytes(), step), encoding_rs::UTF_8, false, 1 << 20)
                    .read_to_string(&mut out)
                    .unwrap();
                assert_eq!(out, expected, "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn a_row_beyond_its_allowance_ends_the_reading() {
        let mut decoded = Decoded::new(&[b'x'; 100][..], encoding_rs::UTF_8, false, 50);
        let allowance = decoded.allowance();
        let mut buffer = [0; 40];
        decoded.read_exact(&mut buffer).unwrap();
        allowance.reset();
        decoded.read_exact(&mut buffer).unwrap();
        assert_eq!(decoded.read_exact(&mut buffer[..20]).unwrap_err().to_string(), ROW_TOO_LARGE);
    }
}
