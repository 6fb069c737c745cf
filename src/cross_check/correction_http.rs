//! What one school has to put right, over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::corrections::corrections;
use super::export::Wanted;
use super::store::find_for_findings;
use crate::auth::FindingReader;
use crate::error::{Error, FieldError, Result};
use crate::http::Query;
use crate::http::download::{self, Xlsx};
use crate::imports::Desk;
use crate::values::{Text, clock};

/// Which school's corrections.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CorrectionQuery {
    /// 学校标识码 / The school; a school's own when absent.
    #[serde(default)]
    pub school: Option<String>,
}

/// 学校更正清单 / What one school has to put right, in the columns of its own files.
///
/// 两张表：学籍更正、资助更正。Rows of the roll and of payments with unsettled findings and what to do about
/// each; the headers are those of the import files. Masked unless the token holds `pii:read`.
#[utoipa::path(
    tag = "cross-checks",
    params(CorrectionQuery),
    responses((status = 200, description = "Workbook", content(
        (inline(Xlsx) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    )))
)]
#[get("/cross-checks/{check_id}/corrections")]
async fn export_corrections(
    caller: FindingReader,
    id: web::Path<String>,
    query: Query<CorrectionQuery>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse> {
    let who = caller.into_caller();
    let school = who.scope().school().map(ToOwned::to_owned).or(query.0.school).ok_or_else(|| {
        Error::invalid(vec![FieldError {
            pointer: "?school".to_owned(),
            code: "missing",
            detail: Text::fixed("请指明学校标识码", "name the school by its code"),
        }])
    })?;
    let sealer = desk.sealer.clone();
    let book = desk
        .db
        .read(move |conn| {
            let check = find_for_findings(conn, who.scope(), &id)?;
            let wanted = Wanted { scope: who.scope(), pii: who.sees_identities(), at: clock::now() };
            corrections(conn, &sealer, wanted, &check, &school)
        })
        .await?;
    Ok(download::export(book, "corrections"))
}

/// Registers the operation.
pub(super) fn configure(cfg: &mut ServiceConfig) {
    cfg.service(export_corrections);
}
