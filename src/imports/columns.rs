//! Columns that several kinds of file share: who a row speaks of, and at which school.

use crate::sheet::{CellKind, ColumnSpec};

/// The headers under which offices give an id number.
const ID_HEADERS: &[&str] = &[
    "身份证号",
    "身份证件号",
    "证件号码",
    "学生身份证号",
    "身份证号码",
    "公民身份号码",
    "身份证件号码",
    "学生身份证件号",
];

/// A column that may be absent.
pub const fn column(
    key: &'static str,
    zh: &'static str,
    synonyms: &'static [&'static str],
    kind: CellKind,
) -> ColumnSpec {
    ColumnSpec { key, zh, synonyms, required: false, kind }
}

/// A column without which a file is refused.
pub const fn required(
    key: &'static str,
    zh: &'static str,
    synonyms: &'static [&'static str],
    kind: CellKind,
) -> ColumnSpec {
    ColumnSpec { key, zh, synonyms, required: true, kind }
}

/// The student's name.
pub const NAME: ColumnSpec = required("name", "姓名", &["学生姓名", "受助学生姓名"], CellKind::Plain);

/// The id number, under the header this kind of file gives it.
pub const fn id_number(zh: &'static str, required: bool) -> ColumnSpec {
    ColumnSpec { key: "id_number", zh, synonyms: ID_HEADERS, required, kind: CellKind::Id }
}

/// The national student number.
pub const STUDENT_NUMBER: ColumnSpec =
    column("student_number", "学籍号", &["全国学籍号", "学籍号码"], CellKind::Id);

/// A telephone number.
pub const PHONE: ColumnSpec =
    column("phone", "联系电话", &["家庭成员联系电话", "手机号", "电话", "家长电话"], CellKind::Id);

/// Stage of education.
pub const fn stage(required: bool) -> ColumnSpec {
    ColumnSpec { key: "stage", zh: "学段", synonyms: &["就读学段"], required, kind: CellKind::Plain }
}

/// Grade.
pub const GRADE: ColumnSpec = column("grade", "年级", &["就读年级"], CellKind::Plain);

/// The school's code.
pub const fn school_code(required: bool) -> ColumnSpec {
    ColumnSpec {
        key: "school_code",
        zh: "学校标识码",
        synonyms: &["就读学校标识码", "学校代码"],
        required,
        kind: CellKind::Id,
    }
}

/// The school's name.
pub const fn school_name(zh: &'static str) -> ColumnSpec {
    ColumnSpec {
        key: "school_name",
        zh,
        synonyms: &["就读学校", "学校名称", "学校全称", "学校"],
        required: false,
        kind: CellKind::Plain,
    }
}
