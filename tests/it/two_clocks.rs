//! A dossier and the auditors' lists, as they were known then.

use serde_json::{Value, json};

use crate::factory::{AGENCY, event, event_with, merge};
use crate::harness::TestApp;

on_both!(a_dossier_as_it_was_seen, a_deadline_with_the_calendar_of_then, audit_lists_as_known_then, no_future);

/// The clock's instant, for a query string; after everything recorded so far.
fn now(app: &TestApp) -> String {
    app.pass(chrono::Duration::seconds(1));
    motcua::domain::time::canonical(app.clock.now())
}

fn a_dossier_as_it_was_seen(app: &TestApp) {
    let dossier = app.received();
    app.pass(chrono::Duration::hours(1));
    let then = now(app);
    let path = format!("/dossiers/{}", dossier["id"].as_str().expect("an id"));
    let tails = ["", "/events", "/documents", "/payments", "/deadline", "/rating"];
    let seen = |query: &str| tails.map(|tail| app.user("clerk").get(&format!("{path}{tail}{query}")).expect(200));
    let before = seen(&format!("?known_at={then}"));
    app.pass(chrono::Duration::hours(30));
    let body = json!({"occurred_at": "2026-03-11T09:00:00+07:00"});
    let paused = app.record("clerk", &dossier, &event_with("supplement_requested", &body));
    app.pass(chrono::Duration::hours(48));
    let open = app.record("clerk", &paused, &event("supplemented"));
    app.walk(&open, &["payment_recorded", "finished", "rated"]);
    assert_eq!(seen(&format!("?known_at={then}")), before);
    let after = seen("");
    for (i, tail) in tails.iter().enumerate() {
        assert_ne!(before[i], after[i], "{tail} says nothing new");
    }
    assert_eq!(before[4]["pauses"], json!([]));
    assert_eq!(before[4]["on_time_status"], "in_time");
    // While it was paused.
    app.set_clock("2026-04-10T09:00:00+07:00");
    let during = app.user("clerk").get(&format!("{path}/deadline?known_at=2026-03-12T15:00:00%2B07:00")).expect(200);
    assert_eq!(during["paused"]["kind"], "supplement", "{during}");
}

fn a_deadline_with_the_calendar_of_then(app: &TestApp) {
    let dossier = app.received();
    let path = format!("/dossiers/{}/deadline", dossier["id"].as_str().expect("an id"));
    let then = now(app);
    app.pass(chrono::Duration::minutes(1));
    let mut calendar = app.user("admin").get("/calendar").expect(200);
    let revision = calendar["revision"].as_i64().expect("a revision");
    merge(&mut calendar, &json!({"revision": null, "version": "nghi-bu"}));
    let days = calendar["days"].as_array_mut().expect("days");
    days.push(json!({"date": "2026-03-12", "name": "Nghỉ bù", "kind": "holiday"}));
    app.user("admin").put("/calendar", revision, &calendar).expect(200);
    let skipped = |query: &str| app.user("clerk").get(&format!("{path}{query}")).expect(200).to_string();
    assert!(skipped("").contains("Nghỉ bù"));
    assert!(!skipped(&format!("?known_at={then}")).contains("Nghỉ bù"));
}

fn audit_lists_as_known_then(app: &TestApp) {
    let (first, second) = (app.received(), app.received());
    app.record("leader", &first, &event("voided"));
    let then = now(app);
    app.set_clock("2026-03-12T09:00:00+07:00");
    app.record("leader", &second, &event("voided"));
    let voided = |query: &str| -> Vec<Value> {
        let list = app.user("auditor").get(&format!("/audit/voided?agency={AGENCY}{query}")).expect(200);
        list["items"].as_array().expect("items").iter().map(|item| item["dossier"].clone()).collect()
    };
    assert_eq!(voided(""), [first["id"].clone(), second["id"].clone()]);
    assert_eq!(voided(&format!("&known_at={then}")), [first["id"].clone()]);
    assert_eq!(voided("&to=2026-03-10"), [first["id"].clone()]);
    assert_eq!(voided("&from=2026-03-11"), [second["id"].clone()]);
    assert_eq!(voided("&from=2026-03-13"), [Value::Null; 0]);
    let seq =
        |query: &str| app.user("auditor").get(&format!("/audit/heads{query}")).expect(200)["items"][0]["seq"].clone();
    assert_eq!((seq(""), seq(&format!("?known_at={then}"))), (json!(6), json!(5)));
    app.user("auditor").get("/audit/late-entries?from=2026-03-02&to=2026-03-01").refused_at("?from", "reversed");
}

fn no_future(app: &TestApp) {
    let dossier = app.received();
    let path = format!("/dossiers/{}", dossier["id"].as_str().expect("an id"));
    let future = "known_at=2036-01-01T00:00:00Z";
    for tail in ["", "/events", "/documents", "/payments", "/deadline", "/rating"] {
        app.user("clerk").get(&format!("{path}{tail}?{future}")).refused_at("?known_at", "in_future");
        app.user("clerk").get(&format!("{path}{tail}?known_at=2020-01-01T00:00:00Z")).problem(404, "not-found");
    }
    for list in ["/dossiers", "/payments", "/indicators/values", "/reports/06a", "/reports/snapshots"] {
        app.user("clerk").get(&format!("{list}?{future}")).refused_at("?known_at", "in_future");
    }
    for list in ["/audit/heads", "/audit/voided", "/audit/late-entries"] {
        app.user("auditor").get(&format!("{list}?{future}")).refused_at("?known_at", "in_future");
    }
}
