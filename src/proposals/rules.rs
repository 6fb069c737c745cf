//! Whether exactly one pupil agrees with a refused row, and what may happen to a proposal. Pure.

use chrono::NaiveDate;

use super::model::{Agreement, Evidence, ProposalState};
use crate::error::{Code, Error, Result};
use crate::values::resident_id::Slip;
use crate::values::{PersonName, ResidentId, Sex, StudentNumber, Text};

/// What a refused row says of its student.
#[derive(Debug)]
pub struct Said {
    /// The ids that may have been meant.
    pub candidates: Vec<(ResidentId, Slip)>,
    /// The name.
    pub name: PersonName,
    /// The student number.
    pub number: Option<StudentNumber>,
    /// The school code.
    pub school: Option<String>,
    /// The birth date.
    pub birth: Option<NaiveDate>,
    /// The sex.
    pub sex: Option<Sex>,
}

/// A person on the roll who has one of the candidate ids, or the row's student number.
#[derive(Debug)]
pub struct Pupil {
    /// The person.
    pub person_id: String,
    /// The name by the roll.
    pub name_id: String,
    /// Whether the person goes by the row's name.
    pub named: bool,
    /// The id.
    pub id: ResidentId,
    /// The student number, if it is known.
    pub number: Option<String>,
    /// Where the person is at school.
    pub schools: Vec<String>,
    /// Whether one of these schools lies within the scope of the import.
    pub inside: bool,
}

/// What came of looking at a row.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// Exactly one pupil agrees.
    One(&'a Pupil, Option<Slip>, Evidence),
    /// Several agree: none is proposed.
    Several,
    /// Nobody does, or only somebody outside the scope.
    Nobody,
}

impl PartialEq for Pupil {
    fn eq(&self, other: &Self) -> bool {
        self.person_id == other.person_id
    }
}

impl Eq for Pupil {}

/// Weighs the pupils whom the candidates or the student number led to. Those outside the scope count, so
/// that one of two is never proposed because the other is out of sight.
pub fn judge<'a>(said: &Said, pupils: &'a [Pupil]) -> Verdict<'a> {
    let mut agreeing = pupils.iter().filter(|pupil| pupil.named).filter_map(|pupil| {
        let evidence = evidence(said, pupil);
        let contradicted =
            [evidence.student_number, evidence.birth_date].into_iter().any(|a| a == Agreement::Differs);
        (!contradicted).then_some((pupil, evidence))
    });
    match (agreeing.next(), agreeing.next()) {
        (Some((pupil, evidence)), None) if pupil.inside => {
            let slip = said.candidates.iter().find(|(id, _)| *id == pupil.id).map(|(_, slip)| *slip);
            Verdict::One(pupil, slip, evidence)
        }
        (Some(_), Some(_)) => Verdict::Several,
        _ => Verdict::Nobody,
    }
}

fn evidence(said: &Said, pupil: &Pupil) -> Evidence {
    let number = said.number.as_ref().map(StudentNumber::as_str);
    Evidence {
        name: Agreement::Agrees,
        student_number: compare(number, pupil.number.as_deref()),
        birth_date: compare(said.birth, Some(pupil.id.birth_date())),
        sex: compare(said.sex, Some(pupil.id.sex())),
        school: match &said.school {
            Some(school) if pupil.schools.contains(school) => Agreement::Agrees,
            Some(_) => Agreement::Differs,
            None => Agreement::NotGiven,
        },
        candidates: u32::try_from(said.candidates.len()).unwrap_or(u32::MAX),
    }
}

fn compare<T: PartialEq>(row: Option<T>, roll: Option<T>) -> Agreement {
    match (row, roll) {
        (Some(row), Some(roll)) if row == roll => Agreement::Agrees,
        (Some(_), Some(_)) => Agreement::Differs,
        _ => Agreement::NotGiven,
    }
}

/// What a person says to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Import the row with the proposed id.
    Accept,
    /// It is not this pupil.
    Dismiss,
    /// Take back what was said.
    Revert,
}

/// The state an act leads to; `None` when it was done before, so that a second click changes nothing.
/// An acceptance taken back is final: the row can still be corrected in a file and sent again.
pub fn after(state: ProposalState, act: Act) -> Result<Option<ProposalState>> {
    use ProposalState::{Accepted, Dismissed, Open, Reverted};
    match (state, act) {
        (Open, Act::Accept) => Ok(Some(Accepted)),
        (Open, Act::Dismiss) => Ok(Some(Dismissed)),
        (Dismissed, Act::Revert) => Ok(Some(Open)),
        (Accepted, Act::Revert) => Ok(Some(Reverted)),
        (Accepted, Act::Accept) | (Dismissed, Act::Dismiss) | (Reverted | Open, Act::Revert) => Ok(None),
        (Dismissed, Act::Accept) => Err(conflict(
            "该建议已被驳回；如需采纳，请先撤回驳回（revert）",
            "the proposal was dismissed; revert that first, then accept it",
        )),
        (Accepted, Act::Dismiss) => Err(conflict(
            "该建议已被采纳；如有误，请先撤回（revert）",
            "the proposal was accepted; if that was wrong, revert it",
        )),
        (Reverted, Act::Accept | Act::Dismiss) => Err(conflict(
            "该建议采纳后已被撤回，不能再次处理；请在文件中更正该行后重新上报",
            "the acceptance was taken back and is final; correct the row in a file and send it again",
        )),
    }
}

