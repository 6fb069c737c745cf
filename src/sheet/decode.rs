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
        }
        if self.wide_comma && self.text.contains('，') {
            self.text = self.text.replace('，', "\u{1f}");
        }
        Ok(())
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
