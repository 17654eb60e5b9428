//! The thread that works on jobs while the program serves: at the start on what was left unfinished, then whenever
//! the bell rings.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Progress, run_once};
use crate::app::{App, AppError};
use crate::store::StoreError;

/// How long to wait before a piece is tried again that the database could not take.
const AGAIN: Duration = Duration::from_secs(5);

/// Rung when there is work.
#[derive(Debug, Clone, Default)]
pub struct Bell(Arc<(Mutex<u64>, Condvar)>);

impl Bell {
    pub fn ring(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.1.notify_all();
    }

    fn heard(&self) -> u64 {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until it has rung since `heard`, or the time is up.
    fn wait(&self, heard: u64, at_most: Option<Duration>) {
        let count = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = |count: &mut u64| *count == heard;
        match at_most {
            None => drop(self.0.1.wait_while(count, silent)),
            Some(time) => drop(self.0.1.wait_timeout_while(count, time, silent)),
        }
    }
}

/// Works until it is dropped; then it ends after the piece in hand. The rest waits for the next start.
#[derive(Debug)]
pub struct Worker {
    bell: Bell,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// # Errors
    /// The thread cannot be started.
    pub fn start(app: App) -> std::io::Result<Self> {
        let (bell, stop) = (app.bell.clone(), Arc::new(AtomicBool::new(false)));
        let seen = Arc::clone(&stop);
        let thread =
            std::thread::Builder::new().name("jobs".into()).spawn(move || work(&app.bell, &seen, || run_once(&app)))?;
        Ok(Self { bell, stop, thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.bell.ring();
        if let Some(thread) = self.thread.take() {
            // A worker that panicked has nothing left to finish.
            let _ = thread.join();
        }
    }
}

fn work(bell: &Bell, stop: &AtomicBool, mut piece: impl FnMut() -> Result<Option<Progress>, AppError>) {
    while !stop.load(Ordering::SeqCst) {
        let heard = bell.heard();
        // What panics outside of any job must not end them all: no other thread would take them up.
        let done = catch_unwind(AssertUnwindSafe(&mut piece));
        let done = done.unwrap_or_else(|_| Err(StoreError::Other("the worker of jobs panicked".into()).into()));
        match done {
            Ok(Some(_)) => {}
            // Whoever stops it rings after saying so: heard before, it is seen above.
            Ok(None) if !stop.load(Ordering::SeqCst) => bell.wait(heard, None),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(error = %error, "a job has to wait");
                bell.wait(heard, Some(AGAIN));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing but a defect of the loop's own makes it panic: it is put in the place of the work.
    #[test]
    fn a_panic_between_two_pieces_does_not_end_all_jobs() {
        let (bell, stop) = (Bell::default(), AtomicBool::new(false));
        let mut calls = 0;
        work(&bell, &stop, || {
            calls += 1;
            // Rung meanwhile: it need not wait.
            bell.ring();
            match calls {
                1 => panic!("as the test wants it"),
                2 => Err(StoreError::Unavailable("gone".into()).into()),
                _ => {
                    stop.store(true, Ordering::SeqCst);
                    Ok(None)
                }
            }
        });
        assert_eq!(calls, 3);
    }
}
