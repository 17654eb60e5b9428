//! Why a use case does not do what it was asked.

use crate::domain::error::{FieldError, Refusal};
use crate::store::{Retryable, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Does not exist, or lies outside the caller's scope: the same answer.
    #[error("not found")]
    NotFound,
    /// In reach, but not for this caller.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// `If-Match` names another version.
    #[error("stale version; the present one is {current}")]
    Stale { current: u32 },
    /// A later version is in force.
    #[error("superseded; {current} is in force")]
    Superseded { current: String },
    /// The same `Idempotency-Key` with another body.
    #[error("idempotency key used with another body")]
    KeyReused,
    /// The one who declared a value would be the one to judge it.
    #[error("own work is not reviewed by oneself")]
    SelfReview,
    /// Something with this key exists already.
    #[error("exists already: {0}")]
    Exists(String),
    /// Not possible as things stand.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AppError {
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self::Refused(Refusal::Invalid(errors))
    }

    #[must_use]
    pub fn field(pointer: &str, code: &str, detail: &str) -> Self {
        Self::Refused(Refusal::field(pointer, code, detail))
    }
}

impl Retryable for AppError {
    fn retry(&self) -> Option<StoreError> {
        match self {
            Self::Store(StoreError::Retry(text)) => Some(StoreError::Retry(text.clone())),
            Self::Store(StoreError::Unavailable(text)) => Some(StoreError::Unavailable(text.clone())),
            _ => None,
        }
    }
}
