//! Holds what everybody says against what the venues told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use rust_decimal::Decimal;
use sandpit::market::{ExecutionReport, OrderState, ReportState, Side};
use sandpit::store::OrderRow;
use serde_json::Value;

use super::figures::Metrics;
use super::floor;
use super::seen::{Record, SHOWN, Seen, decimal, withheld};
use super::told::Told;

type Venues = BTreeMap<&'static str, Told>;

/// Each venue is consistent with itself: one session, every order through the states of an order's life to its end, no match twice.
pub(super) fn venues(told: &Venues) {
    let opening: BTreeMap<String, Decimal> = floor::opening().map(|(name, all)| (name.to_owned(), all)).into();
    for (name, told) in told {
        assert_eq!(told.opening, std::slice::from_ref(&opening), "{name}");
        let mut ids = BTreeSet::new();
        assert!(told.fills().all(|(_, fill)| ids.insert(&fill.execution_id)), "{name} gave an execution id twice");
        for (id, places) in &told.orders {
            let (mut state, mut filled) = (OrderState::Pending, Decimal::ZERO);
            for (order, report) in told.about(places) {
                state = state.after(report.state).unwrap_or_else(|error| panic!("{id}: {error}: {report:#?}"));
                filled += report.fill.as_ref().map_or(Decimal::ZERO, |fill| fill.quantity);
                assert!(filled == report.filled_quantity && filled <= order.quantity, "{id}: {filled} {report:#?}");
            }
            assert!(state.is_final(), "{id} is still {state:?}");
        }
    }
}

/// The database has every order and every match that the venues told of once, as they told it, and nothing else.
pub(super) fn records(told: &Venues, record: &Record, instances: &[String]) {
    let sent = |row: &OrderRow| row.state != OrderState::Denied && !withheld(row);
    let mut missing: HashMap<_, _> = record.orders.iter().filter(|(_, row)| sent(row)).collect();
    for (name, told) in told {
        for (order, last) in told.last() {
            let id = order.client_order_id.to_string();
            let row = missing.remove(&id).unwrap_or_else(|| panic!("{name} knows {id}, which is not on record"));
            assert_eq!(row.request, *order);
            assert_eq!(row.state.as_str(), last.state.as_str(), "{row:#?} {last:#?}");
            assert_eq!((row.filled_quantity, row.average_price), (last.filled_quantity, last.average_price), "{row:#?}");
            assert!(instances.iter().any(|known| *known == order.instance.as_str()), "{order:?}");
        }
        let count = record.executions.keys().filter(|(provider, _)| provider == name).count();
        assert_eq!(count, told.fills().count(), "matches of {name}");
        for (order, fill) in told.fills() {
            let row = &record.executions[&((*name).to_owned(), fill.execution_id.to_string())];
            let owner = (&row.fill, &row.client_order_id, &row.instance, row.side);
            assert_eq!(owner, (fill, &order.client_order_id, &order.instance, order.side));
        }
    }
    assert!(
        missing.is_empty(),
        "on record as sent, and no venue heard of them: {:#?}",
        missing.values().take(3).collect::<Vec<_>>()
    );
}

/// As `tests/guests/ledger.js` does it.
struct Digest {
    value: u32,
    reports: usize,
    checkpoints: Vec<u32>,
}

impl Digest {
    const EVERY: usize = 64;

    fn of<'a>(reports: impl Iterator<Item = &'a ExecutionReport>) -> Self {
        let mut digest = Self { value: 0x811c_9dc5, reports: 0, checkpoints: Vec::new() };
        for report in reports {
            let (filled, leaves) = (report.filled_quantity.normalize(), report.leaves_quantity.normalize());
            let line = format!("{} {} {filled} {leaves};", report.client_order_id, report.state.as_str());
            digest.value = line.bytes().fold(digest.value, |digest, byte| (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193));
            digest.reports += 1;
            if digest.reports.is_multiple_of(Self::EVERY) {
                digest.checkpoints.push(digest.value);
            }
        }
        digest
    }
}

