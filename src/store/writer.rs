//! Grouped commits. One thread owns one writing connection, takes many requests' work into one
//! transaction (a savepoint each, in agency order), and answers after the commit: durable, and five
//! times the throughput of a commit per request.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, Connection, SimpleConnection, TransactionManager};
use diesel::result::Error as DieselError;

use super::conn::{self, DatabaseUrl};
use super::error::StoreError;
use super::measures::Measures;
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
    /// The job has its refusal, but the whole transaction went with it: SQLite gives all up when it has no space.
    Lost(StoreError),
}

/// Why a transaction was not acknowledged.
enum Failed {
    /// No connection: nothing was run.
    Unreached(StoreError),
    /// Nothing of it stands: its jobs may run again.
    Undone(StoreError),
    /// The last job has its refusal and took the transaction with it.
    Refused(StoreError),
    /// The connection broke while the commit was under way. Whether it stands is not known, and to run these many jobs
    /// again might do twice what they ask; whoever asked asks again, with the same key.
    Unknown(usize, StoreError),
}

impl Failed {
    fn text(&self) -> &StoreError {
        match self {
            Self::Unreached(error) | Self::Undone(error) | Self::Refused(error) | Self::Unknown(_, error) => error,
        }
    }
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
    /// Nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
}

enum Writer {
    Lite(lite::Conn),
    Pg(pg::Conn),
}

