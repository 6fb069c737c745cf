//! Long work: asked for, watched, cancelled, taken over, and done once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::test::TestRequest;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use yingzhu::auth::{Role, Scope};
use yingzhu::db::Conn;
use yingzhu::error::{Code, Error, Result};
use yingzhu::jobs::{Job, JobState, Made, NewJob, Node, Settings, Step, Watch, Work, Works, store};
use yingzhu::schema::{job, job_chunk};
use yingzhu::seal::{KeyRing, Sealer};
use yingzhu::values::{Place, clock};

use crate::support::Answer;
use crate::support::engine::Ground;
use crate::support::office::{COUNTY, NEIGHBOUR, Office, Somebody, TERM, items, text};
use crate::support::people::child;
use crate::support::rows::{aid, list, roll};

const LATER: (&str, &str) = ("prefer", "respond-async");

async fn hand_in(office: &Office, who: &Somebody, uri: &str, file: &[u8]) -> Answer {
    let request = TestRequest::post().uri(uri).insert_header(LATER).set_payload(file.to_vec());
    let answer = office.send(who, request).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.header("location"), format!("/v1/jobs/{}", text(&answer.json()["job_id"])));
    answer
}

/// The job once it has ended.
async fn ended(office: &Office, who: &Somebody, address: &str) -> Value {
    loop {
        let job = office.read(who, address).await;
        if !job["ended_at"].is_null() {
            return job;
        }
        tokio::task::yield_now().await;
    }
}

fn chunks(office: &Office) -> Vec<Vec<u8>> {
    office.db.read_now(|conn| Ok(job_chunk::table.select(job_chunk::bytes_ct).load(conn)?)).unwrap()
}

#[actix_web::test]
async fn what_is_done_later_comes_out_as_what_is_done_at_once() {
    let office = Office::open().await;
    let officer = office.officer();
    let pupils = (1..=30).fold(roll(), |sheet, n| sheet.pupil(&child(n), &[]));
    let handed = hand_in(&office, &officer, &format!("/v1/roll/imports?term={TERM}"), &pupils.csv()).await;
    let address = handed.header("location").to_owned();
    let waiting = office.read(&officer, &address).await;
    assert_eq!(
        (&waiting["state"], &waiting["attempts"], &waiting["kind"]),
        (&json!("queued"), &json!(0), &json!("import_roll"))
    );
    let kept = chunks(&office);
    assert_eq!(kept.len(), 1);
    let name = child(1).name;
    assert!(!kept[0].windows(name.len()).any(|w| w == name.as_bytes()), "the file is kept sealed");

    let workers = office.node.start().unwrap();
    let done = ended(&office, &officer, &address).await;
    assert_eq!((&done["state"], &done["repeated"]), (&json!("done"), &json!(false)), "{done}");
    assert_eq!(chunks(&office).len(), 0, "the file is gone with the job");
    let report = office.read(&officer, &text(&done["location"])).await;
    assert_eq!((&report["rows"]["read"], &report["rows"]["new"]), (&json!(30), &json!(30)));

    // The very same file at once, and once more later: nothing is done again.
    assert_eq!(office.upload_roll(&officer, &pupils.csv()).await.status, 200);
    let again = hand_in(&office, &officer, &format!("/v1/roll/imports?term={TERM}"), &pupils.csv()).await;
    let again = ended(&office, &officer, again.header("location")).await;
    assert_eq!((&again["repeated"], &again["location"]), (&json!(true), &done["location"]));

    let uri = format!("/v1/poverty-lists?term={TERM}");
    let listed = hand_in(&office, &officer, &uri, &list().listed(&child(1)).xlsx()).await;
    let listed = ended(&office, &officer, listed.header("location")).await;
    let of = office.read(&officer, &text(&listed["location"])).await;
    let list_id = text(&of["list_id"]);
    assert_eq!((&of["state"], &of["entries"]), (&json!("draft"), &json!(1)));
    assert_eq!(office.check(&officer, &list_id).await.status, 200);
    assert_eq!(office.lock(&office.colleague(), &list_id).await.status, 200);

    let uri = format!("/v1/aid-records/imports?term={TERM}");
    let paid = hand_in(&office, &officer, &uri, &aid().paid(&child(1), &[]).csv_gb18030()).await;
    assert_eq!(ended(&office, &officer, paid.header("location")).await["state"], "done");

    let asked = json!({ "term": TERM });
    let checked =
        office.with_json(&officer, actix_web::http::Method::POST, "/v1/cross-checks", asked, &[LATER]).await;
    assert_eq!(checked.status, 202, "{}", checked.text());
    let checked = ended(&office, &officer, checked.header("location")).await;
    let run = office.read(&officer, &text(&checked["location"])).await;
    let at_once = office.run_check(&officer).await;
    assert_eq!((at_once.status, &at_once.json()["check_id"]), (200, &run["check_id"]));
    workers.stop(Duration::from_mins(1));

    let all = office.read_pages(&officer, "/v1/jobs", 2).await;
    assert_eq!(all.len(), 5);
    assert!(all.windows(2).all(|two| text(&two[0]["job_id"]) > text(&two[1]["job_id"])));
    let stranger = office.as_role(Role::County, NEIGHBOUR);
    office.get(&stranger, &address).await.problem(404, "not_found");
    assert_eq!(items(&office.read(&stranger, "/v1/jobs").await).len(), 0);
}

