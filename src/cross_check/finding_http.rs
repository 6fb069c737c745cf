//! The findings of a run over HTTP: lists, counts, files.

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Days, NaiveDateTime};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::export::{Wanted, export, shown};
use super::finding_body::{FindingBody, FindingPage};
use super::model::{FindingKind, FindingState};
use super::sighting_store::{self as store, Filter, GroupBy};
use super::store::find_for_findings;
use crate::auth::FindingReader;
use crate::error::Result;
use crate::http::download::{self, Form, Xlsx};
use crate::http::{Json, Query};
use crate::imports::Desk;
use crate::page::{self, PageQuery};
use crate::values::{Fen, Lang, Place, Stage, clock};

/// What findings are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// 疑点类型 / kind.
    #[default]
    Kind,
    /// 状态 / state.
    State,
    /// 行政区划 / place of the office that can act.
    Place,
    /// 学校 / school.
    School,
    /// 学段 / stage.
    Stage,
    /// 交办对象 / whoever is to see to it.
    Assignee,
}

/// Which findings, and how.
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
    /// 行政区划 / Only offices of this place.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub place: Option<Place>,
    /// 学段 / Only this stage.
    #[serde(default)]
    pub stage: Option<Stage>,
    /// 交办对象 / Only what is assigned to this office or person; empty: to nobody.
    #[serde(default)]
    pub assignee: Option<String>,
    /// 待核实的学校答复 / `true`: only what a school has answered and nobody has settled; `false`: only the others.
    #[serde(default)]
    pub answered: Option<bool>,
    /// 涉及金额下限（分）/ Only with at least so much in question, fen.
    #[serde(default)]
    pub min_fen: Option<i64>,
    /// 已存在天数下限 / Only what a run first saw at least so many days ago.
    #[serde(default)]
    pub min_age_days: Option<u32>,
    /// 输出形式 / `json` (in pages), `csv`, `csv_gb18030` or `xlsx` (whole).
    #[serde(default)]
    #[param(inline)]
    pub format: Form,
    /// 计数依据（仅用于汇总）/ What to count by; for the summary only.
    #[serde(default)]
    #[param(inline)]
    pub by: By,
    /// Where the last page ended (`next`).
    #[serde(default)]
    pub after: Option<String>,
    /// Entries per page, 1 to 500; 50 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Earlier than any finding.
const FIRST: NaiveDateTime = DateTime::UNIX_EPOCH.naive_utc();

impl FindingQuery {
    fn filter(&self, now: NaiveDateTime) -> Filter {
        let age = self.min_age_days.map(|days| Days::new(u64::from(days)));
        Filter {
            kind: self.kind,
            state: self.state,
            school: self.school.clone(),
            place: self.place.clone(),
            stage: self.stage,
            assignee: self.assignee.clone(),
            answered: self.answered,
            min_fen: self.min_fen,
            // Beyond the first finding there is none; the engines end at different years.
            seen_by: age.map(|age| now.checked_sub_days(age).unwrap_or(FIRST).max(FIRST)),
        }
    }

    fn page(&self) -> PageQuery {
        PageQuery { after: self.after.clone(), limit: self.limit }
    }
}

/// 列出疑点 / The findings of a run, within the caller's scope.
///
/// JSON 分页；CSV 和 Excel 一次给出全部，附数据摘要。JSON in pages; CSV and workbook whole, with the digests of
/// what they were made from. The facts are those the run saw; state, assignee and remark are those of now.
/// Id numbers and names are masked unless the token holds `pii:read`.
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
    let (filter, page, format) = (query.0.filter(clock::now()), query.0.page(), query.0.format);
    let (after, limit) = (page.after::<i64>()?, page.limit()?);
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    if let Some(form) = format.export() {
        let file = desk
            .db
            .read(move |conn| {
                let check = find_for_findings(conn, who.scope(), &id)?;
                let wanted = Wanted { scope: who.scope(), pii: who.sees_identities(), at: clock::now() };
                export(conn, &sealer, wanted, &check, &filter, form)
            })
            .await?;
        return Ok(download::export(file, "findings"));
    }
    let page = desk
        .db
        .read(move |conn| {
            find_for_findings(conn, who.scope(), &id)?;
            let rows = store::findings(conn, who.scope(), &id, &filter, after, limit.rows())?;
            let (rows, next) = page::cut(rows, limit, |(sighting, _)| sighting.position)?;
            let shown = shown(conn, &sealer, &rows, who.sees_identities())?;
            let items = rows.into_iter().map(|f| FindingBody::of(f, &shown, lang)).collect::<Result<_>>()?;
            Ok(FindingPage { items, next })
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Findings counted, within the caller's scope.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingSummaryBody {
    /// What they are counted by.
    pub by: By,
    /// The counts.
    pub items: Vec<FindingCountBody>,
    /// How many in all.
    pub count: i64,
    /// The sum in question, fen.
    #[schema(value_type = i64)]
    pub at_stake_fen: Fen,
}

/// Findings of one value.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingCountBody {
    /// The value; `null` for findings without one.
    pub value: Option<String>,
    /// How many.
    pub count: i64,
    /// The sum in question, fen.
    #[schema(value_type = i64)]
    pub at_stake_fen: Fen,
}

/// 疑点汇总 / The findings of a run counted by kind, state, place, school, stage or assignee.
///
/// 计数遵循管辖范围和筛选条件。Counts obey the caller's scope and the same filters as the list.
#[utoipa::path(
    tag = "cross-checks",
    params(FindingQuery),
    responses((status = 200, description = "Counts", body = FindingSummaryBody))
)]
#[get("/cross-checks/{check_id}/findings/summary")]
async fn summarise_findings(
    caller: FindingReader,
    id: web::Path<String>,
    query: Query<FindingQuery>,
    desk: web::Data<Desk>,
) -> Result<Json<FindingSummaryBody>> {
    let (filter, by) = (query.0.filter(clock::now()), query.0.by);
    let group = match by {
        By::Kind => GroupBy::Kind,
        By::State => GroupBy::State,
        By::Place => GroupBy::Place,
        By::School => GroupBy::School,
        By::Stage => GroupBy::Stage,
        By::Assignee => GroupBy::Assignee,
    };
    let who = caller.into_caller();
    let rows = desk
        .db
        .read(move |conn| {
            find_for_findings(conn, who.scope(), &id)?;
            store::counted(conn, who.scope(), &id, &filter, group)
        })
        .await?;
    let (count, fen) = rows.iter().fold((0, 0), |(n, sum), (_, count, fen)| (n + count, sum + fen));
    let items = rows
        .into_iter()
        .map(|(value, count, fen)| FindingCountBody { value, count, at_stake_fen: Fen(fen) })
        .collect();
    Ok(Json(FindingSummaryBody { by, items, count, at_stake_fen: Fen(fen) }))
}

/// Registers the operations.
pub(super) fn configure(cfg: &mut ServiceConfig) {
    cfg.service(list_findings).service(summarise_findings);
}
