//! The contract of the answer: its JSON, its words in both languages, its digest, its catalogue.

use serde_json::{Value, json};

use super::{Facts, Pack, check, decide};
use crate::values::{Lang, Place, Programme};

fn pack() -> Pack {
    Pack::embedded().unwrap()
}

fn answer(pack: &Pack, facts: Value, lang: Lang) -> Value {
    let facts: Facts = serde_json::from_value(facts).unwrap();
    assert_eq!(pack.check(&facts), []);
    serde_json::to_value(decide(pack, &facts).body(pack, lang)).unwrap()
}

fn programme(answer: &Value, programme: Programme) -> Value {
    let all = answer["programmes"].as_array().unwrap();
    all.iter().find(|p| p["programme"] == programme.code()).unwrap().clone()
}

/// A registered-poor first-grader of a senior high school in autumn 2017.
fn listed() -> Value {
    json!({
        "as_of": "2017-10-10", "place": "341024",
        "student": {
            "stage": "senior_high", "grade": 1, "study_years": 3, "state": "enrolled",
            "full_time": true, "formal": true, "boarding": true, "new_entrant": false,
            "school": { "place": "341024", "ownership": "public", "inclusive": null, "approved": true,
                        "run_by": "county", "rural": true,
                        "tuition_fen_per_term": 85000, "public_tuition_fen_per_term": 85000 },
            "major": { "agricultural": false, "performing_arts": false },
            "hukou": { "place": "341024", "kind": "rural" },
            "categories": ["registered_poor"], "hardship": "very_hard",
            "last_preschool_year": null, "internship": null },
        "evidence": ["provincial_list"]
    })
}

#[test]
fn the_answer_has_the_agreed_shape() {
    let pack = pack();
    let answer = answer(&pack, listed(), Lang::Zh);
    assert_eq!(answer["as_of"], "2017-10-10");
    assert_eq!(answer["term"], "2017A");
    assert_eq!(answer["route"], "direct");
    assert_eq!(
        answer["policy"],
        json!({ "pack": "cn-ah", "version": pack.version(), "digest": pack.digest() })
    );
    let grant = programme(&answer, Programme::SeniorHighGrant);
    assert_eq!(grant["outcome"], "eligible");
    assert_eq!(
        grant["benefit"],
        json!({ "kind": "cash", "tier": "top", "fen": 150_000, "per": "term", "fen_per_term": 150_000,
                "fen_per_year": 300_000, "standard": "SH-G-JD", "certainty": "B" })
    );
    assert_eq!(
        (
            grant["priority"].clone(),
            grant["paid_by"].clone(),
            grant["missing"].clone(),
            grant["warnings"].clone()
        ),
        (json!(1), json!("school_place"), json!([]), json!([]))
    );
    let reason = &grant["reasons"][0];
    assert_eq!(
        (&reason["code"], &reason["met"], &reason["clause"]),
        (&json!("stage"), &json!(true), &json!("plan:2.3"))
    );
    assert!(reason["source"].as_str().is_some_and(|s| !s.is_empty()));
    // Cash 1500 and tuition 850 a term.
    assert_eq!(answer["totals"]["cash"], json!({ "fen_per_term": 150_000, "fen_per_year": 300_000 }));
    assert_eq!(answer["totals"]["waived"], json!({ "fen_per_term": 85_000, "fen_per_year": 170_000 }));
    let order: Vec<&str> =
        answer["programmes"].as_array().unwrap().iter().map(|p| p["programme"].as_str().unwrap()).collect();
    let expected: Vec<&str> =
        Programme::ALL.iter().filter(|p| pack.programme(**p).is_some()).map(|p| p.code()).collect();
    assert_eq!(order, expected);
}

