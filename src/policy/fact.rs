//! The facts that a policy may ask about, as a closed list: path, words, and who can supply each.
//!
//! A condition in a pack names a fact by its path in the JSON of [`Facts`](super::facts::Facts); a
//! name that is not here is refused while the pack is loaded. Closed facts (few possible values) are
//! held as sets of values, so that "unknown" is simply "every value is still possible".

use super::facts::{Fate, Lender};
use crate::values::{EnrolmentState, Hardship, HukouKind, Ownership, RunBy, Stage, Text};

macro_rules! facts {
    ($( $(#[$meta:meta])* $variant:ident = $path:literal, $kind:expr, ($zh:literal, $en:literal), ($who_zh:literal, $who_en:literal); )+) => {
        /// One fact.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fact { $( $(#[$meta])* #[doc = $zh] $variant, )+ }

        impl Fact {
            /// Every fact.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// Its path in the JSON of the facts.
            pub const fn path(self) -> &'static str {
                match self { $( Self::$variant => $path, )+ }
            }

            /// What kind of values it has.
            pub const fn kind(self) -> Kind {
                match self { $( Self::$variant => $kind, )+ }
            }

            /// Its name in words.
            pub const fn name(self) -> Text {
                match self { $( Self::$variant => Text::fixed($zh, $en), )+ }
            }

            /// Who can supply it.
            pub const fn who(self) -> Text {
                match self { $( Self::$variant => Text::fixed($who_zh, $who_en), )+ }
            }

            /// The fact with this path, written in full or without the leading `student.`.
            pub fn from_path(path: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|f| {
                    f.path() == path || f.path().strip_prefix("student.") == Some(path)
                })
            }
        }
    };
}

/// The kind of values a fact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Flag,
    /// A small number, from 1 to this.
    Number(u8),
    /// One code of a closed list.
    Code(List),
    /// Any number of [`Category`](crate::values::Category).
    Categories,
    /// Any number of [`EvidenceKind`](crate::values::EvidenceKind).
    Evidence,
    /// An area code.
    Place,
    /// An amount in fen.
    Money,
    /// Not a fact about the student but a rule that nobody has written down; see
    /// [`Fact::LocalRule`].
    Rule,
}

/// Which closed list a code belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// 学段.
    Stage,
    /// 在读状态.
    State,
    /// 困难档次.
    Hardship,
    /// 户口性质.
    HukouKind,
    /// 办学性质.
    Ownership,
    /// 举办者.
    RunBy,
    /// 借款人状况.
    Fate,
    /// 贷款经办银行.
    Lender,
}

impl List {
    /// The codes, in the order of their bits.
    pub fn codes(self) -> Vec<&'static str> {
        match self {
            List::Stage => Stage::ALL.iter().map(|v| v.code()).collect(),
            List::State => EnrolmentState::ALL.iter().map(|v| v.code()).collect(),
            List::Hardship => Hardship::ALL.iter().map(|v| v.code()).collect(),
            List::HukouKind => HukouKind::ALL.iter().map(|v| v.code()).collect(),
            List::Ownership => Ownership::ALL.iter().map(|v| v.code()).collect(),
            List::RunBy => RunBy::ALL.iter().map(|v| v.code()).collect(),
            List::Fate => Fate::ALL.iter().map(|v| v.code()).collect(),
            List::Lender => Lender::ALL.iter().map(|v| v.code()).collect(),
        }
    }
}

