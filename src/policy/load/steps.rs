//! `steps.toml`: what a person can provide, who provides it, and what it establishes.

use super::predicate::{Definitions, pred};
use super::reader::Node;
use super::sources::Sources;
use crate::policy::condition::Pred;
use crate::policy::known::Proof;
use crate::policy::programme::ProgrammeRules;
use crate::policy::steps::{MOST_STEPS, Step};

/// Reads the file and marks on every condition which steps bear on it.
pub(super) fn steps(
    node: Node<'_>,
    defined: &Definitions,
    sources: &Sources,
    proofs: &[Proof],
    programmes: &mut [ProgrammeRules],
) -> Vec<Step> {
    node.only(&["step"]);
    let mut steps: Vec<Step> = Vec::new();
    for entry in node.tables("step") {
        let Some(read) = step(entry, defined, sources) else { continue };
        if steps.iter().any(|s| s.code == read.code) {
            entry.fault("code", "代码重复", "the code is already used");
        }
        for proof in proofs.iter().filter(|p| p.category & read.categories != 0) {
            if read.papers & (proof.direct | proof.with_proof) == 0 {
                entry.fault(
                    "gives",
                    "该困难类型须有凭证，这里没有给出任何一种凭证",
                    "this category needs proof, and the step brings none",
                );
            }
        }
        let asked = programmes.iter().flat_map(|p| &p.conditions).any(|c| read.bears_on(&c.test));
        if !asked {
            entry.fault("gives", "没有任何条件用到这些事实", "no condition asks about any of this");
        }
        if steps.len() == MOST_STEPS {
            entry.fault(
                "code",
                format!("最多 {MOST_STEPS} 条"),
                format!("a pack has at most {MOST_STEPS} steps"),
            );
            break;
        }
        steps.push(read);
    }
    for condition in programmes.iter_mut().flat_map(|p| &mut p.conditions) {
        condition.steps = steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.bears_on(&condition.test))
            .fold(0, |set, (at, _)| set | (1 << at));
    }
    steps
}

fn step(node: Node<'_>, defined: &Definitions, sources: &Sources) -> Option<Step> {
    node.only(&[
        "code",
        "when",
        "from",
        "to",
        "gives",
        "who",
        "says",
        "source",
        "document",
        "clause",
        "certainty",
    ]);
    let code = node.str("code");
    let offered = match node.opt_table("when") {
        Some(when) => pred(when, defined),
        None => Some(Pred::Always),
    };
    if node.value("gives").is_none() {
        node.fault("gives", "缺少所能证明的事实", "what it establishes is missing");
    }
    let gives = node.opt_table("gives").and_then(|gives| pred(gives, defined));
    let (period, origin) = (node.period(), sources.origin(node));
    let (who, says) = (node.text("who"), node.text("says"));
    let mut step = Step {
        code: code?.to_owned(),
        offered: offered?,
        period,
        categories: 0,
        papers: 0,
        settles: Vec::new(),
        who: who?,
        says: says?,
        origin: origin?,
    };
    let parts = match gives? {
        Pred::All(parts) => parts.into_vec(),
        one => vec![one],
    };
    for part in parts {
        match part {
            Pred::AnyCategory(set) => step.categories |= set,
            Pred::AnyEvidence(set) => step.papers |= set,
            Pred::OneOf(fact, set) => step.settles.push((fact, set)),
            _ => {
                node.fault(
                    "gives",
                    "只能列出事实及其取值，不能写条件组",
                    "only facts with their values may stand here, no groups",
                );
                return None;
            }
        }
    }
    Some(step)
}
