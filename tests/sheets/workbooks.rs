//! Workbooks as programs write them: types, hidden sheets, merged headers, formulas, and a large one.

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use yingzhu::error::Code;
use yingzhu::sheet::Format as SheetFormat;
use yingzhu::values::ResidentId;

use crate::support::{
    IDS, RAW_HEADER, notice, raw_workbook, read, read_declared, read_path, reader, refused, texts,
};

fn headed(sheet: &mut Worksheet, row: u32, headers: &[&str]) {
    for (column, header) in (0..).zip(headers) {
        sheet.write_string(row, column, *header).unwrap();
    }
}

fn student(sheet: &mut Worksheet, row: u32, name: &str, id: &str) {
    sheet.write_string(row, 0, name).unwrap();
    sheet.write_string(row, 1, id).unwrap();
}

#[test]
fn cells_keep_their_types() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    headed(sheet, 0, &["姓名", "身份证号", "金额", "发放日期"]);
    let date = Format::new().set_num_format("yyyy/m/d");
    let day = ExcelDateTime::from_ymd(2017, 9, 1).unwrap();
    student(sheet, 1, "张三", IDS[0]);
    sheet.write_number(1, 2, 312.5).unwrap();
    sheet.write_datetime_with_format(1, 3, &day, &date).unwrap();
    student(sheet, 2, "李四", IDS[1]);
    sheet.write_string(2, 2, "1,500元").unwrap();
    sheet.write_string(2, 3, "2017.9.1").unwrap();
    student(sheet, 3, "王五", IDS[2]);
    sheet.write_number(3, 2, 0.1 + 0.2).unwrap();
    sheet.write_number(3, 3, 42_979.0).unwrap();
    sheet.write_number_with_format(4, 2, 43_000.0, &date).unwrap();
    student(sheet, 4, "赵六", IDS[2]);

    let (understood, rows) = read(&book.save_to_buffer().unwrap()).unwrap();
    assert_eq!(
        (understood.format, understood.sheets[0].name.as_deref()),
        (SheetFormat::Xlsx, Some("Sheet1"))
    );
    let fens: Vec<_> = rows.iter().map(|r| r.fields().fen("fen").map(|f| f.0)).collect();
    assert_eq!(fens, [Some(31_250), Some(150_000), Some(30), None]);
    for row in &rows[..3] {
        assert_eq!(row.fields().day("day").unwrap().to_string(), "2017-09-01", "{}", row.number);
    }
    let mut fields = rows[3].fields();
    fields.fen("fen");
    assert_eq!(fields.finish()[0].code, "cell_kind");
}

#[test]
fn ids_stored_as_numbers_are_refused_and_stay_refused_after_a_round_trip() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    headed(sheet, 0, &["姓名", "身份证号"]);
    sheet.write_string(1, 0, "张三").unwrap();
    sheet.write_number(1, 1, 341_000_200_903_140_019.0).unwrap();
    // Fifteen digits fit into a double: an old id stored as a number is still whole.
    sheet.write_string(2, 0, "李四").unwrap();
    sheet.write_number(2, 1, 110_105_491_231_002.0).unwrap();
    let (_, rows) = read(&book.save_to_buffer().unwrap()).unwrap();

    let mut fields = rows[0].fields();
    assert!(fields.require("id", ResidentId::parse).is_none());
    let errors = fields.finish();
    assert_eq!(errors.iter().map(|e| e.code).collect::<Vec<_>>(), ["id_precision_lost"]);
    let mut fields = rows[1].fields();
    assert_eq!(fields.require("id", ResidentId::parse).unwrap().as_str(), "11010519491231002X");

    let shown = &rows[0].originals()[1];
    assert_eq!(ResidentId::parse(shown).unwrap_err().code, "id_precision_lost", "{shown}");
}

#[test]
fn hidden_sheets_are_left_out_with_a_notice_and_covers_are_passed_over() {
    let mut book = Workbook::new();
    let hidden = book.add_worksheet().set_name("旧数据").unwrap();
    headed(hidden, 0, &["姓名", "身份证号"]);
    student(hidden, 1, "不该读", IDS[0]);
    hidden.set_hidden(true);
    let cover = book.add_worksheet().set_name("填表说明").unwrap();
    for row in 0..30 {
        cover.write_string(row, 0, "请如实填写").unwrap();
    }
    cover.set_active(true);
    let data = book.add_worksheet().set_name("一年级").unwrap();
    headed(data, 0, &["姓名", "身份证号"]);
    student(data, 1, "张三", IDS[1]);
    let other = book.add_worksheet().set_name("二年级").unwrap();
    headed(other, 0, &["姓名", "身份证号"]);
    student(other, 1, "李四", IDS[2]);
    book.add_worksheet().set_name("空表").unwrap();

    let bytes = book.save_to_buffer().unwrap();
    let (understood, rows) = read(&bytes).unwrap();
    assert_eq!(texts(&rows, "name"), ["张三", "李四"]);
    let places: Vec<_> = rows.iter().map(|r| (r.sheet(), r.number, r.line)).collect();
    assert_eq!(places, [(Some("一年级"), 2, 2), (Some("二年级"), 2, 4)]);
    assert!(notice(&understood, "hidden_sheets").contains("旧数据"));
    assert!(notice(&understood, "several_sheets").contains("一年级、二年级"));
    let others = notice(&understood, "other_sheets");
    assert!(others.contains("填表说明") && !others.contains("空表"), "{others}");

    let (understood, rows) = read_declared(&bytes, "", "二年级").unwrap();
    assert_eq!((texts(&rows, "name"), understood.sheets.len()), (vec!["李四".to_owned()], 1));
    assert!(notice(&understood, "other_sheets").contains("一年级"));
    let absent = read_declared(&bytes, "", "三年级").unwrap_err();
    assert_eq!(absent.fields[0].code, "sheet_absent");
    assert!(absent.fields[0].detail.zh.contains("二年级") && !absent.fields[0].detail.zh.contains("旧数据"));
}

