//! The findings of a run as a workbook or CSV: a cover that says what they were made from, the proof of the
//! totals, counties by stages, and a sheet for each kind. Rows come and go in pages, so that memory stays
//! flat however many there are.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDateTime;

use super::body::summary;
use super::model::Detail;
use super::reconcile_totals::Totals;
use super::report::{self, Table, explain};
use super::run::Inputs;
use super::sighting_store::{Filter, Found, OfPlace, by_place_and_stage, counts, findings};
use super::store::CheckRow;
use crate::auth::Scope;
use crate::db::Conn;
use crate::error::Result;
use crate::roll::masking::{People, Shown};
use crate::roll::store as roll;
use crate::seal::Sealer;
use crate::sheet::{Cover, Export, ExportForm, Exported, OutCell, OutColumn};
use crate::values::{Fen, Place, Programme, Stage, area};

/// Rows that are in memory at once.
const AT_ONCE: i64 = 1_000;

/// Who wants a file, and when it is made.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What the file may hold.
    pub scope: &'a Scope,
    /// Whether ids and names stand in it unmasked.
    pub pii: bool,
    /// When (UTC).
    pub at: NaiveDateTime,
}

/// The people of some findings as a caller may see them.
pub fn shown(conn: &mut Conn, sealer: &Sealer, rows: &[Found], pii: bool) -> Result<Shown> {
    People {
        people: rows
            .iter()
            .flat_map(|(s, _)| [Some(&s.person_id), s.other_id.as_ref()])
            .flatten()
            .cloned()
            .collect(),
        names: rows.iter().map(|(s, _)| s.name_id.clone()).collect(),
    }
    .show(conn, sealer, pii)
}

/// The names of the schools of some findings, by code.
pub(super) fn schools(conn: &mut Conn, rows: &[Found]) -> Result<HashMap<String, String>> {
    let codes: BTreeSet<String> = rows.iter().filter_map(|(s, _)| s.school_code.clone()).collect();
    let codes: Vec<String> = codes.into_iter().collect();
    Ok(roll::schools_of(conn, &codes)?.into_iter().map(|(code, s)| (code, s.name)).collect())
}

/// What a file was made from.
pub(super) fn cover(wanted: Wanted<'_>, check: &CheckRow, what: &str) -> Result<Cover> {
    let inputs: Inputs = serde_json::from_str(&check.inputs)?;
    Ok(Cover::new(what, wanted.at)
        .line("学期", check.term.clone())
        .scope(&check.place, wanted.scope.school())
        .line("比对编号", check.check_id.clone())
        .digest("名单", &inputs.list)
        .digest("学籍", &inputs.roll)
        .digest("资助", &inputs.aid)
        .line("政策包", format!("{} {}", inputs.pack, inputs.pack_version))
        .digest("政策包", &inputs.pack_digest)
        .digest("结果", &check.report_digest))
}

/// The findings as a file. The totals of a run are the business of those whose scope holds its place; a
/// school or a county within it gets its findings without them. CSV has the findings alone, all kinds in one
/// table; a workbook without findings says so by an empty sheet.
pub fn export(
    conn: &mut Conn,
    sealer: &Sealer,
    wanted: Wanted<'_>,
    check: &CheckRow,
    filter: &Filter,
    form: ExportForm,
) -> Result<Exported> {
    let cover = cover(wanted, check, "名单、学籍、资助三方比对疑点清单")?;
    let mut out = match form {
        ExportForm::Csv(_) => Export::begin(form, "疑点", columns(&COLUMNS), &cover)?,
        ExportForm::Xlsx => front(conn, wanted, check, filter, cover)?,
    };
    let mut kind = None;
    in_pages(conn, wanted.scope, check, filter, |conn, rows| {
        let shown = shown(conn, sealer, rows, wanted.pii)?;
        let schools = schools(conn, rows)?;
        for found in rows {
            // Rows come kind by kind.
            if kind.replace(found.0.kind) != Some(found.0.kind) {
                out.sheet(found.0.kind.zh(), columns(&COLUMNS))?;
            }
            out.row(&out_cells(&cells(found, &shown, &schools)?))?;
        }
        Ok(())
    })?;
    if kind.is_none() {
        out.sheet("疑点", columns(&COLUMNS))?;
    }
    out.finish()
}

