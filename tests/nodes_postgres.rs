//! Two nodes on one PostgreSQL, killed at random: what was acknowledged is there, once.
//!
//! `cargo test --test nodes_postgres` kills a few times; with `-- --ignored` the full number, and prints
//! what it did. Moments are random by design; the seed is printed, and nothing is judged by time.

#[cfg(test)]
#[path = "support/engine.rs"]
mod engine;
#[cfg(test)]
#[path = "support/installed.rs"]
mod installed;
#[cfg(test)]
#[path = "support/postgres.rs"]
mod postgres;

#[cfg(test)]
mod nodes {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::sync::{Mutex, RwLock};
    use std::time::{Duration, Instant};

    use diesel::prelude::*;
    use diesel::sql_types::{BigInt, Text};
    use rand::RngExt;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use serde_json::Value;
    use yingzhu::cli::demo::{Plan, generate, write_files};
    use yingzhu::values::Term;

    use crate::engine::Ground;
    use crate::installed;

    const TERM: &str = "2024A";
    const COUNTY: &str = "341024";

    /// A served process.
    struct Node {
        child: Child,
        address: String,
    }

    impl Node {
        fn start(folder: &Path, database: &str) -> Self {
            let mut child = Command::new(env!("CARGO_BIN_EXE_yingzhu"))
                .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--job-lease-seconds", "1"])
                .args(["--pool-size", "4", "--data-dir"])
                .arg(folder)
                .args(["--database", database, "--log", "warn"])
                .env_clear()
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
            let address = lines
                .by_ref()
                .find_map(|line| Some(line.split_once("http://")?.1.split('，').next()?.to_owned()))
                .expect("the node did not start");
            // Nobody reads further; the pipe must not fill.
            std::thread::spawn(move || lines.for_each(drop));
            Self { child, address }
        }

        fn kill(&mut self) {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }

    impl Drop for Node {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    /// Two folders with the same keys, as two machines have them.
    struct Site {
        ground: Ground,
        folders: [PathBuf; 2],
        tokens: [String; 2],
    }

    impl Site {
        fn open() -> Self {
            let ground = Ground::migrated();
            let folders = ["a", "b"].map(|name| ground.folder.path().join(name));
            let token = |subject: &str| {
                let output = Command::new(env!("CARGO_BIN_EXE_yingzhu"))
                    .args(["token", "--role", "county", "--place", COUNTY, "--subject", subject])
                    .arg("--data-dir")
                    .arg(&folders[0])
                    .env_clear()
                    .output()
                    .unwrap();
                format!("Bearer {}", String::from_utf8(output.stdout).unwrap().trim())
            };
            let tokens = [token("one"), token("two")];
            // The first start makes the key ring; then both machines have both keys.
            drop(Node::start(&folders[0], &ground.url));
            std::fs::create_dir_all(&folders[1]).unwrap();
            for entry in std::fs::read_dir(&folders[0]).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_file() {
                    std::fs::copy(entry.path(), folders[1].join(entry.file_name())).unwrap();
                }
            }
            Self { ground, folders, tokens }
        }

        fn node(&self, which: usize) -> Node {
            Node::start(&self.folders[which], &self.ground.url)
        }

        fn count(&self, sql: &str) -> i64 {
            let mut conn = PgConnection::establish(&self.ground.url).unwrap();
            diesel::sql_query(format!("SELECT ({sql})::bigint AS n"))
                .get_result::<Count>(&mut conn)
                .unwrap()
                .n
        }
    }

    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }

    #[derive(QueryableByName)]
    struct Setting {
        #[diesel(sql_type = Text)]
        data_directory: String,
    }

    struct Reply {
        status: u16,
        body: Value,
    }

