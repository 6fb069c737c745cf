//! A roll of a million rows into SQLite, beside what the engine and the file alone take in the same run.
//!
//! Each file is imported by the program itself (`yingzhu import`), in a process of its own, so that its
//! peak memory can be read; a workbook's reading child is counted apart. Two baselines, best of the
//! rounds like every line:
//!
//! * `bare`: the same file read by the csv crate and each row put as it is into one table with a key;
//! * `engine`: the very rows that the import wrote, copied by the engine from one database into an equal
//!   one, with every constraint and index. No program that stores these rows can be quicker.
//!
//! `cargo bench --bench import -- [ROWS] [ROUNDS]`; a million rows and three rounds unless told.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use rust_xlsxwriter::Workbook;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const HEADER: [&str; 12] = [
    "姓名",
    "身份证件号",
    "全国学籍号",
    "学校标识码",
    "学校名称",
    "学段",
    "年级",
    "班级",
    "就读方式",
    "户口性质",
    "户籍地区划代码",
    "在读状态",
];

/// An invented pupil: the row's number decides everything.
fn row(n: u32) -> [String; 12] {
    const FAMILY: [&str; 10] = ["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周"];
    const GIVEN: [&str; 10] =
        ["子涵", "梓萱", "浩然", "欣怡", "宇轩", "诗涵", "俊杰", "雨桐", "博文", "佳怡"];
    let pick = |list: &[&'static str; 10], at: u32| {
        list.get(usize::try_from(at % 10).unwrap_or(0)).copied().unwrap_or("")
    };
    // 999 pupils a day are as many as the id has room for.
    let (day, order) = (n / 999, n % 999 + 1);
    let date = chrono::NaiveDate::from_ymd_opt(2011, 9, 1)
        .and_then(|first| first.checked_add_days(chrono::Days::new(u64::from(day % 2_000))))
        .unwrap_or_default();
    let county = 341_002 + day / 2_000;
    let id = with_check(&format!("{county}{}{order:03}", date.format("%Y%m%d")));
    let school = 2_134_000_000_u64 + u64::from(n / 900 % 900);
    [
        format!("{}{}", pick(&FAMILY, n), pick(&GIVEN, n / 10)),
        id.clone(),
        format!("G{id}"),
        school.to_string(),
        format!("祁门县第{}小学", n / 900 % 900 + 1),
        "小学".to_owned(),
        format!(
            "{}年级",
            ["一", "二", "三", "四", "五", "六"]
                .get(usize::try_from(n % 6).unwrap_or(0))
                .copied()
                .unwrap_or("一")
        ),
        format!("{}班", n % 8 + 1),
        if n.is_multiple_of(3) { "住校" } else { "走读" }.to_owned(),
        if n.is_multiple_of(4) { "城市" } else { "农村" }.to_owned(),
        "341024".to_owned(),
        "在读".to_owned(),
    ]
}

/// Seventeen digits with their check character (GB 11643).
fn with_check(digits: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.chars().filter_map(|c| c.to_digit(10)).zip(WEIGHTS).map(|(d, w)| d * w).sum();
    let check = "10X98765432".chars().nth(usize::try_from(sum % 11).unwrap_or(0)).unwrap_or('X');
    format!("{digits}{check}")
}

fn write_csv(path: &Path, rows: u32, encoding: &'static encoding_rs::Encoding) -> Outcome<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut line = |cells: &[String]| -> Outcome<()> {
        let text = cells.join(",") + "\r\n";
        Ok(out.write_all(&encoding.encode(&text).0)?)
    };
    line(&HEADER.map(str::to_owned))?;
    (0..rows).try_for_each(|n| line(&row(n)))?;
    Ok(out.flush()?)
}

fn write_xlsx(path: &Path, rows: u32) -> Outcome<()> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory()?;
    for (at, cells) in (0..).zip(std::iter::once(HEADER.map(str::to_owned)).chain((0..rows).map(row))) {
        for (column, text) in (0..).zip(cells) {
            sheet.write_string(at, column, text)?;
        }
    }
    Ok(book.save(path)?)
}

