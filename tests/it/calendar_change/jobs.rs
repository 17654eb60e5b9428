//! The job: piece by piece, broken off, asked for twice, overtaken.

use motcua::app::App;
use motcua::app::jobs::{Worker, run_once, step, step_with};
use motcua::store::Store;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DAY_OFF, ask, finish, put, recomputed, seen, verified, with_day_off};
use crate::factory::{AGENCY, CHILD, FOREIGN};
use crate::harness::{TestApp, vault};

on_both!(
    broken_off_it_goes_on,
    what_happens_meanwhile_is_respected,
    asked_for_twice_it_runs_once,
    a_later_calendar_overtakes_it,
    the_worker_takes_up_what_was_left,
    jobs_are_listed_newest_first,
    a_panic_fails_one_job_only,
);

fn id_of(job: &Value) -> Uuid {
    job["id"].as_str().and_then(|id| Uuid::parse_str(id).ok()).expect("an id")
}

fn job_now(app: &TestApp, job: &Value) -> Value {
    app.user("leader").get(&format!("/jobs/{}", id_of(job))).expect(200)
}

/// Seven here, three below, two abroad.
fn dossiers(app: &TestApp) -> Vec<Value> {
    let places = [(AGENCY, 7), (CHILD, 3), (FOREIGN, 2)];
    places.iter().flat_map(|(place, n)| (0..*n).map(move |_| app.create(&json!({"agency": place})))).collect()
}

fn broken_off_it_goes_on(app: &TestApp) {
    let all = dossiers(app);
    let events = app.event_count();
    let body = with_day_off(app, "2026-bis", DAY_OFF);
    put(app, &body);
    let job = ask(app, "2026-bis");
    assert_eq!((&job["state"], &job["started_at"], &job["examined"]), (&json!("queued"), &Value::Null, &json!(0)));
    // Counting, and two pieces of two dossiers: in the middle of the first agency.
    for _ in 0..3 {
        step(&app.app, id_of(&job), 2).expect("a piece");
    }
    let half = job_now(app, &job);
    assert_eq!(half["state"], "running");
    assert_eq!(half["agencies"], json!({"done": 0, "total": 3}));
    assert_eq!((&half["examined"], &half["moved"], app.event_count()), (&json!(4), &json!(4), events + 4));

    // Another process, as after a kill: it knows nothing but the database.
    let store = Store::open(&app.database).expect("the database opens");
    let fresh = App::open(store, app.clock.clone(), app.app.code_pattern.clone(), vault()).expect("the keys fit");
    let mut pieces = 0;
    while run_once(&fresh).expect("a piece").is_some() {
        pieces += 1;
    }
    assert!(pieces >= 4, "{pieces}");
    let done = job_now(app, &job);
    assert_eq!(done["state"], "done");
    assert_eq!(done["agencies"], json!({"done": 3, "total": 3}));
    everybody_is_told_of_their_own(app, &job);
    assert!(done["finished_at"].as_str() >= done["started_at"].as_str());
    assert_eq!(app.event_count(), events + 12);
    for dossier in &all {
        assert_eq!(recomputed(app, dossier), 1, "none twice");
        assert_eq!(seen(app, dossier)["due"], "2026-03-18T17:00:00+07:00");
    }
    // A piece of a finished job does nothing.
    step(&app.app, id_of(&job), 2).expect("nothing");
    assert_eq!(job_now(app, &job), done);
    verified(app);
}

/// Seven of the agency and three below it are no business of the child's staff, nor of those abroad.
fn everybody_is_told_of_their_own(app: &TestApp, job: &Value) {
    for (caller, count) in [("leader", 10), ("admin", 10), ("leader.child", 3), ("leader.far", 2), ("overall", 12)] {
        let one = app.user(caller).get(&format!("/jobs/{}", id_of(job))).expect(200);
        let listed = app.user(caller).get("/jobs").expect(200)["items"][0].clone();
        assert_eq!((&one["examined"], &one["moved"]), (&json!(count), &json!(count)), "{caller}");
        assert_eq!(listed, one, "{caller}");
    }
    let file = app.user("leader.far").get("/jobs?format=csv").text;
    assert!(file.contains(",2,2,") && !file.contains("12"), "{file}");
}

fn what_happens_meanwhile_is_respected(app: &TestApp) {
    // Ids rise with time: the last ones are looked at last.
    let all: Vec<Value> = (0..6).map(|_| app.received()).collect();
    let online = app.submitted_online("received while the job runs");
    put(app, &with_day_off(app, "2026-bis", DAY_OFF));
    let job = ask(app, "2026-bis");
    for _ in 0..2 {
        step(&app.app, id_of(&job), 2).expect("a piece");
    }
    app.walk(&all[2], &["forwarded", "finished"]);
    app.walk(&all[3], &["supplement_requested"]);
    let moved = app.walk(&seen(app, &all[1]), &["forwarded"]);
    assert_eq!(moved["due"], "2026-03-18T17:00:00+07:00", "others have their turn between the pieces");
    let received = app.walk(&online, &["received"]);
    assert_eq!(received["due"], "2026-03-18T17:00:00+07:00", "by the calendar in force");
    finish(app);
    assert_eq!(job_now(app, &job)["moved"], 4);
    let events: Vec<usize> = all.iter().chain([&received]).map(|dossier| recomputed(app, dossier)).collect();
    assert_eq!(events, [1, 1, 0, 0, 1, 1, 0]);
    verified(app);
}

