//! How values of the host stand in columns, and back. A value that does not read back is an error that names the column.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::error::StoreError;
use crate::base::Timestamp;

/// Nanoseconds for a signed 64-bit column; saturates in the year 2262.
pub(super) fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// A counter for a signed 64-bit column; saturates.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads typed columns of one row.
pub(super) struct Columns<'a>(pub(super) &'a SqliteRow);

impl Columns<'_> {
    /// Text.
    pub(super) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.0.try_get(column).map_err(|error| unreadable(column, &error, "text"))
    }

    /// Text or nothing.
    pub(super) fn optional_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.0.try_get(column).map_err(|error| unreadable(column, &error, "text"))
    }

    /// A value with a `FromStr` grammar: names, digests, decimals.
    pub(super) fn parsed<T: FromStr>(&self, column: &str, expected: &'static str) -> Result<T, StoreError> {
        parse(column, &self.text(column)?, expected)
    }

    /// The same, or nothing.
    pub(super) fn optional<T: FromStr>(&self, column: &str, expected: &'static str) -> Result<Option<T>, StoreError> {
        self.optional_text(column)?.map(|text| parse(column, &text, expected)).transpose()
    }

    /// A decimal.
    pub(super) fn decimal(&self, column: &str) -> Result<Decimal, StoreError> {
        self.parsed(column, "decimal")
    }

    /// A word of a plain enum.
    pub(super) fn word<T: DeserializeOwned>(&self, column: &str, expected: &'static str) -> Result<T, StoreError> {
        let text = self.text(column)?;
        serde_json::from_value(serde_json::Value::String(text.clone())).map_err(|_| corrupt(column, &text, expected))
    }

    /// A JSON value.
    pub(super) fn json(&self, column: &str) -> Result<serde_json::Value, StoreError> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|_| corrupt(column, &text, "JSON"))
    }

    /// A JSON value or nothing.
    pub(super) fn optional_json(&self, column: &str) -> Result<Option<serde_json::Value>, StoreError> {
        self.optional_text(column)?.map(|_| self.json(column)).transpose()
    }

    /// A count or sequence number.
    pub(super) fn count(&self, column: &str) -> Result<u64, StoreError> {
        let value: i64 = self.0.try_get(column).map_err(|error| unreadable(column, &error, "whole number"))?;
        u64::try_from(value).map_err(|_| corrupt(column, &value.to_string(), "whole number"))
    }

    /// A time.
    pub(super) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.count(column).map(Timestamp::from_nanos)
    }

    /// A time or nothing.
    pub(super) fn optional_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        let value: Option<i64> = self.0.try_get(column).map_err(|error| unreadable(column, &error, "time"))?;
        value.map(|_| self.time(column)).transpose()
    }
}

fn parse<T: FromStr>(column: &str, text: &str, expected: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| corrupt(column, text, expected))
}

fn unreadable(column: &str, error: &sqlx::Error, expected: &'static str) -> StoreError {
    corrupt(column, &error.to_string(), expected)
}

fn corrupt(column: &str, value: &str, expected: &'static str) -> StoreError {
    StoreError::Corrupt {
        column: column.to_owned(),
        value: value.chars().take(80).flat_map(char::escape_debug).collect(),
        expected,
    }
}
