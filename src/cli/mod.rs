//! The command line: one file per command, and here only which is which.
//!
//! A command takes its options and an [`Out`], and returns a result; this file turns an error into a
//! sentence on standard error and an exit code. Commands speak Chinese, or English with `--lang en`.

mod cross_check;
pub mod demo;
mod import;
mod logging;
mod migrate;
mod openapi;
mod out;
mod policy;
mod progress;
mod serve;
mod store;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

pub use out::Out;

use crate::error::Result;
use crate::values::Lang;

/// 应助尽助：学生资助资格判定、资助记录与贫困名单比对服务
#[derive(Parser)]
#[command(name = "yingzhu", version, max_term_width = 100)]
struct Cli {
    /// 提示语言：zh 或 en | Language of messages
    #[arg(long, global = true, env = "YINGZHU_LANG", default_value = "zh")]
    lang: Spoken,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 启动服务 | Serve the API
    Serve(Box<serve::Options>),
    /// 签发开发令牌，仅 serve --dev 信任 | Print a development token
    Token(token::Options),
    /// 导入名单、学籍或资助记录 | Import a list, a roll or aid records
    Import(Box<import::Options>),
    /// 名单、学籍、资助三方比对 | Hold list, roll and money against each other
    CrossCheck(Box<cross_check::Options>),
    /// 演示：虚构一个县，走完全过程 | An invented county through the whole service
    Demo(Box<demo::Options>),
    /// 检查政策包并运行判例 | Check a policy pack
    #[command(subcommand)]
    Policy(policy::Command),
    /// 升级数据库结构 | Bring the database's schema up to date
    Migrate(migrate::Options),
    /// 输出 OpenAPI 文档 | Print the OpenAPI document
    Openapi,
    /// 表格读取子进程，由本程序自行启动 | The workbook reader, started by this program itself
    #[command(hide = true)]
    SheetReader {
        /// 文件 | The file
        path: std::path::PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Spoken {
    Zh,
    En,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let lang = match cli.lang {
        Spoken::Zh => Lang::Zh,
        Spoken::En => Lang::En,
    };
    let mut out = Out::new(lang);
    match dispatch(cli.command, &mut out) {
        Ok(code) => code,
        Err(error) => out.fail(&error),
    }
}

fn dispatch(command: Command, out: &mut Out) -> Result<ExitCode> {
    let done = match command {
        Command::Serve(options) => serve::run(&options, out),
        Command::Token(options) => token::run(options, out),
        Command::Migrate(options) => migrate::run(options, out),
        Command::Import(options) => import::run(*options, out),
        Command::CrossCheck(options) => cross_check::run(*options, out),
        Command::Demo(options) => demo::run(&options, out),
        Command::Openapi => openapi::run(out),
        Command::Policy(command) => return policy::run(command, out),
        Command::SheetReader { path } => return Ok(crate::sheet::child::run(&path)),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// The key ring's variable, read once at the edge.
fn keys_variable() -> Option<String> {
    std::env::var(crate::config::KEYS_VARIABLE).ok()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
