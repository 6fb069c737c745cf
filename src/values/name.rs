//! Personal names: kept as entered, compared in a normal form.
//!
//! The normal form is NFKC without blanks and middle dots, because offices write 阿依古丽·买买提 with any
//! of a dozen dots or none, and without hyphens, apostrophes and case, because foreign names come in any.
//! Characters that old GB 18030 systems kept in the private area are mapped to
//! their code points of today. A name is never a key: the same name proves nothing.

use unicode_normalization::UnicodeNormalization;

use super::cleaning::{Blanks, clean};
use super::{Change, Parsed, ValueError};

/// The longest name the student register holds (C50 in JY/T 1001's pupil record).
const LONGEST: usize = 50;

/// U+E815…U+E864: the private-area code points of GBK's FE50…FEA0, with the characters that GB 18030—2022
/// assigns to the same bytes. Older systems and fonts still store the private ones (䶮 as U+E863).
const DOUBLES: &str = "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟\
    㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱\
    䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟\
    䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻";
const FIRST_DOUBLE: u32 = 0xe815;

/// A name that holds nothing but letters, blanks and dots.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName {
    entered: String,
    normal: String,
}

/// Middle dots are left out of comparisons.
pub const DOTS_IGNORED: Change = Change {
    code: "middle_dot_ignored",
    zh: "比对时不计姓名中的间隔点",
    en: "middle dots in the name are left out of comparisons",
};
/// A private-area character was replaced by its standard one.
pub const DOUBLE_MAPPED: Change = Change {
    code: "rare_character_mapped",
    zh: "旧编码（自造区）的生僻字已换为标准字",
    en: "a rare character in the private area was replaced by its standard code point",
};
/// A private-area character without a standard double was left as it is.
pub const PRIVATE_KEPT: Change = Change {
    code: "rare_character_unknown",
    zh: "姓名中有无法识别的自造字，已原样保留，请人工核对",
    en: "a private-area character is not known and was kept as it is; have a person look at it",
};

/// Chinese characters and Latin letters stand side by side.
pub const PINYIN_SUSPECTED: Change = Change {
    code: "name_mixed_scripts",
    zh: "姓名中汉字与字母混用，可能以拼音代替了生僻字，请人工核对",
    en: "the name mixes Chinese characters and Latin letters; pinyin may stand for a rare character: have a person look at it",
};

const EMPTY: ValueError = ValueError::fixed(
    "name_empty",
    ("姓名为空", "the name is empty"),
    ("请按户口簿填写姓名", "give the name as the household register has it"),
);
const CHARACTERS: ValueError = ValueError::fixed(
    "name_characters",
    ("姓名中有数字、问号、# 等不该出现的字符", "the name holds digits, question marks, # or other signs"),
    (
        "请按户口簿更正；生僻字请输入原字，不要用拼音或符号代替",
        "correct it from the household register; type rare characters themselves, not a stand-in",
    ),
);
const TOO_LONG: ValueError = ValueError::fixed(
    "name_too_long",
    ("姓名超过 50 个字", "the name has more than 50 characters"),
    ("请核对该格是否混入了别的内容", "check whether something else is in the cell"),
);

impl PersonName {
    /// Reads a name. Errors: `name_empty`, `name_characters`, `name_too_long`.
    pub fn parse(text: &str) -> Result<Parsed<Self>, ValueError> {
        let (cleaned, mut changes) = clean(text, Blanks::Ends);
        let mut mapped = cleaned.clone();
        if cleaned.chars().any(is_private) {
            mapped = cleaned.chars().map(|c| double(c).unwrap_or(c)).nfkc().collect();
            if mapped != cleaned {
                changes.push(DOUBLE_MAPPED);
            }
            if mapped.chars().any(is_private) {
                changes.push(PRIVATE_KEPT);
            }
        }
        if mapped.contains(is_dot) {
            changes.push(DOTS_IGNORED);
        }
        let latin = mapped.chars().any(is_latin);
        let left_out = |c: &char| {
            is_dot(*c) || c.is_whitespace() || (latin && matches!(c, '-' | '‐' | '\'' | '’' | '`'))
        };
        let normal: String =
            mapped.chars().filter(|c| !left_out(c)).flat_map(char::to_uppercase).nfkc().collect();
        if normal.is_empty() {
            return Err(if mapped.is_empty() { EMPTY } else { CHARACTERS });
        }
        if normal.chars().count() > LONGEST {
            return Err(TOO_LONG);
        }
        if !normal.chars().all(|c| c.is_alphabetic() || is_private(c)) {
            return Err(CHARACTERS);
        }
        if latin && normal.chars().any(is_han) {
            changes.push(PINYIN_SUSPECTED);
        }
        let entered =
            text.trim_matches(|c: char| c.is_whitespace() || c == '\'' || super::cleaning::is_invisible(c));
        Ok(Parsed { value: Self { entered: entered.to_owned(), normal }, changes })
    }

    /// The name as it was received, without blanks around it: what is shown and printed.
    pub fn as_entered(&self) -> &str {
        &self.entered
    }

    /// The form in which names are compared.
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// The first character and a full-width star for each other one; a single character is hidden whole.
    pub fn masked(&self) -> String {
        let mut chars = self.normal.chars();
        match (chars.next(), chars.count()) {
            (Some(first), others) if others > 0 => format!("{first}{}", "＊".repeat(others)),
            _ => "＊".to_owned(),
        }
    }
}

