//! Lookups over HTTP on a large database, beside the least a handler could do in the same process: one
//! indexed select through the same pool, and no database at all. The last is also the ceiling of the load
//! generator (`wrk`), for an empty answer and for one as long as a lookup's.
//!
//! Some thousand invented children are entered as offices enter them, a third of them on a locked list, and
//! multiplied inside the database; those that were entered are looked up. A hundred other counties have
//! lists of their own. Lines are measured one after the other, round by round, and each is the median of its
//! rounds.
//!
//! Beside each line stands the processor time that this process spent on a request, which a busy machine
//! changes less than requests a second (the load generator's and PostgreSQL's own are not in it).
//!
//! `cargo bench --bench service -- [STUDENTS] [SECONDS]`; a million and five seconds unless told.
//! `YINGZHU_BENCH_ENGINE=sqlite|postgres` measures one engine, `YINGZHU_BENCH_LINES=select,lookup` the lines whose
//! names hold one of these words, `YINGZHU_BENCH_POOL=4` with another number of connections than usual.

#[path = "../tests/support/installed.rs"]
mod installed;
#[path = "../tests/support/multiply.rs"]
mod multiply;
#[path = "../tests/support/postgres.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "shared with the tests")]
mod postgres;

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data, Path as UrlPath};
use actix_web::{HttpResponse, get};
use chrono::Days;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use utoipa_actix_web::service_config::ServiceConfig;
use yingzhu::aid::import::AidImporter;
use yingzhu::auth::{DevKey, MintRequest, Role, Scope, Verifier, mint};
use yingzhu::db::{DatabaseUrl, Db};
use yingzhu::http::server::{Settings, start};
use yingzhu::http::{Limits, Parts, routes, works};
use yingzhu::imports::{Desk, Importer, Order};
use yingzhu::jobs::{self, Node};
use yingzhu::policy::Pack;
use yingzhu::poverty_list::import::ListImporter;
use yingzhu::poverty_list::store as lists;
use yingzhu::roll::import::RollImporter;
use yingzhu::schema::person;
use yingzhu::seal::{KeyRing, Sealer};
use yingzhu::sheet::Reader;
use yingzhu::values::{Place, Term, TermCalendar, check_digit, clock};

type Outcome<T> = Result<T, Box<dyn Error>>;

const COUNTY: &str = "341024";
const TERM: &str = "2024A";
const ROUNDS: usize = 3;
const CLIENTS: u32 = 64;
/// Children entered one by one; the rest are copies.
const ENTERED: u32 = 20_000;
/// Ids in one request of the batch lines.
const BATCH: u32 = 1_000;
/// More than the tests' server has: tables and indexes of the children asked for stay in memory.
const SETTINGS: &str = "shared_buffers = 2GB\nmax_wal_size = 8GB\n";

/// One line of the request file is one request: a path, or a body whose lines are joined by `|`.
const SCRIPT: &str = r#"
local lines = {}
for line in io.lines(os.getenv("REQUESTS")) do lines[#lines + 1] = (line:gsub("|", "\n")) end
local headers = { ["Authorization"] = os.getenv("TOKEN"), ["Content-Type"] = os.getenv("TYPE") }
local threads = 0
function setup(thread) thread:set("seed", threads); threads = threads + 1 end
function init() math.randomseed(seed * 7919 + 1) end
function request()
  local line = lines[math.random(#lines)]
  if line:sub(1, 1) == "/" then return wrk.format("GET", line, headers) end
  return wrk.format("POST", nil, headers, line)
end
"#;

/// An answer as long as a lookup's.
static LONG: OnceLock<Bytes> = OnceLock::new();

/// No database.
#[utoipa::path]
#[get("/bare/json/{id}")]
async fn bare_json(id: UrlPath<String>) -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "person_id": *id, "row_version": 1 }))
}

/// No database, and as many bytes as a lookup answers.
#[utoipa::path]
#[get("/bare/long/{id}")]
async fn bare_long(_id: UrlPath<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(LONG.get().cloned().unwrap_or_default())
}

/// One row by its key.
async fn one_row(id: UrlPath<String>, db: Data<Db>) -> yingzhu::error::Result<(String, i64)> {
    let id = id.into_inner();
    db.read(move |conn| {
        Ok(person::table.find(id).select((person::person_id, person::row_version)).first(conn)?)
    })
    .await
}

