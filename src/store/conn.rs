//! Connections: which database a URL names, and how each is opened.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::sqlite::SqliteConnection;

use super::error::StoreError;

/// A database as named by `MOTCUA_DATABASE_URL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// Path of the file.
    Sqlite(String),
    /// The whole URL, for libpq.
    Postgres(String),
}

impl DatabaseUrl {
    /// # Errors
    /// Any scheme but `sqlite:` and `postgres://`; SQLite would take a mistyped URL as a file name.
    pub fn parse(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains(":memory:") {
                return Err("sqlite: needs the path of a file; every connection must see the same data".to_owned());
            }
            return Ok(Self::Sqlite(path.to_owned()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let scheme = url.split(':').next().unwrap_or_default();
        Err(format!("unknown database scheme {scheme:?}; use sqlite:PATH or postgres://…"))
    }
}

pub type LitePool = Pool<ConnectionManager<SqliteConnection>>;
pub type PgPool = Pool<ConnectionManager<PgConnection>>;

/// WAL lets readers go on beside the writer; FULL makes every acknowledged commit durable, and
/// grouped commits pay for it.
const LITE_PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;";

#[derive(Debug)]
struct Pragmas;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Pragmas {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(LITE_PRAGMAS).map_err(diesel::r2d2::Error::QueryError)?;
        conn.batch_execute("PRAGMA query_only = ON;").map_err(diesel::r2d2::Error::QueryError)
    }
}

/// The one connection that writes.
pub fn open_lite(path: &str) -> Result<SqliteConnection, StoreError> {
    let mut conn = SqliteConnection::establish(path)?;
    conn.batch_execute(LITE_PRAGMAS)?;
    Ok(conn)
}

pub fn open_pg(url: &str) -> Result<PgConnection, StoreError> {
    Ok(PgConnection::establish(url)?)
}

/// Readers of the SQLite file; they cannot write.
pub fn lite_pool(path: &str, size: u32) -> Result<LitePool, StoreError> {
    let manager = ConnectionManager::new(path);
    Ok(Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .test_on_check_out(false)
        .connection_timeout(std::time::Duration::from_secs(10))
        .connection_customizer(Box::new(Pragmas))
        .build(manager)?)
}

pub fn pg_pool(url: &str, size: u32) -> Result<PgPool, StoreError> {
    Ok(Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .test_on_check_out(false)
        .connection_timeout(std::time::Duration::from_secs(10))
        .build(ConnectionManager::new(url))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_schemes_open() {
        assert_eq!(DatabaseUrl::parse("sqlite:motcua.db"), Ok(DatabaseUrl::Sqlite("motcua.db".into())));
        assert!(DatabaseUrl::parse("postgres://u@localhost/x").is_ok());
        assert!(DatabaseUrl::parse("postgre://u@localhost/x").is_err());
        assert!(DatabaseUrl::parse("motcua.db").is_err());
        assert!(DatabaseUrl::parse("sqlite::memory:").is_err());
    }
}
