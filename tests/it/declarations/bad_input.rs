//! Declarations that break rules: a clear refusal, and nothing stored.

use serde_json::{Value, json};

use super::{TRAINED, body, path, plan, versions};
use crate::harness::{TestApp, escaped};

on_both!(values_that_break_rules, evidence_that_breaks_rules, reviews_and_questions_that_break_rules);

#[track_caller]
fn refused(app: &TestApp, target: &str, with: &Value, pointer: &str, code: &str) {
    app.user("leader").post(&path(target), &body(with)).refused_at(pointer, code);
}

fn values_that_break_rules(app: &TestApp) {
    plan(app);
    let cases = [
        (TRAINED, json!({}), "/value", "required"),
        (TRAINED, json!({"value": "90", "numerator": 9, "denominator": 10}), "/value", "both_given"),
        (TRAINED, json!({"value": "90", "numerator": 9}), "/value", "both_given"),
        (TRAINED, json!({"numerator": 9}), "/denominator", "required"),
        (TRAINED, json!({"denominator": 9}), "/numerator", "required"),
        (TRAINED, json!({"numerator": 0, "denominator": 0}), "/denominator", "range"),
        (TRAINED, json!({"numerator": -1, "denominator": 5}), "/numerator", "range"),
        (TRAINED, json!({"value": "90,5"}), "/value", "decimal"),
        (TRAINED, json!({"value": "90.1234567"}), "/value", "decimal"),
        (TRAINED, json!({"value": 90}), "/value", "wrong_type"),
        (TRAINED, json!({"value": "-1"}), "/value", "range"),
        ("online", json!({"value": "100.01"}), "/value", "range"),
        ("online", json!({"numerator": 6, "denominator": 5}), "/numerator", "range"),
        ("courses", json!({"value": "12.5"}), "/value", "whole_number"),
        ("courses", json!({"numerator": 1, "denominator": 2}), "/numerator", "not_a_share"),
        ("growth", json!({"numerator": 1, "denominator": 2}), "/numerator", "not_a_share"),
        (TRAINED, json!({"value": "90", "from": "2026-12-31", "to": "2026-01-01"}), "/to", "reversed"),
        (TRAINED, json!({"value": "90", "from": "2026-03-11", "to": "2026-12-31"}), "/from", "in_future"),
        (TRAINED, json!({"value": "90", "from": "2026-02-30"}), "/from", "wrong_type"),
        (TRAINED, json!({"value": "90", "from": null}), "", "required"),
        (TRAINED, json!({"value": "90", "note": " "}), "/note", "required"),
        (TRAINED, json!({"value": "90", "note": "x".repeat(2001)}), "/note", "too_long"),
        (TRAINED, json!({"value": "90", "status": "accepted"}), "/status", "unknown_field"),
    ];
    for (target, with, pointer, code) in cases {
        refused(app, target, &with, pointer, code);
    }
    assert_eq!(versions(app, "leader", "").len(), 0, "nothing was stored");
    for (plan, target) in [(super::PLAN, "nothing"), ("no-plan", TRAINED)] {
        let path = format!("/plans/{plan}/targets/{target}/declarations");
        app.user("leader").post(&path, &body(&json!({"value": "90"}))).problem(404, "not-found");
        app.user("leader").get(&path).problem(404, "not-found");
    }
    app.user("leader").post(&path("growth"), &body(&json!({"value": "-3.5"}))).expect(201);
}

fn evidence_that_breaks_rules(app: &TestApp) {
    plan(app);
    let file = |with: Value| {
        let mut file = json!({"kind": "file", "sha256": "0f".repeat(32), "size": 1});
        crate::factory::merge(&mut file, &with);
        json!([file])
    };
    let document = |with: Value| {
        let mut document = json!({"kind": "document", "number": "1/BC", "date": "2026-03-10"});
        crate::factory::merge(&mut document, &with);
        json!([document])
    };
    let cases = [
        (Value::Null, "/evidence", "required"),
        (json!([]), "/evidence", "required"),
        (json!({}), "/evidence", "wrong_type"),
        (json!(vec![document(json!({}))[0].clone(); 51]), "/evidence", "too_long"),
        (json!([{"kind": "hearsay"}]), "/evidence/0/kind", "wrong_type"),
        (file(json!({"sha256": "0F".repeat(32)})), "/evidence/0/sha256", "sha256"),
        (file(json!({"sha256": "0f"})), "/evidence/0/sha256", "sha256"),
        (file(json!({"size": 0})), "/evidence/0/size", "range"),
        (file(json!({"size": -1})), "/evidence/0", "wrong_type"),
        (file(json!({"name": ""})), "/evidence/0/name", "required"),
        (file(json!({"path": "/etc/passwd"})), "/evidence/0", "unknown_field"),
        (document(json!({"number": ""})), "/evidence/0/number", "required"),
        (document(json!({"number": "a\u{0}b"})), "/evidence/0/number", "control_character"),
        (document(json!({"date": "2026-03-11"})), "/evidence/0/date", "in_future"),
        (document(json!({"date": null})), "/evidence/0", "required"),
    ];
    for (evidence, pointer, code) in cases {
        refused(app, TRAINED, &json!({"value": "90", "evidence": evidence}), pointer, code);
    }
    assert_eq!(versions(app, "leader", "").len(), 0, "nothing was stored");
}

fn reviews_and_questions_that_break_rules(app: &TestApp) {
    plan(app);
    app.user("leader").post(&path(TRAINED), &body(&json!({"value": "90"}))).expect(201);
    let review = format!("{}/1/review", path(TRAINED));
    let judge = |body: Value| app.user("auditor").post(&review, &body);
    judge(json!({})).refused_at("", "required");
    judge(json!({"verdict": "perhaps"})).refused_at("/verdict", "wrong_type");
    judge(json!({"verdict": "accepted", "note": ""})).refused_at("/note", "required");
    judge(json!({"verdict": "accepted", "value": "91"})).refused_at("/value", "unknown_field");
    let ask = |query: &str| app.user("auditor").get(&format!("{}?{query}", path(TRAINED)));
    ask("from=2026-02-01&to=2026-01-01").refused_at("?from", "reversed");
    ask(&format!("known_at={}", escaped("2027-01-01T00:00:00+07:00"))).refused_at("?known_at", "in_future");
    ask("from=yesterday").problem(400, "malformed-request");
    ask("limit=0").refused_at("?limit", "range");
    ask("colour=red").problem(400, "malformed-request");
    ask("cursor=abc").problem(400, "malformed-request");
    assert_eq!(versions(app, "leader", "")[0]["review"], Value::Null);
}
