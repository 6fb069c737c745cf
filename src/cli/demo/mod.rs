//! An invented county: its spreadsheets as offices send them, with the faults real ones have.
//!
//! [`generate`] is pure: the same [`Plan`] gives the same [`County`] on any machine. [`write_files`]
//! puts it on disk, row by row, so that memory does not grow with the files. What was put wrong is in
//! [`County::truth`], and only what a run over these files can see is in it: the person of a row that
//! the importer must reject stands in no other file, so that nothing about her can be found or missed.
//!
//! Everybody here is invented, and every title row, sheet name and school says so (演示).

mod columns;
mod county;
mod dice;
mod faults;
mod files;
mod neighbour;
mod people;
mod rates;
mod rows;
mod run;
mod truth;

use crate::error::{Error, Result};
use crate::values::{Term, Text, ValueError};

pub use county::{School, Student};
pub use faults::pay_by;
pub use files::{Files, write_files};
pub use neighbour::Neighbour;
pub use people::Person;
pub(super) use run::{Options, run};
pub use truth::{AidRow, Dirt, DirtyRow, File, Known, Label, ListRow, Truth, Variant};

/// What to generate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Students on the roll, about: a second enrolment or an absent listed student comes on top.
    pub students: u32,
    /// Students on the list, exactly, bad rows aside.
    pub listed: u32,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Term of roll and aid.
    pub term: Term,
    /// County, six digits.
    pub place: String,
}

impl Plan {
    /// The usual demo: 祁门县 with so many students, a fifth of them on the list, and the seed that
    /// published figures are made with.
    pub fn usual(students: u32, term: Term) -> Self {
        Self { students, listed: students / 5, seed: 20_170_915, term, place: "341024".to_owned() }
    }
}

/// The generated county.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct County {
    /// What it was made from.
    pub plan: Plan,
    /// The county's name, 祁门县.
    pub name: &'static str,
    /// Schools.
    pub schools: Vec<School>,
    /// Students of the roll.
    pub students: Vec<Student>,
    /// The county next door, where some of the listed go to school.
    pub neighbour: Neighbour,
    /// Rows of the list.
    pub list: Vec<ListRow>,
    /// Rows of the aid sheet.
    pub aid: Vec<AidRow>,
    /// Rows that the importer must reject, by file.
    pub dirty: Vec<DirtyRow>,
    /// What is wrong, and must be found.
    pub truth: Truth,
}

/// The counties of Huangshan (GB/T 2260 as of 2025).
const COUNTIES: &[(&str, &str)] = &[
    ("341002", "屯溪区"),
    ("341003", "黄山区"),
    ("341004", "徽州区"),
    ("341021", "歙县"),
    ("341022", "休宁县"),
    ("341023", "黟县"),
    ("341024", "祁门县"),
];

/// Generates a county.
///
/// # Errors
/// `invalid_input` if the list is longer than half the roll, the roll holds fewer than 100 or more than
/// five million students, or the place is no county of Huangshan.
pub fn generate(plan: &Plan) -> Result<County> {
    let name = COUNTIES.iter().find(|(code, _)| *code == plan.place).map(|(_, name)| *name);
    let name = name.ok_or_else(|| {
        refuse(
            "--place",
            "demo_place",
            "演示只有黄山市各区县",
            "the demo knows the counties of Huangshan only",
        )
    })?;
    if !(100..=5_000_000).contains(&plan.students) {
        return Err(refuse(
            "--students",
            "demo_students",
            "演示学生数须在 100 到 500 万之间",
            "the demo takes 100 to 5,000,000 students",
        ));
    }
    if plan.listed > plan.students / 2 {
        return Err(refuse(
            "--listed",
            "demo_listed",
            "名单人数不能超过学生数的一半",
            "the list may hold half of the students at most",
        ));
    }
    let mut dice = dice::Dice::new(plan.seed);
    let mut people = people::People::new(&plan.place);
    let schools = county::schools(plan, name);
    let mut students = county::students(plan, &schools, &mut people, &mut dice);
    let elsewhere = faults::absent(plan) + neighbour::away(plan);
    let on_roll = usize::try_from(plan.listed - elsewhere).unwrap_or_default();
    county::list(plan, &mut students, &schools, on_roll, &mut dice);
    county::ordinary_life(plan, &mut students, &mut dice);
    let households = students.last().map_or(0, |last| last.household);
    let neighbour = neighbour::neighbour(plan, households, &mut people, &mut dice);
    let county = County {
        plan: plan.clone(),
        name,
        schools,
        students,
        neighbour,
        list: Vec::new(),
        aid: Vec::new(),
        dirty: Vec::new(),
        truth: Truth::default(),
    };
    Ok(faults::spoil(county, &mut people, &mut dice))
}

/// The refusal of an option.
fn refuse(pointer: &str, code: &'static str, zh: &'static str, en: &'static str) -> Error {
    let todo = Text::fixed("请更换参数后重试", "choose another value and try again");
    Error::invalid_field(pointer, ValueError { code, what: Text::fixed(zh, en), todo })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod truth_tests;