/// One indexed select.
#[utoipa::path]
#[get("/bare/select/{id}")]
async fn bare_select(id: UrlPath<String>, db: Data<Db>) -> yingzhu::error::Result<HttpResponse> {
    let row = one_row(id, db).await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "person_id": row.0, "row_version": row.1 })))
}

/// One indexed select, and as many bytes as a lookup answers: what the length of the answer costs alone.
#[utoipa::path]
#[get("/bare/long_select/{id}")]
async fn bare_long_select(id: UrlPath<String>, db: Data<Db>) -> yingzhu::error::Result<HttpResponse> {
    let _row = one_row(id, db).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(LONG.get().cloned().unwrap_or_default()))
}

fn rooms(cfg: &mut ServiceConfig) {
    cfg.service(bare_json).service(bare_long).service(bare_select).service(bare_long_select);
    routes::all(cfg);
}

/// An invented child: the number decides everything.
struct Child {
    name: String,
    id: String,
    school: u32,
}

fn child(number: u32) -> Child {
    const NUMERALS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
    let given = number
        .to_string()
        .chars()
        .filter_map(|c| NUMERALS.get(usize::try_from(c.to_digit(10)?).ok()?))
        .collect::<String>();
    let born =
        chrono::NaiveDate::from_ymd_opt(2012, 1, 1).unwrap_or_default() + Days::new(u64::from(number / 900));
    let body = format!("{COUNTY}{}{:03}", born.format("%Y%m%d"), number % 900 + 1);
    let check = check_digit(&body).unwrap_or('X');
    Child { name: format!("测{given}"), id: format!("{body}{check}"), school: 2_134_000_000 + number % 400 }
}

/// Enters the children as offices do, puts every third on a locked list and pays it, and multiplies all.
fn fill(desk: &Desk, folder: &Path, students: u32) -> Outcome<()> {
    desk.db.migrate()?;
    let term = Term::parse(TERM).ok_or("term")?;
    let place = Place::parse(COUNTY).map_err(|e| e.what.en)?;
    let calendar = TermCalendar::default();
    let mut list = "姓名,身份证号,户籍地区划代码,户类型\n".as_bytes().to_vec();
    let mut roll = "姓名,身份证件号,学校标识码,学段,年级,就读方式,在读状态,困难类型,户籍地区划代码\n"
        .as_bytes()
        .to_vec();
    let mut aid = "姓名,身份证号,学校标识码,资助项目,金额(元),发放日期\n".as_bytes().to_vec();
    for Child { name, id, school } in (0..ENTERED).map(child) {
        let poor = id.as_bytes().get(16).is_some_and(|digit| digit % 3 == 0);
        if poor {
            writeln!(list, "{name},{id},{COUNTY},建档立卡")?;
            writeln!(aid, "{name},{id},{school},生活费补助,625,2024-11-20")?;
        }
        let category = if poor { "建档立卡" } else { "无" };
        writeln!(roll, "{name},{id},{school},小学,三年级,住校,在读,{category},{COUNTY}")?;
    }
    let import = |name: &str, text: Vec<u8>, importer: &mut dyn FnMut(&Path, &Order) -> Outcome<String>| {
        let file = folder.join(name);
        std::fs::write(&file, text)?;
        let order = Order {
            term,
            place: place.clone(),
            school: None,
            by: "sender".to_owned(),
            at: clock::now(),
            digest: name.to_owned(),
            bytes: 1,
            reading: yingzhu::sheet::Reading::default(),
            rehearsal: false,
        };
        importer(&file, &order)
    };
    let list = import("list.csv", list, &mut |file, order| {
        take(desk, file, order, ListImporter::new(None, calendar.first_day(term)))
    })?;
    import("roll.csv", roll, &mut |file, order| take(desk, file, order, RollImporter::new(calendar)))?;
    import("aid.csv", aid, &mut |file, order| take(desk, file, order, AidImporter::new(clock::today())))?;
    let scope = Scope::local(place);
    desk.db.write_now(|conn| {
        let list_id = lists::of_import(conn, &list)?.unwrap_or_default();
        lists::check(conn, &scope, "sender", &list_id, clock::now())?;
        lists::lock(conn, &scope, "reviewer", &list_id, clock::now())?;
        multiply::multiply(conn, students.div_ceil(ENTERED).saturating_sub(1).max(1))?;
        // Four lists each of a hundred other counties, the newest in force.
        Ok(conn.batch_execute(
            "INSERT INTO poverty_list (list_id, place, term, version, state, valid_from, entries, digest, import_id, \
               recorded_by, recorded_at, checked_by, checked_at, locked_by, locked_at, lock_number) \
             WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 399) \
             SELECT l.list_id || '-' || s.n, CAST(350100 + s.n % 100 AS TEXT), l.term, s.n / 100 + 1, l.state, \
               l.valid_from, 0, l.digest, l.import_id, l.recorded_by, l.recorded_at, l.checked_by, l.checked_at, \
               l.locked_by, l.locked_at, s.n + 2 FROM poverty_list l CROSS JOIN s",
        )?)
    })?;
    Ok(())
}

