//! `yingzhu import poverty-list|roll|aid FILE --term 2025A`: a file into the database, from the command
//! line of the server itself, with a progress bar and the same importers as over HTTP.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use clap::ValueEnum;

use super::{Out, progress, store};
use crate::aid::import::AidImporter;
use crate::auth::Scope;
use crate::config::StoreOptions;
use crate::error::{Code, Error, Result};
use crate::imports::job::SEARCH;
use crate::imports::{Desk, ImportKind, Order, Report};
use crate::jobs::{Node, Settings, Works};
use crate::policy::Pack;
use crate::poverty_list::import::ListImporter;
use crate::poverty_list::store as lists;
use crate::proposals::job::SearchWork;
use crate::proposals::store as proposals;
use crate::roll::import::RollImporter;
use crate::sheet::Reading;
use crate::values::{Lang, Place, Term, Text, clock, digest};

/// What a file holds, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// 省下达名单 | The provincial list
    PovertyList,
    /// 学籍 | The roll
    Roll,
    /// 资助发放记录 | Aid records
    Aid,
}

impl Kind {
    /// The kind of import.
    pub(super) fn import(self) -> ImportKind {
        match self {
            Kind::PovertyList => ImportKind::PovertyList,
            Kind::Roll => ImportKind::Roll,
            Kind::Aid => ImportKind::Aid,
        }
    }
}

/// Options of `import`.
#[derive(clap::Args)]
pub(super) struct Options {
    /// 文件内容 | What the file holds
    kind: Kind,
    /// 文件：.xlsx、.xls、CSV 或 NDJSON | The file
    file: PathBuf,
    /// 学期，如 2025A（秋季）、2026S（春季） | The term
    #[arg(long)]
    term: String,
    /// 行政区划，只接收该地范围内的行 | Place within which rows are accepted
    #[arg(long, env = "YINGZHU_PLACE", default_value = "34")]
    place: String,
    /// 列对应：JSON（如 {"身份证号":"C"}）或存有 JSON 的文件 | Which column is which: JSON, or a file of it
    #[arg(long)]
    mapping: Option<String>,
    /// 只读这些工作表，以逗号分隔 | The only sheets to read, parted by commas
    #[arg(long)]
    sheets: Option<String>,
    /// 试导入：显示如何理解文件、前几行和错误，不写入 | Show how the file is understood and write nothing
    #[arg(long)]
    dry_run: bool,
    /// 待更正的行另存为此文件 | Where to write the rows that need correction
    #[arg(long)]
    corrections: Option<PathBuf>,
    /// 导入人 | Who sends the file
    #[arg(long, default_value = "operator")]
    by: String,
    /// 名单导入后即核对并由此人锁定，须不同于导入人 | Check the list and lock it in this person's name
    #[arg(long)]
    locked_by: Option<String>,
    #[command(flatten)]
    store: StoreOptions,
}

/// Imports a file and tells what came of it.
pub(super) fn run(options: Options, out: &mut Out) -> Result<()> {
    let (term, place) = term_and_place(&options.term, &options.place)?;
    let (desk, pack) = store::open_desk(&options.store)?;
    let order = Order {
        reading: reading(options.mapping.as_deref(), options.sheets.as_deref())?,
        rehearsal: options.dry_run,
        ..order(&options.file, term, place.clone(), &options.by)?
    };
    let report = import_as(&desk, &pack, options.kind, &options.file, &order, out.lang())?;
    tell_understood(&report, out)?;
    tell(&report, out)?;
    if options.dry_run {
        return Ok(());
    }
    propose(&desk, &place, &report, out)?;
    if let Some(locker) = options.locked_by.as_deref().filter(|_| options.kind == Kind::PovertyList)
        && lock(&desk, &place, &report.import_id, &options.by, locker)?
    {
        out.say(&Text::new(
            format!("名单已核对，并由 {locker} 锁定"),
            format!("the list was checked, and locked by {locker}"),
        ))?;
    }
    if report.rows.bad > 0
        && let Some(path) = &options.corrections
    {
        let mut book = desk.corrections(&report)?;
        let written = File::create(path).and_then(|mut to| std::io::copy(&mut book, &mut to));
        written.map_err(|e| unwritable(path, &e))?;
        out.say(&Text::new(
            format!("待更正的行已写入 {}，更正后可直接重新导入", path.display()),
            format!(
                "the rows that need correction are in {}; correct them and import that file",
                path.display()
            ),
        ))?;
    }
    Ok(())
}

