//! The line per minute that says what goes on: events, orders, fills, profit.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::App;
use crate::base::Timestamp;

/// What there was since the start of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Handlers that ran.
    pub events: u64,
    /// Orders that risk approved.
    pub orders: u64,
    /// Matches.
    pub fills: u64,
    /// Net, by quote currency.
    pub profit: BTreeMap<SmolStr, Decimal>,
}

/// Reads and words the figures.
#[derive(Debug)]
pub struct Pulse {
    started: Timestamp,
}

impl Pulse {
    /// Begins now.
    pub fn new(app: &App) -> Self {
        Self { started: app.clock().now() }
    }

    /// The figures of this moment.
    pub fn read(&self, app: &App) -> Reading {
        let mut reading = Reading {
            events: app.metrics().total("sandpit_events_delivered_total", &[]),
            orders: app.metrics().total("sandpit_orders_total", &[("outcome", "approved")]),
            fills: app.metrics().total("sandpit_fills_total", &[]),
            profit: BTreeMap::new(),
        };
        for instance in app.instances().list() {
            for (currency, line) in app.desk().profit(&instance.id) {
                *reading.profit.entry(currency).or_default() += line.net;
            }
        }
        reading
    }

    /// `after 1m: 12,345 events, 67 orders, 89 fills, profit -1.23 USDT; 2 of 2 instances run`.
    pub fn line(&self, app: &App) -> String {
        let reading = self.read(app);
        let instances = app.instances().list();
        let running = instances.iter().filter(|instance| instance.running).count();
        let seconds = app.clock().now().since(self.started).as_secs();
        let time = if seconds < 60 { format!("{seconds}s") } else { format!("{}m{:02}s", seconds / 60, seconds % 60) };
        format!("after {time}: {}; {running} of {} instances run", reading.text(), instances.len())
    }
}

impl Reading {
    fn text(&self) -> String {
        let profit = self.profit.iter().map(|(currency, net)| format!("{} {currency}", net.round_dp(4).normalize()));
        let profit = profit.collect::<Vec<_>>().join(", ");
        let profit = if profit.is_empty() { "0".to_owned() } else { profit };
        format!("{} events, {} orders, {} fills, profit {profit}", self.events, self.orders, self.fills)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_one_line() {
        let mut reading = Reading { events: 5, orders: 2, fills: 1, ..Reading::default() };
        assert_eq!(reading.text(), "5 events, 2 orders, 1 fills, profit 0");
        reading.profit.insert("USDT".into(), Decimal::new(-123_456, 5));
        assert_eq!(reading.text(), "5 events, 2 orders, 1 fills, profit -1.2346 USDT");
    }
}
