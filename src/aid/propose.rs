//! Proposing aid: for one student, or set by set for many. What is proposed is what the policy says on the
//! day; a student who has a live record of the programme gets no second one.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::grant::{self, Asked, Denied, Grant};
use super::hand::Hand;
use super::model::{AidRecord, AidState, Entry, EntryKind, Origin};
use super::store;
use crate::db::Conn;
use crate::eligibility::statement::Attended;
use crate::eligibility::store::{Gathered, Picture, gather};
use crate::error::{Code, Error, Result};
use crate::policy::decision::BenefitKind;
use crate::policy::{self, Decision, Pack};
use crate::poverty_list::shelf::When;
use crate::roll::store as roll;
use crate::values::closed_list::closed_list;
use crate::values::{Place, Programme, Term, Text, clock};

closed_list! {
    /// What came of proposing one programme for one student.
    pub enum ProposalOutcome {
        Proposed = "proposed", "已申报", "proposed";
        Already = "already", "已有记录", "there is a record already";
        NotDue = "not_due", "不符合条件", "not due";
        Undetermined = "undetermined", "待定", "undetermined: facts are missing";
        AmountOpen = "amount_open", "金额未定", "due, but the policy gives no certain amount";
        Excluded = "excluded", "与已有项目互斥", "excluded by another programme on record";
        NotHere = "not_here", "不在管辖学校就读", "not at a school within the caller's scope in this term";
    }
}

/// What came of proposing, before it is told.
#[derive(Debug, Clone)]
pub struct Line {
    /// The student.
    pub person_id: String,
    /// The programme; absent where none of those asked about is due.
    pub programme: Option<Programme>,
    /// What came of it.
    pub outcome: ProposalOutcome,
    /// The record made or found.
    pub record_id: Option<String>,
    /// Its amount in fen.
    pub fen: Option<i64>,
    /// The facts that are missing, by path.
    pub missing: Vec<&'static str>,
}

/// Everything that proposals for some students of a term rest on.
#[derive(Debug)]
pub(super) struct Ground {
    term: String,
    as_of: NaiveDate,
    picture: Picture,
    pub(super) live: HashMap<String, Vec<AidRecord>>,
}

/// Why there is no proposal.
#[derive(Debug)]
pub(super) enum Not {
    Already(Box<AidRecord>),
    Excluded(Programme),
    Denied(Denied),
}

impl Ground {
    pub(super) fn load(conn: &mut Conn, hand: &Hand, term: Term, people: &[String]) -> Result<Self> {
        let as_of = hand.day_in(term);
        Ok(Self {
            term: term.to_string(),
            as_of,
            picture: gather(conn, people, When { as_of, known_at: hand.at })?,
            live: store::live(conn, people, &term.to_string())?,
        })
    }

    /// What is recorded of a student who studies at a school within the caller's scope.
    pub(super) fn here(&self, hand: &Hand, person: &str) -> Option<(&Gathered, &Attended)> {
        let gathered = self.picture.people.get(person)?;
        let row = gathered.enrolment.as_ref().filter(|row| row.term == self.term)?;
        let scope = hand.who.scope();
        let place = Place::parse(&row.place).ok()?;
        let inside = scope.place().is_some_and(|own| own.contains(&place));
        let own = scope.school().is_none_or(|school| school == row.school_code);
        (inside && own).then_some((gathered, row))
    }

    fn judge(
        &self,
        pack: &Pack,
        decision: &Decision,
        person: &str,
        programme: Programme,
        asked: &Asked<'_>,
    ) -> Result<(Grant, String), Not> {
        let live = self.live.get(person).map(Vec::as_slice).unwrap_or_default();
        if let Some(record) = live.iter().find(|r| r.programme == programme) {
            return Err(Not::Already(Box::new(record.clone())));
        }
        let stacking = Stacking::on(pack, decision);
        if let Some(other) = live.iter().map(|r| r.programme).find(|held| stacking.excludes(*held, programme))
        {
            return Err(Not::Excluded(other));
        }
        let verdict = decision.of(programme).ok_or(Not::Denied(Denied::NotDue))?;
        let grant = grant::hold(verdict, asked).map_err(Not::Denied)?;
        Ok((grant, stacking.slot(programme)))
    }
}

/// The exclusions of the pack that hold on the day of a decision.
#[derive(Debug)]
pub(super) struct Stacking(Vec<(Programme, Programme)>);

impl Stacking {
    /// Those in force for the decision's facts.
    pub(super) fn on(pack: &Pack, decision: &Decision) -> Self {
        let when = pack.when(&decision.facts);
        let in_force = pack.stacking().exclusions.iter().filter(|e| e.period.contains(when));
        Self(in_force.map(|e| (e.keep, e.drop)).collect())
    }

    /// Whether a student cannot have both.
    pub(super) fn excludes(&self, one: Programme, other: Programme) -> bool {
        self.0.iter().any(|pair| *pair == (one, other) || *pair == (other, one))
    }

