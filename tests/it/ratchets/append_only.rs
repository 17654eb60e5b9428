//! History is refused a change by the database itself, whoever asks.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use motcua::store::DatabaseUrl;
use serde_json::json;

use super::schema::lines;
use crate::factory::AGENCY;
use crate::harness::TestApp;

on_both!(history_is_only_added_to);

/// Past the program, on a connection of one's own.
pub fn run(database: &DatabaseUrl, sql: &str) -> Result<(), String> {
    let done = match database {
        DatabaseUrl::Sqlite(path) => SqliteConnection::establish(path).expect("a file").batch_execute(sql),
        DatabaseUrl::Postgres(url) => PgConnection::establish(url).expect("a server").batch_execute(sql),
    };
    done.map_err(|error| error.to_string())
}

/// A declared value, and its review.
fn declare(app: &TestApp) {
    let plan = json!({
        "id": "p-2026", "title": "Kế hoạch", "agency": AGENCY, "from": "2026-01-01", "to": "2026-12-31",
        "targets": [{"key": "trained", "title": "Tập huấn", "comparator": ">=", "threshold": "90", "unit": "percent"}],
    });
    app.user("admin").post("/plans", &plan).expect(201);
    let value = json!({"from": "2026-01-01", "to": "2026-12-31", "value": "91",
        "evidence": [{"kind": "document", "number": "1/BC", "date": "2026-01-05"}]});
    let path = "/plans/p-2026/targets/trained/declarations";
    app.user("leader").post(path, &value).expect(201);
    app.user("auditor").post(&format!("{path}/1/review"), &json!({"verdict": "accepted", "note": "đủ"})).expect(201);
}

fn history_is_only_added_to(app: &TestApp) {
    let dossier = app.received();
    app.user("clerk").get(&format!("/dossiers/{}", dossier["id"].as_str().expect("an id"))).expect(200);
    declare(app);
    let history = || {
        let tables = [
            "events",
            "personal",
            "catalogue",
            "declarations",
            "declaration_reviews",
            "notes",
            "records",
            "access_log",
        ];
        tables.map(|table| {
            let count = lines(&app.database, &format!("SELECT CAST(COUNT(*) AS TEXT) AS line FROM {table}"));
            (table, count[0].parse::<usize>().expect("a number"))
        })
    };
    let before = history();
    assert!(before.iter().all(|(_, count)| *count > 0), "{before:?}");

    let mut refused = vec![
        "UPDATE events SET actor = 'nobody'",
        "UPDATE events SET payload = payload",
        "DELETE FROM events",
        "UPDATE catalogue SET body = '{}'",
        "DELETE FROM catalogue",
        "UPDATE personal SET sealed = sealed",
        "UPDATE declarations SET body = '{}'",
        "UPDATE notes SET sealed = sealed",
        "DELETE FROM declaration_reviews",
        "UPDATE access_log SET purpose = 'khác'",
        "DELETE FROM access_log",
        "UPDATE declaration_reviews SET verdict = 'rejected'",
        "UPDATE records SET hash = 'x'",
        "DELETE FROM records",
        "INSERT INTO events SELECT * FROM events WHERE true \
         ON CONFLICT (agency_id, seq) DO UPDATE SET actor = 'nobody'",
    ];
    refused.extend(match &app.database {
        DatabaseUrl::Postgres(_) => vec![
            "TRUNCATE events",
            "TRUNCATE catalogue",
            "TRUNCATE events, personal CASCADE",
            "TRUNCATE declaration_reviews",
            "TRUNCATE access_log",
            "TRUNCATE declarations CASCADE",
            "TRUNCATE records",
            "DELETE FROM declarations",
        ],
        // A row that replaces another is no deletion to SQLite: its delete triggers stay silent.
        DatabaseUrl::Sqlite(_) => vec![
            "INSERT OR REPLACE INTO events SELECT * FROM events",
            "INSERT OR REPLACE INTO catalogue SELECT * FROM catalogue",
            "INSERT OR REPLACE INTO personal SELECT * FROM personal",
            "INSERT OR REPLACE INTO records SELECT * FROM records",
            "INSERT OR REPLACE INTO notes SELECT * FROM notes",
            "INSERT OR REPLACE INTO access_log SELECT * FROM access_log",
            "INSERT OR REPLACE INTO declarations SELECT * FROM declarations",
            "INSERT OR REPLACE INTO declaration_reviews SELECT * FROM declaration_reviews",
            "DELETE FROM declarations",
        ],
    });
    for sql in refused {
        let error = run(&app.database, sql).expect_err(sql);
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    assert_eq!(history(), before);

    // What is personal may be erased.
    run(&app.database, "DELETE FROM personal").expect("erasing");
    run(&app.database, "DELETE FROM notes").expect("erasing");
}
