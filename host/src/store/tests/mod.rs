//! What the store promises: nothing acknowledged is lost, nothing is written twice, everyone is told in order.

mod crash;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rust_decimal::Decimal;

use super::*;
use crate::base::{Digest, ManualClock, ProviderName, Timestamp};
use crate::market::{ClientOrderId, Fill, Liquidity, OrderRequest, OrderState, OrderType, Side, Symbol, TimeInForce};

const WALL: Timestamp = Timestamp::from_millis(1_700_000_000_000);

async fn open(dir: &Path) -> Store {
    open_with(dir, &StoreConfig::default()).await.unwrap()
}

async fn open_with(dir: &Path, config: &StoreConfig) -> Result<Store, StoreError> {
    Store::open(dir, config, Arc::new(ManualClock::new(WALL)), &Metrics::new()).await
}

async fn reopen(store: Store, dir: &Path) -> Store {
    assert!(store.close(Duration::from_secs(10)).await);
    drop(store);
    open(dir).await
}

fn instance_row(id: &str) -> InstanceRow {
    InstanceRow {
        id: InstanceId::new(id).unwrap(),
        selector: "momentum".to_owned(),
        strategy: "momentum".parse().unwrap(),
        hash: Digest::of(b"source"),
        tag: Some("v1.0.0".parse().unwrap()),
        config: serde_json::json!({"z": 1, "a": "ü\u{0}"}),
        scope: serde_json::json!({"paper": {"symbols": ["BTC-USDT"]}}),
        limits: serde_json::json!({}),
        restart: serde_json::json!({"policy": "never"}),
        autostart: true,
        quarantined_at: Some(WALL),
        last_error: Some(serde_json::json!({"code": "fuel_exhausted"})),
        desired: Desired::Running,
        run: 3,
        created_at: WALL,
        updated_at: WALL,
    }
}

fn order(provider: &str, id: &str, instance: &str) -> NewOrder {
    NewOrder {
        request: OrderRequest {
            client_order_id: ClientOrderId::made(id),
            instance: instance.parse().unwrap(),
            provider: provider.parse().unwrap(),
            symbol: Symbol::new("BTC-USDT").unwrap(),
            side: Side::Sell,
            order_type: OrderType::Limit,
            quantity: "0.00100000".parse().unwrap(),
            price: Some("61837.63".parse().unwrap()),
            time_in_force: TimeInForce::PostOnly,
            requested_at: Timestamp::from_nanos(1_723_161_254_087_896_568),
        },
        hash: Digest::of(b"source"),
        run: 3,
        state: OrderState::Pending,
        reason: None,
    }
}

fn update(order: &NewOrder, state: OrderState) -> OrderUpdate {
    OrderUpdate {
        provider: order.request.provider.clone(),
        client_order_id: order.request.client_order_id.clone(),
        state,
        venue_order_id: Some("v-1".into()),
        filled_quantity: "0.0005".parse().unwrap(),
        average_price: "61837.63".parse().unwrap(),
        reason: None,
        acknowledged_at: Some(Timestamp::from_nanos(7)),
        completed_at: state.is_final().then(|| Timestamp::from_nanos(9)),
    }
}

fn execution(order: &NewOrder, id: &str) -> NewExecution {
    NewExecution {
        provider: order.request.provider.clone(),
        client_order_id: order.request.client_order_id.clone(),
        instance: order.request.instance.clone(),
        fill: Fill {
            execution_id: id.into(),
            price: "61837.63".parse().unwrap(),
            quantity: "0.0005".parse().unwrap(),
            fee: "0.030918815".parse().unwrap(),
            fee_asset: "USDT".into(),
            liquidity: Liquidity::Maker,
        },
        traded_at: Timestamp::from_nanos(8),
    }
}

fn insert(order: &NewOrder) -> WriteOp {
    WriteOp::InsertOrder(Box::new(order.clone()))
}

