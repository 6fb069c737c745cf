//! Many records at a time over HTTP: propose for a school, a county or a list; notice, approve and pay by
//! ids or by a filter. Every student and every record is reported, and a second click changes nothing. The
//! work is done in several transactions; under an `Idempotency-Key` the answer is kept when all is done.

use std::collections::HashSet;

use actix_web::{post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::act::{self, Came};
use super::bulk::{
    ApprovalsRequest, BulkBody, BulkItemBody, BulkOutcome, NoticesRequest, PaymentsRequest, ProposalsBody,
    ProposalsRequest, Selection,
};
use super::hand::Hand;
use super::model::{AidRecord, AidState};
use super::money::{self, Payment};
use super::propose::{self, ProposalOutcome};
use super::store;
use super::whom::people_of;
use crate::auth::{Granter, Proposer};
use crate::db::{CHUNK, Conn, Db};
use crate::error::Result;
use crate::http::{Json, Once};
use crate::imports::Desk;
use crate::once::{self, Answer};
use crate::policy::Pack;
use crate::values::{Fen, Lang};

/// 批量申报 / Propose for a whole school, county or list what the policy says each is due.
///
/// 名单内应助尽助：逐人按政策判定，逐人报告（已申报、已有记录、不符合、待定及所缺事实）；重复提交不会重复申报。Each
/// student is decided and reported; one who has a record already keeps it, so that a second call changes
/// nothing. `dry_run` stores nothing.
///
/// 带幂等键的请求全部办完才留存回答；中途中断的，以同一键重发即从中断处办完。Under a key the answer is kept once all
/// is done; a request that broke off is finished by sending it again.
#[utoipa::path(
    tag = "aid",
    request_body = ProposalsRequest,
    params(Once),
    responses((status = 200, description = "Every student with what came of it", body = ProposalsBody))
)]
#[post("/aid-records/proposals")]
async fn propose_many(
    caller: Proposer,
    once: Once,
    body: Json<ProposalsRequest>,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let hand = Hand::now(caller.into_caller(), &desk, pack);
    once::around(&desk.db, &hand.sealer, once.claim(), propose_all(&desk.db, &hand, body.into_inner())).await
}

/// Proposes for everybody meant, set by set, each in its own transaction: other writers get their turn, and
/// what was done stays done.
async fn propose_all(db: &Db, hand: &Hand, request: ProposalsRequest) -> Result<Answer> {
    let (term, dry_run) = (request.term, request.dry_run);
    let programmes = request.programmes.clone().unwrap_or_else(|| propose::paid_in_cash(&hand.pack));
    let whom = request.whom()?;
    let asking = hand.clone();
    let people = db.read(move |conn| people_of(conn, &asking, term, &whom)).await?;
    let mut answer = ProposalsBody {
        term,
        as_of: hand.day_in(term),
        dry_run,
        students: people.len(),
        counts: ProposalOutcome::ALL.iter().map(|o| (o.code(), 0)).collect(),
        proposed_fen: Fen(0),
        items: Vec::with_capacity(people.len()),
    };
    for set in people.chunks(CHUNK) {
        let (hand, set, programmes) = (hand.clone(), set.to_vec(), programmes.clone());
        let work = move |conn: &mut Conn| propose::propose_set(conn, &hand, term, &set, &programmes, dry_run);
        let lines = if dry_run { db.read(work).await? } else { db.write_again(work).await? };
        for line in lines {
            *answer.counts.entry(line.outcome.code()).or_default() += 1;
            if line.outcome == ProposalOutcome::Proposed {
                answer.proposed_fen.0 = answer.proposed_fen.0.saturating_add(line.fen.unwrap_or_default());
            }
            answer.items.push(line.into());
        }
    }
    Answer::json(200, &answer)
}

