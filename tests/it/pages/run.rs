//! A strategy's run over a tape, through the command line: what the page's command prints, and the points of its chart.

use std::path::Path;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use sandpit::backtest::{PlayReport, PlayedFill};
use sandpit::base::Timestamp;
use sandpit::market::{Side, Symbol};
use sandpit::providers::tape::{Body, Record, Tape};

use super::chart::{Chart, Mark, Point};
use crate::support::cli::Cli;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) name: &'static str,
    pub(super) tape: &'static str,
    /// Fields of the configuration that differ from the defaults, `name=value`.
    pub(super) config: &'static [&'static str],
}

impl Run {
    /// As it is typed, without the program's name.
    pub(super) fn command(self) -> String {
        let config = self.config.iter().map(|field| format!(" --config {field}"));
        format!("play {} --tape {}{}", self.name, self.tape, config.collect::<String>())
    }

    pub(super) async fn report(self, folder: &Path) -> PlayReport {
        let command = self.command() + " --format json";
        let cli = Cli::new("127.0.0.1:1".parse().unwrap(), "", folder);
        serde_json::from_str(&cli.run(&command.split(' ').collect::<Vec<_>>()).await.well()).unwrap()
    }

    pub(super) fn chart(self, report: &PlayReport) -> Chart {
        let (symbol, prices) = trades(self.tape);
        let side = |side: Side| side == Side::Buy;
        let orders = report.orders.iter().map(|order| {
            let time = millis(&order.placed_at);
            // A market order names no price: it stands where the market did.
            let price = order.price.map_or_else(|| price_at(&prices, time), number);
            Mark { at: (time, price), is_buy: side(order.side) }
        });
        let fills =
            report.fills.iter().map(|fill| Mark { at: (millis(&fill.traded_at), number(fill.price)), is_buy: side(fill.side) });
        Chart {
            title: format!("{} on {}: {symbol}, times in UTC", self.name, self.tape),
            orders: orders.collect(),
            fills: fills.collect(),
            profit: profit(report, &symbol, &prices),
            currency: symbol.quote_currency().to_owned(),
            prices,
        }
    }
}

fn millis(time: &str) -> i64 {
    i64::try_from(Timestamp::from_rfc3339(time).unwrap().as_nanos() / 1_000_000).unwrap()
}

fn number(decimal: Decimal) -> f64 {
    decimal.to_f64().unwrap()
}

/// All trades of a tape.
fn trades(tape: &str) -> (Symbol, Vec<Point>) {
    let tape = Tape::open(tape).unwrap();
    let tick = tape.header().instrument.price_increment;
    let (mut trades, mut record) = (Vec::new(), Record::default());
    let mut reader = tape.reader().unwrap();
    while reader.read(&mut record).unwrap() {
        if let Body::Trade { price, .. } = record.body {
            trades.push((i64::try_from(record.received_at.as_nanos() / 1_000_000).unwrap(), number(Decimal::from(price) * tick)));
        }
    }
    (tape.header().instrument.symbol.clone(), trades)
}

/// Of the last trade by then.
fn price_at(prices: &[Point], time: i64) -> f64 {
    let after = prices.partition_point(|point| point.0 <= time);
    prices[after.saturating_sub(1)].1
}

/// The net profit after each trade of the market, from the fills alone: money that came in, less what went out and the fees, and
/// what is held at the price of that trade. Without fills there is none.
fn profit(report: &PlayReport, symbol: &Symbol, prices: &[Point]) -> Vec<Point> {
    let Some(net) = report.profit.get(symbol.quote_currency()) else { return Vec::new() };
    let (mut money, mut held) = (Decimal::ZERO, Decimal::ZERO);
    let mut fills = report.fills.iter().peekable();
    let mut curve = Vec::new();
    for &(time, price) in prices {
        while let Some(fill) = fills.next_if(|fill| millis(&fill.traded_at) <= time) {
            let quantity = if fill.side == Side::Buy { fill.quantity } else { -fill.quantity };
            held += quantity;
            money -= quantity * fill.price + fee(fill, symbol);
        }
        curve.push((time, number(money) + number(held) * price));
    }
    // What no trade came after.
    for fill in fills {
        let quantity = if fill.side == Side::Buy { fill.quantity } else { -fill.quantity };
        held += quantity;
        money -= quantity * fill.price + fee(fill, symbol);
    }
    if held.is_zero() {
        assert_eq!(money.round_dp(6), net.net.round_dp(6), "the fills and the report's profit differ");
    }
    curve.push((prices[prices.len() - 1].0, number(net.net)));
    curve
}

/// In quote currency.
fn fee(fill: &PlayedFill, symbol: &Symbol) -> Decimal {
    if fill.fee_asset == symbol.quote_currency() { fill.fee } else { fill.fee * fill.price }
}
