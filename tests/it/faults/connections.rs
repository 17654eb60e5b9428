//! Connections to PostgreSQL: those that broke while nobody used them harm nobody, and what a server says is understood
//! whatever its language.

use std::sync::Barrier;

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use motcua::app::AppError;
use motcua::store::{DatabaseUrl, Store, StoreError, Tx};

use crate::factory::AGENCY;
use crate::harness::{TestApp, no_postgres, postgres, postgres_app};
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
        // Neither has to ask twice.
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

/// The language of a session's messages.
fn language(tx: &mut Tx<'_>) -> String {
    #[derive(diesel::QueryableByName)]
    struct Word {
        #[diesel(sql_type = diesel::sql_types::Text)]
        word: String,
    }
    let Tx::Pg(conn) = tx else { unreachable!("asked for PostgreSQL") };
    let asked = diesel::sql_query("SELECT current_setting('lc_messages') AS word");
    asked.get_result::<Word>(*conn).expect("a setting").word
}

#[test]
fn messages_are_asked_for_in_english() {
    let (Some(app), Some(server)) = (postgres_app(), postgres::server()) else { return no_postgres() };
    let DatabaseUrl::Postgres(url) = &app.database else { unreachable!("asked for PostgreSQL") };
    let name = lines(&app.database, "SELECT current_database() AS line").remove(0);
    server.run(&format!("ALTER DATABASE {name} SET lc_messages = 'C.UTF-8'"));
    let store = Store::open(&app.database).expect("the database opens");
    assert_eq!(store.read_blocking::<_, StoreError, _>(|tx| Ok(language(tx))).expect("a read"), "C");
    let written = store.write_blocking::<_, AppError, _>(AGENCY, |tx| Ok(language(tx)));
    assert_eq!(written.expect("a write"), "C");

    // Who may not ask for it works all the same.
    let role = format!("plain_{name}");
    server.run(&format!("CREATE ROLE {role} LOGIN"));
    let plain = url.replacen("motcua@", &format!("{role}@"), 1);
    let plain = Store::open(&DatabaseUrl::Postgres(plain)).expect("the database opens");
    assert_eq!(plain.read_blocking::<_, StoreError, _>(|tx| Ok(language(tx))).expect("a read"), "C.UTF-8");
    let written = plain.write_blocking::<_, AppError, _>(AGENCY, |tx| Ok(language(tx)));
    assert_eq!(written.expect("a write"), "C.UTF-8");
    drop(plain);
    server.run(&format!("DROP ROLE {role}"));
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
