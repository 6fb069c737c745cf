//! The one statement of a lookup: everything recorded that bears on some students on a date, whether they
//! are one or a thousand, in one trip to the database and as of one moment.
//!
//! Its result is a union of parts. Each row is of one part and leaves the columns of the others empty; what
//! a row is of is told by which of its groups of columns is not empty. The first part has no rows: it names
//! the columns and gives them their types. The text is the same for both engines but for how a list of keys
//! is spread into rows ([`SPREAD_PG`], [`SPREAD_SQLITE`]), and it is always the same text, so that each
//! connection prepares it once.
//!
//! This file knows columns and nothing of what they mean; [`super::store`] puts the rows together.

use std::marker::PhantomData;
use std::sync::LazyLock;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Date, HasSqlType, Nullable, Text, Timestamp};
use diesel::sqlite::Sqlite;

use crate::aid::model::AidRecord;
use crate::auth::Scope;
use crate::db::{Conn, on};
use crate::error::Result;
use crate::poverty_list::shelf::{EDITION, When};
use crate::roll::model::{Enrolment, School};
use crate::seal::suite::Tag;
use crate::values::{Category, EvidenceKind};

/// The keys asked for, one a row. The inner SELECT hides their number from the planner of PostgreSQL: it then
/// finds no plan better than the one it has, and need not look for one each time.
const SPREAD_PG: &str = "unnest((SELECT $1::text[])) AS spread(key)";
const SPREAD_SQLITE: &str = "(SELECT value AS key FROM json_each($1)) AS spread";

/// Everything that is bound, as columns of a table of its own: SQLite plans a statement anew for each value
/// that it sees a range bounded by, and columns it does not look into.
const ASKED: &str = "SELECT spread.key, $2 AS low, $3 AS high, $4 AS school, $5 AS child, $6 AS as_of, $7 AS known_at, \
     $8 AS term FROM ";

/// By blind index, and only whom the caller may see: the one child of the token; or through a school in
/// scope, or a household in scope on a list. `roll::store::visible` says the same of people by their id.
const BY_ID_NUMBER: &str = "p.id_bidx = {unhex} AND CASE WHEN q.child <> '' THEN p.person_id = q.child ELSE \
     EXISTS (SELECT 1 FROM enrolment v WHERE v.person_id = p.person_id AND v.place >= q.low AND v.place < q.high \
             AND (q.school = '' OR v.school_code = q.school)) \
     OR (q.school = '' AND EXISTS (SELECT 1 FROM poverty_list_entry v WHERE v.person_id = p.person_id \
             AND v.place >= q.low AND v.place < q.high)) END";

/// By person, for whoever has seen to the caller's rights.
const BY_PERSON: &str = "p.person_id = q.key";

const PERSON: &str = "k.person_id, k.id_bidx, k.id_ct";
const NAME: &str = "n.name_id, n.name_check, n.name_ct";
const ENTRY: &str = "l.list_id, l.name_id, l.category";
const CATEGORY: &str = "c.kind";
const EVIDENCE: &str = "v.kind";
const ENROLMENT: &str = "e.enrolment_id, e.person_id, e.name_id, e.school_code, e.place, e.term, e.stage, e.grade, \
     e.class_name, e.boarding, e.hukou_kind, e.hukou_place, e.major, e.agricultural, e.performing_arts, e.full_time, \
     e.formal, e.hardship, e.categories_known, e.state, e.entered_on, e.left_on, e.valid_from, e.valid_to, \
     e.fingerprint, e.import_id, e.recorded_at, e.superseded_at, e.household_no, \
     e.department";
const SCHOOL: &str = "s.school_row, s.code, s.name, s.place, s.ownership, s.inclusive, s.approved, s.run_by, s.rural, \
     s.tuition_fen, s.public_tuition_fen, s.recorded_at, s.superseded_at";
const AID: &str = "a.record_id, a.origin, a.corrects, a.person_id, a.name_id, a.school_code, a.place, a.term, \
     a.programme, a.slot, a.tier, a.fen, a.due_fen, a.outcome, a.decided_on, a.policy, a.reason, a.recipient_kind, \
     a.state, a.paid_fen, a.returned_fen, a.paid_on, a.notice_id, a.approved_by, a.import_id, a.recorded_by, \
     a.recorded_at, a.version";