pub(super) fn conflict(zh: &'static str, en: &'static str) -> Error {
    Error::new(Code::Conflict, Text::fixed(zh, en))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::resident_id::candidates;

    const ID: &str = "341000200903140019";

    fn said() -> Said {
        Said {
            candidates: candidates("341000200903140000"),
            name: PersonName::parse("测一").unwrap().value,
            number: None,
            school: None,
            birth: None,
            sex: None,
        }
    }

    fn pupil(person: &str, id: &str) -> Pupil {
        Pupil {
            person_id: person.into(),
            name_id: format!("{person}-name"),
            named: true,
            id: ResidentId::parse(id).unwrap().value,
            number: None,
            schools: vec!["2134000001".into()],
            inside: true,
        }
    }

    fn number(text: &str) -> StudentNumber {
        StudentNumber::parse(text).unwrap().value
    }

    #[test]
    fn one_pupil_of_the_name_is_proposed_with_the_evidence() {
        let pupils = [pupil("p", ID), Pupil { named: false, ..pupil("q", "341000200903140502") }];
        let school = Some("2134000001".to_owned());
        let said =
            Said { school, birth: NaiveDate::from_ymd_opt(2009, 3, 14), sex: Some(Sex::Female), ..said() };
        let Verdict::One(found, slip, evidence) = judge(&said, &pupils) else { panic!() };
        assert_eq!((found.person_id.as_str(), slip), ("p", Some(Slip::PrecisionLost)));
        assert_eq!(evidence.school, Agreement::Agrees);
        assert_eq!(evidence.birth_date, Agreement::Agrees);
        assert_eq!(evidence.student_number, Agreement::NotGiven);
        assert_eq!(evidence.sex, Agreement::Differs, "shown, for the person who decides");
    }

    #[test]
    fn two_none_and_the_contradicted_are_not_proposed() {
        let other = "341000200903140502";
        assert_eq!(judge(&said(), &[]), Verdict::Nobody);
        assert_eq!(judge(&said(), &[pupil("p", ID), pupil("q", other)]), Verdict::Several);
        // The second one out of the scope still makes it two; the only one out of it is nobody's to see.
        let outside = Pupil { inside: false, ..pupil("q", other) };
        assert_eq!(judge(&said(), &[pupil("p", ID), outside]), Verdict::Several);
        assert_eq!(judge(&said(), &[Pupil { inside: false, ..pupil("p", ID) }]), Verdict::Nobody);
        assert_eq!(judge(&said(), &[Pupil { named: false, ..pupil("p", ID) }]), Verdict::Nobody);
        let born = Said { birth: NaiveDate::from_ymd_opt(2009, 3, 15), ..said() };
        assert_eq!(judge(&born, &[pupil("p", ID)]), Verdict::Nobody);
        // The student number tells two pupils of one name apart, and speaks against a wrong one.
        let with = Said { number: Some(number("L341000200903140019")), ..said() };
        let numbered = |p: Pupil, n: &str| Pupil { number: Some(n.into()), ..p };
        let mine = numbered(pupil("p", ID), "L341000200903140019");
        let foreign = numbered(pupil("q", other), "L341000200903149999");
        assert!(matches!(judge(&with, &[mine, foreign]), Verdict::One(p, ..) if p.person_id == "p"));
        let foreign = numbered(pupil("q", other), "L341000200903149999");
        assert_eq!(judge(&with, &[foreign]), Verdict::Nobody);
    }

    #[test]
    fn a_second_click_changes_nothing_and_an_opposite_one_is_refused() {
        use ProposalState::{Accepted, Dismissed, Open, Reverted};
        for (state, accept, dismiss, revert) in [
            (Open, Some(Some(Accepted)), Some(Some(Dismissed)), Some(None)),
            (Accepted, Some(None), None, Some(Some(Reverted))),
            (Dismissed, None, Some(None), Some(Some(Open))),
            (Reverted, None, None, Some(None)),
        ] {
            assert_eq!(after(state, Act::Accept).ok(), accept, "{state}");
            assert_eq!(after(state, Act::Dismiss).ok(), dismiss, "{state}");
            assert_eq!(after(state, Act::Revert).ok(), revert, "{state}");
        }
    }
}
