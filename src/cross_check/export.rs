//! The findings of a run as a workbook or CSV: a cover that says what they were made from, the proof of the
//! totals, counties by stages, and a sheet for each kind.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::body::summary;
use super::finding_store::{Found, counts};
use super::model::{Detail, FindingKind};
use super::reconcile_totals::Totals;
use super::report::{self, Table, explain};
use super::run::Inputs;
use super::store::CheckRow;
use crate::auth::Scope;
use crate::db::Conn;
use crate::error::Result;
use crate::roll::masking::{People, Shown};
use crate::roll::store as roll;
use crate::seal::Sealer;
use crate::sheet::{CsvEncoding, CsvOut, OutCell, OutColumn, XlsxOut};
use crate::values::{Fen, Place, Programme, Stage, area};

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

/// What a file was made from, line by line.
pub(super) fn cover(check: &CheckRow, what: &str) -> Result<Vec<(String, String)>> {
    let inputs: Inputs = serde_json::from_str(&check.inputs)?;
    let pack = format!("{} {} {}", inputs.pack, inputs.pack_version, inputs.pack_digest);
    let lines = [
        ("内容", what.to_owned()),
        ("学期", check.term.clone()),
        ("行政区划", check.place.clone()),
        ("比对编号", check.check_id.clone()),
        ("名单摘要", inputs.list),
        ("学籍摘要", inputs.roll),
        ("资助摘要", inputs.aid),
        ("政策包", pack),
        ("结果摘要", check.report_digest.clone()),
    ];
    Ok(lines.map(|(name, value)| (name.to_owned(), value)).into())
}

/// The findings as a file. The totals of a run are the business of those whose scope holds its place; a
/// school or a county within it gets its findings without them.
pub fn export(
    conn: &mut Conn,
    sealer: &Sealer,
    scope: &Scope,
    check: &CheckRow,
    rows: &[Found],
    pii: bool,
) -> Result<FindingFile> {
    let shown = shown(conn, sealer, rows, pii)?;
    let schools = schools(conn, rows)?;
    let mut cover = cover(check, "名单、学籍、资助三方比对疑点清单")?;
    let whole = scope.school().is_none()
        && scope.place().is_some_and(|own| Place::parse(&check.place).is_ok_and(|at| own.contains(&at)));
    let mut tables = Vec::new();
    if whole {
        let totals: Totals = serde_json::from_str(&check.totals)?;
        let lines = summary(check, &totals, &counts(conn, scope, &check.check_id)?);
        cover.extend(lines.into_iter().zip(1..).map(|(line, n)| (format!("概况 {n}"), line)));
        tables.extend([report::proof(&totals), report::stages(&totals)]);
    }
    tables.push(by_county(rows));
    let rows = rows.iter().map(|found| cells(found, &shown, &schools)).collect::<Result<_>>()?;
    Ok(FindingFile { cover, tables, rows })
}

/// Findings and what is at stake, counties by stages.
fn by_county(rows: &[Found]) -> Table {
    let mut counted: BTreeMap<(&str, Option<Stage>), (u64, i64)> = BTreeMap::new();
    for (s, _) in rows {
        let (count, fen) = counted.entry((s.place.as_str(), s.stage)).or_default();
        *count += 1;
        *fen += s.at_stake_fen;
    }
    let today = rows.iter().map(|(_, f)| f.first_seen_at.date()).max().unwrap_or_default();
    let rows = counted.into_iter().map(|((place, stage), (count, fen))| {
        vec![
            place.to_owned(),
            area::name(place, &today).unwrap_or_default().to_owned(),
            stage.map_or("学段不详", Stage::zh).to_owned(),
            count.to_string(),
            Fen(fen).yuan(),
        ]
    });
    Table {
        title: "区县学段",
        headers: vec!["行政区划", "名称", "学段", "疑点数", "涉及金额(元)"],
        rows: rows.collect(),
    }
}

fn cells(
    (s, f): &Found,
    shown: &Shown,
    schools: &HashMap<String, String>,
) -> Result<(FindingKind, Vec<String>)> {
    let yuan = |fen: Option<i64>| fen.map(|f| Fen(f).yuan()).unwrap_or_default();
    let detail: Detail = serde_json::from_str(&s.detail)?;
    let other = s.other_id.as_ref().and_then(|id| shown.id_number(id));
    Ok((
        s.kind,
        vec![
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
            other.unwrap_or_default(),
            f.assignee.clone().unwrap_or_default(),
            f.due_on.map(|day| day.to_string()).unwrap_or_default(),
        ],
    ))
}

/// The columns of findings.
const COLUMNS: [&str; 16] = [
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
    "相关人身份证号",
    "交办",
    "期限",
];

/// Findings ready to be written out.
#[derive(Debug)]
pub struct FindingFile {
    cover: Vec<(String, String)>,
    tables: Vec<Table>,
    /// By kind, in the order of the run.
    rows: Vec<(FindingKind, Vec<String>)>,
}

impl FindingFile {
    /// As a workbook. Without findings, one empty sheet says so.
    pub fn xlsx(&self) -> Result<Vec<u8>> {
        let of = |headers: &[&str]| headers.iter().map(|h| OutColumn::text(*h).wide(18)).collect::<Vec<_>>();
        let mut tables = self.tables.iter();
        let Some(first) = tables.next() else { return XlsxOut::new("疑点", of(&COLUMNS))?.into_bytes() };
        let mut out = XlsxOut::with(first.title, of(&first.headers), None, &self.cover)?;
        write(&mut out, first)?;
        for table in tables {
            out.another(table.title, of(&table.headers))?;
            write(&mut out, table)?;
        }
        for group in self.rows.chunk_by(|a, b| a.0 == b.0) {
            let Some((kind, _)) = group.first() else { continue };
            out.another(kind.zh(), of(&COLUMNS))?;
            group.iter().try_for_each(|(_, row)| out.row(&out_cells(row)))?;
        }
        if self.rows.is_empty() {
            out.another("疑点", of(&COLUMNS))?;
        }
        out.into_bytes()
    }

    /// As CSV, all kinds in one table.
    pub fn csv(&self, encoding: CsvEncoding) -> Result<Vec<u8>> {
        let mut out = CsvOut::new(Vec::new(), encoding, &COLUMNS)?;
        for (_, row) in &self.rows {
            out.row(&out_cells(row))?;
        }
        Ok(out.finish()?.0)
    }
}

fn write(out: &mut XlsxOut, table: &Table) -> Result<()> {
    table.rows.iter().try_for_each(|row| out.row(&out_cells(row)))
}

pub(super) fn out_cells(row: &[String]) -> Vec<OutCell> {
    row.iter().map(|cell| OutCell::from(cell.as_str())).collect()
}
