//! Grouped commits: what became of work that lost, failed, took too long, or is awaited by nobody.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use motcua::app::AppError;
use motcua::store::{Store, StoreError};

use super::panics::{Work, leave_open, leave_undone};
use crate::exchange::setup::wait;
use crate::factory::AGENCY;
use crate::harness::{GENEROUS, TestApp};

on_both!(what_lost_is_tried_again, what_failed_holds_nothing, stamps_do_not_grow_old, nobody_works_for_nobody);

fn count(store: &Store, day: &'static str) -> Result<i64, AppError> {
    store.write_blocking(AGENCY, move |tx| Ok(tx.counter_next(AGENCY, day)?))
}

/// In a group, and three times by itself.
fn what_lost_is_tried_again(app: &TestApp) {
    let write = |losses: u32| {
        let mut runs = 0;
        app.app.store.write_blocking::<_, AppError, _>(AGENCY, move |tx| {
            runs += 1;
            tx.counter_next(AGENCY, "lost")?;
            if runs <= losses { Err(StoreError::Retry("as the test wants it".into()).into()) } else { Ok(runs) }
        })
    };
    assert_eq!(write(3).expect("the fourth run"), 4);
    let refused = write(4).expect_err("enough");
    assert!(matches!(refused, AppError::Store(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(count(&app.app.store, "lost").expect("a write"), 2, "of all the runs one stands");
}

/// Others on the same database go on.
fn what_failed_holds_nothing(app: &TestApp) {
    for bad in [leave_open as Work, leave_undone] {
        let refused = app.app.store.write_blocking::<(), AppError, _>(AGENCY, move |tx| {
            tx.counter_next(AGENCY, "held")?;
            bad(tx)
        });
        let refused = refused.expect_err("it cannot have been done");
        assert!(!matches!(refused, AppError::Store(StoreError::Unavailable(_))), "it would be sent again: {refused:?}");
        let other = Store::open(app.app.store.url()).expect("the database opens");
        let (told, answers) = mpsc::channel();
        thread::spawn(move || told.send(count(&other, "held")));
        answers.recv_timeout(GENEROUS).expect("nobody waits for what failed").expect("a write");
    }
}

/// Readers take figures older than five seconds as final: what was stamped too long before its commit is done anew.
fn stamps_do_not_grow_old(app: &TestApp) {
    let mut runs = 0;
    let done = app.app.store.write_blocking::<_, AppError, _>(AGENCY, move |tx| {
        runs += 1;
        if runs == 1 {
            thread::sleep(Duration::from_millis(2100));
        }
        tx.counter_next(AGENCY, "old")?;
        Ok(runs)
    });
    assert_eq!(done.expect("a write"), 2);
    assert_eq!(count(&app.app.store, "old").expect("a write"), 2, "of both runs one stands");
}

/// Whoever went away while waiting asked for nothing.
fn nobody_works_for_nobody(app: &TestApp) {
    wait(async {
        let store = &app.app.store;
        let ((begun, begins), (go, wait_for)) = (mpsc::channel::<()>(), mpsc::channel::<()>());
        let blocker = store.submit::<_, AppError, _>(AGENCY, move |_| {
            let _ = begun.send(());
            let _ = wait_for.recv();
            Ok(())
        });
        begins.recv().expect("it runs");
        drop(store.submit::<_, AppError, _>(AGENCY, |tx| Ok(tx.counter_next(AGENCY, "nobody")?)));
        let awaited = store.submit::<_, AppError, _>(AGENCY, |tx| Ok(tx.counter_next(AGENCY, "somebody")?));
        drop(go);
        blocker.await.expect("nothing was asked");
        assert_eq!(awaited.await.expect("a write"), 1);
    });
    assert_eq!(count(&app.app.store, "nobody").expect("a write"), 1, "it was done for nobody");
}