/// The file's import, with a progress bar on a terminal.
#[expect(clippy::too_many_arguments, reason = "one call from two commands; a struct would only rename them")]
pub(super) fn import(
    desk: &Desk,
    pack: &Pack,
    kind: Kind,
    file: &Path,
    term: Term,
    place: Place,
    by: &str,
    lang: Lang,
) -> Result<Report> {
    import_as(desk, pack, kind, file, &order(file, term, place, by)?, lang)
}

/// The order for a file that is read as its headers say.
fn order(file: &Path, term: Term, place: Place, by: &str) -> Result<Order> {
    let (digest, bytes) = digest_of(file)?;
    let (by, at, reading) = (by.to_owned(), clock::now(), Reading::default());
    Ok(Order { term, place, school: None, by, at, digest, bytes, reading, rehearsal: false })
}

/// What the options say about how the file is to be read.
fn reading(mapping: Option<&str>, sheets: Option<&str>) -> Result<Reading> {
    let from_file = mapping.filter(|text| !text.trim_start().starts_with('{')).map(Path::new);
    let from_file = from_file.map(|path| std::fs::read_to_string(path).map_err(|e| unreadable(path, &e)));
    let from_file = from_file.transpose()?;
    Reading::parse(from_file.as_deref().or(mapping), sheets)
}

fn import_as(desk: &Desk, pack: &Pack, kind: Kind, file: &Path, order: &Order, lang: Lang) -> Result<Report> {
    let (term, calendar) = (order.term, pack.calendar_for(&order.place));
    let bar = progress::rows(kind.import(), file, lang);
    let tick = |row: u64| bar.set_position(row);
    let report = match kind {
        Kind::PovertyList => {
            let mut importer = ListImporter::new(None, calendar.first_day(term));
            desk.import_now(file, order, &mut importer, &tick)
        }
        Kind::Roll => desk.import_now(file, order, &mut RollImporter::new(calendar), &tick),
        Kind::Aid => desk.import_now(file, order, &mut AidImporter::new(clock::today()), &tick),
    };
    bar.finish_and_clear();
    report
}

/// Does the search for proposals that the import left behind, if no server was quicker, and tells what came of
/// it. Asked again of a file that was imported before, it tells the same.
fn propose(desk: &Desk, place: &Place, report: &Report, out: &mut Out) -> Result<()> {
    if !report.may_have_proposals() {
        return Ok(());
    }
    let works = Works::default().with(SEARCH, SearchWork { sealer: desk.sealer.clone() });
    Node::new(desk.db.clone(), desk.sealer.clone(), works, Settings::default()).do_what_waits()?;
    let open = desk
        .db
        .read_now(|conn| proposals::count_open(conn, &Scope::local(place.clone()), &report.import_id))?;
    let at = format!("/v1/proposals?import={}", report.import_id);
    out.say(&Text::new(
        format!("更正建议：{open} 条待确认（{at}）"),
        format!("proposals: {open} wait for a decision ({at})"),
    ))
}

/// Checks and locks the list that an import began. False when that was done before. The two people
/// must differ, as over HTTP.
pub(super) fn lock(desk: &Desk, place: &Place, import_id: &str, checker: &str, locker: &str) -> Result<bool> {
    let scope = Scope::local(place.clone());
    desk.db.write_now(|conn| {
        let Some(list_id) = lists::of_import(conn, import_id)? else { return Ok(false) };
        if lists::find(conn, &scope, &list_id)?.digest.is_some() {
            return Ok(false);
        }
        lists::check(conn, &scope, checker, &list_id, clock::now())?;
        lists::lock(conn, &scope, locker, &list_id, clock::now())?;
        Ok(true)
    })
}

/// Reads the two options that name term and place.
pub(super) fn term_and_place(term: &str, place: &str) -> Result<(Term, Place)> {
    let place = Place::parse(place).map_err(|e| Error::invalid_field("--place", e))?;
    Ok((self::term(term)?, place))
}

/// Reads the option that names the term.
pub(super) fn term(text: &str) -> Result<Term> {
    Term::parse(text).ok_or_else(|| {
        Error::new(
            Code::InvalidInput,
            Text::fixed(
                "--term 应写作 2025A（秋季）或 2026S（春季）",
                "--term is written 2025A (autumn) or 2026S (spring)",
            ),
        )
    })
}

