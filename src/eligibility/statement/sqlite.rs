//! The question as SQLite is asked: a small statement for each part and student.
//!
//! The database is in this process: a statement is a call and costs no trip, and many small ones are the
//! quick way (sqlite.org/np1queryprob.html). One for all needed tables in between, each with a page cache of
//! its own, and took three times as long.

use std::marker::PhantomData;
use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};

use super::parts::{Aided, Attended, Categorised, Listed, Papers, Part, Spelling, columns_of, rows_of};
use super::{File, Found, SEEN, Statement, Who};
use crate::poverty_list::shelf::EDITION;

/// Asks.
pub(super) fn ask(statement: &Statement, conn: &mut SqliteConnection) -> QueryResult<Found> {
    let edition = Edition.get_result::<Option<i64>>(conn)?;
    // As diesel stores them.
    let as_of = statement.as_of.to_string();
    let known_at = statement.known_at.to_string();
    let file = |conn: &mut SqliteConnection, (person_id, id_bidx, id_ct): Person| {
        let one = One { person: &person_id, as_of: &as_of, known_at: &known_at, term: &statement.term };
        Ok::<_, diesel::result::Error>(File {
            names: one.rows::<Spelling>(conn)?,
            entries: one.rows::<Listed>(conn)?,
            categories: one.rows::<Categorised>(conn)?.into_iter().map(|held| held.kind).collect(),
            evidence: one.rows::<Papers>(conn)?.into_iter().map(|held| held.kind).collect(),
            roll: one.rows::<Attended>(conn)?,
            aid: one.rows::<Aided>(conn)?,
            person_id,
            id_bidx,
            id_ct,
        })
    };
    let mut files = Vec::new();
    match &statement.who {
        Who::Numbers(tags) => {
            for tag in tags {
                let found = ByNumber { tag, statement }.get_result::<Person>(conn).optional()?;
                files.extend(found.map(|person| file(conn, person)).transpose()?);
            }
        }
        Who::People(people) => {
            for person in people {
                let found = ByPerson(person).get_result::<Person>(conn).optional()?;
                files.extend(found.map(|person| file(conn, person)).transpose()?);
            }
        }
    }
    Ok(Found { edition, files })
}

/// The texts of the question by id number.
pub(super) fn texts_by_number() -> Vec<&'static str> {
    vec![
        edition(),
        by_number(),
        Spelling::kept().text(),
        Listed::kept().text(),
        Categorised::kept().text(),
        Papers::kept().text(),
        Attended::kept().text(),
        Aided::kept().text(),
    ]
}

/// Id, blind index and sealed id number.
type Person = (String, Option<Vec<u8>>, Option<Vec<u8>>);

const PERSON: &str = "SELECT p.person_id, p.id_bidx, p.id_ct FROM person p WHERE";

/// A text, and how many binds it names.
pub(super) struct Kept {
    text: String,
    binds: usize,
}

impl Kept {
    /// The rows of a part, of one student: `?1` the student, `?2` what was known by, `?3` the date, `?4` the term.
    ///
    /// The binds are wrapped, for SQLite plans a statement anew for each value that it sees a row looked up by.
    pub(super) fn of<P: Part>() -> Self {
        let columns = columns_of::<P>("(?2 || '')");
        let rows = rows_of::<P>("(?1 || '')", "(?3 || '')", "(?2 || '')", "(?4 || '')");
        let text = format!("SELECT {columns} FROM {rows}");
        let binds =
            ["?1", "?2", "?3", "?4"].iter().rposition(|bind| text.contains(bind)).map_or(0, |at| at + 1);
        Self { text, binds }
    }

    fn text(&self) -> &str {
        &self.text
    }
}

/// What the rows of one student are asked by.
#[derive(Clone, Copy)]
struct One<'a> {
    person: &'a str,
    known_at: &'a str,
    as_of: &'a str,
    term: &'a str,
}

impl<'a> One<'a> {
    fn rows<P: Part>(self, conn: &mut SqliteConnection) -> QueryResult<Vec<P>>
    where
        RowsOf<'a, P>: LoadQuery<'a, SqliteConnection, P>,
    {
        RowsOf { one: self, part: PhantomData }.load::<P>(conn)
    }
}

/// The rows of a part of one student.
struct RowsOf<'a, P> {
    one: One<'a>,
    part: PhantomData<P>,
}

impl<P: Part> QueryFragment<Sqlite> for RowsOf<'_, P> {
    /// The text names its binds by number; what diesel writes for each goes into a comment.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let Kept { text, binds } = P::kept();
        let One { person, known_at, as_of, term } = &self.one;
        out.push_sql(text);
        out.push_sql(" /* ");
        for text in [person, known_at, as_of, term].into_iter().take(*binds) {
            out.push_bind_param::<Text, _>(*text)?;
        }
        out.push_sql(" */");
        Ok(())
    }
}

impl<P: Part> QueryId for RowsOf<'_, P> {
    type QueryId = RowsOf<'static, P>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<P: Part> Query for RowsOf<'_, P> {
    type SqlType = P::Sql;
}

impl<P, C> RunQueryDsl<C> for RowsOf<'_, P> {}

fn edition() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| format!("SELECT {EDITION}"));
    &TEXT
}

/// By blind index, and only whom the caller may see.
fn by_number() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let binds = [("low", "?2"), ("high", "?3"), ("school", "?4"), ("child", "?5")];
        let seen = binds.iter().fold(SEEN.to_owned(), |text, (name, bind)| {
            text.replace(&format!("{{{name}}}"), &format!("({bind} || '')"))
        });
        format!("{PERSON} p.id_bidx = ?1 AND {seen}")
    });
    &TEXT
}

fn by_person() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| format!("{PERSON} p.person_id = ?1"));
    &TEXT
}

/// Of the locked lists.
#[derive(QueryId)]
struct Edition;

/// A student by the blind index of the id number, as far as the scope lets her be seen.
struct ByNumber<'a> {
    tag: &'a [u8],
    statement: &'a Statement,
}

/// A student by id.
struct ByPerson<'a>(&'a str);

impl QueryFragment<Sqlite> for Edition {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(edition());
        Ok(())
    }
}

impl QueryFragment<Sqlite> for ByNumber<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let asked = self.statement;
        out.push_sql(by_number());
        out.push_sql(" /* ");
        out.push_bind_param::<Binary, _>(self.tag)?;
        for text in [&asked.low, &asked.high, &asked.school, &asked.child] {
            out.push_bind_param::<Text, _>(text)?;
        }
        out.push_sql(" */");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for ByPerson<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(by_person());
        out.push_sql(" /* ");
        out.push_bind_param::<Text, _>(self.0)?;
        out.push_sql(" */");
        Ok(())
    }
}

impl QueryId for ByNumber<'_> {
    type QueryId = ByNumber<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryId for ByPerson<'_> {
    type QueryId = ByPerson<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Edition {
    type SqlType = Nullable<BigInt>;
}

impl Query for ByNumber<'_> {
    type SqlType = (Text, Nullable<Binary>, Nullable<Binary>);
}

impl Query for ByPerson<'_> {
    type SqlType = (Text, Nullable<Binary>, Nullable<Binary>);
}

impl<C> RunQueryDsl<C> for Edition {}
impl<C> RunQueryDsl<C> for ByNumber<'_> {}
impl<C> RunQueryDsl<C> for ByPerson<'_> {}
