//! What we write, read back: tables, covers, correction books, templates.

use calamine::{Data, Reader as _, Xlsx};
use yingzhu::error::Error;
use yingzhu::sheet::{CsvEncoding, CsvOut, OutCell, OutColumn, OutKind, XlsxOut, correction_book, template};
use yingzhu::values::{Fen, PersonName, ResidentId};

use crate::support::{IDS, SPEC, read, texts};

fn columns() -> Vec<OutColumn> {
    vec![
        OutColumn::text("姓名"),
        OutColumn::text("身份证号").wide(22),
        OutColumn::text("金额").kind(OutKind::Money),
        OutColumn::text("发放日期").kind(OutKind::Date),
    ]
}

fn row(name: &str, id: &str) -> Vec<OutCell> {
    let day = chrono::NaiveDate::from_ymd_opt(2017, 9, 1);
    vec![name.into(), id.into(), Fen(31_250).into(), day.into()]
}

#[test]
fn a_written_workbook_is_read_back_unchanged() {
    let cover = [("批次".to_owned(), "=HYPERLINK(1)".to_owned())];
    let mut out = XlsxOut::with("名册", columns(), Some("某县名册"), &cover).unwrap();
    out.row(&row("张三", IDS[0])).unwrap();
    out.row(&row("=1+1", IDS[1])).unwrap();
    let bytes = out.into_bytes().unwrap();

    let (understood, rows) = read(&bytes).unwrap();
    assert_eq!((understood.sheet.as_deref(), understood.header_row), (Some("名册"), 2));
    assert_eq!(texts(&rows, "id"), IDS[..2]);
    let mut fields = rows[0].fields();
    assert_eq!(fields.fen("fen"), Some(Fen(31_250)));
    assert_eq!(fields.day("day").unwrap().to_string(), "2017-09-01");
    assert_eq!(rows[1].originals()[0], "'=1+1");

    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let cover = book.worksheet_range("说明").unwrap();
    assert_eq!(cover.get_value((0, 1)), Some(&Data::String("'=HYPERLINK(1)".into())));
}

#[test]
fn a_written_csv_is_read_back_unchanged() {
    for encoding in [CsvEncoding::Utf8Bom, CsvEncoding::Gb18030] {
        let mut out = CsvOut::new(Vec::new(), encoding, &["姓名", "身份证号", "金额", "发放日期"]).unwrap();
        out.row(&row("陈䶮", IDS[0])).unwrap();
        let (bytes, _) = out.finish().unwrap();
        let (_, rows) = read(&bytes).unwrap();
        assert_eq!(texts(&rows, "name"), ["陈䶮"]);
        assert_eq!(rows[0].fields().fen("fen"), Some(Fen(31_250)));
    }
}

#[test]
fn a_correction_book_says_what_is_wrong_and_can_be_sent_again() {
    let wrong = format!("姓名,证件号码,备注\n张三,110105194912310021,转入\n李四,{}\n,{}\n", IDS[1], IDS[2]);
    let (understood, rows) = read(wrong.as_bytes()).unwrap();
    let bad = |rows: &[yingzhu::sheet::Row]| -> Vec<_> {
        rows.iter()
            .filter_map(|row| {
                let mut fields = row.fields();
                fields.require("name", PersonName::parse);
                fields.require("id", ResidentId::parse);
                let errors = fields.finish();
                (!errors.is_empty()).then(|| (row.number, row.originals(), errors))
            })
            .collect()
    };
    let book = correction_book(&understood.headers, bad(&rows)).unwrap();

    let (again, corrected) = read(&book).unwrap();
    assert_eq!(again.headers, ["姓名", "证件号码", "备注", "原行号", "问题"]);
    assert_eq!(again.ignored, ["备注", "原行号", "问题"]);
    assert_eq!(corrected[0].originals()[..4], ["张三", "110105194912310021", "转入", "2"]);
    assert!(corrected[0].originals()[4].contains("证件号码（B 列）：身份证号的校验码不对"));
    assert_eq!(corrected[1].originals()[3], "4");
    // The added columns do not double when a correction is wrong again.
    let second = correction_book(&again.headers, bad(&corrected)).unwrap();
    assert_eq!(read(&second).unwrap().0.headers, again.headers);
}

#[test]
fn a_template_is_understood_whole_and_its_example_is_skipped() -> Result<(), Error> {
    let bytes = template(&SPEC)?;
    let (understood, _) = read(&bytes)?;
    assert_eq!((understood.rows, understood.skipped), (0, 1));
    assert_eq!(understood.mapping.len(), SPEC.columns.len());
    assert_eq!(understood.headers[1], "姓名*");

    // The example shows what a good row is: without its mark it passes.
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(&bytes)).unwrap();
    let range = book.worksheet_range("测试表").unwrap();
    let mut example = CsvOut::new(Vec::new(), CsvEncoding::Utf8Bom, &understood.headers)?;
    let cells: Vec<OutCell> =
        range.rows().nth(1).unwrap().iter().skip(1).map(|c| OutCell::from(c.to_string())).collect();
    let mut line = vec![OutCell::from("1")];
    line.extend(cells);
    example.row(&line)?;
    let (_, rows) = read(&example.finish()?.0)?;
    let mut fields = rows[0].fields();
    assert!(fields.require("name", PersonName::parse).is_some());
    assert!(fields.require("id", ResidentId::parse).is_some());
    assert!(fields.word("stage", yingzhu::values::Stage::from_word, []).is_some());
    assert!(fields.fen("fen").is_some());
    assert!(fields.is_clean());
    Ok(())
}
