//! Real files: a small table as the bytes of a workbook or of a text file, and a workbook read back.

use std::io::Cursor;

use calamine::{Reader, Xlsx};
use rust_xlsxwriter::Workbook;

/// A header and its rows, all text.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// A sheet with these headers, parted by blanks.
    pub(crate) fn new(headers: &str) -> Self {
        Self { headers: headers.split_whitespace().map(ToOwned::to_owned).collect(), rows: Vec::new() }
    }

    /// One more row.
    pub(crate) fn row<T: AsRef<str>>(mut self, cells: &[T]) -> Self {
        self.rows.push(cells.iter().map(|c| c.as_ref().to_owned()).collect());
        self
    }

    /// One more row from (header, cell) pairs; the later of two for one header counts.
    pub(crate) fn told(self, usual: &[(&str, &str)], further: &[(&str, &str)]) -> Self {
        let known = |header: &str| self.headers.iter().any(|h| h == header);
        assert!(usual.iter().chain(further).all(|(header, _)| known(header)));
        let said = |header: &String| {
            let mut cells = further.iter().rev().chain(usual);
            cells.find(|(h, _)| h == header).map_or("", |(_, cell)| cell)
        };
        let cells: Vec<&str> = self.headers.iter().map(said).collect();
        let cells: Vec<String> = cells.into_iter().map(ToOwned::to_owned).collect();
        self.row(&cells)
    }

    /// As CSV in UTF-8.
    pub(crate) fn csv(&self) -> Vec<u8> {
        let lines = std::iter::once(&self.headers).chain(&self.rows);
        lines.map(|cells| cells.join(",") + "\r\n").collect::<String>().into_bytes()
    }

    /// As CSV in UTF-8 with its mark.
    pub(crate) fn csv_with_mark(&self) -> Vec<u8> {
        [b"\xef\xbb\xbf".to_vec(), self.csv()].concat()
    }

    /// As CSV in GB 18030, as spreadsheet programs in China save it.
    pub(crate) fn csv_gb18030(&self) -> Vec<u8> {
        let text = String::from_utf8(self.csv()).unwrap();
        encoding_rs::GB18030.encode(&text).0.into_owned()
    }

    /// As a workbook of text cells.
    pub(crate) fn xlsx(&self) -> Vec<u8> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (row, cells) in (0..).zip(std::iter::once(&self.headers).chain(&self.rows)) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
        book.save_to_buffer().unwrap()
    }
}

/// The cells of a workbook as text, row by row, sheet after sheet.
pub(crate) fn reopen(bytes: &[u8]) -> Vec<Vec<String>> {
    sheets(bytes).concat()
}

/// The names of the sheets of a workbook.
pub(crate) fn names(bytes: &[u8]) -> Vec<String> {
    let book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    book.sheet_names()
}

fn sheets(bytes: &[u8]) -> Vec<Vec<Vec<String>>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let text = |row: &[calamine::Data]| row.iter().map(ToString::to_string).collect();
    book.worksheets().into_iter().map(|(_, range)| range.rows().map(text).collect()).collect()
}

/// The rows below the row that begins with this header, each as (header, cell) pairs.
pub(crate) fn table(bytes: &[u8], first_header: &str) -> Vec<Vec<(String, String)>> {
    let begins = |row: &Vec<String>| row.first().is_some_and(|cell| cell == first_header);
    let rows = sheets(bytes).into_iter().find(|rows| rows.iter().any(begins)).unwrap();
    let at = rows.iter().position(begins).unwrap();
    let headers = rows[at].clone();
    rows[at + 1..].iter().map(|row| headers.iter().cloned().zip(row.iter().cloned()).collect()).collect()
}

/// A cell of such a row.
pub(crate) fn cell<'a>(row: &'a [(String, String)], header: &str) -> &'a str {
    row.iter().find(|(h, _)| h == header).map_or_else(|| panic!("{header}"), |(_, cell)| cell.as_str())
}
