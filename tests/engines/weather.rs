//! Bad weather: what the database does to the service, and that each is told, bounded and got over.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use yingzhu::db::{DatabaseUrl, Db, Options};
use yingzhu::error::{Code, Error};

use crate::engine::{Engine, Ground};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn open(ground: &Ground, options: &Options) -> Db {
    Db::open(&DatabaseUrl::parse(&ground.url).unwrap(), options).unwrap()
}

fn one(db: &Db) -> Result<i64, Error> {
    db.read_now(|conn| Ok(diesel::sql_query("SELECT CAST(1 AS BIGINT) AS n").get_result::<Count>(conn)?.n))
}

fn do_sql(db: &Db, sql: &str) -> Result<(), Error> {
    db.write_now(|conn| Ok(conn.batch_execute(sql)?))
}

#[test]
fn ten_nodes_start_at_once_and_migrate_once() {
    let ground = Ground::empty();
    let expected = {
        let other = Ground::empty();
        other.connect(1).migrate().unwrap()
    };
    // The file is there before the nodes are; making it is not what they race for.
    drop(ground.connect(1));
    let nodes: Vec<_> = (0..10)
        .map(|_| {
            let url = ground.url.clone();
            std::thread::spawn(move || Db::connect(&DatabaseUrl::parse(&url).unwrap(), 1)?.migrate())
        })
        .collect();
    let done: Vec<usize> = nodes.into_iter().map(|node| node.join().unwrap().unwrap()).collect();
    assert_eq!(done.iter().sum::<usize>(), expected, "{done:?}");
    assert_eq!(done.iter().filter(|n| **n > 0).count(), 1, "{done:?}");
}

#[test]
fn an_older_program_refuses_a_newer_schema_and_leaves_it_alone() {
    let ground = Ground::migrated();
    let db = ground.connect(1);
    do_sql(&db, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')").unwrap();
    let refused = db.migrate().unwrap_err();
    assert_eq!(refused.code, Code::DatabaseRefused);
    assert!(refused.detail.en.contains("newer"), "{refused}");
    assert_eq!(one(&db).unwrap(), 1);
}

#[test]
fn a_full_queue_sends_callers_away_at_once_and_keeps_those_in_it() {
    let ground = Ground::empty();
    let db = ground.connect(1);
    let runtime =
        tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
    let (open, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let answers = runtime.block_on(async move {
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (db, gate) = (db.clone(), Arc::clone(&gate));
                tokio::task::spawn(async move {
                    db.read(move |_| {
                        // Every reader waits until the last caller has been answered.
                        let _ = gate.lock().unwrap().recv();
                        Ok(())
                    })
                    .await
                })
            })
            .collect();
        let mut answers = Vec::new();
        let mut open = Some(open);
        for (number, task) in tasks.into_iter().enumerate().rev() {
            if number == 70 {
                open.take();
            }
            answers.push(task.await.unwrap());
        }
        answers
    });
    let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert!((30..=36).contains(&refused.len()), "{}", refused.len());
    assert!(refused.iter().all(|e| e.code == Code::Unavailable && e.retry_after.is_some()));
}

#[test]
fn a_full_disk_and_a_read_only_database_refuse_writes_and_answer_reads() {
    let ground = Ground::empty();
    let db = ground.connect(1);
    do_sql(&db, "CREATE TABLE pile (text TEXT)").unwrap();
    match Engine::here() {
        Engine::Sqlite => {
            db.read_now(|conn| Ok(conn.batch_execute("PRAGMA max_page_count = 20")?)).unwrap();
        }
        Engine::Postgres => {
            let name = ground.url.split('/').nth(3).unwrap().split('?').next().unwrap();
            do_sql(&db, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).unwrap();
        }
    }
    // New sessions only obey on PostgreSQL.
    let db = if Engine::here() == Engine::Postgres { ground.connect(1) } else { db };
    let row = "x".repeat(200_000);
    let refused = do_sql(&db, &format!("INSERT INTO pile VALUES ('{row}')")).unwrap_err();
    assert_eq!((refused.code, refused.retry_after), (Code::Unavailable, Some(2)), "{refused}");
    assert_eq!(one(&db).unwrap(), 1);
}

