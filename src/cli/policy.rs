//! `yingzhu policy check [DIR]`: is a pack sound, and do its golden cases hold.

use std::path::PathBuf;

use clap::Subcommand;

use super::Out;
use crate::error::{Code, Error, Result};
use crate::policy;
use crate::values::Text;

/// What to do with a pack.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 检查政策包并运行其判例；不给目录则检查内置政策包 | Check a pack and run its golden cases
    Check {
        /// 政策包目录 | Folder of the pack
        dir: Option<PathBuf>,
    },
}

/// Prints the report; fails when the pack or a case does.
pub(super) fn run(command: Command, out: &mut Out) -> Result<()> {
    let Command::Check { dir } = command;
    let (report, ok) = policy::check(dir.as_deref(), out.lang());
    out.line(report.trim_end())?;
    if ok {
        return Ok(());
    }
    Err(Error::new(
        Code::InvalidInput,
        Text::fixed("政策包未通过检查，见上", "the pack did not pass, see above"),
    ))
}