    /// Asks once; an error is a connection that broke.
    fn ask(
        agent: &ureq::Agent,
        method: &str,
        url: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply, ureq::Error> {
        let mut request =
            ureq::http::Request::builder().method(method).uri(url).header("authorization", token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = agent.run(request.body(body).unwrap())?;
        let text = response.body_mut().read_to_string()?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Reply { status: response.status().as_u16(), body })
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .into()
    }

    /// What a round of killing found.
    #[derive(Default, Debug)]
    struct Tally {
        killed: u32,
        while_running: u32,
        most_attempts: i64,
    }

    /// Kills the node that runs a job at a random moment, once for an import and once for a cross-check.
    fn round(site: &Site, dice: &mut ChaCha8Rng, tally: &mut Tally, students: u32) {
        let seed = dice.random();
        let plan = Plan {
            students,
            listed: students / 5,
            seed,
            term: Term::parse(TERM).unwrap(),
            place: COUNTY.into(),
        };
        let county = generate(&plan).unwrap();
        let files = write_files(&county, site.ground.folder.path()).unwrap();
        let read = |path: &Path| std::fs::read(path).unwrap();
        let mut nodes = [site.node(0), site.node(1)];
        let agent = agent();
        // About as long as the work takes, so that most moments lie within it.
        let within = u64::from(students);
        let post = |nodes: &[Node; 2], path: &str, who: usize, headers: &[(&str, &str)], body: &[u8]| {
            let url = format!("http://{}{path}", nodes[0].address);
            let reply = ask(&agent, "POST", &url, &site.tokens[who], headers, body).unwrap();
            assert!(reply.status < 300, "{path}: {} {}", reply.status, reply.body);
            reply.body
        };
        let list = post(&nodes, &format!("/v1/poverty-lists?term={TERM}"), 0, &[], &read(&files.list));
        let list = list["list"]["list_id"].as_str().unwrap().to_owned();
        post(&nodes, &format!("/v1/poverty-lists/{list}/check"), 0, &[], b"");
        post(&nodes, &format!("/v1/poverty-lists/{list}/lock"), 1, &[], b"");

        let later = [("prefer", "respond-async"), ("content-type", "application/octet-stream")];
        let roll = post(&nodes, &format!("/v1/roll/imports?term={TERM}"), 0, &later, &read(&files.roll));
        let made = outlive(site, &mut nodes, &agent, &roll, dice, tally, within);
        let report = get(&agent, &nodes, &site.tokens[0], &made);
        assert_eq!(site.count("SELECT count(*) FROM import WHERE kind = 'roll'"), 1);
        assert_eq!(report["rows"]["new"].as_i64().unwrap(), site.count("SELECT count(*) FROM enrolment"));
        assert_eq!(
            report["rows"]["read"],
            report["rows"]["new"].as_i64().unwrap() + report["rows"]["bad"].as_i64().unwrap()
        );
        assert!(report["rows"]["new"].as_i64().unwrap() >= i64::from(students) * 9 / 10, "{report}");

        post(&nodes, &format!("/v1/aid-records/imports?term={TERM}"), 0, &[], &read(&files.aid));
        let json = [("prefer", "respond-async"), ("content-type", "application/json")];
        let asked = format!("{{\"term\":\"{TERM}\"}}");
        let check = post(&nodes, "/v1/cross-checks", 0, &json, asked.as_bytes());
        let made = outlive(site, &mut nodes, &agent, &check, dice, tally, within);
        assert_eq!(site.count("SELECT count(*) FROM cross_check"), 1);
        let found = site.count("SELECT count(*) FROM finding");
        assert!(found > 0);
        // Asked again at once, the run is found and is the same.
        let again = post(&nodes, "/v1/cross-checks", 0, &json[1..], asked.as_bytes());
        assert_eq!(format!("/v1/cross-checks/{}", again["check_id"].as_str().unwrap()), made);
        assert_eq!(site.count("SELECT count(*) FROM finding"), found);
        assert_eq!(site.count("SELECT count(*) FROM job_chunk"), 0);
    }

    fn get(agent: &ureq::Agent, nodes: &[Node; 2], token: &str, path: &str) -> Value {
        let reply =
            ask(agent, "GET", &format!("http://{}{path}", nodes[0].address), token, &[], b"").unwrap();
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.body
    }

    /// Waits until the job runs, kills its node a moment later, and waits until another has done it.
    fn outlive(
        site: &Site,
        nodes: &mut [Node; 2],
        agent: &ureq::Agent,
        job: &Value,
        dice: &mut ChaCha8Rng,
        tally: &mut Tally,
        within: u64,
    ) -> String {
        let id = job["job_id"].as_str().unwrap().to_owned();
        let runs_on = |pid: u32| {
            site.count(&format!(
                "SELECT count(*) FROM job WHERE job_id = '{id}' AND state = 'running' AND owner LIKE '{pid}-%'"
            )) == 1
        };
        let ended = || {
            site.count(&format!("SELECT count(*) FROM job WHERE job_id = '{id}' AND ended_at IS NOT NULL"))
                == 1
        };
        let running = loop {
            if let Some(which) = (0..2).find(|which| runs_on(nodes[*which].child.id())) {
                break Some(which);
            }
            if ended() {
                break None;
            }
        };
        if let Some(which) = running {
            std::thread::sleep(Duration::from_millis(dice.random_range(0..within)));
            let pid = nodes[which].child.id();
            tally.while_running += u32::from(runs_on(pid));
            nodes[which].kill();
            tally.killed += 1;
            // The machine comes back at once or later, like any other.
            nodes[which] = site.node(which);
        }
        let since = Instant::now();
        loop {
            let told = get(agent, nodes, &site.tokens[0], &format!("/v1/jobs/{id}"));
            if told["ended_at"].is_string() {
                assert_eq!(told["state"], "done", "{told}");
                tally.most_attempts = tally.most_attempts.max(told["attempts"].as_i64().unwrap());
                return told["location"].as_str().unwrap().to_owned();
            }
            assert!(since.elapsed() < Duration::from_mins(3), "nobody took the job over: {told}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Clients write through two nodes while nodes are killed and PostgreSQL is restarted.
    fn writes_under_fire(site: &Site, dice: &mut ChaCha8Rng, kills: u32, restarts: u32) -> (usize, u32) {
        let mut conn = PgConnection::establish(&site.ground.url).unwrap();
        // An acknowledged commit must be in the log: the other tests do without.
        for sql in ["ALTER SYSTEM SET synchronous_commit = on", "SELECT pg_reload_conf()"] {
            diesel::sql_query(sql).execute(&mut conn).unwrap();
        }
        let data = diesel::sql_query("SELECT current_setting('data_directory') AS data_directory")
            .get_result::<Setting>(&mut conn)
            .unwrap()
            .data_directory;
        drop(conn);
        let nodes = [RwLock::new(site.node(0)), RwLock::new(site.node(1))];
        let (stop, refused) = (AtomicBool::new(false), AtomicU32::new(0));
        let acknowledged: Mutex<Vec<(String, String)>> = Mutex::default();
        std::thread::scope(|scope| {
            for client in 0..4_usize {
                let (nodes, stop, refused, acknowledged) = (&nodes, &stop, &refused, &acknowledged);
                scope.spawn(move || {
                    let agent = agent();
                    let mut turn = client;
                    for number in 0_u32.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let key = format!("{client}-{number}");
                        // Every request is sent until it is acknowledged, under its own key.
                        loop {
                            turn += 1;
                            let address = nodes[turn % 2].read().unwrap().address.clone();
                            let url = format!("http://{address}/v1/roll/imports?term={TERM}");
                            let headers = [("idempotency-key", key.as_str()), ("prefer", "respond-async")];
                            let body = format!("写入 {key}");
                            match ask(&agent, "POST", &url, &site.tokens[0], &headers, body.as_bytes()) {
                                Ok(reply) if reply.status == 202 => {
                                    let job = reply.body["job_id"].as_str().unwrap().to_owned();
                                    acknowledged.lock().unwrap().push((key, job));
                                    break;
                                }
                                Ok(reply) if [409, 503].contains(&reply.status) => {
                                    refused.fetch_add(1, Ordering::Relaxed);
                                    std::thread::sleep(Duration::from_millis(20));
                                }
                                Ok(reply) => panic!("{} {}", reply.status, reply.body),
                                Err(_) => {
                                    refused.fetch_add(1, Ordering::Relaxed);
                                    std::thread::sleep(Duration::from_millis(20));
                                }
                            }
                        }
                    }
                });
            }
            for event in 0..kills + restarts {
                std::thread::sleep(Duration::from_millis(dice.random_range(300..1_500)));
                if event % (kills / restarts.max(1) + 1) == kills / restarts.max(1) {
                    restart_at_once(Path::new(&data));
                } else {
                    let which = usize::from(dice.random::<bool>());
                    let mut node = nodes[which].write().unwrap();
                    node.kill();
                    *node = site.node(which);
                }
            }
            std::thread::sleep(Duration::from_secs(1));
            stop.store(true, Ordering::Relaxed);
        });
        let acknowledged = acknowledged.into_inner().unwrap();
        for (key, job) in &acknowledged {
            assert_eq!(
                site.count(&format!("SELECT count(*) FROM job WHERE job_id = '{job}'")),
                1,
                "{key} is lost"
            );
        }
        // Every key made one job, and every job has its key.
        assert_eq!(site.count("SELECT count(*) FROM job"), i64::try_from(acknowledged.len()).unwrap());
        assert_eq!(
            site.count("SELECT count(*) FROM idempotency"),
            i64::try_from(acknowledged.len()).unwrap()
        );
        (acknowledged.len(), refused.into_inner())
    }

    /// Ends the server without a word to anybody, and starts it again.
    fn restart_at_once(data: &Path) {
        let (_, binaries) = installed::binaries().unwrap();
        let owner = std::fs::metadata(data).unwrap();
        for action in [&["-m", "immediate", "stop"][..], &["start"]] {
            let mut command = Command::new(binaries.join("pg_ctl"));
            command.arg("-D").arg(data).args(["-w", "-s", "-l"]).arg(data.with_file_name("log")).args(action);
            command.current_dir(data).stdout(Stdio::null()).stderr(Stdio::null());
            if rustix::process::geteuid().is_root() {
                command.uid(owner.uid()).gid(owner.gid());
            }
            assert!(command.status().unwrap().success(), "pg_ctl {action:?}");
        }
    }

    /// The whole: rounds of two kills, then writes while nodes and the database die.
    fn die(rounds: u32, students: u32, kills: u32, restarts: u32) {
        let seed = std::process::id().into();
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut tally = Tally::default();
        for _ in 0..rounds {
            round(&Site::open(), &mut dice, &mut tally, students);
        }
        let site = Site::open();
        let (written, refused) = writes_under_fire(&site, &mut dice, kills, restarts);
        let line = format!(
            "nodes: seed {seed}: {tally:?} of {} jobs, each done once; {written} acknowledged writes through \
             {kills} kills and {restarts} immediate restarts of PostgreSQL ({refused} attempts sent again), \
             0 lost, 0 twice\n",
            rounds * 2
        );
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        assert!(written > 0);
    }

    #[test]
    fn nodes_die_and_nothing_is_lost() {
        die(1, 400, 2, 1);
    }

    #[test]
    #[ignore = "takes many minutes; the figures of a release"]
    fn nodes_die_often_and_nothing_is_lost() {
        die(30, 1_500, 24, 6);
    }
}
