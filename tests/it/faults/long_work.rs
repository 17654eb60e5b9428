//! Work with a transaction of its own: what is refused or panics leaves nothing, as in a savepoint, without one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use motcua::app::AppError;
use motcua::store::{StoreError, Tx};

use crate::factory::AGENCY;
use crate::harness::{TestApp, sqlite};

on_both!(long_work_that_is_refused_leaves_nothing, long_work_may_panic);

fn days(app: &TestApp) -> usize {
    app.app.store.read_blocking::<_, StoreError, _>(|tx| tx.counters_of(AGENCY)).expect("a read").len()
}

/// Counts up a day, then does as `end` says; how often it was run.
fn long(app: &TestApp, end: fn() -> Result<(), AppError>) -> (Result<i64, AppError>, usize) {
    let runs = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&runs);
    let done = app.app.store.write_long_blocking::<_, AppError, _>(AGENCY, move |tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        let n = tx.counter_next(AGENCY, "long")?;
        end()?;
        Ok(n)
    });
    (done, runs.load(Ordering::Relaxed))
}

/// Refused once, and then the same is done.
fn leaves_nothing(app: &TestApp, end: fn() -> Result<(), AppError>) -> AppError {
    let before = days(app);
    let (refused, runs) = long(app, end);
    assert_eq!((days(app), runs), (before, 1));
    let (done, runs) = long(app, || Ok(()));
    assert_eq!((done.expect("nothing is against it"), runs, days(app)), (1, 1, before + 1));
    refused.expect_err("it cannot have been done")
}

fn long_work_that_is_refused_leaves_nothing(app: &TestApp) {
    let refused = leaves_nothing(app, || Err(AppError::NotFound));
    assert!(matches!(refused, AppError::NotFound), "{refused:?}");
    app.received();
}

fn long_work_may_panic(app: &TestApp) {
    let refused = leaves_nothing(app, || panic!("as the test wants it"));
    assert!(matches!(refused, AppError::Store(StoreError::Other(_))), "{refused:?}");
    app.received();
}

/// Inside a savepoint each statement walks through all the pages that the work changed before.
#[test]
fn long_work_stands_in_no_savepoint() {
    let app = sqlite();
    let depth = app.app.store.write_long_blocking::<_, AppError, _>(AGENCY, |tx| {
        tx.counter_next(AGENCY, "long")?;
        let Tx::Lite(conn) = tx else { unreachable!("asked for SQLite") };
        let status = AnsiTransactionManager::transaction_manager_status_mut(*conn);
        Ok(status.transaction_depth().expect("a transaction").map_or(0, std::num::NonZeroU32::get))
    });
    assert_eq!(depth.expect("nothing is against it"), 1);
}
