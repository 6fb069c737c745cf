//! Combinations of facts that cannot be true: found before anything is decided, all at once.
//!
//! Only what is impossible on its face is refused here. What is merely odd is decided and carries a
//! warning, because a refusal would cost the student the answer.

use chrono::{Datelike, NaiveDate};

use super::Facts;
use crate::error::FieldError;
use crate::values::{Category, Ownership, RunBy, Stage, Text};

/// Years outside which a date is taken for a typing error.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

/// No approved fee of a term is above this (100,000 yuan); more is a unit mistaken.
const MOST_FEN_A_TERM: i64 = 10_000_000;

/// The grades a stage has, first and last. Junior high counts on from primary (7 to 9), as the
/// nine-year duty does; five-year vocational courses reach grade 5.
pub const fn grades_of(stage: Stage) -> (u8, u8) {
    match stage {
        Stage::Preschool | Stage::SeniorHigh => (1, 3),
        Stage::Primary => (1, 6),
        Stage::JuniorHigh => (7, 9),
        Stage::Vocational => (1, 5),
        Stage::HigherVocational | Stage::Undergraduate | Stage::Master | Stage::Doctoral => (1, 8),
    }
}

fn fault(pointer: &str, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> FieldError {
    FieldError { pointer: pointer.to_owned(), code, detail: Text::new(zh.into(), en.into()) }
}

/// The pairs of categories of which a person can hold only one on one date.
const ONE_OF_TWO: [(Category, Category); 3] = [
    (Category::RegisteredPoor, Category::RegisteredPoorExited),
    (Category::RuralMinimumLiving, Category::UrbanMinimumLiving),
    (Category::RuralExtremePoverty, Category::UrbanExtremePoverty),
];

impl Facts {
    /// Every impossible value or combination, with a JSON Pointer to it; empty when there is none.
    pub fn check(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        self.check_date(&mut faults);
        self.check_studies(&mut faults);
        self.check_school(&mut faults);
        self.check_categories(&mut faults);
        self.check_borrower(&mut faults);
        faults
    }

    fn check_date(&self, faults: &mut Vec<FieldError>) {
        if !YEARS.contains(&NaiveDate::year(&self.as_of)) {
            faults.push(fault(
                "/as_of",
                "date_out_of_range",
                "日期不在 1990 年至 2100 年之间，请核对年份",
                "the date is not between 1990 and 2100: check the year",
            ));
        }
    }

    fn check_studies(&self, faults: &mut Vec<FieldError>) {
        let s = &self.student;
        match (s.stage, s.grade) {
            (Some(stage), Some(grade)) => {
                let (first, last) = grades_of(stage);
                if !(first..=last).contains(&grade) {
                    faults.push(fault(
                        "/student/grade",
                        "grade_not_in_stage",
                        format!(
                            "{}的年级应为 {first} 到 {last}（初中按七至九年级填写），请核对学段和年级",
                            stage.zh()
                        ),
                        format!(
                            "the grades of {} are {first} to {last} (junior high counts 7 to 9): check stage and grade",
                            stage.en()
                        ),
                    ));
                }
            }
            (None, Some(grade)) if !(1..=9).contains(&grade) => faults.push(fault(
                "/student/grade",
                "grade_out_of_range",
                "年级应为 1 到 9",
                "a grade is a number from 1 to 9",
            )),
            _ => {}
        }
        if s.study_years.is_some_and(|y| !(1..=8).contains(&y)) {
            faults.push(fault(
                "/student/study_years",
                "study_years_out_of_range",
                "学制年限应为 1 到 8 年",
                "the length of a course is 1 to 8 years",
            ));
        }
        if s.last_preschool_year == Some(true) && s.stage.is_some_and(|stage| stage != Stage::Preschool) {
            faults.push(fault(
                "/student/last_preschool_year",
                "only_in_preschool",
                "只有学前阶段才有“学前一年”，请核对学段",
                "only preschool has a last preschool year: check the stage",
            ));
        }
        if s.last_preschool_year == Some(true) && s.stage == Some(Stage::Preschool) && s.grade == Some(1) {
            faults.push(fault(
                "/student/last_preschool_year",
                "grade_contradicts",
                "小班不是学前一年，请核对年级",
                "the first kindergarten grade is not the last preschool year: check the grade",
            ));
        }
        let no_majors = s.stage.is_some_and(|stage| {
            matches!(stage, Stage::Preschool | Stage::Primary | Stage::JuniorHigh | Stage::SeniorHigh)
        });
        for (given, pointer) in [
            (s.internship, "/student/internship"),
            (s.major.agricultural, "/student/major/agricultural"),
            (s.major.performing_arts, "/student/major/performing_arts"),
        ] {
            if no_majors && given == Some(true) {
                faults.push(fault(
                    pointer,
                    "not_in_this_stage",
                    "该学段没有专业和顶岗实习，请核对学段",
                    "this stage has neither majors nor internships: check the stage",
                ));
            }
        }
        if s.new_entrant == Some(true) {
            let first = s.stage.map_or(1, |stage| grades_of(stage).0);
            if s.grade.is_some_and(|grade| s.stage.is_some() && grade != first) {
                faults.push(fault(
                    "/student/new_entrant",
                    "grade_contradicts",
                    "新生应在该学段的起始年级，请核对年级",
                    "a new entrant is in the first grade of the stage: check the grade",
                ));
            }
        }
    }

    fn check_school(&self, faults: &mut Vec<FieldError>) {
        let school = &self.student.school;
        for (fee, pointer) in [
            (school.tuition_fen_per_term, "/student/school/tuition_fen_per_term"),
            (school.public_tuition_fen_per_term, "/student/school/public_tuition_fen_per_term"),
        ] {
            match fee {
                Some(fen) if fen < 0 => faults.push(fault(
                    pointer,
                    "amount_negative",
                    "学费不能为负数",
                    "a fee cannot be negative",
                )),
                Some(fen) if fen > MOST_FEN_A_TERM => faults.push(fault(
                    pointer,
                    "amount_absurd",
                    "每学期学费超过 10 万元，请核对单位（分）",
                    "a fee above 100,000 yuan a term is not plausible: check the unit (fen)",
                )),
                _ => {}
            }
        }
        let contradicts = match (school.ownership, school.run_by) {
            (Some(Ownership::Private), Some(by)) => by != RunBy::Private,
            (Some(Ownership::Public), Some(by)) => by == RunBy::Private,
            _ => false,
        };
        if contradicts {
            faults.push(fault(
                "/student/school/run_by",
                "contradicts_ownership",
                "举办者与办学性质矛盾，请核对",
                "who runs the school contradicts its ownership: check both",
            ));
        }
    }

    fn check_categories(&self, faults: &mut Vec<FieldError>) {
        let held = self.student.categories.as_deref().unwrap_or_default();
        for (one, other) in ONE_OF_TWO {
            if held.contains(&one) && held.contains(&other) {
                faults.push(fault(
                    "/student/categories",
                    "contradictory_categories",
                    format!("“{}”和“{}”不能同时成立，请核对困难类型", one.zh(), other.zh()),
                    format!(
                        "\"{}\" and \"{}\" exclude each other: check the categories",
                        one.en(),
                        other.en()
                    ),
                ));
            }
        }
    }

    fn check_borrower(&self, faults: &mut Vec<FieldError>) {
        let b = &self.student.borrower;
        if b.ability_grade.is_some_and(|grade| !(1..=10).contains(&grade)) {
            faults.push(fault(
                "/student/borrower/ability_grade",
                "ability_grade_out_of_range",
                "劳动能力鉴定等级应为 1 到 10",
                "a grade of labour ability is a number from 1 to 10",
            ));
        }
        let early = self.student.stage.is_some_and(|stage| {
            !matches!(stage, Stage::HigherVocational | Stage::Undergraduate | Stage::Master | Stage::Doctoral)
        });
        if early && b.has_loan == Some(true) {
            faults.push(fault(
                "/student/borrower/has_loan",
                "not_in_this_stage",
                "国家助学贷款只面向高等教育阶段，请填写贷款时就读的学段",
                "student loans are for higher education: give the stage the loan was taken for",
            ));
        }
        let lost_total = b.ability_grade.is_some_and(|grade| (1..=4).contains(&grade));
        if b.lost_working_ability == Some(false) && (lost_total || b.by_illness == Some(true)) {
            faults.push(fault(
                "/student/borrower/lost_working_ability",
                "borrower_contradicts",
                "一至四级鉴定或因病丧失劳动能力，即为丧失劳动能力，请核对",
                "grades 1 to 4, or loss through illness, mean that working ability is lost: check both",
            ));
        }
    }
}
