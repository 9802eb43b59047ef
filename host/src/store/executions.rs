//! Executions: every match of every order, the ground of positions and profit.

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::column::{Columns, nanos};
use super::error::StoreError;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::market::{ClientOrderId, Fill, Side, Symbol};

/// A match to be put on record. Its order must be on record before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExecution {
    /// Where it happened.
    pub provider: ProviderName,
    /// The order it is a part of.
    pub client_order_id: ClientOrderId,
    /// Whose order it is.
    pub instance: InstanceId,
    /// The match.
    pub fill: Fill,
    /// When the venue says it happened.
    pub traded_at: Timestamp,
}

/// One match on record, with what its order says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionRow {
    /// Order of arrival in this database; grows.
    pub seq: u64,
    /// Where it happened.
    pub provider: ProviderName,
    /// The order it is a part of.
    pub client_order_id: ClientOrderId,
    /// Whose order it is.
    pub instance: InstanceId,
    /// What was traded.
    pub symbol: Symbol,
    /// Which way.
    pub side: Side,
    /// The match.
    pub fill: Fill,
    /// When the venue says it happened.
    pub traded_at: Timestamp,
    /// Wall clock of the write.
    pub created_at: Timestamp,
}

/// Which executions to list. An empty field does not filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionFilter {
    /// Of this instance.
    pub instance: Option<InstanceId>,
    /// At this provider.
    pub provider: Option<ProviderName>,
    /// Of this order.
    pub client_order_id: Option<ClientOrderId>,
    /// At most so many.
    pub limit: u32,
}

impl ExecutionFilter {
    /// All executions of an instance, newest first.
    pub fn of(instance: InstanceId, limit: u32) -> Self {
        Self { instance: Some(instance), provider: None, client_order_id: None, limit }
    }
}

const SELECT: &str = "SELECT e.*, o.symbol, o.side FROM executions e
     JOIN orders o ON o.provider = e.provider AND o.client_order_id = e.client_order_id";

/// Idempotent: the same match again changes nothing, another one under the same name is a conflict.
pub(super) async fn insert(db: &mut SqliteConnection, execution: &NewExecution, now: Timestamp) -> Result<(), StoreError> {
    let fill = &execution.fill;
    let done = sqlx::query(
        "INSERT INTO executions (provider, execution_id, client_order_id, instance, quantity, price, fee, fee_asset, liquidity,
             traded_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (provider, execution_id) DO NOTHING",
    )
    .bind(execution.provider.as_str())
    .bind(fill.execution_id.as_str())
    .bind(execution.client_order_id.as_str())
    .bind(execution.instance.as_str())
    .bind(fill.quantity.to_string())
    .bind(fill.price.to_string())
    .bind(fill.fee.to_string())
    .bind(fill.fee_asset.as_str())
    .bind(fill.liquidity.as_str())
    .bind(nanos(execution.traded_at))
    .bind(nanos(now))
    .execute(&mut *db)
    .await
    .map_err(|error| StoreError::from_sqlx("write an execution", &error))?;
    if done.rows_affected() == 0 {
        refuse_other(db, execution).await?;
    }
    Ok(())
}

async fn refuse_other(db: &mut SqliteConnection, execution: &NewExecution) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(SELECT);
    query.push(" WHERE e.provider = ").push_bind(execution.provider.as_str());
    query.push(" AND e.execution_id = ").push_bind(execution.fill.execution_id.as_str());
    let row = query.build().fetch_one(db).await.map_err(|error| StoreError::from_sqlx("read an execution", &error))?;
    let known = read(&row)?;
    if known.client_order_id == execution.client_order_id
        && known.instance == execution.instance
        && known.fill == execution.fill
        && known.traded_at == execution.traded_at
    {
        return Ok(());
    }
    Err(StoreError::Conflict {
        noun: "execution",
        key: execution.fill.execution_id.to_string(),
        reason: format!("it is a part of order `{}`", known.client_order_id),
    })
}

/// Newest first.
pub(super) async fn list(pool: &SqlitePool, filter: &ExecutionFilter) -> Result<Vec<ExecutionRow>, StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(SELECT);
    query.push(" WHERE 1 = 1");
    if let Some(instance) = &filter.instance {
        query.push(" AND e.instance = ").push_bind(instance.as_str());
    }
    if let Some(provider) = &filter.provider {
        query.push(" AND e.provider = ").push_bind(provider.as_str());
    }
    if let Some(id) = &filter.client_order_id {
        query.push(" AND e.client_order_id = ").push_bind(id.as_str());
    }
    query.push(" ORDER BY e.seq DESC LIMIT ").push_bind(i64::from(filter.limit));
    fetch(pool, query).await
}

/// In the order of arrival, those after `seq`: how positions are made again after a restart, page by page.
pub(super) async fn after(pool: &SqlitePool, seq: u64, limit: u32) -> Result<Vec<ExecutionRow>, StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(SELECT);
    query.push(" WHERE e.seq > ").push_bind(super::column::count(seq));
    query.push(" ORDER BY e.seq LIMIT ").push_bind(i64::from(limit));
    fetch(pool, query).await
}

/// The number of the newest one; 0 when there is none.
pub(super) async fn newest(pool: &SqlitePool) -> Result<u64, StoreError> {
    let seq: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) FROM executions")
        .fetch_one(pool)
        .await
        .map_err(|error| StoreError::from_sqlx("find the newest execution", &error))?;
    Ok(u64::try_from(seq).unwrap_or(0))
}

async fn fetch(pool: &SqlitePool, mut query: QueryBuilder<Sqlite>) -> Result<Vec<ExecutionRow>, StoreError> {
    let rows = query.build().fetch_all(pool).await.map_err(|error| StoreError::from_sqlx("list executions", &error))?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<ExecutionRow, StoreError> {
    let columns = Columns(row);
    Ok(ExecutionRow {
        seq: columns.count("seq")?,
        provider: columns.parsed("provider", "provider name")?,
        client_order_id: ClientOrderId::made(columns.text("client_order_id")?),
        instance: columns.parsed("instance", "instance id")?,
        symbol: columns.word("symbol", "symbol")?,
        side: columns.word("side", "side")?,
        fill: Fill {
            execution_id: columns.text("execution_id")?.into(),
            price: columns.decimal("price")?,
            quantity: columns.decimal("quantity")?,
            fee: columns.decimal("fee")?,
            fee_asset: columns.text("fee_asset")?.into(),
            liquidity: columns.word("liquidity", "liquidity")?,
        },
        traded_at: columns.time("traded_at")?,
        created_at: columns.time("created_at")?,
    })
}
