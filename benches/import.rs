//! A roll of a million rows into SQLite and PostgreSQL, beside what the engine and the file alone take in the
//! same run.
//!
//! Each file is imported by the program itself (`yingzhu import`), in a process of its own, so that its
//! peak memory can be read; a workbook's reading child is counted apart. The baselines, of the same rounds as
//! every other line and like it the best of them:
//!
//! * `read`: the very file read by the plain library of its form, and nothing done with it: the csv crate, the
//!   same behind `encoding_rs` for GB 18030, calamine cell by cell, serde_json line by line;
//! * `equal`: the very rows that the import wrote inserted by the engine (`INSERT … SELECT`, row by row in the
//!   order of the file) into an equal, empty database, with every constraint and index, under the same page cache.
//!   Each form's ratio is its import over its `read` and `equal` together: what the import takes beyond reading
//!   the file and inserting the same number of rows;
//! * `moved`: the same without the order asked for. SQLite then takes a shortcut for tables without foreign keys
//!   and moves finished indexes over page by page, entering no row in them; shown, so that both can be seen;
//! * `bare`: the CSV file read by the csv crate and each row put as it is into one table with one key.
//!   An import of a row writes three rows (person, name, enrolment) into tables with eleven indexes, so this
//!   shows what validation, sealing, finding and history cost, not how well they are done;
//! * `copy` (PostgreSQL): the same rows by `COPY … FROM` a file of the server's own, in binary, into equal
//!   tables with every constraint and index: nothing crosses to another process.
//!
//! PostgreSQL is a private server of the installed version, without fsync for both sides; where none is
//! installed, the bench says so and does the rest.
//!
//! `cargo bench --bench import -- [ROWS] [ROUNDS]`; a million rows and three rounds unless told. An engine's
//! name (`sqlite`, `postgres`) keeps the other out.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use calamine::{Reader as _, Xlsx};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use rust_xlsxwriter::Workbook;

#[path = "../tests/support/installed.rs"]
mod installed;
#[path = "../tests/support/postgres.rs"]
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "the tests' own harness, as it is")]
mod postgres;

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

fn write_lines(path: &Path, rows: u32) -> Outcome<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    for n in 0..rows {
        let object: serde_json::Map<String, serde_json::Value> =
            HEADER.iter().zip(row(n)).map(|(name, cell)| ((*name).to_owned(), cell.into())).collect();
        serde_json::to_writer(&mut out, &object)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Reads text as rows by the csv crate; how many.
fn read_rows(from: impl std::io::Read) -> Outcome<u32> {
    let mut reader = csv::ReaderBuilder::new().from_reader(from);
    let mut record = csv::StringRecord::new();
    let mut rows = 0;
    while reader.read_record(&mut record)? {
        rows += 1;
    }
    Ok(rows)
}

fn read_csv(path: &Path) -> Outcome<u32> {
    read_rows(File::open(path)?)
}

/// What encoding_rs makes of a file, block by block.
struct Decoded {
    file: File,
    decoder: encoding_rs::Decoder,
    text: Vec<u8>,
    given: usize,
}

impl std::io::Read for Decoded {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        if self.given == self.text.len() {
            let mut block = vec![0; 64 << 10];
            let read = self.file.read(&mut block)?;
            self.text.resize(256 << 10, 0);
            let bytes = block.get(..read).unwrap_or_default();
            let (.., written, _) = self.decoder.decode_to_utf8(bytes, &mut self.text, read == 0);
            self.text.truncate(written);
            self.given = 0;
        }
        let read = self.text.get(self.given..).unwrap_or_default().read(to)?;
        self.given += read;
        Ok(read)
    }
}

fn read_gbk(path: &Path) -> Outcome<u32> {
    let decoder = encoding_rs::GB18030.new_decoder();
    read_rows(Decoded { file: File::open(path)?, decoder, text: Vec::new(), given: 0 })
}

fn read_xlsx(path: &Path) -> Outcome<u32> {
    let mut book: Xlsx<_> = calamine::open_workbook(path)?;
    let name = book.sheet_names().first().cloned().unwrap_or_default();
    let mut cells = book.worksheet_cells_reader(&name)?;
    let mut rows = 0;
    while let Some(cell) = cells.next_cell()? {
        rows = cell.get_position().0;
    }
    Ok(rows)
}

fn read_lines(path: &Path) -> Outcome<u32> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let (mut line, mut rows) = (Vec::new(), 0);
    while reader.read_until(b'\n', &mut line)? > 0 {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&line)?;
        rows += u32::from(!object.is_empty());
        line.clear();
    }
    Ok(rows)
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