/// Carries an act out on the records selected, set by set, each in its own transaction.
async fn many(
    db: &Db,
    hand: &Hand,
    lang: Lang,
    (select, state): (Selection, AidState),
    act: impl Fn(&mut Conn, &Hand, Vec<AidRecord>) -> Result<Vec<Came>> + Clone + Send + 'static,
) -> Result<Answer> {
    let mut answer =
        BulkBody { counts: BulkOutcome::ALL.iter().map(|o| (o.code(), 0)).collect(), items: Vec::new() };
    let mut ids = select.ids(db, hand, state).await?;
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    for set in ids.chunks(CHUNK) {
        let (work, act, set) = (hand.clone(), act.clone(), set.to_vec());
        let (asked, came) = db
            .write_again(move |conn| {
                let mut taken = store::take(conn, work.who.scope(), &set)?;
                let records: Vec<AidRecord> = set.iter().filter_map(|id| taken.remove(id)).collect();
                Ok((set.clone(), act(conn, &work, records)?))
            })
            .await?;
        let mut came = came.into_iter().peekable();
        for id in asked {
            let of_it = came.next_if(|c| c.record().record_id == id);
            let item = BulkItemBody::of(id, of_it, lang);
            *answer.counts.entry(item.outcome.code()).or_default() += 1;
            answer.items.push(item);
        }
    }
    Answer::json(200, &answer)
}

/// 批量公示 / Put many records on public notice: one list for each school, programme and term.
///
/// 逐条报告；已公示的不变。Each is reported; one that is on a notice stays on it.
///
/// 带幂等键的请求全部办完才留存回答；中途中断的，以同一键重发即从中断处办完。Under a key the answer is kept once all
/// is done; a request that broke off is finished by sending it again.
#[utoipa::path(
    tag = "aid",
    request_body = NoticesRequest,
    params(Once),
    responses((status = 200, description = "Every record with what came of it", body = BulkBody))
)]
#[post("/aid-records/notices")]
async fn notice_many(
    caller: Proposer,
    once: Once,
    body: Json<NoticesRequest>,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let hand = Hand::now(caller.into_caller(), &desk, pack);
    let starts_on = body.0.starts_on.unwrap_or(hand.today);
    let select = (body.0.select, AidState::Proposed);
    let work = many(&desk.db, &hand, lang, select, move |conn, hand, records| {
        act::notice(conn, hand, records, starts_on)
    });
    once::around(&desk.db, &hand.sealer, once.claim(), work).await
}

/// 批量批准 / Approve many records whose notices are over.
///
/// 逐条报告；本人申报的、公示未满的、已离校的不予批准。Each is reported; those the caller proposed, those whose
/// notice is not over and those of students who have left are refused, and the others approved.
///
/// 带幂等键的请求全部办完才留存回答；中途中断的，以同一键重发即从中断处办完。Under a key the answer is kept once all
/// is done; a request that broke off is finished by sending it again.
#[utoipa::path(
    tag = "aid",
    request_body = ApprovalsRequest,
    params(Once),
    responses((status = 200, description = "Every record with what came of it", body = BulkBody))
)]
#[post("/aid-records/approvals")]
async fn approve_many(
    caller: Granter,
    once: Once,
    body: Json<ApprovalsRequest>,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let hand = Hand::now(caller.into_caller(), &desk, pack);
    let work = many(&desk.db, &hand, lang, (body.0.select, AidState::Noticed), act::approve);
    once::around(&desk.db, &hand.sealer, once.claim(), work).await
}

/// 批量发放 / Record that many approved records were paid in full on one day.
///
/// 每条发放全部未发金额；逐条报告；已发放的不变。Each is paid what is open; one that is paid stays as it is.
///
/// 带幂等键的请求全部办完才留存回答；中途中断的，以同一键重发即从中断处办完。Under a key the answer is kept once all
/// is done; a request that broke off is finished by sending it again.
#[utoipa::path(
    tag = "aid",
    request_body = PaymentsRequest,
    params(Once),
    responses((status = 200, description = "Every record with what came of it", body = BulkBody))
)]
#[post("/aid-records/payments")]
async fn pay_many(
    caller: Granter,
    once: Once,
    body: Json<PaymentsRequest>,
    lang: Lang,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let hand = Hand::now(caller.into_caller(), &desk, pack);
    let PaymentsRequest { select, paid_on, source } = body.into_inner();
    let payment = Payment { fen: None, paid_on, account_id: None, source, reason: None };
    let work = many(&desk.db, &hand, lang, (select, AidState::Approved), move |conn, hand, records| {
        money::pay(conn, hand, records, |_| payment.clone())
    });
    once::around(&desk.db, &hand.sealer, once.claim(), work).await
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(propose_many).service(notice_many).service(approve_many).service(pay_many);
}
