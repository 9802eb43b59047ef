//! What can go wrong between the host and its database. Values only: cheap to clone, because one failed commit is told to
//! every caller that took part in it.

use std::path::PathBuf;

/// Why the database did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The queue to the disk is at its bound. Nothing was queued.
    #[error(
        "the database cannot keep up: {requests} writes ({bytes} bytes) are waiting, at most {max_requests} ({max_bytes} bytes) may; try again later"
    )]
    QueueFull {
        /// Writes waiting.
        requests: usize,
        /// Their rough size.
        bytes: usize,
        /// `store.queueRequests`.
        max_requests: usize,
        /// `store.queueBytes`.
        max_bytes: usize,
    },
    /// The host is stopping, or the writer has ended. Nothing was written.
    #[error("the database is closed")]
    Closed,
    /// Another process has the data directory.
    #[error("{path} is locked: another sandpit uses this data directory; stop it or choose another with --data-dir")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The file could not be opened, migrated, read or written; the database is as it was before.
    #[error("cannot {operation}: {reason}")]
    Unavailable {
        /// What was tried.
        operation: &'static str,
        /// What the system said.
        reason: String,
    },
    /// The key is taken by something else; repeating the same thing is no conflict.
    #[error("{noun} `{key}` is on record with other values: {reason}")]
    Conflict {
        /// `order`, `execution`...
        noun: &'static str,
        /// Its key.
        key: String,
        /// The column or constraint that differs.
        reason: String,
    },
    /// What was to be changed is not on record.
    #[error("{noun} `{key}` is not on record")]
    Missing {
        /// `order`, `instance`...
        noun: &'static str,
        /// Its key.
        key: String,
    },
    /// A row cannot be read as what the host wrote.
    #[error("the database holds `{value}` in {column}, which is no {expected}: restore a backup, or repair the row")]
    Corrupt {
        /// The column.
        column: String,
        /// What is there, cut to 80 characters.
        value: String,
        /// What should be.
        expected: &'static str,
    },
}

impl StoreError {
    /// The stable code, for denials and error answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::QueueFull { .. } => "store_busy",
            Self::Closed => "store_closed",
            Self::Locked { .. } => "store_locked",
            Self::Unavailable { .. } => "store_unavailable",
            Self::Conflict { .. } => "store_conflict",
            Self::Missing { .. } => "store_missing",
            Self::Corrupt { .. } => "store_corrupt",
        }
    }

    /// From a failure of the database while doing `operation`.
    pub(super) fn from_sqlx(operation: &'static str, error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(cause) if cause.kind() != sqlx::error::ErrorKind::Other => {
                Self::Conflict { noun: "row", key: operation.to_owned(), reason: cause.message().to_owned() }
            }
            _ => Self::Unavailable { operation, reason: error.to_string() },
        }
    }

    /// Whether the disk or the connection failed, so that nothing else in the same transaction can be trusted.
    pub(super) fn spoils_transaction(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