/// What came of a file, in a few lines.
pub(super) fn tell(report: &Report, out: &mut Out) -> Result<()> {
    let rows = report.rows;
    let tried = if report.rehearsal.is_some() { "试导入，未写入；" } else { "" };
    let tried_en = if report.rehearsal.is_some() { "rehearsal, nothing was written; " } else { "" };
    let again = if report.repeated { "（此文件先前已导入，未作改动）" } else { "" };
    let again_en =
        if report.repeated { " (this very file was imported before; nothing changed)" } else { "" };
    out.say(&Text::new(
        format!(
            "{}：{tried}读入 {} 行，新增 {}，变更 {}，未变 {}，有误 {}{again}",
            report.kind.zh(),
            rows.read,
            rows.new,
            rows.changed,
            rows.unchanged,
            rows.bad
        ),
        format!(
            "{}: {tried_en}{} rows read, {} new, {} changed, {} unchanged, {} bad{again_en}",
            report.kind.en(),
            rows.read,
            rows.new,
            rows.changed,
            rows.unchanged,
            rows.bad
        ),
    ))?;
    for fault in report.faults.iter().take(12) {
        let of = rows.read;
        let letter = |(open, close)| match fault.letter.as_str() {
            "" => String::new(),
            letter => format!("{open}{letter}{close}"),
        };
        out.say(&Text::new(
            format!(
                "  {of} 行中 {} 行：{}{}：{}",
                fault.rows,
                fault.column,
                letter(("（", " 列）")),
                fault.what.0
            ),
            format!(
                "  {} of {of} rows: {}{}: {}",
                fault.rows,
                fault.column,
                letter((" (column ", ")")),
                fault.what.1
            ),
        ))?;
    }
    Ok(())
}

/// How the file was understood: for a rehearsal whole, else only what was not.
fn tell_understood(report: &Report, out: &mut Out) -> Result<()> {
    for notice in &report.understood.notices {
        out.note(&Text::new(
            format!("提示：{}", notice.message),
            format!("note: {}", notice.in_lang(Lang::En)),
        ));
    }
    let Some(rehearsal) = &report.rehearsal else { return Ok(()) };
    for sheet in &report.understood.sheets {
        let name = sheet.sheet.as_deref().unwrap_or("-");
        let row = sheet.header_row;
        out.say(&Text::new(
            format!("工作表 {name}，表头在第 {row} 行"),
            format!("sheet {name}, header in row {row}"),
        ))?;
        for column in &sheet.mapping {
            let member = column.member.map(|n| format!(" #{n}")).unwrap_or_default();
            out.line(&format!(
                "  {:<4}{} → {}{member}  ({})",
                column.letter, column.header, column.name, column.recognised_by
            ))?;
        }
        let unknown: Vec<String> =
            sheet.unknown.iter().map(|u| format!("{} {}", u.letter, u.header)).collect();
        let missing: Vec<&str> = sheet.missing.iter().map(|m| m.name.as_str()).collect();
        let (unknown, missing) = (unknown.join("、"), missing.join("、"));
        out.say(&Text::new(format!("  未采用的列：{unknown}"), format!("  columns not used: {unknown}")))?;
        out.say(&Text::new(format!("  没有的列：{missing}"), format!("  columns not there: {missing}")))?;
    }
    for row in rehearsal.rows.iter().take(5) {
        let cells: Vec<String> = row.cells.iter().map(|c| format!("{}={}", c.name, c.shown)).collect();
        let mark = if row.good { '✓' } else { '✗' };
        out.line(&format!("  {mark} {} {}", row.row, cells.join("  ")))?;
    }
    Ok(())
}

/// SHA-256 and size of a file, read once, in blocks.
fn digest_of(path: &Path) -> Result<(String, u64)> {
    let mut file = File::open(path).map_err(|e| unreadable(path, &e))?;
    let mut context = Context::new(&SHA256);
    let mut block = vec![0_u8; 256 << 10];
    let mut bytes = 0_u64;
    loop {
        let read = file.read(&mut block).map_err(|e| unreadable(path, &e))?;
        let Some(part) = block.get(..read).filter(|p| !p.is_empty()) else { break };
        context.update(part);
        bytes = bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
    Ok((digest::hex(context.finish().as_ref()), bytes))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let (path, kind) = (path.display(), error.kind());
    Error::new(
        Code::UnreadableFile,
        Text::new(
            format!("文件 {path} 无法打开（{kind}），请检查路径和权限"),
            format!("cannot open {path} ({kind})"),
        ),
    )
}

/// The refusal of a place where nothing can be written.
pub(super) fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    let (path, kind) = (path.display(), error.kind());
    Error::new(
        Code::UnreadableFile,
        Text::new(
            format!("无法写入 {path}（{kind}），请检查路径和权限"),
            format!("cannot write {path} ({kind})"),
        ),
    )
}
