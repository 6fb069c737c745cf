//! Findings over HTTP: lists, counts, files, comparison of runs, and what became of each.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, patch, web};
use chrono::{DateTime, Days, NaiveDateTime};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::corrections::corrections;
use super::diff::{Change, Differing, diff};
use super::export::{export, shown};
use super::finding_body::{
    EventBody, FindingBody, FindingDecision, FindingHistoryBody, FindingPage, HolderBody,
};
use super::finding_store::{self as store, Facts, Filter, GroupBy};
use super::model::{Detail, FindingKind, FindingState};
use super::store::{CheckRow, find_for_findings};
use crate::auth::{BureauOfficer, FindingReader};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::download::{self, Form, Xlsx};
use crate::http::{Json, Query, if_match};
use crate::imports::Desk;
use crate::page::{self, PageQuery};
use crate::roll::masking::People;
use crate::sheet::CsvEncoding;
use crate::values::{Fen, Lang, Place, Stage, Text, clock};

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
    if format == Form::Json {
        let page = desk
            .db
            .read(move |conn| {
                find_for_findings(conn, who.scope(), &id)?;
                let rows = store::findings(conn, who.scope(), &id, &filter, after, limit.rows())?;
                let (rows, next) = page::cut(rows, limit, |(sighting, _)| sighting.position)?;
                let shown = shown(conn, &sealer, &rows, who.sees_identities())?;
                let items =
                    rows.into_iter().map(|f| FindingBody::of(f, &shown, lang)).collect::<Result<_>>()?;
                Ok(FindingPage { items, next })
            })
            .await?;
        return Ok(HttpResponse::Ok().json(page));
    }
    let file = desk
        .db
        .read(move |conn| {
            let check = find_for_findings(conn, who.scope(), &id)?;
            let rows = store::findings(conn, who.scope(), &id, &filter, None, i64::MAX)?;
            export(conn, &sealer, who.scope(), &check, &rows, who.sees_identities())
        })
        .await?;
    Ok(match format {
        Form::Csv => download::csv(file.csv(CsvEncoding::Utf8Bom)?, "utf-8", "findings.csv"),
        Form::CsvGb18030 => download::csv(file.csv(CsvEncoding::Gb18030)?, "gb18030", "findings.csv"),
        Form::Json | Form::Xlsx => download::xlsx(file.xlsx()?, "findings.xlsx"),
    })
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

/// Which earlier run to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// 对照的比对编号 / The run to compare with, of the same place and term.
    pub against: String,
    /// 变化类型 / Only this change.
    #[serde(default)]
    pub change: Option<Change>,
    /// Where the last page ended (`next`).
    #[serde(default)]
    pub after: Option<String>,
    /// Entries per page, 1 to 500; 50 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What differs between two runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffPage {
    /// How many are new.
    pub new: u64,
    /// How many are gone.
    pub gone: u64,
    /// How many changed.
    pub changed: u64,
    /// The findings that differ: new and changed first, then gone.
    pub items: Vec<DiffItem>,
    /// Give this as `after` to get the next page; `null` on the last.
    pub next: Option<String>,
}

/// One finding that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffItem {
    /// How.
    pub change: Change,
    /// The finding as the later run saw it; as the earlier saw it if it is gone.
    pub finding: FindingBody,
    /// What the earlier run saw of one that changed.
    pub before: Option<FactsBody>,
}

/// Amounts and particulars of a finding in an earlier run.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactsBody {
    /// Due for the term, fen.
    #[schema(value_type = Option<i64>)]
    pub due_fen: Option<Fen>,
    /// Paid for the term, fen.
    #[schema(value_type = Option<i64>)]
    pub paid_fen: Option<Fen>,
    /// In question, fen.
    #[schema(value_type = i64)]
    pub at_stake_fen: Fen,
    /// Particulars.
    pub detail: Detail,
}

impl FactsBody {
    fn of((due, paid, stake, detail): Facts) -> Result<Self> {
        let detail = serde_json::from_str(&detail)?;
        Ok(Self { due_fen: due.map(Fen), paid_fen: paid.map(Fen), at_stake_fen: Fen(stake), detail })
    }
}

