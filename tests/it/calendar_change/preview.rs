//! What a calendar would move, and that it moves just that.

use serde_json::{Value, json};

use super::{DAY_OFF, name, put_and_apply, recomputed, seen, verified, with_day_off};
use crate::factory::{AGENCY, CHILD, FOREIGN, PARTIAL, event_with};
use crate::harness::{TestApp, escaped};

on_both!(
    what_is_previewed_is_what_moves,
    who_sees_what,
    figures_known_before_stay,
    late_stays_late,
    a_paused_dossier_resumes_by_the_new_calendar,
    an_extension_stays_and_the_strict_instant_moves,
    the_list_goes_on_behind_its_cursor,
    calendars_put_and_never_applied_count_too,
);

fn preview(app: &TestApp, who: &str, body: &Value) -> Value {
    app.user(who).post("/calendar/preview", body).expect(200)
}

fn figure<'a>(sum: &'a Value, indicator: &str) -> &'a Value {
    let figures = sum["figures"].as_array().expect("figures");
    figures.iter().find(|figure| figure["indicator"] == indicator).expect("the figure")
}

fn fraction(value: &Value) -> Value {
    json!({"numerator": value["numerator"], "denominator": value["denominator"], "percent": value["percent"]})
}

fn what_is_previewed_is_what_moves(app: &TestApp) {
    let running = [app.received(), app.received(), app.create(&json!({"agency": CHILD}))];
    let abroad = app.create(&json!({"agency": FOREIGN}));
    let finished = app.walk(&app.received(), &["forwarded", "finished"]);
    let withdrawn = app.walk(&app.received(), &["withdrawn"]);
    let voided = app.record("leader", &app.received(), &event_with("voided", &json!({})));
    let paused = app.walk(&app.received(), &["supplement_requested"]);
    let submitted = app.submitted_online("not yet received");
    let still = [&finished, &withdrawn, &voided, &paused];
    // Overdue since yesterday evening, unless the 12th was a day off.
    app.set_clock("2026-03-18T08:00:00+07:00");
    let later = app.received();
    let events = app.event_count();

    let body = with_day_off(app, "2026-bis", DAY_OFF);
    let seen_before: Vec<Value> = still.iter().map(|dossier| seen(app, dossier)).collect();
    let foreseen = preview(app, "auditor", &body);
    assert_eq!(foreseen["in_force"], false);
    assert_eq!(foreseen["changes"]["count"], 1);
    assert_eq!(foreseen["changes"]["days"][0]["date"], DAY_OFF);
    assert_eq!(foreseen["changes"]["days"][0]["before"], json!({"kind": "working"}));
    assert_eq!(foreseen["changes"]["days"][0]["after"], json!({"kind": "off", "name": "Nghỉ đột xuất"}));
    let counts = json!({
        "examined": 3, "moved": 3, "later": 3, "earlier": 0, "paused": 1, "no_longer_overdue": 3, "newly_overdue": 0,
    });
    assert_eq!(foreseen["total"]["dossiers"], counts);
    let by_agency: Vec<(&str, i64)> = foreseen["agencies"]
        .as_array()
        .expect("agencies")
        .iter()
        .map(|sum| (sum["agency"].as_str().expect("a code"), sum["dossiers"]["moved"].as_i64().expect("a count")))
        .collect();
    assert_eq!(by_agency, [(AGENCY, 2), (CHILD, 1)]);
    assert_eq!(foreseen["total"]["report_06a"][0], json!({"column": 12, "before": 2, "after": 5}));
    assert_eq!(foreseen["total"]["report_06a"][1], json!({"column": 13, "before": 3, "after": 0}));
    assert_eq!(foreseen["notes"].as_array().expect("notes").len(), 3);

    // Nothing was stored.
    assert_eq!(app.event_count(), events);
    assert_ne!(app.user("admin").get("/calendar").expect(200)["version"], "2026-bis");

    let job = put_and_apply(app, &body);
    assert_eq!((&job["state"], &job["moved"], &job["error"]), (&json!("done"), &json!(3), &Value::Null));
    assert_eq!(job["examined"], 3, "one more lies out of reach");
    assert_eq!(app.event_count(), events + 4);
    let items = foreseen["dossiers"]["items"].as_array().expect("a list");
    assert_eq!(items.len(), 3);
    for (dossier, row) in running.iter().zip(items) {
        let row = items.iter().find(|row| row["id"] == dossier["id"]).unwrap_or(row);
        assert_eq!(row["before"]["due"], dossier["due"]);
        let now = seen(app, dossier);
        assert_eq!((&now["due"], &now["due_strict"]), (&row["after"]["due"], &row["after"]["due_strict"]));
        assert_eq!((&now["due"], &now["due_original"]), (&json!("2026-03-18T17:00:00+07:00"), &dossier["due"]));
        assert_eq!(now["on_time_status"], "in_time");
        assert_eq!(recomputed(app, dossier), 1);
    }
    assert_eq!(seen(app, &abroad)["due"], "2026-03-18T17:00:00+07:00", "the job goes everywhere");
    let values = app.user("auditor").get("/indicators/values?ids=overdue_open,on_time_due,on_time_handled").expect(200);
    for value in values["values"].as_array().expect("values") {
        let indicator = value["indicator"].as_str().expect("an id");
        let moved = figure(&foreseen["total"], indicator);
        assert_eq!(fraction(value), moved["after"], "{indicator}");
        assert_ne!(moved["before"], moved["after"], "{indicator}");
    }
    for (dossier, before) in still.iter().zip(&seen_before) {
        assert_eq!(seen(app, dossier), *before);
        assert_eq!(recomputed(app, dossier), 0);
    }
    assert_eq!(recomputed(app, &later) + recomputed(app, &submitted), 0, "received behind the day");
    let told = app.user("auditor").get(&format!("/dossiers/{}/events", name(&running[0]))).expect(200);
    let last = told["items"].as_array().and_then(|events| events.last()).expect("an event").clone();
    assert_eq!(last["actor"], "system");
    assert_eq!(
        (&last["payload"]["calendar_version"], &last["payload"]["notice"]),
        (&json!("2026-bis"), &json!("TB-77/2026"))
    );

    // Once more: nothing is left to move.
    let again = preview(app, "auditor", &body);
    assert_eq!((&again["in_force"], &again["total"]["dossiers"]["moved"]), (&json!(true), &json!(0)));
    assert_eq!(put_and_apply(app, &body)["moved"], 0);
    assert_eq!(app.event_count(), events + 4);
    verified(app);
}

