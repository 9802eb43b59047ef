//! After a restart of the host: positions from the executions on record, orders that were open.

use std::collections::{HashMap, HashSet};

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::base::ProviderName;
use crate::bus::locked;
use crate::market::ClientOrderId;
use crate::store::{ExecutionRow, OrderRow, Store, StoreError};
use crate::trading::{Desk, OrderRecord};

/// Executions that are read at once.
const PAGE: u32 = 1000;

/// What the executions on record say of the orders that are open.
type Counted = HashMap<(ProviderName, ClientOrderId), Filled>;

/// The sum of an order's executions. The order's own row is not asked: what counts is what `/executions` shows.
#[derive(Default)]
struct Filled {
    executions: HashSet<SmolStr>,
    quantity: Decimal,
    value: Decimal,
}

impl Desk {
    /// Takes over what the database knows: before the first instance starts, once. Open orders stay open until
    /// [`Desk::recover`] has asked their venue.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read: then the host must not trade.
    pub async fn restore(&self, store: &Store) -> Result<(), StoreError> {
        self.restore_risk(store).await?;
        let open = store.open_orders().await?;
        let mut counted: Counted = open
            .iter()
            .map(|row| ((row.request.provider.clone(), row.request.client_order_id.clone()), Filled::default()))
            .collect();
        let mut last = 0;
        loop {
            let page = store.executions_after(last, PAGE).await?;
            let Some(newest) = page.last() else { break };
            last = newest.seq;
            for row in page {
                self.restore_execution(row, &mut counted);
            }
        }
        for row in open {
            self.restore_order(row, &mut counted);
        }
        Ok(())
    }

    fn restore_execution(&self, row: ExecutionRow, counted: &mut Counted) {
        let ExecutionRow { provider, client_order_id, instance, symbol, side, fill, traded_at, .. } = row;
        let lane = self.lane(&provider);
        let mut book = locked(&lane.book);
        if let Err(error) = book.line_mut(&instance).holding(&symbol).apply(&symbol, side, &fill, traded_at) {
            tracing::error!(%instance, %symbol, ?fill, %error, "execution on record not counted in the position");
        }
        drop(book);
        if let Some(filled) = counted.get_mut(&(provider, client_order_id)) {
            filled.quantity = filled.quantity.saturating_add(fill.quantity).normalize();
            filled.value = filled.value.saturating_add(fill.price.saturating_mul(fill.quantity));
            filled.executions.insert(fill.execution_id);
        }
    }

    fn restore_order(&self, row: OrderRow, counted: &mut Counted) {
        let key = (row.request.provider.clone(), row.request.client_order_id.clone());
        let lane = self.lane(&key.0);
        let filled = counted.remove(&key).unwrap_or_default();
        let record = OrderRecord {
            state: row.state,
            venue_order_id: row.venue_order_id,
            filled_quantity: filled.quantity,
            filled_value: filled.value,
            reason: row.reason,
            acknowledged_at: row.acknowledged_at,
            completed_at: row.completed_at,
            executions: filled.executions,
            request: row.request,
        };
        let mut book = locked(&lane.book);
        book.line_mut(&record.request.instance).holding(&record.request.symbol).open.push(key.1);
        // The provider may know it: a cancel is passed on.
        book.orders.insert(record, true);
        book.open_orders += 1;
        drop(book);
        self.metrics.open_orders.with_label_values(&[lane.name.as_str()]).inc();
    }
}
