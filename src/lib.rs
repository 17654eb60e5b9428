//! `motcua`: dossiers of administrative procedures recorded, deadlines kept, plan indicators derived.
//!
//! Layers, enforced by a test: `domain ← store ← app ← http`. `domain` is pure; SQL lives in `store`
//! only, HTTP in `http` only; use cases that write live in `app`; reads may go `http → store`.
//! [`verify`] is the independent recount and shares no code with the indicator registry.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod domain;
pub mod http;
pub mod plans;
pub mod sheet;
pub mod startup;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod vault;
pub mod verify;
