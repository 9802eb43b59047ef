//! What a venue wrote into its own log, and what follows from it: each order's reports, matches, money, positions.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use sandpit::market::{ExecutionReport, Fill, OrderRequest};
use sandpit::providers::paper::log::LogEntry;

/// Everything that one venue ever said.
#[derive(Default)]
pub(super) struct Told {
    /// What the account had when the only session began.
    pub(super) opening: Vec<BTreeMap<String, Decimal>>,
    /// In the order in which it was said.
    pub(super) reports: Vec<(OrderRequest, ExecutionReport)>,
    /// The places in `reports` of what was said about an order, by client order id.
    pub(super) orders: HashMap<String, Vec<usize>>,
}

impl Told {
    pub(super) fn of(entries: impl Iterator<Item = LogEntry>) -> Self {
        let mut told = Self::default();
        for entry in entries {
            match entry {
                LogEntry::Session { balances, .. } => {
                    told.opening.push(balances.iter().map(|one| (one.currency.to_string(), one.total)).collect());
                }
                LogEntry::Told(one) => {
                    let id = one.order.client_order_id.to_string();
                    told.orders.entry(id).or_default().push(told.reports.len());
                    told.reports.push((one.order, one.report));
                }
            }
        }
        told
    }

    /// What was said about an order.
    pub(super) fn about<'a>(&'a self, places: &'a [usize]) -> impl Iterator<Item = &'a (OrderRequest, ExecutionReport)> {
        places.iter().map(|place| &self.reports[*place])
    }

    /// What was said last about each order.
    pub(super) fn last(&self) -> impl Iterator<Item = &(OrderRequest, ExecutionReport)> {
        self.orders.values().filter_map(|places| Some(&self.reports[*places.last()?]))
    }

    pub(super) fn fills(&self) -> impl Iterator<Item = (&OrderRequest, &Fill)> {
        self.reports.iter().filter_map(|(order, report)| Some((order, report.fill.as_ref()?)))
    }

    /// What the matches make of an account.
    pub(super) fn account(&self, opening: &BTreeMap<String, Decimal>) -> BTreeMap<String, Decimal> {
        let mut account = opening.clone();
        for (order, fill) in self.fills() {
            let mut change = |currency: &str, amount| *account.entry(currency.to_owned()).or_default() += amount;
            let quantity = order.side.signed(fill.quantity);
            change(order.symbol.base_currency(), quantity);
            change(order.symbol.quote_currency(), -quantity * fill.price);
            change(&fill.fee_asset, -fill.fee);
        }
        account
    }

    /// What each instance holds of each symbol.
    pub(super) fn holdings(&self) -> BTreeMap<(String, String), Held> {
        let mut all: BTreeMap<_, Held> = BTreeMap::new();
        for (order, fill) in self.fills() {
            all.entry((order.instance.to_string(), order.symbol.to_string())).or_default().take(order, fill);
        }
        all
    }
}

/// What an instance holds of a symbol, reckoned in the plainest way: nothing is rounded but what division must round.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    /// Base currency, signed.
    pub(super) quantity: Decimal,
    /// Per unit of the open quantity.
    average: Decimal,
    /// Quote currency, before fees.
    pub(super) realised: Decimal,
    /// Sold minus bought, quote currency.
    pub(super) cash: Decimal,
    /// By currency.
    pub(super) fees: BTreeMap<String, Decimal>,
    /// In quote currency.
    pub(super) fees_quote: Decimal,
}

impl Held {
    fn take(&mut self, order: &OrderRequest, fill: &Fill) {
        let change = order.side.signed(fill.quantity);
        self.cash -= change * fill.price;
        *self.fees.entry(fill.fee_asset.to_string()).or_default() += fill.fee;
        self.fees_quote += if fill.fee_asset == order.symbol.quote_currency() { fill.fee } else { fill.fee * fill.price };
        let grows = self.quantity.is_zero() || self.quantity.is_sign_positive() == change.is_sign_positive();
        if grows {
            let whole = self.quantity + change;
            self.average = (self.average * self.quantity + fill.price * change) / whole;
            self.quantity = whole;
            return;
        }
        let closed = change.abs().min(self.quantity.abs());
        let gained = (fill.price - self.average) * closed;
        self.realised += if self.quantity.is_sign_positive() { gained } else { -gained };
        let turned = change.abs() > self.quantity.abs();
        self.quantity += change;
        if turned {
            self.average = fill.price;
        }
    }
}