    /// What the unique index holds a student to once a term: the programme, or the one it gives way to
    /// where the two exclude each other and nobody else. Wider nets of exclusions are held by the check
    /// within the transaction alone, in which the student is locked.
    pub(super) fn slot(&self, programme: Programme) -> String {
        let mut kept = self.0.iter().filter(|(_, drop)| *drop == programme).map(|(keep, _)| *keep);
        let pair = match (kept.next(), kept.next()) {
            (Some(keep), None) => self.0.iter().filter(|(k, _)| *k == keep).count() == 1,
            _ => false,
        };
        let slot =
            self.0.iter().find(|(_, drop)| pair && *drop == programme).map_or(programme, |(keep, _)| *keep);
        slot.code().to_owned()
    }
}

/// What one proposal says, besides what the policy says.
#[derive(Debug)]
pub struct Proposal<'a> {
    /// The student.
    pub person: &'a str,
    /// The programme.
    pub programme: Programme,
    /// The term.
    pub term: Term,
    /// Amount, tier and reason.
    pub asked: Asked<'a>,
}

/// Proposes one programme for one student. `false` if a record of the same amount was there already.
pub fn propose(conn: &mut Conn, hand: &Hand, wanted: &Proposal<'_>) -> Result<(AidRecord, bool)> {
    roll::must_see(conn, hand.who.scope(), wanted.person)?;
    let people = [wanted.person.to_owned()];
    store::lock_people(conn, &people)?;
    let ground = Ground::load(conn, hand, wanted.term, &people)?;
    let (gathered, row) = ground.here(hand, wanted.person).ok_or_else(not_here)?;
    let decision = policy::decide(&hand.pack, &gathered.facts);
    match ground.judge(&hand.pack, &decision, wanted.person, wanted.programme, &wanted.asked) {
        Ok((grant, slot)) => {
            let (record, line) =
                made(hand, &ground, row, wanted.programme, grant, slot, wanted.asked.reason, None);
            store::insert(conn, std::slice::from_ref(&record), &[line])?;
            Ok((record, true))
        }
        Err(Not::Already(record)) if wanted.asked.fen.is_none_or(|fen| fen == record.fen) => {
            Ok((*record, false))
        }
        Err(not) => Err(refusal(not, &hand.pack, &decision, wanted.programme)),
    }
}

pub(super) fn refusal(not: Not, pack: &Pack, decision: &Decision, programme: Programme) -> Error {
    match not {
        Not::Already(record) => Error::new(
            Code::Conflict,
            Text::new(
                format!("该生本学期已有该项目的记录（{}），金额不同；请对原记录办理更正", record.state.zh()),
                format!(
                    "the student has a record of this programme in this term ({}) with another amount: correct that record",
                    record.state.en()
                ),
            ),
        ),
        Not::Excluded(other) => Error::new(
            Code::Conflict,
            Text::new(
                format!("该生本学期已有“{}”的记录，两个项目不能同时享受", other.zh()),
                format!(
                    "the student has a record of {} in this term, which excludes this programme",
                    other.en()
                ),
            ),
        ),
        Not::Denied(denied) => match (decision.of(programme), pack.programme(programme)) {
            (Some(verdict), Some(rules)) => denied.error(verdict, rules),
            _ => Error::new(Code::Conflict, denied.text()),
        },
    }
}

pub(super) fn not_here() -> Error {
    Error::new(
        Code::Conflict,
        Text::fixed(
            "该生本学期不在您管辖的学校就读，不能由您申报",
            "in this term the student is not at a school within your scope: another office must propose",
        ),
    )
}

#[expect(clippy::too_many_arguments, reason = "a record is made of all of these, once")]
pub(super) fn made(
    hand: &Hand,
    ground: &Ground,
    row: &Attended,
    programme: Programme,
    grant: Grant,
    slot: String,
    reason: Option<&str>,
    corrects: Option<String>,
) -> (AidRecord, Entry) {
    let record_id = clock::new_id();
    let by = hand.who.actor();
    let line = Entry {
        fen: Some(grant.fen),
        on_day: Some(ground.as_of),
        reason: reason.map(ToOwned::to_owned),
        other_id: corrects.clone(),
        ..Entry::new(&record_id, 1, EntryKind::Proposed, &by, hand.at)
    };
    let record = AidRecord {
        record_id,
        origin: Origin::Office,
        corrects,
        person_id: row.person_id.clone(),
        name_id: row.name_id.clone(),
        school_code: row.school_code.clone(),
        place: row.place.clone(),
        term: ground.term.clone(),
        programme,
        slot,
        tier: grant.tier,
        fen: grant.fen,
        due_fen: grant.due,
        outcome: Some(grant.outcome.code().to_owned()),
        decided_on: Some(ground.as_of),
        policy: Some(hand.pack.digest().to_owned()),
        reason: reason.map(ToOwned::to_owned),
        recipient_kind: None,
        state: AidState::Proposed,
        paid_fen: 0,
        returned_fen: 0,
        paid_on: None,
        notice_id: None,
        approved_by: None,
        import_id: None,
        recorded_by: by,
        recorded_at: hand.at,
        version: 1,
    };
    (record, line)
}

