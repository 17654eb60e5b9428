//! Use cases that write: load → decide → persist, each in one transaction.

pub mod access;
pub mod catalogue;
pub mod check;
pub mod clients;
pub mod declarations;
pub mod disclosure;
pub mod dossiers;
pub mod error;
pub mod export;
pub mod full_copy;
pub mod import;
pub mod jobs;
pub mod keys;
pub mod notes;
pub mod password_policy;
pub mod passwords;
pub mod proof;
pub mod rebuild;
pub mod record;
pub mod rekey;
pub mod retention;
pub mod seal;
pub mod sessions;
pub mod snapshots;
pub mod throttle;

use std::sync::Arc;

pub use access::Caller;
pub use error::AppError;
pub use keys::KeysError;

use crate::clock::Clock;
use crate::domain::code::CodePattern;
use crate::store::Store;
use crate::store::catalogues::Catalogues;
use crate::vault::Vault;

/// What every use case needs.
#[derive(Debug, Clone)]
pub struct App {
    pub store: Store,
    pub clock: Clock,
    pub catalogues: Arc<Catalogues>,
    pub code_pattern: CodePattern,
    /// The keys of personal values.
    pub vault: Vault,
    /// Wakes the worker of jobs.
    pub bell: jobs::Bell,
}

impl App {
    /// For looking at a database only: no key is asked for before a sealed row is.
    #[must_use]
    pub fn unprepared(store: Store, clock: Clock, code_pattern: CodePattern, vault: Vault) -> Self {
        Self { store, clock, catalogues: Arc::default(), code_pattern, vault, bell: jobs::Bell::default() }
    }

    /// Puts a database and its keys together; see [`keys::prepare`]. Blocks: not for an async thread.
    ///
    /// # Errors
    /// A key is missing or wrong, or the database fails.
    pub fn open(store: Store, clock: Clock, code_pattern: CodePattern, vault: Vault) -> Result<Self, KeysError> {
        let app = Self::unprepared(store, clock, code_pattern, vault);
        let sealed = keys::prepare(&app)?;
        if sealed > 0 {
            tracing::info!(rows = sealed, "personal rows sealed");
        }
        Ok(app)
    }
}
