//! The pack's list of sources, and where each condition and amount comes from.

use super::reader::Node;
use super::rules::code;
use crate::policy::pack::Source;
use crate::policy::standard::{Certainty, Origin};

const MARKS: [Certainty; 4] = [Certainty::A, Certainty::AStar, Certainty::B, Certainty::C];

/// The sources by key.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) list: Vec<Source>,
}

impl Sources {
    /// Reads `[[source]]` entries.
    pub(super) fn read(&mut self, node: Node<'_>) {
        for entry in node.tables("source") {
            entry.only(&["id", "title", "certainty"]);
            let (id, title) = (entry.str("id"), entry.text("title"));
            let certainty = code(entry, "certainty", &MARKS, Certainty::mark);
            let (Some(id), Some(title), Some(certainty)) = (id, title, certainty) else { continue };
            if self.list.iter().any(|s| s.id == id) {
                entry.fault("id", "来源编号重复", "the source's id is already used");
            }
            self.list.push(Source { id: id.to_owned(), title, certainty });
        }
    }

    /// Whether the key is known; a fault otherwise.
    pub(super) fn find(&self, node: Node<'_>, key: &str) -> Option<&Source> {
        let id = node.str(key)?;
        let found = self.list.iter().find(|s| s.id == id);
        if found.is_none() {
            node.fault(key, format!("来源表中没有 {id}"), format!("the list of sources has no {id}"));
        }
        found
    }

    /// Where an entry comes from: `source` and `clause` are required, document and certainty default
    /// to those of the source.
    pub(super) fn origin(&self, node: Node<'_>) -> Option<Origin> {
        let source = self.find(node, "source");
        let clause = node.str("clause");
        let certainty = if node.value("certainty").is_some() {
            Some(code(node, "certainty", &MARKS, Certainty::mark)?)
        } else {
            source.map(|s| s.certainty)
        };
        let document = node.opt_str("document").map(str::to_owned);
        let source = source?;
        Some(Origin {
            source: source.id.clone(),
            document: document.unwrap_or_else(|| source.title.zh.to_string()),
            clause: clause?.to_owned(),
            certainty: certainty?,
        })
    }
}