/// Whether a record has moved on since the moment asked about.
const MOVED_ON: &str = "a.version > 1 AND EXISTS (SELECT 1 FROM aid_entry y \
     WHERE y.record_id = a.record_id AND y.recorded_at > k.known_at)";

/// The groups of columns, in the order of [`Columns`].
const GROUPS: [&str; 9] = [PERSON, NAME, ENTRY, CATEGORY, EVIDENCE, ENROLMENT, SCHOOL, AID, MOVED_ON];

/// The parts: where the rows of each come from, and the groups of columns they fill.
const PARTS: [(&str, &[&str]); 7] = [
    ("known k", &[PERSON]),
    ("known k CROSS JOIN person_name n WHERE n.person_id = k.person_id", &[NAME]),
    ("known k CROSS JOIN poverty_list_entry l WHERE l.person_id = k.person_id", &[ENTRY]),
    ("known k CROSS JOIN category c WHERE c.person_id = k.person_id AND {holds c}", &[CATEGORY]),
    ("known k CROSS JOIN evidence v WHERE v.person_id = k.person_id AND {holds v}", &[EVIDENCE]),
    (
        "known k CROSS JOIN enrolment e LEFT JOIN school s ON s.code = e.school_code AND {recorded s} \
         WHERE e.person_id = k.person_id AND e.valid_from <= k.as_of AND e.valid_to > k.as_of AND {recorded e}",
        &[ENROLMENT, SCHOOL],
    ),
    (
        "known k CROSS JOIN aid_record a WHERE a.person_id = k.person_id AND a.term = k.term AND a.recorded_at <= k.known_at",
        &[AID, MOVED_ON],
    ),
];

/// The text with numbered binds. `spread` gives the keys, `door` says who is known.
fn text(spread: &str, door: &str) -> String {
    let known = format!(
        "WITH asked AS MATERIALIZED ({ASKED}{spread}), known AS MATERIALIZED (SELECT p.person_id, p.id_bidx, p.id_ct, \
         q.as_of, q.known_at, q.term FROM asked q CROSS JOIN person p WHERE {door})"
    );
    // Only the types of this part matter: it names every table and takes a row of none.
    let head = format!(
        "SELECT k.person_id, CAST(0 AS BIGINT), {}, CAST(NULL AS BOOLEAN) FROM known k, person_name n, \
         poverty_list_entry l, category c, evidence v, enrolment e, school s, aid_record a WHERE 1 = 0",
        [PERSON, NAME, ENTRY, CATEGORY, EVIDENCE, ENROLMENT, SCHOOL, AID].join(", ")
    );
    let empty = |group: &str| vec!["NULL"; group.split(", ").count()].join(", ");
    let filling = |filled: &[&str]| {
        let columns = GROUPS
            .iter()
            .map(|group| if filled.contains(group) { (*group).to_owned() } else { empty(width(group)) });
        columns.collect::<Vec<_>>().join(", ")
    };
    let edition = format!("SELECT NULL, {EDITION}, {}", filling(&[]));
    let parts =
        PARTS.map(|(from, filled)| format!("SELECT k.person_id, NULL, {} FROM {from}", filling(filled)));
    let mut sql = format!("{known} {head} UNION ALL {edition} UNION ALL {}", parts.join(" UNION ALL "));
    for table in ["c", "v", "e", "s"] {
        let recorded = format!(
            "{table}.recorded_at <= k.known_at AND ({table}.superseded_at IS NULL OR {table}.superseded_at > k.known_at)"
        );
        let holds = format!(
            "{table}.valid_from <= k.as_of AND ({table}.valid_to IS NULL OR {table}.valid_to > k.as_of) AND {recorded}"
        );
        sql = sql
            .replace(&format!("{{recorded {table}}}"), &recorded)
            .replace(&format!("{{holds {table}}}"), &holds);
    }
    sql
}

/// A group as a list of columns; the one that is an expression is one column.
fn width(group: &str) -> &str {
    if group == MOVED_ON { "moved_on" } else { group }
}

/// Who is asked about.
pub(super) trait Door: 'static {
    /// Says who is known.
    const DOOR: &'static str;
    /// The text for either engine.
    fn text(engine: Engine) -> &'static str;
}

