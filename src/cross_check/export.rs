//! The findings of a run as a workbook or CSV, with a cover that says what they were made from.

use std::collections::HashMap;

use super::run::Inputs;
use super::store::{CheckRow, FindingRow};
use crate::db::Conn;
use crate::error::Result;
use crate::roll::masking::{People, Shown};
use crate::roll::store as roll;
use crate::seal::Sealer;
use crate::sheet::{CsvEncoding, CsvOut, OutCell, OutColumn, XlsxOut};
use crate::values::{Fen, Programme, Stage};

/// The people of some findings as a caller may see them.
pub fn shown(conn: &mut Conn, sealer: &Sealer, rows: &[FindingRow], pii: bool) -> Result<Shown> {
    People {
        people: rows.iter().map(|f| f.person_id.clone()).collect(),
        names: rows.iter().map(|f| f.name_id.clone()).collect(),
    }
    .show(conn, sealer, pii)
}

/// The findings as a sheet.
pub fn export(
    conn: &mut Conn,
    sealer: &Sealer,
    check: &CheckRow,
    rows: &[FindingRow],
    pii: bool,
) -> Result<FindingSheet> {
    let shown = shown(conn, sealer, rows, pii)?;
    let mut codes: Vec<String> = rows.iter().filter_map(|f| f.school_code.clone()).collect();
    codes.sort_unstable();
    codes.dedup();
    let schools: HashMap<String, String> =
        roll::schools_of(conn, &codes)?.into_iter().map(|(code, s)| (code, s.name)).collect();
    let inputs: Inputs = serde_json::from_str(&check.inputs)?;
    let cover = vec![
        ("内容".to_owned(), "名单、学籍、资助三方比对疑点清单".to_owned()),
        ("学期".to_owned(), check.term.clone()),
        ("行政区划".to_owned(), check.place.clone()),
        ("比对编号".to_owned(), check.check_id.clone()),
        ("名单摘要".to_owned(), inputs.list),
        ("学籍摘要".to_owned(), inputs.roll),
        ("资助摘要".to_owned(), inputs.aid),
        ("政策包".to_owned(), format!("{} {} {}", inputs.pack, inputs.pack_version, inputs.pack_digest)),
        ("结果摘要".to_owned(), check.report_digest.clone()),
    ];
    let rows = rows
        .iter()
        .map(|f| {
            let yuan = |fen: Option<i64>| fen.map(|f| Fen(f).yuan()).unwrap_or_default();
            vec![
                f.kind.zh().to_owned(),
                shown.name(&f.name_id).unwrap_or_default(),
                shown.id_number(&f.person_id).unwrap_or_default(),
                f.school_code.clone().unwrap_or_default(),
                f.school_code.as_ref().and_then(|c| schools.get(c)).cloned().unwrap_or_default(),
                f.stage.map(Stage::zh).unwrap_or_default().to_owned(),
                f.programme.map(Programme::zh).unwrap_or_default().to_owned(),
                yuan(f.due_fen),
                yuan(f.paid_fen),
                yuan(Some(f.at_stake_fen)),
                f.state.zh().to_owned(),
                f.remark.clone().unwrap_or_default(),
            ]
        })
        .collect();
    Ok(FindingSheet { cover, rows })
}

/// The columns of the findings sheet.
const COLUMNS: [&str; 12] = [
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
];

/// Findings ready to be written out.
#[derive(Debug)]
pub struct FindingSheet {
    cover: Vec<(String, String)>,
    rows: Vec<Vec<String>>,
}

impl FindingSheet {
    /// As a workbook.
    pub fn xlsx(&self) -> Result<Vec<u8>> {
        let columns = COLUMNS.iter().map(|header| OutColumn::text(*header).wide(18)).collect();
        let mut out = XlsxOut::with("疑点", columns, None, &self.cover)?;
        for row in &self.rows {
            out.row(&cells(row))?;
        }
        out.into_bytes()
    }

    /// As CSV.
    pub fn csv(&self, encoding: CsvEncoding) -> Result<Vec<u8>> {
        let mut out = CsvOut::new(Vec::new(), encoding, &COLUMNS)?;
        for row in &self.rows {
            out.row(&cells(row))?;
        }
        Ok(out.finish()?.0)
    }
}

fn cells(row: &[String]) -> Vec<OutCell> {
    row.iter().map(|cell| OutCell::from(cell.as_str())).collect()
}
