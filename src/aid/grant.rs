//! The amount held against the policy: what was asked for, what is due, and whether the difference is
//! accounted for. Pure.

use crate::error::{Error, FieldError};
use crate::policy::decision::{BenefitKind, Outcome, ProgrammeDecision, Truth};
use crate::policy::programme::ProgrammeRules;
use crate::values::{Fen, Text, Tier};

/// What is asked for. What is left out is what the policy says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Amount in fen for the term.
    pub fen: Option<i64>,
    /// Tier.
    pub tier: Option<Tier>,
    /// Why it deviates from the policy.
    pub reason: Option<&'a str>,
}

/// What is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Amount in fen for the term.
    pub fen: i64,
    /// Tier.
    pub tier: Option<Tier>,
    /// Due by the policy, in fen; of a loan its limit.
    pub due: Option<i64>,
    /// The policy's verdict.
    pub outcome: Outcome,
}

/// Why it is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// A condition is known not to be met.
    NotDue,
    /// A fact is missing, and no reason is given.
    Undetermined,
    /// The policy gives no amount, and none is asked for.
    AmountOpen,
    /// The amount is not what is due (fen), and no reason is given.
    AmountDiffers(i64),
    /// The tier is not the policy's, and no reason is given.
    TierDiffers(Tier),
}

/// Holds what is asked for against the decision on the day.
pub fn hold(decision: &ProgrammeDecision, asked: &Asked<'_>) -> Result<Grant, Denied> {
    let reasoned = asked.reason.is_some_and(|r| !r.trim().is_empty());
    let benefit = match (decision.outcome, decision.benefit) {
        (Outcome::Ineligible, _) | (_, None) => return Err(Denied::NotDue),
        (Outcome::Undetermined, _) if !reasoned => return Err(Denied::Undetermined),
        (_, Some(benefit)) => benefit,
    };
    let loan = benefit.kind == BenefitKind::Loan;
    let due = if loan { benefit.fen } else { benefit.fen_per_term }.map(|f| f.0);
    let fen = match (asked.fen, due, benefit.kind) {
        (Some(fen), Some(limit), BenefitKind::Loan) if fen <= limit => fen,
        (Some(fen), Some(due), _) if fen == due || reasoned => fen,
        (Some(_), Some(due), _) => return Err(Denied::AmountDiffers(due)),
        (Some(fen), None, _) if reasoned => fen,
        // A loan is what the student applies for, up to its limit.
        (None, Some(due), kind) if kind != BenefitKind::Loan => due,
        // Books and services have no amount of their own.
        (None | Some(0), None, BenefitKind::InKind | BenefitKind::Service) => 0,
        _ => return Err(Denied::AmountOpen),
    };
    let tier = match (asked.tier, benefit.tier) {
        (Some(asked), Some(due)) if asked != due && !reasoned => return Err(Denied::TierDiffers(due)),
        (asked, due) => asked.or(due),
    };
    Ok(Grant { fen, tier, due, outcome: decision.outcome })
}

impl Denied {
    /// The code of the refusal.
    pub const fn code(self) -> &'static str {
        match self {
            Denied::NotDue => "not_due",
            Denied::Undetermined => "undetermined",
            Denied::AmountOpen => "amount_open",
            Denied::AmountDiffers(_) => "amount_differs",
            Denied::TierDiffers(_) => "tier_differs",
        }
    }

    /// What is wrong and what to do.
    pub fn text(self) -> Text {
        match self {
            Denied::NotDue => Text::fixed(
                "按当日政策该生不符合该项目的条件",
                "by the policy of the day the student is not due this programme",
            ),
            Denied::Undetermined => Text::fixed(
                "资格尚不能确定：请补齐所缺事实，或写明理由（reason）后申报",
                "eligibility is open: supply the missing facts, or propose with a reason",
            ),
            Denied::AmountOpen => Text::fixed(
                "政策没有给出确定金额：请填写金额（fen），并写明依据（reason）",
                "the policy gives no certain amount: give one (fen), and the grounds (reason)",
            ),
            Denied::AmountDiffers(due) => Text::new(
                format!("金额与政策应发的 {} 元不符：请更正，或写明理由（reason）", Fen(due).yuan()),
                format!("not the {} yuan due by the policy: correct it, or give a reason", Fen(due).yuan()),
            ),
            Denied::TierDiffers(tier) => Text::new(
                format!("档次与政策认定的“{}”不符：请更正，或写明理由（reason）", tier.zh()),
                format!("not the {} of the policy: correct it, or give a reason", tier.en()),
            ),
        }
    }

    /// The refusal field by field: what is wrong, then each condition not met or fact not known.
    pub fn error(self, decision: &ProgrammeDecision, rules: &ProgrammeRules) -> Error {
        let pointer = match self {
            Denied::NotDue | Denied::Undetermined => "/programme",
            Denied::AmountOpen | Denied::AmountDiffers(_) => "/fen",
            Denied::TierDiffers(_) => "/tier",
        };
        let mut fields =
            vec![FieldError { pointer: pointer.to_owned(), code: self.code(), detail: self.text() }];
        if self == Denied::NotDue {
            fields.extend(unmet(decision, rules).map(|says| FieldError {
                pointer: "/programme".to_owned(),
                code: "condition_not_met",
                detail: Text::new(format!("不满足：{}", says.zh), format!("Not met: {}", says.en)),
            }));
        }
        if self == Denied::Undetermined {
            fields.extend(decision.missing.iter().map(|m| {
                let (name, who) = (m.fact.name(), m.fact.who());
                FieldError {
                    pointer: "/programme".to_owned(),
                    code: "fact_missing",
                    detail: Text::new(
                        format!("需要了解“{}”，请向{}核实", name.zh, who.zh),
                        format!("\"{}\" is needed: ask {}", name.en, who.en),
                    ),
                }
            }));
        }
        Error::invalid(fields)
    }
}

