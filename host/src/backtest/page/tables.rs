//! The tables of a page. Must not know of charts.

use crate::backtest::chart::escaped;
use crate::backtest::numbers::RoundTrip;
use crate::backtest::report::PlayReport;
use crate::market::Side;

/// Rows of a table: a page stays light enough for a phone.
const ROWS: usize = 1_000;

/// Lines of the log.
const LINES: usize = 500;

/// Columns that read from the left come first, so many of them.
fn table(head: &[&str], left: usize, rows: impl Iterator<Item = Vec<String>>) -> String {
    let row = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        let cell = |(place, text): (usize, &str)| {
            let class = if place < left { " class=\"left\"" } else { "" };
            format!("<{tag}{class}>{}</{tag}>", escaped(text))
        };
        format!("<tr>{}</tr>", cells.enumerate().map(cell).collect::<String>())
    };
    let head = row("th", &mut head.iter().copied());
    let body = rows.map(|cells| row("td", &mut cells.iter().map(String::as_str)));
    format!("<div class=\"wide\"><table><thead>{head}</thead><tbody>{}</tbody></table></div>", body.collect::<String>())
}

pub(super) fn round_trips(trips: &[RoundTrip]) -> String {
    if trips.is_empty() {
        return String::new();
    }
    let head = ["opened (UTC)", "symbol", "side", "quantity", "entry", "exit", "gross", "fees", "net", "return %", "lasted s"];
    let rows = trips.iter().take(ROWS).map(|trip| {
        let side = if trip.side == Side::Buy { "long" } else { "short" };
        let open = if trip.is_open() { ", open" } else { "" };
        vec![
            trip.opened_at.get(..23).unwrap_or(&trip.opened_at).replace('T', " "),
            trip.symbol.to_string(),
            format!("{side}{open}"),
            trip.quantity.to_string(),
            trip.entry_price.round_dp(6).to_string(),
            trip.exit_price.map(|price| price.round_dp(6).to_string()).unwrap_or_default(),
            trip.gross.round_dp(8).to_string(),
            trip.fees.round_dp(8).to_string(),
            trip.net.round_dp(8).to_string(),
            trip.ratio.map(|ratio| format!("{:.4}", ratio * 100.0)).unwrap_or_default(),
            format!("{}.{:03}", trip.duration_ms / 1_000, trip.duration_ms % 1_000),
        ]
    });
    let rest = match trips.len().saturating_sub(ROWS) {
        0 => String::new(),
        more => format!("<p class=\"soft\">and {more} more; <code>--trades</code> writes them all.</p>"),
    };
    let money = "<p class=\"soft\">Money is in the quote currency of the symbol. An open one is valued at the last price.</p>";
    format!("{}{rest}{money}", table(&head, 3, rows))
}

pub(super) fn fuel(report: &PlayReport) -> String {
    let rows = report.fuel.iter().map(|(handler, fuel)| {
        let figures = [fuel.count, fuel.median, fuel.max, fuel.last, fuel.total].map(|figure| figure.to_string());
        std::iter::once(handler.clone()).chain(figures).collect()
    });
    let limits = format!("<p class=\"soft\">Most memory: {} bytes.</p>", report.peak_memory_bytes);
    table(&["handler", "calls", "median", "max", "last", "total"], 1, rows) + &limits
}

pub(super) fn trouble(report: &PlayReport) -> String {
    let faults = report.faults.iter().map(|fault| format!("{}  {}", fault.time, fault.fault));
    let thrown = report.exceptions.iter().map(ToString::to_string);
    let lines: Vec<String> = faults.chain(thrown).collect();
    if lines.is_empty() { String::new() } else { format!("<pre>{}</pre>", escaped(&lines.join("\n"))) }
}

pub(super) fn log(report: &PlayReport) -> String {
    if report.log.is_empty() {
        return String::new();
    }
    let skipped = report.log.len().saturating_sub(LINES);
    let lines = report.log.iter().skip(skipped).map(|line| format!("{}  {}  {}\n", line.time, line.level.as_str(), line.text));
    let missing = report.log_lines_left_out + skipped as u64;
    let left_out = if missing == 0 { String::new() } else { format!(", without {missing} before them") };
    let count = report.log.len() - skipped;
    format!("<details><summary>{count} lines{left_out}</summary><pre>{}</pre></details>", escaped(&lines.collect::<String>()))
}
