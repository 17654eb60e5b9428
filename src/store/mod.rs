//! Everything that speaks SQL.
//!
//! `ops/` is compiled once per native connection; [`Tx`] forwards each operation to the right one.
//! [`Store::write`] is the one place through which anything is written.

pub mod access;
pub mod backup;
pub mod calendar_preview;
pub mod calendars;
pub mod catalogues;
pub mod checks;
pub mod conn;
pub mod declarations;
pub mod diff;
pub mod error;
pub mod figures;
pub mod history;
pub mod hits;
pub mod indicators;
pub mod jobs;
mod lite;
pub mod measures;
pub mod migrate;
pub mod notes;
pub mod personal;
mod pg;
pub mod query;
mod readers;
pub mod reports;
pub mod rows;
pub mod schema;
pub mod scorecards;
pub mod sign_in;
pub mod snapshots;
pub mod sql_types;
mod tx;
mod writer;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

pub use conn::DatabaseUrl;
pub use error::StoreError;
pub use tx::Tx;

use measures::{Load, Measures};
use readers::Readers;
use writer::{Job, Outcome, Source};

/// Writers on PostgreSQL, sharded by agency so that they never fight for a chain.
const PG_WRITERS: usize = 2;

/// Bounds within which the store serves.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests that may wait for a writer, and as many for a reader; more are turned away at once.
    pub waiting: usize,
    /// Size that an SQLite file may grow to.
    pub max_mib: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { waiting: 1024, max_mib: None }
    }
}

/// The database: many readers, few writers.
#[derive(Debug, Clone)]
pub struct Store {
    url: DatabaseUrl,
    readers: Readers,
    writers: Arc<Writers>,
    measures: Measures,
}

#[derive(Debug)]
struct Writers {
    lines: Vec<Line>,
    threads: Vec<JoinHandle<()>>,
}

/// The way to one writer.
#[derive(Debug)]
struct Line {
    jobs: Sender<Box<dyn Job>>,
    /// A place for each that waits or is being written: the channel itself needs no bound.
    places: Arc<Semaphore>,
    waiting: usize,
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.lines.clear();
        for thread in self.threads.drain(..) {
            // The last job may own the last handle of the store: then its writer is who drops it.
            if thread.thread().id() != std::thread::current().id() {
                // A writer that panicked has nothing left to finish.
                let _ = thread.join();
            }
        }
    }
}

