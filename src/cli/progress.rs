//! Progress of commands. Shown on a terminal, silent in a pipe.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::imports::ImportKind;
use crate::values::{Lang, Text};

/// A counter of rows for an import: which file is read as what, how many rows so far, how fast.
pub(super) fn rows(kind: ImportKind, file: &Path, lang: Lang) -> ProgressBar {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (what, unit) = match lang {
        Lang::Zh => (format!("读入{} {name}", kind.zh()), "行"),
        Lang::En => (format!("reading {} {name}", kind.en()), "rows"),
    };
    shown(what, &format!("{{spinner}} {{msg}}  {{human_pos}} {unit} ({{per_sec}})  {{elapsed}}"))
}

/// A step without a count.
pub(super) fn step(what: &Text, lang: Lang) -> ProgressBar {
    shown(what.in_lang(lang).to_owned(), "{spinner} {msg}  {elapsed}")
}

fn shown(what: String, template: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
