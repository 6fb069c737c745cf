//! The database as a whole: migrations up, down and up again; diesel's tables against the real ones;
//! writers that meet; a URL that is not one.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use yingzhu::db::{Conn, DatabaseUrl, Db};
use yingzhu::schema;
use yingzhu::seal::vault::{Arrival, Incoming, PersonRef, enter};
use yingzhu::seal::{KeyRing, Sealer};
use yingzhu::values::clock::{self, PersonIds};

use crate::engine::Ground;

/// An empty database and eight connections.
fn fresh() -> (Db, Ground) {
    let ground = Ground::empty();
    (ground.connect(8), ground)
}

#[derive(QueryableByName, PartialEq, Eq, Debug)]
struct Object {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

/// Every table, column, constraint and index with its text, without diesel's own.
const OBJECTS_OF_SQLITE: &str = "SELECT name, COALESCE(sql, '') AS sql FROM sqlite_master \
     WHERE name NOT LIKE '%diesel%' AND name NOT LIKE 'sqlite_%' ORDER BY name";
const OBJECTS_OF_POSTGRES: &str = "\
     SELECT tablename::text AS name, 'CREATE TABLE' AS sql FROM pg_tables \
     WHERE schemaname = 'public' AND tablename NOT LIKE '%diesel%' \
     UNION ALL SELECT table_name || '.' || column_name, data_type || is_nullable || COALESCE(column_default, '') \
     FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%diesel%' \
     UNION ALL SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint \
     WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE '%diesel%' \
     UNION ALL SELECT indexname::text, indexdef FROM pg_indexes \
     WHERE schemaname = 'public' AND tablename NOT LIKE '%diesel%' ORDER BY 1, 2";

fn dump(db: &Db) -> Vec<Object> {
    db.read_now(|conn| {
        let objects = match conn {
            Conn::Sqlite(_) => OBJECTS_OF_SQLITE,
            Conn::Pg(_) => OBJECTS_OF_POSTGRES,
        };
        Ok(diesel::sql_query(objects).load(conn)?)
    })
    .unwrap()
}

#[test]
fn migrations_go_up_down_and_up_again() {
    let (db, _folder) = fresh();
    let count = db.migrate().unwrap();
    assert!(count >= 2);
    let up = dump(&db);
    assert!(up.iter().any(|o| o.name == "person") && up.iter().any(|o| o.name == "finding"));
    assert_eq!(db.revert_all().unwrap(), count);
    assert_eq!(dump(&db), []);
    assert_eq!(db.migrate().unwrap(), count);
    assert_eq!(dump(&db), up);
    assert_eq!(db.migrate().unwrap(), 0, "nothing is pending the second time");
}

/// Selects every column that diesel knows of each table, and counts those the database has; how many tables.
macro_rules! same_columns {
    ($conn:ident: $($table:ident),+ $(,)?) => { { $( {
        let query = schema::$table::table.select(schema::$table::all_columns);
        let name = stringify!($table);
        let (text, counted) = match $conn {
            Conn::Sqlite(_) => (
                diesel::debug_query::<diesel::sqlite::Sqlite, _>(&query).to_string().replace('`', "\""),
                format!("SELECT COUNT(*) AS n FROM pragma_table_info('{name}')"),
            ),
            Conn::Pg(_) => (
                diesel::debug_query::<diesel::pg::Pg, _>(&query).to_string(),
                format!("SELECT COUNT(*) AS n FROM information_schema.columns \
                         WHERE table_schema = 'public' AND table_name = '{name}'"),
            ),
        };
        let text = text.split(" -- ").next().unwrap();
        let known = text.split(" FROM ").next().unwrap().matches(&format!("\"{name}\".")).count();
        let there = diesel::sql_query(counted).get_result::<Count>($conn).unwrap().n;
        assert_eq!(i64::try_from(known).unwrap(), there, "{name}: columns that diesel does not know");
        $conn.batch_execute(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    } )+
    [$(stringify!($table)),+].len() } };
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

#[test]
fn diesel_knows_every_column_of_every_table() {
    let (db, _folder) = fresh();
    db.migrate().unwrap();
    let listed = db
        .read_now(|conn| {
            Ok(same_columns!(conn:
                person,
                person_name,
                account,
                import,
                import_error,
                import_bad_row,
                proposal,
                school,
                enrolment,
                category,
                evidence,
                poverty_list,
                poverty_list_entry,
                aid_notice,
                aid_record,
                aid_entry,
                aid_report,
                aid_report_set,
                cross_check,
                finding,
                sighting,
                finding_event,
                job,
                job_chunk,
                idempotency,
            ))
        })
        .unwrap();
    let tables = dump(&db).iter().filter(|o| o.sql.starts_with("CREATE TABLE")).count();
    assert_eq!(tables, listed, "a new table belongs in the list above");
}

#[test]
fn writers_that_read_first_wait_for_each_other() {
    let (db, _folder) = fresh();
    db.migrate().unwrap();
    db.write_now(|conn| {
        conn.batch_execute("CREATE TABLE tally (n BIGINT NOT NULL); INSERT INTO tally VALUES (0);")?;
        Ok(())
    })
    .unwrap();
    let db = Arc::new(db);
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let db = Arc::clone(&db);
            std::thread::spawn(move || {
                for _ in 0..25 {
                    db.write_now(|conn| {
                        // On PostgreSQL two may read at once: there whoever writes must say so.
                        let read = match conn {
                            Conn::Sqlite(_) => "SELECT n FROM tally",
                            Conn::Pg(_) => "SELECT n FROM tally FOR UPDATE",
                        };
                        let n = diesel::sql_query(read).get_result::<Count>(conn)?.n;
                        conn.batch_execute(&format!("UPDATE tally SET n = {}", n + 1))?;
                        Ok(())
                    })
                    .unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let n = db
        .read_now(|conn| Ok(diesel::sql_query("SELECT n FROM tally").get_result::<Count>(conn)?.n))
        .unwrap();
    assert_eq!(n, 200);
}

#[test]
fn a_failed_write_leaves_nothing() {
    let (db, _folder) = fresh();
    db.migrate().unwrap();
    let failed: Result<(), _> = db.write_now(|conn| {
        conn.batch_execute("CREATE TABLE half (n BIGINT)")?;
        Err(yingzhu::error::Error::not_found())
    });
    assert!(failed.is_err());
    assert!(dump(&db).iter().all(|o| o.name != "half"));
}

#[test]
fn a_url_without_a_known_scheme_is_refused() {
    for url in ["", "data.db", "sqlite:", "sqlite://", "mysql://x", "/tmp/x.db", "postgre://x", "SQLITE://x"]
    {
        let refused = DatabaseUrl::parse(url).unwrap_err();
        assert!(refused.zh.contains("sqlite://") && refused.en.contains("postgres://"), "{url}");
    }
    let shown = format!("{:?}", DatabaseUrl::parse("postgres://user:secret@host/db").unwrap());
    assert!(!shown.contains("secret") && !shown.contains("host"));
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// Forty made-up people, made ready under this key.
fn arrivals(sealer: &Sealer) -> Vec<Arrival> {
    let mut ids = PersonIds::new();
    let people = (1..=40).map(|n| Incoming {
        id: Some(format!("made-up id {n}")),
        student_number: None,
        name_normal: format!("测{n}"),
        name_entered: format!("测{n}"),
        phone: None,
    });
    people.map(|one| Arrival::prepare(sealer, &mut ids, one).unwrap()).collect()
}

#[test]
fn people_whom_two_files_bring_at_once_are_entered_once() {
    let ground = Ground::migrated();
    let db = ground.connect(3);
    let sealer = Sealer::new(&KeyRing::generate().unwrap()).unwrap();
    let enter_all = |conn: &mut Conn| enter(conn, &sealer, arrivals(&sealer), clock::now());
    let ids =
        |refs: Vec<PersonRef>| refs.into_iter().map(|one| (one.person_id, one.name_id)).collect::<Vec<_>>();
    let (first, second) = std::thread::scope(|scope| {
        let mut other = None;
        let first = db.write_now(|conn| {
            let refs = enter_all(conn)?;
            other = Some(scope.spawn(|| db.write_again_now(enter_all)));
            // On PostgreSQL the other is inside its own transaction by then, and waits for this one's rows.
            let waiting = "SELECT COUNT(*) AS n FROM pg_locks WHERE NOT granted";
            while let Conn::Pg(_) = conn
                && db.read_now(|conn| Ok(diesel::sql_query(waiting).get_result::<Waiting>(conn)?.n))? == 0
            {
                std::thread::yield_now();
            }
            Ok(refs)
        });
        (first, other.unwrap().join().unwrap())
    });
    assert_eq!(ids(first.unwrap()), ids(second.unwrap()));
    let stored = |conn: &mut Conn| Ok(schema::person::table.count().get_result::<i64>(conn)?);
    assert_eq!(db.read_now(stored).unwrap(), 40);
}
