//! What changed between two instants of knowledge, and through what.

use serde_json::{Value, json};

use crate::factory::{AGENCY, CHILD, event, event_with};
use crate::harness::TestApp;

on_both!(
    a_late_entry_is_named,
    time_alone_makes_overdue,
    a_void_takes_out,
    a_merger_brings_in,
    pages_hold_everybody_once,
    every_figure_that_changed_opens,
    bad_questions,
);

/// The clock's instant, for a query string; after everything recorded so far.
fn now(app: &TestApp) -> String {
    app.pass(chrono::Duration::seconds(1));
    motcua::domain::time::canonical(app.clock.now())
}

fn diff(app: &TestApp, query: &str) -> Value {
    let year = "from=2026-01-01&to=2026-12-31";
    let answer = app.user("auditor").get(&format!("/reports/diff?agency={AGENCY}&{year}&{query}")).expect(200);
    let number = |key: &str| answer[key].as_i64().unwrap_or_default();
    assert_eq!(number("before") + number("entered") - number("left"), number("after"), "{answer}");
    answer
}

fn a_late_entry_is_named(app: &TestApp) {
    let dossier = app.received();
    app.set_clock("2026-03-20T09:00:00+07:00");
    let since = now(app);
    let body =
        event_with("finished", &json!({"occurred_at": "2026-03-13T10:00:00+07:00", "late_entry_reason": "mất mạng"}));
    app.record("officer", &dossier, &body);
    let answer = diff(app, &format!("indicator=on_time_resolved&part=numerator&since={since}"));
    assert_eq!(answer["before"], 0);
    assert_eq!(answer["entered"], 1);
    let item = &answer["items"][0];
    assert_eq!(
        (&item["code"], &item["moved"], &item["state"]),
        (&dossier["code"], &json!("entered"), &json!("finished"))
    );
    let steps = item["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 1, "{item}");
    assert_eq!(steps[0]["cause"], "event");
    let cause = &steps[0]["event"];
    assert_eq!((&cause["type"], &cause["n"], &cause["late_entry"]), (&json!("finished"), &json!(3), &json!(true)));
    assert_eq!(cause["occurred_at"], "2026-03-13T10:00:00+07:00");
    assert_eq!(cause["recorded_at"], steps[0]["known_at"]);
    assert!(!answer.to_string().contains("Nguyễn"), "{answer}");
    // It had been open and overdue: what entered one part left the other.
    let open = diff(app, &format!("indicator=overdue_open&part=numerator&since={since}"));
    assert_eq!((&open["before"], &open["left"], &open["after"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(open["items"][0]["steps"][0]["event"]["type"], "finished");
    // Asked again later for the same two instants, it says the same.
    let until = now(app);
    let asked = format!("indicator=on_time_resolved&part=numerator&since={since}&known_at={until}");
    let first = diff(app, &asked);
    app.set_clock("2026-03-25T09:00:00+07:00");
    app.record(
        "leader",
        &app.user("leader").get(&format!("/dossiers/{}", item["id"].as_str().expect("an id"))).expect(200),
        &event("reopened"),
    );
    let mut again = diff(app, &asked);
    assert_eq!((&first["settled"], &again["settled"]), (&json!(false), &json!(true)));
    again["settled"] = json!(false);
    assert_eq!(first, again);
}

fn time_alone_makes_overdue(app: &TestApp) {
    let dossier = app.received();
    let since = now(app);
    app.set_clock("2026-03-25T09:00:00+07:00");
    let answer = diff(app, &format!("indicator=overdue_open&part=numerator&since={since}"));
    assert_eq!((&answer["before"], &answer["entered"]), (&json!(0), &json!(1)));
    let step = &answer["items"][0]["steps"][0];
    assert_eq!((&step["cause"], &step["event"], &step["moved"]), (&json!("time"), &Value::Null, &json!("entered")));
    // The first microsecond after the due instant.
    let due = dossier["due_strict"].as_str().expect("a due instant");
    let moment = crate::harness::at(step["known_at"].as_str().expect("an instant"));
    assert_eq!(moment - crate::harness::at(due), chrono::Duration::microseconds(1));
    // Of a period that was over at both instants nothing changes by time.
    let over = "from=2026-03-01&to=2026-03-10";
    let path = format!("/reports/diff?agency={AGENCY}&{over}&indicator=overdue_open&since=2026-03-11T00:00:00%2B07:00");
    let none = app.user("leader").get(&path).expect(200);
    assert_eq!((&none["entered"], &none["left"], &none["items"]), (&json!(0), &json!(0), &json!([])));
}

fn a_void_takes_out(app: &TestApp) {
    let (kept, wrong) = (app.received(), app.received());
    let since = now(app);
    app.record("leader", &wrong, &event("voided"));
    let answer = diff(app, &format!("indicator=online_share&since={since}"));
    assert_eq!((&answer["before"], &answer["left"], &answer["after"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(answer["items"][0]["id"], wrong["id"]);
    assert_ne!(answer["items"][0]["id"], kept["id"]);
    assert_eq!(answer["items"][0]["steps"][0]["event"]["type"], "voided");
    let entered = diff(app, &format!("indicator=online_share&since={since}&moved=entered"));
    assert_eq!(entered["items"], json!([]));
    let left = diff(app, &format!("indicator=online_share&since={since}&moved=left"));
    assert_eq!(left["items"][0]["steps"], answer["items"][0]["steps"]);
}

fn a_merger_brings_in(app: &TestApp) {
    let child = app.create(&json!({"agency": CHILD}));
    let since = now(app);
    app.pass(chrono::Duration::minutes(1));
    let mut body = app.user("admin").get(&format!("/agencies/{CHILD}")).expect(200);
    let revision = body["revision"].as_i64().expect("a revision");
    let changes = json!({"revision": null, "effective_from": null, "valid_to": "2026-03-31", "successor": AGENCY});
    crate::factory::merge(&mut body, &changes);
    app.user("admin").put(&format!("/agencies/{CHILD}"), revision, &body).expect(200);
    app.set_clock("2026-04-10T09:00:00+07:00");
    let answer = diff(app, &format!("indicator=online_share&scope=own&since={since}"));
    assert_eq!((&answer["before"], &answer["entered"], &answer["after"]), (&json!(0), &json!(1), &json!(1)));
    assert_eq!(answer["items"][0]["id"], child["id"]);
    assert_eq!(answer["items"][0]["steps"][0]["cause"], "catalogue");
}

fn pages_hold_everybody_once(app: &TestApp) {
    let since = now(app);
    let mut expected: Vec<String> = (0..5).map(|_| app.received()["id"].to_string()).collect();
    expected.sort();
    let query = format!("indicator=online_share&since={since}&known_at={}", now(app));
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = diff(app, &format!("{query}&limit=2{cursor}"));
        assert_eq!(page["entered"], 5);
        found.extend(page["items"].as_array().expect("items").iter().map(|item| item["id"].to_string()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
        let other = format!("/reports/diff?agency={AGENCY}&indicator=post_share&since={since}{cursor}");
        app.user("auditor").get(&other).problem(400, "malformed-request");
    }
    assert_eq!(found, expected);
}

fn every_figure_that_changed_opens(app: &TestApp) {
    let dossier = app.received();
    let since = now(app);
    assert_eq!(diff(app, &format!("since={since}"))["figures"], json!([]));
    app.walk(&dossier, &["payment_recorded", "finished"]);
    let answer = diff(app, &format!("since={since}"));
    let figures = answer["figures"].as_array().expect("figures");
    let of = |id: &str, part: &str| figures.iter().find(|figure| figure["indicator"] == id && figure["part"] == part);
    assert!(of("online_share", "denominator").is_none(), "{answer}");
    assert!(of("on_time_resolved", "numerator").is_some() && of("overdue_open", "denominator").is_some(), "{answer}");
    // A payment is no dossier: it is counted, and does not open.
    let payments = of("online_payment_transactions", "denominator").expect("a payment");
    assert_eq!((&payments["before"], &payments["after"], &payments["diff"]), (&json!(0), &json!(1), &Value::Null));
    for figure in figures.iter().filter(|figure| figure["diff"].is_string()) {
        let link = figure["diff"].as_str().and_then(|link| link.strip_prefix("/api/v1")).expect("a link");
        let opened = app.user("auditor").get(link).expect(200);
        for key in ["before", "after", "entered", "left"] {
            assert_eq!(opened[key], figure[key], "{key} of {figure}");
        }
        assert_eq!(opened["items"].as_array().map(Vec::len), Some(1));
    }
}

fn bad_questions(app: &TestApp) {
    let ask = |query: &str| app.user("auditor").get(&format!("/reports/diff?{query}"));
    let since = "since=2026-03-01T00:00:00Z";
    ask("").problem(400, "malformed-request");
    ask("since=yesterday").problem(400, "malformed-request");
    ask(&format!("{since}&since_at=x")).problem(400, "malformed-request");
    ask(&format!("{since}&known_at=2026-02-01T00:00:00Z")).refused_at("?since", "reversed");
    ask(&format!("{since}&known_at=2026-03-01T00:00:00Z")).refused_at("?since", "reversed");
    ask("since=2030-01-01T00:00:00Z").refused_at("?since", "reversed");
    ask(&format!("{since}&known_at=2030-01-01T00:00:00Z")).refused_at("?known_at", "in_future");
    ask(&format!("{since}&from=2026-03-02&to=2026-03-01")).refused_at("?from", "reversed");
    ask(&format!("{since}&indicator=luck")).refused_at("?indicator", "unknown_indicator");
    ask(&format!("{since}&indicator=procedures_full_online")).refused_at("?indicator", "other_unit");
    ask(&format!("{since}&indicator=on_time_due&part=half")).refused_at("?part", "unknown_part");
    ask(&format!("{since}&part=numerator")).refused_at("?part", "unexpected");
    ask(&format!("{since}&moved=away")).refused_at("?moved", "unknown_value");
    ask(&format!("{since}&limit=0")).refused_at("?limit", "range");
    ask(&format!("{since}&indicator=on_time_due&cursor=abc")).problem(400, "malformed-request");
    ask(&format!("{since}&agency=H38.1")).problem(404, "not-found");
}
