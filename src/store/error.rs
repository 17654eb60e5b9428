//! What can go wrong with a database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Closed list; the HTTP layer maps each kind once.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Cannot be reached or is too busy: try again later.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// The transaction lost against another one; the writer tries again by itself.
    #[error("transaction must be tried again: {0}")]
    Retry(String),
    /// A unique key is taken.
    #[error("unique key taken: {0}")]
    Conflict(String),
    /// No space left.
    #[error("database full: {0}")]
    Full(String),
    /// The database holds what this program never writes.
    #[error("corrupt data: {0}")]
    Corrupt(String),
    #[error("database error: {0}")]
    Other(String),
}

/// Of what goes by. What libpq says when it could not write is a connection that is gone, though not yet marked as such.
const PASSING: [&str; 7] = [
    "locked",
    "terminating connection",
    "server closed the connection",
    "could not send data to server",
    "could not receive data from server",
    "disk I/O error",
    "Disk quota exceeded",
];

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let text = error.to_string();
        match error {
            DieselError::DatabaseError(kind, _) => match kind {
                DatabaseErrorKind::UniqueViolation => Self::Conflict(text),
                DatabaseErrorKind::SerializationFailure => Self::Retry(text),
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Self::Unavailable(text),
                // A standby answers, or the server was told to take no writes.
                DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable(text),
                // Of the triggers that keep SQLite from replacing history.
                _ if text.contains("append-only: the row of") => Self::Conflict(text),
                _ if text.contains("deadlock detected") => Self::Retry(text),
                // SQLite's own words, and the operating system's that PostgreSQL repeats (53100).
                _ if text.contains("disk is full") || text.contains("No space left") => Self::Full(text),
                _ if PASSING.iter().any(|words| text.contains(words)) => Self::Unavailable(text),
                _ => Self::Other(text),
            },
            DieselError::BrokenTransactionManager => Self::Unavailable(text),
            _ => Self::Other(text),
        }
    }
}

impl From<diesel::ConnectionError> for StoreError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<diesel::r2d2::PoolError> for StoreError {
    fn from(error: diesel::r2d2::PoolError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_by_is_told_from_what_does_not() {
        let of = |kind, text: &str| StoreError::from(DieselError::DatabaseError(kind, Box::new(text.to_owned())));
        for kind in [
            DatabaseErrorKind::ClosedConnection,
            DatabaseErrorKind::UnableToSendCommand,
            DatabaseErrorKind::ReadOnlyTransaction,
        ] {
            assert!(matches!(of(kind, "x"), StoreError::Unavailable(_)));
        }
        for text in [
            "database is locked",
            "terminating connection due to administrator command",
            "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally",
            "could not send data to server: Broken pipe",
            "could not receive data from server: Connection reset by peer",
            "disk I/O error",
            "could not extend file \"base/1/2\": Disk quota exceeded",
        ] {
            assert!(matches!(of(DatabaseErrorKind::Unknown, text), StoreError::Unavailable(_)), "{text}");
        }
        assert!(matches!(StoreError::from(DieselError::BrokenTransactionManager), StoreError::Unavailable(_)));
        assert!(matches!(of(DatabaseErrorKind::SerializationFailure, "x"), StoreError::Retry(_)));
        assert!(matches!(of(DatabaseErrorKind::Unknown, "deadlock detected"), StoreError::Retry(_)));
        assert!(matches!(of(DatabaseErrorKind::Unknown, "No space left on device"), StoreError::Full(_)));
        assert!(matches!(of(DatabaseErrorKind::Unknown, "database or disk is full"), StoreError::Full(_)));
        assert!(matches!(of(DatabaseErrorKind::Unknown, "x"), StoreError::Other(_)));
    }
}
