//! The invented county before anything goes wrong: its schools, households and students.

use chrono::NaiveDate;

use super::Plan;
use super::dice::Dice;
use super::people::{People, Person, birth, card, surname};
use crate::values::{Category, EnrolmentState, EvidenceKind, Hardship, HukouKind, Ownership, RunBy, Stage};

/// Townships; the first is the county seat.
pub(super) const TOWNS: &[&str] = &[
    "祁山镇",
    "金字牌镇",
    "平里镇",
    "历口镇",
    "闪里镇",
    "安凌镇",
    "小路口镇",
    "凫峰镇",
    "塔坊镇",
    "新安镇",
    "大坦乡",
    "柏溪乡",
    "祁红乡",
    "溶口乡",
    "芦溪乡",
    "渚口乡",
    "古溪乡",
    "箬坑乡",
];

/// Villages, drawn independently of the township: none of these addresses exists.
const VILLAGES: &[&str] = &["演示一村", "演示二村", "演示三村", "演示四村", "演示五村"];

/// Counties a household may be registered in besides the plan's own, with weights.
const NEIGHBOURS: &[(&str, u32)] = &[("341021", 4), ("341022", 5), ("341023", 3), ("341003", 2)];

/// Majors of vocational schools, and whether farming.
const MAJORS: &[(&str, bool)] = &[
    ("幼儿保育", false),
    ("电子商务", false),
    ("汽车运用与维修", false),
    ("计算机应用", false),
    ("旅游服务与管理", false),
    ("茶叶生产与加工", true),
    ("现代农艺技术", true),
];

/// A school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct School {
    /// Ten digits.
    pub code: String,
    /// Name, marked 演示.
    pub name: String,
    /// Its one stage.
    pub stage: Stage,
    /// 办学性质.
    pub ownership: Ownership,
    /// 是否普惠, for kindergartens.
    pub inclusive: Option<bool>,
    /// 举办者.
    pub run_by: RunBy,
    /// 学校城乡.
    pub setting: HukouKind,
    /// What it charges a term.
    pub tuition_fen: i64,
    /// What a public school of the kind charges a term: the amount waived.
    pub public_tuition_fen: i64,
    /// Whether its code is of another kind of school.
    pub miscoded: bool,
}

/// A student of the roll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Student {
    /// Who.
    pub person: Person,
    /// Place in [`super::County::schools`].
    pub school: usize,
    /// A second school that has her on its roll too.
    pub second_school: Option<usize>,
    /// Stage.
    pub stage: Stage,
    /// Grade: 1–3 in kindergarten, 1–6, 7–9, 1–3.
    pub grade: u8,
    /// Class within the grade.
    pub class: u32,
    /// 住校.
    pub boarding: bool,
    /// 户口性质.
    pub hukou: HukouKind,
    /// 户籍地, six digits.
    pub home: String,
    /// Township of the home.
    pub town: &'static str,
    /// Village of the home.
    pub village: &'static str,
    /// Household; brothers and sisters share it.
    pub household: u32,
    /// Name of the household's head.
    pub head: String,
    /// 在读状态.
    pub state: EnrolmentState,
    /// 入学日期.
    pub entered: NaiveDate,
    /// 离校日期.
    pub left: Option<NaiveDate>,
    /// 困难类型 on the roll.
    pub category: Option<Category>,
    /// 困难档次 on the roll.
    pub hardship: Option<Hardship>,
    /// 证明材料 on the roll.
    pub evidence: Option<EvidenceKind>,
    /// Place in the list of majors, in vocational schools.
    pub major: Option<(&'static str, bool)>,
    /// Bank card.
    pub card: String,
    /// Whether she is on the provincial list.
    pub listed: bool,
}

impl Student {
    /// 全国学籍号: G and the id.
    pub fn number(&self) -> String {
        format!("G{}", self.person.id)
    }

    /// 户编号.
    pub fn household_number(&self) -> String {
        format!("{}{:010}", self.home, self.household)
    }

    /// 涉农专业.
    pub fn farming_major(&self) -> bool {
        self.major.is_some_and(|(_, farming)| farming)
    }
}

/// Shares of the stages, in per mille; mean size, share of boarders (per mille), first grade, grades.
const STAGES: &[(Stage, u32, u32, u32, u8, u32)] = &[
    (Stage::Preschool, 140, 160, 0, 1, 3),
    (Stage::Primary, 400, 500, 120, 1, 6),
    (Stage::JuniorHigh, 200, 700, 550, 7, 3),
    (Stage::SeniorHigh, 160, 1100, 800, 1, 3),
    (Stage::Vocational, 100, 1000, 750, 1, 3),
];