#[test]
fn titles_and_two_merged_header_rows_are_understood() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let plain = Format::new();
    sheet.merge_range(0, 0, 0, 4, "某县资助名册", &plain).unwrap();
    sheet.merge_range(1, 0, 1, 1, "学生信息", &plain).unwrap();
    sheet.merge_range(1, 2, 2, 2, "学段", &plain).unwrap();
    sheet.merge_range(1, 3, 1, 4, "监护人", &plain).unwrap();
    headed(sheet, 2, &["姓名", "身份证号"]);
    sheet.write_string(2, 3, "姓名").unwrap();
    sheet.write_string(2, 4, "身份证号").unwrap();
    student(sheet, 3, "张三", IDS[0]);
    sheet.write_string(3, 2, "小学").unwrap();
    student(sheet, 4, "合计", "");
    let (understood, rows) = read(&book.save_to_buffer().unwrap()).unwrap();
    assert_eq!((understood.sheets[0].header_row, understood.skipped), (3, 1));
    assert_eq!(texts(&rows, "stage"), ["小学"]);
    let letters: Vec<_> = understood.sheets[0].mapping.iter().map(|m| (m.key, m.letter.as_str())).collect();
    assert_eq!(letters, [("name", "A"), ("id", "B"), ("stage", "C")]);
}

#[test]
fn formulas_without_a_result_are_told() {
    let book = raw_workbook(
        &format!(
            r#"<sheetData>{RAW_HEADER}<row r="2"><c r="A2" t="inlineStr"><is><t>张三</t></is></c><c r="C2"><f>SUM(1,2)</f></c></row><row r="3"><c r="A3" t="inlineStr"><is><t>李四</t></is></c><c r="C3"><f>SUM(1,2)</f><v>3</v></c></row><row r="4"><c r="A4" t="e"><v>#N/A</v></c><c r="C4"><v>1</v></c></row></sheetData>"#
        ),
        None,
    );
    let (_, rows) = read(&book).unwrap();
    let code = |row: usize, key: &'static str| {
        let mut fields = rows[row].fields();
        let _ = fields.fen(key);
        fields.finish().first().map(|e| e.code)
    };
    assert_eq!(
        (code(0, "fen"), code(1, "fen"), code(2, "name")),
        (Some("cell_formula"), None, Some("cell_error"))
    );

    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    headed(sheet, 0, &["姓名", "身份证号", "金额"]);
    student(sheet, 1, "张三", IDS[0]);
    sheet.write_formula(1, 2, Formula::new("=625*1")).unwrap();
    let (understood, _) = read(&book.save_to_buffer().unwrap()).unwrap();
    assert!(understood.notices.iter().any(|n| n.code == "formula_zero"));
}

#[test]
fn a_workbook_with_headers_only_is_an_empty_list() {
    let mut book = Workbook::new();
    headed(book.add_worksheet(), 0, &["姓名", "身份证号"]);
    assert_eq!(read(&book.save_to_buffer().unwrap()).unwrap().0.rows, 0);
    assert_eq!(refused(&Workbook::new().save_to_buffer().unwrap()).code, Code::EmptyFile);
}

#[test]
fn a_countys_year_goes_through_within_the_childs_memory() {
    // 20,000 rows with shared strings, all different: a tenth of a large city's roll.
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    headed(sheet, 0, &["姓名", "身份证号", "学段", "金额", "发放日期"]);
    for row in 1..=20_000 {
        student(sheet, row, &format!("学生{row}"), IDS[0]);
        for column in 5..17 {
            sheet.write_string(row, column, format!("第{row}行第{column}列")).unwrap();
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    book.save(file.path()).unwrap();
    let (understood, rows) = read_path(&reader(), file.path()).unwrap();
    assert_eq!((understood.rows, rows[19_999].number), (20_000, 20_001));
    assert_eq!(rows[19_999].fields().text("name").as_deref(), Some("学生20000"));
}
