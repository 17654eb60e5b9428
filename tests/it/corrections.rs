//! Corrections: each field, what they change, and what they leave alone.

use serde_json::{Value, json};

use crate::factory::{applicant, event_with, merge};
use crate::harness::TestApp;

on_both!(
    a_correction_changes_last_years_dossier_as_known_today,
    a_channel_made_online_gets_an_answer_due,
    each_field_is_replaced_in_its_event,
    a_correction_fits_its_target,
    a_corrected_payment_stays_sound,
    later_events_stand,
    a_correction_of_the_applicant_is_personal,
);

fn correct(target: i64, field: &str, value: &Value) -> Value {
    event_with("corrected", &json!({"target": target, "field": field, "value": value}))
}

fn path(dossier: &Value) -> String {
    format!("/dossiers/{}", dossier["code"].as_str().expect("a code"))
}

fn a_correction_changes_last_years_dossier_as_known_today(app: &TestApp) {
    app.set_clock("2025-12-10T09:00:00+07:00");
    let dossier = app.walk(&app.received(), &["finished", "returned"]);
    app.set_clock("2026-02-03T09:00:00+07:00");
    let value = json!({"outcome": "rejected", "document": true, "electronic": false, "signed": true});
    let corrected = app.record("leader", &dossier, &correct(3, "result", &value));
    assert_eq!(corrected["result"]["outcome"], "rejected");
    assert_eq!(corrected["on_time_status"], "early", "times are not corrected");
    let then = app.user("leader").get(&format!("{}?known_at=2026-01-01T00:00:00%2B07:00", path(&dossier)));
    assert_eq!(then.expect(200)["result"]["outcome"], "granted");
    app.user("officer").event(&corrected, &correct(3, "result", &value)).problem(403, "forbidden");
}

fn a_channel_made_online_gets_an_answer_due(app: &TestApp) {
    let dossier = app.received();
    assert_eq!(dossier["answer_due"], Value::Null);
    let dossier = app.record("leader", &dossier, &correct(1, "channel", &json!("level_4")));
    assert_eq!(dossier["channel"], "level_4");
    // Eight office hours from 08:00: 3.5 h until lunch, 3.5 h until 17:00, one more from 07:00.
    assert!(dossier["answer_due"].as_str().is_some_and(|due| due.starts_with("2026-03-11T08:00")), "{dossier}");
    // An alias is stored under its proper name.
    let dossier = app.record("leader", &dossier, &correct(1, "channel", &json!("online_partial")));
    assert_eq!(dossier["channel"], "level_3");
    let paper = app.create(&json!({"procedure": "2.000815"}));
    app.user("leader")
        .event(&paper, &correct(1, "channel", &json!("level_3")))
        .refused_at("/value", "channel_not_offered");
}

fn each_field_is_replaced_in_its_event(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["payment_recorded", "finished"]);
    let components = json!([{"code": "TP1", "originals": 2}]);
    let dossier = app.record("leader", &dossier, &correct(1, "components", &components));
    assert_eq!(dossier["components"][0]["originals"], 2);
    let dossier = app.record("leader", &dossier, &correct(2, "fees", &json!([{"code": "LP1", "amount": 70000}])));
    assert_eq!(dossier["fee"]["due"], 70000);
    let dossier = app.record("leader", &dossier, &correct(3, "payment.amount", &json!(60000)));
    assert_eq!(dossier["fee"]["paid"], 60000);
    app.user("leader")
        .event(&dossier, &correct(3, "payment.method", &json!("card")))
        .refused_at("/value", "no_reference");
    let value = json!({"outcome": "granted", "document": true, "electronic": false, "signed": false});
    let dossier = app.record("leader", &dossier, &correct(4, "result", &value));
    assert_eq!(dossier["result"]["electronic"], false);
    let mut person = applicant();
    merge(&mut person, &json!({"name": "Trần Thị Bê"}));
    let dossier = app.record("leader", &dossier, &correct(1, "applicant", &person));
    assert_eq!(dossier["applicant"]["name"], "Trần Thị Bê");
    // Again: the original is corrected once more, not the correction.
    let dossier = app.record("leader", &dossier, &correct(3, "payment.amount", &json!(50000)));
    assert_eq!(dossier["fee"]["paid"], 50000);
}