fn who_sees_what(app: &TestApp) {
    let child = app.create(&json!({"agency": CHILD}));
    app.received();
    app.create(&json!({"agency": FOREIGN}));
    let body = with_day_off(app, "2026-bis", DAY_OFF);
    let admin = preview(app, "admin", &body);
    assert_eq!((&admin["total"]["dossiers"]["moved"], &admin["dossiers"]), (&json!(2), &Value::Null));
    let text = admin.to_string();
    assert!(!text.contains(name(&child)) && !text.contains(child["id"].as_str().expect("an id")), "{text}");
    for who in ["auditor", "leader"] {
        assert_eq!(preview(app, who, &body)["dossiers"]["items"].as_array().expect("a list").len(), 2);
    }
    let below = preview(app, "leader.child", &body);
    assert_eq!(below["total"]["dossiers"]["moved"], 1);
    assert_eq!(below["dossiers"]["items"][0]["id"], child["id"]);
    assert!(!below.to_string().contains("Nguyễn"), "no applicant is named");
    let narrowed = app.user("auditor").post(&format!("/calendar/preview?agency={CHILD}"), &body).expect(200);
    assert_eq!(narrowed["total"]["dossiers"], below["total"]["dossiers"]);
    let own = app.user("auditor").post(&format!("/calendar/preview?agency={AGENCY}&scope=own"), &body).expect(200);
    assert_eq!(own["total"]["dossiers"]["moved"], 1);
}

