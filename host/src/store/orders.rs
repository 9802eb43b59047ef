//! Orders: the intent as risk approved (or denied) it, and where it stands now.

use rust_decimal::Decimal;
use smol_str::SmolStr;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::column::{Columns, count, nanos};
use super::error::StoreError;
use crate::base::{Digest, InstanceId, ProviderName, Timestamp};
use crate::market::{ClientOrderId, OrderRequest, OrderState, VenueOrderId};

/// An order to be put on record, before any venue sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// What was asked for. `requested_at` becomes `placed_at`.
    pub request: OrderRequest,
    /// The revision that asked.
    pub hash: Digest,
    /// The instance's run that asked.
    pub run: u64,
    /// `Pending` when risk approved it, `Denied` when not.
    pub state: OrderState,
    /// Why it was denied.
    pub reason: Option<SmolStr>,
}

/// Where an order stands after a report. Absolute figures, so that repeating it changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderUpdate {
    /// Where it went.
    pub provider: ProviderName,
    /// Our name of it.
    pub client_order_id: ClientOrderId,
    /// Where it stands.
    pub state: OrderState,
    /// The venue's name of it; once known it is kept.
    pub venue_order_id: Option<VenueOrderId>,
    /// All fills so far, base currency.
    pub filled_quantity: Decimal,
    /// Of all fills, quote currency; 0 when there are none.
    pub average_price: Decimal,
    /// Why it was rejected, cancelled or expired.
    pub reason: Option<SmolStr>,
    /// Venue time of the acknowledgement; the first one is kept.
    pub acknowledged_at: Option<Timestamp>,
    /// Venue time at which it became final; the first one is kept.
    pub completed_at: Option<Timestamp>,
}

/// One order on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Order of arrival in this database; grows.
    pub seq: u64,
    /// What was asked for.
    pub request: OrderRequest,
    /// The revision that asked.
    pub hash: Digest,
    /// The instance's run that asked.
    pub run: u64,
    /// Where it stands.
    pub state: OrderState,
    /// The venue's name of it.
    pub venue_order_id: Option<VenueOrderId>,
    /// All fills, base currency.
    pub filled_quantity: Decimal,
    /// Of all fills, quote currency; 0 when there are none.
    pub average_price: Decimal,
    /// Why it was denied, rejected, cancelled or expired.
    pub reason: Option<SmolStr>,
    /// Venue time of the acknowledgement.
    pub acknowledged_at: Option<Timestamp>,
    /// Venue time at which it became final.
    pub completed_at: Option<Timestamp>,
    /// Wall clock of the first write.
    pub created_at: Timestamp,
    /// Wall clock of the last write.
    pub updated_at: Timestamp,
}

/// Which orders to list. An empty field does not filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFilter {
    /// Of this instance.
    pub instance: Option<InstanceId>,
    /// At this provider.
    pub provider: Option<ProviderName>,
    /// In one of these states.
    pub states: Vec<OrderState>,
    /// This one.
    pub client_order_id: Option<ClientOrderId>,
    /// At most so many.
    pub limit: u32,
}

impl OrderFilter {
    /// All orders of an instance, newest first.
    pub fn of(instance: InstanceId, limit: u32) -> Self {
        Self { instance: Some(instance), provider: None, states: Vec::new(), client_order_id: None, limit }
    }
}

/// Idempotent: the same order again changes nothing, another one under the same name is a conflict.
pub(super) async fn insert(db: &mut SqliteConnection, order: &NewOrder, now: Timestamp) -> Result<(), StoreError> {
    let request = &order.request;
    let done = sqlx::query(
        "INSERT INTO orders (provider, client_order_id, instance, hash, run, symbol, side, order_type, quantity, price,
             time_in_force, state, filled_quantity, average_price, reason, placed_at, completed_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '0', '0', $13, $14, $15, $16, $16)
         ON CONFLICT (provider, client_order_id) DO NOTHING",
    )
    .bind(request.provider.as_str())
    .bind(request.client_order_id.as_str())
    .bind(request.instance.as_str())
    .bind(order.hash.to_string())
    .bind(count(order.run))
    .bind(request.symbol.as_str())
    .bind(request.side.as_str())
    .bind(request.order_type.as_str())
    .bind(request.quantity.to_string())
    .bind(request.price.map(|price| price.to_string()))
    .bind(request.time_in_force.as_str())
    .bind(order.state.as_str())
    .bind(order.reason.as_deref())
    .bind(nanos(request.requested_at))
    .bind(order.state.is_final().then(|| nanos(request.requested_at)))
    .bind(nanos(now))
    .execute(&mut *db)
    .await
    .map_err(|error| StoreError::from_sqlx("write an order", &error))?;
    if done.rows_affected() == 0 {
        refuse_other(db, order).await?;
    }
    Ok(())
}