#[actix_web::test]
async fn a_file_that_cannot_be_read_fails_with_the_reason_and_does_not_go_round() {
    let office = Office::open().await;
    let officer = office.officer();
    let uri = format!("/v1/roll/imports?term={TERM}");
    let handed = hand_in(&office, &officer, &uri, "一,二\n三,四\n".as_bytes()).await;
    let workers = office.node.start().unwrap();
    let job = ended(&office, &officer, handed.header("location")).await;
    workers.stop(Duration::from_mins(1));
    assert_eq!((&job["state"], &job["attempts"]), (&json!("failed"), &json!(1)));
    assert_eq!(job["problem"]["code"], "header_not_found");
    assert!(!text(&job["problem"]["detail"]).is_empty() && job["location"].is_null());
    assert_eq!(chunks(&office).len(), 0);
    let cancel = format!("{}/cancel", handed.header("location"));
    office.act(&officer, &cancel).await.problem(409, "conflict");
}

#[actix_web::test]
async fn a_waiting_job_is_cancelled_at_once_and_only_by_those_who_see_it() {
    let office = Office::open().await;
    let officer = office.officer();
    let uri = format!("/v1/roll/imports?term={TERM}");
    let handed = hand_in(&office, &officer, &uri, &roll().pupil(&child(1), &[]).csv()).await;
    let cancel = format!("{}/cancel", handed.header("location"));
    office.act(&office.as_role(Role::County, NEIGHBOUR), &cancel).await.problem(404, "not_found");
    for _ in 0..2 {
        let job = office.act(&officer, &cancel).await;
        assert_eq!((job.status, &job.json()["state"]), (200, &json!("cancelled")));
    }
    assert_eq!(chunks(&office).len(), 0);
    let workers = office.node.start().unwrap();
    let next = hand_in(&office, &officer, &uri, &roll().pupil(&child(2), &[]).csv()).await;
    assert_eq!(ended(&office, &officer, next.header("location")).await["state"], "done");
    workers.stop(Duration::from_mins(1));
    assert_eq!(office.read(&officer, handed.header("location")).await["attempts"], 0);
    assert_eq!(office.read_pages(&officer, &format!("/v1/students?term={TERM}"), 500).await.len(), 1);
}

/// A bench of nodes on one database, with work that only counts.
struct Bench {
    db: yingzhu::db::Db,
    sealer: Sealer,
    _ground: Ground,
}

impl Bench {
    fn open() -> Self {
        let ground = Ground::migrated();
        let db = ground.connect(8);
        Self { db, sealer: Sealer::new(&KeyRing::generate().unwrap()).unwrap(), _ground: ground }
    }

    fn node(&self, works: Works, workers: usize) -> Node {
        let look = Duration::from_millis(10);
        let settings = Settings { workers, look, lease: Duration::from_secs(2), folder: None };
        Node::new(self.db.clone(), self.sealer.clone(), works, settings)
    }

    fn put(&self, kind: &'static str) -> Job {
        let new = NewJob {
            kind,
            params: "{}".into(),
            place: COUNTY.into(),
            school: None,
            by: "somebody".into(),
            at: clock::now(),
        };
        self.db.write_now(|conn| store::insert(conn, &self.sealer, &new, None)).unwrap()
    }

