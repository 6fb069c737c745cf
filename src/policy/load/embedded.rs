//! The pack that is part of the binary, file by file. A test holds this list against the directory.

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        /// Path within the pack and text of every file.
        pub(in crate::policy) const EMBEDDED: &[(&str, &str)] = &[
            $( ($name, include_str!(concat!("../../../policies/cn-ah/", $name))), )+
        ];
    };
}

files! {
    "pack.toml",
    "sources.toml",
    "definitions.toml",
    "stacking.toml",
    "steps.toml",
    "programmes/compulsory_fee_free.toml",
    "programmes/compulsory_textbooks.toml",
    "programmes/entrance_aid.toml",
    "programmes/living_subsidy.toml",
    "programmes/loan_compensation.toml",
    "programmes/loan_relief.toml",
    "programmes/nutrition_meals.toml",
    "programmes/preschool_aid.toml",
    "programmes/preschool_fee_free.toml",
    "programmes/senior_high_grant.toml",
    "programmes/senior_high_waiver.toml",
    "programmes/student_loan.toml",
    "programmes/university_grant.toml",
    "programmes/vocational_grant.toml",
    "programmes/vocational_waiver.toml",
    "programmes/yulu_subsidy.toml",
    "standards/compulsory.toml",
    "standards/loans.toml",
    "standards/preschool.toml",
    "standards/senior_high.toml",
    "standards/university.toml",
    "standards/vocational.toml",
    "cases/compulsory.toml",
    "cases/loans.toml",
    "cases/preschool.toml",
    "cases/senior_high.toml",
    "cases/university.toml",
    "cases/vocational.toml",
}
