//! What is refused, and a calendar that changes nothing.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{DAY_OFF, ask, calendar, finish, put, with_day_off};
use crate::harness::TestApp;

on_both!(
    only_the_calendar_in_force_is_applied,
    a_calendar_that_changes_nothing,
    unsound_previews_are_refused,
    unknown_jobs_are_not_found,
);

fn apply(app: &TestApp, version: &str) -> crate::harness::Answer {
    app.user("admin").request("POST", &format!("/calendar/{version}/apply")).send()
}

fn only_the_calendar_in_force_is_applied(app: &TestApp) {
    let old = calendar(app)["version"].as_str().expect("a version").to_owned();
    put(app, &with_day_off(app, "2026-bis", DAY_OFF));
    apply(app, "2026-nie").problem(404, "not-found");
    let refused = apply(app, &old).problem(409, "superseded");
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("2026-bis")), "{refused}");
    app.user("admin")
        .request("POST", "/calendar/2026-bis/apply")
        .header("Idempotency-Key", "")
        .send()
        .problem(400, "malformed-request");
    let keyed =
        |version: &str| app.user("admin").request("POST", &format!("/calendar/{version}/apply")).key("one key").send();
    keyed("2026-bis").expect(202);
    put(app, &with_day_off(app, "2026-ter", "2026-03-13"));
    keyed("2026-ter").problem(422, "idempotency-key-reused");
    assert_eq!(app.user("admin").get("/jobs").expect(200)["items"].as_array().expect("a list").len(), 1);
}

fn a_calendar_that_changes_nothing(app: &TestApp) {
    app.received();
    let events = app.event_count();
    let nothing = json!({
        "examined": 0, "moved": 0, "later": 0, "earlier": 0, "paused": 0, "no_longer_overdue": 0, "newly_overdue": 0,
    });
    let same = app.user("auditor").post("/calendar/preview", &calendar(app)).expect(200);
    assert_eq!((&same["in_force"], &same["total"]["dossiers"]), (&json!(true), &nothing));
    // A Saturday is off anyhow.
    let body = with_day_off(app, "2026-bis", "2026-03-14");
    let other = app.user("auditor").post("/calendar/preview", &body).expect(200);
    assert_eq!((&other["changes"]["count"], &other["total"]["dossiers"]), (&json!(0), &nothing));
    let figures = other["total"]["figures"].as_array().expect("figures");
    assert!(figures.iter().all(|figure| figure["before"] == figure["after"]));
    assert_eq!(other["agencies"], json!([]));
    put(app, &body);
    let job = ask(app, "2026-bis");
    finish(app);
    let done = app.user("admin").get(&format!("/jobs/{}", job["id"].as_str().expect("an id"))).expect(200);
    assert_eq!((&done["state"], &done["moved"]), (&json!("done"), &json!(0)));
    assert_eq!(done["examined"], 0);
    assert_eq!(app.event_count(), events);
}

fn unsound_previews_are_refused(app: &TestApp) {
    let sound = with_day_off(app, "2026-bis", DAY_OFF);
    let post = |query: &str, body: &Value| app.user("auditor").post(&format!("/calendar/preview{query}"), body);
    let with = |key: &str, value: Value| {
        let mut body = sound.clone();
        body[key] = value;
        body
    };
    post("", &with("version", json!("có dấu"))).refused_at("/version", "version");
    let all = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    post("", &with("weekend", all)).refused_at("/weekend", "no_working_day");
    post("", &with("days", json!([{"date": "2026-13-01", "name": "x", "kind": "holiday"}])))
        .refused_at("/days/0/date", "wrong_type");
    post("", &with("surprise", json!(1))).refused_at("/surprise", "unknown_field");
    let used = with("version", calendar(app)["version"].clone());
    post("", &used).refused_at("/version", "version_used");
    post("?limit=0", &sound).refused_at("?limit", "range");
    post("?limit=many", &sound).problem(400, "malformed-request");
    post("?from=2026-13-01", &sound).problem(400, "malformed-request");
    post("?from=2027-01-01", &sound).refused_at("?from", "reversed");
    post("?scope=all", &sound).refused_at("?scope", "unknown_value");
    post("?to=2026-03-01", &sound).problem(400, "malformed-request");
    post("?cursor=x", &sound).problem(400, "malformed-request");
    post("?agency=H77.7", &sound).problem(404, "not-found");
    let request = app.user("auditor").request("POST", "/calendar/preview");
    request.header("Content-Type", "application/json").bytes(b"{".to_vec()).send().problem(400, "malformed-request");
    let request = app.user("auditor").request("POST", "/calendar/preview");
    request.header("Content-Type", "text/plain").bytes(b"x".to_vec()).send().problem(415, "unsupported-media-type");
    // Another week reaches every open dossier.
    app.received();
    let week = post("", &with("weekend", json!(["wed", "sat", "sun"]))).expect(200);
    assert_eq!((&week["changes"]["week"], &week["total"]["dossiers"]["later"]), (&json!(true), &json!(1)));
    assert_eq!(week["total"]["dossiers"]["examined"], 1);
}

fn unknown_jobs_are_not_found(app: &TestApp) {
    app.user("admin").get(&format!("/jobs/{}", Uuid::nil())).problem(404, "not-found");
    app.user("admin").get("/jobs/no-id").problem(404, "not-found");
}