/// 对照两次比对 / What is new, gone or changed since an earlier run of the same place and term.
///
/// 按疑点逐条对照，计数和明细都遵循管辖范围。Finding by finding; a change is of amounts or particulars, not of what
/// people said. Counts and items obey the caller's scope.
#[utoipa::path(
    tag = "cross-checks",
    params(DiffQuery),
    responses((status = 200, description = "What differs, within the caller's scope", body = DiffPage))
)]
#[get("/cross-checks/{check_id}/diff")]
async fn diff_cross_checks(
    caller: FindingReader,
    id: web::Path<String>,
    query: Query<DiffQuery>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Json<DiffPage>> {
    let DiffQuery { against, change, after, limit } = query.0;
    let page = PageQuery { after, limit };
    let (after, limit) = (page.after::<usize>()?.unwrap_or_default(), page.limit()?);
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    let page = desk
        .db
        .read(move |conn| {
            let later = find_for_findings(conn, who.scope(), &id)?;
            let earlier = find_for_findings(conn, who.scope(), &against)?;
            comparable(&later, &earlier)?;
            let before = store::outline(conn, who.scope(), &against)?;
            let mut differing = diff(before, store::outline(conn, who.scope(), &id)?);
            let count = |of| u64::try_from(differing.iter().filter(|d| d.change == of).count()).unwrap_or(0);
            let (new, gone, changed) = (count(Change::New), count(Change::Gone), count(Change::Changed));
            differing.retain(|d| change.is_none_or(|only| d.change == only));
            let rows: Vec<(usize, Differing)> =
                (1..).zip(differing).skip(after).take(limit.items().saturating_add(1)).collect();
            let (rows, next) = page::cut(rows, limit, |(at, _)| *at)?;
            let positions = |gone: bool| -> Vec<i64> {
                let of_run = rows.iter().filter(|(_, d)| (d.change == Change::Gone) == gone);
                of_run.map(|(_, d)| d.position).collect()
            };
            let mut found = store::some(conn, &id, &positions(false))?;
            found.extend(store::some(conn, &against, &positions(true))?);
            let shown = shown(conn, &sealer, &found, who.sees_identities())?;
            let mut items = Vec::with_capacity(rows.len());
            for (_, d) in rows {
                let run = if d.change == Change::Gone { &against } else { &*id };
                let of_it = found.iter().find(|(s, _)| s.check_id == *run && s.position == d.position);
                if let Some(of_it) = of_it {
                    items.push(DiffItem {
                        change: d.change,
                        finding: FindingBody::of(of_it.clone(), &shown, lang)?,
                        before: d.before.map(FactsBody::of).transpose()?,
                    });
                }
            }
            Ok(DiffPage { new, gone, changed, items, next })
        })
        .await?;
    Ok(Json(page))
}

fn comparable(later: &CheckRow, earlier: &CheckRow) -> Result<()> {
    if (&later.place, &later.term) == (&earlier.place, &earlier.term) {
        return Ok(());
    }
    Err(Error::invalid(vec![FieldError {
        pointer: "?against".to_owned(),
        code: "not_comparable",
        detail: Text::fixed(
            "只能对照同一地区、同一学期的两次比对",
            "only runs of the same place and term can be compared",
        ),
    }]))
}

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
            corrections(conn, &sealer, who.scope(), &check, &school, who.sees_identities())
        })
        .await?;
    Ok(download::xlsx(book, "corrections.xlsx"))
}

/// 查看疑点 / One finding with its history.
///
/// 事实为最近一次发现它的比对所见。The facts are those of the latest run that saw it.
#[utoipa::path(
    tag = "cross-checks",
    responses((status = 200, description = "The finding", body = FindingHistoryBody))
)]
#[get("/findings/{finding_id}")]
async fn find_finding(
    caller: FindingReader,
    id: web::Path<String>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<HttpResponse> {
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    let body = desk
        .db
        .read(move |conn| {
            let found = store::find(conn, who.scope(), &id)?;
            let history = store::history(conn, &found.1.finding_id)?;
            let shared = match &found.0.account_id {
                Some(account) => store::holders(conn, who.scope(), account, &found.1.term)?,
                None => Vec::new(),
            };
            let people = People {
                people: shared.iter().map(|(person, _)| person.clone()).collect(),
                names: shared.iter().map(|(_, name)| name.clone()).collect(),
            };
            let people = people.show(conn, &sealer, who.sees_identities())?;
            let holders = shared
                .into_iter()
                .map(|(person, name)| HolderBody {
                    name: people.name(&name),
                    id_number: people.id_number(&person),
                    student_id: person,
                })
                .collect();
            let shown = shown(conn, &sealer, std::slice::from_ref(&found), who.sees_identities())?;
            let finding = FindingBody::of(found, &shown, lang)?;
            let history = history.into_iter().map(|event| EventBody::of(event, lang)).collect();
            Ok(FindingHistoryBody { finding, holders, history })
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag(body.finding.version))).json(body))
}

/// 处理疑点 / Say what became of a finding, who is to see to it and by when.
///
/// With `If-Match: "<version>"` it is recorded only if nobody said anything meanwhile (412). Everything said
/// is kept in the history.
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
            let (_, row) = store::find(conn, who.scope(), &id)?;
            if expected.is_some_and(|tags| !if_match::names(&tags, row.version)) {
                return Err(Error::of(Code::PreconditionFailed));
            }
            let (next, events) = decision.applied(&row, &who.actor(), clock::now());
            store::decide(conn, &next, &events)?;
            let found = store::find(conn, who.scope(), &id)?;
            let shown = shown(conn, &sealer, std::slice::from_ref(&found), who.sees_identities())?;
            FindingBody::of(found, &shown, lang)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag(body.version))).json(body))
}

fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// Registers the operations.
pub(super) fn configure(cfg: &mut ServiceConfig) {
    cfg.service(list_findings)
        .service(summarise_findings)
        .service(diff_cross_checks)
        .service(export_corrections)
        .service(find_finding)
        .service(decide_finding);
}
