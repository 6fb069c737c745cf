//! What a cross-check can find: the closed lists of findings and states, and one finding's shape.
//!
//! A finding holds keys, codes and amounts only; the [`Directory`] turns keys into the ids by which other
//! rooms know them. Names, id and account numbers never come here.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::reconcile_input::{AccountKey, County, PersonKey, SchoolKey};
use crate::values::closed_list::closed_list;
use crate::values::{EnrolmentState, EvidenceKind, Fen, Programme, Stage, Term};

closed_list! {
    /// Kind of finding (疑点类型).
    pub enum FindingKind {
        ListedUnaided = "listed_unaided", "漏助", "on the list, due aid, nothing paid";
        ListedUnderpaid = "listed_underpaid", "未达最高标准", "on the list, paid below the amount due";
        ListedNotEnrolled = "listed_not_enrolled", "名单内未在籍", "on the list, not at school by the roll";
        ListedElsewhere = "listed_elsewhere", "名单内外地就读", "on the list, at school outside this place";
        OffListWithProof = "off_list_with_proof", "名单外持证明", "registered poor with proof, not on the list";
        OffListWithoutProof = "off_list_without_proof", "名单外无有效证明", "recorded as registered poor, neither listed nor proven";
        AidedWithoutCategory = "aided_without_category", "无困难身份受助", "aided without any sign of hardship";
        DuplicateAid = "duplicate_aid", "重复发放", "paid more than once for one programme and term";
        AidedAfterLeaving = "aided_after_leaving", "无学籍受助", "aided while not at school by the roll";
        StageMismatch = "stage_mismatch", "资助学段不符", "aided by a programme of another stage";
        IdConflict = "id_conflict", "一证多名", "one id under two names";
        ProbableTypo = "probable_typo", "疑似录入错误", "probably one student under a mistyped id";
        DuplicateEnrolment = "duplicate_enrolment", "双重学籍", "enrolled at two schools at once";
        SharedAccount = "shared_account", "共用账户", "one bank account for several students";
        PaidLate = "paid_late", "发放逾期", "paid after the due day";
        HouseholdMemberOffList = "household_member_off_list", "同户漏登", "at school and not listed, though the household is";
        AgeOutOfRange = "age_out_of_range", "年龄异常", "of an age on the day of payment that the stage does not explain";
        SchoolKindMismatch = "school_kind_mismatch", "学校类别与学段不符", "a school of a kind that does not teach the stage";
    }
}

closed_list! {
    /// What became of a finding (疑点状态).
    pub enum FindingState {
        Open = "open", "待核查", "open";
        Explained = "explained", "已说明", "explained";
        Fixed = "fixed", "已整改", "fixed";
        Confirmed = "confirmed", "已确认", "confirmed";
    }
}

closed_list! {
    /// The one state of a student on the list (名单学生状态). Where several apply, the one nearest the
    /// top of this order wins: not_enrolled, left, elsewhere, unaided, aided_low, undetermined,
    /// aided_right, not_due.
    pub enum ListedState {
        AidedRight = "aided_right", "已足额资助", "aided, everything due was paid";
        AidedLow = "aided_low", "资助标准偏低", "aided, but below the amount due";
        Unaided = "unaided", "应助未助", "due aid, and at least one programme paid nothing";
        NotDue = "not_due", "在读但无应助项目", "at school, no programme due this term";
        Undetermined = "undetermined", "应助金额待定", "at school, what is due could not be decided";
        NotEnrolled = "not_enrolled", "无学籍", "not on the roll at all";
        Left = "left", "已离校或休学", "on the roll, but not at school this term";
        Elsewhere = "elsewhere", "外地就读", "at school outside the place of this run";
    }
}

closed_list! {
    /// Why a listed student is not at school by the roll (不在校原因).
    pub enum AbsenceReason {
        NoRollRow = "no_roll_row", "学籍中查无此人", "not on the roll";
        Suspended = "suspended", "休学", "suspended";
        Transferred = "transferred", "转出", "transferred";
        Graduated = "graduated", "毕业", "graduated";
        Withdrawn = "withdrawn", "退学", "withdrawn";
        NotYetEnrolled = "not_yet_enrolled", "尚未入学", "enrolled only from a later day";
        PeriodOver = "period_over", "学籍已到期", "the enrolment ended before this term";
    }
}

closed_list! {
    /// How far from the place of the run a listed student is at school.
    pub enum Distance {
        OtherCounty = "other_county", "市内县外", "another county of the city";
        OtherCity = "other_city", "省内市外", "another city of the province";
        OtherProvince = "other_province", "省外", "another province";
    }
}

closed_list! {
    /// How a listed id and a roll id differ when they are probably one.
    pub enum NearMiss {
        OneDigit = "one_digit", "一位数字不同", "one digit differs";
        Transposed = "transposed", "相邻两位颠倒", "two neighbouring digits are swapped";
        PrecisionLost = "precision_lost", "表格丢失末几位", "the spreadsheet lost the last digits";
        StudentNumber = "student_number", "学籍号一致", "the student number agrees";
    }
}

closed_list! {
    /// Where it is known that an enrolled child belongs to a household (同户依据).
    pub enum HouseholdSource {
        Roll = "roll", "学籍中的户编号", "the household number on the roll";
        EarlierList = "earlier_list", "此前名单中的户编号", "the household number on an earlier list";
    }
}

closed_list! {
    /// One of the three inputs.
    pub enum Source {
        List = "list", "名单", "the list";
        Roll = "roll", "学籍", "the roll";
        Aid = "aid", "资助", "the aid records";
    }
}

