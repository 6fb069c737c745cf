//! Two nodes on one PostgreSQL; the one that runs a job is killed at random: the job is done, once.

use std::path::Path;
use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;
use yingzhu::cli::demo::{Plan, generate, write_files};
use yingzhu::values::Term;

use super::engine::Engine;
use super::site::{COUNTY, Node, Site, TERM, agent, ask, until};

/// What the killing found.
#[derive(Default, Debug)]
struct Tally {
    jobs: u32,
    killed: u32,
    while_running: u32,
    most_attempts: i64,
}

/// How long the work of a kind takes, learned while killing: most moments should lie within it.
struct Windows {
    import: u64,
    check: u64,
    order: u64,
}

/// One county through import and cross-check, the node of each killed at a random moment.
fn round(dice: &mut ChaCha8Rng, tally: &mut Tally, windows: &mut Windows, students: u32) {
    let site = Site::open();
    let plan = Plan {
        students,
        listed: students / 5,
        seed: dice.random(),
        term: Term::parse(TERM).unwrap(),
        place: COUNTY.into(),
    };
    let files = write_files(&generate(&plan).unwrap(), site.folder()).unwrap();
    let read = |path: &Path| std::fs::read(path).unwrap();
    let mut nodes = [site.node(0), site.node(1)];
    let post = |nodes: &[Node; 2], path: &str, who: usize, headers: &[(&str, &str)], body: &[u8]| {
        let reply = ask(&agent(), "POST", &nodes[0].url(path), &site.tokens[who], headers, body).unwrap();
        assert!(reply.status < 300, "{path}: {} {}", reply.status, reply.body);
        reply.body
    };
    let list = post(&nodes, &format!("/v1/poverty-lists?term={TERM}"), 0, &[], &read(&files.list));
    let list = list["list"]["list_id"].as_str().unwrap().to_owned();
    post(&nodes, &format!("/v1/poverty-lists/{list}/check"), 0, &[], b"");
    post(&nodes, &format!("/v1/poverty-lists/{list}/lock"), 1, &[], b"");

    let later = [("prefer", "respond-async"), ("content-type", "application/octet-stream")];
    let roll = post(&nodes, &format!("/v1/roll/imports?term={TERM}"), 0, &later, &read(&files.roll));
    let made = outlive(&site, &mut nodes, &roll, dice, tally, &mut windows.import);
    let report = get(&nodes, &site.tokens[0], &made);
    assert_eq!(site.count("SELECT count(*) FROM import WHERE kind = 'roll'"), 1);
    let rows = |which: &str| report["rows"][which].as_i64().unwrap();
    assert_eq!(rows("new"), site.count("SELECT count(*) FROM enrolment"));
    assert_eq!(rows("read"), rows("new") + rows("bad"));
    assert!(rows("new") >= i64::from(students) * 9 / 10, "{report}");

    post(&nodes, &format!("/v1/aid-records/imports?term={TERM}"), 0, &[], &read(&files.aid));
    let json = [("prefer", "respond-async"), ("content-type", "application/json")];
    let asked = format!("{{\"term\":\"{TERM}\"}}");
    let check = post(&nodes, "/v1/cross-checks", 0, &json, asked.as_bytes());
    let made = outlive(&site, &mut nodes, &check, dice, tally, &mut windows.check);
    assert_eq!(site.count("SELECT count(*) FROM cross_check"), 1);
    let found = site.count("SELECT count(*) FROM finding");
    assert!(found > 0);
    // Asked again at once, the run is found and is the same.
    let again = post(&nodes, "/v1/cross-checks", 0, &json[1..], asked.as_bytes());
    assert_eq!(format!("/v1/cross-checks/{}", again["check_id"].as_str().unwrap()), made);
    assert_eq!(site.count("SELECT count(*) FROM finding"), found);
    assert_eq!(site.count("SELECT count(*) FROM job_chunk"), 0);

    // An order on everybody goes set by set: what a dead node did is there, and is not done again.
    let asked = format!("{{\"term\":\"{TERM}\",\"place\":\"{COUNTY}\"}}");
    let order = post(&nodes, "/v1/aid-records/proposals", 0, &json, asked.as_bytes());
    let made = outlive(&site, &mut nodes, &order, dice, tally, &mut windows.order);
    let report = get(&nodes, &site.tokens[0], &made);
    let proposed = report["counts"]["proposed"].as_i64().unwrap();
    assert!(proposed > 0, "{report}");
    assert_eq!((&report["remaining"], &report["counts"]["already"]), (&0.into(), &0.into()));
    let office = "FROM aid_record WHERE origin = 'office'";
    assert_eq!(site.count(&format!("SELECT count(*) {office}")), proposed);
    assert_eq!(site.count(&format!("SELECT count(DISTINCT (person_id, programme)) {office}")), proposed);
}

fn get(nodes: &[Node; 2], token: &str, path: &str) -> Value {
    let reply = ask(&agent(), "GET", &nodes[0].url(path), token, &[], b"").unwrap();
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    reply.body
}

/// Waits until the job runs, kills its node a moment later, and waits until another has done it.
fn outlive(
    site: &Site,
    nodes: &mut [Node; 2],
    job: &Value,
    dice: &mut ChaCha8Rng,
    tally: &mut Tally,
    window: &mut u64,
) -> String {
    let id = job["job_id"].as_str().unwrap().to_owned();
    let of_job =
        |what: &str| site.count(&format!("SELECT count(*) FROM job WHERE job_id = '{id}' AND {what}")) == 1;
    let runs_on = |pid: u32| of_job(&format!("state = 'running' AND owner LIKE '{pid}-%'"));
    let mut running = None;
    until("the job is taken", || {
        running = (0..2).find(|which| runs_on(nodes[*which].pid()));
        running.is_some() || of_job("ended_at IS NOT NULL")
    });
    tally.jobs += 1;
    if let Some(which) = running {
        std::thread::sleep(Duration::from_millis(dice.random_range(0..*window)));
        let hit = runs_on(nodes[which].pid());
        nodes[which].kill();
        tally.killed += 1;
        tally.while_running += u32::from(hit);
        *window = (if hit { *window * 6 / 5 } else { *window * 2 / 3 }).max(20);
        // The machine comes back at once, like any other.
        nodes[which] = site.node(which);
    }
    let mut told = Value::Null;
    until("somebody takes the job over", || {
        told = get(nodes, &site.tokens[0], &format!("/v1/jobs/{id}"));
        told["ended_at"].is_string()
    });
    assert_eq!(told["state"], "done", "{told}");
    tally.most_attempts = tally.most_attempts.max(told["attempts"].as_i64().unwrap());
    told["location"].as_str().unwrap().to_owned()
}

/// Kills until so many jobs were hit while they ran.
fn die(hits: u32, students: u32) {
    let Engine::Postgres = Engine::here() else { return };
    let seed = std::process::id().into();
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut tally = Tally::default();
    let mut windows = Windows {
        import: u64::from(students),
        check: u64::from(students) / 2,
        order: u64::from(students) / 2,
    };
    while tally.while_running < hits {
        round(&mut dice, &mut tally, &mut windows, students);
        assert!(tally.jobs < 20 * hits.max(3), "too many jobs were done before their node could be killed");
    }
    crate::figure!("seed {seed}: {tally:?}: every job done once");
    assert!(tally.most_attempts > 1);
}

#[test]
fn a_job_whose_node_dies_is_done_once_by_another() {
    die(1, 400);
}

#[test]
#[ignore = "takes many minutes; the figures of a release"]
fn jobs_whose_nodes_die_often_are_done_once() {
    die(30, 1_500);
}
