//! One binary: every test talks to the whole program over HTTP, on SQLite and on PostgreSQL.

#[macro_use]
mod harness;
mod factory;

mod exchange;
mod lifecycle;
