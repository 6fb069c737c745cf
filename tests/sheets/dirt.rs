//! The dirt that offices' files are known to carry, each in real files of every format: what is read is read
//! the same from all of them, and what is wrong is told the same.

use encoding_rs::GB18030;
use rust_xlsxwriter::Workbook;
use yingzhu::sheet::{Fields, Row};
use yingzhu::values::{PersonName, ResidentId};

use crate::old_books::{Old, xls};
use crate::support::{IDS, gz, read};

/// The same table as text in four encodings, packed, and as a workbook of either kind.
fn files(rows: &[Vec<&str>]) -> Vec<(&'static str, Vec<u8>)> {
    let quoted = |cell: &&str| format!("\"{}\"", cell.replace('"', "\"\""));
    let line = |row: &Vec<&str>| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n";
    let text = rows.iter().map(line).collect::<Vec<_>>().concat();
    let wide = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    let old = rows.iter().map(|row| row.iter().map(|cell| Old::Text(cell)).collect()).collect();
    vec![
        ("UTF-8", text.clone().into_bytes()),
        ("UTF-8 with its mark", format!("\u{feff}{text}").into_bytes()),
        ("UTF-16", wide.collect()),
        ("GB 18030", GB18030.encode(&text).0.into_owned()),
        ("packed", gz(text.as_bytes())),
        ("tabs", text.replace("\",\"", "\"\t\"").into_bytes()),
        ("xlsx", book.save_to_buffer().unwrap()),
        ("xls", xls(&[("名册", false, old)])),
    ]
}

/// One cell in an otherwise good row, read from every format; `outcome` looks at the row.
fn everywhere(header: &str, cell: &str, outcome: impl Fn(&mut Fields<'_>) -> String, expected: &str) {
    let mut table = vec![vec!["某县名册"], vec!["姓名", "身份证号", "学段", "金额", "发放日期"]];
    let mut row = vec!["张三", IDS[0], "小学", "625", "2017-09-01"];
    let at = table[1].iter().position(|h| *h == header).unwrap();
    row[at] = cell;
    table.push(row);
    for (format, bytes) in files(&table) {
        let (_, rows) = read(&bytes).unwrap_or_else(|e| panic!("{format} {cell}: {e}"));
        assert_eq!(rows.len(), 1, "{format} {cell}");
        assert_eq!(told(&rows[0], &outcome), expected, "{format} {cell}");
    }
}

/// What a row gives, and the codes of what was changed or is wrong.
fn told(row: &Row, outcome: &impl Fn(&mut Fields<'_>) -> String) -> String {
    let mut fields = row.fields();
    let value = outcome(&mut fields);
    let changes: Vec<&str> = fields.changes().iter().map(|(_, change)| change.code).collect();
    let changes = changes.join(" ");
    let errors: Vec<&str> = fields.finish().iter().map(|e| e.code).collect();
    [value, changes, errors.join(" ")].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" | ")
}

fn id(fields: &mut Fields<'_>) -> String {
    fields.require("id", ResidentId::parse).map(|id| id.as_str().to_owned()).unwrap_or_default()
}

fn name(fields: &mut Fields<'_>) -> String {
    fields.require("name", PersonName::parse).map(|n| n.normal().to_owned()).unwrap_or_default()
}

#[test]
fn numbers_of_people() {
    for (cell, expected) in [
        // Shown by Excel once it took the number for one.
        ("3.41000200903140E+17", "id_precision_lost"),
        ("３４０５２４１９８００１０１００１Ｘ", "34052419800101001X | full_width"),
        ("\u{3000}34052419800101001X\u{3000}", "34052419800101001X | blanks_removed"),
        ("34052419800101001x", "34052419800101001X | lower_case_x"),
        ("34052419800101001×", "id_characters"),
        ("34052419800101001*", "id_characters"),
        ("340524 19800101 001X", "34052419800101001X | blanks_removed"),
        ("'34052419800101001X", "34052419800101001X | leading_quote_removed"),
        ("\u{a0}34052419800101001X", "34052419800101001X | blanks_removed"),
        ("3405241980\u{200b}0101001X", "34052419800101001X | invisible_removed"),
        ("3405241980\u{feff}0101001X", "34052419800101001X | invisible_removed"),
        ("\t34052419800101001X\t", "34052419800101001X | blanks_removed"),
        ("34O52419800101001X", "id_characters"),
        ("34052419800l01001X", "id_characters"),
        ("110105491231002", "11010519491231002X | upgraded_15_digits"),
        ("34052419800101001", "id_length"),
        ("340524198001010010", "id_check_digit"),
        ("340524198013010011", "id_date"),
    ] {
        everywhere("身份证号", cell, id, expected);
    }
}

#[test]
fn names_of_people() {
    for cell in [
        "阿依·买买提",
        "阿依•买买提",
        "阿依‧买买提",
        "阿依・买买提",
        "阿依．买买提",
        "阿依.买买提",
        "阿依 买买提",
    ] {
        let outcome = |fields: &mut Fields<'_>| {
            let normal = name(fields);
            assert_eq!(normal, "阿依买买提", "{cell}");
            String::new()
        };
        let expected = if cell.contains(' ') { "" } else { "middle_dot_ignored" };
        let (_, rows) = read(format!("姓名,身份证号\n{cell},{}\n", IDS[0]).as_bytes()).unwrap();
        let seen = told(&rows[0], &outcome);
        assert!(seen.contains(expected), "{cell}: {seen}");
        everywhere("姓名", cell, outcome, &seen);
    }
    // GBK lacks it; GB 18030 gives it four bytes, older systems the private area.
    everywhere("姓名", "陈䶮", name, "陈䶮");
    everywhere("姓名", "陈\u{e863}", name, "陈䶮 | rare_character_mapped");
    everywhere("姓名", "陈?", name, "name_characters");
    everywhere("姓名", "陈#", name, "name_characters");
    everywhere("姓名", "", name, "cell_missing");
    everywhere("姓名", "示例", name, "示例");
}

