//! Rows as offices write them, about the children of [`super::people`].

use super::office::COUNTY;
use super::people::Child;
use super::sheets::Sheet;

/// A primary school of the county.
pub(crate) const SCHOOL: &str = "2134000001";

/// An empty provincial list.
pub(crate) fn list() -> Sheet {
    Sheet::new("姓名 身份证号 户籍地区划代码 户类型 学段 年级")
}

/// An empty roll.
pub(crate) fn roll() -> Sheet {
    Sheet::new(
        "姓名 身份证件号 全国学籍号 学校标识码 学段 年级 班级 就读方式 在读状态 离校日期 困难类型 困难档次 证明材料",
    )
}

/// An empty payment sheet.
pub(crate) fn aid() -> Sheet {
    Sheet::new("姓名 身份证号 学校标识码 资助项目 金额(元) 发放日期 银行卡号")
}

impl Sheet {
    /// A listed child of the county.
    pub(crate) fn listed(self, child: &Child) -> Self {
        self.row(&[&child.name, &child.id, COUNTY, "建档立卡", "小学", "三年级"])
    }

    /// A boarder in the third grade of a primary school; `told` says of further columns what they hold.
    pub(crate) fn pupil(self, child: &Child, told: &[(&str, &str)]) -> Self {
        let usual = [
            ("姓名", child.name.as_str()),
            ("身份证件号", &child.id),
            ("学校标识码", SCHOOL),
            ("学段", "小学"),
            ("年级", "三年级"),
            ("就读方式", "住校"),
            ("在读状态", "在读"),
        ];
        self.told(&usual, told)
    }

    /// The living subsidy of a primary boarder for a term, 625 yuan.
    pub(crate) fn paid(self, child: &Child, told: &[(&str, &str)]) -> Self {
        let usual = [
            ("姓名", child.name.as_str()),
            ("身份证号", &child.id),
            ("学校标识码", SCHOOL),
            ("资助项目", "生活费补助"),
            ("金额(元)", "625"),
            ("发放日期", "2024-11-20"),
        ];
        self.told(&usual, told)
    }
}
