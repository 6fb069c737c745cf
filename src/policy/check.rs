//! What `yingzhu policy check` prints: the faults of a pack, or its golden cases.

use std::path::Path;

use super::cases;
use super::pack::{Pack, PackError};
use super::packs;
use crate::values::Lang;

/// Loads a pack (the embedded one without a directory) or, where a directory holds packs in subfolders,
/// each of them; runs their cases, and gives the report and whether all is well.
pub fn check(dir: Option<&Path>, lang: Lang) -> (String, bool) {
    let Some(dir) = dir else { return report(Pack::embedded(), lang) };
    let folders = packs::folders(dir);
    if folders.is_empty() || dir.join("pack.toml").is_file() {
        return report(Pack::from_dir(dir), lang);
    }
    folders.into_iter().fold((String::new(), true), |(text, ok), (name, folder)| {
        let (one, fine) = report(Pack::from_dir(&folder), lang);
        (format!("{text}{name}\n{one}"), ok && fine)
    })
}

fn report(pack: Result<Pack, Vec<PackError>>, lang: Lang) -> (String, bool) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::load::EMBEDDED;

    fn write(dir: &Path, replace: (&str, &str)) {
        for (name, text) in EMBEDDED {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text.replace(replace.0, replace.1)).unwrap();
        }
    }

    #[test]
    fn a_folder_of_packs_is_checked_pack_by_pack() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("2026"), ("", ""));
        let (text, ok) = check(Some(folder.path()), Lang::Zh);
        assert!(ok && text.starts_with("2026/\ncn-ah 1.0.0"), "{text}");
        write(&folder.path().join("2027"), ("boarding = true", "boarding = \"yes\""));
        let (text, ok) = check(Some(folder.path()), Lang::En);
        assert!(!ok && text.contains("2026/\n") && text.contains("2027/\nthe pack has"), "{text}");
    }

    #[test]
    fn a_day_of_change_that_no_case_tries_is_told() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), ("on = \"2013-07-31\"", "on = \"2013-07-30\""));
        let (text, ok) = check(Some(folder.path()), Lang::Zh);
        assert!(
            !ok && text.contains("未从两侧验证的变更日: vocational_grant 2013-08-01 (before=false, on=true)"),
            "{text}"
        );
    }
}
