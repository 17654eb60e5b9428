//! The machine's clock steps back an hour: nothing breaks, and what is recorded stays in order.

use motcua::app::check::check;
use motcua::domain::time::{from_micros, local_text};
use motcua::store::StoreError;
use serde_json::{Value, json};

use crate::factory::{AGENCY, event, new_dossier};
use crate::harness::TestApp;

on_both!(an_hour_back_in_the_middle_of_the_day, an_hour_back_over_midnight);

fn create(app: &TestApp, key: &str) -> Value {
    let body = new_dossier(&json!({}));
    app.user("clerk").request("POST", "/dossiers").key(key).json(&body).send_now().expect(201)
}

/// Whether `recorded_at` always increases and all verifies.
fn in_order(app: &TestApp) {
    let rows = app.app.store.read_blocking::<_, StoreError, _>(|tx| tx.events_after(AGENCY, 0, 1000)).expect("events");
    assert!(rows.windows(2).all(|pair| pair[0].recorded_at < pair[1].recorded_at));
    let latest = rows.last().map(|row| local_text(from_micros(row.recorded_at)));
    let report = check(&app.app, &[], |_| {}).expect("the database can be read");
    assert!(report.is_clean(), "{:?}; latest {latest:?}", report.findings);
}

/// Records before, during and after the clock went wrong.
fn step(app: &TestApp, before: &str, back: &str, after: &str) -> [Value; 3] {
    app.set_clock(before);
    let clerk = app.user("clerk");
    let token = clerk.token().expect("a token");
    let first = create(app, "first");
    app.set_clock(back);
    // A token of the future is either good or not; a new one is.
    let old = clerk.request("GET", "/me").header("Authorization", &format!("Bearer {token}")).send_now();
    assert!([200, 401].contains(&old.status), "{}", old.text);
    assert_eq!(create(app, "first"), first, "the same key still gives the first answer");
    let second = create(app, "second");
    let path = format!("/dossiers/{}/events", first["code"].as_str().expect("a code"));
    let forwarded = clerk.request("POST", &path).version(2).json(&event("forwarded")).send_now();
    assert_eq!(forwarded.expect(201)["dossier"]["state"], "processing");
    for path in [
        "/dossiers".to_owned(),
        format!("/indicators/values?agency={AGENCY}"),
        format!("/reports/06a?agency={AGENCY}"),
        format!("/dossiers/{}/deadline", first["code"].as_str().expect("a code")),
    ] {
        app.user("leader").request("GET", &path).send_now().expect(200);
    }
    in_order(app);
    app.set_clock(after);
    let third = create(app, "third");
    in_order(app);
    [first, second, third]
}

fn an_hour_back_in_the_middle_of_the_day(app: &TestApp) {
    let made = step(app, "2026-03-10T10:00:00+07:00", "2026-03-10T09:00:00+07:00", "2026-03-10T10:05:00+07:00");
    for (i, dossier) in made.iter().enumerate() {
        assert_eq!(dossier["code"], format!("{AGENCY}-260310-000{}", i + 1));
        assert_eq!(dossier["due"], made[0]["due"], "five working days from the same day");
    }
    // Nothing was received before what was recorded before it.
    assert!(made[1]["received_at"].as_str() > made[0]["received_at"].as_str());
}

fn an_hour_back_over_midnight(app: &TestApp) {
    let made = step(app, "2026-03-11T00:30:00+07:00", "2026-03-10T23:30:00+07:00", "2026-03-11T00:31:00+07:00");
    for (i, dossier) in made.iter().enumerate() {
        assert_eq!(dossier["code"], format!("{AGENCY}-260311-000{}", i + 1), "the day does not go back");
    }
}
