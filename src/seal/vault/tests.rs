//! The vault on a real SQLite file: who is the same person, what is kept, and that nothing of it can be
//! read from the file.

use std::collections::HashSet;
use std::path::PathBuf;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use proptest::prelude::*;

use super::*;
use crate::db::{DatabaseUrl, Db, on};
use crate::error::{Code, Error};
use crate::schema::{person, person_name};
use crate::seal::{KeyRing, Sealer};
use crate::values::clock::PersonIds;

struct House {
    folder: tempfile::TempDir,
    db: Db,
    ring: KeyRing,
    sealer: Sealer,
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("vault.db").to_str().unwrap().to_owned());
    let db = Db::connect(&url, 2).unwrap();
    db.migrate().unwrap();
    let ring = KeyRing::generate().unwrap();
    let sealer = Sealer::new(&ring).unwrap();
    House { folder, db, ring, sealer }
}

impl House {
    fn ready(&self, people: &[Incoming]) -> Vec<Arrival> {
        let mut ids = PersonIds::new();
        people.iter().map(|one| Arrival::prepare(&self.sealer, &mut ids, one.clone()).unwrap()).collect()
    }

    /// Who they are, whether or not they were known before.
    fn enter(&self, people: &[Incoming]) -> Vec<PersonRef> {
        let refs = self.db.write_now(|conn| enter(conn, &self.sealer, self.ready(people), now())).unwrap();
        refs.into_iter().map(|one| PersonRef { created: false, ..one }).collect()
    }

    fn created(&self, people: &[Incoming]) -> Vec<bool> {
        let refs = self.db.write_now(|conn| enter(conn, &self.sealer, self.ready(people), now())).unwrap();
        refs.iter().map(|one| one.created).collect()
    }

    fn reveal(&self, person_id: &str) -> Revealed {
        self.db
            .read_now(|conn| reveal(conn, &self.sealer, &[person_id]))
            .unwrap()
            .remove(person_id)
            .unwrap_or_default()
    }

    fn counts(&self) -> (i64, i64) {
        self.db
            .read_now(|conn| {
                Ok((person::table.count().get_result(conn)?, person_name::table.count().get_result(conn)?))
            })
            .unwrap()
    }

    fn version(&self, person_id: &str) -> i64 {
        self.db
            .read_now(|conn| Ok(person::table.find(person_id).select(person::row_version).first(conn)?))
            .unwrap()
    }
}

fn now() -> NaiveDateTime {
    chrono::NaiveDate::from_ymd_opt(2025, 9, 1).unwrap().and_hms_opt(8, 0, 0).unwrap()
}

fn one(id: Option<&str>, number: Option<&str>, name: &str) -> Incoming {
    Incoming {
        id: id.map(str::to_owned),
        student_number: number.map(str::to_owned),
        name_normal: name.to_owned(),
        name_entered: format!("{name} "),
        phone: None,
    }
}

const ID_A: &str = "341024200501010011";
const ID_B: &str = "341024200501010038";
const NUMBER: &str = "G341024200501010011";

#[test]
fn who_was_unknown_until_now_is_told_and_gets_every_name() {
    let house = house();
    let (a, b) = (one(Some(ID_A), None, "张三"), one(Some(ID_B), None, "李四"));
    assert_eq!(house.created(&[a.clone(), one(Some(ID_A), None, "张珊")]), [true, true]);
    assert_eq!(house.counts(), (1, 2));
    assert_eq!(house.created(&[a, b]), [false, true]);
    assert_eq!(house.counts(), (2, 3));
}

#[test]
fn the_same_person_is_one_row_within_and_across_calls() {
    let house = house();
    let people =
        [one(Some(ID_A), None, "张三"), one(Some(ID_B), None, "李四"), one(Some(ID_A), None, "张三")];
    let first = house.enter(&people);
    assert_eq!(first[0], first[2]);
    assert_ne!(first[0].person_id, first[1].person_id);
    assert_eq!(house.enter(&people), first);
    assert_eq!(house.counts(), (2, 2));
    assert_eq!(house.version(&first[0].person_id), 1);
}

