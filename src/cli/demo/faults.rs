//! What goes wrong in the invented county, and the honest list of it.
//!
//! Each fault falls on students of its own, so that a label says exactly what a run must find. The
//! shares follow the audits: some two in a hundred listed students missed, as many paid too little, a
//! few paid twice.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::county::{School, Student};
use super::dice::Dice;
use super::people::{People, Person, birth, miswritten, surname};
use super::rates::{Owed, Standing, owed, too_low};
use super::{County, Plan};
use crate::cross_check::FindingKind;
use crate::values::{Category, EnrolmentState, EvidenceKind, Hardship, Programme, Stage, TermCalendar, Tier};

/// A row of the list, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// The person as the roll has her, or as nobody else has.
    pub person: Person,
    /// The student this row is about; `None` if she is on no roll.
    pub student: Option<usize>,
    /// Name as this office writes it.
    pub name: String,
    /// Id as this office writes it.
    pub id: String,
}

/// A row of the aid sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AidRow {
    /// The student.
    pub student: usize,
    /// Programme.
    pub programme: Programme,
    /// Tier.
    pub tier: Tier,
    /// Amount.
    pub fen: i64,
    /// Day of payment.
    pub paid_on: NaiveDate,
    /// Card it went to; waivers have none.
    pub card: Option<String>,
    /// How the date is written.
    pub date: Variant,
}

/// An unusual way of writing that the importer must accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// As the template has it.
    Plain,
    /// An id in full-width characters.
    FullWidth,
    /// An id with a small x.
    SmallX,
    /// A name with another middle dot, or none.
    OtherDot,
    /// 20250910.
    DateDigits,
    /// 2025/9/10.
    DateSlashes,
    /// 2025年9月10日.
    DateWords,
    /// 45910, the spreadsheet's own count of days.
    DateSerial,
}

/// One of the three files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// The provincial list.
    List,
    /// The school roll.
    Roll,
    /// The aid records.
    Aid,
}

/// What is wrong with a row that must be rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dirt {
    /// The id is stored as a number; only fifteen digits survive.
    IdAsNumber,
    /// The last character of the id is wrong.
    WrongCheckDigit,
    /// The id lacks a digit.
    SeventeenDigits,
    /// The name is blank.
    BlankName,
    /// A day that no calendar has.
    BadDate,
    /// A programme that nobody runs.
    UnknownProgramme,
    /// An amount below zero.
    NegativeAmount,
}

/// A row that must be rejected. Its person stands in no other file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirtyRow {
    /// Which file.
    pub file: File,
    /// It stands before the good row of this number, counted from 0.
    pub before: usize,
    /// What is wrong.
    pub dirt: Dirt,
    /// The person as she should have been written.
    pub person: Person,
    /// A student whose other cells the row borrows.
    pub like: usize,
}

/// One injected fault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The ids concerned: one, or the holders of a shared account.
    pub ids: Vec<String>,
    /// The programme, where the fault is about one.
    pub programme: Option<Programme>,
}

/// Everything that was put wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Truth {
    /// Faults that a cross-check of the three files must find, and no others of these kinds.
    pub findings: BTreeMap<FindingKind, Vec<Label>>,
    /// Rows that the importer must reject.
    pub rejected: BTreeMap<(File, Dirt), u32>,
    /// Cells written unusually, to be accepted as they are meant.
    pub accepted: BTreeMap<Variant, u32>,
}

impl Truth {
    fn label(&mut self, kind: FindingKind, ids: &[&str], programme: Option<Programme>) {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        self.findings.entry(kind).or_default().push(Label { ids, programme });
    }

    /// How many faults of a kind were put in.
    pub fn count(&self, kind: FindingKind) -> usize {
        self.findings.get(&kind).map_or(0, Vec::len)
    }

    /// How many rows of a file must be rejected.
    pub fn rejected_rows(&self, file: File) -> u32 {
        self.rejected.iter().filter(|((of, _), _)| *of == file).map(|(_, count)| count).sum()
    }
}

/// A number of faults meant for 4,000 listed students, scaled to the plan; at least one.
pub(super) fn scaled(plan: &Plan, of_4000: u32) -> u32 {
    let scaled = (u64::from(of_4000) * u64::from(plan.listed) + 2000) / 4000;
    u32::try_from(scaled.max(1)).unwrap_or(u32::MAX)
}

/// What was put wrong about a student. One thing each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unaided,
    Underpaid,
    Left,
    WithProof,
    WithProofUnpaid,
    WithoutProof,
    NoCategory,
    Twice,
    OtherName,
    PaidAfterLeaving,
    OtherStage,
    Shares(usize),
    TwoSchools,
}

