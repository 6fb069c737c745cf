//! What the acts on many records are asked with, and how what came of each is told.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::act::Came;
use super::hand::Hand;
use super::model::{AidRecord, AidState, FundSource, Origin};
use super::propose::{Line, ProposalOutcome};
use super::store::{self, Filter};
use super::whom::Whom;
use crate::db::Conn;
use crate::error::{Error, FieldError, Result};
use crate::values::closed_list::closed_list;
use crate::values::{Fen, Lang, Place, Programme, Term, Text};

/// The most ids in one request.
const MOST_IDS: usize = 10_000;

/// The most records a filter may mean; more is a mistake in the filter.
const MOST_MEANT: i64 = 500_000;

fn fault(pointer: &str, code: &'static str, zh: &'static str, en: &'static str) -> Error {
    Error::invalid(vec![FieldError { pointer: pointer.to_owned(), code, detail: Text::fixed(zh, en) }])
}

/// 批量申报 / For whom to propose. Exactly one of `place`, `school`, `poverty_list`, `students`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalsRequest {
    /// Term.
    #[schema(value_type = String, example = "2025A")]
    pub term: Term,
    /// 行政区划 / Everyone on the roll of its schools.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "341024")]
    pub place: Option<Place>,
    /// 学校标识码 / Everyone on its roll.
    #[serde(default)]
    pub school: Option<String>,
    /// 名单版本 / Everyone on this locked version of the provincial list.
    #[serde(default)]
    pub poverty_list: Option<String>,
    /// 学生 / These, by `student_id`; at most 10000.
    #[serde(default)]
    pub students: Option<Vec<String>>,
    /// 资助项目 / Every programme paid in cash when absent.
    #[serde(default)]
    pub programmes: Option<Vec<Programme>>,
    /// 只试算 / Say what would be proposed, and store nothing.
    #[serde(default)]
    pub dry_run: bool,
}

impl ProposalsRequest {
    /// Whom exactly.
    pub(super) fn whom(self) -> Result<Whom> {
        match (self.place, self.school, self.poverty_list, self.students) {
            (Some(place), None, None, None) => Ok(Whom::Place(place)),
            (None, Some(code), None, None) => Ok(Whom::School(code)),
            (None, None, Some(list), None) => Ok(Whom::List(list)),
            (None, None, None, Some(ids)) if ids.len() <= MOST_IDS => Ok(Whom::Students(ids)),
            (None, None, None, Some(_)) => Err(fault(
                "/students",
                "too_many",
                "一次最多 10000 名学生",
                "at most 10000 students at a time",
            )),
            _ => Err(fault(
                "/place",
                "one_of",
                "place、school、poverty_list、students 必须且只能给出一个",
                "give exactly one of place, school, poverty_list and students",
            )),
        }
    }
}

/// 一名学生一个项目的结果 / What came of one student and programme.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalBody {
    /// The student.
    pub student_id: String,
    /// The programme; null where none of those asked about is due.
    pub programme: Option<Programme>,
    /// What came of it.
    pub outcome: ProposalOutcome,
    /// The record made or found; null on a dry run.
    pub record_id: Option<String>,
    /// Its amount in fen.
    #[schema(value_type = Option<i64>)]
    pub fen: Option<Fen>,
    /// 缺少的事实 / When undetermined: the facts that are missing.
    pub missing: Vec<&'static str>,
}

impl From<Line> for ProposalBody {
    fn from(l: Line) -> Self {
        Self {
            student_id: l.person_id,
            programme: l.programme,
            outcome: l.outcome,
            record_id: l.record_id,
            fen: l.fen.map(Fen),
            missing: l.missing,
        }
    }
}