facts! {
    Stage = "student.stage", Kind::Code(List::Stage), ("学段", "stage of education"), ("就读学校", "the school");
    Grade = "student.grade", Kind::Number(9), ("年级", "grade"), ("就读学校", "the school");
    StudyYears = "student.study_years", Kind::Number(8), ("学制年限", "length of the course"), ("就读学校", "the school");
    State = "student.state", Kind::Code(List::State), ("在读状态", "state of the enrolment"), ("就读学校（学籍系统）", "the school, from the roll");
    FullTime = "student.full_time", Kind::Flag, ("是否全日制", "full-time or not"), ("就读学校", "the school");
    Formal = "student.formal", Kind::Flag, ("是否有正式学籍", "formally registered or not"), ("就读学校（学籍系统）", "the school, from the roll");
    Boarding = "student.boarding", Kind::Flag, ("是否寄宿", "boarding or not"), ("就读学校", "the school");
    NewEntrant = "student.new_entrant", Kind::Flag, ("是否新生", "new entrant or not"), ("就读学校", "the school");
    SchoolPlace = "student.school.place", Kind::Place, ("就读地区划代码", "area code of the place of study"), ("就读学校", "the school");
    Ownership = "student.school.ownership", Kind::Code(List::Ownership), ("公办或民办", "public or private school"), ("就读学校", "the school");
    Inclusive = "student.school.inclusive", Kind::Flag, ("是否普惠性幼儿园", "inclusive kindergarten or not"), ("县级教育行政部门", "the county education office");
    Approved = "student.school.approved", Kind::Flag, ("是否经依法批准", "approved by the education authority or not"), ("县级教育行政部门", "the county education office");
    RunBy = "student.school.run_by", Kind::Code(List::RunBy), ("学校举办者", "who runs the school"), ("县级教育行政部门", "the county education office");
    Rural = "student.school.rural", Kind::Flag, ("是否农村学校", "rural school or not"), ("县级教育行政部门", "the county education office");
    Tuition = "student.school.tuition_fen_per_term", Kind::Money, ("本校每学期学费", "the school's fee a term"), ("就读学校", "the school");
    PublicTuition = "student.school.public_tuition_fen_per_term", Kind::Money, ("当地同类公办学校每学期学费", "the fee of local public schools a term"), ("县级教育行政部门", "the county education office");
    Agricultural = "student.major.agricultural", Kind::Flag, ("是否涉农专业", "agricultural major or not"), ("就读学校", "the school");
    PerformingArts = "student.major.performing_arts", Kind::Flag, ("是否艺术类相关表演专业", "performing-arts major or not"), ("就读学校", "the school");
    HukouPlace = "student.hukou.place", Kind::Place, ("户籍地区划代码", "area code of the household's place"), ("家长（户口簿）", "the parents, from the household register");
    HukouKind = "student.hukou.kind", Kind::Code(List::HukouKind), ("户口性质", "kind of household registration"), ("家长（户口簿）", "the parents, from the household register");
    HasLoan = "student.borrower.has_loan", Kind::Flag, ("是否有未结清的国家助学贷款", "an outstanding student loan or not"), ("县级学生资助管理中心（贷款合同）", "the county student-aid centre, from the loan contract");
    UnableToRepay = "student.borrower.unable_to_repay", Kind::Flag, ("是否确实无法（按期）归还贷款", "truly unable to repay (on time) or not"), ("贷款经办机构核准", "the agency that handles the loan, after its check");
    Fate = "student.borrower.fate", Kind::Code(List::Fate), ("借款人在世、死亡或失踪", "whether the borrower lives, has died or is missing"), ("借款人家庭（公安机关死亡证明或法院宣告失踪判决）", "the borrower's family, with the police's certificate or the court's ruling");
    LostWorkingAbility = "student.borrower.lost_working_ability", Kind::Flag, ("是否丧失劳动能力", "working ability lost or not"), ("借款人（劳动能力鉴定结论）", "the borrower, from the labour-ability appraisal");
    AbilityGrade = "student.borrower.ability_grade", Kind::Number(10), ("劳动能力鉴定等级", "grade of the labour-ability appraisal"), ("劳动能力鉴定委员会", "the labour-ability appraisal board");
    ByIllness = "student.borrower.by_illness", Kind::Flag, ("丧失劳动能力是否因病", "working ability lost through illness or not"), ("借款人（医院诊断证明）", "the borrower, from the hospital's diagnosis");
    NaturalDisaster = "student.borrower.natural_disaster", Kind::Flag, ("家庭是否遭遇重大自然灾害", "family hit by a great natural disaster or not"), ("县级民政、应急管理部门", "the county civil-affairs or emergency office");
    FamilyIllness = "student.borrower.family_illness", Kind::Flag, ("家庭成员是否患有重大疾病", "a family member gravely ill or not"), ("借款人（诊断证明和医疗费用票据）", "the borrower, from diagnosis and bills");
    VeryLowIncome = "student.borrower.very_low_income", Kind::Flag, ("经济收入是否特别低", "income very low or not"), ("县级学生资助管理中心", "the county student-aid centre");
    Lender = "student.borrower.lender", Kind::Code(List::Lender), ("贷款经办银行", "the lending bank"), ("县级学生资助管理中心（贷款合同）", "the county student-aid centre, from the loan contract");
    Categories = "student.categories", Kind::Categories, ("困难类型", "hardship categories"), ("学校向乡村振兴（扶贫）、民政、残联等部门核实", "the school, from the poverty-relief, civil-affairs and disability offices");
    Hardship = "student.hardship", Kind::Code(List::Hardship), ("学校困难认定档次", "the school's hardship assessment"), ("就读学校认定评议小组", "the school's assessment group");
    LastPreschoolYear = "student.last_preschool_year", Kind::Flag, ("是否学前一年（大班）", "last preschool year or not"), ("幼儿园", "the kindergarten");
    Internship = "student.internship", Kind::Flag, ("是否顶岗实习", "on an internship or not"), ("就读学校", "the school");
    Evidence = "evidence", Kind::Evidence, ("建档立卡身份的证明", "proof of the registered-poor status"), ("县级乡村振兴（扶贫）部门：扶贫手册或县级证明", "the county poverty-relief office: handbook or county certificate");
    /// Study in another province than the household's; follows from the two places.
    OutsideProvince = "outside_province", Kind::Flag, ("是否跨省就读", "studies outside the home province or not"), ("就读学校与家长", "the school and the parents");
    /// A rule or an amount that the plan leaves to the locality and that the pack does not hold.
    LocalRule = "local_rule", Kind::Rule, ("当地规定", "the local rule"), ("县级学生资助管理中心", "the county student-aid centre");
    /// The local amount, where the pack holds none.
    Standard = "standard", Kind::Rule, ("当地资助标准", "the local standard"), ("县级教育、财政部门", "the county education and finance offices");
}
