//! What strategies asked to keep across restarts: one JSON text per instance, the newest wins.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;

use super::column::nanos;
use super::error::StoreError;
use crate::base::{InstanceId, Timestamp};

pub(super) async fn save(db: &mut SqliteConnection, instance: &InstanceId, json: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO saved_state (instance, value, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (instance) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
    )
    .bind(instance.as_str())
    .bind(json)
    .bind(nanos(now))
    .execute(db)
    .await
    .map_err(|error| StoreError::from_sqlx("write saved state", &error))?;
    Ok(())
}

pub(super) async fn load(pool: &SqlitePool, instance: &InstanceId) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT value FROM saved_state WHERE instance = $1")
        .bind(instance.as_str())
        .fetch_optional(pool)
        .await
        .map_err(|error| StoreError::from_sqlx("read saved state", &error))
}
