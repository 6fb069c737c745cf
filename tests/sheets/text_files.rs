//! CSV and TSV: encodings, separators, quoting, titles and totals.

use encoding_rs::GB18030;
use yingzhu::error::Code;
use yingzhu::sheet::{Cell, Fault, Format};
use yingzhu::values::{PersonName, ResidentId};

use crate::support::{IDS, SPEC, gz, read, read_declared, read_with, reader, refused, texts, unknown};

fn sample() -> String {
    format!(
        "姓名,身份证号,学段\r\n张三,{},小学\r\n陈䶮,{},初中\r\n古丽·买买提,{},中职\r\n",
        IDS[0], IDS[1], IDS[2]
    )
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[test]
fn every_encoding_gives_the_same_rows() {
    let text = sample();
    let mut with_bom = "\u{feff}".as_bytes().to_vec();
    with_bom.extend(text.as_bytes());
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), "UTF-8"),
        (with_bom, "UTF-8-BOM"),
        (GB18030.encode(&text).0.into_owned(), "GB18030"),
        (utf16(&text, u16::to_le_bytes), "UTF-16LE"),
        (utf16(&text, u16::to_be_bytes), "UTF-16BE"),
    ] {
        let (understood, rows) = read(&bytes).unwrap();
        assert_eq!(understood.encoding, Some(encoding));
        assert_eq!(
            (understood.format, understood.rows, understood.sheets[0].header_row),
            (Format::Csv, 3, 1)
        );
        assert_eq!(texts(&rows, "name"), ["张三", "陈䶮", "古丽·买买提"], "{encoding}");
        assert_eq!(texts(&rows, "id"), IDS, "{encoding}");
        assert_eq!(rows[2].number, 4);
    }
}

#[test]
fn four_byte_characters_of_gb_18030_survive() {
    // 𬱖 (U+2CC56) has four bytes in GB 18030 and none in GBK.
    let text = format!("姓名,身份证号\n陈𬱖,{}\n", IDS[0]);
    let bytes = GB18030.encode(&text).0.into_owned();
    assert!(bytes.windows(4).any(|w| w[0] >= 0x81 && (0x30..=0x39).contains(&w[1])));
    let (understood, rows) = read(&bytes).unwrap();
    assert_eq!(understood.encoding, Some("GB18030"));
    assert_eq!(texts(&rows, "name"), ["陈𬱖"]);
}

#[test]
fn separators_are_told_apart() {
    for (separator, format) in
        [(",", Format::Csv), ("\t", Format::Tsv), (";", Format::Csv), ("，", Format::Csv)]
    {
        let text = sample().replace(',', separator);
        let (understood, rows) = read(text.as_bytes()).unwrap();
        assert_eq!(understood.format, format, "{separator:?}");
        assert_eq!(texts(&rows, "id"), IDS, "{separator:?}");
    }
}

#[test]
fn titles_totals_blank_lines_and_repeated_headers_are_left_out() {
    let text = format!(
        "某县2017年秋季学期资助名册\n\n填报单位：某县教育局,,\n序号,学生姓名,证件号码*,金额（元）\n1,张三,{},625\n\n2,李四,{},312.5\n\
         序号,学生姓名,证件号码*,金额（元）\n,,,\n合计,2人,,937.5\n制表人：某某,,审核：\n",
        IDS[0], IDS[1]
    );
    let (understood, rows) = read(text.as_bytes()).unwrap();
    assert_eq!((understood.sheets[0].header_row, understood.rows, understood.skipped), (4, 2, 4));
    assert_eq!(unknown(&understood), ["序号"]);
    let mapping: Vec<_> =
        understood.sheets[0].mapping.iter().map(|m| (m.key, m.header.as_str(), m.letter.as_str())).collect();
    assert_eq!(mapping, [("name", "学生姓名", "B"), ("id", "证件号码*", "C"), ("fen", "金额（元）", "D")]);
    assert_eq!(rows.iter().map(|r| r.number).collect::<Vec<_>>(), [5, 7]);
    assert_eq!(rows[1].fields().fen("fen").unwrap().0, 31_250);
    assert!(understood.notices.iter().any(|n| n.code == "rows_skipped"));
}

