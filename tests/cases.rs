//! The pack that ships with the binary: it loads, it is what lies in `policies/cn-ah`, every golden
//! case comes out as its source says, and every condition is seen both ways.

use std::path::Path;

use yingzhu::policy::{Pack, cases};
use yingzhu::values::Lang;

fn dir() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/cn-ah")
}

#[test]
fn every_golden_case_holds_and_every_condition_is_seen_both_ways() {
    let pack = Pack::from_dir(&dir()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let report = cases::run(&pack);
    assert!(report.ok(), "\n{}", report.table(Lang::Zh));
    assert!(report.rows.len() >= 150, "{} cases", report.rows.len());
}

#[test]
fn the_embedded_pack_is_the_directory() {
    let embedded = Pack::embedded().unwrap();
    let read = Pack::from_dir(&dir()).unwrap();
    assert_eq!(embedded.digest(), read.digest());
    assert_eq!(cases::run(&embedded).rows.len(), cases::run(&read).rows.len());
}
