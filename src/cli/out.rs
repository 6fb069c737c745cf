//! What a command says: results on standard output, sentences on standard error, each in one language.

use std::io::Write;
use std::process::ExitCode;

use crate::error::{Code, Error, Result};
use crate::values::{Lang, Text};

/// Where a command writes.
pub struct Out {
    lang: Lang,
    results: Box<dyn Write>,
    sentences: Box<dyn Write>,
}

impl Out {
    /// The process's own standard output and standard error.
    pub fn new(lang: Lang) -> Self {
        Self::to(lang, Box::new(std::io::stdout()), Box::new(std::io::stderr()))
    }

    /// Other writers, for tests.
    pub fn to(lang: Lang, results: Box<dyn Write>, sentences: Box<dyn Write>) -> Self {
        Self { lang, results, sentences }
    }

    /// The language the command speaks.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// One line of the result, as it is.
    pub fn line(&mut self, line: &str) -> Result<()> {
        match writeln!(self.results, "{line}").and_then(|()| self.results.flush()) {
            // Whoever read the result has read enough (`yingzhu demo | head`); the work goes on.
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    /// One line of the result, in the reader's language.
    pub fn say(&mut self, text: &Text) -> Result<()> {
        let line = text.in_lang(self.lang).to_owned();
        self.line(&line)
    }

    /// A sentence beside the result: progress, a warning.
    pub fn note(&mut self, text: &Text) {
        // A closed standard error must not fail the command.
        let _ = writeln!(self.sentences, "{}", text.in_lang(self.lang));
    }

    /// Says why the command failed. Exit code 2: what was asked is wrong; 1: it could not be done.
    pub fn fail(&mut self, error: &Error) -> ExitCode {
        let word = match self.lang {
            Lang::Zh => "错误：",
            Lang::En => "error: ",
        };
        let _ = writeln!(self.sentences, "{word}{}", error.message(self.lang));
        // Whoever runs a command may know what failed; causes hold no personal data.
        if let Some(cause) = &error.cause {
            let _ = writeln!(self.sentences, "  [{}] {}", cause.at, cause.what);
        }
        match error.code {
            Code::Internal | Code::Unavailable => ExitCode::from(1),
            _ => ExitCode::from(2),
        }
    }
}