    fn look(&self, id: &str) -> Job {
        let scope = Scope::local(Place::parse(COUNTY).unwrap());
        self.db.read_now(|conn| store::find(conn, &scope, id)).unwrap()
    }

    fn until(&self, id: &str, is: impl Fn(&Job) -> bool) -> Job {
        loop {
            let job = self.look(id);
            if is(&job) {
                return job;
            }
            std::thread::yield_now();
        }
    }
}

struct Does<F>(F);

impl<F: Fn(&Job, &Watch) -> Result<()> + Send + Sync> Work for Does<F> {
    fn run(&self, _: &mut Conn, job: &Job, _: Option<&Path>, watch: &Watch) -> Result<Step> {
        (self.0)(job, watch)?;
        Ok(Step::Done(Made { location: format!("/v1/made/{}", job.job_id), repeated: false }))
    }
}

/// Work of so many steps; before each, the function says whether it goes well.
struct Steps<F>(u32, F);

impl<F: Fn(u32, &Watch) -> Result<()> + Send + Sync> Work for Steps<F> {
    fn run(&self, _: &mut Conn, job: &Job, _: Option<&Path>, watch: &Watch) -> Result<Step> {
        let done: u32 = job.checkpoint.as_deref().map_or(0, |reached| reached.parse().unwrap());
        (self.1)(done, watch)?;
        let location = format!("/v1/made/{}", job.job_id);
        watch.tell(u64::from(done + 1))?;
        Ok(if done + 1 == self.0 {
            Step::Done(Made { location, repeated: false })
        } else {
            Step::On { checkpoint: (done + 1).to_string(), location: Some(location) }
        })
    }
}

#[test]
fn work_in_steps_goes_on_after_the_last_that_was_done() {
    let bench = Bench::open();
    let taken: Arc<Mutex<Vec<u32>>> = Arc::default();
    let seen = Arc::clone(&taken);
    let put = bench.put("steps");
    let looked = (bench.db.clone(), put.job_id.clone());
    let steps = Steps(4, move |done, _: &Watch| {
        let mut taken = seen.lock().unwrap();
        taken.push(done);
        match (done, taken.iter().filter(|step| **step == done).count()) {
            // The third step fails once: what the first two did stands, and is seen from outside.
            (2, 1) => {
                let scope = Scope::local(Place::parse(COUNTY).unwrap());
                let job = looked.0.read_now(|conn| store::find(conn, &scope, &looked.1)).unwrap();
                assert_eq!((job.rows_done, job.checkpoint.as_deref()), (2, Some("2")));
                assert_eq!(job.location, Some(format!("/v1/made/{}", job.job_id)));
                Err(Error::unavailable("not now"))
            }
            _ => Ok(()),
        }
    });
    let workers = bench.node(Works::default().with("steps", steps), 1).start().unwrap();
    let job = bench.until(&put.job_id, |job| job.ended_at.is_some());
    workers.stop(Duration::from_mins(1));
    assert_eq!((job.state, job.attempts, job.rows_done), (JobState::Done, 2, 4));
    assert_eq!(*taken.lock().unwrap(), [0, 1, 2, 2, 3]);
}

#[test]
fn work_in_steps_that_is_cancelled_keeps_what_was_done_and_says_where() {
    let bench = Bench::open();
    let put = bench.put("steps");
    let steps = Steps(1000, |done, watch: &Watch| {
        // Waits in the third step until the wish to stop has come through.
        while done == 2 && watch.tell(2).is_ok() {
            std::thread::yield_now();
        }
        Ok(())
    });
    let node = bench.node(Works::default().with("steps", steps), 1);
    let workers = node.start().unwrap();
    bench.until(&put.job_id, |job| job.rows_done == 2);
    let scope = Scope::local(Place::parse(COUNTY).unwrap());
    if bench.db.is_embedded() {
        node.stop_here(&put.job_id);
    } else {
        bench.db.write_now(|conn| store::cancel(conn, &scope, &put.job_id, clock::now())).unwrap();
    }
    let job = bench.until(&put.job_id, |job| job.ended_at.is_some());
    workers.stop(Duration::from_mins(1));
    assert_eq!((job.state, job.rows_done), (JobState::Cancelled, 2));
    assert_eq!(job.location, Some(format!("/v1/made/{}", job.job_id)));
}

