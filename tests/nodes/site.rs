//! Nodes, the folders they share keys by, and callers.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;
use yingzhu::values::check_digit;

use super::disk::SmallDisk;
use super::engine::{Engine, Ground};
use super::postgres::Cluster;

pub(crate) const TERM: &str = "2024A";
pub(crate) const COUNTY: &str = "341024";
pub(crate) const SCHOOL: &str = "2134000001";

/// Bounds a run that would otherwise hang.
pub(crate) const DEADLINE: Duration = Duration::from_mins(3);

/// Waits for a condition.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A figure, past the capture of the test harness only with `--nocapture`.
#[macro_export]
macro_rules! figure {
    ($($told:tt)*) => { eprintln!("figure: {}", format!($($told)*)) };
}

/// A served process.
pub(crate) struct Node {
    child: Child,
    /// `127.0.0.1:port`; empty until it serves.
    pub(crate) address: String,
    said: Arc<Mutex<String>>,
}

impl Node {
    /// Starts a node and waits until it serves.
    pub(crate) fn start(folder: &Path, database: &str, more: &[&str]) -> Self {
        let mut node = Self::launch(folder, database, more);
        node.await_service();
        node
    }

    /// Starts a node and does not wait.
    pub(crate) fn launch(folder: &Path, database: &str, more: &[&str]) -> Self {
        Self::launch_with(folder, database, more, |_| {})
    }

    /// The same, of a command that is changed first.
    pub(crate) fn launch_with(
        folder: &Path,
        database: &str,
        more: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yingzhu"));
        command
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .args(["--database", database])
            .args(more)
            .env_clear()
            // An option of the test's own overrules it.
            .env("YINGZHU_POOL_SIZE", "4")
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let said = Arc::<Mutex<String>>::default();
        let kept = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        Self { child, address: String::new(), said }
    }

    /// Waits until it serves.
    pub(crate) fn await_service(&mut self) {
        until("the node serves", || {
            let gone = self.child.try_wait().unwrap();
            assert!(gone.is_none(), "the node ended ({gone:?}): {}", self.said());
            let said = self.said();
            let address = said.split_once("http://").and_then(|(_, rest)| rest.split('，').next());
            self.address = address.unwrap_or_default().to_owned();
            !self.address.is_empty()
        });
    }

