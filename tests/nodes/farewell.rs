//! The end of a node: what was begun is finished and told, what was not begun is not let in, and a job that
//! would take too long is left to others.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::Value;

use super::site::{Site, agent, ask, proposal, roll, until};
use super::wire::{Came, exchange, request};

#[test]
fn a_node_told_to_stop_under_load_cuts_nobody_off() {
    let site = Site::open();
    let mut node = site.node(0);
    let students = site.enrol(&node, 3_000);
    // One that is kept open between two requests must not keep the node.
    let kept = agent();
    assert_eq!(ask(&kept, "GET", &node.url("/healthz"), "", &[], b"").unwrap().status, 200);
    let (next, gone) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (acknowledged, not_accepted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let others: Mutex<Vec<Came>> = Mutex::default();
    let since = std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !gone.load(Ordering::Relaxed)
                    && let Some(student) = students.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let headers =
                        [("authorization", site.tokens[0].as_str()), ("content-type", "application/json")];
                    let asked = request("POST", "/v1/aid-records", &headers, &proposal(student));
                    match exchange(&node.address, &asked) {
                        Came::Answer { status: 201, .. } => {
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                        }
                        Came::NotAccepted => {
                            not_accepted.fetch_add(1, Ordering::Relaxed);
                        }
                        Came::Closed => gone.store(true, Ordering::Relaxed),
                        other => others.lock().unwrap().push(other),
                    }
                }
            });
        }
        until("they write", || acknowledged.load(Ordering::Relaxed) > 50);
        node.terminate();
        let since = Instant::now();
        until("nobody is let in", || gone.load(Ordering::Relaxed));
        since
    });
    let ended = node.end();
    let took = since.elapsed();
    let (acknowledged, not_accepted) = (acknowledged.into_inner(), not_accepted.into_inner());
    assert_eq!(ended.code(), Some(0), "{}", node.said());
    let others = others.into_inner().unwrap();
    assert!(
        others.iter().all(|came| matches!(came, Came::Answer { status: 503, retry_after: true })),
        "{others:?}"
    );
    // Whatever was begun was answered: else a record would be there that nobody was told of.
    let written = usize::try_from(site.count("SELECT count(*) FROM aid_record")).unwrap();
    assert_eq!(written, acknowledged, "written, and acknowledged");
    crate::figure!(
        "SIGTERM under load: {acknowledged} writes acknowledged, {written} written, 0 cut; {not_accepted} connections \
         not let in; exit 0 after {} ms",
        took.as_millis()
    );
}

#[test]
fn a_job_that_outlasts_the_grace_is_left_for_the_next_node_and_done_once() {
    const ROWS: usize = 25_000;
    let site = Site::open();
    let mut node = site.node_with(0, &["--shutdown-seconds", "1"]);
    let later = [("prefer", "respond-async"), ("content-type", "application/octet-stream")];
    let job = site.upload(&node, &roll(ROWS), &later);
    assert_eq!(job.status, 202, "{}", job.body);
    let id = job.body["job_id"].as_str().unwrap().to_owned();
    let of_job =
        |what: &str| site.count(&format!("SELECT count(*) FROM job WHERE job_id = '{id}' AND {what}")) == 1;
    until("it runs", || of_job("state = 'running'"));
    node.terminate();
    let since = Instant::now();
    assert_eq!(node.end().code(), Some(0), "{}", node.said());
    let took = since.elapsed();
    assert!(of_job("state = 'queued' AND owner IS NULL") || of_job("state = 'done'"));
    let (left, rows) = (of_job("state = 'queued'"), site.count("SELECT count(*) FROM enrolment"));
    assert_eq!(rows == 0, left, "half of a file");
    let node = site.node(1);
    let mut told = Value::Null;
    until("the next node does it", || {
        let uri = node.url(&format!("/v1/jobs/{id}"));
        told = ask(&agent(), "GET", &uri, &site.tokens[0], &[], b"").unwrap().body;
        told["ended_at"].is_string()
    });
    assert_eq!(told["state"], "done", "{told}");
    assert_eq!(site.count("SELECT count(*) FROM enrolment"), i64::try_from(ROWS).unwrap());
    crate::figure!(
        "SIGTERM during a job, grace 1 s: exit 0 after {} ms, the job {}; done by the next node",
        took.as_millis(),
        if left { "given back" } else { "finished in time" }
    );
}
