//! Assessments: facts in, a decision with its reasons out, nothing stored.

use serde_json::{Value, json};

use crate::support::office::{Office, text};

/// The example of the contract: a first-year senior high boarder of Qimen on the list of 2017.
fn example() -> Value {
    json!({ "as_of": "2017-10-10", "place": "341024",
        "student": {
            "stage": "senior_high", "grade": 1, "study_years": 3,
            "state": "enrolled", "full_time": true, "formal": true, "boarding": true, "new_entrant": false,
            "school": { "place": "341024", "ownership": "public", "inclusive": null, "approved": true,
                        "run_by": "county", "rural": true,
                        "tuition_fen_per_term": 85000, "public_tuition_fen_per_term": 85000 },
            "major": { "agricultural": false, "performing_arts": false },
            "hukou": { "place": "341024", "kind": "rural" },
            "categories": ["registered_poor"], "hardship": "very_hard",
            "last_preschool_year": null, "internship": null },
        "evidence": ["provincial_list"] })
}

fn programme<'a>(decision: &'a Value, code: &str) -> &'a Value {
    decision["programmes"].as_array().unwrap().iter().find(|p| p["programme"] == code).unwrap()
}

async fn assessed(office: &Office, facts: Value) -> Value {
    let answer = office.assess(&office.officer(), facts).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[actix_web::test]
async fn the_example_of_the_contract_has_its_answer() {
    let office = Office::open().await;
    let decision = assessed(&office, example()).await;
    assert_eq!((&decision["as_of"], &decision["term"]), (&"2017-10-10".into(), &"2017A".into()));
    assert_eq!((&decision["route"], &decision["policy"]["pack"]), (&"direct".into(), &"cn-ah".into()));
    let grant = programme(&decision, "senior_high_grant");
    assert_eq!((&grant["outcome"], &grant["priority"]), (&"eligible".into(), &1.into()));
    assert_eq!(grant["paid_by"], "school_place");
    let benefit = &grant["benefit"];
    assert_eq!((&benefit["kind"], &benefit["tier"]), (&"cash".into(), &"top".into()));
    assert_eq!((&benefit["fen_per_term"], &benefit["fen_per_year"]), (&150_000.into(), &300_000.into()));
    assert_eq!((&grant["missing"], &grant["warnings"]), (&json!([]), &json!([])));
    for reason in grant["reasons"].as_array().unwrap() {
        assert_eq!(reason["met"], true, "{reason}");
        for told in ["code", "clause", "source", "message"] {
            assert!(!text(&reason[told]).is_empty(), "{told}: {reason}");
        }
    }
}

#[actix_web::test]
async fn an_array_is_answered_by_an_array_in_order() {
    let office = Office::open().await;
    let later = {
        let mut f = example();
        f["as_of"] = "2025-02-01".into();
        f
    };
    let decisions = assessed(&office, json!([example(), later, example()])).await;
    let fen: Vec<_> = decisions
        .as_array()
        .unwrap()
        .iter()
        .map(|d| programme(d, "senior_high_grant")["benefit"]["fen_per_term"].as_i64().unwrap())
        .collect();
    assert_eq!(fen, [150_000, 175_000, 150_000]);
    assert_eq!(decisions[0], decisions[2], "the same question has the same answer");
    assert_eq!(assessed(&office, json!([])).await, json!([]));
}

#[actix_web::test]
async fn lines_are_answered_one_by_one() {
    let office = Office::open().await;
    let body = format!(
        "{}\n\nno json\n{}\n{}",
        example(),
        json!({ "as_of": "2017-10-10", "student": { "grade": 99 } }),
        example()
    );
    let answers = office.post_lines(&office.officer(), "/v1/eligibility/assessments", body).await;
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["route"], "direct");
    assert_eq!((&answers[1]["line"], &answers[1]["error"]["status"]), (&3.into(), &400.into()));
    assert_eq!(
        (&answers[2]["line"], &answers[2]["error"]["errors"][0]["pointer"]),
        (&4.into(), &"/student/grade".into())
    );
    assert_eq!(answers[3], answers[0]);
}

#[actix_web::test]
async fn nothing_known_is_undetermined_and_says_what_is_missing() {
    let office = Office::open().await;
    let decision = assessed(&office, json!({ "as_of": "2024-10-10" })).await;
    assert_eq!(decision["route"], "none");
    let grant = programme(&decision, "senior_high_grant");
    assert_eq!(grant["outcome"], "undetermined");
    let missing = grant["missing"].as_array().unwrap();
    assert!(missing.iter().any(|m| m["fact"] == "student.stage"), "{missing:?}");
    for one in missing {
        assert!(!text(&one["who"]).is_empty() && !text(&one["message"]).is_empty(), "{one}");
    }
    for programme in decision["programmes"].as_array().unwrap() {
        let undetermined = programme["outcome"] == "undetermined";
        assert_eq!(undetermined, !programme["missing"].as_array().unwrap().is_empty(), "{programme}");
        assert_ne!(programme["outcome"], "eligible", "{programme}");
    }
}