    /// Everything it has written to standard error.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, as a supervisor sends it.
    pub(crate) fn terminate(&self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, Signal::TERM).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let mut status = None;
        until("the node ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// What the system says of the process, in KiB, e.g. `VmRSS`.
    pub(crate) fn memory(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a site stands on; dropped in this order, the server before the disk it lies on.
#[derive(Default)]
struct Under {
    _ground: Option<Ground>,
    cluster: Option<Cluster>,
    disk: Option<SmallDisk>,
    _folder: Option<tempfile::TempDir>,
}

/// A database and two folders with the same keys, as two machines have them.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) folders: [PathBuf; 2],
    /// Two officers of the county.
    pub(crate) tokens: [String; 2],
    under: Under,
}

impl Site {
    /// On a database of this program's engine.
    pub(crate) fn open() -> Self {
        let ground = Ground::migrated();
        let (url, folder) = (ground.url.clone(), ground.folder.path().to_owned());
        Self::on(url, &folder, Under { _ground: Some(ground), ..Under::default() }, &[])
    }

    /// On a database of this program's engine that is reached by another address, and so by nodes with these
    /// options.
    pub(crate) fn through(url: String, ground: Ground, more: &[&str]) -> Self {
        let folder = ground.folder.path().to_owned();
        Self::on(url, &folder, Under { _ground: Some(ground), ..Under::default() }, more)
    }

    /// On a PostgreSQL of its own, with these settings.
    pub(crate) fn on_own_cluster(settings: &str) -> Self {
        let (cluster, folder) = (Cluster::start(settings), tempfile::tempdir().unwrap());
        let (url, path) = (cluster.create("yingzhu"), folder.path().to_owned());
        Self::on(url, &path, Under { cluster: Some(cluster), _folder: Some(folder), ..Under::default() }, &[])
    }

    /// On a disk of so many MiB, if one can be had.
    pub(crate) fn on_small_disk(mebibytes: u32) -> Option<Self> {
        let (disk, folder) = (SmallDisk::mount(mebibytes)?, tempfile::tempdir().unwrap());
        let path = folder.path().to_owned();
        let mut under = Under { _folder: Some(folder), ..Under::default() };
        let url = match Engine::here() {
            Engine::Sqlite => format!("sqlite://{}", disk.path().join("test.db").display()),
            Engine::Postgres => under.cluster.insert(Cluster::start("")).create_on("yingzhu", disk.path()),
        };
        under.disk = Some(disk);
        Some(Self::on(url, &path, under, &[]))
    }

    fn on(url: String, folder: &Path, under: Under, more: &[&str]) -> Self {
        let folders = ["a", "b"].map(|name| folder.join(name));
        // What makes the keys; then both machines have both.
        let tokens = ["one", "two"].map(|subject| token(&folders[0], subject));
        drop(Node::start(&folders[0], &url, more));
        std::fs::create_dir_all(&folders[1]).unwrap();
        for entry in std::fs::read_dir(&folders[0]).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), folders[1].join(entry.file_name())).unwrap();
            }
        }
        Self { url, folders, tokens, under }
    }

    /// A folder for the test's own files.
    pub(crate) fn folder(&self) -> &Path {
        self.folders[0].parent().unwrap()
    }

    /// The PostgreSQL of its own.
    pub(crate) fn cluster(&self) -> &Cluster {
        self.under.cluster.as_ref().unwrap()
    }

    /// The disk of its own.
    pub(crate) fn disk(&self) -> &SmallDisk {
        self.under.disk.as_ref().unwrap()
    }

    /// A node of one of the two machines, whose job leases are short.
    pub(crate) fn node(&self, which: usize) -> Node {
        self.node_with(which, &[])
    }

    pub(crate) fn node_with(&self, which: usize, more: &[&str]) -> Node {
        let usual = ["--job-lease-seconds", "1", "--log", "warn"];
        Node::start(&self.folders[which], &self.url, &[&usual, more].concat())
    }

    /// The number that this select gives.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        match Engine::here() {
            Engine::Postgres => super::cluster::count(&self.url, sql),
            Engine::Sqlite => {
                use diesel::prelude::*;
                use diesel::sql_types::BigInt;
                let mut conn =
                    SqliteConnection::establish(self.url.strip_prefix("sqlite://").unwrap()).unwrap();
                diesel::select(diesel::dsl::sql::<BigInt>(&format!("({sql})"))).get_result(&mut conn).unwrap()
            }
        }
    }

    /// Sends a roll in.
    pub(crate) fn upload(&self, node: &Node, file: &str, headers: &[(&str, &str)]) -> Reply {
        let uri = node.url(&format!("/v1/roll/imports?term={TERM}"));
        ask(&agent(), "POST", &uri, &self.tokens[0], headers, file.as_bytes()).unwrap()
    }

    /// Asks about the child of this number on [`roll`].
    pub(crate) fn look_up(&self, node: &Node, number: usize) -> Reply {
        let json = [("content-type", "application/json")];
        let uri = node.url("/v1/eligibility/lookups");
        ask(&agent(), "POST", &uri, &self.tokens[0], &json, &question(number)).unwrap()
    }

    /// The status of `/readyz`.
    pub(crate) fn ready(&self, node: &Node) -> u16 {
        ask(&agent(), "GET", &node.url("/readyz"), &self.tokens[0], &[], b"").unwrap().status
    }

    /// Puts so many children of registered poor households on the roll; their ids.
    pub(crate) fn enrol(&self, node: &Node, count: usize) -> Vec<String> {
        let sent = self.upload(node, &roll(count), &[]);
        assert_eq!(sent.status, 201, "{}", sent.body);
        assert_eq!(sent.body["rows"]["new"], count, "{}", sent.body);
        let mut ids = Vec::new();
        // A standby that lists are read from has the import when it has come to it.
        until("all are listed", || {
            ids = self.students(node);
            ids.len() == count
        });
        ids
    }

    fn students(&self, node: &Node) -> Vec<String> {
        let (mut ids, mut after) = (Vec::new(), String::new());
        loop {
            let uri = node.url(&format!("/v1/students?term={TERM}&limit=500{after}"));
            let page = ask(&agent(), "GET", &uri, &self.tokens[0], &[], b"").unwrap().body;
            let rows = page["items"].as_array().unwrap();
            ids.extend(rows.iter().map(|row| row["student_id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return ids,
            }
        }
    }
}

/// What proposes the living subsidy for a student.
pub(crate) fn proposal(student: &str) -> Vec<u8> {
    format!(r#"{{"student_id":"{student}","programme":"living_subsidy","term":"{TERM}"}}"#).into_bytes()
}

/// A question about the child of this number on [`roll`].
pub(crate) fn question(number: usize) -> Vec<u8> {
    let (name, id) = child(number);
    format!(r#"{{"id_number":"{id}","name":"{name}","term":"{TERM}"}}"#).into_bytes()
}

/// Primary boarders of registered poor households, as CSV.
pub(crate) fn roll(count: usize) -> String {
    let header = "姓名,身份证件号,学校标识码,学段,年级,就读方式,在读状态,困难类型,证明材料\r\n".to_owned();
    (0..count).fold(header, |file, number| {
        let (name, id) = child(number);
        file + &format!("{name},{id},{SCHOOL},小学,三年级,住校,在读,建档立卡,扶贫手册\r\n")
    })
}

/// The made-up child of this number: name and id.
fn child(number: usize) -> (String, String) {
    const NUMERALS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
    let given: String = number.to_string().bytes().map(|d| NUMERALS[usize::from(d - b'0')]).collect();
    let (day, sequence) = (number / 900, number % 900 + 1);
    let body = format!("{COUNTY}2012{:02}{:02}{sequence:03}", day / 28 % 12 + 1, day % 28 + 1);
    let id = format!("{body}{}", check_digit(&body).unwrap());
    (format!("测{given}"), id)
}

pub(crate) fn token(folder: &Path, subject: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_yingzhu"))
        .args(["token", "--role", "county", "--place", COUNTY, "--subject", subject, "--data-dir"])
        .arg(folder)
        .env_clear()
        .output()
        .unwrap();
    format!("Bearer {}", String::from_utf8(output.stdout).unwrap().trim())
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u32>,
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

/// Asks once; an error is a connection that broke.
pub(crate) fn ask(
    agent: &ureq::Agent,
    method: &str,
    url: &str,
    token: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Reply, ureq::Error> {
    let mut request = ureq::http::Request::builder().method(method).uri(url).header("authorization", token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = agent.run(request.body(body).unwrap())?;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let (retry_after, replayed) =
        (header("retry-after").map(|n| n.parse().unwrap()), header("idempotency-replayed").is_some());
    let text = response.body_mut().read_to_string()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Reply { status: response.status().as_u16(), retry_after, replayed, body })
}

pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_mins(1)))
        .build()
        .into()
}
