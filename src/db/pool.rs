//! Connections and the pool that keeps them: how each is set up, when one is given up, and what is said
//! when none is to be had.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, CacheSize, SimpleConnection, TransactionManager};
use diesel::r2d2::{ManageConnection, PooledConnection};
use diesel::{Connection, ConnectionError, ConnectionResult, PgConnection, SqliteConnection};

use super::url::with_habits;
use super::{Conn, DatabaseUrl, Options, on};
use crate::error::{Code, Error, Result};
use crate::values::Text;

/// How long a request waits for a connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(1);

/// So much of a SQLite file is mapped, the most it allows; what lies beyond is read as usual.
const MAPPED: u32 = 0x7fff_0000;

/// After a vain wait, for how long everybody is told to come back at once.
const PAUSE: Duration = Duration::from_millis(500);

/// A pooled connection, and whether it has been found dead.
pub(super) struct Link {
    conn: Conn,
    pub(super) dead: bool,
}

impl Deref for Link {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Link {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// Opens connections of the engine the URL names, and sets each one up.
#[derive(Debug)]
pub(super) struct Manager {
    url: DatabaseUrl,
    options: Options,
    writes: bool,
}

impl ManageConnection for Manager {
    type Connection = Link;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Link, Self::Error> {
        let conn = self.open().map_err(diesel::r2d2::Error::ConnectionError)?;
        Ok(Link { conn, dead: false })
    }

    fn is_valid(&self, link: &mut Link) -> Result<(), Self::Error> {
        link.batch_execute("SELECT 1").map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, link: &mut Link) -> bool {
        // A thread that panicked inside a transaction leaves it open; such a connection is not reused.
        let conn = &mut link.conn;
        let depth = on!(conn => {
            AnsiTransactionManager::transaction_manager_status_mut(conn).transaction_depth()
        });
        link.dead || !matches!(depth, Ok(None))
    }
}

impl Manager {
    fn open(&self) -> ConnectionResult<Conn> {
        let setup = |e: diesel::result::Error| ConnectionError::CouldntSetupConfiguration(e);
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(path)?;
                // FULL: an acknowledged write survives a lost power supply. Pages are read through a map of the
                // file: all connections share the system's copy, where each would make its own.
                conn.batch_execute(&format!(
                    "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; \
                     PRAGMA mmap_size = {MAPPED};",
                ))
                .map_err(setup)?;
                Ok(Conn::Sqlite(conn))
            }
            DatabaseUrl::Postgres(url) => {
                let mut conn = PgConnection::establish(&with_habits(url, self.writes))?;
                if self.options.pooled_outside {
                    // The next transaction may run on another server connection: nothing is left behind.
                    conn.set_prepared_statement_cache_size(CacheSize::Disabled);
                } else {
                    conn.batch_execute(&format!(
                        "SET application_name = 'yingzhu'; {}",
                        self.options.session("SET")
                    ))
                    .map_err(setup)?;
                }
                Ok(Conn::Pg(conn))
            }
        }
    }
}

/// A pool with a short memory of the last time it had nothing to give.
#[derive(Clone)]
pub(super) struct Pool {
    links: diesel::r2d2::Pool<Manager>,
    born: Instant,
    /// Milliseconds since `born` until which nobody need ask.
    closed_until: Arc<AtomicU64>,
    size: u32,
}

impl Pool {
    /// Opens a pool of at most `size` connections; the first is opened at once, so that what is wrong is
    /// told precisely.
    pub(super) fn open(url: &DatabaseUrl, options: &Options, writes: bool) -> Result<Self> {
        let manager = Manager { url: url.clone(), options: options.clone(), writes };
        drop(manager.open().map_err(|e| refused(&e))?);
        let size = options.size.max(1);
        let links = diesel::r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(WAIT)
            // A query per checkout costs a third of the throughput; a dead connection is found by BEGIN.
            .test_on_check_out(false)
            .build(manager)
            .map_err(|e| Error::unavailable(format!("database pool: {}", fault(&e))))?;
        Ok(Self { links, born: Instant::now(), closed_until: Arc::default(), size })
    }

    /// How many connections there may be.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// A connection, or the refusal that sends the caller away for a moment.
    pub(super) fn take(&self) -> Result<PooledConnection<Manager>> {
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now < self.closed_until.load(Ordering::Relaxed) {
            return Err(Error::unavailable("database pool: none was to be had a moment ago"));
        }
        self.links.get().map_err(|e| {
            let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
            let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.closed_until.store(now.saturating_add(pause), Ordering::Relaxed);
            Error::unavailable(format!("database pool: {}", fault(&e)))
        })
    }
}

/// What kept a connection from being had, without host names or paths.
fn fault(error: &diesel::r2d2::PoolError) -> String {
    let text = error.to_string();
    if text.contains("timed out") {
        "timed out".to_owned()
    } else {
        text.split(':').next().unwrap_or_default().to_owned()
    }
}

/// Why the first connection could not be opened, in words for whoever starts the service. Neither the
/// password nor the address is repeated.
fn refused(error: &ConnectionError) -> Error {
    let text = error.to_string();
    let said = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let detail = if said(&["password authentication failed", "no password supplied", "no pg_hba.conf entry"])
        || (said(&["role"]) && said(&["does not exist"]))
    {
        Text::fixed(
            "数据库拒绝登录：请核对数据库地址中的用户名、密码和访问许可",
            "the database refuses the login: check user, password and access rules of the database URL",
        )
    } else if said(&["database"]) && said(&["does not exist"]) {
        Text::fixed(
            "数据库不存在：请先创建，例如 CREATE DATABASE yingzhu TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
            "there is no such database: create it first, e.g. CREATE DATABASE yingzhu TEMPLATE template0 \
             ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
        )
    } else if said(&["SSL support is not compiled in"]) {
        Text::fixed(
            "数据库地址要求 TLS，而本程序编译时未启用：请用 --features postgres-tls 编译的程序，或经本机代理连接",
            "the database URL asks for TLS, which this build does not have: use one made with --features \
             postgres-tls, or connect through a local proxy",
        )
    } else if said(&["root certificate file"]) {
        Text::fixed(
            "找不到用于验证数据库服务器的 CA 证书：请检查数据库地址中的 sslrootcert",
            "the authority's certificate that the database is verified by cannot be read: check sslrootcert in the \
             database URL",
        )
    } else if said(&["certificate"]) {
        Text::fixed(
            "数据库服务器的证书未通过验证，已拒绝连接：请检查主机名是否与证书一致、sslrootcert 是否为签发该证书的 CA",
            "the database's certificate was not accepted and no connection made: check that the host's name is the \
             certificate's, and that sslrootcert is the authority that signed it",
        )
    } else if said(&["SSL"]) {
        Text::fixed(
            "与数据库协商 TLS 未成功：请核对数据库服务器是否启用 TLS（ssl = on）以及地址中的 sslmode",
            "TLS could not be agreed upon with the database: check that it has ssl = on, and sslmode in the URL",
        )
    } else if said(&["unable to open database file"]) {
        Text::fixed(
            "数据库文件打不开：请检查目录是否存在、是否有读写权限",
            "the database file cannot be opened: check that the folder exists and may be written",
        )
    } else {
        let detail = Text::fixed(
            "连不上数据库：请检查数据库是否已启动、地址是否正确",
            "the database cannot be reached: check that it runs and that the URL is right",
        );
        return Error { detail, ..Error::unavailable("database: not reachable") };
    };
    Error::new(Code::DatabaseRefused, detail)
}
