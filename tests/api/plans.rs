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
use yingzhu::eligibility;
use yingzhu::eligibility::statement::texts_of_lookup;
use yingzhu::poverty_list::shelf::{Shelves, When};
use yingzhu::roll::masking::People;
use yingzhu::seal::{Domain, Sealer, vault};
use yingzhu::values::{Place, clock, digest};
use yingzhu::{aid, jobs, poverty_list, proposals, roll, schema};

use crate::support;
use crate::support::multiply::GROWING;
use crate::support::office::{COUNTY, Office, TERM};
use crate::support::people::child;
use crate::support::rows::{aid as payments, list, roll as pupils};

const LARGE: u32 = 100_000;

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

/// Makes one child many, and has what was read so far counted now and not in the middle of the test.
fn multiply(conn: &mut Conn, copies: u32) {
    support::multiply::multiply(conn, copies).unwrap();
    if let Conn::Pg(conn) = conn {
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
    let (one, other, now) = (child(1), child(2), clock::now());
    let as_of = now.date();
    let ids = [one.id.as_str(), other.id.as_str()];
    let found = vault::find_many(conn, sealer, &ids).unwrap();
    let people: Vec<String> = found.values().cloned().collect();
    assert_eq!(people.len(), 1);
    assert_eq!(roll::store::visible(conn, &scope, &people).unwrap(), people);
    let named = vault::having_names(conn, sealer, &[(people[0].as_str(), one.name.as_str())]).unwrap();
    assert_eq!(named.len(), 1);
    let (shelves, when) = (Shelves::default(), When { as_of, known_at: now });
    let tags = ids.iter().map(|id| sealer.blind_index(Domain::ResidentId, id)).collect();
    let picture = eligibility::store::find(conn, &shelves, tags, &scope, when, TERM).unwrap();
    assert_eq!(picture.people.keys().cloned().collect::<Vec<_>>(), people);
    assert_eq!(picture.people[&people[0]].aid.len(), 1);
    eligibility::store::of_people(conn, &shelves, &people, when, TERM).unwrap();
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
    // A page in the middle, and every further list that grows with students.
    let key = (record.place.clone(), record.record_id.clone());
    aid::store::list(conn, &scope, aid::store::Filter::default(), Some(key), 51).unwrap();
    aid::notice::store::list(conn, &scope, aid::notice::store::Filter::default(), None, 51).unwrap();
    proposals::store::list(conn, &scope, proposals::store::Filter::default(), None, 51).unwrap();
    let list: String = schema::poverty_list::table.select(schema::poverty_list::list_id).first(conn).unwrap();
    poverty_list::store::entries(conn, &scope, &list, None, 51).unwrap();
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
        for sql in
            asked.lock().unwrap().iter().filter(|sql| sql.starts_with("SELECT") || sql.starts_with("WITH"))
        {
            let steps: Vec<Plan> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(conn)?;
            plans.extend(steps.into_iter().map(|step| (step.detail, sql.clone())));
        }
        Ok(plans)
    })
    .unwrap()
}

/// Rows that PostgreSQL has read by scanning the growing tables so far.
fn scanned(db: &Db) -> BTreeMap<String, i64> {
    let tables: Vec<String> = GROWING.iter().map(|(table, _)| format!("'{table}'")).collect();
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
            .filter(|(step, _)| GROWING.iter().any(|(table, _)| step.starts_with(&format!("SCAN {table}"))))
            .collect();
        assert!(whole.is_empty(), "{whole:#?}");
        // Nor is a whole county sorted for one page of it. Jobs do not grow with students.
        let pages = self::plans(&office.db, turn_pages);
        let sorted: Vec<_> = pages
            .iter()
            .filter(|(step, sql)| step == "USE TEMP B-TREE FOR ORDER BY" && !sql.contains("FROM `job`"))
            .collect();
        assert!(sorted.is_empty(), "{sorted:#?}");
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

/// The plan of a lookup of one id number, as the database tells it.
fn plan_of_a_lookup(db: &Db, sealer: &Sealer) -> Vec<String> {
    let steps = db.write_now(|conn| {
        let mut steps: Vec<Plan> = Vec::new();
        for text in texts_of_lookup(!db.is_embedded()) {
            let asked = match conn {
                // Plans do not depend on what is bound there.
                Conn::Sqlite(_) => format!("EXPLAIN QUERY PLAN {text}"),
                Conn::Pg(conn) => {
                    conn.batch_execute(
                        "CREATE OR REPLACE FUNCTION pg_temp.plan(asked text) RETURNS SETOF text LANGUAGE plpgsql AS \
                         'BEGIN RETURN QUERY EXECUTE ''EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) '' || asked; END'",
                    )?;
                    format!("SELECT detail FROM pg_temp.plan($sql${}$sql$) AS detail", filled(text, sealer))
                }
            };
            steps.extend(diesel::sql_query(asked).load::<Plan>(conn)?);
        }
        Ok(steps)
    });
    steps.unwrap().into_iter().map(|step| step.detail).collect()
}

/// The statement with values in the places of its binds.
fn filled(text: &str, sealer: &Sealer) -> String {
    let key = digest::hex(&sealer.blind_index(Domain::ResidentId, &child(1).id));
    let (key, term) = (format!("ARRAY[decode('{key}', 'hex')]"), format!("'{TERM}'"));
    let binds = [
        ("$1", key.as_str()),
        ("$2", "'3410'"),
        ("$3", "'3411'"),
        ("$4", "''"),
        ("$5", "''"),
        ("$6", "DATE '2024-10-10'"),
        ("$7", "TIMESTAMP '2099-01-01 00:00:00'"),
        ("$8", term.as_str()),
    ];
    binds.iter().fold(text.to_owned(), |text, (bind, value)| text.replace(bind, value))
}

/// `cargo test --test api_postgres -- --ignored --nocapture plan_at_a_million` prints the plan.
#[actix_web::test]
#[ignore = "fills a database with a million students: half a minute on SQLite, two on PostgreSQL"]
async fn the_plan_at_a_million_students_reads_by_index_alone() {
    let office = large(1_000_000).await;
    let steps = plan_of_a_lookup(&office.db, &office.sealer);
    println!("{}", steps.join("\n"));
    assert!(steps.len() > 10, "{steps:?}");
    for (table, _) in GROWING {
        for whole in [format!("SCAN {table}"), format!("Seq Scan on {table} ")] {
            assert!(!steps.iter().any(|step| step.contains(&whole)), "{whole}");
        }
    }
}