/// Every ledger has heard every report about its orders once, in the venue's order.
pub(super) fn ledgers(told: &Venues, record: &Record) {
    assert!(!record.ledgers.is_empty(), "nobody kept a ledger");
    for (id, kept) in &record.ledgers {
        let own = told.values().flat_map(|told| &told.reports).filter(|(order, _)| order.instance.as_str() == id);
        let digest = Digest::of(own.map(|(_, report)| report));
        let checkpoints: Vec<u64> = kept["checkpoints"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
        let agree = checkpoints.iter().zip(&digest.checkpoints).take_while(|(kept, told)| **kept == u64::from(**told)).count();
        let heard = (kept["reports"].as_u64(), kept["digest"].as_u64());
        assert_eq!(
            heard,
            (Some(digest.reports as u64), Some(digest.value.into())),
            "{id} heard something else than the venue told, after report {}",
            agree * Digest::EVERY
        );
        assert_eq!(kept["backwards"], 0, "{id}: sequence numbers went back");
        assert!(digest.reports > 0, "{id} never ordered");
    }
}

/// The newest orders and executions, as clients see them.
pub(super) fn control_plane(told: &Venues, seen: &Seen, record: &Record) {
    let (mut orders, mut executions) = (HashMap::<&str, usize>::new(), HashMap::<&str, usize>::new());
    record.orders.values().for_each(|row| *orders.entry(row.request.instance.as_str()).or_default() += 1);
    record.executions.values().for_each(|row| *executions.entry(row.instance.as_str()).or_default() += 1);
    let last: HashMap<_, _> =
        told.values().flat_map(Told::last).map(|(order, last)| (order.client_order_id.as_str(), last)).collect();
    let fills: HashMap<_, _> = told
        .iter()
        .flat_map(|(name, told)| told.fills().map(move |(order, fill)| ((*name, fill.execution_id.as_str()), (order, fill))))
        .collect();
    for (id, rows) in &seen.orders {
        assert_eq!(rows.len(), orders.get(id.as_str()).copied().unwrap_or(0).min(SHOWN), "orders of {id}");
        let mut shown = BTreeSet::new();
        for row in rows {
            let order = row["id"].as_str().unwrap();
            assert!(shown.insert(order), "{order} is shown twice");
            if let Some(last) = last.get(order) {
                assert_eq!(row["state"], last.state.as_str(), "{row:#}");
                assert_eq!(decimal(&row["filledQuantity"]), last.filled_quantity, "{row:#}");
            } else {
                assert_eq!(row["state"], record.orders[order].state.as_str(), "{row:#}");
                assert_eq!(decimal(&row["filledQuantity"]), Decimal::ZERO, "{row:#}");
            }
        }
    }
    for (id, rows) in &seen.executions {
        assert_eq!(rows.len(), executions.get(id.as_str()).copied().unwrap_or(0).min(SHOWN), "executions of {id}");
        for row in rows {
            let (order, fill) = fills[&(row["provider"].as_str().unwrap(), row["executionId"].as_str().unwrap())];
            assert_eq!(row["orderId"], order.client_order_id.as_str());
            assert_eq!((decimal(&row["price"]), decimal(&row["quantity"])), (fill.price, fill.quantity), "{row:#}");
            assert_eq!((decimal(&row["fee"]), row["side"] == "Buy"), (fill.fee, order.side == Side::Buy), "{row:#}");
        }
    }
}

/// Accounts, positions, profit and fees follow from the matches, to the last decimal.
pub(super) fn money(told: &Venues, seen: &Seen) {
    for (name, told) in told {
        assert_eq!(seen.balances[*name], told.account(&told.opening[0]), "the account at {name}");
        let mut expected = told.holdings();
        let shown = seen.positions.iter().flat_map(|(id, rows)| rows.iter().map(move |row| (id, row)));
        for (id, row) in shown.filter(|(_, row)| row["provider"] == *name) {
            let symbol = row["symbol"].as_str().unwrap().to_owned();
            let held = expected.remove(&(id.clone(), symbol)).unwrap_or_default();
            let figure = |key: &str| decimal(&row[key]);
            assert_eq!(figure("quantity"), held.quantity, "{id}: {row:#}");
            assert_eq!(figure("fees"), held.fees_quote, "{id}: {row:#}");
            let fees: BTreeMap<String, Decimal> =
                row["feesCharged"].as_object().unwrap().iter().map(|(name, fee)| (name.clone(), decimal(fee))).collect();
            assert_eq!(fees, held.fees, "{id}: {row:#}");
            // Average prices are rounded on the way, money is not: what was earned and what is invested are what was moved.
            let cost = held.quantity * figure("referencePrice") - figure("unrealised");
            assert_eq!(figure("realised") - cost, held.cash, "{id}: {row:#}");
            let rounding = (figure("realised") - held.realised).abs();
            assert!(rounding < Decimal::new(1, 6), "{id}: profit {} or {}", figure("realised"), held.realised);
            assert_eq!(row["openOrders"], 0, "{row:#}");
        }
        assert!(expected.is_empty(), "held at {name} and not shown: {expected:#?}");
    }
}

/// What the host counted is what there is.
pub(super) fn metrics(told: &Venues, record: &Record, metrics: &Metrics) {
    for (name, told) in told {
        let of = |metric: &str, outcome: &str| metrics.sum_of(metric, &[("provider", name), ("outcome", outcome)]);
        assert_eq!(metrics.sum_of("sandpit_fills_total", &[("provider", name)]) as usize, told.fills().count());
        let withheld = record.orders.values().filter(|row| row.request.provider.as_str() == *name && withheld(row)).count();
        assert_eq!(of("sandpit_orders_total", "approved") as usize, told.orders.len() + withheld, "orders at {name}");
        let ended = |state: ReportState| told.last().filter(|(_, last)| last.state == state).count();
        for state in [ReportState::Filled, ReportState::Cancelled, ReportState::Rejected, ReportState::Expired] {
            let outcome = state.as_str().to_lowercase();
            let ours = if state == ReportState::Rejected { withheld } else { 0 };
            assert_eq!(of("sandpit_orders_total", &outcome) as usize, ended(state) + ours, "{outcome} at {name}");
        }
        assert_eq!(of("sandpit_orders_total", "unknown"), 0.0);
    }
    for name in [
        // Both venues are ours and tell everything once, in order: here no kind of oddity can be explained away.
        "sandpit_odd_reports_total",
        "sandpit_journal_failures_total",
        "sandpit_store_failures_total",
        "sandpit_guest_faults_total",
        "sandpit_exceptions_total",
        "sandpit_restarts_total",
    ] {
        assert_eq!(metrics.sum(name, ""), 0.0, "{name}");
    }
    assert_eq!(metrics.sum_of("sandpit_bus_dropped_total", &[("kind", "ExecReport")]), 0.0);
    assert_eq!(metrics.sum_of("sandpit_bus_dropped_total", &[("kind", "RiskControl")]), 0.0);
}

/// The shaky venue dropped out often enough, and orders met that.
pub(super) fn outages(metrics: &Metrics, time: Duration) {
    let outages = metrics.sum_of("sandpit_provider_disconnects_total", &[("provider", floor::SHAKY)]);
    let denied = metrics.sum_of("sandpit_denials_total", &[("code", "provider_disconnected")]);
    let least = time.as_secs_f64() / 20.0;
    assert!(outages >= least, "{outages} outages in {time:?}");
    assert!(denied >= least * 12.0, "only {denied} orders met an outage");
}
