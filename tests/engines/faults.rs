//! An import that is broken off anywhere: every table is as it was before or as it is after, and the import
//! can be done again. The program itself is started, made to fail at a named point or killed there, and looked
//! at from outside.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use yingzhu::values::check_digit;

use super::dump::dump;
use crate::engine::Ground;

type Dump = Vec<(String, Vec<String>)>;

/// A database with something in it, and a file that is not in it yet.
struct Bench {
    ground: Ground,
    kind: &'static str,
    file: PathBuf,
    before: Dump,
}

impl Bench {
    /// Rows of the file, of which one in ten is bad.
    fn new(kind: &'static str, rows: u32) -> Self {
        let ground = Ground::migrated();
        let file = |name: &str, numbers: std::ops::Range<u32>| {
            let path = ground.folder.path().join(name);
            std::fs::write(&path, content(kind, numbers)).unwrap();
            path
        };
        let (first, file) = (file("first.csv", 0..20), file("second.csv", 10..10 + rows));
        let mut bench = Self { ground, kind, file, before: Vec::new() };
        assert!(bench.run(&first, None).wait().success());
        bench.before = bench.dump();
        bench
    }

    fn dump(&self) -> Dump {
        dump(&self.ground.connect(1))
    }

    fn run(&self, file: &Path, fault: Option<&str>) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yingzhu"));
        command.env_clear().args(["import", self.kind]).arg(file);
        command.args(["--term", "2024A", "--place", "341024", "--database", &self.ground.url, "--dev"]);
        command.arg("--data-dir").arg(self.ground.folder.path());
        if let Some(fault) = fault {
            command.env("YINGZHU_FAULT", fault);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Running(child)
    }

    /// The import of the file, perhaps with a fault.
    fn import(&self, fault: Option<&str>) -> ExitStatus {
        self.run(&self.file, fault).wait()
    }

    /// Whether the import is there; it is wholly there or not at all.
    fn is_done(&self, at: &str) -> bool {
        let now = self.dump();
        let imports = |dump: &Dump| dump.iter().find(|(table, _)| table == "import").unwrap().1.len();
        if imports(&now) == imports(&self.before) {
            for (before, now) in self.before.iter().zip(&now) {
                assert!(before == now, "{at}: {} is neither as before nor as after", now.0);
            }
            return false;
        }
        true
    }
}

struct Running(std::process::Child);

impl Running {
    fn wait(mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }
}

/// How many rows each table has.
fn counts(dump: &Dump) -> Vec<(&str, usize)> {
    dump.iter().map(|(table, rows)| (table.as_str(), rows.len())).collect()
}

fn content(kind: &str, numbers: std::ops::Range<u32>) -> String {
    let header = match kind {
        "poverty-list" => "姓名,身份证号,户籍地区划代码,户类型,学段,年级",
        "roll" => "姓名,身份证件号,学校标识码,学段,年级,就读方式,在读状态,困难类型",
        _ => "姓名,身份证号,学校标识码,资助项目,金额(元),发放日期,银行卡号",
    };
    let row = |n: u32| {
        let birth = format!("20{:02}{:02}14", n / 900 % 20, n / 18_000 % 12 + 1);
        let body = format!("341024{birth}{:03}", n % 900);
        let id = format!("{body}{}", check_digit(&body).unwrap());
        // One in ten has a check character that no id has.
        let id = if n % 10 == 9 { format!("{body}Y") } else { id };
        match kind {
            "poverty-list" => format!("测试,{id},341024,建档立卡,小学,三年级"),
            "roll" => format!("测试,{id},2134000001,小学,三年级,住校,在读,建档立卡"),
            _ => format!("测试,{id},2134000001,生活费补助,625,2024-11-20,"),
        }
    };
    numbers.map(row).fold(header.to_owned(), |text, row| text + "\n" + &row) + "\n"
}

/// Every point on the way of an import, and which times it is tried.
const POINTS: [(&str, &[u32]); 9] = [
    ("begin", &[1]),
    ("opened", &[1]),
    ("row", &[1, 7, 500, 501, 540]),
    ("store", &[1, 2]),
    ("stored", &[1, 2]),
    ("refused", &[1]),
    ("finished", &[1]),
    ("closed", &[1]),
    ("commit", &[1]),
];

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a release build has no fault points")]
fn an_import_that_fails_or_dies_at_any_point_leaves_all_or_nothing() {
    let mut tried = 0;
    for kind in ["poverty-list", "roll", "aid"] {
        let whole = Bench::new(kind, 560);
        assert!(whole.import(None).success());
        let after = whole.dump();
        let bench = Bench::new(kind, 560);
        for how in ["fail", "kill"] {
            for (point, times) in POINTS {
                for time in times {
                    let fault = format!("{how}@{point}:{time}");
                    let status = bench.import(Some(&fault));
                    assert!(!status.success(), "{kind} never came to {fault}");
                    assert_eq!(status.code().is_none(), how == "kill", "{kind} {fault}: {status}");
                    assert!(!bench.is_done(&fault), "{kind} {fault}");
                    tried += 1;
                }
            }
        }
        // After all that, it is done as if nothing had been; and once done, it stays done.
        for fault in [Some("kill@committed:1"), Some("fail@committed:1"), None] {
            assert_eq!(bench.import(fault).success(), fault.is_none());
            assert!(bench.is_done("committed"));
            assert_eq!(counts(&bench.dump()), counts(&after), "{kind}");
            tried += 1;
        }
    }
    println!("{tried} imports broken off, each all or nothing");
}

