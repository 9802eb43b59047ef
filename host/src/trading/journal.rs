//! Where orders become durable: what the desk writes, in the words of the database.

use smol_str::SmolStr;

use crate::base::{Digest, Timestamp};
use crate::market::{Fill, OrderRequest, OrderState};
use crate::store::{NewExecution, NewOrder, OrderUpdate, StoreError, Then, WriteOp, Writer};
use crate::trading::OrderRecord;

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

    /// Puts a denied order on record.
    pub(super) fn denied(&self, request: &OrderRequest, author: Author, reason: &str) -> Result<(), StoreError> {
        self.writer.write(vec![insert(request, author, OrderState::Denied, Some(reason.into()))], None)
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
