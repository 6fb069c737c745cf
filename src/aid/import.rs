//! Aid records as a file: the payment sheet's columns, how a row is read, how rows are stored.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::by_file::{OfStudent, of_student};
use super::model::{AidRecord, AidState, Entry, EntryKind, Origin};
use super::{payments, store};
use crate::db::Conn;
use crate::error::Result;
use crate::imports::batch::{Batch, Outcome, arrivals, incoming, standing};
use crate::imports::columns::{self, column, required};
use crate::imports::{ImportKind, Importer, Pending, Times};
use crate::poverty_list::import::out_of_scope;
use crate::roll::store as roll;
use crate::seal::vault;
use crate::sheet::{CellKind, Fields, SheetSpec};
use crate::values::{
    BankCard, Change, Fen, Parsed, PersonName, Place, Programme, ResidentId, SchoolCode, StudentNumber, Term,
    Text, Tier, ValueError, clock, day, digest,
};

/// The columns of a payment sheet.
pub static SPEC: SheetSpec = SheetSpec {
    kind: "aid",
    zh: "资助发放记录",
    columns: &[
        columns::NAME,
        columns::id_number("身份证号", false),
        columns::STUDENT_NUMBER,
        columns::school_code(true),
        columns::school_name("学校名称"),
        column("term", "学期", &["发放学期", "资助学期"], CellKind::Plain),
        required("programme", "资助项目", &["项目", "资助项目名称", "项目名称"], CellKind::Plain),
        column("tier", "档次", &["资助档次", "等级"], CellKind::Plain),
        required("amount", "金额(元)", &["金额", "资助金额", "发放金额", "减免金额"], CellKind::Money),
        required("paid_on", "发放日期", &["减免日期", "发放时间", "到账日期"], CellKind::Date),
        column("account", "银行卡号", &["发放银行卡号", "银行账号", "卡号"], CellKind::Id),
        column("recipient_kind", "受助类型", &["困难类型"], CellKind::Plain),
    ],
    either: &[&["id_number", "student_number"]],
};

/// One payment as the sheet gives it.
#[derive(Debug)]
pub struct AidRow {
    pub(super) id: Option<ResidentId>,
    pub(super) number: Option<StudentNumber>,
    pub(super) name: PersonName,
    pub(super) school: SchoolCode,
    term: Option<Term>,
    pub(super) programme: Programme,
    tier: Option<Tier>,
    pub(super) fen: Fen,
    pub(super) paid_on: NaiveDate,
    pub(super) account: Option<BankCard>,
    recipient_kind: Option<String>,
}

of_student!(AidRow);

/// Imports a payment sheet.
#[derive(Debug, Clone)]
pub struct AidImporter {
    today: NaiveDate,
    /// How often each payment has been met in this file.
    met: Times,
}

impl AidImporter {
    /// An importer; `today` bounds the dates of payment.
    pub fn new(today: NaiveDate) -> Self {
        Self { today, met: Times::default() }
    }
}

impl Importer for AidImporter {
    type Row = AidRow;
    const KIND: ImportKind = ImportKind::Aid;

    fn spec(&self) -> &'static SheetSpec {
        &SPEC
    }

    fn parse(&self, f: &mut Fields<'_>) -> Option<AidRow> {
        let (id, number) = numbers(f);
        let name = f.require("name", PersonName::parse);
        let school = f.require("school_code", SchoolCode::parse);
        let programme =
            f.require_word("programme", Programme::from_word, Programme::ALL.iter().map(|p| p.zh()));
        let tier = f.word("tier", Tier::from_word, Tier::ALL.iter().map(|t| t.zh()));
        f.need("amount");
        let fen = f.fen("amount");
        let paid_on = f.require("paid_on", day::parse);
        if paid_on.is_some_and(|d| d > self.today) {
            f.reject(
                "paid_on",
                ValueError::fixed(
                    "date_in_future",
                    ("发放日期晚于今天", "the day of payment lies in the future"),
                    ("请填写实际发放日期", "give the day the money was paid"),
                ),
            );
        }
        let term = f.parse("term", |t| Term::parse(t).map(Parsed::unchanged).ok_or_else(unknown_term));
        Some(AidRow {
            name: name?,
            school: school?,
            term,
            programme: programme?,
            tier,
            fen: fen?,
            paid_on: paid_on?,
            account: f.parse("account", BankCard::parse),
            recipient_kind: f.text("recipient_kind"),
            id,
            number,
        })
    }

    fn who(&self, row: &AidRow) -> Option<vault::Incoming> {
        Some(incoming(row.id.as_ref(), row.number.as_ref(), &row.name, None))
    }

    fn remark(&self, row: &AidRow) -> Option<Change> {
        row.id.as_ref()?.area_remark()
    }

    fn store(&mut self, conn: &mut Conn, batch: &Batch<'_>, rows: &mut [Pending<AidRow>]) -> Result<()> {
        let places = admit(conn, batch, rows)?;
        let people = vault::enter(conn, batch.sealer, arrivals(rows), batch.order.at)?;
        let cards: Vec<String> =
            standing(rows).filter_map(|p| p.row.account.as_ref().map(|a| a.as_str().to_owned())).collect();
        let mut accounts = vault::enter_accounts(conn, batch.sealer, &cards, batch.order.at)?.into_iter();
        let stated: Vec<(AidRecord, Entry)> = standing(rows)
            .zip(people)
            .map(|(pending, person)| {
                let account = pending.row.account.as_ref().and_then(|_| accounts.next());
                let place = places.get(pending.row.school.as_str()).cloned().unwrap_or_default();
                self.record(&pending.row, batch, person, account, place)
            })
            .collect();
        let keys: Vec<String> = stated.iter().filter_map(|(_, e)| e.row_key.clone()).collect();
        let known = payments::recorded(conn, &keys)?;
        let (mut fresh, mut lines) = (Vec::with_capacity(stated.len()), Vec::with_capacity(stated.len()));
        for (pending, (record, line)) in standing(rows).zip(stated) {
            if line.row_key.as_ref().is_some_and(|key| known.contains(key)) {
                pending.outcome = Outcome::Unchanged;
            } else {
                fresh.push(record);
                lines.push(line);
            }
        }
        store::insert(conn, &fresh, &lines)
    }
}

