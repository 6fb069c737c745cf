//! Two hosts in the URL: the primary dies, its synchronous standby is promoted, and nodes that nobody touched
//! go on there. What was acknowledged before is there, once; lists are read from the standby all the while.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::cluster::{count, run};
use super::engine::Engine;
use super::installed;
use super::site::{Node, Site, TERM, agent, ask, proposal, until};

const WRITES: usize = 300;

const REPLICATED: &str = "\
wal_level = replica
max_wal_senders = 4
hot_standby = on
fsync = on
full_page_writes = on
synchronous_commit = on
";

/// A standby of a cluster, in a folder beside its data.
struct Standby {
    cluster: PathBuf,
}

impl Standby {
    fn of(cluster: &Path) -> Self {
        let standby = Self { cluster: cluster.to_owned() };
        let (from, to) = (cluster.display().to_string(), standby.data().display().to_string());
        standby.act(
            "pg_basebackup",
            &["-h", &from, "-U", "postgres", "-D", &to, "-R", "-X", "stream", "-c", "fast"],
        );
        std::fs::create_dir(standby.socket()).unwrap();
        let owner = std::fs::metadata(cluster).unwrap();
        std::os::unix::fs::chown(standby.socket(), Some(owner.uid()), Some(owner.gid())).unwrap();
        // Once promoted it has nobody to wait for.
        let own = format!(
            "\nunix_socket_directories = '{}'\nsynchronous_standby_names = ''\n",
            standby.socket().display()
        );
        let conf = standby.data().join("postgresql.conf");
        let before = std::fs::read_to_string(&conf).unwrap();
        std::fs::write(&conf, before + &own).unwrap();
        standby.act("pg_ctl", &["-D", &to, "-l", &format!("{from}/standby.log"), "-w", "-s", "start"]);
        standby
    }

    fn data(&self) -> PathBuf {
        self.cluster.join("standby")
    }

    fn socket(&self) -> PathBuf {
        self.cluster.join("s")
    }

    fn promote(&self) {
        self.act("pg_ctl", &["-D", &self.data().display().to_string(), "-w", "-s", "promote"]);
    }

    fn act(&self, program: &str, arguments: &[&str]) {
        let owner = std::fs::metadata(&self.cluster).unwrap();
        let mut command = Command::new(binaries().join(program));
        command.args(arguments).current_dir(&self.cluster).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        assert!(command.status().unwrap().success(), "{program} {arguments:?}");
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        // By hand: a panic here would hide the test's own.
        let owner = std::fs::metadata(&self.cluster).unwrap();
        let mut command = Command::new(binaries().join("pg_ctl"));
        command.arg("-D").arg(self.data()).args(["-m", "immediate", "-s", "stop"]).current_dir("/");
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let _ = command.stderr(Stdio::null()).status();
    }
}

/// The folder of the server's own programs; what is found in the path may be links to some of them.
fn binaries() -> PathBuf {
    let server = installed::binaries().unwrap().1.join("postgres").canonicalize().unwrap();
    server.parent().unwrap().to_owned()
}

/// Proposes for one student until it is acknowledged, under the request's own key.
fn propose(site: &Site, nodes: &[Node; 2], number: usize, student: &str) {
    let key = format!("f-{number}");
    let headers = [("idempotency-key", key.as_str()), ("content-type", "application/json")];
    let mut turn = number;
    until("the request is acknowledged", || {
        turn += 1;
        let uri = nodes[turn % 2].url("/v1/aid-records");
        let reply = ask(&agent(), "POST", &uri, &site.tokens[0], &headers, &proposal(student)).unwrap();
        let later = reply.status == 503 || reply.body["code"] == "idempotency_key_in_use";
        assert!(reply.status == 201 || later, "{} {}", reply.status, reply.body);
        !later
    });
}

#[test]
fn a_standby_that_is_promoted_takes_over_and_nothing_acknowledged_is_lost() {
    let Engine::Postgres = Engine::here() else { return };
    let site = Site::on_own_cluster(REPLICATED);
    let standby = Standby::of(&site.cluster().folder);
    // Only now, for alone nothing could have been acknowledged.
    run(&site.url, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    run(&site.url, "SELECT pg_reload_conf()");
    until("the standby is waited for", || {
        count(&site.url, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1
    });
    let (here, there) = (site.cluster().folder.display(), standby.socket());
    let both = format!("postgres://postgres@/yingzhu?host={here},{}", there.display());
    let second = format!("postgres://postgres@/yingzhu?host={}", there.display());
    let more = ["--database-read-url", second.as_str(), "--log", "warn"];
    let nodes = [0, 1].map(|which| Node::start(&site.folders[which], &both, &more));
    let students = site.enrol(&nodes[0], WRITES);
    let scans = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'yingzhu'";
    assert!(count(&second, scans) > 0, "lists are read from the standby");

    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let took = std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((number, student)) = {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    students.get(number).map(|student| (number, student))
                } {
                    propose(&site, &nodes, number, student);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        until("they write", || done.load(Ordering::Relaxed) > WRITES / 3);
        site.cluster().stop_at_once();
        let (since, before) = (Instant::now(), done.load(Ordering::Relaxed));
        standby.promote();
        // Those in flight at the end of the old one may still be counted: more than there are clients.
        until("they write on the other", || done.load(Ordering::Relaxed) > before + 8);
        since.elapsed()
    });
    assert_eq!(count(&second, "SELECT count(*) FROM aid_record"), i64::try_from(WRITES).unwrap());
    assert_eq!(
        count(&second, "SELECT count(DISTINCT person_id) FROM aid_record"),
        i64::try_from(WRITES).unwrap()
    );
    assert_eq!(
        count(&second, "SELECT count(*) FROM idempotency WHERE key LIKE 'f-%'"),
        i64::try_from(WRITES).unwrap()
    );
    for node in &nodes {
        assert_eq!(site.ready(node), 200);
        let uri = node.url(&format!("/v1/aid-records?term={TERM}&limit=500"));
        let page = ask(&agent(), "GET", &uri, &site.tokens[0], &[], b"").unwrap();
        assert_eq!(page.body["items"].as_array().unwrap().len(), WRITES);
    }
    crate::figure!(
        "failover to a promoted synchronous standby under 4 writers, 2 nodes untouched: {WRITES} acknowledged, 0 \
         lost, 0 twice; writing again {} ms after the primary's end (promotion included)",
        took.as_millis()
    );
}
