//! What the database does to a served process: away at the start, away under load, a wrong password, no
//! writes, no room, rows that others hold. Each is told, bounded and got over without a restart.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::cluster::run;
use super::engine::Engine;
use super::site::{Node, Reply, Site, agent, ask, proposal, roll, until};

/// A passing outage, told as one.
#[track_caller]
fn passing(reply: &Reply) {
    assert_eq!((reply.status, &reply.body["code"]), (503, &"unavailable".into()), "{}", reply.body);
    assert!(reply.retry_after.is_some());
}

fn propose(site: &Site, node: &Node, student: &str) -> Reply {
    let json = [("content-type", "application/json")];
    ask(&agent(), "POST", &node.url("/v1/aid-records"), &site.tokens[0], &json, &proposal(student)).unwrap()
}

#[test]
fn a_node_waits_at_its_start_for_a_database_that_comes_later() {
    let Engine::Postgres = Engine::here() else { return };
    let site = Site::on_own_cluster("");
    site.cluster().stop_at_once();
    let mut node = Node::launch(&site.folders[0], &site.url, &["--database-wait-seconds", "600"]);
    until("the node says that it waits", || node.said().contains("waiting_for_database"));
    site.cluster().start_again();
    node.await_service();
    assert_eq!(site.ready(&node), 200);
}

#[test]
fn a_node_whose_database_does_not_come_says_so_and_ends() {
    let Engine::Postgres = Engine::here() else { return };
    let folder = tempfile::tempdir().unwrap();
    let wait = ["--database-wait-seconds", "1"];
    let mut node = Node::launch(folder.path(), "postgres://u:SECRET@127.0.0.1:1/db", &wait);
    // 1: it could not be done now; a supervisor starts it again.
    assert_eq!(node.end().code(), Some(1));
    until("it said why", || node.said().contains("连不上数据库"));
    assert!(!node.said().contains("SECRET"));
}

