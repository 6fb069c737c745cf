//! Files made to hurt: each ends with a clear refusal, within time, and this process goes on.

use std::io::Write;
use std::time::Instant;

use rust_xlsxwriter::Workbook;
use yingzhu::error::Code;

use crate::support::{IDS, RAW_HEADER, base_parts, raw_workbook, read, read_with, reader, refused, zipped};

fn honest() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, header) in (0..).zip(["姓名", "身份证号"]) {
        sheet.write_string(0, column, header).unwrap();
    }
    for row in 1..200 {
        sheet.write_string(row, 0, format!("学生{row}")).unwrap();
        sheet.write_string(row, 1, IDS[0]).unwrap();
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn a_far_cell_is_refused_and_a_blank_far_cell_is_not() {
    let far = |cell: &str| {
        raw_workbook(&format!("<sheetData>{RAW_HEADER}<row r=\"1048576\">{cell}</row></sheetData>"), None)
    };
    let error = refused(&far(r#"<c r="XFD1048576"><v>1</v></c>"#));
    assert_eq!(error.code, Code::TooLarge);
    assert!(error.detail.zh.contains("256 列"), "{}", error.detail.zh);
    assert_eq!(read(&far(r#"<c r="XFD1048576"/>"#)).unwrap().0.rows, 0);
    assert_eq!(read(&far(r#"<c r="A1048576"><v>1</v></c>"#)).unwrap().1[0].number, 1_048_576);
}

#[test]
fn a_bomb_is_weighed_by_what_it_really_holds() {
    // 1 GiB of blanks in a workbook of about a megabyte.
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in base_parts() {
        zip.start_file(name, options).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.start_file("xl/worksheets/sheet1.xml", options).unwrap();
    let blanks = vec![b' '; 16 * 1024 * 1024];
    for _ in 0..65 {
        zip.write_all(&blanks).unwrap();
    }
    let bomb = zip.finish().unwrap().into_inner();
    assert!(bomb.len() < 2_000_000);
    let error = refused(&bomb);
    assert_eq!(error.code, Code::TooLarge);
    assert!(error.detail.zh.contains("1024 MB"), "{}", error.detail.zh);
}

#[test]
fn shared_strings_that_swell_are_refused() {
    let sheet = format!("<sheetData>{RAW_HEADER}</sheetData>");
    let head =
        r#"<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main""#;
    // One huge string: more than the part may hold.
    let huge = format!("{head}><si><t>{}</t></si></sst>", "x".repeat(101 * 1024 * 1024));
    assert_eq!(refused(&raw_workbook(&sheet, Some(&huge))).code, Code::TooLarge);
    // Millions of tiny ones: within the part's size, beyond the child's memory.
    let many = format!("{head}>{}</sst>", "<si><t>x</t></si>".repeat(5_000_000));
    assert_eq!(refused(&raw_workbook(&sheet, Some(&many))).code, Code::TooLarge);
    // A count that is a lie asks for more memory than there is.
    let lie = format!(r#"{head} uniqueCount="4000000000"><si><t>x</t></si></sst>"#);
    assert_eq!(refused(&raw_workbook(&sheet, Some(&lie))).code, Code::TooLarge);
    assert!(read(&honest()).is_ok());
}

#[test]
fn a_sheet_that_only_costs_time_is_stopped() {
    let row = format!("<row>{}</row>", "<c/>".repeat(10_000));
    let book = raw_workbook(&format!("<sheetData>{}</sheetData>", row.repeat(15_000)), None);
    assert!(book.len() < 10_000_000);
    let mut quick = reader();
    quick.limits.cpu_seconds = 1;
    let begun = Instant::now();
    let error = read_with(&quick, &book).unwrap_err();
    assert_eq!(error.code, Code::TooLarge);
    assert!(begun.elapsed().as_secs() < 60);
}

#[test]
fn a_child_that_does_not_answer_is_given_up() {
    let mut impatient = reader();
    impatient.limits.wall_seconds = 0;
    assert_eq!(read_with(&impatient, &honest()).unwrap_err().code, Code::TooLarge);
}

/// A program in the child's place that never ends by itself, silent or with its output closed, is ended when the
/// time is over: it would else be waited for until it slept its minute out, and told as something else.
#[test]
fn a_child_that_hangs_is_ended_when_its_time_is_over() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("silent", "exec sleep 60"), ("closed", "exec sleep 60 >&-")] {
        let program = folder.path().join(name);
        let pid = folder.path().join(format!("{name}.pid"));
        std::fs::write(&program, format!("#!/bin/sh\necho $$ > {}\n{text}\n", pid.display())).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut hanging = reader();
        hanging.program = program;
        hanging.limits.wall_seconds = 1;
        hanging.limits.cpu_seconds = 1;
        assert_eq!(read_with(&hanging, &honest()).unwrap_err().code, Code::TooLarge, "{name}");
        let pid = std::fs::read_to_string(pid).unwrap();
        assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "{name} goes on");
    }
}

#[test]
fn every_truncation_of_a_workbook_is_refused() {
    let whole = honest();
    for part in 1..8 {
        let cut = &whole[..whole.len() * part / 8];
        assert_eq!(refused(cut).code, Code::UnreadableFile, "{part}/8");
    }
}

#[test]
fn archives_that_are_no_workbooks_are_refused() {
    let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    let docx = zipped(&[file("[Content_Types].xml", "<Types/>"), file("word/document.xml", "<w/>")]);
    assert_eq!(refused(&docx).code, Code::UnsupportedMediaType);
    assert_eq!(refused(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0").code, Code::UnsupportedMediaType);
    assert_eq!(refused(b"PK\x03\x04 and nothing more").code, Code::UnreadableFile);
    let crowd: Vec<_> = (0..1001).map(|n| file(&format!("xl/{n}.xml"), "")).collect();
    assert_eq!(refused(&zipped(&crowd)).code, Code::UnreadableFile);
    let twins = zipped(&[file("xl/workbook.xml", "<a/>"), file("XL/Workbook.xml", "<b/>")]);
    assert_eq!(refused(&twins).code, Code::UnreadableFile);
}

#[test]
fn xml_tricks_are_refused_or_read_as_nothing() {
    let entity = raw_workbook(
        r#"<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&secret;</t></is></c></row></sheetData>"#,
        None,
    );
    assert!(read(&entity).is_err());
    let backwards = raw_workbook(
        &format!(
            "<sheetData>{RAW_HEADER}<row r=\"9\"><c r=\"A9\"><v>1</v></c></row><row r=\"3\"><c r=\"A3\"><v>1</v></c></row></sheetData>"
        ),
        None,
    );
    assert_eq!(refused(&backwards).code, Code::UnreadableFile);
    let unclosed = raw_workbook("<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v>", None);
    assert_eq!(refused(&unclosed).code, Code::UnreadableFile);
    let large_cell = raw_workbook(
        &format!(
            "<sheetData>{RAW_HEADER}<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>{}</t></is></c></row></sheetData>",
            "x".repeat(2_000_000)
        ),
        None,
    );
    assert_eq!(refused(&large_cell).code, Code::TooLarge);
}

#[test]
fn no_scrap_of_a_file_harms_the_reader() {
    // Every 97th byte of an honest workbook damaged in turn: read or refused, never an inner failure.
    let whole = honest();
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        if let Err(error) = read(&damaged) {
            assert!(error.code.status() < 500, "byte {at}: {error}");
        }
    }
}
