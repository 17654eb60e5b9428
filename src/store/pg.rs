//! The operations compiled for PostgreSQL.

pub type Conn = diesel::pg::PgConnection;
pub type Db = diesel::pg::Pg;

#[path = "ops/mod.rs"]
pub mod ops;
