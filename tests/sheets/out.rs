//! What we write, read back: tables, covers, correction books, templates.

use calamine::{Data, Reader as _, Xlsx};
use yingzhu::error::Error;
use yingzhu::sheet::{
    BadRow, CorrectionBook, Cover, CsvEncoding, CsvOut, Export, ExportForm, OutCell, OutColumn, OutKind, Row,
    Understood, XlsxOut, template,
};
use yingzhu::values::{Fen, PersonName, ResidentId};

use crate::support::{IDS, SPEC, read, read_declared, texts, unknown};

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
    assert_eq!((understood.sheets[0].name.as_deref(), understood.sheets[0].header_row), (Some("名册"), 2));
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

/// The rows that are not good, as a correction book takes them.
fn bad(rows: &[Row]) -> Vec<BadRow> {
    rows.iter()
        .filter_map(|row| {
            let mut fields = row.fields();
            fields.require("name", PersonName::parse);
            fields.require("id", ResidentId::parse);
            let errors = fields.finish();
            let sheet = row.sheet().map(ToOwned::to_owned);
            let (number, cells) = (row.number, row.originals());
            (!errors.is_empty()).then_some(BadRow { sheet, number, cells, errors })
        })
        .collect()
}

fn book_of(understood: &Understood, rows: &[Row]) -> Vec<u8> {
    let headers = understood.sheets.iter().map(|s| (s.name.clone(), s.to_send_again.clone()));
    let mut book = CorrectionBook::new(headers.collect());
    for row in bad(rows) {
        book.row(&row).unwrap();
    }
    let mut bytes = Vec::new();
    book.save_to(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_correction_book_says_what_is_wrong_and_can_be_sent_again() {
    let wrong = format!("姓名,证件号码,备注\n张三,110105194912310021,转入\n李四,{}\n,{}\n", IDS[1], IDS[2]);
    let (understood, rows) = read(wrong.as_bytes()).unwrap();
    let book = book_of(&understood, &rows);

    let (again, corrected) = read(&book).unwrap();
    assert_eq!(again.sheets[0].headers, ["姓名", "证件号码", "备注", "原行号", "问题"]);
    assert_eq!(unknown(&again), ["备注", "原行号", "问题"]);
    assert_eq!(corrected[0].originals()[..4], ["张三", "110105194912310021", "转入", "2"]);
    assert!(corrected[0].originals()[4].contains("证件号码（B 列）：身份证号的校验码不对"));
    assert_eq!(corrected[1].originals()[3], "4");
    // The added columns do not double when a correction is wrong again.
    let second = book_of(&again, &corrected);
    assert_eq!(read(&second).unwrap().0.sheets[0].headers, again.sheets[0].headers);
}

#[test]
fn the_bad_cells_are_marked_where_they_stand() {
    let wrong = format!("姓名,证件号码\n张三,110105194912310021\n,{}\n", IDS[2]);
    let (understood, rows) = read(wrong.as_bytes()).unwrap();
    let book = book_of(&understood, &rows);
    let part = |name: &str| {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&book)).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut zip.by_name(name).unwrap(), &mut text).unwrap();
        text
    };
    let notes = part("xl/comments1.xml");
    let at =
        |cell: &str| notes.split("<comment ").find(|c| c.contains(&format!("ref=\"{cell}\""))).unwrap_or("");
    assert!(at("B2").contains("校验码"), "{notes}");
    // What is missing is marked as well.
    assert!(at("A3").contains("必填项为空"), "{notes}");
    assert!(at("A2").is_empty() && at("B3").is_empty());
    let sheet = part("xl/worksheets/sheet1.xml");
    let style = |cell: &str| {
        let from = sheet.find(&format!("r=\"{cell}\" s=\"")).unwrap() + cell.len() + 8;
        sheet[from..].split('"').next().unwrap().to_owned()
    };
    assert_eq!(style("B2"), style("A3"));
    assert_ne!(style("B2"), style("A2"));
}

