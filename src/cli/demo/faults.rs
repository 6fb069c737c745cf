//! What goes wrong in the invented county, and the honest list of it.
//!
//! Each fault falls on students of its own, so that a label says exactly what a run must find. The
//! shares follow the audits: some two in a hundred listed students missed, as many paid too little, a
//! few paid twice. Where one fault brings another with it (a second payment that comes too late, a brother of
//! a listed child who is not listed), both are labelled.

use std::collections::HashSet;

use chrono::{Days, NaiveDate};

use super::county::{School, Student};
use super::dice::Dice;
use super::people::People;
use super::rates::{Owed, Standing, owed, too_low};
use super::truth::{AidRow, ListRow, Truth, Variant};
use super::{County, Plan};
use crate::cross_check::FindingKind;
use crate::values::{Category, EnrolmentState, EvidenceKind, Hardship, Programme, Stage, Term, TermCalendar};

/// A number of faults meant for 4,000 listed students, scaled to the plan; at least one.
pub(super) fn scaled(plan: &Plan, of_4000: u32) -> u32 {
    let scaled = (u64::from(of_4000) * u64::from(plan.listed) + 2000) / 4000;
    u32::try_from(scaled.max(1)).unwrap_or(u32::MAX)
}

/// Listed persons whom no school knows.
pub(super) fn absent(plan: &Plan) -> u32 {
    scaled(plan, 20).min(plan.listed)
}

/// Days into the term after which paying begins.
const PAYING_FROM: u64 = 40;
/// Over how many days it spreads.
const PAYING_OVER: u32 = 30;
/// After how many more days a student who is paid twice is paid again.
const PAID_AGAIN_AFTER: u64 = 15;

/// The first day of a term on which all its money has been paid.
pub(super) fn paid_by(term: Term) -> NaiveDate {
    let days = PAYING_FROM + u64::from(PAYING_OVER) + PAID_AGAIN_AFTER;
    TermCalendar::default().first_day(term) + Days::new(days)
}

/// The county's own last day for paying listed students, after all who are paid in time.
pub fn pay_by(term: Term) -> NaiveDate {
    TermCalendar::default().first_day(term) + Days::new(PAYING_FROM + u64::from(PAYING_OVER))
}

/// What was put wrong about a student. One thing each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
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
    Late,
    Mistyped,
    WrongAge,
}

/// The county with its faults being put in.
pub(super) struct Workshop<'a> {
    pub(super) plan: &'a Plan,
    schools: &'a [School],
    pub(super) students: &'a mut [Student],
    pub(super) marks: Vec<Option<Mark>>,
    /// All students in a random order, from which each fault takes those that suit it.
    pub(super) order: Vec<usize>,
    pub(super) truth: Truth,
    begins: NaiveDate,
}