#[test]
fn a_wrong_password_is_told_at_once_and_never_shown() {
    let Engine::Postgres = Engine::here() else { return };
    let site = Site::on_own_cluster("");
    let rules = "local all postgres trust\nlocal all all scram-sha-256\n";
    std::fs::write(site.cluster().folder.join("data/pg_hba.conf"), rules).unwrap();
    run(&site.url, "CREATE ROLE app LOGIN PASSWORD 'right'; ALTER SCHEMA public OWNER TO app");
    run(&site.url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app; SELECT pg_reload_conf()");
    let url = |password: &str| site.url.replace("postgres@", &format!("app:{password}@"));
    until("the rules hold", || {
        use diesel::Connection;
        diesel::PgConnection::establish(&url("SECRET")).is_err()
    });
    let mut node = Node::launch(&site.folders[0], &url("SECRET"), &["--database-wait-seconds", "600"]);
    // 2: what was asked is wrong; waiting does not help.
    assert_eq!(node.end().code(), Some(2));
    until("it said why", || node.said().contains("数据库拒绝登录"));
    assert!(!node.said().contains("SECRET"), "{}", node.said());
    // SCRAM needs no TLS library.
    drop(Node::start(&site.folders[0], &url("right"), &[]));
}

#[test]
fn a_program_older_than_the_schema_does_not_start() {
    let site = Site::open();
    let add = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')";
    let url = yingzhu::db::DatabaseUrl::parse(&site.url).unwrap();
    let db = yingzhu::db::Db::connect(&url, 1).unwrap();
    db.write_now(|conn| Ok(diesel::connection::SimpleConnection::batch_execute(conn, add)?)).unwrap();
    let mut node = Node::launch(&site.folders[0], &site.url, &[]);
    assert_eq!(node.end().code(), Some(2));
    until("it said why", || node.said().contains("数据库结构比本程序新"));
}

#[test]
fn a_database_that_goes_down_under_load_is_told_quickly_and_comes_back() {
    let Engine::Postgres = Engine::here() else { return };
    let site = Site::on_own_cluster("");
    let node = site.node(0);
    site.enrol(&node, 50);
    let (stop, down) = (AtomicBool::new(false), AtomicBool::new(false));
    let (good, told, slowest) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let recovery = std::thread::scope(|scope| {
        for client in 0..8 {
            let (site, node, stop, down) = (&site, &node, &stop, &down);
            let (good, told, slowest) = (&good, &told, &slowest);
            scope.spawn(move || {
                for number in client.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let (asked, was_down) = (Instant::now(), down.load(Ordering::Relaxed));
                    let reply = site.look_up(node, number % 50);
                    if reply.status == 200 {
                        good.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    passing(&reply);
                    told.fetch_add(1, Ordering::Relaxed);
                    if was_down {
                        let took = u64::try_from(asked.elapsed().as_millis()).unwrap();
                        slowest.fetch_max(took, Ordering::Relaxed);
                    }
                }
            });
        }
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        until("lookups are answered", || of(&good) > 50);
        site.cluster().stop_at_once();
        down.store(true, Ordering::Relaxed);
        until("callers are told", || of(&told) > 100);
        until("readiness follows", || site.ready(&node) == 503);
        // It lives: nobody need start it anew.
        let alive = ask(&agent(), "GET", &node.url("/healthz"), "", &[], b"").unwrap();
        assert_eq!(alive.status, 200);
        site.cluster().start_again();
        let (since, before) = (Instant::now(), of(&good));
        until("lookups are answered again", || of(&good) > before + 50 && site.ready(&node) == 200);
        let recovery = since.elapsed();
        stop.store(true, Ordering::Relaxed);
        recovery
    });
    crate::figure!(
        "database down under load: {} answered, {} told to come back, the slowest of them after {} ms; answering \
         again {} ms after the database was",
        good.into_inner(),
        told.into_inner(),
        slowest.into_inner(),
        recovery.as_millis()
    );
}

#[test]
fn a_database_that_takes_no_writes_is_read_on_and_written_when_it_does() {
    let Engine::Postgres = Engine::here() else { return };
    let site = Site::on_own_cluster("");
    let node = site.node(0);
    let students = site.enrol(&node, 3);
    let switch = |to: &str| {
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        run(&site.url, &format!("ALTER SYSTEM SET default_transaction_read_only = {to}"));
        run(&site.url, "SELECT pg_reload_conf()");
        run(&site.url, others);
    };
    switch("on");
    until("the setting holds", || propose(&site, &node, &students[0]).status == 503);
    let refused = propose(&site, &node, &students[0]);
    passing(&refused);
    assert!(refused.body["detail"].as_str().unwrap().contains("只读"), "{}", refused.body);
    assert_eq!(site.look_up(&node, 1).status, 200);
    assert_eq!(site.ready(&node), 200);
    // Without ending a connection: those that were read-only were given up by the node itself.
    run(&site.url, "ALTER SYSTEM RESET default_transaction_read_only");
    run(&site.url, "SELECT pg_reload_conf()");
    until("it is written again", || propose(&site, &node, &students[0]).status == 201);
}

#[test]
fn a_file_that_may_not_be_written_is_refused_at_the_start() {
    let Engine::Sqlite = Engine::here() else { return };
    let site = Site::open();
    let file = std::path::PathBuf::from(site.url.strip_prefix("sqlite://").unwrap());
    let folder = tempfile::tempdir().unwrap();
    let set = |path: &std::path::Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // Root may write anything: then the node runs as somebody who may not.
    let other = |command: &mut std::process::Command| {
        if rustix::process::geteuid().is_root() {
            command.uid(65_534).gid(65_534);
        }
    };
    for path in file.ancestors().skip(1).take_while(|path| path.starts_with(site.folder())) {
        set(path, 0o755);
    }
    set(folder.path(), 0o777);
    for (file_mode, folder_mode, said) in [(0o444, 0o777, "只读"), (0o400, 0o555, "数据库文件打不开")]
    {
        set(&file, file_mode);
        set(file.parent().unwrap(), folder_mode);
        let mut node = Node::launch_with(folder.path(), &site.url, &[], other);
        let code = node.end().code();
        until("it said why", || node.said().contains("错误："));
        assert!(node.said().contains(said) && matches!(code, Some(1 | 2)), "{code:?} {}", node.said());
    }
    set(file.parent().unwrap(), 0o755);
}

#[test]
fn a_full_disk_refuses_what_would_be_written_and_answers_what_is_read() {
    let Some(site) = Site::on_small_disk(64) else { return };
    let node = site.node(0);
    site.enrol(&node, 20);
    site.disk().fill();
    let refused = site.upload(&node, &roll(4_000), &[]);
    passing(&refused);
    assert!(refused.body["detail"].as_str().unwrap().contains("已满"), "{}", refused.body);
    assert_eq!(site.look_up(&node, 1).status, 200);
    assert_eq!(site.count("SELECT count(*) FROM enrolment"), 20, "all of a file or nothing");
    site.disk().clear();
    let again = site.upload(&node, &roll(4_000), &[]);
    assert_eq!((again.status, &again.body["rows"]["new"]), (201, &3_980.into()), "{}", again.body);
}

#[test]
fn rows_that_others_hold_are_not_waited_for_long() {
    let Engine::Postgres = Engine::here() else { return };
    let site = Site::open();
    let node = site.node_with(0, &["--lock-seconds", "1", "--statement-seconds", "1"]);
    site.enrol(&node, 20);
    let url = yingzhu::db::DatabaseUrl::parse(&site.url).unwrap();
    let other = yingzhu::db::Db::connect(&url, 1).unwrap();
    let slowest = other.write_now(|conn| {
        diesel::connection::SimpleConnection::batch_execute(
            conn,
            "LOCK TABLE person IN ACCESS EXCLUSIVE MODE",
        )?;
        let since = Instant::now();
        std::thread::scope(|scope| {
            for number in 0..16 {
                let (site, node) = (&site, &node);
                scope.spawn(move || passing(&site.look_up(node, number)));
            }
        });
        Ok(since.elapsed())
    });
    crate::figure!(
        "16 lookups of a locked table, 4 connections: told within {} ms",
        slowest.unwrap().as_millis()
    );
    assert_eq!(site.look_up(&node, 1).status, 200);
}

#[test]
fn a_statement_that_takes_too_long_is_given_up_and_its_connection_used_again() {
    let Engine::Postgres = Engine::here() else { return };
    let site = Site::open();
    let node = site.node_with(0, &["--statement-seconds", "1", "--pool-size", "1"]);
    let students = site.enrol(&node, 3);
    let connection = || {
        site.count(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'yingzhu' AND datname = current_database()",
        )
    };
    let before = connection();
    run(&site.url, "ALTER TABLE person RENAME TO person_itself");
    run(&site.url, "CREATE VIEW person AS SELECT * FROM person_itself WHERE pg_sleep(600) IS NOT NULL");
    passing(&site.look_up(&node, 1));
    passing(&propose(&site, &node, &students[0]));
    run(&site.url, "DROP VIEW person");
    run(&site.url, "ALTER TABLE person_itself RENAME TO person");
    assert_eq!(site.look_up(&node, 1).status, 200);
    assert_eq!(propose(&site, &node, &students[0]).status, 201);
    assert_eq!(connection(), before, "the same connection");
}