fn a_correction_fits_its_target(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["payment_recorded"]);
    let before = app.event_count();
    let cases = [
        (correct(9, "channel", &json!("post")), "/target", "unknown_event"),
        (correct(2, "channel", &json!("post")), "/value", "wrong_type"),
        (correct(1, "channel", &json!("pigeon")), "/value", "wrong_type"),
        (correct(1, "components", &json!({"code": "TP1"})), "/value", "wrong_type"),
        (correct(1, "components", &json!([{"code": "TP1", "colour": "red"}])), "/value", "wrong_type"),
        (correct(3, "payment.amount", &json!("50000")), "/value", "wrong_type"),
        (correct(3, "payment.amount", &json!(0)), "/value", "amount"),
        (correct(3, "payment.amount", &json!(50001)), "/value", "above_owed"),
        (correct(2, "fees", &json!([{"code": "LP1", "amount": -5}])), "/value/0/amount", "amount"),
        (correct(1, "applicant", &json!({"kind": "citizen", "name": ""})), "/value/name", "name"),
        (event_with("corrected", &json!({"value": null})), "/value", "required"),
        (event_with("corrected", &json!({"reason": " "})), "/reason", "required"),
        (event_with("corrected", &json!({"field": "occurred_at"})), "/field", "wrong_type"),
        (event_with("corrected", &json!({"answer_due": "2026-03-10T08:00:00+07:00"})), "/answer_due", "read_only"),
    ];
    for (body, pointer, code) in cases {
        let answer = app.user("leader").event(&dossier, &body);
        if pointer == "/field" {
            answer.problem(422, "validation");
        } else {
            answer.refused_at(pointer, code);
        }
    }
    assert_eq!(app.event_count(), before);
}

fn a_corrected_payment_stays_sound(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["payment_recorded"]);
    let refund = event_with("payment_refunded", &json!({"payment": 3, "amount": 30000}));
    let dossier = app.record("clerk", &dossier, &refund);
    app.user("leader")
        .event(&dossier, &correct(3, "payment.amount", &json!(29999)))
        .refused_at("/value", "below_refunds");
    let dossier = app.record("leader", &dossier, &correct(3, "payment.amount", &json!(30000)));
    assert_eq!(dossier["fee"]["paid"], 30000);
    assert_eq!(dossier["fee"]["refunded"], 30000);
}

/// A correction replaces a value inside its target; what was said later holds.
fn later_events_stand(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["supplement_requested", "supplemented"]);
    let corrected = app.record("leader", &dossier, &correct(1, "components", &json!([{"code": "TP9"}])));
    assert_eq!(corrected["components"], dossier["components"]);
    // It never re-opens a payment that was settled.
    let paid = app.received();
    let paid = app.walk(&paid, &["payment_recorded", "payment_requested"]);
    let rest = event_with("payment_recorded", &json!({"amount": 30000}));
    let paid = app.record("clerk", &paid, &rest);
    assert_eq!(paid["state"], "processing");
    let paid = app.record("leader", &paid, &correct(5, "payment.amount", &json!(10000)));
    assert_eq!(paid["state"], "processing");
    assert_eq!(paid["fee"]["paid"], 60000);
}

fn a_correction_of_the_applicant_is_personal(app: &TestApp) {
    let dossier = app.received();
    let mut person = applicant();
    merge(&mut person, &json!({"name": "Lê Văn Cường"}));
    let dossier = app.record("leader", &dossier, &correct(1, "applicant", &person));
    let list = app.user("auditor").get(&format!("{}/events", path(&dossier)));
    assert!(!list.text.contains("Cường"), "masked in the history");
    let rows = app.app.store.read_blocking(|tx| tx.events_after("H26.103", 0, 100)).expect("events");
    assert!(rows.iter().all(|row| !row.payload.contains("Cường") && !row.payload.contains("Nguyễn")));
    assert!(rows.iter().all(|row| !row.payload.contains("nhập nhầm")), "reasons may speak of people");
    let shown = app.user("auditor").get(&path(&dossier)).expect(200);
    assert_eq!(shown["applicant"]["name"], "L. V. C.");
}
