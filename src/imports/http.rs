//! Imports over HTTP: what all file uploads share, and the faults and corrections of a batch.

use actix_web::dev::Payload;
use actix_web::{Error as ActixError, FromRequest, HttpRequest, HttpResponse, get, web};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::batch::Importer;
use super::body::{FaultBody, ImportBody};
use super::correction::corrections;
use super::desk::Desk;
use super::job::Kept;
use super::model::{ImportKind, Order, Report};
use super::store;
use crate::auth::{Caller, Reader};
use crate::db::Conn;
use crate::error::{Error, FieldError, Result};
use crate::http::download::{self, Xlsx};
use crate::http::upload::Upload;
use crate::http::{Json, Once, Prefer, Query};
use crate::jobs::Node;
use crate::once::Answer;
use crate::page::{self, PageQuery, page};
use crate::sheet::Reading;
use crate::values::{Lang, Place, Term, Text, clock};

/// What is said of a file besides its content.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// 学期 / The term the file speaks of, e.g. `2025A`. May also be a form field.
    #[param(value_type = Option<String>, example = "2025A")]
    #[serde(default)]
    pub term: Option<Term>,
    /// 行政区划 / The place the file speaks of; the caller's own when absent.
    #[param(value_type = Option<String>, example = "341024")]
    #[serde(default)]
    pub place: Option<Place>,
    /// 追加到的名单草稿 / For the provincial list: the draft that takes the rows, instead of a new version.
    #[serde(default)]
    pub list: Option<String>,
    /// 列对应 / Which column is which, as JSON: `{"身份证号":"C"}`. A value is a column's letter, a header as the
    /// file has it, `null` (the file has no such column), or a list of these where several people stand side
    /// by side in one row. What is not named is found by its header. May also be a form field.
    #[param(example = r#"{"身份证号":"C"}"#)]
    #[serde(default)]
    pub mapping: Option<String>,
    /// 工作表 / The only sheets to read, by name, parted by commas; every visible sheet with a header when
    /// absent. May also be a form field.
    #[param(example = "一年级,二年级")]
    #[serde(default)]
    pub sheets: Option<String>,
    /// 试导入 / `true`: a rehearsal. The answer tells how the file was understood, the first rows, the counts
    /// and the faults; nothing is written. May also be a form field.
    #[serde(default)]
    pub dry_run: Option<bool>,
}

impl ImportQuery {
    /// The order for this file: within the caller's scope, at this moment.
    pub fn order(&self, caller: &Caller, upload: &Upload) -> Result<Order> {
        let term = match (self.term, upload.form.get("term")) {
            (Some(term), _) => Some(term),
            (None, Some(text)) => Some(Term::parse(text).ok_or_else(term_unknown)?),
            (None, None) => None,
        };
        let asked = match (&self.place, upload.form.get("place")) {
            (Some(place), _) => Some(place.clone()),
            (None, Some(text)) => Some(Place::parse(text).map_err(|e| Error::invalid_field("?place", e))?),
            (None, None) => None,
        };
        let own = caller.scope().place().cloned().ok_or_else(Error::not_found)?;
        let place = match asked {
            Some(place) if own.contains(&place) => place,
            Some(_) => return Err(Error::invalid(vec![place_outside()])),
            None => own,
        };
        Ok(Order {
            term: term.ok_or_else(|| Error::invalid(vec![term_missing()]))?,
            place,
            school: caller.scope().school().map(ToOwned::to_owned),
            by: caller.actor(),
            at: clock::now(),
            digest: upload.digest.clone(),
            bytes: upload.bytes,
            reading: self.reading(upload)?,
            rehearsal: self.rehearsal(upload)?,
        })
    }

    /// What the sender says about how the file is to be read.
    fn reading(&self, upload: &Upload) -> Result<Reading> {
        let said =
            |query: &Option<String>, name: &str| query.clone().or_else(|| upload.form.get(name).cloned());
        let (mapping, sheets) = (said(&self.mapping, "mapping"), said(&self.sheets, "sheets"));
        Reading::parse(mapping.as_deref(), sheets.as_deref())
    }

