//! The desk against a real small venue: the life of orders, denials, switches, the journal, restarts.

mod book_keeping;
mod days;
mod connection;
mod denials;
pub(crate) mod events;
mod flatten;
mod journal;
mod life;
mod model;
mod persistence;
mod recover;
mod rules;
mod switches;
mod venue;

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Digest, InstanceId, ProviderName, Timestamp};
use crate::bus::{Bus, BusConfig, Mailbox};
use crate::market::{ClientOrderId, OrderType, Payload, Side, Symbol, decimal};
use crate::trading::{
    Desk, Journal, KillSwitch, OrderDraft, OrderError, Provider as _, RiskConfig, RiskLimits, StopVerb, TradingAccount,
};
use venue::Venue;

pub(crate) fn dec(text: &str) -> Decimal {
    decimal::parse(text).unwrap()
}

fn name(text: &str) -> InstanceId {
    InstanceId::new(text).unwrap()
}

fn switch(verb: StopVerb, reason: &str) -> KillSwitch {
    KillSwitch { verb, reason: reason.to_owned(), who: "ann".to_owned(), at: Timestamp::from_millis(5) }
}

/// A host with a desk and a running venue `paper` at 100 USDT for each symbol.
struct House {
    metrics: Metrics,
    bus: Arc<Bus>,
    desk: Arc<Desk>,
    venue: Arc<Venue>,
}

impl House {
    async fn new() -> Self {
        Self::with(RiskConfig::default(), None, true).await
    }

    async fn with(config: RiskConfig, journal: Option<Journal>, paper: bool) -> Self {
        let metrics = Metrics::new();
        let bus = Bus::new(&metrics, BusConfig::default());
        let desk = Desk::new(config, Arc::clone(&bus), journal, &metrics);
        let venue = Venue::new("paper", paper);
        let house = Self { metrics, bus, desk, venue };
        house.attach().await;
        house
    }

    async fn attach(&self) {
        self.desk.attach(Arc::<Venue>::clone(&self.venue));
        let outlet = self.desk.outlet(self.venue.name(), &Lifecycle::new());
        Arc::clone(&self.venue).start(outlet).await.unwrap();
        for symbol in ["BTC-USDT", "ETH-USDT"] {
            self.venue.outlet().publish(events::trade(symbol, "100", 1_000_000));
        }
    }

    /// Admits and activates an instance with a mailbox of its own.
    fn instance(&self, id: &str) -> Instance<'_> {
        self.instance_with(id, None, false)
    }

    fn instance_with(&self, id: &str, limits: Option<RiskLimits>, dry_run: bool) -> Instance<'_> {
        let symbols = ["BTC-USDT", "ETH-USDT"].map(|symbol| Symbol::new(symbol).unwrap()).to_vec();
        let scope = vec![(ProviderName::new("paper").unwrap(), symbols)];
        let account = TradingAccount { instance: name(id), revision: Digest::of(b"source"), run: 1, scope, dry_run, limits };
        self.desk.admit(account);
        self.desk.set_active(&name(id), true);
        let mailbox = self.bus.open(&name(id), &[]).unwrap();
        Instance { house: self, id: name(id), mailbox, sent: 0.into() }
    }

    /// The line of `/metrics` that begins so.
    fn metric(&self, begin: &str) -> String {
        let text = self.metrics.render();
        text.lines()
            .find_map(|line| line.strip_prefix(begin))
            .map_or_else(|| "absent".to_owned(), |value| value.trim().to_owned())
    }
}

struct Instance<'a> {
    house: &'a House,
    id: InstanceId,
    mailbox: Mailbox,
    sent: std::cell::Cell<u64>,
}

impl Instance<'_> {
    /// An order of the first symbol, a second after the one before.
    fn draft(&self, side: Side, quantity: &str, price: Option<&str>) -> OrderDraft<'_> {
        let n = self.sent.replace(self.sent.get() + 1) + 1;
        OrderDraft {
            instance: &self.id,
            provider: None,
            symbol: None,
            side,
            order_type: if price.is_some() { OrderType::Limit } else { OrderType::Market },
            quantity: dec(quantity),
            price: price.map(dec),
            time_in_force: None,
            client_order_id: None,
            requested_at: Timestamp::from_millis(1_000_000 + n * 1000),
            seen_at: Timestamp::from_millis(999_000 + n * 1000),
            ordinal: n,
            nth: 1,
        }
    }

    fn order(&self, side: Side, quantity: &str, price: &str) -> Result<ClientOrderId, OrderError> {
        self.house.desk.submit(self.draft(side, quantity, Some(price)))
    }

    fn buy(&self, quantity: &str, price: &str) -> ClientOrderId {
        self.order(Side::Buy, quantity, price).unwrap()
    }

    /// What waits in the mailbox, in one line each.
    fn mail(&self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(event) = self.mailbox.try_recv() {
            lines.push(match &event.payload {
                Payload::ExecReport(report) => {
                    let (request, report) = &**report;
                    assert_eq!(request.instance, self.id, "a report of somebody else");
                    let reason = report.reason.as_deref().unwrap_or("-");
                    let (state, filled, leaves) = (report.state.as_str(), report.filled_quantity, report.leaves_quantity);
                    format!("#{} {} {state} {filled} {leaves} {reason}", event.sequence, report.client_order_id)
                }
                Payload::RiskControl(risk) => format!(
                    "#{} {:?} {} kill={} breaker={}",
                    event.sequence, risk.status, risk.breach_type, risk.kill_switch_engaged, risk.circuit_breaker_open
                ),
                other => format!("{other:?}"),
            });
        }
        self.mailbox.done();
        lines
    }
}
