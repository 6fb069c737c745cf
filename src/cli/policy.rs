//! `yingzhu policy check`: what a policy officer runs after changing a pack.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Out;
use crate::error::Result;

/// What to do with a pack.
#[derive(clap::Subcommand)]
pub(super) enum Options {
    /// 检查政策包并逐条验算示例 | Check a pack and run its cases
    Check {
        /// 政策包目录，缺省为内置政策包 | The pack's folder; the embedded one by default
        #[arg(env = "YINGZHU_POLICY_DIR")]
        folder: Option<PathBuf>,
    },
}

/// Prints the report; fails if the pack has faults or a case comes out otherwise.
pub(super) fn run(options: Options, out: &mut Out) -> Result<ExitCode> {
    let Options::Check { folder } = options;
    let (report, well) = crate::policy::check(folder.as_deref(), out.lang());
    out.line(report.trim_end())?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