    fn rehearsal(&self, upload: &Upload) -> Result<bool> {
        match (self.dry_run, upload.form.get("dry_run").map(|text| text.trim())) {
            (Some(asked), _) => Ok(asked),
            (None, Some("true")) => Ok(true),
            (None, Some("false" | "") | None) => Ok(false),
            (None, Some(_)) => Err(Error::invalid(vec![FieldError {
                pointer: "?dry_run".to_owned(),
                code: "invalid_value",
                detail: Text::fixed("dry_run 只能是 true 或 false", "dry_run is true or false"),
            }])),
        }
    }

    /// The draft named in the query or the form.
    pub fn draft(&self, upload: &Upload) -> Option<String> {
        self.list.clone().or_else(|| upload.form.get("list").cloned())
    }
}

fn term_missing() -> FieldError {
    FieldError {
        pointer: "?term".to_owned(),
        code: "missing",
        detail: Text::fixed("请用 term 指明学期，例如 term=2025A", "name the term, e.g. term=2025A"),
    }
}

fn term_unknown() -> Error {
    Error::invalid(vec![FieldError {
        pointer: "?term".to_owned(),
        code: "term_unknown",
        detail: Text::fixed(
            "学期应写作 2025A（秋季）或 2026S（春季）",
            "a term is written 2025A (autumn) or 2026S (spring)",
        ),
    }])
}

/// The fault of a file sent for a place outside the caller's scope, or outside the draft's.
pub fn place_outside() -> FieldError {
    FieldError {
        pointer: "?place".to_owned(),
        code: "out_of_scope",
        detail: Text::fixed("该行政区划不在您的管辖范围内", "the place is not within your scope"),
    }
}

/// How an import is asked for besides its file: by which name, at once or later, and who takes it in.
#[derive(Debug)]
pub struct Manner {
    /// The caller's name for the request.
    pub once: Once,
    /// At once or later.
    pub prefer: Prefer,
    /// The node that takes a job in.
    pub node: web::Data<Node>,
}

impl FromRequest for Manner {
    type Error = ActixError;
    type Future = LocalBoxFuture<'static, Result<Self, ActixError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (once, prefer, node) = <(Once, Prefer, web::Data<Node>)>::extract(&request).await?;
            Ok(Self { once, prefer, node })
        })
    }
}

impl Manner {
    /// For work that is not put off, whatever the caller would rather have.
    #[must_use]
    pub fn at_once(mut self) -> Self {
        self.prefer.later = false;
        self
    }

    /// Keeps an order for later, with its file, and answers 202.
    pub async fn later(
        &self,
        kind: ImportKind,
        order: Order,
        draft: Option<String>,
        upload: Upload,
        lang: Lang,
    ) -> Result<Answer> {
        let new = Kept { order, draft }.job(kind.job())?;
        self.node.accept(self.once.claim(), new, Some(upload), lang).await
    }
}

impl Desk {
    /// Imports an uploaded file off the async threads and answers: 201, or 200 when the very same file
    /// had been imported before. Whoever would rather not wait gets a job (202).
    pub async fn receive<I>(
        &self,
        manner: Manner,
        upload: Upload,
        order: Order,
        importer: I,
        lang: Lang,
    ) -> Result<Answer>
    where
        I: Importer + 'static,
    {
        if order.rehearsal {
            // A rehearsal leaves nothing behind: neither a job nor a claim, and it can be asked for again.
            let (desk, mut importer) = (self.clone(), importer);
            let tried =
                web::block(move || desk.import_now(upload.file.path(), &order, &mut importer, &|_| ()));
            let report = tried.await.map_err(|_e| Error::unavailable("the service is stopping"))??;
            return Answer::json(status(&report), &report.body(lang));
        }
        if manner.prefer.later {
            return manner.later(I::KIND, order, None, upload, lang).await;
        }
        let (desk, claim) = (self.clone(), manner.once.claim());
        web::block(move || {
            let told = |_: &mut Conn, _: I, report: Report| {
                let location = format!("/v1/imports/{}", report.import_id);
                Ok(Answer::json(status(&report), &report.body(lang))?.at(location))
            };
            desk.import_once(upload.file.path(), &order, &importer, claim.as_ref(), told)
        })
        .await
        .map_err(|_e| Error::unavailable("the service is stopping"))?
    }
}

