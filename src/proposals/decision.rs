//! Carrying out what a person said: accepting imports the one row as corrected, reverting takes that batch
//! back and nothing else. Each runs inside one write transaction.

use std::io::Write;

use super::model::{Proposal, ProposalState};
use super::row::Part;
use super::rules::{self, after, conflict};
use super::search::{Outcome, Source, look};
use super::store;
use crate::aid::import::{AidImporter, SPEC as AID};
use crate::aid::model::{AidRecord, Entry, EntryKind};
use crate::aid::rules::{Act, Standing, step};
use crate::aid::store as aid;
use crate::auth::{BureauOfficer, Caller, ListKeeper, Registrar, Role};
use crate::db::Conn;
use crate::error::{Code, Error, Result};
use crate::imports::Desk;
use crate::imports::batch;
use crate::imports::model::{ImportKind, Order, Report};
use crate::imports::store::{self as imports, Refused};
use crate::poverty_list::import::{ListImporter, SPEC as LIST};
use crate::poverty_list::model::ListState;
use crate::poverty_list::{rules as list_rules, store as lists};
use crate::values::{Place, ResidentId, Text, clock, digest};

/// Whether the caller may send rows of this kind at all: nobody corrects what they could not have sent.
pub fn may(caller: &Caller, kind: ImportKind) -> Result<()> {
    let roles: &[Role] = match kind {
        ImportKind::PovertyList => ListKeeper::ROLES,
        ImportKind::Roll | ImportKind::Aid => Registrar::ROLES,
    };
    if caller.has_any(roles) { Ok(()) } else { Err(Error::of(Code::Forbidden)) }
}

/// Does what the caller says to a proposal in scope; the proposal as it stands afterwards.
pub fn decide(
    conn: &mut Conn,
    desk: &Desk,
    caller: &Caller,
    proposal_id: &str,
    act: rules::Act,
) -> Result<Proposal> {
    let proposal = store::find(conn, caller.scope(), proposal_id)?;
    may(caller, proposal.kind)?;
    let Some(next) = after(proposal.state, act)? else { return Ok(proposal) };
    // Taking the step first holds the row: whoever comes at the same moment waits, and finds it done.
    if !store::step(conn, &proposal, next, &caller.actor(), clock::now())? {
        let now = store::find(conn, caller.scope(), proposal_id)?;
        return if after(now.state, act)?.is_none() { Ok(now) } else { Err(Error::of(Code::Conflict)) };
    }
    match next {
        ProposalState::Accepted => accept(conn, desk, caller, &proposal)?,
        ProposalState::Reverted => revert(conn, caller, &proposal)?,
        ProposalState::Open | ProposalState::Dismissed => {}
    }
    store::find(conn, caller.scope(), proposal_id)
}

fn accept(conn: &mut Conn, desk: &Desk, caller: &Caller, proposal: &Proposal) -> Result<()> {
    let report = imports::find_own(conn, &proposal.import_id)?;
    let source = Source::of(conn, report)?;
    let before = proposal.line.saturating_sub(1);
    let rows = imports::refused_after(conn, &desk.sealer, &proposal.import_id, before, 1)?;
    let row = rows.iter().find(|r| r.line == proposal.line).ok_or_else(ground_gone)?;
    // The roll may have changed since: what was the only one may be one of two, or gone.
    let id = look(conn, &desk.sealer, &source, &rows)?
        .into_iter()
        .find_map(|(of, outcome)| match outcome {
            Outcome::One(one)
                if of == (proposal.line, proposal.member) && one.person_id == proposal.person_id =>
            {
                Some(one.id)
            }
            _ => None,
        })
        .ok_or_else(ground_gone)?;
    let report = import(conn, desk, caller, &source, proposal, row, &id)?;
    store::brought(conn, &proposal.proposal_id, &report.import_id)
}