#[test]
fn three_nodes_do_each_of_many_jobs_once() {
    let bench = Bench::open();
    let done: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
    let jobs: Vec<Job> = (0..60).map(|_| bench.put("count")).collect();
    // A file belongs to one node: there its three workers stand for them.
    let (nodes, workers) = if bench.db.is_embedded() { (1, 3) } else { (3, 2) };
    let nodes: Vec<_> = (0..nodes)
        .map(|_| {
            let done = Arc::clone(&done);
            let count = Does(move |job: &Job, _: &Watch| {
                *done.lock().unwrap().entry(job.job_id.clone()).or_default() += 1;
                Ok(())
            });
            bench.node(Works::default().with("count", count), workers).start().unwrap()
        })
        .collect();
    for job in &jobs {
        let job = bench.until(&job.job_id, |job| job.ended_at.is_some());
        assert_eq!((job.state, job.attempts), (JobState::Done, 1));
    }
    for workers in nodes {
        workers.stop(Duration::from_mins(1));
    }
    let done = done.lock().unwrap();
    assert_eq!(done.len(), 60);
    assert!(done.values().all(|times| *times == 1), "{done:?}");
}

#[test]
fn a_lease_that_ran_out_is_taken_over_and_the_former_owner_can_no_longer_finish() {
    let bench = Bench::open();
    let put = bench.put("import");
    let now = clock::now();
    let lease = TimeDelta::seconds(30);
    let take = |owner: &str, at| {
        bench.db.write_now(|conn| store::take(conn, &["import"], owner, at, lease)).unwrap()
    };
    assert!(bench.db.write_now(|conn| store::take(conn, &["other"], "x", now, lease)).unwrap().is_none());
    let first = take("first", now).unwrap();
    assert_eq!((first.job_id.as_str(), first.attempts), (put.job_id.as_str(), 1));
    assert!(take("second", now + TimeDelta::seconds(29)).is_none(), "it is the first node's");
    let later = now + TimeDelta::seconds(31);
    let second = take("second", later).unwrap();
    assert_eq!(second.attempts, 2);
    let made = Made { location: "/v1/made".into(), repeated: false };
    let renew = |job: &Job| bench.db.write_now(|conn| store::renew(conn, job, 7, later, lease)).unwrap();
    assert_eq!(renew(&first), None);
    assert_eq!(renew(&second), Some(true));
    // The same node in another attempt is another owner as well.
    let former = Job { attempts: 1, ..second.clone() };
    for stale in [&first, &former] {
        let kept = bench.db.write_now(|conn| store::keep(conn, stale, "9", None, 9));
        assert_eq!(kept.unwrap_err().code, Code::Unavailable);
        let refused: Result<()> = bench.db.write_now(|conn| {
            diesel::update(job::table.find(&put.job_id)).set(job::params.eq("half")).execute(conn)?;
            store::finish(conn, stale, &made, 0, later)
        });
        assert_eq!(refused.unwrap_err().code, Code::Conflict);
    }
    assert_eq!(bench.look(&put.job_id).params, "{}", "what the stale owner did is taken back");
    bench.db.write_now(|conn| store::finish(conn, &second, &made, 9, later)).unwrap();
    let job = bench.look(&put.job_id);
    assert_eq!((job.state, job.rows_done, job.location.as_deref()), (JobState::Done, 9, Some("/v1/made")));
    assert!(take("third", later + TimeDelta::days(2)).is_none());
}

#[test]
fn a_running_job_stops_when_it_is_cancelled_on_another_node() {
    let bench = Bench::open();
    let begun = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&begun);
    let endless = Does(move |_: &Job, watch: &Watch| {
        for row in 0_u64.. {
            seen.fetch_add(1, Ordering::Relaxed);
            watch.tell(row)?;
            std::thread::yield_now();
        }
        Ok(())
    });
    let node = bench.node(Works::default().with("endless", endless), 1);
    let workers = node.start().unwrap();
    let put = bench.put("endless");
    while begun.load(Ordering::Relaxed) == 0 {
        std::thread::yield_now();
    }
    let scope = Scope::local(Place::parse(COUNTY).unwrap());
    let cancel = || bench.db.write_now(|conn| store::cancel(conn, &scope, &put.job_id, clock::now()));
    if bench.db.is_embedded() {
        // The work holds the only write: the handler tells the process itself before it writes.
        node.stop_here(&put.job_id);
    } else {
        assert!(cancel().unwrap().cancel_asked);
    }
    let job = bench.until(&put.job_id, |job| job.ended_at.is_some());
    assert_eq!(job.state, JobState::Cancelled);
    workers.stop(Duration::from_mins(1));
}

