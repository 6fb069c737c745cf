//! The columns of a roll file: the national export's headers, their synonyms, and the optional columns
//! about the school that some rules ask for.

use crate::imports::columns::{self, column};
use crate::sheet::{CellKind, ColumnSpec, SheetSpec};

const fn plain(key: &'static str, zh: &'static str, synonyms: &'static [&'static str]) -> ColumnSpec {
    column(key, zh, synonyms, CellKind::Plain)
}

/// The columns of the roll.
pub static SPEC: SheetSpec = SheetSpec {
    kind: "roll",
    zh: "学籍",
    columns: &[
        columns::NAME,
        columns::id_number("身份证件号", false),
        columns::STUDENT_NUMBER,
        columns::PHONE,
        columns::school_code(true),
        columns::school_name("学校名称"),
        columns::stage(true),
        columns::GRADE,
        plain("class_name", "班级", &["班"]),
        plain("boarding", "就读方式", &["是否住校", "是否寄宿", "走读/住校"]),
        plain("hukou_kind", "户口性质", &["户口类别"]),
        column("hukou_place", "户籍地区划代码", &["户口所在地区划代码", "户籍地行政区划代码"], CellKind::Id),
        column("household_no", "户编号", &["户编码", "家庭编号"], CellKind::Id),
        plain("department", "院系", &["院系名称", "所在院系", "系部", "专业部", "学院"]),
        plain("major", "专业", &["专业名称"]),
        plain("agricultural", "涉农专业", &["是否涉农专业", "是否涉农"]),
        plain("performing_arts", "表演专业", &["是否表演专业", "艺术表演类专业", "艺术类相关表演专业"]),
        plain("full_time", "学习形式", &["是否全日制"]),
        plain("state", "在读状态", &["学生状态", "学籍状态"]),
        column("entered_on", "入学日期", &["入学时间"], CellKind::Date),
        column("left_on", "离校日期", &["离校时间"], CellKind::Date),
        plain("category", "困难类型", &["家庭困难类型", "困难类别"]),
        plain("hardship", "困难档次", &["困难认定档次", "困难等级"]),
        plain("evidence", "证明材料", &["证明", "佐证材料"]),
        column("school_place", "学校区划代码", &["学校所在地区划代码"], CellKind::Id),
        plain("ownership", "办学性质", &["公办民办"]),
        plain("run_by", "举办者", &["学校举办者"]),
        plain("inclusive", "是否普惠", &["普惠性", "是否普惠性幼儿园"]),
        plain("approved", "是否批准设立", &["经批准设立", "是否有证"]),
        plain("school_hukou", "学校城乡", &["学校城乡类型", "城乡分类"]),
        column("tuition", "学费(元/学期)", &["学费", "学费标准"], CellKind::Money),
        column("public_tuition", "同类公办学费(元/学期)", &["同类公办学费", "公办学费标准"], CellKind::Money),
    ],
    either: &[&["id_number", "student_number"]],
};
