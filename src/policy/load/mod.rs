//! From TOML files to a pack: read, compile, check; every fault at once with file, line and key.
//!
//! The files of a pack: `pack.toml`, `sources.toml`, `definitions.toml`, `stacking.toml`, `steps.toml`,
//! `programmes/*.toml`, `standards/*.toml`, `cases/*.toml`. All of them are embedded in the binary for the pack it ships
//! with, and the same code reads a directory. Nothing here decides anything.

mod amounts;
mod digest;
mod embedded;
mod golden;
mod head;
mod postings;
mod predicate;
mod reader;
mod rules;
mod sources;
mod stacking;
mod steps;

use std::cell::RefCell;
use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

use self::amounts::Placed;
use self::reader::{File, Node};
use super::cases::Case;
use super::pack::{Pack, PackError};
use super::programme::ProgrammeRules;
use super::spoken::Phrases;
use super::stacking::Stacking;
use super::standard::{Limit, Standard};
use crate::values::{Programme, Text};

pub(super) use embedded::EMBEDDED;

/// No pack file is larger than this; more is a wrong directory.
const MOST_BYTES: u64 = 1 << 20;

/// The folders of a pack.
const FOLDERS: [&str; 3] = ["programmes", "standards", "cases"];

/// Reads the files of a pack's directory, by path within it, in order.
pub(super) fn read_dir(dir: &Path) -> Result<Vec<(String, String)>, Vec<PackError>> {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    for folder in std::iter::once("").chain(FOLDERS) {
        let entries = match std::fs::read_dir(dir.join(folder)) {
            Ok(entries) => entries,
            Err(error) => {
                faults.push(unreadable(if folder.is_empty() { "." } else { folder }, &error));
                continue;
            }
        };
        let mut paths: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
        paths.sort();
        for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
            let stem = path.file_name().unwrap_or_default().to_string_lossy();
            let name = if folder.is_empty() { stem.into_owned() } else { format!("{folder}/{stem}") };
            match read_file(path) {
                Ok(text) => files.push((name, text)),
                Err(error) => faults.push(unreadable(&name, &error)),
            }
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(faults) }
}

fn read_file(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > MOST_BYTES {
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "file too large"));
    }
    std::fs::read_to_string(path)
}

fn unreadable(name: &str, error: &std::io::Error) -> PackError {
    PackError {
        file: name.to_owned(),
        line: 1,
        key: "file".to_owned(),
        what: Text::new(
            format!("无法读取（{:?}），请检查目录和编码（UTF-8）", error.kind()),
            format!("cannot be read ({:?}): check the directory and the encoding (UTF-8)", error.kind()),
        ),
    }
}

/// Makes a pack of its files, or tells every fault.
pub(super) fn pack(mut files: Vec<(String, String)>) -> Result<Pack, Vec<PackError>> {
    for (_, text) in &mut files {
        *text = text.replace("\r\n", "\n");
    }
    files.sort();
    let errors = RefCell::new(Vec::new());
    let opened: Vec<File<'_>> =
        files.iter().map(|(name, text)| File { name, text, errors: &errors }).collect();
    let parsed: Vec<(&File<'_>, Spanned<DeTable<'_>>)> =
        opened.iter().filter_map(|f| Some((f, f.parse()?))).collect();
    let made = assemble(&parsed, &errors);
    let digest = digest::of(&files);
    let mut faults = errors.take();
    faults.sort_by(|a, b| (&a.file, a.line, &a.key).cmp(&(&b.file, b.line, &b.key)));
    faults.dedup();
    match made {
        Some(mut pack) if faults.is_empty() => {
            pack.digest = digest;
            Ok(pack)
        }
        _ => Err(faults),
    }
}

fn root<'t>(file: &'t File<'t>, table: &'t Spanned<DeTable<'t>>) -> Node<'t> {
    Node { file, table: table.get_ref(), at: 0, name: "file" }
}

