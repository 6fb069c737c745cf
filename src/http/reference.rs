//! What a caller looks up before calling: programmes, the policy in force, templates to fill in.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::Json;
use super::download::{self, Xlsx};
use crate::auth::AnyCaller;
use crate::error::{Error, Result};
use crate::policy::Pack;
use crate::policy::catalogue::CatalogueBody;
use crate::sheet::template;
use crate::values::Lang;
use crate::{aid, poverty_list, roll};

/// 资助项目 / The programmes with their conditions in words and their standards with history.
///
/// 每条标准带文号、生效期和可靠程度。Every standard carries its document, its dates and how certain it is.
#[utoipa::path(tag = "reference", responses((status = 200, description = "The programmes", body = CatalogueBody)))]
#[get("/programmes")]
async fn list_programmes(_caller: AnyCaller, lang: Lang, pack: web::Data<Pack>) -> Json<CatalogueBody> {
    Json(pack.programmes_body(lang))
}

/// A policy pack.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyBody {
    /// Id.
    #[schema(example = "cn-ah")]
    pub pack: String,
    /// Semantic version.
    pub version: String,
    /// SHA-256 of its content; in every decision.
    pub digest: String,
    /// Title.
    pub title: String,
}

/// The packs that decide.
#[derive(Debug, Serialize, ToSchema)]
pub struct PoliciesBody {
    /// The packs in force.
    pub items: Vec<PolicyBody>,
}

/// 政策包 / The policy packs in force.
///
/// 摘要写入每一次判定，可据此复核。The digest stands in every decision, so that it can be checked later.
#[utoipa::path(tag = "reference", responses((status = 200, description = "The packs", body = PoliciesBody)))]
#[get("/policies")]
async fn list_policies(_caller: AnyCaller, lang: Lang, pack: web::Data<Pack>) -> Json<PoliciesBody> {
    Json(PoliciesBody {
        items: vec![PolicyBody {
            pack: pack.id().to_owned(),
            version: pack.version().to_owned(),
            digest: pack.digest().to_owned(),
            title: pack.title().in_lang(lang).to_owned(),
        }],
    })
}

/// 导入模板 / A workbook to fill in: `poverty_list.xlsx`, `roll.xlsx` or `aid.xlsx`.
///
/// 含中文表头、可选词下拉和一行示例（导入时跳过）。Chinese headers, drop-down lists and an example row that an
/// import passes over.
#[utoipa::path(
    tag = "reference",
    params(("file" = String, Path, description = "poverty_list.xlsx, roll.xlsx or aid.xlsx", example = "roll.xlsx")),
    responses((
        status = 200, description = "Workbook",
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        body = inline(Xlsx)
    ))
)]
#[get("/templates/{file}")]
async fn fetch_template(_caller: AnyCaller, file: web::Path<String>) -> Result<HttpResponse> {
    let spec = match file.as_str() {
        "poverty_list.xlsx" | "poverty-list.xlsx" => &poverty_list::import::SPEC,
        "roll.xlsx" => &roll::columns::SPEC,
        "aid.xlsx" => &aid::import::SPEC,
        _ => return Err(Error::not_found()),
    };
    Ok(download::xlsx(template(spec)?, &file))
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(list_programmes).service(list_policies).service(fetch_template);
}
