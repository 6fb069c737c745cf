//! The workbook to fill in for a kind of sheet: its headers with a note each, one example row that the reader
//! skips, text format for ids and drop-down lists for closed words.

use rust_xlsxwriter::{DataValidation, DataValidationErrorStyle, Formula, Note, XlsxError};

use super::header::letter;
use super::out::{OutCell, OutColumn, OutKind};
use super::spec::{CellKind, ColumnSpec, SheetSpec};
use super::write::XlsxOut;
use crate::error::{Error, Result};
use crate::values::{
    Category, EnrolmentState, Hardship, HukouKind, Programme, ResidentId, Sex, Stage, Tier, words,
};

/// The hidden sheet with the words of long lists. The reader knows it and does not mention it.
pub(super) const WORDS_SHEET: &str = "可选词";

/// The name of the student in the example row, by which the reader knows that row.
pub(super) const EXAMPLE_NAME: &str = "示例学生";

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
    let mut long = Vec::new();
    for (index, column) in (1_u16..).zip(spec.columns) {
        let note = Note::new(note_on(column)).add_author_prefix(false).set_width(260).set_height(120);
        out.sheet().insert_note(0, index, &note).map_err(failed)?;
        let Some(list) = list_of(column) else { continue };
        let validation = DataValidation::new();
        let validation = if list.iter().map(|word| word.chars().count() + 1).sum::<usize>() > LONGEST_LIST {
            // Too long for the cell's own rule: the words stand on a hidden sheet.
            let from = letter(long.len());
            let formula = format!("={WORDS_SHEET}!${from}$1:${from}${}", list.len());
            long.push(list);
            validation.allow_list_formula(Formula::new(formula))
        } else {
            validation.allow_list_strings(&list).map_err(failed)?
        };
        let validation = validation
            .set_error_style(DataValidationErrorStyle::Warning)
            .set_error_title("不在列表中")
            .map_err(failed)?
            .set_error_message("请从下拉列表中选择")
            .map_err(failed)?;
        out.sheet().add_data_validation(1, index, LISTED_ROWS, index, &validation).map_err(failed)?;
    }
    if !long.is_empty() {
        out.hidden_words(WORDS_SHEET, &long)?;
    }
    out.into_bytes()
}

fn failed(_ours: XlsxError) -> Error {
    Error::internal("a template could not be written")
}

/// What a person who fills in a column should know.
fn note_on(column: &ColumnSpec) -> String {
    let needed = if column.required { "必填" } else { "选填" };
    let how = match column.kind {
        CellKind::Id => "单元格请保持“文本”格式，否则超过 15 位的号码会丢失末尾数字",
        CellKind::Money => "以元为单位，最多两位小数；表头写“万元”时以万元为单位",
        CellKind::Date => "如 2025-09-01、2025/9/1 或 20250901",
        CellKind::Plain if list_of(column).is_some() => "请从下拉列表中选择；空白表示未知",
        CellKind::Plain => "",
    };
    let others = match column.synonyms {
        [] => String::new(),
        names => format!("也可用表头：{}", names.join("、")),
    };
    [needed, how, &others].into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
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
        "姓名" | "学生姓名" => EXAMPLE_NAME,
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
