//! The roll over HTTP: imports, students, schools.

use actix_web::{get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::import::RollImporter;
use super::masking::{People, Shown};
use super::model::{Enrolment, School};
use super::store;
use crate::auth::{Reader, Registrar};
use crate::error::Result;
use crate::http::upload::{Upload, UploadForm};
use crate::http::{Json, Once, Query};
use crate::imports::Desk;
use crate::imports::ImportBody;
use crate::imports::http::{ImportQuery, Manner};
use crate::jobs::body::JobBody;
use crate::once::Answer;
use crate::page::{self, PageQuery, page};
use crate::policy::Pack;
use crate::values::{EnrolmentState, Fen, Hardship, HukouKind, Lang, Ownership, RunBy, Stage, Term, clock};

/// A student at a school in a term. Id number and name are masked unless the token holds `pii:read`.
#[derive(Debug, Serialize, ToSchema)]
pub struct StudentBody {
    /// The student.
    pub student_id: String,
    /// Name.
    pub name: Option<String>,
    /// Id number.
    pub id_number: Option<String>,
    /// School code.
    pub school: String,
    /// Place of the school.
    pub place: String,
    /// Term.
    pub term: String,
    /// Stage.
    pub stage: Stage,
    /// Grade.
    pub grade: Option<i16>,
    /// Class.
    pub class_name: Option<String>,
    /// Whether the student boards; absent is unknown.
    pub boarding: Option<bool>,
    /// Kind of household registration.
    pub hukou_kind: Option<HukouKind>,
    /// The school's own assessment.
    pub hardship: Option<Hardship>,
    /// State.
    pub state: EnrolmentState,
    /// First day the row holds.
    pub valid_from: NaiveDate,
    /// The day after the last day the row holds.
    pub valid_to: NaiveDate,
}

impl StudentBody {
    fn of(e: Enrolment, shown: &Shown) -> Self {
        Self {
            name: shown.name(&e.name_id),
            id_number: shown.id_number(&e.person_id),
            student_id: e.person_id,
            school: e.school_code,
            place: e.place,
            term: e.term,
            stage: e.stage,
            grade: e.grade,
            class_name: e.class_name,
            boarding: e.boarding,
            hukou_kind: e.hukou_kind,
            hardship: e.hardship,
            state: e.state,
            valid_from: e.valid_from,
            valid_to: e.valid_to,
        }
    }
}

/// A school as last recorded; what is absent is unknown.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchoolBody {
    /// School code (学校标识码).
    pub code: String,
    /// Name.
    pub name: String,
    /// Place.
    pub place: String,
    /// Public or private.
    pub ownership: Option<Ownership>,
    /// Who runs it.
    pub run_by: Option<RunBy>,
    /// Whether a kindergarten is inclusive.
    pub inclusive: Option<bool>,
    /// Whether a private school is approved.
    pub approved: Option<bool>,
    /// Whether it is a rural school.
    pub rural: Option<bool>,
    /// Tuition, fen per term.
    #[schema(value_type = Option<i64>)]
    pub tuition_fen_per_term: Option<Fen>,
    /// Tuition of the public school of the same kind, fen per term.
    #[schema(value_type = Option<i64>)]
    pub public_tuition_fen_per_term: Option<Fen>,
}

impl From<School> for SchoolBody {
    fn from(s: School) -> Self {
        Self {
            code: s.code,
            name: s.name,
            place: s.place,
            ownership: s.ownership,
            run_by: s.run_by,
            inclusive: s.inclusive,
            approved: s.approved,
            rural: s.rural,
            tuition_fen_per_term: s.tuition_fen.map(Fen),
            public_tuition_fen_per_term: s.public_tuition_fen.map(Fen),
        }
    }
}

page!(pub StudentPage of StudentBody, "Students in the order they were recorded.");

page!(pub SchoolPage of SchoolBody, "Schools by code.");

/// 导入学籍文件 / Send a file of the roll for a term.
///
/// Excel (.xlsx, .xls), CSV or NDJSON (UTF-8, UTF-16 or GB 18030; also .gz), as `multipart/form-data` with the field `file` or as the
/// body itself. Columns are found by their Chinese headers. Nothing is overwritten: a changed row
/// supersedes the former one, which is kept. The same file sent again changes nothing (200).
#[utoipa::path(
    tag = "roll",
    params(ImportQuery, Once),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Imported", body = ImportBody),
        (status = 200, description = "This very file was imported before; or a rehearsal (`dry_run`)", body = ImportBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/roll/imports")]
async fn import_roll(
    caller: Registrar,
    query: Query<ImportQuery>,
    manner: Manner,
    upload: Upload,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let order = query.0.order(&caller, &upload)?;
    let importer = RollImporter::new(pack.calendar_for(&order.place));
    desk.receive(manner, upload, order, importer, lang).await
}

/// Which students to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StudentQuery {
    /// 学期 / The term; the current one when absent.
    #[param(value_type = Option<String>, example = "2025A")]
    #[serde(default)]
    pub term: Option<Term>,
    /// Where the last page ended (`next`).
    #[serde(default)]
    pub after: Option<String>,
    /// Entries per page, 1 to 500; 50 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// 列出学生 / The students in scope in a term.
///
/// 身份证号和姓名默认脱敏。A school sees its own students; id numbers and names are masked unless the
/// token holds `pii:read`.
#[utoipa::path(tag = "roll", params(StudentQuery), responses((status = 200, description = "A page of students", body = StudentPage)))]
#[get("/students")]
async fn list_students(
    caller: Reader,
    query: Query<StudentQuery>,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Json<StudentPage>> {
    let page = PageQuery { after: query.0.after, limit: query.0.limit };
    let (after, limit) = (page.after()?, page.limit()?);
    let who = caller.into_caller();
    let calendar = who.scope().place().map(|p| pack.calendar_for(p)).unwrap_or_default();
    let term = query.0.term.unwrap_or_else(|| calendar.term_of(clock::today())).to_string();
    let sealer = desk.sealer.clone();
    let (rows, shown) = desk
        .db
        .browse(move |conn| {
            let rows = store::students(conn, who.scope(), &term, after, limit.rows())?;
            let people = People {
                people: rows.iter().map(|r| r.person_id.clone()).collect(),
                names: rows.iter().map(|r| r.name_id.clone()).collect(),
            };
            let shown = people.show(conn, &sealer, who.sees_identities())?;
            Ok((rows, shown))
        })
        .await?;
    let (rows, next) = page::cut(rows, limit, |r| (r.place.clone(), r.enrolment_id.clone()))?;
    Ok(Json(StudentPage { items: rows.into_iter().map(|r| StudentBody::of(r, &shown)).collect(), next }))
}

/// 列出学校 / The schools in scope.
///
/// 缺省的项目为未知。What a school's record leaves out is unknown, and the rules that ask for it say so.
#[utoipa::path(tag = "roll", params(PageQuery), responses((status = 200, description = "A page of schools", body = SchoolPage)))]
#[get("/schools")]
async fn list_schools(
    caller: Reader,
    page: Query<PageQuery>,
    desk: web::Data<Desk>,
) -> Result<Json<SchoolPage>> {
    let (after, limit) = (page.0.after()?, page.0.limit()?);
    let scope = caller.scope().clone();
    let rows = desk.db.browse(move |conn| store::schools(conn, &scope, after, limit.rows())).await?;
    let (rows, next) = page::cut(rows, limit, |s| s.code.clone())?;
    Ok(Json(SchoolPage { items: rows.into_iter().map(SchoolBody::from).collect(), next }))
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(import_roll).service(list_students).service(list_schools);
}
