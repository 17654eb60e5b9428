//! Use cases that write: load → decide → persist, each in one transaction.

pub mod access;
pub mod catalogue;
pub mod check;
pub mod clients;
pub mod declarations;
pub mod dossiers;
pub mod error;
pub mod export;
pub mod full_copy;
pub mod import;
pub mod jobs;
pub mod password_policy;
pub mod passwords;
pub mod proof;
pub mod rebuild;
pub mod record;
pub mod seal;
pub mod sessions;
pub mod snapshots;
pub mod throttle;

use std::sync::Arc;

pub use access::Caller;
pub use error::AppError;

use crate::clock::Clock;
use crate::domain::code::CodePattern;
use crate::store::Store;
use crate::store::catalogues::Catalogues;

/// What every use case needs.
#[derive(Debug, Clone)]
pub struct App {
    pub store: Store,
    pub clock: Clock,
    pub catalogues: Arc<Catalogues>,
    pub code_pattern: CodePattern,
    /// Wakes the worker of jobs.
    pub bell: jobs::Bell,
}

impl App {
    #[must_use]
    pub fn new(store: Store, clock: Clock, code_pattern: CodePattern) -> Self {
        Self { store, clock, catalogues: Arc::default(), code_pattern, bell: jobs::Bell::default() }
    }
}
