//! One binary: every test talks to the whole program over HTTP, on SQLite and on PostgreSQL.

#[macro_use]
mod harness;
mod factory;

mod append_only;
mod authz;
mod bad_input;
mod calendar_change;
mod catalogues;
mod checks;
mod clients;
mod concurrency;
mod corrections;
mod declarations;
mod diff;
mod events;
mod exchange;
mod exports;
mod faults;
mod figures;
mod fuzz;
mod guards;
mod idempotency;
mod lifecycle;
mod lists;
mod merger;
mod metrics;
mod moves;
mod operations;
mod oracle;
mod pace;
mod personal_data;
mod portal;
mod published;
mod ratchets;
mod rebuild;
mod registers;
mod reports;
mod scopes;
mod scorecards;
mod sign_in;
mod snapshots;
mod tamper;
mod tls;
mod tour;
mod two_clocks;