fn assemble(parsed: &[(&File<'_>, Spanned<DeTable<'_>>)], errors: &RefCell<Vec<PackError>>) -> Option<Pack> {
    let nodes: Vec<Node<'_>> = parsed.iter().map(|(file, table)| root(file, table)).collect();
    let named = |name: &str| nodes.iter().copied().find(|n| n.file.name == name);
    let within = |folder: &str| -> Vec<Node<'_>> {
        let prefix = format!("{folder}/");
        nodes.iter().copied().filter(|n| n.file.name.starts_with(&prefix)).collect()
    };
    let lost = |name: &str| {
        // A file that did not parse has told its fault already.
        if !errors.borrow().iter().any(|e| e.file == name) {
            errors.borrow_mut().push(PackError {
                file: name.to_owned(),
                line: 1,
                key: "file".to_owned(),
                what: Text::fixed("缺少此文件", "the file is missing"),
            });
        }
    };
    let mut sources = sources::Sources::default();
    if let Some(node) = named("sources.toml") {
        node.only(&["source"]);
        sources.read(node);
    } else {
        lost("sources.toml");
    }
    let definitions = named("definitions.toml").map(head::definitions).unwrap_or_default();
    let head = named("pack.toml");
    if head.is_none() {
        lost("pack.toml");
    }
    let postings = head.map(|node| postings::postings(node, &sources)).unwrap_or_default();
    let head = head.and_then(head::head);
    let mut programmes: Vec<ProgrammeRules> = within("programmes")
        .into_iter()
        .filter_map(|n| rules::programme(n, &definitions, &sources))
        .collect();
    programmes.sort_by_key(|p| Programme::ALL.iter().position(|c| *c == p.programme));
    let mut stacking = Stacking::default();
    if let Some(node) = named("stacking.toml") {
        stacking = stacking::stacking(node, &sources, &mut programmes);
    } else {
        lost("stacking.toml");
    }
    let mut steps = Vec::new();
    if let Some(node) = named("steps.toml") {
        let proofs = head.as_ref().map(|h| h.proofs.as_slice()).unwrap_or_default();
        steps = steps::steps(node, &definitions, &sources, proofs, &mut programmes);
    } else {
        lost("steps.toml");
    }
    let (standards, limits) = amounts_of(&within("standards"), &sources);
    if errors.borrow().is_empty() {
        amounts::check(&standards, &programmes);
    }
    let cases: Vec<Case> = within("cases").into_iter().flat_map(|n| golden::cases(n, &sources)).collect();
    let standards: Vec<Standard> = standards.into_iter().map(|p| p.value).collect();
    let limits: Vec<Limit> = limits.into_iter().map(|p| p.value).collect();
    for rules in &mut programmes {
        join(rules, &standards, &limits);
    }
    let head = head?;
    Some(Pack {
        phrases: Phrases::of(&programmes, &steps),
        id: head.id,
        version: head.version,
        title: head.title,
        digest: String::new(),
        period: head.period,
        calendars: head.calendars,
        proofs: head.proofs,
        postings,
        sources: sources.list,
        programmes,
        stacking,
        steps,
        standards,
        limits,
        cases,
    })
}

fn amounts_of<'t>(
    files: &[Node<'t>],
    sources: &sources::Sources,
) -> (Vec<Placed<'t, Standard>>, Vec<Placed<'t, Limit>>) {
    let mut standards = Vec::new();
    let mut limits = Vec::new();
    for node in files {
        node.only(&["standard", "limit"]);
        standards.extend(node.tables("standard").into_iter().flat_map(|n| amounts::standards(n, sources)));
        limits.extend(node.tables("limit").into_iter().filter_map(|n| amounts::limit(n, sources)));
    }
    (standards, limits)
}

/// Gives a programme its amounts, the narrowest place first.
fn join(rules: &mut ProgrammeRules, standards: &[Standard], limits: &[Limit]) {
    let width =
        |place: Option<&crate::values::Place>| std::cmp::Reverse(place.map_or(0, |p| p.as_str().len()));
    let mut own: Vec<(usize, &Standard)> =
        standards.iter().enumerate().filter(|(_, s)| s.programme == rules.programme).collect();
    own.sort_by_key(|(i, s)| (width(s.place.as_ref()), *i));
    rules.standards = own.into_iter().map(|(i, _)| i).collect();
    let mut own: Vec<(usize, &Limit)> =
        limits.iter().enumerate().filter(|(_, l)| l.programme == rules.programme).collect();
    own.sort_by_key(|(i, l)| (width(l.place.as_ref()), *i));
    rules.limits = own.into_iter().map(|(i, _)| i).collect();
}

#[cfg(test)]
mod tests;