#[test]
fn a_programme_of_another_stage_gives_that_reason_alone_and_no_benefit() {
    let textbooks = programme(&answer(&pack(), listed(), Lang::Zh), Programme::CompulsoryTextbooks);
    assert_eq!(textbooks["outcome"], "ineligible");
    assert_eq!(textbooks["reasons"].as_array().unwrap().len(), 1);
    assert!(textbooks.get("benefit").is_none());
    assert_eq!(textbooks["priority"], Value::Null);
}

#[test]
fn an_open_fact_is_named_with_who_and_the_range() {
    let mut facts = listed();
    facts["evidence"] = json!(["village_certificate"]);
    facts["student"]["hardship"] = json!("none");
    let zh = programme(&answer(&pack(), facts.clone(), Lang::Zh), Programme::SeniorHighGrant);
    assert_eq!(zh["outcome"], "undetermined");
    let missing = &zh["missing"][0];
    assert_eq!(missing["fact"], "evidence");
    assert_eq!(missing["range"], json!({ "low_fen": 0, "high_fen": 150_000 }));
    assert!(missing["who"].as_str().unwrap().contains("县级"));
    let unknown: Vec<_> = zh["reasons"].as_array().unwrap().iter().filter(|r| r["met"].is_null()).collect();
    assert_eq!(unknown.len(), 1);
    let en = programme(&answer(&pack(), facts, Lang::En), Programme::SeniorHighGrant);
    assert!(en["missing"][0]["who"].as_str().unwrap().contains("county"));
}

