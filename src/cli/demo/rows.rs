//! The rows of the list as different hands write them, and the rows that no importer may take.

use super::Plan;
use super::dice::Dice;
use super::faults::{Mark, Workshop};
use super::neighbour::Neighbour;
use super::people::{People, Person, birth, miswritten, surname};
use super::truth::{Dirt, DirtyRow, File, Known, ListRow, Variant};
use crate::cross_check::FindingKind;
use crate::values::Stage;

impl Workshop<'_> {
    /// The list: the listed students in a random order, some who go to school next door, and some whom no
    /// school knows.
    pub(super) fn list_rows(
        &mut self,
        neighbour: &Neighbour,
        people: &mut People,
        dice: &mut Dice,
    ) -> Vec<ListRow> {
        let mut rows: Vec<ListRow> = Vec::new();
        for at in self.order.clone() {
            let Some(student) = self.students.get(at).filter(|s| s.listed) else { continue };
            let person = student.person.clone();
            let mut name = person.name.clone();
            if self.marks.get(at) == Some(&Some(Mark::OtherName)) {
                name = miswritten(dice, &name);
                self.truth.label(FindingKind::IdConflict, &[&person.id], None);
            }
            rows.push(ListRow { name, id: person.id.clone(), person, known: Known::Here(at) });
        }
        for (at, student) in neighbour.students.iter().enumerate().filter(|(_, student)| student.listed) {
            let person = student.person.clone();
            self.truth.label(FindingKind::ListedElsewhere, &[&person.id], None);
            let (name, id) = (person.name.clone(), person.id.clone());
            let place = dice.at(rows.len() + 1);
            rows.insert(place, ListRow { name, id, person, known: Known::Neighbour(at) });
        }
        let missing = usize::try_from(self.plan.listed).unwrap_or_default().saturating_sub(rows.len());
        let mistyped = self.marks.iter().zip(self.students.iter());
        let mut mistyped: Vec<Person> = mistyped
            .filter(|(mark, _)| **mark == Some(Mark::Mistyped))
            .map(|(_, student)| student.person.clone())
            .collect();
        for _ in 0..missing {
            let person = match mistyped.pop() {
                Some(meant) => {
                    let written = people.mistyped(dice, &meant);
                    self.truth.label(FindingKind::ProbableTypo, &[&written.id], None);
                    written
                }
                None => stranger(self.plan, people, dice),
            };
            self.truth.label(FindingKind::ListedNotEnrolled, &[&person.id], None);
            let row =
                ListRow { name: person.name.clone(), id: person.id.clone(), person, known: Known::Nowhere };
            let place = dice.at(rows.len() + 1);
            rows.insert(place, row);
        }
        for row in &mut rows {
            let variant = if row.name.contains('·') {
                let dot = dice.one(&["•", "‧", "・", ""]).copied().unwrap_or_default();
                row.name = row.name.replace('·', dot);
                Variant::OtherDot
            } else if row.id.ends_with('X') && dice.permille(300) {
                row.id = row.id.to_lowercase();
                Variant::SmallX
            } else if dice.permille(5) {
                row.id = row.id.chars().map(full_width).collect();
                Variant::FullWidth
            } else {
                continue;
            };
            *self.truth.accepted.entry(variant).or_default() += 1;
        }
        rows
    }

    /// About two rows in a thousand, at least one of each kind a file can have.
    pub(super) fn dirty_rows(
        &mut self,
        list: usize,
        aid: usize,
        people: &mut People,
        dice: &mut Dice,
    ) -> Vec<DirtyRow> {
        use Dirt::{
            BadDate, BlankName, IdAsNumber, NegativeAmount, SeventeenDigits, UnknownProgramme,
            WrongCheckDigit,
        };
        const OF_ALL: &[Dirt] = &[IdAsNumber, WrongCheckDigit, SeventeenDigits, BlankName];
        const OF_AID: &[Dirt] = &[
            IdAsNumber,
            WrongCheckDigit,
            SeventeenDigits,
            BlankName,
            BadDate,
            UnknownProgramme,
            NegativeAmount,
        ];
        let mut rows = Vec::new();
        for (file, length, kinds) in
            [(File::List, list, OF_ALL), (File::Roll, self.students.len(), OF_ALL), (File::Aid, aid, OF_AID)]
        {
            let mut of_file = Vec::new();
            for dirt in kinds.iter().copied().cycle().take((length / 500).max(kinds.len())) {
                let person = stranger(self.plan, people, dice);
                let (before, like) = (dice.at(length), dice.at(self.students.len()));
                of_file.push(DirtyRow { file, before, dirt, person, like });
                *self.truth.rejected.entry((file, dirt)).or_default() += 1;
            }
            of_file.sort_by_key(|row| row.before);
            rows.append(&mut of_file);
        }
        rows
    }
}

/// A person of school age who is in no other file.
fn stranger(plan: &Plan, people: &mut People, dice: &mut Dice) -> Person {
    let family = surname(dice);
    let grade = u8::try_from(1 + dice.below(6)).unwrap_or(1);
    let born = birth(dice, plan.term.school_year(), Stage::Primary, grade);
    people.child(dice, family, born)
}

/// The full-width form of an ASCII character.
fn full_width(c: char) -> char {
    let wide = u32::from(c).checked_add(0xFEE0).filter(|_| c.is_ascii_graphic()).and_then(char::from_u32);
    wide.unwrap_or(c)
}