/// The one row with the proposed id, through the import that its file went through.
fn import(
    conn: &mut Conn,
    desk: &Desk,
    caller: &Caller,
    source: &Source,
    proposal: &Proposal,
    row: &Refused,
    id: &ResidentId,
) -> Result<Report> {
    let part = Part::of_member(row, &source.report.understood, proposal.member).ok_or_else(ground_gone)?;
    let spec = if proposal.kind == ImportKind::PovertyList { &LIST } else { &AID };
    let bytes = part.corrected(spec, id)?;
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&bytes)?;
    let order = Order {
        term: source.report.term,
        place: Place::parse(&proposal.place)
            .map_err(|_e| Error::internal("a stored place could not be read"))?,
        school: Some(proposal.school.clone()).filter(|school| !school.is_empty()),
        by: caller.actor(),
        at: clock::now(),
        digest: digest::of_parts(["proposal", &proposal.proposal_id]),
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        reading: crate::sheet::Reading::default(),
        rehearsal: false,
    };
    let (reader, sealer, path) = (&desk.reader, &desk.sealer, file.path());
    let report = match proposal.kind {
        ImportKind::PovertyList => {
            let list_id = proposal.list_id.as_ref().ok_or_else(no_list)?;
            let list = lists::find_held(conn, list_id)?;
            if list_rules::may_take_rows(&list).is_err() {
                return Err(list_closed(list.state));
            }
            let mut importer = ListImporter::new(Some(list.list_id), list.valid_from);
            batch::run(conn, reader, sealer, path, &order, &mut importer, &|_| Ok(()))?
        }
        ImportKind::Roll | ImportKind::Aid => {
            let mut importer = AidImporter::new(clock::today());
            batch::run(conn, reader, sealer, path, &order, &mut importer, &|_| Ok(()))?
        }
    };
    if report.rows.bad > 0 { Err(refused(&report)) } else { Ok(report) }
}

/// Takes back the batch that acceptance brought. What stood before it, or came otherwise, stays.
fn revert(conn: &mut Conn, caller: &Caller, proposal: &Proposal) -> Result<()> {
    let Some(import_id) = &proposal.accepted_import_id else { return Ok(()) };
    match (proposal.kind, &proposal.list_id) {
        (ImportKind::PovertyList, Some(list_id)) => {
            let list = lists::find_held(conn, list_id)?;
            if store::remove_entries(conn, list_id, import_id)? > 0 {
                if list.state != ListState::Draft {
                    return Err(conflict(
                        "名单已核对或锁定，采纳的行不能再撤回；请以新版本更正",
                        "the list is checked or locked, so the accepted row stays; correct it in a new version",
                    ));
                }
                lists::recount(conn, list_id)?;
            }
        }
        _ => cancel(conn, caller, import_id)?,
    }
    Ok(())
}

/// Strikes out the payments that a batch recorded, by the rules of the records themselves.
fn cancel(conn: &mut Conn, caller: &Caller, import_id: &str) -> Result<()> {
    let ids = store::records_of(conn, import_id)?;
    let bureau = caller.has_any(BureauOfficer::ROLES);
    let mut records = Vec::new();
    let mut lines = Vec::new();
    for (_, record) in aid::take(conn, caller.scope(), &ids)? {
        let Standing { state, .. } = step(Standing::from(&record), Act::Cancel { bureau })?;
        let version = record.version + 1;
        let reason = Some("更正建议已撤回".to_owned());
        lines.push(Entry {
            reason,
            ..Entry::new(&record.record_id, version, EntryKind::Cancelled, &caller.actor(), clock::now())
        });
        records.push(AidRecord { state, version, ..record });
    }
    aid::save(conn, &records, &lines)
}

fn ground_gone() -> Error {
    conflict(
        "学籍已有变化，这条建议不再是唯一吻合的学生；请重新查找更正建议（POST /v1/proposals/searches）",
        "the roll has changed and this pupil is no longer the only one who agrees; search again (POST /v1/proposals/searches)",
    )
}

fn no_list() -> Error {
    conflict(
        "原文件没有任何一行进入名单，无处可追加；请更正该行后重新上报",
        "no row of the file went into a list, so there is none to add to; correct the row and send it again",
    )
}

fn list_closed(state: ListState) -> Error {
    Error::new(
        Code::Conflict,
        Text::new(
            format!("名单{}，不再接收数据；请更正该行后作为新版本上报", state.zh()),
            format!(
                "the list is {} and takes no more rows; correct the row and send it as a new version",
                state.en()
            ),
        ),
    )
}

/// The corrected row was refused for another reason, e.g. because the student stands in the list already.
fn refused(report: &Report) -> Error {
    let of = |pick: fn(&(String, String)) -> &String| {
        report.faults.iter().map(|f| pick(&f.what).as_str()).collect::<Vec<_>>()
    };
    Error::new(
        Code::Conflict,
        Text::new(
            format!("更正后的行仍不能导入：{}", of(|w| &w.0).join("；")),
            format!("the corrected row cannot be imported: {}", of(|w| &w.1).join("; ")),
        ),
    )
}
