//! A day off declared late: what it would move, moving it, and what never moves.

mod jobs;
mod preview;
mod refusals;

use motcua::app::{check, jobs as work};
use serde_json::{Value, json};

use crate::harness::TestApp;

/// A working day within the time of every dossier received on the first day of a test.
pub const DAY_OFF: &str = "2026-03-12";

/// The calendar in force without what the API adds.
pub fn calendar(app: &TestApp) -> Value {
    let mut body = app.user("admin").get("/calendar").expect(200);
    body.as_object_mut().expect("a calendar").remove("revision");
    body
}

/// The calendar in force and one day off more.
pub fn with_day_off(app: &TestApp, version: &str, date: &str) -> Value {
    let mut body = calendar(app);
    body["version"] = version.into();
    body["notice"] = "TB-77/2026".into();
    let day = json!({"date": date, "name": "Nghỉ đột xuất", "kind": "substitute_day_off"});
    body["days"].as_array_mut().expect("days").push(day);
    body
}

#[track_caller]
pub fn put(app: &TestApp, body: &Value) {
    let revision = app.user("admin").get("/calendar").expect(200)["revision"].as_i64().expect("a revision");
    app.user("admin").put("/calendar", revision, body).expect(200);
}

/// Asks for the job; nobody works on it until the test does.
#[track_caller]
pub fn ask(app: &TestApp, version: &str) -> Value {
    app.user("admin").request("POST", &format!("/calendar/{version}/apply")).send().expect(202)
}

/// Puts and applies; returns the finished job.
#[track_caller]
pub fn put_and_apply(app: &TestApp, body: &Value) -> Value {
    put(app, body);
    let job = ask(app, body["version"].as_str().expect("a version"));
    finish(app);
    app.user("admin").get(&format!("/jobs/{}", job["id"].as_str().expect("an id"))).expect(200)
}

/// Works as the worker does, until there is nothing left.
pub fn finish(app: &TestApp) {
    while work::run_once(&app.app).expect("a piece").is_some() {}
}

pub fn name(dossier: &Value) -> &str {
    dossier["code"].as_str().or(dossier["id"].as_str()).expect("a name")
}

/// The dossier as the auditor of everything sees it now.
pub fn seen(app: &TestApp, dossier: &Value) -> Value {
    let reader = if dossier["agency"] == crate::factory::FOREIGN { "leader.far" } else { "auditor" };
    app.user(reader).get(&format!("/dossiers/{}", name(dossier))).expect(200)
}

/// How many `deadline_recomputed` a dossier has.
pub fn recomputed(app: &TestApp, dossier: &Value) -> usize {
    let reader = if dossier["agency"] == crate::factory::FOREIGN { "leader.far" } else { "auditor" };
    let events = app.user(reader).get(&format!("/dossiers/{}/events", name(dossier))).expect(200);
    let events = events["items"].as_array().expect("events");
    events.iter().filter(|event| event["type"] == "deadline_recomputed").count()
}

pub fn verified(app: &TestApp) {
    assert_eq!(check::check(&app.app, &[], |_| {}).expect("a database").findings, []);
}