fn take<I: Importer + Clone>(desk: &Desk, file: &Path, order: &Order, mut importer: I) -> Outcome<String> {
    let report = desk.import_now(file, order, &mut importer, &|_| ())?;
    if report.rows.bad > 0 {
        return Err(format!("{}: {} rows refused", file.display(), report.rows.bad).into());
    }
    Ok(report.import_id)
}

/// What wrk measured.
#[derive(Clone, Copy)]
struct Measured {
    per_second: f64,
    p50: f64,
    p99: f64,
    /// Processor time of this process for a request, in microseconds.
    cpu: f64,
}

/// The processor time of this process so far, in seconds.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold anything: user and system time are the 12th and 13th, in hundredths.
    let rest = stat.rsplit(") ").next().unwrap_or_default();
    rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// One way to ask.
struct Line {
    name: &'static str,
    path: &'static str,
    kind: &'static str,
    requests: PathBuf,
    clients: u32,
    /// Ids in one request.
    ids: f64,
}

/// Runs wrk once against a line.
fn load(folder: &Path, url: &str, token: &str, line: &Line, seconds: u32) -> Outcome<Measured> {
    let (since, before) = (Instant::now(), cpu());
    let output = Command::new("wrk")
        .args([
            "-t2",
            &format!("-c{}", line.clients),
            &format!("-d{seconds}s"),
            "--latency",
            "--timeout",
            "30s",
            "-s",
        ])
        .arg(folder.join("load.lua"))
        .arg(format!("{url}{}", line.path))
        .env("REQUESTS", &line.requests)
        .env("TOKEN", token)
        .env("TYPE", line.kind)
        .output()
        .map_err(|e| format!("wrk: {e}; apt-get install -y --no-install-recommends wrk"))?;
    let (took, spent) = (since.elapsed().as_secs_f64(), cpu() - before);
    let said = String::from_utf8(output.stdout)?;
    if said.contains("Non-2xx") || said.contains("Socket errors") || !output.status.success() {
        return Err(format!("{}: {said}{}", line.name, String::from_utf8_lossy(&output.stderr)).into());
    }
    // Above it stand other percentages, of which one may end alike.
    let spread = said.split_once("Latency Distribution").map(|(_, rest)| rest).unwrap_or_default();
    let after = |word: &str| {
        let rest = spread.split_once(word).map(|(_, rest)| rest.trim_start()).unwrap_or_default();
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    };
    let millis = |text: String| {
        let number: f64 =
            text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().unwrap_or(f64::NAN);
        match text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.') {
            "us" => number / 1_000.0,
            "s" => number * 1_000.0,
            _ => number,
        }
    };
    let per_second: f64 = after("Requests/sec:").parse()?;
    Ok(Measured {
        per_second,
        p50: millis(after("50%")),
        p99: millis(after("99%")),
        cpu: spent / took / per_second * 1e6,
    })
}

const LOOKUPS: &str = "/v1/eligibility/lookups";

