//! Files out: a finished workbook or CSV as an attachment that no cache keeps.

use std::fs::File;
use std::io::Read;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::stream;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::sheet::{CsvEncoding, ExportForm, Exported};

/// The media type of a workbook.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A workbook (.xlsx), as the document describes it.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Xlsx(pub Vec<u8>);

/// In which form a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// JSON, page by page.
    #[default]
    Json,
    /// CSV in UTF-8 with BOM, all at once.
    Csv,
    /// CSV in GB 18030, all at once.
    CsvGb18030,
    /// Workbook, all at once.
    Xlsx,
}

impl Form {
    /// The form of a file; JSON is none.
    pub const fn export(self) -> Option<ExportForm> {
        match self {
            Form::Json => None,
            Form::Csv => Some(ExportForm::Csv(CsvEncoding::Utf8Bom)),
            Form::CsvGb18030 => Some(ExportForm::Csv(CsvEncoding::Gb18030)),
            Form::Xlsx => Some(ExportForm::Xlsx),
        }
    }
}

/// A workbook as an attachment.
pub fn xlsx(bytes: Vec<u8>, name: &str) -> HttpResponse {
    attachment(XLSX, bytes, name)
}

/// A workbook that lies in a file, from where the file stands: it is read piece by piece while it is sent.
pub fn xlsx_file(file: File, name: &str) -> HttpResponse {
    head(XLSX, name).streaming(pieces(file))
}

/// An export as an attachment, with what its encoding could not hold in a header, if there was any such
/// thing. `name` is the file's name without its ending.
pub fn export(export: Exported, name: &str) -> HttpResponse {
    let media_type = match export.form {
        ExportForm::Xlsx => XLSX.to_owned(),
        ExportForm::Csv(encoding) => format!("text/csv; charset={}", encoding.charset()),
    };
    let mut head = head(&media_type, &format!("{name}.{}", export.form.ending()));
    if let Some(lost) = &export.lost {
        head.insert_header((UNMAPPABLE, lost.as_str()));
    }
    head.streaming(pieces(export.file))
}

/// The header that tells which characters the encoding asked for could not hold.
pub const UNMAPPABLE: &str = "x-yingzhu-unmappable";

/// How much of a file is in memory at once.
const PIECE: usize = 64 << 10;

fn pieces(file: File) -> impl futures_util::Stream<Item = Result<Bytes>> {
    stream::try_unfold(file, |mut file| async move {
        let read = move || {
            let mut piece = vec![0; PIECE];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            Ok::<_, Error>((piece, file))
        };
        let ended = |_join| Error::unavailable("the service is stopping");
        let (piece, file) = tokio::task::spawn_blocking(read).await.map_err(ended)??;
        Ok((!piece.is_empty()).then(|| (Bytes::from(piece), file)))
    })
}

fn head(media_type: &str, name: &str) -> HttpResponseBuilder {
    let mut head = HttpResponse::Ok();
    head.content_type(media_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    head
}

fn attachment(media_type: &str, bytes: Vec<u8>, name: &str) -> HttpResponse {
    head(media_type, name).body(bytes)
}
