//! Connections to PostgreSQL: those that broke while nobody used them harm nobody, and what a server says is understood
//! whatever its language.

use std::sync::Barrier;

use diesel::connection::{Connection, SimpleConnection};
use diesel::{PgConnection, RunQueryDsl};
use motcua::app::AppError;
use motcua::store::{DatabaseUrl, Store, StoreError, Tx};

use crate::factory::AGENCY;
use crate::harness::child::Process;
use crate::harness::{TestApp, World, no_postgres, postgres, postgres_app, postgres_world, sqlite};
use crate::ratchets::lines;

/// Reads at once: as many connections.
const READS: usize = 6;

fn read_together(store: &Store) {
    let barrier = Barrier::new(READS);
    std::thread::scope(|scope| {
        for _ in 0..READS {
            scope.spawn(|| {
                let read = store.read_blocking::<_, StoreError, _>(|tx| {
                    barrier.wait();
                    tx.event_agencies()
                });
                read.expect("a read");
            });
        }
    });
}

fn write(store: &Store) -> Result<i64, AppError> {
    store.write_blocking(AGENCY, |tx| Ok(tx.counter_next(AGENCY, "day")?))
}

/// Ends every connection to the database but the one that does it.
fn cut(app: &TestApp) {
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let end = format!("SELECT CAST(pg_terminate_backend(pid, 60000) AS TEXT) AS line {others}");
    assert!(lines(&app.database, &end).len() > READS, "there were fewer connections");
}

#[test]
fn connections_that_broke_unused_harm_nobody() {
    let Some(app) = postgres_app() else { return no_postgres() };
    let store = &app.app.store;
    for n in 1..4 {
        read_together(store);
        assert_eq!(write(store).expect("a write"), 2 * n - 1);
        cut(&app);
        // Neither has to ask twice, nor one who finds them all.
        store.read_blocking::<_, StoreError, _>(|tx| tx.event_agencies()).expect("a read");
        read_together(store);
        assert_eq!(write(store).expect("a write"), 2 * n);
    }
}

#[test]
fn a_connection_that_breaks_in_use_is_not_used_again() {
    let Some(app) = postgres_app() else { return no_postgres() };
    let store = &app.app.store;
    for _ in 0..READS {
        // The work hides it; its transaction cannot be ended.
        let read = store.read_blocking::<_, StoreError, _>(|tx| {
            let Tx::Pg(conn) = tx else { unreachable!("asked for PostgreSQL") };
            diesel::sql_query("SELECT pg_terminate_backend(pg_backend_pid())").execute(*conn).expect_err("it is gone");
            Ok(())
        });
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        store
            .read_blocking::<_, StoreError, _>(|tx| tx.event_agencies())
            .expect("the next has a connection that works");
    }
}

#[derive(diesel::QueryableByName)]
struct Word {
    #[diesel(sql_type = diesel::sql_types::Text)]
    word: String,
}

/// Of a session.
fn setting(tx: &mut Tx<'_>, name: &str) -> String {
    let read = match tx {
        Tx::Lite(conn) => {
            let asked = format!("SELECT CAST({name} AS TEXT) AS word FROM pragma_{name}");
            diesel::sql_query(asked).get_result::<Word>(*conn)
        }
        Tx::Pg(conn) => {
            diesel::sql_query(format!("SELECT current_setting('{name}') AS word")).get_result::<Word>(*conn)
        }
    };
    read.expect("a setting").word
}

fn language(tx: &mut Tx<'_>) -> String {
    setting(tx, "lc_messages")
}

/// No test cuts the power; each writing session asks for what outlives that, on a server that promises less, too.
#[test]
fn what_is_acknowledged_is_on_the_disk() {
    let ask = |app: &TestApp, name: &'static str| {
        let asked = app.app.store.write_blocking::<_, AppError, _>(AGENCY, |tx| Ok(setting(tx, name)));
        asked.expect("a write")
    };
    let app = sqlite();
    assert_eq!((&*ask(&app, "synchronous"), &*ask(&app, "journal_mode")), ("2", "wal"), "FULL");
    let (Some(app), Some(server)) = (postgres_app(), postgres::server()) else { return no_postgres() };
    let name = lines(&app.database, "SELECT current_database() AS line").remove(0);
    server.run(&format!("ALTER DATABASE {name} SET synchronous_commit = 'off'"));
    let beside = app.beside(|_| ());
    assert_eq!(ask(&beside, "synchronous_commit"), "on");
}