fn figures_known_before_stay(app: &TestApp) {
    let dossier = app.received();
    app.create(&json!({"agency": CHILD}));
    app.set_clock("2026-03-18T08:00:00+07:00");
    let asked = [
        "/indicators/values?ids=overdue_open,on_time_due,on_time_handled,on_time_766",
        "/indicators/values?group_by=agency",
        "/dossiers?indicator=overdue_open&part=numerator&count=true",
    ];
    let known = escaped(&motcua::domain::time::local_text(app.clock.now()));
    app.pass(chrono::Duration::seconds(10));
    let question = |path: &str| {
        let join = if path.contains('?') { '&' } else { '?' };
        format!("{path}{join}to=2026-03-18&known_at={known}")
    };
    let before: Vec<String> = asked.iter().map(|path| app.user("auditor").get(&question(path)).text).collect();
    let overdue = |path: &str| app.user("auditor").get(path).expect(200)["values"][0]["numerator"].clone();
    assert_eq!(overdue("/indicators/values?ids=overdue_open"), 2);

    put_and_apply(app, &with_day_off(app, "2026-bis", DAY_OFF));
    let after: Vec<String> = asked.iter().map(|path| app.user("auditor").get(&question(path)).text).collect();
    assert_eq!(after, before, "byte for byte");
    assert_eq!(overdue("/indicators/values?ids=overdue_open"), 0);
    let then = app.user("auditor").get(&format!("/dossiers/{}?known_at={known}", name(&dossier))).expect(200);
    assert_eq!((&then["due"], &then["on_time_status"]), (&json!("2026-03-17T17:00:00+07:00"), &json!("overdue")));
    let now = seen(app, &dossier);
    assert_eq!((&now["due"], &now["on_time_status"]), (&json!("2026-03-18T17:00:00+07:00"), &json!("in_time")));
    // A day before the calendar was applied is over: known today, it says the same as then.
    let yesterday = "/indicators/values?ids=overdue_open&to=2026-03-17";
    assert_eq!(overdue(yesterday), 2);
}

fn late_stays_late(app: &TestApp) {
    let dossier = app.received();
    app.set_clock("2026-03-18T09:00:00+07:00");
    let late = app.walk(&dossier, &["finished"]);
    assert_eq!(late["on_time_status"], "late");
    let reopened = app.record("leader", &late, &event_with("reopened", &json!({})));
    let values = |app: &TestApp| {
        let answer = app.user("auditor").get("/indicators/values?ids=on_time_resolved").expect(200);
        fraction(&answer["values"][0])
    };
    let before = values(app);
    let body = with_day_off(app, "2026-bis", DAY_OFF);
    assert_eq!(preview(app, "auditor", &body)["total"]["dossiers"]["examined"], 0);
    assert_eq!(put_and_apply(app, &body)["moved"], 0);
    assert_eq!(values(app), before);
    let now = seen(app, &reopened);
    assert_eq!((&now["on_time_status"], &now["due_strict"]), (&json!("late"), &dossier["due_strict"]));
}

fn a_paused_dossier_resumes_by_the_new_calendar(app: &TestApp) {
    let paused = app.walk(&app.received(), &["supplement_requested"]);
    let restarting = app.create(&json!({"procedure": PARTIAL}));
    let restarting = app.walk(&restarting, &["supplement_requested"]);
    put_and_apply(app, &with_day_off(app, "2026-bis", DAY_OFF));
    assert_eq!(seen(app, &paused)["due"], "2026-03-17T17:00:00+07:00", "it stands still");
    app.set_clock("2026-03-13T09:00:00+07:00");
    let resumed = app.walk(&paused, &["supplemented"]);
    // Five days from the 10th, the 11th and 13th waited for, the 12th off.
    assert_eq!(resumed["due"], "2026-03-20T17:00:00+07:00");
    assert_eq!(app.walk(&restarting, &["supplemented"])["due"], "2026-03-27T17:00:00+07:00");
    assert_eq!(put_and_apply(app, &super::calendar(app))["moved"], 0, "both stand by it already");
    verified(app);
}

