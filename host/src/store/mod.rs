//! The database: what must survive a crash of the host. SQLite in the data directory; its queries keep to the SQL that
//! Postgres also speaks, one file per noun. Knows nothing of HTTP, wasm or how orders come to be.
//!
//! Writes go through one queue and one task ([`Writer`]), reads through a small pool and see what is committed.

mod column;
mod commit;
mod denials;
mod error;
mod executions;
mod instances;
mod meta;
mod orders;
mod providers;
mod risk;
mod saved_state;
#[cfg(test)]
mod tests;
mod usage;
mod writer;

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection};
use tokio::sync::mpsc;

use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock, InstanceId};

pub use denials::{DenialFilter, DenialRow, KEPT as DENIALS_KEPT, NewDenial};
pub use error::StoreError;
pub use executions::{ExecutionFilter, ExecutionRow, NewExecution};
pub use instances::{Desired, InstanceRow};
pub use orders::{NewOrder, OrderFilter, OrderRow, OrderUpdate};
pub use providers::ProviderRow;
pub use risk::{RiskLimitsRow, RiskStateRow};
pub use usage::UsageRow;
pub use writer::{Then, WriteOp, Writer};

/// The database's file in the data directory.
pub const FILE: &str = "sandpit.db";

/// Bounds of the database. Section `store` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StoreConfig {
    /// Requests that may wait for their commit; beyond it orders are refused. Default 65536: at a disk that takes 5 ms per
    /// commit the queue empties in under a second.
    pub queue_requests: usize,
    /// Their rough size in memory, bytes. Default 64 MiB.
    pub queue_bytes: usize,
    /// Most requests in one transaction. Default 1024: bounds how long the first waits for the last.
    pub group_requests: usize,
    /// Connections for reading. Default 2.
    pub readers: u32,
    /// How long to wait for another process that has the file locked, such as a backup. Default 5000.
    pub busy_timeout_ms: u64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { queue_requests: 65_536, queue_bytes: 64 << 20, group_requests: 1024, readers: 2, busy_timeout_ms: 5000 }
    }
}

/// The open database. Process lifetime; cheap to clone.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    readers: SqlitePool,
    /// The store's own: it ends after everyone who writes, so it cannot share the life cycle of those.
    lifecycle: Lifecycle,
    /// Held until the last clone is gone: one host per data directory.
    _lock: Arc<File>,
}

impl Store {
    /// Opens `sandpit.db` in `dir` (which must exist), making it or bringing it up to date, and starts the writing task.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another host has the directory, [`StoreError::Unavailable`] when the file cannot be
    /// opened, or was written by a newer Sandpit.
    pub async fn open(dir: &Path, config: &StoreConfig, clock: Arc<dyn Clock>, metrics: &Metrics) -> Result<Self, StoreError> {
        let lock = lock(dir)?;
        let path = dir.join(FILE);
        private(dir, &path)?;
        let options = options(&path, config);
        let mut db = options.connect().await.map_err(|error| StoreError::from_sqlx("open the database", &error))?;
        migrate(&mut db).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(config.readers.max(1))
            .connect_with(options.pragma("query_only", "on"))
            .await
            .map_err(|error| StoreError::from_sqlx("open the database for reading", &error))?;
        let (sender, queue) = mpsc::channel(config.queue_requests.max(1));
        let writer = Writer { queue: sender, shared: Arc::default(), max_bytes: config.queue_bytes };
        let lifecycle = Lifecycle::new();
        let committer = commit::Committer {
            db,
            queue,
            shared: writer.shared.clone(),
            clock,
            metrics: commit::StoreMetrics::new(metrics),
            max_group: config.group_requests.max(1),
        };
        let stop = lifecycle.soft_stop().clone();
        lifecycle.spawn(committer.run(stop));
        Ok(Self { writer, readers, lifecycle, _lock: Arc::new(lock) })
    }

    /// The way to write. Clone it freely.
    pub fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// Whether the last commit succeeded. While it did not, the disk is asked once a second, so this recovers by itself.
    ///
    /// # Errors
    /// Why the last commit failed, for `/readyz`.
    pub fn healthy(&self) -> Result<(), StoreError> {
        if self.writer.queue.is_closed() {
            return Err(StoreError::Closed);
        }
        self.writer.shared.failure().map_or(Ok(()), Err)
    }

    /// Refuses new writes, commits what waits, and closes the file. To be called after everyone who writes has stopped.
    /// True when all was written within `grace`.
    pub async fn close(&self, grace: Duration) -> bool {
        let finished = self.lifecycle.shutdown(grace).await;
        self.readers.close().await;
        finished
    }

