//! CSV out: UTF-8 with a byte-order mark (so that Excel reads it) or GB 18030, guarded against formula
//! injection, streaming.

use std::io::Write;

use encoding_rs::GB18030;

use super::out::OutCell;
use crate::error::{Error, Result};

/// The encoding of a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CsvEncoding {
    /// UTF-8 with a byte-order mark.
    #[default]
    Utf8Bom,
    /// GB 18030, for systems that know nothing else.
    Gb18030,
}

impl CsvEncoding {
    /// The encoding's registered name, as a media type gives it.
    pub const fn charset(self) -> &'static str {
        match self {
            CsvEncoding::Utf8Bom => "utf-8",
            CsvEncoding::Gb18030 => "gb18030",
        }
    }
}

/// A CSV file being written.
pub struct CsvOut<W: Write> {
    to: W,
    encoding: CsvEncoding,
    unmappable: u64,
}

impl<W: Write> CsvOut<W> {
    /// Begins the file with its header.
    pub fn new<H: AsRef<str>>(mut to: W, encoding: CsvEncoding, headers: &[H]) -> Result<Self> {
        if encoding == CsvEncoding::Utf8Bom {
            to.write_all("\u{feff}".as_bytes())?;
        }
        let mut out = Self { to, encoding, unmappable: 0 };
        let headers: Vec<OutCell> = headers.iter().map(|h| OutCell::from(h.as_ref())).collect();
        out.row(&headers)?;
        Ok(out)
    }

    /// Writes the next row.
    pub fn row(&mut self, cells: &[OutCell]) -> Result<()> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer
            .write_record(cells.iter().map(OutCell::plain))
            .map_err(|_memory_only| Error::internal("a CSV row could not be written"))?;
        let line =
            writer.into_inner().map_err(|_memory_only| Error::internal("a CSV row could not be written"))?;
        match self.encoding {
            CsvEncoding::Utf8Bom => self.to.write_all(&line)?,
            CsvEncoding::Gb18030 => {
                // The encoder would write `&#58853;` for what it lacks; a question mark is what people know.
                let text = String::from_utf8_lossy(&line);
                let (bytes, _, lossy) = GB18030.encode(&text);
                if lossy {
                    let known = |c: char| !GB18030.encode(c.encode_utf8(&mut [0; 4])).2;
                    let held: String = text.chars().map(|c| if known(c) { c } else { '?' }).collect();
                    self.unmappable +=
                        u64::try_from(text.chars().filter(|c| !known(*c)).count()).unwrap_or(0);
                    self.to.write_all(&GB18030.encode(&held).0)?;
                } else {
                    self.to.write_all(&bytes)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the file: gives back the writer and how many characters the encoding could not hold.
    pub fn finish(mut self) -> Result<(W, u64)> {
        self.to.flush()?;
        Ok((self.to, self.unmappable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Fen;

    #[test]
    fn rows_are_encoded_quoted_and_guarded() {
        let row = [OutCell::from("䶮𬱖,\"三\""), OutCell::from("=cmd()"), Fen(31_250).into(), OutCell::Empty];
        let mut out = CsvOut::new(Vec::new(), CsvEncoding::Utf8Bom, &["姓名", "备注", "金额", ""]).unwrap();
        out.row(&row).unwrap();
        let (bytes, lost) = out.finish().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "\u{feff}姓名,备注,金额,\r\n\"䶮𬱖,\"\"三\"\"\",'=cmd(),312.50,\r\n");
        assert_eq!(lost, 0);

        let mut out = CsvOut::new(Vec::new(), CsvEncoding::Gb18030, &["姓名", "备注", "金额", ""]).unwrap();
        out.row(&row).unwrap();
        let (bytes, lost) = out.finish().unwrap();
        let (text, bad) = GB18030.decode_without_bom_handling(&bytes);
        assert!(!bad && text.contains("䶮𬱖"));
        assert_eq!(lost, 0);
    }

    #[test]
    fn what_the_encoding_cannot_hold_is_counted() {
        let mut out = CsvOut::new(Vec::new(), CsvEncoding::Gb18030, &["姓名"]).unwrap();
        out.row(&[OutCell::from("陈\u{e5e5}")]).unwrap();
        let (bytes, lost) = out.finish().unwrap();
        assert_eq!(lost, 1);
        assert!(bytes.ends_with(b"?\r\n"));
    }
}