async fn refuse_other(db: &mut SqliteConnection, order: &NewOrder) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT * FROM orders WHERE provider = $1 AND client_order_id = $2")
        .bind(order.request.provider.as_str())
        .bind(order.request.client_order_id.as_str())
        .fetch_one(db)
        .await
        .map_err(|error| StoreError::from_sqlx("read an order", &error))?;
    let known = read(&row)?;
    if known.request == order.request && known.hash == order.hash && known.run == order.run {
        return Ok(());
    }
    Err(StoreError::Conflict {
        noun: "order",
        key: order.request.client_order_id.to_string(),
        reason: format!("it is an order of instance `{}`, run {}", known.request.instance, known.run),
    })
}

pub(super) async fn update(db: &mut SqliteConnection, update: &OrderUpdate, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "UPDATE orders SET state = $3, venue_order_id = COALESCE($4, venue_order_id), filled_quantity = $5, average_price = $6,
             reason = COALESCE($7, reason), acknowledged_at = COALESCE(acknowledged_at, $8),
             completed_at = COALESCE(completed_at, $9), updated_at = $10
         WHERE provider = $1 AND client_order_id = $2",
    )
    .bind(update.provider.as_str())
    .bind(update.client_order_id.as_str())
    .bind(update.state.as_str())
    .bind(update.venue_order_id.as_deref().filter(|id| !id.is_empty()))
    .bind(update.filled_quantity.to_string())
    .bind(update.average_price.to_string())
    .bind(update.reason.as_deref())
    .bind(update.acknowledged_at.map(nanos))
    .bind(update.completed_at.map(nanos))
    .bind(nanos(now))
    .execute(db)
    .await
    .map_err(|error| StoreError::from_sqlx("update an order", &error))?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Missing { noun: "order", key: update.client_order_id.to_string() });
    }
    Ok(())
}

/// Newest first.
pub(super) async fn list(pool: &SqlitePool, filter: &OrderFilter) -> Result<Vec<OrderRow>, StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM orders WHERE 1 = 1");
    if let Some(instance) = &filter.instance {
        query.push(" AND instance = ").push_bind(instance.as_str().to_owned());
    }
    if let Some(provider) = &filter.provider {
        query.push(" AND provider = ").push_bind(provider.as_str().to_owned());
    }
    if let Some(id) = &filter.client_order_id {
        query.push(" AND client_order_id = ").push_bind(id.as_str().to_owned());
    }
    if !filter.states.is_empty() {
        let mut states = query.push(" AND state IN (").separated(", ");
        for state in &filter.states {
            states.push_bind(state.as_str());
        }
        query.push(")");
    }
    query.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(filter.limit));
    fetch(pool, query).await
}

/// Those that a venue may still answer, oldest first.
pub(super) async fn open(pool: &SqlitePool) -> Result<Vec<OrderRow>, StoreError> {
    // The condition stands as in the partial index, so that the index is used.
    fetch(pool, QueryBuilder::new("SELECT * FROM orders WHERE state IN ('PENDING', 'ACK', 'PARTIAL') ORDER BY seq")).await
}

async fn fetch(pool: &SqlitePool, mut query: QueryBuilder<Sqlite>) -> Result<Vec<OrderRow>, StoreError> {
    let rows = query.build().fetch_all(pool).await.map_err(|error| StoreError::from_sqlx("list orders", &error))?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<OrderRow, StoreError> {
    let columns = Columns(row);
    Ok(OrderRow {
        seq: columns.count("seq")?,
        request: OrderRequest {
            client_order_id: ClientOrderId::made(columns.text("client_order_id")?),
            instance: columns.parsed("instance", "instance id")?,
            provider: columns.parsed("provider", "provider name")?,
            symbol: columns.word("symbol", "symbol")?,
            side: columns.word("side", "side")?,
            order_type: columns.word("order_type", "order type")?,
            quantity: columns.decimal("quantity")?,
            price: columns.optional("price", "decimal")?,
            time_in_force: columns.word("time_in_force", "time in force")?,
            requested_at: columns.time("placed_at")?,
        },
        hash: columns.parsed("hash", "hash")?,
        run: columns.count("run")?,
        state: columns.word("state", "order state")?,
        venue_order_id: columns.optional_text("venue_order_id")?.map(Into::into),
        filled_quantity: columns.decimal("filled_quantity")?,
        average_price: columns.decimal("average_price")?,
        reason: columns.optional_text("reason")?.map(Into::into),
        acknowledged_at: columns.optional_time("acknowledged_at")?,
        completed_at: columns.optional_time("completed_at")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}