/// The schools for so many students, at least one of each stage.
pub(super) fn schools(plan: &Plan, county: &str) -> Vec<School> {
    let mut schools = Vec::new();
    for (stage, share, size, ..) in STAGES {
        let count = (u64::from(plan.students) * u64::from(*share) / 1000 / u64::from(*size)).max(1);
        let count = u32::try_from(count).unwrap_or(1);
        for number in 0..count {
            // One of several primary schools bears the code of a vocational one.
            let miscoded = *stage == Stage::Primary && number > 0 && number + 1 == count;
            schools.push(school(&plan.place, county, *stage, number, miscoded));
        }
    }
    schools
}

fn school(place: &str, county: &str, stage: Stage, number: u32, miscoded: bool) -> School {
    let town = TOWNS.get(usize::try_from(number).unwrap_or_default() % TOWNS.len()).copied();
    let in_seat = number.is_multiple_of(18);
    // Of ten kindergartens six are public, three private and inclusive, one private and not.
    let (ownership, inclusive) = match (stage, number % 10) {
        (Stage::Preschool, 9) => (Ownership::Private, Some(false)),
        (Stage::Preschool, 2 | 5 | 7) => (Ownership::Private, Some(true)),
        (Stage::Preschool, _) => (Ownership::Public, Some(true)),
        (Stage::SeniorHigh, 2) => (Ownership::Private, None),
        _ => (Ownership::Public, None),
    };
    let (kind, word, public_tuition_fen) = match stage {
        Stage::Preschool => ("11", "幼儿园", 180_000),
        Stage::Primary => ("21", "小学", 0),
        Stage::JuniorHigh => ("31", "初级中学", 0),
        Stage::SeniorHigh => ("34", "高级中学", 85_000),
        _ => ("36", "职业学校", 100_000),
    };
    let run_by = match (ownership, stage) {
        (Ownership::Private, _) => RunBy::Private,
        (_, Stage::Vocational) if number == 1 => RunBy::City,
        _ => RunBy::County,
    };
    let tuition_fen = match (ownership, stage) {
        (Ownership::Private, Stage::Preschool) => 240_000,
        (Ownership::Private, _) => 600_000,
        _ => public_tuition_fen,
    };
    let kind = if miscoded { "36" } else { kind };
    // Serials beyond those of its real kind, so that no two schools have one code.
    let serial = if miscoded { number + 50_000 } else { number };
    School {
        code: format!("{kind}{}9{serial:05}", place.get(..2).unwrap_or_default()),
        name: format!("{county}演示{}第{}{word}", town.unwrap_or_default(), number / 18 + 1),
        stage,
        ownership,
        inclusive,
        run_by,
        setting: if in_seat { HukouKind::CountyTown } else { HukouKind::Rural },
        tuition_fen,
        public_tuition_fen,
        miscoded,
    }
}

/// The students, household by household.
pub(super) fn students(
    plan: &Plan,
    schools: &[School],
    people: &mut People,
    dice: &mut Dice,
) -> Vec<Student> {
    let wanted = usize::try_from(plan.students).unwrap_or(usize::MAX);
    let mut by_stage: Vec<(Stage, Vec<usize>)> = Vec::new();
    for (stage, ..) in STAGES {
        let of_it = schools.iter().enumerate().filter(|(_, s)| s.stage == *stage).map(|(at, _)| at);
        by_stage.push((*stage, of_it.collect()));
    }
    let mut students = Vec::with_capacity(wanted);
    let mut household = 0;
    while students.len() < wanted {
        let size = dice.weighted(&[(1_usize, 62), (2, 32), (3, 6)]).unwrap_or(1).min(wanted - students.len());
        household += 1;
        let family = surname(dice);
        let home = Home::draw(plan, dice);
        let head = format!("{family}{}", ["建国", "志强", "秀英", "桂兰"].get(dice.at(4)).unwrap_or(&"建国"));
        let mut births: Vec<NaiveDate> = Vec::new();
        for _ in 0..size {
            let (stage, grade, born) = draw_age(plan, dice, &births);
            births.push(born);
            let of_stage = by_stage.iter().find(|(s, _)| *s == stage).map_or(&[][..], |(_, at)| at);
            let school = dice.one(of_stage).copied().unwrap_or_default();
            let boards = STAGES.iter().find(|row| row.0 == stage).map_or(0, |row| row.3);
            let major = if stage == Stage::Vocational { dice.one(MAJORS).copied() } else { None };
            students.push(Student {
                person: people.child(dice, family, born),
                school,
                second_school: None,
                stage,
                grade,
                class: 1 + dice.below(4),
                boarding: dice.permille(boards),
                hukou: home.hukou,
                home: home.county.clone(),
                town: home.town,
                village: home.village,
                household,
                head: head.clone(),
                state: EnrolmentState::Enrolled,
                entered: entered(plan, stage, grade),
                left: None,
                category: None,
                hardship: None,
                evidence: None,
                major,
                card: card(dice),
                listed: false,
            });
        }
    }
    students
}

/// Where a household is registered.
struct Home {
    county: String,
    town: &'static str,
    village: &'static str,
    hukou: HukouKind,
}

