//! Lookups: a child by id and name, one or many, and a stored child by its own id.

use serde_json::{Value, json};
use yingzhu::auth::Role;

use crate::support::office::{COUNTY, NEIGHBOUR, Office, TERM, text};
use crate::support::people::{Child, child, id, wrong_check};
use crate::support::rows::{aid, list, roll};

/// An office with a locked list (child 1) and a roll (children 1 and 2), and child 1 paid.
async fn at_work() -> Office {
    let office = Office::open().await;
    office.locked_list(&list().listed(&child(1)).csv()).await;
    let file = roll().pupil(&child(1), &[]).pupil(&child(2), &[("困难类型", "无")]);
    assert_eq!(office.upload_roll(&office.officer(), &file.csv()).await.status, 201);
    assert_eq!(office.upload_aid(&office.officer(), &aid().paid(&child(1), &[]).csv()).await.status, 201);
    office
}

fn asked(child: &Child) -> Value {
    json!({ "id_number": child.id, "name": child.name, "term": TERM })
}

fn programme<'a>(answer: &'a Value, code: &str) -> &'a Value {
    answer["decision"]["programmes"].as_array().unwrap().iter().find(|p| p["programme"] == code).unwrap()
}

#[actix_web::test]
async fn a_listed_child_is_due_aid_directly_and_shows_what_was_paid() {
    let office = at_work().await;
    let answer = office.look_up_child(&office.officer(), &child(1)).await;
    let list = &answer["list"];
    assert_eq!(
        (&list["answer"], &list["version"], &list["place"]),
        (&"on_list".into(), &1.into(), &COUNTY.into())
    );
    assert_eq!((&list["valid_from"], &list["age_days"]), (&"2024-08-01".into(), &183.into()));
    assert_eq!(text(&list["digest"]).len(), 64);
    assert_eq!((&answer["as_of"], &answer["decision"]["route"]), (&"2025-01-31".into(), &"direct".into()));
    let subsidy = programme(&answer, "living_subsidy");
    assert_eq!(
        (&subsidy["outcome"], &subsidy["benefit"]["fen_per_term"]),
        (&"eligible".into(), &62_500.into())
    );
    assert_eq!(answer["aid"].as_array().unwrap().len(), 1);
    assert_eq!(answer["aid"][0]["fen"], 62_500);
}

#[actix_web::test]
async fn a_child_beside_the_list_is_told_so_and_never_a_bare_no() {
    let office = at_work().await;
    let answer = office.look_up_child(&office.officer(), &child(2)).await;
    assert_eq!((&answer["list"]["answer"], &answer["list"]["version"]), (&"not_on_list".into(), &1.into()));
    assert!(text(&answer["list"]["message"]).contains("扶贫手册"));
    assert_eq!(programme(&answer, "living_subsidy")["outcome"], "undetermined", "hardship is not known");
    assert!(answer["aid"].as_array().unwrap().is_empty());
}

#[actix_web::test]
async fn without_a_locked_list_for_the_day_nothing_follows() {
    let office = at_work().await;
    let one = child(1);
    let before = json!({ "id_number": one.id, "name": one.name, "as_of": "2024-07-31" });
    let answer = office.look_up(&office.officer(), before).await.json();
    assert_eq!(answer["list"]["answer"], "not_covered");
    assert!(answer["list"]["list_id"].is_null() && answer["list"]["digest"].is_null());
    // A draft covers nothing.
    let office = Office::open().await;
    assert_eq!(office.upload_list(&office.officer(), &list().listed(&one).csv()).await.status, 201);
    let answer = office.look_up_child(&office.officer(), &one).await;
    assert_eq!(answer["list"]["answer"], "not_covered");
    assert_eq!(answer["decision"]["route"], "none");
}

#[actix_web::test]
async fn under_another_name_nothing_is_told_about_the_person() {
    let office = at_work().await;
    let (listed, unlisted) = (child(1), child(2));
    let mut answers = Vec::new();
    for one in [listed, unlisted] {
        let other = Child { name: "李四".into(), ..one };
        let answer = office.look_up_child(&office.officer(), &other).await;
        assert_eq!(answer["list"]["answer"], "ambiguous");
        for key in ["student", "decision"] {
            assert!(answer[key].is_null(), "{key}: {answer}");
        }
        assert_eq!((&answer["aid"], &answer["notes"]), (&json!([]), &json!([])));
        answers.push(answer);
    }
    // Nor does the answer tell whether the person stands on the list.
    let (a, b) = (&answers[0]["list"], &answers[1]["list"]);
    assert_eq!(a, b);
}

#[actix_web::test]
async fn an_unknown_child_is_answered_from_what_is_known_which_is_little() {
    let office = at_work().await;
    let answer = office.look_up_child(&office.officer(), &child(9)).await;
    assert!(answer["student"].is_null());
    assert_eq!(answer["list"]["answer"], "not_on_list");
    for programme in answer["decision"]["programmes"].as_array().unwrap() {
        assert_ne!(programme["outcome"], "eligible", "{programme}");
    }
}

