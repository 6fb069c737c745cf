//! School identity codes (学校标识码): ten digits, two of kind, two of province, six of serial.
//!
//! A school keeps its code through a change of name; a change of kind or a closure ends it for good. So
//! the kind is a check of the stage a pupil is reported in, a soft one: a nine-year school, a complete
//! middle school or a village school with a kindergarten class has one code and several stages.

use super::cleaning::{Blanks, clean};
use super::{Parsed, Place, Stage, ValueError};

/// A school code of a known kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchoolCode(String);

const EMPTY: ValueError = ValueError::fixed(
    "school_code_empty",
    ("学校标识码为空", "the school code is empty"),
    ("请填写 10 位学校（机构）标识码", "give the 10 digits of the school code"),
);
const FORM: ValueError = ValueError::fixed(
    "school_code_form",
    ("学校标识码不是 10 位数字", "the school code is not 10 digits"),
    (
        "请按教育统计的学校（机构）标识码填写 10 位数字",
        "give the 10 digits of the education statistics' school code",
    ),
);
const KIND: ValueError = ValueError::fixed(
    "school_code_kind",
    (
        "学校标识码前两位不是已知的学校类别",
        "the first two digits of the school code are no known kind of school",
    ),
    (
        "请核对标识码，例如小学以 21 开头、普通高中以 34 开头",
        "check the code: a primary school begins with 21, a senior high school with 34",
    ),
);
const PROVINCE: ValueError = ValueError::fixed(
    "school_code_province",
    ("学校标识码第 3、4 位不是省级代码", "digits 3 and 4 of the school code are no province"),
    ("请核对标识码，例如安徽为 34", "check the code: Anhui is 34"),
);

/// The kinds: code, what it is, the one stage it stands for (if one), every stage it may hold.
const KINDS: &[(&str, Option<Stage>, &[Stage])] = {
    use Stage::{
        Doctoral, HigherVocational, JuniorHigh, Master, Preschool, Primary, SeniorHigh, Undergraduate,
        Vocational,
    };
    const HIGHER: &[Stage] = &[Vocational, HigherVocational, Undergraduate, Master, Doctoral];
    &[
        ("11", Some(Preschool), &[Preschool]),                    // 幼儿园
        ("21", Some(Primary), &[Preschool, Primary, JuniorHigh]), // 小学
        ("22", Some(Primary), &[Primary]),                        // 成人小学
        ("31", Some(JuniorHigh), &[Preschool, Primary, JuniorHigh, SeniorHigh]), // 普通初中
        ("32", Some(JuniorHigh), &[JuniorHigh, Vocational]),      // 职业初中
        ("33", Some(JuniorHigh), &[JuniorHigh]),                  // 成人初中
        ("34", Some(SeniorHigh), &[Primary, JuniorHigh, SeniorHigh, Vocational]), // 普通高中
        ("35", Some(SeniorHigh), &[SeniorHigh]),                  // 成人高中
        ("36", Some(Vocational), &[Vocational, HigherVocational]), // 中等职业学校
        ("37", None, &[Primary, JuniorHigh, SeniorHigh, Vocational]), // 工读学校
        ("41", None, HIGHER),                                     // 普通高校
        ("42", None, HIGHER),                                     // 成人高校
        ("51", None, &[Preschool, Primary, JuniorHigh, SeniorHigh, Vocational]), // 特殊教育
        ("91", None, &[Master, Doctoral]),                        // 科研机构
        ("92", None, HIGHER),                                     // 民办其他高教机构
        ("93", Some(Vocational), &[Vocational]),                  // 中职培训机构
    ]
};

impl SchoolCode {
    /// Reads a school code. Errors: `school_code_empty`, `school_code_form`, `school_code_kind`,
    /// `school_code_province`.
    pub fn parse(text: &str) -> Result<Parsed<Self>, ValueError> {
        let (code, changes) = clean(text, Blanks::All);
        if code.is_empty() {
            return Err(EMPTY);
        }
        if code.len() != 10 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(FORM);
        }
        let value = Self(code);
        if value.kind().is_none() {
            return Err(KIND);
        }
        if value.province().is_none() {
            return Err(PROVINCE);
        }
        Ok(Parsed { value, changes })
    }

    /// The ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The province that gave the code.
    pub fn province(&self) -> Option<Place> {
        Place::parse(self.0.get(2..4)?).ok()
    }

    /// The one stage this kind of school is for, where there is one.
    pub fn stage(&self) -> Option<Stage> {
        self.kind()?.1
    }

    /// Whether a pupil of this stage may be at such a school; lenient, see the head of the file. A
    /// mismatch deserves a warning, not a refusal.
    pub fn fits(&self, stage: Stage) -> bool {
        self.kind().is_some_and(|(_, _, stages)| stages.contains(&stage))
    }

    fn kind(&self) -> Option<&'static (&'static str, Option<Stage>, &'static [Stage])> {
        let digits = self.0.get(..2)?;
        KINDS.iter().find(|(kind, _, _)| *kind == digits)
    }
}

impl std::fmt::Display for SchoolCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> SchoolCode {
        SchoolCode::parse(text).unwrap().value
    }

    #[test]
    fn the_kind_tells_the_stage() {
        for (text, stage) in [
            ("1134000001", Some(Stage::Preschool)),
            ("2134000001", Some(Stage::Primary)),
            ("3134000001", Some(Stage::JuniorHigh)),
            ("3234000001", Some(Stage::JuniorHigh)),
            ("3434000001", Some(Stage::SeniorHigh)),
            ("3634000001", Some(Stage::Vocational)),
            ("9334000001", Some(Stage::Vocational)),
            ("4145014684", None),
            ("5134000001", None),
        ] {
            assert_eq!(parse(text).stage(), stage, "{text}");
            assert!(stage.is_none_or(|s| parse(text).fits(s)), "{text}");
        }
        assert_eq!(parse("4145014684").province().unwrap().as_str(), "45");
    }

    #[test]
    fn schools_of_several_stages_fit_leniently() {
        assert!(parse("3134000001").fits(Stage::Primary));
        assert!(parse("2134000001").fits(Stage::JuniorHigh));
        assert!(!parse("2134000001").fits(Stage::SeniorHigh));
        assert!(!parse("1134000001").fits(Stage::Primary));
        assert!(!parse("3634000001").fits(Stage::SeniorHigh));
    }

    #[test]
    fn what_is_no_school_code_is_refused() {
        for (text, code) in [
            ("  ", "school_code_empty"),
            ("213400001", "school_code_form"),
            ("21340000O1", "school_code_form"),
            ("9934000001", "school_code_kind"),
            ("2100000001", "school_code_province"),
        ] {
            assert_eq!(SchoolCode::parse(text).unwrap_err().code, code, "{text}");
        }
        assert_eq!(SchoolCode::parse("２１３４ 000001").unwrap().changes.len(), 2);
    }
}
