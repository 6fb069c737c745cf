//! A corpus of files made to hurt or merely broken, one line each: every one is refused with a clear 4xx or
//! read safely within the child's memory and time, and the next file is read as if nothing had been.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};

use yingzhu::error::{Code, Result};
use yingzhu::sheet::{Row, Understood};

use crate::old_books::{Old, ole, stream, xls};
use crate::support::{IDS, RAW_HEADER, base_parts, gz, raw_workbook, read, zipped};

/// What must come of a file.
#[derive(Debug, Clone, Copy)]
enum Must {
    /// Refused with this code.
    Be(Code),
    /// Refused with any 4xx.
    BeRefused,
    /// Read, so many rows.
    Give(u64),
    /// Either, as long as it is no inner failure: what the file is depends on how it is looked at.
    NotHarm,
}

use Must::{Be, BeRefused, Give, NotHarm};

type Hostile = (&'static str, Vec<u8>, Must);

/// The most that a reading child may have in memory, and of the processor's time: in KiB and in hundredths of a
/// second, as the kernel counts.
const MOST: Used = Used { kib: 256 << 10, hundredths: 1_000 };

/// What a process has used at the most.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Used {
    kib: u64,
    hundredths: u64,
}

impl Used {
    fn or_more(self, other: Self) -> Self {
        Self { kib: self.kib.max(other.kib), hundredths: self.hundredths.max(other.hundredths) }
    }

    /// What a reading child has used so far; nothing for any other process.
    fn by(pid: &str) -> Self {
        let text = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        // Before it has become the reader, a child still shares this process's memory.
        if !text("cmdline").contains("sheet-reader") {
            return Self::default();
        }
        let status = text("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        // Behind the name, which ends with a parenthesis: the 12th and 13th are user and system time.
        let stat = text("stat");
        let times = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        Self {
            kib: peak.trim().trim_end_matches(" kB").parse().unwrap_or(0),
            hundredths: times.filter_map(|time| time.parse::<u64>().ok()).sum(),
        }
    }

    /// What any child of this process uses while the work goes on. The kernel's counts of a process only rise,
    /// so that a look now and then misses no more than its last moment.
    fn during<T>(work: impl FnOnce() -> T) -> (T, Self) {
        let done = AtomicBool::new(false);
        let look = || {
            let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
            let lists =
                tasks.map(|task| std::fs::read_to_string(task.path().join("children")).unwrap_or_default());
            let used = lists.flat_map(|list| list.split_whitespace().map(Self::by).collect::<Vec<_>>());
            used.fold(Self::default(), Self::or_more)
        };
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut most = Self::default();
                while !done.load(Ordering::Relaxed) {
                    most = most.or_more(look());
                    std::thread::yield_now();
                }
                most
            });
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(work));
            done.store(true, Ordering::Relaxed);
            let most = watcher.join().unwrap();
            (outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic)), most)
        })
    }
}

/// [`check`] of files that a child reads: what it used is measured, file by file.
fn check_in_child(corpus: Vec<Hostile>, at_least: usize) {
    let most = check(corpus, at_least);
    assert!(most.kib > 0, "no child was seen");
    println!(
        "a reading child had {} MiB and took {} hundredths of a second at the most",
        most.kib >> 10,
        most.hundredths
    );
}

/// Reads each file and holds against what must come of it; gives back the most that a child used.
fn check(corpus: Vec<Hostile>, at_least: usize) -> Used {
    assert!(corpus.len() >= at_least, "{} files", corpus.len());
    let mut most = Used::default();
    for (name, bytes, must) in corpus {
        let (outcome, used) = Used::during(|| read(&bytes));
        assert_eq!(used.or_more(MOST), MOST, "{name}: {used:?}");
        most = most.or_more(used);
        match (&outcome, must) {
            (Err(error), Be(code)) => assert_eq!(error.code, code, "{name}: {error}"),
            (Err(error), BeRefused | NotHarm) => {
                assert!((400..500).contains(&error.code.status()), "{name}: {error}");
            }
            (Ok((understood, rows)), Give(count)) => {
                assert_eq!(understood.rows, count, "{name}");
                assert_eq!(u64::try_from(rows.len()).unwrap(), count, "{name}");
            }
            (Ok(_), NotHarm) => {}
            (Ok((understood, _)), _) => panic!("{name} was read: {understood:?}"),
            (Err(error), Give(_)) => panic!("{name}: {error}"),
        }
        if let Err(error) = &outcome {
            assert!((400..500).contains(&error.code.status()), "{name}: {error}");
            assert!(!error.detail.zh.is_empty() && !error.detail.en.is_empty(), "{name}");
        }
        no_secret(name, &outcome);
    }
    // This process and the reader are as they were.
    assert_eq!(read(format!("姓名,身份证号\n张三,{}\n", IDS[0]).as_bytes()).unwrap().0.rows, 1);
    most
}

