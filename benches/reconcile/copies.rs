//! A county made larger set by set: every row of a database copied again and again in SQL under other ids, so
//! that a million students stand there in seconds and what is wrong with them is known: so many times what is
//! wrong with the first.
//!
//! Only people and their names are written by this program, since what is sealed is bound to its row.

use std::collections::HashMap;
use std::fmt::Write as _;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use yingzhu::seal::{Aad, Sealer, vault};

use super::Failure;
use super::bureau::Bureau;

/// The tables that are copied in SQL.
const TABLES: [&str; 7] =
    ["account", "enrolment", "category", "evidence", "poverty_list_entry", "aid_record", "aid_entry"];

/// Rows of one statement.
const AT_ONCE: usize = 500;

/// A connection for filling: checks and logs are for data that matters.
enum Filling {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Filling {
    fn open(url: &str) -> Result<Self, Failure> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            let mut conn = SqliteConnection::establish(path)?;
            conn.batch_execute(
                "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -3000000",
            )?;
            return Ok(Self::Sqlite(conn));
        }
        let mut conn = PgConnection::establish(url)?;
        conn.batch_execute("SET session_replication_role = replica; SET work_mem = '256MB'")?;
        Ok(Self::Postgres(conn))
    }

    fn execute(&mut self, sql: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(conn) => conn.batch_execute(sql)?,
            Self::Postgres(conn) => conn.batch_execute(sql)?,
        }
        Ok(())
    }

    fn columns(&mut self, table: &str) -> Result<Vec<String>, Failure> {
        let names: Vec<Name> = match self {
            Self::Sqlite(conn) => {
                diesel::sql_query(format!("SELECT name FROM pragma_table_info('{table}')")).load(conn)?
            }
            Self::Postgres(conn) => diesel::sql_query(format!(
                "SELECT column_name::text AS name FROM information_schema.columns \
                 WHERE table_name = '{table}' AND table_schema = 'public'"
            ))
            .load(conn)?,
        };
        Ok(names.into_iter().map(|name| name.name).collect())
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        let mut hex = String::with_capacity(2 * bytes.len() + 4);
        hex.push_str(if matches!(self, Self::Sqlite(_)) { "x'" } else { "'\\x" });
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex.push('\'');
        hex
    }

    /// Sixteen bytes that are another row's in no other copy.
    fn sixteen(&self, of: &str) -> String {
        match self {
            Self::Sqlite(_) => "randomblob(16)".to_owned(),
            Self::Postgres(_) => format!("decode(md5({of}), 'hex')"),
        }
    }
}

/// The id of a person, a name or an account in a copy: of a version that the first has not, and its neighbours
/// are those of other copies, as ids drawn at random have no order of coming.
fn inner(id: &str, copy: u32) -> String {
    let part = |range| id.get(range).unwrap_or_default();
    format!("{}8{}{copy:03x}{}", part(0..14), part(15..24), part(27..id.len()))
}

/// What stands in a column of a copy.
fn expression(table: &str, column: &str, copy: u32, filling: &Filling) -> String {
    let inner = |column: &str| {
        format!(
            "substr({column}, 1, 14) || '8' || substr({column}, 16, 9) || '{copy:03x}' || substr({column}, 28)"
        )
    };
    match (table, column) {
        (_, "person_id" | "name_id" | "account_id") => inner(column),
        ("account", "account_bidx") => filling.sixteen(&inner("account_id")),
        // Ids in order of time stay in order of coming.
        (_, "enrolment_id" | "category_id" | "evidence_id" | "entry_id" | "record_id") => {
            format!("'f{copy:02x}' || substr({column}, 4)")
        }
        (_, "household_no" | "row_key") => format!("{column} || '-{copy}'"),
        (_, "row_number") => format!("{column} + {copy} * 1000000"),
        _ => column.to_owned(),
    }
}

