//! `yingzhu demo`: an invented county through the whole service, on one machine with one command.
//!
//! It writes the three spreadsheets, imports them through the same importers as everybody else, checks
//! and locks the list as two people would, runs the cross-check, tells a bureau head what it found, says
//! how to call the API, and serves. Run again, it changes nothing that is the same.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use super::{Files, Plan, generate, write_files};
use crate::auth::{DevKey, MintRequest, Role, Scope, mint};
use crate::cli::import::{self, Kind};
use crate::cli::{Out, cross_check, serve, store};
use crate::config::ServeOptions;
use crate::cross_check::model::FindingKind;
use crate::cross_check::report;
use crate::cross_check::store::{self as checks, CheckRow};
use crate::error::{Error, Result};
use crate::imports::Desk;
use crate::poverty_list::store as lists;
use crate::values::{Lang, Place, Term, TermCalendar, Text, clock};

/// Where everything of the demo lives, apart from real data.
const FOLDER: &str = "data/demo";

/// Options of `demo`.
#[derive(clap::Args)]
pub(in crate::cli) struct Options {
    /// 学生人数 | Students
    #[arg(long, default_value_t = 20_000)]
    students: u32,
    /// 名单人数，缺省为学生的五分之一 | Listed students, a fifth by default
    #[arg(long)]
    listed: Option<u32>,
    /// 学期，缺省为当前学期 | Term, the current one by default
    #[arg(long)]
    term: Option<String>,
    /// 县（黄山市各区县） | County
    #[arg(long, default_value = "341024")]
    place: String,
    /// 随机种子，相同则生成的人相同 | Seed
    #[arg(long, default_value_t = 20_170_901)]
    seed: u64,
    /// 演示数据目录 | Folder of the demo
    #[arg(long, default_value = FOLDER)]
    folder: PathBuf,
    /// 数据库地址，缺省在演示目录内 | Database URL
    #[arg(long, hide_env_values = true)]
    database: Option<String>,
    /// 监听地址 | Address to listen on
    #[arg(long, env = "YINGZHU_LISTEN", default_value = "127.0.0.1:8080")]
    listen: String,
    /// 只跑一遍，不启动服务 | Do not serve afterwards
    #[arg(long)]
    no_serve: bool,
}

/// Runs the demo.
pub(in crate::cli) fn run(options: &Options, out: &mut Out) -> Result<()> {
    let begun = Instant::now();
    let place = Place::parse(&options.place).map_err(|e| Error::invalid_field("--place", e))?;
    let term = match &options.term {
        Some(text) => import::term_and_place(text, &options.place)?.0,
        None => TermCalendar::default().term_of(clock::today()),
    };
    let serve_options = serve_options(options)?;
    let (desk, pack) = store::open_desk(&serve_options.store)?;
    out.say(&Text::fixed("演示数据全部为虚构，与真实人员无关。", "Everybody in this demo is invented."))?;
    let plan = Plan {
        students: options.students,
        listed: options.listed.unwrap_or(options.students / 5),
        seed: options.seed,
        term,
        place: options.place.clone(),
    };
    let county = generate(&plan)?;
    let name = county.name;
    std::fs::create_dir_all(&options.folder)?;
    let files = write_files(&county, &options.folder)?;
    drop(county);
    tell_files(&files, out)?;

    let report = import::import(
        &desk,
        &pack,
        Kind::PovertyList,
        &files.list,
        term,
        place.clone(),
        SENDER,
        out.lang(),
    )?;
    import::tell(&report, out)?;
    let locked = lock(&desk, &place, &report.import_id)?;
    if locked {
        out.say(&Text::fixed(
            "名单已由一人核对、另一人锁定。",
            "The list was checked by one person and locked by another.",
        ))?;
    }
    for (kind, file) in [(Kind::Roll, &files.roll), (Kind::Aid, &files.aid)] {
        let report = import::import(&desk, &pack, kind, file, term, place.clone(), SENDER, out.lang())?;
        import::tell(&report, out)?;
    }
    let check = cross_check::check(&desk, &pack, None, term, place.clone(), SENDER)?;
    tell_result(&desk, &check, term, &place, name, out)?;
    let seconds = begun.elapsed().as_secs_f64();
    out.say(&Text::new(format!("用时 {seconds:.1} 秒。"), format!("{seconds:.1} seconds.")))?;
    tell_how(&desk, &serve_options, &place, &check, out)?;
    if options.no_serve {
        return Ok(());
    }
    drop(desk);
    serve::serve(&serve_options, out)
}

/// Who sends the files; the list is locked by another.
const SENDER: &str = "demo-officer";
const CHECKER: &str = "demo-reviewer";