/// Nothing of this machine came in through the file.
fn no_secret(name: &str, outcome: &Result<(Understood, Vec<Row>)>) {
    let Ok((_, rows)) = outcome else { return };
    for row in rows {
        assert!(!row.originals().concat().contains("root:"), "{name}");
    }
}

fn part(name: &str, text: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (name.to_owned(), text.into())
}

/// An honest workbook's parts with one of them replaced or added.
fn with(name: &str, text: impl Into<Vec<u8>>) -> Vec<u8> {
    let mut parts = base_parts();
    parts.push(part("xl/worksheets/sheet1.xml", sheet(RAW_HEADER)));
    parts.retain(|(known, _)| known != name);
    parts.push(part(name, text));
    zipped(&parts)
}

fn sheet(rows: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    )
}

/// A workbook whose second row is this XML.
fn row(xml: &str) -> Vec<u8> {
    raw_workbook(&format!("<sheetData>{RAW_HEADER}<row r=\"2\">{xml}</row></sheetData>"), None)
}

fn workbook_xml(sheets: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{sheets}</sheets></workbook>"#
    )
}

fn rels(target: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="{target}"/></Relationships>"#
    )
}

/// Sets bytes at every place where a signature stands in an archive, so far behind it.
fn patched(mut archive: Vec<u8>, signature: &[u8], behind: usize, bytes: &[u8]) -> Vec<u8> {
    let places: Vec<usize> =
        (0..archive.len() - signature.len()).filter(|at| archive[*at..].starts_with(signature)).collect();
    for at in places {
        archive[at + behind..at + behind + bytes.len()].copy_from_slice(bytes);
    }
    archive
}

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

fn honest() -> Vec<u8> {
    row(&format!(
        r#"<c r="A2" t="inlineStr"><is><t>张三</t></is></c><c r="B2" t="inlineStr"><is><t>{}</t></is></c>"#,
        IDS[0]
    ))
}

/// Many entries of the archive's directory that all mean the same bytes.
fn overlapping() -> Vec<u8> {
    let kernel = vec![b' '; 8 << 20];
    let one = zipped(&[part("xl/workbook.xml", kernel)]);
    let at = one.windows(4).position(|w| w == CENTRAL).unwrap();
    let end = one.windows(4).position(|w| w == END).unwrap();
    let (body, entry) = (&one[..at], &one[at..end]);
    let mut archive = body.to_vec();
    for n in 0..900 {
        let mut copy = entry.to_vec();
        let name = format!("xl/w{n:05}k.xml");
        assert_eq!(name.len(), "xl/workbook.xml".len() - 1);
        copy[46..46 + name.len()].copy_from_slice(name.as_bytes());
        archive.extend(copy);
    }
    let mut tail = one[end..].to_vec();
    let size = u32::try_from(archive.len() - at).unwrap();
    tail[8..10].copy_from_slice(&900_u16.to_le_bytes());
    tail[10..12].copy_from_slice(&900_u16.to_le_bytes());
    tail[12..16].copy_from_slice(&size.to_le_bytes());
    archive.extend(tail);
    archive
}

