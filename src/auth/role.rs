//! The closed list of roles, and how wide a place each may hold.
//!
//! Which role may do what is said by the extractors, not here.

use crate::values::closed_list::closed_list;

closed_list! {
    /// What a caller is, as a token's `roles` name it.
    pub enum Role {
        Province = "province", "省级资助管理", "provincial aid centre";
        City = "city", "市级资助管理", "city aid centre";
        County = "county", "县级资助管理", "county aid centre";
        School = "school", "学校", "school";
        PovertyOffice = "poverty_office", "乡村振兴（扶贫）部门", "poverty office";
        Township = "township", "乡镇（街道）", "township";
        Guardian = "guardian", "监护人", "guardian";
        Auditor = "auditor", "审计监督", "auditor";
        System = "system", "系统对接", "calling system";
    }
}

impl Role {
    /// The fewest significant digits of the place a token of this role may hold: a county officer's
    /// token with the code of a province is a wrong token, not a wide one. A guardian's scope is the
    /// child, so no place is asked for.
    pub(super) const fn fewest_place_digits(self) -> Option<usize> {
        match self {
            Self::Province | Self::School | Self::PovertyOffice | Self::Auditor | Self::System => Some(2),
            Self::City => Some(4),
            Self::County => Some(6),
            Self::Township => Some(9),
            Self::Guardian => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_contract() {
        let codes: Vec<_> = Role::ALL.iter().map(|role| role.code()).collect();
        let contract = [
            "province",
            "city",
            "county",
            "school",
            "poverty_office",
            "township",
            "guardian",
            "auditor",
            "system",
        ];
        assert_eq!(codes, contract);
    }
}
