//! Grades (年级) as numbers within a stage.
//!
//! Primary school has 1 to 6, junior high 7 to 9, senior high and vocational schools 1 to 3; preschool
//! counts 小班, 中班, 大班 as 1, 2, 3; above that the year of study, 1 to 8. With the stage at hand a bare
//! 1 in a junior high school is grade 7.

use super::cleaning::{Blanks, clean};
use super::{Stage, ValueError};

const EMPTY: ValueError = ValueError::fixed(
    "grade_empty",
    ("年级为空", "the grade is empty"),
    ("请填写年级，例如 七年级 或 高一", "give the grade, e.g. 七年级 or 高一"),
);
const UNKNOWN: ValueError = ValueError::fixed(
    "grade_unknown",
    ("年级无法识别", "the grade cannot be read"),
    (
        "请写作 三年级、初二、高一、大班 等，不要只写入学年份",
        "write 三年级, 初二, 高一 or 大班, not the year of entry alone",
    ),
);
const STAGE: ValueError = ValueError::fixed(
    "grade_stage",
    ("年级与学段不符", "the grade does not belong to the stage"),
    ("请核对学段和年级，例如七年级属于初中", "check stage and grade: grade seven is junior high"),
);

/// What the words before the number say.
#[derive(Clone, Copy, PartialEq)]
enum Counted {
    /// A bare number, or 年级.
    Any,
    /// 小一, 小学三年级.
    Primary,
    /// 初一, 初中一年级.
    Junior,
    /// 高一, 高中一年级.
    Senior,
    /// 职一, 中职一年级.
    Vocational,
    /// 大一, 研二.
    Higher,
}

/// Reads a grade, with the stage where it is known.
///
/// Errors: `grade_empty`, `grade_unknown`, `grade_stage`.
pub fn parse(text: &str, stage: Option<Stage>) -> Result<u8, ValueError> {
    let (word, _) = clean(text, Blanks::All);
    if word.is_empty() {
        return Err(EMPTY);
    }
    if let Some(grade) = preschool(&word) {
        return if matches!(stage, None | Some(Stage::Preschool)) { Ok(grade) } else { Err(STAGE) };
    }
    let (counted, rest) = prefix(&word);
    let rest = rest.strip_prefix('第').unwrap_or(rest);
    let (number, rest) = leading_number(rest).ok_or(UNKNOWN)?;
    // After the number only its unit, or the class that some sheets keep in the same cell (高一(3)班).
    let unit = rest.strip_prefix("年级").or_else(|| rest.strip_prefix("年")).unwrap_or(rest);
    let class_follows =
        unit.ends_with('班') && (unit.starts_with('(') || unit != rest || counted != Counted::Any);
    if !unit.is_empty() && !class_follows {
        return Err(UNKNOWN);
    }
    place(number, counted, stage).ok_or(STAGE)
}

fn preschool(word: &str) -> Option<u8> {
    let head: String = word.strip_prefix("幼儿园").unwrap_or(word).chars().take(2).collect();
    match head.as_str() {
        "小班" => Some(1),
        "中班" => Some(2),
        "大班" | "学前" => Some(3),
        _ => None,
    }
}

fn prefix(word: &str) -> (Counted, &str) {
    const PREFIXES: &[(&str, Counted)] = &[
        ("普通高中", Counted::Senior),
        ("高中", Counted::Senior),
        ("普高", Counted::Senior),
        ("高", Counted::Senior),
        ("初中", Counted::Junior),
        ("初", Counted::Junior),
        ("小学", Counted::Primary),
        ("小", Counted::Primary),
        ("中职", Counted::Vocational),
        ("职高", Counted::Vocational),
        ("中专", Counted::Vocational),
        ("职", Counted::Vocational),
        ("大学", Counted::Higher),
        ("大", Counted::Higher),
        ("研", Counted::Higher),
        ("博", Counted::Higher),
    ];
    let found = PREFIXES.iter().find_map(|(text, counted)| Some((*counted, word.strip_prefix(text)?)));
    found.unwrap_or((Counted::Any, word))
}

fn leading_number(text: &str) -> Option<(u8, &str)> {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    if digits > 0 {
        let (number, rest) = text.split_at_checked(digits)?;
        // 1.0 is what a number cell shows in some exports.
        return Some((number.parse().ok()?, rest.strip_prefix(".0").unwrap_or(rest)));
    }
    let mut chars = text.chars();
    let ones =
        |c: char| "一二三四五六七八九".chars().position(|d| d == c).and_then(|p| u8::try_from(p + 1).ok());
    match chars.next()? {
        '十' => {
            let after = chars.as_str();
            let one = after.chars().next().and_then(ones);
            Some((10 + one.unwrap_or(0), one.map_or(after, |_| chars.as_str().get(3..).unwrap_or_default())))
        }
        c => Some((ones(c)?, chars.as_str())),
    }
}