impl Store {
    /// Opens the database; its schema must be current (see [`migrate`]).
    ///
    /// # Errors
    /// The database cannot be reached, or a writer thread cannot be started.
    pub fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Self::open_within(url, Limits::default())
    }

    /// The same with other bounds.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_within(url: &DatabaseUrl, limits: Limits) -> Result<Self, StoreError> {
        let count = match url {
            DatabaseUrl::Sqlite(_) => 1,
            DatabaseUrl::Postgres(_) => PG_WRITERS,
        };
        let measures = Measures::default();
        let mut writers = Writers { lines: Vec::new(), threads: Vec::new() };
        for i in 0..count {
            let (sender, jobs) = channel::<Box<dyn Job>>();
            let source = Source { url: url.clone(), max_mib: limits.max_mib, measures: measures.clone() };
            let thread = std::thread::Builder::new()
                .name(format!("writer-{i}"))
                .spawn(move || writer::run(&source, &jobs))
                .map_err(|error| StoreError::Other(error.to_string()))?;
            let places = Arc::new(Semaphore::new(limits.waiting));
            writers.lines.push(Line { jobs: sender, places, waiting: limits.waiting });
            writers.threads.push(thread);
        }
        let readers = Readers::open(url, limits.waiting, measures.clone())?;
        Ok(Self { url: url.clone(), readers, writers: Arc::new(writers), measures })
    }

    /// A copy of an SQLite database, for reading only: the file stays as it is.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn inspect(copy: &std::path::Path) -> Result<Self, StoreError> {
        let url = DatabaseUrl::Sqlite(backup::unchanged(copy));
        let writers = Arc::new(Writers { lines: Vec::new(), threads: Vec::new() });
        let measures = Measures::default();
        let readers = Readers::open(&url, Limits::default().waiting, measures.clone())?;
        Ok(Self { readers, url, writers, measures })
    }

    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    #[must_use]
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    #[must_use]
    pub fn load(&self) -> Load {
        let taken = |line: &Line| line.waiting.saturating_sub(line.places.available_permits());
        Load { writing: self.writers.lines.iter().map(taken).sum(), ..self.readers.load() }
    }

    /// Runs `work` in the next grouped commit and answers after it. `work` touches one agency and may
    /// run again after a roll-back.
    ///
    /// # Errors
    /// What `work` refuses, or why there was no commit.
    pub async fn write<T, E, F>(&self, agency: &str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Retryable + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.submit(agency, work).await
    }

    /// As [`Store::write`], but `work` stands in the writer's queue when this returns: who submits
    /// several before awaiting the first keeps their order and shares commits.
    ///
    /// # Errors
    /// As [`Store::write`], from the future.
    pub fn submit<T, E, F>(&self, agency: &str, work: F) -> impl Future<Output = Result<T, E>> + Send + use<T, E, F>
    where
        T: Send + 'static,
        E: From<StoreError> + Retryable + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let sent = self.queue(agency, work, false);
        async move { sent.map_err(E::from)?.await.unwrap_or_else(|_| Err(E::from(writer_stopped()))) }
    }

    /// Runs `work` in a transaction of its own that may take long: only for what stamps nothing with
    /// the present time (restore), or what no figure waits for (loading catalogues). Other writers of
    /// the same database wait meanwhile.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_long<T, E, F>(&self, agency: &str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Retryable + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let answer = self.queue(agency, work, true).map_err(E::from)?;
        answer.await.unwrap_or_else(|_| Err(E::from(writer_stopped())))
    }

    /// The same for callers without an async runtime.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_long_blocking<T, E, F>(&self, agency: &str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Retryable + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let answer = self.queue(agency, work, true).map_err(E::from)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(E::from(writer_stopped())))
    }

    /// The same for callers without an async runtime.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T, E, F>(&self, agency: &str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Retryable + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let answer = self.queue(agency, work, false).map_err(E::from)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(E::from(writer_stopped())))
    }

    fn queue<T, E, F>(&self, agency: &str, work: F, long: bool) -> Result<oneshot::Receiver<Result<T, E>>, StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Retryable + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let line = self.writers.lines.get(shard_of(agency, self.writers.lines.len()));
        let line = line.ok_or_else(|| StoreError::Unavailable("opened for reading only".into()))?;
        let full = |_| {
            self.measures.refused_write();
            StoreError::Unavailable("too many requests are waiting to be written".into())
        };
        let place = Arc::clone(&line.places).try_acquire_owned().map_err(full)?;
        let (reply, answer) = oneshot::channel();
        let request = Request { agency: agency.to_owned(), work, long, result: None, reply, place };
        line.jobs.send(Box::new(request)).map_err(|_| writer_stopped())?;
        Ok(answer)
    }

    /// Writes an SQLite file anew, so that nothing deleted stays in it; PostgreSQL tidies up by itself. Writers wait.
    ///
    /// # Errors
    /// The database fails, or there is no space for a copy of it.
    pub fn compact(&self) -> Result<(), StoreError> {
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                use diesel::connection::SimpleConnection;
                let mut conn = conn::open_lite(path)?;
                Ok(conn.batch_execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?)
            }
            DatabaseUrl::Postgres(_) => Ok(()),
        }
    }

    /// Runs `work` on one consistent snapshot, off the async threads, when its turn has come.
    ///
    /// # Errors
    /// What `work` refuses, or that the database cannot be read.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let turn = self.readers.turn().await?;
        let store = self.clone();
        let span = tracing::Span::current();
        let task = tokio::task::spawn_blocking(move || {
            let found = span.in_scope(|| store.read_blocking(work));
            // Who asked may be gone; the turn ends with the work.
            drop(turn);
            found
        });
        task.await.unwrap_or_else(|error| Err(E::from(StoreError::Other(error.to_string()))))
    }

    /// The same for callers without an async runtime.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_blocking<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E>,
    {
        self.readers.run(work)
    }
}

fn writer_stopped() -> StoreError {
    StoreError::Unavailable("the writer gave up".into())
}

/// Which writer an agency belongs to; stable within a process.
fn shard_of(agency: &str, writers: usize) -> usize {
    agency.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte))) % writers.max(1)
}

/// Tells a lost transaction, which the writer tries again, from an answer.
pub trait Retryable {
    /// The store's error when the work should run again, or the connection is gone.
    fn retry(&self) -> Option<StoreError>;
}

struct Request<T, E, F> {
    agency: String,
    work: F,
    long: bool,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
    place: OwnedSemaphorePermit,
}

impl<T, E, F> Job for Request<T, E, F>
where
    T: Send,
    E: From<StoreError> + Retryable + Send,
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
{
    fn agency(&self) -> &str {
        &self.agency
    }

    fn is_long(&self) -> bool {
        self.long
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Outcome {
        let result = (self.work)(tx);
        let outcome = match &result {
            Ok(_) => Outcome::Keep,
            Err(error) => error.retry().map_or(Outcome::Undo, Outcome::Again),
        };
        self.result = Some(result);
        outcome
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(E::from(StoreError::Other("the work was not run".into()))),
            (Err(error), _) => Err(E::from(error)),
        };
        // What the work holds of the store is let go before the caller goes on.
        drop(self.work);
        drop(self.place);
        // The caller may have gone away; the commit stands.
        let _ = self.reply.send(answer);
    }

    fn panicked(&mut self) {
        self.result = Some(Err(E::from(StoreError::Other("the work panicked".into()))));
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}
