//! Public notices over HTTP: which are up and which are overdue, the list to put up, taking one down.

use actix_web::{HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::NoticeBody;
use super::print::{Column, Printed, print};
use super::rules;
use super::store::{self, Filter};
use crate::auth::{Proposer, Reader};
use crate::error::{Code, Error, Result};
use crate::http::download::{self, Form, Xlsx};
use crate::http::{Json, Once, Query};
use crate::imports::Desk;
use crate::once::{self, Answer};
use crate::page::{self, PageQuery, page};
use crate::values::{Programme, Term, Text, clock};

page!(pub NoticePage of NoticeBody, "Notices, place by place and in each in the order they were recorded.");

/// Which notices to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct NoticeQuery {
    /// 期满未撤 / `true`: only those still up although their period is over.
    #[serde(default)]
    pub overdue: bool,
    /// Only this term.
    #[param(value_type = Option<String>, example = "2025A")]
    #[serde(default)]
    pub term: Option<Term>,
    /// Only this school (学校标识码).
    #[serde(default)]
    pub school: Option<String>,
    /// Only this programme.
    #[serde(default)]
    pub programme: Option<Programme>,
    /// Where the last page ended (`next`).
    #[serde(default)]
    pub after: Option<String>,
    /// Entries per page, 1 to 500; 50 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// 列出公示 / The public notices in scope.
///
/// `overdue=true` 列出期满仍未撤下的公示。No names here: the list itself is at the notice's own address.
#[utoipa::path(tag = "aid", params(NoticeQuery), responses((status = 200, description = "A page of notices", body = NoticePage)))]
#[get("/notices")]
async fn list_notices(
    caller: Reader,
    query: Query<NoticeQuery>,
    desk: web::Data<Desk>,
) -> Result<Json<NoticePage>> {
    let (q, today) = (query.0, clock::today());
    let page = PageQuery { after: q.after, limit: q.limit };
    let (after, limit) = (page.after()?, page.limit()?);
    let scope = caller.scope().clone();
    let filter = Filter {
        term: q.term.map(|t| t.to_string()),
        school: q.school,
        programme: q.programme,
        overdue_on: q.overdue.then_some(today),
    };
    let rows = desk.db.browse(move |conn| store::list(conn, &scope, filter, after, limit.rows())).await?;
    let (rows, next) = page::cut(rows, limit, |n| (n.place.clone(), n.notice_id.clone()))?;
    Ok(Json(NoticePage { items: rows.into_iter().map(|n| NoticeBody::of(n, today)).collect(), next }))
}

/// How to print a notice.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PrintQuery {
    /// 列 / Some of `name,school,department,grade,major,class`; any other column is refused.
    #[serde(default)]
    #[param(example = "name,school,grade,class")]
    pub columns: Option<String>,
    /// 输出形式 / `json`, `csv`, `csv_gb18030` or `xlsx`.
    #[serde(default)]
    #[param(inline)]
    pub format: Form,
}

/// 公示名单 / A notice and the list it prints.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrintedBody {
    /// The notice.
    pub notice: NoticeBody,
    /// Above the list.
    pub title: String,
    /// Below the title.
    pub period: String,
    /// The columns' codes.
    pub columns: Vec<Column>,
    /// The columns' headers.
    pub headers: Vec<String>,
    /// A row for each student, in the columns' order.
    pub rows: Vec<Vec<String>>,
}

impl PrintedBody {
    fn of(notice: NoticeBody, printed: Printed) -> Self {
        Self {
            notice,
            title: printed.title,
            period: printed.period,
            headers: printed.columns.iter().map(|c| c.zh().to_owned()).collect(),
            columns: printed.columns,
            rows: printed.rows,
        }
    }
}

/// 公示名单 / One notice with the list to put up.
///
/// 只列姓名、学校、院系、年级、专业、班级（教财厅函〔2017〕28号），要求其他列一律拒绝。公示期内姓名不脱敏；期满
/// 后不再输出公示表（409），JSON 中姓名脱敏。Six columns, and a request for any other is refused. While the
/// notice runs names are in clear; afterwards no sheet is printed (409) and names in JSON are masked.
#[utoipa::path(
    tag = "aid",
    params(PrintQuery),
    responses((status = 200, description = "The notice", content(
        (PrintedBody = "application/json"),
        (String = "text/csv"),
        (inline(Xlsx) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    )))
)]
#[get("/notices/{notice_id}")]
async fn print_notice(
    caller: Reader,
    id: web::Path<String>,
    query: Query<PrintQuery>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse> {
    let (columns, today) = (Column::chosen(query.0.columns.as_deref())?, clock::today());
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    let sheet = query.0.format != Form::Json;
    let (notice, printed) = desk
        .db
        .read(move |conn| {
            let notice = store::find(conn, who.scope(), &id)?;
            let running = rules::is_running(&notice, today);
            if sheet && !running {
                return Err(over());
            }
            // Those who put it up need the names; to everyone else the usual mask applies.
            let clear = (running && who.has_any(Proposer::ROLES)) || who.sees_identities();
            let printed = print(conn, &sealer, who.scope(), &notice, columns, clear)?;
            Ok((notice, printed))
        })
        .await?;
    Ok(match query.0.format.export() {
        None => HttpResponse::Ok().json(PrintedBody::of(NoticeBody::of(notice, today), printed)),
        Some(form) => download::export(printed.export(&notice, form, clock::now())?, "notice"),
    })
}

fn over() -> Error {
    Error::new(
        Code::Conflict,
        Text::fixed(
            "公示期已满或已撤下，不再输出公示名单",
            "the notice is over or was taken down: its list is no longer printed",
        ),
    )
}

/// When a notice was taken down.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeDownRequest {
    /// 撤下日期 / Today when absent.
    #[serde(default)]
    pub taken_down_on: Option<NaiveDate>,
}

/// 登记撤下公示 / Record that a notice was taken down.
///
/// 期满前不能撤下；重复登记不改变原日期。Not before its period is over; recorded once, a second call changes
/// nothing.
#[utoipa::path(
    tag = "aid",
    request_body = TakeDownRequest,
    params(Once),
    responses((status = 200, description = "The notice", body = NoticeBody))
)]
#[post("/notices/{notice_id}/take-down")]
async fn take_down_notice(
    caller: Proposer,
    once: Once,
    id: web::Path<String>,
    body: Json<TakeDownRequest>,
    desk: web::Data<Desk>,
) -> Result<Answer> {
    let today = clock::today();
    let on = body.0.taken_down_on.unwrap_or(today);
    let (who, sealer, claim) = (caller.into_caller(), desk.sealer.clone(), once.claim());
    desk.db
        .write_again(move |conn| {
            once::within(conn, &sealer, claim.as_ref(), |conn| {
                let mut notice = store::find(conn, who.scope(), &id)?;
                if notice.taken_down_on.is_none() {
                    rules::may_take_down(&notice, on, today)?;
                    store::take_down(conn, &id, on, &who.actor(), clock::now())?;
                    notice = store::find(conn, who.scope(), &id)?;
                }
                Answer::json(200, &NoticeBody::of(notice, today))
            })
        })
        .await
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(list_notices).service(print_notice).service(take_down_notice);
}
