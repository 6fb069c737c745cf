//! Proposals over HTTP: look for them, list them, say what is to be done.

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::{ProposalBody, ProposalPage, SearchBody, SearchRequest, show};
use super::decision::{decide, may};
use super::model::ProposalState;
use super::rules::Act;
use super::search::{Reach, Source, search};
use super::store::{self, Filter};
use crate::auth::{Caller, Reader, Sender};
use crate::error::{Error, FieldError, Result};
use crate::http::{Json, Once, Query};
use crate::imports::Desk;
use crate::imports::model::ImportKind;
use crate::imports::store as imports;
use crate::once::{self, Answer};
use crate::page::{self, PageQuery};
use crate::values::{Lang, Text, clock};

/// 查找更正建议 / Look for the ids that were meant in an import's refused rows.
///
/// 只看身份证号有误、其他内容无误的行；只有学籍中恰好一名学生姓名（及学籍号、出生日期）吻合时才提出建议，绝不自动改动。
/// Rows of which only the id is wrong are looked at, and one is proposed only where exactly one pupil on the
/// roll agrees in name, and in student number and birth date where the row gives them. Nothing is changed
/// unless a person accepts. An import begins this search by itself; it may be repeated, e.g. when more of the roll has come in: without an
/// `Idempotency-Key` or with another, for under the same one the first answer comes again.
#[utoipa::path(
    tag = "proposals",
    request_body = SearchRequest,
    params(Once),
    responses((status = 200, description = "What the search came to", body = SearchBody))
)]
#[post("/proposals/searches")]
async fn search_proposals(
    caller: Sender,
    once: Once,
    body: Json<SearchRequest>,
    desk: web::Data<Desk>,
) -> Result<Answer> {
    let work = search_in(caller.into_caller(), body.into_inner(), desk.get_ref().clone());
    once::around(&desk.db, &desk.sealer, once.claim(), work).await
}

async fn search_in(who: Caller, request: SearchRequest, desk: Desk) -> Result<Answer> {
    let SearchRequest { import_id, after_row } = request;
    let (import_id, searched) = web::block(move || {
        let source = desk.db.read_now(|conn| {
            let report = imports::find(conn, who.scope(), &import_id)?;
            Source::of(conn, report)
        })?;
        if source.report.kind == ImportKind::Roll {
            return Err(Error::invalid(vec![roll_itself()]));
        }
        may(&who, source.report.kind)?;
        let after = after_row.unwrap_or(0);
        let searched =
            search(&mut Reach::Apart(&desk.db), &desk.sealer, &source, after, &who.actor(), clock::now())?;
        Ok((import_id, searched))
    })
    .await
    .map_err(|_e| Error::unavailable("the service is stopping"))??;
    Answer::json(200, &SearchBody::of(import_id, searched))
}

fn roll_itself() -> FieldError {
    FieldError {
        pointer: "/import_id".to_owned(),
        code: "kind_unsuitable",
        detail: Text::fixed(
            "学籍文件没有可比对的依据，只能由学校更正后重新上报",
            "there is nothing to hold a roll against; the school has to correct the rows and send them again",
        ),
    }
}

/// Which proposals to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ProposalQuery {
    /// Only of this import.
    #[serde(default)]
    pub import: Option<String>,
    /// Only in this state.
    #[serde(default)]
    pub state: Option<ProposalState>,
    /// Where the last page ended (`next`).
    #[serde(default)]
    pub after: Option<String>,
    /// Entries per page, 1 to 500; 50 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// 列出更正建议 / The proposals in scope.
