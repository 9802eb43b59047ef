//! Denials: every order that our own risk check refused and that was told, with the numbers behind it. The newest
//! [`KEPT`] of each instance are kept.

use std::collections::BTreeMap;

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::column::{Columns, count, nanos};
use super::error::StoreError;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::market::{ClientOrderId, Symbol};

/// Newest denials that are kept of each instance.
pub const KEPT: u32 = 10_000;

/// A denial to be put on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDenial {
    /// Who asked.
    pub instance: InstanceId,
    /// Where the order was to go.
    pub provider: ProviderName,
    /// What was to be traded.
    pub symbol: Symbol,
    /// Our name of the order.
    pub client_order_id: ClientOrderId,
    /// Which rule.
    pub code: &'static str,
    /// What was asked, what is allowed, what to do.
    pub message: String,
    /// The numbers behind it.
    pub numbers: BTreeMap<String, String>,
    /// When, by the provider's clock.
    pub denied_at: Timestamp,
    /// Whether those of the instance that are beyond [`KEPT`] are to go now: asked for once in a while.
    pub prune: bool,
}

/// One denial on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenialRow {
    /// Order of arrival in this database; grows.
    pub seq: u64,
    /// Where the order was to go.
    pub provider: ProviderName,
    /// What was to be traded.
    pub symbol: Symbol,
    /// Our name of the order.
    pub client_order_id: ClientOrderId,
    /// Which rule.
    pub code: String,
    /// What was asked, what is allowed, what to do.
    pub message: String,
    /// The numbers behind it. A JSON object of texts.
    pub numbers: serde_json::Value,
    /// When, by the provider's clock.
    pub denied_at: Timestamp,
    /// Wall clock of the write.
    pub created_at: Timestamp,
}

/// Which denials to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenialFilter {
    /// Of this instance.
    pub instance: InstanceId,
    /// By these rules; empty for all.
    pub codes: Vec<String>,
    /// Older than the one with this number.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

pub(super) async fn insert(db: &mut SqliteConnection, denial: &NewDenial, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO denials (instance, provider, symbol, client_order_id, code, message, numbers, denied_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(denial.instance.as_str())
    .bind(denial.provider.as_str())
    .bind(denial.symbol.as_str())
    .bind(denial.client_order_id.as_str())
    .bind(denial.code)
    .bind(&denial.message)
    // A map of texts: serialization cannot fail.
    .bind(serde_json::to_string(&denial.numbers).unwrap_or_default())
    .bind(nanos(denial.denied_at))
    .bind(nanos(now))
    .execute(&mut *db)
    .await
    .map_err(|error| StoreError::from_sqlx("write a denial", &error))?;
    if denial.prune { prune(db, &denial.instance).await } else { Ok(()) }
}

async fn prune(db: &mut SqliteConnection, instance: &InstanceId) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM denials WHERE instance = $1
         AND seq <= (SELECT seq FROM denials WHERE instance = $1 ORDER BY seq DESC LIMIT 1 OFFSET $2)",
    )
    .bind(instance.as_str())
    .bind(i64::from(KEPT))
    .execute(db)
    .await
    .map_err(|error| StoreError::from_sqlx("forget old denials", &error))?;
    Ok(())
}

/// Forgets all denials of one instance; its denied orders stay.
pub(super) async fn forget(db: &mut SqliteConnection, instance: &InstanceId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM denials WHERE instance = $1")
        .bind(instance.as_str())
        .execute(db)
        .await
        .map_err(|error| StoreError::from_sqlx("forget the denials of an instance", &error))?;
    Ok(())
}

/// Newest first.
pub(super) async fn list(pool: &SqlitePool, filter: &DenialFilter) -> Result<Vec<DenialRow>, StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM denials WHERE instance = ");
    query.push_bind(filter.instance.as_str());
    if let Some(before) = filter.before {
        query.push(" AND seq < ").push_bind(count(before));
    }
    if !filter.codes.is_empty() {
        query.push(" AND code IN (");
        let mut codes = query.separated(", ");
        for code in &filter.codes {
            codes.push_bind(code.as_str());
        }
        query.push(")");
    }
    query.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(filter.limit.min(KEPT)));
    let rows = query.build().fetch_all(pool).await.map_err(|error| StoreError::from_sqlx("list denials", &error))?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<DenialRow, StoreError> {
    let columns = Columns(row);
    Ok(DenialRow {
        seq: columns.count("seq")?,
        provider: columns.parsed("provider", "provider name")?,
        symbol: columns.word("symbol", "symbol")?,
        client_order_id: ClientOrderId::made(columns.text("client_order_id")?),
        code: columns.text("code")?,
        message: columns.text("message")?,
        numbers: columns.json("numbers")?,
        denied_at: columns.time("denied_at")?,
        created_at: columns.time("created_at")?,
    })
}