    /// All instances, by id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`], as for every read.
    pub async fn instances(&self) -> Result<Vec<InstanceRow>, StoreError> {
        instances::list(&self.readers).await
    }

    /// All providers, by name.
    ///
    /// # Errors
    /// As for every read.
    pub async fn providers(&self) -> Result<Vec<ProviderRow>, StoreError> {
        providers::list(&self.readers).await
    }

    /// Orders that pass `filter`, newest first.
    ///
    /// # Errors
    /// As for every read.
    pub async fn orders(&self, filter: &OrderFilter) -> Result<Vec<OrderRow>, StoreError> {
        orders::list(&self.readers, filter).await
    }

    /// Orders that a venue may still answer, oldest first.
    ///
    /// # Errors
    /// As for every read.
    pub async fn open_orders(&self) -> Result<Vec<OrderRow>, StoreError> {
        orders::open(&self.readers).await
    }

    /// Executions that pass `filter`, newest first.
    ///
    /// # Errors
    /// As for every read.
    pub async fn executions(&self, filter: &ExecutionFilter) -> Result<Vec<ExecutionRow>, StoreError> {
        executions::list(&self.readers, filter).await
    }

    /// At most `limit` executions that arrived after the one numbered `seq` (0: from the first), oldest first. How positions
    /// are made again after a restart, page by page.
    ///
    /// # Errors
    /// As for every read.
    pub async fn executions_after(&self, seq: u64, limit: u32) -> Result<Vec<ExecutionRow>, StoreError> {
        executions::after(&self.readers, seq, limit).await
    }

    /// Denials that pass `filter`, newest first.
    ///
    /// # Errors
    /// As for every read.
    pub async fn denials(&self, filter: &DenialFilter) -> Result<Vec<DenialRow>, StoreError> {
        denials::list(&self.readers, filter).await
    }

    /// Limits that operators set: of the host and of instances.
    ///
    /// # Errors
    /// As for every read.
    pub async fn risk_limits(&self) -> Result<Vec<RiskLimitsRow>, StoreError> {
        risk::limits(&self.readers).await
    }

    /// Engaged kill switches and breaches: of the host and of instances.
    ///
    /// # Errors
    /// As for every read.
    pub async fn risk_states(&self) -> Result<Vec<RiskStateRow>, StoreError> {
        risk::states(&self.readers).await
    }

    /// The number of the newest execution on record; 0 when there is none.
    ///
    /// # Errors
    /// As for every read.
    pub async fn newest_execution(&self) -> Result<u64, StoreError> {
        executions::newest(&self.readers).await
    }

    /// What an instance asked to keep.
    ///
    /// # Errors
    /// As for every read.
    pub async fn saved_state(&self, instance: &InstanceId) -> Result<Option<String>, StoreError> {
        saved_state::load(&self.readers, instance).await
    }

    /// When revisions were in use, by strategy and hash.
    ///
    /// # Errors
    /// As for every read.
    pub async fn usages(&self) -> Result<Vec<UsageRow>, StoreError> {
        usage::list(&self.readers).await
    }

    /// A fact about the host that was written with [`WriteOp::SetMeta`].
    ///
    /// # Errors
    /// As for every read.
    pub async fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        meta::get(&self.readers, name).await
    }
}

fn options(path: &Path, config: &StoreConfig) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // An answered commit survives a power cut, not only a crash of the process.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_millis(config.busy_timeout_ms))
        // Formatting each statement costs more than running it; commits and failures have metrics.
        .disable_statement_logging()
}

async fn migrate(db: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::migrate!("./migrations").run(db).await.map_err(|error| {
        let reason = match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => {
                format!("it has migration {version}, which this Sandpit does not know: it was written by a newer one")
            }
            other => other.to_string(),
        };
        StoreError::Unavailable { operation: "bring the database up to date", reason }
    })
}

/// The file holds secrets of providers and all trades: for its owner only. SQLite gives its side files the same mode.
fn private(dir: &Path, path: &Path) -> Result<(), StoreError> {
    let made = || {
        File::options().create(true).append(true).mode(0o600).open(path)?;
        // The name of a new file is only safe once its directory is.
        File::open(dir)?.sync_all()
    };
    made().map_err(|error| unavailable(path, &error))
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("sandpit.lock");
    let file = File::options().create(true).append(true).mode(0o600).open(&path).map_err(|error| unavailable(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path }),
        Err(TryLockError::Error(error)) => Err(unavailable(&path, &error)),
    }
}

fn unavailable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable { operation: "open the database", reason: format!("{}: {error}", path.display()) }
}
