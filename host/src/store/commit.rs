//! The one task that writes: it takes all that waits, commits it in one transaction, and tells everyone in order.

use std::sync::Arc;
use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntGauge};
use sqlx::SqliteConnection;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::error::StoreError;
use super::writer::{Request, Shared, WriteOp};
use super::{denials, executions, instances, meta, orders, providers, risk, saved_state, usage};
use crate::base::metrics::Metrics;
use crate::base::{Clock, InstanceId, Timestamp, fail_point};

/// How often a failing disk is tried again while nobody writes.
const PROBE: Duration = Duration::from_secs(1);

/// What `/metrics` shows of the database.
pub(super) struct StoreMetrics {
    commit_seconds: Histogram,
    group: Histogram,
    failures: IntCounter,
    waiting: IntGauge,
}

impl StoreMetrics {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            commit_seconds: metrics.histogram(
                "sandpit_store_commit_seconds",
                "Time from the begin of a transaction until it is on the disk.",
                vec![0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0],
            ),
            group: metrics.histogram(
                "sandpit_store_commit_requests",
                "Requests per transaction.",
                vec![1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0],
            ),
            failures: metrics.counter("sandpit_store_failures_total", "Transactions that the disk did not take."),
            waiting: metrics.gauge("sandpit_store_waiting_requests", "Requests that wait for their commit."),
        }
    }
}

/// The writing task's own things.
pub(super) struct Committer {
    pub(super) db: SqliteConnection,
    pub(super) queue: mpsc::Receiver<Request>,
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: StoreMetrics,
    /// Most requests in one transaction: bounds the time until the first of them is told.
    pub(super) max_group: usize,
}

impl Committer {
    /// Runs until `stop`, then refuses new requests, commits those that wait, and ends.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        while let Some(group) = self.next(&stop).await {
            self.commit(group).await;
        }
        if let Err(error) = sqlx::Connection::close(self.db).await {
            tracing::warn!(%error, "the database did not close cleanly; what was committed is safe");
        }
    }

    /// What waits, at most one transaction's worth; empty when the disk is to be asked whether it works again; none at
    /// the end.
    async fn next(&mut self, stop: &CancellationToken) -> Option<Vec<Request>> {
        let mut group = Vec::new();
        loop {
            let failing = self.shared.failure().is_some();
            let stopping = self.queue.is_closed();
            tokio::select! {
                received = self.queue.recv_many(&mut group, self.max_group) => {
                    return (received > 0).then_some(group);
                }
                () = stop.cancelled(), if !stopping => self.queue.close(),
                // Nobody may write while the host is not ready, so nobody would find out.
                () = tokio::time::sleep(PROBE), if failing => return Some(group),
            }
        }
    }

    /// Commits `group` in one transaction. An empty group is a probe of the disk.
    async fn commit(&mut self, mut group: Vec<Request>) {
        let began = self.clock.now();
        let units: Vec<Vec<WriteOp>> = group.iter_mut().map(|request| std::mem::take(&mut request.ops)).collect();
        let result = self.try_commit(&units).await;
        self.metrics.commit_seconds.observe(self.clock.now().since(began).as_secs_f64());
        self.metrics.group.observe(f64::from(u32::try_from(group.len()).unwrap_or(u32::MAX)));
        let outcomes = match result {
            Ok(outcomes) => {
                if self.shared.failure().is_some() {
                    tracing::info!("the database can be written again");
                    self.shared.set_failure(None);
                }
                outcomes
            }
            Err(error) => {
                if self.shared.failure().is_none() {
                    tracing::error!(%error, requests = group.len(), "the database cannot be written; the writers were told");
                }
                self.metrics.failures.inc();
                self.shared.set_failure(Some(error.clone()));
                // The connection may have left the transaction by itself: then this fails, and that is fine.
                let _ = self.statement("ROLLBACK").await;
                vec![Err(error); group.len()]
            }
        };
        for (request, outcome) in group.into_iter().zip(outcomes) {
            request.answer(outcome);
        }
        self.metrics.waiting.set(i64::try_from(self.shared.waiting()).unwrap_or(i64::MAX));
    }

    /// One outcome per unit; an error means that nothing of the whole group was written.
    async fn try_commit(&mut self, units: &[Vec<WriteOp>]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        match self.commit_together(units).await {
            Ok(()) => Ok(vec![Ok(()); units.len()]),
            // One of them broke a rule of the schema: it must not take the others with it.
            Err(error) if !error.spoils_transaction() => {
                self.statement("ROLLBACK").await?;
                self.commit_apart(units).await
            }
            Err(error) => Err(error),
        }
    }

    /// All units or none: without savepoints, which would be two statements more for each.
    async fn commit_together(&mut self, units: &[Vec<WriteOp>]) -> Result<(), StoreError> {
        self.statement("BEGIN IMMEDIATE").await?;
        let now = self.clock.now();
        for unit in units {
            self.apply_all(unit, now).await?;
        }
        if units.is_empty() {
            meta::set(&mut self.db, "last_probe", &now.to_rfc3339()).await?;
        }
        self.finish().await
    }

    /// Every unit that keeps the rules.
    async fn commit_apart(&mut self, units: &[Vec<WriteOp>]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.statement("BEGIN IMMEDIATE").await?;
        let now = self.clock.now();
        let mut outcomes = Vec::with_capacity(units.len());
        for unit in units {
            self.statement("SAVEPOINT unit").await?;
            let outcome = self.apply_all(unit, now).await;
            match &outcome {
                Err(error) if error.spoils_transaction() => return Err(error.clone()),
                Err(_) => self.statement("ROLLBACK TO unit").await?,
                Ok(()) => {}
            }
            self.statement("RELEASE unit").await?;
            outcomes.push(outcome);
        }
        self.finish().await?;
        Ok(outcomes)
    }

    async fn apply_all(&mut self, ops: &[WriteOp], now: Timestamp) -> Result<(), StoreError> {
        for op in ops {
            apply(&mut self.db, op, now).await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        fail_point::reach();
        self.statement("COMMIT").await?;
        fail_point::reach();
        Ok(())
    }

    async fn statement(&mut self, sql: &'static str) -> Result<(), StoreError> {
        sqlx::query(sql)
            .execute(&mut self.db)
            .await
            .map(|_| ())
            .map_err(|error| StoreError::Unavailable { operation: "commit to the database", reason: error.to_string() })
    }
}

