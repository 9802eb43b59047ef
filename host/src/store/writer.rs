//! The way into the database: a bounded queue that any thread may write to without waiting for the disk.
//!
//! Each request is one unit: all of its operations are committed or none. Requests are committed in the order they were
//! queued, many per transaction, and each is told in that order what became of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::denials::NewDenial;
use super::error::StoreError;
use super::executions::NewExecution;
use super::instances::InstanceRow;
use super::orders::{NewOrder, OrderUpdate};
use super::providers::ProviderRow;
use super::risk::{RiskLimitsRow, RiskStateRow};
use super::usage::UsageRow;
use crate::base::{InstanceId, ProviderName};

/// One change. All of them may be repeated after a crash without harm.
#[derive(Clone, Debug)]
pub enum WriteOp {
    /// Makes or replaces an instance.
    UpsertInstance(Box<InstanceRow>),
    /// Removes an instance with its saved state, risk limits and denials; its orders stay. Nothing happens when there is none.
    DeleteInstance(InstanceId),
    /// Puts an order on record.
    InsertOrder(Box<NewOrder>),
    /// Changes where an order stands.
    UpdateOrder(Box<OrderUpdate>),
    /// Puts a match on record, after its order.
    InsertExecution(Box<NewExecution>),
    /// Puts a denial on record.
    InsertDenial(Box<NewDenial>),
    /// Replaces the limits of an instance or of the host.
    SetRiskLimits(Box<RiskLimitsRow>),
    /// Takes the limits of an instance off the record.
    DeleteRiskLimits(InstanceId),
    /// Replaces the risk state of an instance or of the host.
    SetRiskState(Box<RiskStateRow>),
    /// Removes limits, risk state and denials of an instance.
    ForgetRisk(InstanceId),
    /// Replaces what an instance asked to keep.
    SaveState {
        /// Whose.
        instance: InstanceId,
        /// Any JSON text.
        json: String,
    },
    /// Widens the times between which a revision was in use.
    WidenUsage(Box<UsageRow>),
    /// Makes or replaces a provider.
    UpsertProvider(Box<ProviderRow>),
    /// Removes a provider. Nothing happens when there is none.
    DeleteProvider(ProviderName),
    /// Replaces a fact about the host.
    SetMeta {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

impl WriteOp {
    /// Roughly what it holds in memory while it waits, in bytes.
    fn weight(&self) -> usize {
        match self {
            Self::SaveState { json, .. } => 256 + json.len(),
            Self::SetMeta { value, .. } => 256 + value.len(),
            // Configurations are bounded by the body limit of the control plane and rarely written.
            Self::UpsertInstance(_) | Self::UpsertProvider(_) | Self::SetRiskLimits(_) => 4096,
            Self::InsertDenial(denial) => 1024 + denial.message.len(),
            _ => 512,
        }
    }
}

/// What runs once the fate of a request is known. It runs on the writer's task, so it must be short and must not block.
pub type Then = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Operations that belong together, and who wants to know. `then` is called exactly once, whatever happens.
pub(super) struct Request {
    pub(super) ops: Vec<WriteOp>,
    then: Option<Then>,
    weight: usize,
    shared: Arc<Shared>,
}

impl Request {
    /// Tells what became of it. A panic of the listener ends there: the queue must go on.
    pub(super) fn answer(mut self, result: Result<(), StoreError>) {
        self.answer_once(result);
    }

    fn answer_once(&mut self, result: Result<(), StoreError>) {
        let Some(then) = self.then.take() else { return };
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| then(result))).is_err() {
            tracing::error!("a listener for a database write panicked; the write itself is not affected");
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.shared.bytes.fetch_sub(self.weight, Ordering::AcqRel);
        self.shared.requests.fetch_sub(1, Ordering::AcqRel);
        self.answer_once(Err(StoreError::Closed));
    }
}

/// What writers, the writing task and the health check share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    requests: AtomicUsize,
    bytes: AtomicUsize,
    failure: Mutex<Option<StoreError>>,
}

impl Shared {
    pub(super) fn failure(&self) -> Option<StoreError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_failure(&self, failure: Option<StoreError>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    pub(super) fn waiting(&self) -> usize {
        self.requests.load(Ordering::Acquire)
    }
}

/// Cheap to clone; all clones feed the same queue.
#[derive(Clone, Debug)]
pub struct Writer {
    pub(super) queue: mpsc::Sender<Request>,
    pub(super) shared: Arc<Shared>,
    pub(super) max_bytes: usize,
}

impl Writer {
    /// Queues `ops` as one unit and returns at once: never waits for the disk, so a guest's thread may call it. `then` runs
    /// after the commit or its failure, in the order of the queue.
    ///
    /// # Errors
    /// [`StoreError::QueueFull`] when the queue is at its bound in requests or bytes, [`StoreError::Closed`] after the end.
    /// Then nothing was queued and `then` is dropped without being called: the caller refuses what it was about to do.
    pub fn write(&self, ops: Vec<WriteOp>, then: Option<Then>) -> Result<(), StoreError> {
        let mut request = self.request(ops, None)?;
        let permit = self.queue.try_reserve().map_err(|error| match error {
            mpsc::error::TrySendError::Full(()) => self.full(),
            mpsc::error::TrySendError::Closed(()) => StoreError::Closed,
        })?;
        request.then = then;
        permit.send(request);
        Ok(())
    }

    /// Queues `ops` as one unit, waiting for room, and returns when they are on the disk.
    ///
    /// # Errors
    /// Whatever kept them from being committed; then none of them was.
    pub async fn commit(&self, ops: Vec<WriteOp>) -> Result<(), StoreError> {
        let (tell, told) = oneshot::channel();
        let then: Then = Box::new(move |result| {
            // The caller may have gone away: the write stands all the same.
            let _ = tell.send(result);
        });
        let request = self.request(ops, Some(then))?;
        self.queue.send(request).await.map_err(|_| StoreError::Closed)?;
        told.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Returns when everything queued before has been answered.
    ///
    /// # Errors
    /// [`StoreError::Closed`] after the end; failures of earlier writes go to those who wrote.
    pub async fn flush(&self) -> Result<(), StoreError> {
        match self.commit(Vec::new()).await {
            Err(StoreError::Closed) => Err(StoreError::Closed),
            _ => Ok(()),
        }
    }

    fn request(&self, ops: Vec<WriteOp>, then: Option<Then>) -> Result<Request, StoreError> {
        let weight = ops.iter().map(WriteOp::weight).sum();
        let before = self.shared.bytes.fetch_add(weight, Ordering::AcqRel);
        self.shared.requests.fetch_add(1, Ordering::AcqRel);
        let over = before > 0 && before.saturating_add(weight) > self.max_bytes;
        // Made before the check: dropping it takes back what was just added.
        let mut request = Request { ops, then, weight, shared: self.shared.clone() };
        if over {
            request.then = None;
            drop(request);
            return Err(self.full());
        }
        Ok(request)
    }

    fn full(&self) -> StoreError {
        StoreError::QueueFull {
            requests: self.shared.waiting(),
            bytes: self.shared.bytes.load(Ordering::Acquire),
            max_requests: self.queue.max_capacity(),
            max_bytes: self.max_bytes,
        }
    }
}