/// The programmes proposed when a caller names none: those paid in cash.
pub fn paid_in_cash(pack: &Pack) -> Vec<Programme> {
    pack.programmes().iter().filter(|r| r.kind == BenefitKind::Cash).map(|r| r.programme).collect()
}

/// Proposes for a set of students what the policy says each is due; each is reported. Nothing is stored
/// when `dry`.
pub fn propose_set(
    conn: &mut Conn,
    hand: &Hand,
    term: Term,
    people: &[String],
    programmes: &[Programme],
    dry: bool,
) -> Result<Vec<Line>> {
    if !dry {
        store::lock_people(conn, people)?;
    }
    let ground = Ground::load(conn, hand, term, people)?;
    let (mut lines, mut records, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for person in people {
        let said = |programme, outcome| Line {
            person_id: person.clone(),
            programme,
            outcome,
            record_id: None,
            fen: None,
            missing: Vec::new(),
        };
        let Some((gathered, row)) = ground.here(hand, person) else {
            lines.push(said(None, ProposalOutcome::NotHere));
            continue;
        };
        let decision = policy::decide(&hand.pack, &gathered.facts);
        let before = lines.len();
        for programme in programmes {
            match ground.judge(&hand.pack, &decision, person, *programme, &Asked::default()) {
                Ok((grant, slot)) => {
                    let (record, entry) = made(hand, &ground, row, *programme, grant, slot, None, None);
                    lines.push(Line {
                        record_id: (!dry).then(|| record.record_id.clone()),
                        fen: Some(record.fen),
                        ..said(Some(*programme), ProposalOutcome::Proposed)
                    });
                    records.push(record);
                    entries.push(entry);
                }
                Err(Not::Already(record)) => lines.push(Line {
                    record_id: Some(record.record_id),
                    fen: Some(record.fen),
                    ..said(Some(*programme), ProposalOutcome::Already)
                }),
                Err(Not::Excluded(_)) => lines.push(said(Some(*programme), ProposalOutcome::Excluded)),
                Err(Not::Denied(Denied::NotDue)) => {}
                Err(Not::Denied(Denied::Undetermined)) => lines.push(Line {
                    missing: decision
                        .of(*programme)
                        .map(|d| d.missing.iter().map(|m| m.fact.path()).collect())
                        .unwrap_or_default(),
                    ..said(Some(*programme), ProposalOutcome::Undetermined)
                }),
                Err(Not::Denied(_)) => lines.push(said(Some(*programme), ProposalOutcome::AmountOpen)),
            }
        }
        if lines.len() == before {
            lines.push(said(None, ProposalOutcome::NotDue));
        }
    }
    if !dry {
        store::insert(conn, &records, &entries)?;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Facts;
    use Programme::{
        LivingSubsidy, LoanCompensation, LoanRelief, NutritionMeals, StudentLoan, VocationalGrant,
        YuluSubsidy,
    };

    #[test]
    fn two_that_exclude_each_other_share_a_slot_and_nothing_else_does() {
        let pack = Pack::embedded().unwrap();
        let decision = policy::decide(&pack, &Facts::on("2024-10-08".parse().unwrap()));
        let stacking = Stacking::on(&pack, &decision);
        assert!(stacking.excludes(LoanCompensation, LoanRelief));
        assert!(stacking.excludes(LoanRelief, LoanCompensation));
        assert_eq!(stacking.slot(LoanRelief), stacking.slot(LoanCompensation));
        for (one, other) in
            [(LivingSubsidy, NutritionMeals), (VocationalGrant, YuluSubsidy), (StudentLoan, LoanRelief)]
        {
            assert!(!stacking.excludes(one, other), "{one} {other}");
            assert_ne!(stacking.slot(one), stacking.slot(other), "{one} {other}");
        }
        // Every slot holds one programme, or two that the pack says exclude each other.
        for one in Programme::ALL {
            for other in Programme::ALL.iter().filter(|other| *other > one) {
                let shared = stacking.slot(*one) == stacking.slot(*other);
                assert_eq!(shared, stacking.excludes(*one, *other), "{one} {other}");
            }
        }
    }

    #[test]
    fn what_gives_way_in_several_ways_keeps_its_own_slot() {
        let net = Stacking(vec![
            (LivingSubsidy, YuluSubsidy),
            (NutritionMeals, YuluSubsidy),
            (StudentLoan, LoanRelief),
        ]);
        assert_eq!(net.slot(YuluSubsidy), "yulu_subsidy");
        assert_eq!(net.slot(LoanRelief), "student_loan");
        let two = Stacking(vec![(LivingSubsidy, YuluSubsidy), (LivingSubsidy, NutritionMeals)]);
        // Yulu and meals may be had together, so they must not share the slot of what they give way to.
        assert_ne!(two.slot(YuluSubsidy), two.slot(NutritionMeals));
    }
}