/// A process that has ended: how long it took, and the peak memory of it and of its children, in MiB.
#[derive(Debug, Clone, Copy)]
struct Run {
    took: Duration,
    peak: u64,
    child_peak: u64,
}

/// Peak resident memory of a process by the kernel's own count; 0 once it is gone.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}

fn children(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let list = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(list.split_whitespace().filter_map(|p| p.parse::<u32>().ok()));
    }
    found
}

fn import(file: &Path, database: &Path, data: &Path) -> Outcome<Run> {
    let start = Instant::now();
    let mut process = Command::new(env!("CARGO_BIN_EXE_yingzhu"))
        .args(["import", "roll"])
        .arg(file)
        .args(["--term", "2024A", "--place", "34", "--dev", "--database"])
        .arg(format!("sqlite://{}", database.display()))
        .arg("--data-dir")
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut run = Run { took: Duration::ZERO, peak: 0, child_peak: 0 };
    while process.try_wait()?.is_none() {
        run.peak = run.peak.max(peak(process.id()));
        run.child_peak = children(process.id()).into_iter().map(peak).fold(run.child_peak, u64::max);
        // The watcher must not take the time it measures.
        std::thread::sleep(Duration::from_millis(20));
    }
    run.took = start.elapsed();
    let output = process.wait_with_output()?;
    if !output.status.success() || !String::from_utf8_lossy(&output.stdout).contains("有误 0") {
        return Err(format!("the import refused rows: {}", String::from_utf8_lossy(&output.stdout)).into());
    }
    Ok(run)
}

const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                       PRAGMA temp_store = MEMORY; PRAGMA cache_size = -64000;";

/// Reads the file and stores each row as it is, five hundred to a statement, in one transaction.
fn bare(file: &Path, database: &Path) -> Outcome<Duration> {
    let start = Instant::now();
    let mut conn = SqliteConnection::establish(&database.display().to_string())?;
    conn.batch_execute(PRAGMAS)?;
    let columns: Vec<String> = (0..12).map(|n| format!("c{n} TEXT")).collect();
    conn.batch_execute(&format!(
        "CREATE TABLE bare (id TEXT PRIMARY KEY NOT NULL, {}); BEGIN IMMEDIATE;",
        columns.join(",")
    ))?;
    let mut reader = csv::ReaderBuilder::new().from_path(file)?;
    let mut record = csv::StringRecord::new();
    let mut chunk: Vec<Vec<String>> = Vec::with_capacity(500);
    let mut more = true;
    while more {
        more = reader.read_record(&mut record)?;
        if more {
            chunk.push(record.iter().map(str::to_owned).collect());
        }
        if chunk.len() >= 500 || (!more && !chunk.is_empty()) {
            store(&mut conn, &chunk)?;
            chunk.clear();
        }
    }
    conn.batch_execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(start.elapsed())
}

fn store(conn: &mut SqliteConnection, rows: &[Vec<String>]) -> Outcome<()> {
    use diesel::RunQueryDsl;
    use diesel::query_builder::BoxedSqlQuery;
    use diesel::sql_types::Text;
    use diesel::sqlite::Sqlite;
    let values = vec![format!("({})", ["?"; 13].join(",")); rows.len()].join(",");
    let mut query: BoxedSqlQuery<'_, Sqlite, _> =
        diesel::sql_query(format!("INSERT INTO bare VALUES {values}")).into_boxed();
    for cells in rows {
        query = query.bind::<Text, _>(cells.get(1).cloned().unwrap_or_default());
        for cell in cells {
            query = query.bind::<Text, _>(cell.clone());
        }
    }
    query.execute(conn)?;
    Ok(())
}

/// Copies every row of an imported database into an empty one of the same schema.
fn engine(full: &Path, empty: &Path) -> Outcome<Duration> {
    let mut conn = SqliteConnection::establish(&empty.display().to_string())?;
    conn.batch_execute(PRAGMAS)?;
    conn.batch_execute(&format!("ATTACH '{}' AS full;", full.display()))?;
    let start = Instant::now();
    conn.batch_execute(
        "BEGIN IMMEDIATE; \
         INSERT INTO import SELECT * FROM full.import; INSERT INTO school SELECT * FROM full.school; \
         INSERT INTO person SELECT * FROM full.person; INSERT INTO person_name SELECT * FROM full.person_name; \
         INSERT INTO enrolment SELECT * FROM full.enrolment; INSERT INTO category SELECT * FROM full.category; \
         INSERT INTO evidence SELECT * FROM full.evidence; COMMIT; PRAGMA main.wal_checkpoint(TRUNCATE);",
    )?;
    Ok(start.elapsed())
}

