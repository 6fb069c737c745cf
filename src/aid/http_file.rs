//! Sheets as orders over HTTP: put on notice, approve and pay what a sheet names, row by row. At once or, for
//! whoever would rather not wait, as a job.

use actix_web::{post, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::act_file::{ActImporter, FileAct};
use super::hand::Hand;
use super::job::{BySheet, KeptSheet};
use super::pay_file::PayImporter;
use crate::auth::{Caller, Granter, Proposer};
use crate::error::Result;
use crate::http::upload::{Upload, UploadForm};
use crate::http::{Once, Query};
use crate::imports::http::{ImportQuery, Manner};
use crate::imports::{Desk, ImportBody, Importer};
use crate::jobs::body::JobBody;
use crate::once::Answer;
use crate::policy::Pack;
use crate::values::{Lang, Place, Term, clock};

/// What is said of a sheet of students to put on notice.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct NoticeSheetQuery {
    /// 学期 / The term the file speaks of.
    #[param(value_type = Option<String>, example = "2025A")]
    #[serde(default)]
    pub term: Option<Term>,
    /// 行政区划 / The place the file speaks of; the caller's own when absent.
    #[param(value_type = Option<String>, example = "341024")]
    #[serde(default)]
    pub place: Option<Place>,
    /// 张贴日期 / The day the lists were put up, of rows whose 公示日期 does not say; today when absent.
    #[serde(default)]
    pub starts_on: Option<NaiveDate>,
    /// 列对应 / Which column is which, as for imports.
    #[serde(default)]
    pub mapping: Option<String>,
    /// 工作表 / The only sheets to read, as for imports.
    #[serde(default)]
    pub sheets: Option<String>,
    /// 试办 / `true`: say what would come of each row, and change nothing.
    #[serde(default)]
    pub dry_run: Option<bool>,
}

impl NoticeSheetQuery {
    fn import(self) -> ImportQuery {
        let Self { term, place, mapping, sheets, dry_run, .. } = self;
        ImportQuery { term, place, list: None, mapping, sheets, dry_run }
    }
}

/// A sheet that has come in, and with what it is carried out.
type Sent = (Manner, Upload, Lang, web::Data<Desk>, web::Data<Pack>);

/// Does what a sheet orders now, or hands it in as a job. What a row comes to depends on what has been done
/// meanwhile, so every sending is a batch of its own; what was done already is found done.
async fn carry_out<I: Importer + Clone + Send + 'static>(
    (manner, upload, lang, desk, pack): Sent,
    caller: Caller,
    query: &ImportQuery,
    (act, starts_on): (BySheet, Option<NaiveDate>),
    importer: impl FnOnce(Hand) -> I,
) -> Result<Answer> {
    let mut order = query.order(&caller, &upload)?;
    order.digest = format!("{}:{}", order.digest, clock::new_id());
    let hand = Hand::now(caller, &desk, pack);
    if manner.prefer.later && !order.rehearsal {
        let kept = KeptSheet { order, today: hand.today, starts_on };
        return manner.node.accept(manner.once.claim(), kept.job(act)?, Some(upload), lang).await;
    }
    desk.receive(manner.at_once(), upload, order, importer(hand), lang).await
}

/// 按名单公示 / Put on public notice what a sheet of students names.
///
/// 每行一名学生一个项目，逐行报告：已公示（new）、此前已公示（unchanged）、其余写明原因（bad）。可整份重发；各行可有各自
/// 的公示日期。One row for each student and programme; every row is reported, and the same file can be sent again
/// whole. Rows may say each its own day (公示日期).
#[utoipa::path(
    tag = "aid",
    params(NoticeSheetQuery, Once),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Every row with what came of it", body = ImportBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/aid-records/notices/imports")]
async fn notice_by_file(caller: Proposer, query: Query<NoticeSheetQuery>, sent: Sent) -> Result<Answer> {
    let starts_on = query.0.starts_on;
    let importer = move |hand: Hand| {
        let day = starts_on.unwrap_or(hand.today);
        ActImporter::new(hand, FileAct::Notice(day))
    };
    carry_out(sent, caller.into_caller(), &query.0.import(), (BySheet::Notice, starts_on), importer).await
}

/// 按名单批准 / Approve what a sheet of students names.
///
/// 逐行报告；本人申报的、公示未满的、已离校的不予批准并写明原因。Every row is reported; those the caller proposed, those
/// whose notice is not over and those of students who have left are refused with the reason.
#[utoipa::path(
    tag = "aid",
    params(ImportQuery, Once),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Every row with what came of it", body = ImportBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/aid-records/approvals/imports")]
async fn approve_by_file(caller: Granter, query: Query<ImportQuery>, sent: Sent) -> Result<Answer> {
    let importer = |hand| ActImporter::new(hand, FileAct::Approve);
    carry_out(sent, caller.into_caller(), &query.0, (BySheet::Approve, None), importer).await
}

/// 按发放表发放 / Pay approved records by a payment sheet.
///
/// 逐行匹配已批准的记录并发放：已发放（new）、此前已发放（unchanged）、金额不符、未批准、无记录等逐行报告（bad）。重复
/// 提交同一文件不会重复发放，更正后可整份重发。Each row pays the approved record of its student, programme and term.
/// A row already paid is unchanged, any other is reported, so the same file can be sent again whole.
#[utoipa::path(
    tag = "aid",
    params(ImportQuery, Once),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Every row with what came of it", body = ImportBody),
        (status = 202, description = "Taken in as a job (`Prefer: respond-async`)", body = JobBody)
    )
)]
#[post("/aid-records/payments/imports")]
async fn pay_by_file(caller: Granter, query: Query<ImportQuery>, sent: Sent) -> Result<Answer> {
    carry_out(sent, caller.into_caller(), &query.0, (BySheet::Pay, None), PayImporter::new).await
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(notice_by_file).service(approve_by_file).service(pay_by_file);
}
