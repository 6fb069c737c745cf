//! The database: both engines behind one connection type, one way to read, one way to write.
//!
//! * [`Conn`] is PostgreSQL or SQLite. Queries are plain diesel on `Conn`; where the derive is too
//!   narrow (upsert, many rows at once) the [`on!`] macro compiles one body for both engines.
//! * [`Db::read`] and [`Db::write`] are the ways in: one hop to a blocking thread, one connection, one
//!   transaction. A write opens `BEGIN IMMEDIATE` on SQLite, because a transaction that reads first and
//!   writes later otherwise fails at once with "database is locked". On PostgreSQL several write at
//!   once: what may be done twice goes through [`Db::write_again`], which does it again when another was
//!   faster, and [`hold`] keeps a row from others until the transaction ends.
//! * [`Db::consult`] reads what one statement brings, without a transaction around it where that costs trips.
//! * [`Db::browse`] reads from a replica where there is one. Lists, exports and statistics may; nothing
//!   that is decided upon may, because a replica lags.
//! * The URL's scheme is required: a mistyped URL must never create an empty database.
//! * Nobody waits long: beyond a bounded queue, and when the database is away, a caller is told at once
//!   to come back (503 with `Retry-After`).
//!
//! This room knows no table but the migrations' own.
#![expect(missing_docs, reason = "the MultiConnection derive generates undocumented public items")]

mod migrate;
mod pool;
mod pour;
mod url;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::PooledConnection;
use diesel::{MultiConnection, PgConnection, RunQueryDsl, SqliteConnection};

use crate::error::{Code, Error, Result};
use pool::{Manager, Pool};

pub(crate) use pour::{COPY_FROM, SHEAF, pour};
pub use url::DatabaseUrl;

/// SQLite before 3.51.3 can corrupt a database in WAL mode.
const OLDEST_SAFE_SQLITE: &str = "3.51.3";

/// How often work that met another's is done again before the caller is told to come back.
const ATTEMPTS: u32 = 5;

/// The longest a statement waits for another transaction on PostgreSQL, unless it is told otherwise.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Callers that may wait for each connection.
const QUEUE_PER_CONNECTION: usize = 64;

/// Whoever waited longer for a thread is told to come back: by then most have gone away.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

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

/// Holds a row, found by its primary key, until the transaction ends: whoever else would hold or change it
/// waits. On SQLite a write transaction is alone anyway. `hold!(conn, poverty_list::table, id)?`.
macro_rules! hold {
    ($conn:expr, $table:expr, $key:expr) => {
        match $conn {
            $crate::db::Conn::Pg(conn) => diesel::QueryDsl::for_update(diesel::QueryDsl::select(
                diesel::QueryDsl::find($table, $key),
                diesel::dsl::sql::<diesel::sql_types::Integer>("1"),
            ))
            .execute(conn)
            .map(|_| ()),
            $crate::db::Conn::Sqlite(_) => Ok(()),
        }
    };
}
pub(crate) use hold;

/// Rows per multi-row statement: below SQLite's 32,766 and PostgreSQL's 65,535 binds for 30 columns.
pub const CHUNK: usize = 500;

/// How connections are kept and bounded.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections in each pool.
    pub size: u32,
    /// A replica for [`Db::browse`].
    pub replica: Option<DatabaseUrl>,
    /// The longest a statement may run on PostgreSQL.
    pub statement_timeout: Duration,
    /// The longest a statement may wait for another transaction on PostgreSQL.
    pub lock_timeout: Duration,
    /// A pooler in transaction mode stands before PostgreSQL: nothing may be left on a connection
    /// between two transactions.
    pub pooled_outside: bool,
}

impl Options {
    /// The usual bounds with so many connections.
    pub fn sized(size: u32) -> Self {
        Self {
            size,
            replica: None,
            statement_timeout: Duration::from_mins(2),
            lock_timeout: LOCK_WAIT,
            pooled_outside: false,
        }
    }

    /// What a PostgreSQL session, or with `SET LOCAL` a transaction, is told.
    fn session(&self, set: &str) -> String {
        format!(
            "{set} TIME ZONE 'UTC'; {set} lock_timeout = {}; {set} statement_timeout = {}; \
             {set} idle_in_transaction_session_timeout = '10min'; {set} client_min_messages = 'warning';",
            self.lock_timeout.as_millis(),
            self.statement_timeout.as_millis(),
        )
    }
}

/// The pools, and the ways to use them.
#[derive(Clone)]
pub struct Db {
    primary: Pool,
    replica: Option<Pool>,
    waiting: Arc<AtomicUsize>,
    embedded: bool,
    pooled_outside: bool,
    /// How a transaction begins on PostgreSQL.
    begin: Arc<str>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Db")
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

impl Db {
    /// Opens the pool with the usual bounds. `size` connections at the most.
    pub fn connect(url: &DatabaseUrl, size: u32) -> Result<Self> {
        Self::open(url, &Options::sized(size))
    }

