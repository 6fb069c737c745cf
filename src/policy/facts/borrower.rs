//! What is known of a student, or a former one, as a borrower of a national student loan.
//!
//! Task 6 of the plan names the cases in which a loan is repaid on the borrower's behalf or its
//! repayment relieved; each of them is one fact here. Sums owed are the bank's business, not ours.

use serde::{Deserialize, Serialize};

use super::read;
use crate::values::closed_list::closed_list;

closed_list! {
    /// Whether the borrower lives (借款人状况).
    pub enum Fate {
        Living = "living", "在世", "living";
        Dead = "dead", "死亡", "dead", ["已故"];
        Missing = "missing", "失踪", "missing", ["宣告失踪"];
    }
}

closed_list! {
    /// Whose loan it is (贷款经办银行); it decides who starts the relief.
    pub enum Lender {
        DevelopmentBank = "development_bank", "国家开发银行", "China Development Bank", ["国开行"];
        RuralBank = "rural_bank", "农村商业银行", "rural commercial bank", ["农商行"];
    }
}

/// 助学贷款借款情况 / What is known of the loan and of what keeps the borrower from repaying it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Borrower {
    /// 有未结清的国家助学贷款 / Has a student loan that is not repaid in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_loan: Option<bool>,
    /// 确实无法（按期）归还 / Found by the handling agency to be truly unable to repay (on time).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unable_to_repay: Option<bool>,
    /// 在世、死亡或失踪 / Whether the borrower lives.
    #[serde(deserialize_with = "read::fate", skip_serializing_if = "Option::is_none")]
    pub fate: Option<Fate>,
    /// 丧失劳动能力 / Has lost the ability to work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_working_ability: Option<bool>,
    /// 劳动能力鉴定等级（一级最重） / Grade of the labour-ability appraisal, 1 being the gravest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10)]
    pub ability_grade: Option<u8>,
    /// 因病丧失劳动能力 / The ability to work was lost through illness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_illness: Option<bool>,
    /// 家庭遭遇重大自然灾害 / The family was hit by a great natural disaster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub natural_disaster: Option<bool>,
    /// 家庭成员患有重大疾病 / A family member is gravely ill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_illness: Option<bool>,
    /// 经济收入特别低 / Income found to be very low; the plan names no figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub very_low_income: Option<bool>,
    /// 经办银行 / The lending bank.
    #[serde(deserialize_with = "read::lender", skip_serializing_if = "Option::is_none")]
    pub lender: Option<Lender>,
}

impl Borrower {
    pub(super) fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}
