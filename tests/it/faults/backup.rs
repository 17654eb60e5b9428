//! Backups made while dossiers are entered: each is a prefix of the history, whole, and can be put back.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use motcua::store::rows::EventRow;
use motcua::store::{DatabaseUrl, Store, StoreError};

use super::load::{Desk, audit};
use crate::harness::child::{Process, command};
use crate::harness::{World, no_postgres, postgres, postgres_world, sqlite_world};

type Chains = BTreeMap<String, Vec<EventRow>>;

fn chains(database: &DatabaseUrl) -> Chains {
    let store = Store::open(database).expect("the database opens");
    let read = store.read_blocking::<_, StoreError, _>(|tx| {
        let agencies = tx.event_agencies()?;
        agencies.into_iter().map(|agency| Ok((agency.clone(), tx.events_after(&agency, 0, i64::MAX)?))).collect()
    });
    read.expect("events")
}

/// What the copy holds stands at the beginning of what the database holds, from `least` on.
fn is_prefix(copy: &Chains, whole: &Chains, least: &Chains) {
    for (agency, rows) in copy {
        assert_eq!(rows[..], whole[agency][..rows.len()], "{agency}");
    }
    for (agency, rows) in least {
        assert!(copy[agency].len() >= rows.len(), "{agency}: what was there before the backup is not in it");
    }
}

/// Runs `make` while clerks work, and returns what was there before it began and after they stopped.
fn under_writes(world: &World, make: impl FnOnce()) -> (Chains, Chains) {
    let process = Process::serve(world, &[]);
    let mut desks: Vec<Desk> = (0..4).map(|place| Desk::new(world, 8, place)).collect();
    let stop = AtomicBool::new(false);
    let (answered, answers) = mpsc::channel();
    let wait = |answers: &Receiver<()>, count: usize| {
        for _ in 0..count {
            answers.recv_timeout(Duration::from_secs(60)).expect("requests are answered");
        }
    };
    let before = std::thread::scope(|scope| {
        for desk in &mut desks {
            let (base, stop, answered) = (&process.base, &stop, answered.clone());
            scope.spawn(move || desk.work(base, &answered, || !stop.load(Ordering::Relaxed)));
        }
        wait(&answers, 30);
        let before = chains(&world.database);
        make();
        wait(&answers, 30);
        stop.store(true, Ordering::Relaxed);
        before
    });
    audit(world, &desks);
    (before, chains(&world.database))
}

fn motcua(world: &World, args: &[&str]) -> Output {
    command(world).args(args).output().expect("the program runs")
}

#[track_caller]
fn succeeds(output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

/// Another database, named instead of the world's own.
fn motcua_on(world: &World, database: &Path, args: &[&str]) -> Output {
    let url = format!("sqlite:{}", database.display());
    command(world).args(args).env("MOTCUA_DATABASE_URL", url).output().expect("the program runs")
}

fn name(path: &Path) -> &str {
    path.to_str().expect("a path")
}

#[test]
fn a_backup_under_writes_is_a_prefix_of_history() {
    let world = sqlite_world();
    let copy = world.directory().join("copy?#%.db");
    let (before, after) = under_writes(&world, || {
        let output = motcua(&world, &["backup", name(&copy)]);
        succeeds(&output);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("signing.key"), "no word about the keys: {said}");
    });
    assert_eq!(std::fs::metadata(&copy).expect("the copy").permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&copy).expect("the copy");
    // Nothing is overwritten, not even by accident.
    assert!(!motcua(&world, &["backup", name(&copy)]).status.success());
    succeeds(&motcua(&world, &["restore", "--check", name(&copy)]));
    assert_eq!(std::fs::read(&copy).expect("the copy"), bytes, "the check wrote to the copy");
    let restored = world.directory().join("restored.db");
    succeeds(&motcua_on(&world, &restored, &["restore", name(&copy)]));
    assert!(!motcua_on(&world, &restored, &["restore", name(&copy)]).status.success(), "a database was overwritten");
    succeeds(&motcua_on(&world, &restored, &["verify"]));
    is_prefix(&chains(&DatabaseUrl::Sqlite(name(&restored).to_owned())), &after, &before);
    // The log of an earlier database of that name would be played into it.
    std::fs::write(world.directory().join("again.db-wal"), "of yore").expect("a log");
    assert!(!motcua_on(&world, &world.directory().join("again.db"), &["restore", name(&copy)]).status.success());
    // Of a database that nobody serves.
    let still = world.directory().join("still.db");
    succeeds(&motcua_on(&world, &restored, &["backup", name(&still)]));
    succeeds(&motcua(&world, &["restore", "--check", name(&still)]));
    let left: Vec<_> = std::fs::read_dir(world.directory()).expect("a folder").flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().ends_with(".part")), "{left:?}");
}