#[test]
fn work_that_panics_fails_and_work_that_cannot_be_done_now_is_done_later() {
    let bench = Bench::open();
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let works = Works::default().with("panics", Does(|_: &Job, _: &Watch| panic!("on purpose"))).with(
        "busy",
        Does(move |_: &Job, _: &Watch| match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::unavailable("not now")),
            _ => Ok(()),
        }),
    );
    let workers = bench.node(works, 1).start().unwrap();
    let (panics, busy) = (bench.put("panics"), bench.put("busy"));
    let failed = bench.until(&panics.job_id, |job| job.ended_at.is_some());
    assert_eq!(failed.state, JobState::Failed);
    assert!(!failed.problem.unwrap().contains("on purpose"));
    let done = bench.until(&busy.job_id, |job| job.ended_at.is_some());
    assert_eq!((done.state, done.attempts), (JobState::Done, 2));
    workers.stop(Duration::from_mins(1));
    let old = clock::now() + TimeDelta::days(31);
    assert_eq!(bench.db.write_now(|conn| store::sweep(conn, old)).unwrap(), 2);
}

/// A program that stands for the reader of workbooks: it tells some rows, and the rest when it is let.
fn waiting_reader(folder: &Path, first: &str, rest: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let at = |name: &str| folder.join(name);
    std::fs::write(at("first"), first).unwrap();
    std::fs::write(at("rest"), rest).unwrap();
    let folder = folder.display();
    let script = format!(
        "#!/bin/sh\n/bin/cat {folder}/first\nwhile [ ! -e {folder}/go ]; do :; done\n/bin/cat {folder}/rest\n"
    );
    std::fs::write(at("reader"), script).unwrap();
    std::fs::set_permissions(at("reader"), std::fs::Permissions::from_mode(0o700)).unwrap();
    at("reader")
}

#[actix_web::test]
async fn how_far_an_import_is_can_be_read_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let row = |n: u32| {
        let child = child(n);
        json!({ "r": [n + 1, [{ "t": child.name }, { "t": child.id }, { "t": COUNTY }]] }).to_string() + "\n"
    };
    let header = json!({ "s": { "name": "名单", "hidden": [] } }).to_string()
        + "\n"
        + &json!({ "r": [1, [{ "t": "姓名" }, { "t": "身份证号" }, { "t": "户籍地区划代码" }]] }).to_string()
        + "\n";
    let first = header + &(1..=600).map(row).collect::<String>();
    let rest =
        (601..=900).map(row).collect::<String>() + &json!({ "z": { "zero_formulas": 0 } }).to_string() + "\n";
    let program = waiting_reader(folder.path(), &first, &rest);
    let reader = yingzhu::sheet::Reader { program, limits: yingzhu::sheet::Limits::default() };
    let office = Office::with_reader(yingzhu::http::Limits::default(), reader).await;
    let officer = office.officer();
    let book = list().listed(&child(1)).xlsx();
    let handed = hand_in(&office, &officer, &format!("/v1/poverty-lists?term={TERM}"), &book).await;
    let workers = office.node.start().unwrap();
    let address = handed.header("location").to_owned();
    let running = loop {
        let job = office.read(&officer, &address).await;
        assert!(job["ended_at"].is_null(), "{job}");
        if job["rows_done"] != 0 {
            break job;
        }
        tokio::task::yield_now().await;
    };
    // The first load of five hundred is stored; the rows after it wait for more.
    assert_eq!((&running["state"], &running["rows_done"]), (&json!("running"), &json!(500)), "{running}");
    std::fs::write(folder.path().join("go"), "").unwrap();
    let done = ended(&office, &officer, &address).await;
    workers.stop(Duration::from_mins(1));
    assert_eq!((&done["state"], &done["rows_done"]), (&json!("done"), &json!(900)), "{done}");
}