#[actix_web::test]
async fn a_child_outside_the_scope_is_answered_like_an_unknown_one() {
    let office = at_work().await;
    let stranger = office.as_role(Role::County, NEIGHBOUR);
    let mut known = office.look_up_child(&stranger, &child(1)).await;
    let mut unknown = office.look_up_child(&stranger, &child(9)).await;
    for answer in [&mut known, &mut unknown] {
        answer["known_at"] = Value::Null;
    }
    assert_eq!(known, unknown);
    // Even the wrong name gives nothing away.
    let other = Child { name: "李四".into(), ..child(1) };
    let mut ambiguous = office.look_up_child(&stranger, &other).await;
    ambiguous["known_at"] = Value::Null;
    assert_eq!(ambiguous, unknown);
}

#[actix_web::test]
async fn old_and_full_width_ids_and_spaced_names_are_understood() {
    let office = Office::open().await;
    // A number of 15 digits stands for one born in the 1900s.
    let old = Child { name: "测老号".into(), id: id("341024", "19990314", 5) };
    let file = roll().pupil(&old, &[]);
    assert_eq!(office.upload_roll(&office.officer(), &file.csv()).await.status, 201);
    let fifteen = format!("{}{}", &old.id[..6], &old.id[8..17]);
    let wide: String =
        old.id.chars().map(|c| char::from_u32(u32::from(c) - 0x21 + 0xFF01).unwrap()).collect();
    for (id, name) in [
        (fifteen, "测 老号"),
        (wide, "测老号"),
        (format!(" {} ", old.id), "　测老号"),
        (old.id.clone(), "测老号"),
    ] {
        let question = json!({ "id_number": id, "name": name, "term": TERM });
        let answer = office.look_up(&office.officer(), question).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.json()["student"].is_object(), "{}", answer.text());
    }
}

#[actix_web::test]
async fn a_wrong_question_points_at_its_field_and_repeats_nothing() {
    let office = at_work().await;
    let one = child(1);
    for (question, pointer, code) in [
        (json!({ "id_number": wrong_check(&one.id), "name": one.name }), "/id_number", "id_check_digit"),
        (json!({ "id_number": &one.id[..17], "name": one.name }), "/id_number", "id_length"),
        (json!({ "id_number": "341024201302300019", "name": one.name }), "/id_number", "id_date"),
        (json!({ "id_number": one.id, "name": "" }), "/name", "name_empty"),
        (json!({ "name": one.name }), "/id_number", "missing"),
        (json!({ "id_number": one.id, "name": one.name, "as_of": "2024年" }), "/as_of", "invalid_value"),
        (json!({ "id_number": one.id, "name": one.name, "term": "2024X" }), "/term", "invalid_value"),
        (json!({ "id_number": one.id, "name": one.name, "nmae": "x" }), "/nmae", "unknown_field"),
    ] {
        let answer = office.look_up(&office.officer(), question.clone()).await;
        let problem = answer.problem(422, "invalid_input");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&pointer.into(), &code.into()), "{question}");
        assert!(!answer.text().contains(&one.id[..17]) && !answer.text().contains(&one.name), "{question}");
    }
}

#[actix_web::test]
async fn the_date_wins_over_the_term_and_a_past_term_is_asked_on_its_last_day() {
    let office = at_work().await;
    let one = child(1);
    let both = json!({ "id_number": one.id, "name": one.name, "term": TERM, "as_of": "2024-09-01" });
    assert_eq!(office.look_up(&office.officer(), both).await.json()["as_of"], "2024-09-01");
    let term = office.look_up(&office.officer(), asked(&one)).await.json();
    assert_eq!(term["as_of"], "2025-01-31");
}