fn serve_options(options: &Options) -> Result<ServeOptions> {
    let mut serve = ServeOptions::defaults()?;
    let file = options.folder.join("yingzhu-demo.db");
    serve.store.database = options.database.clone().unwrap_or_else(|| format!("sqlite://{}", file.display()));
    serve.store.data_dir.clone_from(&options.folder);
    serve.store.dev = true;
    serve.listen.clone_from(&options.listen);
    Ok(serve)
}

/// Checks and locks the list that an import began. False when that was done before.
fn lock(desk: &Desk, place: &Place, import_id: &str) -> Result<bool> {
    let scope = Scope::local(place.clone());
    desk.db.write_now(|conn| {
        let Some(list_id) = lists::of_import(conn, import_id)? else { return Ok(false) };
        if lists::find(conn, &scope, &list_id)?.digest.is_some() {
            return Ok(false);
        }
        lists::check(conn, &scope, SENDER, &list_id, clock::now())?;
        lists::lock(conn, &scope, CHECKER, &list_id, clock::now())?;
        Ok(true)
    })
}

fn tell_files(files: &Files, out: &mut Out) -> Result<()> {
    for (zh, en, path) in [
        ("省下达名单", "provincial list", &files.list),
        ("学籍", "roll", &files.roll),
        ("资助发放记录", "aid records", &files.aid),
    ] {
        let path = path.display();
        out.say(&Text::new(format!("已生成{zh}：{path}"), format!("wrote the {en}: {path}")))?;
    }
    Ok(())
}

/// What a bureau head reads first.
fn tell_result(
    desk: &Desk,
    check: &CheckRow,
    term: Term,
    place: &Place,
    name: &str,
    out: &mut Out,
) -> Result<()> {
    let totals = serde_json::from_str(&check.totals)?;
    let scope = Scope::local(place.clone());
    let counts = desk.db.read_now(|conn| checks::counts(conn, &scope, &check.check_id))?;
    if out.lang() == Lang::En {
        return cross_check::tell(&counts, out);
    }
    let kinds: BTreeMap<FindingKind, u64> =
        counts.iter().map(|(kind, count, _)| (*kind, u64::try_from(*count).unwrap_or_default())).collect();
    out.line("")?;
    out.line("── 比对结果 ──────────────────────────────")?;
    for line in report::summary(&totals, &kinds, term, name) {
        out.line(&line)?;
    }
    cross_check::tell(&counts, out)?;
    out.line("──────────────────────────────────────────")
}

/// How to look further: the documentation, a token, a call with a real (invented) student.
fn tell_how(
    desk: &Desk,
    options: &ServeOptions,
    place: &Place,
    check: &CheckRow,
    out: &mut Out,
) -> Result<()> {
    let key = DevKey::load_or_create(&options.store.data_dir)?;
    let request = MintRequest {
        roles: vec![Role::County],
        place: Some(place.clone()),
        school: None,
        student: None,
        pii: false,
        purpose: None,
        subject: CHECKER.to_owned(),
        ttl: 8 * 3600,
    };
    let token = mint(&key, request, clock::now().and_utc().timestamp())?;
    let address = &options.listen;
    let (id, name) = sample(desk, place, check)?;
    let lines = [
        String::new(),
        format!("接口说明 docs:  http://{address}/docs/"),
        "令牌 token（县级，8 小时；仅演示密钥信任）:".to_owned(),
        format!("  export TOKEN={token}"),
        "查一名漏助学生（虚构）:".to_owned(),
        format!(
            "  curl -s http://{address}/v1/eligibility/lookups -H \"Authorization: Bearer $TOKEN\" \\\n    -H 'Content-Type: application/json' -d '{{\"id_number\":\"{id}\",\"name\":\"{name}\"}}'"
        ),
        "疑点清单（Excel）:".to_owned(),
        format!(
            "  curl -s 'http://{address}/v1/cross-checks/{}/findings?format=xlsx' -H \"Authorization: Bearer $TOKEN\" -o 疑点.xlsx",
            check.check_id
        ),
        String::new(),
    ];
    lines.iter().try_for_each(|line| out.line(line))
}

/// The id number and name of an unaided student. They are invented, so they may be shown.
fn sample(desk: &Desk, place: &Place, check: &CheckRow) -> Result<(String, String)> {
    let scope = Scope::local(place.clone());
    let filter = checks::Filter { kind: Some(FindingKind::ListedUnaided), ..checks::Filter::default() };
    desk.db.read_now(|conn| {
        let rows = checks::findings(conn, &scope, &check.check_id, &filter, None, 1)?;
        let Some(row) = rows.first() else { return Ok((String::new(), String::new())) };
        let id = crate::seal::vault::reveal(conn, &desk.sealer, &[&row.person_id])?
            .remove(&row.person_id)
            .and_then(|r| r.id)
            .unwrap_or_default();
        let name = crate::seal::vault::reveal_names(conn, &desk.sealer, &[&row.name_id])?
            .remove(&row.name_id)
            .unwrap_or_default();
        Ok((id, name))
    })
}
