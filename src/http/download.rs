//! Files out: a finished workbook or CSV as an attachment that no cache keeps.

use actix_web::HttpResponse;
use actix_web::http::header;
use serde::Deserialize;
use utoipa::ToSchema;

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

/// A workbook as an attachment.
pub fn xlsx(bytes: Vec<u8>, name: &str) -> HttpResponse {
    attachment(XLSX, bytes, name)
}

/// A CSV file as an attachment.
pub fn csv(bytes: Vec<u8>, charset: &str, name: &str) -> HttpResponse {
    attachment(&format!("text/csv; charset={charset}"), bytes, name)
}

fn attachment(media_type: &str, bytes: Vec<u8>, name: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(bytes)
}
