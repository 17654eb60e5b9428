//! History is refused a change by the database itself, whoever asks.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use motcua::store::DatabaseUrl;

use super::schema::lines;
use crate::harness::TestApp;

on_both!(history_is_only_added_to);

/// Past the program, on a connection of one's own.
fn run(database: &DatabaseUrl, sql: &str) -> Result<(), String> {
    let done = match database {
        DatabaseUrl::Sqlite(path) => SqliteConnection::establish(path).expect("a file").batch_execute(sql),
        DatabaseUrl::Postgres(url) => PgConnection::establish(url).expect("a server").batch_execute(sql),
    };
    done.map_err(|error| error.to_string())
}

fn history_is_only_added_to(app: &TestApp) {
    app.received();
    let history = || {
        ["events", "personal", "catalogue"].map(|table| {
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
        "UPDATE personal SET body = '{}'",
        "INSERT INTO events SELECT * FROM events WHERE true \
         ON CONFLICT (agency_id, seq) DO UPDATE SET actor = 'nobody'",
    ];
    refused.extend(match &app.database {
        DatabaseUrl::Postgres(_) => ["TRUNCATE events", "TRUNCATE catalogue", "TRUNCATE events, personal CASCADE"],
        // A row that replaces another is no deletion to SQLite: its delete triggers stay silent.
        DatabaseUrl::Sqlite(_) => [
            "INSERT OR REPLACE INTO events SELECT * FROM events",
            "INSERT OR REPLACE INTO catalogue SELECT * FROM catalogue",
            "INSERT OR REPLACE INTO personal SELECT * FROM personal",
        ],
    });
    for sql in refused {
        let error = run(&app.database, sql).expect_err(sql);
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    assert_eq!(history(), before);

    // What is personal may be erased.
    run(&app.database, "DELETE FROM personal").expect("erasing");
}
