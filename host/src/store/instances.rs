//! Instances as they are to be: what was asked for, the revision it resolved to, and whether it should run. What an
//! instance *is* doing lives in memory, on the floor above.

use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use utoipa::ToSchema;

use super::column::{Columns, count, nanos};
use super::error::StoreError;
use crate::base::{Digest, InstanceId, StrategyName, Tag, Timestamp};

/// Whether something should run after a restart of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Desired {
    /// Start it again.
    Running,
    /// Leave it.
    Stopped,
}

impl Desired {
    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

/// One instance on record.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceRow {
    /// Its id.
    pub id: InstanceId,
    /// The selector as it was given: what a refresh resolves again (decision 12).
    pub selector: String,
    /// The strategy it resolved to.
    pub strategy: StrategyName,
    /// The revision it resolved to: the pin that restarts keep.
    pub hash: Digest,
    /// The tag it resolved through, when there was one.
    pub tag: Option<Tag>,
    /// The configuration after defaults were filled in. A JSON object.
    pub config: serde_json::Value,
    /// `{<provider>: {"symbols": [..]}}`.
    pub scope: serde_json::Value,
    /// Overrides of the host's limits. A JSON object.
    pub limits: serde_json::Value,
    /// How its faults are answered, where that differs from the host's ways. A JSON object.
    pub restart: serde_json::Value,
    /// Whether it starts when it is created and whenever the host starts.
    pub autostart: bool,
    /// Since when it is in quarantine, wall clock; none when it is not.
    pub quarantined_at: Option<Timestamp>,
    /// Its newest failure. A JSON object.
    pub last_error: Option<serde_json::Value>,
    /// Whether it should run.
    pub desired: Desired,
    /// How often it was started: part of its client order ids, so never reset.
    pub run: u64,
    /// Wall clock. Set by the store at the first write; what is given is ignored.
    pub created_at: Timestamp,
    /// Wall clock. Set by the store at every write; what is given is ignored.
    pub updated_at: Timestamp,
}

pub(super) async fn upsert(db: &mut SqliteConnection, row: &InstanceRow, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO instances (id, selector, strategy, hash, tag, config, scope, limits, desired, run, created_at, updated_at,
             restart, autostart, quarantined_at, last_error)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, $14, $15)
         ON CONFLICT (id) DO UPDATE SET selector = excluded.selector, strategy = excluded.strategy, hash = excluded.hash,
             tag = excluded.tag, config = excluded.config, scope = excluded.scope, limits = excluded.limits,
             desired = excluded.desired, run = excluded.run, updated_at = excluded.updated_at, restart = excluded.restart,
             autostart = excluded.autostart, quarantined_at = excluded.quarantined_at, last_error = excluded.last_error",
    )
    .bind(row.id.as_str())
    .bind(&row.selector)
    .bind(row.strategy.as_str())
    .bind(row.hash.to_string())
    .bind(row.tag.as_ref().map(Tag::as_str))
    .bind(row.config.to_string())
    .bind(row.scope.to_string())
    .bind(row.limits.to_string())
    .bind(row.desired.as_str())
    .bind(count(row.run))
    .bind(nanos(now))
    .bind(row.restart.to_string())
    .bind(i64::from(row.autostart))
    .bind(row.quarantined_at.map(nanos))
    .bind(row.last_error.as_ref().map(ToString::to_string))
    .execute(db)
    .await
    .map_err(|error| StoreError::from_sqlx("write an instance", &error))?;
    Ok(())
}

/// Its saved state goes with it; its orders stay.
pub(super) async fn delete(db: &mut SqliteConnection, id: &InstanceId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM instances WHERE id = $1")
        .bind(id.as_str())
        .execute(db)
        .await
        .map_err(|error| StoreError::from_sqlx("delete an instance", &error))?;
    Ok(())
}

/// All of them, by id.
pub(super) async fn list(pool: &SqlitePool) -> Result<Vec<InstanceRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM instances ORDER BY id")
        .fetch_all(pool)
        .await
        .map_err(|error| StoreError::from_sqlx("list instances", &error))?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<InstanceRow, StoreError> {
    let columns = Columns(row);
    Ok(InstanceRow {
        id: columns.parsed("id", "instance id")?,
        selector: columns.text("selector")?,
        strategy: columns.parsed("strategy", "strategy name")?,
        hash: columns.parsed("hash", "hash")?,
        tag: columns.optional("tag", "tag")?,
        config: columns.json("config")?,
        scope: columns.json("scope")?,
        limits: columns.json("limits")?,
        restart: columns.json("restart")?,
        autostart: columns.count("autostart")? != 0,
        quarantined_at: columns.optional_time("quarantined_at")?,
        last_error: columns.optional_json("last_error")?,
        desired: columns.word("desired", "desired state")?,
        run: columns.count("run")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}
