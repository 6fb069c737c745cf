//! What a file is, by its bytes: a workbook, text in one of four encodings, or something we do not read.
//! Names and declared media types are never believed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use encoding_rs::{CoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::limits::Limits;
use super::reader::Format;
use crate::error::{Code, Error, Result};
use crate::values::Text;

/// What was recognised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A zip archive or an OLE file: to be opened as a workbook, in the child.
    Workbook(Format),
    /// Packed with gzip: to be unpacked and looked at again.
    Packed,
    /// Text: its encoding, how it is called, and the bytes of its mark to skip.
    Text { encoding: &'static Encoding, name: &'static str, mark: u64 },
}

/// Beginnings of files that are not text and not workbooks, and what they are.
const OTHERS: [(&[u8], &str); 12] = [
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"RIFF", "RIFF"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"7z\xbc\xaf", "7z"),
    (b"Rar!", "RAR"),
    (b"SQLite format 3", "SQLite"),
    (b"\x7fELF", "ELF"),
    (b"{\\rtf", "RTF"),
];

/// Recognises the file and checks its size.
pub(super) fn sniff(file: &mut File, limits: &Limits) -> Result<Kind> {
    let size = file.metadata()?.len();
    if size == 0 {
        return Err(empty());
    }
    if size > limits.file_bytes {
        let most = limits.file_bytes / 1024 / 1024;
        return Err(Error::new(
            Code::TooLarge,
            Text::new(
                format!("文件超过 {most} MB；请按县或学段拆成几个文件上传"),
                format!("the file is larger than {most} MB; split it by county or stage"),
            ),
        ));
    }
    let mut start = Vec::new();
    file.by_ref().take(512).read_to_end(&mut start)?;
    let kind = by_first_bytes(&start)?;
    let kind = match kind {
        Some(kind) => kind,
        None => by_all_bytes(file)?,
    };
    file.seek(SeekFrom::Start(0))?;
    Ok(kind)
}

/// The refusal for a file with nothing in it.
pub(super) fn empty() -> Error {
    Error::new(
        Code::EmptyFile,
        Text::fixed(
            "文件是空的；请检查导出是否成功",
            "the file is empty; check whether the export succeeded",
        ),
    )
}

fn unsupported(what: &str) -> Error {
    Error::new(
        Code::UnsupportedMediaType,
        Text::new(
            format!("这是 {what} 文件，不是表格；请上传 .xlsx、.xls 或 CSV 文件"),
            format!("this is a {what} file, not a sheet; send .xlsx, .xls or CSV"),
        ),
    )
}

fn by_first_bytes(start: &[u8]) -> Result<Option<Kind>> {
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return Ok(Some(Kind::Workbook(Format::Xlsx)));
    }
    if start.starts_with(b"\xd0\xcf\x11\xe0") {
        return Ok(Some(Kind::Workbook(Format::Xls)));
    }
    if start.starts_with(b"\x1f\x8b") {
        return Ok(Some(Kind::Packed));
    }
    if let Some((_, what)) = OTHERS.iter().find(|(mark, _)| start.starts_with(mark)) {
        return Err(unsupported(what));
    }
    for (mark, encoding, name) in [
        (&b"\xef\xbb\xbf"[..], UTF_8, "UTF-8-BOM"),
        (b"\xff\xfe", UTF_16LE, "UTF-16LE"),
        (b"\xfe\xff", UTF_16BE, "UTF-16BE"),
    ] {
        if start.starts_with(mark) {
            let mark = u64::try_from(mark.len()).unwrap_or(0);
            return Ok(Some(Kind::Text { encoding, name, mark }));
        }
    }
    if start.contains(&0) {
        return Err(unsupported("二进制 (binary)"));
    }
    // Many systems "export to Excel" by writing a web page under the name .xls.
    let words = String::from_utf8_lossy(start).trim_start().to_ascii_lowercase();
    if ["<html", "<!doctype", "<table", "<?xml", "<meta"].iter().any(|tag| words.starts_with(tag)) {
        return Err(Error::new(
            Code::UnreadableFile,
            Text::fixed(
                "这是以网页格式导出的假 .xls；请用表格软件打开，另存为 .xlsx 后上传",
                "this is a web page under the name of a sheet; open it in a spreadsheet program and save it as .xlsx",
            ),
        ));
    }
    Ok(None)
}

/// Strict UTF-8, else GB 18030. A UTF-8 file with a few damaged bytes stays UTF-8 (its damaged rows are
/// refused one by one): read as GB 18030 the whole file would silently turn into other characters.
fn by_all_bytes(file: &mut File) -> Result<Kind> {
    let utf8 = damage(file, UTF_8)?;
    if utf8.bad == 0 {
        return Ok(Kind::Text { encoding: UTF_8, name: "UTF-8", mark: 0 });
    }
    let gb = damage(file, GB18030)?;
    if utf8.bad * 100 < utf8.good && utf8.bad <= gb.bad.max(utf8.good / 100) {
        return Ok(Kind::Text { encoding: UTF_8, name: "UTF-8", mark: 0 });
    }
    if gb.bad * 20 > gb.good {
        return Err(Error::new(
            Code::UnreadableFile,
            Text::fixed(
                "文件大部分内容既不是 UTF-8 也不是 GB 18030 文字；请从原系统重新导出，或另存为 .xlsx",
                "most of the file is neither UTF-8 nor GB 18030; export it again, or save it as .xlsx",
            ),
        ));
    }
    Ok(Kind::Text { encoding: GB18030, name: "GB18030", mark: 0 })
}

/// How much of a file is text in an encoding: characters beyond ASCII, and replacements.
struct Damage {
    good: u64,
    bad: u64,
}

fn damage(file: &mut File, encoding: &'static Encoding) -> Result<Damage> {
    file.seek(SeekFrom::Start(0))?;
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut found = Damage { good: 0, bad: 0 };
    let mut input = vec![0; 64 * 1024];
    let mut text = String::new();
    loop {
        let read = file.read(&mut input)?;
        let bytes = input.get(..read).unwrap_or_default();
        text.clear();
        text.reserve(decoder.max_utf8_buffer_length(read).unwrap_or(read * 4 + 16));
        let (result, _, _) = decoder.decode_to_string(bytes, &mut text, read == 0);
        if result == CoderResult::OutputFull {
            return Err(Error::internal("the decoder asked for more room than it said"));
        }
        for c in text.chars().filter(|c| !c.is_ascii()) {
            match c {
                '\u{fffd}' => found.bad += 1,
                _ => found.good += 1,
            }
        }
        if read == 0 {
            return Ok(found);
        }
    }
}
