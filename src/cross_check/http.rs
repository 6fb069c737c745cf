//! Cross-checks over HTTP: runs, findings as JSON, CSV and workbook, and what became of a finding.

use std::collections::HashMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{Detail, FindingKind, FindingState};
use super::run::{self, Inputs, Order};
use super::store::{self, CheckRow, Filter, FindingRow};
use crate::auth::{BureauOfficer, Caller, FindingReader, Supervisor};
use crate::db::Conn;
use crate::error::{Code, Error, FieldError, Result};
use crate::http::download::{self, Xlsx};
use crate::http::{Json, Query};
use crate::imports::Desk;
use crate::page::{self, PageQuery, page};
use crate::policy::Pack;
use crate::roll::masking::{People, Shown};
use crate::roll::store as roll;
use crate::seal::Sealer;
use crate::sheet::{CsvEncoding, CsvOut, OutCell, OutColumn, XlsxOut};
use crate::values::{Fen, Lang, Place, Programme, Stage, Term, Text, clock};

/// What to hold against what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossCheckRequest {
    /// The locked list version; the one in force for place and term when absent.
    #[serde(default)]
    pub poverty_list: Option<String>,
    /// The term of roll and aid records.
    #[schema(value_type = String, example = "2025A")]
    pub term: Term,
    /// The place; the caller's own when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "341024")]
    pub place: Option<Place>,
}

/// Findings of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindCountBody {
    /// Kind.
    pub kind: FindingKind,
    /// Its name in the caller's language.
    pub name: String,
    /// How many, within the caller's scope.
    pub count: i64,
    /// The sum in question, fen.
    #[schema(value_type = i64)]
    pub at_stake_fen: Fen,
}

/// A run: what it was made from, its totals, its findings by kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrossCheckBody {
    /// Id.
    pub check_id: String,
    /// The list version.
    pub poverty_list: String,
    /// Term.
    #[schema(example = "2025A")]
    pub term: String,
    /// Place.
    pub place: String,
    /// Whether a run of the very same inputs was there already.
    pub repeated: bool,
    /// The digests of everything it was made from.
    pub inputs: Inputs,
    /// Digest of what was found; equal inputs give equal findings.
    pub report_digest: String,
    /// The totals; the run has checked that they add up.
    #[schema(value_type = Object)]
    pub totals: serde_json::Value,
    /// Findings by kind.
    pub findings: Vec<KindCountBody>,
    /// Who ran it.
    pub recorded_by: String,
    /// When (UTC).
    pub recorded_at: DateTime<Utc>,
}

/// A finding. Id number and name are masked unless the token holds `pii:read`.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingBody {
    /// Id.
    pub finding_id: String,
    /// Kind.
    pub kind: FindingKind,
    /// Its name in the caller's language.
    pub name_of_kind: String,
    /// The student.
    pub student_id: String,
    /// Name.
    pub name: Option<String>,
    /// Id number.
    pub id_number: Option<String>,
    /// The school that can act.
    pub school: Option<String>,
    /// Place of the office that can act.
    pub place: String,
    /// Stage.
    pub stage: Option<Stage>,
    /// Programme.
    pub programme: Option<Programme>,
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
    /// What became of it.
    pub state: FindingState,
    /// What was said about it.
    pub remark: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Counts changes; the ETag of the finding.
    pub version: i64,
}

impl FindingBody {
    fn of(f: FindingRow, shown: &Shown, lang: Lang) -> Result<Self> {
        Ok(Self {
            name: shown.name(&f.name_id),
            id_number: shown.id_number(&f.person_id),
            name_of_kind: word(f.kind, lang).to_owned(),
            finding_id: f.finding_id,
            kind: f.kind,
            student_id: f.person_id,
            school: f.school_code,
            place: f.place,
            stage: f.stage,
            programme: f.programme,
            due_fen: f.due_fen.map(Fen),
            paid_fen: f.paid_fen.map(Fen),
            at_stake_fen: Fen(f.at_stake_fen),
            detail: serde_json::from_str(&f.detail)?,
            state: f.state,
            remark: f.remark,
            decided_by: f.decided_by,
            version: f.version,
        })
    }
}

fn word(kind: FindingKind, lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => kind.zh(),
        Lang::En => kind.en(),
    }
}

page!(pub CrossCheckPage of CrossCheckBody, "Runs, newest first.");
page!(pub FindingPage of FindingBody, "Findings of a run, by kind and student.");

