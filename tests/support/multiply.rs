//! Large tables in seconds: what was entered as offices enter it, multiplied inside the database.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use yingzhu::db::Conn;

/// Tables that grow with students: the columns that make a further row another one.
pub(crate) const GROWING: [(&str, &[&str]); 6] = [
    ("person", &["person_id"]),
    ("person_name", &["name_id", "person_id"]),
    ("enrolment", &["enrolment_id", "person_id", "name_id"]),
    ("category", &["category_id", "person_id", "enrolment_id"]),
    ("poverty_list_entry", &["entry_id", "person_id", "name_id"]),
    ("aid_record", &["record_id", "person_id", "name_id"]),
];

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Adds so many copies of every row that is there, in one statement a table. The copies are other people:
/// no id number finds them, and nothing sealed in them opens.
pub(crate) fn multiply(conn: &mut Conn, copies: u32) -> QueryResult<()> {
    for (table, varied) in GROWING {
        let (columns, blind) = match conn {
            Conn::Pg(_) => (
                format!(
                    "SELECT column_name::text AS name FROM information_schema.columns \
                     WHERE table_schema = 'public' AND table_name = '{table}'"
                ),
                // Another value in every copy, and none that an id number has.
                "decode(md5(t.person_id || s.n::text), 'hex')",
            ),
            Conn::Sqlite(_) => (format!("SELECT name FROM pragma_table_info('{table}')"), "randomblob(16)"),
        };
        let columns: Vec<String> =
            diesel::sql_query(columns).load::<Named>(conn)?.into_iter().map(|c| c.name).collect();
        let values: Vec<String> = columns
            .iter()
            .map(|column| match column.as_str() {
                "id_bidx" => blind.to_owned(),
                "number_bidx" => "NULL".to_owned(),
                c if varied.contains(&c) => format!("t.{c} || '-' || s.n"),
                c => format!("t.{c}"),
            })
            .collect();
        conn.batch_execute(&format!(
            "INSERT INTO {table} ({}) WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {copies}) \
             SELECT {} FROM (SELECT * FROM {table}) t CROSS JOIN s",
            columns.join(", "),
            values.join(", ")
        ))?;
    }
    conn.batch_execute("ANALYZE")
}
