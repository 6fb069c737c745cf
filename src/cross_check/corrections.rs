//! What one school has to put right, in its own columns: the rows of its roll and of its payments that have
//! findings, with what is wrong beside them. The headers are those of the import files, so that a row that
//! was put right can be sent in again.

use std::collections::HashMap;

use super::export::{Wanted, columns, cover, in_pages, out_cells, shown};
use super::model::{Detail, FindingKind};
use super::report::explain;
use super::sighting_store::{Filter, Found};
use super::store::CheckRow;
use crate::db::Conn;
use crate::error::Result;
use crate::roll::masking::Shown;
use crate::roll::model::Enrolment;
use crate::roll::store as roll;
use crate::seal::{Sealer, vault};
use crate::sheet::{Export, ExportForm, Exported};
use crate::values::{Fen, Programme};

const ROLL: [&str; 16] = [
    "姓名",
    "身份证件号",
    "全国学籍号",
    "学校标识码",
    "学段",
    "年级",
    "班级",
    "就读方式",
    "户籍地区划代码",
    "户编号",
    "在读状态",
    "入学日期",
    "离校日期",
    "疑点类型",
    "问题与处理",
    "状态",
];

const AID: [&str; 12] = [
    "姓名",
    "身份证号",
    "学校标识码",
    "学期",
    "资助项目",
    "金额(元)",
    "发放日期",
    "疑点类型",
    "应发(元)",
    "已发(元)",
    "问题与处理",
    "状态",
];

/// Whether a finding is put right in the payments rather than in the roll.
const fn in_payments(kind: FindingKind) -> bool {
    match kind {
        FindingKind::ListedUnaided
        | FindingKind::ListedUnderpaid
        | FindingKind::AidedWithoutCategory
        | FindingKind::DuplicateAid
        | FindingKind::AidedAfterLeaving
        | FindingKind::StageMismatch
        | FindingKind::SharedAccount
        | FindingKind::PaidLate => true,
        FindingKind::ListedNotEnrolled
        | FindingKind::ListedElsewhere
        | FindingKind::OffListWithProof
        | FindingKind::OffListWithoutProof
        | FindingKind::IdConflict
        | FindingKind::ProbableTypo
        | FindingKind::DuplicateEnrolment
        | FindingKind::HouseholdMemberOffList
        | FindingKind::AgeOutOfRange
        | FindingKind::SchoolKindMismatch => false,
    }
}

/// The workbook of one school: findings that are not settled yet, two sheets. Masked like every answer. Rows come
/// and go in pages, so that memory stays flat however large the school.
pub fn corrections(
    conn: &mut Conn,
    sealer: &Sealer,
    wanted: Wanted<'_>,
    check: &CheckRow,
    school: &str,
) -> Result<Exported> {
    let filter = Filter { school: Some(school.to_owned()), ..Filter::default() };
    let cover = cover(wanted, check, "学校更正清单")?.line("更正学校", school).line(
        "用法",
        "按“问题与处理”逐行核实更正；更正后的行可按原表头导入。证件号脱敏时请先换用有权限的令牌下载。",
    );
    let mut out = Export::begin(ExportForm::Xlsx, "学籍更正", columns(&ROLL), &cover)?;
    in_pages(conn, wanted.scope, check, &filter, |conn, page| {
        let found = open_in(page, |kind| !in_payments(kind));
        let people = shown(conn, sealer, &found, wanted.pii)?;
        let roll = OnRoll::load(conn, sealer, wanted, check, &found)?;
        found.iter().try_for_each(|found| out.row(&out_cells(&roll.cells(found, &people, school)?)))
    })?;
    out.sheet("资助更正", columns(&AID))?;
    in_pages(conn, wanted.scope, check, &filter, |conn, page| {
        let found = open_in(page, in_payments);
        let people = shown(conn, sealer, &found, wanted.pii)?;
        found.iter().try_for_each(|found| out.row(&out_cells(&of_payment(found, &people, check, school)?)))
    })?;
    out.finish()
}