/// 运行一次比对 / Hold a locked list, the roll and the aid records of a term against each other.
///
/// The same inputs give the same run (200 instead of 201). What a person decided about a finding in an
/// earlier run stands as long as its amounts are the same.
#[utoipa::path(
    tag = "cross-checks",
    request_body = CrossCheckRequest,
    responses(
        (status = 201, description = "Run", body = CrossCheckBody),
        (status = 200, description = "A run of the very same inputs was there", body = CrossCheckBody)
    )
)]
#[post("/cross-checks")]
async fn run_cross_check(
    caller: BureauOfficer,
    body: Json<CrossCheckRequest>,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<HttpResponse> {
    let who = caller.into_caller();
    let request = body.into_inner();
    let own = who.scope().place().cloned().ok_or_else(Error::not_found)?;
    if request.place.as_ref().is_some_and(|place| !own.contains(place)) {
        return Err(outside());
    }
    let pack = pack.into_inner();
    let body = desk
        .db
        .write(move |conn| {
            let place = match (request.place, &request.poverty_list) {
                (Some(place), _) => place,
                // A named list is held against its own place, however wide the caller's is.
                (None, Some(list)) => run::place_of(conn, who.scope(), list, own)?,
                (None, None) => own,
            };
            let order = Order {
                list: request.poverty_list,
                term: request.term,
                place,
                by: who.actor(),
                at: clock::now(),
                today: clock::today(),
            };
            let (check, repeated) = run::run(conn, who.scope(), &pack, &order)?;
            told(conn, &who, check, repeated, lang)
        })
        .await?;
    let mut answer = if body.repeated { HttpResponse::Ok() } else { HttpResponse::Created() };
    answer.insert_header((header::LOCATION, format!("/v1/cross-checks/{}", body.check_id)));
    Ok(answer.json(body))
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
    who: &Caller,
    check: CheckRow,
    repeated: bool,
    lang: Lang,
) -> Result<CrossCheckBody> {
    let findings = store::counts(conn, who.scope(), &check.check_id)?
        .into_iter()
        .map(|(kind, count, stake)| KindCountBody {
            kind,
            name: word(kind, lang).to_owned(),
            count,
            at_stake_fen: Fen(stake),
        })
        .collect();
    Ok(CrossCheckBody {
        check_id: check.check_id,
        poverty_list: check.list_id,
        term: check.term,
        place: check.place,
        repeated,
        inputs: serde_json::from_str(&check.inputs)?,
        report_digest: check.report_digest,
        totals: serde_json::from_str(&check.totals)?,
        findings,
        recorded_by: check.recorded_by,
        recorded_at: check.recorded_at.and_utc(),
    })
}

/// 列出比对 / The runs in scope, newest first.
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
            let items = rows.into_iter().map(|c| told(conn, &who, c, false, lang)).collect::<Result<_>>()?;
            Ok(CrossCheckPage { items, next })
        })
        .await?;
    Ok(Json(page))
}

/// 查看一次比对 / One run with its totals.
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
            told(conn, &who, check, false, lang)
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

fn shown(conn: &mut Conn, sealer: &Sealer, rows: &[FindingRow], pii: bool) -> Result<Shown> {
    People {
        people: rows.iter().map(|f| f.person_id.clone()).collect(),
        names: rows.iter().map(|f| f.name_id.clone()).collect(),
    }
    .show(conn, sealer, pii)
}