#[test]
fn every_condition_is_reported_even_after_one_has_failed() {
    let mut facts = listed();
    facts["student"]["state"] = json!("suspended");
    facts["student"]["categories"] = json!([]);
    facts["student"]["school"]["ownership"] = json!("private");
    facts["student"]["school"]["run_by"] = json!("private");
    facts["student"]["school"]["approved"] = json!(false);
    let waiver = programme(&answer(&pack(), facts, Lang::Zh), Programme::SeniorHighWaiver);
    let failed: Vec<&str> = waiver["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["met"] == false)
        .map(|r| r["code"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["enrolled", "school", "four_groups"]);
}

#[test]
fn every_sentence_is_there_in_both_languages() {
    let pack = pack();
    for lang in [Lang::Zh, Lang::En] {
        let answer = answer(&pack, listed(), lang);
        for programme in answer["programmes"].as_array().unwrap() {
            for reason in programme["reasons"].as_array().unwrap() {
                let message = reason["message"].as_str().unwrap();
                assert_eq!(message.is_ascii(), lang == Lang::En, "{message}");
            }
        }
    }
}

#[test]
fn a_date_before_the_first_rule_is_refused() {
    let pack = pack();
    let facts = |date: &str| Facts::on(date.parse().unwrap());
    assert_eq!(pack.check(&facts("2011-08-01")), []);
    let faults = pack.check(&facts("2011-07-31"));
    assert_eq!(
        faults.iter().map(|f| (f.pointer.as_str(), f.code)).collect::<Vec<_>>(),
        [("/as_of", "before_first_rule")]
    );
}

fn files() -> Vec<(String, String)> {
    super::load::EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn edited(file: &str, old: &str, new: &str) -> Pack {
    let mut files = files();
    let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
    assert!(text.contains(old), "{old}");
    *text = text.replacen(old, new, 1);
    Pack::from_files(files).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

#[test]
fn the_digest_follows_what_decides_and_nothing_else() {
    let digest = pack().digest().to_owned();
    assert_eq!(digest.len(), 64);
    let commented = edited("standards/preschool.toml", "[[standard]]", "# 说明\r\n\r\n[[standard]]");
    assert_eq!(commented.digest(), digest, "a comment decides nothing");
    let dearer = edited("standards/preschool.toml", "yuan = 800", "yuan = 900");
    assert_ne!(dearer.digest(), digest);
    let reworded = edited("programmes/yulu_subsidy.toml", "雨露计划：", "雨露：");
    assert_ne!(reworded.digest(), digest, "words are part of the answer");
}

#[test]
fn a_place_may_have_its_own_terms() {
    let pack = edited(
        "pack.toml",
        "[[calendar]]",
        "[[calendar]]\nplace = \"3410\"\nspring = \"02-15\"\nautumn = \"08-15\"\n\n[[calendar]]",
    );
    let here = pack.calendar_for(&Place::parse("341024").unwrap());
    let there = pack.calendar_for(&Place::parse("341525").unwrap());
    assert_eq!((here.spring, there.spring), ((2, 15), (2, 1)));
    let mut facts = listed();
    facts["as_of"] = json!("2025-02-10");
    let grant = programme(&answer(&pack, facts, Lang::Zh), Programme::SeniorHighGrant);
    // By the county's own calendar the autumn term, and with it the old amount, still holds.
    assert_eq!(grant["benefit"]["fen_per_term"], 150_000);
}

#[test]
fn a_local_figure_below_the_floor_or_outside_the_range_is_flagged() {
    let low = "\n[[standard]]\nid = \"X\"\nprogramme = \"living_subsidy\"\nplace = \"341024\"\nstages = [\"primary\"]\n\
               boarding = true\ntier = \"flat\"\nyuan = 900\nper = \"year\"\nfrom = \"2011A\"\nsource = \"S09\"\nclause = \"x\"\n";
    let mut files = files();
    files.iter_mut().find(|(n, _)| n == "standards/compulsory.toml").unwrap().1.push_str(low);
    let pack = Pack::from_files(files).unwrap();
    let facts = json!({ "as_of": "2017-10-10", "place": "341024", "student": { "stage": "primary", "grade": 3,
        "state": "enrolled", "boarding": true, "categories": [], "hardship": "hard" } });
    let subsidy = programme(&answer(&pack, facts, Lang::Zh), Programme::LivingSubsidy);
    assert_eq!(subsidy["benefit"]["fen_per_term"], 45_000);
    assert_eq!(subsidy["warnings"][0]["code"], "below_floor");

    let pack = edited("standards/senior_high.toml", "yuan = 3500", "yuan = 3600");
    let mut facts = listed();
    facts["as_of"] = json!("2025-03-01");
    let grant = programme(&answer(&pack, facts, Lang::Zh), Programme::SeniorHighGrant);
    assert_eq!(grant["warnings"][0]["code"], "outside_range");
}

#[test]
fn the_catalogue_shows_amounts_with_history_and_source() {
    let pack = pack();
    let catalogue = serde_json::to_value(pack.programmes_body(Lang::Zh)).unwrap();
    let subsidy = programme(&catalogue, Programme::LivingSubsidy);
    let boarders: Vec<_> = subsidy["standards"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["boarding"] == true && s["stages"] == json!(["primary"]))
        .map(|s| (s["fen"].clone(), s["from"].clone(), s["to"].clone(), s["certainty"].clone()))
        .collect();
    assert_eq!(
        boarders,
        [
            (json!(100_000), json!("2011A"), json!("2024S"), json!("A")),
            (json!(125_000), json!("2024S"), Value::Null, json!("A*")),
        ]
    );
    for programme in catalogue["programmes"].as_array().unwrap() {
        for standard in programme["standards"].as_array().unwrap() {
            let source = standard["source"].as_str().unwrap();
            assert!(catalogue["sources"].as_array().unwrap().iter().any(|s| s["id"] == source), "{source}");
        }
    }
}

#[test]
fn the_check_prints_cases_or_faults() {
    let (report, ok) = check(None, Lang::Zh);
    assert!(ok, "{report}");
    assert!(report.contains(pack().digest()) && report.contains("不符 0"));
    let dir = tempfile::tempdir().unwrap();
    let (report, ok) = check(Some(dir.path()), Lang::En);
    assert!(!ok && report.contains("programmes") && report.contains("cannot be read"), "{report}");
}