#[derive(Clone, Copy)]
pub(super) enum Engine {
    Pg,
    Sqlite,
}

fn texts(door: &str) -> [String; 2] {
    let pg = text(SPREAD_PG, &door.replace("{unhex}", "decode(q.key, 'hex')"));
    // SQLite takes `$1` for a name; `?1` is the first bind.
    let sqlite = text(SPREAD_SQLITE, &door.replace("{unhex}", "unhex(q.key)")).replace('$', "?");
    [pg, sqlite]
}

macro_rules! doors {
    ($($(#[$meta:meta])* $name:ident = $door:ident;)+) => { $(
        $(#[$meta])*
        pub(super) struct $name;

        impl Door for $name {
            const DOOR: &'static str = $door;

            fn text(engine: Engine) -> &'static str {
                static TEXTS: LazyLock<[String; 2]> = LazyLock::new(|| texts($name::DOOR));
                let [pg, sqlite] = &*TEXTS;
                match engine {
                    Engine::Pg => pg,
                    Engine::Sqlite => sqlite,
                }
            }
        }
    )+ };
}

doors! {
    /// Students by the blind index of their id number, within a scope.
    ByIdNumber = BY_ID_NUMBER;
    /// Students by their id.
    ByPerson = BY_PERSON;
}

/// The statement with its binds.
pub(super) struct Statement<D> {
    keys: Vec<String>,
    /// The keys as a JSON array, for the engine without arrays.
    spread: String,
    low: String,
    high: String,
    school: String,
    child: String,
    as_of: NaiveDate,
    known_at: NaiveDateTime,
    term: String,
    door: PhantomData<D>,
}

impl Statement<ByIdNumber> {
    /// Asks about the people behind blind indexes, as far as the scope lets them be seen.
    pub(super) fn by_id_number(tags: &[Tag], scope: &Scope, when: When, term: &str) -> Self {
        let (low, high) = scope.place_range();
        let own = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let (school, child) = (own(scope.school()), own(scope.student()));
        Self { low, high, school, child, ..Self::of(tags.iter().map(hex).collect(), when, term) }
    }
}

impl Statement<ByPerson> {
    /// Asks about people by their ids.
    pub(super) fn by_person(people: &[String], when: When, term: &str) -> Self {
        Self::of(people.to_vec(), when, term)
    }
}

impl<D: Door> Statement<D> {
    fn of(mut keys: Vec<String>, When { as_of, known_at }: When, term: &str) -> Self {
        // Asked for twice, a student would have every row twice.
        keys.sort_unstable();
        keys.dedup();
        Self {
            spread: serde_json::json!(keys).to_string(),
            keys,
            low: String::new(),
            high: String::new(),
            school: String::new(),
            child: String::new(),
            as_of,
            known_at,
            term: term.to_owned(),
            door: PhantomData,
        }
    }

    /// The rows, in no order.
    pub(super) fn rows(&self, conn: &mut Conn) -> Result<Vec<Row>> {
        Ok(on!(conn => self.load::<Row>(conn))?)
    }

    /// The binds after the keys. The text names them by number; what diesel writes for each goes into a
    /// comment.
    fn bind<'b, DB>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<Text> + HasSqlType<Date> + HasSqlType<Timestamp>,
        String: ToSql<Text, DB>,
        NaiveDate: ToSql<Date, DB>,
        NaiveDateTime: ToSql<Timestamp, DB>,
    {
        for text in [&self.low, &self.high, &self.school, &self.child] {
            out.push_bind_param::<Text, _>(text)?;
        }
        out.push_bind_param::<Date, _>(&self.as_of)?;
        out.push_bind_param::<Timestamp, _>(&self.known_at)?;
        out.push_bind_param::<Text, _>(&self.term)?;
        out.push_sql(" */");
        Ok(())
    }
}

fn hex(tag: &Tag) -> String {
    use std::fmt::Write;
    tag.iter().fold(String::with_capacity(32), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}

impl<D: Door> QueryFragment<Pg> for Statement<D> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(D::text(Engine::Pg));
        out.push_sql(" /* ");
        out.push_bind_param::<Array<Text>, _>(&self.keys)?;
        self.bind(&mut out)
    }
}

