//! The provincial list over HTTP: versions, entries, faults, check, lock, difference.

use std::collections::HashMap;

use actix_web::{get, post, web};
use chrono::NaiveDateTime;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::{DiffBody, EntryBody, EntryPage, ListBody, ListImportBody, ListPage, diff_body};
use super::import::ListImporter;
use super::model::List;
use super::rules;
use super::store::{self, check, lock};
use crate::auth::{ListKeeper, Reader, Scope};
use crate::db::Conn;
use crate::error::{Error, FieldError, Result};
use crate::http::upload::{Upload, UploadForm};
use crate::http::{Json, Once, Query};
use crate::imports::http::{FaultPage, ImportQuery, Manner, fault_page, place_outside, status};
use crate::imports::{Desk, ImportKind, Report};
use crate::jobs::body::JobBody;
use crate::once::{self, Answer};
use crate::page::{self, PageQuery};
use crate::policy::Pack;
use crate::roll::masking::People;
use crate::values::{Lang, Place, Text, clock};

/// 上报名单文件 / Send a file of the provincial list: a new draft, or further rows for a draft.
///
/// Excel (.xlsx, .xls), CSV or NDJSON (UTF-8, UTF-16 or GB 18030; also .gz), as `multipart/form-data` with the field `file` or as the
/// body itself. Columns are found by their Chinese headers. Good rows are kept, every bad row is
/// reported at once. The same file sent again changes nothing (200 instead of 201).
#[utoipa::path(
    tag = "poverty-lists",
    params(ImportQuery, Once),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Imported", body = ListImportBody),
        (status = 200, description = "This very file was imported before; or a rehearsal (`dry_run`)", body = ListImportBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/poverty-lists")]
async fn import_poverty_list(
    caller: ListKeeper,
    query: Query<ImportQuery>,
    manner: Manner,
    upload: Upload,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let mut order = query.0.order(&caller, &upload)?;
    let valid_from = pack.calendar_for(&order.place).first_day(order.term);
    let draft = query.0.draft(&upload);
    let scope = caller.scope().clone();
    if let Some(id) = draft.clone() {
        let of = scope.clone();
        let list = desk.db.read(move |conn| store::find(conn, &of, &id)).await?;
        rules::may_take_rows(&list)?;
        // Rows for a draft are of its term, and of its place however wide the sender's own is.
        if list.term != order.term.to_string() {
            return Err(Error::invalid(vec![other_term(&list)]));
        }
        order.place = within(&list, order.place)?;
    }
    if order.rehearsal {
        // A rehearsal leaves nothing behind: neither a version, nor a job, nor a claim.
        let (work, mut importer) = (desk.get_ref().clone(), ListImporter::new(draft, valid_from));
        let tried = web::block(move || work.import_now(upload.file.path(), &order, &mut importer, &|_| ()));
        let report = tried.await.map_err(|_e| Error::unavailable("the service is stopping"))??;
        return Answer::json(status(&report), &ListImportBody { list: None, import: report.body(lang) });
    }
    if manner.prefer.later {
        return manner.later(ImportKind::PovertyList, order, draft, upload, lang).await;
    }
    let (work, claim) = (desk.get_ref().clone(), manner.once.claim());
    web::block(move || {
        let importer = ListImporter::new(draft.clone(), valid_from);
        let told = |conn: &mut Conn, importer: ListImporter, report: Report| {
            let id = match importer.into.or_else(|| draft.clone()) {
                Some(id) => id,
                None => store::of_import(conn, &report.import_id)?.ok_or_else(Error::not_found)?,
            };
            let list = store::find(conn, &scope, &id)?;
            let (status, location) = (status(&report), format!("/v1/poverty-lists/{id}"));
            let body = ListImportBody { list: Some(list.into()), import: report.body(lang) };
            Ok(Answer::json(status, &body)?.at(location))
        };
        work.import_once(upload.file.path(), &order, &importer, claim.as_ref(), told)
    })
    .await
    .map_err(|_e| Error::unavailable("the service is stopping"))?
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
///
/// 草稿、已核对、已锁定、已被取代的版本都在内。Drafts, checked, locked and superseded versions alike.
#[utoipa::path(tag = "poverty-lists", params(PageQuery), responses((status = 200, description = "A page of versions", body = ListPage)))]
#[get("/poverty-lists")]
async fn list_poverty_lists(
    caller: Reader,
    page: Query<PageQuery>,
    desk: web::Data<Desk>,
) -> Result<Json<ListPage>> {
    let (after, limit) = (page.0.after()?, page.0.limit()?);
    let scope = caller.scope().clone();
    let lists = desk.db.browse(move |conn| store::list(conn, &scope, after, limit.rows())).await?;
    let (lists, next) = page::cut(lists, limit, |l| l.list_id.clone())?;
    Ok(Json(ListPage { items: lists.into_iter().map(ListBody::from).collect(), next }))
}

/// 查看一个名单版本 / One version.
///
/// 已锁定的版本带有内容摘要，此后不再改变。A locked version carries the digest of its content and never
/// changes again.
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
///
/// 学校只看到本校学生；身份证号和姓名默认脱敏。A school sees its own students only; id numbers and names
/// are masked unless the token holds `pii:read`.
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
    let id = id.into_inner();
    let (entries, shown) = desk
        .db
        .browse(move |conn| {
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
///
/// 与该次导入的错误清单相同。The same as the errors of that import.
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
///
/// 没有任何有效数据的名单不能核对。A list without entries cannot be checked (409).
#[utoipa::path(tag = "poverty-lists", params(Once), responses((status = 200, description = "The checked version", body = ListBody)))]
#[post("/poverty-lists/{list_id}/check")]
async fn check_poverty_list(
    caller: ListKeeper,
    once: Once,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<Answer> {
    step(caller, &once, id, &desk, check).await
}

/// 锁定名单 / Checked → locked, by someone other than who sent it in. Supersedes the older version.
///
/// 上报人自己锁定会被拒绝（403 same_person）。Who sent the list in may not lock it (403 `same_person`). From
/// then on answers and cross-checks are made from this version.
#[utoipa::path(tag = "poverty-lists", params(Once), responses((status = 200, description = "The locked version", body = ListBody)))]
#[post("/poverty-lists/{list_id}/lock")]
async fn lock_poverty_list(
    caller: ListKeeper,
    once: Once,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<Answer> {
    step(caller, &once, id, &desk, lock).await
}

/// Takes a version a step further, once under its key.
async fn step(
    caller: ListKeeper,
    once: &Once,
    id: web::Path<String>,
    desk: &Desk,
    take: impl Fn(&mut Conn, &Scope, &str, &str, NaiveDateTime) -> Result<List> + Send + 'static,
) -> Result<Answer> {
    let (who, sealer, claim) = (caller.into_caller(), desk.sealer.clone(), once.claim());
    desk.db
        .write_again(move |conn| {
            once::within(conn, &sealer, claim.as_ref(), |conn| {
                let list = take(conn, who.scope(), &who.actor(), &id, clock::now())?;
                Answer::json(200, &ListBody::from(list))
            })
        })
        .await
}

/// Which version to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// The older version.
    pub against: String,
}

/// 比较两个名单版本 / How a version differs from another.
///
/// 按学生列出新增、移除和内容变化，限管辖范围。Students added, removed or changed, within the caller's scope.
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
    let (id, against) = (id.into_inner(), query.0.against);
    let body = desk
        .db
        .browse(move |conn| {
            let newer = store::find_to_read(conn, who.scope(), &id)?;
            let older = store::find_to_read(conn, who.scope(), &against)?;
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
fn names(conn: &mut Conn, lists: [&List; 2], people: &[String]) -> Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    for list in lists {
        names.extend(
            store::entries_of(conn, &list.list_id, people)?.into_iter().map(|e| (e.person_id, e.name_id)),
        );
    }
    Ok(names)
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
