//! The plans of the lookups on a large database: none reads a table whole.
//!
//! One child is entered as offices enter it, and then multiplied inside the database. On SQLite the plan of
//! every statement is asked for; on PostgreSQL its own count of rows read by scanning is, which is about
//! what happened and not about what was meant.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use yingzhu::auth::Scope;
use yingzhu::db::{Conn, Db};
use yingzhu::eligibility::store::gather;
use yingzhu::roll::masking::People;
use yingzhu::seal::{Sealer, vault};
use yingzhu::values::{Place, clock};
use yingzhu::{aid, jobs, roll};

use crate::support::office::{COUNTY, Office, TERM};
use crate::support::people::child;
use crate::support::rows::{aid as payments, list, roll as pupils};

const LARGE: u32 = 100_000;

/// Tables that grow with students: the columns that make a further row another one.
const GROWING: [(&str, &str, &[&str]); 6] = [
    ("person", "person_id", &["person_id"]),
    ("person_name", "name_id", &["name_id", "person_id"]),
    ("enrolment", "enrolment_id", &["enrolment_id", "person_id", "name_id"]),
    ("category", "category_id", &["category_id", "person_id", "enrolment_id"]),
    ("poverty_list_entry", "entry_id", &["entry_id", "person_id", "name_id"]),
    ("aid_record", "record_id", &["record_id", "person_id", "name_id"]),
];

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Multiplies the one row of each table, in one statement a table.
fn multiply(conn: &mut Conn, times: u32) {
    for (table, key, varied) in GROWING {
        let (columns, blind) = match conn {
            Conn::Pg(_) => (
                format!(
                    "SELECT column_name::text AS name FROM information_schema.columns \
                     WHERE table_schema = 'public' AND table_name = '{table}'"
                ),
                "decode(md5(s.n::text), 'hex')",
            ),
            Conn::Sqlite(_) => (format!("SELECT name FROM pragma_table_info('{table}')"), "randomblob(16)"),
        };
        let columns: Vec<String> =
            diesel::sql_query(columns).load::<Named>(conn).unwrap().into_iter().map(|c| c.name).collect();
        let values: Vec<String> = columns
            .iter()
            .map(|column| match column.as_str() {
                "id_bidx" => blind.to_owned(),
                c if varied.contains(&c) => format!("t.{c} || '-' || s.n"),
                c => format!("t.{c}"),
            })
            .collect();
        conn.batch_execute(&format!(
            "INSERT INTO {table} ({}) WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {times}) \
             SELECT {} FROM (SELECT * FROM {table} ORDER BY {key} LIMIT 1) t CROSS JOIN s",
            columns.join(", "),
            values.join(", ")
        ))
        .unwrap_or_else(|e| panic!("{table}: {e}"));
    }
    conn.batch_execute("ANALYZE").unwrap();
    if let Conn::Pg(conn) = conn {
        // What was read so far is told now, and not in the middle of the test.
        conn.batch_execute("SELECT pg_stat_force_next_flush()").unwrap();
    }
}

/// Everything a lookup and a page ask the database.
fn ask(conn: &mut Conn, sealer: &Sealer) {
    look_up(conn, sealer);
    turn_pages(conn);
}

fn look_up(conn: &mut Conn, sealer: &Sealer) {
    let scope = Scope::local(Place::parse(COUNTY).unwrap());
    let (one, now) = (child(1), clock::now());
    let as_of = now.date();
    let found = vault::find_many(conn, sealer, &[one.id.as_str(), child(2).id.as_str()]).unwrap();
    let people: Vec<String> = found.values().cloned().collect();
    assert_eq!(people.len(), 1);
    assert_eq!(roll::store::visible(conn, &scope, &people).unwrap(), people);
    let named = vault::having_names(conn, sealer, &[(people[0].as_str(), one.name.as_str())]).unwrap();
    assert_eq!(named.len(), 1);
    gather(conn, &people, as_of, now).unwrap();
    aid::store::of_people(conn, &people, TERM, now).unwrap();
    People { people: people.clone(), names: Vec::new() }.show(conn, sealer, false).unwrap();
    roll::store::current(conn, TERM, &people).unwrap();
    jobs::store::take(conn, &["none"], "plan", now, TimeDelta::seconds(1)).unwrap();
}

