//! The provincial list over HTTP: versions, entries, faults, check, lock, difference.

use std::collections::{BTreeMap, HashMap};

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::import::ListImporter;
use super::model::{Difference, Entry, List, ListState};
use super::rules;
use super::store::{self, check, lock};
use crate::auth::{ListKeeper, Reader};
use crate::error::{Error, FieldError, Result};
use crate::http::upload::{Upload, UploadForm};
use crate::http::{Json, Query};
use crate::imports::Desk;
use crate::imports::http::{FaultPage, ImportQuery, fault_page, place_outside};
use crate::imports::model::ImportBody;
use crate::page::{self, PageQuery, page};
use crate::policy::Pack;
use crate::roll::masking::{People, Shown};
use crate::values::{Category, Lang, Place, Stage, Text, clock};

/// One version of the provincial list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListBody {
    /// Id.
    pub list_id: String,
    /// The place it covers.
    #[schema(example = "341024")]
    pub place: String,
    /// The term it was handed down for.
    #[schema(example = "2025A")]
    pub term: String,
    /// Version within place and term.
    pub version: i32,
    /// State.
    pub state: ListState,
    /// The first day it speaks for.
    pub valid_from: NaiveDate,
    /// Number of entries.
    pub entries: i64,
    /// SHA-256 over the entries; from the moment it is locked.
    pub digest: Option<String>,
    /// The import that began it.
    pub import_id: String,
    /// Who sent it in.
    pub recorded_by: String,
    /// When (UTC).
    pub recorded_at: DateTime<Utc>,
    /// Who checked it.
    pub checked_by: Option<String>,
    /// Who locked it.
    pub locked_by: Option<String>,
    /// When it was locked (UTC).
    pub locked_at: Option<DateTime<Utc>>,
    /// The version that took its place.
    pub superseded_by: Option<String>,
}

impl From<List> for ListBody {
    fn from(l: List) -> Self {
        Self {
            list_id: l.list_id,
            place: l.place,
            term: l.term,
            version: l.version,
            state: l.state,
            valid_from: l.valid_from,
            entries: l.entries,
            digest: l.digest,
            import_id: l.import_id,
            recorded_by: l.recorded_by,
            recorded_at: l.recorded_at.and_utc(),
            checked_by: l.checked_by,
            locked_by: l.locked_by,
            locked_at: l.locked_at.map(|at| at.and_utc()),
            superseded_by: l.superseded_by,
        }
    }
}

/// A version that took the rows of a file, and what came of the file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListImportBody {
    /// The version.
    pub list: ListBody,
    /// The import.
    pub import: ImportBody,
}

/// One student on a list. Id number and name are masked unless the token holds `pii:read`.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryBody {
    /// Id of the entry.
    pub entry_id: String,
    /// Row in the sheet it came from.
    pub row: i32,
    /// The student.
    pub student_id: String,
    /// Name.
    pub name: Option<String>,
    /// Id number.
    pub id_number: Option<String>,
    /// Place of the household.
    pub place: String,
    /// Township.
    pub township: Option<String>,
    /// Village.
    pub village: Option<String>,
    /// Category under which the household is listed.
    pub category: Category,
    /// Stage as the list gives it.
    pub stage: Option<Stage>,
    /// Grade as the list gives it.
    pub grade: Option<i16>,
    /// School as the list gives it.
    pub school: Option<String>,
}

impl EntryBody {
    fn of(e: Entry, shown: &Shown) -> Self {
        Self {
            name: shown.name(&e.name_id),
            id_number: shown.id_number(&e.person_id),
            entry_id: e.entry_id,
            row: e.row_number,
            student_id: e.person_id,
            place: e.place,
            township: e.township,
            village: e.village,
            category: e.category,
            stage: e.stage,
            grade: e.grade,
            school: e.school_code,
        }
    }
}

page!(pub ListPage of ListBody, "Versions, newest first.");

page!(pub EntryPage of EntryBody, "Entries in the order they were recorded.");

