//! NDJSON: one object a line, named by code, header or synonym; a bad line never costs a good one.

use encoding_rs::GB18030;
use yingzhu::sheet::Format;
use yingzhu::values::{Fen, ResidentId};

use crate::support::{IDS, gz, read, texts};

#[test]
fn members_are_columns_whatever_they_are_called() {
    let text = format!(
        "{{\"姓名\":\"张三\",\"身份证号\":\"{}\",\"学段\":[\"小学\",\"初中\"]}}\n\
         {{\"id\":\"{}\",\"name\":\"李四\",\"fen\":312.5,\"note\":\"不读\"}}\r\n\n\
         {{\"证件号码\":\"{}\",\"学生姓名\":\"王五\",\"金额\":1000,\"学段\":null}}",
        IDS[0], IDS[1], IDS[2]
    );
    for bytes in [text.as_bytes().to_vec(), GB18030.encode(&text).0.into_owned(), gz(text.as_bytes())] {
        let (understood, rows) = read(&bytes).unwrap();
        assert_eq!((understood.format, understood.rows, understood.skipped), (Format::Ndjson, 3, 1));
        assert_eq!(texts(&rows, "name"), ["张三", "李四", "王五"]);
        assert_eq!(texts(&rows, "id"), IDS);
        assert_eq!(texts(&rows, "stage"), ["小学、初中", "", ""]);
        assert_eq!(
            rows.iter().map(|r| r.fields().fen("fen")).collect::<Vec<_>>(),
            [None, Some(Fen(31_250)), Some(Fen(100_000))]
        );
        assert_eq!(rows.iter().map(|r| r.number).collect::<Vec<_>>(), [1, 2, 4]);
        let told: Vec<&str> = understood.notices.iter().map(|n| n.code).collect();
        assert_eq!(told, ["unknown_names", "rows_skipped"]);
        assert!(understood.notices[0].text.zh.ends_with("note"));
    }
}

#[test]
fn a_line_that_is_no_object_is_one_bad_row() {
    let good = format!("{{\"姓名\":\"张三\",\"身份证号\":\"{}\"}}", IDS[0]);
    let bad = [
        "{\"姓名\":\"李四\"".to_owned(),
        "[1,2]".to_owned(),
        "姓名,身份证号".to_owned(),
        format!("{{\"姓名\":\"李四\",\"name\":\"王五\",\"身份证号\":\"{}\"}}", IDS[1]),
    ];
    let text = format!("{good}\n{}\n{good}\n", bad.join("\n"));
    let (understood, rows) = read(text.as_bytes()).unwrap();
    assert_eq!(understood.rows, 6);
    for row in &rows[1..5] {
        let mut fields = row.fields();
        assert_eq!(fields.require("id", ResidentId::parse).map(|id| id.as_str().to_owned()), None);
        let faults: Vec<&str> = fields.finish().iter().map(|e| e.code).collect();
        assert_eq!(faults, ["line_not_object"], "{}", row.number);
    }
    assert_eq!(texts(&[rows[0].clone(), rows[5].clone()], "name"), ["张三", "张三"]);
}

#[test]
fn an_id_written_as_a_number_is_not_believed() {
    let text =
        "{\"姓名\":\"张三\",\"身份证号\":341024200901141094}\n{\"姓名\":\"张三\",\"身份证号\":{\"no\":1}}\n";
    let (_, rows) = read(text.as_bytes()).unwrap();
    for (row, code) in rows.iter().zip(["id_precision_lost", "cell_error"]) {
        let mut fields = row.fields();
        assert!(fields.require("id", ResidentId::parse).is_none());
        assert_eq!(fields.finish()[0].code, code);
    }
}
