//! Broken packs: each fault is told with its file, its line and its key, and all of them at once.

use super::{EMBEDDED, pack};

type Files = Vec<(String, String)>;

fn files() -> Files {
    EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// Replaces one passage; gives the line on which the marker then stands.
fn break_it(files: &mut Files, file: &str, old: &str, new: &str, marker: &str) -> usize {
    let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
    assert!(text.contains(old), "{file} has no {old}");
    *text = text.replacen(old, new, 1);
    let at = text.find(marker).unwrap_or_else(|| panic!("{file} has no {marker}"));
    text[..at].matches('\n').count() + 1
}

const LIVING: &str = "programmes/living_subsidy.toml";
const COMPULSORY: &str = "standards/compulsory.toml";
const STEPS: &str = "steps.toml";
const SENIOR: &str = "standards/senior_high.toml";

const TOP: &str = "clause = \"一档3500元\"";
const THEN_EARLIER: &str = "clause = \"一档3500元\"\nthen = [\n  { id = \"X\", from = \"2024S\", yuan = 4000, source = \"S08\", clause = \"x\" },\n]";
const THEN_UNDATED: &str =
    "clause = \"一档3500元\"\nthen = [\n  { id = \"X\", yuan = 4000, source = \"S08\", clause = \"x\" },\n]";
const THEN_ODD: &str = "clause = \"一档3500元\"\nthen = [\n  { id = \"X\", from = \"2027S\", yuan = \"0.01\", source = \"S08\", clause = \"x\" },\n]";
const THEN_AFTER_END: &str = "clause = \"一档3500元\"\nto = \"2026S\"\nthen = [\n  { id = \"X\", from = \"2027S\", yuan = 4000, source = \"S08\", clause = \"x\" },\n]";

/// One way to break the pack: file, passage, what stands there instead, where the fault must point,
/// key, words of the fault.
type Break = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const BREAKS: &[Break] = &[
    (
        "pack.toml",
        "working_days = 5",
        "working_days = 0",
        "working_days = 0",
        "posting.working_days",
        "exactly one of",
    ),
    (
        "pack.toml",
        "[[posting]]\nworking_days = 5",
        "[[posting]]\nprogramme = \"living_subsidy\"\nworking_days = 5",
        "[[posting]]",
        "file.posting",
        "the general length is missing",
    ),
    (
        "pack.toml",
        "days = 10\nsource = \"S10\"",
        "days = 10\nsource = \"S99\"",
        "source = \"S99\"",
        "posting.source",
        "no S99",
    ),
    (
        LIVING,
        "when = { state = \"enrolled\" }",
        "when = { status = \"enrolled\" }",
        "status",
        "when.status",
        "no such fact",
    ),
    (
        LIVING,
        "{ state = \"enrolled\" }",
        "{ state = \"there\" }",
        "state = \"there\"",
        "when.state",
        "no code there",
    ),
    (
        LIVING,
        "{ defined = \"hardship\" }",
        "{ defined = \"poverty\" }",
        "defined = \"poverty\"",
        "when.defined",
        "no definition poverty",
    ),
    (LIVING, "boarding = true", "boarding = \"yes\"", "boarding = \"yes\"", "when.boarding", "true or false"),
    (LIVING, "kind = \"cash\"", "kind = \"money\"", "kind = \"money\"", "file.kind", "no code money"),
    (LIVING, "to = \"2019A\"", "to = \"autumn 2019\"", "to = \"autumn", "condition.to", "a term such as"),
    (
        LIVING,
        "[[tier]]\ntier = \"flat\"",
        "[[tier]]\ntier = \"flat\"\n[[tier]]\ntier = \"general\"",
        "tier = \"general\"",
        "tier.tier",
        "never be reached",
    ),
    (
        LIVING,
        "code = \"rural_school\"",
        "code = \"enrolled\"",
        "code = \"enrolled\"\nto",
        "condition.code",
        "already in force",
    ),
    (LIVING, "source = \"S85\"", "source = \"S999\"", "source = \"S999\"", "file.source", "no S999"),
    (LIVING, "source = \"S85\"\n", "", "programme =", "file.source", "is missing"),
    (LIVING, "clause = \"plan:2.2\"\nfirst", "first", "programme =", "file.clause", "is missing"),
    (
        LIVING,
        "says = { zh = \"学籍为在读状态\", en = \"the pupil is enrolled\" }",
        "says = { zh = \"学籍为在读状态\" }",
        "says = { zh = \"学籍为在读状态\" }",
        "condition.says",
        "en translation is missing",
    ),
    (LIVING, "summary =", "sumary =", "sumary", "file.sumary", "no such key"),
    (
        LIVING,
        "when = { boarding = true }",
        "when = { boarding = true, not = { boarding = true }, grade = [] }",
        "grade = []",
        "when.grade",
        "empty",
    ),
    (
        LIVING,
        "when = { boarding = true }",
        "when = { all = [{ boarding = true }, { boarding = false }] }",
        "when = { all",
        "condition.when",
        "never hold",
    ),
    (
        COMPULSORY,
        "id = \"CE-LIV-B1b\"",
        "id = \"CE-LIV-B1\"",
        "id = \"CE-LIV-B1\"\nprogramme = \"living_subsidy\"\nplace = \"CN\"\nstages = [\"primary\"]\nboarding = true\ntier = \"flat\"\nyuan = 1250",
        "standard.id",
        "already used",
    ),
    (
        COMPULSORY,
        "to = \"2024S\"\nfloor = true\nsource = \"S09\"\nclause = \"泗县公示：寄宿生小学\"",
        "floor = true\nsource = \"S09\"\nclause = \"泗县公示：寄宿生小学\"",
        "from = \"2024S\"",
        "standard.from",
        "overlaps with",
    ),
    (
        COMPULSORY,
        "to = \"2024S\"\nfloor = true\nsource = \"S09\"\nclause = \"泗县公示：寄宿生小学\"",
        "to = \"2023A\"\nfloor = true\nsource = \"S09\"\nclause = \"泗县公示：寄宿生小学\"",
        "from = \"2024S\"",
        "standard.from",
        "gap after CE-LIV-B1",
    ),
    (COMPULSORY, "yuan = 1000", "yuan = 312.5", "yuan = 312.5", "standard.yuan", "quoted decimal"),
    (COMPULSORY, "yuan = 1000", "yuan = -5", "yuan = -5", "standard.yuan", "quoted decimal"),
    (COMPULSORY, "yuan = 1000", "yuan = \"0.01\"", "yuan = \"0.01\"", "standard.yuan", "halved"),
    (COMPULSORY, "days = 200\n", "", "per = \"day\"", "standard.per", "days"),
    (COMPULSORY, "per = \"year\"", "per = \"week\"", "per = \"week\"", "standard.per", "no code week"),
    (
        COMPULSORY,
        "programme = \"living_subsidy\"",
        "programme = \"housing\"",
        "programme = \"housing\"",
        "standard.programme",
        "no code housing",
    ),
    (COMPULSORY, "place = \"CN\"", "place = \"34102\"", "place = \"34102\"", "standard.place", "area code"),
    (SENIOR, "tier = \"general\"", "tier = \"flat\"", "tier = \"flat\"", "standard.tier", "no such tier"),
    (
        SENIOR,
        "stages = [\"senior_high\"]",
        "stages = [\"primary\"]",
        "stages = [\"primary\"]",
        "standard.stages",
        "not for this stage",
    ),
    (SENIOR, "low_yuan = 1200", "low_yuan = 9000", "low_yuan = 9000", "limit.low_yuan", "above the high end"),
    (
        "pack.toml",
        "version = \"1.0.0\"",
        "version = \"1.0\"",
        "version = \"1.0\"",
        "file.version",
        "major.minor.patch",
    ),
    (
        "pack.toml",
        "category = \"registered_poor\"",
        "category = \"poor\"",
        "category = \"poor\"",
        "proof.category",
        "no category",
    ),
    (
        "definitions.toml",
        "name = \"monitored\"",
        "name = \"registered_poor\"",
        "name = \"registered_poor\"\nsays = { zh = \"防止",
        "definition.name",
        "already defined",
    ),
    (
        "sources.toml",
        "id = \"S02\"",
        "id = \"S01\"",
        "id = \"S01\"\ntitle = { zh = \"安徽省对",
        "source.id",
        "already used",
    ),
    (
        "cases/compulsory.toml",
        "like = \"primary\"",
        "like = \"nobody\"",
        "like = \"nobody\"",
        "case.like",
        "no such template",
    ),
    ("cases/compulsory.toml", "grade = 4", "grade = 9", "[[case]]", "case.given", "grades of primary"),
    (
        "cases/compulsory.toml",
        "source = \"S09\"",
        "source = \"S0\"",
        "source = \"S0\"",
        "case.source",
        "no S0",
    ),
    (
        "cases/compulsory.toml",
        "{ living_subsidy = {",
        "{ living_subsidies = {",
        "living_subsidies",
        "expect.living_subsidies",
        "no such programme",
    ),
    (
        "stacking.toml",
        "[\"senior_high_grant\", \"senior_high_waiver\"]",
        "[\"senior_high_grant\", \"vocational_grant\"]",
        "[[combination]]",
        "file.combination",
        "nothing says whether senior_high_grant and senior_high_waiver combine",
    ),
    (
        "stacking.toml",
        "drop = \"loan_relief\"",
        "drop = \"loan_compensation\"",
        "drop = \"loan_compensation\"",
        "exclusion.drop",
        "exclude itself",
    ),
    (
        "stacking.toml",
        "drop = \"loan_relief\"",
        "drop = \"student_loan\"",
        "drop = \"student_loan\"",
        "exclusion.drop",
        "also said to combine",
    ),
    (
        "stacking.toml",
        "\"preschool_fee_free\"]",
        "\"preschool_free\"]",
        "programmes = [\"preschool_aid\"",
        "combination.programmes",
        "no programme preschool_free",
    ),
    (
        STEPS,
        "gives = { formal = true }",
        "gives = { internship = true }",
        "gives = { internship",
        "step.gives",
        "no condition asks",
    ),
    (
        STEPS,
        "gives = { categories = [\"registered_poor\"], evidence = [\"poverty_handbook\"] }",
        "gives = { categories = [\"registered_poor\"], evidence = [\"village_certificate\"] }",
        "gives = { categories = [\"registered_poor\"], evidence = [\"village",
        "step.gives",
        "needs proof",
    ),
    (
        STEPS,
        "gives = { formal = true }",
        "gives = { any = [{ formal = true }, { full_time = true }] }",
        "gives = { any",
        "step.gives",
        "no groups",
    ),
    (
        STEPS,
        "code = \"county_certificate\"",
        "code = \"poverty_handbook\"",
        "code = \"poverty_handbook\"\nwhen = { not = { \"hukou.kind\" = [\"urban\"] } }\ngives = { categories = [\"registered_poor\"], evidence = [\"county",
        "step.code",
        "already used",
    ),
    (
        STEPS,
        "gives = { formal = true }\n",
        "",
        "[[step]]\ncode = \"formal_registration\"",
        "step.gives",
        "is missing",
    ),
    (COMPULSORY, "yuan = 1000", "yuan = 9000000000000000", "yuan = 9000", "standard.yuan", "whole yuan"),
    (SENIOR, TOP, THEN_EARLIER, "{ id = \"X\"", "then.from", "later than"),
    (SENIOR, TOP, THEN_UNDATED, "{ id = \"X\"", "then.from", "is missing"),
    (SENIOR, TOP, THEN_ODD, "{ id = \"X\"", "then.yuan", "halved"),
    (SENIOR, TOP, THEN_AFTER_END, "{ id = \"X\"", "then.from", "must have no `to`"),
    (
        COMPULSORY,
        "[[standard]]\nid = \"CE-FEE\"",
        "[[standard]\nid = \"CE-FEE\"",
        "[[standard]\n",
        "toml",
        "TOML",
    ),
];

#[test]
fn each_fault_names_file_line_and_key() {
    for &(file, old, new, marker, key, words) in BREAKS {
        let mut files = files();
        let line = break_it(&mut files, file, old, new, marker);
        let told = pack(files).err().unwrap_or_else(|| panic!("{file}: {new} was accepted"));
        let found = told
            .iter()
            .any(|e| e.file == file && e.line == line && e.key == key && e.what.en.contains(words));
        assert!(found, "{file}:{line} {key} {words}\n{told:#?}");
        assert!(told.iter().all(|e| !e.what.zh.is_empty() && !e.what.en.is_empty()));
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let mut files = files();
    break_it(&mut files, "programmes/yulu_subsidy.toml", "kind = \"cash\"", "kind = \"money\"", "money");
    break_it(&mut files, "standards/preschool.toml", "yuan = 800", "yuan = 0.5", "0.5");
    break_it(&mut files, "standards/preschool.toml", "per = \"term\"", "per = \"week\"", "week");
    let told = pack(files).unwrap_err();
    let places: Vec<_> = told.iter().map(|e| (e.file.as_str(), e.key.as_str())).collect();
    for expected in [
        ("programmes/yulu_subsidy.toml", "file.kind"),
        ("standards/preschool.toml", "standard.yuan"),
        ("standards/preschool.toml", "standard.per"),
    ] {
        assert!(places.contains(&expected), "{places:?}");
    }
}

#[test]
fn a_missing_file_is_a_fault() {
    for file in ["pack.toml", "sources.toml", "stacking.toml", "steps.toml"] {
        let files: Files = files().into_iter().filter(|(name, _)| name != file).collect();
        let told = pack(files).unwrap_err();
        assert!(told.iter().any(|e| e.file == file && e.key == "file"), "{told:#?}");
    }
    assert!(!pack(Vec::new()).unwrap_err().is_empty());
}

#[test]
fn an_amount_of_a_programme_that_the_pack_lacks_is_a_fault() {
    let files: Files =
        files().into_iter().filter(|(name, _)| name != "programmes/loan_relief.toml").collect();
    let told = pack(files).unwrap_err();
    let of_stacking = told.iter().find(|e| e.key == "exclusion.keep").unwrap();
    assert!(of_stacking.what.en.contains("no such programme"), "{told:#?}");
}

#[test]
fn exclusions_cannot_wait_for_each_other() {
    let mut files = files();
    let (_, text) = files.iter_mut().find(|(name, _)| name == "stacking.toml").unwrap();
    text.push_str(
        "\n[[exclusion]]\ncode = \"back\"\nkeep = \"loan_relief\"\ndrop = \"loan_compensation\"\n\
         source = \"S01\"\nclause = \"x\"\nsays = { zh = \"互斥\", en = \"back\" }\n",
    );
    let told = pack(files).unwrap_err();
    assert!(told.iter().any(|e| e.key == "exclusion.drop" && e.what.en.contains("before it")), "{told:#?}");
}

#[test]
fn next_years_standard_is_three_lines() {
    let mut files = files();
    let (_, text) = files.iter_mut().find(|(name, _)| name == SENIOR).unwrap();
    let more = "clause = \"一档3500元\"\nthen = [\n  \
                { id = \"SH-G-AH27-3\", from = \"2027S\", yuan = 4000, source = \"S08\", clause = \"一档4000元\" },\n]";
    *text = text.replacen(TOP, more, 1);
    let pack = pack(files).unwrap_or_else(|faults| panic!("{faults:#?}"));
    for (as_of, fen, id) in [("2027-01-31", 175_000, "SH-G-AH25-3"), ("2027-02-01", 200_000, "SH-G-AH27-3")] {
        let facts = format!(
            r#"{{"as_of":"{as_of}","place":"341024","student":{{"stage":"senior_high","grade":1,"state":"enrolled",
                "categories":[],"hardship":"very_hard"}},"evidence":[]}}"#
        );
        let facts: crate::policy::Facts = serde_json::from_str(&facts).unwrap();
        let decision = crate::policy::decide(&pack, &facts);
        let grant = decision.of(crate::values::Programme::SeniorHighGrant).unwrap().benefit.unwrap();
        assert_eq!(grant.fen_per_term, Some(crate::values::Fen(fen)), "{as_of}");
        assert_eq!(pack.standards()[grant.standard.unwrap()].id, id);
    }
}
