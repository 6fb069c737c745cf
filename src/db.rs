//! The database: both engines behind one connection type, one way to read, one way to write.
//!
//! * [`Conn`] is PostgreSQL or SQLite. Queries are plain diesel on `Conn`; where the derive is too
//!   narrow (upsert, many rows at once) the [`on!`] macro compiles one body for both engines.
//! * [`Db::read`] and [`Db::write`] are the only ways in: one hop to a blocking thread, one
//!   connection, one transaction. A write opens `BEGIN IMMEDIATE` on SQLite, because a transaction
//!   that reads first and writes later otherwise fails at once with "database is locked".
//! * The URL's scheme is required: a mistyped URL must never create an empty database.
//!
//! This file knows no table but the migrations' own.
#![expect(missing_docs, reason = "the MultiConnection derive generates undocumented public items")]

use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::{ManageConnection, Pool};
use diesel::{
    Connection, ConnectionError, ConnectionResult, MultiConnection, PgConnection, RunQueryDsl,
    SqliteConnection,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::error::{Error, Result};
use crate::values::Text;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// SQLite before 3.51.3 can corrupt a database in WAL mode.
const OLDEST_SAFE_SQLITE: &str = "3.51.3";

/// How long a request waits for a connection before it is told to come back.
const POOL_WAIT: Duration = Duration::from_secs(2);

/// A connection to either engine.
#[derive(MultiConnection)]
pub enum Conn {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}

/// Compiles one body for both engines: `on!(conn => diesel::insert_into(t).values(&rows).execute(conn))`.
macro_rules! on {
    ($conn:ident => $body:expr) => {
        match $conn {
            $crate::db::Conn::Pg($conn) => $body,
            $crate::db::Conn::Sqlite($conn) => $body,
        }
    };
}
pub(crate) use on;

/// Rows per multi-row statement: below SQLite's 32,766 and PostgreSQL's 65,535 binds for 30 columns.
pub const CHUNK: usize = 500;

/// A database URL whose engine is known.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    Postgres(String),
    Sqlite(String),
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Postgres(_) => f.write_str("postgres://…"),
            Self::Sqlite(path) => write!(f, "sqlite://{path}"),
        }
    }
}

impl DatabaseUrl {
    /// Reads `sqlite://path`, `postgres://…` or `postgresql://…`; anything else is refused.
    pub fn parse(url: &str) -> Result<Self, Text> {
        if let Some(path) = url.strip_prefix("sqlite://").filter(|p| !p.is_empty()) {
            return Ok(Self::Sqlite(path.to_owned()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        Err(Text::fixed(
            "数据库地址必须以 sqlite:// 或 postgres:// 开头，例如 sqlite://data/yingzhu.db",
            "the database URL must begin with sqlite:// or postgres://, e.g. sqlite://data/yingzhu.db",
        ))
    }
}

/// Opens connections of the engine the URL names, and sets each one up.
#[derive(Debug)]
struct Manager(DatabaseUrl);

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Conn, Self::Error> {
        open(&self.0).map_err(diesel::r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), Self::Error> {
        conn.batch_execute("SELECT 1").map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        // A thread that panicked inside a transaction leaves it open; such a connection is not reused.
        let depth = on!(conn => {
            AnsiTransactionManager::transaction_manager_status_mut(conn).transaction_depth()
        });
        !matches!(depth, Ok(None))
    }
}

fn open(url: &DatabaseUrl) -> ConnectionResult<Conn> {
    let setup = |e: diesel::result::Error| ConnectionError::CouldntSetupConfiguration(e);
    match url {
        DatabaseUrl::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(path)?;
            // FULL: an acknowledged write survives a lost power supply.
            conn.batch_execute(
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000;",
            )
            .map_err(setup)?;
            Ok(Conn::Sqlite(conn))
        }
        DatabaseUrl::Postgres(url) => {
            let mut conn = PgConnection::establish(url)?;
            conn.batch_execute(
                "SET application_name = 'yingzhu'; SET TIME ZONE 'UTC'; SET lock_timeout = '5s'; \
                 SET client_min_messages = 'warning';",
            )
            .map_err(setup)?;
            Ok(Conn::Pg(conn))
        }
    }
}

/// The pool, and the two ways to use it.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Manager>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Db")
    }
}

impl Db {
    /// Opens the pool. `size` connections at the most; none is opened before it is needed but the first.
    pub fn connect(url: &DatabaseUrl, size: u32) -> Result<Self> {
        if let DatabaseUrl::Sqlite(path) = url {
            let folder = std::path::Path::new(path).parent().filter(|p| !p.as_os_str().is_empty());
            if let Some(folder) = folder {
                std::fs::create_dir_all(folder)?;
            }
        }
        let pool = Pool::builder()
            .max_size(size.max(1))
            .min_idle(Some(1))
            .connection_timeout(POOL_WAIT)
            // A query per checkout costs a third of the throughput; a broken connection fails one request.
            .test_on_check_out(false)
            .build(Manager(url.clone()))
            .map_err(|e| Error::unavailable(format!("database pool: {}", pool_fault(&e))))?;
        let db = Self { pool };
        db.read_now(assert_sqlite_version)?;
        Ok(db)
    }

