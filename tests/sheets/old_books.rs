//! Workbooks of the older kind (.xls, WPS .et), written record by record as [MS-XLS] and [MS-CFB] say.

use yingzhu::error::Code;
use yingzhu::sheet::Format;
use yingzhu::values::ResidentId;

use crate::support::{IDS, notice, read, refused, texts};

/// A cell of an old workbook.
#[derive(Clone, Copy)]
pub(crate) enum Old<'a> {
    Text(&'a str),
    Number(f64),
    /// A number formatted as a date.
    Day(f64),
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
}

/// XLUnicodeString, always of two bytes a character.
fn text(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = u16::try_from(units.len()).unwrap().to_le_bytes().to_vec();
    bytes.push(1);
    bytes.extend(units.iter().flat_map(|u| u.to_le_bytes()));
    bytes
}

const BOF: [u8; 16] = [0, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const SHEET_BOF: [u8; 16] = [0, 6, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The workbook stream of these sheets: name, whether hidden, rows of cells.
pub(crate) fn stream(sheets: &[(&str, bool, Vec<Vec<Old<'_>>>)], password: bool) -> Vec<u8> {
    let mut head = record(0x0809, &BOF);
    if password {
        head.extend(record(0x002f, &[1, 0, 1, 0, 1, 0]));
    }
    head.extend(record(0x0042, &1200_u16.to_le_bytes()));
    // Two cell formats: general, and the built-in date format 14.
    for format in [0_u16, 14] {
        let mut xf = vec![0; 20];
        xf[2..4].copy_from_slice(&format.to_le_bytes());
        head.extend(record(0x00e0, &xf));
    }
    let bound = |name: &str| 4 + 4 + 2 + 1 + 1 + name.encode_utf16().count() * 2;
    let mut at = head.len() + sheets.iter().map(|(name, ..)| bound(name)).sum::<usize>() + 4;
    let mut bodies = Vec::new();
    for (name, hidden, rows) in sheets {
        let mut data = u32::try_from(at).unwrap().to_le_bytes().to_vec();
        data.extend([u8::from(*hidden), 0]);
        let units: Vec<u16> = name.encode_utf16().collect();
        data.extend([u8::try_from(units.len()).unwrap(), 1]);
        data.extend(units.iter().flat_map(|u| u.to_le_bytes()));
        head.extend(record(0x0085, &data));
        let body = body(rows);
        at += body.len();
        bodies.push(body);
    }
    head.extend(record(0x000a, &[]));
    head.extend(bodies.concat());
    head
}

fn body(rows: &[Vec<Old<'_>>]) -> Vec<u8> {
    let mut body = record(0x0809, &SHEET_BOF);
    for (row, cells) in (0_u16..).zip(rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            let format: u16 = u16::from(matches!(cell, Old::Day(_)));
            let mut data = [row, column, format].map(u16::to_le_bytes).concat();
            body.extend(match cell {
                Old::Text("") => continue,
                Old::Text(words) => {
                    data.extend(text(words));
                    record(0x0204, &data)
                }
                Old::Number(n) | Old::Day(n) => {
                    data.extend(n.to_le_bytes());
                    record(0x0203, &data)
                }
            });
        }
    }
    body.extend(record(0x000a, &[]));
    body
}

/// An OLE file of one stream: header, directory, allocation table, then the stream.
pub(crate) fn ole(name: &str, stream: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const END: u32 = 0xffff_fffe;
    // Below 4096 bytes a stream would lie in the mini stream.
    let mut stream = stream.to_vec();
    stream.resize(stream.len().max(4096).next_multiple_of(SECTOR), 0);
    let sectors = stream.len() / SECTOR;
    let tables = (sectors + 1 + 8).div_ceil(SECTOR / 4 - 1);
    assert!(tables <= 109);
    let number = |n: usize| u32::try_from(n).unwrap();
    let mut file = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    file.extend([0; 16]);
    file.extend([0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    file.extend([0; 10]);
    for n in [number(tables), number(tables), 0, 4096, END, 0, END, 0] {
        file.extend(n.to_le_bytes());
    }
    for n in 0..109 {
        let entry = if n < tables { number(n) } else { u32::MAX };
        file.extend(entry.to_le_bytes());
    }
    // The allocation tables: themselves, the directory, the chain of the stream.
    let mut table: Vec<u32> = vec![0xffff_fffd; tables];
    table.push(END);
    let first = tables + 1;
    table.extend((1..=sectors).map(|n| if n == sectors { END } else { number(first + n) }));
    table.resize(tables * SECTOR / 4, u32::MAX);
    file.extend(table.iter().flat_map(|n| n.to_le_bytes()));
    for (name, kind, child, start, length) in
        [("Root Entry", 5_u8, 1_u32, END, 0), (name, 2, u32::MAX, number(first), number(stream.len()))]
    {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let letters = u16::try_from(entry.len() + 2).unwrap();
        entry.resize(64, 0);
        entry.extend(letters.to_le_bytes());
        entry.extend([kind, 1]);
        for link in [u32::MAX, u32::MAX, child] {
            entry.extend(link.to_le_bytes());
        }
        entry.resize(116, 0);
        entry.extend(start.to_le_bytes());
        entry.extend(length.to_le_bytes());
        entry.extend([0; 4]);
        file.extend(entry);
    }
    file.extend([0; 256]);
    file.extend(stream);
    file
}

/// An old workbook of these sheets.
pub(crate) fn xls(sheets: &[(&str, bool, Vec<Vec<Old<'_>>>)]) -> Vec<u8> {
    ole("Workbook", &stream(sheets, false))
}

fn header() -> Vec<Old<'static>> {
    ["姓名", "身份证号", "学段", "金额", "发放日期"].map(Old::Text).to_vec()
}

#[test]
fn an_old_workbook_is_read_like_a_new_one() {
    use Old::{Day, Number, Text};
    let rows = vec![
        vec![Text("某县低保家庭学生名册")],
        header(),
        vec![Text("张三"), Text(IDS[0]), Text("小学"), Number(312.5), Day(42_979.0)],
        vec![
            Text("陈䶮"),
            Number(341_000_200_903_140_019.0),
            Text("初中"),
            Number(625.0),
            Text("2017-09-01"),
        ],
        vec![Text("合计"), Text(""), Text(""), Number(937.5)],
    ];
    let book = xls(&[("旧数据", true, vec![header()]), ("名册", false, rows)]);
    let (understood, rows) = read(&book).unwrap();
    assert_eq!(understood.format, Format::Xls);
    let sheet = &understood.sheets[0];
    assert_eq!((sheet.name.as_deref(), sheet.header_row, sheet.skipped), (Some("名册"), 2, 1));
    assert!(notice(&understood, "hidden_sheets").contains("旧数据"));
    assert_eq!(texts(&rows, "name"), ["张三", "陈䶮"]);
    let mut fields = rows[0].fields();
    assert_eq!(fields.require("id", ResidentId::parse).unwrap().as_str(), IDS[0]);
    assert_eq!(fields.fen("fen").unwrap().0, 31_250);
    assert_eq!(fields.day("day").unwrap().to_string(), "2017-09-01");
    let mut fields = rows[1].fields();
    assert!(fields.require("id", ResidentId::parse).is_none());
    assert_eq!(fields.finish()[0].code, "id_precision_lost");
}

#[test]
fn every_sheet_of_an_old_workbook_with_a_header_is_read() {
    use Old::Text;
    let student = |name, id| vec![Text(name), Text(id)];
    // Sheets are read in the order of the book, not of their names.
    let book = xls(&[
        ("乙", false, vec![header(), student("张三", IDS[0])]),
        ("说明", false, vec![vec![Text("请如实填写")]]),
        ("甲", false, vec![header(), student("李四", IDS[1])]),
    ]);
    let (understood, rows) = read(&book).unwrap();
    assert_eq!(texts(&rows, "name"), ["张三", "李四"]);
    assert_eq!(rows.iter().map(|r| r.sheet().unwrap()).collect::<Vec<_>>(), ["乙", "甲"]);
    assert!(notice(&understood, "other_sheets").contains("说明"));
}

#[test]
fn an_ole_file_that_is_no_open_workbook_is_refused_with_its_reason() {
    let locked = ole("Workbook", &stream(&[("名册", false, vec![header()])], true));
    let error = refused(&locked);
    assert!(error.code == Code::UnreadableFile && error.detail.zh.contains("密码"), "{error}");
    // The newer format with a password lies in an OLE file too.
    let error = refused(&ole("EncryptedPackage", &[7; 5000]));
    assert!(error.code == Code::UnreadableFile && error.detail.zh.contains("密码"), "{error}");
    assert_eq!(refused(&ole("WordDocument", &[7; 5000])).code, Code::UnsupportedMediaType);
    let whole = xls(&[("名册", false, vec![header()])]);
    assert_eq!(refused(&whole[..whole.len() / 3]).code.status() / 100, 4);
    let far = xls(&[("名册", false, vec![header(), vec![Old::Text("x"); 255]])]);
    assert!(read(&far).is_ok());
}
