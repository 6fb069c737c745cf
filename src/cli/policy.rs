//! `yingzhu policy check [DIR]`: is a pack sound, and do its golden cases hold.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::Out;
use crate::error::Result;
use crate::policy;

/// What to do with a pack.
#[derive(Subcommand)]
pub(super) enum Command {
    /// 检查政策包并运行其判例；不给目录则检查内置政策包 | Check a pack and run its golden cases
    Check {
        /// 政策包目录，或内含多个政策包的目录 | Folder of the pack, or of several
        #[arg(env = "YINGZHU_POLICY_DIR")]
        dir: Option<PathBuf>,
    },
}

/// Prints the report. Exit code 1 when the pack has faults or a case comes out otherwise.
pub(super) fn run(command: Command, out: &mut Out) -> Result<ExitCode> {
    let Command::Check { dir } = command;
    let (report, ok) = policy::check(dir.as_deref(), out.lang());
    out.line(report.trim_end())?;
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
