//! PgBouncer in transaction mode before PostgreSQL: each transaction may run on another server connection, and
//! there are fewer of those than the nodes hold. Nothing may be prepared, set or locked beyond a transaction.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use diesel::prelude::*;
use serde_json::Value;

use super::cluster::count;
use super::engine::{Engine, Ground};
use super::installed;
use super::site::{Node, Site, TERM, agent, ask, proposal, roll, until};

/// How to get what is missing.
const INSTALL: &str = "apt-get install -y --no-install-recommends pgbouncer";

/// Runs PgBouncer until the end of its input, which comes when the test program ends however it ends.
const KEEPER: &str = r#"
"$1" -q "$2/pgbouncer.ini" </dev/null >/dev/null 2>&1 &
cat >/dev/null
kill $! && wait
rm -rf "$2"
"#;

/// On the roll and on the list.
const CHILDREN: usize = 200;

struct Bouncer {
    folder: PathBuf,
    keeper: Child,
}

impl Bouncer {
    /// Before the server whose socket lies in this folder; says so where there is no PgBouncer.
    fn before(server: &Path) -> Option<Self> {
        let Some(program) = program() else {
            let told = format!(
                "\n{}: PgBouncer was not found: NOT TRIED BEHIND IT. Install it: {INSTALL}\n",
                env!("CARGO_CRATE_NAME")
            );
            let _ = std::io::stderr().write_all(told.as_bytes());
            assert!(!installed::required(), "PgBouncer is required: {INSTALL}");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("yzpb-").tempdir().unwrap().keep();
        let owner = std::fs::metadata(server).unwrap();
        std::os::unix::fs::chown(&folder, Some(owner.uid()), Some(owner.gid())).unwrap();
        std::fs::write(folder.join("users"), "\"postgres\" \"\"\n").unwrap();
        // Three server connections for all.
        let settings = format!(
            "[databases]\n* = host={}\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {here}\nlisten_port = 6432\n\
             auth_type = trust\nauth_file = {here}/users\npool_mode = transaction\ndefault_pool_size = 3\n\
             max_client_conn = 500\nlogfile = {here}/log\npidfile = {here}/pid\n",
            server.display(),
            here = folder.display()
        );
        std::fs::write(folder.join("pgbouncer.ini"), settings).unwrap();
        let mut keeper = Command::new("/bin/sh");
        keeper.args(["-c", KEEPER, "keeper"]).args([&program, &folder]).current_dir(&folder);
        keeper
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            keeper.uid(owner.uid()).gid(owner.gid());
        }
        let keeper = keeper.process_group(0).spawn().unwrap();
        Some(Self { folder, keeper })
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@/{database}?host={}&port=6432", self.folder.display())
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join("pgbouncer")).find(|program| program.exists())
}

#[test]
fn everything_works_behind_a_pooler_in_transaction_mode() {
    let Engine::Postgres = Engine::here() else { return };
    let ground = Ground::empty();
    let (place, options) = ground.url.split_once("?host=").unwrap();
    let name = place.rsplit('/').next().unwrap();
    let server = options.split('&').next().unwrap();
    let Some(bouncer) = Bouncer::before(Path::new(server)) else { return };
    let url = bouncer.url(name);
    until("the pooler answers", || PgConnection::establish(&url).is_ok());

    // Two at once, so that they take turns in migrating.
    let more = ["--database-pooled", "--pool-size", "8", "--job-lease-seconds", "5"];
    let site = Site::through(url.clone(), ground, &["--database-pooled"]);
    let mut nodes = [0, 1].map(|which| Node::launch(&site.folders[which], &url, &more));
    nodes.iter_mut().for_each(Node::await_service);

    let students = site.enrol(&nodes[0], CHILDREN);
    let list = format!("/v1/poverty-lists?term={TERM}");
    let list = post(&site, &nodes[1], &list, 0, &[], list_of(CHILDREN).as_bytes());
    let list = list["list"]["list_id"].as_str().unwrap().to_owned();
    post(&site, &nodes[0], &format!("/v1/poverty-lists/{list}/check"), 0, &[], b"");
    post(&site, &nodes[1], &format!("/v1/poverty-lists/{list}/lock"), 1, &[], b"");

    // Many more callers than server connections, reading and writing through both nodes.
    std::thread::scope(|scope| {
        for caller in 0..16 {
            let (site, nodes, students) = (&site, &nodes, &students);
            scope.spawn(move || {
                for number in (caller..CHILDREN).step_by(16) {
                    let node = &nodes[number % 2];
                    let found = site.look_up(node, number);
                    assert_eq!(
                        (found.status, &found.body["list"]["answer"]),
                        (200, &"on_list".into()),
                        "{}",
                        found.body
                    );
                    let key = format!("k-{number}");
                    let headers = [("idempotency-key", key.as_str()), ("content-type", "application/json")];
                    let made = post(site, node, "/v1/aid-records", 0, &headers, &proposal(&students[number]));
                    let again = post(
                        site,
                        &nodes[(number + 1) % 2],
                        "/v1/aid-records",
                        0,
                        &headers,
                        &proposal(&students[number]),
                    );
                    assert_eq!(made["record_id"], again["record_id"]);
                }
            });
        }
    });
    assert_eq!(site.count("SELECT count(*) FROM aid_record"), i64::try_from(CHILDREN).unwrap());

    let json = [("prefer", "respond-async"), ("content-type", "application/json")];
    let check =
        post(&site, &nodes[0], "/v1/cross-checks", 0, &json, format!("{{\"term\":\"{TERM}\"}}").as_bytes());
    let later = [("prefer", "respond-async"), ("content-type", "application/octet-stream")];
    let import = post(
        &site,
        &nodes[1],
        &format!("/v1/roll/imports?term={TERM}"),
        0,
        &later,
        roll(CHILDREN + 50).as_bytes(),
    );
    for (job, node) in [(&check, &nodes[1]), (&import, &nodes[0])] {
        let path = format!("/v1/jobs/{}", job["job_id"].as_str().unwrap());
        let mut told = Value::Null;
        until("the job is done", || {
            told = ask(&agent(), "GET", &node.url(&path), &site.tokens[0], &[], b"").unwrap().body;
            told["ended_at"].is_string()
        });
        assert_eq!(told["state"], "done", "{told}");
    }

    // Nothing of a node's is left on the server's connections.
    for setting in ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"] {
        let left = format!("SELECT CASE current_setting('{setting}') WHEN '0' THEN 0 ELSE 1 END");
        assert_eq!(count(&url, &left), 0, "{setting}");
    }
    assert_eq!(count(&url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0);
    let most =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> ''";
    assert!(count(&url, most) <= 3, "more server connections than the pooler may have");
}

/// The provincial list with the children of [`roll`] on it.
fn list_of(count: usize) -> String {
    let header = "姓名,身份证号,户籍地区划代码,户类型,学段,年级\r\n".to_owned();
    roll(count).lines().skip(1).fold(header, |file, line| {
        let mut cells = line.split(',');
        let (name, id) = (cells.next().unwrap(), cells.next().unwrap());
        file + &format!("{name},{id},341024,建档立卡,小学,三年级\r\n")
    })
}

fn post(site: &Site, node: &Node, path: &str, who: usize, headers: &[(&str, &str)], body: &[u8]) -> Value {
    let reply = ask(&agent(), "POST", &node.url(path), &site.tokens[who], headers, body).unwrap();
    assert!(reply.status < 300, "{path}: {} {}", reply.status, reply.body);
    reply.body
}