/// Puts the faults into a county that has no rows yet, and writes the rows.
pub(super) fn spoil(mut county: County, people: &mut People, dice: &mut Dice) -> County {
    let County { plan, schools, students, neighbour, .. } = &mut county;
    let mut order: Vec<usize> = (0..students.len()).collect();
    dice.shuffle(&mut order);
    let begins = TermCalendar::default().first_day(plan.term);
    let marks = vec![None; students.len()];
    let mut shop = Workshop { plan, schools, students, marks, order, truth: Truth::default(), begins };
    shop.mark();
    shop.bend_students(people, dice);
    let aid = shop.aid_rows(dice);
    let list = shop.list_rows(neighbour, people, dice);
    shop.label_households(&list);
    shop.label_schools();
    let dirty = shop.dirty_rows(list.len(), aid.len(), people, dice);
    let truth = shop.truth;
    County { list, aid, dirty, truth, ..county }
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
        // Who leaves before a day must have come before it.
        let came_before = |s: &Self, at, day| s.student(at).is_some_and(|(s, _)| s.entered < day);
        let (in_summer, in_term) = (self.left_before(), self.left_within());
        let owed_grant = |s: &Self, at| s.owed(at).iter().any(|o| too_low(s.plan.term, *o).is_some());
        let inclusive = |s: &Self, at| s.student(at).is_some_and(|(_, s)| s.inclusive != Some(false));

        self.take(
            unaided,
            |_| Mark::Unaided,
            |s, at| listed(s, at) && schoolchild(s, at) && !s.owed(at).is_empty(),
        );
        self.take(underpaid, |_| Mark::Underpaid, |s, at| listed(s, at) && owed_grant(s, at));
        self.take(left, |_| Mark::Left, |s, at| listed(s, at) && came_before(s, at, in_summer));
        self.take(other_name, |_| Mark::OtherName, listed);
        self.take(proof, |_| Mark::WithProof, |s, at| ordinary(s, at) && inclusive(s, at));
        self.take(unpaid, |_| Mark::WithProofUnpaid, |s, at| ordinary(s, at) && inclusive(s, at));
        self.take(no_proof, |_| Mark::WithoutProof, ordinary);
        self.take(no_category, |_| Mark::NoCategory, |s, at| ordinary(s, at) && s.wrongly_paid(at).is_some());
        self.take(twice, |_| Mark::Twice, |s, at| (listed(s, at) || assessed(s, at)) && owed_grant(s, at));
        self.take(
            after,
            |_| Mark::PaidAfterLeaving,
            |s, at| assessed(s, at) && came_before(s, at, in_term) && !s.owed(at).is_empty(),
        );
        self.take(
            stage,
            |_| Mark::OtherStage,
            |s, at| assessed(s, at) && s.owed(at).iter().any(|o| o.0 == Programme::VocationalGrant),
        );
        self.take(shared.max(2), Mark::Shares, |s, at| listed(s, at) && owed_grant(s, at));
        self.take(schools, |_| Mark::TwoSchools, |s, at| ordinary(s, at) && s.other_school(at).is_some());
        let [late, mistyped, wrong_age] = [16, 6, 6].map(scaled);
        self.take(late, |_| Mark::Late, |s, at| listed(s, at) && !s.owed(at).is_empty());
        // Whoever is to be taken for her on the list must be one whom no school knows; see `list_rows`.
        self.take(mistyped.min(absent(self.plan) / 2), |_| Mark::Mistyped, ordinary);
        // Adults study in vocational schools too; their age says nothing.
        let young = |s: &Self, at| s.student(at).is_some_and(|(s, _)| s.stage != Stage::Vocational);
        self.take(
            wrong_age,
            |_| Mark::WrongAge,
            |s, at| assessed(s, at) && young(s, at) && !s.owed(at).is_empty(),
        );
    }

    /// A programme that a student without any hardship was paid all the same.
    fn wrongly_paid(&self, at: usize) -> Option<Owed> {
        let (student, school) = self.student(at)?;
        let as_if = owed(self.plan.term, student, school, Standing::Assessed(Hardship::General));
        let grant = |o: &Owed| !matches!(o.0, Programme::VocationalWaiver);
        as_if.into_iter().find(grant).filter(|_| !student.farming_major())
    }

    /// The day from which a student who did not come back was away: the summer or winter before.
    fn left_before(&self) -> NaiveDate {
        self.begins - Days::new(30)
    }

    /// The day on which a student left who was paid all the same, before any money is paid.
    fn left_within(&self) -> NaiveDate {
        self.begins + Days::new(20)
    }

    fn other_school(&self, at: usize) -> Option<usize> {
        let (student, _) = self.student(at)?;
        self.schools
            .iter()
            .position(|s| s.stage == student.stage && Some(s) != self.schools.get(student.school))
    }

    /// The marks that change what the roll says.
    fn bend_students(&mut self, people: &mut People, dice: &mut Dice) {
        let (before, withdrawn_on) = (self.left_before(), self.left_within());
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
                Mark::WrongAge => {
                    let adult = student.person.birth - Days::new(30 * 365);
                    people.redate(dice, &mut student.person, adult);
                    self.truth.label(FindingKind::AgeOutOfRange, &[&student.person.id], None);
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
            let mut paid_on = self.begins + Days::new(PAYING_FROM + u64::from(dice.below(PAYING_OVER)));
            if mark == Some(Mark::Late) {
                paid_on = pay_by(self.plan.term) + Days::new(1 + u64::from(dice.below(10)));
            }
            let Some(student) = self.students.get_mut(at) else { continue };
            let id = student.person.id.clone();
            let mut label = |kind, programme| self.truth.label(kind, &[&id], Some(programme));
            let mut again = None;
            match mark {
                Some(Mark::Unaided) => {
                    for one in std::mem::take(&mut paid) {
                        label(FindingKind::ListedUnaided, one.0);
                    }
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
                    if let Some(one) = again {
                        label(FindingKind::DuplicateAid, one.0);
                    }
                }
                Some(Mark::PaidAfterLeaving) => {
                    student.state = EnrolmentState::Withdrawn;
                    for one in &paid {
                        label(FindingKind::AidedAfterLeaving, one.0);
                    }
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
            for one in paid {
                write(one, paid_on);
            }
            if let Some(one) = again {
                write(one, paid_on + Days::new(PAID_AGAIN_AFTER));
            }
        }
        self.share_accounts(&mut rows);
        self.label_late(&rows);
        rows
    }

    /// Listed students who were paid after the county's last day, whatever else is wrong about them.
    fn label_late(&mut self, rows: &[AidRow]) {
        let last = pay_by(self.plan.term);
        let mut late: Vec<(usize, Programme)> =
            rows.iter().filter(|row| row.paid_on > last).map(|row| (row.student, row.programme)).collect();
        late.sort_unstable();
        late.dedup();
        for (at, programme) in late {
            let Some(student) = self.students.get(at).filter(|s| s.listed) else { continue };
            self.truth.label(FindingKind::PaidLate, &[&student.person.id], Some(programme));
        }
    }

    /// Students at school who are not listed though their household is.
    fn label_households(&mut self, list: &[ListRow]) {
        let listed: HashSet<u32> =
            list.iter().filter_map(|row| Some(self.students.get(row.here()?)?.household)).collect();
        for student in self.students.iter() {
            let at_school = student.state == EnrolmentState::Enrolled && student.left.is_none();
            if at_school && !student.listed && listed.contains(&student.household) {
                self.truth.label(FindingKind::HouseholdMemberOffList, &[&student.person.id], None);
            }
        }
    }

    /// Schools whose code is of another kind than their stage.
    fn label_schools(&mut self) {
        for (at, school) in self.schools.iter().enumerate() {
            let at_school = |s: &Student| s.state == EnrolmentState::Enrolled && s.left.is_none();
            let taught =
                self.students.iter().any(|s| at_school(s) && (s.school == at || s.second_school == Some(at)));
            if taught && school.miscoded {
                self.truth.label(FindingKind::SchoolKindMismatch, &[&school.code], None);
            }
        }
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
}
