//! One run: load, ask the policy, reconcile, save. The same inputs give the same run.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::due_days::DueDays;
use super::load::{Loaded, Question, load};
use super::model::Finding;
use super::near::near;
use super::reconcile::{Outcome, reconcile};
use super::reconcile_input::{County, Input, NameKey, Options, PersonKey};
use super::settle;
use super::sighting_store::SightingRow;
use super::store::{self, CheckRow};
use super::watch::{Step, Watch};
use crate::auth::Scope;
use crate::db::Conn;
use crate::error::{Code, Error, FieldError, Result};
use crate::policy::Pack;
use crate::poverty_list::model::{List, ListState};
use crate::poverty_list::store as lists;
use crate::seal::Sealer;
use crate::values::{Place, Term, Text, clock, digest};

/// What is to be run, by whom, when.
#[derive(Debug, Clone)]
pub struct Order {
    /// The locked list version; the one in force for place and term when absent.
    pub list: Option<String>,
    /// The term.
    pub term: Term,
    /// The place.
    pub place: Place,
    /// The bureau's own last day for paying listed students; the published days when absent.
    pub pay_by: Option<NaiveDate>,
    /// Who asks.
    pub by: String,
    /// When.
    pub at: NaiveDateTime,
    /// Today's civil date.
    pub today: NaiveDate,
}

/// The digests of everything a run was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inputs {
    /// Digest of the list version.
    pub list: String,
    /// Digest of the roll rows.
    pub roll: String,
    /// Digest of the aid records.
    pub aid: String,
    /// The policy pack.
    pub pack: String,
    /// Version of the pack.
    pub pack_version: String,
    /// Digest of the pack.
    pub pack_digest: String,
    /// The day on which states and rules were read.
    pub as_of: NaiveDate,
    /// The bureau's own last day for paying listed students, if it set one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_by: Option<NaiveDate>,
    /// Digest of the list version before, from which households were read, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier_list: Option<String>,
    /// Version of the program.
    #[serde(default)]
    pub program: String,
}

/// The rules and the keys a run needs besides the database.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// The rules.
    pub pack: &'a Pack,
    /// Opens ids for days of birth, and indexes variants of them.
    pub sealer: &'a Sealer,
}