#[actix_web::test]
async fn several_at_once_are_answered_in_order_and_faults_point_into_the_array() {
    let office = at_work().await;
    let officer = office.officer();
    let many = json!([asked(&child(9)), asked(&child(1)), asked(&child(2)), asked(&child(1))]);
    let answers = office.look_up(&officer, many).await.json();
    let said: Vec<_> = answers.as_array().unwrap().iter().map(|a| text(&a["list"]["answer"])).collect();
    assert_eq!(said, ["not_on_list", "on_list", "not_on_list", "on_list"]);
    assert_eq!(answers[1]["student"], answers[3]["student"]);
    assert_eq!(office.look_up(&officer, json!([])).await.json(), json!([]));

    let bad = Child { id: wrong_check(&child(1).id), name: String::new() };
    let refused = office.look_up(&officer, json!([asked(&child(1)), asked(&bad)])).await;
    let pointers: Vec<_> = refused.problem(422, "invalid_input")["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| text(&e["pointer"]))
        .collect();
    assert_eq!(pointers, ["/1/id_number", "/1/name"]);
    let too_many: Vec<Value> = (0..1001).map(|_| asked(&child(1))).collect();
    office.look_up(&officer, too_many.into()).await.problem(413, "too_large");
}

#[actix_web::test]
async fn lines_are_answered_one_by_one_and_a_faulty_one_in_its_place() {
    let office = at_work().await;
    let mut body = String::new();
    for number in 1..=500 {
        body += &match number % 100 {
            7 => "{\"id_number\":".to_owned(),
            8 => asked(&Child { id: wrong_check(&child(1).id), ..child(1) }).to_string(),
            n => asked(&child(if n % 2 == 0 { 1 } else { 2 })).to_string(),
        };
        body.push('\n');
    }
    let answers = office.post_lines(&office.officer(), "/v1/eligibility/lookups", body).await;
    assert_eq!(answers.len(), 500);
    for (number, answer) in (1..).zip(&answers) {
        match number % 100 {
            7 => assert_eq!(
                (&answer["line"], &answer["error"]["code"]),
                (&number.into(), &"malformed_request".into())
            ),
            8 => {
                assert_eq!((&answer["line"], &answer["error"]["status"]), (&number.into(), &422.into()));
                assert_eq!(answer["error"]["errors"][0]["pointer"], "/id_number");
                assert!(!answer.to_string().contains(&child(1).id[..17]));
            }
            n => {
                let expected = if n % 2 == 0 { "on_list" } else { "not_on_list" };
                assert_eq!(answer["list"]["answer"], expected, "line {number}");
            }
        }
    }
}

#[actix_web::test]
async fn answers_are_masked_unless_the_token_may_see() {
    let office = at_work().await;
    let one = child(1);
    let masked = office.look_up_child(&office.officer(), &one).await;
    assert_eq!(masked["student"]["id_number"], format!("**************{}", &one.id[14..]));
    assert_eq!(masked["student"]["name"], "测＊＊＊");
    assert!(!masked.to_string().contains(&one.id) && !masked.to_string().contains(&one.name));
    let plain = office.look_up_child(&office.confidant(), &one).await;
    assert_eq!(
        (&plain["student"]["id_number"], &plain["student"]["name"]),
        (&one.id.into(), &one.name.into())
    );
}

#[actix_web::test]
async fn a_stored_child_gives_the_answer_of_the_lookup() {
    let office = at_work().await;
    let officer = office.officer();
    let looked_up = office.look_up_child(&officer, &child(1)).await;
    let student = text(&looked_up["student"]["student_id"]);
    let uri = format!("/v1/students/{student}/eligibility?as_of=2025-01-31");
    let stored = office.read(&officer, &uri).await;
    for key in ["as_of", "student", "list", "decision", "aid", "notes"] {
        assert_eq!(stored[key], looked_up[key], "{key}");
    }
    for (query, pointer) in [("as_of=heute", "?as_of"), ("known_at=gestern", "?known_at"), ("when=x", "?")] {
        let refused = office.get(&officer, &format!("/v1/students/{student}/eligibility?{query}")).await;
        let problem = refused.problem(422, "invalid_input");
        assert!(text(&problem["errors"][0]["pointer"]).starts_with(pointer), "{problem}");
    }
    office.get(&officer, "/v1/students/nobody/eligibility").await.problem(404, "not_found");
}

#[actix_web::test]
async fn a_guardian_sees_the_own_child_and_no_other() {
    let office = at_work().await;
    let id_of =
        async |n| text(&office.look_up_child(&office.officer(), &child(n)).await["student"]["student_id"]);
    let (own, other) = (id_of(1).await, id_of(2).await);
    let guardian = office.guardian_of(&own);
    let answer = office.read(&guardian, &format!("/v1/students/{own}/eligibility?as_of=2024-10-10")).await;
    assert_eq!(
        (&answer["list"]["answer"], &answer["student"]["student_id"]),
        (&"on_list".into(), &own.as_str().into())
    );
    assert_eq!(answer["aid"].as_array().unwrap().len(), 1);
    assert!(!answer.to_string().contains(&child(1).id));
    office.get(&guardian, &format!("/v1/students/{other}/eligibility")).await.problem(404, "not_found");
    office.look_up(&guardian, asked(&child(1))).await.problem(403, "forbidden");
}

#[actix_web::test]
async fn a_school_looks_up_its_own_pupils_only() {
    let office = at_work().await;
    let own = office.school(crate::support::rows::SCHOOL);
    assert_eq!(office.look_up_child(&own, &child(1)).await["list"]["answer"], "on_list");
    let other = office.school("2134000002");
    let answer = office.look_up_child(&other, &child(1)).await;
    assert!(answer["student"].is_null());
    assert_eq!(answer["aid"], json!([]));
    assert_eq!(answer["list"]["answer"], "not_on_list", "like a child who is not known");
}

#[actix_web::test]
async fn sentences_come_in_the_callers_language() {
    let office = at_work().await;
    let english = [("accept-language", "en")];
    let uri = "/v1/eligibility/lookups";
    let post = actix_web::http::Method::POST;
    let answer = office.with_json(&office.officer(), post, uri, asked(&child(1)), &english).await.json();
    assert!(text(&answer["list"]["message"]).starts_with("on the provincial list"));
}
