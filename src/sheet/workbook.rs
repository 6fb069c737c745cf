//! The parent's side of a workbook: starts the child, reads its lines with limits, and turns every way it
//! can end into a sentence. Whatever the child does, this process keeps its memory and its time.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::child::LIMITS_VARIABLE;
use super::intake::Intake;
use super::limits::Limits;
use super::reading::no_such_sheet;
use super::wire::{Line, Refusal};
use crate::error::{Code, Error, Result};
use crate::values::Text;

/// Lines handed over at once: to wake the handler for each would cost more than to read it.
const AT_ONCE: usize = 64;
/// How often it is looked whether a child without output has ended.
const LOOK: Duration = Duration::from_millis(1);
/// Such handfuls on their way between the pipe and the handler.
const IN_FLIGHT: usize = 4;

/// What was learnt about a workbook besides its rows.
#[derive(Default)]
pub(super) struct Seen {
    /// The visible sheets, all of them.
    visible: Vec<String>,
    pub hidden: Vec<String>,
    /// Visible sheets with content that were not taken.
    pub others: Vec<String>,
    pub zero_formulas: u64,
}

/// Reads the workbook into the intake: every visible sheet, or those of these names.
pub(super) fn read(
    program: &Path,
    path: &Path,
    limits: &Limits,
    chosen: &[String],
    intake: &mut Intake<'_>,
) -> Result<Seen> {
    let mut running = Running::start(program, path, limits)?;
    let result = take_lines(&mut running, limits, chosen, intake);
    running.stop();
    let seen = result?;
    if chosen.iter().all(|name| seen.visible.contains(name)) {
        Ok(seen)
    } else {
        Err(no_such_sheet(&seen.visible))
    }
}

fn take_lines(
    running: &mut Running,
    limits: &Limits,
    chosen: &[String],
    intake: &mut Intake<'_>,
) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut current = Current::default();
    let mut patience = running.patience;
    let mut lines = Vec::new().into_iter();
    loop {
        let Some(line) = lines.next() else {
            // Only time spent waiting for the child counts: the handler may be slow on its own account.
            let since = Instant::now();
            lines = match running.lines.recv_timeout(patience) {
                Ok(Ok(lines)) => lines.into_iter(),
                Ok(Err(Broken)) => return Err(Error::internal("the sheet reader's output was malformed")),
                Err(RecvTimeoutError::Timeout) => return Err(too_slow()),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(running.ended(patience)?.map_or_else(too_slow, how_it_ended));
                }
            };
            patience = patience.saturating_sub(since.elapsed());
            continue;
        };
        match line {
            Line::Sheet { name, hidden } => {
                seen.hidden.extend(hidden);
                current.finish(intake, &mut seen)?;
                current.asked = chosen.is_empty() || chosen.contains(&name);
                if current.asked {
                    intake.begin_sheet(&name);
                }
                seen.visible.push(name);
            }
            Line::Row(number, cells) => {
                current.filled = true;
                if current.asked {
                    intake.feed(number, cells)?;
                }
            }
            Line::End { zero_formulas } => {
                seen.zero_formulas = zero_formulas;
                current.finish(intake, &mut seen)?;
                return Ok(seen);
            }
            Line::Refused(refusal) => return Err(refused(refusal, limits)),
        }
    }
}

/// The sheet being read.
#[derive(Default)]
struct Current {
    /// Whether its rows are wanted.
    asked: bool,
    /// Whether it has any.
    filled: bool,
}

impl Current {
    fn finish(&mut self, intake: &mut Intake<'_>, seen: &mut Seen) -> Result<()> {
        let taken = self.asked && intake.end_sheet()?;
        if self.filled && !taken {
            seen.others.extend(seen.visible.last().cloned());
        }
        *self = Self::default();
        Ok(())
    }
}

/// A line that is no line of ours.
struct Broken;

/// The running child; killed when this is dropped.
struct Running {
    child: Child,
    lines: Receiver<Result<Vec<Line>, Broken>>,
    /// How long its rows are waited for in all.
    patience: Duration,
}

impl Running {
    fn start(program: &Path, path: &Path, limits: &Limits) -> Result<Self> {
        let path = path.canonicalize()?;
        let patience = limits.wait_for(path.metadata()?.len());
        let mut child = Command::new(program)
            .arg("sheet-reader")
            .arg(path)
            .env_clear()
            .env(LIMITS_VARIABLE, serde_json::to_string(limits)?)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Messages of the parsing libraries may quote cells.
            .stderr(Stdio::null())
            .spawn()?;
        let pipe = child.stdout.take().ok_or_else(|| Error::internal("the sheet reader has no output"))?;
        let (to, lines) = sync_channel(IN_FLIGHT);
        // JSON escapes a control character as six bytes, and each cell has its own marks around it.
        let longest = limits.row_bytes.saturating_mul(6).saturating_add(64 * 1024);
        std::thread::spawn(move || pump(pipe, &to, longest));
        Ok(Self { child, lines, patience })
    }