/// 上报名单文件 / Send a file of the provincial list: a new draft, or further rows for a draft.
///
/// Excel (.xlsx) or CSV (UTF-8 or GB 18030), as `multipart/form-data` with the field `file` or as the
/// body itself. Columns are found by their Chinese headers. Good rows are kept, every bad row is
/// reported at once. The same file sent again changes nothing (200 instead of 201).
#[utoipa::path(
    tag = "poverty-lists",
    params(ImportQuery),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Imported", body = ListImportBody),
        (status = 200, description = "This very file was imported before", body = ListImportBody)
    )
)]
#[post("/poverty-lists")]
async fn import_poverty_list(
    caller: ListKeeper,
    query: Query<ImportQuery>,
    upload: Upload,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<HttpResponse> {
    let mut order = query.0.order(&caller, &upload)?;
    let valid_from = pack.calendar_for(&order.place).first_day(order.term);
    let draft = query.0.draft(&upload);
    let scope = caller.scope().clone();
    let work = desk.get_ref().clone();
    let (report, list) = web::block(move || {
        if let Some(id) = &draft {
            let list = work.db.read_now(|conn| store::find(conn, &scope, id))?;
            rules::may_take_rows(&list)?;
            // Rows for a draft are of its term, and of its place however wide the sender's own is.
            if list.term != order.term.to_string() {
                return Err(Error::invalid(vec![other_term(&list)]));
            }
            order.place = within(&list, order.place)?;
        }
        let mut importer = ListImporter::new(draft.clone(), valid_from);
        let report = work.import_now(upload.file.path(), &order, &mut importer, &|_| ())?;
        let list = work.db.read_now(|conn| {
            let id = match importer.into.or(draft) {
                Some(id) => id,
                None => store::of_import(conn, &report.import_id)?.ok_or_else(Error::not_found)?,
            };
            store::find(conn, &scope, &id)
        })?;
        Ok::<_, Error>((report, list))
    })
    .await
    .map_err(|_e| Error::unavailable("the service is stopping"))??;
    let mut answer = if report.repeated { HttpResponse::Ok() } else { HttpResponse::Created() };
    answer.insert_header(("Location", format!("/v1/poverty-lists/{}", list.list_id)));
    Ok(answer.json(ListImportBody { list: list.into(), import: report.body(lang) }))
}

fn other_term(list: &List) -> FieldError {
    let term = &list.term;
    FieldError {
        pointer: "?term".to_owned(),
        code: "term_differs",
        detail: Text::new(
            format!("该名单草稿是 {term} 学期的，请改用 term={term}，或新建一个版本"),
            format!("the draft is of the term {term}: use term={term}, or send a new version"),
        ),
    }
}

/// The narrower of a list's place and the one the file is sent for; a 422 if neither holds the other.
fn within(list: &List, sent_for: Place) -> Result<Place> {
    let own = Place::parse(&list.place).map_err(|_e| Error::internal("a stored place could not be read"))?;
    if sent_for.contains(&own) {
        Ok(own)
    } else if own.contains(&sent_for) {
        Ok(sent_for)
    } else {
        Err(Error::invalid(vec![place_outside()]))
    }
}

/// 列出名单版本 / The versions in scope, newest first.
#[utoipa::path(tag = "poverty-lists", params(PageQuery), responses((status = 200, description = "A page of versions", body = ListPage)))]
#[get("/poverty-lists")]
async fn list_poverty_lists(
    caller: Reader,
    page: Query<PageQuery>,
    desk: web::Data<Desk>,
) -> Result<Json<ListPage>> {
    let (after, limit) = (page.0.after()?, page.0.limit()?);
    let scope = caller.scope().clone();
    let lists = desk.db.read(move |conn| store::list(conn, &scope, after, limit.rows())).await?;
    let (lists, next) = page::cut(lists, limit, |l| l.list_id.clone())?;
    Ok(Json(ListPage { items: lists.into_iter().map(ListBody::from).collect(), next }))
}

/// 查看一个名单版本 / One version.
#[utoipa::path(tag = "poverty-lists", responses((status = 200, description = "The version", body = ListBody)))]
#[get("/poverty-lists/{list_id}")]
async fn find_poverty_list(
    caller: Reader,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<Json<ListBody>> {
    let scope = caller.scope().clone();
    let list = desk.db.read(move |conn| store::find_to_read(conn, &scope, &id)).await?;
    Ok(Json(list.into()))
}

/// 列出名单内学生 / The entries of a version, within the caller's scope.
#[utoipa::path(tag = "poverty-lists", params(PageQuery), responses((status = 200, description = "A page of entries", body = EntryPage)))]
#[get("/poverty-lists/{list_id}/entries")]
async fn list_poverty_list_entries(
    caller: Reader,
    id: web::Path<String>,
    page: Query<PageQuery>,
    desk: web::Data<Desk>,
) -> Result<Json<EntryPage>> {
    let (after, limit) = (page.0.after()?, page.0.limit()?);
    let scope = caller.scope().clone();
    let pii = caller.sees_identities();
    let sealer = desk.sealer.clone();
    let (entries, shown) = desk
        .db
        .read(move |conn| {
            store::find_to_read(conn, &scope, &id)?;
            let entries = store::entries(conn, &scope, &id, after, limit.rows())?;
            let people = People {
                people: entries.iter().map(|e| e.person_id.clone()).collect(),
                names: entries.iter().map(|e| e.name_id.clone()).collect(),
            };
            let shown = people.show(conn, &sealer, pii)?;
            Ok((entries, shown))
        })
        .await?;
    let (entries, next) = page::cut(entries, limit, |e| e.entry_id.clone())?;
    Ok(Json(EntryPage { items: entries.into_iter().map(|e| EntryBody::of(e, &shown)).collect(), next }))
}

/// 列出名单导入错误 / The faults of the file that began a version.
#[utoipa::path(tag = "poverty-lists", params(PageQuery), responses((status = 200, description = "A page of faults", body = FaultPage)))]
#[get("/poverty-lists/{list_id}/errors")]
async fn list_poverty_list_errors(
    caller: Reader,
    id: web::Path<String>,
    page: Query<PageQuery>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Json<FaultPage>> {
    let scope = caller.scope().clone();
    let import_id = desk.db.read(move |conn| Ok(store::find_to_read(conn, &scope, &id)?.import_id)).await?;
    fault_page(&desk, &caller, import_id, &page.0, lang).await.map(Json)
}

/// 核对名单 / Draft → checked: no more rows are taken.
#[utoipa::path(tag = "poverty-lists", responses((status = 200, description = "The checked version", body = ListBody)))]
#[post("/poverty-lists/{list_id}/check")]
async fn check_poverty_list(
    caller: ListKeeper,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<Json<ListBody>> {
    let who = caller.into_caller();
    let list = desk.db.write(move |conn| check(conn, who.scope(), &who.actor(), &id, clock::now())).await?;
    Ok(Json(list.into()))
}

/// 锁定名单 / Checked → locked, by someone other than who sent it in. Supersedes the older version.
#[utoipa::path(tag = "poverty-lists", responses((status = 200, description = "The locked version", body = ListBody)))]
#[post("/poverty-lists/{list_id}/lock")]
async fn lock_poverty_list(
    caller: ListKeeper,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<Json<ListBody>> {
    let who = caller.into_caller();
    let list = desk.db.write(move |conn| lock(conn, who.scope(), &who.actor(), &id, clock::now())).await?;
    Ok(Json(list.into()))
}

/// Which version to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// The older version.
    pub against: String,
}

/// One difference between two versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct DifferenceBody {
    /// `added`, `removed` or `changed`, seen from the older version.
    pub change: String,
    /// The student.
    pub student_id: String,
    /// Name, masked unless the token holds `pii:read`.
    pub name: Option<String>,
    /// Id number, masked unless the token holds `pii:read`.
    pub id_number: Option<String>,
}

/// How two versions differ.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffBody {
    /// This version.
    pub list_id: String,
    /// The version it was compared with.
    pub against: String,
    /// Students in this version only.
    pub added: usize,
    /// Students in the other version only.
    pub removed: usize,
    /// Students in both, with different entries.
    pub changed: usize,
    /// Each difference, within the caller's scope.
    pub items: Vec<DifferenceBody>,
}

/// 比较两个名单版本 / How a version differs from another.
#[utoipa::path(tag = "poverty-lists", params(DiffQuery), responses((status = 200, description = "The differences", body = DiffBody)))]
#[get("/poverty-lists/{list_id}/diff")]
async fn diff_poverty_lists(
    caller: Reader,
    id: web::Path<String>,
    query: Query<DiffQuery>,
    desk: web::Data<Desk>,
) -> Result<Json<DiffBody>> {
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    let body = desk
        .db
        .read(move |conn| {
            let newer = store::find_to_read(conn, who.scope(), &id)?;
            let older = store::find_to_read(conn, who.scope(), &query.0.against)?;
            let mut found =
                rules::difference(&store::says(conn, &older.list_id)?, &store::says(conn, &newer.list_id)?);
            let people: Vec<String> = found.iter().map(|(p, _)| p.clone()).collect();
            let visible = crate::roll::store::visible(conn, who.scope(), &people)?;
            found.retain(|(p, _)| visible.binary_search(p).is_ok());
            let names = names(conn, [&older, &newer], &people)?;
            let shown = People { people, names: names.values().cloned().collect() }.show(
                conn,
                &sealer,
                who.sees_identities(),
            )?;
            Ok(diff_body(&newer, &older, found, &names, &shown))
        })
        .await?;
    Ok(Json(body))
}

/// The name under which each person stands, the newer version's where both have one.
fn names(
    conn: &mut crate::db::Conn,
    lists: [&List; 2],
    people: &[String],
) -> Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    for list in lists {
        names.extend(
            store::entries_of(conn, &list.list_id, people)?.into_iter().map(|e| (e.person_id, e.name_id)),
        );
    }
    Ok(names)
}

fn diff_body(
    newer: &List,
    older: &List,
    found: Vec<(String, Difference)>,
    names: &HashMap<String, String>,
    shown: &Shown,
) -> DiffBody {
    let mut counts: BTreeMap<Difference, usize> = BTreeMap::new();
    for (_, change) in &found {
        *counts.entry(*change).or_default() += 1;
    }
    let count = |c| counts.get(&c).copied().unwrap_or_default();
    DiffBody {
        list_id: newer.list_id.clone(),
        against: older.list_id.clone(),
        added: count(Difference::Added),
        removed: count(Difference::Removed),
        changed: count(Difference::Changed),
        items: found
            .into_iter()
            .map(|(person, change)| DifferenceBody {
                change: match change {
                    Difference::Added => "added",
                    Difference::Removed => "removed",
                    Difference::Changed => "changed",
                }
                .to_owned(),
                name: names.get(&person).and_then(|n| shown.name(n)),
                id_number: shown.id_number(&person),
                student_id: person,
            })
            .collect(),
    }
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(import_poverty_list)
        .service(list_poverty_lists)
        .service(find_poverty_list)
        .service(list_poverty_list_entries)
        .service(list_poverty_list_errors)
        .service(check_poverty_list)
        .service(lock_poverty_list)
        .service(diff_poverty_lists);
}
