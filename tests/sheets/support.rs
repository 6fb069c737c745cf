//! A kind of sheet to read, a reader with our own binary, and workbooks written cell by cell.

use std::io::Write;
use std::path::Path;

use yingzhu::error::{Error, Result};
use yingzhu::sheet::{CellKind, ColumnSpec, Limits, Reader, Reading, Row, SheetSpec, Understood};

const fn column(key: &'static str, zh: &'static str, required: bool, kind: CellKind) -> ColumnSpec {
    ColumnSpec { key, zh, synonyms: &[], required, kind }
}

/// A small aid sheet.
pub(crate) const SPEC: SheetSpec = SheetSpec {
    kind: "test",
    zh: "测试表",
    columns: &[
        ColumnSpec { synonyms: &["学生姓名"], ..column("name", "姓名", true, CellKind::Plain) },
        ColumnSpec { synonyms: &["证件号码"], ..column("id", "身份证号", true, CellKind::Id) },
        column("stage", "学段", false, CellKind::Plain),
        column("fen", "金额", false, CellKind::Money),
        column("day", "发放日期", false, CellKind::Date),
    ],
    either: &[],
};

/// Ids with right check characters, of nobody.
pub(crate) const IDS: [&str; 3] = ["11010519491231002X", "34052419800101001X", "610104196209276908"];

pub(crate) fn reader() -> Reader {
    Reader { program: env!("CARGO_BIN_EXE_yingzhu").into(), limits: Limits::default() }
}

/// Reads bytes as a file; its name says nothing.
pub(crate) fn read(bytes: &[u8]) -> Result<(Understood, Vec<Row>)> {
    read_with(&reader(), bytes)
}

pub(crate) fn read_with(reader: &Reader, bytes: &[u8]) -> Result<(Understood, Vec<Row>)> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read_path(reader, file.path())
}

/// Reads bytes as their sender declares: the mapping and the sheets as a request gives them.
pub(crate) fn read_declared(bytes: &[u8], mapping: &str, sheets: &str) -> Result<(Understood, Vec<Row>)> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read_path_as(&reader(), file.path(), &Reading::parse(Some(mapping), Some(sheets))?)
}

pub(crate) fn read_path(reader: &Reader, path: &Path) -> Result<(Understood, Vec<Row>)> {
    read_path_as(reader, path, &Reading::default())
}

fn read_path_as(reader: &Reader, path: &Path, reading: &Reading) -> Result<(Understood, Vec<Row>)> {
    let mut rows = Vec::new();
    let understood = reader.read_as(path, &SPEC, reading, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok((understood, rows))
}

pub(crate) fn refused(bytes: &[u8]) -> Error {
    match read(bytes) {
        Err(error) => error,
        Ok((understood, _)) => panic!("was read: {understood:?}"),
    }
}

/// The texts under a column.
pub(crate) fn texts(rows: &[Row], key: &'static str) -> Vec<String> {
    rows.iter().map(|row| row.fields().text(key).unwrap_or_default()).collect()
}

/// The headers of the columns that mean nothing to us, of the first sheet.
pub(crate) fn unknown(understood: &Understood) -> Vec<&str> {
    understood.sheets[0].unknown.iter().map(|u| u.header.as_str()).collect()
}

/// The notice with this code, empty if there is none.
pub(crate) fn notice<'a>(understood: &'a Understood, code: &str) -> &'a str {
    understood.notices.iter().find(|n| n.code == code).map_or("", |n| n.text.zh.as_ref())
}

/// A workbook of one sheet from raw XML, for what no program would write.
pub(crate) fn raw_workbook(sheet_data: &str, shared_strings: Option<&str>) -> Vec<u8> {
    let sheet = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{sheet_data}</worksheet>"#
    );
    let mut parts = base_parts();
    parts.push(("xl/worksheets/sheet1.xml".to_owned(), sheet.into_bytes()));
    if let Some(strings) = shared_strings {
        parts.push(("xl/sharedStrings.xml".to_owned(), strings.as_bytes().to_vec()));
    }
    zipped(&parts)
}

pub(crate) fn base_parts() -> Vec<(String, Vec<u8>)> {
    let part = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    vec![
        part(
            "[Content_Types].xml",
            r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#,
        ),
        part(
            "_rels/.rels",
            r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        part(
            "xl/workbook.xml",
            r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="学生" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
        ),
        part(
            "xl/_rels/workbook.xml.rels",
            r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
        ),
    ]
}

pub(crate) fn zipped(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The header of [`SPEC`] as inline strings in row 1.
pub(crate) const RAW_HEADER: &str = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c><c r="B1" t="inlineStr"><is><t>身份证号</t></is></c><c r="C1" t="inlineStr"><is><t>金额</t></is></c></row>"#;

/// Bytes packed with gzip.
pub(crate) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}
