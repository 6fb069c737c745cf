//! An outcome in words: what a finding says, what a bureau head reads first, and the tables that prove the
//! totals.
//!
//! Pure assembly, without people: how tables become bytes is the sheet room's business.

use super::model::{Detail, FindingKind, ListedState};
use super::reconcile_totals::{StageRow, Totals};
use std::collections::BTreeMap;

use crate::values::{Stage, Term};

/// One sheet: its name, its header row, its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Name of the sheet, at most 31 characters, unique in the workbook.
    pub title: &'static str,
    /// Header row.
    pub headers: Vec<&'static str>,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

/// What was found and what to do, in one Chinese sentence without personal data.
pub fn explain(kind: FindingKind, detail: &Detail) -> String {
    match detail {
        Detail::Plain => match kind {
            FindingKind::ListedUnaided => "名单内在读，本学期应助未助，请核实后补发".to_owned(),
            FindingKind::ListedUnderpaid => "低于应发标准，请核实后补足差额".to_owned(),
            other => other.zh().to_owned(),
        },
        Detail::Absence { reason, since } => {
            let since = since.map(|day| format!("（自 {day}）")).unwrap_or_default();
            format!("{}{since}，请核实去向", reason.zh())
        }
        Detail::Elsewhere { distance } => {
            format!("{}就读，请向就读地核实受助情况", distance.zh())
        }
        Detail::Proof { evidence } => {
            let shown: Vec<_> = evidence.iter().map(|kind| kind.zh()).collect();
            match (kind, shown.is_empty()) {
                (FindingKind::OffListWithProof, _) => {
                    format!("持{}，同等资助并列入名单外上报", shown.join("、"))
                }
                (_, true) => "登记为建档立卡但无证明材料，请补扶贫手册或县级证明".to_owned(),
                (_, false) => format!("仅有{}，须补扶贫手册或县级证明", shown.join("、")),
            }
        }
        Detail::NoCategory { on_roll: true } => "学籍中无任何困难类型、证明或认定，请核实受助依据".to_owned(),
        Detail::NoCategory { on_roll: false } => {
            "学籍中查无此人，也不在名单内，请核实身份和受助依据".to_owned()
        }
        Detail::Duplicate { records, same_day, due_known } => {
            let same = if *same_day { "，其中有同日同额" } else { "" };
            let unknown = if *due_known { "" } else { "，应发金额未知" };
            format!("同一学期同一项目 {records} 笔{same}{unknown}，请核实并追回多发部分")
        }
        Detail::AfterLeaving { state, since, .. } => {
            let state = state.map_or("学籍中查无此人", crate::values::EnrolmentState::zh);
            let since = since.map(|day| format!("（自 {day}）")).unwrap_or_default();
            format!("{state}{since}仍有发放记录，请核实")
        }
        Detail::OtherStage { records } => format!("{records} 笔资助的项目与在读学段不符，请核实"),
        Detail::Names { sources, names } => {
            let sources: Vec<_> = sources.iter().map(|source| source.zh()).collect();
            format!("同一证件号在{}中出现 {names} 个姓名，请核对证件", sources.join("、"))
        }
        Detail::Typo { change, same_name } => {
            let name = if *same_name { "姓名一致" } else { "姓名不同" };
            format!("与学籍中一名学生{}，{name}，请对照证件确认是否同一人", change.zh())
        }
        Detail::Schools { schools } => format!("同时在 {schools} 所学校有学籍，请核实并注销其一"),
        Detail::Account { persons, one_household } => {
            let same = match one_household {
                0 => String::new(),
                n => format!("（其中 {n} 人同户）"),
            };
            format!("{persons} 名学生{same}共用一个账户，请核实是否代领")
        }
        Detail::Household { listed, by } => {
            format!("依据{}，同户已有 {listed} 人在名单内而该生不在，请核实后补录名单", by.zh())
        }
        Detail::Age { years, from, to, paid_on } => {
            let years = years.map_or("未出生".to_owned(), |years| format!("{years} 周岁"));
            let to = to.map_or(String::new(), |to| format!("至 {to}"));
            format!("{paid_on} 发放时{years}，该学段通常为 {from} {to}周岁，请核实身份")
        }
        Detail::SchoolKind { students } => {
            format!("学校标识码前两位所示类别不含该学段，涉及 {students} 名学生，请核对标识码或学段")
        }
        Detail::Late { days } => format!("晚于规定日期 {days} 天发放"),
    }
}

