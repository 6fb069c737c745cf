//! What may happen to a list version, and the difference of two. Pure.

use std::collections::BTreeMap;

use super::model::{Difference, List, ListState};
use crate::error::{Code, Error, Result};
use crate::values::Text;

/// Whether rows may still be added.
pub fn may_take_rows(list: &List) -> Result<()> {
    match list.state {
        ListState::Draft => Ok(()),
        _ => Err(conflict(
            "只有草稿状态的名单可以追加数据；请新建一个版本",
            "only a draft takes rows; send the file as a new version",
        )),
    }
}

/// Draft → checked. A list without entries cannot be checked.
pub fn may_check(list: &List) -> Result<()> {
    match list.state {
        ListState::Draft if list.entries == 0 => Err(conflict(
            "名单没有任何有效数据，不能核对",
            "the list has no entries, so there is nothing to check",
        )),
        ListState::Draft => Ok(()),
        ListState::Checked => Err(conflict("名单已经核对过", "the list has been checked already")),
        ListState::Locked | ListState::Superseded => {
            Err(conflict("名单已锁定，不能再改", "the list is locked and cannot change"))
        }
    }
}

/// Checked → locked, by someone other than `senders`, who sent its entries in.
pub fn may_lock(list: &List, senders: &[String], by: &str) -> Result<()> {
    match list.state {
        ListState::Draft => Err(conflict("请先核对名单，再锁定", "check the list before locking it")),
        ListState::Locked | ListState::Superseded => {
            Err(conflict("名单已经锁定", "the list is locked already"))
        }
        ListState::Checked if senders.iter().any(|sender| sender == by) => Err(Error::new(
            Code::SamePerson,
            Text::fixed(
                "上报名单的人不能锁定同一名单，请由另一人锁定",
                "who sent the list in may not lock it; another person must",
            ),
        )),
        ListState::Checked => Ok(()),
    }
}

fn conflict(zh: &'static str, en: &'static str) -> Error {
    Error::new(Code::Conflict, Text::fixed(zh, en))
}

/// The differences of two versions by person, the older first. Each side maps a person to what the
/// entry says (its fingerprint).
pub fn difference(
    older: &BTreeMap<String, String>,
    newer: &BTreeMap<String, String>,
) -> Vec<(String, Difference)> {
    let mut found: Vec<(String, Difference)> = Vec::new();
    for (person, says) in newer {
        match older.get(person) {
            None => found.push((person.clone(), Difference::Added)),
            Some(said) if said != says => found.push((person.clone(), Difference::Changed)),
            Some(_) => {}
        }
    }
    found.extend(older.keys().filter(|p| !newer.contains_key(*p)).map(|p| (p.clone(), Difference::Removed)));
    found.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn list(state: ListState) -> List {
        let day = NaiveDate::from_ymd_opt(2025, 8, 1).unwrap();
        List {
            list_id: "l".into(),
            place: "341024".into(),
            term: "2025A".into(),
            version: 1,
            state,
            valid_from: day,
            entries: 3,
            digest: None,
            import_id: "i".into(),
            recorded_by: "maker".into(),
            recorded_at: day.into(),
            checked_by: None,
            checked_at: None,
            locked_by: None,
            locked_at: None,
            superseded_by: None,
            superseded_at: None,
        }
    }

    fn senders() -> Vec<String> {
        vec!["maker".to_owned(), "adder".to_owned()]
    }

    #[test]
    fn a_version_only_moves_forward() {
        use ListState::{Checked, Draft, Locked, Superseded};
        for (state, rows, check, lock) in [
            (Draft, true, true, false),
            (Checked, false, false, true),
            (Locked, false, false, false),
            (Superseded, false, false, false),
        ] {
            let list = list(state);
            assert_eq!(may_take_rows(&list).is_ok(), rows, "{state}");
            assert_eq!(may_check(&list).is_ok(), check, "{state}");
            assert_eq!(may_lock(&list, &senders(), "other").is_ok(), lock, "{state}");
        }
    }

    #[test]
    fn an_empty_list_is_not_checked_and_no_sender_locks() {
        let empty = List { entries: 0, ..list(ListState::Draft) };
        assert_eq!(may_check(&empty).unwrap_err().code, Code::Conflict);
        for sender in senders() {
            let refused = may_lock(&list(ListState::Checked), &senders(), &sender).unwrap_err();
            assert_eq!(refused.code, Code::SamePerson, "{sender}");
        }
    }

    #[test]
    fn versions_differ_by_added_removed_and_changed() {
        let side = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let found = difference(
            &side(&[("p1", "x"), ("p2", "x"), ("p3", "x")]),
            &side(&[("p1", "x"), ("p3", "y"), ("p4", "x")]),
        );
        assert_eq!(
            found,
            [
                ("p4".to_owned(), Difference::Added),
                ("p2".to_owned(), Difference::Removed),
                ("p3".to_owned(), Difference::Changed)
            ]
        );
    }
}