/// Runs, or gives the run that was made of the very same inputs (then the flag is true). Either way its
/// findings are the current ones of its place and term afterwards, unless its list was superseded.
///
/// All in the caller's transaction: an error from `watch` leaves nothing behind.
pub fn run(
    conn: &mut Conn,
    scope: &Scope,
    means: Means<'_>,
    order: &Order,
    watch: Watch<'_>,
) -> Result<(CheckRow, bool)> {
    let Means { pack, sealer } = means;
    let calendar = pack.calendar_for(&order.place);
    let (first, end) = (calendar.first_day(order.term), calendar.end(order.term));
    let as_of = order.today.clamp(first, end.pred_opt().unwrap_or(first));
    let list = match &order.list {
        Some(id) => lists::find_to_read(conn, scope, id)?,
        None => lists::in_force(conn, as_of, order.at)?
            .into_iter()
            .filter(|l| Place::parse(&l.place).is_ok_and(|p| p.contains(&order.place)))
            .max_by_key(|l| l.place.len())
            .ok_or_else(no_list)?,
    };
    let covered = Place::parse(&list.place).is_ok_and(|covered| covered.contains(&order.place));
    if !covered {
        return Err(not_covered(&list));
    }
    if !matches!(list.state, ListState::Locked | ListState::Superseded) {
        return Err(Error::new(
            Code::Conflict,
            Text::fixed(
                "只能用已锁定的名单比对，请先核对并锁定",
                "only a locked list is held against the roll: check and lock it first",
            ),
        ));
    }
    let term = order.term.to_string();
    let question =
        Question { list: &list, term: &term, place: &order.place, as_of, at: order.at, pack, sealer };
    let loaded = load(conn, &question, watch)?;
    let inputs = Inputs {
        list: list.digest.clone().unwrap_or_default(),
        roll: loaded.roll_digest.clone(),
        aid: loaded.aid_digest.clone(),
        pack: pack.id().to_owned(),
        pack_version: pack.version().to_owned(),
        pack_digest: pack.digest().to_owned(),
        as_of,
        pay_by: order.pay_by,
        earlier_list: loaded.earlier_digest.clone(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let inputs_json = serde_json::to_string(&inputs)?;
    let input_digest =
        digest::of_parts([list.list_id.as_str(), term.as_str(), order.place.as_str(), &inputs_json]);
    let current = list.state == ListState::Locked;
    if let Some(same) = store::find_same(conn, &input_digest)? {
        if current && !store::is_latest(conn, &same)? {
            settle::restore(conn, &same, order.at)?;
            store::apply(conn, &same.check_id, order.at)?;
        }
        return Ok((same, true));
    }
    let near = near(conn, sealer, &loaded, watch)?;
    watch(Step::Compare, loaded.listed.len() + loaded.enrolled.len() + loaded.aided.len())?;
    let due_days = order.pay_by.map_or_else(|| DueDays::published(order.term), DueDays::all);
    let outcome = reconcile(&Input {
        listed: &loaded.listed,
        enrolled: &loaded.enrolled,
        aided: &loaded.aided,
        due: &loaded.due,
        presumed: &loaded.presumed,
        born: &loaded.born,
        near: &near,
        options: Options { term: order.term, calendar, place: County::of(&order.place), due_days },
    })
    .map_err(|identity| Error::internal(identity.to_string()))?;
    let check = CheckRow {
        check_id: clock::new_id(),
        list_id: list.list_id.clone(),
        term,
        place: order.place.to_string(),
        input_digest,
        inputs: inputs_json,
        report_digest: outcome.digest(&loaded.keys)?,
        totals: serde_json::to_string(&outcome.totals)?,
        recorded_by: order.by.clone(),
        recorded_at: order.at,
        applied_at: current.then_some(order.at),
    };
    watch(Step::Save, outcome.findings.len())?;
    let sightings = sightings(&check, &outcome, &loaded, order)?;
    store::insert(conn, &check)?;
    settle::save(conn, &check, sightings, current)?;
    Ok((check, false))
}

/// The narrower of the caller's place and that of a list version he may read.
pub fn place_of(conn: &mut Conn, scope: &Scope, list_id: &str, own: Place) -> Result<Place> {
    let list = lists::find_to_read(conn, scope, list_id)?;
    Ok(Place::parse(&list.place).ok().filter(|place| own.contains(place)).unwrap_or(own))
}

/// Students outside the list's place would all come out as not listed.
fn not_covered(list: &List) -> Error {
    let place = &list.place;
    Error::invalid(vec![FieldError {
        pointer: "/place".to_owned(),
        code: "not_covered",
        detail: Text::new(
            format!("该名单只覆盖 {place}，请在其范围内比对，或换用覆盖更大范围的名单"),
            format!("the list covers {place} only: choose a place within it, or a list of a wider place"),
        ),
    }])
}

/// What the run saw, with the stable key of each finding; the id of the finding is given when it is saved.
fn sightings(
    check: &CheckRow,
    outcome: &Outcome,
    loaded: &Loaded,
    order: &Order,
) -> Result<Vec<(String, SightingRow)>> {
    let names = names(outcome, loaded);
    let rows = outcome.findings.iter().zip(1..);
    rows.map(|(f, position)| {
        let name = names.get(&f.person).copied().flatten();
        Ok((f.key(order.term, &loaded.keys), sighting(check, position, f, name, loaded, order)?))
    })
    .collect()
}

/// The name to show each finding by: the list's, else of who paid, else of the roll.
fn names(outcome: &Outcome, loaded: &Loaded) -> HashMap<PersonKey, Option<NameKey>> {
    let mut names: HashMap<PersonKey, Option<NameKey>> =
        outcome.findings.iter().map(|f| (f.person, None)).collect();
    let listed = loaded.listed.iter().map(|row| (row.person, row.name));
    let aided = loaded.aided.iter().map(|row| (row.person, row.name));
    let enrolled = loaded.enrolled.iter().map(|row| (row.person, row.name));
    for (person, name) in listed.chain(aided).chain(enrolled) {
        if let Some(known) = names.get_mut(&person) {
            *known = known.or(name);
        }
    }
    names
}

fn sighting(
    check: &CheckRow,
    position: i64,
    f: &Finding,
    name: Option<NameKey>,
    loaded: &Loaded,
    order: &Order,
) -> Result<SightingRow> {
    let keys = &loaded.keys;
    let person = |key: PersonKey| keys.people.text(key);
    let name = name.map(|NameKey(name)| keys.names.text(name));
    Ok(SightingRow {
        check_id: check.check_id.clone(),
        position,
        finding_id: String::new(),
        kind: f.kind,
        person_id: person(f.person),
        name_id: name.ok_or_else(|| Error::internal("a finding without a name"))?,
        other_id: f.other.map(person),
        account_id: f.account.map(|account| keys.accounts.text(account.0)),
        school_code: f.school.map(|s| keys.schools.text(s.0).to_owned()),
        place: f.place.map_or_else(|| order.place.to_string(), |c| place(c, &order.place)),
        stage: f.stage,
        programme: f.programme,
        due_fen: f.due.map(|fen| fen.0),
        paid_fen: f.paid.map(|fen| fen.0),
        at_stake_fen: f.at_stake.0,
        detail: serde_json::to_string(&f.detail)?,
    })
}

/// The significant code of a county, inside the run's own place where the student is elsewhere: the
/// office that ran the check must see its own listed student.
fn place(county: County, run: &Place) -> String {
    match Place::parse(&county.0.to_string()) {
        Ok(place) if run.contains(&place) => place.to_string(),
        _ => run.to_string(),
    }
}

fn no_list() -> Error {
    Error::new(
        Code::Conflict,
        Text::fixed(
            "没有已锁定的名单覆盖该地该学期，请先导入、核对并锁定名单",
            "no locked list covers this place and term: import, check and lock one first",
        ),
    )
}
