//! Risk on record: limits that operators set, engaged kill switches, breaches; of the host and of instances. What is in the
//! JSON columns is the business of the floor above.

use serde_json::Value;
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::column::{Columns, count, nanos};
use super::error::StoreError;
use crate::base::{InstanceId, Timestamp};

/// Limits on record.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskLimitsRow {
    /// Of this instance; none for the host's.
    pub instance: Option<InstanceId>,
    /// A JSON object.
    pub limits: Value,
}

/// Where an instance, or the host, stands.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskStateRow {
    /// Of this instance; none for the host's.
    pub instance: Option<InstanceId>,
    /// Since the last reset.
    pub breaches: u64,
    /// Closing orders of the host so far.
    pub closings: u64,
    /// What is engaged. A JSON object.
    pub stop: Option<Value>,
}

/// The key of the host's rows.
fn key(instance: Option<&InstanceId>) -> &str {
    instance.map_or("", InstanceId::as_str)
}

/// Replaces limits; none takes them off the record.
pub(super) async fn set_limits(
    db: &mut SqliteConnection,
    instance: Option<&InstanceId>,
    limits: Option<&Value>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let query = match limits {
        Some(limits) => sqlx::query(
            "INSERT INTO risk_limits (instance, limits, updated_at) VALUES ($1, $2, $3)
             ON CONFLICT (instance) DO UPDATE SET limits = excluded.limits, updated_at = excluded.updated_at",
        )
        .bind(key(instance))
        .bind(limits.to_string())
        .bind(nanos(now)),
        None => sqlx::query("DELETE FROM risk_limits WHERE instance = $1").bind(key(instance)),
    };
    query.execute(db).await.map_err(|error| StoreError::from_sqlx("write risk limits", &error))?;
    Ok(())
}

pub(super) async fn set_state(db: &mut SqliteConnection, row: &RiskStateRow, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO risk_states (instance, breaches, closings, stop, updated_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (instance) DO UPDATE SET breaches = excluded.breaches, closings = excluded.closings, stop = excluded.stop,
             updated_at = excluded.updated_at",
    )
    .bind(key(row.instance.as_ref()))
    .bind(count(row.breaches))
    .bind(count(row.closings))
    .bind(row.stop.as_ref().map(Value::to_string))
    .bind(nanos(now))
    .execute(db)
    .await
    .map_err(|error| StoreError::from_sqlx("write a risk state", &error))?;
    Ok(())
}

/// Forgets what is on record of one instance.
pub(super) async fn forget(db: &mut SqliteConnection, instance: &InstanceId) -> Result<(), StoreError> {
    for table in ["DELETE FROM risk_limits WHERE instance = $1", "DELETE FROM risk_states WHERE instance = $1"] {
        sqlx::query(table)
            .bind(instance.as_str())
            .execute(&mut *db)
            .await
            .map_err(|error| StoreError::from_sqlx("forget the risk of an instance", &error))?;
    }
    Ok(())
}

/// All limits on record.
pub(super) async fn limits(pool: &SqlitePool) -> Result<Vec<RiskLimitsRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM risk_limits ORDER BY instance")
        .fetch_all(pool)
        .await
        .map_err(|error| StoreError::from_sqlx("list risk limits", &error))?;
    rows.iter().map(|row| Ok(RiskLimitsRow { instance: whose(row)?, limits: Columns(row).json("limits")? })).collect()
}

/// All states on record.
pub(super) async fn states(pool: &SqlitePool) -> Result<Vec<RiskStateRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM risk_states ORDER BY instance")
        .fetch_all(pool)
        .await
        .map_err(|error| StoreError::from_sqlx("list risk states", &error))?;
    rows.iter().map(state).collect()
}

fn state(row: &SqliteRow) -> Result<RiskStateRow, StoreError> {
    let columns = Columns(row);
    let engaged = columns.optional_text("stop")?.is_some();
    Ok(RiskStateRow {
        instance: whose(row)?,
        breaches: columns.count("breaches")?,
        closings: columns.count("closings")?,
        stop: engaged.then(|| columns.json("stop")).transpose()?,
    })
}

fn whose(row: &SqliteRow) -> Result<Option<InstanceId>, StoreError> {
    let columns = Columns(row);
    if columns.text("instance")?.is_empty() { Ok(None) } else { columns.parsed("instance", "instance id").map(Some) }
}