fn import(file: &Path, database: &str, data: &Path) -> Outcome<Run> {
    let start = Instant::now();
    let mut process = Command::new(env!("CARGO_BIN_EXE_yingzhu"))
        .args(["import", "roll"])
        .arg(file)
        .args(["--term", "2024A", "--place", "34", "--dev", "--database", database])
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
                       PRAGMA temp_store = MEMORY; PRAGMA cache_size = -128000;";

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

/// The tables an import of a roll writes, in the order in which they refer to each other.
const TABLES: [&str; 7] = ["import", "school", "person", "person_name", "enrolment", "category", "evidence"];

/// Has the engine insert every row of the imported database into an empty one of the same schema: by the row in
/// the order in which they were recorded, or by whatever way the engine finds quickest.
fn equal(full: &Path, empty: &Path, by_row: bool) -> Outcome<Duration> {
    let mut conn = SqliteConnection::establish(&empty.display().to_string())?;
    conn.batch_execute(PRAGMAS)?;
    conn.batch_execute(&format!("ATTACH '{}' AS full;", full.display()))?;
    let order = if by_row { "ORDER BY rowid" } else { "" };
    let start = Instant::now();
    conn.batch_execute("BEGIN IMMEDIATE;")?;
    for table in TABLES {
        conn.batch_execute(&format!("INSERT INTO {table} SELECT * FROM full.{table} {order};"))?;
    }
    conn.batch_execute("COMMIT; PRAGMA main.wal_checkpoint(TRUNCATE);")?;
    Ok(start.elapsed())
}

/// Copies every row of an imported PostgreSQL database into an empty one of the same schema, by files that the
/// server itself writes and reads; the time of reading them in.
fn copied(full: &str, empty: &str, folder: &Path) -> Outcome<Duration> {
    let file = |table: &str| folder.join(format!("{table}.copy"));
    let mut conn = PgConnection::establish(full)?;
    for table in TABLES {
        conn.batch_execute(&format!("COPY {table} TO '{}' (FORMAT binary)", file(table).display()))?;
    }
    let mut conn = PgConnection::establish(empty)?;
    let start = Instant::now();
    conn.batch_execute("BEGIN")?;
    for table in TABLES {
        conn.batch_execute(&format!("COPY {table} FROM '{}' (FORMAT binary)", file(table).display()))?;
    }
    conn.batch_execute("COMMIT")?;
    Ok(start.elapsed())
}

/// An empty folder with the place of a database in it.
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

/// A database of today's schema.
fn migrated(database: &Path) -> Outcome<()> {
    let url = yingzhu::db::DatabaseUrl::parse(&format!("sqlite://{}", database.display()))
        .map_err(|text| text.en.to_string())?;
    yingzhu::db::Db::connect(&url, 1).and_then(|db| db.migrate()).map_err(|e| format!("{e:?}"))?;
    Ok(())
}

/// The best time of the rounds so far, with the highest peaks.
#[derive(Default)]
struct Best(Option<Run>);

impl Best {
    fn take(&mut self, run: Run) {
        let best = self.0.get_or_insert(run);
        best.took = best.took.min(run.took);
        best.peak = best.peak.max(run.peak);
        best.child_peak = best.child_peak.max(run.child_peak);
    }
}

/// A file to import, and the plain library that reads such a file.
struct Form {
    name: &'static str,
    path: PathBuf,
    rows: u32,
    read: fn(&Path) -> Outcome<u32>,
}

impl Form {
    /// How long the plain library reads it.
    fn read(&self) -> Outcome<Duration> {
        let start = Instant::now();
        let rows = (self.read)(&self.path)?;
        if rows != self.rows {
            return Err(format!("{}: {rows} rows read of {}", self.name, self.rows).into());
        }
        Ok(start.elapsed())
    }
}

/// What the rounds were about.
struct Rounds {
    root: PathBuf,
    rows: u32,
    forms: Vec<Form>,
}

impl Rounds {
    fn prepare(root: &Path, rows: u32) -> Outcome<Self> {
        let form = |name, file: &str, rows, read| Form { name, path: root.join(file), rows, read };
        let few = rows / 10;
        let forms = vec![
            form("CSV UTF-8", "u.csv", rows, read_csv),
            form("CSV GB 18030", "g.csv", rows, read_gbk),
            form("xlsx", "x.xlsx", rows, read_xlsx),
            form("NDJSON", "n.ndjson", rows, read_lines),
            form("CSV UTF-8, a tenth", "tenth.csv", few, read_csv),
            form("NDJSON, a tenth", "tenth.ndjson", few, read_lines),
        ];
        let at = |name: &str| root.join(name);
        write_csv(&at("u.csv"), rows, encoding_rs::UTF_8)?;
        write_csv(&at("g.csv"), rows, encoding_rs::GB18030)?;
        write_csv(&at("tenth.csv"), few, encoding_rs::UTF_8)?;
        write_xlsx(&at("x.xlsx"), rows)?;
        write_lines(&at("n.ndjson"), rows)?;
        write_lines(&at("tenth.ndjson"), few)?;
        Ok(Self { root: root.to_owned(), rows, forms })
    }

    fn sqlite(&self, rounds: u32, out: &mut impl Write) -> Outcome<()> {
        let (mut bare_best, mut equal_best, mut moved_best) = (Duration::MAX, Duration::MAX, Duration::MAX);
        let mut best: Vec<(Best, Duration)> =
            self.forms.iter().map(|_| (Best::default(), Duration::MAX)).collect();
        for _ in 0..rounds {
            for (at, (form, (best, read))) in self.forms.iter().zip(&mut best).enumerate() {
                let (database, folder) = fresh(&self.root, "import")?;
                best.take(import(&form.path, &format!("sqlite://{}", database.display()), &folder)?);
                *read = (*read).min(form.read()?);
                if at == 0 {
                    for (by_row, least) in [(true, &mut equal_best), (false, &mut moved_best)] {
                        let (empty, _) = fresh(&self.root, "equal")?;
                        migrated(&empty)?;
                        *least = (*least).min(equal(&database, &empty, by_row)?);
                    }
                    let (database, _) = fresh(&self.root, "bare")?;
                    bare_best = bare_best.min(bare(&form.path, &database)?);
                }
            }
        }
        writeln!(out, "{}", line("SQLite bare: one row each, one key", bare_best, self.rows))?;
        writeln!(out, "{}", line("SQLite equal: same rows, tables, indexes", equal_best, self.rows))?;
        writeln!(out, "{}", line("SQLite moved: the same, indexes by the page", moved_best, self.rows))?;
        for (form, (Best(run), read)) in self.forms.iter().zip(&best) {
            let Some(run) = run else { continue };
            let share = f64::from(form.rows) / f64::from(self.rows);
            let against =
                |base: Duration| run.took.as_secs_f64() / (read.as_secs_f64() + base.as_secs_f64() * share);
            writeln!(out, "{}", line(&format!("read {}", form.name), *read, form.rows))?;
            writeln!(
                out,
                "{} {:6.2} x read + equal {:6.2} x read + moved, peak {} MiB, reading child {} MiB",
                line(&format!("SQLite import {}", form.name), run.took, form.rows),
                against(equal_best),
                against(moved_best),
                run.peak,
                run.child_peak
            )?;
        }
        for (whole, tenth) in [(0, 4), (3, 5)] {
            let peak = |at: usize| best.get(at).and_then(|(Best(run), _)| run.map(|run| run.peak));
            let (Some(of_all), Some(of_few)) = (peak(whole), peak(tenth)) else { continue };
            let ratio = f64::from(u32::try_from(of_all)?) / f64::from(u32::try_from(of_few)?);
            let name = self.forms.get(whole).map(|form| form.name).unwrap_or_default();
            writeln!(out, "{name}: peak of {} rows over that of a tenth of them: {ratio:.2} x", self.rows)?;
        }
        Ok(())
    }

    fn postgres(&self, rounds: u32, out: &mut impl Write) -> Outcome<()> {
        if installed::named().is_some() || installed::binaries().is_none() {
            writeln!(out, "PostgreSQL: not measured; {}", installed::missing())?;
            return Ok(());
        }
        let server = postgres::server();
        let folder = tempfile::Builder::new().prefix("import-copy").tempdir()?;
        // The server runs under an account of its own.
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
        let (mut copy_best, mut best) = (Duration::MAX, Best::default());
        let Some(Form { name, path: csv, rows, .. }) = self.forms.first() else { return Ok(()) };
        for _ in 0..rounds {
            let (full, empty) = (server.migrated(), server.migrated());
            let (_, data) = fresh(&self.root, "import")?;
            best.take(import(csv, &full.url, &data)?);
            copy_best = copy_best.min(copied(&full.url, &empty.url, folder.path())?);
        }
        writeln!(out, "{}", line("PostgreSQL copy: same rows, tables, indexes", copy_best, *rows))?;
        if let Best(Some(run)) = best {
            let ratio = run.took.as_secs_f64() / copy_best.as_secs_f64();
            let line = line(&format!("PostgreSQL import {name}"), run.took, *rows);
            writeln!(out, "{line} {ratio:6.2} x copy, peak {} MiB", run.peak)?;
        }
        Ok(())
    }
}

fn line(name: &str, took: Duration, rows: u32) -> String {
    let s = took.as_secs_f64();
    format!("{name:43} {s:8.2} s {:10.0} rows/s", f64::from(rows) / s)
}

fn main() -> Outcome<()> {
    let said: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<u32> = said.iter().filter_map(|a| a.parse().ok()).collect();
    let rows = numbers.first().copied().unwrap_or(1_000_000);
    let rounds = numbers.get(1).copied().unwrap_or(3).max(1);
    let root = tempfile::Builder::new().prefix("import-bench").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{rows} rows of {} columns, best of {rounds} rounds, all lines of one run", HEADER.len())?;
    let work = Rounds::prepare(root.path(), rows)?;
    if !said.iter().any(|a| a == "postgres") {
        work.sqlite(rounds, &mut out)?;
    }
    if !said.iter().any(|a| a == "sqlite") {
        work.postgres(rounds, &mut out)?;
    }
    Ok(())
}