impl<D: Door> QueryFragment<Sqlite> for Statement<D> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(D::text(Engine::Sqlite));
        out.push_sql(" /* ");
        out.push_bind_param::<Text, _>(&self.spread)?;
        self.bind(&mut out)
    }
}

/// One text for each door: a connection prepares it once.
impl<D: Door> QueryId for Statement<D> {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<D> Query for Statement<D> {
    type SqlType = Columns;
}

impl<D, C> RunQueryDsl<C> for Statement<D> {}
impl<D, C> RunQueryDsl<C> for &Statement<D> {}

/// The types of a model's columns, in its order.
type Of<M> = <<M as Selectable<Sqlite>>::SelectExpression as Expression>::SqlType;

type Columns = (
    Nullable<Text>,
    Nullable<BigInt>,
    Nullable<(Text, Nullable<Binary>, Nullable<Binary>)>,
    Nullable<(Text, Binary, Binary)>,
    Nullable<(Text, Text, Text)>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Of<Enrolment>>,
    Nullable<Of<School>>,
    Nullable<Of<AidRecord>>,
    Nullable<Bool>,
);

/// One row: whose it is (absent in the one that tells the edition), and the one part it is of.
#[derive(Queryable)]
pub(super) struct Row {
    pub(super) person_id: Option<String>,
    /// Of the locked lists: see [`EDITION`].
    pub(super) edition: Option<i64>,
    pub(super) person: Option<Person>,
    pub(super) name: Option<Spelling>,
    pub(super) entry: Option<Listed>,
    pub(super) category: Option<Category>,
    pub(super) evidence: Option<EvidenceKind>,
    pub(super) enrolment: Option<Enrolment>,
    pub(super) school: Option<School>,
    pub(super) aid: Option<AidRecord>,
    /// Whether the aid record has moved on since the moment asked about.
    pub(super) moved_on: Option<bool>,
}

/// A person of the vault, sealed.
#[derive(Queryable)]
pub(super) struct Person {
    pub(super) _person_id: String,
    pub(super) id_bidx: Option<Vec<u8>>,
    pub(super) id_ct: Option<Vec<u8>>,
}

/// A spelling of a person's name, sealed.
#[derive(Queryable)]
pub(super) struct Spelling {
    pub(super) name_id: String,
    pub(super) check: Vec<u8>,
    pub(super) sealed: Vec<u8>,
}

/// Where a student stands on a version of the list, in force or not.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Listed {
    /// The version.
    pub list_id: String,
    /// The name as the list gives it.
    pub name_id: String,
    /// The category under which the household is listed.
    pub category: Category,
}

/// The statement of a lookup by id number as a database gets it, for those who ask for its plan.
pub fn text_of_lookup(postgres: bool) -> &'static str {
    ByIdNumber::text(if postgres { Engine::Pg } else { Engine::Sqlite })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{aid_record, enrolment, school};

    /// The columns of a table as diesel reads them.
    fn columns(sql: String) -> Vec<String> {
        let list = sql.strip_prefix("SELECT ").unwrap().split(" FROM ").next().unwrap().to_owned();
        list.split(", ").map(|c| c.split('.').nth(1).unwrap().trim_matches('`').to_owned()).collect()
    }

    fn listed(group: &str) -> Vec<String> {
        group.split(", ").map(|c| c.trim().split('.').nth(1).unwrap().to_owned()).collect()
    }

    #[test]
    fn columns_stand_in_the_order_in_which_the_models_are_read() {
        macro_rules! said {
            ($model:ident, $table:ident) => {
                columns(
                    diesel::debug_query::<Sqlite, _>(&$table::table.select($model::as_select())).to_string(),
                )
            };
        }
        assert_eq!(listed(ENROLMENT), said!(Enrolment, enrolment));
        assert_eq!(listed(SCHOOL), said!(School, school));
        assert_eq!(listed(AID), said!(AidRecord, aid_record));
    }

    #[test]
    fn every_placeholder_has_been_filled() {
        for text in
            [ByIdNumber::text(Engine::Pg), ByIdNumber::text(Engine::Sqlite), ByPerson::text(Engine::Pg)]
        {
            assert!(!text.contains(['{', '}']), "{text}");
        }
    }
}
