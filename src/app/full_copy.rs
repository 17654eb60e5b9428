//! Full copies: everything as stored, hashes and salts included, in a form that both kinds of database
//! write byte for byte alike. Full → restore into the other kind → full is the way from one to the other.

mod commitments;
mod index;
pub(crate) mod lines;
pub(crate) mod records;
mod restore;
mod write;

pub(crate) use commitments::{commitments, note_check};
pub use restore::{Progress, RefusedAgency, RestoreReport, RestoredAgency, restore};
pub use write::{Written, export};

use crate::store::{Retryable, StoreError};
use crate::verify::Finding;

/// Rows read at a time.
const PAGE: i64 = 500;
/// Kinds of documents, in the order of a copy.
const CATALOGUES: [&str; 4] = ["agency", "calendar", "plan", "procedure"];

/// Why a copy cannot be written or restored.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the file cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// Not a full copy; names the line.
    #[error("not a full copy: {0}")]
    Format(String),
    /// The catalogue here has a revision that the copy has otherwise.
    #[error("the catalogue differs: {0}")]
    Catalogue(String),
    /// The agency has events already.
    #[error("agency {0} has events here already; a full copy goes only where there are none")]
    Taken(String),
    /// The chain or a personal row is not what was recorded.
    #[error("{0}")]
    Found(Finding),
    /// An entry that this program cannot read.
    #[error("{agency}/{seq}: {detail}")]
    Entry { agency: String, seq: i64, detail: String },
}

impl Retryable for CopyError {
    fn retry(&self) -> Option<StoreError> {
        match self {
            Self::Store(StoreError::Retry(text)) => Some(StoreError::Retry(text.clone())),
            Self::Store(StoreError::Unavailable(text)) => Some(StoreError::Unavailable(text.clone())),
            _ => None,
        }
    }
}
