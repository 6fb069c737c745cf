//! The workbook to fill in for a kind of sheet: its headers, one example row that the reader skips, text
//! format for ids and drop-down lists for closed words.

use rust_xlsxwriter::{DataValidation, DataValidationErrorStyle, XlsxError};

use super::out::{OutCell, OutColumn, OutKind};
use super::spec::{CellKind, ColumnSpec, SheetSpec};
use super::write::XlsxOut;
use crate::error::{Error, Result};
use crate::values::{
    Category, EnrolmentState, Hardship, HukouKind, Programme, ResidentId, Sex, Stage, Tier, words,
};

/// How far down the drop-down lists reach.
const LISTED_ROWS: u32 = 100_000;
/// The longest list that fits into a cell's own validation (255 characters, commas included).
const LONGEST_LIST: usize = 255;

/// Makes the template. Its first column 序号 says 示例 in the example row, which the reader skips.
pub fn template(spec: &SheetSpec) -> Result<Vec<u8>> {
    let mut columns = vec![OutColumn::text("序号")];
    columns.extend(spec.columns.iter().map(|column| {
        let mark = if column.required { "*" } else { "" };
        let kind = match column.kind {
            CellKind::Plain | CellKind::Id => OutKind::Text,
            CellKind::Money => OutKind::Money,
            CellKind::Date => OutKind::Date,
        };
        OutColumn::text(format!("{}{mark}", column.zh)).wide(width(column)).kind(kind)
    }));
    let mut example = vec![OutCell::from("示例")];
    example.extend(spec.columns.iter().map(example_of));
    let mut out = XlsxOut::new(spec.zh, columns)?;
    out.row(&example)?;
    for (index, column) in (1_u16..).zip(spec.columns) {
        let Some(list) = list_of(column) else { continue };
        if list.iter().map(|word| word.chars().count() + 1).sum::<usize>() > LONGEST_LIST {
            continue;
        }
        let failed = |_ours: XlsxError| Error::internal("a drop-down list could not be written");
        let validation = DataValidation::new()
            .allow_list_strings(&list)
            .map_err(failed)?
            .set_error_style(DataValidationErrorStyle::Warning)
            .set_error_title("不在列表中")
            .map_err(failed)?
            .set_error_message("请从下拉列表中选择")
            .map_err(failed)?;
        out.sheet().add_data_validation(1, index, LISTED_ROWS, index, &validation).map_err(failed)?;
    }
    out.into_bytes()
}

fn width(column: &ColumnSpec) -> u16 {
    match column.kind {
        CellKind::Id => 24,
        CellKind::Date | CellKind::Money => 14,
        CellKind::Plain => 16,
    }
}

/// The words that a column offers, told by its name.
fn list_of(column: &ColumnSpec) -> Option<Vec<&'static str>> {
    let names = |all: &[&'static str]| Some(all.to_vec());
    match column.zh {
        "学段" => Some(Stage::ALL.iter().map(|v| v.zh()).collect()),
        "性别" => Some(Sex::ALL.iter().map(|v| v.zh()).collect()),
        "户口性质" => Some(HukouKind::ALL.iter().map(|v| v.zh()).collect()),
        "在读状态" => Some(EnrolmentState::ALL.iter().map(|v| v.zh()).collect()),
        "户类型" | "困难类型" => Some(Category::ALL.iter().map(|v| v.zh()).collect()),
        "困难档次" => Some(Hardship::ALL.iter().map(|v| v.zh()).collect()),
        "资助项目" => Some(Programme::ALL.iter().map(|v| v.zh()).collect()),
        "档次" => Some(Tier::ALL.iter().map(|v| v.zh()).collect()),
        "就读方式" => names(&words::BOARDING),
        name if name.starts_with("是否") || name == "涉农专业" => names(&words::YES_NO),
        _ => None,
    }
}

/// A value that a reader of the template understands at once. The id is the national standard's own
/// sample number, which belongs to nobody.
fn example_of(column: &ColumnSpec) -> OutCell {
    const SAMPLE_ID: &str = "11010519491231002X";
    let text = match column.zh {
        "姓名" | "学生姓名" => "示例学生",
        "户主姓名" => "示例户主",
        "学期" => "2025A",
        "年级" => "七年级",
        "班级" => "1班",
        "学校标识码" => "3134000001",
        "学校名称" | "就读学校" => "示例中学",
        "户籍地区划代码" | "区划代码" => "341024",
        "县区" | "县" => "祁门县",
        "乡镇" => "示例镇",
        "村" => "示例村",
        "学籍号" | "全国学籍号" => return OutCell::from(format!("G{SAMPLE_ID}")),
        "银行卡号" => "4111111111111111",
        name if name.contains("身份证") || name.contains("证件号") => {
            return ResidentId::parse(SAMPLE_ID)
                .map_or(OutCell::Empty, |id| OutCell::from(id.value.as_str()));
        }
        _ => match (column.kind, list_of(column)) {
            (CellKind::Money, _) => return OutCell::Fen(crate::values::Fen(62_500)),
            (CellKind::Date, _) => {
                return chrono::NaiveDate::from_ymd_opt(2025, 9, 1).map_or(OutCell::Empty, OutCell::Day);
            }
            (_, Some(list)) => list.first().copied().unwrap_or_default(),
            _ => "",
        },
    };
    OutCell::from(text)
}
