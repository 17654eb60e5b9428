//! Fact rows are a copy of the events: emptied, they come back as they were.

use diesel::connection::{Connection, SimpleConnection};
use motcua::app::check;
use motcua::app::rebuild::rebuild_facts;
use motcua::store::DatabaseUrl;
use serde_json::json;

use crate::factory::{CHILD, event_with};
use crate::harness::TestApp;

on_both!(emptied_fact_rows_come_back);

fn run(app: &TestApp, sql: &str) {
    match &app.database {
        DatabaseUrl::Sqlite(path) => diesel::SqliteConnection::establish(path).expect("a file").batch_execute(sql),
        DatabaseUrl::Postgres(url) => diesel::PgConnection::establish(url).expect("a server").batch_execute(sql),
    }
    .expect("the statement runs");
}

fn emptied_fact_rows_come_back(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["supplement_requested", "supplemented", "payment_recorded", "finished"]);
    app.record("leader", &dossier, &event_with("corrected", &json!({"value": "level_4"})));
    app.create(&json!({"agency": CHILD}));
    let values = |app: &TestApp| app.user("auditor").get("/indicators/values").expect(200)["values"].clone();
    let before = values(app);

    // As a migration that changes their shape does.
    run(app, "DELETE FROM payments; DELETE FROM facts;");
    assert_ne!(values(app), before);
    let mut heard = Vec::new();
    assert_eq!(rebuild_facts(&app.app, |done| heard.push(done)).expect("a database"), 2);
    assert_eq!(heard, [1, 2]);
    let answer = values(app);
    let counts = |values: &serde_json::Value| -> Vec<(i64, i64)> {
        let count = |value: &serde_json::Value, name: &str| value[name].as_i64().expect("a count");
        values.as_array().expect("values").iter().map(|v| (count(v, "numerator"), count(v, "denominator"))).collect()
    };
    assert_eq!(counts(&answer), counts(&before));
    assert_eq!(check::check(&app.app, &[], |_| {}).expect("a database").findings, []);
    assert_eq!(rebuild_facts(&app.app, |_| {}).expect("a database"), 0, "nothing is missing");
}
