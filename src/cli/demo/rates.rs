//! What the invented county pays a term, in one table: the county's own cashier, so to say.
//!
//! It is written apart from the policy packs on purpose. The demo's money must not come from the rules
//! that judge it, or no fault could ever show.

use super::county::{School, Student};
use crate::values::{Category, Hardship, HukouKind, Ownership, Programme, RunBy, Season, Stage, Term, Tier};

/// One payment the county owes: programme, tier, fen for the term.
pub(super) type Owed = (Programme, Tier, i64);

/// How a student's hardship stands with the cashier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// On the list, or off it with proof.
    Registered,
    /// By the school's assessment or another category.
    Assessed(Hardship),
    /// None.
    Ordinary,
}

/// Fen a term: living subsidy of a boarder in primary school and junior high. Non-boarders get half.
/// From spring 2024 by the rise of the national base, before since autumn 2011.
fn living(term: Term) -> (i64, i64) {
    if since(term, 2024, Season::Spring) { (62_500, 75_000) } else { (50_000, 62_500) }
}

/// Fen a term: senior-high grant by tier. Anhui's tiers of spring 2025, and those before.
/// (Before spring 2017 only the average is on record; the demo keeps the same tiers for earlier terms.)
fn senior(term: Term, tier: Tier) -> i64 {
    let (general, hard, top) = if since(term, 2025, Season::Spring) {
        (60_000, 110_000, 175_000)
    } else {
        (50_000, 100_000, 150_000)
    };
    match tier {
        Tier::Top => top,
        Tier::Hard => hard,
        Tier::General | Tier::Flat => general,
    }
}

/// Fen a term: vocational grant. One rate and the first two grades until autumn 2024, then tiers and
/// all three grades.
fn vocational(term: Term, tier: Tier, grade: u8) -> Option<(Tier, i64)> {
    if since(term, 2025, Season::Spring) {
        Some((tier, senior(term, tier)))
    } else {
        (grade <= 2).then_some((Tier::Flat, 100_000))
    }
}

/// Fen a term: 雨露计划 in Anhui.
const YULU: i64 = 150_000;
/// Fen a term: preschool aid. No figure of this county has been published; this is the demo's own.
const PRESCHOOL: i64 = 50_000;

fn since(term: Term, year: i16, season: Season) -> bool {
    (term.year(), term.season()) >= (year, season)
}

/// Everything the county owes a student at school for the term, each programme once.
pub(super) fn owed(term: Term, student: &Student, school: &School, standing: Standing) -> Vec<Owed> {
    let mut owed = Vec::new();
    let tier = match standing {
        Standing::Registered | Standing::Assessed(Hardship::VeryHard) => Tier::Top,
        Standing::Assessed(Hardship::Hard) => Tier::Hard,
        Standing::Assessed(_) | Standing::Ordinary => Tier::General,
    };
    let poor = standing != Standing::Ordinary;
    let registered = standing == Standing::Registered;
    let of_the_four = registered
        || matches!(
            student.category,
            Some(Category::Disabled | Category::RuralMinimumLiving | Category::RuralExtremePoverty)
        );
    match student.stage {
        Stage::Preschool if poor && school.inclusive != Some(false) => {
            owed.push((Programme::PreschoolAid, Tier::Flat, PRESCHOOL));
        }
        Stage::Primary | Stage::JuniorHigh if poor => {
            let (primary, junior) = living(term);
            let full = if student.stage == Stage::Primary { primary } else { junior };
            if student.boarding {
                owed.push((Programme::LivingSubsidy, Tier::Flat, full));
            } else if of_the_four && since(term, 2019, Season::Autumn) {
                owed.push((Programme::LivingSubsidy, Tier::Flat, full / 2));
            }
        }
        Stage::SeniorHigh if poor => {
            owed.push((Programme::SeniorHighGrant, tier, senior(term, tier)));
            if of_the_four {
                owed.push((Programme::SeniorHighWaiver, Tier::Flat, school.public_tuition_fen));
            }
        }
        Stage::Vocational => {
            if (poor || student.farming_major()) && student.grade <= 3 {
                let paid = vocational(term, tier, student.grade);
                owed.extend(paid.map(|(tier, fen)| (Programme::VocationalGrant, tier, fen)));
            }
            let waived = poor
                || student.hukou != HukouKind::Urban
                || student.farming_major()
                || school.run_by == RunBy::City;
            if waived && school.ownership == Ownership::Public {
                owed.push((Programme::VocationalWaiver, Tier::Flat, school.public_tuition_fen));
            }
            if registered {
                owed.push((Programme::YuluSubsidy, Tier::Flat, YULU));
            }
        }
        _ => {}
    }
    owed
}

/// What a careless office pays instead of what is owed: the tier below, or the rate before the last rise.
pub(super) fn too_low(term: Term, (programme, _, fen): Owed) -> Option<(Tier, i64)> {
    match programme {
        Programme::LivingSubsidy if since(term, 2024, Season::Spring) => {
            // Exact: the old rates were 4/5 and 5/6 of the new.
            let old = if fen % 62_500 == 0 || fen == 31_250 { fen * 4 / 5 } else { fen * 5 / 6 };
            Some((Tier::Flat, old))
        }
        Programme::LivingSubsidy => Some((Tier::Flat, fen / 2)),
        Programme::SeniorHighGrant => Some((Tier::Hard, senior(term, Tier::Hard))),
        Programme::VocationalGrant if since(term, 2025, Season::Spring) => {
            Some((Tier::Hard, senior(term, Tier::Hard)))
        }
        Programme::VocationalGrant => Some((Tier::Flat, 75_000)),
        _ => None,
    }
}
