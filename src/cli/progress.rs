//! Progress bars of commands. Shown on a terminal, silent in a pipe.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::imports::ImportKind;
use crate::values::Lang;

/// A counter of rows for an import.
pub(super) fn rows(kind: ImportKind, lang: Lang) -> ProgressBar {
    let (what, unit) = match lang {
        Lang::Zh => (kind.zh(), "行"),
        Lang::En => (kind.en(), "rows"),
    };
    let bar = ProgressBar::new_spinner().with_message(what);
    if let Ok(style) =
        ProgressStyle::with_template(&format!("{{spinner}} {{msg}} {{pos}} {unit} ({{per_sec}}) {{elapsed}}"))
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