#[test]
fn a_database_that_cannot_be_used_says_what_to_do_without_the_password() {
    let Engine::Postgres = Engine::here() else { return };
    let ground = Ground::empty();
    let name = ground.url.split('/').nth(3).unwrap().split('?').next().unwrap();
    let absent = ground.url.replace(name, "nowhere").replace("postgres@", "postgres:SECRET@");
    let refuse = |url: &str| Db::connect(&DatabaseUrl::parse(url).unwrap(), 1).unwrap_err();
    let refused = refuse(&absent);
    assert_eq!(refused.code, Code::DatabaseRefused);
    assert!(refused.detail.zh.contains("CREATE DATABASE") && !format!("{refused:?}").contains("SECRET"));
    let stranger = refuse(&ground.url.replace("postgres@", "stranger@"));
    assert!(stranger.detail.en.contains("login"), "{stranger}");
    let away = refuse("postgres://u:SECRET@127.0.0.1:1/db");
    assert_eq!((away.code, away.retry_after), (Code::Unavailable, Some(2)));
    assert!(!format!("{away:?}").contains("SECRET"));
}

#[test]
fn connections_that_died_are_given_up_and_nobody_notices() {
    let Engine::Postgres = Engine::here() else { return };
    let ground = Ground::empty();
    let (db, other) = (ground.connect(4), ground.connect(1));
    do_sql(&db, "CREATE TABLE kept (n BIGINT)").unwrap();
    for round in 0..3 {
        // As many connections as the pool may have, all idle, all ended by the server.
        let all = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    db.read_now(|_| {
                        all.wait();
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        do_sql(
            &other,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .unwrap();
        do_sql(&db, &format!("INSERT INTO kept VALUES ({round})")).unwrap();
        assert_eq!(one(&db).unwrap(), 1);
    }
}

#[test]
fn a_slow_statement_and_a_held_row_are_given_up() {
    let Engine::Postgres = Engine::here() else { return };
    let ground = Ground::empty();
    for pooled_outside in [false, true] {
        let short = Options {
            statement_timeout: Duration::from_millis(300),
            lock_timeout: Duration::from_millis(100),
            pooled_outside,
            ..Options::sized(2)
        };
        let (db, patient) = (open(&ground, &short), ground.connect(1));
        let slow = do_sql(&db, "SELECT pg_sleep(30)").unwrap_err();
        assert_eq!(slow.code, Code::Unavailable, "{slow}");
        do_sql(
            &patient,
            "DROP TABLE IF EXISTS held; CREATE TABLE held (n BIGINT); INSERT INTO held VALUES (1)",
        )
        .unwrap();
        let blocked = patient.write_now(|conn| {
            conn.batch_execute("SELECT n FROM held FOR UPDATE")?;
            Ok(do_sql(&db, "UPDATE held SET n = 2").unwrap_err())
        });
        assert_eq!(blocked.unwrap().code, Code::Unavailable);
        // The same connection works on.
        assert_eq!(one(&db).unwrap(), 1);
    }
}

#[test]
fn what_two_write_at_once_is_begun_again_and_done_twice_never() {
    let ground = Ground::empty();
    let db = ground.connect(8);
    do_sql(&db, "CREATE TABLE numbers (n BIGINT PRIMARY KEY)").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    // The next number: two who read the same one meet at the key.
                    let next = || {
                        db.write_again_now(|conn| {
                            let n = diesel::sql_query("SELECT COUNT(*) AS n FROM numbers")
                                .get_result::<Count>(conn)?
                                .n;
                            Ok(conn.batch_execute(&format!("INSERT INTO numbers VALUES ({n})"))?)
                        })
                    };
                    // Bounded: who met another too often is told to come back.
                    while let Err(error) = next() {
                        assert_eq!(error.code, Code::Unavailable, "{error}");
                    }
                }
            });
        }
    });
    let all = db.read_now(|conn| {
        let sql = "SELECT CAST(COUNT(*) * 1000 + MAX(n) AS BIGINT) AS n FROM numbers";
        Ok(diesel::sql_query(sql).get_result::<Count>(conn)?.n)
    });
    assert_eq!(all.unwrap(), 80_079);
}

