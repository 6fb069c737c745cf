//! What a lookup asks the database: everything recorded that bears on some students on a date, whether they
//! are one or a thousand, as of one moment.
//!
//! Each kind of row that hangs on a student is one part ([`parts`]), written once. The engines are asked for
//! the same parts each in its own way. PostgreSQL is far and thinks before it reads: one statement, a row for
//! each student ([`pg`]). SQLite is next door and reads at once: a small statement for each part and student,
//! and no table in between ([`sqlite`]).
//!
//! This room knows columns and nothing of what they mean; [`super::store`] puts them together.

mod parts;
mod pg;
mod sqlite;

use chrono::{NaiveDate, NaiveDateTime};

pub(super) use parts::{Aided, Spelling};
pub use parts::{Attended, Listed};

use crate::auth::Scope;
use crate::db::Conn;
use crate::error::Result;
use crate::poverty_list::shelf::When;
use crate::seal::suite::Tag;
use crate::values::{Category, EvidenceKind};

/// Whom the caller may see of the people of an index: the one child of the token; or through a school in
/// scope, or a household in scope on a list. `roll::store::visible` says the same of people by their id.
const SEEN: &str = "CASE WHEN {child} <> '' THEN p.person_id = {child} ELSE \
     EXISTS (SELECT 1 FROM enrolment v WHERE v.person_id = p.person_id AND v.place >= {low} AND v.place < {high} \
             AND ({school} = '' OR v.school_code = {school})) \
     OR ({school} = '' AND EXISTS (SELECT 1 FROM poverty_list_entry v WHERE v.person_id = p.person_id \
             AND v.place >= {low} AND v.place < {high})) END";

/// Who is asked about.
enum Who {
    /// The people behind blind indexes of id numbers, as far as they may be seen.
    Numbers(Vec<Tag>),
    /// People by their ids, for whoever has seen to the caller's rights.
    People(Vec<String>),
}

/// A question with its binds.
pub(super) struct Statement {
    who: Who,
    low: String,
    high: String,
    school: String,
    child: String,
    as_of: NaiveDate,
    known_at: NaiveDateTime,
    term: String,
}

impl Statement {
    /// Asks about the people behind blind indexes, as far as the scope lets them be seen.
    pub(super) fn by_id_number(mut tags: Vec<Tag>, scope: &Scope, when: When, term: &str) -> Self {
        // Asked for twice, a student would be answered twice.
        tags.sort_unstable();
        tags.dedup();
        let (low, high) = scope.place_range();
        let own = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let (school, child) = (own(scope.school()), own(scope.student()));
        Self { low, high, school, child, ..Self::of(Who::Numbers(tags), when, term) }
    }

    /// Asks about people by their ids.
    pub(super) fn by_person(people: &[String], when: When, term: &str) -> Self {
        let mut people = people.to_vec();
        people.sort_unstable();
        people.dedup();
        Self::of(Who::People(people), when, term)
    }

    fn of(who: Who, When { as_of, known_at }: When, term: &str) -> Self {
        let nothing = String::new;
        Self {
            who,
            low: nothing(),
            high: nothing(),
            school: nothing(),
            child: nothing(),
            as_of,
            known_at,
            term: term.to_owned(),
        }
    }

    /// What is recorded, students and their rows in no order. Several statements are asked on SQLite: there
    /// the caller has a transaction open.
    pub(super) fn ask(&self, conn: &mut Conn) -> Result<Found> {
        match conn {
            Conn::Pg(conn) => Ok(pg::ask(self, conn)?),
            Conn::Sqlite(conn) => Ok(sqlite::ask(self, conn)?),
        }
    }
}

/// What was found.
pub(super) struct Found {
    /// Of the locked lists: see [`crate::poverty_list::shelf::EDITION`].
    pub(super) edition: Option<i64>,
    pub(super) files: Vec<File>,
}

/// Everything recorded about one student.
pub(super) struct File {
    pub(super) person_id: String,
    pub(super) id_bidx: Option<Vec<u8>>,
    pub(super) id_ct: Option<Vec<u8>>,
    pub(super) names: Vec<Spelling>,
    pub(super) entries: Vec<Listed>,
    pub(super) categories: Vec<Category>,
    pub(super) evidence: Vec<EvidenceKind>,
    pub(super) roll: Vec<Attended>,
    pub(super) aid: Vec<Aided>,
}

/// What a lookup by id number asks a database, statement by statement, for those who ask for its plans.
pub fn texts_of_lookup(postgres: bool) -> Vec<&'static str> {
    if postgres { vec![pg::text_by_number()] } else { sqlite::texts_by_number() }
}
