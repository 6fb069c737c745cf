//! The closed lists of the field: stages, states, categories, evidence, programmes.
//!
//! Codes are the contract of the API and of policy packs; the words are those of the offices'
//! spreadsheets. A word that is not here is an error that names the allowed ones, never a guess.

use super::closed_list::closed_list;

closed_list! {
    /// Stage of education (学段).
    pub enum Stage {
        Preschool = "preschool", "学前", "preschool", ["学前教育", "幼儿园", "幼儿"];
        Primary = "primary", "小学", "primary school", ["普通小学", "义务教育小学"];
        JuniorHigh = "junior_high", "初中", "junior high school", ["普通初中", "初级中学"];
        SeniorHigh = "senior_high", "普通高中", "senior high school", ["高中", "普高"];
        Vocational = "vocational", "中职", "secondary vocational school", ["中等职业", "中等职业学校", "中等职业教育", "职高", "中专", "技工"];
        HigherVocational = "higher_vocational", "高职", "higher vocational college", ["高职高专", "大专", "专科", "高等职业教育"];
        Undergraduate = "undergraduate", "本科", "undergraduate studies", ["大学", "大学本科"];
        Master = "master", "硕士", "master's studies", ["硕士研究生", "研究生"];
        Doctoral = "doctoral", "博士", "doctoral studies", ["博士研究生"];
    }
}

closed_list! {
    /// State of an enrolment (在读状态).
    pub enum EnrolmentState {
        Enrolled = "enrolled", "在读", "enrolled", ["在校", "在籍在校", "正常", "在籍", "在学"];
        Suspended = "suspended", "休学", "suspended";
        Transferred = "transferred", "转出", "transferred", ["转学", "已转出"];
        Graduated = "graduated", "毕业", "graduated", ["已毕业", "结业"];
        Withdrawn = "withdrawn", "退学", "withdrawn", ["辍学", "离校", "已退学", "开除"];
    }
}

closed_list! {
    /// Hardship category of a student's household or person (困难类型).
    pub enum Category {
        RegisteredPoor = "registered_poor", "建档立卡", "registered poor household", ["建档立卡贫困户", "建档立卡家庭经济困难学生", "建档立卡贫困家庭", "脱贫户", "脱贫享受政策", "脱贫户(继续享受政策)", "脱贫(享受政策)", "未脱贫", "一般脱贫户", "脱贫家庭学生"];
        RegisteredPoorExited = "registered_poor_exited", "脱贫不享受政策", "registered poor, left poverty, no longer under the policy", ["脱贫户(不享受政策)", "脱贫(不享受政策)"];
        MonitoredUnstable = "monitored_unstable", "脱贫不稳定", "monitored: unstable after leaving poverty", ["脱贫不稳定户"];
        MonitoredMarginal = "monitored_marginal", "边缘易致贫", "monitored: on the margin of poverty", ["边缘易致贫户", "边缘户"];
        MonitoredSudden = "monitored_sudden", "突发严重困难", "monitored: sudden severe hardship", ["突发严重困难户"];
        RuralMinimumLiving = "rural_minimum_living", "农村低保", "rural minimum living allowance", ["农村最低生活保障", "农村低保户"];
        UrbanMinimumLiving = "urban_minimum_living", "城市低保", "urban minimum living allowance", ["城镇低保", "城市最低生活保障"];
        RuralExtremePoverty = "rural_extreme_poverty", "农村特困供养", "rural extreme-poverty support", ["农村特困", "农村特困救助供养", "农村五保"];
        UrbanExtremePoverty = "urban_extreme_poverty", "城市特困供养", "urban extreme-poverty support", ["城市特困", "城镇特困", "城市特困救助供养"];
        Orphan = "orphan", "孤儿", "orphan";
        DeFactoOrphan = "de_facto_orphan", "事实无人抚养", "child in fact without a carer", ["事实无人抚养儿童"];
        Disabled = "disabled", "残疾", "disabled", ["残疾学生", "持证残疾人", "残疾儿童", "家庭经济困难残疾学生"];
        MartyrChild = "martyr_child", "烈士子女", "child of a martyr";
    }
}

closed_list! {
    /// The school's own assessment of hardship (困难认定档次).
    pub enum Hardship {
        None = "none", "不困难", "no hardship", ["无", "非困难"];
        General = "general", "一般困难", "general hardship", ["一般"];
        Hard = "hard", "困难", "hardship", ["比较困难"];
        VeryHard = "very_hard", "特别困难", "severe hardship", ["特殊困难", "特困"];
    }
}

