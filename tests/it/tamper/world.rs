//! What there is to tamper with, and the hand that does.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use motcua::app::full_copy;
use motcua::store::DatabaseUrl;
use motcua::verify::chain::entry_hash;
use motcua::verify::line::{Line, Lines};
use serde_json::json;

use crate::factory::{AGENCY, CHILD};
use crate::harness::TestApp;

/// Each after those that it refers to.
const TABLES: [&str; 14] = [
    "heads",
    "counters",
    "dossiers",
    "events",
    "personal",
    "facts",
    "payments",
    "declarations",
    "declaration_reviews",
    "snapshots",
    "snapshot_acts",
    "notes",
    "access_log",
    "records",
];

/// Three dossiers and one of a commune; two declarations, the first reviewed; a snapshot, sealed and verified; a
/// look at a dossier in full. Gives the id of the snapshot.
pub fn world(app: &TestApp) -> String {
    let dossiers: Vec<_> = (0..3).map(|_| app.received()).collect();
    app.walk(&dossiers[0], &["payment_recorded", "finished"]);
    app.walk(&dossiers[1], &["withdrawn"]);
    app.create(&json!({"agency": CHILD}));
    let plan = json!({
        "id": "p-2026", "title": "Kế hoạch", "agency": AGENCY, "from": "2026-01-01", "to": "2026-12-31",
        "targets": [{"key": "trained", "title": "Tập huấn", "comparator": ">=", "threshold": "90", "unit": "percent"}],
    });
    app.user("admin").post("/plans", &plan).expect(201);
    let value = json!({"from": "2026-01-01", "to": "2026-12-31", "value": "91",
        "evidence": [{"kind": "document", "number": "1/BC", "date": "2026-01-05"}]});
    let path = "/plans/p-2026/targets/trained/declarations";
    app.user("leader").post(path, &value).expect(201);
    let verdict = json!({"verdict": "accepted", "note": "đủ"});
    app.user("auditor").post(&format!("{path}/1/review"), &verdict).expect(201);
    app.user("leader").post(path, &value).expect(201);
    let snapshot = crate::snapshots::frozen(app, &json!({}));
    let id = snapshot["id"].as_str().expect("an id").to_owned();
    for (user, act) in [("leader", "seal"), ("leader2", "verify")] {
        app.user(user).request("POST", &format!("/reports/snapshots/{id}/{act}")).send().expect(201);
    }
    let path = format!("/dossiers/{}", dossiers[0]["id"].as_str().expect("an id"));
    app.user("auditor").request("GET", &path).header("Purpose", "thanh tra đột xuất").send().expect(200);
    id
}

enum Hand {
    Lite(SqliteConnection),
    Pg(PgConnection),
}

/// The owner of the database, who knows how to get around triggers and foreign keys.
pub struct Owner(Hand);

impl Owner {
    pub fn of(app: &TestApp) -> Self {
        let mut owner = Self(match &app.database {
            DatabaseUrl::Sqlite(path) => Hand::Lite(SqliteConnection::establish(path).expect("the file")),
            DatabaseUrl::Postgres(url) => Hand::Pg(PgConnection::establish(url).expect("the server")),
        });
        match &mut owner.0 {
            Hand::Lite(conn) => {
                conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = OFF").expect("pragmas");
                #[derive(QueryableByName)]
                struct Name {
                    #[diesel(sql_type = diesel::sql_types::Text)]
                    name: String,
                }
                let sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
                let names: Vec<Name> = diesel::sql_query(sql).load(conn).expect("triggers");
                assert!(names.len() > 10);
                for Name { name } in names {
                    conn.batch_execute(&format!("DROP TRIGGER {name}")).expect("dropped");
                }
            }
            Hand::Pg(conn) => conn.batch_execute("SET session_replication_role = replica").expect("an owner"),
        }
        owner.keep();
        owner
    }

    #[track_caller]
    pub fn run(&mut self, sql: &str) {
        let done = match &mut self.0 {
            Hand::Lite(conn) => conn.batch_execute(sql),
            Hand::Pg(conn) => conn.batch_execute(sql),
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Takes a copy of everything.
    pub fn keep(&mut self) {
        for table in TABLES {
            self.run(&format!("DROP TABLE IF EXISTS keep_{table}; CREATE TABLE keep_{table} AS SELECT * FROM {table}"));
        }
    }

    /// Brings the copy back.
    pub fn put_back(&mut self) {
        let away: Vec<String> = TABLES.iter().rev().map(|table| format!("DELETE FROM {table}")).collect();
        let back: Vec<String> =
            TABLES.iter().map(|table| format!("INSERT INTO {table} SELECT * FROM keep_{table}")).collect();
        self.run(&format!("BEGIN; {}; {}; COMMIT", away.join("; "), back.join("; ")));
    }

    /// Gives the last entry another actor, and everything that hangs on its hash.
    pub fn rewrite_last_entry(&mut self, app: &TestApp) {
        let mut copy = Vec::new();
        full_copy::export(&app.app.store, &mut copy, |_| {}).expect("a copy");
        let entries = Lines::new(copy.as_slice()).filter_map(|line| match line.expect("a line") {
            Line::Event(event) if event.agency == AGENCY => Some(event),
            _ => None,
        });
        let mut last = entries.last().expect("entries");
        last.actor = "user:somebody".to_owned();
        let (hash, seq) = (entry_hash(&last).expect("a hash"), last.seq);
        let place = format!("agency_id = '{AGENCY}' AND seq = {seq}");
        self.run(&format!("UPDATE events SET actor = '{}', hash = '{hash}' WHERE {place}", last.actor));
        self.run(&format!("UPDATE heads SET hash = '{hash}' WHERE {place}"));
    }
}