/// Those of a page that are not settled and still there.
fn open_in(page: &[Found], kinds: impl Fn(FindingKind) -> bool) -> Vec<Found> {
    let open = |found: &&Found| kinds(found.0.kind) && found.1.state.is_unsettled() && !found.1.gone;
    page.iter().filter(open).cloned().collect()
}

/// What the roll says of the people of some findings.
struct OnRoll {
    /// Their rows, by person and school.
    rows: HashMap<(String, String), Enrolment>,
    /// Their student numbers, for whoever may see them.
    numbers: HashMap<String, String>,
}

impl OnRoll {
    fn load(
        conn: &mut Conn,
        sealer: &Sealer,
        wanted: Wanted<'_>,
        check: &CheckRow,
        found: &[Found],
    ) -> Result<Self> {
        let persons: Vec<String> = found.iter().map(|(s, _)| s.person_id.clone()).collect();
        let rows = roll::of_people(conn, &check.term, &persons)?.into_iter();
        let rows = rows.map(|row| ((row.person_id.clone(), row.school_code.clone()), row)).collect();
        let opened = if wanted.pii { vault::reveal(conn, sealer, &persons)? } else { HashMap::new() };
        let numbers = opened.into_iter().filter_map(|(person, of)| Some((person, of.student_number?)));
        Ok(Self { rows, numbers: numbers.collect() })
    }

    fn cells(&self, (s, f): &Found, people: &Shown, school: &str) -> Result<Vec<String>> {
        let detail: Detail = serde_json::from_str(&s.detail)?;
        let mut cells = vec![
            people.name(&s.name_id).unwrap_or_default(),
            people.id_number(&s.person_id).unwrap_or_default(),
            self.numbers.get(&s.person_id).cloned().unwrap_or_default(),
            school.to_owned(),
        ];
        cells.extend(of_roll(self.rows.get(&(s.person_id.clone(), school.to_owned()))));
        cells.extend([s.kind.zh().to_owned(), explain(s.kind, &detail), f.state.zh().to_owned()]);
        Ok(cells)
    }
}

fn of_payment((s, f): &Found, people: &Shown, check: &CheckRow, school: &str) -> Result<Vec<String>> {
    let detail: Detail = serde_json::from_str(&s.detail)?;
    let yuan = |fen: Option<i64>| fen.map(|fen| Fen(fen).yuan()).unwrap_or_default();
    // What is to be paid still; money that was paid wrongly is taken back by its own way.
    let missing = matches!(s.kind, FindingKind::ListedUnaided | FindingKind::ListedUnderpaid);
    Ok(vec![
        people.name(&s.name_id).unwrap_or_default(),
        people.id_number(&s.person_id).unwrap_or_default(),
        school.to_owned(),
        check.term.clone(),
        s.programme.map(Programme::zh).unwrap_or_default().to_owned(),
        if missing { yuan(Some(s.at_stake_fen)) } else { String::new() },
        String::new(),
        s.kind.zh().to_owned(),
        yuan(s.due_fen),
        yuan(s.paid_fen),
        explain(s.kind, &detail),
        f.state.zh().to_owned(),
    ])
}

/// Stage to leaving as the roll says them; empty where it has no row.
fn of_roll(row: Option<&Enrolment>) -> Vec<String> {
    let Some(row) = row else { return vec![String::new(); 9] };
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    vec![
        row.stage.zh().to_owned(),
        row.grade.map(|grade| grade.to_string()).unwrap_or_default(),
        row.class_name.clone().unwrap_or_default(),
        row.boarding.map(|boards| if boards { "住校" } else { "走读" }).unwrap_or_default().to_owned(),
        row.hukou_place.clone().unwrap_or_default(),
        row.household_no.clone().unwrap_or_default(),
        row.state.zh().to_owned(),
        day(row.entered_on),
        day(row.left_on),
    ]
}
