//! One record at a time over HTTP: propose, notice, approve, pay, acknowledge, return, cancel, correct.
//!
//! Each act on a record asks for the version it was decided upon (`If-Match`): without it 428, with an old
//! one 412, so that a second click and a slower colleague change nothing. Under an `Idempotency-Key` the same
//! request again is answered as the first was.

use actix_web::http::StatusCode;
use actix_web::{post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::act;
use super::body::AidDetailBody;
use super::correct::{Correction, correct};
use super::grant::Asked;
use super::hand::Hand;
use super::money::{self, Back, Payment};
use super::one::{One, SentWith};
use super::propose::{self, Proposal};
use super::request::{
    AcknowledgeRequest, CancelRequest, CorrectRequest, NoticeRequest, PayRequest, ProposeRequest,
    ReturnRequest, amount, needed, reason,
};
use crate::auth::{Granter, Proposer};
use crate::error::{Error, Result};
use crate::http::{Json, Once};
use crate::imports::Desk;
use crate::once::{self, Answer};
use crate::policy::Pack;
use crate::values::BankCard;

/// 申报资助 / Propose one programme for one student.
///
/// 金额按当日政策核定：与政策不符须写明理由，不符合条件的拒绝并列出原因。The amount is held against the policy's
/// decision of the day: a deviation needs a reason, a student who is not due it is refused with what is
/// not met. A second proposal of the same answers with the record that is there (200).
#[utoipa::path(
    tag = "aid",
    request_body = ProposeRequest,
    params(Once),
    responses(
        (status = 201, description = "Proposed", body = AidDetailBody),
        (status = 200, description = "This record was there already", body = AidDetailBody)
    )
)]
#[post("/aid-records")]
async fn propose_aid(
    caller: Proposer,
    once: Once,
    body: Json<ProposeRequest>,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
) -> Result<Answer> {
    let body = body.into_inner();
    let fen = amount(body.fen, "/fen")?;
    let why = reason(body.reason, "/reason")?;
    let hand = Hand::now(caller.into_caller(), &desk, pack);
    let claim = once.claim();
    desk.db
        .write_again(move |conn| {
            once::within(conn, &hand.sealer, claim.as_ref(), |conn| {
                let asked = Asked { fen, tier: body.tier, reason: why.as_deref() };
                let wanted =
                    Proposal { person: &body.student_id, programme: body.programme, term: body.term, asked };
                let (record, fresh) = propose::propose(conn, &hand, &wanted)?;
                let (location, etag) =
                    (format!("/v1/aid-records/{}", record.record_id), format!("\"{}\"", record.version));
                let answer =
                    Answer::json(if fresh { 201 } else { 200 }, &AidDetailBody::read(conn, record)?)?;
                Ok(answer.at(location).tagged(etag))
            })
        })
        .await
}

/// 公示 / Put a proposed record on public notice.
///
/// 公示期自张贴次日起算：一般不少于 5 个工作日，雨露计划 10 天。At least five working days, ten days for yulu, the
/// first day not counted; past the end of the working-day calendar the notice is refused, never guessed.
#[utoipa::path(
    tag = "aid",
    request_body = NoticeRequest,
    params(SentWith),
    responses((status = 200, description = "The record", body = AidDetailBody))
)]
#[post("/aid-records/{record_id}/notice")]
async fn notice_aid(on: One<Proposer>, body: Json<NoticeRequest>) -> Result<Answer> {
    let starts_on = body.0.starts_on;
    on.act_alone(move |conn, hand, one| act::notice(conn, hand, one, starts_on.unwrap_or(hand.today))).await
}

/// 批准 / Approve a record whose notice is over.
///
/// 申报人不能批准（403 same_person）；公示期满次日起才能批准；已离校的学生不予批准。Not by who proposed it, not before
/// the notice is over, and not for a student who has left.
#[utoipa::path(
    tag = "aid",
    params(SentWith),
    responses((status = 200, description = "The record", body = AidDetailBody))
)]
#[post("/aid-records/{record_id}/approve")]
async fn approve_aid(on: One<Granter>) -> Result<Answer> {
    on.act_alone(act::approve).await
}