///
/// 可按导入批次和状态筛选。身份证号和姓名默认脱敏。By import and state. Ids and names are masked unless the
/// token holds `pii:read`.
#[utoipa::path(tag = "proposals", params(ProposalQuery), responses((status = 200, description = "A page of proposals", body = ProposalPage)))]
#[get("/proposals")]
async fn list_proposals(
    caller: Reader,
    query: Query<ProposalQuery>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Json<ProposalPage>> {
    let q = query.0;
    let page = PageQuery { after: q.after, limit: q.limit };
    let (after, limit) = (page.after()?, page.limit()?);
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    let filter = Filter { import: q.import, state: q.state };
    let page = desk
        .db
        .browse(move |conn| {
            let found = store::list(conn, who.scope(), filter, after, limit.rows())?;
            let (found, next) = page::cut(found, limit, |p| (p.place.clone(), p.proposal_id.clone()))?;
            let items = show(conn, &sealer, found, who.sees_identities(), lang)?;
            Ok(ProposalPage { items, next })
        })
        .await?;
    Ok(Json(page))
}

/// 查看一条更正建议 / One proposal with its evidence.
///
/// 不存在与不在管辖范围内的建议，回答相同（404）。One that is absent and one outside the scope are answered alike.
#[utoipa::path(tag = "proposals", responses((status = 200, description = "The proposal", body = ProposalBody)))]
#[get("/proposals/{proposal_id}")]
async fn find_proposal(
    caller: Reader,
    id: web::Path<String>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Json<ProposalBody>> {
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    let body = desk
        .db
        .read(move |conn| {
            let found = store::find(conn, who.scope(), &id)?;
            show(conn, &sealer, vec![found], who.sees_identities(), lang)?.pop().ok_or_else(Error::not_found)
        })
        .await?;
    Ok(Json(body))
}

/// 采纳更正建议 / Import the row with the proposed id.
///
/// 该行按建议的身份证号照常导入，采纳人即为上报人；再次采纳结果相同。名单已核对或锁定时拒绝（409）。The one row
/// goes through the ordinary import; who accepts counts as its sender. Accepting again changes nothing. A
/// list that is no draft any more takes no rows (409).
#[utoipa::path(tag = "proposals", params(Once), responses((status = 200, description = "The accepted proposal", body = ProposalBody)))]
#[post("/proposals/{proposal_id}/accept")]
async fn accept_proposal(
    caller: Sender,
    once: Once,
    id: web::Path<String>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Answer> {
    act(caller.into_caller(), once, id.into_inner(), Act::Accept, lang, &desk).await
}

/// 驳回更正建议 / Say that this pupil was not meant.
///
/// 驳回后可撤回驳回。Can be taken back by `revert`.
#[utoipa::path(tag = "proposals", params(Once), responses((status = 200, description = "The dismissed proposal", body = ProposalBody)))]
#[post("/proposals/{proposal_id}/dismiss")]
async fn dismiss_proposal(
    caller: Sender,
    once: Once,
    id: web::Path<String>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Answer> {
    act(caller.into_caller(), once, id.into_inner(), Act::Dismiss, lang, &desk).await
}

/// 撤回采纳或驳回 / Take back what was decided.
///
/// 撤回采纳：只移除采纳带来的名单行，或取消其带来的资助记录，且不可再次采纳；名单已不是草稿时拒绝（409）。撤回驳回：建议恢复为
/// 待确认。After an acceptance, exactly the entry it brought leaves the list, or the aid record it brought is
/// cancelled, for good; refused (409) when the list is no draft any more. After a dismissal the proposal is
/// open again.
#[utoipa::path(tag = "proposals", params(Once), responses((status = 200, description = "The proposal as it stands now", body = ProposalBody)))]
#[post("/proposals/{proposal_id}/revert")]
async fn revert_proposal(
    caller: Sender,
    once: Once,
    id: web::Path<String>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Answer> {
    act(caller.into_caller(), once, id.into_inner(), Act::Revert, lang, &desk).await
}

async fn act(
    who: Caller,
    once: Once,
    proposal_id: String,
    act: Act,
    lang: Lang,
    desk: &Desk,
) -> Result<Answer> {
    let (work, claim) = (desk.clone(), once.claim());
    desk.db
        .write_again(move |conn| {
            once::within(conn, &work.sealer, claim.as_ref(), |conn| {
                let now = decide(conn, &work, &who, &proposal_id, act)?;
                let body = show(conn, &work.sealer, vec![now], who.sees_identities(), lang)?.pop();
                Answer::json(200, &body.ok_or_else(Error::not_found)?)
            })
        })
        .await
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(search_proposals)
        .service(list_proposals)
        .service(find_proposal)
        .service(accept_proposal)
        .service(dismiss_proposal)
        .service(revert_proposal);
}
