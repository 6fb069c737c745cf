//! A county next door where a few of the listed students go to school: its schools and its own small roll.
//!
//! They are listed where they live, and only the neighbour's roll knows them; a check here must say so and
//! not that no school knows them. Some of their classmates stand on the same roll and concern nobody here.

use super::county::{self, School, Student, TOWNS};
use super::dice::Dice;
use super::faults::{absent, scaled};
use super::people::People;
use super::{COUNTIES, Plan};

/// Students of the neighbour's roll who have nothing to do with this county.
const CLASSMATES: u32 = 20;
/// Where the serials of the neighbour's schools begin, so that no two schools have one code.
const SERIALS: usize = 80_000;

/// The county next door, as far as this one has to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Six digits.
    pub place: String,
    /// The county's name, 黟县.
    pub name: &'static str,
    /// Schools.
    pub schools: Vec<School>,
    /// Students of its roll: first those on this county's list, then others.
    pub students: Vec<Student>,
}

/// Listed students who go to school next door: two in a thousand of the list, at least one.
pub(super) fn away(plan: &Plan) -> u32 {
    scaled(plan, 8).min(plan.listed - absent(plan))
}

/// The county next door, its households numbered after those of this county.
pub(super) fn neighbour(plan: &Plan, households: u32, people: &mut People, dice: &mut Dice) -> Neighbour {
    let (place, name) = next_door(&plan.place);
    let away = away(plan);
    let there = Plan { students: away + CLASSMATES, place: place.to_owned(), ..plan.clone() };
    // One school of each stage, however many go there: of several, one would bear another kind's code.
    let mut schools = county::schools(&Plan { students: 1, ..there.clone() }, name);
    for (serial, school) in (SERIALS..).zip(&mut schools) {
        let kind_and_province = school.code.get(..4).unwrap_or_default();
        school.code = format!("{kind_and_province}9{serial:05}");
        // The townships are this county's own.
        school.name = TOWNS.iter().fold(school.name.clone(), |name, town| name.replace(town, ""));
    }
    let mut students = county::students(&there, &schools, people, dice);
    // No household is at school on both sides, or a brother's fault would come with it.
    for (household, student) in (households + 1..).zip(&mut students) {
        student.household = household;
    }
    for (_, student) in (0..away).zip(&mut students) {
        student.home.clone_from(&plan.place);
        student.listed = true;
    }
    Neighbour { place: place.to_owned(), name, schools, students }
}

/// The county before this one in the table of the city, for the first the second.
fn next_door(place: &str) -> (&'static str, &'static str) {
    let at = COUNTIES.iter().position(|(code, _)| *code == place).unwrap_or_default();
    COUNTIES.get(at.checked_sub(1).unwrap_or(1)).copied().unwrap_or_default()
}