/// An empty folder with a database of today's schema.
fn fresh(root: &Path, name: &str) -> Outcome<(PathBuf, PathBuf)> {
    let folder = root.join(name);
    std::fs::create_dir_all(&folder)?;
    let database = folder.join("bench.db");
    for end in ["", "-wal", "-shm"] {
        let file = folder.join(format!("bench.db{end}"));
        if file.exists() {
            std::fs::remove_file(file)?;
        }
    }
    Ok((database, folder))
}

fn migrated(database: &Path) -> Outcome<()> {
    let url = yingzhu::db::DatabaseUrl::parse(&format!("sqlite://{}", database.display()))
        .map_err(|text| text.en.to_string())?;
    yingzhu::db::Db::connect(&url, 1).and_then(|db| db.migrate()).map_err(|e| format!("{e:?}"))?;
    Ok(())
}

fn main() -> Outcome<()> {
    let numbers: Vec<u32> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let rows = numbers.first().copied().unwrap_or(1_000_000);
    let rounds = numbers.get(1).copied().unwrap_or(3).max(1);
    let root = tempfile::Builder::new().prefix("import-bench").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let root = root.path();
    let mut out = std::io::stdout().lock();

    let (csv, gbk, xlsx, tenth) =
        (root.join("u.csv"), root.join("g.csv"), root.join("x.xlsx"), root.join("tenth.csv"));
    write_csv(&csv, rows, encoding_rs::UTF_8)?;
    write_csv(&gbk, rows, encoding_rs::GB18030)?;
    write_csv(&tenth, rows / 10, encoding_rs::UTF_8)?;
    write_xlsx(&xlsx, rows)?;

    let mut best: [Option<Run>; 4] = [None; 4];
    let (mut bare_best, mut engine_best) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        let (database, _) = fresh(root, "bare")?;
        bare_best = bare_best.min(bare(&csv, &database)?);
        for (slot, file) in best.iter_mut().zip([&csv, &gbk, &xlsx, &tenth]) {
            let (database, folder) = fresh(root, "import")?;
            let run = import(file, &database, &folder)?;
            *slot = Some(match slot {
                Some(best) if best.took <= run.took => Run {
                    peak: best.peak.max(run.peak),
                    child_peak: best.child_peak.max(run.child_peak),
                    ..*best
                },
                _ => run,
            });
            if file == &csv {
                let (empty, _) = fresh(root, "engine")?;
                migrated(&empty)?;
                engine_best = engine_best.min(engine(&database, &empty)?);
            }
        }
    }

    writeln!(out, "{rows} rows of {} columns, best of {rounds} rounds, all lines of one run", HEADER.len())?;
    let line = |name: &str, took: Duration, rows: u32| {
        let s = took.as_secs_f64();
        format!("{name:38} {s:8.2} s {:10.0} rows/s", f64::from(rows) / s)
    };
    writeln!(out, "{}", line("bare: csv read, one row each, one key", bare_best, rows))?;
    writeln!(out, "{}", line("engine: the imported rows copied", engine_best, rows))?;
    for (name, run, rows) in [
        ("import CSV UTF-8", best[0], rows),
        ("import CSV GB 18030", best[1], rows),
        ("import xlsx", best[2], rows),
        ("import CSV UTF-8, a tenth of it", best[3], rows / 10),
    ] {
        let Some(run) = run else { continue };
        let against = |base: Duration| run.took.as_secs_f64() / base.as_secs_f64();
        writeln!(
            out,
            "{} {:5.2} x bare {:5.2} x engine, peak {} MiB, reading child {} MiB",
            line(name, run.took, rows),
            against(bare_best),
            against(engine_best),
            run.peak,
            run.child_peak
        )?;
    }
    Ok(())
}
