//! Portals: what they submit, see and record.

use serde_json::{Value, json};

use crate::factory::{event, event_with, new_dossier};
use crate::harness::{Answer, TestApp};

on_both!(
    a_portal_submits_and_follows,
    a_portal_records_its_own_events_only,
    a_portal_sees_its_own_dossiers_only,
    a_portal_sends_a_key_with_every_post,
);

fn send(app: &TestApp, portal: &str, dossier: &Value, key: &str, body: &Value) -> Answer {
    let path = format!("/dossiers/{}/events", dossier["id"].as_str().expect("an id"));
    let version = dossier["version"].as_i64().expect("a version");
    app.user(portal).request("POST", &path).version(version).key(key).json(body).send()
}

fn a_portal_submits_and_follows(app: &TestApp) {
    let submitted = app.submitted_online("k1");
    assert_eq!(submitted["state"], "submitted");
    assert_eq!(submitted["allowed_events"], json!(["payment_recorded", "withdrawn"]));
    // Eight office hours from 08:00:01.
    assert_eq!(submitted["answer_due"], "2026-03-11T08:00:01+07:00");
    let pay = event_with("payment_recorded", &json!({"method": "national_portal", "reference": "DVCQG-1"}));
    let paid = send(app, "portal", &submitted, "k2", &pay).expect(201)["dossier"].clone();
    assert_eq!(paid["fee"]["methods"], json!(["national_portal"]));
    let received = app.record("clerk", &paid, &event("received"));
    assert_eq!(received["fee"]["due"], 50000);
    let asked = app.record("officer", &received, &event("supplement_requested"));
    let answered = send(app, "portal", &asked, "k3", &event("supplemented")).expect(201)["dossier"].clone();
    assert_eq!(answered["state"], "processing");
    let done = app.walk(&answered, &["finished", "returned"]);
    let rated = send(app, "portal", &done, "k4", &event("rated")).expect(201);
    assert_eq!(rated["event"]["payload"]["entered_by_staff"], false);
    assert_eq!(rated["dossier"]["rating"], 5);
    assert_eq!(rated["dossier"]["applicant"]["name"], "Nguyễn Văn An");
}

fn a_portal_records_its_own_events_only(app: &TestApp) {
    let submitted = app.submitted_online("k1");
    send(app, "portal", &submitted, "k2", &event("received")).problem(403, "forbidden");
    send(app, "portal", &submitted, "k3", &event("voided")).problem(403, "forbidden");
    let withdrawn = send(app, "portal", &submitted, "k4", &event("withdrawn")).expect(201)["dossier"].clone();
    assert_eq!(withdrawn["state"], "withdrawn");
    let direct = new_dossier(&json!({"channel": "level_4"}));
    let answer = app.user("portal").request("POST", "/dossiers").key("k5").json(&direct).send();
    answer.problem(403, "forbidden");
    let foreign = new_dossier(&json!({"agency": "H38.1", "receive": null}));
    app.user("portal").request("POST", "/dossiers").key("k6").json(&foreign).send().problem(404, "not-found");
    // Anywhere below its own agency.
    let below = new_dossier(&json!({"agency": "H26.103.26", "receive": null, "channel": "level_3"}));
    app.user("portal").request("POST", "/dossiers").key("k7").json(&below).send().expect(201);
}

fn a_portal_sees_its_own_dossiers_only(app: &TestApp) {
    let own = app.submitted_online("k1");
    let clerks = app.received();
    let path = |dossier: &Value| format!("/dossiers/{}", dossier["id"].as_str().expect("an id"));
    app.user("portal").get(&path(&own)).expect(200);
    for other in ["portal2", "portal.far"] {
        app.user(other).get(&path(&own)).problem(404, "not-found");
        send(app, other, &own, "k9", &event("withdrawn")).problem(404, "not-found");
    }
    app.user("portal").get(&path(&clerks)).problem(404, "not-found");
    app.user("portal").get(&format!("{}/events", path(&clerks))).problem(404, "not-found");
    app.user("portal").get(&format!("{}/deadline", path(&clerks))).problem(404, "not-found");
    let list = |user: &str| app.user(user).get("/dossiers?count=true").expect(200)["count"].clone();
    assert_eq!(list("portal"), 1);
    assert_eq!(list("portal2"), 0);
    assert_eq!(list("clerk"), 2);
}

fn a_portal_sends_a_key_with_every_post(app: &TestApp) {
    let body = new_dossier(&json!({"channel": "level_4", "receive": null}));
    let before = app.event_count();
    app.user("portal").post("/dossiers", &body).problem(400, "idempotency-key-required");
    assert_eq!(app.event_count(), before);
    let own = app.submitted_online("k1");
    app.user("portal").event(&own, &event("withdrawn")).problem(400, "idempotency-key-required");
    assert_eq!(app.event_count(), before + 1);
}
