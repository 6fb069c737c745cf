//! One finding over HTTP: what is known of it, what the bureau says of it, what its school answers.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::decision::{FindingAnswer, FindingDecision, Said};
use super::export::shown;
use super::finding_body::{EventBody, FindingBody, FindingHistoryBody, HolderBody};
use super::finding_store::{self as store, FindingRow};
use crate::auth::{BureauOfficer, Caller, FindingReader, OwnSchool};
use crate::error::{Code, Error, Result};
use crate::http::{Json, Once, if_match};
use crate::imports::Desk;
use crate::once::{self, Answer};
use crate::roll::masking::People;
use crate::values::{Lang, clock};

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
/// is kept in the history. A state settles the school's answer: `explained` without a remark takes the
/// answer's words, `open` sends it back.
#[utoipa::path(
    tag = "cross-checks",
    request_body = FindingDecision,
    params(Once),
    responses((status = 200, description = "The finding", body = FindingBody))
)]
#[patch("/findings/{finding_id}")]
async fn decide_finding(
    caller: BureauOfficer,
    once: Once,
    request: HttpRequest,
    id: web::Path<String>,
    body: Json<FindingDecision>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Answer> {
    let decision = body.into_inner();
    decision.check()?;
    let say = move |row: &FindingRow, by: &str| decision.applied(row, by, clock::now());
    record(caller.into_caller(), &once, &request, id.into_inner(), lang, &desk, say).await
}

/// 学校答复疑点 / A school's answer about a finding on one of its own students.
///
/// 学校说明情况、注明证明材料存放处，由局里核实后确认（已说明）或退回（待处理）；答复不改变疑点状态。The school says how
/// it is and where the proof lies; the bureau then confirms or sends it back. An answer changes no state and
/// replaces the school's former one; every answer stays in the history. Only while the finding is open (409).
#[utoipa::path(
    tag = "cross-checks",
    request_body = FindingAnswer,
    params(Once),
    responses((status = 200, description = "The finding with the answer", body = FindingBody))
)]
#[post("/findings/{finding_id}/answer")]
async fn answer_finding(
    caller: OwnSchool,
    once: Once,
    request: HttpRequest,
    id: web::Path<String>,
    body: Json<FindingAnswer>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Answer> {
    let answer = body.into_inner();
    answer.check()?;
    let say = move |row: &FindingRow, by: &str| answer.applied(row, by, clock::now());
    record(caller.into_caller(), &once, &request, id.into_inner(), lang, &desk, say).await
}

/// Records what somebody says of a finding in scope, upon the version named if one is: the finding as it
/// stands then.
async fn record(
    who: Caller,
    once: &Once,
    request: &HttpRequest,
    id: String,
    lang: Lang,
    desk: &Desk,
    say: impl Fn(&FindingRow, &str) -> Result<Said> + Send + 'static,
) -> Result<Answer> {
    let expected =
        request.headers().get(header::IF_MATCH).and_then(|v| v.to_str().ok()).map(ToOwned::to_owned);
    let (sealer, claim) = (desk.sealer.clone(), once.claim());
    desk.db
        .write_again(move |conn| {
            once::within(conn, &sealer, claim.as_ref(), |conn| {
                let (_, row) = store::find(conn, who.scope(), &id)?;
                if expected.as_ref().is_some_and(|tags| !if_match::names(tags, row.version)) {
                    return Err(Error::of(Code::PreconditionFailed));
                }
                let (next, events) = say(&row, &who.actor())?;
                store::decide(conn, &next, &events)?;
                let found = store::find(conn, who.scope(), &id)?;
                let shown = shown(conn, &sealer, std::slice::from_ref(&found), who.sees_identities())?;
                let body = FindingBody::of(found, &shown, lang)?;
                Ok(Answer::json(200, &body)?.tagged(tag(body.version)))
            })
        })
        .await
}

fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// Registers the operations.
pub(super) fn configure(cfg: &mut ServiceConfig) {
    cfg.service(find_finding).service(decide_finding).service(answer_finding);
}
