//! Aid records over HTTP: imports, lists, one record.

use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::{AidBody, AidDetailBody};
use super::import::AidImporter;
use super::model::{AidState, Origin};
use super::store::{self, Filter};
use super::{http_act, http_bulk, http_file, notice};
use crate::auth::{ChildReader, Registrar};
use crate::error::Result;
use crate::http::upload::{Upload, UploadForm};
use crate::http::{Json, Once, Query};
use crate::imports::Desk;
use crate::imports::ImportBody;
use crate::imports::http::{ImportQuery, Manner};
use crate::jobs::body::JobBody;
use crate::once::Answer;
use crate::page::{self, PageQuery, page};
use crate::values::{Lang, Place, Programme, Term, clock};

page!(pub AidPage of AidBody, "Aid records, place by place and in each in the order they were recorded.");

/// 导入资助发放记录 / Send a payment sheet for a term.
///
/// Excel (.xlsx, .xls), CSV or NDJSON (UTF-8, UTF-16 or GB 18030; also .gz), as `multipart/form-data` with the field `file` or as the
/// body itself. Two equal rows in one file are two payments; the same file sent again changes nothing.
#[utoipa::path(
    tag = "aid",
    params(ImportQuery, Once),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Imported", body = ImportBody),
        (status = 200, description = "This very file was imported before; or a rehearsal (`dry_run`)", body = ImportBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/aid-records/imports")]
async fn import_aid(
    caller: Registrar,
    query: Query<ImportQuery>,
    manner: Manner,
    upload: Upload,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Answer> {
    let order = query.0.order(&caller, &upload)?;
    desk.receive(manner, upload, order, AidImporter::new(clock::today()), lang).await
}

/// Which records to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AidQuery {
    /// Only this term.
    #[param(value_type = Option<String>, example = "2025A")]
    #[serde(default)]
    pub term: Option<Term>,
    /// Only this programme.
    #[serde(default)]
    pub programme: Option<Programme>,
    /// Only this school (学校标识码).
    #[serde(default)]
    pub school: Option<String>,
    /// Only this student, by `student_id`.
    #[serde(default)]
    pub student: Option<String>,
    /// Only this state.
    #[serde(default)]
    pub state: Option<AidState>,
    /// Only of this origin.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// Only schools in this place.
    #[param(value_type = Option<String>, example = "341024")]
    #[serde(default)]
    pub place: Option<Place>,
    /// Only those on this public notice.
    #[serde(default)]
    pub notice: Option<String>,
    /// Where the last page ended (`next`).
    #[serde(default)]
    pub after: Option<String>,
    /// Entries per page, 1 to 500; 50 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// 列出资助记录 / The aid records in scope.
///
/// 按学期、项目、学校或学生筛选，按学校所在地、再按登记先后分页。Filtered by term, programme, school or student; by
/// place of the school and then in the order they were recorded, page by page. A school sees its own records only, a guardian those of the own child.
#[utoipa::path(tag = "aid", params(AidQuery), responses((status = 200, description = "A page of records", body = AidPage)))]
#[get("/aid-records")]
async fn list_aid_records(
    caller: ChildReader,
    query: Query<AidQuery>,
    desk: web::Data<Desk>,
) -> Result<Json<AidPage>> {
    let q = query.0;
    let page = PageQuery { after: q.after, limit: q.limit };
    let (after, limit) = (page.after()?, page.limit()?);
    let scope = caller.scope().clone();
    let filter = Filter {
        term: q.term.map(|t| t.to_string()),
        programme: q.programme,
        school: q.school,
        student: q.student,
        state: q.state,
        origin: q.origin,
        place: q.place,
        notice: q.notice,
    };
    let rows = desk.db.browse(move |conn| store::list(conn, &scope, filter, after, limit.rows())).await?;
    let (rows, next) = page::cut(rows, limit, |r| (r.place.clone(), r.record_id.clone()))?;
    Ok(Json(AidPage { items: rows.into_iter().map(AidBody::from).collect(), next }))
}

/// 查看一条资助记录 / One aid record with its ledger.
///
/// 不存在与不在管辖范围内的记录，回答相同（404）。A record that is absent and one outside the
/// caller's scope are answered alike. The `ETag` is what the acts on the record ask for in `If-Match`.
#[utoipa::path(tag = "aid", responses((status = 200, description = "The record", body = AidDetailBody)))]
#[get("/aid-records/{record_id}")]
async fn find_aid_record(
    caller: ChildReader,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse> {
    let scope = caller.scope().clone();
    let detail = desk
        .db
        .read(move |conn| {
            let record = store::find(conn, &scope, &id)?;
            let mut detail = AidDetailBody::read(conn, record)?;
            // Which officer did what is the offices' own business.
            if scope.student().is_some() {
                detail.ledger.iter_mut().for_each(|line| line.recorded_by = None);
            }
            Ok(detail)
        })
        .await?;
    Ok(told(&mut HttpResponse::Ok(), detail))
}

/// A record with its version as the `ETag`.
pub(super) fn told(answer: &mut HttpResponseBuilder, detail: AidDetailBody) -> HttpResponse {
    answer.insert_header((header::ETAG, format!("\"{}\"", detail.record.version))).json(detail)
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(import_aid)
        .configure(http_file::configure)
        .configure(http_bulk::configure)
        .service(list_aid_records)
        .service(find_aid_record)
        .configure(http_act::configure)
        .configure(notice::http::configure);
}
