//! Found by a number: exactly, within one's reach, masked.

use serde_json::{Value, json};

use super::at_rest::somebody;
use crate::factory::{AGENCY, CHILD, event_with};
use crate::harness::{Answer, TestApp};
use crate::ratchets::append_only::run;

on_both!(a_number_finds_its_dossiers, what_is_no_number_is_refused);

fn search(app: &TestApp, who: &str, body: &Value) -> Answer {
    app.user(who).post("/dossiers/search", body)
}

fn found(answer: &Answer) -> Vec<String> {
    let items = answer.expect(200)["items"].as_array().expect("items").clone();
    let mut ids: Vec<String> = items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    ids
}

fn ids(dossiers: &[&Value]) -> Vec<String> {
    let mut ids: Vec<String> = dossiers.iter().map(|d| d["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    ids
}

fn a_number_finds_its_dossiers(app: &TestApp) {
    let mine = app.create(&json!({"applicant": somebody()}));
    let below = app.create(&json!({"agency": CHILD, "applicant": somebody()}));
    let other = app.received();
    for body in [
        json!({"phone": "0987000321"}),
        json!({"phone": "+84 987 000 321"}),
        json!({"identity_number": "001199000321"}),
    ] {
        let answer = search(app, "clerk", &body);
        assert_eq!(found(&answer), ids(&[&mine, &below]), "{body}");
        assert!(!answer.text.contains("Ngọc Bích") && !answer.text.contains("0987000321"), "{}", answer.text);
    }
    assert_eq!(found(&search(app, "clerk", &json!({"phone": "0987000321", "agency": CHILD}))), ids(&[&below]));
    assert_eq!(found(&search(app, "clerk", &json!({"phone": "098700032"}))), ids(&[]), "the whole of it");
    assert_eq!(found(&search(app, "clerk", &json!({"identity_number": "0987000321"}))), ids(&[]), "no phone");
    assert_eq!(found(&search(app, "clerk.far", &json!({"phone": "0987000321"}))), ids(&[]), "out of reach");
    search(app, "clerk", &json!({"phone": "0987000321", "agency": "H38.1"})).problem(404, "not-found");

    // Corrected, somebody else is the applicant; erased, nobody is.
    let somebody_else = json!({"kind": "citizen", "name": "Lê Văn Cường", "phone": "0977111222"});
    let body = json!({"target": 1, "field": "applicant", "value": somebody_else});
    let mine = app.record("leader", &mine, &event_with("corrected", &body));
    assert_eq!(found(&search(app, "clerk", &json!({"phone": "0987000321"}))), ids(&[&below]));
    assert_eq!(found(&search(app, "clerk", &json!({"phone": "0977111222"}))), ids(&[&mine]));
    run(&app.database, "DELETE FROM personal").expect("an erasure");
    assert_eq!(found(&search(app, "clerk", &json!({"phone": "0977111222"}))), ids(&[]));
    assert_eq!(other["agency"], AGENCY);

    // An auditor says why; every search leaves a row, and says only by what was searched.
    search(app, "auditor", &json!({"phone": "0977111222"})).refused_at("Purpose", "required");
    let request =
        app.user("auditor").request("POST", "/dossiers/search").header("Purpose", "Đối chiếu đơn tố cáo 7/TC");
    request.json(&json!({"phone": "0977111222"})).send().expect(200);
    let log = app.user("auditor").get("/audit/access-log").expect(200);
    let row = &log["items"][0];
    assert_eq!((&row["action"], &row["dossier"], &row["fields"]), (&json!("search"), &Value::Null, &json!(["phone"])));
    assert_eq!(row["purpose"], "Đối chiếu đơn tố cáo 7/TC");
    assert!(!log.to_string().contains("0977111222"));
}

fn what_is_no_number_is_refused(app: &TestApp) {
    // `search` is no dossier: what is said of those does not hold for it.
    let refused = app.user("clerk").request("PUT", "/dossiers/search").json(&json!({})).send();
    assert_eq!((refused.status, refused.header("Allow")), (405, Some("POST")));
    search(app, "clerk", &json!({})).refused_at("/identity_number", "one_of");
    search(app, "clerk", &json!({"phone": "0912345678", "identity_number": "1"}))
        .refused_at("/identity_number", "one_of");
    search(app, "clerk", &json!({"phone": "12"})).refused_at("/phone", "number");
    search(app, "clerk", &json!({"identity_number": "x"})).refused_at("/identity_number", "number");
    let refused = search(app, "clerk", &json!({"phone": 912_345_678}));
    assert!(refused.status == 422 && !refused.text.contains("912345678"), "{}", refused.text);
}