/// Stands for another language: spelt as nothing that the program knows, and there on every machine.
const OTHER: &str = "C.UTF8";

#[test]
fn messages_are_asked_for_in_english() {
    let (Some(app), Some(server)) = (postgres_app(), postgres::server()) else { return no_postgres() };
    let DatabaseUrl::Postgres(url) = &app.database else { unreachable!("asked for PostgreSQL") };
    let name = lines(&app.database, "SELECT current_database() AS line").remove(0);
    server.run(&format!("ALTER DATABASE {name} SET lc_messages = '{OTHER}'"));
    let store = Store::open(&app.database).expect("the database opens");
    assert_eq!(store.read_blocking::<_, StoreError, _>(|tx| Ok(language(tx))).expect("a read"), "C");
    let written = store.write_blocking::<_, AppError, _>(AGENCY, |tx| Ok(language(tx)));
    assert_eq!(written.expect("a write"), "C");

    // Who may not ask for it works all the same.
    let role = format!("plain_{name}");
    server.run(&format!("CREATE ROLE {role} LOGIN"));
    let plain = url.replacen("motcua@", &format!("{role}@"), 1);
    let plain = Store::open(&DatabaseUrl::Postgres(plain)).expect("the database opens");
    assert_eq!(plain.read_blocking::<_, StoreError, _>(|tx| Ok(language(tx))).expect("a read"), OTHER);
    let written = plain.write_blocking::<_, AppError, _>(AGENCY, |tx| Ok(language(tx)));
    assert_eq!(written.expect("a write"), OTHER);
    drop(plain);
    server.run(&format!("DROP ROLE {role}"));
}

/// Who may not ask for English is told at the start what to do, and once, however many connections there are.
#[test]
fn who_may_not_ask_for_english_is_told_once() {
    let (Some(mut world), Some(server)) = (postgres_world(), postgres::server()) else { return no_postgres() };
    let name = lines(&world.database, "SELECT current_database() AS line").remove(0);
    let role = format!("plain {name}");
    server.run(&format!("ALTER DATABASE {name} SET lc_messages = '{OTHER}'; CREATE ROLE \"{role}\" LOGIN"));
    let DatabaseUrl::Postgres(url) = &world.database else { unreachable!("asked for PostgreSQL") };
    {
        let mut owner = PgConnection::establish(url).expect("the database");
        let on = |what: &str| format!("GRANT ALL ON {what} TO \"{role}\";");
        let grant = on("SCHEMA public") + &on("ALL TABLES IN SCHEMA public");
        owner.batch_execute(&grant).expect("tables");
    }
    let told = |world: &World| {
        let process = Process::serve(world, &[("MOTCUA_LOG", "warn")]);
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        agent.get(format!("{}/readyz", process.base)).call().expect("it is ready");
        process.said().matches(&format!("GRANT SET ON PARAMETER lc_messages TO \"{role}\"")).count()
    };
    world.database = DatabaseUrl::Postgres(url.replacen("motcua@", &format!("{}@", role.replace(' ', "%20")), 1));
    assert_eq!(told(&world), 1);
    // That is English, and what is said of others helps.
    server.run(&format!("ALTER DATABASE {name} SET lc_messages = 'C.UTF-8'"));
    assert_eq!(told(&world), 0);
    server.run(&format!("ALTER DATABASE {name} SET lc_messages = '{OTHER}'"));
    server.run(&format!("GRANT SET ON PARAMETER lc_messages TO \"{role}\""));
    assert_eq!(told(&world), 0);
    server.run(&format!("REVOKE SET ON PARAMETER lc_messages FROM \"{role}\""));
    server.run(&format!("ALTER ROLE \"{role}\" SET lc_messages = 'C'"));
    assert_eq!(told(&world), 0);
    drop(world);
    server.run(&format!("DROP ROLE \"{role}\""));
}

/// As PostgreSQL reports it (53100), in the words of the operating system.
#[test]
fn a_full_disk_is_told_from_a_defect() {
    let Some(app) = postgres_app() else { return no_postgres() };
    let refused = app.app.store.write_blocking::<(), AppError, _>(AGENCY, |tx| {
        let Tx::Pg(conn) = tx else { unreachable!("asked for PostgreSQL") };
        let full = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file \"base/1/2\": No space left on device' \
             USING ERRCODE = '53100'; END $$";
        Ok(conn.batch_execute(full).map_err(StoreError::from)?)
    });
    assert!(matches!(refused, Err(AppError::Store(StoreError::Full(_)))), "{refused:?}");
    app.received();
}