/// Does something with the findings of a run, a page of them at a time, in their order.
pub(super) fn in_pages(
    conn: &mut Conn,
    scope: &Scope,
    check: &CheckRow,
    filter: &Filter,
    mut work: impl FnMut(&mut Conn, &[Found]) -> Result<()>,
) -> Result<()> {
    let mut after = None;
    loop {
        let rows = findings(conn, scope, &check.check_id, filter, after, AT_ONCE)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = Some(last.position);
        work(conn, &rows)?;
    }
}

/// A workbook with the sheets that stand before the findings.
fn front(
    conn: &mut Conn,
    wanted: Wanted<'_>,
    check: &CheckRow,
    filter: &Filter,
    mut cover: Cover,
) -> Result<Export> {
    let whole = wanted.scope.school().is_none()
        && wanted
            .scope
            .place()
            .is_some_and(|own| Place::parse(&check.place).is_ok_and(|at| own.contains(&at)));
    let mut tables = Vec::new();
    if whole {
        let totals: Totals = serde_json::from_str(&check.totals)?;
        let lines = summary(check, &totals, &counts(conn, wanted.scope, &check.check_id)?);
        for (line, n) in lines.into_iter().zip(1..) {
            cover = cover.line(&format!("概况 {n}"), line);
        }
        tables.extend([report::proof(&totals), report::stages(&totals)]);
    }
    let counted = by_place_and_stage(conn, wanted.scope, &check.check_id, filter)?;
    let first = by_county(counted, check);
    let mut out = Export::begin(ExportForm::Xlsx, first.title, columns(&first.headers), &cover)?;
    write(&mut out, &first)?;
    for table in tables {
        out.sheet(table.title, columns(&table.headers))?;
        write(&mut out, &table)?;
    }
    Ok(out)
}

/// Findings and what is at stake, counties by stages.
fn by_county(counted: Vec<OfPlace>, check: &CheckRow) -> Table {
    let day = check.recorded_at.date();
    let rows = counted.into_iter().map(|(place, stage, count, fen)| {
        let name = area::name(&place, &day).unwrap_or_default().to_owned();
        let stage = stage.map_or("学段不详", Stage::zh).to_owned();
        vec![place, name, stage, count.to_string(), Fen(fen).yuan()]
    });
    Table {
        title: "区县学段",
        headers: vec!["行政区划", "名称", "学段", "疑点数", "涉及金额(元)"],
        rows: rows.collect(),
    }
}

fn cells((s, f): &Found, shown: &Shown, schools: &HashMap<String, String>) -> Result<Vec<String>> {
    let yuan = |fen: Option<i64>| fen.map(|f| Fen(f).yuan()).unwrap_or_default();
    let detail: Detail = serde_json::from_str(&s.detail)?;
    let other = s.other_id.as_ref().and_then(|id| shown.id_number(id));
    Ok(vec![
        s.kind.zh().to_owned(),
        shown.name(&s.name_id).unwrap_or_default(),
        shown.id_number(&s.person_id).unwrap_or_default(),
        s.school_code.clone().unwrap_or_default(),
        s.school_code.as_ref().and_then(|c| schools.get(c)).cloned().unwrap_or_default(),
        s.stage.map(Stage::zh).unwrap_or_default().to_owned(),
        s.programme.map(Programme::zh).unwrap_or_default().to_owned(),
        yuan(s.due_fen),
        yuan(s.paid_fen),
        yuan(Some(s.at_stake_fen)),
        f.state.zh().to_owned(),
        f.remark.clone().unwrap_or_default(),
        explain(s.kind, &detail),
        f.answer.clone().unwrap_or_default(),
        other.unwrap_or_default(),
        f.assignee.clone().unwrap_or_default(),
        f.due_on.map(|day| day.to_string()).unwrap_or_default(),
    ])
}

/// The columns of findings.
const COLUMNS: [&str; 17] = [
    "疑点类型",
    "姓名",
    "身份证号",
    "学校标识码",
    "学校名称",
    "学段",
    "资助项目",
    "应发(元)",
    "实发(元)",
    "涉及金额(元)",
    "状态",
    "说明",
    "问题与处理",
    "学校答复",
    "相关人身份证号",
    "交办",
    "期限",
];

pub(super) fn columns(headers: &[&str]) -> Vec<OutColumn> {
    headers.iter().map(|header| OutColumn::text(*header).wide(18)).collect()
}

fn write(out: &mut Export, table: &Table) -> Result<()> {
    table.rows.iter().try_for_each(|row| out.row(&out_cells(row)))
}

pub(super) fn out_cells(row: &[String]) -> Vec<OutCell> {
    row.iter().map(|cell| OutCell::from(cell.as_str())).collect()
}
