//! How the report of a play looks on a terminal.

use std::fmt::Write as _;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::output::{Output, bytes, grouped, table};
use crate::backtest::PlayReport;
use crate::backtest::numbers::Numbers;

/// Rows of orders and fills that are shown; the JSON answer has them all.
const ROWS: usize = 20;

/// The whole report.
pub(super) fn text(report: &PlayReport, output: Output) -> String {
    let mut text = head(report, output);
    section(&mut text, output, "Orders", &orders(report));
    section(&mut text, output, "Fills", &fills(report));
    section(&mut text, output, "Profit", &profit(report));
    section(&mut text, output, "Numbers", &numbers(report));
    section(&mut text, output, "Balances", &balances(report));
    section(&mut text, output, "Fuel", &fuel(report));
    let faults = report.faults.iter().map(|fault| format!("{}  {}\n", fault.time, fault.fault));
    section(&mut text, output, "Faults", &faults.collect::<String>());
    section(&mut text, output, "Exceptions", &exceptions(report));
    text
}

/// Each kind once, with how often it was among those that were kept.
fn exceptions(report: &PlayReport) -> String {
    let mut kinds: IndexMap<String, usize> = IndexMap::new();
    for exception in &report.exceptions {
        *kinds.entry(exception.to_string()).or_default() += 1;
    }
    let kept = report.exceptions.len();
    let rows = kinds.iter().take(ROWS).map(|(kind, count)| format!("{count} of the first {kept}: {kind}\n"));
    rows.collect()
}

/// Strategy, tapes and the figures that fit in a line.
fn head(report: &PlayReport, output: Output) -> String {
    let strategy = &report.strategy;
    let tapes = report.data.iter().map(|data| data.name.as_str()).collect::<Vec<_>>().join(", ");
    let delivered: u64 = report.events.delivered.values().sum();
    format!(
        "{} ({}) over {tapes}\n{} to {}\n{} events delivered, {} orders, {} fills, {} exceptions, {} faults, peak memory {}\n",
        output.bold(strategy.name.as_str()),
        strategy.hash.short(),
        report.from,
        report.to,
        grouped(delivered),
        grouped(report.orders.len() as u64),
        grouped(report.fills.len() as u64),
        grouped(report.exception_count),
        report.faults.len(),
        bytes(report.peak_memory_bytes),
    )
}

/// Sections without anything to say are left out.
fn section(text: &mut String, output: Output, title: &str, body: &str) {
    if !body.trim().is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{}\n{}\n", output.bold(title), body.trim_end());
    }
}

fn orders(report: &PlayReport) -> String {
    let mut rows = table(&["placed", "side", "type", "quantity", "price", "state", "filled", "average", "reason"], &[3, 4, 6, 7]);
    for order in report.orders.iter().take(ROWS) {
        rows.add_row([
            time_of_day(&order.placed_at),
            order.side.as_str().to_owned(),
            format!("{} {}", order.order_type.as_str(), order.time_in_force.as_str()),
            order.quantity.to_string(),
            order.price.map(|price| price.to_string()).unwrap_or_default(),
            order.state.as_str().to_owned(),
            order.filled_quantity.to_string(),
            order.average_price.to_string(),
            order.reason.as_deref().unwrap_or_default().to_owned(),
        ]);
    }
    with_rest(&rows, report.orders.len())
}

fn fills(report: &PlayReport) -> String {
    let mut rows = table(&["traded", "side", "quantity", "price", "fee", "", "liquidity"], &[2, 3, 4]);
    for fill in report.fills.iter().take(ROWS) {
        rows.add_row([
            time_of_day(&fill.traded_at),
            fill.side.as_str().to_owned(),
            fill.quantity.to_string(),
            fill.price.to_string(),
            fill.fee.to_string(),
            fill.fee_asset.to_string(),
            fill.liquidity.as_str().to_owned(),
        ]);
    }
    with_rest(&rows, report.fills.len())
}

fn with_rest(rows: &comfy_table::Table, total: usize) -> String {
    match total {
        0 => String::new(),
        1..=ROWS => rows.to_string(),
        _ => format!("{rows}\n  and {} more (--format json has them all)", total - ROWS),
    }
}