/// 201, or 200 where there is nothing new: a file that was there already, or a rehearsal.
pub fn status(report: &Report) -> u16 {
    if report.repeated || report.rehearsal.is_some() { 200 } else { 201 }
}

page!(pub FaultPage of FaultBody, "Faults in the order of the sheet.");

/// 查看一次导入 / One import: its row counts, what was understood, its faults by kind.
///
/// 读入 = 新增 + 变更 + 未变 + 有误。Rows read are new, changed, unchanged or bad; nothing is lost.
#[utoipa::path(tag = "imports", responses((status = 200, description = "The import", body = ImportBody)))]
#[get("/imports/{import_id}")]
async fn find_import(
    caller: Reader,
    id: web::Path<String>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Json<ImportBody>> {
    let scope = caller.scope().clone();
    let report = desk.db.read(move |conn| store::find(conn, &scope, &id)).await?;
    Ok(Json(report.body(lang)))
}

/// 逐条列出导入错误 / The faults of an import, one per cell.
///
/// 每条给出行号、列、错误代码、原因和改法，不重复单元格内容。Each names row, column, code, what is
/// wrong and what to do, and never repeats the cell.
#[utoipa::path(
    tag = "imports",
    params(PageQuery),
    responses((status = 200, description = "A page of faults", body = FaultPage))
)]
#[get("/imports/{import_id}/errors")]
async fn list_import_errors(
    caller: Reader,
    id: web::Path<String>,
    page: Query<PageQuery>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Json<FaultPage>> {
    fault_page(&desk, &caller, id.into_inner(), &page.0, lang).await.map(Json)
}

/// A page of the faults of an import in scope; also behind the list's own errors address.
pub async fn fault_page(
    desk: &Desk,
    caller: &Caller,
    import_id: String,
    page: &PageQuery,
    lang: Lang,
) -> Result<FaultPage> {
    let (after, limit) = (page.after::<(i32, i32)>()?, page.limit()?);
    let scope = caller.scope().clone();
    let faults = desk
        .db
        .browse(move |conn| {
            store::find(conn, &scope, &import_id)?;
            store::faults(conn, &import_id, after, limit.rows())
        })
        .await?;
    let (faults, next) = page::cut(faults, limit, |(at, _)| *at)?;
    Ok(FaultPage { items: faults.into_iter().map(|(_, f)| FaultBody::of(f, lang)).collect(), next })
}

/// 下载待更正的行 / The bad rows as a spreadsheet: correct them there and send that file again.
///
/// The workbook holds the rows as they were sent, the bad cells coloured with a note each, and a last column
/// 问题 saying what is wrong; it can be sent again as it is, and only its rows count. It holds personal data in clear, because the
/// sender needs it to correct the rows; only who may import the file may fetch it.
#[utoipa::path(
    tag = "imports",
    responses((
        status = 200, description = "Workbook", content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        body = inline(Xlsx)
    ))
)]
#[get("/imports/{import_id}/corrections.xlsx")]
async fn fetch_corrections(
    caller: crate::auth::Sender,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse> {
    let sealer = desk.sealer.clone();
    let scope = caller.scope().clone();
    let book = desk
        .db
        .read(move |conn| {
            let report = store::find(conn, &scope, &id)?;
            corrections(conn, &sealer, &report)
        })
        .await?;
    Ok(download::xlsx_file(book, "corrections.xlsx"))
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(find_import).service(list_import_errors).service(fetch_corrections);
}