/// The sentences a bureau head reads first, one per line.
pub fn summary(totals: &Totals, kinds: &BTreeMap<FindingKind, u64>, term: Term, place: &str) -> Vec<String> {
    let of = |state| totals.by_state.of(state);
    let absent = of(ListedState::NotEnrolled) + of(ListedState::Left) + of(ListedState::Elsewhere);
    let at_school = totals.listed - absent;
    let mut lines = vec![
        format!(
            "{place}{}：名单内学生 {} 人，其中在本地在读 {at_school} 人，未在籍、离校或外地就读 {absent} 人。",
            term.zh(),
            totals.listed,
        ),
        format!(
            "已足额资助 {} 人，漏助 {} 人，标准偏低 {} 人，金额待定 {} 人，无应助项目 {} 人。",
            of(ListedState::AidedRight),
            of(ListedState::Unaided),
            of(ListedState::AidedLow),
            of(ListedState::Undetermined),
            of(ListedState::NotDue),
        ),
        format!(
            "名单内应发 {} 元，已发 {} 元，漏发 {} 元，少发 {} 元。",
            totals.due.yuan(),
            totals.due_paid.yuan(),
            totals.missing_unaided.yuan(),
            totals.missing_underpaid.yuan(),
        ),
        format!("本学期发放 {} 笔、{} 人、{} 元。", totals.aid_records, totals.aided, totals.paid.yuan()),
    ];
    for row in &totals.by_stage {
        lines.push(format!(
            "  {}：名单内 {} 人，足额 {} 人，漏助 {} 人，偏低 {} 人，金额待定 {} 人。",
            stage_word(row),
            row.listed.sum(),
            row.listed.of(ListedState::AidedRight),
            row.listed.of(ListedState::Unaided),
            row.listed.of(ListedState::AidedLow),
            row.listed.of(ListedState::Undetermined),
        ));
    }
    lines.extend(undetermined(totals));
    let mut kinds: Vec<(FindingKind, u64)> = kinds.iter().map(|(kind, count)| (*kind, *count)).collect();
    kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
    if kinds.is_empty() {
        lines.push("没有发现疑点。".to_owned());
    } else {
        let top: Vec<String> =
            kinds.iter().take(6).map(|(kind, count)| format!("{} {count}", kind.zh())).collect();
        let all: u64 = kinds.iter().map(|(_, count)| count).sum();
        lines.push(format!("疑点 {all} 条，最多的是：{}。", top.join("、")));
    }
    lines
}

/// Why amounts are open and what ends it, by stage; nothing if none is.
fn undetermined(totals: &Totals) -> Option<String> {
    let open = |row: &StageRow| row.listed.of(ListedState::Undetermined);
    let stages: Vec<String> = totals
        .by_stage
        .iter()
        .filter(|row| open(row) > 0)
        .map(|row| format!("{} {} 人", stage_word(row), open(row)))
        .collect();
    (!stages.is_empty()).then(|| {
        format!(
            "金额待定是因为当地标准未录入，或学籍缺少判定所需的信息：{}；补录后重新比对即可判定。",
            stages.join("、")
        )
    })
}

fn stage_word(row: &StageRow) -> &'static str {
    row.stage.map_or("学段不详", Stage::zh)
}

/// The identities with both sides, so that a reader can add them up himself.
pub fn proof(totals: &Totals) -> Table {
    let mut rows = Vec::new();
    let mut line = |of: &str, part: &str, persons: String, yuan: String| {
        rows.push(vec![of.to_owned(), part.to_owned(), persons, yuan]);
    };
    for state in ListedState::ALL {
        line("名单人数", state.zh(), totals.by_state.of(*state).to_string(), String::new());
    }
    line("名单人数", "合计", totals.listed.to_string(), String::new());
    for (group, paid) in &totals.by_group {
        line("受助学生", group.zh(), paid.persons.to_string(), paid.fen.yuan());
    }
    line("受助学生", "合计", totals.aided.to_string(), totals.paid.yuan());
    for (programme, paid) in &totals.by_programme {
        line("发放金额", programme.zh(), paid.persons.to_string(), paid.fen.yuan());
    }
    line("发放金额", "合计", String::new(), totals.paid.yuan());
    for (part, fen) in [
        ("已发", totals.due_paid),
        ("漏发", totals.missing_unaided),
        ("少发", totals.missing_underpaid),
        ("合计", totals.due),
    ] {
        line("名单内应发", part, String::new(), fen.yuan());
    }
    Table { title: "平衡关系", headers: vec!["总数", "组成", "人数", "金额(元)"], rows }
}