closed_list! {
    /// What proves a category (证明).
    pub enum EvidenceKind {
        ProvincialList = "provincial_list", "省下达名单", "the provincial list";
        PovertyHandbook = "poverty_handbook", "扶贫手册", "poverty handbook", ["贫困户手册"];
        CountyCertificate = "county_certificate", "县级证明", "certificate of the county poverty office", ["县级扶贫部门证明", "县扶贫办证明", "县乡村振兴局证明"];
        TownshipCertificate = "township_certificate", "乡镇证明", "township certificate", ["乡级证明"];
        VillageCertificate = "village_certificate", "村级证明", "village certificate", ["村委会证明"];
        DisabilityCard = "disability_card", "残疾人证", "disability card", ["残疾证"];
        MinimumLivingCard = "minimum_living_card", "低保证", "minimum living allowance card";
        ExtremePovertyCard = "extreme_poverty_card", "特困供养证", "extreme-poverty support card", ["特困证"];
        OrphanCertificate = "orphan_certificate", "儿童福利证", "child welfare card", ["孤儿证"];
        MartyrCertificate = "martyr_certificate", "烈士证明", "martyr certificate", ["烈士证"];
        Other = "other", "其他证明", "other evidence", ["其他"];
    }
}

closed_list! {
    /// Kind of household registration (户口性质).
    pub enum HukouKind {
        Rural = "rural", "农村", "rural", ["农业", "农业户口", "农村户口"];
        CountyTown = "county_town", "县镇", "county town", ["县镇非农", "镇", "县城"];
        Urban = "urban", "城市", "urban", ["非农业", "非农业户口", "城镇", "城市户口", "非农"];
    }
}

closed_list! {
    /// Who owns a school (办学性质).
    pub enum Ownership {
        Public = "public", "公办", "public";
        Private = "private", "民办", "private";
    }
}

closed_list! {
    /// Who runs a school (举办者).
    pub enum RunBy {
        Province = "province", "省属", "province", ["省级"];
        City = "city", "市属", "city", ["市本级", "市级"];
        County = "county", "县属", "county", ["县级"];
        Township = "township", "乡镇", "township";
        Private = "private", "民办", "private";
    }
}

closed_list! {
    /// One aid scheme (资助项目).
    pub enum Programme {
        PreschoolAid = "preschool_aid", "学前教育资助", "preschool aid", ["学前资助", "幼儿资助", "学前教育政府助学金"];
        PreschoolFeeFree = "preschool_fee_free", "学前一年免保育教育费", "free last preschool year", ["免保育教育费", "学前免保教费"];
        CompulsoryFeeFree = "compulsory_fee_free", "义务教育免学杂费", "compulsory education without fees", ["免学杂费(义务教育)"];
        CompulsoryTextbooks = "compulsory_textbooks", "义务教育免费教科书", "free textbooks in compulsory education", ["免费教科书", "教科书"];
        LivingSubsidy = "living_subsidy", "义务教育生活费补助", "living subsidy in compulsory education", ["生活费补助", "生活补助", "寄宿生生活补助", "寄宿生生活费补助", "非寄宿生生活补助", "家庭经济困难寄宿生生活费补助", "家庭经济困难学生生活补助", "一补"];
        NutritionMeals = "nutrition_meals", "营养改善计划", "nutrition meals", ["营养餐", "营养膳食补助", "学生营养改善计划"];
        SeniorHighGrant = "senior_high_grant", "普通高中国家助学金", "senior-high national grant", ["普高助学金", "高中助学金", "普高国家助学金", "高中国家助学金"];
        SeniorHighWaiver = "senior_high_waiver", "普通高中免学杂费", "senior-high fee waiver", ["普高免学杂费", "高中免学杂费", "高中免学费"];
        VocationalGrant = "vocational_grant", "中职国家助学金", "vocational national grant", ["中职助学金", "中等职业学校国家助学金"];
        VocationalWaiver = "vocational_waiver", "中职免学费", "vocational tuition waiver", ["中等职业学校免学费"];
        YuluSubsidy = "yulu_subsidy", "雨露计划", "yulu vocational subsidy", ["雨露计划补助", "雨露计划职业教育补助"];
        UniversityGrant = "university_grant", "高校国家助学金", "university national grant", ["大学助学金", "本专科生国家助学金", "研究生国家助学金"];
        EntranceAid = "entrance_aid", "高校新生入学资助", "entrance aid for new university students", ["新生入学资助", "入学资助"];
        StudentLoan = "student_loan", "国家助学贷款", "national student loan", ["生源地信用助学贷款", "助学贷款"];
        LoanCompensation = "loan_compensation", "助学贷款代偿", "loan repayment on behalf", ["代偿"];
        LoanRelief = "loan_relief", "还款救助", "loan repayment relief", ["助学贷款还款救助"];
    }
}

closed_list! {
    /// The level within a programme (档次).
    pub enum Tier {
        Flat = "flat", "统一标准", "flat rate", ["不分档", "无"];
        General = "general", "三档", "general tier", ["一般困难", "一般", "三等"];
        Hard = "hard", "二档", "hard tier", ["困难", "比较困难", "二等"];
        Top = "top", "一档", "top tier", ["特别困难", "最高档", "最高", "特殊困难", "一等"];
    }
}
