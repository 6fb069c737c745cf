//! What the acts on one record are asked with, and how amounts and reasons are read.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::FundSource;
use crate::error::{Error, FieldError, Result};
use crate::values::{Fen, Programme, Term, Text, Tier};

/// 申报 / One student's aid proposed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeRequest {
    /// The student, by `student_id`.
    pub student_id: String,
    /// Programme.
    pub programme: Programme,
    /// Term.
    #[schema(value_type = String, example = "2025A")]
    pub term: Term,
    /// 金额（分） / For the term, in fen; what the policy says when absent.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, example = 150_000)]
    pub fen: Option<Fen>,
    /// 档次 / What the policy says when absent.
    #[serde(default)]
    pub tier: Option<Tier>,
    /// 理由 / Needed where amount or tier are not the policy's, or where eligibility is undetermined.
    #[serde(default)]
    pub reason: Option<String>,
}

/// When a list was put up.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeRequest {
    /// 张贴日期 / The day it was put up; today when absent. It does not count.
    #[serde(default)]
    pub starts_on: Option<NaiveDate>,
}

/// 发放 / A payment of an approved record, in full or in part.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayRequest {
    /// 发放日期 / Day of payment.
    pub paid_on: NaiveDate,
    /// 金额（分） / In fen; all that is open when absent.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, example = 62_500)]
    pub fen: Option<Fen>,
    /// 银行卡号 / The card it went to; kept sealed and never answered.
    #[serde(default)]
    pub account: Option<String>,
    /// 资金来源 / Whose funds.
    #[serde(default)]
    pub source: Option<FundSource>,
    /// 理由 / Needed where the student had left by the day of payment.
    #[serde(default)]
    pub reason: Option<String>,
}

/// 签收 / When the money was signed for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeRequest {
    /// 签收日期 / Today when absent.
    #[serde(default)]
    pub on: Option<NaiveDate>,
}

/// 退回 / Money that came back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnRequest {
    /// 金额（分） / In fen; all the student has of it when absent.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, example = 31_250)]
    pub fen: Option<Fen>,
    /// 退回日期 / The day it came back.
    pub on: NaiveDate,
    /// 原因 / Why.
    pub reason: String,
    /// 退票待重发 / Sent back by the bank, to be paid again; otherwise taken back for good.
    #[serde(default)]
    pub again: bool,
}

/// 取消 / Why a record is cancelled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelRequest {
    /// 原因 / Why.
    pub reason: String,
}

/// 更正 / What a record should have been.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectRequest {
    /// 更正原因 / Why the first record was wrong.
    pub why: String,
    /// 更正后总额（分） / What the student should have in all for the term, in fen; what the policy says when absent.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, example = 150_000)]
    pub fen: Option<Fen>,
    /// 档次 / What the policy says when absent.
    #[serde(default)]
    pub tier: Option<Tier>,
    /// 偏离政策的理由 / Needed where amount or tier are not the policy's.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A reason as a person writes one: trimmed, not blank, not endless. It must name nobody: it is shown to
/// everyone who may see the record.
pub(super) fn reason(text: Option<String>, pointer: &str) -> Result<Option<String>> {
    /// Longer is a document, not a reason.
    const MOST: usize = 500;
    let Some(text) = text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()) else { return Ok(None) };
    if text.chars().count() > MOST {
        return Err(Error::invalid(vec![FieldError {
            pointer: pointer.to_owned(),
            code: "too_long",
            detail: Text::fixed("理由不超过 500 字", "a reason has at most 500 characters"),
        }]));
    }
    Ok(Some(text))
}

/// A reason that must be given.
pub(super) fn needed(text: String, pointer: &str) -> Result<String> {
    reason(Some(text), pointer)?.ok_or_else(|| {
        Error::invalid(vec![FieldError {
            pointer: pointer.to_owned(),
            code: "missing",
            detail: Text::fixed("请写明理由", "give the reason"),
        }])
    })
}

/// An amount as a caller may give one.
pub(super) fn amount(fen: Option<Fen>, pointer: &str) -> Result<Option<i64>> {
    /// Ten million yuan: beyond any aid, and far from where sums overflow.
    const MOST_FEN: i64 = 1_000_000_000;
    match fen {
        Some(Fen(fen)) if !(0..=MOST_FEN).contains(&fen) => Err(Error::invalid(vec![FieldError {
            pointer: pointer.to_owned(),
            code: "out_of_range",
            detail: Text::fixed(
                "金额应为不小于零的分数，且合乎常理",
                "an amount is in fen, not negative and plausible",
            ),
        }])),
        fen => Ok(fen.map(|f| f.0)),
    }
}