#[test]
fn a_student_whose_name_begins_like_a_total_is_kept() {
    let (understood, _) = read(format!("姓名,身份证号\n小计生,{}\n小计,\n", IDS[0]).as_bytes()).unwrap();
    assert_eq!((understood.rows, understood.skipped), (1, 1));
}

#[test]
fn line_breaks_in_a_cell_do_not_move_the_row_numbers() {
    let text = format!("姓名,身份证号,学段\n张三,{},\"小\n学\"\n李四,{},初中\n", IDS[0], IDS[1]);
    let (_, rows) = read(text.as_bytes()).unwrap();
    assert_eq!(rows.iter().map(|r| r.number).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn all_faults_of_a_row_are_told_at_once_and_none_repeats_a_value() {
    let text = "姓名,身份证号,学段,金额,发放日期\n张三丰,3.41000200903140E+17,大班,-5,2017.9\n";
    let (_, rows) = read(text.as_bytes()).unwrap();
    let mut fields = rows[0].fields();
    assert!(fields.require("name", PersonName::parse).is_some());
    assert!(fields.require("id", ResidentId::parse).is_none());
    assert!(fields.word("stage", yingzhu::values::Stage::from_word, ["小学", "初中"]).is_none());
    assert!(fields.fen("fen").is_none());
    assert!(fields.day("day").is_none());
    fields.need("absent");
    let errors = fields.finish();
    let told: Vec<_> = errors.iter().map(|e| (e.row, e.letter.as_str(), e.column.as_str(), e.code)).collect();
    assert_eq!(
        told,
        [
            (2, "B", "身份证号", "id_precision_lost"),
            (2, "C", "学段", "word_unknown"),
            (2, "D", "金额", "amount_negative"),
            (2, "E", "发放日期", "date_imprecise"),
            (2, "", "absent", "cell_missing"),
        ]
    );
    for error in &errors {
        for value in ["张三丰", "3.41", "大班", "-5"] {
            assert!(!format!("{error:?}").contains(value));
            assert!(!format!("{:?}{:?}", rows[0], rows[0].cells).contains(value));
        }
    }
    assert!(errors[1].todo.zh.contains("小学、初中"));
}

#[test]
fn a_damaged_row_is_bad_and_the_others_are_kept() {
    let mut bytes = "\u{feff}姓名,身份证号\n张".as_bytes().to_vec();
    bytes.push(0xff);
    bytes.extend(format!(",{}\n李四,{}\n", IDS[0], IDS[1]).as_bytes());
    let (_, rows) = read(&bytes).unwrap();
    assert_eq!(rows[0].cells[0], Cell::Error(Fault::Undecodable));
    assert_eq!(rows[0].fields().finish()[0].code, "cell_undecodable");
    assert!(rows[1].fields().finish().is_empty());
}

#[test]
fn one_damaged_byte_does_not_turn_a_utf_8_file_into_another_encoding() {
    let mut bytes = "姓名,身份证号\n".as_bytes().to_vec();
    for _ in 0..100 {
        bytes.extend(format!("欧阳小明,{}\n", IDS[0]).as_bytes());
    }
    bytes.extend(b"\xff,x\n");
    let (understood, rows) = read(&bytes).unwrap();
    assert_eq!(understood.encoding, Some("UTF-8"));
    assert_eq!(rows.iter().filter(|r| !r.fields().is_clean()).count(), 1);
}

#[test]
fn headers_alone_are_an_empty_list_and_no_error() {
    let (understood, rows) = read("姓名,身份证号\n".as_bytes()).unwrap();
    assert_eq!((understood.rows, rows.len()), (0, 0));
}

#[test]
fn ids_and_dates_are_read_in_every_spelling() {
    let text = format!(
        "姓名,身份证号,发放日期\n甲,'{0},2017-09-01\n乙,=\"{0}\",20170901\n丙,{1},2017/9/1\n丁,\"\t{0}\",2017年9月1日\n戊,{0},42979\n",
        IDS[0],
        IDS[0].to_lowercase()
    );
    let (_, rows) = read(text.as_bytes()).unwrap();
    for row in &rows {
        let mut fields = row.fields();
        assert_eq!(fields.require("id", ResidentId::parse).unwrap().as_str(), IDS[0], "{}", row.number);
        assert_eq!(fields.day("day").unwrap().to_string(), "2017-09-01", "{}", row.number);
        assert!(fields.is_clean());
    }
    let mut fields = rows[0].fields();
    fields.require("id", ResidentId::parse);
    assert_eq!(fields.changes()[0].1.code, "leading_quote_removed");
}

#[test]
fn amounts_in_ten_thousands_are_told_by_the_header() {
    let (_, rows) =
        read("姓名,身份证号,金额(万元)\n甲,,0.0625\n乙,,1.5\n丙,,0.00000625\n".as_bytes()).unwrap();
    let fens: Vec<_> = rows.iter().map(|r| r.fields().fen("fen").map(|f| f.0)).collect();
    assert_eq!(fens, [Some(62_500), Some(1_500_000), None]);
}

#[test]
fn files_that_are_no_sheets_are_refused_with_their_reason() {
    for (bytes, code) in [
        (&b""[..], Code::EmptyFile),
        (b" \r\n \r\n", Code::EmptyFile),
        (b"%PDF-1.7 ...", Code::UnsupportedMediaType),
        (b"\x89PNG\r\n\x1a\n", Code::UnsupportedMediaType),
        (b"\xff\xd8\xff\xe0", Code::UnsupportedMediaType),
        (b"a,b\0c", Code::UnsupportedMediaType),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Code::UnsupportedMediaType),
        (b"<html><table><tr><td>1</td></tr></table></html>", Code::UnreadableFile),
        (&[0xff, 0xfb, 0x80, 0xff].repeat(300), Code::UnreadableFile),
        ("性别,民族\n男,汉\n".as_bytes(), Code::HeaderNotFound),
        ("姓名,学段\n张三,小学\n".as_bytes(), Code::HeaderNotFound),
        ("姓名,身份证号,证件号码\n".as_bytes(), Code::AmbiguousColumns),
    ] {
        let error = refused(bytes);
        assert_eq!(error.code, code, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(20)]));
        assert!(!error.detail.zh.is_empty() && !error.detail.en.is_empty());
    }
    assert!(refused("姓名,学段\n".as_bytes()).detail.zh.contains("身份证号"));
    let ambiguous = refused("姓名,身份证号,证件号码\n".as_bytes()).detail.zh;
    assert!(ambiguous.contains("B 列") && ambiguous.contains("C 列"), "{ambiguous}");
}