#[test]
fn a_replica_is_read_where_there_is_one() {
    let (primary, replica) = (Ground::empty(), Ground::empty());
    do_sql(&replica.connect(1), "CREATE TABLE only_here (n BIGINT)").unwrap();
    let options = Options { replica: DatabaseUrl::parse(&replica.url).ok(), ..Options::sized(1) };
    let db = open(&primary, &options);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let look = "SELECT COUNT(*) AS n FROM only_here";
    let count = move |conn: &mut yingzhu::db::Conn| Ok(diesel::sql_query(look).get_result::<Count>(conn)?.n);
    assert_eq!(runtime.block_on(db.browse(count)).unwrap(), 0);
    assert!(runtime.block_on(db.read(count)).is_err(), "a decision is never taken from a replica");
}

#[test]
fn what_a_replica_does_not_have_yet_or_cannot_say_is_asked_of_the_primary() {
    let (primary, replica) = (Ground::empty(), Ground::empty());
    do_sql(&replica.connect(1), "CREATE TABLE mark (n BIGINT)").unwrap();
    let options = Options { replica: DatabaseUrl::parse(&replica.url).ok(), ..Options::sized(1) };
    let db = open(&primary, &options);
    do_sql(&db, "CREATE TABLE mark (n BIGINT); INSERT INTO mark VALUES (7)").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let find = |conn: &mut yingzhu::db::Conn| {
        Ok(diesel::sql_query("SELECT n FROM mark").get_result::<Count>(conn)?.n)
    };
    assert_eq!(runtime.block_on(db.browse(find)).unwrap(), 7);
    let told = runtime.block_on(db.browse(|_| Err::<(), _>(Error::not_found()))).unwrap_err();
    assert_eq!(told.code, Code::NotFound);
    // What is wrong with the question is not asked twice.
    let asked = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&asked);
    let refuse = move |_: &mut yingzhu::db::Conn| {
        *counted.lock().unwrap() += 1;
        Err::<(), _>(Error::of(Code::Conflict))
    };
    assert_eq!(runtime.block_on(db.browse(refuse)).unwrap_err().code, Code::Conflict);
    assert_eq!(*asked.lock().unwrap(), 1);
    if Engine::here() == Engine::Postgres {
        // The replica goes away altogether.
        drop(replica);
        assert_eq!(runtime.block_on(db.browse(find)).unwrap(), 7);
    }
}

#[test]
fn a_read_whose_connection_dies_in_the_middle_is_begun_once_more() {
    let Engine::Postgres = Engine::here() else { return };
    let ground = Ground::empty();
    let (db, other) = (ground.connect(2), ground.connect(1));
    let mut begun = 0;
    let n = db.read_again_now(|conn| {
        begun += 1;
        if begun == 1 {
            // The other connection ends this one, in the middle of its transaction.
            do_sql(
                &other,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in%'",
            )?;
        }
        Ok(diesel::sql_query("SELECT CAST(7 AS BIGINT) AS n").get_result::<Count>(conn)?.n)
    });
    assert_eq!((n.unwrap(), begun), (7, 2));
    // One that dies every time is told, not begun without end.
    let mut begun = 0;
    let told = db.read_again_now(|conn| {
        begun += 1;
        Ok(conn.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")?)
    });
    assert_eq!((told.unwrap_err().code, begun), (Code::Unavailable, 2));
}

#[test]
fn a_server_that_takes_no_writes_any_more_is_left_for_one_that_does() {
    let Engine::Postgres = Engine::here() else { return };
    let ground = Ground::empty();
    let (db, admin) = (ground.connect(1), ground.connect(1));
    do_sql(&db, "CREATE TABLE kept (n BIGINT)").unwrap();
    let session = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
    db.read_now(|conn| Ok(conn.batch_execute(session)?)).unwrap();
    let refused = do_sql(&db, "INSERT INTO kept VALUES (1)").unwrap_err();
    assert_eq!((refused.code, refused.retry_after), (Code::Unavailable, Some(2)));
    assert!(refused.detail.zh.contains("只读"), "{refused}");
    // The connection was given up: the next one writes.
    do_sql(&db, "INSERT INTO kept VALUES (1)").unwrap();
    assert_eq!(one(&admin).unwrap(), 1);
}