#[test]
fn whatever_was_declared_or_joined_a_correction_book_is_understood_by_itself() {
    let family = format!("户主,证,姓名,号,标准(万元)\n张大,1,张三,{},1\n李大,{},李四,2,\n", IDS[0], IDS[1]);
    let mapping = r#"{"姓名": ["A","C"], "身份证号": ["B","D"], "金额": "E"}"#;
    let (understood, rows) = read_declared(family.as_bytes(), mapping, "").unwrap();
    assert_eq!(bad(&rows).iter().map(|r| r.number).collect::<Vec<_>>(), [2, 3]);
    let book = book_of(&understood, &rows);
    let (again, corrected) = read(&book).unwrap();
    assert_eq!(
        again.sheets[0].headers[..5],
        ["姓名", "身份证号", "姓名〔成员2〕", "身份证号〔成员2〕", "金额(万元)"]
    );
    assert_eq!(texts(&corrected, "name"), ["张大", "张三", "李大", "李四"]);
    assert_eq!(texts(&corrected, "id"), ["1", IDS[0], IDS[1], "2"]);
    assert_eq!(corrected[0].fields().fen("fen").unwrap().0, 1_000_000);

    // A column that was not to be used is not used the next time either.
    let twice = format!("姓名,身份证号,证件号码\n张三,旧,1\n李四,{},2\n", IDS[1]);
    let (understood, rows) = read_declared(twice.as_bytes(), r#"{"身份证号":"C"}"#, "").unwrap();
    let (_, corrected) = read(&book_of(&understood, &rows)).unwrap();
    assert_eq!(texts(&corrected, "id"), ["1", "2"]);
}

#[test]
fn a_book_of_several_sheets_has_the_same_sheets() {
    let mut first = rust_xlsxwriter::Workbook::new();
    for name in ["一年级", "二年级"] {
        let sheet = first.add_worksheet().set_name(name).unwrap();
        for (column, text) in (0..).zip(["姓名", "身份证号"]) {
            sheet.write_string(0, column, text).unwrap();
        }
        sheet.write_string(1, 0, format!("学生{name}")).unwrap();
        sheet.write_string(1, 1, "1").unwrap();
    }
    let (understood, rows) = read(&first.save_to_buffer().unwrap()).unwrap();
    let (again, corrected) = read(&book_of(&understood, &rows)).unwrap();
    assert_eq!(
        again.sheets.iter().map(|s| s.name.clone().unwrap()).collect::<Vec<_>>(),
        ["一年级", "二年级"]
    );
    assert_eq!(texts(&corrected, "name"), ["学生一年级", "学生二年级"]);
}

#[test]
fn a_template_is_understood_whole_and_its_example_is_skipped() -> Result<(), Error> {
    let bytes = template(&SPEC)?;
    let (understood, _) = read(&bytes)?;
    assert_eq!((understood.rows, understood.skipped), (0, 1));
    assert_eq!(understood.sheets[0].mapping.len(), SPEC.columns.len());
    assert_eq!(understood.sheets[0].headers[1], "姓名*");

    // The example shows what a good row is: with another name it is a student's, whatever stands before it.
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(&bytes)).unwrap();
    let range = book.worksheet_range("测试表").unwrap();
    let mut example = CsvOut::new(Vec::new(), CsvEncoding::Utf8Bom, &understood.sheets[0].headers)?;
    let cells: Vec<OutCell> = range
        .rows()
        .nth(1)
        .unwrap()
        .iter()
        .skip(1)
        .map(|c| OutCell::from(c.to_string().replace("示例学生", "张三")))
        .collect();
    let mut line = vec![OutCell::from("示例")];
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

#[test]
fn every_template_explains_itself_and_comes_back_as_an_empty_file() {
    for spec in
        [&yingzhu::poverty_list::import::SPEC, &yingzhu::roll::columns::SPEC, &yingzhu::aid::import::SPEC]
    {
        let bytes = template(spec).unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, &bytes).unwrap();
        let understood = crate::support::reader().read(file.path(), spec, &mut |_| Ok(())).unwrap();
        let sheet = &understood.sheets[0];
        assert_eq!((sheet.rows, sheet.skipped, sheet.missing.len()), (0, 1, 0), "{}", spec.zh);
        assert!(understood.notices.iter().all(|n| n.code == "rows_skipped"), "{:?}", understood.notices);
        let part = |name: &str| {
            let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
            let mut text = String::new();
            std::io::Read::read_to_string(&mut zip.by_name(name).unwrap(), &mut text).unwrap();
            text
        };
        let notes = part("xl/comments1.xml");
        assert_eq!(notes.matches("<comment ").count(), spec.columns.len(), "{}", spec.zh);
        assert!(notes.contains("必填") && notes.contains("也可用表头："), "{}", spec.zh);
        // A word that a list offers is a word that the reader takes; a list too long for a cell's own rule
        // stands on the hidden sheet.
        let lists = part("xl/worksheets/sheet1.xml");
        let offered = lists.matches("type=\"list\"").count();
        assert!(offered >= 2, "{}: {offered}", spec.zh);
        if lists.contains("可选词!") {
            let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(&bytes)).unwrap();
            assert!(book.worksheet_range("可选词").unwrap().height() > 10, "{}", spec.zh);
        }
    }
}

#[test]
fn an_export_is_the_same_table_in_every_form() {
    let made_at = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap().and_hms_opt(4, 5, 6).unwrap();
    let cover = Cover::new("资助名册", made_at).scope("341024", Some("2134000001")).digest("学籍", "ab12");
    let forms =
        [ExportForm::Xlsx, ExportForm::Csv(CsvEncoding::Utf8Bom), ExportForm::Csv(CsvEncoding::Gb18030)];
    for form in forms {
        let mut export = Export::begin(form, "名册", columns(), &cover).unwrap();
        export.row(&row("陈䶮", IDS[0])).unwrap();
        export.row(&row("=1+1", IDS[1])).unwrap();
        export.row(&row("\u{e5e5}三", IDS[2])).unwrap();
        let mut exported = export.finish().unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut exported.file, &mut bytes).unwrap();
        let (_, rows) = read(&bytes).unwrap();
        assert_eq!(texts(&rows, "id"), IDS);
        let gb = form == ExportForm::Csv(CsvEncoding::Gb18030);
        assert_eq!(texts(&rows, "name")[..2], ["陈䶮", "=1+1"]);
        assert_eq!(rows[1].originals()[0], "'=1+1");
        assert_eq!(exported.lost.as_deref(), gb.then_some("count=1; characters=U+E5E5; rows=4"));
        if form == ExportForm::Xlsx {
            let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
            let cover = book.worksheet_range("说明").unwrap();
            let told: Vec<String> = cover.rows().map(|r| format!("{}：{}", r[0], r[1])).collect();
            assert_eq!(
                told,
                [
                    "内容：资助名册",
                    "生成时间：2026-11-24 04:05:06 UTC",
                    "行政区划：341024",
                    "学校标识码：2134000001",
                    "学籍摘要：sha256:ab12"
                ]
            );
        }
    }
}
