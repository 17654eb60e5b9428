//! The operations compiled for SQLite.

pub type Conn = diesel::sqlite::SqliteConnection;
pub type Db = diesel::sqlite::Sqlite;
/// What stands before the quoted hexadecimal digits of a [`super::sql_types::Uid`].
pub const UUID_LITERAL: &str = "x";

#[path = "ops/mod.rs"]
pub mod ops;