    /// How the child ended, once its output has; nothing if it goes on for longer than that all the same.
    fn ended(&mut self, patience: Duration) -> Result<Option<ExitStatus>> {
        let since = Instant::now();
        loop {
            let ended = self.child.try_wait()?;
            if ended.is_some() || since.elapsed() >= patience {
                return Ok(ended);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn stop(&mut self) {
        // Already ended is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn pump(pipe: ChildStdout, to: &SyncSender<Result<Vec<Line>, Broken>>, longest: usize) {
    let mut reader = BufReader::with_capacity(256 * 1024, pipe);
    let most = u64::try_from(longest).unwrap_or(u64::MAX);
    let mut line = Vec::new();
    let mut lines = Vec::with_capacity(AT_ONCE);
    loop {
        line.clear();
        let parsed = match reader.by_ref().take(most).read_until(b'\n', &mut line) {
            Ok(read) if read > 0 && (line.ends_with(b"\n") || read >= longest) => {
                Some(serde_json::from_slice(&line))
            }
            // A line without its end is what a killed child leaves behind: its status says why.
            _ => None,
        };
        let more = matches!(parsed, Some(Ok(_)));
        let broken = matches!(parsed, Some(Err(_)));
        lines.extend(parsed.and_then(std::result::Result::ok));
        // Nothing read ahead: what is there is handed over before waiting for the child.
        let full = lines.len() >= AT_ONCE || reader.buffer().is_empty() || !more;
        if full && !lines.is_empty() {
            let handful = std::mem::replace(&mut lines, Vec::with_capacity(AT_ONCE));
            if to.send(Ok(handful)).is_err() {
                return;
            }
        }
        if broken {
            // The handler may have gone; then nobody asks.
            let _ = to.send(Err(Broken));
        }
        if !more {
            return;
        }
    }
}

/// What a child that said neither end nor refusal died of.
fn how_it_ended(status: ExitStatus) -> Error {
    use std::os::unix::process::ExitStatusExt;
    // SIGXCPU, or SIGKILL at the hard limit; SIGABRT or SIGSEGV when an allocation is refused; 101 is a
    // panic of the parsing library.
    match (status.signal(), status.code()) {
        (Some(24 | 9), _) => too_slow(),
        (Some(6 | 11 | 7), _) => too_much_memory(),
        (_, Some(101)) => refused(Refusal::Damaged, &Limits::default()),
        (signal, code) => Error::internal(format!("the sheet reader ended: signal={signal:?} code={code:?}")),
    }
}

fn too_large(
    zh: impl Into<std::borrow::Cow<'static, str>>,
    en: impl Into<std::borrow::Cow<'static, str>>,
) -> Error {
    Error::new(Code::TooLarge, Text::new(zh, en))
}

fn too_slow() -> Error {
    too_large(
        "工作簿内容过于庞杂，解析超时；请只保留数据表，另存为 .xlsx 或 CSV 后上传",
        "the workbook takes too long to read; keep only the data sheet and save it as .xlsx or CSV",
    )
}

fn too_much_memory() -> Error {
    too_large(
        "工作簿解析所需内存过大；请只保留数据表，另存为 CSV 或拆分后上传",
        "the workbook needs too much memory; keep only the data sheet, save it as CSV or split it",
    )
}

pub(super) fn too_many_rows(limits: &Limits) -> Error {
    too_large(
        format!("内容超出第 {} 行；请拆成几个文件上传", limits.rows),
        format!("there is content beyond row {}; split the file", limits.rows),
    )
}

pub(super) fn too_many_columns(limits: &Limits) -> Error {
    too_large(
        format!("内容超出第 {} 列；请删去多余的列后上传", limits.columns),
        format!("there is content beyond column {}; delete what is not needed", limits.columns),
    )
}

pub(super) fn row_too_large() -> Error {
    too_large(
        "有一行的文字过长，可能缺少一个引号；请检查后重新导出",
        "one row holds too much text, perhaps for a missing quotation mark; check it and export again",
    )
}

fn refused(refusal: Refusal, limits: &Limits) -> Error {
    let mib = |bytes: u64| bytes / 1024 / 1024;
    match refusal {
        Refusal::Damaged => Error::new(
            Code::UnreadableFile,
            Text::fixed(
                "工作簿已损坏或不完整；请用表格软件打开，另存为 .xlsx 后重新上传",
                "the workbook is damaged or incomplete; open it in a spreadsheet program and save it as .xlsx",
            ),
        ),
        Refusal::NotAWorkbook => Error::new(
            Code::UnsupportedMediaType,
            Text::fixed(
                "这个文件不是 .xlsx 或 .xls 工作簿；请上传 .xlsx、.xls 或 CSV 文件",
                "this file is no .xlsx or .xls workbook; send .xlsx, .xls or CSV",
            ),
        ),
        Refusal::Encrypted => Error::new(
            Code::UnreadableFile,
            Text::fixed(
                "工作簿加了密码；请在表格软件中去掉密码，另存后上传",
                "the workbook has a password; remove it and save the workbook again",
            ),
        ),
        Refusal::NoVisibleSheet => Error::new(
            Code::UnreadableFile,
            Text::fixed(
                "工作簿没有可见的工作表；请取消隐藏后上传",
                "the workbook has no visible sheet; unhide the data sheet",
            ),
        ),
        Refusal::Parts => Error::new(
            Code::UnreadableFile,
            Text::fixed(
                "工作簿的内部结构异常（部件过多或重名）；请另存为 .xlsx 后重新上传",
                "the workbook's inner structure is abnormal (too many parts or a double name); save it anew",
            ),
        ),
        Refusal::Inflated => too_large(
            format!("工作簿解压后超过 {} MB；请拆分后上传", mib(limits.inflated_bytes)),
            format!("the workbook inflates to more than {} MB; split it", mib(limits.inflated_bytes)),
        ),
        Refusal::Strings => too_large(
            format!("工作簿的文字超过 {} MB；请拆分或另存为 CSV 后上传", mib(limits.strings_bytes)),
            format!(
                "the workbook's text is larger than {} MB; split it or save it as CSV",
                mib(limits.strings_bytes)
            ),
        ),
        Refusal::Rows => too_many_rows(limits),
        Refusal::Columns => too_many_columns(limits),
        Refusal::Row => row_too_large(),
        Refusal::Unconfined => Error::internal("the sheet reader could not limit itself"),
    }
}