/// 发放 / Pay an approved record, in full or in part.
///
/// 超过核定金额的拒绝；离校后发放须写明理由。Never beyond what was granted; after the student has left only
/// with a reason.
#[utoipa::path(
    tag = "aid",
    request_body = PayRequest,
    params(SentWith),
    responses((status = 200, description = "The record", body = AidDetailBody))
)]
#[post("/aid-records/{record_id}/pay")]
async fn pay_aid(on: One<Granter>, body: Json<PayRequest>) -> Result<Answer> {
    let body = body.into_inner();
    let fen = amount(body.fen, "/fen")?;
    let why = reason(body.reason, "/reason")?;
    let card = body.account.map(|text| BankCard::parse(&text)).transpose();
    let card = card.map_err(|e| Error::invalid_field("/account", e))?.map(|c| c.value);
    on.act_alone(move |conn, hand, one| {
        let account_id = match &card {
            Some(card) => money::card(conn, hand, card.as_str())?,
            None => None,
        };
        let payment =
            Payment { fen, paid_on: body.paid_on, account_id, source: body.source, reason: why.clone() };
        money::pay(conn, hand, one, |_| payment.clone())
    })
    .await
}

/// 签收 / Record that student or parent signed for the money.
///
/// 发放之后才能签收。Only after it was paid in full.
#[utoipa::path(
    tag = "aid",
    request_body = AcknowledgeRequest,
    params(SentWith),
    responses((status = 200, description = "The record", body = AidDetailBody))
)]
#[post("/aid-records/{record_id}/acknowledge")]
async fn acknowledge_aid(on: One<Proposer>, body: Json<AcknowledgeRequest>) -> Result<Answer> {
    let day = body.0.on;
    on.act_alone(move |conn, hand, one| money::acknowledge(conn, hand, one, day.unwrap_or(hand.today))).await
}

/// 退回 / Record that money came back, in full or in part.
///
/// 发错的款项追回，或银行退票待重发；逐笔冲减最近的发放。Wrongly paid and taken back, or sent back by the bank to
/// be paid again; taken from the latest payments first. The lines of the payments stay as they are.
#[utoipa::path(
    tag = "aid",
    request_body = ReturnRequest,
    params(SentWith),
    responses((status = 200, description = "The record", body = AidDetailBody))
)]
#[post("/aid-records/{record_id}/return")]
async fn return_aid(on: One<Granter>, body: Json<ReturnRequest>) -> Result<Answer> {
    let body = body.into_inner();
    let fen = amount(body.fen, "/fen")?;
    let why = needed(body.reason, "/reason")?;
    on.act_alone(move |conn, hand, one| {
        let back = Back { fen, on: body.on, reason: &why, again: body.again };
        money::give_back(conn, hand, one, &back)
    })
    .await
}

/// 取消 / Cancel a record before money has gone out, or strike out a sheet's row.
///
/// 批准以后只能由资助管理部门取消；已发放的须先退回。发放表登记有误的行也用本操作注销。From approval on only the bureau
/// may, and never with money out. A row that a payment sheet stated by mistake is struck out the same way.
#[utoipa::path(
    tag = "aid",
    request_body = CancelRequest,
    params(SentWith),
    responses((status = 200, description = "The record", body = AidDetailBody))
)]
#[post("/aid-records/{record_id}/cancel")]
async fn cancel_aid(on: One<Proposer>, body: Json<CancelRequest>) -> Result<Answer> {
    let why = needed(body.into_inner().reason, "/reason")?;
    on.act_alone(move |conn, hand, one| act::cancel(conn, hand, one, &why)).await
}

/// 更正 / Correct a record by another that refers to the first.
///
/// 未发放的，新记录取代原记录；已发放的，原记录不变，新记录为补发差额。新记录重新公示、批准。Before money has gone out
/// the new record takes the place of the first; afterwards the first stands and the new one is for the
/// difference. The new record goes through notice and approval; it is the answer (201).
#[utoipa::path(
    tag = "aid",
    request_body = CorrectRequest,
    params(SentWith),
    responses((status = 201, description = "The record that corrects it", body = AidDetailBody))
)]
#[post("/aid-records/{record_id}/correct")]
async fn correct_aid(on: One<Proposer>, body: Json<CorrectRequest>) -> Result<Answer> {
    let body = body.into_inner();
    let fen = amount(body.fen, "/fen")?;
    let (why, grounds) = (needed(body.why, "/why")?, reason(body.reason, "/reason")?);
    on.act(StatusCode::CREATED, move |conn, hand, record| {
        let asked = Asked { fen, tier: body.tier, reason: grounds.as_deref() };
        correct(conn, hand, record, &Correction { asked, why: &why })
    })
    .await
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(propose_aid)
        .service(notice_aid)
        .service(approve_aid)
        .service(pay_aid)
        .service(acknowledge_aid)
        .service(return_aid)
        .service(cancel_aid)
        .service(correct_aid);
}
