//! Reading connections: a pool, a line of bounded length before it, and no second use of one that broke.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, Connection, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::r2d2::{
    ConnectionManager, CustomizeConnection, Error as PoolError, HandleError, ManageConnection, Pool, PooledConnection,
    R2D2Connection,
};
use diesel::sqlite::SqliteConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::conn::{DatabaseUrl, LITE_READS, speak_english, with_limits};
use super::error::StoreError;
use super::measures::{Load, Measures};
use super::tx::Tx;

/// Connections, and so reads at one time.
const SEATS: usize = 8;
/// How long a read waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often one who waits looks whether the database can be reached at all.
const LOOK: Duration = Duration::from_millis(200);
/// The pool tries to connect again after half of this at the latest.
const RETRY: Duration = Duration::from_secs(2);

type Lite = ConnectionManager<SqliteConnection>;
type Pg = ConnectionManager<PgConnection>;

#[derive(Debug, Clone)]
enum Connections {
    Lite(Pool<Lite>),
    Pg(Pool<Pg>),
}

/// Readers of one database. They cannot write.
#[derive(Debug, Clone)]
pub struct Readers {
    connections: Connections,
    reach: Reach,
    /// Those who read and those who wait.
    line: Arc<Semaphore>,
    /// Those who read.
    seats: Arc<Semaphore>,
    /// Length of the whole line.
    places: usize,
    measures: Measures,
}

/// A turn to read, given back when dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held, not looked at")]
pub struct Turn(OwnedSemaphorePermit, OwnedSemaphorePermit);

/// Whether the last attempt to connect failed. The pool tells it, and prepares each new connection.
#[derive(Debug, Clone, Default)]
struct Reach(Arc<AtomicBool>);

impl HandleError<PoolError> for Reach {
    fn handle_error(&self, error: PoolError) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::warn!(error = %error, "the database cannot be reached");
        }
    }
}

impl CustomizeConnection<SqliteConnection, PoolError> for Reach {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), PoolError> {
        conn.batch_execute(LITE_READS)?;
        self.0.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl CustomizeConnection<PgConnection, PoolError> for Reach {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), PoolError> {
        speak_english(conn);
        self.0.store(false, Ordering::Relaxed);
        Ok(())
    }
}

/// Keeps the work's own error apart from the database's.
enum Failed<E> {
    Work(E),
    Database(StoreError),
}

impl Readers {
    /// `waiting` reads beyond those under way may wait; more are turned away.
    pub fn open(url: &DatabaseUrl, waiting: usize, measures: Measures) -> Result<Self, StoreError> {
        let reach = Reach::default();
        let connections = match url {
            DatabaseUrl::Sqlite(path) => Connections::Lite(pool(ConnectionManager::new(path), &reach)?),
            DatabaseUrl::Postgres(url) => Connections::Pg(pool(ConnectionManager::new(with_limits(url)), &reach)?),
        };
        let places = SEATS.saturating_add(waiting);
        let (line, seats) = (Arc::new(Semaphore::new(places)), Arc::new(Semaphore::new(SEATS)));
        Ok(Self { connections, reach, line, seats, places, measures })
    }

    /// How busy the readers are; of writers nothing is known here.
    pub fn load(&self) -> Load {
        let reading = SEATS.saturating_sub(self.seats.available_permits());
        let in_line = self.places.saturating_sub(self.line.available_permits());
        let pool = match &self.connections {
            Connections::Lite(pool) => pool.state(),
            Connections::Pg(pool) => pool.state(),
        };
        Load {
            writing: 0,
            reading,
            reads_waiting: in_line.saturating_sub(reading),
            connections: pool.connections,
            connections_idle: pool.idle_connections,
        }
    }

    /// Waits for a turn to read, in line. Waiting holds neither thread nor connection.
    pub async fn turn(&self) -> Result<Turn, StoreError> {
        let full = || {
            self.measures.refused_read();
            StoreError::Unavailable("too many requests are waiting to read".into())
        };
        let place = Arc::clone(&self.line).try_acquire_owned().map_err(|_| full())?;
        let seat = tokio::time::timeout(PATIENCE, Arc::clone(&self.seats).acquire_owned()).await;
        let seat = seat.map_err(|_| full())?.map_err(|_| full())?;
        Ok(Turn(place, seat))
    }

    /// Runs `work` on one consistent snapshot.
    pub fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E>,
    {
        let done = match &self.connections {
            Connections::Lite(pool) => self.within(pool, "BEGIN", |conn| work(&mut Tx::Lite(conn))),
            Connections::Pg(pool) => {
                self.within(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", |conn| work(&mut Tx::Pg(conn)))
            }
        };
        done.map_err(|failed| match failed {
            Failed::Work(error) => error,
            Failed::Database(error) => E::from(error),
        })
    }

    fn within<C, T, E>(
        &self,
        pool: &Pool<ConnectionManager<C>>,
        begin: &str,
        work: impl FnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, Failed<E>>
    where
        C: Connection<TransactionManager = AnsiTransactionManager> + R2D2Connection + Send + 'static,
    {
        let mut conn = self.begun(pool, begin).map_err(Failed::Database)?;
        // The pool does not take back a connection in error, or with its transaction open, as a panic leaves it.
        let found = work(&mut conn);
        let ended = match &found {
            Ok(_) => AnsiTransactionManager::commit_transaction(&mut *conn),
            Err(_) => AnsiTransactionManager::rollback_transaction(&mut *conn),
        };
        match (found, ended) {
            (Err(error), _) => Err(Failed::Work(error)),
            (Ok(_), Err(error)) => Err(Failed::Database(error.into())),
            (Ok(found), Ok(())) => Ok(found),
        }
    }

    /// A connection in a fresh transaction. One that broke while it lay in the pool is thrown away and the next is
    /// tried: nothing has been asked yet, so it is safe.
    fn begun<C>(
        &self,
        pool: &Pool<ConnectionManager<C>>,
        begin: &str,
    ) -> Result<PooledConnection<ConnectionManager<C>>, StoreError>
    where
        C: Connection<TransactionManager = AnsiTransactionManager> + R2D2Connection + Send + 'static,
    {
        let mut last = StoreError::Unavailable("no connection".into());
        for _ in 0..=SEATS {
            let mut conn = self.connection(pool)?;
            match AnsiTransactionManager::begin_transaction_sql(&mut *conn, begin) {
                Ok(()) => return Ok(conn),
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }

    /// Waits for a connection while there is hope.
    fn connection<M: ManageConnection>(&self, pool: &Pool<M>) -> Result<PooledConnection<M>, StoreError> {
        let begun = Instant::now();
        loop {
            match pool.get_timeout(LOOK) {
                Ok(conn) => return Ok(conn),
                Err(error) if self.reach.0.load(Ordering::Relaxed) || begun.elapsed() > PATIENCE => {
                    return Err(error.into());
                }
                Err(_) => {}
            }
        }
    }
}

fn pool<C>(manager: ConnectionManager<C>, reach: &Reach) -> Result<Pool<ConnectionManager<C>>, StoreError>
where
    C: R2D2Connection + Send + 'static,
    Reach: CustomizeConnection<C, PoolError>,
{
    // A test at every checkout would halve the rate of reads: what broke shows when the transaction begins.
    let builder = Pool::builder().max_size(8).min_idle(Some(0)).test_on_check_out(false).connection_timeout(RETRY);
    let builder = builder.error_handler(Box::new(reach.clone())).connection_customizer(Box::new(reach.clone()));
    Ok(builder.build(manager)?)
}