fn turn_pages(conn: &mut Conn) {
    let scope = Scope::local(Place::parse(COUNTY).unwrap());
    roll::store::students(conn, &scope, TERM, None, 51).unwrap();
    let record = aid::store::list(conn, &scope, aid::store::Filter::default(), None, 51).unwrap().remove(0);
    aid::store::find(conn, &scope, &record.record_id).unwrap();
    jobs::store::list(conn, &scope, None, 51).unwrap();
}

/// Records what is asked on a connection, and asks for the plan of each.
fn plans(db: &Db, work: impl FnOnce(&mut Conn)) -> Vec<(String, String)> {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let record = Arc::clone(&asked);
    db.write_now(|conn| {
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                let text = query.to_string();
                record.lock().unwrap().push(text.split(" -- binds").next().unwrap().to_owned());
            }
        });
        work(conn);
        conn.set_instrumentation(|_: InstrumentationEvent<'_>| ());
        let mut plans = Vec::new();
        for sql in asked.lock().unwrap().iter().filter(|sql| sql.starts_with("SELECT")) {
            let steps: Vec<Plan> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(conn)?;
            plans.extend(steps.into_iter().map(|step| (step.detail, sql.clone())));
        }
        Ok(plans)
    })
    .unwrap()
}

/// Rows that PostgreSQL has read by scanning the growing tables so far.
fn scanned(db: &Db) -> BTreeMap<String, i64> {
    let tables: Vec<String> = GROWING.iter().map(|(table, ..)| format!("'{table}'")).collect();
    db.read_now(|conn| {
        let sql = format!(
            "SELECT relname::text AS name, seq_tup_read::bigint AS n FROM pg_stat_user_tables WHERE relname IN ({})",
            tables.join(", ")
        );
        conn.batch_execute("SELECT pg_stat_force_next_flush()")?;
        Ok(diesel::sql_query(sql).load::<Read>(conn)?.into_iter().map(|read| (read.name, read.n)).collect())
    })
    .unwrap()
}

/// Does the work on PostgreSQL in one process, and has what it read counted at once.
fn counted(db: &Db, work: impl FnOnce(&mut Conn)) {
    db.write_now(|conn| {
        conn.batch_execute("SET LOCAL max_parallel_workers_per_gather = 0")?;
        work(conn);
        Ok(conn.batch_execute("SELECT pg_stat_force_next_flush()")?)
    })
    .unwrap();
}

async fn large(times: u32) -> Office {
    let office = Office::open().await;
    let (officer, one) = (office.officer(), child(1));
    office.locked_list(&list().listed(&one).csv()).await;
    let pupil = pupils().pupil(&one, &[("困难类型", "孤儿")]);
    assert_eq!(office.upload_roll(&officer, &pupil.csv()).await.status, 201);
    assert_eq!(office.upload_aid(&officer, &payments().paid(&one, &[]).csv()).await.status, 201);
    office
        .db
        .write_now(|conn| {
            multiply(conn, times);
            Ok(())
        })
        .unwrap();
    office
}

#[actix_web::test]
async fn no_lookup_and_no_page_reads_a_large_table_whole() {
    let office = large(LARGE).await;
    if office.db.is_embedded() {
        let plans = plans(&office.db, |conn| ask(conn, &office.sealer));
        assert!(plans.len() >= 10, "{plans:?}");
        let whole: Vec<_> = plans
            .iter()
            .filter(|(step, _)| GROWING.iter().any(|(table, ..)| step.starts_with(&format!("SCAN {table}"))))
            .collect();
        assert!(whole.is_empty(), "{whole:#?}");
        // The check itself sees a scan when there is one.
        let planted = self::plans(&office.db, |conn| {
            let _ = diesel::sql_query("SELECT 1 FROM enrolment WHERE class_name = 'x'").execute(conn);
        });
        assert!(planted.iter().any(|(step, _)| step.starts_with("SCAN enrolment")), "{planted:?}");
    } else {
        // Pages on PostgreSQL are left to its planner: of one county's rows alone a scan may be cheaper.
        let before = scanned(&office.db);
        counted(&office.db, |conn| look_up(conn, &office.sealer));
        let after = scanned(&office.db);
        for (table, read) in &after {
            let read = read - before[table];
            assert!(read < i64::from(LARGE) / 10, "{read} rows of {table} were read by scanning");
        }
        counted(&office.db, |conn| {
            conn.batch_execute("SELECT count(*) FROM enrolment WHERE class_name = 'x'").unwrap();
        });
        let whole = scanned(&office.db)["enrolment"] - after["enrolment"];
        assert!(whole >= i64::from(LARGE), "the check itself sees a scan: {whole}");
    }
}
