//! Grouped commits. One thread owns one writing connection, takes many requests' work into one
//! transaction (a savepoint each, in agency order), and answers after the commit: durable, and five
//! times the throughput of a commit per request.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, Connection, TransactionManager};
use diesel::result::Error as DieselError;

use super::conn::{self, DatabaseUrl};
use super::error::StoreError;
use super::tx::Tx;
use super::{lite, pg};

/// Most jobs in one transaction.
const BATCH: usize = 256;
/// After this long a batch commits what it has.
const ENOUGH: Duration = Duration::from_millis(500);
/// A stamp older than this at commit is given up: readers take figures older than 5 s as final.
const STALE: Duration = Duration::from_secs(2);
/// How often a job is tried before the caller is told to come back.
const TRIES: u32 = 3;

/// What became of a job's savepoint.
pub enum Outcome {
    Keep,
    Undo,
    /// Lost against another transaction, or the connection broke.
    Again(StoreError),
}

/// Work of one request. `run` may be called again after a roll-back.
pub trait Job: Send {
    fn agency(&self) -> &str;
    /// Gets a transaction of its own, however old its stamps grow.
    fn is_long(&self) -> bool;
    fn run(&mut self, tx: &mut Tx<'_>) -> Outcome;
    /// Called once: after the commit, or with the reason why there was none.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
    /// Called instead of `run`'s own result when the work panicked.
    fn panicked(&mut self);
}

enum Writer {
    Lite(lite::Conn),
    Pg(pg::Conn),
}

impl Writer {
    fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Ok(match url {
            DatabaseUrl::Sqlite(path) => Self::Lite(conn::open_lite(path)?),
            DatabaseUrl::Postgres(url) => Self::Pg(conn::open_pg(url)?),
        })
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Lite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
            Self::Pg(c) => AnsiTransactionManager::begin_transaction(c)?,
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Lite(c) => AnsiTransactionManager::commit_transaction(c)?,
            Self::Pg(c) => AnsiTransactionManager::commit_transaction(c)?,
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Lite(c) => AnsiTransactionManager::rollback_transaction(c)?,
            Self::Pg(c) => AnsiTransactionManager::rollback_transaction(c)?,
        }
        Ok(())
    }

    /// Runs a job in a savepoint.
    fn attempt(&mut self, job: &mut dyn Job) -> Outcome {
        let mut outcome = Outcome::Undo;
        let saved: Result<(), DieselError> = match self {
            Self::Lite(c) => c.transaction(|c| settle(guarded(job, &mut Tx::Lite(c)), &mut outcome)),
            Self::Pg(c) => c.transaction(|c| settle(guarded(job, &mut Tx::Pg(c)), &mut outcome)),
        };
        match (saved, outcome) {
            (Ok(()) | Err(DieselError::RollbackTransaction), outcome) => outcome,
            (Err(error), _) => Outcome::Again(error.into()),
        }
    }
}

fn settle(result: Outcome, slot: &mut Outcome) -> Result<(), DieselError> {
    let keep = matches!(result, Outcome::Keep);
    *slot = result;
    if keep { Ok(()) } else { Err(DieselError::RollbackTransaction) }
}

fn guarded(job: &mut dyn Job, tx: &mut Tx<'_>) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| job.run(tx))).unwrap_or_else(|_| {
        job.panicked();
        Outcome::Undo
    })
}

/// The writer's life: until every sender is gone.
pub fn run(url: &DatabaseUrl, jobs: &Receiver<Box<dyn Job>>) {
    let mut writer: Option<Writer> = None;
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH {
            let Ok(job) = jobs.try_recv() else { break };
            batch.push(job);
        }
        batch.sort_by(|a, b| a.agency().cmp(b.agency()));
        while !batch.is_empty() {
            batch = take(&mut writer, url, batch);
        }
    }
}

/// Commits as much of `batch` as fits in one transaction and returns the rest.
fn take(writer: &mut Option<Writer>, url: &DatabaseUrl, mut batch: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let done = together(writer, url, &mut batch);
    match done {
        Ok(count) => {
            let rest = batch.split_off(count);
            for job in batch {
                job.finish(Ok(()));
            }
            rest
        }
        // A neighbour must not fail with the one at fault: each by itself.
        Err(_) => {
            for job in batch {
                alone(writer, url, job);
            }
            Vec::new()
        }
    }
}

fn together(writer: &mut Option<Writer>, url: &DatabaseUrl, batch: &mut [Box<dyn Job>]) -> Result<usize, StoreError> {
    let result = transaction(writer, url, batch);
    if let Err(error) = &result {
        tracing::warn!(error = %error, jobs = batch.len(), "grouped commit given up");
        recover(writer);
    }
    result
}

fn transaction(
    writer: &mut Option<Writer>,
    url: &DatabaseUrl,
    batch: &mut [Box<dyn Job>],
) -> Result<usize, StoreError> {
    let open = match writer {
        Some(open) => open,
        None => writer.insert(Writer::open(url)?),
    };
    open.begin()?;
    let begun = Instant::now();
    let mut count = 0;
    let mut long = false;
    for job in batch {
        long = job.is_long();
        if long && count > 0 {
            long = false;
            break;
        }
        if let Outcome::Again(error) = open.attempt(job.as_mut()) {
            return Err(error);
        }
        count += 1;
        if long || begun.elapsed() > ENOUGH {
            break;
        }
    }
    if !long && begun.elapsed() > STALE {
        return Err(StoreError::Retry("the stamps grew old before the commit".into()));
    }
    open.commit()?;
    Ok(count)
}

fn alone(writer: &mut Option<Writer>, url: &DatabaseUrl, mut job: Box<dyn Job>) {
    let mut last = StoreError::Unavailable("not tried".into());
    for _ in 0..TRIES {
        match transaction(writer, url, std::slice::from_mut(&mut job)) {
            Ok(_) => return job.finish(Ok(())),
            Err(error) => {
                recover(writer);
                last = error;
            }
        }
    }
    job.finish(Err(match last {
        StoreError::Retry(text) => StoreError::Unavailable(text),
        other => other,
    }));
}

/// Leaves a usable connection, or none: the next transaction opens a new one.
fn recover(writer: &mut Option<Writer>) {
    if let Some(open) = writer
        && open.rollback().is_err()
    {
        *writer = None;
    }
}
