//! The columns of a roll file: the national export's headers, their synonyms, and the optional columns
//! about the school that some rules ask for.

use crate::sheet::{CellKind, ColumnSpec, SheetSpec};

const fn column(key: &'static str, zh: &'static str, synonyms: &'static [&'static str]) -> ColumnSpec {
    ColumnSpec { key, zh, synonyms, required: false, kind: CellKind::Plain }
}

const fn typed(
    key: &'static str,
    zh: &'static str,
    synonyms: &'static [&'static str],
    kind: CellKind,
) -> ColumnSpec {
    ColumnSpec { key, zh, synonyms, required: false, kind }
}

const fn required(
    key: &'static str,
    zh: &'static str,
    synonyms: &'static [&'static str],
    kind: CellKind,
) -> ColumnSpec {
    ColumnSpec { key, zh, synonyms, required: true, kind }
}

/// The columns of the roll.
pub static SPEC: SheetSpec = SheetSpec {
    kind: "roll",
    zh: "学籍",
    columns: &[
        required("name", "姓名", &["学生姓名"], CellKind::Plain),
        typed(
            "id_number",
            "身份证件号",
            &[
                "身份证号",
                "证件号码",
                "学生身份证号",
                "身份证号码",
                "公民身份号码",
                "身份证件号码",
                "学生身份证件号",
            ],
            CellKind::Id,
        ),
        typed("student_number", "全国学籍号", &["学籍号", "学籍号码"], CellKind::Id),
        typed("phone", "联系电话", &["手机号", "电话", "家长电话"], CellKind::Id),
        required("school_code", "学校标识码", &["学校代码"], CellKind::Id),
        column("school_name", "学校名称", &["就读学校", "学校全称", "学校"]),
        required("stage", "学段", &["就读学段"], CellKind::Plain),
        column("grade", "年级", &["就读年级"]),
        column("class_name", "班级", &["班"]),
        column("boarding", "就读方式", &["是否住校", "是否寄宿", "走读/住校"]),
        column("hukou_kind", "户口性质", &["户口类别"]),
        typed("hukou_place", "户籍地区划代码", &["户口所在地区划代码", "户籍地行政区划代码"], CellKind::Id),
        column("major", "专业", &["专业名称"]),
        column("agricultural", "涉农专业", &["是否涉农专业", "是否涉农"]),
        column("performing_arts", "表演专业", &["是否表演专业", "艺术表演类专业", "艺术类相关表演专业"]),
        column("full_time", "学习形式", &["是否全日制"]),
        column("state", "在读状态", &["学生状态", "学籍状态"]),
        typed("entered_on", "入学日期", &["入学时间"], CellKind::Date),
        typed("left_on", "离校日期", &["离校时间"], CellKind::Date),
        column("category", "困难类型", &["家庭困难类型", "困难类别"]),
        column("hardship", "困难档次", &["困难认定档次", "困难等级"]),
        column("evidence", "证明材料", &["证明", "佐证材料"]),
        typed("school_place", "学校区划代码", &["学校所在地区划代码"], CellKind::Id),
        column("ownership", "办学性质", &["公办民办"]),
        column("run_by", "举办者", &["学校举办者"]),
        column("inclusive", "是否普惠", &["普惠性", "是否普惠性幼儿园"]),
        column("approved", "是否批准设立", &["经批准设立", "是否有证"]),
        column("school_hukou", "学校城乡", &["学校城乡类型", "城乡分类"]),
        typed("tuition", "学费(元/学期)", &["学费", "学费标准"], CellKind::Money),
        typed("public_tuition", "同类公办学费(元/学期)", &["同类公办学费", "公办学费标准"], CellKind::Money),
    ],
    either: &[&["id_number", "student_number"]],
};
