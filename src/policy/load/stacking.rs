//! `stacking.toml`: which programmes combine and which exclude each other, and that nothing is left open.

use super::reader::Node;
use super::rules::code;
use super::sources::Sources;
use crate::policy::programme::ProgrammeRules;
use crate::policy::stacking::{Combination, Exclusion, Stacking, gives_way};
use crate::values::Programme;

/// Reads the file and puts each exclusion's condition on the programme that gives way.
pub(super) fn stacking(node: Node<'_>, sources: &Sources, programmes: &mut [ProgrammeRules]) -> Stacking {
    node.only(&["combination", "exclusion"]);
    let combinations: Vec<Combination> =
        node.tables("combination").into_iter().filter_map(|n| combination(n, sources, programmes)).collect();
    let mut stacking = Stacking { combinations, exclusions: Vec::new() };
    for entry in node.tables("exclusion") {
        let Some(read) = exclusion(entry, sources) else { continue };
        if let Some(sound) = apply(entry, read, &stacking, programmes) {
            stacking.exclusions.push(sound);
        }
    }
    every_pair(node, &stacking, programmes);
    stacking
}

fn combination(node: Node<'_>, sources: &Sources, programmes: &[ProgrammeRules]) -> Option<Combination> {
    node.only(&["programmes", "from", "to", "source", "document", "clause", "certainty", "says"]);
    let mut named = Vec::new();
    for word in node.strs("programmes") {
        match Programme::from_code(word).filter(|p| programmes.iter().any(|r| r.programme == *p)) {
            Some(programme) => named.push(programme),
            None => node.fault(
                "programmes",
                format!("本政策包没有项目 {word}"),
                format!("this pack has no programme {word}"),
            ),
        }
    }
    if named.len() < 2 {
        node.fault("programmes", "至少要有两个项目", "at least two programmes are needed");
    }
    let (period, origin, says) = (node.period(), sources.origin(node), node.text("says"));
    Some(Combination { programmes: named, period, origin: origin?, says: says? })
}

fn exclusion(node: Node<'_>, sources: &Sources) -> Option<Exclusion> {
    node.only(&["code", "keep", "drop", "from", "to", "source", "document", "clause", "certainty", "says"]);
    let own = node.str("code");
    let keep = code(node, "keep", Programme::ALL, Programme::code);
    let drop = code(node, "drop", Programme::ALL, Programme::code);
    let (period, origin, says) = (node.period(), sources.origin(node), node.text("says"));
    Some(Exclusion { code: own?.to_owned(), keep: keep?, drop: drop?, period, origin: origin?, says: says? })
}

fn apply(
    node: Node<'_>,
    exclusion: Exclusion,
    before: &Stacking,
    programmes: &mut [ProgrammeRules],
) -> Option<Exclusion> {
    if exclusion.keep == exclusion.drop {
        node.fault("drop", "不能与自身互斥", "a programme cannot exclude itself");
        return None;
    }
    // What stays must be settled before others give way to it, or two could wait for each other.
    if before.exclusions.iter().any(|e| e.keep == exclusion.drop) {
        node.fault(
            "drop",
            "该项目在前面的互斥中是保留方，请把本条移到那条之前",
            "the programme stays in an exclusion above: put this one before it",
        );
        return None;
    }
    let both = [exclusion.keep, exclusion.drop];
    if before
        .combinations
        .iter()
        .any(|c| both.iter().all(|p| c.programmes.contains(p)) && c.period.overlaps(&exclusion.period))
    {
        node.fault("drop", "这两个项目又被列为可叠加", "the two are also said to combine");
    }
    let keep = programmes.iter().find(|p| p.programme == exclusion.keep);
    let condition = keep.map(|keep| gives_way(&exclusion, keep));
    let drop = programmes.iter_mut().find(|p| p.programme == exclusion.drop);
    let (Some(condition), Some(drop)) = (condition, drop) else {
        node.fault("keep", "本政策包没有这个项目", "this pack has no such programme");
        return None;
    };
    if drop.conditions.iter().any(|c| c.code == condition.code) {
        node.fault("code", "该项目已有同名条件", "the programme already has a condition of this name");
    }
    drop.conditions.push(condition);
    Some(exclusion)
}

/// Two programmes for one stage must be said to combine or to exclude each other.
fn every_pair(node: Node<'_>, stacking: &Stacking, programmes: &[ProgrammeRules]) {
    for (at, one) in programmes.iter().enumerate() {
        for other in programmes.iter().skip(at + 1).filter(|o| o.stages & one.stages != 0) {
            let both = [one.programme, other.programme];
            let combined =
                stacking.combinations.iter().any(|c| both.iter().all(|p| c.programmes.contains(p)));
            let excluded =
                stacking.exclusions.iter().any(|e| both.contains(&e.keep) && both.contains(&e.drop));
            if !combined && !excluded {
                node.fault(
                    "combination",
                    format!("没有说明 {} 与 {} 能否同时享受", one.programme, other.programme),
                    format!("nothing says whether {} and {} combine", one.programme, other.programme),
                );
            }
        }
    }
}
