//! What `yingzhu policy check` prints: the faults of a pack, or its golden cases.

use std::path::Path;

use super::cases;
use super::pack::Pack;
use crate::values::Lang;

/// Loads a pack (the embedded one without a directory), runs its cases, and gives the report and
/// whether all is well.
pub fn check(dir: Option<&Path>, lang: Lang) -> (String, bool) {
    let pack = match dir {
        Some(dir) => Pack::from_dir(dir),
        None => Pack::embedded(),
    };
    match pack {
        Ok(pack) => {
            let report = cases::run(&pack);
            let head = format!("{} {} {}\n", pack.id(), pack.version(), pack.digest());
            (head + &report.table(lang), report.ok())
        }
        Err(faults) => {
            let head = match lang {
                Lang::Zh => format!("政策包有 {} 处错误：", faults.len()),
                Lang::En => format!("the pack has {} fault(s):", faults.len()),
            };
            let lines = faults.iter().map(|fault| {
                format!("{}:{}: {}: {}", fault.file, fault.line, fault.key, fault.what.in_lang(lang))
            });
            (std::iter::once(head).chain(lines).map(|line| line + "\n").collect(), false)
        }
    }
}
