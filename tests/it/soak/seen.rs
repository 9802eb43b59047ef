//! What the host has on record: as the control plane shows it while it runs, and as the database has it afterwards.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use sandpit::base::metrics::Metrics;
use sandpit::base::{InstanceId, SystemClock};
use sandpit::market::OrderState;
use sandpit::store::{ExecutionFilter, ExecutionRow, OrderFilter, OrderRow, Store, StoreConfig};
use serde_json::Value;

use super::floor::{LEDGER, PROVIDERS};
use crate::support::Client;

/// More than any instance has.
const ALL: u32 = 10_000_000;

/// What a list route shows at most.
pub(super) const SHOWN: usize = 500;

/// An order that the host ended by its own word: it was approved, and the connection was lost before it could be sent.
pub(super) fn withheld(row: &OrderRow) -> bool {
    row.state == OrderState::Rejected
        && row.reason.as_ref().is_some_and(|reason| reason.starts_with("denied: provider_disconnected"))
}

/// What the control plane shows, once nothing moves any more.
#[derive(Default)]
pub(super) struct Seen {
    /// By instance: the newest orders.
    pub(super) orders: BTreeMap<String, Vec<Value>>,
    /// By instance: the newest executions.
    pub(super) executions: BTreeMap<String, Vec<Value>>,
    /// By instance.
    pub(super) positions: BTreeMap<String, Vec<Value>>,
    /// By provider and currency.
    pub(super) balances: BTreeMap<String, BTreeMap<String, Decimal>>,
}

pub(super) fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap_or_else(|| panic!("{value} is no decimal text")).parse().unwrap()
}

impl Seen {
    pub(super) async fn gather(client: &Client, instances: &[String]) -> Self {
        let mut seen = Self::default();
        for id in instances {
            let rows = async |what: &str, query: &str| {
                let listing = client.get(&format!("/strategy/instances/{id}/{what}{query}")).await.expect(200);
                listing[what].as_array().unwrap().clone()
            };
            let newest = format!("?limit={SHOWN}");
            seen.orders.insert(id.clone(), rows("orders", &newest).await);
            seen.executions.insert(id.clone(), rows("executions", &newest).await);
            seen.positions.insert(id.clone(), rows("positions", "").await);
        }
        for name in PROVIDERS {
            let listing = client.get(&format!("/providers/{name}/balances?limit=500")).await.expect(200);
            let rows = listing["balances"].as_array().unwrap().iter();
            let balances = rows.map(|row| {
                assert_eq!(row["total"], row["available"], "nothing is open, so nothing is held: {row:#}");
                (row["asset"].as_str().unwrap().to_owned(), decimal(&row["total"]))
            });
            seen.balances.insert(name.to_owned(), balances.collect());
        }
        seen
    }
}

/// What is in the database, all of it.
pub(super) struct Record {
    /// By client order id.
    pub(super) orders: HashMap<String, OrderRow>,
    /// By provider and execution id.
    pub(super) executions: HashMap<(String, String), ExecutionRow>,
    /// What the ledgers kept, by instance.
    pub(super) ledgers: BTreeMap<String, Value>,
}

impl Record {
    /// Of a host that has ended.
    pub(super) async fn open(data_dir: &Path, instances: &[String]) -> Self {
        let (clock, metrics) = (Arc::new(SystemClock::new()), Metrics::new());
        let store = Store::open(data_dir, &StoreConfig::default(), clock, &metrics).await.unwrap();
        let mut record = Self { orders: HashMap::new(), executions: HashMap::new(), ledgers: BTreeMap::new() };
        for id in instances {
            let instance: InstanceId = id.parse().unwrap();
            for row in store.orders(&OrderFilter::of(instance.clone(), ALL)).await.unwrap() {
                let order = row.request.client_order_id.to_string();
                assert!(record.orders.insert(order.clone(), row).is_none(), "{order} is on record twice");
            }
            for row in store.executions(&ExecutionFilter::of(instance.clone(), ALL)).await.unwrap() {
                let key = (row.provider.to_string(), row.fill.execution_id.to_string());
                assert!(record.executions.insert(key.clone(), row).is_none(), "{key:?} is on record twice");
            }
            if id.starts_with(LEDGER) {
                let saved = store.saved_state(&instance).await.unwrap();
                let saved = saved.unwrap_or_else(|| panic!("{id} saved nothing at its stop"));
                record.ledgers.insert(id.clone(), serde_json::from_str(&saved).unwrap());
            }
        }
        assert!(store.close(Duration::from_secs(10)).await);
        record
    }
}