#[actix_web::test]
async fn impossible_facts_are_refused_all_at_once_with_pointers() {
    let office = Office::open().await;
    let mut facts = example();
    facts["student"]["grade"] = 9.into();
    facts["student"]["internship"] = true.into();
    facts["student"]["study_years"] = 40.into();
    facts["student"]["school"]["tuition_fen_per_term"] = (-1).into();
    facts["student"]["categories"] = json!(["registered_poor", "registered_poor_exited"]);
    let pointers = |problem: &Value| -> Vec<String> {
        problem["errors"].as_array().unwrap().iter().map(|e| text(&e["pointer"])).collect()
    };
    let refused = office.assess(&office.officer(), facts.clone()).await.problem(422, "invalid_input");
    let told = pointers(&refused);
    for expected in [
        "/student/grade",
        "/student/study_years",
        "/student/internship",
        "/student/school/tuition_fen_per_term",
        "/student/categories",
    ] {
        assert!(told.iter().any(|p| p.starts_with(expected)), "{expected}: {told:?}");
    }
    let refused =
        office.assess(&office.officer(), json!([example(), facts])).await.problem(422, "invalid_input");
    assert!(pointers(&refused).iter().all(|p| p.starts_with("/1/student/")), "{refused}");
}

#[actix_web::test]
async fn an_unknown_word_is_refused_where_it_stands_naming_the_known_ones() {
    let office = Office::open().await;
    for (pointer, known) in [
        ("/student/stage", "senior_high"),
        ("/student/state", "enrolled"),
        ("/student/hardship", "very_hard"),
        ("/student/school/ownership", "private"),
        ("/student/school/run_by", "county"),
        ("/student/hukou/kind", "rural"),
        ("/student/categories/0", "registered_poor"),
        ("/evidence/0", "provincial_list"),
    ] {
        let mut facts = example();
        *facts.pointer_mut(pointer).unwrap() = "SECRET".into();
        let answer = office.assess(&office.officer(), facts).await;
        let problem = answer.problem(422, "invalid_input");
        let error = &problem["errors"][0];
        assert_eq!(error["pointer"], pointer, "{problem}");
        assert!(text(&error["detail"]).contains(known), "{problem}");
        assert!(!answer.text().contains("SECRET"), "{problem}");
    }
    let mut facts = example();
    facts["student"]["boardng"] = true.into();
    let problem = office.assess(&office.officer(), facts).await.problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["code"], "unknown_field");
}

#[actix_web::test]
async fn a_body_that_is_no_json_or_no_object_is_refused() {
    let office = Office::open().await;
    let send = async |kind: &str, body: &str| {
        let request = actix_web::test::TestRequest::post().uri("/v1/eligibility/assessments");
        let request = request.insert_header(("content-type", kind)).set_payload(body.to_owned());
        office.send(&office.officer(), request).await
    };
    for body in ["", "{", "[{]", "{\"as_of\":\"2024-10-10\"} x"] {
        send("application/json", body).await.problem(400, "malformed_request");
    }
    for body in ["7", "\"x\"", "{}", "[7]", "{\"as_of\":\"2024-10-10\",\"evidence\":\"\\u0000\"}"] {
        send("application/json", body).await.problem(422, "invalid_input");
    }
    for kind in ["text/plain", "application/xml", ""] {
        send(kind, "{\"as_of\":\"2024-10-10\"}").await.problem(415, "unsupported_media_type");
    }
}

#[actix_web::test]
async fn programmes_policies_and_templates_can_be_looked_up_first() {
    let office = Office::open().await;
    let officer = office.officer();
    let decision = assessed(&office, example()).await;
    let policies = office.read(&officer, "/v1/policies").await;
    for key in ["pack", "version", "digest"] {
        assert_eq!(policies["items"][0][key], decision["policy"][key], "{key}");
    }
    let programmes = office.get(&officer, "/v1/programmes").await;
    assert!(programmes.status == 200 && programmes.text().contains("senior_high_grant"));
    for (file, header) in [("poverty_list", "户籍地区划代码"), ("roll", "就读方式"), ("aid", "金额(元)")]
    {
        let book = office.get(&officer, &format!("/v1/templates/{file}.xlsx")).await;
        assert_eq!(book.status, 200);
        let cells = crate::support::sheets::reopen(&book.body).concat();
        assert!(cells.iter().any(|cell| cell.contains(header)), "{file}: {cells:?}");
    }
    office.get(&officer, "/v1/templates/secrets.xlsx").await.problem(404, "not_found");
}