/// The county with its faults being put in.
struct Workshop<'a> {
    plan: &'a Plan,
    schools: &'a [School],
    students: &'a mut [Student],
    marks: Vec<Option<Mark>>,
    /// All students in a random order, from which each fault takes those that suit it.
    order: Vec<usize>,
    truth: Truth,
    begins: NaiveDate,
}

/// Puts the faults in and writes the rows.
pub(super) fn spoil(
    plan: &Plan,
    name: &'static str,
    schools: Vec<School>,
    mut students: Vec<Student>,
    people: &mut People,
    dice: &mut Dice,
) -> County {
    let mut order: Vec<usize> = (0..students.len()).collect();
    dice.shuffle(&mut order);
    let mut shop = Workshop {
        plan,
        schools: &schools,
        marks: vec![None; students.len()],
        students: &mut students,
        order,
        truth: Truth::default(),
        begins: TermCalendar::default().first_day(plan.term),
    };
    shop.mark();
    shop.bend_students(dice);
    let aid = shop.aid_rows(dice);
    let list = shop.list_rows(people, dice);
    let dirty = shop.dirty_rows(list.len(), aid.len(), people, dice);
    let truth = shop.truth;
    County { plan: plan.clone(), name, schools, students, list, aid, dirty, truth }
}

impl Workshop<'_> {
    fn student(&self, at: usize) -> Option<(&Student, &School)> {
        let student = self.students.get(at)?;
        Some((student, self.schools.get(student.school)?))
    }

    /// What the cashier would rightly pay.
    fn owed(&self, at: usize) -> Vec<Owed> {
        let Some((student, school)) = self.student(at) else { return Vec::new() };
        if student.state != EnrolmentState::Enrolled {
            return Vec::new();
        }
        let proven = matches!(self.marks.get(at), Some(Some(Mark::WithProof | Mark::WithProofUnpaid)));
        let standing = match (student.listed || proven, student.hardship, student.category) {
            (true, ..) => Standing::Registered,
            (_, Some(hardship), _) => Standing::Assessed(hardship),
            _ => Standing::Ordinary,
        };
        owed(self.plan.term, student, school, standing)
    }

    /// Marks up to so many students that suit and bear no mark yet.
    fn take(&mut self, count: u32, mark: impl Fn(usize) -> Mark, suits: impl Fn(&Self, usize) -> bool) {
        let mut taken = 0;
        let order = std::mem::take(&mut self.order);
        for at in order.iter().copied() {
            if taken == count {
                break;
            }
            if self.marks.get(at) == Some(&None) && suits(self, at) {
                if let Some(slot) = self.marks.get_mut(at) {
                    *slot = Some(mark(at));
                }
                taken += 1;
            }
        }
        self.order = order;
    }

    fn mark(&mut self) {
        let scaled = |of_4000| scaled(self.plan, of_4000);
        let [unaided, underpaid, left, proof, unpaid, no_proof] = [100, 80, 20, 45, 15, 20].map(scaled);
        let [no_category, twice, other_name, after, stage, shared, schools] =
            [30, 20, 15, 10, 8, 12, 4].map(scaled);
        let enrolled = |s: &Self, at| s.student(at).is_some_and(|(s, _)| s.state == EnrolmentState::Enrolled);
        let listed = |s: &Self, at| enrolled(s, at) && s.student(at).is_some_and(|(s, _)| s.listed);
        // What a kindergarten pays is fixed by no published figure here, so no fault of money is put there.
        let schoolchild = |s: &Self, at| s.student(at).is_some_and(|(s, _)| s.stage != Stage::Preschool);
        let ordinary = |s: &Self, at| {
            let plain = |s: &Student| s.hardship.is_none() && s.category.is_none() && !s.listed;
            enrolled(s, at) && s.student(at).is_some_and(|(s, _)| plain(s))
        };
        let assessed = |s: &Self, at| {
            let off_list = |s: &Student| s.hardship.is_some() && !s.listed;
            enrolled(s, at) && s.student(at).is_some_and(|(s, _)| off_list(s))
        };
        let owed_grant = |s: &Self, at| s.owed(at).iter().any(|o| too_low(s.plan.term, *o).is_some());
        let inclusive = |s: &Self, at| s.student(at).is_some_and(|(_, s)| s.inclusive != Some(false));

        self.take(
            unaided,
            |_| Mark::Unaided,
            |s, at| listed(s, at) && schoolchild(s, at) && !s.owed(at).is_empty(),
        );
        self.take(underpaid, |_| Mark::Underpaid, |s, at| listed(s, at) && owed_grant(s, at));
        self.take(left, |_| Mark::Left, listed);
        self.take(other_name, |_| Mark::OtherName, listed);
        self.take(proof, |_| Mark::WithProof, |s, at| ordinary(s, at) && inclusive(s, at));
        self.take(unpaid, |_| Mark::WithProofUnpaid, |s, at| ordinary(s, at) && inclusive(s, at));
        self.take(no_proof, |_| Mark::WithoutProof, ordinary);
        self.take(no_category, |_| Mark::NoCategory, |s, at| ordinary(s, at) && s.wrongly_paid(at).is_some());
        self.take(twice, |_| Mark::Twice, |s, at| (listed(s, at) || assessed(s, at)) && owed_grant(s, at));
        self.take(after, |_| Mark::PaidAfterLeaving, |s, at| assessed(s, at) && !s.owed(at).is_empty());
        self.take(
            stage,
            |_| Mark::OtherStage,
            |s, at| assessed(s, at) && s.owed(at).iter().any(|o| o.0 == Programme::VocationalGrant),
        );
        self.take(shared.max(2), Mark::Shares, |s, at| listed(s, at) && owed_grant(s, at));
        self.take(schools, |_| Mark::TwoSchools, |s, at| ordinary(s, at) && s.other_school(at).is_some());
    }

    /// A programme that a student without any hardship was paid all the same.
    fn wrongly_paid(&self, at: usize) -> Option<Owed> {
        let (student, school) = self.student(at)?;
        let as_if = owed(self.plan.term, student, school, Standing::Assessed(Hardship::General));
        let grant = |o: &Owed| !matches!(o.0, Programme::VocationalWaiver);
        as_if.into_iter().find(grant).filter(|_| !student.farming_major())
    }

    fn other_school(&self, at: usize) -> Option<usize> {
        let (student, _) = self.student(at)?;
        self.schools
            .iter()
            .position(|s| s.stage == student.stage && Some(s) != self.schools.get(student.school))
    }

    /// The marks that change what the roll says.
    fn bend_students(&mut self, dice: &mut Dice) {
        let withdrawn_on = self.begins + Days::new(20);
        let before = self.begins - Days::new(30);
        for at in 0..self.marks.len() {
            let Some(Some(mark)) = self.marks.get(at).copied() else { continue };
            let other_school = self.other_school(at);
            let Some(student) = self.students.get_mut(at) else { continue };
            let id = student.person.id.clone();
            match mark {
                Mark::Left => {
                    student.state = *dice
                        .one(&[EnrolmentState::Transferred, EnrolmentState::Withdrawn])
                        .unwrap_or(&EnrolmentState::Withdrawn);
                    student.left = Some(before);
                    self.truth.label(FindingKind::ListedNotEnrolled, &[&id], None);
                }
                Mark::WithProof | Mark::WithProofUnpaid => {
                    student.category = Some(Category::RegisteredPoor);
                    student.evidence =
                        dice.one(&[EvidenceKind::PovertyHandbook, EvidenceKind::CountyCertificate]).copied();
                    self.truth.label(FindingKind::OffListWithProof, &[&id], None);
                }
                Mark::WithoutProof => {
                    student.category = Some(Category::RegisteredPoor);
                    student.evidence = Some(EvidenceKind::VillageCertificate);
                    self.truth.label(FindingKind::OffListWithoutProof, &[&id], None);
                }
                Mark::PaidAfterLeaving => {
                    // What was owed before is what is paid now; see `aid_rows`.
                    student.left = Some(withdrawn_on);
                }
                Mark::TwoSchools => {
                    student.second_school = other_school;
                    self.truth.label(FindingKind::DuplicateEnrolment, &[&id], None);
                }
                _ => {}
            }
        }
    }

    /// The aid sheet: what the county paid, rightly or not.
    fn aid_rows(&mut self, dice: &mut Dice) -> Vec<AidRow> {
        let mut rows: Vec<AidRow> = Vec::new();
        for at in 0..self.students.len() {
            let mark = self.marks.get(at).copied().flatten();
            let mut paid = self.owed(at);
            let paid_on = self.begins + Days::new(40 + u64::from(dice.below(30)));
            let Some(student) = self.students.get_mut(at) else { continue };
            let id = student.person.id.clone();
            let mut label = |kind, programme| self.truth.label(kind, &[&id], Some(programme));
            let mut again = None;
            match mark {
                Some(Mark::Unaided) => {
                    paid.drain(..).for_each(|o| label(FindingKind::ListedUnaided, o.0));
                }
                Some(Mark::WithProofUnpaid) => paid.clear(),
                Some(Mark::Underpaid) => {
                    let term = self.plan.term;
                    let low = paid.iter_mut().find_map(|o| Some((too_low(term, *o)?, o)));
                    if let Some(((tier, fen), one)) = low {
                        *one = (one.0, tier, fen);
                        label(FindingKind::ListedUnderpaid, one.0);
                    }
                }
                Some(Mark::Twice) => {
                    again = paid.iter().copied().find(|o| too_low(self.plan.term, *o).is_some());
                    again.iter().for_each(|o| label(FindingKind::DuplicateAid, o.0));
                }
                Some(Mark::PaidAfterLeaving) => {
                    student.state = EnrolmentState::Withdrawn;
                    paid.iter().for_each(|o| label(FindingKind::AidedAfterLeaving, o.0));
                }
                Some(Mark::OtherStage) => {
                    for one in paid.iter_mut().filter(|o| o.0 == Programme::VocationalGrant) {
                        one.0 = Programme::SeniorHighGrant;
                        label(FindingKind::StageMismatch, one.0);
                    }
                }
                _ => {}
            }
            if mark == Some(Mark::NoCategory) {
                let wrong = self.wrongly_paid(at);
                if let Some(one) = wrong {
                    paid.retain(|o| o.0 != one.0);
                    paid.push(one);
                    self.truth.label(FindingKind::AidedWithoutCategory, &[&id], Some(one.0));
                }
            }
            let card = self.students.get(at).map(|s| s.card.clone());
            let mut write = |(programme, tier, fen): Owed, paid_on| {
                let waived = matches!(programme, Programme::SeniorHighWaiver | Programme::VocationalWaiver);
                let date = match dice.below(40) {
                    0 => Variant::DateDigits,
                    1 => Variant::DateSlashes,
                    2 => Variant::DateWords,
                    3 => Variant::DateSerial,
                    _ => Variant::Plain,
                };
                if date != Variant::Plain {
                    *self.truth.accepted.entry(date).or_default() += 1;
                }
                let card = card.clone().filter(|_| !waived);
                rows.push(AidRow { student: at, programme, tier, fen, paid_on, card, date });
            };
            paid.into_iter().for_each(|one| write(one, paid_on));
            again.into_iter().for_each(|one| write(one, paid_on + Days::new(15)));
        }
        self.share_accounts(&mut rows);
        rows
    }

    /// Pairs of the marked: the second is paid to the first one's card.
    fn share_accounts(&mut self, rows: &mut [AidRow]) {
        let marked: Vec<usize> = self
            .marks
            .iter()
            .filter_map(|m| if let Some(Mark::Shares(at)) = m { Some(*at) } else { None })
            .collect();
        for pair in marked.chunks_exact(2) {
            let [first, second] = pair else { continue };
            let (Some(one), Some(other)) = (self.students.get(*first), self.students.get(*second)) else {
                continue;
            };
            let card = one.card.clone();
            self.truth.label(FindingKind::SharedAccount, &[&one.person.id, &other.person.id], None);
            for row in rows.iter_mut().filter(|r| r.student == *second && r.card.is_some()) {
                row.card = Some(card.clone());
            }
        }
    }

    /// The list: the listed students in a random order, and some whom no school knows.
    fn list_rows(&mut self, people: &mut People, dice: &mut Dice) -> Vec<ListRow> {
        let mut rows: Vec<ListRow> = Vec::new();
        for at in self.order.clone() {
            let Some(student) = self.students.get(at).filter(|s| s.listed) else { continue };
            let person = student.person.clone();
            let mut name = person.name.clone();
            if self.marks.get(at) == Some(&Some(Mark::OtherName)) {
                name = miswritten(dice, &name);
                self.truth.label(FindingKind::IdConflict, &[&person.id], None);
            }
            rows.push(ListRow { name, id: person.id.clone(), person, student: Some(at) });
        }
        let missing = usize::try_from(self.plan.listed).unwrap_or_default().saturating_sub(rows.len());
        for _ in 0..missing {
            let person = stranger(self.plan, people, dice);
            self.truth.label(FindingKind::ListedNotEnrolled, &[&person.id], None);
            let row = ListRow { name: person.name.clone(), id: person.id.clone(), person, student: None };
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
    fn dirty_rows(&mut self, list: usize, aid: usize, people: &mut People, dice: &mut Dice) -> Vec<DirtyRow> {
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
