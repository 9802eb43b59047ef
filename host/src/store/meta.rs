//! Facts about the host itself, by name: what has been seeded, what limits an operator set.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;

use super::error::StoreError;

pub(super) async fn set(db: &mut SqliteConnection, name: &str, value: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(name)
        .bind(value)
        .execute(db)
        .await
        .map_err(|error| StoreError::from_sqlx("write a fact", &error))?;
    Ok(())
}

pub(super) async fn get(pool: &SqlitePool, name: &str) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
        .bind(name)
        .fetch_optional(pool)
        .await
        .map_err(|error| StoreError::from_sqlx("read a fact", &error))
}
