//! `yingzhu demo`: an invented county through the whole service, on one machine with one command.
//!
//! It writes the spreadsheets, imports them through the same importers as everybody else, checks
//! and locks the list as two people would, runs the cross-check, tells a bureau head what it found, says
//! how to call the API, and serves. Run again, it changes nothing that is the same.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use chrono::NaiveDate;

use super::faults::{paid_by, pay_by};
use super::{Files, Plan, generate, refuse, write_files};
use crate::auth::{DevKey, MintRequest, Role, Scope, mint};
use crate::cli::import::{self, Kind};
use crate::cli::{Out, cross_check, progress, serve, store};
use crate::config::ServeOptions;
use crate::cross_check::model::FindingKind;
use crate::cross_check::report;
use crate::cross_check::run::{Inputs, Order};
use crate::cross_check::sighting_store as findings;
use crate::cross_check::store::CheckRow;
use crate::error::{Error, Result};
use crate::imports::Desk;
use crate::values::{Lang, Place, Term, TermCalendar, Text, ValueError, clock};

/// Where everything of the demo lives, apart from real data.
const FOLDER: &str = "data/demo";
/// The size of a small county.
const STUDENTS: u32 = 20_000;
/// The seed that published figures are made with.
const SEED: u64 = 20_170_901;

/// Options of `demo`.
#[derive(clap::Args)]
pub(in crate::cli) struct Options {
    /// 学生人数 | Students
    #[arg(long, default_value_t = STUDENTS)]
    students: u32,
    /// 名单人数，缺省为学生的五分之一 | Listed students, a fifth by default
    #[arg(long)]
    listed: Option<u32>,
    /// 学期，缺省为资助已发放完的最近一个学期 | Term, by default the latest whose aid has all been paid
    #[arg(long)]
    term: Option<String>,
    /// 县（黄山市各区县） | County
    #[arg(long, default_value = "341024")]
    place: String,
    /// 随机种子，相同则生成的人相同 | Seed
    #[arg(long, default_value_t = SEED)]
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
    let term = term(options.term.as_deref(), clock::today())?;
    let serve_options = serve_options(options)?;
    if !options.no_serve {
        // Better told now than after the work. The port is given back until the server takes it.
        let config = serve_options.check(crate::cli::keys_variable())?;
        drop(serve::bind(config.listen)?);
    }
    let plan = plan(options, term)?;
    out.say(&Text::fixed("演示数据全部为虚构，与真实人员无关。", "Everybody in this demo is invented."))?;
    let bar = progress::step(&Text::fixed("生成虚构的县", "inventing a county"), out.lang());
    let county = generate(&plan)?;
    let name = county.name;
    std::fs::create_dir_all(&options.folder)?;
    let files = write_files(&county, &options.folder)?;
    let next_door = Place::parse(&county.neighbour.place).map_err(|e| Error::invalid_field("--place", e))?;
    drop(county);
    bar.finish_and_clear();
    tell_files(&files, out)?;
    let (desk, pack) = store::open_desk(&serve_options.store)?;

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
    let locked = import::lock(&desk, &place, &report.import_id, SENDER, CHECKER)?;
    if locked {
        out.say(&Text::fixed(
            "名单已由一人核对、另一人锁定。",
            "The list was checked by one person and locked by another.",
        ))?;
    }
    for (kind, file, place) in [
        (Kind::Roll, &files.roll, &place),
        (Kind::Roll, &files.neighbour_roll, &next_door),
        (Kind::Aid, &files.aid, &place),
    ] {
        let report = import::import(&desk, &pack, kind, file, term, place.clone(), SENDER, out.lang())?;
        import::tell(&report, out)?;
    }
    let bar = progress::step(&Text::fixed("比对名单、学籍和资助", "holding the three together"), out.lang());
    let order = Order {
        list: None,
        term,
        place: place.clone(),
        pay_by: Some(pay_by(term)),
        by: SENDER.to_owned(),
        at: clock::now(),
        today: clock::today(),
    };
    let check = cross_check::check(&desk, &pack, &order)?;
    bar.finish_and_clear();
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

/// The county that was asked for. That there is a list is this command's own demand: it shows one.
fn plan(options: &Options, term: Term) -> Result<Plan> {
    let listed = options.listed.unwrap_or(options.students / 5);
    if listed == 0 {
        return Err(refuse("--listed", "demo_listed", "名单上至少要有 1 人", "the list must hold somebody"));
    }
    let Options { students, seed, place, .. } = options;
    Ok(Plan { students: *students, listed, seed: *seed, term, place: place.clone() })
}

/// The term that was asked for, or the latest whose aid has all been paid. Money of the future is
/// refused by the importers, and before the plan of 2017 the amounts of some programmes are on no record.
fn term(asked: Option<&str>, today: NaiveDate) -> Result<Term> {
    let calendar = TermCalendar::default();
    let current = calendar.term_of(today);
    let before = calendar.first_day(current).pred_opt().map_or(current, |day| calendar.term_of(day));
    let latest = if paid_by(current) <= today { current } else { before };
    let Some(text) = asked else { return Ok(latest) };
    let term = import::term(text)?;
    let first = Term::parse(FIRST_TERM);
    if first.is_none_or(|first| term < first) {
        return Err(refuse(
            "--term",
            "demo_term",
            "演示从 2017S（2017年春季学期）开始，此前的标准缺少出处",
            "the demo begins with 2017S: amounts before have no source",
        ));
    }
    if term > latest {
        return Err(Error::invalid_field(
            "--term",
            ValueError {
                code: "demo_term",
                what: Text::new(
                    format!("{term} 学期的资助尚未发放完"),
                    format!("the aid of {term} has not all been paid yet"),
                ),
                todo: Text::new(
                    format!("请用 {latest} 或更早的学期"),
                    format!("use {latest} or an earlier term"),
                ),
            },
        ));
    }
    Ok(term)
}

/// The first term whose amounts are all on record.
const FIRST_TERM: &str = "2017S";

/// The database's file. Another county goes into another file: two would be mixed in one.
fn database_file(options: &Options) -> String {
    let listed = options.listed.unwrap_or(options.students / 5);
    if (options.students, listed, options.seed) == (STUDENTS, STUDENTS / 5, SEED) {
        "yingzhu-demo.db".to_owned()
    } else {
        format!("yingzhu-demo-{}-{listed}-{}.db", options.students, options.seed)
    }
}

fn serve_options(options: &Options) -> Result<ServeOptions> {
    let mut serve = ServeOptions::defaults()?;
    let file = options.folder.join(database_file(options));
    serve.store.database = options.database.clone().unwrap_or_else(|| format!("sqlite://{}", file.display()));
    serve.store.data_dir.clone_from(&options.folder);
    serve.store.dev = true;
    serve.listen.clone_from(&options.listen);
    Ok(serve)
}

fn tell_files(files: &Files, out: &mut Out) -> Result<()> {
    for (zh, en, path) in [
        ("省下达名单", "provincial list", &files.list),
        ("学籍", "roll", &files.roll),
        ("邻县学籍", "roll of the county next door", &files.neighbour_roll),
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
    let counts = desk.db.read_now(|conn| findings::counts(conn, &scope, &check.check_id))?;
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
    // A term that is over is asked about as of its last day.
    let as_of = serde_json::from_str::<Inputs>(&check.inputs)?.as_of;
    let on = if as_of == clock::today() { String::new() } else { format!(",\"as_of\":\"{as_of}\"") };
    let lines = [
        String::new(),
        format!("接口说明 docs:  http://{address}/docs/"),
        "令牌 token（县级，8 小时；仅演示密钥信任）:".to_owned(),
        format!("  export TOKEN={token}"),
        "查一名漏助学生（虚构）:".to_owned(),
        format!(
            "  curl -s http://{address}/v1/eligibility/lookups -H \"Authorization: Bearer $TOKEN\" \\\n    -H 'Content-Type: application/json' -d '{{\"id_number\":\"{id}\",\"name\":\"{name}\"{on}}}'"
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
    let filter = findings::Filter { kind: Some(FindingKind::ListedUnaided), ..findings::Filter::default() };
    desk.db.read_now(|conn| {
        let rows = findings::findings(conn, &scope, &check.check_id, &filter, None, 1)?;
        let Some((row, _)) = rows.first() else { return Ok((String::new(), String::new())) };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_is_the_latest_whose_money_has_all_been_paid() {
        for (today, code) in [
            ("2026-07-31", "2026S"),
            ("2026-08-01", "2026S"),
            ("2026-10-24", "2026S"),
            ("2026-10-25", "2026A"),
            ("2027-01-31", "2026A"),
            ("2027-02-01", "2026A"),
            ("2027-04-27", "2027S"),
        ] {
            let today: NaiveDate = today.parse().unwrap();
            assert_eq!(term(None, today).unwrap().to_string(), code, "{today}");
            assert_eq!(term(Some(code), today).unwrap().to_string(), code, "{today}");
            let next = Term::parse(code).unwrap().next().to_string();
            assert!(term(Some(&next), today).is_err(), "{today}");
        }
        let today = "2026-12-01".parse().unwrap();
        assert!(term(Some("2017S"), today).is_ok());
        assert!(term(Some("2016A"), today).is_err());
    }
}
