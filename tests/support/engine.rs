//! Which engine a test program runs on, and a database of its own for each test.
//!
//! Every test program that touches a database exists twice: `api` on SQLite and `api_postgres` on
//! PostgreSQL run the very same tests. The program's name says which it is.

use yingzhu::db::{DatabaseUrl, Db};

use super::postgres;

/// The two engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The engine of this test program.
    pub(crate) fn here() -> Self {
        if env!("CARGO_CRATE_NAME").ends_with("_postgres") { Self::Postgres } else { Self::Sqlite }
    }
}

/// A database of a test's own and a folder beside it; both are gone when it is dropped.
pub(crate) struct Ground {
    /// The database's URL, as `--database` takes it.
    pub(crate) url: String,
    /// The folder, empty but for SQLite's own files.
    pub(crate) folder: tempfile::TempDir,
    _database: Option<postgres::Database>,
}

impl Ground {
    /// A database with the schema of this binary.
    pub(crate) fn migrated() -> Self {
        match Engine::here() {
            Engine::Sqlite => {
                let ground = Self::empty();
                ground.connect(1).migrate().unwrap();
                ground
            }
            Engine::Postgres => Self::of(postgres::server().migrated()),
        }
    }

    /// A database without any table.
    pub(crate) fn empty() -> Self {
        match Engine::here() {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}", folder.path().join("nested/test.db").display());
                Self { url, folder, _database: None }
            }
            Engine::Postgres => Self::of(postgres::server().empty()),
        }
    }

    fn of(database: postgres::Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: database.url.clone(), folder, _database: Some(database) }
    }

    /// A pool of so many connections.
    pub(crate) fn connect(&self, size: u32) -> Db {
        Db::connect(&DatabaseUrl::parse(&self.url).unwrap(), size).unwrap()
    }
}