impl FindingState {
    /// Whether somebody still has to act.
    pub const fn is_unsettled(self) -> bool {
        matches!(self, Self::Open | Self::Confirmed)
    }
}

/// One thing that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub kind: FindingKind,
    /// Whom it concerns; for a shared account one of its holders, for a school one of its students.
    pub person: PersonKey,
    /// The probable other person of a [`FindingKind::ProbableTypo`], or the member of the household who
    /// is on the list for a [`FindingKind::HouseholdMemberOffList`].
    pub other: Option<PersonKey>,
    /// The account of a [`FindingKind::SharedAccount`].
    pub account: Option<AccountKey>,
    /// The programme, where the finding is about one.
    pub programme: Option<Programme>,
    /// The school that can act: of the roll, else of the payment or the list.
    pub school: Option<SchoolKey>,
    /// The county of that school, else of the home.
    pub place: Option<County>,
    /// The stage by the roll, else by the list.
    pub stage: Option<Stage>,
    /// What was due for the term, where known.
    pub due: Option<Fen>,
    /// What was paid for the term, where the finding is about money.
    pub paid: Option<Fen>,
    /// The sum in question: missing, overpaid or paid without ground. Zero where no money is.
    pub at_stake: Fen,
    /// What the kind alone does not say.
    pub detail: Detail,
}

/// The particulars of a finding, without personal data.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Detail {
    /// The kind and the amounts say all.
    Plain,
    /// Why a listed student is not at school.
    Absence {
        /// The reason, by the latest roll row.
        reason: AbsenceReason,
        /// First day away, where the roll gives it.
        since: Option<NaiveDate>,
    },
    /// Where a listed student is at school.
    Elsewhere {
        /// How far away.
        distance: Distance,
    },
    /// What an off-list student can show.
    Proof {
        /// The evidence on the roll, in the order of the closed list.
        evidence: Vec<EvidenceKind>,
    },
    /// Aid without a sign of hardship.
    NoCategory {
        /// Whether the student is on the roll at all.
        on_roll: bool,
    },
    /// Several payments for one programme and term.
    Duplicate {
        /// How many records.
        records: u32,
        /// Whether two of them agree in day and amount.
        same_day: bool,
        /// Whether the amount due is known, and the sum could be held against it.
        due_known: bool,
    },
    /// Aid while not at school.
    AfterLeaving {
        /// The last state on the roll; `None` if there is no roll row.
        state: Option<EnrolmentState>,
        /// First day away.
        since: Option<NaiveDate>,
        /// Day of the latest such payment.
        paid_on: Option<NaiveDate>,
    },
    /// A programme of another stage; the roll's stage is the finding's own.
    OtherStage {
        /// How many payments.
        records: u32,
    },
    /// Different names under one id.
    Names {
        /// The sources that carry a name, in the order list, roll, aid.
        sources: Vec<Source>,
        /// How many different names.
        names: u32,
    },
    /// The proposal to read two ids as one.
    Typo {
        /// How the ids differ.
        change: NearMiss,
        /// Whether the names agree.
        same_name: bool,
    },
    /// Several schools at once.
    Schools {
        /// How many.
        schools: u32,
    },
    /// One account for several students.
    Account {
        /// How many students.
        persons: u32,
        /// How many of them are known to share one household.
        one_household: u32,
    },
    /// A household on the list of which a child at school is missing.
    Household {
        /// How many of the household are on the list; the finding's `other` is one of them.
        listed: u32,
        /// Where it is known that the child belongs to it.
        by: HouseholdSource,
    },
    /// An age that the stage does not explain.
    Age {
        /// Full years on the day of payment; `None` if paid before the day of birth.
        years: Option<u32>,
        /// The fewest years the stage explains.
        from: u32,
        /// The most, where the stage has a limit.
        to: Option<u32>,
        /// The day of payment, the earliest of its kind.
        paid_on: NaiveDate,
    },
    /// A school whose code says another kind than the stage of its students.
    SchoolKind {
        /// How many students of this stage it has on the roll.
        students: u32,
    },
    /// Money after its day.
    Late {
        /// Days after the due day, of the latest payment.
        days: i64,
    },
}

impl Finding {
    /// A key that is the same in every run that finds the same thing: kind, term, subject (person;
    /// account for a shared one; school and stage for a school), programme and, for a proposal, the other
    /// person.
    pub fn key(&self, term: Term, directory: &dyn Directory) -> String {
        let subject = match (self.kind, self.account, self.school) {
            (FindingKind::SharedAccount, Some(account), _) => directory.account(account),
            (FindingKind::SchoolKindMismatch, _, Some(school)) => {
                let stage = self.stage.map_or("-", Stage::code);
                Cow::Owned(format!("{}/{stage}", directory.school(school)))
            }
            _ => directory.person(self.person),
        };
        let programme = self.programme.map_or("-", Programme::code);
        // Which member of a listed household stands for it may change; the child is the same.
        let other = self.other.filter(|_| self.kind == FindingKind::ProbableTypo);
        let other = other.map_or(Cow::Borrowed("-"), |other| directory.person(other));
        format!("{}|{term}|{subject}|{programme}|{other}", self.kind.code())
    }
}

/// Gives the outer names of interned keys, the same in every run: for keys and digests.
pub trait Directory {
    /// The stable id of a person.
    fn person(&self, key: PersonKey) -> Cow<'_, str>;
    /// The stable id of an account.
    fn account(&self, key: AccountKey) -> Cow<'_, str>;
    /// The code of a school.
    fn school(&self, key: SchoolKey) -> Cow<'_, str>;
}
