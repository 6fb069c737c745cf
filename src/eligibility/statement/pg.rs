//! The question as PostgreSQL is asked: one statement, a row for each student and the parts as arrays.
//!
//! A union of the parts took nearly twice as long: each of its branches is begun, and fills every column of
//! all the others. What is bound stands in a subquery that is not pulled up (`OFFSET 0`), so that the planner
//! sees no values: it then finds no plan better than the one it has, and need not look for one each time.

use std::marker::PhantomData;
use std::sync::LazyLock;

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Date, Nullable, Record, Text, Timestamp};

use super::parts::{Aided, Attended, Categorised, Listed, Papers, Part, Spelling, columns_of, rows_of};
use super::{File, Found, SEEN, Statement, Who};
use crate::poverty_list::shelf::EDITION;

/// Asks.
pub(super) fn ask(statement: &Statement, conn: &mut PgConnection) -> QueryResult<Found> {
    let rows = match &statement.who {
        Who::Numbers(_) => Ask::<ByNumber>::of(statement).load::<Row>(conn),
        Who::People(_) => Ask::<ByPerson>::of(statement).load::<Row>(conn),
    }?;
    let edition = rows.first().and_then(|row| row.0);
    Ok(Found { edition, files: rows.into_iter().filter_map(file).collect() })
}

/// The text of the question by id number.
pub(super) fn text_by_number() -> &'static str {
    ByNumber::text()
}

/// The edition, and a student where there is one: without any there is one row with the edition alone.
type Columns = (
    Nullable<BigInt>,
    Nullable<Text>,
    Nullable<Binary>,
    Nullable<Binary>,
    Rows<Spelling>,
    Rows<Listed>,
    Rows<Categorised>,
    Rows<Papers>,
    Rows<Attended>,
    Rows<Aided>,
);
type Rows<P> = Array<Record<<P as Part>::Sql>>;
type Row = (
    Option<i64>,
    Option<String>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Vec<Spelling>,
    Vec<Listed>,
    Vec<Categorised>,
    Vec<Papers>,
    Vec<Attended>,
    Vec<Aided>,
);

fn file(
    (_, person_id, id_bidx, id_ct, names, entries, categories, evidence, roll, aid): Row,
) -> Option<File> {
    Some(File {
        person_id: person_id?,
        id_bidx,
        id_ct,
        names,
        entries,
        categories: categories.into_iter().map(|held| held.kind).collect(),
        evidence: evidence.into_iter().map(|held| held.kind).collect(),
        roll,
        aid,
    })
}

fn text(door: &str) -> String {
    fn rows<P: Part>() -> String {
        let (columns, rows) =
            (columns_of::<P>("q.known_at"), rows_of::<P>("p.person_id", "q.as_of", "q.known_at", "q.term"));
        format!("ARRAY(SELECT ROW({columns}) FROM {rows})")
    }
    let parts = [
        rows::<Spelling>(),
        rows::<Listed>(),
        rows::<Categorised>(),
        rows::<Papers>(),
        rows::<Attended>(),
        rows::<Aided>(),
    ];
    format!(
        "SELECT {EDITION}, p.person_id, p.id_bidx, p.id_ct, {} FROM (SELECT $1 AS keys, $2 AS low, $3 AS high, \
         $4 AS school, $5 AS child, $6 AS as_of, $7 AS known_at, $8 AS term OFFSET 0) q LEFT JOIN person p ON {door}",
        parts.join(", ")
    )
}

/// By what students are found.
trait Door: 'static {
    /// The whole text.
    fn text() -> &'static str;
}

/// By blind index, and only whom the caller may see.
struct ByNumber;

impl Door for ByNumber {
    fn text() -> &'static str {
        static TEXT: LazyLock<String> = LazyLock::new(|| {
            let seen = ["low", "high", "school", "child"].iter().fold(SEEN.to_owned(), |text, name| {
                text.replace(&format!("{{{name}}}"), &format!("q.{name}"))
            });
            text(&format!("p.id_bidx = ANY(q.keys) AND {seen}"))
        });
        &TEXT
    }
}

/// By id.
struct ByPerson;

impl Door for ByPerson {
    fn text() -> &'static str {
        static TEXT: LazyLock<String> = LazyLock::new(|| text("p.person_id = ANY(q.keys)"));
        &TEXT
    }
}

/// The statement and its binds.
struct Ask<'a, D> {
    statement: &'a Statement,
    door: PhantomData<D>,
}

impl<'a, D> Ask<'a, D> {
    fn of(statement: &'a Statement) -> Self {
        Self { statement, door: PhantomData }
    }
}

impl<D: Door> QueryFragment<Pg> for Ask<'_, D> {
    /// The text names its binds by number; what diesel writes for each goes into a comment.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let asked = self.statement;
        out.push_sql(D::text());
        out.push_sql(" /* ");
        match &asked.who {
            Who::Numbers(tags) => out.push_bind_param::<Array<Binary>, _>(tags)?,
            Who::People(people) => out.push_bind_param::<Array<Text>, _>(people)?,
        }
        for text in [&asked.low, &asked.high, &asked.school, &asked.child] {
            out.push_bind_param::<Text, _>(text)?;
        }
        out.push_bind_param::<Date, _>(&asked.as_of)?;
        out.push_bind_param::<Timestamp, _>(&asked.known_at)?;
        out.push_bind_param::<Text, _>(&asked.term)?;
        out.push_sql(" */");
        Ok(())
    }
}

/// One text for each door: a connection prepares it once.
impl<D: Door> QueryId for Ask<'_, D> {
    type QueryId = Ask<'static, D>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<D> Query for Ask<'_, D> {
    type SqlType = Columns;
}

impl<D, C> RunQueryDsl<C> for Ask<'_, D> {}
