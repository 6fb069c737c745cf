//! A PostgreSQL server for one test program, and one database for each of its tests.
//!
//! The server is private: made in a temporary folder, reached by a socket in it, run as an ordinary user
//! even where the tests run as root, and without fsync. A shell beside it waits for the end of its own
//! input, which comes when the test program ends however it ends, and then stops the server and removes
//! the folder. `YINGZHU_TEST_POSTGRES_URL` names a server to use instead; its user must be able to create
//! databases.
//!
//! Where there is no PostgreSQL, the program says so and ends well, without having run; with
//! `YINGZHU_REQUIRE_POSTGRES` set it fails.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use yingzhu::db::{DatabaseUrl, Db};

use super::installed;

/// Starts the server, waits for the end of its input, stops the server and removes its folder.
const KEEPER: &str = r#"
"$1/pg_ctl" -D "$2/data" -l "$2/log" -w -s start >/dev/null 2>&1 && echo ready
cat >/dev/null
"$1/pg_ctl" -D "$2/data" -m immediate -w -s stop >/dev/null 2>&1
rm -rf "$2"
"#;

const SETTINGS: &str = "\
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
listen_addresses = ''
max_connections = 200
shared_buffers = 64MB
wal_level = minimal
max_wal_senders = 0
lc_messages = 'C'
";

/// How a database must be made.
pub(crate) const BYTES: &str = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'";

/// The server that the tests of this program share.
pub(crate) struct Server {
    /// A URL with `{}` where the database's name stands.
    pattern: String,
    admin: Mutex<PgConnection>,
    template: Option<String>,
    /// Holds the keeper's input open for as long as this program runs.
    _cluster: Option<Mutex<Cluster>>,
}

/// A database; dropped with this.
pub(crate) struct Database {
    pub(crate) url: String,
    name: String,
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        // A test that failed while it held the connection has poisoned nothing that matters here.
        let mut admin = server().admin.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = admin.batch_execute(&dropped);
    }
}

/// The server of this test program; the first test that asks starts it.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match (installed::named(), installed::binaries()) {
        (Some(url), _) => Server::existing(&url),
        (None, Some(_)) => Server::private(),
        (None, None) => absent(),
    })
}

fn absent() -> ! {
    let text = format!("\n{}: {}\n", env!("CARGO_CRATE_NAME"), installed::missing());
    // Past the capture of the test harness: a run that did not happen must be seen.
    let _ = std::io::stderr().write_all(text.as_bytes());
    std::process::exit(i32::from(installed::required()));
}

/// A private cluster in a temporary folder; stopped and removed when this is dropped or the program ends.
pub(crate) struct Cluster {
    pub(crate) folder: PathBuf,
    /// Its input is open for as long as the cluster is wanted.
    keeper: Child,
}

impl Cluster {
    /// Makes and starts a cluster with these further settings; the last of two counts.
    pub(crate) fn start(settings: &str) -> Self {
        let Some((_, binaries)) = installed::binaries() else { absent() };
        let folder = tempfile::Builder::new().prefix("yzpg-").tempdir().unwrap().keep();
        let account = ordinary_account();
        if let Some((uid, gid)) = account {
            std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let command = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir(&folder).env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin");
            if let Some((uid, gid)) = account {
                command.uid(uid).gid(gid);
            }
            command
        };
        let made = command(&binaries.join("initdb"))
            .args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D"])
            .arg(folder.join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let settings = format!("{SETTINGS}unix_socket_directories = '{}'\n{settings}", folder.display());
        let mut file =
            std::fs::OpenOptions::new().append(true).open(folder.join("data/postgresql.conf")).unwrap();
        file.write_all(settings.as_bytes()).unwrap();
        let mut keeper = command(Path::new("/bin/sh"))
            .args(["-c", KEEPER, "keeper"])
            .args([&binaries, &folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C at the terminal ends the tests; the keeper then cleans up.
            .process_group(0)
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert_eq!(said, "ready\n", "PostgreSQL did not start: {}", log());
        Self { folder, keeper }
    }

    /// The address of a database, by the socket in the folder.
    pub(crate) fn url(&self, database: &str) -> String {
        at(&self.pattern(), database)
    }

    fn pattern(&self) -> String {
        format!("postgres://postgres@/{{}}?host={}", self.folder.display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

impl Server {
    fn private() -> Self {
        let cluster = Cluster::start("");
        let mut server = Self {
            admin: Mutex::new(PgConnection::establish(&cluster.url("postgres")).unwrap()),
            pattern: cluster.pattern(),
            template: None,
            _cluster: Some(Mutex::new(cluster)),
        };
        let template = server.create("template0", "yingzhu_template");
        let db = Db::connect(&DatabaseUrl::parse(&template).unwrap(), 1).unwrap();
        db.migrate().unwrap();
        server.template = Some("yingzhu_template".to_owned());
        server
    }

    fn existing(url: &str) -> Self {
        let admin = PgConnection::establish(url).expect("YINGZHU_TEST_POSTGRES_URL cannot be reached");
        let (scheme, rest) = url.split_once("://").expect("YINGZHU_TEST_POSTGRES_URL is no URL");
        let (place, options) = rest.split_once('?').map_or((rest, ""), |(place, o)| (place, o));
        let host = place.split('/').next().unwrap_or_default();
        let pattern = format!("{scheme}://{host}/{{}}?{options}");
        Self { pattern, admin: Mutex::new(admin), template: None, _cluster: None }
    }

    /// A database without any table.
    pub(crate) fn empty(&self) -> Database {
        self.database("template0")
    }

    /// A database with the schema of this binary.
    pub(crate) fn migrated(&self) -> Database {
        if let Some(template) = &self.template {
            return self.database(template);
        }
        let database = self.empty();
        Db::connect(&DatabaseUrl::parse(&database.url).unwrap(), 1).unwrap().migrate().unwrap();
        database
    }

    fn database(&self, template: &str) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        note();
        let name = format!("yingzhu_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Database { url: self.create(template, &name), name }
    }

    fn create(&self, template: &str, name: &str) -> String {
        let locale = if template == "template0" { BYTES } else { "" };
        let mut admin = self.admin.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        admin.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template} {locale}")).unwrap();
        at(&self.pattern, name)
    }
}

/// Notes that this program has made a database for a test.
fn note() {
    let folder = installed::notes();
    std::fs::create_dir_all(&folder).unwrap();
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.create(true).append(true).open(folder.join(env!("CARGO_CRATE_NAME"))).unwrap();
    file.write_all(b".").unwrap();
}

fn at(pattern: &str, database: &str) -> String {
    pattern.replace("{}", database)
}

/// PostgreSQL refuses to run as root: then its own account, or the one that owns nothing.
fn ordinary_account() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
    let numbers = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    numbers("postgres").or_else(|| numbers("nobody"))
}