#[test]
fn another_name_is_another_spelling_of_one_person() {
    let house = house();
    let refs = house.enter(&[one(Some(ID_A), None, "张三"), one(Some(ID_A), None, "张叁")]);
    assert_eq!(refs[0].person_id, refs[1].person_id);
    assert_ne!(refs[0].name_id, refs[1].name_id);
    let person = &refs[0].person_id;
    house
        .db
        .read_now(|conn| {
            let sealer = &house.sealer;
            assert_eq!(name_matches(conn, sealer, person, "张三")?, vec![refs[0].name_id.clone()]);
            assert!(has_name(conn, sealer, person, "张叁")?);
            assert!(!has_name(conn, sealer, person, "王五")?);
            assert!(!has_name(conn, sealer, "nobody", "张三")?);
            // Shown as entered, matched as normalised.
            let names = reveal_names(conn, sealer, &[refs[0].name_id.clone(), "no such".to_owned()])?;
            assert_eq!(names, [(refs[0].name_id.clone(), "张三 ".to_owned())].into());
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_student_number_finds_who_has_no_id_yet_and_takes_the_id_later() {
    let house = house();
    let by_number = house.enter(&[one(None, Some(NUMBER), "张三")]);
    let person = &by_number[0].person_id;
    assert_eq!(house.reveal(person).id, None);
    let with_both = house.enter(&[one(Some(ID_A), Some(NUMBER), "张三")]);
    assert_eq!(with_both, by_number);
    assert_eq!(house.version(person), 2);
    let expected = Revealed { id: Some(ID_A.into()), student_number: Some(NUMBER.into()), phone: None };
    assert_eq!(house.reveal(person), expected);
    assert_eq!(house.enter(&[one(Some(ID_A), None, "张三")]), by_number);
    // All three in one call, in any order, are one person too.
    let other = self::house();
    let refs = other.enter(&[
        one(None, Some(NUMBER), "张三"),
        one(Some(ID_A), Some(NUMBER), "张三"),
        one(Some(ID_A), None, "张三"),
    ]);
    assert_eq!(refs.iter().map(|r| &r.person_id).collect::<HashSet<_>>().len(), 1);
    assert_eq!(other.counts(), (1, 1));
}

#[test]
fn two_ids_are_never_one_person_because_of_a_number() {
    let house = house();
    let refs = house.enter(&[one(Some(ID_A), Some(NUMBER), "张三"), one(Some(ID_B), Some(NUMBER), "李四")]);
    assert_ne!(refs[0].person_id, refs[1].person_id);
    // The number stays with who had it first, and the other still shows what was entered.
    assert_eq!(house.enter(&[one(None, Some(NUMBER), "张三")])[0], refs[0]);
    assert_eq!(house.reveal(&refs[1].person_id).student_number.as_deref(), Some(NUMBER));
    // A known id keeps its first number.
    house.enter(&[one(Some(ID_A), Some("G99"), "张三")]);
    assert_eq!(house.reveal(&refs[0].person_id).student_number.as_deref(), Some(NUMBER));
    assert_eq!(house.counts(), (2, 2));
}

#[test]
fn the_phone_entered_last_is_kept() {
    let house = house();
    let with =
        |phone: Option<&str>| Incoming { phone: phone.map(str::to_owned), ..one(Some(ID_A), None, "张三") };
    let person = house.enter(&[with(Some("13800000001"))])[0].person_id.clone();
    house.enter(&[with(Some("13800000001")), with(None)]);
    assert_eq!((house.reveal(&person).phone.as_deref(), house.version(&person)), (Some("13800000001"), 1));
    house.enter(&[with(Some("13800000002"))]);
    assert_eq!((house.reveal(&person).phone.as_deref(), house.version(&person)), (Some("13800000002"), 2));
}

#[test]
fn somebody_without_id_and_number_is_refused_and_nothing_of_the_call_stays() {
    let house = house();
    let people = [one(Some(ID_A), None, "张三"), one(None, None, "李四")];
    let error: Error =
        house.db.write_now(|conn| enter(conn, &house.sealer, house.ready(&people), now())).unwrap_err();
    assert_eq!(error.code, Code::InvalidInput);
    assert_eq!(house.counts(), (0, 0));
}

#[test]
fn ids_and_numbers_are_found_and_strangers_are_not() {
    let house = house();
    let refs = house.enter(&[one(Some(ID_A), Some(NUMBER), "张三")]);
    house
        .db
        .read_now(|conn| {
            let sealer = &house.sealer;
            assert_eq!(find(conn, sealer, ID_A)?.as_ref(), Some(&refs[0].person_id));
            assert_eq!(find(conn, sealer, ID_B)?, None);
            // An id is not found as a number, nor the other way about.
            assert_eq!(find(conn, sealer, NUMBER)?, None);
            assert!(find_many_by_number(conn, sealer, &[ID_A])?.is_empty());
            let many = find_many(conn, sealer, &[ID_B, ID_A, ID_A])?;
            assert_eq!(many, [(ID_A.to_owned(), refs[0].person_id.clone())].into());
            let numbers = find_many_by_number(conn, sealer, &[NUMBER])?;
            assert_eq!(numbers[NUMBER], refs[0].person_id);
            // Who has other keys finds nobody.
            let stranger = Sealer::new(&KeyRing::generate()?)?;
            assert_eq!(find(conn, &stranger, ID_A)?, None);
            assert!(reveal(conn, &stranger, &[&refs[0].person_id]).is_err());
            Ok(())
        })
        .unwrap();
}

#[test]
fn more_people_than_a_chunk_come_back_in_order() {
    let house = house();
    let people: Vec<_> =
        (0..1203).map(|i| one(Some(&format!("id{i:016}")), None, &format!("名{i}"))).collect();
    let refs = house.enter(&people);
    assert_eq!(refs.len(), people.len());
    assert_eq!(house.counts(), (1203, 1203));
    assert_eq!(house.enter(&people), refs);
    let ids: Vec<_> = people.iter().map(|one| one.id.clone().unwrap()).collect();
    let persons: Vec<_> = refs.iter().map(|r| r.person_id.clone()).collect();
    let names: Vec<_> = refs.iter().map(|r| r.name_id.clone()).collect();
    house
        .db
        .read_now(|conn| {
            let found = find_many(conn, &house.sealer, &ids)?;
            let revealed = reveal(conn, &house.sealer, &persons)?;
            let spelled = reveal_names(conn, &house.sealer, &names)?;
            for (i, one) in people.iter().enumerate() {
                assert_eq!(found[&ids[i]], persons[i]);
                assert_eq!(revealed[&persons[i]].id.as_ref(), Some(&ids[i]));
                assert_eq!(spelled[&names[i]], one.name_entered);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn accounts_are_shared_by_equal_numbers_only() {
    let house = house();
    let numbers: Vec<_> =
        ["6222020000000000", "6222020000000018", "6222020000000000"].map(String::from).into();
    let (first, second) = house
        .db
        .write_now(|conn| {
            let first = enter_accounts(conn, &house.sealer, &numbers, now())?;
            Ok((first, enter_accounts(conn, &house.sealer, &numbers, now())?))
        })
        .unwrap();
    assert_eq!(first, second);
    assert_eq!(first[0], first[2]);
    assert_ne!(first[0], first[1]);
    let shown = house.db.read_now(|conn| reveal_accounts(conn, &house.sealer, &first)).unwrap();
    assert_eq!(shown[&first[1]], numbers[1]);
    assert_eq!(shown.len(), 2);
}

#[test]
fn a_ciphertext_put_into_another_row_does_not_open() {
    let house = house();
    let refs = house.enter(&[one(Some(ID_A), None, "张三"), one(Some(ID_B), None, "李四")]);
    let (a, b) = (&refs[0].person_id, &refs[1].person_id);
    house
        .db
        .write_now(|conn| {
            let stolen: Option<Vec<u8>> = person::table.find(a).select(person::id_ct).first(conn)?;
            diesel::update(person::table.find(b)).set(person::id_ct.eq(stolen)).execute(conn)?;
            Ok(())
        })
        .unwrap();
    let error = house.db.read_now(|conn| reveal(conn, &house.sealer, &[b])).unwrap_err();
    assert!(error.to_string().contains("person.id_ct"));
    assert_eq!(house.reveal(a).id.as_deref(), Some(ID_A));
}

#[test]
fn a_ciphertext_put_into_another_column_does_not_open() {
    let whole = Incoming { phone: Some("13800000001".into()), ..one(Some(ID_A), Some(NUMBER), "张三") };
    for (to, from) in [
        ("id_ct", "number_ct"),
        ("id_ct", "phone_ct"),
        ("number_ct", "id_ct"),
        ("number_ct", "phone_ct"),
        ("phone_ct", "id_ct"),
        ("phone_ct", "number_ct"),
    ] {
        let house = house();
        let person = house.enter(std::slice::from_ref(&whole))[0].person_id.clone();
        assert_eq!(house.reveal(&person).phone, whole.phone);
        let swap = format!("UPDATE person SET {to} = {from}");
        house.db.write_now(|conn| Ok(on!(conn => diesel::sql_query(&swap).execute(conn))?)).unwrap();
        assert!(house.db.read_now(|conn| reveal(conn, &house.sealer, &[&person])).is_err(), "{swap}");
    }
}

#[test]
fn rows_of_an_older_key_open_after_rotation_and_keep_its_mark() {
    let mut house = house();
    let refs = house.enter(&[one(None, Some(NUMBER), "张三")]);
    house.ring.rotate("k2").unwrap();
    house.sealer = Sealer::new(&house.ring).unwrap();
    // The id is sealed under the new key into a row that still holds a value of the old one.
    assert_eq!(house.enter(&[one(Some(ID_A), Some(NUMBER), "张三")]), refs);
    house.enter(&[one(Some(ID_B), None, "李四")]);
    let revealed = house.reveal(&refs[0].person_id);
    assert_eq!((revealed.id.as_deref(), revealed.student_number.as_deref()), (Some(ID_A), Some(NUMBER)));
    let mut marks: Vec<String> =
        house.db.read_now(|conn| Ok(person::table.select(person::key_id).load(conn)?)).unwrap();
    marks.sort();
    assert_eq!(marks, ["k1", "k2"]);
}

#[test]
fn the_tables_refuse_what_could_never_be_found_again() {
    let house = house();
    house.enter(&[one(Some(ID_A), None, "张三")]);
    for change in [
        "UPDATE person SET id_bidx = NULL, id_ct = NULL",
        "UPDATE person SET id_ct = NULL",
        "UPDATE person SET id_bidx = x'00'",
        "UPDATE person_name SET person_id = 'nobody'",
        "DELETE FROM person",
    ] {
        let outcome = house.db.write_now(|conn| Ok(on!(conn => diesel::sql_query(change).execute(conn))?));
        assert!(outcome.is_err(), "{change}");
    }
}

#[test]
fn nothing_of_a_person_is_in_the_files_in_clear() {
    let house = house();
    let canary = Incoming {
        id: Some("110105194912310038".into()),
        student_number: Some("G110105194912310038".into()),
        name_normal: "欧阳金丝雀".into(),
        name_entered: "欧阳·金丝雀".into(),
        phone: Some("13911112222".into()),
    };
    house.enter(std::slice::from_ref(&canary));
    house
        .db
        .write_now(|conn| enter_accounts(conn, &house.sealer, &["6222021234567890123".into()], now()))
        .unwrap();
    let mut scanned: Vec<PathBuf> = Vec::new();
    for file in std::fs::read_dir(house.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
        for text in ["110105194912310038", "欧阳", "金丝雀", "13911112222", "6222021234567890123", "19491231"]
        {
            assert!(!holds(text), "{text} in {path:?}");
        }
        if holds("person_name") {
            scanned.push(path);
        }
    }
    // The scan did look at the database: its schema is found where people are not.
    assert!(!scanned.is_empty());
    assert!(!format!("{canary:?}").contains("1101") && !format!("{canary:?}").contains("金"));
}

#[test]
fn the_vault_comes_and_goes_with_its_migration() {
    let house = house();
    let down = house.db.revert_all().unwrap();
    assert_eq!(house.db.migrate().unwrap(), down);
    assert_eq!(house.counts(), (0, 0));
}

/// People of whom some are known under the number alone, and a later row tells their id: what a sheaf of rows
/// entered at once must not get wrong.
#[test]
fn rows_that_depend_on_each_other_are_one_person_within_a_sheaf() {
    let house = house();
    let known = one(Some(ID_A), None, "张三");
    let before = house.enter(std::slice::from_ref(&known));
    let strangers =
        |from: usize| (from..from + 7).map(|n| one(Some(&format!("stranger{n:010}")), None, "名"));
    // The known id brings a number, and a later row of the same sheaf has that number alone.
    let people: Vec<_> = strangers(0)
        .chain([one(Some(ID_A), Some(NUMBER), "张三")])
        .chain(strangers(7))
        .chain([one(None, Some(NUMBER), "张三")])
        .collect();
    assert_eq!(people.len(), 16);
    let refs = house.enter(&people);
    assert_eq!((&refs[7].person_id, &refs[15].person_id), (&before[0].person_id, &before[0].person_id));
    assert_eq!(house.counts(), (15, 15));
    assert_eq!(house.reveal(&before[0].person_id).student_number.as_deref(), Some(NUMBER));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Many at once are the same people as one after another, with the same held of each.
    #[test]
    fn many_at_once_are_the_same_people_as_one_by_one(
        rows in prop::collection::vec((prop::option::of(0..40_u8), prop::option::of(0..40_u8)), 1..60),
        before in prop::collection::vec((0..40_u8, prop::option::of(0..40_u8)), 0..4),
    ) {
        let person = |(id, number): (Option<u8>, Option<u8>)| {
            let (id, number) = (id.map(|n| format!("id{n:016}")), number.map(|n| format!("G{n}")));
            one(id.as_deref(), number.as_deref(), "名")
        };
        let before: Vec<_> = before.into_iter().map(|(id, number)| person((Some(id), number))).collect();
        let people: Vec<_> =
            rows.into_iter().filter(|(id, number)| id.is_some() || number.is_some()).map(person).collect();
        let (at_once, by_one) = (house(), house());
        at_once.enter(&before);
        by_one.enter(&before);
        let refs = at_once.enter(&people);
        let singly: Vec<_> = people.iter().map(|one| by_one.enter(std::slice::from_ref(one)).remove(0)).collect();
        prop_assert_eq!(at_once.counts(), by_one.counts());
        for (i, one) in refs.iter().enumerate() {
            for (j, other) in refs.iter().enumerate() {
                prop_assert_eq!(one.person_id == other.person_id, singly[i].person_id == singly[j].person_id);
            }
            let (held, expected) = (at_once.reveal(&one.person_id), by_one.reveal(&singly[i].person_id));
            prop_assert_eq!((&held.id, &held.student_number), (&expected.id, &expected.student_number));
        }
    }

    /// However rows are mixed and cut into calls, an id is one person, and two ids are two.
    #[test]
    fn an_id_is_one_person_however_the_rows_come(
        rows in prop::collection::vec((0..5_u8, prop::option::of(0..5_u8)), 1..30),
        cut in any::<prop::sample::Index>(),
    ) {
        let house = house();
        let people: Vec<_> = rows
            .iter()
            .map(|(id, number)| {
                let number = number.map(|n| format!("G{n}"));
                one(Some(&format!("id{id:016}")), number.as_deref(), "名")
            })
            .collect();
        let (head, tail) = people.split_at(cut.index(people.len()));
        let mut refs = house.enter(head);
        refs.extend(house.enter(tail));
        for (i, a) in people.iter().enumerate() {
            for (j, b) in people.iter().enumerate() {
                prop_assert_eq!(a.id == b.id, refs[i].person_id == refs[j].person_id);
            }
            let revealed = house.reveal(&refs[i].person_id);
            prop_assert_eq!(&revealed.id, &a.id);
        }
    }
}
