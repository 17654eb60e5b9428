//! A panic concerns the request that caused it, and nobody beside it.

use std::sync::mpsc;

use diesel::RunQueryDsl;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use motcua::app::AppError;
use motcua::store::{StoreError, Tx};

use crate::exchange::setup::wait;
use crate::factory::AGENCY;
use crate::harness::TestApp;

on_both!(
    a_refusal_that_takes_the_transaction_with_it_is_still_the_answer,
    a_poisoned_request_does_not_fail_its_neighbours,
    what_a_request_holds_may_panic,
    a_read_may_panic,
    a_handler_may_panic,
);

/// What somebody does in the middle of a grouped commit.
pub type Work = fn(&mut Tx<'_>) -> Result<(), AppError>;

/// Work that counts up a day of its own, or does something bad after it.
async fn beside(app: &TestApp, bad: Work) -> AppError {
    let store = &app.app.store;
    let before = days(app);
    let (go, wait_for) = mpsc::channel::<()>();
    // Whatever comes while this one waits shares the next commit.
    let blocker = store.submit::<_, AppError, _>(AGENCY, move |_| {
        let _ = wait_for.recv();
        Ok(())
    });
    let count = |day: String| store.submit::<_, AppError, _>(AGENCY, move |tx| Ok(tx.counter_next(AGENCY, &day)?));
    let first: Vec<_> = (0..3).map(|i| count(format!("a{i}-{before}"))).collect();
    let poisoned = store.submit::<i64, AppError, _>(AGENCY, move |tx| {
        let n = tx.counter_next(AGENCY, "poisoned")?;
        bad(tx)?;
        Ok(n)
    });
    let last: Vec<_> = (0..3).map(|i| count(format!("b{i}-{before}"))).collect();
    // Gone rather than sent: the blocker may have to run again.
    drop(go);
    blocker.await.expect("nothing was asked");
    for neighbour in first.into_iter().chain(last) {
        assert_eq!(neighbour.await.expect("a neighbour"), 1);
    }
    let refused = poisoned.await.expect_err("it cannot have been done");
    assert_eq!(days(app), before + 6, "the neighbours' days, and not that of the poisoned request");
    refused
}

fn days(app: &TestApp) -> usize {
    app.app.store.read_blocking::<_, StoreError, _>(|tx| tx.counters_of(AGENCY)).expect("a read").len()
}

fn a_poisoned_request_does_not_fail_its_neighbours(app: &TestApp) {
    let bad: [Work; 5] = [
        |_| panic!("as the test wants it"),
        leave_open,
        // It ends the transaction that all share.
        |tx| {
            end(tx);
            Ok(())
        },
        // It breaks the connection.
        |tx| {
            match tx {
                Tx::Lite(conn) => AnsiTransactionManager::transaction_manager_status_mut(*conn).set_in_error(),
                Tx::Pg(conn) => {
                    let end = diesel::sql_query("SELECT pg_terminate_backend(pg_backend_pid())");
                    end.execute(*conn).expect_err("the connection is gone");
                }
            }
            Ok(())
        },
        leave_undone,
    ];
    for bad in bad {
        wait(beside(app, bad));
    }
    app.received();
}

/// Panics in the midst of a savepoint of its own.
pub fn leave_open(tx: &mut Tx<'_>) -> Result<(), AppError> {
    match tx {
        Tx::Lite(conn) => AnsiTransactionManager::begin_transaction(*conn).expect("a savepoint"),
        Tx::Pg(conn) => AnsiTransactionManager::begin_transaction(*conn).expect("a savepoint"),
    }
    panic!("as the test wants it")
}

/// Leaves what only the commit refuses.
pub fn leave_undone(tx: &mut Tx<'_>) -> Result<(), AppError> {
    let late = match tx {
        Tx::Lite(conn) => conn.batch_execute(
            "CREATE TEMP TABLE whole (n INTEGER PRIMARY KEY); \
             CREATE TEMP TABLE part (n INTEGER REFERENCES whole DEFERRABLE INITIALLY DEFERRED); \
             INSERT INTO part VALUES (1)",
        ),
        Tx::Pg(conn) => conn.batch_execute(
            "CREATE TEMP TABLE part (n INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO part VALUES (1), (1)",
        ),
    };
    late.expect("nothing is wrong yet");
    Ok(())
}

fn end(tx: &mut Tx<'_>) {
    let ended = match tx {
        Tx::Lite(conn) => conn.batch_execute("ROLLBACK"),
        Tx::Pg(conn) => conn.batch_execute("ROLLBACK"),
    };
    ended.expect("the transaction was open");
}

/// As SQLite does when a statement finds no space.
fn a_refusal_that_takes_the_transaction_with_it_is_still_the_answer(app: &TestApp) {
    let refused = wait(beside(app, |tx| {
        end(tx);
        Err(StoreError::Full("no space".into()).into())
    }));
    assert!(matches!(refused, AppError::Store(StoreError::Full(_))), "{refused:?}");
    app.received();
}

fn what_a_request_holds_may_panic(app: &TestApp) {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("as the test wants it");
        }
    }
    wait(async {
        let store = &app.app.store;
        let (go, wait_for) = mpsc::channel::<()>();
        let blocker = store.submit::<_, AppError, _>(AGENCY, move |_| {
            let _ = wait_for.recv();
            Ok(())
        });
        let bomb = Bomb;
        let poisoned = store.submit::<_, AppError, _>(AGENCY, move |_| {
            let _held = &bomb;
            Ok(())
        });
        let neighbour = store.submit::<_, AppError, _>(AGENCY, |tx| Ok(tx.counter_next(AGENCY, "c")?));
        // Gone rather than sent: the blocker may have to run again.
        drop(go);
        blocker.await.expect("nothing was asked");
        // It may or may not hear of it; the writer lives.
        drop(poisoned.await);
        assert_eq!(neighbour.await.expect("a neighbour"), 1);
    });
    app.received();
}

fn a_read_may_panic(app: &TestApp) {
    for _ in 0..20 {
        let read = wait(app.app.store.read::<(), AppError, _>(|_| panic!("as the test wants it")));
        assert!(matches!(read, Err(AppError::Store(StoreError::Other(_)))), "{read:?}");
    }
    let dossier = app.received();
    app.user("clerk").get(&format!("/dossiers/{}", dossier["code"].as_str().expect("a code"))).expect(200);
}

fn a_handler_may_panic(app: &TestApp) {
    for _ in 0..5 {
        let answer = app.anonymous().get("//panics");
        let problem = answer.problem(500, "internal");
        assert!(problem["detail"].is_null(), "{problem}");
        assert!(answer.header("content-language").is_some());
    }
    app.received();
}