fn asked_for_twice_it_runs_once(app: &TestApp) {
    app.received();
    put(app, &with_day_off(app, "2026-bis", DAY_OFF));
    let post = |key: &str| app.user("admin").request("POST", "/calendar/2026-bis/apply").key(key).send();
    let first = post("a");
    let location = format!("/api/v1/jobs/{}", id_of(&first.expect(202)));
    assert_eq!(first.header("location"), Some(location.as_str()));
    let job = first.expect(202);
    assert_eq!(ask(app, "2026-bis")["id"], job["id"], "not yet begun: the same");
    run_once(&app.app).expect("a piece");
    assert_eq!(post("b").expect(202)["id"], job["id"], "running: the same");
    finish(app);
    let repeated = post("a").expect(202);
    assert_eq!((&repeated["id"], &repeated["state"]), (&job["id"], &json!("done")), "the same key: the same answer");
    let fresh = ask(app, "2026-bis");
    assert_ne!(fresh["id"], job["id"]);
    finish(app);
    assert_eq!(job_now(app, &fresh)["moved"], 0);
    app.user("admin.province").request("POST", "/calendar/2026-bis/apply").key("a").send().expect(202);
}

fn a_later_calendar_overtakes_it(app: &TestApp) {
    let all = dossiers(app);
    put(app, &with_day_off(app, "2026-bis", DAY_OFF));
    let job = ask(app, "2026-bis");
    for _ in 0..2 {
        step(&app.app, id_of(&job), 2).expect("a piece");
    }
    put(app, &with_day_off(app, "2026-ter", "2026-03-13"));
    let later = ask(app, "2026-ter");
    assert_ne!(later["id"], job["id"]);
    finish(app);
    let overtaken = job_now(app, &job);
    assert_eq!((&overtaken["state"], &overtaken["error"]["code"]), (&json!("failed"), &json!("superseded")));
    let done = job_now(app, &later);
    assert_eq!((&done["state"], &done["moved"]), (&json!("done"), &json!(10)));
    let events: Vec<usize> = all.iter().map(|dossier| recomputed(app, dossier)).collect();
    assert_eq!(events.iter().sum::<usize>(), 14);
    for dossier in &all {
        assert_eq!(seen(app, dossier)["due"], "2026-03-19T17:00:00+07:00");
    }
    verified(app);
}

fn the_worker_takes_up_what_was_left(app: &TestApp) {
    let all = dossiers(app);
    put(app, &with_day_off(app, "2026-bis", DAY_OFF));
    let job = ask(app, "2026-bis");
    run_once(&app.app).expect("a piece");
    let worker = Worker::start(app.app.clone()).expect("a thread");
    let done = |job: &Value| (0..20_000).any(|_| job_now(app, job)["state"] == "done");
    assert!(done(&job), "begun before it started");
    let again = ask(app, "2026-bis");
    assert_ne!(again["id"], job["id"]);
    assert!(done(&again), "the request rings the bell");
    drop(worker);
    let unseen = ask(app, "2026-bis");
    assert_eq!(job_now(app, &unseen)["state"], "queued", "nobody works any more");
    assert!(all.iter().all(|dossier| recomputed(app, dossier) == 1));
}

fn jobs_are_listed_newest_first(app: &TestApp) {
    assert_eq!(app.user("admin").get("/jobs").expect(200)["items"], json!([]));
    let mut made = Vec::new();
    for version in ["2026-bis", "2026-ter", "2026-quater"] {
        put(app, &with_day_off(app, version, &format!("2026-03-{}", 12 + made.len())));
        made.push(ask(app, version)["id"].clone());
    }
    finish(app);
    let first = app.user("admin").get("/jobs?limit=2").expect(200);
    let next = first["next"].as_str().expect("a cursor");
    let second = app.user("admin").get(&format!("/jobs?limit=2&cursor={next}")).expect(200);
    assert_eq!(second["next"], Value::Null);
    let items = [&first, &second].into_iter().flat_map(|page| page["items"].as_array().expect("a list"));
    let ids: Vec<Value> = items.map(|job| job["id"].clone()).collect();
    made.reverse();
    assert_eq!(ids, made);
    app.user("admin").get("/jobs?cursor=x").problem(400, "malformed-request");
    app.user("admin").get("/jobs?limit=0").refused_at("?limit", "range");
}

fn a_panic_fails_one_job_only(app: &TestApp) {
    dossiers(app);
    put(app, &with_day_off(app, "2026-bis", DAY_OFF));
    let job = ask(app, "2026-bis");
    step(&app.app, id_of(&job), 2).expect("a piece");
    step_with(&app.app, id_of(&job), || panic!("as the test wants it")).expect("its state");
    let failed = job_now(app, &job);
    assert_eq!((&failed["state"], &failed["error"]["code"]), (&json!("failed"), &json!("internal")), "{failed}");
    // Nobody takes it up again, and the next one is done.
    assert!(run_once(&app.app).expect("no trouble").is_none());
    let again = ask(app, "2026-bis");
    assert_ne!(again["id"], job["id"]);
    while run_once(&app.app).expect("a piece").is_some() {}
    assert_eq!(job_now(app, &again)["state"], "done");
}