fn question(number: u32) -> String {
    let child = child(number % ENTERED);
    format!(r#"{{"id_number":"{}","name":"{}","as_of":"2024-10-10"}}"#, child.id, child.name)
}

fn lines(db: &Db, folder: &Path) -> Outcome<Vec<Line>> {
    let wanted = i64::from(ENTERED);
    let people: Vec<String> = db.read_now(|conn| {
        // The children asked for: their ids are as long as random ids are.
        let own = person::person_id.not_like("%-%-%-%-%-%");
        Ok(person::table.filter(own).select(person::person_id).limit(wanted).load(conn)?)
    })?;
    let write = |name: &str, text: String| -> Outcome<PathBuf> {
        let path = folder.join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    };
    let paths =
        |of: &str| people.iter().fold(String::new(), |text, id| text + "/bare/" + of + "/" + id + "\n");
    let batches = |open: &str, between: &str, close: &str| -> String {
        let batch = |n: u32| {
            let many: Vec<String> = (0..BATCH).map(|m| question(n * 617 + m)).collect();
            format!("{open}{}{close}\n", many.join(between))
        };
        (0..16).map(batch).collect()
    };
    let (json, ndjson) = ("application/json", "application/x-ndjson");
    let line = |name, path, kind, requests, clients, ids| Line { name, path, kind, requests, clients, ids };
    let ids = f64::from(BATCH);
    Ok(vec![
        line("one indexed select", "/", json, write("select", paths("select"))?, CLIENTS, 1.0),
        line(
            "one indexed select, long answer",
            "/",
            json,
            write("long_select", paths("long_select"))?,
            CLIENTS,
            1.0,
        ),
        line("bare JSON, no database", "/", json, write("json", paths("json"))?, CLIENTS, 1.0),
        line("bare JSON, long answer", "/", json, write("long", paths("long"))?, CLIENTS, 1.0),
        line(
            "lookup, full decision",
            LOOKUPS,
            json,
            write("one", (0..ENTERED).map(|n| question(n) + "\n").collect())?,
            CLIENTS,
            1.0,
        ),
        line("1,000 ids in an array, ids/s", LOOKUPS, json, write("array", batches("[", ",", "]"))?, 4, ids),
        line("1,000 ids as NDJSON, ids/s", LOOKUPS, ndjson, write("lines", batches("", "|", ""))?, 4, ids),
    ])
}

/// One answer, as a caller gets it.
fn answer(address: SocketAddr, token: &str) -> Outcome<Bytes> {
    let mut stream = TcpStream::connect(address)?;
    let body = question(0);
    write!(
        stream,
        "POST {LOOKUPS} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nAuthorization: {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    let (head, body) = said.split_once("\r\n\r\n").ok_or("no answer")?;
    if !head.starts_with("HTTP/1.1 200") || !body.contains(r#""student":{"#) {
        return Err(said.into());
    }
    Ok(Bytes::from(body.to_owned()))
}

/// Serves in this process and measures line by line, round by round.
fn measure(url: &str, students: u32, seconds: u32, folder: &Path) -> Outcome<Vec<(Line, Vec<Measured>)>> {
    let mut settings = Settings::default();
    if let Some(size) = told("YINGZHU_BENCH_POOL").and_then(|size| size.parse().ok()) {
        settings.pool_size = size;
    }
    let db = Db::connect(&DatabaseUrl::parse(url).map_err(|t| t.en)?, u32::try_from(settings.pool_size)?)?;
    let reader =
        Reader { program: env!("CARGO_BIN_EXE_yingzhu").into(), limits: yingzhu::sheet::Limits::default() };
    let desk = Desk { db: db.clone(), reader, sealer: Sealer::new(&KeyRing::generate()?)? };
    let since = Instant::now();
    fill(&desk, folder, students)?;
    let mut note = std::io::stderr();
    writeln!(note, "{students} students entered in {:.0} s", since.elapsed().as_secs_f64())?;
    let lines = lines(&db, folder)?;
    let key = DevKey::generate()?;
    let request = MintRequest {
        roles: vec![Role::County],
        place: Some(Place::parse(COUNTY).map_err(|e| e.what.en)?),
        school: None,
        student: None,
        pii: false,
        purpose: None,
        subject: "bench".into(),
        ttl: 7_200,
    };
    let token = format!("Bearer {}", mint(&key, request, clock::now().and_utc().timestamp())?);
    let pack = Arc::new(Pack::embedded().map_err(|faults| format!("{faults:?}"))?);
    let worker =
        Node::new(db.clone(), desk.sealer.clone(), works::all(&desk, &pack), jobs::Settings::default());
    let parts = Parts::new(db, Limits::default())
        .with(desk)
        .with_shared(pack)
        .with(worker)
        .with(Verifier::new(Vec::new(), Some(&key))?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            start(parts, rooms, listener, settings, async move {
                let _ = stopped.await;
            })?
            .await
        })
    });
    std::fs::write(folder.join("load.lua"), SCRIPT)?;
    let long = LONG.get_or_init(|| answer(address, &token).unwrap_or_default()).len();
    if long == 0 {
        return Err(format!("{:?}", answer(address, &token)).into());
    }
    writeln!(note, "one answer is {long} bytes")?;
    let url = format!("http://{address}");
    let wanted = told("YINGZHU_BENCH_LINES").unwrap_or_default();
    let lines = lines.into_iter().filter(|line| wanted.split(',').any(|word| line.name.contains(word)));
    let mut measured: Vec<(Line, Vec<Measured>)> = lines.map(|line| (line, Vec::new())).collect();
    for (line, _) in &measured {
        load(folder, &url, &token, line, 2)?;
    }
    for _ in 0..ROUNDS {
        for (line, rounds) in &mut measured {
            rounds.push(load(folder, &url, &token, line, seconds)?);
        }
    }
    let _ = stop.send(());
    let _ = serving.join();
    Ok(measured)
}