impl Writer {
    fn open(source: &Source) -> Result<Self, StoreError> {
        Ok(match &source.url {
            DatabaseUrl::Sqlite(path) => Self::Lite(conn::open_lite_writer(path, source.max_mib)?),
            DatabaseUrl::Postgres(url) => Self::Pg(conn::open_pg_writer(url)?),
        })
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Lite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
            Self::Pg(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN")?,
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

    /// Runs a job in a savepoint. On SQLite one with a transaction of its own does without: inside a savepoint each
    /// statement walks through all the pages kept for its roll-back, so that long work grows slow by the square.
    fn attempt(&mut self, job: &mut dyn Job) -> Outcome {
        let mut outcome = Outcome::Undo;
        let saved: Result<(), DieselError> = match self {
            Self::Lite(c) if job.is_long() => settle(guarded(job, &mut Tx::Lite(c)), &mut outcome),
            Self::Lite(c) => c.transaction(|c| settle(guarded(job, &mut Tx::Lite(c)), &mut outcome)),
            Self::Pg(c) => c.transaction(|c| settle(guarded(job, &mut Tx::Pg(c)), &mut outcome)),
        };
        match (saved, outcome) {
            (Ok(()) | Err(DieselError::RollbackTransaction), outcome) if self.is_level() => outcome,
            (Ok(()) | Err(DieselError::RollbackTransaction), Outcome::Undo) => Outcome::Lost(unlevel()),
            (Ok(()) | Err(DieselError::RollbackTransaction), _) => Outcome::Again(unlevel()),
            (Err(error), Outcome::Undo) => Outcome::Lost(error.into()),
            (Err(error), _) => Outcome::Again(error.into()),
        }
    }

    /// Back in the transaction, outside of every savepoint: work that panicked may have left one open.
    fn is_level(&mut self) -> bool {
        let status = match self {
            Self::Lite(c) => AnsiTransactionManager::transaction_manager_status_mut(c),
            Self::Pg(c) => AnsiTransactionManager::transaction_manager_status_mut(c),
        };
        status.transaction_depth() == Ok(NonZeroU32::new(1))
    }

    /// After a commit that failed: the server still answers, and so has said that it did not commit.
    fn answers(&mut self) -> bool {
        match self {
            Self::Lite(_) => true,
            Self::Pg(c) => c.batch_execute("SELECT 1").is_ok(),
        }
    }
}

fn unlevel() -> StoreError {
    StoreError::Retry("the transaction was not left as it was found".into())
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

/// What a writer writes to, and whom it tells of every commit.
#[derive(Debug, Clone)]
pub struct Source {
    pub url: DatabaseUrl,
    /// Bound of an SQLite file.
    pub max_mib: Option<u32>,
    pub measures: Measures,
}

/// The writer's life: until every sender is gone.
pub fn run(source: &Source, jobs: &Receiver<Box<dyn Job>>) {
    let mut writer: Option<Writer> = None;
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH {
            let Ok(job) = jobs.try_recv() else { break };
            batch.push(job);
        }
        // An answer that nobody awaits is work for nobody: under overload this is what is shed first.
        batch.retain(|job| !job.is_abandoned());
        batch.sort_by(|a, b| a.agency().cmp(b.agency()));
        while !batch.is_empty() {
            let rest = catch_unwind(AssertUnwindSafe(|| take(&mut writer, source, batch)));
            batch = rest.unwrap_or_else(|_| {
                // Whoever waited for these jobs is told by their end; the next ones get a new connection.
                tracing::error!("the writer panicked and goes on");
                writer = None;
                Vec::new()
            });
        }
    }
}

/// Commits as much of `batch` as fits in one transaction and returns the rest.
fn take(writer: &mut Option<Writer>, source: &Source, mut batch: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let done = transaction(writer, source, &mut batch);
    if let Err(failed) = &done {
        tracing::warn!(error = %failed.text(), jobs = batch.len(), "grouped commit given up");
    }
    match done {
        Ok(count) => {
            let rest = batch.split_off(count);
            finish(batch, &Ok(()));
            rest
        }
        Err(Failed::Unreached(error)) => {
            finish(batch, &Err(error));
            Vec::new()
        }
        Err(Failed::Unknown(count, error)) => {
            let rest = batch.split_off(count);
            finish(batch, &Err(error));
            rest
        }
        // A neighbour must not fail with the one at fault: each by itself.
        Err(Failed::Undone(_) | Failed::Refused(_)) => {
            for job in batch {
                alone(writer, source, job);
            }
            Vec::new()
        }
    }
}

/// Answers each. What a job holds may panic when it is let go: its neighbours are answered all the same.
fn finish(batch: Vec<Box<dyn Job>>, committed: &Result<(), StoreError>) {
    for job in batch {
        let answered = catch_unwind(AssertUnwindSafe(|| job.finish(committed.clone())));
        if answered.is_err() {
            tracing::error!("a request panicked after its work was done");
        }
    }
}

/// Says how many of `batch` are done. What state a connection is in after a failure is the database's affair: the next
/// transaction opens a new one.
fn transaction(writer: &mut Option<Writer>, source: &Source, batch: &mut [Box<dyn Job>]) -> Result<usize, Failed> {
    let done = committed(writer, source, batch);
    if done.is_err() {
        source.measures.gave_up();
        *writer = None;
    }
    done
}

fn committed(writer: &mut Option<Writer>, source: &Source, batch: &mut [Box<dyn Job>]) -> Result<usize, Failed> {
    let open = begun(writer, source)?;
    let begun = Instant::now();
    let mut count = 0;
    let mut long = false;
    for job in batch {
        long = job.is_long();
        if long && count > 0 {
            long = false;
            break;
        }
        match open.attempt(job.as_mut()) {
            // All that the transaction holds is what this one did.
            Outcome::Undo if long => {
                open.rollback().map_err(Failed::Refused)?;
                return Ok(1);
            }
            Outcome::Keep | Outcome::Undo => count += 1,
            Outcome::Again(error) => return Err(Failed::Undone(error)),
            Outcome::Lost(error) => return Err(Failed::Refused(error)),
        }
        if long || begun.elapsed() > ENOUGH {
            break;
        }
    }
    if !long && begun.elapsed() > STALE {
        return Err(Failed::Undone(StoreError::Retry("the stamps grew old before the commit".into())));
    }
    match open.commit() {
        Ok(()) => {
            source.measures.committed(count, begun.elapsed());
            Ok(count)
        }
        Err(error) if open.answers() => Err(Failed::Undone(error)),
        Err(error) => Err(Failed::Unknown(count, StoreError::Unavailable(error.to_string()))),
    }
}

/// The connection in a fresh transaction. One that broke while nothing was under way is replaced: nothing was asked of
/// it yet.
fn begun<'a>(writer: &'a mut Option<Writer>, source: &Source) -> Result<&'a mut Writer, Failed> {
    let kept = writer.take().and_then(|mut open| open.begin().is_ok().then_some(open));
    let open = match kept {
        Some(open) => open,
        None => {
            let mut open = Writer::open(source).map_err(Failed::Unreached)?;
            open.begin().map_err(Failed::Unreached)?;
            open
        }
    };
    Ok(writer.insert(open))
}

fn alone(writer: &mut Option<Writer>, source: &Source, mut job: Box<dyn Job>) {
    let mut last = StoreError::Unavailable("not tried".into());
    for _ in 0..TRIES {
        let failed = match transaction(writer, source, std::slice::from_mut(&mut job)) {
            Ok(_) => return job.finish(Ok(())),
            Err(failed) => failed,
        };
        match failed {
            // Its refusal stands; nothing was stored.
            Failed::Refused(_) => return job.finish(Ok(())),
            Failed::Unreached(error) | Failed::Unknown(_, error) => return job.finish(Err(error)),
            Failed::Undone(error) => last = error,
        }
    }
    job.finish(Err(match last {
        StoreError::Retry(text) => StoreError::Unavailable(text),
        other => other,
    }));
}