    /// Reads in one transaction on a blocking thread.
    pub async fn read<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let db = self.clone();
        join(tokio::task::spawn_blocking(move || db.read_now(f)).await)
    }

    /// Writes in one transaction on a blocking thread; all of it or nothing.
    pub async fn write<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let db = self.clone();
        join(tokio::task::spawn_blocking(move || db.write_now(f)).await)
    }

    /// [`Db::read`] on the calling thread, for commands.
    pub fn read_now<T>(&self, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        self.transact("BEGIN", f)
    }

    /// [`Db::write`] on the calling thread, for commands.
    pub fn write_now<T>(&self, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        self.transact("BEGIN IMMEDIATE", f)
    }

    fn transact<T>(&self, sqlite_begin: &str, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut pooled =
            self.pool.get().map_err(|e| Error::unavailable(format!("database pool: {}", pool_fault(&e))))?;
        let conn: &mut Conn = &mut pooled;
        let begin = match conn {
            Conn::Sqlite(_) => sqlite_begin,
            Conn::Pg(_) => "BEGIN",
        };
        on!(conn => AnsiTransactionManager::begin_transaction_sql(conn, begin))?;
        match f(conn) {
            Ok(value) => {
                on!(conn => AnsiTransactionManager::commit_transaction(conn))?;
                Ok(value)
            }
            Err(error) => {
                // The first error is the one to tell; a failed rollback breaks the connection, which the pool drops.
                if on!(conn => AnsiTransactionManager::rollback_transaction(conn)).is_err() {
                    log::warn!("event=rollback_failed");
                }
                Err(error)
            }
        }
    }

    /// Brings the schema up to this binary's. Refuses a schema newer than the binary.
    pub fn migrate(&self) -> Result<usize> {
        let mut pooled =
            self.pool.get().map_err(|e| Error::unavailable(format!("database pool: {}", pool_fault(&e))))?;
        migrate(&mut pooled)
    }

    /// Takes every migration back, newest first; for the tests of the migrations themselves.
    pub fn revert_all(&self) -> Result<usize> {
        let mut pooled =
            self.pool.get().map_err(|e| Error::unavailable(format!("database pool: {}", pool_fault(&e))))?;
        let conn: &mut Conn = &mut pooled;
        conn.revert_all_migrations(MIGRATIONS)
            .map(|done| done.len())
            .map_err(|e| Error::internal(format!("migrations down: {e}")))
    }
}

/// Runs a bulk write with four times the page cache, which on SQLite keeps the indexes in memory that every
/// row is entered in. PostgreSQL has its own.
pub fn with_room<T>(conn: &mut Conn, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    let room = |conn: &mut Conn, sql: &str| match conn {
        Conn::Sqlite(conn) => conn.batch_execute(sql),
        Conn::Pg(_) => Ok(()),
    };
    room(conn, "PRAGMA cache_size = -64000;")?;
    let result = f(conn);
    // A connection that cannot even do this is told by the commit.
    if room(conn, "PRAGMA cache_size = -16000; PRAGMA shrink_memory;").is_err() {
        log::warn!("event=cache_not_narrowed");
    }
    result
}

fn migrate(conn: &mut Conn) -> Result<usize> {
    conn.run_pending_migrations(MIGRATIONS)
        .map(|done| done.len())
        .map_err(|e| Error::internal(format!("migrations: {e}")))
}

fn join<T>(joined: Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    match joined {
        Ok(result) => result,
        Err(e) if e.is_panic() => Err(Error::internal("a database closure panicked")),
        Err(_) => Err(Error::unavailable("the service is stopping")),
    }
}

/// What kept a connection from being had, without host names or paths.
fn pool_fault(error: &diesel::r2d2::PoolError) -> String {
    let text = error.to_string();
    if text.contains("timed out") {
        "timed out".to_owned()
    } else {
        text.split(':').next().unwrap_or_default().to_owned()
    }
}

#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

fn assert_sqlite_version(conn: &mut Conn) -> Result<()> {
    let Conn::Sqlite(conn) = conn else { return Ok(()) };
    let row: Version = diesel::sql_query("SELECT sqlite_version() AS version").get_result(conn)?;
    let parts = |v: &str| v.split('.').map(|p| p.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>();
    if parts(&row.version) < parts(OLDEST_SAFE_SQLITE) {
        return Err(Error::internal(format!("SQLite {} is older than {OLDEST_SAFE_SQLITE}", row.version)));
    }
    Ok(())
}