    /// Opens the pools.
    pub fn open(url: &DatabaseUrl, options: &Options) -> Result<Self> {
        if let DatabaseUrl::Sqlite(path) = url {
            let folder = std::path::Path::new(path).parent().filter(|p| !p.as_os_str().is_empty());
            if let Some(folder) = folder {
                std::fs::create_dir_all(folder)?;
            }
        }
        let replica = options.replica.as_ref().map(|url| Pool::open(url, options, false)).transpose()?;
        let begin = if options.pooled_outside {
            format!("BEGIN; {}", options.session("SET LOCAL"))
        } else {
            "BEGIN".to_owned()
        };
        let db = Self {
            primary: Pool::open(url, options, true)?,
            replica,
            waiting: Arc::default(),
            embedded: matches!(url, DatabaseUrl::Sqlite(_)),
            pooled_outside: options.pooled_outside,
            begin: begin.into(),
        };
        db.read_now(assert_sqlite_version)?;
        Ok(db)
    }

    /// Whether the database is a file of this machine, written by one transaction at a time.
    pub fn is_embedded(&self) -> bool {
        self.embedded
    }

    /// Reads in one transaction on a blocking thread.
    pub async fn read<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.hop(move |db| db.read_now(f)).await
    }

    /// [`Db::read`] of something that may be begun again: when the connection dies in the middle, it is, once.
    pub async fn read_again<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.hop(move |db| db.read_again_now(f)).await
    }

    /// Reads in one transaction from the replica, which may lag; from the primary where there is none, and
    /// when the replica does not have what is asked for yet, is away, or breaks off.
    pub async fn browse<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Clone + Send + 'static,
    {
        self.hop(move |db| db.browse_now(f)).await
    }

    /// Writes in one transaction on a blocking thread; all of it or nothing.
    pub async fn write<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.hop(move |db| db.write_now(f)).await
    }

    /// Reads on a blocking thread, on PostgreSQL without a transaction, for what one statement brings there:
    /// that is of one moment by itself, and two trips to the database are saved. `f` may be called again,
    /// after a connection that was found dead.
    pub async fn consult<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.hop(move |db| db.consult_now(f)).await
    }

    /// [`Db::write`] of something that may be begun again: when another transaction was faster (a unique
    /// value taken, a deadlock, a failed serialisation), it is, a bounded number of times.
    pub async fn write_again<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.hop(move |db| db.write_again_now(f)).await
    }

    /// [`Db::read`] on the calling thread, for commands.
    pub fn read_now<T>(&self, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        self.transact(&self.primary, Kind::Read, f)
    }

    /// [`Db::consult`] on the calling thread, for commands.
    pub fn consult_now<T>(&self, f: impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
        if self.pooled_outside || self.embedded {
            // Behind a pooler the bounds on a statement are those of its transaction; next door a transaction
            // costs no trip, and several statements are quicker than one for all.
            return self.read_now(f);
        }
        let mut left = self.primary.size();
        loop {
            let mut link = self.primary.take()?;
            match f(&mut link) {
                Err(error) if error.lost_the_database() => {
                    link.dead = true;
                    left = left.checked_sub(1).ok_or(error)?;
                }
                done => return done,
            }
        }
    }

    /// [`Db::read_again`] on the calling thread, for commands.
    pub fn read_again_now<T>(&self, mut f: impl FnMut(&mut Conn) -> Result<T>) -> Result<T> {
        match self.read_now(&mut f) {
            Err(error) if error.lost_the_database() => {
                log::info!("event=read_again");
                self.read_now(f)
            }
            done => done,
        }
    }

    fn browse_now<T>(&self, f: impl FnOnce(&mut Conn) -> Result<T> + Clone) -> Result<T> {
        let replica = self.replica.as_ref().and_then(|pool| self.begun(pool, Kind::Read).ok());
        let done = replica.map(|link| end(link, Kind::Read, f.clone()));
        let vain =
            |error: &Error| error.code == Code::NotFound || error.lost_the_database() || error.met_another();
        match done {
            Some(done) if !done.as_ref().is_err_and(vain) => done,
            _ => self.read_again_now(|conn| f.clone()(conn)),
        }
    }

    /// [`Db::write`] on the calling thread, for commands.
    pub fn write_now<T>(&self, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        self.transact(&self.primary, Kind::Write, f)
    }

    /// [`Db::write_again`] on the calling thread, for commands.
    pub fn write_again_now<T>(&self, mut f: impl FnMut(&mut Conn) -> Result<T>) -> Result<T> {
        let mut attempt = 1;
        loop {
            match self.transact(&self.primary, Kind::Write, &mut f) {
                Err(error) if error.met_another() && attempt < ATTEMPTS => {
                    log::info!("event=write_again attempt={attempt}");
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// Goes to a blocking thread, if there are not too many waiting for one already.
    async fn hop<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T> + Send + 'static,
    {
        let most = usize::try_from(self.primary.size()).unwrap_or(1).saturating_mul(QUEUE_PER_CONNECTION);
        let place = Place::take(&self.waiting, most)?;
        let db = self.clone();
        let joined = tokio::task::spawn_blocking(move || {
            place.leave()?;
            work(&db)
        });
        match joined.await {
            Ok(result) => result,
            Err(e) if e.is_panic() => Err(Error::internal("a database closure panicked")),
            Err(_) => Err(Error::unavailable("the service is stopping")),
        }
    }

    fn transact<T>(&self, pool: &Pool, kind: Kind, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        end(self.begun(pool, kind)?, kind, f)
    }

    /// A connection with a transaction begun. Connections that died in the pool are given up one by one:
    /// nothing has been asked of them yet, so that beginning again is safe for a write as well.
    fn begun(&self, pool: &Pool, kind: Kind) -> Result<PooledConnection<Manager>> {
        let mut left = pool.size();
        loop {
            let mut link = pool.take()?;
            let conn: &mut Conn = &mut link;
            let sql = match (&conn, kind) {
                (Conn::Sqlite(_), Kind::Read) => "BEGIN",
                (Conn::Sqlite(_), Kind::Write) => "BEGIN IMMEDIATE",
                (Conn::Pg(_), _) => &self.begin,
            };
            match on!(conn => AnsiTransactionManager::begin_transaction_sql(conn, sql)).map_err(Error::from) {
                Ok(()) => return Ok(link),
                Err(error) if error.lost_the_database() => {
                    link.dead = true;
                    left = left.checked_sub(1).ok_or(error)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Brings the schema up to this binary's. Refuses a schema newer than the binary.
    pub fn migrate(&self) -> Result<usize> {
        self.write_now(migrate::up)
    }

    /// Takes every migration back, newest first; for the tests of the migrations themselves.
    pub fn revert_all(&self) -> Result<usize> {
        self.write_now(migrate::down)
    }
}

/// Does the work of a transaction that has begun, and commits it, or takes it back.
fn end<T>(
    mut link: PooledConnection<Manager>,
    kind: Kind,
    f: impl FnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    match f(&mut link) {
        Ok(value) => {
            let conn: &mut Conn = &mut link;
            let done = on!(conn => AnsiTransactionManager::commit_transaction(conn)).map_err(Error::from);
            link.dead = done.as_ref().is_err_and(Error::lost_the_database);
            done.map(|()| value)
        }
        Err(error) => {
            let conn: &mut Conn = &mut link;
            // The first error is the one to tell; after a failed rollback the connection is dropped.
            let undone = on!(conn => AnsiTransactionManager::rollback_transaction(conn));
            // A server that takes no writes any more is not asked again: the pool connects anew, and of several
            // hosts to the one that does.
            link.dead =
                undone.is_err() || error.lost_the_database() || (kind == Kind::Write && error.read_only());
            Err(error)
        }
    }
}

/// One of the bounded number of places in the queue for a blocking thread.
struct Place {
    waiting: Arc<AtomicUsize>,
    since: Instant,
}

impl Place {
    fn take(waiting: &Arc<AtomicUsize>, most: usize) -> Result<Self> {
        let place = Self { waiting: Arc::clone(waiting), since: Instant::now() };
        if waiting.fetch_add(1, Ordering::Relaxed) >= most {
            return Err(Error::unavailable("database: the queue is full"));
        }
        Ok(place)
    }

    fn leave(self) -> Result<()> {
        if self.since.elapsed() > LONGEST_WAIT {
            return Err(Error::unavailable("database: waited too long for a thread"));
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs a bulk write with eight times the page cache, which on SQLite keeps the indexes in memory that every
/// row is entered in: the two of a million people whose keys are random take some 60 MB. PostgreSQL has its own.
pub fn with_room<T>(conn: &mut Conn, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    let room = |conn: &mut Conn, sql: &str| match conn {
        Conn::Sqlite(conn) => conn.batch_execute(sql),
        Conn::Pg(_) => Ok(()),
    };
    room(conn, "PRAGMA cache_size = -128000;")?;
    let result = f(conn);
    // A connection that cannot even do this is told by the commit.
    if room(conn, "PRAGMA cache_size = -16000; PRAGMA shrink_memory;").is_err() {
        log::warn!("event=cache_not_narrowed");
    }
    result
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