/// 批量申报结果 / Every student, and what the policy says.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalsBody {
    /// Term.
    #[schema(value_type = String)]
    pub term: Term,
    /// 判定日期 / The day the policy was asked for.
    pub as_of: NaiveDate,
    /// Nothing was stored.
    pub dry_run: bool,
    /// Students meant.
    pub students: usize,
    /// How many lines of each outcome.
    pub counts: BTreeMap<&'static str, usize>,
    /// 新申报金额合计（分） / Sum of what was proposed, in fen.
    #[schema(value_type = i64)]
    pub proposed_fen: Fen,
    /// 尚未办理 / Students of an order that is being carried out as a job, or was cancelled, not come to yet.
    pub remaining: usize,
    /// One line for each student and programme.
    pub items: Vec<ProposalBody>,
}

impl ProposalsBody {
    /// Nothing told yet.
    pub(super) fn begin(hand: &Hand, term: Term, dry_run: bool, students: usize) -> Self {
        Self {
            term,
            as_of: hand.day_in(term),
            dry_run,
            students,
            counts: ProposalOutcome::ALL.iter().map(|o| (o.code(), 0)).collect(),
            proposed_fen: Fen(0),
            remaining: 0,
            items: Vec::new(),
        }
    }

    /// Tells what came of a set.
    pub(super) fn add(&mut self, lines: Vec<Line>) {
        for line in lines {
            *self.counts.entry(line.outcome.code()).or_default() += 1;
            if line.outcome == ProposalOutcome::Proposed {
                self.proposed_fen.0 = self.proposed_fen.0.saturating_add(line.fen.unwrap_or_default());
            }
            self.items.push(line.into());
        }
    }
}

/// 选定的记录 / Which records are meant: these, or all of a term that a filter finds in the state that the
/// act follows.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// These; at most 10000.
    #[serde(default)]
    pub records: Option<Vec<String>>,
    /// All of this term.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2025A")]
    pub term: Option<Term>,
    /// Of them, those at schools in this place.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub place: Option<Place>,
    /// Of them, those of this school.
    #[serde(default)]
    pub school: Option<String>,
    /// Of them, those of this programme.
    #[serde(default)]
    pub programme: Option<Programme>,
    /// Of them, those on this notice.
    #[serde(default)]
    pub notice: Option<String>,
}

/// The records of a selection.
pub(super) enum Meant {
    /// These, each once.
    Ids(Vec<String>),
    /// Those a filter finds.
    Filter(Box<Filter>),
}

impl Selection {
    /// Which records exactly; `state` is the one that the act follows.
    pub(super) fn meant(self, state: AidState) -> Result<Meant> {
        let filtered = self.place.is_some() || self.school.is_some() || self.programme.is_some();
        match (self.records, self.term) {
            (Some(ids), None) if !filtered && self.notice.is_none() && ids.len() <= MOST_IDS => {
                let mut seen = HashSet::new();
                Ok(Meant::Ids(ids.into_iter().filter(|id| seen.insert(id.clone())).collect()))
            }
            (Some(ids), _) if ids.len() > MOST_IDS => Err(fault(
                "/select/records",
                "too_many",
                "一次最多 10000 条；更多请按学期筛选",
                "at most 10000 at a time: use a filter for more",
            )),
            (None, Some(term)) => Ok(Meant::Filter(Box::new(Filter {
                term: Some(term.to_string()),
                place: self.place,
                programme: self.programme,
                school: self.school,
                student: None,
                state: Some(state),
                origin: Some(Origin::Office),
                notice: self.notice,
            }))),
            _ => Err(fault(
                "/select",
                "one_of",
                "请用 records 给出记录编号，或用 term 加其他条件筛选，两者不能同时使用",
                "give ids as records, or a term with further filters, and not both",
            )),
        }
    }

    /// The ids meant.
    pub(super) fn ids(self, conn: &mut Conn, hand: &Hand, state: AidState) -> Result<Vec<String>> {
        match self.meant(state)? {
            Meant::Ids(ids) => Ok(ids),
            Meant::Filter(filter) => {
                let rows = store::list(conn, hand.who.scope(), *filter, None, MOST_MEANT)?;
                Ok(rows.into_iter().map(|r| r.record_id).collect())
            }
        }
    }
}

