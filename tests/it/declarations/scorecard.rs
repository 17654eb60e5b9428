//! How a scorecard shows what was declared: apart from what was computed, and counted once somebody else accepted it.

use serde_json::{Value, json};

use super::{TRAINED, body, path, plan};
use crate::factory::{AGENCY, CHILD};
use crate::harness::{TestApp, escaped};

on_both!(a_declared_value_counts_once_accepted, beside_a_computed_figure_it_decides_nothing);

fn row(app: &TestApp, key: &str, query: &str) -> Value {
    let card = app.user("leader").get(&format!("/plans/{}/scorecard?{query}", super::PLAN)).expect(200);
    let rows = card["rows"].as_array().expect("rows").clone();
    rows.into_iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no row {key}"))
}

/// Status of the target, version shown, its status, codes of the warnings.
fn stands(row: &Value) -> (String, i64, String, Vec<String>) {
    let text = |value: &Value| value.as_str().unwrap_or("–").to_owned();
    let warnings = row["warnings"].as_array().expect("warnings").iter().map(|warning| text(&warning["code"])).collect();
    let declared = &row["declared"];
    (text(&row["status"]), declared["version"].as_i64().unwrap_or(0), text(&declared["status"]), warnings)
}

fn is(status: &str, version: i64, declared: &str, warnings: &[&str]) -> (String, i64, String, Vec<String>) {
    (status.to_owned(), version, declared.to_owned(), warnings.iter().map(|code| (*code).to_owned()).collect())
}

fn a_declared_value_counts_once_accepted(app: &TestApp) {
    plan(app);
    let now = |query: &str| stands(&row(app, TRAINED, query));
    let declare = |value: &str| app.user("leader").post(&path(TRAINED), &body(&json!({"value": value}))).expect(201);
    let judge = |version: i64, verdict: &str| {
        let path = format!("{}/{version}/review", path(TRAINED));
        app.user("leader2").post(&path, &json!({"verdict": verdict})).expect(201)
    };
    let mut instants = Vec::new();
    let mut expected = Vec::new();
    let mut look = |expect: (String, i64, String, Vec<String>)| {
        assert_eq!(now(""), expect);
        instants.push(escaped(&motcua::domain::time::canonical(app.clock.now())));
        expected.push(expect);
    };
    look(is("no_data", 0, "–", &[]));
    declare("85");
    look(is("no_data", 1, "pending", &["declaration_pending"]));
    judge(1, "rejected");
    look(is("no_data", 1, "rejected", &["declaration_rejected"]));
    declare("89.9");
    look(is("no_data", 2, "pending", &["declaration_pending"]));
    judge(2, "accepted");
    look(is("missed", 2, "accepted", &[]));
    declare("90");
    look(is("missed", 2, "accepted", &["declaration_superseding"]));
    judge(3, "accepted");
    look(is("met", 3, "accepted", &[]));
    declare("12");
    judge(4, "rejected");
    look(is("met", 3, "accepted", &[]));
    // Every one of these cards can be asked for again.
    for (known_at, expect) in instants.iter().zip(expected) {
        assert_eq!(now(&format!("known_at={known_at}")), expect, "{known_at}");
    }

    let shown = row(app, TRAINED, "");
    assert_eq!((&shown["basis"], &shown["actual"]), (&json!("declared"), &Value::Null));
    assert_eq!((&shown["declared"]["value"], &shown["declared"]["evidence"]), (&json!("90"), &super::evidence()));
    // Of this agency and this period only.
    assert_eq!(now("to=2026-06-30"), is("no_data", 0, "–", &[]));
    assert_eq!(now(&format!("agency={CHILD}")), is("no_data", 0, "–", &[]));
    assert_eq!(now(&format!("agency={AGENCY}&from=2026-01-01")), is("met", 3, "accepted", &[]));
    let courses = body(&json!({"value": "11"}));
    app.user("leader").post(&path("courses"), &courses).expect(201);
    app.user("auditor").post(&format!("{}/1/review", path("courses")), &json!({"verdict": "accepted"})).expect(201);
    assert_eq!(stands(&row(app, "courses", "")), is("missed", 1, "accepted", &[]));
}

fn beside_a_computed_figure_it_decides_nothing(app: &TestApp) {
    plan(app);
    app.create(&json!({"channel": "level_4"}));
    app.create(&json!({"channel": "level_4"}));
    app.received();
    let online = |query: &str| row(app, "online", query);
    let computed = online("");
    assert_eq!(stands(&computed), is("met", 0, "–", &[]));
    let declare = |with: &Value| {
        let version = app.user("leader").post(&path("online"), &body(with)).expect(201)["version"].clone();
        let path = format!("{}/{version}/review", path("online"));
        app.user("auditor").post(&path, &json!({"verdict": "accepted"})).expect(201);
    };
    // Two of three, written as people write it.
    declare(&json!({"value": "66.67"}));
    assert_eq!(stands(&online("")), is("met", 1, "accepted", &[]));
    declare(&json!({"numerator": 2, "denominator": 3}));
    assert_eq!(stands(&online("")), is("met", 2, "accepted", &[]));
    declare(&json!({"value": "12"}));
    let differs = online("");
    assert_eq!(stands(&differs), is("met", 3, "accepted", &["declaration_differs"]));
    assert_eq!((&differs["basis"], &differs["needed"]), (&json!("computed"), &computed["needed"]));
    assert_eq!(differs["actual"]["numerator"], 2);
}