fn by_instance(instance: &str) -> OrderFilter {
    OrderFilter::of(instance.parse().unwrap(), 500)
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let row = instance_row("i1");
    let order = order("paper", "i1-1", "i1");
    let provider = ProviderRow {
        name: ProviderName::new("paper").unwrap(),
        adapter: "paper".to_owned(),
        config: serde_json::json!({"tape": "btcusdt-20240808"}),
        desired: Desired::Stopped,
        started: true,
        account_from: 7,
        created_at: WALL,
        updated_at: WALL,
    };
    let ops = vec![
        WriteOp::UpsertInstance(Box::new(row.clone())),
        WriteOp::SaveState { instance: row.id.clone(), json: "{\"n\":1}".to_owned() },
        WriteOp::UpsertProvider(Box::new(provider.clone())),
        WriteOp::SetMeta { name: "seeded".to_owned(), value: "yes".to_owned() },
        insert(&order),
        WriteOp::InsertExecution(Box::new(execution(&order, "e1"))),
        WriteOp::UpdateOrder(Box::new(update(&order, OrderState::Partial))),
    ];
    store.writer().commit(ops).await.unwrap();
    let store = reopen(store, dir.path()).await;

    assert_eq!(store.instances().await.unwrap(), std::slice::from_ref(&row));
    assert_eq!(store.providers().await.unwrap(), [provider]);
    assert_eq!(store.saved_state(&row.id).await.unwrap().as_deref(), Some("{\"n\":1}"));
    assert_eq!(store.meta("seeded").await.unwrap().as_deref(), Some("yes"));
    let kept = &store.open_orders().await.unwrap()[0];
    assert_eq!(kept.request, order.request);
    assert_eq!(kept.request.quantity.to_string(), "0.00100000", "decimals keep their digits");
    assert_eq!((kept.hash, kept.run, kept.state), (order.hash, 3, OrderState::Partial));
    assert_eq!((kept.acknowledged_at, kept.completed_at), (Some(Timestamp::from_nanos(7)), None));
    assert_eq!((kept.created_at, kept.venue_order_id.as_deref()), (WALL, Some("v-1")));
    let fill = &store.executions(&ExecutionFilter::of(row.id.clone(), 10)).await.unwrap()[0];
    assert_eq!((&fill.fill, fill.side, fill.symbol.as_str()), (&execution(&order, "e1").fill, Side::Sell, "BTC-USDT"));

    store.writer().commit(vec![WriteOp::DeleteInstance(row.id.clone())]).await.unwrap();
    assert_eq!(store.saved_state(&row.id).await.unwrap(), None, "saved state goes with its instance");
    assert_eq!(store.orders(&by_instance("i1")).await.unwrap().len(), 1, "orders stay on record");
}

#[tokio::test]
async fn times_of_use_only_widen() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let at = Timestamp::from_millis;
    let row = |first: u64, last: u64| UsageRow {
        strategy: "momentum".parse().unwrap(),
        hash: Digest::of(b"source"),
        first_seen: at(first),
        last_seen: at(last),
    };
    let write = |row: UsageRow| WriteOp::WidenUsage(Box::new(row));
    store.writer().commit(vec![write(row(5, 5)), write(row(5, 9)), write(row(7, 8)), write(row(3, 4))]).await.unwrap();
    let store = reopen(store, dir.path()).await;
    assert_eq!(store.usages().await.unwrap(), [row(3, 9)]);
}

#[tokio::test]
async fn everyone_is_told_in_the_order_of_the_queue_and_sees_their_rows() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(dir.path(), &StoreConfig { group_requests: 16, ..StoreConfig::default() }).await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    for n in 0..100 {
        let told = told.clone();
        let then: Then = Box::new(move |result| told.lock().unwrap().push((n, result)));
        store.writer().write(vec![insert(&order("paper", &format!("o{n}"), "i1"))], Some(then)).unwrap();
    }
    store.writer().flush().await.unwrap();
    assert_eq!(*told.lock().unwrap(), (0..100).map(|n| (n, Ok(()))).collect::<Vec<_>>());
    let ids: Vec<_> =
        store.orders(&by_instance("i1")).await.unwrap().into_iter().map(|row| row.request.client_order_id).collect();
    let expected: Vec<_> = (0..100).rev().map(|n| ClientOrderId::made(format!("o{n}"))).collect();
    assert_eq!(ids, expected, "newest first");
}