closed_list! {
    /// What came of an act on one record.
    pub enum BulkOutcome {
        Done = "done", "已办理", "done";
        Already = "already", "此前已办理", "done before, unchanged";
        Refused = "refused", "未办理", "refused";
        NotFound = "not_found", "没有找到", "not found, or not within the caller's scope";
    }
}

/// 一条记录的结果 / What came of one record.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkItemBody {
    /// The record.
    pub record_id: String,
    /// What came of it.
    pub outcome: BulkOutcome,
    /// Its state now; null when not found.
    pub state: Option<AidState>,
    /// Its version now.
    pub version: Option<i64>,
    /// When refused: a stable code.
    pub code: Option<&'static str>,
    /// When refused: what is wrong and what to do.
    pub message: Option<String>,
}

/// 批量办理结果 / Every record, and what came of it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct BulkBody {
    /// How many of each outcome.
    pub counts: BTreeMap<&'static str, usize>,
    /// 尚未办理 / Records of an order that is being carried out as a job, or was cancelled, not come to yet.
    pub remaining: usize,
    /// One for each record, in the order asked.
    pub items: Vec<BulkItemBody>,
}

impl BulkBody {
    /// Nothing told yet.
    pub(super) fn begin() -> Self {
        let counts = BulkOutcome::ALL.iter().map(|o| (o.code(), 0)).collect();
        Self { counts, remaining: 0, items: Vec::new() }
    }

    /// Tells what came of a set: of those asked for, in their order, the ones that were there.
    pub(super) fn add(&mut self, asked: Vec<String>, came: Vec<Came>, lang: Lang) {
        let mut came = came.into_iter().peekable();
        for id in asked {
            let of_it = came.next_if(|c| c.record().record_id == id);
            let item = BulkItemBody::of(id, of_it, lang);
            *self.counts.entry(item.outcome.code()).or_default() += 1;
            self.items.push(item);
        }
    }
}

impl BulkItemBody {
    /// What came of a record; of one that was not there, only its id.
    pub(super) fn of(record_id: String, came: Option<Came>, lang: Lang) -> Self {
        let told = |record: &AidRecord, outcome| Self {
            record_id: record.record_id.clone(),
            outcome,
            state: Some(record.state),
            version: Some(record.version),
            code: None,
            message: None,
        };
        match came {
            Some(Came::Done(record)) => told(&record, BulkOutcome::Done),
            Some(Came::Already(record)) => told(&record, BulkOutcome::Already),
            Some(Came::Refused(record, refused)) => {
                let field = refused.fields.first();
                let text = field.map_or(&refused.detail, |f| &f.detail);
                Self {
                    code: Some(field.map_or(refused.code.code(), |f| f.code)),
                    message: Some(text.in_lang(lang).to_owned()),
                    ..told(&record, BulkOutcome::Refused)
                }
            }
            None => Self {
                record_id,
                outcome: BulkOutcome::NotFound,
                state: None,
                version: None,
                code: None,
                message: None,
            },
        }
    }
}

/// 批量公示 / Which records to put on notice, and when the lists were put up.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticesRequest {
    /// Which; by a filter: those proposed.
    pub select: Selection,
    /// 张贴日期 / Today when absent.
    #[serde(default)]
    pub starts_on: Option<NaiveDate>,
}

/// 批量批准 / Which records to approve.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalsRequest {
    /// Which; by a filter: those under notice.
    pub select: Selection,
}

/// 批量发放 / Which records were paid in full, and when.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentsRequest {
    /// Which; by a filter: those approved.
    pub select: Selection,
    /// 发放日期 / Day of payment.
    pub paid_on: NaiveDate,
    /// 资金来源 / Whose funds.
    #[serde(default)]
    pub source: Option<FundSource>,
}
