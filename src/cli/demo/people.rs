//! Invented persons: plausible names, ids with right check digits, cards that pass their own check.
//!
//! Nobody here exists. Names are drawn from the commonest surnames and ordinary given-name characters;
//! ids are built from an area, a birth date and a drawn sequence, and no two are alike.

use std::collections::HashSet;

use chrono::{Days, NaiveDate};

use super::dice::Dice;
use crate::values::{Stage, check_digit};

/// The commonest surnames with their weights (about per mille of the population), and some that are
/// common around Huangshan.
const SURNAMES: &[(&str, u32)] = &[
    ("王", 72),
    ("李", 71),
    ("张", 67),
    ("刘", 53),
    ("陈", 45),
    ("汪", 40),
    ("方", 34),
    ("程", 32),
    ("胡", 32),
    ("吴", 30),
    ("黄", 26),
    ("杨", 26),
    ("徐", 22),
    ("谢", 20),
    ("许", 18),
    ("朱", 18),
    ("江", 17),
    ("余", 16),
    ("倪", 14),
    ("叶", 14),
    ("周", 14),
    ("郑", 12),
    ("洪", 12),
    ("章", 10),
    ("戴", 10),
    ("赵", 10),
    ("孙", 9),
    ("马", 8),
    ("曹", 7),
    ("何", 7),
    ("康", 6),
    ("詹", 6),
    ("凌", 5),
    ("查", 4),
    ("欧阳", 2),
    ("司马", 1),
];

const GIVEN_BOYS: &[&str] = &[
    "浩", "宇", "轩", "子", "俊", "杰", "文", "博", "伟", "强", "明", "志", "建", "国", "军", "鹏", "飞",
    "龙", "辰", "泽", "昊", "天", "家", "豪", "嘉", "梓", "睿", "晨", "阳", "凯", "翔", "健", "思", "远",
    "成", "林",
];

const GIVEN_GIRLS: &[&str] = &[
    "雨", "涵", "欣", "怡", "梓", "诗", "婷", "婉", "静", "敏", "丽", "芳", "玲", "燕", "雪", "梅", "佳",
    "悦", "思", "琪", "嘉", "慧", "颖", "月", "晨", "萱", "依", "诺", "可", "馨", "若", "彤", "秀", "英",
    "娟", "倩",
];

/// Names with a middle dot, as families from the west and south-west bear them.
const DOTTED: &[(&str, &str)] = &[
    ("阿依古丽", "买买提"),
    ("艾力", "玉素甫"),
    ("古丽娜尔", "阿不都"),
    ("阿卜杜拉", "热合曼"),
    ("木扎提", "艾山"),
    ("吉克", "阿依"),
];

/// Areas of first registration: mostly here, some in the neighbouring counties, few far away.
const AREAS: &[(&str, u32)] = &[
    ("341024", 900),
    ("341021", 20),
    ("341022", 18),
    ("341023", 12),
    ("341002", 12),
    ("341003", 8),
    ("360222", 8),
    ("330106", 6),
    ("320583", 6),
    ("310115", 5),
    ("341723", 5),
];

/// An invented person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Resident id.
    pub id: String,
    /// 女 or 男.
    pub female: bool,
    /// Birth date, the one in the id.
    pub birth: NaiveDate,
}

/// Makes persons whose ids are all different.
pub(super) struct People {
    place: String,
    used: HashSet<String>,
}

impl People {
    pub(super) fn new(place: &str) -> Self {
        Self { place: place.to_owned(), used: HashSet::new() }
    }

    /// A child of this family name, born on this day.
    pub(super) fn child(&mut self, dice: &mut Dice, surname: &str, birth: NaiveDate) -> Person {
        let female = dice.permille(480);
        let name = if dice.permille(4) { dotted(dice) } else { given(dice, surname, female) };
        Person { name, id: self.id(dice, birth, female), female, birth }
    }

    /// Gives a person another day of birth, and the id that goes with it.
    pub(super) fn redate(&mut self, dice: &mut Dice, person: &mut Person, birth: NaiveDate) {
        person.birth = birth;
        person.id = self.id(dice, birth, person.female);
    }

    /// The person under an id with one wrong digit whose check digit was made to fit.
    pub(super) fn mistyped(&mut self, dice: &mut Dice, person: &Person) -> Person {
        let mut wrong = person.clone();
        for _ in 0..100 {
            let mut body: Vec<char> = person.id.chars().take(17).collect();
            let at = 14 + dice.at(2);
            if let (Some(slot), Some(digit)) = (body.get_mut(at), char::from_digit(dice.below(10), 10)) {
                *slot = digit;
            }
            let body: String = body.into_iter().collect();
            let id = check_digit(&body).map(|check| format!("{body}{check}")).unwrap_or_default();
            // No number within a day is 000: such an id would be refused and not merely be another's.
            if !body.ends_with("000") && !id.is_empty() && self.used.insert(id.clone()) {
                wrong.id = id;
                break;
            }
        }
        wrong
    }