/// Makes so many copies of all that the bureau holds.
pub(super) fn multiply(bureau: &Bureau, url: &str, copies: u32) -> Result<(), Failure> {
    let mut filling = Filling::open(url)?;
    let sealed = people(bureau)?;
    for table in TABLES {
        filling.execute(&format!("CREATE TABLE first_{table} AS SELECT * FROM {table}"))?;
    }
    for copy in 1..=copies {
        filling.execute("BEGIN")?;
        enter(&mut filling, &bureau.desk.sealer, &sealed, copy)?;
        for table in TABLES {
            let columns = filling.columns(table)?;
            let of_copy: Vec<String> =
                columns.iter().map(|column| expression(table, column, copy, &filling)).collect();
            filling.execute(&format!(
                "INSERT INTO {table} ({}) SELECT {} FROM first_{table}",
                columns.join(", "),
                of_copy.join(", ")
            ))?;
        }
        filling.execute("COMMIT")?;
    }
    for table in TABLES {
        filling.execute(&format!("DROP TABLE first_{table}"))?;
    }
    filling.execute("ANALYZE")
}

/// The people of the first county: id, id number, and the names by their id.
struct People {
    ids: Vec<(String, Option<String>)>,
    names: Vec<(String, String, String)>,
}

fn people(bureau: &Bureau) -> Result<People, Failure> {
    let sealer = &bureau.desk.sealer;
    Ok(bureau.desk.db.read_now(|conn| {
        use yingzhu::schema::{person, person_name};
        let ids: Vec<String> = person::table.select(person::person_id).load(conn)?;
        let numbers = vault::reveal_ids(conn, sealer, &ids)?;
        let names: Vec<(String, String)> =
            person_name::table.select((person_name::name_id, person_name::person_id)).load(conn)?;
        let of: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        let mut texts: HashMap<String, String> = vault::reveal_names(conn, sealer, &of)?;
        let names = names
            .into_iter()
            .filter_map(|(name, person)| texts.remove(&name).map(|text| (name, person, text)))
            .collect();
        let ids = ids.into_iter().map(|id| (numbers.get(&id).cloned(), id)).map(|(n, id)| (id, n)).collect();
        Ok(People { ids, names })
    })?)
}

/// Writes the people of a copy. A copied id opens, so that days of birth are read; its index is another's, so
/// that the copy is another person.
fn enter(filling: &mut Filling, sealer: &Sealer, people: &People, copy: u32) -> Result<(), Failure> {
    let (suite, key) = sealer.current();
    for chunk in people.ids.chunks(AT_ONCE) {
        let mut rows = Vec::with_capacity(chunk.len());
        for (id, number) in chunk {
            let person = inner(id, copy);
            let index = filling.bytes(&sealer.name_check(&person, "index"));
            rows.push(match number {
                Some(number) => {
                    let aad = Aad { table: "person", column: "id_ct", row_id: &person };
                    let text = filling.bytes(&sealer.seal(&aad, number)?);
                    format!("('{person}', {index}, NULL, {text}, {suite}, '{key}', 1, CURRENT_TIMESTAMP)")
                }
                None => {
                    format!("('{person}', NULL, {index}, NULL, {suite}, '{key}', 1, CURRENT_TIMESTAMP)")
                }
            });
        }
        filling.execute(&format!(
            "INSERT INTO person (person_id, id_bidx, number_bidx, id_ct, suite, key_id, row_version, recorded_at) \
             VALUES {}",
            rows.join(", ")
        ))?;
    }
    for chunk in people.names.chunks(AT_ONCE) {
        let mut rows = Vec::with_capacity(chunk.len());
        for (name, person, text) in chunk {
            let (name, person) = (inner(name, copy), inner(person, copy));
            let check = filling.bytes(&sealer.name_check(&person, text));
            let aad = Aad { table: "person_name", column: "name_ct", row_id: &name };
            let text = filling.bytes(&sealer.seal(&aad, text)?);
            rows.push(format!("('{name}', '{person}', {check}, {text}, CURRENT_TIMESTAMP)"));
        }
        filling.execute(&format!(
            "INSERT INTO person_name (name_id, person_id, name_check, name_ct, recorded_at) VALUES {}",
            rows.join(", ")
        ))?;
    }
    Ok(())
}
