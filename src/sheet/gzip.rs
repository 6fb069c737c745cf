//! Text files packed with gzip: unpacked once, with a cap, into a file that has no name and is gone with its
//! handle, so that a crash leaves nobody's data behind.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, copy};

use flate2::bufread::MultiGzDecoder;

use super::limits::Limits;
use crate::error::{Code, Error, Result};
use crate::values::Text;

/// The unpacked file, at its beginning. It may be as large as the limits say of a file.
pub(super) fn unpacked(mut file: File, limits: &Limits) -> Result<File> {
    file.seek(SeekFrom::Start(0))?;
    let mut plain = tempfile::tempfile()?;
    // One byte more than is allowed tells "too much" from "just enough".
    let mut packed = MultiGzDecoder::new(BufReader::new(file)).take(limits.file_bytes.saturating_add(1));
    let bytes = copy(&mut packed, &mut plain).map_err(|e| match e.kind() {
        // What the packed bytes are wrong with; a full disk is another matter.
        std::io::ErrorKind::InvalidInput
        | std::io::ErrorKind::InvalidData
        | std::io::ErrorKind::UnexpectedEof => damaged(),
        _ => Error::from(e),
    })?;
    if bytes > limits.file_bytes {
        let most = limits.file_bytes / 1024 / 1024;
        return Err(Error::new(
            Code::TooLarge,
            Text::new(
                format!("文件解压后超过 {most} MB；请拆分后上传"),
                format!("the file unpacks to more than {most} MB; split it"),
            ),
        ));
    }
    plain.seek(SeekFrom::Start(0))?;
    Ok(plain)
}

/// The refusal of something packed that is no text.
pub(super) fn not_of_text() -> Error {
    Error::new(
        Code::UnsupportedMediaType,
        Text::fixed(
            "压缩包（.gz）里只能是 CSV 等文本文件；请解压后上传",
            "a .gz may hold a text file such as CSV only; unpack it and send what is inside",
        ),
    )
}

/// The refusal of a gzip file that cannot be unpacked.
fn damaged() -> Error {
    Error::new(
        Code::UnreadableFile,
        Text::fixed(
            "压缩包（.gz）已损坏或不完整；请重新压缩后上传",
            "the .gz file is damaged or incomplete; pack it again",
        ),
    )
}