impl Home {
    fn draw(plan: &Plan, dice: &mut Dice) -> Self {
        let away = dice.permille(14);
        let neighbour = dice.weighted(NEIGHBOURS).unwrap_or_default();
        Self {
            county: if away { neighbour.to_owned() } else { plan.place.clone() },
            town: dice.one(TOWNS).copied().unwrap_or_default(),
            village: dice.one(VILLAGES).copied().unwrap_or_default(),
            hukou: dice
                .weighted(&[(HukouKind::Rural, 78), (HukouKind::CountyTown, 14), (HukouKind::Urban, 8)])
                .unwrap_or(HukouKind::Rural),
        }
    }
}

/// Stage, grade and birth; brothers and sisters are at least ten months apart.
fn draw_age(plan: &Plan, dice: &mut Dice, siblings: &[NaiveDate]) -> (Stage, u8, NaiveDate) {
    let weights: Vec<_> = STAGES.iter().map(|row| ((row.0, row.4, row.5), row.1)).collect();
    let mut drawn = (Stage::Primary, 1, NaiveDate::default());
    for _ in 0..20 {
        let (stage, first, grades) = dice.weighted(&weights).unwrap_or((Stage::Primary, 1, 6));
        let grade = first + u8::try_from(dice.below(grades)).unwrap_or_default();
        let born = birth(dice, plan.term.school_year(), stage, grade);
        drawn = (stage, grade, born);
        if siblings.iter().all(|other| (*other - born).num_days().abs() > 300) {
            break;
        }
    }
    drawn
}

fn entered(plan: &Plan, stage: Stage, grade: u8) -> NaiveDate {
    let first = STAGES.iter().find(|row| row.0 == stage).map_or(1, |row| row.4);
    let year = i32::from(plan.term.school_year()) - i32::from(grade.saturating_sub(first));
    NaiveDate::from_ymd_opt(year, 9, 1).unwrap_or_default()
}

/// Lists whole households, but for a child forgotten here and there, until so many students are listed. The list of a county is of households
/// registered in that county. A child in a kindergarten that is not inclusive stays off it, because what
/// such a child is due is in dispute.
pub(super) fn list(
    plan: &Plan,
    students: &mut [Student],
    schools: &[School],
    wanted: usize,
    dice: &mut Dice,
) {
    let mut households: Vec<u32> = students.iter().map(|s| s.household).collect();
    households.dedup();
    dice.shuffle(&mut households);
    // Students of a household stand together, in the order of households.
    let mut listed = 0;
    for household in households {
        let from = students.partition_point(|s| s.household < household);
        let to = students.partition_point(|s| s.household <= household);
        let Some(members) = students.get_mut(from..to) else { continue };
        if members.first().is_none_or(|s| s.hukou == HukouKind::Urban || s.home != plan.place) {
            continue;
        }
        // Once in a while one of several children is forgotten.
        let forgotten = (members.len() > 1 && dice.permille(15)).then(|| dice.at(members.len()));
        for (at, student) in members.iter_mut().enumerate() {
            if Some(at) == forgotten {
                continue;
            }
            let inclusive = schools.get(student.school).and_then(|s| s.inclusive) != Some(false);
            if inclusive && listed < wanted {
                listed += 1;
                student.listed = true;
                student.category = dice.permille(700).then_some(Category::RegisteredPoor);
                student.hardship = dice.permille(850).then_some(Hardship::VeryHard);
            }
        }
    }
}

/// The ordinary hardships of students off the list, and the few who are away.
pub(super) fn ordinary_life(plan: &Plan, students: &mut [Student], dice: &mut Dice) {
    let away_from = NaiveDate::from_ymd_opt(i32::from(plan.term.school_year()), 7, 1).unwrap_or_default();
    for student in students.iter_mut().filter(|s| !s.listed) {
        // Who has only just come cannot have left in the summer before.
        if dice.permille(5) && student.entered < away_from {
            student.state = *dice
                .one(&[EnrolmentState::Suspended, EnrolmentState::Transferred, EnrolmentState::Withdrawn])
                .unwrap_or(&EnrolmentState::Suspended);
            student.left = Some(away_from);
        } else if dice.permille(80) {
            student.hardship =
                dice.weighted(&[(Hardship::General, 60), (Hardship::Hard, 30), (Hardship::VeryHard, 10)]);
            let (category, evidence) = match (dice.below(10), student.hukou) {
                (0 | 1, HukouKind::Rural) => (Category::RuralMinimumLiving, EvidenceKind::MinimumLivingCard),
                (0 | 1, _) => (Category::UrbanMinimumLiving, EvidenceKind::MinimumLivingCard),
                (2, _) => (Category::Disabled, EvidenceKind::DisabilityCard),
                (3, _) => (Category::Orphan, EvidenceKind::OrphanCertificate),
                _ => continue,
            };
            (student.category, student.evidence) = (Some(category), Some(evidence));
        }
    }
}
