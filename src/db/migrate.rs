//! The schema: brought up to this binary's, by one node at a time, and never down by accident.
//!
//! Every migration of a start runs in one transaction that holds a lock, so that ten nodes may start at
//! once: the first migrates, the others find nothing to do. A schema that a newer binary has made is
//! refused. A running older node is not disturbed by a newer schema as long as migrations only add
//! (tables, nullable columns, indexes); what takes away must wait for the release after the one that
//! stopped using it.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::{RunQueryDsl, sql_types};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, MultiBackend};
use crate::error::{Code, Error, Result};
use crate::values::Text;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The number under which nodes of this service take turns on PostgreSQL.
const TURN: i64 = 0x5949_4e47_5a48_5500;

/// Runs what is pending inside the caller's transaction; how many there were.
pub(super) fn up(conn: &mut Conn) -> Result<usize> {
    if let Conn::Pg(conn) = conn {
        // Freed with the transaction. DDL on large tables may take longer than a request may.
        conn.batch_execute(&format!(
            "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({TURN})"
        ))?;
    }
    orders_by_bytes(conn)?;
    refuse_newer(conn)?;
    conn.run_pending_migrations(MIGRATIONS)
        .map(|done| done.len())
        .map_err(|e| Error::internal(format!("migrations: {e}")))
}

/// Takes every migration back, newest first.
pub(super) fn down(conn: &mut Conn) -> Result<usize> {
    conn.revert_all_migrations(MIGRATIONS)
        .map(|done| done.len())
        .map_err(|e| Error::internal(format!("migrations down: {e}")))
}

fn refuse_newer(conn: &mut Conn) -> Result<()> {
    let fault = |what: &str| Error::internal(format!("migrations: {what}"));
    let applied = conn.applied_migrations().map_err(|_e| fault("the applied ones could not be read"))?;
    let own: Vec<Box<dyn Migration<MultiBackend>>> =
        MIGRATIONS.migrations().map_err(|_e| fault("the embedded ones could not be read"))?;
    let known = |version: &_| own.iter().any(|m| m.name().version() == *version);
    if applied.iter().all(known) {
        return Ok(());
    }
    Err(Error::new(
        Code::DatabaseRefused,
        Text::fixed(
            "数据库结构比本程序新：请使用升级后的程序版本启动，切勿回退数据库",
            "the database schema is newer than this program: start the newer program, and do not take \
             the database back",
        ),
    ))
}

#[derive(diesel::QueryableByName)]
struct Collation {
    #[diesel(sql_type = sql_types::Text)]
    collation: String,
}

/// Lists are sorted by the database. Both engines give the same order only if it is that of the bytes.
fn orders_by_bytes(conn: &mut Conn) -> Result<()> {
    let Conn::Pg(conn) = conn else { return Ok(()) };
    let found: Collation = diesel::sql_query(
        "SELECT CASE datlocprovider WHEN 'i' THEN 'ICU' ELSE datcollate::text END AS collation \
         FROM pg_database WHERE datname = current_database()",
    )
    .get_result(conn)?;
    if matches!(found.collation.as_str(), "C" | "POSIX" | "C.UTF-8" | "C.utf8") {
        return Ok(());
    }
    Err(Error::new(
        Code::DatabaseRefused,
        Text::fixed(
            "数据库的排序规则须为 C，请重新创建：CREATE DATABASE yingzhu TEMPLATE template0 ENCODING 'UTF8' \
             LC_COLLATE 'C' LC_CTYPE 'C'",
            "the database's collation must be C, create it anew: CREATE DATABASE yingzhu TEMPLATE template0 \
             ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
        ),
    ))
}
