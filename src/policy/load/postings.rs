//! `[[posting]]` in `pack.toml`: how long lists are posted.

use super::reader::Node;
use super::rules::code;
use super::sources::Sources;
use crate::policy::posting::{PostingLength, PostingRule};
use crate::values::Programme;

/// Reads the rules; one without a programme is needed, and each programme has one at the most.
pub(super) fn postings(head: Node<'_>, sources: &Sources) -> Vec<PostingRule> {
    let mut rules: Vec<PostingRule> = Vec::new();
    for entry in head.tables("posting") {
        let Some(rule) = posting(entry, sources) else { continue };
        if rules.iter().any(|known| known.programme == rule.programme) {
            entry.fault("programme", "该项目的公示期已经规定", "the length is prescribed already");
        }
        rules.push(rule);
    }
    if head.tables("posting").iter().all(|entry| entry.value("programme").is_some()) {
        head.fault(
            "posting",
            "缺少一般公示期：写一条不带 programme 的 [[posting]]",
            "the general length is missing: a [[posting]] without a programme",
        );
    }
    rules
}

fn posting(node: Node<'_>, sources: &Sources) -> Option<PostingRule> {
    node.only(&["programme", "working_days", "days", "source", "document", "clause", "certainty"]);
    let programme = match node.value("programme") {
        None => None,
        Some(_) => Some(code(node, "programme", Programme::ALL, Programme::code)?),
    };
    let (working, any) = (node.opt_u16("working_days"), node.opt_u16("days"));
    let length = match (working, any) {
        (Some(days), None) if days > 0 => PostingLength::WorkingDays(u32::from(days)),
        (None, Some(days)) if days > 0 => PostingLength::Days(u32::from(days)),
        _ => {
            node.fault(
                "working_days",
                "working_days 和 days 必须且只能写一项，且大于 0",
                "exactly one of working_days and days, above 0",
            );
            return None;
        }
    };
    Some(PostingRule { programme, length, origin: sources.origin(node)? })
}
