//! What is wrong with a data file, in words that say where.

/// Why a CSV file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// It cannot be opened, read or unpacked.
    #[error("{file}: {error}")]
    Read {
        /// Its name without the folder.
        file: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A value of a row.
    #[error("{file}, line {line}, column `{column}`: `{given}` is not allowed: {allowed}")]
    Value {
        /// Its name without the folder.
        file: String,
        /// Counted from 1, the header among them.
        line: u64,
        /// As the header names it.
        column: String,
        /// Shortened.
        given: String,
        /// What may be there.
        allowed: &'static str,
    },
    /// A row as a whole.
    #[error("{file}, line {line}: {problem}")]
    Row {
        /// Its name without the folder.
        file: String,
        /// Counted from 1, the header among them.
        line: u64,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The file as a whole.
    #[error("{file}: {problem}")]
    File {
        /// Its name without the folder.
        file: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl CsvError {
    pub(super) fn file(file: &str, problem: impl Into<String>) -> Self {
        Self::File { file: file.to_owned(), problem: problem.into() }
    }

    pub(super) fn row(file: &str, line: u64, problem: impl Into<String>) -> Self {
        Self::Row { file: file.to_owned(), line, problem: problem.into() }
    }
}

/// Bytes of a file in an error: short, and without what a terminal would obey.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..60).unwrap_or(bytes));
    text.chars().flat_map(char::escape_debug).collect()
}