    fn id(&mut self, dice: &mut Dice, birth: NaiveDate, female: bool) -> String {
        let area = dice.weighted(AREAS).unwrap_or_default();
        let area = if area == "341024" { self.place.as_str() } else { area };
        let mut sequence = dice.below(495) * 2 + u32::from(!female) + if female { 2 } else { 0 };
        // A day with all sequences of one parity given away borrows from the next area.
        for other in [area].into_iter().chain(AREAS.iter().map(|(code, _)| *code)) {
            for _ in 0..495 {
                let body = format!("{other}{}{sequence:03}", birth.format("%Y%m%d"));
                let id = check_digit(&body).map(|check| format!("{body}{check}")).unwrap_or_default();
                if !id.is_empty() && self.used.insert(id.clone()) {
                    return id;
                }
                sequence = if sequence + 2 > 992 { 2 - u32::from(!female) } else { sequence + 2 };
            }
        }
        String::new()
    }
}

/// A family name.
pub(super) fn surname(dice: &mut Dice) -> &'static str {
    dice.weighted(SURNAMES).unwrap_or_default()
}

fn given(dice: &mut Dice, surname: &str, female: bool) -> String {
    let characters = if female { GIVEN_GIRLS } else { GIVEN_BOYS };
    let first = dice.one(characters).copied().unwrap_or_default();
    let second = if dice.permille(820) { dice.one(characters).copied().unwrap_or_default() } else { "" };
    format!("{surname}{first}{second}")
}

fn dotted(dice: &mut Dice) -> String {
    let (own, fathers) = dice.one(DOTTED).copied().unwrap_or_default();
    format!("{own}·{fathers}")
}

/// Another name that differs in its last character, as one office writes it and another does not.
pub(super) fn miswritten(dice: &mut Dice, name: &str) -> String {
    let mut characters: Vec<char> = name.chars().collect();
    let last = characters.pop();
    let other = GIVEN_BOYS.iter().chain(GIVEN_GIRLS).filter_map(|text| text.chars().next());
    let other: Vec<char> = other.filter(|c| Some(*c) != last).collect();
    characters.extend(dice.one(&other));
    characters.into_iter().collect()
}

/// A day of birth fitting a grade: who enters in September was of age on the last day of August.
pub(super) fn birth(dice: &mut Dice, school_year: i16, stage: Stage, grade: u8) -> NaiveDate {
    let age_of_first = match stage {
        Stage::Preschool => 3,
        // Grades of junior high count on from primary school: seven at twelve.
        Stage::Primary | Stage::JuniorHigh => 6,
        _ => 15,
    };
    let years = age_of_first + i32::from(grade) - 1;
    let youngest = NaiveDate::from_ymd_opt(i32::from(school_year) - years, 8, 31).unwrap_or_default();
    youngest - Days::new(u64::from(dice.below(365)))
}

/// A card number of nineteen digits with its Luhn check; the bank does not exist.
pub(super) fn card(dice: &mut Dice) -> String {
    let body = format!("6200{}", dice.digits(14));
    let sum: u32 = body
        .chars()
        .rev()
        .zip([true, false].into_iter().cycle())
        .filter_map(|(c, doubled)| {
            let digit = c.to_digit(10)?;
            let value = if doubled { digit * 2 } else { digit };
            Some(if value > 9 { value - 9 } else { value })
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{BankCard, PersonName, ResidentId, Sex};

    #[test]
    fn persons_pass_the_services_own_checks() {
        let mut dice = Dice::new(7);
        let mut people = People::new("341024");
        let mut ids = HashSet::new();
        for turn in 0..3000 {
            let day = NaiveDate::from_ymd_opt(2010, 1 + turn % 12, 1 + turn % 3).unwrap();
            let family = surname(&mut dice);
            let person = people.child(&mut dice, family, day);
            let id = ResidentId::parse(&person.id).unwrap();
            assert!(id.changes.is_empty());
            assert_eq!(id.value.birth_date(), person.birth);
            assert_eq!(id.value.sex() == Sex::Female, person.female);
            assert!(ids.insert(person.id));
            assert!(PersonName::parse(&person.name).is_ok(), "{}", person.name);
            assert!(BankCard::parse(&card(&mut dice)).is_ok());
        }
    }

    #[test]
    fn a_miswritten_name_is_another_name_of_the_same_length() {
        let mut dice = Dice::new(1);
        for name in ["王浩宇", "方怡", "阿依古丽·买买提"] {
            let other = miswritten(&mut dice, name);
            assert_ne!(other, name);
            assert_eq!(other.chars().count(), name.chars().count());
        }
    }

    #[test]
    fn children_are_of_age_on_the_last_day_of_august() {
        let mut dice = Dice::new(2);
        for (stage, grade, age) in [
            (Stage::Preschool, 1, 3),
            (Stage::Primary, 1, 6),
            (Stage::JuniorHigh, 7, 12),
            (Stage::SeniorHigh, 1, 15),
            (Stage::Vocational, 3, 17),
        ] {
            let born = birth(&mut dice, 2025, stage, grade);
            let august = NaiveDate::from_ymd_opt(2025, 8, 31).unwrap();
            assert_eq!(august.years_since(born), Some(age), "{stage}");
        }
    }
}