/// The findings as a sheet, with a cover that says what they were made from; also the command line's.
pub fn export(
    conn: &mut Conn,
    sealer: &Sealer,
    check: &CheckRow,
    rows: &[FindingRow],
    pii: bool,
) -> Result<FindingSheet> {
    let shown = shown(conn, sealer, rows, pii)?;
    let mut codes: Vec<String> = rows.iter().filter_map(|f| f.school_code.clone()).collect();
    codes.sort_unstable();
    codes.dedup();
    let schools: HashMap<String, String> =
        roll::schools_of(conn, &codes)?.into_iter().map(|(code, s)| (code, s.name)).collect();
    let inputs: Inputs = serde_json::from_str(&check.inputs)?;
    let cover = vec![
        ("内容".to_owned(), "名单、学籍、资助三方比对疑点清单".to_owned()),
        ("学期".to_owned(), check.term.clone()),
        ("行政区划".to_owned(), check.place.clone()),
        ("比对编号".to_owned(), check.check_id.clone()),
        ("名单摘要".to_owned(), inputs.list),
        ("学籍摘要".to_owned(), inputs.roll),
        ("资助摘要".to_owned(), inputs.aid),
        ("政策包".to_owned(), format!("{} {} {}", inputs.pack, inputs.pack_version, inputs.pack_digest)),
        ("结果摘要".to_owned(), check.report_digest.clone()),
    ];
    let rows = rows
        .iter()
        .map(|f| {
            let yuan = |fen: Option<i64>| fen.map(|f| Fen(f).yuan()).unwrap_or_default();
            vec![
                f.kind.zh().to_owned(),
                shown.name(&f.name_id).unwrap_or_default(),
                shown.id_number(&f.person_id).unwrap_or_default(),
                f.school_code.clone().unwrap_or_default(),
                f.school_code.as_ref().and_then(|c| schools.get(c)).cloned().unwrap_or_default(),
                f.stage.map(Stage::zh).unwrap_or_default().to_owned(),
                f.programme.map(Programme::zh).unwrap_or_default().to_owned(),
                yuan(f.due_fen),
                yuan(f.paid_fen),
                yuan(Some(f.at_stake_fen)),
                f.state.zh().to_owned(),
                f.remark.clone().unwrap_or_default(),
            ]
        })
        .collect();
    Ok(FindingSheet { cover, rows })
}

/// The columns of the findings sheet.
const COLUMNS: [&str; 12] = [
    "疑点类型",
    "姓名",
    "身份证号",
    "学校标识码",
    "学校名称",
    "学段",
    "资助项目",
    "应发(元)",
    "实发(元)",
    "涉及金额(元)",
    "状态",
    "说明",
];

/// Findings ready to be written out.
#[derive(Debug)]
pub struct FindingSheet {
    cover: Vec<(String, String)>,
    rows: Vec<Vec<String>>,
}

impl FindingSheet {
    /// As a workbook.
    pub fn xlsx(&self) -> Result<Vec<u8>> {
        let columns = COLUMNS.iter().map(|header| OutColumn::text(*header).wide(18)).collect();
        let mut out = XlsxOut::with("疑点", columns, None, &self.cover)?;
        for row in &self.rows {
            out.row(&cells(row))?;
        }
        out.into_bytes()
    }

    /// As CSV.
    pub fn csv(&self, encoding: CsvEncoding) -> Result<Vec<u8>> {
        let mut out = CsvOut::new(Vec::new(), encoding, &COLUMNS)?;
        for row in &self.rows {
            out.row(&cells(row))?;
        }
        Ok(out.finish()?.0)
    }
}

fn cells(row: &[String]) -> Vec<OutCell> {
    row.iter().map(|cell| OutCell::from(cell.as_str())).collect()
}

/// What was decided about a finding.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingDecision {
    /// The new state.
    pub state: FindingState,
    /// Why; needed for `explained`. At most 500 characters, without personal data.
    #[serde(default)]
    pub remark: Option<String>,
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
    check_remark(&decision)?;
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    let body = desk
        .db
        .write(move |conn| {
            let row = store::find_finding(conn, who.scope(), &id)?;
            if expected.is_some_and(|tags| !names(&tags, row.version)) {
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

/// Whether an `If-Match` names this version (RFC 9110 §13.1.1): a list of tags, or `*` for any.
fn names(tags: &str, version: i64) -> bool {
    let own = version.to_string();
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_matches('"') == own)
}

fn check_remark(decision: &FindingDecision) -> Result<()> {
    let remark = decision.remark.as_deref().map(str::trim).unwrap_or_default();
    let fault = if remark.chars().count() > 500 {
        Some(("too_long", "说明最多 500 字", "a remark has at most 500 characters"))
    } else if decision.state == FindingState::Explained && remark.is_empty() {
        Some(("missing", "标记为“已说明”时请填写说明", "say why when a finding is explained"))
    } else {
        None
    };
    match fault {
        Some((code, zh, en)) => Err(Error::invalid(vec![FieldError {
            pointer: "/remark".to_owned(),
            code,
            detail: Text::fixed(zh, en),
        }])),
        None => Ok(()),
    }
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(run_cross_check)
        .service(list_cross_checks)
        .service(find_cross_check)
        .service(list_findings)
        .service(decide_finding);
}
