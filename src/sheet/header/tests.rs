use super::*;

const SPEC: SheetSpec = SheetSpec {
    kind: "test",
    zh: "测试",
    columns: &[
        ColumnSpec {
            key: "name",
            zh: "姓名",
            synonyms: &["学生姓名"],
            required: true,
            kind: CellKind::Plain,
        },
        ColumnSpec {
            key: "id", zh: "身份证号", synonyms: &["证件号码"], required: true, kind: CellKind::Id
        },
        ColumnSpec { key: "fen", zh: "金额", synonyms: &[], required: false, kind: CellKind::Money },
        ColumnSpec {
            key: "place", zh: "区划代码", synonyms: &[], required: false, kind: CellKind::Plain
        },
        ColumnSpec { key: "county", zh: "县区", synonyms: &[], required: false, kind: CellKind::Plain },
        ColumnSpec { key: "head", zh: "户主姓名", synonyms: &[], required: false, kind: CellKind::Plain },
    ],
    either: &[&["place", "county"]],
};

fn rows(texts: &[&[&str]]) -> Vec<(u32, Vec<Cell>)> {
    let cell = |t: &&str| if t.is_empty() { Cell::Empty } else { Cell::Text((*t).to_owned()) };
    (1..).zip(texts).map(|(n, row)| (n, row.iter().map(cell).collect())).collect()
}

fn found(texts: &[&[&str]]) -> (u32, Vec<(&'static str, usize)>) {
    let header = find(&rows(texts), &SPEC, &Declared::default()).unwrap_or_else(|e| panic!("{e:?}"));
    (header.row, header.people[0].mapped.iter().map(|m| (m.column.key, m.index)).collect())
}

#[test]
fn letters_are_those_of_spreadsheets() {
    for (index, text) in [(0, "A"), (25, "Z"), (26, "AA"), (255, "IV"), (16_383, "XFD")] {
        assert_eq!(letter(index), text);
    }
}

#[test]
fn the_header_is_found_below_titles_in_any_order_and_spelling() {
    let header: &[&str] = &["序号", " 县\n区", "＊证件号码（必填）", "学生姓名", "金额(万元)"];
    assert_eq!(
        found(&[
            &["某县建档立卡学生名册"],
            &["填报单位：", "", "2017年"],
            header,
            &["1", "祁门县", "x", "张三"]
        ]),
        (3, vec![("county", 1), ("id", 2), ("name", 3), ("fen", 4)])
    );
    let found = find(&rows(&[&["填报单位：某局"], header]), &SPEC, &Declared::default()).unwrap();
    assert!(found.people[0].get("fen").unwrap().ten_thousands);
}

#[test]
fn two_header_rows_are_joined() {
    assert_eq!(
        found(&[
            &["学生基本信息", "", "户主", "监护人", "", "县区"],
            &["姓名", "身份证号", "姓名", "姓名", "证件号码", ""],
            &["张三", "1", "张大", "李四", "2", "祁门县"],
        ]),
        (2, vec![("name", 0), ("id", 1), ("head", 2), ("county", 5)])
    );
    // A first data row is not taken for a second header row.
    assert_eq!(found(&[&["姓名", "身份证号", "县区"], &["县区", "1", "祁门县"]]).0, 1);
}

#[test]
fn what_is_missing_is_named() {
    let Err(Unfound::Missing(found, missing)) =
        find(&rows(&[&["姓名", "性别"]]), &SPEC, &Declared::default())
    else {
        panic!()
    };
    assert_eq!((found, missing), (vec!["姓名"], vec!["身份证号".to_owned(), "区划代码 或 县区".to_owned()]));
    assert!(
        matches!(find(&[], &SPEC, &Declared::default()), Err(Unfound::Missing(found, _)) if found.is_empty())
    );
}

#[test]
fn two_columns_with_one_meaning_are_named_by_letter() {
    let unfound =
        find(&rows(&[&["姓名", "身份证号", "县区", "证件号码"]]), &SPEC, &Declared::default()).err().unwrap();
    assert_eq!(unfound, Unfound::Ambiguous("身份证号", "B".into(), "D".into()));
}
