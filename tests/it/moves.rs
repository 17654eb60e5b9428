//! Which event is legal in which state: the contract's table, written out once more and tried out in full.

use serde_json::{Value, json};

use crate::factory::{event, new_dossier};
use crate::harness::TestApp;

on_both!(every_event_in_every_state, a_first_event_is_a_submission, the_program_alone_recomputes_deadlines);

/// States, how to get there from a received dossier, and the events that are legal there; everything but a
/// voided dossier can also be voided.
const STATES: [(&str, &[&str], &[&str]); 11] = [
    (
        "received",
        &[],
        &[
            "forwarded",
            "supplement_requested",
            "payment_requested",
            "payment_recorded",
            "extended",
            "withdrawn",
            "stopped",
            "finished",
            "digitised",
            "corrected",
        ],
    ),
    (
        "processing",
        &["forwarded"],
        &[
            "forwarded",
            "supplement_requested",
            "payment_requested",
            "payment_recorded",
            "extended",
            "withdrawn",
            "stopped",
            "finished",
            "digitised",
            "corrected",
        ],
    ),
    (
        "awaiting_supplement",
        &["supplement_requested"],
        &["supplemented", "payment_recorded", "withdrawn", "stopped", "digitised", "corrected"],
    ),
    (
        "awaiting_payment",
        &["payment_requested"],
        &["payment_recorded", "withdrawn", "stopped", "digitised", "corrected"],
    ),
    ("withdrawn", &["withdrawn"], &["rated", "corrected"]),
    ("stopped", &["stopped"], &["rated", "corrected"]),
    ("finished", &["finished"], &["payment_recorded", "returned", "reopened", "digitised", "rated", "corrected"]),
    ("returned", &["finished", "returned"], &["payment_recorded", "digitised", "rated", "corrected"]),
    ("returned", &["finished", "returned", "rated"], &["payment_recorded", "digitised", "corrected"]),
    (
        "processing",
        &["finished", "reopened"],
        &[
            "forwarded",
            "supplement_requested",
            "payment_requested",
            "payment_recorded",
            "extended",
            "withdrawn",
            "stopped",
            "finished",
            "digitised",
            "corrected",
        ],
    ),
    ("voided", &["voided"], &[]),
];

/// The same for dossiers that are not yet received.
const UNRECEIVED: [(&str, &[&str], &[&str]); 4] = [
    (
        "submitted",
        &[],
        &["received", "refused", "supplement_requested", "payment_recorded", "withdrawn", "digitised", "corrected"],
    ),
    (
        "awaiting_supplement",
        &["supplement_requested"],
        &["refused", "supplemented", "payment_recorded", "withdrawn", "digitised", "corrected"],
    ),
    (
        "submitted",
        &["supplement_requested", "supplemented"],
        &["received", "refused", "supplement_requested", "payment_recorded", "withdrawn", "digitised", "corrected"],
    ),
    ("refused", &["refused"], &["corrected"]),
];

const EVENTS: [&str; 18] = [
    "received",
    "refused",
    "forwarded",
    "supplement_requested",
    "supplemented",
    "payment_requested",
    "payment_recorded",
    "extended",
    "withdrawn",
    "stopped",
    "finished",
    "returned",
    "reopened",
    "digitised",
    "rated",
    "corrected",
    "payment_refunded",
    "voided",
];

fn every_event_in_every_state(app: &TestApp) {
    for (state, way, legal) in STATES {
        let dossier = app.walk(&app.received(), way);
        try_all(app, &dossier, state, legal);
    }
    for (state, way, legal) in UNRECEIVED {
        let dossier = app.walk(&app.create(&json!({"receive": null})), way);
        assert_eq!(dossier["code"], Value::Null);
        assert_eq!(dossier["due"], Value::Null, "no clock runs before receipt");
        try_all(app, &dossier, state, legal);
    }
}

fn try_all(app: &TestApp, dossier: &Value, state: &str, legal: &[&str]) {
    let mut legal = legal.to_vec();
    if state != "voided" {
        legal.push("voided");
    }
    assert_eq!(dossier["state"], state);
    let name = dossier["id"].as_str().expect("an id");
    let seen = app.user("everything").get(&format!("/dossiers/{name}")).expect(200);
    assert_eq!(seen["allowed_events"], json!(legal), "in {state}");
    let before = app.event_count();
    for kind in EVENTS.iter().filter(|kind| !legal.contains(kind)) {
        let refused = app.user("everything").event(dossier, &event(kind)).problem(409, "illegal-move");
        assert_eq!(refused["state"], state, "{kind}");
        assert_eq!(refused["allowed_events"], json!(legal), "{kind} in {state}");
    }
    assert_eq!(app.event_count(), before, "refusals store nothing");
    for kind in legal {
        // Each on a dossier of its own would take long; that it is not an illegal move shows all the same.
        let body = json!({"type": kind, "occurred_at": "2026-03-10T07:00:00+07:00"});
        let answer = app.user("everything").event(dossier, &body);
        assert_eq!(answer.status, 422, "{kind} in {state}: {}", answer.text);
    }
}

fn a_first_event_is_a_submission(app: &TestApp) {
    let dossier = app.received();
    let again = json!({
        "type": "submitted", "agency": "H26.103", "procedure": "1.005129", "channel": "post",
        "applicant": new_dossier(&json!({}))["applicant"],
    });
    app.user("clerk").event(&dossier, &again).problem(409, "illegal-move");
}

fn the_program_alone_recomputes_deadlines(app: &TestApp) {
    let dossier = app.received();
    let body = json!({
        "type": "deadline_recomputed", "calendar_version": "x", "notice": "y",
        "due": "2026-04-01T17:00:00+07:00", "due_strict": "2026-04-01T17:00:00+07:00",
    });
    let before = app.event_count();
    app.user("everything").event(&dossier, &body).refused_at("/due", "read_only");
    assert_eq!(app.event_count(), before);
}