#[test]
fn a_missing_quotation_mark_ends_with_a_clear_refusal() {
    let mut text = "姓名,身份证号\n\"张三,1\n".to_owned();
    text.push_str(&"李四,2\n".repeat(200_000));
    assert_eq!(refused(text.as_bytes()).code, Code::TooLarge);
    assert_eq!(refused(format!("姓名,身份证号\n{}\n", "x,".repeat(300)).as_bytes()).code, Code::TooLarge);
}

#[test]
fn a_file_or_a_sheet_above_the_limits_is_refused() {
    let mut small = reader();
    small.limits.rows = 2;
    assert_eq!(read_with(&small, sample().as_bytes()).unwrap_err().code, Code::TooLarge);

    // 200 MB of nothing, without writing them.
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(200_000_000).unwrap();
    let error = reader().read(file.path(), &SPEC, &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.code, Code::TooLarge);
}

#[test]
fn an_error_of_the_handler_ends_the_reading() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), sample()).unwrap();
    let mut seen = 0;
    let error = reader()
        .read(file.path(), &SPEC, &mut |_| {
            seen += 1;
            Err(yingzhu::error::Error::of(Code::Conflict))
        })
        .unwrap_err();
    assert_eq!((error.code, seen), (Code::Conflict, 1));
}

#[test]
fn a_packed_text_file_is_read_as_if_it_came_unpacked() {
    let text = sample();
    for bytes in
        [text.as_bytes().to_vec(), GB18030.encode(&text).0.into_owned(), utf16(&text, u16::to_le_bytes)]
    {
        let (understood, rows) = read(&gz(&bytes)).unwrap();
        assert!(understood.packed);
        assert_eq!((texts(&rows, "id"), rows[2].number), (IDS.map(ToOwned::to_owned).to_vec(), 4));
    }
    // Two files packed one after the other are one file.
    let two = [gz(text.as_bytes()), gz(format!("赵六,{},小学\n", IDS[0]).as_bytes())].concat();
    assert_eq!(read(&two).unwrap().0.rows, 4);
    assert_eq!(refused(&gz(b"")).code, Code::EmptyFile);
    assert_eq!(refused(&gz(&gz(text.as_bytes()))).code, Code::UnsupportedMediaType);
    assert_eq!(refused(&gz(b"PK\x03\x04")).code, Code::UnsupportedMediaType);
}