/// What each condition that is not met demands.
pub fn unmet<'a>(
    decision: &'a ProgrammeDecision,
    rules: &'a ProgrammeRules,
) -> impl Iterator<Item = &'a Text> {
    let not_met = decision.reasons.iter().filter(|r| r.truth == Truth::NotMet);
    not_met.filter_map(|r| rules.conditions.get(r.condition)).map(|c| &c.says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::decision::{Benefit, Per};
    use crate::values::Programme;

    fn decision(outcome: Outcome, kind: BenefitKind, fen: Option<i64>) -> ProgrammeDecision {
        let benefit = Benefit {
            kind,
            tier: Some(Tier::Top),
            fen: fen.map(Fen),
            per: Per::Term,
            fen_per_term: fen.map(Fen),
            fen_per_year: None,
            standard: None,
        };
        ProgrammeDecision {
            programme: Programme::SeniorHighGrant,
            outcome,
            benefit: (outcome != Outcome::Ineligible).then_some(benefit),
            priority: None,
            reasons: Vec::new(),
            missing: Vec::new(),
            warnings: Vec::new(),
            changes: Vec::new(),
        }
    }

    fn asked(fen: Option<i64>, reason: Option<&'static str>) -> Asked<'static> {
        Asked { fen, tier: None, reason }
    }

    #[test]
    fn what_is_asked_is_held_against_what_is_due() {
        use BenefitKind::{Cash, InKind, Loan, Service};
        use Outcome::{Eligible, Ineligible, Undetermined};
        let why = Some("县级标准高于省级");
        for (outcome, kind, due, fen, reason, said) in [
            (Eligible, Cash, Some(150_000), None, None, Ok(150_000)),
            (Eligible, Cash, Some(150_000), Some(150_000), None, Ok(150_000)),
            (Eligible, Cash, Some(150_000), Some(100_000), None, Err(Denied::AmountDiffers(150_000))),
            (Eligible, Cash, Some(150_000), Some(100_000), Some("  "), Err(Denied::AmountDiffers(150_000))),
            (Eligible, Cash, Some(150_000), Some(100_000), why, Ok(100_000)),
            (Eligible, Cash, None, None, why, Err(Denied::AmountOpen)),
            (Eligible, Cash, None, Some(5), None, Err(Denied::AmountOpen)),
            (Eligible, Cash, None, Some(5), why, Ok(5)),
            (Eligible, InKind, None, None, None, Ok(0)),
            (Eligible, Service, None, None, None, Ok(0)),
            (Eligible, Loan, Some(1_600_000), None, None, Err(Denied::AmountOpen)),
            (Eligible, Loan, Some(1_600_000), Some(800_000), None, Ok(800_000)),
            (Eligible, Loan, Some(1_600_000), Some(1_700_000), None, Err(Denied::AmountDiffers(1_600_000))),
            (Undetermined, Cash, Some(150_000), None, None, Err(Denied::Undetermined)),
            (Undetermined, Cash, Some(150_000), None, why, Ok(150_000)),
            (Ineligible, Cash, Some(150_000), Some(150_000), why, Err(Denied::NotDue)),
        ] {
            let held = hold(&decision(outcome, kind, due), &asked(fen, reason));
            assert_eq!(held.map(|g| g.fen), said, "{outcome:?} {kind:?} {due:?} {fen:?} {reason:?}");
        }
    }

    #[test]
    fn another_tier_needs_a_reason() {
        let decision = decision(Outcome::Eligible, BenefitKind::Cash, Some(150_000));
        let other = |reason| Asked { fen: None, tier: Some(Tier::Hard), reason };
        assert_eq!(hold(&decision, &other(None)), Err(Denied::TierDiffers(Tier::Top)));
        assert_eq!(hold(&decision, &other(Some("学校认定"))).unwrap().tier, Some(Tier::Hard));
        assert_eq!(hold(&decision, &asked(None, None)).unwrap().tier, Some(Tier::Top));
    }
}
