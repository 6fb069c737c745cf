//! Progress of commands. Shown on a terminal, silent in a pipe.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::imports::ImportKind;
use crate::values::{Lang, Text};

/// A counter of rows for an import: which file is read as what, how many rows so far, how fast.
pub(super) fn rows(kind: ImportKind, file: &Path, lang: Lang) -> ProgressBar {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (what, unit) = match lang {
        Lang::Zh => (format!("读入{} {name}", kind.zh()), "行"),
        Lang::En => (format!("reading {} {name}", kind.en()), "rows"),
    };
    shown(what, &format!("{{spinner}} {{msg}}  {{human_pos}} {unit} ({{rate}} {unit}/s)  {{elapsed}}"))
}

/// A step without a count.
pub(super) fn step(what: &Text, lang: Lang) -> ProgressBar {
    shown(what.in_lang(lang).to_owned(), "{spinner} {msg}  {elapsed}")
}

fn shown(what: String, template: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what);
    if let Ok(style) = ProgressStyle::with_template(template) {
        // Whole rows: nobody reads the library's four decimals.
        let rate = |state: &ProgressState, to: &mut dyn std::fmt::Write| {
            // Writing to the bar's own text cannot fail.
            let _ = write!(to, "{:.0}", state.per_sec());
        };
        bar.set_style(style.with_key("rate", rate));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
