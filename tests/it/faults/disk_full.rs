//! No space left: what is recorded stays whole and readable, what cannot be recorded is told so, and when there is
//! space again the program goes on by itself.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use motcua::store::DatabaseUrl;
use serde_json::{Value, json};

use super::load::{Desk, Reply, audit};
use crate::harness::child::Process;
use crate::harness::{World, sqlite_world};

const MAX_MIB: i64 = 6;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

/// Somebody else's connection, which the program's bound does not bind.
struct Outside(SqliteConnection);

impl Outside {
    fn new(world: &World) -> Self {
        let DatabaseUrl::Sqlite(path) = &world.database else { unreachable!("asked for SQLite") };
        let mut conn = SqliteConnection::establish(path).expect("the file");
        conn.batch_execute("PRAGMA busy_timeout = 10000; CREATE TABLE ballast (b BLOB)").expect("a table");
        Self(conn)
    }

    fn number(&mut self, sql: &str) -> i64 {
        diesel::sql_query(sql).get_result::<Number>(&mut self.0).expect("a number").n
    }

    /// Pages that the program may still take.
    fn left(&mut self) -> i64 {
        let size = self.number("SELECT page_size AS n FROM pragma_page_size");
        let used = self.number("SELECT page_count AS n FROM pragma_page_count");
        MAX_MIB * (1 << 20) / size - used + self.number("SELECT freelist_count AS n FROM pragma_freelist_count")
    }

    /// Leaves about `pages`.
    fn fill(&mut self, pages: i64) {
        while self.left() > pages {
            let bytes = (self.left() - pages).clamp(1, 100) * 4000;
            self.0.batch_execute(&format!("INSERT INTO ballast VALUES (zeroblob({bytes}))")).expect("ballast");
        }
    }

    fn free(&mut self) {
        self.0.batch_execute("DELETE FROM ballast").expect("space");
    }

    fn is_whole(&mut self) -> bool {
        let check = diesel::sql_query("SELECT integrity_check AS word FROM pragma_integrity_check");
        check.get_result::<Word>(&mut self.0).expect("a check").word == "ok"
    }
}

#[test]
fn a_full_file_takes_no_writes_and_loses_none() {
    let world = sqlite_world();
    let mut outside = Outside::new(&world);
    let process = Process::serve(&world, &[("MOTCUA_SQLITE_MAX_MIB", &MAX_MIB.to_string())]);
    let mut desks: Vec<Desk> = (0..4).map(|place| Desk::new(&world, 4, place)).collect();
    for _ in 0..2 {
        // Enough for some requests: the space ends in the midst of grouped commits.
        outside.fill(40);
        std::thread::scope(|scope| {
            for desk in &mut desks {
                let base = &process.base;
                scope.spawn(move || {
                    for _ in 0..200 {
                        let place = desk.draw();
                        match desk.send(base, place) {
                            Reply::Recorded => {}
                            Reply::Full => return,
                            Reply::Open => panic!("neither recorded nor told that there is no space"),
                        }
                    }
                    panic!("the file grew past its bound");
                });
            }
        });
        assert!(outside.left() < 40, "nothing was written");
        for desk in &mut desks {
            // Full for everybody: a short request may still have found a place, few can. Readers see everything.
            let full = (0..50).any(|_| {
                let place = desk.draw();
                matches!(desk.send(&process.base, place), Reply::Full)
            });
            assert!(full, "the file grew past its bound");
            assert!(desk.reads(&process.base) > 0);
        }
        assert!(outside.is_whole());
        outside.free();
        for desk in &mut desks {
            desk.replay(&process.base);
        }
        audit(&world, &desks);
        assert!(outside.is_whole());
    }
}

/// Reads that make a file need room for it.
fn file_of(world: &World, base: &str, path: &str) -> (u16, Value) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent();
    let request = agent.get(format!("{base}/api/v1{path}"));
    let mut answer =
        request.header("Authorization", format!("Bearer {}", world.token("leader"))).call().expect("an answer");
    let status = answer.status().as_u16();
    (status, if status == 200 { Value::Null } else { answer.body_mut().read_json().expect("a problem") })
}

#[test]
fn a_spreadsheet_without_space_is_told_so() {
    let world = sqlite_world();
    let forms = ["/dossiers?", "/agencies?", "/reports/06a?agency=H26.103&from=2026-01-01&to=2026-03-31&"];
    let process = Process::serve(&world, &[("TMPDIR", "/nowhere")]);
    for form in forms {
        let (status, problem) = file_of(&world, &process.base, &format!("{form}format=xlsx"));
        assert_eq!((status, &problem["code"]), (507, &json!("storage-full")), "{form}");
        assert_eq!(file_of(&world, &process.base, &format!("{form}format=csv")).0, 200, "{form}");
    }
    let mut desk = Desk::new(&world, 5, 0);
    for _ in 0..120 {
        let place = desk.draw();
        assert!(matches!(desk.send(&process.base, place), Reply::Recorded));
    }
    drop(process);
    // There is room to begin with, and none in the midst of it.
    let process = Process::serve_within(&world, 64);
    let (status, problem) = file_of(&world, &process.base, "/dossiers?format=xlsx");
    assert_eq!((status, &problem["code"]), (507, &json!("storage-full")));
    assert_eq!(file_of(&world, &process.base, "/agencies?format=xlsx").0, 200, "a small one fits");
}