async fn apply(db: &mut SqliteConnection, op: &WriteOp, now: Timestamp) -> Result<(), StoreError> {
    match op {
        WriteOp::UpsertInstance(row) => instances::upsert(db, row, now).await,
        WriteOp::DeleteInstance(id) => {
            forget_risk(db, id).await?;
            instances::delete(db, id).await
        }
        WriteOp::InsertOrder(order) => orders::insert(db, order, now).await,
        WriteOp::UpdateOrder(update) => orders::update(db, update, now).await,
        WriteOp::InsertExecution(execution) => executions::insert(db, execution, now).await,
        WriteOp::InsertDenial(denial) => denials::insert(db, denial, now).await,
        WriteOp::SetRiskLimits(row) => risk::set_limits(db, row.instance.as_ref(), Some(&row.limits), now).await,
        WriteOp::DeleteRiskLimits(id) => risk::set_limits(db, Some(id), None, now).await,
        WriteOp::SetRiskState(row) => risk::set_state(db, row, now).await,
        WriteOp::ForgetRisk(id) => forget_risk(db, id).await,
        WriteOp::SaveState { instance, json } => saved_state::save(db, instance, json, now).await,
        WriteOp::WidenUsage(row) => usage::widen(db, row).await,
        WriteOp::UpsertProvider(row) => providers::upsert(db, row, now).await,
        WriteOp::DeleteProvider(name) => providers::delete(db, name).await,
        WriteOp::SetMeta { name, value } => meta::set(db, name, value).await,
    }
}

async fn forget_risk(db: &mut SqliteConnection, instance: &InstanceId) -> Result<(), StoreError> {
    risk::forget(db, instance).await?;
    denials::forget(db, instance).await
}
