//! Where orders become durable: what the desk writes, in the words of the database.

use smol_str::SmolStr;
use tokio::sync::oneshot;

use crate::base::{Digest, Timestamp};
use crate::market::{Fill, OrderRequest, OrderState};
use crate::store::{NewDenial, NewExecution, NewOrder, OrderUpdate, RiskStateRow, StoreError, Then, WriteOp, Writer};
use crate::trading::{Denial, OrderRecord};

/// Writes orders and executions behind the desk's back. Nothing here waits for the disk.
pub struct Journal {
    writer: Writer,
}

/// Who sent an order: goes on record with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Author {
    /// The hash of the revision.
    pub(super) revision: Digest,
    /// The run of the instance.
    pub(super) run: u64,
}

impl Journal {
    /// Through this queue.
    pub fn new(writer: Writer) -> Self {
        Self { writer }
    }

    /// Puts an approved order on record; `then` runs once it is on the disk, in the order of the calls, or has failed.
    pub(super) fn intent(&self, request: &OrderRequest, author: Author, then: Then) -> Result<(), StoreError> {
        self.writer.write(vec![insert(request, author, OrderState::Pending, None)], Some(then))
    }

    /// The same for a closing order of the host, together with the count that keeps its id from being used again.
    pub(super) fn closing(
        &self,
        request: &OrderRequest,
        author: Author,
        state: RiskStateRow,
        then: Then,
    ) -> Result<(), StoreError> {
        let counted = WriteOp::SetRiskState(Box::new(state));
        self.writer.write(vec![counted, insert(request, author, OrderState::Pending, None)], Some(then))
    }

    /// Runs `then` on the task that writes, after everything that was queued before.
    pub(super) fn after(&self, then: Then) -> Result<(), StoreError> {
        self.writer.write(Vec::new(), Some(then))
    }

    /// Puts a denied order on record.
    pub(super) fn denied(&self, request: &OrderRequest, author: Author, denial: &Denial) -> Result<(), StoreError> {
        let reason = denial.to_string().into();
        self.writer.write(vec![insert(request, author, OrderState::Denied, Some(reason))], None)
    }

    /// Puts the denial itself on record; `prune` lets old ones of the instance go. Apart from the order: a chosen id that an older
    /// order has is no reason to forget the denial.
    pub(super) fn denial(&self, request: &OrderRequest, denial: &Denial, prune: bool) -> Result<(), StoreError> {
        let denial = WriteOp::InsertDenial(Box::new(NewDenial {
            instance: request.instance.clone(),
            provider: request.provider.clone(),
            symbol: request.symbol.clone(),
            client_order_id: request.client_order_id.clone(),
            code: denial.code.as_str(),
            message: denial.message.clone(),
            numbers: denial.metrics.clone(),
            denied_at: request.requested_at,
            prune,
        }));
        self.writer.write(vec![denial], None)
    }

    /// Writes what an operator decided; whoever wants to know waits for it.
    pub(super) fn decide(&self, op: WriteOp) -> Written {
        let (tell, told) = oneshot::channel();
        let then: Then = Box::new(move |result| {
            // Nobody has to wait: the write stands all the same.
            let _ = tell.send(result);
        });
        match self.writer.write(vec![op], Some(then)) {
            Ok(()) => Written(Wait::For(told)),
            Err(error) => Written(Wait::Failed(error)),
        }
    }

    /// Puts on record where an order stands, with the match that brought it there.
    pub(super) fn progress(&self, record: &OrderRecord, fill: Option<Fill>, time: Timestamp) -> Result<(), StoreError> {
        let OrderRecord { request, .. } = record;
        let mut ops = vec![WriteOp::UpdateOrder(Box::new(OrderUpdate {
            provider: request.provider.clone(),
            client_order_id: request.client_order_id.clone(),
            state: record.state,
            venue_order_id: record.venue_order_id.clone(),
            filled_quantity: record.filled_quantity,
            average_price: record.average_price(),
            reason: record.reason.clone(),
            acknowledged_at: record.acknowledged_at,
            completed_at: record.completed_at,
        }))];
        ops.extend(fill.map(|fill| {
            WriteOp::InsertExecution(Box::new(NewExecution {
                provider: request.provider.clone(),
                client_order_id: request.client_order_id.clone(),
                instance: request.instance.clone(),
                fill,
                traded_at: time,
            }))
        }));
        self.writer.write(ops, None)
    }
}

fn insert(request: &OrderRequest, author: Author, state: OrderState, reason: Option<SmolStr>) -> WriteOp {
    WriteOp::InsertOrder(Box::new(NewOrder { request: request.clone(), hash: author.revision, run: author.run, state, reason }))
}

/// A decision that holds already and is on its way to the disk.
#[must_use = "what an operator was answered must be on the disk"]
#[derive(Debug)]
pub struct Written(Wait);

#[derive(Debug)]
enum Wait {
    For(oneshot::Receiver<Result<(), StoreError>>),
    Failed(StoreError),
    /// A desk without a journal keeps nothing.
    Nothing,
}

impl Written {
    /// For a desk that keeps nothing.
    pub(super) fn nowhere() -> Self {
        Self(Wait::Nothing)
    }

    /// Waits until it is on the disk.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be written: the decision holds, but a restart of the host forgets it.
    pub async fn on_disk(self) -> Result<(), StoreError> {
        match self.0 {
            Wait::For(told) => told.await.unwrap_or(Err(StoreError::Closed)),
            Wait::Failed(error) => Err(error),
            Wait::Nothing => Ok(()),
        }
    }
}