impl AidImporter {
    fn record(
        &mut self,
        row: &AidRow,
        batch: &Batch<'_>,
        person: vault::PersonRef,
        account_id: Option<String>,
        place: String,
    ) -> (AidRecord, Entry) {
        let term = batch.order.term.to_string();
        let payment =
            payment_key(&person.person_id, row.programme, &term, row.school.as_str(), row.paid_on, row.fen.0);
        let nth = self.met.next(&payment);
        let record_id = clock::new_id();
        let line = Entry {
            fen: Some(row.fen.0),
            on_day: Some(row.paid_on),
            account_id,
            row_key: Some(format!("{payment}:{nth}")),
            ..Entry::new(&record_id, 1, EntryKind::Paid, &batch.order.by, batch.order.at)
        };
        let record = AidRecord {
            record_id,
            origin: Origin::Sheet,
            corrects: None,
            person_id: person.person_id,
            name_id: person.name_id,
            school_code: row.school.as_str().to_owned(),
            place,
            term,
            programme: row.programme,
            slot: row.programme.code().to_owned(),
            tier: row.tier,
            fen: row.fen.0,
            due_fen: None,
            outcome: None,
            decided_on: None,
            policy: None,
            reason: None,
            recipient_kind: row.recipient_kind.clone(),
            state: AidState::Paid,
            paid_fen: row.fen.0,
            returned_fen: 0,
            paid_on: Some(row.paid_on),
            notice_id: None,
            approved_by: None,
            import_id: Some(batch.import_id.to_owned()),
            recorded_by: batch.order.by.clone(),
            recorded_at: batch.order.at,
            version: 1,
        };
        (record, line)
    }
}

/// The two numbers of a row, of which it must have one.
pub(super) fn numbers(f: &mut Fields<'_>) -> (Option<ResidentId>, Option<StudentNumber>) {
    let id = f.parse("id_number", ResidentId::parse);
    let number = f.parse("student_number", StudentNumber::parse);
    // A number that lost its last digits is not a blank cell; it has its own fault.
    if !f.has("id_number") && !f.has("student_number") {
        f.reject(
            "id_number",
            ValueError::fixed(
                "cell_missing",
                ("身份证号和学籍号都没有填写", "neither the id number nor the student number is given"),
                ("请至少填写其中一项", "give at least one of the two"),
            ),
        );
    }
    (id, number)
}

/// What makes a payment the same payment, before it is told which of several equal ones it is.
pub fn payment_key(
    person_id: &str,
    programme: Programme,
    term: &str,
    school: &str,
    paid_on: NaiveDate,
    fen: i64,
) -> String {
    digest::of_parts([person_id, programme.code(), term, school, &paid_on.to_string(), &fen.to_string()])
}

/// Refuses rows of another term, place or school, and gives each school's place. A school that the
/// roll does not know yet is taken to lie in the caller's own place.
pub(super) fn admit<R: OfStudent>(
    conn: &mut Conn,
    batch: &Batch<'_>,
    rows: &mut [Pending<R>],
) -> Result<HashMap<String, String>> {
    let codes: Vec<String> = {
        let mut codes: Vec<String> = rows.iter().map(|p| p.row.school().as_str().to_owned()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    };
    let known = roll::schools_of(conn, &codes)?;
    let places: HashMap<String, String> = codes
        .into_iter()
        .map(|code| {
            let place = known.get(&code).map_or_else(|| batch.order.place.to_string(), |s| s.place.clone());
            (code, place)
        })
        .collect();
    for pending in rows.iter_mut() {
        let code = pending.row.school().as_str();
        let inside =
            places.get(code).is_some_and(|p| Place::parse(p).is_ok_and(|p| batch.order.place.contains(&p)));
        let own = batch.order.school.as_ref().is_none_or(|school| school == code);
        if !inside || !own {
            pending.refuse("school_code", out_of_scope());
        } else if pending.row.term().is_some_and(|t| t != batch.order.term) {
            pending.refuse("term", other_term(batch.order.term));
        }
    }
    Ok(places)
}

pub(super) fn unknown_term() -> ValueError {
    ValueError::fixed(
        "term_unknown",
        ("学期写法不认识", "the term is not understood"),
        (
            "请写 2025A（秋季）或 2026S（春季），也可写 2025年秋季学期",
            "write 2025A (autumn) or 2026S (spring)",
        ),
    )
}

fn other_term(term: Term) -> ValueError {
    ValueError {
        code: "term_differs",
        what: Text::new(
            format!("该行不是本次导入的学期（{term}）"),
            format!("the row is not of the term of this import ({term})"),
        ),
        todo: Text::fixed("请按学期分别导入", "import each term by itself"),
    }
}
