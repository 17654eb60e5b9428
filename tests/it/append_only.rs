//! The database itself refuses to change history.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use motcua::store::DatabaseUrl;

use crate::harness::TestApp;

on_both!(events_and_catalogues_are_never_changed, personal_rows_may_be_erased_only);

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// A connection of our own, past the program.
enum Raw {
    Lite(SqliteConnection),
    Pg(PgConnection),
}

impl Raw {
    fn open(app: &TestApp) -> Self {
        match &app.database {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(path).expect("the file");
                conn.batch_execute("PRAGMA busy_timeout = 10000").expect("a pragma");
                Self::Lite(conn)
            }
            DatabaseUrl::Postgres(url) => Self::Pg(PgConnection::establish(url).expect("the server")),
        }
    }

    fn run(&mut self, sql: &str) -> Result<usize, diesel::result::Error> {
        match self {
            Self::Lite(conn) => sql_query(sql).execute(conn),
            Self::Pg(conn) => sql_query(sql).execute(conn),
        }
    }

    fn lines(&mut self, sql: &str) -> Vec<String> {
        let rows: Vec<Line> = match self {
            Self::Lite(conn) => sql_query(sql).load(conn),
            Self::Pg(conn) => sql_query(sql).load(conn),
        }
        .expect("a query");
        rows.into_iter().map(|row| row.line).collect()
    }
}

fn refused(raw: &mut Raw, sql: &str) {
    match raw.run(sql) {
        Ok(count) => panic!("{sql}: {count} row(s) changed"),
        Err(error) => assert!(error.to_string().contains("append-only"), "{sql}: {error}"),
    }
}

fn events_and_catalogues_are_never_changed(app: &TestApp) {
    app.walk(&app.received(), &["forwarded", "finished"]);
    let mut raw = Raw::open(app);
    let all = "SELECT agency_id || seq || hash || payload AS line FROM events ORDER BY agency_id, seq";
    let before = raw.lines(all);
    assert_eq!(before.len(), 4);
    for sql in [
        "UPDATE events SET payload = '{}'",
        "UPDATE events SET occurred_at = occurred_at - 1 WHERE seq = 2",
        "UPDATE events SET seq = seq + 100",
        "UPDATE events SET hash = 'x' WHERE seq = 4",
        "DELETE FROM events",
        "DELETE FROM events WHERE seq = 4",
        "UPDATE catalogue SET body = '{}' WHERE kind = 'procedure'",
        "DELETE FROM catalogue WHERE kind = 'agency'",
    ] {
        refused(&mut raw, sql);
    }
    if matches!(raw, Raw::Pg(_)) {
        for sql in ["TRUNCATE events", "TRUNCATE events, dossiers CASCADE"] {
            refused(&mut raw, sql);
        }
    } else {
        // Replacing deletes without asking the triggers on deletion.
        for sql in [
            "REPLACE INTO events SELECT * FROM events WHERE seq = 2",
            "REPLACE INTO events SELECT agency_id, seq + 100, dossier_id, n, kind, occurred_at, recorded_at, actor, \
             '{}', prev_hash, hash FROM events WHERE seq = 2",
            "REPLACE INTO catalogue SELECT * FROM catalogue WHERE kind = 'agency'",
            "REPLACE INTO personal SELECT * FROM personal",
        ] {
            refused(&mut raw, sql);
        }
    }
    // A dossier that has a history does not go away beneath it.
    assert!(raw.run("DELETE FROM dossiers").is_err());
    assert_eq!(raw.lines(all), before);
}

fn personal_rows_may_be_erased_only(app: &TestApp) {
    let dossier = app.received();
    let mut raw = Raw::open(app);
    for sql in [
        "UPDATE personal SET sealed = sealed",
        "UPDATE personal SET key_id = ''",
        "UPDATE personal SET key_id = 'k2', n = n + 1",
        "UPDATE personal SET key_id = 'k2', dossier_id = sealed",
    ] {
        // The last one says nothing to PostgreSQL, whose columns have types.
        if !(sql.ends_with("sealed") && matches!(raw, Raw::Pg(_))) {
            refused(&mut raw, sql);
        }
    }
    let index = "SELECT CAST(COUNT(*) AS TEXT) AS line FROM personal_index";
    assert_ne!(raw.lines(index), ["0"]);
    assert_eq!(raw.run("DELETE FROM personal").expect("an erasure"), 1);
    assert_eq!(raw.lines(index), ["0"], "what found it is erased with it");
    let path = format!("/dossiers/{}", dossier["code"].as_str().expect("a code"));
    let got = app.user("clerk").get(&path).expect(200);
    assert_eq!(got["applicant"], serde_json::Value::Null);
    assert_eq!(got["state"], "received");
    app.user("clerk").get(&format!("{path}/events")).expect(200);
    app.walk(&got, &["forwarded"]);
}