/// The listed students by stage and state.
pub fn stages(totals: &Totals) -> Table {
    let mut headers = vec!["学段", "名单人数"];
    headers.extend(ListedState::ALL.iter().map(|state| state.zh()));
    headers.push("未发金额(元)");
    let rows = totals.by_stage.iter().map(|row| {
        let mut cells = vec![stage_word(row).to_owned(), row.listed.sum().to_string()];
        cells.extend(ListedState::ALL.iter().map(|state| row.listed.of(*state).to_string()));
        cells.push(row.missing.yuan());
        cells
    });
    Table { title: "分学段", headers, rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::super::model::{AbsenceReason, Distance, HouseholdSource, NearMiss, Source};
    use super::super::reconcile::Outcome;
    use super::super::reconcile_tests::World;
    use super::*;
    use crate::values::Fen;

    fn example() -> Outcome {
        let mut world = World::default();
        world.right(1);
        world.unpaid(2);
        world.unpaid(3);
        world.paid(3, Fen(110_000));
        world.on_list(4);
        world.run()
    }

    #[test]
    fn rows_are_as_long_as_their_headers_and_parts_add_up() {
        let totals = example().totals;
        let (proof, stages) = (proof(&totals), stages(&totals));
        for table in [&proof, &stages] {
            assert!(!table.rows.is_empty());
            for row in &table.rows {
                assert_eq!(row.len(), table.headers.len(), "{}", table.title);
            }
        }
        let persons = |sum: bool| {
            let rows = proof.rows.iter().filter(|row| row[0] == "名单人数" && (row[1] == "合计") == sum);
            rows.map(|row| row[2].parse::<u64>().unwrap()).sum::<u64>()
        };
        assert_eq!((persons(true), persons(false)), (4, 4));
        assert_eq!(stages.rows[0][..2], ["普通高中", "4"]);
    }

    #[test]
    fn the_summary_gives_the_numbers_of_the_run() {
        let outcome = example();
        let lines = summary(&outcome.totals, &outcome.by_kind(), outcome.options.term, "祁门县").join("\n");
        for part in [
            "祁门县2025年秋季学期：名单内学生 4 人，其中在本地在读 3 人，未在籍、离校或外地就读 1 人",
            "已足额资助 1 人，漏助 1 人，标准偏低 1 人",
            "应发 5250 元，已发 2850 元，漏发 1750 元，少发 650 元",
            "普通高中：名单内 4 人，足额 1 人，漏助 1 人，偏低 1 人，金额待定 0 人",
            "疑点 3 条",
        ] {
            assert!(lines.contains(part), "{part}\n{lines}");
        }
        let outcome = World::default().run();
        let nothing = summary(&outcome.totals, &outcome.by_kind(), outcome.options.term, "祁门县");
        assert!(nothing.last().is_some_and(|line| line == "没有发现疑点。"));
    }

    #[test]
    fn the_summary_says_why_amounts_are_open_only_if_some_are() {
        let said = |outcome: &Outcome| {
            let lines = summary(&outcome.totals, &outcome.by_kind(), outcome.options.term, "祁门县");
            lines.into_iter().find(|line| line.starts_with("金额待定"))
        };
        assert_eq!(said(&example()), None);
        let mut world = World::default();
        world.right(1);
        world.right(2);
        world.due[1].fen_per_term = None;
        let sentence = said(&world.run()).unwrap();
        assert!(sentence.contains("当地标准未录入") && sentence.contains("：普通高中 1 人；"), "{sentence}");
    }

    #[test]
    fn every_detail_has_its_own_sentence() {
        let day = chrono::NaiveDate::from_ymd_opt(2025, 9, 1);
        let details = [
            Detail::Plain,
            Detail::Absence { reason: AbsenceReason::Graduated, since: day },
            Detail::Elsewhere { distance: Distance::OtherCity },
            Detail::Proof { evidence: vec![] },
            Detail::Proof { evidence: vec![crate::values::EvidenceKind::VillageCertificate] },
            Detail::NoCategory { on_roll: true },
            Detail::NoCategory { on_roll: false },
            Detail::Duplicate { records: 2, same_day: true, due_known: true },
            Detail::Duplicate { records: 2, same_day: false, due_known: false },
            Detail::AfterLeaving { state: None, since: None, paid_on: None },
            Detail::OtherStage { records: 1 },
            Detail::Names { sources: vec![Source::List, Source::Roll], names: 2 },
            Detail::Typo { change: NearMiss::Transposed, same_name: true },
            Detail::Schools { schools: 2 },
            Detail::Account { persons: 3, one_household: 2 },
            Detail::Late { days: 4 },
            Detail::Household { listed: 1, by: HouseholdSource::Roll },
            Detail::Household { listed: 1, by: HouseholdSource::EarlierList },
            Detail::Age { years: Some(35), from: 5, to: Some(16), paid_on: day.unwrap() },
            Detail::Age { years: None, from: 14, to: None, paid_on: day.unwrap() },
            Detail::SchoolKind { students: 3 },
        ];
        let sentences: std::collections::BTreeSet<String> =
            details.iter().map(|detail| explain(FindingKind::ListedUnaided, detail)).collect();
        assert_eq!(sentences.len(), details.len());
        assert!(sentences.contains("毕业（自 2025-09-01），请核实去向"));
    }
}
