//! Proposals as callers see them: masked, unless the token holds `pii:read` with a purpose.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Evidence, Proposal, ProposalState};
use super::row::Part;
use super::search::Searched;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::imports::body::UnderstoodBody;
use crate::imports::model::ImportKind;
use crate::imports::store::{self as imports, Refused};
use crate::page::page;
use crate::roll::masking::{People, Shown};
use crate::seal::Sealer;
use crate::values::Lang;
use crate::values::resident_id::Slip;

/// Which import's refused rows to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// The import.
    pub import_id: String,
    /// `next_row` of the search before, for a file with more refused rows than one search takes.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub after_row: Option<i32>,
}

/// What a search came to, in rows: considered = proposed + several + nobody.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchBody {
    /// The import.
    pub import_id: String,
    /// Refused rows looked at.
    pub refused: i64,
    /// Of these, rows of which the id is all that is wrong.
    pub considered: i64,
    /// Rows that have a proposal now.
    pub proposed: i64,
    /// Rows with which several pupils agree; none is proposed.
    pub several: i64,
    /// Rows with which no pupil on the roll agrees.
    pub nobody: i64,
    /// Pass it as `after_row` to go on; null when all rows were looked at.
    pub next_row: Option<i32>,
    /// Where the proposals are listed.
    pub proposals_url: String,
}

impl SearchBody {
    /// The answer for an import.
    pub fn of(import_id: String, s: Searched) -> Self {
        Self {
            proposals_url: format!("/v1/proposals?import={import_id}"),
            import_id,
            refused: s.refused,
            considered: s.considered,
            proposed: s.proposed,
            several: s.several,
            nobody: s.nobody,
            next_row: s.next_row,
        }
    }
}

/// One proposal. Ids and the name are masked unless the token holds `pii:read`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalBody {
    /// Id.
    pub proposal_id: String,
    /// State.
    pub state: ProposalState,
    /// The import that refused the row.
    pub import_id: String,
    /// What the file held.
    pub kind: ImportKind,
    /// The sheet it stands on; absent for a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The row in its sheet.
    pub row: i32,
    /// Which person of the row, from 1, where several stand side by side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<i16>,
    /// The id as it was entered.
    pub entered: String,
    /// The pupil proposed.
    pub student_id: String,
    /// The pupil's name by the roll.
    pub name: Option<String>,
    /// The pupil's id number.
    pub id_number: Option<String>,
    /// How the entered id differs; null when the student number led to the pupil.
    pub slip: Option<Slip>,
    /// The proposal in one sentence.
    pub message: String,
    /// What speaks for it and against it.
    pub evidence: Evidence,
    /// The version of the provincial list that would take the row.
    pub list_id: Option<String>,
    /// The batch of the one row that acceptance brought.
    pub accepted_import_id: Option<String>,
    /// When it was found (UTC).
    pub recorded_at: DateTime<Utc>,
    /// Who accepted or dismissed it.
    pub decided_by: Option<String>,
    /// When (UTC).
    pub decided_at: Option<DateTime<Utc>>,
    /// Who took the acceptance back.
    pub reverted_by: Option<String>,
    /// When (UTC).
    pub reverted_at: Option<DateTime<Utc>>,
}

page!(pub ProposalPage of ProposalBody, "Proposals, place by place and in each in the order they were found.");

/// Opens what is shown of some proposals: their pupils, and the ids as they were entered.
pub fn show(
    conn: &mut Conn,
    sealer: &Sealer,
    proposals: Vec<Proposal>,
    pii: bool,
    lang: Lang,
) -> Result<Vec<ProposalBody>> {
    let people = People {
        people: proposals.iter().map(|p| p.person_id.clone()).collect(),
        names: proposals.iter().map(|p| p.name_id.clone()).collect(),
    };
    let shown = people.show(conn, sealer, pii)?;
    let rows = rows_of(conn, sealer, &proposals)?;
    proposals.into_iter().map(|p| body(p, &shown, &rows, pii, lang)).collect()
}

/// Each refused row with what was understood of its file.
type Rows = HashMap<(String, i32), (UnderstoodBody, Refused)>;

fn rows_of(conn: &mut Conn, sealer: &Sealer, proposals: &[Proposal]) -> Result<Rows> {
    let keys: Vec<(&str, i32)> = proposals.iter().map(|p| (p.import_id.as_str(), p.line)).collect();
    let rows = imports::refused_rows(conn, sealer, &keys)?;
    Ok(rows.into_iter().map(|(import_id, told, row)| ((import_id, row.line), (told, row))).collect())
}

/// Stars and the last four characters, as for a right id.
fn masked(text: &str) -> String {
    let hidden = text.chars().count().saturating_sub(4);
    text.chars().enumerate().map(|(at, c)| if at < hidden { '*' } else { c }).collect()
}

fn body(p: Proposal, shown: &Shown, rows: &Rows, pii: bool, lang: Lang) -> Result<ProposalBody> {
    let (understood, row) = rows
        .get(&(p.import_id.clone(), p.line))
        .ok_or_else(|| Error::internal("the refused row of a proposal is missing"))?;
    let part = Part::of_member(row, understood, p.member);
    let entered = part.map_or("", |part| part.entered());
    Ok(ProposalBody {
        entered: if pii { entered.to_owned() } else { masked(entered) },
        name: shown.name(&p.name_id),
        id_number: shown.id_number(&p.person_id),
        message: message(row.row, p.slip, lang),
        evidence: serde_json::from_str(&p.evidence)?,
        proposal_id: p.proposal_id,
        state: p.state,
        import_id: p.import_id,
        kind: p.kind,
        sheet: row.sheet.clone(),
        row: row.row,
        member: part.filter(Part::stands_beside_others).map(|part| part.number() + 1),
        student_id: p.person_id,
        slip: p.slip,
        list_id: p.list_id,
        accepted_import_id: p.accepted_import_id,
        recorded_at: p.recorded_at.and_utc(),
        decided_by: p.decided_by,
        decided_at: p.decided_at.map(|at| at.and_utc()),
        reverted_by: p.reverted_by,
        reverted_at: p.reverted_at.map(|at| at.and_utc()),
    })
}

fn message(row: i32, slip: Option<Slip>, lang: Lang) -> String {
    match (lang, slip) {
        (Lang::Zh, Some(slip)) => {
            format!(
                "第 {row} 行的身份证号有误（{}），学籍中只有一名同名学生吻合，请核对证件后采纳或驳回",
                slip.zh()
            )
        }
        (Lang::Zh, None) => {
            format!("第 {row} 行的身份证号有误，学籍号和姓名与学籍中一名学生吻合，请核对证件后采纳或驳回")
        }
        (Lang::En, Some(slip)) => format!(
            "the id in row {row} is wrong ({}); one pupil of this name on the roll agrees: compare the document, then accept or dismiss",
            slip.en()
        ),
        (Lang::En, None) => format!(
            "the id in row {row} is wrong; student number and name agree with one pupil on the roll: compare the document, then accept or dismiss"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_entered_is_masked_to_its_last_four() {
        for (text, shown) in [("341000200903140000", "**************0000"), ("３４１×", "３４１×"), ("", "")]
        {
            assert_eq!(masked(text), shown);
        }
    }
}
