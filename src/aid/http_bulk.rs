//! Many records at a time over HTTP: propose for a school, a county or a list; notice, approve and pay by
//! ids or by a filter. Every student and every record is reported, and a second click changes nothing. At once
//! or as a job the work is done set by set, each in its own transaction; under an `Idempotency-Key` the answer is
//! kept when all is done.

use actix_web::{HttpResponse, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::bulk::{
    ApprovalsRequest, BulkBody, NoticesRequest, PaymentsRequest, ProposalsBody, ProposalsRequest,
};
use super::hand::Hand;
use super::job::KeptMany;
use super::many::{self, ManyOrder};
use super::report::{self, ReportBody};
use crate::auth::{Granter, Proposer};
use crate::db::{CHUNK, Db};
use crate::error::{Error, Result};
use crate::http::{Json, Once};
use crate::imports::Desk;
use crate::imports::http::Manner;
use crate::jobs::body::JobBody;
use crate::once::{self, Answer};
use crate::policy::Pack;
use crate::values::Lang;

/// 批量申报 / Propose for a whole school, county or list what the policy says each is due.
///
/// 名单内应助尽助：逐人按政策判定，逐人报告（已申报、已有记录、不符合、待定及所缺事实）；重复提交不会重复申报。Each
/// student is decided and reported; one who has a record already keeps it, so that a second call changes
/// nothing. `dry_run` stores nothing.
///
/// 数量大时请用 `Prefer: respond-async`：作为后台任务逐批办理，节点中断由其他节点接着办，结果见
/// `/v1/aid-reports/{report_id}`；取消后已办的保留，未办的见 `remaining`。As a job it goes set by set; another node goes
/// on where one died, and after a cancellation the report says what was done and how many remain.
///
/// 带幂等键的请求全部办完才留存回答；中途中断的，以同一键重发即从中断处办完。Under a key the answer is kept once all
/// is done; a request that broke off is finished by sending it again.
#[utoipa::path(
    tag = "aid",
    request_body = ProposalsRequest,
    params(Once),
    responses(
        (status = 200, description = "Every student with what came of it", body = ProposalsBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/aid-records/proposals")]
async fn propose_many(
    caller: Proposer,
    manner: Manner,
    body: Json<ProposalsRequest>,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let hand = Hand::now(caller.into_caller(), &desk, pack);
    carry_out(&desk, hand, manner, lang, ManyOrder::Proposals(body.into_inner())).await
}

/// Does what is asked now, or hands it in as a job. What names nobody clearly is refused before either.
async fn carry_out(desk: &Desk, hand: Hand, manner: Manner, lang: Lang, order: ManyOrder) -> Result<Answer> {
    order.check()?;
    if manner.prefer.later && !order.is_rehearsal() {
        let own = hand.who.scope().place().cloned().ok_or_else(Error::not_found)?;
        let kept = KeptMany { order, own, today: hand.today, english: lang == Lang::En };
        return manner.node.accept(manner.once.claim(), kept.job(&hand)?, None, lang).await;
    }
    let claim = manner.once.claim();
    let work = async {
        match order {
            ManyOrder::Proposals(request) => propose_all(&desk.db, &hand, request).await,
            order => act_on_all(&desk.db, &hand, lang, order).await,
        }
    };
    once::around(&desk.db, &hand.sealer, claim, work).await
}

/// Proposes for everybody meant, set by set, each in its own transaction: other writers get their turn, and
/// what was done stays done.
async fn propose_all(db: &Db, hand: &Hand, request: ProposalsRequest) -> Result<Answer> {
    let asking = hand.clone();
    let (people, plan) = db.read(move |conn| many::proposals(conn, &asking, request)).await?;
    let mut answer = ProposalsBody::begin(hand, plan.term, plan.dry_run, people.len());
    for set in people.chunks(CHUNK) {
        let (plan, hand, set) = (plan.clone(), hand.clone(), set.to_vec());
        let dry_run = plan.dry_run;
        let work = move |conn: &mut _| plan.carry_out(conn, &hand, &set);
        answer.add(if dry_run { db.read(work).await? } else { db.write_again(work).await? });
    }
    Answer::json(200, &answer)
}

/// Carries an act out on the records selected, set by set, each in its own transaction.
async fn act_on_all(db: &Db, hand: &Hand, lang: Lang, order: ManyOrder) -> Result<Answer> {
    let (select, act) = order.act(hand.today)?;
    let (asking, after) = (hand.clone(), act.after());
    let ids = db.read(move |conn| select.ids(conn, &asking, after)).await?;
    let mut answer = BulkBody::begin();
    for set in ids.chunks(CHUNK) {
        let (act, hand, asked) = (act.clone(), hand.clone(), set.to_vec());
        let came = db.write_again(move |conn| act.carry_out(conn, &hand, &asked)).await?;
        answer.add(set.to_vec(), came, lang);
    }
    Answer::json(200, &answer)
}

/// 批量公示 / Put many records on public notice: one list for each school, programme and term.
///
/// 逐条报告；已公示的不变。Each is reported; one that is on a notice stays on it.
///
/// 数量大时请用 `Prefer: respond-async`：作为后台任务逐批办理，节点中断由其他节点接着办，结果见
/// `/v1/aid-reports/{report_id}`；取消后已办的保留，未办的见 `remaining`。As a job it goes set by set; another node goes
/// on where one died, and after a cancellation the report says what was done and how many remain.
///
/// 带幂等键的请求全部办完才留存回答；中途中断的，以同一键重发即从中断处办完。Under a key the answer is kept once all
/// is done; a request that broke off is finished by sending it again.
#[utoipa::path(
    tag = "aid",
    request_body = NoticesRequest,
    params(Once),
    responses(
        (status = 200, description = "Every record with what came of it", body = BulkBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/aid-records/notices")]
async fn notice_many(
    caller: Proposer,
    manner: Manner,
    body: Json<NoticesRequest>,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let hand = Hand::now(caller.into_caller(), &desk, pack);
    carry_out(&desk, hand, manner, lang, ManyOrder::Notices(body.into_inner())).await
}

/// 批量批准 / Approve many records whose notices are over.
///
/// 逐条报告；本人申报的、公示未满的、已离校的不予批准。Each is reported; those the caller proposed, those whose
/// notice is not over and those of students who have left are refused, and the others approved.
///
/// 数量大时请用 `Prefer: respond-async`：作为后台任务逐批办理，节点中断由其他节点接着办，结果见
/// `/v1/aid-reports/{report_id}`；取消后已办的保留，未办的见 `remaining`。As a job it goes set by set; another node goes
/// on where one died, and after a cancellation the report says what was done and how many remain.
///
/// 带幂等键的请求全部办完才留存回答；中途中断的，以同一键重发即从中断处办完。Under a key the answer is kept once all
/// is done; a request that broke off is finished by sending it again.
#[utoipa::path(
    tag = "aid",
    request_body = ApprovalsRequest,
    params(Once),
    responses(
        (status = 200, description = "Every record with what came of it", body = BulkBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/aid-records/approvals")]
async fn approve_many(
    caller: Granter,
    manner: Manner,
    body: Json<ApprovalsRequest>,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let hand = Hand::now(caller.into_caller(), &desk, pack);
    carry_out(&desk, hand, manner, lang, ManyOrder::Approvals(body.into_inner())).await
}

/// 批量发放 / Record that many approved records were paid in full on one day.
///
/// 每条发放全部未发金额；逐条报告；已发放的不变。Each is paid what is open; one that is paid stays as it is.
///
/// 数量大时请用 `Prefer: respond-async`：作为后台任务逐批办理，节点中断由其他节点接着办，结果见
/// `/v1/aid-reports/{report_id}`；取消后已办的保留，未办的见 `remaining`。As a job it goes set by set; another node goes
/// on where one died, and after a cancellation the report says what was done and how many remain.
///
/// 带幂等键的请求全部办完才留存回答；中途中断的，以同一键重发即从中断处办完。Under a key the answer is kept once all
/// is done; a request that broke off is finished by sending it again.
#[utoipa::path(
    tag = "aid",
    request_body = PaymentsRequest,
    params(Once),
    responses(
        (status = 200, description = "Every record with what came of it", body = BulkBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/aid-records/payments")]
async fn pay_many(
    caller: Granter,
    manner: Manner,
    body: Json<PaymentsRequest>,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let hand = Hand::now(caller.into_caller(), &desk, pack);
    carry_out(&desk, hand, manner, lang, ManyOrder::Payments(body.into_inner())).await
}

/// 查看批量办理结果 / What came of an order on many records that was carried out as a job.
///
/// 与当时直接办理的回答相同，逐条列出。The same body as an answer at once, line by line.
#[utoipa::path(
    tag = "aid",
    responses((status = 200, description = "Every student or record with what came of it", body = ReportBody))
)]
#[get("/aid-reports/{report_id}")]
async fn find_aid_report(
    caller: Proposer,
    id: web::Path<String>,
    desk: web::Data<Desk>,
) -> Result<HttpResponse> {
    let who = caller.into_caller();
    let body = desk.db.read(move |conn| report::find(conn, who.scope(), &id)).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(propose_many)
        .service(notice_many)
        .service(approve_many)
        .service(pay_many)
        .service(find_aid_report);
}
