//! Valid files, changed a little at random: whatever comes out, each is read or refused, and nothing fails
//! within. A bounded number of cases on the stable toolchain; `YINGZHU_FUZZ=n` tries n times as many, and
//! `YINGZHU_FUZZ_SEED` begins elsewhere.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::old_books::{Old, xls};
use crate::support::{IDS, RAW_HEADER, base_parts, read, zipped};

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Feeds so many changed files; a failure names the seed and the case, which together give the file again.
fn fuzz(cases: u64, mut make: impl FnMut(&mut ChaCha8Rng) -> Vec<u8>) {
    let seed = number("YINGZHU_FUZZ_SEED", 20_171_010);
    let mut outcomes = [0_u64; 2];
    for case in 0..cases * number("YINGZHU_FUZZ", 1) {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.wrapping_add(case));
        let bytes = make(&mut dice);
        match read(&bytes) {
            Ok((understood, rows)) => {
                assert_eq!(understood.rows, u64::try_from(rows.len()).unwrap(), "seed {seed} case {case}");
                for row in &rows {
                    let _ = row.fields().finish();
                }
                outcomes[0] += 1;
            }
            Err(error) => {
                assert!((400..500).contains(&error.code.status()), "seed {seed} case {case}: {error}");
                outcomes[1] += 1;
            }
        }
    }
    // Changes that break everything, or nothing, would try nothing.
    assert!(outcomes.iter().all(|n| *n > 0), "{outcomes:?}");
}

/// Bytes that mean something to one of the formats.
const TOKENS: [&[u8]; 24] = [
    b",",
    b"\"",
    b"\n",
    b"\r",
    b"\t",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    "，".as_bytes(),
    b"=",
    b"'",
    b"<",
    b">",
    b"/>",
    b"&amp;",
    b"&#0;",
    b"</row>",
    b"<c r=\"ZZ9\">",
    b"<v>1e9</v>",
    b"t=\"s\"",
    b"\x1f",
    b"\x81",
    b"[",
];

/// One to six changes: a byte, a bit, a token in, a piece out, a piece doubled, the end cut.
fn changed(mut bytes: Vec<u8>, dice: &mut ChaCha8Rng) -> Vec<u8> {
    for _ in 0..dice.random_range(1..=6) {
        if bytes.is_empty() {
            break;
        }
        let at = dice.random_range(0..bytes.len());
        let until = (at + dice.random_range(1..=40)).min(bytes.len());
        match dice.random_range(0..8) {
            0 => bytes[at] = dice.random(),
            1 => bytes[at] ^= 1 << dice.random_range(0..8),
            2..4 => {
                let token = TOKENS[dice.random_range(0..TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
            4 => drop(bytes.drain(at..until)),
            5 => {
                let piece = bytes[at..until].to_vec();
                bytes.splice(at..at, piece);
            }
            6 => bytes[at..until].fill(0),
            _ if dice.random_bool(0.2) => bytes.truncate(at),
            _ => bytes[at] = b'9',
        }
    }
    bytes
}

fn csv() -> String {
    let rows = IDS.map(|id| format!("张三,{id},小学,\"1,500.00\",2017/9/1\n")).concat();
    format!("某县名册,,,,\n姓名,身份证号,学段,金额(元),发放日期\n{rows}合计,3人,,,\n")
}

#[test]
fn text_files() {
    let text = csv();
    let gb = encoding_rs::GB18030.encode(&text).0.into_owned();
    let wide: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let kinds = [text.into_bytes(), gb, wide];
    fuzz(3_000, |dice| {
        let kind = kinds[dice.random_range(0..kinds.len())].clone();
        changed(kind, dice)
    });
}

fn parts() -> Vec<(String, Vec<u8>)> {
    let row = |n: usize, id: &str| {
        format!(
            r#"<row r="{n}"><c r="A{n}" t="s"><v>0</v></c><c r="B{n}" t="inlineStr"><is><t>{id}</t></is></c><c r="C{n}"><f>SUM(1,2)</f><v>312.5</v></c></row>"#
        )
    };
    let rows: String = (2..).zip(IDS).map(|(n, id)| row(n, id)).collect();
    let sheet = format!(
        r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{RAW_HEADER}{rows}</sheetData></worksheet>"#
    );
    let strings = r#"<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="3" uniqueCount="1"><si><t>张三</t></si></sst>"#;
    let mut parts = base_parts();
    parts.push(("xl/worksheets/sheet1.xml".to_owned(), sheet.into_bytes()));
    parts.push(("xl/sharedStrings.xml".to_owned(), strings.as_bytes().to_vec()));
    parts
}

#[test]
fn the_parts_of_workbooks() {
    let whole = parts();
    fuzz(150, |dice| {
        let mut parts = whole.clone();
        // The sheet most of all; the archive around it stays sound.
        let at = if dice.random_bool(0.6) { parts.len() - 2 } else { dice.random_range(0..parts.len()) };
        let part = std::mem::take(&mut parts[at].1);
        parts[at].1 = changed(part, dice);
        zipped(&parts)
    });
}

#[test]
fn the_archives_of_workbooks() {
    let whole = zipped(&parts());
    fuzz(100, |dice| changed(whole.clone(), dice));
}

#[test]
fn old_workbooks() {
    let cells = |id| {
        vec![Old::Text("张三"), Old::Text(id), Old::Text("小学"), Old::Number(312.5), Old::Day(42_979.0)]
    };
    let header = ["姓名", "身份证号", "学段", "金额", "发放日期"].map(Old::Text).to_vec();
    let rows = std::iter::once(header).chain(IDS.map(cells)).collect();
    let whole = xls(&[("名册", false, rows)]);
    fuzz(100, |dice| changed(whole.clone(), dice));
}
