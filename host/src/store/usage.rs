//! When revisions were first and last in use. Which instances use them now is known in memory, on the floor above.

use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::column::{Columns, nanos};
use super::error::StoreError;
use crate::base::{Digest, StrategyName, Timestamp};

/// The times of one revision on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The strategy.
    pub strategy: StrategyName,
    /// The revision.
    pub hash: Digest,
    /// When an instance first ran it. Wall clock.
    pub first_seen: Timestamp,
    /// When an instance last began or ceased to run it. Wall clock.
    pub last_seen: Timestamp,
}

/// Widens what is on record, so that rows may be written in any order and again.
pub(super) async fn widen(db: &mut SqliteConnection, row: &UsageRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO revision_usage (strategy, hash, first_seen, last_seen) VALUES ($1, $2, $3, $4)
         ON CONFLICT (strategy, hash) DO UPDATE SET
             first_seen = CASE WHEN excluded.first_seen < revision_usage.first_seen
                 THEN excluded.first_seen ELSE revision_usage.first_seen END,
             last_seen = CASE WHEN excluded.last_seen > revision_usage.last_seen
                 THEN excluded.last_seen ELSE revision_usage.last_seen END",
    )
    .bind(row.strategy.as_str())
    .bind(row.hash.to_string())
    .bind(nanos(row.first_seen))
    .bind(nanos(row.last_seen))
    .execute(db)
    .await
    .map_err(|error| StoreError::from_sqlx("write the use of a revision", &error))?;
    Ok(())
}

/// All of them, by strategy and hash.
pub(super) async fn list(pool: &SqlitePool) -> Result<Vec<UsageRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM revision_usage ORDER BY strategy, hash")
        .fetch_all(pool)
        .await
        .map_err(|error| StoreError::from_sqlx("list the use of revisions", &error))?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<UsageRow, StoreError> {
    let columns = Columns(row);
    Ok(UsageRow {
        strategy: columns.parsed("strategy", "strategy name")?,
        hash: columns.parsed("hash", "hash")?,
        first_seen: columns.time("first_seen")?,
        last_seen: columns.time("last_seen")?,
    })
}