#[test]
fn dates_amounts_and_words() {
    let day = |fields: &mut Fields<'_>| fields.day("day").map(|d| d.to_string()).unwrap_or_default();
    for (cell, expected) in [
        ("2009-03-14", "2009-03-14"),
        ("20090314", "2009-03-14 | date_rewritten"),
        ("2009/3/14", "2009-03-14 | date_rewritten"),
        ("2009.3.14", "2009-03-14 | date_rewritten"),
        ("2009年3月14日", "2009-03-14 | date_rewritten"),
        ("39886", "2009-03-14 | date_from_serial"),
        ("2009.3", "date_imprecise"),
        ("2009-02-29", "date_invalid"),
    ] {
        everywhere("发放日期", cell, day, expected);
    }
    let fen = |fields: &mut Fields<'_>| fields.fen("fen").map(|f| f.0.to_string()).unwrap_or_default();
    for (cell, value) in [("1,500.00", "150000"), ("312.5元", "31250"), ("６２５", "62500"), ("", "")] {
        let outcome = |fields: &mut Fields<'_>| {
            assert_eq!(fen(fields), value, "{cell}");
            String::new()
        };
        let (_, rows) = read(format!("姓名,身份证号,金额\n张三,{},\"{cell}\"\n", IDS[0]).as_bytes()).unwrap();
        let seen = told(&rows[0], &outcome);
        everywhere("金额", cell, outcome, &seen);
    }
    // Yes and no are closed lists, and blank is unknown. (The column stands for any such one.)
    let yes = |fields: &mut Fields<'_>| fields.yes_no("stage").map(|b| b.to_string()).unwrap_or_default();
    for (cell, expected) in [
        ("是", "true"),
        ("√", "true"),
        ("有", "true"),
        ("1", "true"),
        ("否", "false"),
        ("0", "false"),
        ("", ""),
        ("不详", "word_unknown"),
    ] {
        everywhere("学段", cell, yes, expected);
    }
}

#[test]
fn totals_notes_and_blank_tails() {
    let table = vec![
        vec!["某县2017年秋季学期资助名册"],
        vec!["填报单位：某县教育局", "", "", "2017年10月"],
        vec!["姓名", "身份证号", "学段", "金额", "发放日期"],
        vec!["张三", IDS[0], "小学", "625", "2017-09-01"],
        vec!["", "", "", "", ""],
        vec!["李四", IDS[1], "初中", "312.5", "2017-09-01"],
        vec!["合计", "2人", "", "937.5", ""],
        vec!["说明：本表一式两份"],
        vec![" ", "\u{3000}", "", "", ""],
    ];
    for (format, bytes) in files(&table) {
        let (understood, rows) = read(&bytes).unwrap();
        let numbers: Vec<u32> = rows.iter().map(|r| r.number).collect();
        assert_eq!((numbers, understood.sheets[0].header_row), (vec![4, 6], 3), "{format}");
        assert!(understood.skipped >= 2, "{format}");
    }
}

#[test]
fn two_header_rows_with_merged_cells() {
    // A merged cell keeps its text in its first cell, in every format.
    let table = vec![
        vec!["学生信息", "", "学段", "监护人", ""],
        vec!["姓名", "身份证号", "", "姓名", "身份证号"],
        vec!["张三", IDS[0], "小学", "张大", IDS[1]],
    ];
    for (format, bytes) in files(&table) {
        let (understood, rows) = read(&bytes).unwrap();
        let sheet = &understood.sheets[0];
        let told: Vec<_> = sheet.mapping.iter().map(|m| (m.letter.as_str(), m.key, m.how.code())).collect();
        let expected = [("A", "name", "two_rows"), ("B", "id", "two_rows"), ("C", "stage", "name")];
        assert_eq!(told, expected, "{format}");
        assert_eq!(sheet.unknown.len(), 2, "{format}");
        let mut fields = rows[0].fields();
        assert_eq!((rows.len(), id(&mut fields).as_str()), (1, IDS[0]), "{format}");
    }
}