/// The grade's number in its stage, if the two agree.
fn place(number: u8, counted: Counted, stage: Option<Stage>) -> Option<u8> {
    let within = |low: u8, high: u8, n: u8| (low..=high).contains(&n).then_some(n);
    // 10 to 12 is how some schools go on counting.
    let senior = |n: u8| within(1, 3, if (10..=12).contains(&n) { n - 9 } else { n });
    let junior = |n: u8| within(7, 9, if n <= 3 { n + 6 } else { n });
    match (counted, stage) {
        (Counted::Primary | Counted::Any, Some(Stage::Primary)) | (Counted::Primary, None) => {
            within(1, 6, number)
        }
        (Counted::Junior | Counted::Any, Some(Stage::JuniorHigh)) | (Counted::Junior, None) => {
            number.checked_sub(1).and_then(|_| junior(number))
        }
        (Counted::Senior | Counted::Any, Some(Stage::SeniorHigh))
        | (Counted::Senior | Counted::Vocational, None)
        | (Counted::Senior | Counted::Vocational | Counted::Any, Some(Stage::Vocational)) => senior(number),
        (Counted::Any, Some(Stage::Preschool)) => within(1, 3, number),
        (Counted::Any, None) => within(1, 9, number).or_else(|| senior(number)),
        (
            Counted::Higher | Counted::Any,
            Some(Stage::HigherVocational | Stage::Undergraduate | Stage::Master | Stage::Doctoral),
        )
        | (Counted::Higher, None) => within(1, 8, number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stage::{JuniorHigh, Preschool, Primary, SeniorHigh, Undergraduate, Vocational};

    #[test]
    fn grades_are_counted_within_their_stage() {
        for (text, stage, grade) in [
            ("1", None, 1),
            ("1", Some(Primary), 1),
            ("1", Some(JuniorHigh), 7),
            ("7", Some(JuniorHigh), 7),
            ("1.0", Some(SeniorHigh), 1),
            ("一年级", Some(Primary), 1),
            ("１年级", Some(Primary), 1),
            ("小学三年级", Some(Primary), 3),
            ("七年级", None, 7),
            ("七年级", Some(JuniorHigh), 7),
            ("初二", Some(JuniorHigh), 8),
            ("初中一年级", None, 7),
            ("初三(2)班", Some(JuniorHigh), 9),
            ("九年级3班", Some(JuniorHigh), 9),
            ("高一", Some(SeniorHigh), 1),
            ("高一(3)班", Some(SeniorHigh), 1),
            ("高中三年级", None, 3),
            ("十年级", Some(SeniorHigh), 1),
            ("十二年级", Some(SeniorHigh), 3),
            ("职二", Some(Vocational), 2),
            ("中职一年级", Some(Vocational), 1),
            ("高二", Some(Vocational), 2),
            ("小班", Some(Preschool), 1),
            ("大班", Some(Preschool), 3),
            ("中二班", Some(Preschool), 0),
            ("大三", Some(Undergraduate), 3),
            ("5", Some(Undergraduate), 5),
        ] {
            let expected = if grade == 0 { None } else { Some(grade) };
            assert_eq!(parse(text, stage).ok(), expected, "{text} {stage:?}");
        }
    }

    #[test]
    fn a_grade_of_another_stage_is_refused() {
        for (text, stage, code) in [
            ("", None, "grade_empty"),
            ("2023级", None, "grade_unknown"),
            ("毕业班", None, "grade_unknown"),
            ("3班", Some(Primary), "grade_unknown"),
            ("七年级", Some(Primary), "grade_stage"),
            ("三年级", Some(Preschool), "ok"),
            ("高一", Some(JuniorHigh), "grade_stage"),
            ("六年级", Some(JuniorHigh), "grade_stage"),
            ("小班", Some(Primary), "grade_stage"),
            ("4", Some(SeniorHigh), "grade_stage"),
            ("0", Some(Primary), "grade_stage"),
            ("0", Some(JuniorHigh), "grade_stage"),
            ("13", None, "grade_stage"),
        ] {
            assert_eq!(parse(text, stage).map_or_else(|e| e.code, |_| "ok"), code, "{text} {stage:?}");
        }
    }
}
