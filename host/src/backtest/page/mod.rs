//! A report as one HTML file that needs no other: no script, no request, nothing that a reader's browser would fetch. Everything that
//! a strategy or a file may have named is hostile text. Must not know where it is written.

mod tables;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::chart::{self, escaped};
use super::numbers::Numbers;
use super::receipt::Receipt;
use super::report::PlayReport;

/// Nothing may be loaded, run, framed or sent. Styles stand in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const CSS: &str = include_str!("page.css");

/// The page. The same report and receipt give the same bytes.
pub fn html(report: &PlayReport, receipt: &Receipt) -> String {
    let mut page = head(report);
    for (currency, numbers) in &report.measured.numbers {
        tiles(&mut page, currency, numbers);
    }
    for (currency, curve) in &report.measured.equity {
        section(&mut page, &format!("Equity in {currency}"), &drawing(&chart::equity(curve, currency)));
        let note = "<p class=\"soft\">How far equity is below its highest value so far.</p>";
        section(&mut page, &format!("Drawdown in {currency}"), &(drawing(&chart::drawdown(curve, currency)) + note));
    }
    prices(&mut page, report);
    section(&mut page, "Round trips", &tables::round_trips(&report.measured.round_trips));
    section(&mut page, "Fuel", &tables::fuel(report));
    section(&mut page, "Faults and exceptions", &tables::trouble(report));
    section(&mut page, "Log", &tables::log(report));
    section(&mut page, "Inputs", &inputs(receipt));
    page.push_str("</body></html>\n");
    page
}

fn head(report: &PlayReport) -> String {
    let strategy = &report.strategy;
    let name = escaped(strategy.name.as_str());
    let tag = strategy.tag.as_ref().map(|tag| format!(":{}", escaped(tag.as_str()))).unwrap_or_default();
    let data = report.data.iter().map(|data| escaped(&format!("{} ({} at {})", data.name, data.symbol, data.provider)));
    let delivered: u64 = report.events.delivered.values().sum();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
         <meta name=\"referrer\" content=\"no-referrer\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>Backtest of {name}</title><style>{CSS}</style></head><body><h1>{name}{tag}</h1>\
         <p>Backtest over {}</p><p class=\"soft\">{} to {}</p>\
         <p class=\"soft\">{delivered} events delivered, {} orders, {} fills, {} exceptions, {} faults</p>",
        data.collect::<Vec<_>>().join(", "),
        escaped(&report.from),
        escaped(&report.to),
        report.orders.len(),
        report.fills.len(),
        report.exception_count,
        report.faults.len(),
    )
}

/// Sections without anything to say are left out.
fn section(page: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(page, "<section><h2>{}</h2>{body}</section>", escaped(title));
    }
}

fn drawing(svg: &str) -> String {
    format!("<div class=\"wide\">{svg}</div>")
}

/// Symbols that were traded come with a chart, up to so many.
const CHARTS: usize = 20;

fn prices(page: &mut String, report: &PlayReport) {
    let touched = |symbol| report.orders.iter().any(|order| order.symbol == symbol);
    let traded: Vec<_> = report.measured.prices.iter().filter(|curve| touched(curve.symbol.clone())).collect();
    for curve in traded.iter().take(CHARTS) {
        let elsewhere = traded.iter().filter(|other| other.symbol == curve.symbol).count() > 1;
        let mut body = drawing(&chart::price_with_orders(curve, &report.orders, &report.fills));
        body.push_str(
            "<p class=\"soft\">Triangles are fills: up a buy, down a sell. Rings are orders, where and when they were sent.",
        );
        if elsewhere {
            body.push_str(" Orders and fills of this symbol at all providers are shown.");
        }
        body.push_str("</p>");
        section(page, &format!("{} at {}", curve.symbol, curve.provider), &body);
    }
    if traded.len() > CHARTS {
        section(
            page,
            "More symbols",
            &format!("<p>{} more symbols were traded; the first {CHARTS} are drawn.</p>", traded.len() - CHARTS),
        );
    }
}

/// What a reader looks for first.
fn tiles(page: &mut String, currency: &str, numbers: &Numbers) {
    let money = |value: Decimal| Some(value.round_dp(8).normalize().to_string());
    let percent = |ratio: Option<f64>| {
        let percent = ratio? * 100.0;
        Some(if percent != 0.0 && percent.abs() < 0.01 { format!("{percent:.6} %") } else { format!("{percent:.2} %") })
    };
    let ratio = |value: Option<f64>| Some(format!("{:.2}", value?));
    let cells = [
        ("Net", "net", money(numbers.net)),
        ("Return", "return", percent(numbers.ratio)),
        ("Gross", "gross", money(numbers.gross)),
        ("Fees", "fees", money(numbers.fees)),
        ("Max drawdown", "maxDrawdown", money(numbers.max_drawdown)),
        ("Max drawdown, part of its peak", "maxDrawdownFraction", percent(numbers.max_drawdown_fraction)),
        ("Sharpe, annualised", "sharpe", ratio(numbers.sharpe)),
        ("Sortino, annualised", "sortino", ratio(numbers.sortino)),
        ("Round trips closed", "trades", Some(numbers.trades.to_string())),
        ("Round trips open", "openTrades", Some(numbers.open_trades.to_string())),
        ("Win rate", "winRate", percent(numbers.win_rate)),
        ("Profit factor", "profitFactor", ratio(numbers.profit_factor)),
        ("Exposure, part of the time", "exposure", percent(numbers.exposure)),
        ("Turnover, times the capital", "turnover", numbers.turnover.map(|value| format!("{value:.4}"))),
        ("Capital", "capital", money(numbers.capital)),
    ];
    let mut body = String::from("<dl class=\"tiles\">");
    for (label, name, value) in cells {
        let remark = escaped(numbers.remarks.get(name).map_or("", String::as_str));
        let shown = match value {
            None => format!("<dd class=\"why\">none: {remark}</dd>"),
            // What is wrong with the fees stands below, large.
            Some(value) if remark.is_empty() || name == "fees" => format!("<dd>{}</dd>", escaped(&value)),
            Some(value) => format!("<dd>{}</dd><dd class=\"why\">{remark}</dd>", escaped(&value)),
        };
        body.push_str(&format!("<div><dt>{label}</dt>{shown}</div>"));
    }
    body.push_str("</dl>");
    if let Some(why) = numbers.remarks.get("fees") {
        body.push_str(&format!("<p class=\"bad\">{}</p>", escaped(why)));
    }
    if let Some((from, to)) = numbers.max_drawdown_from.as_ref().zip(numbers.max_drawdown_to.as_ref()) {
        body.push_str(&format!("<p class=\"soft\">Deepest drawdown from {} to {}.</p>", escaped(from), escaped(to)));
    }
    section(page, &format!("Numbers in {currency}"), &body);
}

fn inputs(receipt: &Receipt) -> String {
    let inputs = serde_json::to_string_pretty(&receipt.inputs).unwrap_or_default();
    format!(
        "<p>inputs {}</p><p>results {}</p><p class=\"soft\">A receipt with these hashes (<code>--receipt</code>) is tried again by <code>sandpit verify</code>.</p>\
         <details><summary>All that decides what comes out</summary><pre>{}</pre></details>",
        receipt.inputs_hash,
        receipt.results_hash,
        escaped(&inputs),
    )
}