fn an_extension_stays_and_the_strict_instant_moves(app: &TestApp) {
    let dossier = app.received();
    let extended = app.record("leader", &dossier, &event_with("extended", &json!({"new_due": "2026-03-25"})));
    let body = with_day_off(app, "2026-bis", DAY_OFF);
    let row = preview(app, "auditor", &body)["dossiers"]["items"][0].clone();
    assert_eq!(row["after"]["due"], extended["due"]);
    assert_eq!(row["after"]["due_strict"], "2026-03-18T17:00:00+07:00");
    put_and_apply(app, &body);
    let now = seen(app, &dossier);
    assert_eq!((&now["due"], &now["due_strict"]), (&extended["due"], &row["after"]["due_strict"]));
}

fn the_list_goes_on_behind_its_cursor(app: &TestApp) {
    let mut ids: Vec<String> = Vec::new();
    for place in [AGENCY, AGENCY, CHILD, AGENCY, CHILD] {
        ids.push(app.create(&json!({"agency": place}))["id"].as_str().expect("an id").to_owned());
    }
    let body = with_day_off(app, "2026-bis", DAY_OFF);
    let mut found = Vec::new();
    let mut path = "/calendar/preview?limit=2".to_owned();
    loop {
        let page = app.user("auditor").post(&path, &body).expect(200);
        let first = path.ends_with("limit=2");
        assert_eq!((page["total"].is_null(), page["agencies"].is_null()), (!first, !first));
        let items = page["dossiers"]["items"].as_array().expect("a list");
        assert!(!items.is_empty() && items.len() <= 2);
        found.extend(items.iter().map(|row| row["id"].as_str().expect("an id").to_owned()));
        let Some(next) = page["dossiers"]["next"].as_str() else { break };
        path = format!("/calendar/preview?limit=2&cursor={next}");
    }
    found.sort();
    ids.sort();
    assert_eq!(found, ids);
    app.user("admin").post(&path, &body).problem(403, "forbidden");
    let other = with_day_off(app, "2026-bis", "2026-03-13");
    app.user("auditor").post(&path, &other).problem(400, "malformed-request");
}

fn calendars_put_and_never_applied_count_too(app: &TestApp) {
    let dossier = app.received();
    super::put(app, &with_day_off(app, "2026-bis", DAY_OFF));
    // The next version has another day off besides; the dossier still stands by the first.
    let body = with_day_off(app, "2026-ter", "2026-03-13");
    let foreseen = preview(app, "auditor", &body);
    assert_eq!(foreseen["compared_with"], "2026-bis");
    assert_eq!(foreseen["changes"]["count"], 1);
    assert_eq!(foreseen["dossiers"]["items"][0]["after"]["due"], "2026-03-19T17:00:00+07:00");
    put_and_apply(app, &body);
    assert_eq!(seen(app, &dossier)["due"], "2026-03-19T17:00:00+07:00");
    // And the days are worked after all.
    let mut back = super::calendar(app);
    let days = back["days"].as_array_mut().expect("days");
    days.retain(|day| day["name"] != "Nghỉ đột xuất");
    back["version"] = "2026-quater".into();
    assert_eq!(preview(app, "auditor", &back)["total"]["dossiers"]["earlier"], 1);
    assert_eq!(put_and_apply(app, &back)["moved"], 1);
    assert_eq!(seen(app, &dossier)["due"], dossier["due"]);
    assert_eq!(recomputed(app, &dossier), 2);
    verified(app);
}