#[test]
fn what_was_understood_is_told_column_by_column() {
    let text = format!("序号,学生姓名,证件号码（必填）,学段\n1,张三,{},小学\n", IDS[0]);
    let (understood, _) = read(text.as_bytes()).unwrap();
    let sheet = &understood.sheets[0];
    let told: Vec<_> = sheet.mapping.iter().map(|m| (m.letter.as_str(), m.zh, m.how.code())).collect();
    assert_eq!(told, [("B", "姓名", "synonym"), ("C", "身份证号", "without_remark"), ("D", "学段", "name")]);
    assert_eq!((unknown(&understood), sheet.unknown[0].letter.as_str()), (vec!["序号"], "A"));
    assert_eq!(sheet.missing, [("fen", "金额"), ("day", "发放日期")]);
}

#[test]
fn a_declared_mapping_comes_before_the_headers() {
    // Two columns that mean the same, and one whose header says nothing.
    let text = format!("某县名册\n姓名,身份证号,证件号码,标准\n张三,旧号,{},625\n", IDS[0]);
    assert_eq!(refused(text.as_bytes()).code, Code::AmbiguousColumns);
    let mapping = r#"{"身份证号": "C", "fen": "标准", "学段": null}"#;
    let (understood, rows) = read_declared(text.as_bytes(), mapping, "").unwrap();
    assert_eq!((understood.sheets[0].header_row, rows.len()), (2, 1));
    assert_eq!(
        (texts(&rows, "name"), texts(&rows, "id")),
        (vec!["张三".to_owned()], vec![IDS[0].to_owned()])
    );
    assert_eq!(rows[0].fields().fen("fen").unwrap().0, 62_500);
    let how: Vec<_> = understood.sheets[0].mapping.iter().map(|m| (m.key, m.how.code())).collect();
    assert_eq!(how, [("name", "name"), ("fen", "declared"), ("id", "declared")]);

    // Headers in words of their own.
    let odd = format!("学生,号\n张三,{}\n李四,{}\n", IDS[0], IDS[1]);
    let (understood, rows) = read_declared(odd.as_bytes(), r#"{"姓名":"A","身份证号":"B"}"#, "").unwrap();
    assert_eq!((understood.sheets[0].header_row, rows.len()), (1, 2));
    // No header at all: the first row is a student's.
    let bare = format!("张三,{}\n李四,{}\n", IDS[0], IDS[1]);
    let (understood, rows) = read_declared(bare.as_bytes(), r#"{"姓名":"A","身份证号":"B"}"#, "").unwrap();
    assert_eq!((understood.sheets[0].header_row, rows.len(), rows[0].number), (0, 2, 1));
    assert_eq!(texts(&rows, "id"), IDS[..2]);
}

#[test]
fn a_mapping_that_does_not_fit_is_refused_and_its_reason_told() {
    let text = sample();
    for (mapping, sheets, code) in [
        ("[]", "", "mapping_malformed"),
        (r#"{"身份证号": 3}"#, "", "mapping_malformed"),
        (r#"{"身份证号": []}"#, "", "mapping_malformed"),
        (r#"{"身份证号": "XFE"}"#, "", "mapping_malformed"),
        (r#"{"出生地": "C"}"#, "", "mapping_field_unknown"),
        (r#"{"身份证号": "B", "id": "C"}"#, "", "duplicate"),
        (r#"{"姓名": ["A","B"], "身份证号": ["C","D","E"]}"#, "", "mapping_uneven"),
        (r#"{"身份证号": "号码"}"#, "", "mapping_header_absent"),
        ("", "一年级", "sheet_absent"),
    ] {
        let error = read_declared(text.as_bytes(), mapping, sheets).unwrap_err();
        assert_eq!((error.code, error.fields[0].code), (Code::InvalidInput, code), "{mapping}");
    }
    let gone = read_declared(text.as_bytes(), r#"{"身份证号": null}"#, "").unwrap_err();
    assert_eq!(gone.code, Code::HeaderNotFound);
}

#[test]
fn family_members_side_by_side_are_read_as_people() {
    // A 低保 list: the household's head, then its members, each with name and id.
    let text = format!(
        "户主姓名,户主身份证,乡镇,成员,证件,成员,证件\n张大,{},甲镇,张三,{},,\n李大,{},乙镇,,,李四,{}\n王大,,丙镇,,,,\n合计,3户,,,,,\n",
        IDS[0], IDS[1], IDS[2], IDS[0]
    );
    let mapping = r#"{"姓名": ["A","D","F"], "身份证号": ["B","E","G"]}"#;
    let (understood, rows) = read_declared(text.as_bytes(), mapping, "").unwrap();
    let people: Vec<_> = rows.iter().map(|r| (r.number, r.member)).collect();
    assert_eq!(people, [(2, 0), (2, 1), (3, 0), (3, 2), (4, 0)]);
    assert_eq!(texts(&rows, "name"), ["张大", "张三", "李大", "李四", "王大"]);
    assert_eq!(texts(&rows, "id"), [IDS[0], IDS[1], IDS[2], IDS[0], ""]);
    assert_eq!((understood.rows, understood.skipped), (5, 1));
    let members: Vec<_> =
        understood.sheets[0].mapping.iter().map(|m| (m.letter.as_str(), m.key, m.member)).collect();
    assert!(
        members.contains(&("F", "name", Some(3))) && members.contains(&("B", "id", Some(1))),
        "{members:?}"
    );
}

#[test]
fn packed_text_may_be_larger_once_it_is_unpacked() {
    let line = format!("张三,{}\n", IDS[0]);
    let text = format!("姓名,身份证号\n{}", line.repeat(2_000));
    let mut small = reader();
    small.limits.file_bytes = 10_000;
    small.limits.unpacked_bytes = 100_000;
    assert_eq!(read_with(&small, text.as_bytes()).unwrap_err().code, Code::TooLarge, "as it is");
    assert_eq!(read_with(&small, &gz(text.as_bytes())).unwrap().0.rows, 2_000);
    small.limits.unpacked_bytes = 10_000;
    assert_eq!(read_with(&small, &gz(text.as_bytes())).unwrap_err().code, Code::TooLarge);
}
