//! Cross-checks over HTTP: runs, findings as JSON, CSV and workbook, and what became of a finding.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::{
    CrossCheckBody, CrossCheckPage, CrossCheckRequest, FindingBody, FindingDecision, FindingPage,
};
use super::export::{export, shown};
use super::job::{self, Kept};
use super::model::{FindingKind, FindingState};
use super::run::{self, Order};
use super::store::{self, CheckRow, Filter};
use crate::auth::{BureauOfficer, Caller, FindingReader, Scope, Supervisor};
use crate::db::Conn;
use crate::error::{Code, Error, FieldError, Result};
use crate::http::download::{self, Xlsx};
use crate::http::{Json, Query, if_match};
use crate::imports::Desk;
use crate::imports::http::Manner;
use crate::jobs::NewJob;
use crate::jobs::body::JobBody;
use crate::once::{self, Answer};
use crate::page::{self, PageQuery};
use crate::policy::Pack;
use crate::sheet::CsvEncoding;
use crate::values::{Lang, Place, Text, clock};

/// 运行一次比对 / Hold a locked list, the roll and the aid records of a term against each other.
///
/// The same inputs give the same run (200 instead of 201). What a person decided about a finding in an
/// earlier run stands as long as its amounts are the same.
#[utoipa::path(
    tag = "cross-checks",
    request_body = CrossCheckRequest,
    responses(
        (status = 201, description = "Run", body = CrossCheckBody),
        (status = 200, description = "A run of the very same inputs was there", body = CrossCheckBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/cross-checks")]
async fn run_cross_check(
    caller: BureauOfficer,
    manner: Manner,
    body: Json<CrossCheckRequest>,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let who = caller.into_caller();
    let request = body.into_inner();
    let own = who.scope().place().cloned().ok_or_else(Error::not_found)?;
    if request.place.as_ref().is_some_and(|place| !own.contains(place)) {
        return Err(outside());
    }
    if manner.prefer.later {
        return manner.node.accept(manner.once.claim(), later(who, request, own)?, None, lang).await;
    }
    let (pack, sealer, claim) = (pack.into_inner(), desk.sealer.clone(), manner.once.claim());
    desk.db
        .write_again(move |conn| {
            once::within(conn, &sealer, claim.as_ref(), |conn| {
                let place = match (&request.place, &request.poverty_list) {
                    (Some(place), _) => place.clone(),
                    // A named list is held against its own place, however wide the caller's is.
                    (None, Some(list)) => run::place_of(conn, who.scope(), list, own.clone())?,
                    (None, None) => own.clone(),
                };
                let order = Order {
                    list: request.poverty_list.clone(),
                    term: request.term,
                    place,
                    by: who.actor(),
                    at: clock::now(),
                    today: clock::today(),
                };
                let (check, repeated) = run::run(conn, who.scope(), &pack, &order)?;
                let body = told(conn, who.scope(), check, repeated, lang)?;
                let location = format!("/v1/cross-checks/{}", body.check_id);
                Ok(Answer::json(if repeated { 200 } else { 201 }, &body)?.at(location))
            })
        })
        .await
}

/// The request as a job.
fn later(who: Caller, request: CrossCheckRequest, own: Place) -> Result<NewJob> {
    let kept = Kept {
        list: request.poverty_list,
        term: request.term,
        place: request.place,
        own,
        today: clock::today(),
    };
    Ok(NewJob {
        kind: job::KIND,
        params: serde_json::to_string(&kept)?,
        place: kept.own.to_string(),
        school: who.scope().school().map(ToOwned::to_owned),
        by: who.actor(),
        at: clock::now(),
    })
}

fn outside() -> Error {
    Error::invalid(vec![FieldError {
        pointer: "/place".to_owned(),
        code: "out_of_scope",
        detail: Text::fixed("该行政区划不在您的管辖范围内", "the place is not within your scope"),
    }])
}

fn told(
    conn: &mut Conn,
    scope: &Scope,
    check: CheckRow,
    repeated: bool,
    lang: Lang,
) -> Result<CrossCheckBody> {
    let counts = store::counts(conn, scope, &check.check_id)?;
    CrossCheckBody::of(check, counts, repeated, lang)
}

/// 列出比对 / The runs in scope, newest first.
///
/// 疑点数按管辖范围计算。Counts of findings obey the caller's scope.
#[utoipa::path(tag = "cross-checks", params(PageQuery), responses((status = 200, description = "A page of runs", body = CrossCheckPage)))]
#[get("/cross-checks")]
async fn list_cross_checks(
    caller: Supervisor,
    page: Query<PageQuery>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Json<CrossCheckPage>> {
    let (after, limit) = (page.0.after()?, page.0.limit()?);
    let who = caller.into_caller();
    let page = desk
        .db
        .read(move |conn| {
            let rows = store::list(conn, who.scope(), after, limit.rows())?;
            let (rows, next) = page::cut(rows, limit, |c| c.check_id.clone())?;
            let items =
                rows.into_iter().map(|c| told(conn, who.scope(), c, false, lang)).collect::<Result<_>>()?;
            Ok(CrossCheckPage { items, next })
        })
        .await?;
    Ok(Json(page))
}

/// 查看一次比对 / One run with its totals.
///
/// 合计数在发布前已自行核对平衡。The run has checked that its totals add up before it was published.
#[utoipa::path(tag = "cross-checks", responses((status = 200, description = "The run", body = CrossCheckBody)))]
#[get("/cross-checks/{check_id}")]
async fn find_cross_check(
    caller: Supervisor,
    id: web::Path<String>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Json<CrossCheckBody>> {
    let who = caller.into_caller();
    let body = desk
        .db
        .read(move |conn| {
            let check = store::find(conn, who.scope(), &id)?;
            told(conn, who.scope(), check, false, lang)
        })
        .await?;
    Ok(Json(body))
}

/// In which form findings are wanted.
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

/// Which findings to list, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FindingQuery {
    /// 疑点类型 / Only this kind.
    #[serde(default)]
    pub kind: Option<FindingKind>,
    /// 状态 / Only this state.
    #[serde(default)]
    pub state: Option<FindingState>,
    /// 学校标识码 / Only this school.
    #[serde(default)]
    pub school: Option<String>,
    /// 输出形式 / `json` (in pages), `csv`, `csv_gb18030` or `xlsx` (whole).
    #[serde(default)]
    #[param(inline)]
    pub format: Form,
    /// Where the last page ended (`next`).
    #[serde(default)]
    pub after: Option<String>,
    /// Entries per page, 1 to 500; 50 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// 列出疑点 / The findings of a run, within the caller's scope.
///
/// JSON 分页；CSV 和 Excel 一次给出全部，附数据摘要。JSON in pages; CSV and workbook whole, with the digests of
/// what they were made from. Id numbers and names are masked unless the token holds `pii:read`.
#[utoipa::path(
    tag = "cross-checks",
    params(FindingQuery),
    responses((status = 200, description = "Findings", content(
        (FindingPage = "application/json"),
        (String = "text/csv"),
        (inline(Xlsx) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    )))
)]
#[get("/cross-checks/{check_id}/findings")]
async fn list_findings(
    caller: FindingReader,
    id: web::Path<String>,
    query: Query<FindingQuery>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<HttpResponse> {
    let q = query.0;
    let filter = Filter { kind: q.kind, state: q.state, school: q.school };
    let page = PageQuery { after: q.after, limit: q.limit };
    let (after, limit) = (page.after::<String>()?, page.limit()?);
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    if q.format == Form::Json {
        let page = desk
            .db
            .read(move |conn| {
                store::find_for_findings(conn, who.scope(), &id)?;
                let rows = store::findings(conn, who.scope(), &id, &filter, after, limit.rows())?;
                let (rows, next) = page::cut(rows, limit, |f| f.finding_id.clone())?;
                let shown = shown(conn, &sealer, &rows, who.sees_identities())?;
                let items =
                    rows.into_iter().map(|f| FindingBody::of(f, &shown, lang)).collect::<Result<_>>()?;
                Ok(FindingPage { items, next })
            })
            .await?;
        return Ok(HttpResponse::Ok().json(page));
    }
    let sheet = desk
        .db
        .read(move |conn| {
            let check = store::find_for_findings(conn, who.scope(), &id)?;
            let rows = store::findings(conn, who.scope(), &id, &filter, None, i64::MAX)?;
            export(conn, &sealer, &check, &rows, who.sees_identities())
        })
        .await?;
    Ok(match q.format {
        Form::Csv => download::csv(sheet.csv(CsvEncoding::Utf8Bom)?, "utf-8", "findings.csv"),
        Form::CsvGb18030 => download::csv(sheet.csv(CsvEncoding::Gb18030)?, "gb18030", "findings.csv"),
        Form::Json | Form::Xlsx => download::xlsx(sheet.xlsx()?, "findings.xlsx"),
    })
}

/// 处理疑点 / Record what was decided about a finding.
///
/// With `If-Match: "<version>"` the decision is recorded only if nobody decided meanwhile (412).
#[utoipa::path(
    tag = "cross-checks",
    request_body = FindingDecision,
    responses((status = 200, description = "The finding", body = FindingBody))
)]
#[patch("/findings/{finding_id}")]
async fn decide_finding(
    caller: BureauOfficer,
    request: HttpRequest,
    id: web::Path<String>,
    body: Json<FindingDecision>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<HttpResponse> {
    let expected =
        request.headers().get(header::IF_MATCH).and_then(|v| v.to_str().ok()).map(ToOwned::to_owned);
    let decision = body.into_inner();
    decision.check()?;
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    let body = desk
        .db
        .write(move |conn| {
            let row = store::find_finding(conn, who.scope(), &id)?;
            if expected.is_some_and(|tags| !if_match::names(&tags, row.version)) {
                return Err(Error::of(Code::PreconditionFailed));
            }
            store::decide(
                conn,
                &row,
                decision.state,
                decision.remark.as_deref(),
                &who.actor(),
                clock::now(),
            )?;
            let row = store::find_finding(conn, who.scope(), &id)?;
            let shown = shown(conn, &sealer, std::slice::from_ref(&row), who.sees_identities())?;
            FindingBody::of(row, &shown, lang)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, format!("\"{}\"", body.version))).json(body))
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(run_cross_check)
        .service(list_cross_checks)
        .service(find_cross_check)
        .service(list_findings)
        .service(decide_finding);
}
