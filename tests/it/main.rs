//! One binary: every test talks to the whole program over HTTP, on SQLite and on PostgreSQL.

#[macro_use]
mod harness;
mod factory;

mod authz;
mod bad_input;
mod corrections;
mod events;
mod exchange;
mod lifecycle;
mod moves;
mod portal;

// In work in another clone, do not start: oracle.rs (+ oracle/), published.rs, tour.rs, ratchets.rs.