pub(super) fn profit(report: &PlayReport) -> String {
    if report.fills.is_empty() {
        return String::new();
    }
    let mut rows = table(&["currency", "realised", "unrealised", "fees", "net"], &[1, 2, 3, 4]);
    for (currency, line) in &report.profit {
        let figures = [line.realised, line.unrealised, line.fees, line.net].map(short);
        rows.add_row(std::iter::once(currency.to_string()).chain(figures));
    }
    rows.to_string()
}

/// One column per quote currency; what is null says why.
fn numbers(report: &PlayReport) -> String {
    if report.fills.is_empty() {
        return String::new();
    }
    let numbers = &report.measured.numbers;
    let head: Vec<&str> = std::iter::once("").chain(numbers.keys().map(SmolStr::as_str)).collect();
    let mut rows = table(&head, &(1..head.len()).collect::<Vec<_>>());
    let mut row = |name: &'static str, cell: fn(&Numbers) -> Option<String>| {
        let cells = numbers.values().map(|numbers| cell(numbers).unwrap_or_else(|| "none".to_owned()));
        rows.add_row(std::iter::once(name.to_owned()).chain(cells));
    };
    row("capital", |numbers| Some(short(numbers.capital)));
    row("gross", |numbers| Some(short(numbers.gross)));
    row("fees", |numbers| Some(short(numbers.fees)));
    row("net", |numbers| Some(short(numbers.net)));
    row("return", |numbers| percent(numbers.ratio));
    row("max drawdown", |numbers| Some(short(numbers.max_drawdown)));
    row("max drawdown, part of the peak", |numbers| percent(numbers.max_drawdown_fraction));
    row("Sharpe, annualised", |numbers| Some(format!("{:.2}", numbers.sharpe?)));
    row("Sortino, annualised", |numbers| Some(format!("{:.2}", numbers.sortino?)));
    row("round trips, closed", |numbers| Some(grouped(numbers.trades)));
    row("round trips, open", |numbers| Some(grouped(numbers.open_trades)));
    row("win rate", |numbers| percent(numbers.win_rate));
    row("exposure, part of the time", |numbers| percent(numbers.exposure));
    row("turnover, times the capital", |numbers| Some(format!("{:.4}", numbers.turnover?)));
    let remarks = numbers.iter().flat_map(|(currency, numbers)| {
        let shown = ["return", "maxDrawdownFraction", "sharpe", "sortino", "winRate", "exposure", "turnover", "fees"];
        let remarks = numbers.remarks.iter().filter(move |(name, _)| shown.contains(&name.as_str()));
        remarks.map(move |(name, why)| format!("\n  {name} ({currency}): {why}"))
    });
    format!("{rows}{}", remarks.collect::<String>())
}

/// Two decimals are enough for people, six where there would be only zeros.
fn percent(ratio: Option<f64>) -> Option<String> {
    let percent = ratio? * 100.0;
    Some(if percent != 0.0 && percent.abs() < 0.01 { format!("{percent:.6} %") } else { format!("{percent:.2} %") })
}

fn balances(report: &PlayReport) -> String {
    let mut rows = table(&["provider", "currency", "total", "available"], &[2, 3]);
    let balances =
        report.balances.iter().flat_map(|(provider, balances)| balances.iter().map(move |balance| (provider, balance)));
    for (provider, balance) in balances {
        rows.add_row([
            provider.to_string(),
            balance.currency.to_string(),
            balance.total.normalize().to_string(),
            balance.available.normalize().to_string(),
        ]);
    }
    rows.to_string()
}

pub(super) fn fuel(report: &PlayReport) -> String {
    let mut rows = table(&["handler", "calls", "median", "max", "last", "total"], &[1, 2, 3, 4, 5]);
    for (handler, fuel) in &report.fuel {
        let figures = [fuel.count, fuel.median, fuel.max, fuel.last, fuel.total].map(grouped);
        rows.add_row(std::iter::once(handler.clone()).chain(figures));
    }
    rows.to_string()
}

/// Eight decimals are enough for people; the JSON answer is exact.
pub(super) fn short(value: Decimal) -> String {
    value.round_dp(8).normalize().to_string()
}

/// `2024-08-08T23:54:14.087896568Z` as `23:54:14.087`.
pub(super) fn time_of_day(time: &str) -> String {
    time.get(11..23).unwrap_or(time).to_owned()
}