/// A rehearsal on the command line, with declared columns: how the file is understood, the first rows masked,
/// the faults; and nothing written.
#[test]
fn a_rehearsal_on_the_command_line_writes_nothing() {
    let bench = Bench::new("roll", 30);
    let file = bench.ground.folder.path().join("odd.csv");
    let text = std::fs::read_to_string(&bench.file).unwrap();
    std::fs::write(&file, text.replace("姓名,身份证件号", "学生,号")).unwrap();
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yingzhu"));
        command
            .env_clear()
            .args(["import", "roll"])
            .arg(&file)
            .args(["--term", "2024A", "--place", "341024"]);
        command
            .args(["--database", &bench.ground.url, "--dev", "--data-dir"])
            .arg(bench.ground.folder.path());
        command.args(more).output().unwrap()
    };
    let refused = run(&["--dry-run"]);
    assert_eq!(refused.status.code(), Some(2), "a header that is not understood is refused");
    let mapping = r#"{"姓名":"A","身份证件号":"号"}"#;
    let tried = run(&["--dry-run", "--mapping", mapping]);
    let said = String::from_utf8(tried.stdout).unwrap();
    assert!(tried.status.success(), "{said}");
    for part in
        ["表头在第 1 行", "→ 姓名", "(declared)", "试导入，未写入", "30 行中 3 行：号（B 列）", "姓名=测*"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("测试"), "{said}");
    assert_eq!(bench.dump(), bench.before);
    // The mapping may stand in a file; without the rehearsal it is the import itself.
    let path = bench.ground.folder.path().join("mapping.json");
    std::fs::write(&path, mapping).unwrap();
    assert!(run(&["--mapping", path.to_str().unwrap()]).status.success());
    assert_ne!(bench.dump(), bench.before);
}

/// Kills imports of the same file at random moments, from outside; so many times, then lets one through.
fn killed_at_random(rows: u32, kills: u32) {
    let whole = Bench::new("roll", rows);
    let begun = Instant::now();
    assert!(whole.import(None).success());
    let mut takes = begun.elapsed();
    let after = whole.dump();
    drop(whole);
    let mut bench = Bench::new("roll", rows);
    let mut dice = ChaCha8Rng::seed_from_u64(20_171_010);
    let (mut died, mut done) = (0, 0);
    for kill in 0..kills * 10 {
        if died == kills {
            break;
        }
        let mut running = bench.run(&bench.file, None);
        // Somewhere within the time it takes, and sometimes a little beyond, where the commit is.
        let moment = takes.mul_f64(dice.random_range(0.0..1.1));
        let deadline = Instant::now() + moment;
        while Instant::now() < deadline && running.0.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1).min(moment));
        }
        if running.0.try_wait().unwrap().is_none() {
            died += 1;
        } else {
            // The machine has become quicker than it was when the whole import was timed.
            takes = takes.mul_f64(0.8);
        }
        running.0.kill().unwrap();
        running.wait();
        if bench.is_done(&format!("kill {kill}")) {
            done += 1;
            assert_eq!(counts(&bench.dump()), counts(&after));
            bench = Bench::new("roll", rows);
        }
    }
    assert_eq!(died, kills, "so many died on the way");
    assert!(bench.import(None).success());
    assert_eq!(counts(&bench.dump()), counts(&after));
    println!(
        "{rows} rows, {kills} kills: {died} died on the way, {done} found it done; each all or nothing; \
         the import takes {takes:.1?} whole"
    );
}

#[test]
fn an_import_killed_at_random_leaves_all_or_nothing() {
    killed_at_random(1_000, 8);
}

/// `cargo test --test engines -- --ignored fifty_kills --nocapture`
#[test]
#[ignore = "takes minutes: 100,000 rows, killed 50 times"]
fn fifty_kills_of_a_hundred_thousand_rows_leave_all_or_nothing() {
    killed_at_random(100_000, 50);
}