#[test]
fn archives() {
    let whole = honest();
    let corpus = vec![
        ("the honest one", whole.clone(), Give(1)),
        ("cut in half", whole[..whole.len() / 2].to_vec(), Be(Code::UnreadableFile)),
        ("without its last byte", whole[..whole.len() - 1].to_vec(), NotHarm),
        ("with something before it", [b"MZ\0\0 and more\0".to_vec(), whole.clone()].concat(), BeRefused),
        ("with something behind it", [whole.clone(), vec![0; 1000]].concat(), NotHarm),
        ("its end alone", b"PK\x05\x06".to_vec(), BeRefused),
        (
            "wrong checksums",
            patched(patched(whole.clone(), LOCAL, 14, b"\x01\x02\x03\x04"), CENTRAL, 16, b"\x01\x02\x03\x04"),
            Be(Code::UnreadableFile),
        ),
        (
            "marked as encrypted",
            patched(patched(whole.clone(), LOCAL, 6, &[1]), CENTRAL, 8, &[1]),
            Be(Code::UnreadableFile),
        ),
        (
            "an unknown method",
            patched(patched(whole.clone(), LOCAL, 8, &[99]), CENTRAL, 10, &[99]),
            Be(Code::UnreadableFile),
        ),
        ("sizes of four gigabytes", patched(whole.clone(), CENTRAL, 24, &[0xfe, 0xff, 0xff, 0xff]), NotHarm),
        ("sizes of nothing", patched(whole.clone(), CENTRAL, 24, &[0, 0, 0, 0]), NotHarm),
        ("offsets beyond the end", patched(whole.clone(), CENTRAL, 42, &[0xff, 0xff, 0xff, 0x7f]), BeRefused),
        ("a directory of 65,535 entries", patched(whole.clone(), END, 8, &[0xff, 0xff, 0xff, 0xff]), NotHarm),
        (
            "a directory that begins nowhere",
            patched(whole.clone(), END, 16, &[0xff, 0xff, 0xff, 0x7f]),
            BeRefused,
        ),
        ("a bomb of overlapping entries", overlapping(), Be(Code::TooLarge)),
        (
            "a workbook within an archive",
            zipped(&[part("名册.xlsx", whole.clone())]),
            Be(Code::UnsupportedMediaType),
        ),
        (
            "an archive of archives",
            zipped(&[part("a.zip", zipped(&[part("b.zip", whole.clone())]))]),
            Be(Code::UnsupportedMediaType),
        ),
        ("an empty archive", zipped(&[]), Be(Code::UnsupportedMediaType)),
        ("a text document", zipped(&[part("word/document.xml", "<w/>")]), Be(Code::UnsupportedMediaType)),
        (
            "an OpenDocument sheet",
            zipped(&[
                part("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
                part("content.xml", "<x/>"),
            ]),
            Be(Code::UnsupportedMediaType),
        ),
        (
            "a binary workbook",
            zipped(&[part("xl/workbook.bin", vec![0; 100])]),
            Be(Code::UnsupportedMediaType),
        ),
        (
            "a program",
            zipped(&[part("META-INF/MANIFEST.MF", "Main-Class: X")]),
            Be(Code::UnsupportedMediaType),
        ),
        ("a name that climbs", with("../../../../etc/passwd", "root:x"), Give(0)),
        ("a name from the root", with("/etc/passwd", "root:x"), Give(0)),
        ("a name with a zero", with("xl/a\0b.xml", "x"), NotHarm),
        (
            "ten thousand parts",
            zipped(&(0..10_000).map(|n| part(&format!("xl/{n}"), "")).collect::<Vec<_>>()),
            Be(Code::UnreadableFile),
        ),
        (
            "the same part twice",
            zipped(&[part("xl/workbook.xml", "<a/>"), part("xl\\Workbook.xml", "<b/>")]),
            Be(Code::UnreadableFile),
        ),
    ];
    check_in_child(corpus, 27);
}

#[test]
fn markup_of_workbooks() {
    let passwd = r#"<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>"#;
    let laugh = |n: u32| format!(r#"<!ENTITY e{n} "{}">"#, format!("&e{};", n - 1).repeat(10));
    let laughs = (1..10).map(laugh).collect::<Vec<_>>().concat();
    let laughs = format!(r#"<!DOCTYPE x [<!ENTITY e0 "ha">{laughs}]>"#);
    let doctype = |doctype: &str, entity: &str| {
        let cell =
            format!(r#"{RAW_HEADER}<row r="2"><c r="A2" t="inlineStr"><is><t>{entity}</t></is></c></row>"#);
        with("xl/worksheets/sheet1.xml", sheet(&cell).replace("?><work", &format!("?>{doctype}<work")))
    };
    let utf16: Vec<u8> =
        [0xfeff].into_iter().chain(sheet(RAW_HEADER).encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let corpus = vec![
        ("an outer entity", doctype(passwd, "&e;"), NotHarm),
        ("a billion laughs", doctype(&laughs, "&e9;"), NotHarm),
        (
            "an outer parameter entity",
            doctype(r#"<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>"#, "x"),
            NotHarm,
        ),
        (
            "a million nested elements",
            with("xl/worksheets/sheet1.xml", sheet(&"<a>".repeat(1_000_000))),
            NotHarm,
        ),
        (
            "a million attributes",
            row(&format!(
                "<c {}/>",
                (0..1_000_000).map(|n| format!("a{n}=\"\" ")).collect::<Vec<_>>().concat()
            )),
            NotHarm,
        ),
        ("an attribute of 50 MB", row(&format!("<c r=\"{}\"/>", "A".repeat(50 << 20))), NotHarm),
        ("a sheet in UTF-16", with("xl/worksheets/sheet1.xml", utf16), NotHarm),
        (
            "bytes that are no text",
            with("xl/worksheets/sheet1.xml", [sheet(RAW_HEADER).as_bytes(), &[0xff, 0xfe, 0x80]].concat()),
            NotHarm,
        ),
        ("a sheet of zeros", with("xl/worksheets/sheet1.xml", vec![0; 1000]), BeRefused),
        ("a sheet of nothing", with("xl/worksheets/sheet1.xml", ""), BeRefused),
        ("a workbook of nothing", with("xl/workbook.xml", ""), BeRefused),
    ];
    check_in_child(corpus, 11);
}

#[test]
fn structures_of_workbooks() {
    let corpus = vec![
        ("no sheets", with("xl/workbook.xml", workbook_xml("")), Be(Code::UnreadableFile)),
        (
            "only hidden sheets",
            with(
                "xl/workbook.xml",
                workbook_xml(r#"<sheet name="x" sheetId="1" state="hidden" r:id="rId1"/>"#),
            ),
            Be(Code::UnreadableFile),
        ),
        (
            "a sheet that is not there",
            with("xl/_rels/workbook.xml.rels", rels("worksheets/none.xml")),
            BeRefused,
        ),
        ("a sheet that is the workbook", with("xl/_rels/workbook.xml.rels", rels("workbook.xml")), BeRefused),
        ("a sheet outside", with("xl/_rels/workbook.xml.rels", rels("../../../../../etc/passwd")), BeRefused),
        (
            "a sheet on the network",
            with("xl/_rels/workbook.xml.rels", rels("http://127.0.0.1:9/sheet.xml")),
            BeRefused,
        ),
        (
            "a million sheets",
            with(
                "xl/workbook.xml",
                workbook_xml(&r#"<sheet name="x" sheetId="1" r:id="rId1"/>"#.repeat(1_000_000)),
            ),
            NotHarm,
        ),
        (
            "a sheet's name of a megabyte",
            with(
                "xl/workbook.xml",
                workbook_xml(&format!(r#"<sheet name="{}" sheetId="1" r:id="rId1"/>"#, "长".repeat(1 << 20))),
            ),
            NotHarm,
        ),
        ("a million columns", row(&"<c/>".repeat(1_000_000)), Give(0)),
        (
            "a million declared columns",
            raw_workbook(
                &format!(
                    "<cols>{}</cols><sheetData>{RAW_HEADER}</sheetData>",
                    "<col min=\"1\" max=\"16384\"/>".repeat(1_000_000)
                ),
                None,
            ),
            Give(0),
        ),
        (
            "a million merged cells",
            raw_workbook(
                &format!(
                    "<sheetData>{RAW_HEADER}</sheetData><mergeCells>{}</mergeCells>",
                    "<mergeCell ref=\"A1:XFD1048576\"/>".repeat(1_000_000)
                ),
                None,
            ),
            Give(0),
        ),
    ];
    check_in_child(corpus, 11);
}

#[test]
fn cells_of_workbooks() {
    let macros = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>"#;
    let corpus = vec![
        ("a far cell", row(r#"<c r="XFD1048576"><v>1</v></c>"#), BeRefused),
        ("a cell beyond every column", row(r#"<c r="ZZZZZZZZZZ2"><v>1</v></c>"#), BeRefused),
        ("a row beyond every number", row(r#"<c r="A99999999999999999999"><v>1</v></c>"#), BeRefused),
        ("a cell without a column", row(r#"<c r="2"><v>1</v></c>"#), NotHarm),
        ("a shared string that is not there", row(r#"<c r="A2" t="s"><v>4000000000</v></c>"#), NotHarm),
        (
            "numbers without an end",
            row(r#"<c r="A2"><v>1e999999</v></c><c r="B2"><v>NaN</v></c><c r="C2"><v>-1e400</v></c>"#),
            NotHarm,
        ),
        ("a number that is none", row(r#"<c r="A2"><v>一</v></c>"#), NotHarm),
        ("an unknown kind of cell", row(r#"<c r="A2" t="zz"><v>1</v></c>"#), NotHarm),
        (
            "a hundred thousand runs of text",
            row(&format!("<c r=\"A2\" t=\"inlineStr\"><is>{}</is></c>", "<r><t>x</t></r>".repeat(100_000))),
            NotHarm,
        ),
        (
            "a formula that calls a program",
            row(r#"<c r="A2" t="str"><f>cmd|'/c calc'!A0</f><v>=cmd|'/c calc'!A0</v></c>"#),
            Give(1),
        ),
        (
            "links to other books",
            with(
                "xl/externalLinks/externalLink1.xml",
                r#"<externalLink><externalBook r:id="rId1"/></externalLink>"#,
            ),
            Give(0),
        ),
        (
            "macros",
            {
                let mut parts = base_parts();
                parts.retain(|(name, _)| name != "[Content_Types].xml");
                parts.push(part("[Content_Types].xml", macros));
                parts.push(part("xl/vbaProject.bin", vec![0xcc; 5000]));
                parts.push(part("xl/worksheets/sheet1.xml", sheet(RAW_HEADER)));
                zipped(&parts)
            },
            Give(0),
        ),
        (
            "a million formats",
            with(
                "xl/styles.xml",
                format!(
                    "<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><cellXfs>{}</cellXfs></styleSheet>",
                    "<xf numFmtId=\"14\"/>".repeat(1_000_000)
                ),
            ),
            NotHarm,
        ),
    ];
    check_in_child(corpus, 13);
}

#[test]
fn text_files() {
    let good = format!("姓名,身份证号\n张三,{}\n", IDS[0]);
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = |bytes: &[u8]| [&[0xff, 0xfe], bytes].concat();
    let gbk = encoding_rs::GB18030.encode(&good).0.into_owned();
    let corpus = vec![
        ("nothing", Vec::new(), Be(Code::EmptyFile)),
        ("one letter", b"x".to_vec(), Be(Code::HeaderNotFound)),
        ("only a mark", "\u{feff}".as_bytes().to_vec(), Be(Code::EmptyFile)),
        ("two marks", format!("\u{feff}\u{feff}{good}").into_bytes(), NotHarm),
        ("a zero within", good.replace("张", "\0").into_bytes(), Be(Code::UnsupportedMediaType)),
        ("a zero far within", format!("{good}{}\0\n", "李四,1\n".repeat(100)).into_bytes(), NotHarm),
        ("a line of 100 MB", [good.as_bytes(), &vec![b'x'; 100 << 20]].concat(), Be(Code::TooLarge)),
        ("a file of 200 MB", vec![b'x'; 200_000_000], Be(Code::TooLarge)),
        (
            "a quotation mark that is never closed",
            format!("{good}\"{}", "李四,1\n".repeat(500_000)).into_bytes(),
            Be(Code::TooLarge),
        ),
        ("a million commas", format!("{good}{}\n", ",".repeat(1_000_000)).into_bytes(), NotHarm),
        (
            "a million full columns",
            format!("{good}{}\n", "x,".repeat(500_000)).into_bytes(),
            Be(Code::TooLarge),
        ),
        ("a million blank lines", format!("{good}{}", "\n".repeat(1_000_000)).into_bytes(), Give(1)),
        ("nothing but quotation marks", vec![b'"'; 1_000_000], BeRefused),
        (
            "headers that repeat",
            format!("{}\n", "姓名,身份证号,".repeat(100)).into_bytes(),
            Be(Code::AmbiguousColumns),
        ),
        ("UTF-16 with half a letter", marked(&wide[..wide.len() - 1]), NotHarm),
        ("UTF-16 with half a pair", marked(&[&wide[..], &[0x00, 0xd8, 0x0a, 0x00]].concat()), NotHarm),
        ("UTF-16 without its mark", wide, BeRefused),
        ("UTF-32", [&[0xff, 0xfe, 0, 0][..], b"x\0\0\0"].concat(), BeRefused),
        ("half a letter of GB 18030", gbk[..gbk.len() - 22].to_vec(), NotHarm),
        ("two encodings", [gbk, "李四,1\n".repeat(3).into_bytes()].concat(), NotHarm),
        ("text that turns round", good.replace("张", "\u{202e}张\u{2066}").into_bytes(), Give(1)),
        ("a web page", b"<!DOCTYPE html><table><tr><td>1".to_vec(), Be(Code::UnreadableFile)),
        ("rich text", b"{\\rtf1 x}".to_vec(), Be(Code::UnsupportedMediaType)),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0".to_vec(), Be(Code::UnsupportedMediaType)),
        ("a program", b"\x7fELF\x02\x01".to_vec(), Be(Code::UnsupportedMediaType)),
        ("packed nothing", gz(b""), Be(Code::EmptyFile)),
        ("packed and cut", gz(good.as_bytes())[..30].to_vec(), Be(Code::UnreadableFile)),
        (
            "packed with a wrong checksum",
            {
                let mut bytes = gz(good.as_bytes());
                let at = bytes.len() - 6;
                bytes[at] ^= 0xff;
                bytes
            },
            Be(Code::UnreadableFile),
        ),
        (
            "packed with rubbish behind",
            [gz(good.as_bytes()), b"rubbish".to_vec()].concat(),
            Be(Code::UnreadableFile),
        ),
        ("packed twice", gz(&gz(good.as_bytes())), Be(Code::UnsupportedMediaType)),
        ("a packed workbook", gz(&honest()), Be(Code::UnsupportedMediaType)),
        ("two bytes of packing", b"\x1f\x8b".to_vec(), Be(Code::UnreadableFile)),
        ("a packed gigabyte", packed_gigabyte(), Be(Code::TooLarge)),
    ];
    check(corpus, 33);
}

/// A gigabyte of zeros in a thousandth of its size: one packed block, many times over.
fn packed_gigabyte() -> Vec<u8> {
    gz(&vec![0; 16 << 20]).repeat(64)
}

#[test]
fn old_workbooks() {
    let header = || vec![Old::Text("姓名"), Old::Text("身份证号")];
    let book = |row: Vec<Old<'_>>| stream(&[("名册", false, vec![header(), row])], false);
    let whole = xls(&[("名册", false, vec![header(), vec![Old::Text("张三"), Old::Text(IDS[0])]])]);
    let head = [0x09_u8, 0x08, 16, 0, 0, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let begun = |more: &[u8]| ole("Workbook", &[&head, more].concat());
    let after_header = |at: usize, bytes: &[u8]| {
        let mut file = whole.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    let corpus = vec![
        ("the honest one", whole.clone(), Give(1)),
        ("its mark alone", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), BeRefused),
        (
            "its mark and rubbish",
            [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), vec![0x5a; 4000]].concat(),
            BeRefused,
        ),
        ("cut in half", whole[..whole.len() / 2].to_vec(), NotHarm),
        ("an allocation table in a circle", after_header(512, &[0, 0, 0, 0].repeat(128)), NotHarm),
        ("a table chain in a circle", after_header(68, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f]), NotHarm),
        ("a directory beyond the end", after_header(48, &[0xff, 0xff, 0xff, 0x00]), BeRefused),
        ("sectors of a strange size", after_header(30, &[0x1f, 0]), BeRefused),
        ("a text document", ole("WordDocument", &[1; 5000]), Be(Code::UnsupportedMediaType)),
        ("a workbook with a password", ole("EncryptedPackage", &[1; 5000]), Be(Code::UnreadableFile)),
        ("records of rubbish", begun(&[0x5a; 4000]), BeRefused),
        ("a record longer than the file", begun(&[0x85, 0, 0xff, 0xff]), BeRefused),
        (
            "a sheet beyond the end",
            begun(
                &[&[0x85, 0, 10, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 1, 0, b'x', 0][..], &[0x0a, 0, 0, 0]]
                    .concat(),
            ),
            BeRefused,
        ),
        (
            "a table of four thousand million strings",
            begun(&[0xfc, 0, 8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            NotHarm,
        ),
        (
            "a label longer than its record",
            ole("Workbook", &patched(book(vec![Old::Text("张三")]), &[0x04, 0x02], 10, &[0xff, 0xff])),
            NotHarm,
        ),
        (
            "a cell in the last corner",
            ole(
                "Workbook",
                &patched(book(vec![Old::Number(1.0)]), &[0x03, 0x02], 4, &[0xff, 0xff, 0xff, 0x00]),
            ),
            NotHarm,
        ),
        (
            "a number without an end",
            xls(&[("名册", false, vec![header(), vec![Old::Number(f64::INFINITY), Old::Day(f64::NAN)]])]),
            NotHarm,
        ),
        ("no sheets", xls(&[]), BeRefused),
    ];
    check_in_child(corpus, 18);
}