#[test]
fn a_bad_copy_is_found_before_it_is_needed() {
    let world = sqlite_world();
    let [early, good, bad] = ["early.db", "good.db", "bad.db"].map(|name| world.directory().join(name));
    succeeds(&motcua(&world, &["backup", name(&early)]));
    let (_, after) = under_writes(&world, || {});
    succeeds(&motcua(&world, &["backup", name(&good)]));
    let check = |file: &Path| motcua(&world, &["restore", "--check", name(file)]);

    // A page of the file, of which no recount reads anything.
    let mut bytes = std::fs::read(&good).expect("the copy");
    let mut conn = diesel::SqliteConnection::establish(name(&good)).expect("the copy");
    let index = "SELECT CAST(rootpage AS TEXT) AS word FROM sqlite_master WHERE type = 'index' AND tbl_name = 'users'";
    let page: usize =
        diesel::sql_query(index).get_result::<Word>(&mut conn).expect("a page").word.parse().expect("one");
    drop(conn);
    bytes[(page - 1) * 4096..page * 4096].fill(0xA5);
    std::fs::write(&bad, &bytes).expect("a bad copy");
    assert!(!check(&bad).status.success());

    // The end of it.
    std::fs::write(&bad, &std::fs::read(&good).expect("the copy")[..bytes.len() / 2]).expect("a bad copy");
    assert!(!check(&bad).status.success());

    // An entry of the chain, by somebody who knows SQL; a secret of nobody; another version of the program.
    for (tampered, named) in [
        ("UPDATE events SET actor = 'user:somebody' WHERE seq = 2", "\"seq\": 2"),
        (
            "PRAGMA foreign_keys = OFF; INSERT INTO client_secrets VALUES (x'01', x'02', x'03', 4, NULL)",
            "a row that is not there",
        ),
        ("DELETE FROM __diesel_schema_migrations WHERE version LIKE '20261127%'", "of another version"),
    ] {
        std::fs::copy(&good, &bad).expect("a copy");
        tamper(&bad, tampered);
        let output = check(&bad);
        assert!(!output.status.success(), "{tampered}");
        let said = [output.stdout, output.stderr].concat();
        assert!(String::from_utf8_lossy(&said).contains(named), "{tampered}: {}", String::from_utf8_lossy(&said));
    }

    // One that is older, a full copy, and one that lost its end: heads kept elsewhere tell.
    let full = world.directory().join("full.ndjson");
    succeeds(&motcua(&world, &["export", "--full", "-o", name(&full)]));
    succeeds(&check(&full));
    let heads: Vec<serde_json::Value> = after
        .values()
        .filter_map(|rows| rows.last())
        .map(|row| {
            let at = motcua::domain::time::canonical(motcua::domain::time::from_micros(row.recorded_at));
            serde_json::json!({"agency": row.agency_id, "seq": row.seq, "hash": row.hash, "recorded_at": at})
        })
        .collect();
    let kept = world.directory().join("heads.json");
    std::fs::write(&kept, serde_json::to_string(&heads).expect("JSON")).expect("the heads");
    let against = |file: &Path| motcua(&world, &["restore", "--check", name(file), "--heads", name(&kept)]);
    succeeds(&against(&full));
    succeeds(&against(&good));
    succeeds(&check(&early));
    assert!(!against(&early).status.success());
    let text = std::fs::read_to_string(&full).expect("the copy");
    let shorter: Vec<&str> = text.lines().take(text.lines().count() - 1).collect();
    std::fs::write(&bad, shorter.join("\n") + "\n").expect("a bad copy");
    assert!(!against(&bad).status.success());
}

/// As the owner of the file can.
fn tamper(file: &Path, sql: &str) {
    let mut conn = diesel::SqliteConnection::establish(name(file)).expect("the copy");
    let triggers = "SELECT name AS word FROM sqlite_master WHERE type = 'trigger'";
    for trigger in diesel::sql_query(triggers).load::<Word>(&mut conn).expect("triggers") {
        conn.batch_execute(&format!("DROP TRIGGER {}", trigger.word)).expect("dropped");
    }
    conn.batch_execute(sql).expect("tampered");
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = diesel::sql_types::Text)]
    word: String,
}

/// As the README says.
#[test]
fn pg_dump_under_writes_is_a_prefix_of_history() {
    let Some(world) = postgres_world() else { return no_postgres() };
    let Some(programs) = postgres::programs().filter(|place| place.join("pg_dump").exists()) else {
        return no_postgres();
    };
    let DatabaseUrl::Postgres(url) = &world.database else { unreachable!("asked for PostgreSQL") };
    let run = |program: &str, args: &[&str]| {
        let output = Command::new(programs.join(program)).args(args).output().expect("the program runs");
        succeeds(&output);
    };
    let dump = world.directory().join("motcua.dump");
    let (before, after) = under_writes(&world, || run("pg_dump", &["--format=custom", "--file", name(&dump), url]));
    let restored = postgres::server().expect("it was there").beside();
    run("pg_restore", &["--exit-on-error", "--no-owner", "--dbname", restored.url(), name(&dump)]);
    let output = command(&world).arg("verify").env("MOTCUA_DATABASE_URL", restored.url()).output();
    succeeds(&output.expect("the program runs"));
    is_prefix(&chains(&DatabaseUrl::Postgres(restored.url().to_owned())), &after, &before);
}

/// As the README says, too: the copy of the night and the log since then lose nothing.
#[test]
fn a_base_backup_and_the_archived_log_lose_nothing() {
    let Some(mut cluster) = postgres::Cluster::start() else { return no_postgres() };
    let world = World::on(&cluster.server);
    let DatabaseUrl::Postgres(url) = &world.database else { unreachable!("asked for PostgreSQL") };
    let (_, after) = under_writes(&world, || cluster.base_backup());
    let mut conn = PgConnection::establish(url).expect("a connection");
    let last = diesel::sql_query("SELECT pg_walfile_name(pg_switch_wal()) AS word");
    let last = last.get_result::<Word>(&mut conn).expect("the log").word;
    let begun = Instant::now();
    let archived = "SELECT coalesce(last_archived_wal, '') AS word FROM pg_stat_archiver";
    while diesel::sql_query(archived).get_result::<Word>(&mut conn).expect("the archive").word < last {
        assert!(begun.elapsed() < Duration::from_secs(60), "the log is not archived");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(conn);
    cluster.stop("QUIT");
    cluster.go_back();
    assert_eq!(chains(&world.database), after);
    succeeds(&motcua(&world, &["verify"]));
}
