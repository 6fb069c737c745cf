//! `yingzhu migrate`: the schema brought up to this binary's.

use super::Out;
use crate::db::{DatabaseUrl, Db};
use crate::error::{Code, Error, Result};
use crate::values::Text;

/// Options of `migrate`: which database.
#[derive(clap::Args)]
pub(super) struct Options {
    /// 数据库地址，sqlite://文件 或 postgres://… | Database URL
    #[arg(
        long,
        env = "YINGZHU_DATABASE_URL",
        default_value = "sqlite://data/yingzhu.db",
        hide_env_values = true
    )]
    database: String,
}

/// Runs the pending migrations and says how many there were.
pub(super) fn run(options: Options, out: &mut Out) -> Result<()> {
    let url = DatabaseUrl::parse(&options.database).map_err(|text| Error::new(Code::InvalidInput, text))?;
    let done = Db::connect(&url, 1)?.migrate()?;
    out.say(&match done {
        0 => Text::fixed("数据库结构已是最新", "the schema is up to date"),
        n => Text::new(format!("已执行 {n} 个升级"), format!("{n} migration(s) done")),
    })
}
