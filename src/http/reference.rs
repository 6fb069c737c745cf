//! What a caller looks up before calling: programmes, the policy in force, templates to fill in.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::download::{self, Xlsx};
use super::{Json, Query};
use crate::auth::AnyCaller;
use crate::error::{Error, FieldError, Result};
use crate::policy::catalogue::CatalogueBody;
use crate::policy::{self, DiffBody, Pack, Packs};
use crate::sheet::template;
use crate::values::{Lang, Text};
use crate::{aid, poverty_list, roll};

/// 资助项目 / The programmes with their conditions in words and their standards with history.
///
/// 每条标准带文号、生效期和可靠程度。Of the pack in force: every condition with its clause and source, every amount past and present with
/// the term from which and until which it holds, the ranges set above, what combines and what excludes.
#[utoipa::path(tag = "reference", responses((status = 200, description = "The programmes", body = CatalogueBody)))]
#[get("/programmes")]
async fn list_programmes(_caller: AnyCaller, lang: Lang, pack: web::Data<Pack>) -> Json<CatalogueBody> {
    Json(pack.programmes_body(lang))
}

/// 政策包 / A policy pack.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyBody {
    /// 编号 / Id.
    #[schema(example = "cn-ah")]
    pub pack: String,
    /// 版本 / Semantic version.
    pub version: String,
    /// 摘要 / SHA-256 of its content; in every decision.
    pub digest: String,
    /// 名称 / Title.
    pub title: String,
    /// 是否现行 / Whether new questions are decided by it; the others only replay old receipts.
    pub in_force: bool,
}

/// 政策包列表 / The packs that are loaded.
#[derive(Debug, Serialize, ToSchema)]
pub struct PoliciesBody {
    /// 政策包，现行的在前 / The packs, the one in force first.
    pub items: Vec<PolicyBody>,
}

/// 政策包 / The policy packs that are loaded, and which of them is in force.
///
/// 摘要写入每一次判定，可据此复核。Older packs stay loaded so that a decision can be replayed from its receipt years later.
#[utoipa::path(tag = "reference", responses((status = 200, description = "The packs", body = PoliciesBody)))]
#[get("/policies")]
async fn list_policies(_caller: AnyCaller, lang: Lang, packs: web::Data<Packs>) -> Json<PoliciesBody> {
    let items = packs.iter().map(|pack| PolicyBody {
        pack: pack.id().to_owned(),
        version: pack.version().to_owned(),
        digest: pack.digest().to_owned(),
        title: pack.title().in_lang(lang).to_owned(),
        in_force: pack.digest() == packs.current().digest(),
    });
    Json(PoliciesBody { items: items.collect() })
}

/// Which two packs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// 从：摘要或版本 / Digest or version compared from.
    #[param(example = "1.0.0")]
    pub from: String,
    /// 到：摘要或版本 / Digest or version compared to.
    #[param(example = "1.0.0")]
    pub to: String,
}

/// 政策变化 / What changed from one policy pack to another, in words.
///
/// Amounts, ranges, conditions, tiers, warnings, stacking and what can be provided, by programme. Either
/// pack is named by its digest or by its version, where only one loaded pack has it.
#[utoipa::path(
    tag = "reference",
    params(DiffQuery),
    responses((status = 200, description = "The changes", body = DiffBody))
)]
#[get("/policies/diff")]
async fn diff_policies(
    _caller: AnyCaller,
    lang: Lang,
    query: Query<DiffQuery>,
    packs: web::Data<Packs>,
) -> Result<Json<DiffBody>> {
    let Query(DiffQuery { from, to }) = query;
    let (from, to) = (named(&packs, "?from", &from), named(&packs, "?to", &to));
    match (from, to) {
        (Ok(from), Ok(to)) => Ok(Json(policy::diff(from, to, lang))),
        (from, to) => Err(Error::invalid([from.err(), to.err()].into_iter().flatten().collect())),
    }
}

/// The one pack of this digest or version.
fn named<'p>(packs: &'p Packs, pointer: &str, name: &str) -> Result<&'p Pack, FieldError> {
    match packs.named(name).as_slice() {
        [one] => Ok(one),
        [] => Err(policy::receipt::unknown_digest(pointer, name)),
        _ => Err(FieldError {
            pointer: pointer.to_owned(),
            code: "policy_ambiguous",
            detail: Text::fixed(
                "有多个政策包使用这个版本号，请改用摘要（见 /v1/policies）",
                "several packs have this version: name one by its digest (see /v1/policies)",
            ),
        }),
    }
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
    cfg.service(list_programmes).service(list_policies).service(diff_policies).service(fetch_template);
}