#[tokio::test]
async fn what_a_crash_repeats_is_written_once_and_what_differs_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let order = order("paper", "o1", "i1");
    let once = vec![insert(&order), WriteOp::InsertExecution(Box::new(execution(&order, "e1")))];
    store.writer().commit(once.clone()).await.unwrap();
    store.writer().commit(vec![WriteOp::UpdateOrder(Box::new(update(&order, OrderState::Filled)))]).await.unwrap();
    store.writer().commit(once).await.unwrap();
    let kept = store.orders(&by_instance("i1")).await.unwrap();
    assert_eq!((kept.len(), kept[0].state), (1, OrderState::Filled), "a repeated intent does not undo its reports");
    assert_eq!(store.executions_after(0, 10).await.unwrap().len(), 1);

    let mut other = order.clone();
    other.request.quantity = Decimal::TWO;
    let error = store.writer().commit(vec![insert(&other)]).await.unwrap_err();
    assert_eq!(error.code(), "store_conflict", "{error}");
    let mut fill = execution(&order, "e1");
    fill.fill.price = Decimal::ONE;
    let error = store.writer().commit(vec![WriteOp::InsertExecution(Box::new(fill))]).await.unwrap_err();
    assert_eq!(error.code(), "store_conflict", "{error}");
    let mut elsewhere = order.clone();
    elsewhere.request.provider = ProviderName::new("other").unwrap();
    store.writer().commit(vec![insert(&elsewhere)]).await.unwrap();
    assert_eq!(store.healthy(), Ok(()), "a refused row is not a failing disk");
}

#[tokio::test]
async fn a_bad_request_takes_nothing_else_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let results = Arc::new(Mutex::new(Vec::new()));
    let lost = execution(&order("paper", "never", "i1"), "e9");
    let units = [
        vec![insert(&order("paper", "a", "i1"))],
        vec![insert(&order("paper", "b", "i1")), WriteOp::InsertExecution(Box::new(lost))],
        vec![insert(&order("paper", "c", "i1"))],
        vec![WriteOp::UpdateOrder(Box::new(update(&order("paper", "never", "i1"), OrderState::Filled)))],
    ];
    for unit in units {
        let results = results.clone();
        let then: Then = Box::new(move |result| results.lock().unwrap().push(result.err().map(|error| error.code())));
        store.writer().write(unit, Some(then)).unwrap();
    }
    // A listener that panics harms nobody.
    store.writer().write(Vec::new(), Some(Box::new(|_| panic!("on purpose")))).unwrap();
    store.writer().flush().await.unwrap();
    assert_eq!(*results.lock().unwrap(), [None, Some("store_conflict"), None, Some("store_missing")]);
    let ids: Vec<_> =
        store.orders(&by_instance("i1")).await.unwrap().iter().map(|row| row.request.client_order_id.to_string()).collect();
    assert_eq!(ids, ["c", "a"], "`b` went with the execution that had no order");
}

