//! Check characters, dates, upgrades and area names against what independent libraries say of the same
//! invented numbers. Each file in `vectors/` names the tools, their versions and the seed.

#[cfg(test)]
mod vectors {
    use chrono::NaiveDate;
    use yingzhu::values::{BankCard, ResidentId, area};

    fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
        text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').collect())
    }

    #[test]
    fn ids_are_read_and_refused_as_two_other_libraries_do() {
        let mut told = [0, 0];
        for row in rows(include_str!("vectors/resident_ids.csv")) {
            let [kind, text, sound, valid, birth, sex] = row.as_slice() else { panic!("{row:?}") };
            // Both take a birth in the 1800s; no pupil or guardian has one.
            let too_old = text.get(6..8) == Some("18");
            let parsed = ResidentId::parse(text);
            assert_eq!(parsed.is_ok(), *sound == "1" && !too_old, "{kind} {text}");
            told[usize::from(parsed.is_ok())] += 1;
            let Ok(parsed) = parsed else { continue };
            assert!(parsed.changes.is_empty());
            if *valid == "1" {
                let day = parsed.value.birth_date();
                assert_eq!(day.format("%Y%m%d").to_string(), birth.replace('-', ""), "{text}");
                assert_eq!(parsed.value.sex().code(), *sex, "{text}");
            } else {
                // id-validator refuses an area that never was; here it is a remark.
                assert!(!area::known(parsed.value.area_code()), "{text}");
            }
        }
        assert!(told[0] > 100 && told[1] > 100, "{told:?}");
    }

    #[test]
    fn old_numbers_are_upgraded_alike() {
        for row in rows(include_str!("vectors/old_ids.csv")) {
            let [old, new] = row.as_slice() else { panic!("{row:?}") };
            assert_eq!(
                ResidentId::parse(old).map(|p| p.value.as_str().to_owned()).as_deref(),
                Ok(*new),
                "{old}"
            );
        }
    }

    #[test]
    fn card_numbers_pass_or_fail_alike() {
        for row in rows(include_str!("vectors/cards.csv")) {
            let [number, valid] = row.as_slice() else { panic!("{row:?}") };
            assert_eq!(BankCard::parse(number).is_ok(), *valid == "1", "{number}");
        }
    }

    #[test]
    fn area_codes_have_the_same_names_in_the_same_years() {
        let (mut named, mut unnamed) = (0, 0);
        for row in rows(include_str!("vectors/areas.csv")) {
            let [code, year, name] = row.as_slice() else { panic!("{row:?}") };
            let ours = area::name(code, &NaiveDate::from_ymd_opt(year.parse().unwrap(), 6, 15).unwrap());
            assert_eq!(ours.unwrap_or_default(), *name, "{code} {year}");
            if name.is_empty() { unnamed += 1 } else { named += 1 }
        }
        assert!(named > 100 && unnamed > 20, "{named} {unnamed}");
    }
}
