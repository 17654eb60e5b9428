//! The operations compiled for PostgreSQL.

pub type Conn = diesel::pg::PgConnection;
pub type Db = diesel::pg::Pg;
/// What stands before the quoted hexadecimal digits of a [`super::sql_types::Uid`].
pub const UUID_LITERAL: &str = "";

#[path = "ops/mod.rs"]
pub mod ops;
