//! The operations compiled for SQLite.

pub type Conn = diesel::sqlite::SqliteConnection;
pub type Db = diesel::sqlite::Sqlite;

#[path = "ops/mod.rs"]
pub mod ops;
