//! What area codes are called, since when, and what became of them.
//!
//! The table beside this file (`area.tsv`, with its provenance) is embedded and read once. A person's id
//! carries the code of first registration for life, so codes that ended long ago are as good as today's:
//! an unknown or ended code is worth a remark, never a reason to refuse. Rows hold whole years, the state
//! at the end of each.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use chrono::{Datelike, NaiveDate};

use super::Place;
use super::cleaning::{Blanks, clean};

const SOURCE: &str = include_str!("area.tsv");

/// The longest chain of codes that one place had; more would be a circle in the table.
const LONGEST_CHAIN: usize = 6;

struct Area {
    code: &'static str,
    name: &'static str,
    /// First year; 0 when the code is older than the table.
    from: i32,
    /// The year of the end, exclusive.
    to: Option<i32>,
    successors: Vec<&'static str>,
}

struct Table {
    /// Ordered by code, then by first year.
    areas: Vec<Area>,
    by_name: HashMap<&'static str, Vec<usize>>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let areas: Vec<Area> = SOURCE.lines().filter(|l| !l.starts_with('#')).filter_map(area).collect();
        let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, area) in areas.iter().enumerate() {
            by_name.entry(area.name).or_default().push(index);
        }
        Table { areas, by_name }
    })
}

fn area(line: &'static str) -> Option<Area> {
    let mut fields = line.split('\t');
    let (code, name) = (fields.next()?, fields.next()?);
    let from = fields.next().and_then(|y| y.parse().ok()).unwrap_or(0);
    let to = fields.next().and_then(|y| y.parse().ok());
    let successors = fields.next().map(|s| s.split(',').collect()).unwrap_or_default();
    Some(Area { code, name, from, to, successors })
}

fn rows(code: &str) -> &'static [Area] {
    let areas = &table().areas;
    let start = areas.partition_point(|a| a.code < code);
    let end = areas.partition_point(|a| a.code <= code);
    areas.get(start..end).unwrap_or_default()
}

/// What a code of six digits was called on a date.
pub fn name(code: &str, on: &NaiveDate) -> Option<&'static str> {
    let year = on.year();
    rows(code).iter().find(|a| a.from <= year && a.to.is_none_or(|to| year < to)).map(|a| a.name)
}

/// Whether a code of six digits was ever in use.
pub fn known(code: &str) -> bool {
    !rows(code).is_empty()
}

/// Whether a code of six digits is in use today, as far as the table goes.
pub fn current(code: &str) -> bool {
    rows(code).iter().any(|a| a.to.is_none())
}

/// The year with which a code of six digits went out of use (exclusive); `None` when it is in use or was
/// never known.
pub fn ended(code: &str) -> Option<i32> {
    if current(code) { None } else { rows(code).iter().filter_map(|a| a.to).max() }
}

/// The codes that took the place of an ended one, whole; empty where it is in use, was split up or left
/// none.
pub fn successors(code: &str) -> &'static [&'static str] {
    rows(code).last().map_or(&[], |a| a.successors.as_slice())
}

/// The place that goes by a name today: `祁门县`, `黄山市`, or with what lies above it,
/// `安徽省黄山市祁门县`. A former name leads to the place of today. `None` where no place or more than one
/// has the name within the given place.
pub fn find(name: &str, within: Option<&Place>) -> Option<Place> {
    let (name, _) = clean(name, Blanks::All);
    for (start, _) in name.char_indices() {
        let (above, own) = name.split_at_checked(start)?;
        let Some(found) = table().by_name.get(own) else { continue };
        let areas = || found.iter().filter_map(|i| table().areas.get(*i));
        let today: BTreeSet<&str> = areas().filter(|a| a.to.is_none()).map(|a| a.code).collect();
        let former = || areas().flat_map(|a| today_of(a.code)).collect();
        for codes in [today, former()] {
            let mut places = codes
                .into_iter()
                .filter_map(|code| Place::parse(code).ok())
                .filter(|place| within.is_none_or(|w| w.contains(place)) && lies_below(place, above));
            match (places.next(), places.next()) {
                (Some(place), None) => return Some(place),
                (Some(_), Some(_)) => return None,
                _ => {}
            }
        }
    }
    None
}

