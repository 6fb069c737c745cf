//! Everything that a database holds, to be held against what it held before.

use diesel::{QueryableByName, RunQueryDsl, sql_query};
use yingzhu::db::{Conn, Db};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

/// Each table's name and rows, the rows in a fixed order.
pub(crate) fn dump(db: &Db) -> Vec<(String, Vec<String>)> {
    db.read_now(|conn| {
        let tables = match conn {
            Conn::Sqlite(_) => "SELECT name AS line FROM sqlite_master WHERE type = 'table' ORDER BY name",
            Conn::Pg(_) => {
                "SELECT table_name::text AS line FROM information_schema.tables \
                 WHERE table_schema = current_schema() ORDER BY table_name"
            }
        };
        let tables = lines(conn, tables);
        Ok(tables.into_iter().map(|table| (table.clone(), rows(conn, &table))).collect())
    })
    .unwrap()
}

fn rows(conn: &mut Conn, table: &str) -> Vec<String> {
    if let Conn::Pg(_) = conn {
        return lines(conn, &format!("SELECT t::text AS line FROM {table} t ORDER BY 1"));
    }
    let columns = format!(
        "SELECT group_concat('quote(\"' || name || '\")', ' || ''|'' || ') AS line FROM pragma_table_info('{table}')"
    );
    let columns = lines(conn, &columns).concat();
    lines(conn, &format!("SELECT {columns} AS line FROM \"{table}\" ORDER BY 1"))
}

fn lines(conn: &mut Conn, query: &str) -> Vec<String> {
    let found: Vec<Line> = sql_query(query).load(conn).unwrap();
    found.into_iter().map(|l| l.line).collect()
}
