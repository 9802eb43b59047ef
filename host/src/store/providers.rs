//! Providers as they are to be: adapter, configuration, and whether they should run.

use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::column::{Columns, count, nanos};
use super::error::StoreError;
use super::instances::Desired;
use crate::base::{ProviderName, Timestamp};

/// One provider on record.
#[derive(Clone, PartialEq)]
pub struct ProviderRow {
    /// Its name.
    pub name: ProviderName,
    /// Which adapter runs it.
    pub adapter: String,
    /// The adapter's settings. A JSON object; may hold secrets, so it is left out of `Debug`.
    pub config: serde_json::Value,
    /// Whether it should run.
    pub desired: Desired,
    /// Whether it was ever started: one that was not is `pending`, one that was and is not to run is `stopped`.
    pub started: bool,
    /// The number of the newest execution on record when it was made. A paper account begins there: what a deleted provider of
    /// the same name traded is not its own.
    pub account_from: u64,
    /// Wall clock. Set by the store at the first write; what is given is ignored.
    pub created_at: Timestamp,
    /// Wall clock. Set by the store at every write; what is given is ignored.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for ProviderRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, adapter, desired, .. } = self;
        f.debug_struct("ProviderRow")
            .field("name", name)
            .field("adapter", adapter)
            .field("desired", desired)
            .finish_non_exhaustive()
    }
}

pub(super) async fn upsert(db: &mut SqliteConnection, row: &ProviderRow, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO providers (name, adapter, config, desired, created_at, updated_at, started, account_from)
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7)
         ON CONFLICT (name) DO UPDATE SET adapter = excluded.adapter, config = excluded.config, desired = excluded.desired,
             updated_at = excluded.updated_at, started = excluded.started, account_from = excluded.account_from",
    )
    .bind(row.name.as_str())
    .bind(&row.adapter)
    .bind(row.config.to_string())
    .bind(row.desired.as_str())
    .bind(nanos(now))
    .bind(i64::from(row.started))
    .bind(count(row.account_from))
    .execute(db)
    .await
    .map_err(|error| StoreError::from_sqlx("write a provider", &error))?;
    Ok(())
}

pub(super) async fn delete(db: &mut SqliteConnection, name: &ProviderName) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM providers WHERE name = $1")
        .bind(name.as_str())
        .execute(db)
        .await
        .map_err(|error| StoreError::from_sqlx("delete a provider", &error))?;
    Ok(())
}

/// All of them, by name.
pub(super) async fn list(pool: &SqlitePool) -> Result<Vec<ProviderRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM providers ORDER BY name")
        .fetch_all(pool)
        .await
        .map_err(|error| StoreError::from_sqlx("list providers", &error))?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<ProviderRow, StoreError> {
    let columns = Columns(row);
    Ok(ProviderRow {
        name: columns.parsed("name", "provider name")?,
        adapter: columns.text("adapter")?,
        config: columns.json("config")?,
        desired: columns.word("desired", "desired state")?,
        started: columns.count("started")? != 0,
        account_from: columns.count("account_from")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}