/// The codes of today of an ended code.
fn today_of(code: &'static str) -> Vec<&'static str> {
    let mut codes = vec![code];
    for _ in 0..LONGEST_CHAIN {
        codes = codes
            .into_iter()
            .flat_map(|c| if current(c) { vec![c] } else { successors(c).to_vec() })
            .collect();
    }
    codes
}

/// Whether what was written before a name is empty or names what lies above the place, as a whole.
fn lies_below(place: &Place, above: &str) -> bool {
    let names = |length: usize| -> Vec<&'static str> {
        let code: String = place.six_digits().chars().take(length).collect();
        rows(&format!("{code:0<6}")).iter().map(|a| a.name).collect()
    };
    let after_province = names(2).into_iter().find_map(|n| above.strip_prefix(n)).unwrap_or(above);
    after_province.is_empty() || names(4).contains(&after_province)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(code: &str, year: i32) -> Option<&'static str> {
        name(code, &NaiveDate::from_ymd_opt(year, 6, 1).unwrap())
    }

    fn found(name: &str) -> Option<String> {
        find(name, None).map(|p| p.as_str().to_owned())
    }

    #[test]
    fn codes_have_their_names_in_their_years_and_no_others() {
        for (code, year, expected) in [
            ("342726", 1986, Some("祁门县")),
            ("342726", 1987, None),
            ("341024", 1987, Some("祁门县")),
            ("341024", 2025, Some("祁门县")),
            ("342727", 1982, Some("太平县")),
            ("340901", 1983, Some("黄山市")),
            ("340901", 1987, None),
            ("341003", 1987, Some("黄山区")),
            ("342422", 1998, Some("寿县")),
            ("341521", 2014, Some("寿县")),
            ("341521", 2015, None),
            ("340422", 2015, Some("寿县")),
            ("340823", 1987, None),
            ("340823", 2014, Some("枞阳县")),
            ("341400", 2010, Some("巢湖市")),
            ("341400", 2011, None),
            ("340222", 2019, Some("繁昌县")),
            ("340212", 2020, Some("繁昌区")),
            // The code of 湘潭市 meant 邵阳市 for two years.
            ("430300", 1981, Some("湘潭市")),
            ("430300", 1983, Some("邵阳市")),
            ("430300", 2017, Some("湘潭市")),
            // What changed after 2020.
            ("330103", 2020, Some("下城区")),
            ("330103", 2021, None),
            ("350405", 2021, Some("沙县区")),
            ("540481", 2022, None),
            ("540481", 2023, Some("米林市")),
            ("653229", 2024, Some("和安县")),
            ("659012", 2025, Some("白杨市")),
            ("340000", 2017, Some("安徽省")),
            ("999999", 2017, None),
            ("34", 2017, None),
        ] {
            assert_eq!(on(code, year), expected, "{code} {year}");
        }
    }

    #[test]
    fn an_ended_code_leads_to_what_took_its_place() {
        for (code, next) in [
            ("342726", &["341024"][..]),
            ("342727", &["340901"]),
            ("340901", &["341003"]),
            ("342422", &["341521"]),
            ("341521", &["340422"]),
            ("340823", &["340722"]),
            ("341402", &["340181"]),
            ("340222", &["340212"]),
            ("342401", &["341502", "341503"]),
            ("350427", &["350405"]),
            ("450127", &["450181"]),
            ("654223", &["654203"]),
            // Divided between two districts.
            ("330104", &[]),
            // Abolished as a city: nothing took its place whole.
            ("341400", &[]),
            ("341024", &[]),
            ("000000", &[]),
        ] {
            assert_eq!(successors(code), next, "{code}");
        }
    }

    #[test]
    fn legacy_codes_in_real_ids_are_known() {
        for code in ["440401", "140120", "341001", "810000", "820000", "830000"] {
            assert!(known(code), "{code}");
        }
        assert!(!known("341099") && !known("") && !known("3410240"));
    }

    #[test]
    fn a_place_is_found_by_its_name_if_only_one_has_it() {
        for (name, code) in [
            ("祁门县", Some("341024")),
            (" 祁门县 ", Some("341024")),
            ("黄山市", Some("3410")),
            ("安徽省", Some("34")),
            ("安徽省黄山市祁门县", Some("341024")),
            ("黄山市祁门县", Some("341024")),
            ("安徽省祁门县", Some("341024")),
            ("合肥市祁门县", None),
            ("江苏省祁门县", None),
            ("繁昌县", Some("340212")),
            ("太平县", Some("341003")),
            ("鼓楼区", None),
            ("市辖区", None),
            ("没有这个县", None),
            ("", None),
        ] {
            assert_eq!(found(name).as_deref(), code, "{name}");
        }
        let nanjing = Place::parse("3201").unwrap();
        assert_eq!(find("鼓楼区", Some(&nanjing)).unwrap().as_str(), "320106");
        let anhui = Place::parse("34").unwrap();
        assert_eq!(find("太平县", Some(&anhui)).unwrap().as_str(), "341003");
    }

    #[test]
    fn the_table_is_sound() {
        let areas = &table().areas;
        assert_eq!(areas.len(), SOURCE.lines().filter(|l| !l.starts_with('#')).count());
        for pair in areas.windows(2) {
            let ordered = (pair[0].code, pair[0].from) < (pair[1].code, pair[1].from);
            assert!(ordered, "{}", pair[1].code);
            if pair[0].code == pair[1].code {
                assert!(pair[0].to.is_some_and(|to| to <= pair[1].from), "{} overlaps", pair[0].code);
            }
        }
        for area in areas {
            assert!(area.code.len() == 6 && area.code.bytes().all(|b| b.is_ascii_digit()), "{}", area.code);
            assert!(area.successors.is_empty() || area.to.is_some(), "{}", area.code);
            for next in &area.successors {
                assert!(known(next) && *next != area.code, "{} -> {next}", area.code);
            }
        }
        let anhui =
            areas.iter().filter(|a| a.code.starts_with("34") && current(a.code) && !a.code.ends_with("01"));
        assert!(anhui.count() > 100);
    }
}