/// What an environment variable says, if anything.
fn told(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.is_empty())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn table(engine: &str, measured: &[(Line, Vec<Measured>)]) -> String {
    let of = |rounds: &[Measured], what: fn(&Measured) -> f64| median(rounds.iter().map(what).collect());
    let (base, base_p99) = measured
        .first()
        .map_or((f64::NAN, f64::NAN), |(_, rounds)| (of(rounds, |m| m.per_second), of(rounds, |m| m.p99)));
    measured.iter().fold(String::new(), |text, (line, rounds)| {
        let per_second = of(rounds, |m| m.per_second) * line.ids;
        let (p50, p99, cpu) = (of(rounds, |m| m.p50), of(rounds, |m| m.p99), of(rounds, |m| m.cpu));
        text + &format!(
            "{engine:11} {:32} {per_second:9.0} /s {:6.2} x select   p50 {p50:7.2} ms   p99 {p99:7.2} ms {:5.2} x select   {cpu:7.1} us CPU\n",
            line.name,
            per_second / base,
            p99 / base_p99,
        )
    })
}

/// Start-up, memory at rest and size of the program, on an empty database of its own.
fn program(folder: &Path) -> Outcome<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_yingzhu"));
    let (mut fresh, mut again, mut resident) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for times in [&mut fresh, &mut again] {
            let since = Instant::now();
            let mut child = Command::new(program)
                .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir"])
                .arg(folder.join(format!("start-{round}")))
                .arg("--database")
                .arg(format!("sqlite://{}", folder.join(format!("start-{round}.db")).display()))
                .env_clear()
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()?;
            let lines = BufReader::new(child.stderr.take().ok_or("no stderr")?).lines();
            let served = lines.map_while(Result::ok).any(|line| line.contains("http://"));
            times.push(since.elapsed().as_secs_f64() * 1_000.0);
            std::thread::sleep(Duration::from_millis(500));
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
            child.kill()?;
            child.wait()?;
            if !served {
                return Err("the program did not start".into());
            }
            let kib = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
            resident.push(kib.trim().trim_end_matches(" kB").parse::<f64>()? / 1_024.0);
        }
    }
    let bytes = u32::try_from(std::fs::metadata(program)?.len())?;
    Ok(format!(
        "program     start with a new database {:.0} ms, with an old one {:.0} ms; at rest {:.1} MiB; size {:.1} MB\n",
        median(fresh),
        median(again),
        median(resident),
        f64::from(bytes) / 1e6
    ))
}

fn main() -> Outcome<()> {
    let numbers: Vec<u32> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let students = numbers.first().copied().unwrap_or(1_000_000);
    let seconds = numbers.get(1).copied().unwrap_or(5).max(1);
    let folder = tempfile::Builder::new().prefix("service-bench").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let only = told("YINGZHU_BENCH_ENGINE").unwrap_or_default();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{students} students, {ENTERED} of them asked for; wrk -t2 -c{CLIENTS}, {ROUNDS} rounds of {seconds} s, medians"
    )?;
    if only != "postgres" {
        let url = format!("sqlite://{}", folder.path().join("bench.db").display());
        write!(out, "{}", table("SQLite", &measure(&url, students, seconds, folder.path())?))?;
    }
    if only == "sqlite" {
        // Told to leave the other out.
    } else if installed::binaries().is_some() {
        let cluster = postgres::Cluster::start(SETTINGS);
        write!(
            out,
            "{}",
            table("PostgreSQL", &measure(&cluster.url("postgres"), students, seconds, folder.path())?)
        )?;
    } else {
        writeln!(out, "PostgreSQL not measured: {}", installed::missing())?;
    }
    if told("YINGZHU_BENCH_LINES").is_none() {
        write!(out, "{}", program(folder.path())?)?;
    }
    Ok(())
}
