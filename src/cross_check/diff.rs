//! Two runs of one place and term compared: what is new, what is gone, what changed. Pure.

use std::collections::HashMap;

use super::sighting_store::Facts;
use crate::values::closed_list::closed_list;

closed_list! {
    /// How a finding differs between two runs (变化).
    pub enum Change {
        New = "new", "新增", "new";
        Gone = "gone", "消失", "gone";
        Changed = "changed", "变化", "changed";
    }
}

/// One finding that differs: its position in the run that shows it (the earlier one for what is gone), and
/// its facts before, where it was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// How.
    pub change: Change,
    /// Position in the later run, or in the earlier for what is gone.
    pub position: i64,
    /// Facts in the earlier run of what changed.
    pub before: Option<Facts>,
}

/// What differs: first the new and the changed in the order of the later run, then the gone in the order
/// of the earlier.
pub fn diff(earlier: Vec<(String, Facts, i64)>, later: Vec<(String, Facts, i64)>) -> Vec<Differing> {
    let mut before: HashMap<String, (Facts, i64)> =
        earlier.into_iter().map(|(id, facts, position)| (id, (facts, position))).collect();
    let mut differing = Vec::new();
    for (id, facts, position) in later {
        match before.remove(&id) {
            None => differing.push(Differing { change: Change::New, position, before: None }),
            Some((then, _)) if then == facts => {}
            Some((then, _)) => {
                differing.push(Differing { change: Change::Changed, position, before: Some(then) });
            }
        }
    }
    let mut gone: Vec<i64> = before.into_values().map(|(_, position)| position).collect();
    gone.sort_unstable();
    differing.extend(gone.into_iter().map(|position| Differing {
        change: Change::Gone,
        position,
        before: None,
    }));
    differing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(id: &str, fen: i64, position: i64) -> (String, Facts, i64) {
        (id.to_owned(), (None, None, fen, "{}".to_owned()), position)
    }

    #[test]
    fn new_changed_gone_and_the_same() {
        let earlier = vec![seen("a", 1, 1), seen("b", 2, 2), seen("c", 3, 3)];
        let later = vec![seen("b", 2, 1), seen("c", 4, 2), seen("d", 5, 3)];
        let found: Vec<_> = diff(earlier.clone(), later)
            .into_iter()
            .map(|d| (d.change, d.position, d.before.map(|f| f.2)))
            .collect();
        assert_eq!(found, [(Change::Changed, 2, Some(3)), (Change::New, 3, None), (Change::Gone, 1, None)]);
        assert_eq!(diff(earlier.clone(), earlier), []);
        assert_eq!(diff(Vec::new(), Vec::new()), []);
    }
}