impl std::fmt::Debug for PersonName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PersonName({})", self.masked())
    }
}

fn is_dot(c: char) -> bool {
    matches!(
        c,
        '·' | '•'
            | '‧'
            | '・'
            | '･'
            | '．'
            | '.'
            | '∙'
            | '⋅'
            | '●'
            | '᛫'
            | '⸱'
            | '﹒'
            | '。'
            | '｡'
            | '˙'
    )
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}')
}

/// Chinese characters, the private area's among them; kana and hangul are not.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        || is_private(c)
}

fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10fffd}')
}

fn double(c: char) -> Option<char> {
    let place = u32::from(c).checked_sub(FIRST_DOUBLE)?;
    DOUBLES.chars().nth(usize::try_from(place).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_dots_and_blanks_compare_as_one_name() {
        for text in [
            "阿依古丽·买买提",
            "阿依古丽•买买提",
            "阿依古丽‧买买提",
            "阿依古丽・买买提",
            "阿依古丽．买买提",
            "阿依古丽.买买提",
            "阿依古丽买买提",
            " 阿依古丽 · 买买提\u{3000}",
            "'阿依古丽\u{200b}买买提",
        ] {
            let parsed = PersonName::parse(text).unwrap();
            assert_eq!(parsed.value.normal(), "阿依古丽买买提", "{text}");
        }
        let parsed = PersonName::parse(" 阿依古丽·买买提 ").unwrap();
        assert_eq!(parsed.value.as_entered(), "阿依古丽·买买提");
        assert_eq!(parsed.changes, [super::super::cleaning::BLANKS_REMOVED, DOTS_IGNORED]);
    }

    #[test]
    fn private_area_doubles_are_what_the_standard_decodes() {
        // The same bytes, decoded by the table of the WHATWG (GB 18030—2022).
        let bytes = (0x50..=0xa0_u8).filter(|b| *b != 0x7f);
        for (offset, low) in (0_u32..).zip(bytes) {
            let pair = [0xfe, low];
            let (text, bad) = encoding_rs::GB18030.decode_without_bom_handling(&pair);
            let private = char::from_u32(FIRST_DOUBLE + offset).unwrap();
            assert!(!bad);
            // Six of them the WHATWG leaves in the private area; Unicode has them in its extension B.
            if text.chars().all(is_private) {
                assert!(double(private).is_some_and(|c| c > '\u{20000}'), "U+{:X}", u32::from(private));
            } else {
                assert_eq!(double(private), text.chars().next(), "U+{:X}", u32::from(private));
            }
        }
        assert_eq!(double('\u{e814}'), None);
        assert_eq!(double('\u{e865}'), None);
    }

    #[test]
    fn a_rare_character_is_mapped_or_kept_and_said() {
        let parsed = PersonName::parse("陈\u{e863}").unwrap();
        assert_eq!((parsed.value.normal(), parsed.changes.as_slice()), ("陈䶮", &[DOUBLE_MAPPED][..]));
        let parsed = PersonName::parse("陈\u{e001}").unwrap();
        assert_eq!(parsed.changes, [PRIVATE_KEPT]);
        assert_eq!(PersonName::parse("陈䶮").unwrap().changes, []);
        assert_eq!(PersonName::parse("陈𬱖").unwrap().value.normal(), "陈𬱖");
    }

    #[test]
    fn foreign_names_compare_without_case_hyphens_and_apostrophes() {
        for text in ["Anne-Marie O'Neil", "ANNE MARIE O’NEIL", "AnneMarie ONeil", "Ａｎｎｅ Marie O`Neil"]
        {
            let parsed = PersonName::parse(text).unwrap();
            assert_eq!(parsed.value.normal(), "ANNEMARIEONEIL", "{text}");
            assert!(!parsed.changes.contains(&PINYIN_SUSPECTED));
        }
        assert_eq!(PersonName::parse("张-三").unwrap_err().code, "name_characters");
    }

    #[test]
    fn pinyin_beside_characters_is_remarked() {
        assert_eq!(PersonName::parse("陈yan").unwrap().changes, [PINYIN_SUSPECTED]);
        assert_eq!(PersonName::parse("陈\u{e863}").unwrap().changes, [DOUBLE_MAPPED]);
        assert_eq!(PersonName::parse("Chen Yan").unwrap().changes, []);
    }

    #[test]
    fn masks_show_the_first_character_only() {
        for (name, mask) in [("张三", "张＊"), ("欧阳小明", "欧＊＊＊"), ("强", "＊"), ("买·买提", "买＊＊")]
        {
            assert_eq!(PersonName::parse(name).unwrap().value.masked(), mask);
        }
        assert_eq!(format!("{:?}", PersonName::parse("张三").unwrap().value), "PersonName(张＊)");
    }

    #[test]
    fn stand_ins_are_refused() {
        for (text, code) in [
            ("", "name_empty"),
            (" \u{3000}", "name_empty"),
            ("·", "name_characters"),
            ("张3", "name_characters"),
            ("陈?", "name_characters"),
            ("陈？", "name_characters"),
            ("陈#", "name_characters"),
            ("陈\u{fffd}", "name_characters"),
            ("陈*", "name_characters"),
        ] {
            assert_eq!(PersonName::parse(text).unwrap_err().code, code, "{text}");
        }
        assert_eq!(PersonName::parse(&"张".repeat(51)).unwrap_err().code, "name_too_long");
        assert!(PersonName::parse(&"张".repeat(50)).is_ok());
    }
}
