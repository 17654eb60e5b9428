//! Migrations of both databases, embedded.

use diesel::sqlite::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::{self, DatabaseUrl};
use super::error::StoreError;

const LITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const PG: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Brings the schema up to date and says how many migrations ran.
///
/// # Errors
/// The database cannot be reached, or a migration fails.
pub fn up(url: &DatabaseUrl) -> Result<usize, StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Other(error.to_string());
    match url {
        DatabaseUrl::Sqlite(path) => {
            conn::open_lite(path)?.run_pending_migrations(LITE).map(|run| run.len()).map_err(failed)
        }
        DatabaseUrl::Postgres(url) => {
            conn::open_pg(url)?.run_pending_migrations(PG).map(|run| run.len()).map_err(failed)
        }
    }
}

/// Whether nothing is to be done; writes nothing.
pub(super) fn is_current(conn: &mut SqliteConnection) -> Result<bool, StoreError> {
    let pending = conn.has_pending_migration(LITE);
    pending.map(|pending| !pending).map_err(|error| StoreError::Other(error.to_string()))
}

/// Takes every migration back. For tests.
///
/// # Errors
/// As [`up`].
pub fn down(url: &DatabaseUrl) -> Result<usize, StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Other(error.to_string());
    match url {
        DatabaseUrl::Sqlite(path) => {
            conn::open_lite(path)?.revert_all_migrations(LITE).map(|run| run.len()).map_err(failed)
        }
        DatabaseUrl::Postgres(url) => {
            conn::open_pg(url)?.revert_all_migrations(PG).map(|run| run.len()).map_err(failed)
        }
    }
}
