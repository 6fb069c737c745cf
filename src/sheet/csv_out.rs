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
    rows: u64,
    lost: Lost,
}

/// What an encoding could not hold: written as question marks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lost {
    /// How many characters.
    pub count: u64,
    /// The first of them that differ.
    pub characters: Vec<char>,
    /// The first rows they stand in, counted from 1, the header included.
    pub rows: Vec<u64>,
}

/// Characters and rows that are told one by one.
const MOST_TOLD: usize = 20;

impl Lost {
    fn add(&mut self, character: char, row: u64) {
        self.count += 1;
        if !self.characters.contains(&character) && self.characters.len() < MOST_TOLD {
            self.characters.push(character);
        }
        if self.rows.last() != Some(&row) && self.rows.len() < MOST_TOLD {
            self.rows.push(row);
        }
    }

    /// In one line for a response header, if there is anything to tell: `count=2; characters=U+E5E5; rows=2 7`.
    pub fn told(&self) -> Option<String> {
        let characters: Vec<String> =
            self.characters.iter().map(|c| format!("U+{:04X}", u32::from(*c))).collect();
        let rows: Vec<String> = self.rows.iter().map(u64::to_string).collect();
        let (characters, rows) = (characters.join(" "), rows.join(" "));
        (self.count > 0).then(|| format!("count={}; characters={characters}; rows={rows}", self.count))
    }
}

impl<W: Write> CsvOut<W> {
    /// Begins the file with its header.
    pub fn new<H: AsRef<str>>(mut to: W, encoding: CsvEncoding, headers: &[H]) -> Result<Self> {
        if encoding == CsvEncoding::Utf8Bom {
            to.write_all("\u{feff}".as_bytes())?;
        }
        let mut out = Self { to, encoding, rows: 0, lost: Lost::default() };
        let headers: Vec<OutCell> = headers.iter().map(|h| OutCell::from(h.as_ref())).collect();
        out.row(&headers)?;
        Ok(out)
    }

    /// Writes the next row.
    pub fn row(&mut self, cells: &[OutCell]) -> Result<()> {
        self.rows += 1;
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
                    text.chars().filter(|c| !known(*c)).for_each(|c| self.lost.add(c, self.rows));
                    self.to.write_all(&GB18030.encode(&held).0)?;
                } else {
                    self.to.write_all(&bytes)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the file: gives back the writer and what the encoding could not hold.
    pub fn finish(mut self) -> Result<(W, Lost)> {
        self.to.flush()?;
        Ok((self.to, self.lost))
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
        assert_eq!(lost.told(), None);

        let mut out = CsvOut::new(Vec::new(), CsvEncoding::Gb18030, &["姓名", "备注", "金额", ""]).unwrap();
        out.row(&row).unwrap();
        let (bytes, lost) = out.finish().unwrap();
        let (text, bad) = GB18030.decode_without_bom_handling(&bytes);
        assert!(!bad && text.contains("䶮𬱖"));
        assert_eq!(lost.told(), None);
    }

    #[test]
    fn what_the_encoding_cannot_hold_is_counted() {
        let mut out = CsvOut::new(Vec::new(), CsvEncoding::Gb18030, &["姓名"]).unwrap();
        out.row(&[OutCell::from("陈\u{e5e5}")]).unwrap();
        let (bytes, lost) = out.finish().unwrap();
        assert_eq!(lost.told().unwrap(), "count=1; characters=U+E5E5; rows=2");
        assert!(bytes.ends_with(b"?\r\n"));
    }
}
