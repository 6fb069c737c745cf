//! `yingzhu cross-check --term 2025A --out findings.xlsx`: holds list, roll and money against each other
//! from the command line of the server itself.

use std::path::PathBuf;

use chrono::NaiveDate;

use super::import::{term_and_place, unwritable};
use super::{Out, store};
use crate::auth::Scope;
use crate::config::StoreOptions;
use crate::cross_check::export::{Wanted, export};
use crate::cross_check::model::FindingKind;
use crate::cross_check::run::{self, Means, Order};
use crate::cross_check::sighting_store::{Filter, counts};
use crate::cross_check::store::CheckRow;
use crate::cross_check::watch::unwatched;
use crate::error::Result;
use crate::imports::Desk;
use crate::policy::Pack;
use crate::sheet::{CsvEncoding, ExportForm};
use crate::values::{Fen, Text, clock};

/// Options of `cross-check`.
#[derive(clap::Args)]
pub(super) struct Options {
    /// 学期，如 2025A | The term
    #[arg(long)]
    term: String,
    /// 行政区划 | The place
    #[arg(long, env = "YINGZHU_PLACE", default_value = "34")]
    place: String,
    /// 名单版本编号；缺省用现行版本 | The list version; the one in force when absent
    #[arg(long)]
    list: Option<String>,
    /// 本地规定的名单学生资助发放截止日 | The bureau's own last day for paying listed students
    #[arg(long)]
    pay_by: Option<NaiveDate>,
    /// 疑点清单写入此文件（.xlsx 或 .csv） | Where to write the findings
    #[arg(long)]
    out: Option<PathBuf>,
    /// 清单中身份信息不脱敏 | Ids and names unmasked
    #[arg(long)]
    pii: bool,
    #[command(flatten)]
    store: StoreOptions,
}

/// Runs and tells.
pub(super) fn run(options: Options, out: &mut Out) -> Result<()> {
    let (term, place) = term_and_place(&options.term, &options.place)?;
    let (desk, pack) = store::open_desk(&options.store)?;
    let order = Order {
        list: options.list,
        term,
        place: place.clone(),
        pay_by: options.pay_by,
        by: "operator".to_owned(),
        at: clock::now(),
        today: clock::today(),
    };
    let check = check(&desk, &pack, &order)?;
    let scope = Scope::local(place);
    tell(&desk.db.read_now(|conn| counts(conn, &scope, &check.check_id))?, out)?;
    if let Some(path) = &options.out {
        let csv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        let form = if csv { ExportForm::Csv(CsvEncoding::Utf8Bom) } else { ExportForm::Xlsx };
        let wanted = Wanted { scope: &scope, pii: options.pii, at: clock::now() };
        let mut file =
            desk.db.read_now(|conn| export(conn, &desk.sealer, wanted, &check, &Filter::default(), form))?;
        std::fs::File::create(path)
            .and_then(|mut to| std::io::copy(&mut file.file, &mut to))
            .map_err(|e| unwritable(path, &e))?;
        out.say(&Text::new(
            format!("疑点清单已写入 {}", path.display()),
            format!("the findings are in {}", path.display()),
        ))?;
    }
    Ok(())
}

/// One run, in one transaction.
pub(super) fn check(desk: &Desk, pack: &Pack, order: &Order) -> Result<CheckRow> {
    let scope = Scope::local(order.place.clone());
    let means = Means { pack, sealer: &desk.sealer };
    desk.db.write_now(|conn| Ok(run::run(conn, &scope, means, order, &mut unwatched)?.0))
}

/// Findings by kind, a line each.
pub(super) fn tell(counts: &[(FindingKind, i64, i64)], out: &mut Out) -> Result<()> {
    for (kind, count, stake) in counts {
        let yuan = Fen(*stake).yuan();
        out.say(&Text::new(
            format!("  {}：{count} 项，涉及 {yuan} 元", kind.zh()),
            format!("  {}: {count}, {yuan} yuan in question", kind.en()),
        ))?;
    }
    Ok(())
}
