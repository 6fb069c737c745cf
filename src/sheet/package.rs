//! Weighing a workbook's zip archive before it is parsed: every part is inflated once into nothing and
//! counted, because the sizes that an archive declares are the attacker's words.

use std::collections::HashSet;
use std::io::{Read, Seek};

use super::limits::Limits;
use super::wire::Refusal;

/// Checks parts, names and inflated sizes.
pub(super) fn weigh<R: Read + Seek>(file: R, limits: &Limits) -> Result<(), Refusal> {
    let mut archive = zip::ZipArchive::new(file).map_err(|_damaged| Refusal::Damaged)?;
    if archive.len() > limits.parts {
        return Err(Refusal::Parts);
    }
    let mut names = HashSet::new();
    let mut left = limits.inflated_bytes;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|_damaged| Refusal::Damaged)?;
        let name = part.name().map_err(|_damaged| Refusal::Damaged)?.to_lowercase().replace('\\', "/");
        let strings = name.ends_with("sharedstrings.xml");
        if !names.insert(name) {
            return Err(Refusal::Parts);
        }
        // One byte more than is left tells "too much" from "just enough".
        let most = if strings { left.min(limits.strings_bytes) } else { left };
        let size = std::io::copy(&mut part.by_ref().take(most.saturating_add(1)), &mut std::io::sink())
            .map_err(|_damaged| Refusal::Damaged)?;
        if size > most {
            return Err(if strings && most < left { Refusal::Strings } else { Refusal::Inflated });
        }
        left -= size;
    }
    if names.contains("xl/workbook.xml") || names.iter().any(|n| n.ends_with("workbook.xml")) {
        Ok(())
    } else {
        Err(Refusal::NotAWorkbook)
    }
}