#[tokio::test]
async fn lists_are_filtered_and_limited() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let a = order("paper", "a", "i1");
    let b = order("paper", "b", "i1");
    let c = order("other", "c", "i1");
    let d = order("paper", "d", "i2");
    let mut ops: Vec<_> = [&a, &b, &c, &d].into_iter().map(insert).collect();
    ops.push(WriteOp::UpdateOrder(Box::new(update(&b, OrderState::Cancelled))));
    ops.extend(
        [(&a, "e1"), (&a, "e2"), (&c, "e1"), (&d, "e3")].map(|(o, id)| WriteOp::InsertExecution(Box::new(execution(o, id)))),
    );
    store.writer().commit(ops).await.unwrap();

    let ids = async |filter: OrderFilter| -> Vec<String> {
        let rows = store.orders(&filter).await.unwrap();
        rows.iter().map(|row| row.request.client_order_id.to_string()).collect()
    };
    let all = by_instance("i1");
    assert_eq!(ids(all.clone()).await, ["c", "b", "a"]);
    assert_eq!(ids(OrderFilter { limit: 2, ..all.clone() }).await, ["c", "b"]);
    assert_eq!(ids(OrderFilter { provider: Some("paper".parse().unwrap()), ..all.clone() }).await, ["b", "a"]);
    let states = vec![OrderState::Cancelled, OrderState::Filled];
    assert_eq!(ids(OrderFilter { states, ..all.clone() }).await, ["b"]);
    assert_eq!(ids(OrderFilter { instance: None, client_order_id: Some(ClientOrderId::made("d")), ..all }).await, ["d"]);
    let open: Vec<_> = store.open_orders().await.unwrap().iter().map(|row| row.request.client_order_id.to_string()).collect();
    assert_eq!(open, ["a", "c", "d"], "oldest first");

    let fills = async |filter: ExecutionFilter| -> Vec<String> {
        let rows = store.executions(&filter).await.unwrap();
        rows.iter().map(|row| format!("{}/{}", row.provider, row.fill.execution_id)).collect()
    };
    let all = ExecutionFilter::of("i1".parse().unwrap(), 100);
    assert_eq!(fills(all.clone()).await, ["other/e1", "paper/e2", "paper/e1"]);
    assert_eq!(fills(ExecutionFilter { limit: 1, ..all.clone() }).await, ["other/e1"]);
    assert_eq!(fills(ExecutionFilter { provider: Some("other".parse().unwrap()), ..all.clone() }).await, ["other/e1"]);
    let of_a = ExecutionFilter { client_order_id: Some(ClientOrderId::made("a")), ..all };
    assert_eq!(fills(of_a).await, ["paper/e2", "paper/e1"]);
    let first = store.executions_after(0, 3).await.unwrap();
    let rest = store.executions_after(first[2].seq, 3).await.unwrap();
    assert_eq!((first.len(), rest.len(), rest[0].fill.execution_id.as_str()), (3, 1, "e3"));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_a_closed_one_too() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig { queue_requests: 2, queue_bytes: 10_000, ..StoreConfig::default() };
    let store = open_with(dir.path(), &config).await.unwrap();
    let writer = store.writer();
    // This test runs on one thread: the writing task gets no turn before the first await.
    let never: Then = Box::new(|_| panic!("a refused request is not called back"));
    writer.write(vec![insert(&order("paper", "a", "i1"))], None).unwrap();
    let big = WriteOp::SetMeta { name: "big".to_owned(), value: "x".repeat(20_000) };
    let error = writer.write(vec![big.clone()], Some(never)).unwrap_err();
    assert!(matches!(error, StoreError::QueueFull { requests: 1, max_bytes: 10_000, .. }), "{error}");
    writer.write(vec![insert(&order("paper", "b", "i1"))], None).unwrap();
    assert_eq!(writer.write(Vec::new(), None).unwrap_err().code(), "store_busy");
    writer.flush().await.unwrap();
    writer.write(vec![big], None).expect("one that is larger than the bound still passes alone");
    assert!(store.close(Duration::from_secs(10)).await);
    assert_eq!(writer.write(Vec::new(), None), Err(StoreError::Closed));
    assert_eq!((writer.flush().await, store.healthy()), (Err(StoreError::Closed), Err(StoreError::Closed)));
    drop(store);
    let store = open(dir.path()).await;
    assert_eq!(store.orders(&by_instance("i1")).await.unwrap().len(), 2, "close writes what waits");
    assert!(store.meta("big").await.unwrap().is_some());
}

#[tokio::test]
async fn a_failing_commit_is_told_and_readiness_recovers_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig { busy_timeout_ms: 50, ..StoreConfig::default() };
    let store = open_with(dir.path(), &config).await.unwrap();
    let mut thief = options(&dir.path().join(FILE), &config).connect().await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut thief).await.unwrap();
    let error = store.writer().commit(vec![insert(&order("paper", "a", "i1"))]).await.unwrap_err();
    assert_eq!(error.code(), "store_unavailable", "{error}");
    assert_eq!(store.healthy(), Err(error));
    sqlx::query("ROLLBACK").execute(&mut thief).await.unwrap();
    for _ in 0..100 {
        if store.healthy().is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(store.healthy(), Ok(()), "without anyone writing");
    assert_eq!(store.orders(&by_instance("i1")).await.unwrap(), [], "what failed was not written later");
}

#[tokio::test]
async fn one_host_per_data_directory_and_its_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.writer().commit(vec![insert(&order("paper", "a", "i1"))]).await.unwrap();
    assert!(matches!(open_with(dir.path(), &StoreConfig::default()).await, Err(StoreError::Locked { .. })));
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
    reopen(store, dir.path()).await;
}

#[tokio::test]
async fn damage_and_newer_databases_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.writer().commit(vec![WriteOp::UpsertInstance(Box::new(instance_row("i1")))]).await.unwrap();
    store.close(Duration::from_secs(10)).await;
    drop(store);
    let mut db = options(&dir.path().join(FILE), &StoreConfig::default()).connect().await.unwrap();
    sqlx::query("UPDATE instances SET hash = 'rubbish'").execute(&mut db).await.unwrap();
    let store = open(dir.path()).await;
    let error = store.instances().await.unwrap_err().to_string();
    assert!(error.contains("`rubbish` in hash"), "{error}");
    store.close(Duration::from_secs(10)).await;
    drop(store);
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, '', 1, x'00', 0)",
    )
    .execute(&mut db)
    .await
    .unwrap();
    let error = open_with(dir.path(), &StoreConfig::default()).await.err().unwrap().to_string();
    assert!(error.contains("migration 9999") && error.contains("newer"), "{error}");
}
