//! Cross-checks over HTTP: the runs. Their findings are in `finding_http` and its neighbours.

use actix_web::{get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::{CrossCheckBody, CrossCheckPage, CrossCheckRequest};
use super::job::{self, Kept};
use super::run::{self, Means, Order};
use super::sighting_store;
use super::store::{self, CheckRow};
use super::watch::unwatched;
use super::{correction_http, decision_http, diff_http, finding_http};
use crate::auth::{BureauOfficer, Caller, Scope, Supervisor};
use crate::db::Conn;
use crate::error::{Error, FieldError, Result};
use crate::http::{Json, Once, Query};
use crate::imports::Desk;
use crate::imports::http::Manner;
use crate::jobs::NewJob;
use crate::jobs::body::JobBody;
use crate::once::{self, Answer};
use crate::page::{self, PageQuery};
use crate::policy::Pack;
use crate::values::{Lang, Place, Text, clock};

/// 运行一次比对 / Hold a locked list, the roll and the aid records of a term against each other.
///
/// The same inputs give the same run (200 instead of 201). What a person said of a finding stands until its
/// facts change; what the run no longer sees is closed, and what comes back is open again.
#[utoipa::path(
    tag = "cross-checks",
    request_body = CrossCheckRequest,
    params(Once),
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
                    pay_by: request.pay_by,
                    by: who.actor(),
                    at: clock::now(),
                    today: clock::today(),
                };
                let means = Means { pack: &pack, sealer: &sealer };
                let (check, repeated) = run::run(conn, who.scope(), means, &order, &mut unwatched)?;
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
        pay_by: request.pay_by,
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
    let counts = sighting_store::counts(conn, scope, &check.check_id)?;
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
        .browse(move |conn| {
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

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(run_cross_check).service(list_cross_checks).service(find_cross_check);
    finding_http::configure(cfg);
    decision_http::configure(cfg);
    diff_http::configure(cfg);
    correction_http::configure(cfg);
}
