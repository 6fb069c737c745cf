//! Decisions per second and core, with and without the trace, beside a baseline of the same run.
//!
//! The baseline clones and hashes the very facts that are decided upon: what it costs merely to touch
//! them. One thread, the best of several rounds, the same mixture of students for every line.
//! `cargo bench --bench decide`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use yingzhu::policy::{Entitlements, Facts, Pack, decide, entitled};
use yingzhu::values::Lang;

/// Rounds of each line; the best counts, since noise only ever adds.
const ROUNDS: u32 = 7;

/// How long one round should take.
const ROUND: Duration = Duration::from_millis(300);

/// Students as a county has them: most known in full, some in part, a few who get nothing.
const STUDENTS: &[&str] = &[
    r#"{"as_of":"2025-10-10","place":"341024","student":{"stage":"primary","grade":4,"state":"enrolled","boarding":true,"categories":["registered_poor"],"hardship":"very_hard","school":{"place":"341024","ownership":"public","run_by":"county","rural":true},"hukou":{"place":"341024","kind":"rural"}},"evidence":["provincial_list"]}"#,
    r#"{"as_of":"2025-10-10","place":"341024","student":{"stage":"primary","grade":2,"state":"enrolled","boarding":false,"categories":[],"hardship":"none","school":{"place":"341024","ownership":"public","run_by":"county","rural":false},"hukou":{"place":"341024","kind":"urban"}},"evidence":[]}"#,
    r#"{"as_of":"2025-10-10","place":"341024","student":{"stage":"junior_high","grade":8,"state":"enrolled","boarding":true,"categories":["rural_minimum_living"],"hardship":"hard","school":{"place":"341024","ownership":"public","run_by":"township","rural":true},"hukou":{"place":"341024","kind":"rural"}},"evidence":["minimum_living_card"]}"#,
    r#"{"as_of":"2025-10-10","place":"341024","student":{"stage":"senior_high","grade":1,"state":"enrolled","full_time":true,"formal":true,"boarding":true,"categories":["registered_poor"],"hardship":"very_hard","school":{"place":"341024","ownership":"public","approved":true,"run_by":"county","tuition_fen_per_term":85000,"public_tuition_fen_per_term":85000},"hukou":{"place":"341024","kind":"rural"}},"evidence":["poverty_handbook"]}"#,
    r#"{"as_of":"2025-03-10","place":"341024","student":{"stage":"vocational","grade":1,"state":"enrolled","full_time":true,"formal":true,"categories":["registered_poor"],"hardship":"very_hard","school":{"place":"341024","ownership":"public","run_by":"county","tuition_fen_per_term":100000,"public_tuition_fen_per_term":100000},"major":{"agricultural":false,"performing_arts":false},"hukou":{"place":"341024","kind":"rural"}},"evidence":["provincial_list"]}"#,
    r#"{"as_of":"2025-10-10","place":"341525","student":{"stage":"preschool","grade":3,"state":"enrolled","categories":["orphan"],"hardship":"general","last_preschool_year":true,"school":{"place":"341525","ownership":"private","inclusive":true,"run_by":"private","tuition_fen_per_term":300000,"public_tuition_fen_per_term":200000},"hukou":{"place":"341525","kind":"rural"}},"evidence":[]}"#,
    r#"{"as_of":"2025-10-10","place":"340400","student":{"stage":"undergraduate","grade":1,"state":"enrolled","full_time":true,"formal":true,"new_entrant":true,"categories":["registered_poor"],"hardship":"very_hard","school":{"place":"340400","ownership":"public","run_by":"province"},"hukou":{"place":"341024","kind":"rural"},"borrower":{"has_loan":false}},"evidence":["provincial_list"]}"#,
    r#"{"as_of":"2025-10-10","place":"341024","student":{"stage":"senior_high","grade":2,"state":"enrolled","boarding":false,"categories":[],"hardship":"none","school":{"place":"341024","ownership":"public","approved":true,"run_by":"county","tuition_fen_per_term":85000},"hukou":{"place":"341024","kind":"urban"}},"evidence":[]}"#,
];

/// Nanoseconds a student of the best round.
fn measure(students: &[Facts], mut work: impl FnMut(&Facts)) -> f64 {
    let mut batch = 1_u32;
    let time = |batch: u32, work: &mut dyn FnMut(&Facts)| {
        let start = Instant::now();
        for _ in 0..batch {
            students.iter().for_each(&mut *work);
        }
        start.elapsed()
    };
    while time(batch, &mut work) < ROUND / 8 {
        batch = batch.saturating_mul(2);
    }
    let batch = batch.saturating_mul(8);
    let best = (0..ROUNDS).map(|_| time(batch, &mut work)).min().unwrap_or_default();
    let count = f64::from(batch) * f64::from(u32::try_from(students.len()).unwrap_or(u32::MAX));
    best.as_secs_f64() * 1e9 / count
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pack = Pack::embedded().map_err(|faults| format!("{faults:?}"))?;
    let students: Vec<Facts> =
        STUDENTS.iter().map(|json| serde_json::from_str(json)).collect::<Result<_, _>>()?;
    let baseline = measure(&students, |facts| {
        let mut hasher = DefaultHasher::new();
        black_box(facts.clone()).hash(&mut hasher);
        black_box(hasher.finish());
    });
    let mut buffer = Entitlements::default();
    let fast = measure(&students, |facts| {
        entitled(&pack, black_box(facts), &mut buffer);
        black_box(&buffer);
    });
    let traced = measure(&students, |facts| {
        black_box(decide(&pack, black_box(facts)));
    });
    let spoken = measure(&students, |facts| {
        let decision = decide(&pack, black_box(facts));
        black_box(serde_json::to_vec(&decision.body(&pack, Lang::Zh)).ok());
    });
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} programmes, {} conditions, {} amounts, {} students, one thread",
        pack.programmes().len(),
        pack.programmes().iter().map(|p| p.conditions.len()).sum::<usize>(),
        pack.standards().len(),
        students.len()
    )?;
    for (name, ns) in [
        ("baseline: facts cloned and hashed", baseline),
        ("outcome and amounts, no trace", fast),
        ("decision with trace", traced),
        ("decision with trace, in words, as JSON", spoken),
    ] {
        writeln!(out, "{name:40} {ns:9.0} ns/student {:12.0} /s {:6.1} x baseline", 1e9 / ns, ns / baseline)?;
    }
    Ok(())
}
