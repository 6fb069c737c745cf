//! What is done to a PostgreSQL of a test's own: ended without a word, started again, asked.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::installed;
use super::postgres::{BYTES, Cluster};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The number that this select gives.
pub(crate) fn count(url: &str, sql: &str) -> i64 {
    let mut conn = PgConnection::establish(url).unwrap();
    diesel::sql_query(format!("SELECT ({sql})::bigint AS n")).get_result::<Count>(&mut conn).unwrap().n
}

/// Does this on a connection of its own.
pub(crate) fn run(url: &str, sql: &str) {
    PgConnection::establish(url).unwrap().batch_execute(sql).unwrap();
}

impl Cluster {
    /// A new database in the order of the bytes; its address.
    pub(crate) fn create(&self, name: &str) -> String {
        run(&self.url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE template0 {BYTES}"));
        self.url(name)
    }

    /// The same on another disk; only the log of changes stays with the cluster.
    pub(crate) fn create_on(&self, name: &str, disk: &Path) -> String {
        let owner = std::fs::metadata(&self.folder).unwrap();
        let place = disk.join("space");
        std::fs::create_dir(&place).unwrap();
        std::os::unix::fs::chown(&place, Some(owner.uid()), Some(owner.gid())).unwrap();
        let admin = self.url("postgres");
        run(&admin, &format!("CREATE TABLESPACE small LOCATION '{}'", place.display()));
        run(&admin, &format!("CREATE DATABASE {name} TEMPLATE template0 TABLESPACE small {BYTES}"));
        self.url(name)
    }

    /// Ends the server without a word to anybody.
    pub(crate) fn stop_at_once(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts the server that was ended.
    pub(crate) fn start_again(&self) {
        self.control(&["start"]);
    }

    fn control(&self, action: &[&str]) {
        let (_, binaries) = installed::binaries().unwrap();
        let data = self.folder.join("data");
        let owner = std::fs::metadata(&data).unwrap();
        let mut command = Command::new(binaries.join("pg_ctl"));
        command.arg("-D").arg(&data).args(["-w", "-s", "-l"]).arg(self.folder.join("log")).args(action);
        command.current_dir(&data).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        assert!(command.status().unwrap().success(), "pg_ctl {action:?}");
    }
}
